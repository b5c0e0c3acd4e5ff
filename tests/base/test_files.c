/* Whole files in and out, and the .npy format. */
#include "support/unit.h"

#include <dirent.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/npy.h"
#include "base/shared.h"
#include "support/fixture.h"
#include "support/shared.h"

/* In place of the C library's, so that it can be a mount on which modes cannot be set. */
static bool modes_are_fixed;

int fchmod(int fd, mode_t mode)
{
    char path[40];

    if (modes_are_fixed) {
        errno = EPERM;
        return -1;
    }
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    return chmod(path, mode);
}

/* ---- files ---- */

static void read_and_write(void **state)
{
    static const size_t sizes[] = { 0, 1, 4095, 70000 };
    fixture *f = *state;
    kao_mem *mem = &f->ctx->mem;
    static uint8_t bytes[70000];
    char path[400];
    kao_file file;

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 31 / 7);
    path_of(path, sizeof path, f->dir, "data");
    for (size_t i = 0; i < COUNT(sizes); i++) { /* new, then replaced */
        assert_int_equal(kao_file_write(mem, path, bytes, sizes[i], NULL), KAO_OK);
        assert_int_equal(kao_file_open(&file, mem, path, sizeof bytes, NULL), KAO_OK);
        assert_int_equal(file.bytes.n, sizes[i]);
        assert_memory_equal(file.bytes.p, bytes, sizes[i]);
        kao_file_close(&file);
        kao_file_close(&file);
    }
    assert_int_equal(kao_file_open(&file, mem, path, 69999, &f->err), KAO_E_LIMIT);
    assert_non_null(strstr(f->err.msg, "70000 bytes, at most 69999"));
    assert_null(file.bytes.p);
    assert_int_equal(kao_file_open(&file, mem, f->dir, 10, &f->err), KAO_E_IO);
    assert_int_equal(f->err.sys, EISDIR);
    assert_int_equal(kao_file_open(&file, mem, "/no/such/file", 10, &f->err), KAO_E_IO);
    assert_int_equal(f->err.sys, ENOENT);
    assert_non_null(strstr(f->err.msg, "/no/such/file: No such file"));
}

static size_t files_in(const char *dir)
{
    DIR *d = opendir(dir);
    size_t n = 0;

    assert_non_null(d);
    while (readdir(d))
        n++;
    closedir(d);
    return n;
}

static void old_file_survives(void **state)
{
    fixture *f = *state;
    kao_mem *mem = &f->ctx->mem;
    char path[400], inside[600];
    int undone = 0, n_steps = 0;
    kao_file file;

    path_of(path, sizeof path, f->dir, "kept");
    assert_int_equal(kao_file_write(mem, path, "old", 3, NULL), KAO_OK);
    const size_t n = files_in(f->dir);

    for (unsigned i = 0;; i++) {
        kao_fault_arm(mem, KAO_FAULT_IO, i);
        const kao_status st = kao_file_write(mem, path, "fresh", 5, &f->err);

        if (!kao_fault_disarm(mem, KAO_FAULT_IO)) {
            assert_int_equal(st, KAO_OK);
            break;
        }
        assert_int_equal(st, KAO_E_IO);
        assert_int_equal(f->err.sys, EIO);
        assert_int_equal(files_in(f->dir), n); /* nothing lies beside it */
        assert_int_equal(kao_file_open(&file, mem, path, 10, NULL), KAO_OK);
        if (strstr(f->err.msg, "a crash may undo it")) { /* the last step, once */
            assert_true(file.bytes.n == 5 && !undone++);
            assert_int_equal(kao_file_write(mem, path, "old", 3, NULL), KAO_OK);
        } else {
            assert_true(file.bytes.n == 3 && memcmp(file.bytes.p, "old", 3) == 0);
        }
        kao_file_close(&file);
        n_steps++;
    }
    /* folder opened, file made, its mode, written, synced, renamed, folder synced */
    assert_int_equal(n_steps, 7);
    assert_int_equal(undone, 1);
    assert_int_equal(files_in(f->dir), n);
    assert_int_equal(
        kao_file_write(mem, path_of(inside, sizeof inside, path, "x"), "", 0, &f->err),
        KAO_E_IO);
    assert_int_equal(f->err.sys, ENOTDIR);
}

