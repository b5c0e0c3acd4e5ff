/* See shaky_vfs.h. It wraps the default layer: each file carries the real one behind it. */
#include "gallery/shaky_vfs.h"

#include <signal.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

typedef struct shaky_file {
    sqlite3_file base;
    sqlite3_file *real;
} shaky_file;

static sqlite3_vfs layer;
static sqlite3_vfs *below;
static sqlite3_io_methods methods;
static shaky_how how;
static long at, calls;

void shaky_arm(shaky_how h, long n)
{
    how = h;
    at = n;
    calls = 0;
}

long shaky_calls(void)
{
    return calls;
}

static void stop(void)
{
    raise(SIGKILL);
    abort();
}

/* Before a call: whether it is the one, and fails. */
static bool fails(void)
{
    const bool now = calls == at, later = calls > at;

    calls++;
    if (now && (how == SHAKY_KILL || how == SHAKY_KILL_HALF))
        stop();
    return (now && how == SHAKY_FAIL) || ((now || later) && how == SHAKY_FAIL_ON);
}

static int after(int code)
{
    if (calls - 1 == at && how == SHAKY_KILL_AFTER)
        stop();
    return code;
}

static sqlite3_file *real(sqlite3_file *f)
{
    return ((shaky_file *)(void *)f)->real;
}

/* ---- calls that change something ---- */

static int on_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 offset)
{
    if (calls == at && how == SHAKY_KILL_HALF && n > 1) {
        real(f)->pMethods->xWrite(real(f), p, n / 2, offset);
        stop();
    }
    return fails() ? SQLITE_FULL
                   : after(real(f)->pMethods->xWrite(real(f), p, n, offset));
}

static int on_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    return fails() ? SQLITE_IOERR_TRUNCATE
                   : after(real(f)->pMethods->xTruncate(real(f), size));
}

/* What a killed program has written is there without it; waiting for the disk hundreds of times
 * would show nothing. */
static int on_sync(sqlite3_file *f, int flags)
{
    (void)f;
    (void)flags;
    return fails() ? SQLITE_IOERR_FSYNC : after(SQLITE_OK);
}

static int on_delete(sqlite3_vfs *v, const char *name, int sync)
{
    (void)v;
    (void)sync;
    return fails() ? SQLITE_IOERR_DELETE : after(below->xDelete(below, name, 0));
}

/* ---- all others go through ---- */

static int on_close(sqlite3_file *f)
{
    sqlite3_file *r = real(f);
    const int code = r->pMethods ? r->pMethods->xClose(r) : SQLITE_OK;

    sqlite3_free(r);
    return code;
}

static int on_read(sqlite3_file *f, void *p, int n, sqlite3_int64 offset)
{
    return real(f)->pMethods->xRead(real(f), p, n, offset);
}

static int on_size(sqlite3_file *f, sqlite3_int64 *size)
{
    return real(f)->pMethods->xFileSize(real(f), size);
}

static int on_lock(sqlite3_file *f, int kind)
{
    return real(f)->pMethods->xLock(real(f), kind);
}

static int on_unlock(sqlite3_file *f, int kind)
{
    return real(f)->pMethods->xUnlock(real(f), kind);
}

static int on_check(sqlite3_file *f, int *out)
{
    return real(f)->pMethods->xCheckReservedLock(real(f), out);
}

static int on_control(sqlite3_file *f, int op, void *arg)
{
    return real(f)->pMethods->xFileControl(real(f), op, arg);
}

static int on_sector(sqlite3_file *f)
{
    return real(f)->pMethods->xSectorSize(real(f));
}

static int on_traits(sqlite3_file *f)
{
    return real(f)->pMethods->xDeviceCharacteristics(real(f));
}

static int on_shm_map(sqlite3_file *f, int page, int size, int extend,
                      void volatile **out)
{
    return real(f)->pMethods->xShmMap(real(f), page, size, extend, out);
}

static int on_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
    return real(f)->pMethods->xShmLock(real(f), offset, n, flags);
}

static void on_shm_barrier(sqlite3_file *f)
{
    real(f)->pMethods->xShmBarrier(real(f));
}

static int on_shm_unmap(sqlite3_file *f, int remove)
{
    return real(f)->pMethods->xShmUnmap(real(f), remove);
}

static int on_open(sqlite3_vfs *v, sqlite3_filename name, sqlite3_file *f, int flags,
                   int *out)
{
    shaky_file *s = (shaky_file *)(void *)f;

    (void)v;
    s->base.pMethods = NULL;
    s->real = sqlite3_malloc(below->szOsFile);
    if (!s->real)
        return SQLITE_NOMEM;
    memset(s->real, 0, (size_t)below->szOsFile);
    const int code = below->xOpen(below, name, s->real, flags, out);

    if (code)
        sqlite3_free(s->real);
    else
        s->base.pMethods = &methods;
    return code;
}

void shaky_install(void)
{
    if (below)
        return;
    below = sqlite3_vfs_find(NULL);
    layer = *below;
    layer.zName = "shaky";
    layer.szOsFile = sizeof(shaky_file);
    layer.xOpen = on_open;
    layer.xDelete = on_delete;
    methods = (sqlite3_io_methods){ .iVersion = 2,
                                    .xClose = on_close,
                                    .xRead = on_read,
                                    .xWrite = on_write,
                                    .xTruncate = on_truncate,
                                    .xSync = on_sync,
                                    .xFileSize = on_size,
                                    .xLock = on_lock,
                                    .xUnlock = on_unlock,
                                    .xCheckReservedLock = on_check,
                                    .xFileControl = on_control,
                                    .xSectorSize = on_sector,
                                    .xDeviceCharacteristics = on_traits,
                                    .xShmMap = on_shm_map,
                                    .xShmLock = on_shm_lock,
                                    .xShmBarrier = on_shm_barrier,
                                    .xShmUnmap = on_shm_unmap };
    shaky_arm(SHAKY_COUNT, -1);
    sqlite3_vfs_register(&layer, 1);
}
