/* See shared.h. The lock is flock's: of the open file, so that two of one process exclude each
 * other, too. */
#define _DEFAULT_SOURCE /* flock */
#include "base/shared.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

kao_status kao_shared_open(kao_shared *f, kao_mem *mem, const char *path,
                           kao_shared_how how, kao_error *err)
{
    static const int flags[] = {
        [KAO_SHARED_READ] = O_RDONLY,
        [KAO_SHARED_WRITE] = O_RDWR,
        [KAO_SHARED_NEW] = O_RDWR | O_CREAT | O_EXCL,
    };
    struct stat info;

    *f = (kao_shared){ .mem = mem, .fd = -1, .writable = how != KAO_SHARED_READ };
    const int fd =
        kao_fault_io(mem)
            ? -1
            : open(path, flags[how] | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600);

    if (fd < 0)
        return kao_fail_sys(err,
                            errno == ENOENT   ? KAO_E_NOT_FOUND
                            : errno == EEXIST ? KAO_E_CONFLICT
                                              : KAO_E_IO,
                            errno, "%s", path);
    if (kao_fault_io(mem) || fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) {
        close(fd);
        return kao_fail(err, KAO_E_IO, "%s: not a regular file", path);
    }
    f->fd = fd;
    return KAO_OK;
}

void kao_shared_close(kao_shared *f)
{
    if (f->fd >= 0)
        close(f->fd);
    f->fd = -1;
}

bool kao_shared_lock(kao_shared *f, uint32_t wait_ms)
{
    const struct timespec pause = { 0, 1000000 };

    for (uint32_t i = 0;; i++) {
        if (!kao_fault_io(f->mem) && flock(f->fd, LOCK_EX | LOCK_NB) == 0)
            return true;
        if ((errno != EWOULDBLOCK && errno != EINTR) || i >= wait_ms)
            return false;
        nanosleep(&pause, NULL);
    }
}

void kao_shared_unlock(kao_shared *f)
{
    flock(f->fd, LOCK_UN);
}

bool kao_shared_has_name(const kao_shared *f, const char *path)
{
    struct stat own, named;

    return !kao_fault_io(f->mem) && fstat(f->fd, &own) == 0 &&
           lstat(path, &named) == 0 && own.st_dev == named.st_dev &&
           own.st_ino == named.st_ino;
}

static bool size_of(const kao_shared *f, uint64_t *bytes)
{
    struct stat info;

    if (kao_fault_io(f->mem) || fstat(f->fd, &info) != 0)
        return false;
    *bytes = (uint64_t)info.st_size;
    return true;
}

uint64_t kao_shared_bytes(const kao_shared *f)
{
    uint64_t bytes = 0;

    return size_of(f, &bytes) ? bytes : 0;
}

/* In large steps: the kernel then keeps the file in large pages, which are read twice as fast as
 * those that it makes one by one when a mapping is written. */
static bool write_zeros(kao_shared *f, uint64_t from, uint64_t to)
{
    static const uint8_t zeros[1 << 20];

    while (from < to) {
        const size_t n = to - from < sizeof zeros ? (size_t)(to - from) : sizeof zeros;
        const ssize_t put =
            kao_fault_io(f->mem) ? -1 : pwrite(f->fd, zeros, n, (off_t)from);

        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        from += (uint64_t)put;
    }
    return true;
}

kao_status kao_shared_grow(kao_shared *f, uint64_t bytes, const char *path,
                           kao_error *err)
{
    uint64_t have = 0;
    const bool known = size_of(f, &have);

    if (known && have >= bytes)
        return KAO_OK;
    return known && bytes <= INT64_MAX && write_zeros(f, have, bytes)
               ? KAO_OK
               : kao_fail_sys(err, KAO_E_IO, errno, "%s: cannot grow", path);
}

void *kao_shared_map(kao_shared *f, uint64_t offset, size_t n)
{
    void *p = kao_fault_io(f->mem)
                  ? MAP_FAILED
                  : mmap(NULL, n, f->writable ? PROT_READ | PROT_WRITE : PROT_READ,
                         MAP_SHARED, f->fd, (off_t)offset);

    return p == MAP_FAILED ? NULL : p;
}

void kao_shared_unmap(void *p, size_t n)
{
    if (p)
        munmap(p, n);
}

bool kao_shared_sync(kao_shared *f)
{
    return !kao_fault_io(f->mem) && fsync(f->fd) == 0;
}

kao_status kao_shared_wipe(kao_shared *f, const char *path, kao_error *err)
{
    uint64_t bytes = 0;
    const bool fine = size_of(f, &bytes) && write_zeros(f, 0, bytes) &&
                      !kao_fault_io(f->mem) && fsync(f->fd) == 0;
    const int sys = errno;

    /* the name goes in any case: what is left under it would be taken for what it is not */
    if (kao_shared_has_name(f, path) && unlink(path) != 0 && fine)
        return kao_fail_sys(err, KAO_E_IO, errno, "%s: cannot be removed", path);
    return fine ? KAO_OK
                : kao_fail_sys(err, KAO_E_IO, sys, "%s: cannot be overwritten", path);
}

void kao_shared_boot(char to[KAO_BOOT_BYTES])
{
    const int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    const ssize_t n = fd >= 0 ? read(fd, to, KAO_BOOT_BYTES - 1) : 0;

    if (fd >= 0)
        close(fd);
    memset(to + (n > 0 ? n : 0), 0, (size_t)(KAO_BOOT_BYTES - (n > 0 ? n : 0)));
}