static void folders_come_with_those_above(void **state)
{
    fixture *f = *state;
    char path[400], deep[600];
    struct stat info;

    path_of(path, sizeof path, f->dir, "a 顔");
    path_of(deep, sizeof deep, path, "b/c");
    for (int i = 0; i < 2; i++) /* again: it is there */
        assert_int_equal(kao_folder_make(deep, 0700, &f->err), KAO_OK);
    assert_int_equal(stat(deep, &info), 0);
    assert_true(S_ISDIR(info.st_mode) && (info.st_mode & 0777) == 0700);
    assert_int_equal(kao_folder_make("", 0700, &f->err), KAO_E_ARG);
    path_of(deep, sizeof deep, path, "file");
    assert_int_equal(kao_file_write(&f->ctx->mem, deep, "x", 1, NULL), KAO_OK);
    assert_int_equal(kao_folder_make(deep, 0700, &f->err), KAO_E_IO);
    assert_int_equal(f->err.sys, ENOTDIR);
    strcat(deep, "/d");
    assert_int_equal(kao_folder_make(deep, 0700, &f->err), KAO_E_IO);
    assert_int_equal(f->err.sys, ENOTDIR);
    assert_non_null(strstr(f->err.msg, deep));
}

static unsigned mode_of(const char *path)
{
    struct stat info;

    assert_int_equal(stat(path, &info), 0);
    return info.st_mode & 07777;
}

static void expect_content(kao_mem *mem, const char *path, const char *want)
{
    kao_file file;

    assert_int_equal(kao_file_open(&file, mem, path, 100, NULL), KAO_OK);
    assert_int_equal(file.bytes.n, strlen(want));
    assert_memory_equal(file.bytes.p, want, strlen(want));
    kao_file_close(&file);
}

/* Whose size cannot be told: nothing is written over, and nothing is said to be. */
static void shared_of_unknown_size(void **state)
{
    fixture *f = *state;
    kao_mem *mem = &f->ctx->mem;
    char path[400];
    kao_shared file;

    path_of(path, sizeof path, f->dir, "shared");
    assert_int_equal(kao_shared_open(&file, mem, path, KAO_SHARED_NEW, NULL), KAO_OK);
    assert_int_equal(kao_shared_grow(&file, 4, path, NULL), KAO_OK);
    assert_int_equal(pwrite(file.fd, "kept", 4, 0), 4);
    kao_fault_arm(mem, KAO_FAULT_IO, 0);
    const kao_status st = kao_shared_grow(&file, 8, path, &f->err);

    assert_true(kao_fault_disarm(mem, KAO_FAULT_IO));
    expect_content(mem, path, "kept");
    assert_int_equal(st, KAO_E_IO);
    assert_int_equal(f->err.sys, EIO);
    kao_fault_arm(mem, KAO_FAULT_IO, 0);
    assert_int_equal(kao_shared_wipe(&file, path, &f->err), KAO_E_IO);
    assert_non_null(strstr(f->err.msg, "cannot be overwritten"));
    assert_true(kao_fault_disarm(mem, KAO_FAULT_IO));
    assert_int_equal(access(path, F_OK), -1);
    kao_shared_close(&file);
}

static void permissions(void **state)
{
    static const mode_t modes[] = { 0600, 0640, 0444, 0755 };
    fixture *f = *state;
    kao_mem *mem = &f->ctx->mem;
    const mode_t before = umask(027);
    char path[400];

    path_of(path, sizeof path, f->dir, "mode");
    assert_int_equal(kao_file_write(mem, path, "new", 3, NULL), KAO_OK);
    assert_int_equal(mode_of(path), 0640); /* 0666 less 027 */
    for (size_t i = 0; i < COUNT(modes); i++) {
        assert_int_equal(chmod(path, modes[i]), 0);
        assert_int_equal(kao_file_write(mem, path, "again", 5, NULL), KAO_OK);
        assert_int_equal(mode_of(path), modes[i]);
    }
    modes_are_fixed = true; /* no matter where it is the right one already */
    const kao_status differs = kao_file_write(mem, path, "other", 5, &f->err);

    assert_int_equal(chmod(path, 0600), 0);
    const kao_status same = kao_file_write(mem, path, "same", 4, NULL);

    modes_are_fixed = false;
    umask(before);
    assert_int_equal(differs, KAO_E_IO);
    assert_int_equal(f->err.sys, EPERM);
    assert_int_equal(same, KAO_OK);
    assert_int_equal(mode_of(path), 0600);
    expect_content(mem, path, "same");
}

