/* See spool.h. */
#define _GNU_SOURCE /* O_TMPFILE */
#include "server/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/error.h"

enum { CHECK_EACH = 64 << 20 }; /* bytes after which the room is looked at again */

/* By its name, which is taken away at once. */
static int open_named(const char *folder)
{
    char path[4096], random[7] = "";

    memset(random, 'X', sizeof random - 1); /* as mkostemp wants it */
    const int n = snprintf(path, sizeof path, "%s/kao-%s", folder, random);

    if (n < 0 || (size_t)n >= sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    const int fd = mkostemp(path, O_CLOEXEC);

    if (fd >= 0)
        unlink(path);
    return fd;
}

static int open_unnamed(const char *folder)
{
    const int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC | O_EXCL, 0600);

    return fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)
               ? fd
               : open_named(folder);
}

/* Whether n more bytes leave something free. */
static kao_status check_room(kao_spool *s, uint64_t n, kao_error *err)
{
    struct statvfs v;

    if (n > SPOOL_MOST - s->n)
        return kao_fail(err, KAO_E_LIMIT, "a file of more than %" PRIu64 " bytes",
                        SPOOL_MOST);
    if (atomic_load(&s->all->held) + n > SPOOLS_MOST)
        return kao_fail(err, KAO_E_LIMIT,
                        "all files together: more than %" PRIu64 " bytes", SPOOLS_MOST);
    if (fstatvfs(s->fd, &v) != 0)
        return kao_fail_sys(err, KAO_E_IO, errno, "%s", s->all->folder);
    if ((uint64_t)v.f_bavail * v.f_frsize < n + SPOOL_FREE)
        return kao_fail_sys(err, KAO_E_IO, ENOSPC, "%s: a file of %" PRIu64 " bytes",
                            s->all->folder, s->n + n);
    s->checked = s->n + n;
    return KAO_OK;
}

kao_status kao_spool_open(kao_spools *all, uint64_t expected, kao_spool **out,
                          kao_error *err)
{
    kao_spool *s = kao_calloc(all->mem, 1, sizeof *s);

    *out = NULL;
    if (!s)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    s->all = all;
    s->fd = open_unnamed(all->folder);
    if (s->fd < 0) {
        kao_free(all->mem, s);
        return kao_fail_sys(err, KAO_E_IO, errno, "%s: a temporary file", all->folder);
    }
    snprintf(s->path, sizeof s->path, "/proc/self/fd/%d", s->fd);
    const kao_status st = check_room(s, expected ? expected : 1, err);

    if (st)
        kao_spool_close(s);
    else
        *out = s;
    return st;
}

kao_status kao_spool_add(kao_spool *s, const void *bytes, size_t n, kao_error *err)
{
    const char *p = bytes;
    const uint64_t left = SPOOL_MOST - s->n, ahead = (uint64_t)n + CHECK_EACH;
    kao_status st = KAO_OK;

    if (n > s->checked - s->n)
        st = check_room(s, ahead < left || n > left ? ahead : left, err);
    while (!st && n > 0) {
        const ssize_t wrote = write(s->fd, p, n);

        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return kao_fail_sys(err, KAO_E_IO, wrote < 0 ? errno : ENOSPC, "%s",
                                s->all->folder);
        p += wrote;
        n -= (size_t)wrote;
        s->n += (uint64_t)wrote;
        atomic_fetch_add(&s->all->held, (uint64_t)wrote);
    }
    return st;
}

kao_status kao_spool_written(kao_spool *s, kao_error *err)
{
    struct stat info;

    if (fstat(s->fd, &info) != 0)
        return kao_fail_sys(err, KAO_E_IO, errno, "%s", s->all->folder);
    atomic_fetch_sub(&s->all->held, s->n);
    s->n = (uint64_t)info.st_size;
    atomic_fetch_add(&s->all->held, s->n);
    return KAO_OK;
}

bool kao_spool_is_full(const kao_error *err)
{
    return err->sys == ENOSPC || err->sys == EDQUOT || err->sys == EFBIG;
}

void kao_spool_close(kao_spool *s)
{
    if (!s)
        return;
    close(s->fd);
    atomic_fetch_sub(&s->all->held, s->n);
    kao_free(s->all->mem, s);
}
