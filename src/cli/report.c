/* See report.h. */
#include "cli/report.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/room.h"
#include "eval/names.h"

enum { LOG_BYTES_MOST = 1 << 30 };

void cli_presences_free(cli_presences *p)
{
    for (size_t i = 0; i < p->n; i++) {
        free(p->rows[i].name);
        free(p->rows[i].visits);
    }
    free(p->rows);
    *p = (cli_presences){ .n = 0 };
}

static bool add_visit(cli_presence *r, double begin, double end)
{
    if (!cli_room(&r->visits, &r->cap, r->n + 1, sizeof *r->visits))
        return false;
    r->visits[r->n++] = (cli_visit){ begin, end };
    return true;
}

static cli_presence *add_row(cli_presences *p)
{
    if (!cli_room(&p->rows, &p->cap, p->n + 1, sizeof *p->rows))
        return NULL;
    p->rows[p->n] = (cli_presence){ .person = 0 };
    return &p->rows[p->n++];
}

static bool set_name(cli_presence *r, const char *name)
{
    if (!name || (r->name && strcmp(r->name, name) == 0))
        return true;
    free(r->name);
    r->name = strdup(name);
    return r->name != NULL;
}

/* ---- a log ---- */

typedef struct event {
    const char *kind, *name; /* borrowed */
    int64_t track, was, person, frame;
    double time;
} event;

typedef struct source { /* a camera of a server's events; of kao watch's there is one */
    int64_t frame;
    double last;  /* time of its last event */
    size_t first; /* of the log's rows: its run's are from here on */
    uint32_t run; /* how many came before */
} source;

typedef struct stay { /* beside each row of the log */
    uint32_t source;
    double since; /* NaN: not there */
    size_t now;   /* the row that this one's track has by now */
} stay;

typedef struct log_state {
    cli_presences *p;
    const char *path;
    size_t first;                   /* rows from here on are of this log */
    kao_name_table cameras, tracks; /* numbers of sources; of the log's rows */
    source *sources;
    stay *stays;
    size_t n_sources, sources_cap, stays_cap;
} log_state;

/* NULL: out of memory. */
static source *source_of(log_state *l, const char *camera)
{
    uint32_t number = 0;

    if (!kao_name_number(&l->cameras, camera, &number) ||
        !cli_room(&l->sources, &l->sources_cap, number + 1, sizeof *l->sources))
        return NULL;
    if (number == l->n_sources)
        l->sources[l->n_sources++] = (source){ .first = l->p->n - l->first };
    return &l->sources[number];
}

/* The row of a track of this run, made where there is none, or anew; NULL: out of memory. */
static cli_presence *find_row(log_state *l, const source *s, int64_t track, bool anew)
{
    const size_t n = l->p->n - l->first, of = (size_t)(s - l->sources);
    char name[96];
    uint32_t number = 0, again = 0;

    snprintf(name, sizeof name, "%zu %u %lld", of, s->run, (long long)track);
    if (!kao_name_number(&l->tracks, name, &number))
        return NULL;
    if (number < n && !anew)
        return &l->p->rows[l->first + l->stays[number].now];
    snprintf(name, sizeof name, "again %zu", n); /* a number for each row */
    if ((number < n && !kao_name_number(&l->tracks, name, &again)) ||
        !cli_room(&l->stays, &l->stays_cap, n + 1, sizeof *l->stays))
        return NULL;
    cli_presence *r = add_row(l->p);

    if (!r)
        return NULL;
    l->stays[n] = (stay){ (uint32_t)of, (double)NAN, n };
    l->stays[number].now = n;
    r->track = track;
    r->log = l->path;
    return r;
}

static cli_presence *row_of(log_state *l, const source *s, int64_t track)
{
    return find_row(l, s, track, false);
}

static double *since_of(log_state *l, const cli_presence *r)
{
    return &l->stays[(size_t)(r - l->p->rows) - l->first].since;
}

/* The track `was` is this one. */
static bool join(log_state *l, const source *s, int64_t was, int64_t track)
{
    if (!row_of(l, s, was) || !row_of(l, s, track) || was == track)
        return was == track;
    cli_presence *to = row_of(l, s, track), *from = row_of(l, s, was);
    double *here = since_of(l, to), *there = since_of(l, from);

    if (isnan(*here) || *there < *here)
        *here = *there;
    *there = (double)NAN;
    for (size_t i = 0; i < from->n; i++)
        if (!add_visit(to, from->visits[i].begin, from->visits[i].end))
            return false;
    from->n = 0;
    from->person = 0;
    return true;
}

