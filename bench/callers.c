/* Callers that embed at the same time, on one context or on one each: runs per second of
 * all of them together. Each case is measured several times in turn, so that what else the
 * machine does falls on all of them; the best round counts.
 *
 *   bench_callers MODEL.onnx [seconds a round] [rounds] */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "kao/embedder.h"
#include "measure.h"

enum { SIDE = 112, MAX_CALLERS = 4, MAX_DIM = 1024 };

typedef struct callers_case {
    const char *what;
    uint32_t n_callers, n_threads; /* of a context */
    bool own;                      /* a context for each caller */
    double best;
} callers_case;

typedef struct caller {
    kao_embedder *embedder;
    const kao_view *chip;
    atomic_bool *stop;
    size_t n_runs;
    kao_status st;
} caller;

static void *call(void *arg)
{
    caller *c = arg;
    float out[MAX_DIM];

    while (!c->st && !atomic_load(c->stop)) {
        c->st = kao_embed(c->embedder, c->chip, 1, KAO_TTA_NONE, out, NULL);
        c->n_runs++;
    }
    return NULL;
}

/* Runs per second, or less than 0. */
static double run_callers(caller *callers, uint32_t n, double seconds)
{
    const struct timespec pause = { (time_t)seconds,
                                    (long)((seconds - (double)(time_t)seconds) * 1e9) };
    atomic_bool stop = false;
    pthread_t threads[MAX_CALLERS];
    size_t n_runs = 0;
    bool ok = true;
    const double begin = now_s();

    for (uint32_t i = 0; i < n; i++) {
        callers[i].stop = &stop;
        callers[i].n_runs = 0;
        ok = pthread_create(&threads[i], NULL, call, &callers[i]) == 0 && ok;
    }
    nanosleep(&pause, NULL);
    atomic_store(&stop, true);
    for (uint32_t i = 0; i < n; i++) {
        pthread_join(threads[i], NULL);
        ok = ok && callers[i].st == KAO_OK;
        n_runs += callers[i].n_runs;
    }
    return ok ? (double)n_runs / (now_s() - begin) : -1;
}

static kao_status measure(callers_case *k, const char *path, double seconds,
                          kao_error *err)
{
    static uint8_t pixels[SIDE * SIDE * 3];
    const kao_image image = {
        .rgb = pixels, .width = SIDE, .height = SIDE, .row_bytes = (size_t)SIDE * 3
    };
    const kao_view chip = kao_image_view(&image);
    const kao_context_options o = { .n_threads = k->n_threads };
    kao_context *contexts[MAX_CALLERS] = { NULL };
    caller callers[MAX_CALLERS] = { 0 };
    float out[MAX_DIM];
    kao_status st = KAO_OK;

    for (size_t i = 0; i < sizeof pixels; i++)
        pixels[i] = (uint8_t)(i * 7919 % 251);
    for (uint32_t i = 0; !st && i < k->n_callers; i++) {
        kao_model *model = NULL;

        callers[i].chip = &chip;
        if (i == 0 || k->own)
            st = kao_context_create(&contexts[i], &o, err);
        if (!st)
            st = kao_model_open(contexts[k->own ? i : 0], &model, path, err);
        if (!st)
            st = kao_embedder_create(model, &callers[i].embedder, NULL, err);
        kao_model_release(model);
        if (!st && kao_embedder_dim(callers[i].embedder, KAO_TTA_NONE) > MAX_DIM) {
            snprintf(err->msg, sizeof err->msg, "vectors of over %d numbers", MAX_DIM);
            st = KAO_E_LIMIT;
        }
        if (!st)
            st = kao_embed(callers[i].embedder, &chip, 1, KAO_TTA_NONE, out, err);
    }
    const double rate = st ? -1 : run_callers(callers, k->n_callers, seconds);

    k->best = rate > k->best ? rate : k->best;
    for (uint32_t i = 0; i < k->n_callers; i++)
        kao_embedder_destroy(callers[i].embedder);
    for (uint32_t i = 0; i < k->n_callers; i++)
        kao_context_destroy(contexts[i]);
    return st;
}

int main(int argc, char **argv)
{
    callers_case cases[] = {
        { "1 caller, 1 thread", 1, 1, false, 0 },
        { "1 caller, 2 threads", 1, 2, false, 0 },
        { "2 callers on a context of 2 threads", 2, 2, false, 0 },
        { "2 callers, a context of 1 thread each", 2, 1, true, 0 },
        { "2 callers, a context of 2 threads each", 2, 2, true, 0 },
        { "1 caller, 8 threads", 1, 8, false, 0 },
    };
    const size_t n = sizeof cases / sizeof cases[0];
    const double seconds = argc > 2 ? atof(argv[2]) : 1;
    const int rounds = argc > 3 ? atoi(argv[3]) : 5;
    kao_error err = { 0 };

    if (argc < 2 || seconds <= 0) {
        fprintf(stderr, "usage: bench_callers MODEL.onnx [seconds a round] [rounds]\n");
        return 2;
    }
    for (int r = 0; r < rounds; r++)
        for (size_t i = 0; i < n; i++)
            if (measure(&cases[i], argv[1], seconds, &err)) {
                fprintf(stderr, "%s\n", err.msg);
                return 1;
            }
    for (size_t i = 0; i < n; i++)
        printf("%-40s %7.0f runs/s\n", cases[i].what, cases[i].best);
    return 0;
}