/* What is its owner's alone becomes so, whatever the umask and an old file say. */
static void secrets(void **state)
{
    static const mode_t modes[] = { 0600, 0644, 0666, 0400 };
    fixture *f = *state;
    kao_mem *mem = &f->ctx->mem;
    const mode_t before = umask(0);
    char path[400];

    path_of(path, sizeof path, f->dir, "secret");
    assert_int_equal(kao_file_write_secret(mem, path, "new", 3, NULL), KAO_OK);
    umask(before);
    assert_int_equal(mode_of(path), 0600);
    for (size_t i = 0; i < COUNT(modes); i++) {
        assert_int_equal(chmod(path, modes[i]), 0);
        assert_int_equal(kao_file_write_secret(mem, path, "again", 5, NULL), KAO_OK);
        assert_int_equal(mode_of(path), 0600);
        expect_content(mem, path, "again");
    }
}

/* Links to a file beside, by its whole path, over another link, and to a new name. */
static void links(void **state)
{
    static const struct {
        const char *link, *to; /* to: "/" stands for the folder's path */
    } rows[] = {
        { "near", "target" },    { "far", "/target" },      { "twice", "near" },
        { "dangling", "fresh" }, { "up", "sub/../target" },
    };
    fixture *f = *state;
    kao_mem *mem = &f->ctx->mem;
    char path[400], to[400], link[400];
    struct stat info;

    path_of(path, sizeof path, f->dir, "sub");
    assert_int_equal(mkdir(path, 0700), 0);
    path_of(path, sizeof path, f->dir, "target");
    for (size_t i = 0; i < COUNT(rows); i++) {
        const bool fresh = strcmp(rows[i].to, "fresh") == 0;

        assert_int_equal(kao_file_write(mem, path, "old", 3, NULL), KAO_OK);
        path_of(to, sizeof to, f->dir, fresh ? "fresh" : "target");
        path_of(link, sizeof link, f->dir, rows[i].link);
        assert_int_equal(symlink(rows[i].to[0] == '/' ? path : rows[i].to, link), 0);
        assert_int_equal(kao_file_write(mem, link, "through", 7, &f->err), KAO_OK);
        assert_int_equal(lstat(link, &info), 0);
        assert_true(S_ISLNK(info.st_mode));
        assert_int_equal(lstat(to, &info), 0);
        assert_true(S_ISREG(info.st_mode));
        expect_content(mem, to, "through");
    }
    path_of(link, sizeof link, f->dir, "round");
    assert_int_equal(symlink("round", link), 0);
    assert_int_equal(kao_file_write(mem, link, "x", 1, &f->err), KAO_E_IO);
    assert_int_equal(f->err.sys, ELOOP);
}

/* The n-th allocation fails, with a link on the way. */
static void without_memory(void **state)
{
    fixture *f = *state;
    kao_mem *mem = &f->ctx->mem;
    char path[400], link[400];

    path_of(path, sizeof path, f->dir, "kept");
    path_of(link, sizeof link, f->dir, "to-kept");
    assert_int_equal(kao_file_write(mem, path, "old", 3, NULL), KAO_OK);
    assert_int_equal(symlink("kept", link), 0);
    kao_file file = { 0 };

    kao_fault_arm(mem, KAO_FAULT_ALLOC, 0);
    assert_int_equal(kao_file_open(&file, mem, path, 99, &f->err), KAO_E_NOMEM);
    assert_true(kao_fault_disarm(mem, KAO_FAULT_ALLOC));
    assert_non_null(strstr(f->err.msg, "out of memory"));
    for (unsigned i = 0;; i++) {
        const size_t live = atomic_load(&mem->live);

        kao_fault_arm(mem, KAO_FAULT_ALLOC, i);
        const kao_status st = kao_file_write(mem, link, "fresh", 5, &f->err);
        const bool fired = kao_fault_disarm(mem, KAO_FAULT_ALLOC);

        assert_int_equal(atomic_load(&mem->live), live);
        expect_content(mem, path, fired ? "old" : "fresh");
        assert_int_equal(st, fired ? KAO_E_NOMEM : KAO_OK);
        if (!fired)
            break;
    }
}

