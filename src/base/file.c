/* Whole files. Reads, writes and what else may fail ask kao_fault_io() first, so that tests can
 * break the n-th one. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static kao_status read_all(int fd, kao_mem *mem, uint8_t *to, size_t n,
                           const char *path, kao_error *err)
{
    for (size_t at = 0; at < n;) {
        const ssize_t got = kao_fault_io(mem) ? -1 : read(fd, to + at, n - at);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return kao_fail_sys(err, KAO_E_IO, errno, "%s", path);
        if (got == 0)
            return kao_fail_at(err, KAO_E_IO, at,
                               "%s: became shorter while it was read", path);
        at += (size_t)got;
    }
    return KAO_OK;
}

/* Pipes and devices have no size: read until the end, doubling. */
static kao_status read_stream(int fd, kao_file *f, kao_mem *mem, size_t limit,
                              const char *path, kao_error *err)
{
    size_t cap = 64 << 10, n = 0;
    uint8_t *p = kao_alloc(mem, cap);

    while (p) {
        const ssize_t got = kao_fault_io(mem) ? -1 : read(fd, p + n, cap - n);

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            kao_free(mem, p);
            return kao_fail_sys(err, KAO_E_IO, errno, "%s", path);
        }
        if (got == 0) {
            *f = (kao_file){ { p, n }, mem };
            return KAO_OK;
        }
        n += (size_t)got;
        if (n > limit) {
            kao_free(mem, p);
            return kao_fail(err, KAO_E_LIMIT, "%s: over %zu bytes", path, limit);
        }
        if (n == cap) {
            uint8_t *bigger = kao_grow(mem, p, n, cap * 2);

            if (!bigger)
                break;
            p = bigger;
            cap *= 2;
        }
    }
    kao_free(mem, p);
    return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", path);
}

static kao_status read_regular(int fd, kao_file *f, kao_mem *mem, size_t n,
                               const char *path, kao_error *err)
{
    if (n >= KAO_MAP_FROM) {
        void *p = kao_fault_io(mem) ? MAP_FAILED
                                    : mmap(NULL, n, PROT_READ, MAP_PRIVATE, fd, 0);

        if (p == MAP_FAILED)
            return kao_fail_sys(err, KAO_E_IO, errno, "%s: cannot be mapped", path);
        *f = (kao_file){ { p, n }, NULL };
        return KAO_OK;
    }
    uint8_t *p = kao_alloc(mem, n);

    if (!p)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory: %zu bytes", path, n);
    const kao_status st = read_all(fd, mem, p, n, path, err);

    if (st)
        kao_free(mem, p);
    else
        *f = (kao_file){ { p, n }, mem };
    return st;
}

kao_status kao_file_open(kao_file *f, kao_mem *mem, const char *path, size_t limit,
                         kao_error *err)
{
    kao_status st = KAO_OK;
    struct stat info;

    *f = (kao_file){ 0 };
    const int fd = kao_fault_io(mem) ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return kao_fail_sys(err, KAO_E_IO, errno, "%s", path);
    if (kao_fault_io(mem) || fstat(fd, &info) != 0)
        st = kao_fail_sys(err, KAO_E_IO, errno, "%s", path);
    else if (S_ISDIR(info.st_mode))
        st = kao_fail_sys(err, KAO_E_IO, EISDIR, "%s", path);
    else if (!S_ISREG(info.st_mode))
        st = read_stream(fd, f, mem, limit, path, err);
    else if (info.st_size < 0 || (uint64_t)info.st_size > limit)
        st = kao_fail(err, KAO_E_LIMIT, "%s: %lld bytes, at most %zu", path,
                      (long long)info.st_size, limit);
    else
        st = read_regular(fd, f, mem, (size_t)info.st_size, path, err);
    close(fd);
    return st;
}

kao_status kao_file_drain(kao_file *f, kao_mem *mem, int fd, const char *name,
                          size_t limit, kao_error *err)
{
    *f = (kao_file){ 0 };
    return read_stream(fd, f, mem, limit, name, err);
}

void kao_file_close(kao_file *f)
{
    if (f->mem)
        kao_free(f->mem, (void *)(uintptr_t)f->bytes.p);
    else if (f->bytes.p)
        munmap((void *)(uintptr_t)f->bytes.p, f->bytes.n);
    *f = (kao_file){ 0 };
}

static bool write_all(int fd, kao_mem *mem, const uint8_t *p, size_t n)
{
    while (n > 0) {
        const ssize_t put = kao_fault_io(mem) ? -1 : write(fd, p, n);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        p += put;
        n -= (size_t)put;
    }
    return true;
}

