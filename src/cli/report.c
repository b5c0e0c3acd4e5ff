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
#include "cli/command.h"
#include "cli/room.h"

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

typedef struct log_state {
    cli_presences *p;
    const char *path;
    size_t first;  /* rows from here on are of this log */
    double *since; /* of each of its rows: there since; NaN: not there */
    size_t since_cap;
    double last; /* time of the last event */
    int64_t frame;
} log_state;

/* The row of a track of this log, made where there is none; NULL: out of memory. */
static cli_presence *row_of(log_state *l, int64_t track)
{
    for (size_t i = l->p->n; i-- > l->first;) /* new ones are told of most */
        if (l->p->rows[i].track == track)
            return &l->p->rows[i];
    const size_t n = l->p->n - l->first;

    if (!cli_room(&l->since, &l->since_cap, n + 1, sizeof *l->since))
        return NULL;
    cli_presence *r = add_row(l->p);

    if (!r)
        return NULL;
    l->since[n] = (double)NAN;
    r->track = track;
    r->log = l->path;
    return r;
}

static double *since_of(log_state *l, const cli_presence *r)
{
    return &l->since[(size_t)(r - l->p->rows) - l->first];
}

/* The track `was` is this one. */
static bool join(log_state *l, int64_t was, int64_t track)
{
    if (!row_of(l, was) || !row_of(l, track) || was == track)
        return was == track;
    cli_presence *to = row_of(l, track), *from = row_of(l, was);
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

static bool take(log_state *l, const event *e)
{
    if (strcmp(e->kind, "renamed") == 0 && !join(l, e->was, e->track))
        return false;
    cli_presence *r = row_of(l, e->track);

    if (!r)
        return false;
    double *since = since_of(l, r);

    if (e->person) {
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
static bool end_tracks(log_state *l)
{
    bool fine = true;

    for (size_t i = l->p->n; fine && i-- > l->first;)
        fine = isnan(l->since[i - l->first]) ||
               add_visit(&l->p->rows[i], l->since[i - l->first], l->last);
    l->first = l->p->n;
    l->last = 0;
    return fine;
}

static kao_status read_event(void *user, const kao_json *v, size_t line, kao_error *err)
{
    log_state *l = user;
    event e = { .kind = NULL };
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
    l->p->mixed |= l->p->timed && wall != l->p->wall;
    l->p->timed = true;
    l->p->wall = wall;
    /* another run, whose tracks are others of the same numbers; a server's events are of several
     * cameras at once */
    bool fine = e.frame >= l->frame || kao_json_get(v, "camera") || end_tracks(l);

    l->frame = e.frame;
    l->last = e.time > l->last ? e.time : l->last;
    fine = fine && take(l, &e);
    return fine ? KAO_OK : kao_fail(err, KAO_E_NOMEM, "%s: out of memory", l->path);
}

kao_status cli_presences_read(cli_presences *p, const char *path, kao_error *err)
{
    log_state l = { .p = p, .path = path, .first = p->n };
    kao_file f = { 0 };
    kao_mem mem;

    kao_mem_init(&mem, NULL);
    kao_status st = cli_read(&f, &mem, path, LOG_BYTES_MOST, err);

    if (!st)
        st = kao_json_lines((const char *)f.bytes.p, f.bytes.n, path, read_event, &l,
                            err);
    if (!st && !end_tracks(&l))
        st = kao_fail(err, KAO_E_NOMEM, "%s: out of memory", path);
    kao_file_close(&f);
    free(l.since);
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

/* A person's rows of several logs, or tracks, become one; rows without a visit go. */
static void join_people(cli_presences *p)
{
    size_t kept = 0;

    for (size_t i = 0; i < p->n; i++) {
        cli_presence *r = &p->rows[i], *same = NULL;
        bool fine = true;

        for (size_t k = 0; k < kept && r->person; k++)
            same = p->rows[k].person == r->person ? &p->rows[k] : same;
        for (size_t k = 0; same && k < r->n; k++)
            fine = fine && add_visit(same, r->visits[k].begin, r->visits[k].end);
        if (r->n && (!same || !fine)) {
            p->rows[kept++] = *r;
        } else {
            free(r->name);
            free(r->visits);
        }
    }
    p->n = kept;
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

void cli_presences_sort(cli_presences *p)
{
    join_people(p);
    for (size_t i = 0; i < p->n; i++) {
        cli_presence *r = &p->rows[i];

        qsort(r->visits, r->n, sizeof *r->visits, by_begin);
        if (p->wall)
            join_visits(r);
    }
    if (p->n)
        qsort(p->rows, p->n, sizeof *p->rows, by_first);
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
    return to;
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
