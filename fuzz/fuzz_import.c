/* Lines of an exported gallery, read into one of a single model of two numbers: what was read is counted,
 * what is not has a line, and the gallery is whole. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/context.h"
#include "base/gallery_form.h"
#include "gallery/db.h"
#include "target.h"

enum { RUNS = 200 }; /* of one gallery; then another one, so that it stays small */

static char folder[64], path[80];
static kao_context *ctx;
static kao_gallery *gallery;
static size_t live; /* blocks of the context alone */

static void remove_files(void)
{
    static const char *const ends[] = { "", "-wal", "-shm", "-index1" };
    char name[96];

    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        snprintf(name, sizeof name, "%s%s", path, ends[i]);
        unlink(name);
    }
}

static void clean_up(void)
{
    remove_files();
    rmdir(folder);
}

static void start(void)
{
    const kao_context_options one_thread = { .n_threads = 1 };

    snprintf(folder, sizeof folder, "%s/kao-fuzz-XXXXXX",
             access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    FUZZ_CHECK(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/g", folder);
    atexit(clean_up);
    FUZZ_CHECK(kao_context_create(&ctx, &one_thread, NULL) == KAO_OK);
    live = atomic_load(&ctx->mem.live);
}

static void begin_gallery(void)
{
    const kao_gallery_options create = { .create = 1 };
    const kao_db_options wait = { .wait_ms = 1000 };
    kao_db *db = NULL;
    kao_error err;

    remove_files();
    FUZZ_CHECK(kao_gallery_open(ctx, &gallery, path, &create, &err) == KAO_OK);
    kao_gallery_close(gallery);
    FUZZ_CHECK(kao_db_open(&ctx->mem, &db, path, &wait, &err) == KAO_OK);
    FUZZ_CHECK(
        kao_db_run(db, &err,
                   "INSERT INTO model(number, id, name, dim, tta) VALUES(1, 'made', "
                   "'made', 2, 0)",
                   "") == KAO_OK);
    kao_db_close(db);
    FUZZ_CHECK(kao_gallery_open(ctx, &gallery, path, NULL, &err) == KAO_OK);
}

static void end_gallery(void)
{
    kao_error err;

    FUZZ_CHECK(kao_gallery_verify(gallery, &err) == KAO_OK);
    kao_gallery_close(gallery);
    gallery = NULL;
    FUZZ_CHECK(atomic_load(&ctx->mem.live) == live);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static int runs;
    kao_gallery_stats before = { .size = sizeof before }, after = before;
    kao_error err = { 0 };
    kao_moved moved;
    kao_mem mem;

    if (!ctx)
        start();
    if (!gallery)
        begin_gallery();
    kao_mem_init(&mem, NULL);
    FUZZ_CHECK(kao_gallery_stats_of(gallery, &before, NULL) == KAO_OK);
    const kao_status st =
        kao_form_read(&mem, gallery, NULL, "lines", data, n, NULL, &moved, &err);

    FUZZ_CHECK(!st || (err.code == st && err.msg[0] && !strchr(err.msg, '\n')));
    FUZZ_CHECK(kao_gallery_stats_of(gallery, &after, NULL) == KAO_OK);
    FUZZ_CHECK(after.n_samples == before.n_samples + moved.samples);
    FUZZ_CHECK(after.n_people >= before.n_people + moved.people);
    FUZZ_CHECK(atomic_load(&mem.live) == 0);
    if (++runs % RUNS == 0)
        end_gallery();
    return 0;
}
