/* See forget_files.h. */
#include "cli/forget_files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
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
    bool ended, of_person;
} stay;

typedef struct watch_log {
    kao_mem *mem;
    const char *path, *bytes;
    size_t n_bytes;
    int64_t person;
    log_line *lines;
    stay *stays;
    size_t n_lines, cap_lines, n_stays, cap_stays;
} watch_log;

/* Of a track's last "appear"; a log may begin in the middle of one. */
static bool stay_of(watch_log *l, int64_t track, bool fresh, size_t *which)
{
    for (size_t i = l->n_stays; !fresh && i-- > 0;)
        if (l->stays[i].track == track && !l->stays[i].ended) {
            *which = i;
            return true;
        }
    if (!kao_room(l->mem, &l->stays, &l->cap_stays, l->n_stays + 1, sizeof *l->stays))
        return false;
    l->stays[l->n_stays] = (stay){ .track = track };
    *which = l->n_stays++;
    return true;
}

/* The track `was` is this one: both stays are one. */
static void join(watch_log *l, size_t from, size_t to)
{
    for (size_t i = 0; i < l->n_lines; i++)
        if (l->lines[i].stay == from)
            l->lines[i].stay = to;
    l->stays[to].of_person |= l->stays[from].of_person;
    l->stays[from].ended = true;
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
    l->stays[to->stay].of_person |= person == l->person;
    l->stays[to->stay].ended |= strcmp(kind, "leave") == 0;
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

    for (size_t i = 0; fine && i < l->n_lines; i++)
        if (l->lines[i].stay != NO_STAY && l->stays[l->lines[i].stay].of_person) {
            fine = write_spaces(fd, l->lines[i].at, l->lines[i].n);
            *n += fine;
        }
    if (fine && *n)
        fine = fsync(fd) == 0;
    return fine ? KAO_OK : kao_fail_sys(err, KAO_E_IO, errno, "%s", l->path);
}

/* ---- a plan ---- */

static kao_status forget_in_plan(kao_mem *mem, const char *path, const char *source,
                                 int64_t person, size_t *n, kao_error *err)
{
    kao_hide_plan p = { .mem = mem };
    kao_status st = kao_hide_plan_read(&p, path, err);

    for (size_t i = 0; !st && i < p.n; i++)
        if (p.tracks[i].person == person) {
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

    *o = (opened){ .fd = open(path, O_RDWR | O_CLOEXEC) };
    if (o->fd < 0)
        return kao_fail_sys(err, KAO_E_IO, errno, "%s", path);
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

static watch_log log_of(const opened *o, kao_mem *mem, const char *path, int64_t person)
{
    return (watch_log){ .mem = mem,
                        .path = path,
                        .bytes = (const char *)o->file.bytes.p,
                        .n_bytes = o->file.bytes.n,
                        .person = person };
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
        watch_log l = log_of(&o, mem, path, 0);

        st = read_log(&l, err);
        free_log(&l);
    }
    close_it(&o);
    return st;
}

kao_status cli_forget_in(kao_mem *mem, const char *path, int64_t person, size_t *n,
                         kao_error *err)
{
    const char *source = NULL;
    opened o;
    kao_status st = open_it(&o, mem, path, err);

    *n = 0;
    if (!st && kao_json_get(o.whole, "tracks")) {
        kao_json_as_text(kao_json_get(o.whole, "source"), &source);
        st = forget_in_plan(mem, path, source, person, n, err);
        if (!st && *n)
            st = wipe(o.fd, path, o.file.bytes.n, err);
    } else if (!st) {
        watch_log l = log_of(&o, mem, path, person);

        st = read_log(&l, err);
        if (!st)
            st = blank(&l, o.fd, n, err);
        free_log(&l);
    }
    close_it(&o);
    return st;
}