static void no_room_beside(void **state)
{
    fixture *f = *state;
    kao_mem *mem = &f->ctx->mem;
    char folder[400], path[600], name[256];

    path_of(path, sizeof path, f->dir, "none/file");
    assert_int_equal(kao_file_write(mem, path, "x", 1, &f->err), KAO_E_IO);
    assert_non_null(strstr(f->err.msg, "none/file: no file can be made in "));
    assert_int_equal(f->err.sys, ENOENT);
    memset(name, 'n', 255); /* the longest name: the one beside must not be longer */
    name[255] = '\0';
    path_of(path, sizeof path, f->dir, name);
    assert_int_equal(kao_file_write(mem, path, "x", 1, &f->err), KAO_OK);
    expect_content(mem, path, "x");
    /* more threads than -j has may be writing into one folder */
    for (int i = 0; i < 1100; i++) {
        snprintf(name, sizeof name, ".kao-%u-%d", (unsigned)getpid(), i);
        path_of(path, sizeof path, f->dir, name);
        write_file(path, "other's", 7);
    }
    path_of(path, sizeof path, f->dir, "crowded");
    assert_int_equal(kao_file_write(mem, path, "x", 1, &f->err), KAO_OK);
    expect_content(mem, path, "x");
    for (int i = 0; i < 1100; i++) {
        snprintf(name, sizeof name, ".kao-%u-%d", (unsigned)getpid(), i);
        path_of(path, sizeof path, f->dir, name);
        expect_content(mem, path, "other's");
        assert_int_equal(unlink(path), 0);
    }
    if (geteuid() == 0) /* may write everywhere */
        return;
    path_of(folder, sizeof folder, f->dir, "locked");
    assert_int_equal(mkdir(folder, 0700), 0);
    path_of(path, sizeof path, folder, "file");
    assert_int_equal(kao_file_write(mem, path, "old", 3, NULL), KAO_OK);
    assert_int_equal(chmod(folder, 0500), 0);
    const kao_status st = kao_file_write(mem, path, "new", 3, &f->err);

    assert_int_equal(chmod(folder, 0700), 0);
    assert_int_equal(st, KAO_E_IO);
    assert_int_equal(f->err.sys, EACCES);
    expect_content(mem, path, "old");
}

/* A descriptor's file is not replaced but added to, also over a link of one's own. */
static void descriptors(void **state)
{
    fixture *f = *state;
    kao_mem *mem = &f->ctx->mem;
    char path[400], name[64], link[400];
    struct stat before, after;

    path_of(path, sizeof path, f->dir, "open");
    path_of(link, sizeof link, f->dir, "to-open");
    assert_int_equal(kao_file_write(mem, path, "a", 1, NULL), KAO_OK);
    FILE *p = fopen(path, "ab");

    assert_non_null(p);
    assert_int_equal(fstat(fileno(p), &before), 0);
    snprintf(name, sizeof name, "/proc/self/fd/%d", fileno(p));
    assert_int_equal(kao_file_write(mem, name, "b", 1, &f->err), KAO_OK);
    snprintf(name, sizeof name, "/dev/fd/%d", fileno(p));
    assert_int_equal(symlink(name, link), 0);
    assert_int_equal(kao_file_write(mem, link, "c", 1, &f->err), KAO_OK);
    fclose(p);
    assert_int_equal(stat(path, &after), 0);
    assert_true(before.st_ino == after.st_ino);
    expect_content(mem, path, "abc");
}

typedef struct feeder {
    const char *path;
    size_t n;
} feeder;

static void *feed(void *arg)
{
    const feeder *x = arg;
    FILE *p = fopen(x->path, "wb");

    for (size_t i = 0; p && i < x->n; i++)
        fputc((int)(i & 255), p);
    if (p)
        fclose(p);
    return NULL;
}

static void pipes(void **state)
{
    static const size_t sizes[] = { 0, 5, 65536, 300000 };
    fixture *f = *state;
    kao_mem *mem = &f->ctx->mem;
    char path[400];

    path_of(path, sizeof path, f->dir, "pipe");
    assert_int_equal(mkfifo(path, 0600), 0);
    for (size_t i = 0; i < COUNT(sizes); i++)
        for (int fits = 0; fits < 2; fits++) {
            feeder x = { path, sizes[i] };
            pthread_t thread;
            kao_file file;

            if (!fits && sizes[i] == 0)
                continue;
            assert_int_equal(pthread_create(&thread, NULL, feed, &x), 0);
            const kao_status st = kao_file_open(
                &file, mem, path, fits ? sizes[i] : sizes[i] - 1, &f->err);

            pthread_join(thread, NULL);
            assert_int_equal(st, fits ? KAO_OK : KAO_E_LIMIT);
            if (!st) {
                assert_int_equal(file.bytes.n, sizes[i]);
                for (size_t k = 0; k < sizes[i]; k++)
                    assert_int_equal(file.bytes.p[k], k & 255);
            }
            kao_file_close(&file);
        }
    unlink(path);
    assert_int_equal(kao_file_write(mem, "/dev/null", "x", 1, NULL), KAO_OK);
    assert_int_equal(kao_file_write(mem, "/dev/full", "x", 1, &f->err), KAO_E_IO);
    assert_int_equal(f->err.sys, ENOSPC);
}