static bool take(log_state *l, const source *s, const event *e)
{
    if (strcmp(e->kind, "renamed") == 0 && !join(l, s, e->was, e->track))
        return false;
    cli_presence *r = row_of(l, s, e->track);

    /* left as somebody and comes as nobody, or somebody else: another's, perhaps of a run whose
     * first frames told nothing */
    if (r && r->person && r->person != e->person && isnan(*since_of(l, r)) &&
        strcmp(e->kind, "appear") == 0)
        r = find_row(l, s, e->track, true);
    if (!r)
        return false;
    double *since = since_of(l, r);

    if (e->person) {
        if (r->person != e->person) { /* somebody else after all */
            free(r->name);
            r->name = NULL;
        }
        r->person = e->person;
        if (!set_name(r, e->name))
            return false;
    }
    if (strcmp(e->kind, "leave") == 0) {
        const bool fine = isnan(*since) || add_visit(r, *since, e->time);

        *since = (double)NAN;
        return fine;
    }
    if (isnan(*since))
        *since = e->time;
    return true;
}

/* Who never left is there until the last event. */
static bool end_tracks(log_state *l, source *s)
{
    const size_t n = l->p->n - l->first;
    bool fine = true;

    for (size_t i = n; fine && i-- > s->first;) {
        stay *x = &l->stays[i];

        if (&l->sources[x->source] != s || isnan(x->since))
            continue;
        fine = add_visit(&l->p->rows[l->first + i], x->since, s->last);
        x->since = (double)NAN;
    }
    s->first = n;
    s->last = 0;
    s->run++;
    return fine;
}

static kao_status read_event(void *user, const kao_json *v, size_t line, kao_error *err)
{
    log_state *l = user;
    event e = { .kind = NULL };
    const char *camera = ""; /* a server's events are of several at once */
    bool wall = true;

    if (!kao_json_as_text(kao_json_get(v, "event"), &e.kind) ||
        !kao_json_as_integer(kao_json_get(v, "track"), &e.track) ||
        !kao_json_as_number(kao_json_get(v, "time"), &e.time))
        return kao_fail(
            err, KAO_E_FORMAT,
            "%s: line %zu: no line of kao watch --json: \"event\", \"track\", "
            "\"time\"",
            l->path, line);
    wall = kao_json_as_number(kao_json_get(v, "wall"), &e.time);
    kao_json_as_integer(kao_json_get(v, "was"), &e.was);
    kao_json_as_integer(kao_json_get(v, "person"), &e.person);
    kao_json_as_text(kao_json_get(v, "name"), &e.name);
    kao_json_as_integer(kao_json_get(v, "frame"), &e.frame);
    kao_json_as_text(kao_json_get(v, "camera"), &camera);
    l->p->mixed |= l->p->timed && wall != l->p->wall;
    l->p->timed = true;
    l->p->wall = wall;
    source *from = source_of(l, camera);
    /* where frames begin anew it is another run, whose tracks are others of the same numbers */
    bool fine = from && (e.frame >= from->frame || end_tracks(l, from));

    if (fine) {
        from->frame = e.frame;
        from->last = e.time > from->last ? e.time : from->last;
        fine = take(l, from, &e);
    }
    return fine ? KAO_OK : kao_fail(err, KAO_E_NOMEM, "%s: out of memory", l->path);
}

kao_status cli_presences_read(cli_presences *p, const char *path, kao_error *err)
{
    log_state l = { .p = p, .path = path, .first = p->n };
    kao_file f = { 0 };
    kao_mem mem;

    kao_mem_init(&mem, NULL);
    kao_name_table_init(&l.cameras, &mem);
    kao_name_table_init(&l.tracks, &mem);
    kao_status st = cli_read(&f, &mem, path, LOG_BYTES_MOST, err);

    if (!st)
        st = kao_json_lines((const char *)f.bytes.p, f.bytes.n, path, read_event, &l,
                            err);
    for (size_t i = 0; !st && i < l.n_sources; i++)
        if (!end_tracks(&l, &l.sources[i]))
            st = kao_fail(err, KAO_E_NOMEM, "%s: out of memory", path);
    kao_file_close(&f);
    kao_name_table_fini(&l.cameras);
    kao_name_table_fini(&l.tracks);
    free(l.sources);
    free(l.stays);
    return st;
}

