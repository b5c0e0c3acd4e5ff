/* See forget_files.h. */
#include "cli/forget_files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/room.h"
#include "media/hide_plan.h"

enum { BYTES_MOST = 1 << 30 };
#define NO_STAY SIZE_MAX

/* ---- a log ---- */

typedef struct log_line {
    size_t at, n;
    size_t stay; /* lines from an "appear" to its "leave" are one; NO_STAY: blank */
} log_line;

typedef struct stay {
    int64_t track;
    size_t into; /* the stay that it is a part of: itself, or a later one */
    bool of_person;
} stay;

typedef struct persons { /* one, by all its numbers */
    const int64_t *numbers;
    size_t n;
} persons;

static bool is_one_of(const persons *p, int64_t number)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->numbers[i] == number)
            return true;
    return false;
}

typedef struct watch_log {
    kao_mem *mem;
    const char *path, *bytes;
    size_t n_bytes;
    persons who;
    log_line *lines;
    stay *stays;
    size_t *open; /* stays that have not ended, in their order: few of all */
    size_t n_lines, cap_lines, n_stays, cap_stays, n_open, cap_open;
} watch_log;

/* Of a track's last "appear"; a log may begin in the middle of one. */
static bool stay_of(watch_log *l, int64_t track, bool fresh, size_t *which)
{
    for (size_t i = l->n_open; !fresh && i-- > 0;)
        if (l->stays[l->open[i]].track == track) {
            *which = l->open[i];
            return true;
        }
    if (!kao_room(l->mem, &l->stays, &l->cap_stays, l->n_stays + 1, sizeof *l->stays) ||
        !kao_room(l->mem, &l->open, &l->cap_open, l->n_open + 1, sizeof *l->open))
        return false;
    l->stays[l->n_stays] = (stay){ .track = track, .into = l->n_stays };
    l->open[l->n_open++] = l->n_stays;
    *which = l->n_stays++;
    return true;
}

static void end_stay(watch_log *l, size_t which)
{
    for (size_t i = l->n_open; i-- > 0;)
        if (l->open[i] == which) {
            l->n_open--;
            memmove(l->open + i, l->open + i + 1, (l->n_open - i) * sizeof *l->open);
            return;
        }
}

/* The stay that all of it is a part of; the way there is shorter the next time. */
static size_t whole_of(const watch_log *l, size_t which)
{
    while (l->stays[which].into != which) {
        stay *s = &l->stays[which];

        s->into = l->stays[s->into].into;
        which = s->into;
    }
    return which;
}

/* The track `was` is this one: both stays are one. */
static void join(watch_log *l, size_t from, size_t to)
{
    l->stays[from].into = to;
    end_stay(l, from);
}

static kao_status out_of_memory(const watch_log *l, kao_error *err)
{
    return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", l->path);
}

static kao_status take_event(watch_log *l, const kao_json *v, log_line *to,
                             kao_error *err)
{
    const char *kind = NULL;
    int64_t track = 0, was = 0, person = 0;
    size_t other = 0;

    if (!kao_json_as_text(kao_json_get(v, "event"), &kind) ||
        !kao_json_as_integer(kao_json_get(v, "track"), &track))
        return kao_fail(err, KAO_E_FORMAT,
                        "%s: neither a log of kao watch --json nor a plan of kao blur",
                        l->path);
    kao_json_as_integer(kao_json_get(v, "person"), &person);
    if (!stay_of(l, track, strcmp(kind, "appear") == 0, &to->stay))
        return out_of_memory(l, err);
    if (strcmp(kind, "renamed") == 0 &&
        kao_json_as_integer(kao_json_get(v, "was"), &was) && was != track) {
        if (!stay_of(l, was, false, &other))
            return out_of_memory(l, err);
        join(l, other, to->stay);
    }
    l->stays[to->stay].of_person |= is_one_of(&l->who, person);
    if (strcmp(kind, "leave") == 0)
        end_stay(l, to->stay);
    return KAO_OK;
}

static kao_status take_line(void *user, const kao_json *v, size_t number,
                            kao_error *err)
{
    watch_log *l = user;

    return take_event(l, v, &l->lines[number - 1], err);
}

static kao_status read_log(watch_log *l, kao_error *err)
{
    for (size_t at = 0; at < l->n_bytes;) {
        const char *end = memchr(l->bytes + at, '\n', l->n_bytes - at);
        const size_t n = (end ? (size_t)(end - l->bytes) : l->n_bytes) - at;

        if (!kao_room(l->mem, &l->lines, &l->cap_lines, l->n_lines + 1,
                      sizeof *l->lines))
            return out_of_memory(l, err);
        l->lines[l->n_lines++] = (log_line){ at, n, NO_STAY };
        at += n + 1;
    }
    return kao_json_lines(l->bytes, l->n_bytes, l->path, take_line, l, err);
}

static void free_log(watch_log *l)
{
    kao_free(l->mem, l->lines);
    kao_free(l->mem, l->stays);
    kao_free(l->mem, l->open);
}