static void large_files_are_mapped(void **state)
{
    fixture *f = *state;
    char path[400];
    kao_file file;

    path_of(path, sizeof path, f->dir, "large");
    FILE *p = fopen(path, "wb");

    assert_non_null(p);
    assert_int_equal(ftruncate(fileno(p), KAO_MAP_FROM), 0); /* a hole: takes no room */
    fclose(p);
    assert_int_equal(kao_file_open(&file, &f->ctx->mem, path, KAO_MAP_FROM, NULL),
                     KAO_OK);
    assert_null(file.mem);
    assert_true(file.bytes.n == KAO_MAP_FROM && file.bytes.p[KAO_MAP_FROM - 1] == 0);
    kao_file_close(&file);
    unlink(path);
}

/* ---- .npy ---- */

/* The bytes of a file with this dictionary and n data bytes. */
static pb npy_of(int major, const char *dict, size_t n)
{
    const size_t length = strlen(dict);
    const uint8_t head[12] = { 0x93,
                               'N',
                               'U',
                               'M',
                               'P',
                               'Y',
                               (uint8_t)major,
                               0,
                               (uint8_t)length,
                               (uint8_t)(length >> 8),
                               0,
                               0 };
    pb b = { 0 };

    pb_raw(&b, head, major == 2 ? 12 : 10);
    pb_raw(&b, dict, length);
    for (size_t i = 0; i < n; i++)
        pb_raw(&b, &(uint8_t){ (uint8_t)i }, 1);
    return b;
}

static void npy_files(void **state)
{
    static const struct {
        int major;
        const char *dict;
        size_t n;
        kao_status status;
        const char *message; /* NULL: fine */
    } rows[] = {
        { 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", 24, KAO_OK,
          NULL },
        { 2, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", 24, KAO_OK,
          NULL },
        { 1, "{'shape': (2, 3), 'fortran_order': False, 'descr': '<i2'}", 12, KAO_OK,
          NULL },
        { 1, "{'shape': (2, 3), 'fortran_order': False, 'descr': '<c8'}", 48,
          KAO_E_UNSUPPORTED, "<c8" },
        { 1, "{'shape':(3,),'fortran_order':False,'descr':'|u1'}", 3, KAO_OK, NULL },
        { 1, "{'descr': '<i8', 'fortran_order': False, 'shape': ()}  \n", 8, KAO_OK,
          NULL },
        { 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 7)}", 0, KAO_OK,
          NULL },
        { 1, "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3)}", 24,
          KAO_E_UNSUPPORTED, "not in C order" },
        { 1, "{'descr': '<f4', 'shape': (2, 3)}", 24, KAO_E_UNSUPPORTED,
          "not in C order" },
        { 1, "{'fortran_order': False, 'shape': (2, 3)}", 24, KAO_E_FORMAT,
          "no plain descr" },
        { 1, "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}", 8,
          KAO_E_FORMAT, "no plain descr" },
        { 1, "{'descr': '>f4', 'fortran_order': False, 'shape': (2,)}", 8,
          KAO_E_UNSUPPORTED, ">f4" },
        { 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, -3)}", 24,
          KAO_E_FORMAT, "malformed shape" },
        { 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3", 24,
          KAO_E_FORMAT, "malformed shape" },
        { 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1)}",
          4, KAO_E_FORMAT, "malformed shape" },
        { 1,
          "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}",
          4, KAO_E_FORMAT, "malformed shape" },
        { 1,
          "{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904,4)}",
          4, KAO_E_LIMIT, "too large" },
        { 1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}", 23,
          KAO_E_FORMAT, "23 bytes of data, its shape wants 24" },
        { 3, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}", 24,
          KAO_E_UNSUPPORTED, "version 3" },
    };
    fixture *f = *state;

    for (size_t i = 0; i < COUNT(rows); i++) {
        pb b = npy_of(rows[i].major, rows[i].dict, rows[i].n);
        kao_npy npy;
        const kao_status st = kao_npy_parse(&npy, (kao_span){ b.p, b.n }, &f->err);

        if (st != rows[i].status || (st && !strstr(f->err.msg, rows[i].message)))
            fail_msg("%s: %d, %s", rows[i].dict, (int)st, f->err.msg);
        if (!st)
            assert_int_equal(npy.data.n, rows[i].n);
        pb_free(&b);
    }
}

