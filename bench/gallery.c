/* The search in a gallery of many people, beside the time that reading its 8-bit rows takes.
 *
 *   bench_gallery FOLDER DIM THREADS [windows]     every figure, windows by turns
 *   bench_gallery FOLDER DIM THREADS ask           a window for each line of the input
 *
 * FOLDER has vectors.f32 and queries.f32, one vector behind the other (peers/gallery.py makes
 * them), and gets people.kao, a person for each vector, where it is missing. A window is half a
 * second of
 *
 *   read    one thread, or THREADS, reads the rows' bytes, as fast as it can
 *   1, 64   a search for the best 10 by one query after the other, by 64 in one call
 *   enrol   somebody is enrolled, and found (not by itself: it changes the gallery)
 *   best    the numbers of the best 10 of each query, once
 *
 * and gives milliseconds a query. KAO_GALLERY_KEY_FILE: people.kao has been encrypted by it (kao gallery
 * encrypt). */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "gallery/gallery.h"
#include "measure.h"

enum { K = 10, BATCH = 64, MOST_WINDOWS = 99, PATH_BYTES = 4096 };

typedef struct bench {
    kao_context *ctx;
    kao_gallery *g;
    uint32_t dim;
    kao_file vectors, queries;
    size_t n, n_queries;
    char path[PATH_BYTES];
    size_t at; /* the next query */
    kao_error err;
} bench;

static int tell(const bench *b, const char *what)
{
    fprintf(stderr, "%s: %s\n", what, b->err.msg);
    return 1;
}

/* ---- the gallery ---- */

static kao_status add_people(bench *b)
{
    kao_db *db = b->g->db;
    kao_error *err = &b->err;
    const size_t bytes = b->dim * sizeof(float);
    kao_status st = kao_db_begin(db, err);

    if (st)
        return st;
    st = kao_db_run(
        db, err, "INSERT INTO model(id, name, dim, tta) VALUES('bench', 'bench', ?, 0)",
        "i", (int64_t)b->dim);
    if (!st)
        st = kao_db_run(db, err,
                        "INSERT INTO change(time, action, detail, token) VALUES(0, "
                        "'enrol', '', random())",
                        "");
    if (!st)
        st = kao_db_run(
            db, err,
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < "
            "?) INSERT INTO person(name, created) SELECT 'person ' || i, 0 FROM n",
            "i", (int64_t)b->n);
    if (!st)
        st =
            kao_db_run(db, err,
                       "INSERT INTO sample(id, person, time, changed) SELECT lower(hex("
                       "randomblob(18))), number, 0, 1 FROM person ORDER BY number",
                       "");
    for (size_t i = 0; !st && i < b->n; i++)
        st = kao_db_run(db, err, "INSERT INTO vector VALUES(?, 1, ?)", "ib",
                        (int64_t)i + 1, b->vectors.bytes.p + i * bytes, bytes);
    if (!st)
        return kao_db_commit(db, err);
    kao_db_rollback(db);
    return st;
}

static kao_status open_gallery(bench *b)
{
    const char *file = getenv("KAO_GALLERY_KEY_FILE");
    uint8_t key[KAO_GALLERY_KEY];
    const kao_gallery_options o = { .create = 1, .key = file ? key : NULL };
    kao_status st = file ? kao_gallery_key_read(file, key, NULL, &b->err) : KAO_OK;

    if (!st)
        st = kao_gallery_open(b->ctx, &b->g, b->path, &o, &b->err);
    if (st || b->g->n_models > 0)
        return st;
    st = add_people(b);
    kao_gallery_close(b->g);
    return st ? st : kao_gallery_open(b->ctx, &b->g, b->path, &o, &b->err);
}

/* ---- windows ---- */

static kao_status search(bench *b, size_t n, kao_match *matches, size_t *counts)
{
    const float *q = (const float *)(const void *)b->queries.bytes.p;

    if (b->at + n > b->n_queries)
        b->at = 0;
    matches[0].size = sizeof *matches;
    const kao_status st = kao_gallery_search_many(b->g, 0, q + b->at * b->dim, n, K,
                                                  matches, counts, &b->err);

    b->at += n;
    return st;
}

static void read_chunk(void *arg, size_t chunk, uint32_t worker)
{
    const kao_store *b = arg;
    const uint64_t *p = (const uint64_t *)(const void *)b->chunks[chunk].bytes;
    uint64_t sum[16] = { 0 };

    (void)worker;
    for (size_t i = 0; i < KAO_STORE_ROWS * b->size / sizeof *p; i += 16)
        for (size_t k = 0; k < 16; k++)
            sum[k] |= p[i + k];
    for (size_t k = 0; k < 16; k++)
        __asm__ volatile("" : : "r"(sum[k])); /* it is read, and not thought away */
}

/* Milliseconds a query of half a second; below 0: it failed. */
static double window(bench *b, const char *what)
{
    static kao_match matches[BATCH * K];
    size_t counts[BATCH], n = 0;
    const size_t batch = strcmp(what, "64") == 0 ? BATCH : 1;
    kao_status st = KAO_OK;
    double begin = now_s();

    /* the first call is not timed: what ran before has taken the caches */
    for (bool first = true; !st && (first || n == 0 || now_s() - begin < .5);
         first = false) {
        if (strcmp(what, "read") == 0)
            kao_pool_run(b->ctx->pool, read_chunk, &b->g->index.stores[0],
                         b->g->index.stores[0].n_chunks);
        else
            st = search(b, batch, matches, counts);
        n += first ? 0 : batch;
        begin = first ? now_s() : begin;
    }
    return st ? -1 : 1e3 * (now_s() - begin) / (double)n;
}