static bool write_spaces(int fd, size_t at, size_t n)
{
    char spaces[4096];

    memset(spaces, ' ', sizeof spaces);
    while (n > 0) {
        const ssize_t k =
            pwrite(fd, spaces, n < sizeof spaces ? n : sizeof spaces, (off_t)at);

        if (k < 0 && errno == EINTR)
            continue;
        if (k <= 0)
            return false;
        at += (size_t)k;
        n -= (size_t)k;
    }
    return true;
}

static kao_status blank(const watch_log *l, int fd, size_t *n, kao_error *err)
{
    bool fine = true;

    for (size_t i = 0; i < l->n_stays; i++)
        l->stays[whole_of(l, i)].of_person |= l->stays[i].of_person;
    for (size_t i = 0; fine && i < l->n_lines; i++)
        if (l->lines[i].stay != NO_STAY &&
            l->stays[whole_of(l, l->lines[i].stay)].of_person) {
            fine = write_spaces(fd, l->lines[i].at, l->lines[i].n);
            *n += fine;
        }
    if (fine && *n)
        fine = fsync(fd) == 0;
    return fine ? KAO_OK : kao_fail_sys(err, KAO_E_IO, errno, "%s", l->path);
}

/* ---- a plan ---- */

static kao_status forget_in_plan(kao_mem *mem, const char *path, const char *source,
                                 const persons *who, size_t *n, kao_error *err)
{
    kao_hide_plan p = { .mem = mem };
    kao_status st = kao_hide_plan_read(&p, path, err);

    for (size_t i = 0; !st && i < p.n; i++)
        if (is_one_of(who, p.tracks[i].person)) {
            kao_free(mem, p.tracks[i].name);
            p.tracks[i].name = NULL;
            p.tracks[i].person = 0;
            ++*n;
        }
    if (!st && *n)
        st = kao_hide_plan_write(&p, path, source, err);
    kao_hide_plan_free(&p);
    return st;
}

/* Where the plan's name is another file's by now: what the old one had goes, too. */
static kao_status wipe(int fd, const char *path, size_t n, kao_error *err)
{
    return write_spaces(fd, 0, n) && fsync(fd) == 0
               ? KAO_OK
               : kao_fail_sys(err, KAO_E_IO, errno, "%s: its former content", path);
}

/* ---- either ---- */

typedef struct opened {
    int fd;
    kao_file file;
    kao_json *whole; /* NULL: it is not one value */
} opened;

/* For writing, also where it is only looked at: what cannot be written is told before. */
static kao_status open_it(opened *o, kao_mem *mem, const char *path, kao_error *err)
{
    kao_error none;
    struct stat info;

    *o = (opened){ .fd = open(path, O_RDWR | O_CLOEXEC) };
    if (o->fd < 0 || fstat(o->fd, &info) != 0)
        return kao_fail_sys(err, KAO_E_IO, errno, "%s", path);
    if (!S_ISREG(info.st_mode)) /* a pipe that is written to, too, never ends */
        return kao_fail(err, KAO_E_ARG,
                        "%s: a pipe or a device is no file to forget from", path);
    const kao_status st = kao_file_drain(&o->file, mem, o->fd, path, BYTES_MOST, err);

    if (!st && kao_json_parse(&o->whole, (const char *)o->file.bytes.p, o->file.bytes.n,
                              path, &none))
        o->whole = NULL;
    return st;
}

static void close_it(opened *o)
{
    kao_json_free(o->whole);
    kao_file_close(&o->file);
    if (o->fd >= 0)
        close(o->fd);
}

static watch_log log_of(const opened *o, kao_mem *mem, const char *path, persons who)
{
    return (watch_log){ .mem = mem,
                        .path = path,
                        .bytes = (const char *)o->file.bytes.p,
                        .n_bytes = o->file.bytes.n,
                        .who = who };
}

kao_status cli_forget_check(kao_mem *mem, const char *path, kao_error *err)
{
    kao_hide_plan p = { .mem = mem };
    opened o;
    kao_status st = open_it(&o, mem, path, err);

    if (!st && kao_json_get(o.whole, "tracks")) {
        st = kao_hide_plan_read(&p, path, err);
        kao_hide_plan_free(&p);
    } else if (!st) {
        watch_log l = log_of(&o, mem, path, (persons){ NULL, 0 });

        st = read_log(&l, err);
        free_log(&l);
    }
    close_it(&o);
    return st;
}

kao_status cli_forget_in(kao_mem *mem, const char *path, const int64_t *people,
                         size_t n_people, size_t *n, kao_error *err)
{
    const persons who = { people, n_people };
    const char *source = NULL;
    opened o;
    kao_status st = open_it(&o, mem, path, err);

    *n = 0;
    if (!st && kao_json_get(o.whole, "tracks")) {
        kao_json_as_text(kao_json_get(o.whole, "source"), &source);
        st = forget_in_plan(mem, path, source, &who, n, err);
        if (!st && *n)
            st = wipe(o.fd, path, o.file.bytes.n, err);
    } else if (!st) {
        watch_log l = log_of(&o, mem, path, who);

        st = read_log(&l, err);
        if (!st)
            st = blank(&l, o.fd, n, err);
        free_log(&l);
    }
    close_it(&o);
    return st;
}