/* The names of one write: the file that is to be replaced, its folder, and the file that
 * is written beside it. */
typedef struct names {
    char *target, *folder, *beside;
} names;

enum { MAX_LINKS = 40, LINK_CAP = 4096, MAX_BESIDE = 10000 };

/* Names of open descriptors: what is behind them is not to be replaced. */
static bool is_descriptor(const char *path)
{
    return strncmp(path, "/dev/std", 8) == 0 || strncmp(path, "/dev/fd/", 8) == 0 ||
           strncmp(path, "/proc/", 6) == 0;
}

/* The folder's name with its slash, and name behind it. */
static char *in_folder_of(kao_mem *mem, const char *path, const char *name)
{
    const char *slash = strrchr(path, '/');
    const size_t n_folder = slash ? (size_t)(slash - path) + 1 : 0;
    const size_t n = n_folder + strlen(name) + 1;
    char *p = kao_alloc(mem, n);

    if (p)
        snprintf(p, n, "%.*s%s", (int)n_folder, path, name);
    return p;
}

/* Follow symbolic links from path to the last name, which need not exist. */
static kao_status follow_links(kao_mem *mem, const char *path, char **target,
                               kao_error *err)
{
    char *at = kao_strdup(mem, path), *to = kao_alloc(mem, LINK_CAP);
    kao_status st =
        at && to ? KAO_OK : kao_fail(err, KAO_E_NOMEM, "%s: out of memory", path);

    for (int n_links = 0; !st && !is_descriptor(at); n_links++) {
        struct stat info;

        if (lstat(at, &info) != 0 || !S_ISLNK(info.st_mode))
            break;
        const ssize_t n = kao_fault_io(mem) ? -1 : readlink(at, to, LINK_CAP);

        if (n < 0 || n == LINK_CAP || n_links == MAX_LINKS) {
            st = kao_fail_sys(err, KAO_E_IO, n < 0 ? errno : ELOOP, "%s", path);
            break;
        }
        to[n] = '\0';
        char *next = to[0] == '/' ? kao_strdup(mem, to) : in_folder_of(mem, at, to);

        if (!next)
            st = kao_fail(err, KAO_E_NOMEM, "%s: out of memory", path);
        else
            kao_free(mem, at);
        at = next ? next : at;
    }
    kao_free(mem, to);
    if (st)
        kao_free(mem, at);
    *target = st ? NULL : at;
    return st;
}

/* Pipes, devices and descriptors: written in place. */
static kao_status write_special(kao_mem *mem, const char *path, const void *bytes,
                                size_t n, kao_error *err)
{
    const int fd = kao_fault_io(mem) ? -1 : open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    bool ok = fd >= 0 && write_all(fd, mem, bytes, n);
    int sys = ok ? 0 : errno;

    if (fd >= 0 && close(fd) != 0 && ok) {
        ok = false;
        sys = errno;
    }
    return ok ? KAO_OK
              : kao_fail_sys(err, KAO_E_IO, sys, "%s: cannot be written", path);
}

/* To the disk; some file systems have nothing to do there and say so. */
static bool sync_to_disk(kao_mem *mem, int fd)
{
    return !kao_fault_io(mem) &&
           (fsync(fd) == 0 || errno == EINVAL || errno == ENOTSUP || errno == ENOSYS);
}

/* A file of a name that nobody has, in the target's folder: threads of this process may write
 * there at the same time, and a crashed one of its number may have left some. -1: errno says
 * why. */