static kao_status tell_best(bench *b)
{
    static kao_match matches[BATCH * K];
    size_t counts[BATCH];

    b->at = 0;
    const kao_status st = search(b, BATCH, matches, counts);

    for (size_t q = 0; !st && q < BATCH; q++) {
        for (size_t i = 0; i < counts[q]; i++)
            printf("%s%lld", i ? " " : "", (long long)matches[q * K + i].person - 1);
        printf("\n");
    }
    fflush(stdout);
    return st;
}

static kao_status tell_enrol(bench *b)
{
    static kao_match matches[BATCH * K];
    const float *const v[] = { (const float *)(const void *)b->queries.bytes.p };
    kao_new_sample s = { .size = sizeof s, .vectors = v, .quality = NAN };
    size_t n = 0;
    int64_t person = 0;
    const double begin = now_s();
    kao_status st = kao_gallery_enrol(b->g, &person, "new", &s, 1, &b->err);
    const double enrolled = now_s();

    matches[0].size = sizeof *matches;
    if (!st)
        st = kao_gallery_search(b->g, 0, v[0], 1, matches, &n, &b->err);
    const double found = now_s();

    if (!st)
        printf("enrol %.3f ms, the next search %.3f ms: %s\n", 1e3 * (enrolled - begin),
               1e3 * (found - enrolled),
               n && matches[0].person == person ? "found" : "NOT FOUND");
    return st ? st : kao_gallery_remove_person(b->g, person, &b->err);
}

static int answer(bench *b)
{
    char line[32];

    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        if (strcmp(line, "best") == 0) {
            if (tell_best(b))
                return tell(b, "best");
            continue;
        }
        const double ms = window(b, line);

        if (ms < 0)
            return tell(b, line);
        printf("%.4f\n", ms);
        fflush(stdout);
    }
    return 0;
}

static int run_all(bench *b, int windows)
{
    static const char *const whats[] = { "read", "1", "64" };
    enum { N = sizeof whats / sizeof whats[0] };
    double ms[N][MOST_WINDOWS], share[MOST_WINDOWS];

    for (int w = 0; w < windows; w++)
        for (size_t i = 0; i < N; i++) {
            ms[i][w] = window(b, whats[i]);
            if (ms[i][w] < 0)
                return tell(b, whats[i]);
        }
    for (int w = 0; w < windows; w++)
        share[w] = ms[1][w] / ms[0][w];
    qsort(share, (size_t)windows, sizeof share[0], by_value);
    for (size_t i = 0; i < N; i++) {
        qsort(ms[i], (size_t)windows, sizeof ms[i][0], by_value);
        printf("%-5s %u threads: %.3f ms, the best window %.3f\n", whats[i],
               kao_context_threads(b->ctx), ms[i][windows / 2], ms[i][0]);
    }
    printf("one query takes %.3f times as long as reading (%.3f to %.3f)\n",
           share[windows / 2], share[0], share[windows - 1]);
    return tell_enrol(b) ? tell(b, "enrol") : 0;
}

static kao_status load(bench *b, const char *folder, const char *name, kao_file *f)
{
    char path[PATH_BYTES];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    return kao_file_open(f, &b->ctx->mem, path, SIZE_MAX / 2, &b->err);
}

static int count_person(void *user, const kao_person *p)
{
    *(size_t *)user += p->name != NULL;
    return 0;
}

/* From a closed gallery to the first answer, and to the names of all. */
static int time_opening(bench *b, bool say)
{
    size_t n_named = 0;
    static kao_match matches[BATCH * K];
    size_t counts[BATCH];
    const double begin = now_s();

    if (open_gallery(b))
        return tell(b, b->path);
    const double opened = now_s();

    if (search(b, 1, matches, counts))
        return tell(b, "search");
    const double answered = now_s();

    if (kao_gallery_people(b->g, NULL, count_person, &n_named, &b->err))
        return tell(b, "people");
    if (say)
        printf(
            "opened in %.3f ms, the first answer after %.3f ms; %zu names in %.3f ms\n",
            1e3 * (opened - begin), 1e3 * (answered - begin), n_named,
            1e3 * (now_s() - answered));
    return 0;
}

int main(int argc, char **argv)
{
    bench b = { .dim = argc > 3 ? (uint32_t)strtoul(argv[2], NULL, 10) : 0 };
    const bool asks = argc > 4 && strcmp(argv[4], "ask") == 0;
    const int windows = argc > 4 && !asks ? atoi(argv[4]) : 11;

    if (b.dim < 1 || windows < 1 || windows > MOST_WINDOWS) {
        fprintf(stderr, "usage: bench_gallery FOLDER DIM THREADS [windows|ask]\n");
        return 2;
    }
    const kao_context_options o = { .n_threads = (uint32_t)strtoul(argv[3], NULL, 10),
                                    .cpu = getenv("KAO_CPU") };

    snprintf(b.path, sizeof b.path, "%s/people.kao", argv[1]);
    if (kao_context_create(&b.ctx, &o, &b.err) ||
        load(&b, argv[1], "vectors.f32", &b.vectors) ||
        load(&b, argv[1], "queries.f32", &b.queries))
        return tell(&b, argv[1]);
    b.n = b.vectors.bytes.n / sizeof(float) / b.dim;
    b.n_queries = b.queries.bytes.n / sizeof(float) / b.dim;
    int status = time_opening(&b, false); /* makes what is missing */

    kao_gallery_close(b.g);
    if (!status)
        status = time_opening(&b, !asks);
    if (!status)
        status = asks ? answer(&b) : run_all(&b, windows);
    kao_gallery_close(b.g);
    kao_file_close(&b.vectors);
    kao_file_close(&b.queries);
    kao_context_destroy(b.ctx);
    return status;
}
