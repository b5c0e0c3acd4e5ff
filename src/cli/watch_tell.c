/* See watch_tell.h. */
#include "cli/watch_tell.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/event_json.h"
#include "base/file.h"
#include "cli/command.h"
#include "cli/photo.h"
#include "cli/room.h"

/* ---- events ---- */

int cli_watch_event(const kao_track_event *e, uint64_t frame, double wall,
                    const char *name, const cli_limit *limit, bool json)
{
    if (json)
        return cli_print_json("watch", kao_event_json(e, frame, wall, name,
                                                      limit->calibration, limit->tta));
    const int64_t ms = llround(e->time * 1000);

    printf("%02lld:%02lld:%02lld.%03lld\ttrack %lld\t%s", (long long)(ms / 3600000),
           (long long)(ms / 60000 % 60), (long long)(ms / 1000 % 60),
           (long long)(ms % 1000), (long long)e->id, kao_event_name(e->kind));
    if (e->kind == KAO_TRACK_RENAMED)
        printf("\twas track %lld", (long long)e->was);
    if (e->person && name)
        printf("\t%s", name);
    else if (e->person)
        printf("\t#%lld", (long long)e->person);
    if (e->person && !isnan(e->similarity))
        printf("\t%.3f", (double)e->similarity);
    printf("\n");
    return CLI_YES;
}

/* ---- MOT files ---- */

typedef struct line {
    uint64_t frame;
    int64_t id;
    float x, y, width, height, score;
} line;

typedef struct alias {
    int64_t was, id;
} alias;

struct cli_mot {
    line *lines;
    alias *aliases;
    size_t n, cap, n_aliases, aliases_cap;
};

cli_mot *cli_mot_open(void)
{
    return calloc(1, sizeof(cli_mot));
}

void cli_mot_close(cli_mot *m)
{
    if (!m)
        return;
    free(m->lines);
    free(m->aliases);
    free(m);
}

bool cli_mot_add(cli_mot *m, uint64_t frame, const kao_track *t)
{
    if (!cli_room(&m->lines, &m->cap, m->n + 1, sizeof *m->lines))
        return false;
    m->lines[m->n++] = (line){ .frame = frame,
                               .id = t->id,
                               .x = t->face.x,
                               .y = t->face.y,
                               .width = t->face.width,
                               .height = t->face.height,
                               .score = t->face.score };
    return true;
}

bool cli_mot_rename(cli_mot *m, int64_t was, int64_t id)
{
    if (!cli_room(&m->aliases, &m->aliases_cap, m->n_aliases + 1, sizeof *m->aliases))
        return false;
    m->aliases[m->n_aliases++] = (alias){ was, id };
    return true;
}

/* Whose id it is in the end: later renamings follow earlier ones. */
static int64_t last_id(const cli_mot *m, int64_t id)
{
    for (size_t i = 0; i < m->n_aliases; i++)
        if (m->aliases[i].was == id)
            id = m->aliases[i].id;
    return id;
}

static size_t print_line(const cli_mot *m, const line *l, char *to, size_t cap)
{
    const int n = snprintf(to, cap, "%llu,%lld,%.2f,%.2f,%.2f,%.2f,%.3f,-1,-1,-1\n",
                           (unsigned long long)l->frame, (long long)last_id(m, l->id),
                           (double)l->x, (double)l->y, (double)l->width,
                           (double)l->height, (double)l->score);

    return n > 0 && (size_t)n < cap ? (size_t)n : 0;
}

kao_status cli_mot_write(const cli_mot *m, const char *path, kao_error *err)
{
    enum { LINE = 160 };
    char *text = malloc(m->n * LINE + 1);
    kao_mem mem;
    size_t n = 0;

    if (!text)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", path);
    for (size_t i = 0; i < m->n; i++)
        n += print_line(m, &m->lines[i], text + n, LINE);
    kao_mem_init(&mem, NULL);
    const kao_status st = kao_file_write(&mem, path, text, n, err);

    free(text);
    return st;
}