static int open_beside(kao_mem *mem, const names *x, size_t cap, mode_t mode)
{
    const size_t n_folder = strlen(x->folder);
    int fd = -1;

    for (int try = 0; fd < 0 && try < MAX_BESIDE; try++) {
        snprintf(x->beside, cap, "%s%s.kao-%u-%d", x->folder,
                 x->folder[n_folder - 1] == '/' ? "" : "/", (unsigned)getpid(), try);
        fd = kao_fault_io(mem)
                 ? -1
                 : open(x->beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
        if (fd < 0 && errno != EEXIST)
            break;
    }
    return fd;
}

/* Some mounts give all files one mode and refuse to set it: nothing is set that is there. */
static bool set_mode(int fd, mode_t mode)
{
    struct stat info;

    return fstat(fd, &info) == 0 &&
           ((info.st_mode & 0777) == mode || fchmod(fd, mode) == 0);
}

/* Write, sync and close fd, a new file that gets this mode; -1: it has its own. */
static bool fill(kao_mem *mem, int fd, int mode, const void *bytes, size_t n)
{
    bool ok = true;

    if (mode >= 0)
        ok = !kao_fault_io(mem) && set_mode(fd, (mode_t)mode);
    ok = ok && write_all(fd, mem, bytes, n) && sync_to_disk(mem, fd);
    const int sys = errno;

    if (close(fd) != 0 && ok)
        return false;
    errno = sys;
    return ok;
}

/* The bytes go to a file beside the target, which then takes its name; only then the old
 * one is gone. folder: open, or -1 where it may not be read; mode: -1: by the umask. */
static kao_status replace(kao_mem *mem, const char *path, const names *x, size_t cap,
                          int folder, int mode, const void *bytes, size_t n,
                          kao_error *err)
{
    const int fd = open_beside(mem, x, cap, mode >= 0 ? 0600 : 0666);

    if (fd < 0)
        return kao_fail_sys(err, KAO_E_IO, errno, "%s: no file can be made in %s", path,
                            x->folder);
    if (!fill(mem, fd, mode, bytes, n) || kao_fault_io(mem) ||
        rename(x->beside, x->target) != 0) {
        const int sys = errno;

        unlink(x->beside);
        return kao_fail_sys(err, KAO_E_IO, sys, "%s: cannot be written", path);
    }
    if (folder >= 0 && !sync_to_disk(mem, folder))
        return kao_fail_sys(err, KAO_E_IO, errno,
                            "%s: written, but a crash may undo it", path);
    return KAO_OK;
}

/* mode: -1: the old file's, of a new one by the umask. */
static kao_status write_as(kao_mem *mem, const char *path, const void *bytes, size_t n,
                           int mode, kao_error *err)
{
    names x = { 0 };
    struct stat old;
    kao_status st = follow_links(mem, path, &x.target, err);

    if (st)
        return st;
    const bool there = stat(x.target, &old) == 0;

    if (is_descriptor(x.target) || (there && !S_ISREG(old.st_mode))) {
        st = write_special(mem, x.target, bytes, n, err);
        kao_free(mem, x.target);
        return st;
    }
    const size_t cap = strlen(x.target) + sizeof "./.kao-4294967295-9999";

    x.folder = in_folder_of(mem, x.target, strchr(x.target, '/') ? "" : ".");
    x.beside = kao_alloc(mem, cap);
    if (x.folder && x.beside) {
        const int folder =
            kao_fault_io(mem) ? -1 : open(x.folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (folder < 0 && errno != EACCES)
            st = kao_fail_sys(err, KAO_E_IO, errno, "%s: no file can be made in %s",
                              path, x.folder);
        else
            st = replace(mem, path, &x, cap, folder,
                         mode < 0 && there ? (int)(old.st_mode & 0777) : mode, bytes, n,
                         err);
        if (folder >= 0)
            close(folder);
    } else {
        st = kao_fail(err, KAO_E_NOMEM, "%s: out of memory", path);
    }
    kao_free(mem, x.beside);
    kao_free(mem, x.folder);
    kao_free(mem, x.target);
    return st;
}

kao_status kao_file_write(kao_mem *mem, const char *path, const void *bytes, size_t n,
                          kao_error *err)
{
    return write_as(mem, path, bytes, n, -1, err);
}

kao_status kao_file_write_secret(kao_mem *mem, const char *path, const void *bytes,
                                 size_t n, kao_error *err)
{
    return write_as(mem, path, bytes, n, 0600, err);
}

bool kao_is_folder(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

bool kao_is_same_file(const char *a, const char *b)
{
    struct stat x, y;

    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev &&
           x.st_ino == y.st_ino;
}

kao_status kao_folder_make(const char *path, unsigned mode, kao_error *err)
{
    char folder[4096];

    if (!path[0] || strlen(path) >= sizeof folder)
        return kao_fail(err, KAO_E_ARG, "%.100s: no folder's name", path);
    memcpy(folder, path, strlen(path) + 1);
    for (char *at = folder + 1;; at++) {
        if (*at != '/' && *at != '\0')
            continue;
        const char end = *at;

        *at = '\0';
        if (mkdir(folder, (mode_t)mode) != 0 && errno != EEXIST)
            return kao_fail_sys(err, KAO_E_IO, errno, "%s", folder);
        *at = end;
        if (!end) /* what was there may be a file */
            return kao_is_folder(folder)
                       ? KAO_OK
                       : kao_fail_sys(err, KAO_E_IO, ENOTDIR, "%s", folder);
    }
}
