/* Whole files. Reads and writes go through step() so that tests can break the n-th one. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* True when the test harness wants this call to fail. */
static bool broken(kao_mem *mem)
{
    if (!kao_fault_now(mem, KAO_FAULT_IO))
        return false;
    errno = EIO;
    return true;
}

static kao_status read_all(int fd, kao_mem *mem, uint8_t *to, size_t n,
                           const char *path, kao_error *err)
{
    for (size_t at = 0; at < n;) {
        const ssize_t got = broken(mem) ? -1 : read(fd, to + at, n - at);

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
        const ssize_t got = broken(mem) ? -1 : read(fd, p + n, cap - n);

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
        void *p =
            broken(mem) ? MAP_FAILED : mmap(NULL, n, PROT_READ, MAP_PRIVATE, fd, 0);

        if (p == MAP_FAILED)
            return kao_fail_sys(err, KAO_E_IO, errno, "%s: cannot be mapped", path);
        *f = (kao_file){ { p, n }, NULL };
        return KAO_OK;
    }
    uint8_t *p = kao_alloc(mem, n);

    if (!p)
        return kao_fail(err, KAO_E_NOMEM, "%s: %zu bytes", path, n);
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
    const int fd = broken(mem) ? -1 : open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return kao_fail_sys(err, KAO_E_IO, errno, "%s", path);
    if (broken(mem) || fstat(fd, &info) != 0)
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
        const ssize_t put = broken(mem) ? -1 : write(fd, p, n);

        if (put < 0 && errno == EINTR)
            continue;
        if (put < 0)
            return false;
        p += put;
        n -= (size_t)put;
    }
    return true;
}

/* Not a file of our own making (/dev/stdout, a pipe): written in place. */
static bool is_special(const char *path)
{
    struct stat info;

    return stat(path, &info) == 0 && !S_ISREG(info.st_mode);
}

static kao_status write_special(kao_mem *mem, const char *path, const void *bytes,
                                size_t n, kao_error *err)
{
    const int fd = broken(mem) ? -1 : open(path, O_WRONLY | O_CLOEXEC);
    bool ok = fd >= 0 && write_all(fd, mem, bytes, n);
    int sys = ok ? 0 : errno;

    if (fd >= 0 && close(fd) != 0 && ok) {
        ok = false;
        sys = errno;
    }
    return ok ? KAO_OK
              : kao_fail_sys(err, KAO_E_IO, sys, "%s: cannot be written", path);
}

kao_status kao_file_write(kao_mem *mem, const char *path, const void *bytes, size_t n,
                          kao_error *err)
{
    if (is_special(path))
        return write_special(mem, path, bytes, n, err);
    const size_t cap = strlen(path) + sizeof ".4294967295-99";
    char *beside = kao_alloc(mem, cap);
    int sys = 0, fd = -1;

    if (!beside)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", path);
    for (int try = 0; fd < 0 && try < 100; try++) { /* a name that nobody has */
        snprintf(beside, cap, "%s.%u-%d", path, (unsigned)getpid(), try);
        fd = broken(mem) ? -1
                         : open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        if (fd < 0 && errno != EEXIST)
            break;
    }
    if (fd < 0) {
        sys = errno;
        kao_free(mem, beside);
        return kao_fail_sys(err, KAO_E_IO, sys, "%s: cannot be written", path);
    }
    bool ok = write_all(fd, mem, bytes, n);
    if (!ok)
        sys = errno;
    if (close(fd) != 0 && ok) {
        ok = false;
        sys = errno;
    }
    if (ok && (broken(mem) || rename(beside, path) != 0)) {
        ok = false;
        sys = errno;
    }
    if (!ok)
        unlink(beside);
    kao_free(mem, beside);
    return ok ? KAO_OK
              : kao_fail_sys(err, KAO_E_IO, sys, "%s: cannot be written", path);
}