/* ---- all of them ---- */

static int by_begin(const void *a, const void *b)
{
    const double x = ((const cli_visit *)a)->begin, y = ((const cli_visit *)b)->begin;

    return (x > y) - (x < y);
}

static int by_first(const void *a, const void *b)
{
    return by_begin(((const cli_presence *)a)->visits,
                    ((const cli_presence *)b)->visits);
}

/* A person's rows of several logs, or tracks, become one; rows without a visit go. False: out of
 * memory; none is lost. */
static bool join_people(cli_presences *p)
{
    kao_mem mem;
    kao_name_table people;
    size_t *rows = calloc(p->n + 1, sizeof *rows), kept = 0; /* of each person */
    bool fine = rows != NULL;

    kao_mem_init(&mem, NULL);
    kao_name_table_init(&people, &mem);
    for (size_t i = 0; i < p->n; i++) {
        cli_presence *r = &p->rows[i], *same = NULL;
        const size_t n_people = people.n;
        const bool somebody = r->n && r->person;
        uint32_t number = 0;
        char name[32];

        snprintf(name, sizeof name, "%lld", (long long)r->person);
        fine = fine && (!somebody || kao_name_number(&people, name, &number));
        if (fine && somebody && number < n_people)
            same = &p->rows[rows[number]];
        else if (fine && somebody)
            rows[number] = kept;
        for (size_t k = 0; same && k < r->n; k++)
            fine = fine && add_visit(same, r->visits[k].begin, r->visits[k].end);
        fine = fine && (!same || set_name(same, r->name)); /* the newest one */
        if (r->n && (!same || !fine)) {
            p->rows[kept++] = *r;
        } else {
            free(r->name);
            free(r->visits);
        }
    }
    p->n = kept;
    kao_name_table_fini(&people);
    free(rows);
    return fine;
}

static void join_visits(cli_presence *r)
{
    size_t kept = 0;

    for (size_t i = 1; i < r->n; i++) {
        cli_visit *last = &r->visits[kept];

        if (r->visits[i].begin >= last->end)
            r->visits[++kept] = r->visits[i];
        else if (r->visits[i].end > last->end)
            last->end = r->visits[i].end;
    }
    r->n = kept + 1;
}

kao_status cli_presences_sort(cli_presences *p, kao_error *err)
{
    if (!join_people(p))
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    for (size_t i = 0; i < p->n; i++) {
        cli_presence *r = &p->rows[i];

        qsort(r->visits, r->n, sizeof *r->visits, by_begin);
        if (p->wall)
            join_visits(r);
    }
    if (p->n)
        qsort(p->rows, p->n, sizeof *p->rows, by_first);
    return KAO_OK;
}

double cli_presence_seconds(const cli_presence *r)
{
    double sum = 0;

    for (size_t i = 0; i < r->n; i++)
        sum += r->visits[i].end - r->visits[i].begin;
    return sum;
}

double cli_presence_last(const cli_presence *r)
{
    double last = r->visits[0].end;

    for (size_t i = 1; i < r->n; i++)
        last = fmax(last, r->visits[i].end);
    return last;
}

const char *cli_presence_title(const cli_presence *r, char *to, size_t cap)
{
    if (r->name)
        snprintf(to, cap, "%s", r->name);
    else if (r->person)
        snprintf(to, cap, "#%lld", (long long)r->person);
    else
        snprintf(to, cap, "track %lld", (long long)r->track);
    return kao_text_clean(to); /* a log may hold any name */
}

const char *cli_presence_time(const cli_presences *p, double seconds, char to[40])
{
    const time_t t = (time_t)seconds;
    const int64_t tenths = llround(seconds * 10);
    struct tm tm;

    if (!p->wall || !gmtime_r(&t, &tm) || !strftime(to, 40, "%Y-%m-%d %H:%M:%S", &tm))
        snprintf(to, 40, "%lld:%02lld:%02lld.%lld", (long long)(tenths / 36000),
                 (long long)(tenths / 600 % 60), (long long)(tenths / 10 % 60),
                 (long long)(tenths % 10));
    return to;
}