static void npy_round_trip(void **state)
{
    static const char *const descrs[] = { "<f4", "<i8", "<i4", "|u1", "|i1", "|b1",
                                          "<f8", "<f2", "<i2", "<u8", "<u4", "<u2" };
    static const size_t sizes[] = { 4, 8, 4, 1, 1, 1, 8, 2, 2, 8, 4, 2 };
    fixture *f = *state;
    const int64_t dims[8] = { 2, 1, 3, 1, 2, 1, 1, 2 };
    uint8_t data[24 * 8], *bytes = NULL;
    size_t n = 0;

    for (size_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)i;
    for (size_t t = 0; t < COUNT(descrs); t++)
        for (int32_t rank = 0; rank <= 8; rank++) {
            kao_npy npy;
            size_t count = 1;

            for (int32_t i = 0; i < rank; i++)
                count *= (size_t)dims[i];
            assert_int_equal(kao_npy_format(&f->ctx->mem, descrs[t], dims, rank, data,
                                            &bytes, &n, NULL),
                             KAO_OK);
            assert_int_equal((n - count * sizes[t]) % 64, 0);
            assert_int_equal(kao_npy_parse(&npy, (kao_span){ bytes, n }, &f->err),
                             KAO_OK);
            assert_string_equal(npy.descr, descrs[t]);
            assert_int_equal(npy.rank, rank);
            assert_memory_equal(npy.dims, dims, (size_t)rank * sizeof dims[0]);
            assert_int_equal(npy.data.n, count * sizes[t]);
            assert_memory_equal(npy.data.p, data, npy.data.n);
            for (size_t k = 0; k < n; k++) /* every prefix */
                assert_true(kao_npy_parse(&npy, (kao_span){ bytes, k }, NULL) !=
                            KAO_OK);
            kao_free(&f->ctx->mem, bytes);
        }
    assert_int_equal(
        kao_npy_format(&f->ctx->mem, "<f4", dims, 9, data, &bytes, &n, NULL),
        KAO_E_ARG);
    assert_int_equal(
        kao_npy_format(&f->ctx->mem, "<c8", dims, 1, data, &bytes, &n, NULL),
        KAO_E_ARG);
    assert_null(bytes);
}

static void npy_damage(void **state)
{
    fixture *f = *state;
    pb b = npy_of(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }", 24);
    unsigned refused = 0, fine = 0;

    for (size_t at = 0; at < b.n; at++)
        for (int v = 0; v < 256; v += 3) {
            const uint8_t old = b.p[at];
            kao_npy npy;

            b.p[at] = (uint8_t)v;
            f->err.msg[0] = '\0';
            if (kao_npy_parse(&npy, (kao_span){ b.p, b.n }, &f->err)) {
                assert_true(f->err.msg[0] && !strchr(f->err.msg, '\n'));
                refused++;
            } else {
                assert_true(npy.data.p >= b.p && npy.data.p + npy.data.n <= b.p + b.n);
                fine++;
            }
            b.p[at] = old;
        }
    assert_true(refused > 2000 && fine > 1000);
    pb_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read_and_write),
        cmocka_unit_test(old_file_survives),
        cmocka_unit_test(folders_come_with_those_above),
        cmocka_unit_test(shared_of_unknown_size),
        cmocka_unit_test(permissions),
        cmocka_unit_test(secrets),
        cmocka_unit_test(links),
        cmocka_unit_test(without_memory),
        cmocka_unit_test(no_room_beside),
        cmocka_unit_test(descriptors),
        cmocka_unit_test(pipes),
        cmocka_unit_test(large_files_are_mapped),
        cmocka_unit_test(npy_files),
        cmocka_unit_test(npy_round_trip),
        cmocka_unit_test(npy_damage),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
