/* Whether faces of several requests are better embedded together: faces per second by how many go
 * into one run, on one thread (as a worker of the server has it). Sizes take turns, so that what
 * else the machine does falls on all of them; medians.
 *
 *   bench_batches MODEL.onnx [seconds a window] [rounds] */
#include <stdio.h>
#include <stdlib.h>

#include "kao/embedder.h"
#include "measure.h"

enum { SIDE = 112, MOST = 16, MAX_DIM = 1024, MAX_ROUNDS = 99 };

static const size_t sizes[] = { 1, 2, 4, 8, 16 };

enum { SIZES = sizeof sizes / sizeof sizes[0] };

/* Faces per second; less than 0: it failed. */
static double window(kao_embedder *e, const kao_view *chips, size_t n, double seconds,
                     float *out, kao_error *err)
{
    const double begin = now_s();
    size_t done = 0;

    while (now_s() - begin < seconds) {
        if (kao_embed(e, chips, n, KAO_TTA_NONE, out, err))
            return -1;
        done += n;
    }
    return (double)done / (now_s() - begin);
}

static int measure(kao_embedder *e, double seconds, int rounds, kao_error *err)
{
    static uint8_t pixels[MOST][SIDE * SIDE * 3];
    static float out[MOST * MAX_DIM];
    static double rate[SIZES][MAX_ROUNDS];
    kao_view chips[MOST];

    for (size_t i = 0; i < MOST; i++) {
        for (size_t k = 0; k < sizeof pixels[i]; k++)
            pixels[i][k] = (uint8_t)(k * (7 + i) / 3);
        const kao_image image = { .rgb = pixels[i],
                                  .width = SIDE,
                                  .height = SIDE,
                                  .row_bytes = (size_t)SIDE * 3 };

        chips[i] = kao_image_view(&image);
    }
    for (int r = 0; r < rounds; r++)
        for (size_t s = 0; s < SIZES; s++) {
            rate[s][r] = window(e, chips, sizes[s], seconds, out, err);
            if (rate[s][r] < 0)
                return 1;
        }
    puts("faces_a_run,faces_per_second");
    for (size_t s = 0; s < SIZES; s++) {
        qsort(rate[s], (size_t)rounds, sizeof rate[s][0], by_value);
        printf("%zu,%.1f\n", sizes[s], rate[s][rounds / 2]);
    }
    return 0;
}

int main(int argc, char **argv)
{
    const double seconds = argc > 2 ? strtod(argv[2], NULL) : .5;
    const int rounds = argc > 3 ? atoi(argv[3]) : 9;
    const kao_context_options o = { .n_threads = 1 };
    kao_context *ctx = NULL;
    kao_model *model = NULL;
    kao_embedder *e = NULL;
    kao_error err = { 0 };

    if (argc < 2 || !(seconds > 0) || rounds < 1 || rounds > MAX_ROUNDS) {
        fputs("usage: bench_batches MODEL.onnx [seconds a window] [rounds]\n", stderr);
        return 2;
    }
    if (kao_context_create(&ctx, &o, &err) ||
        kao_model_open(ctx, &model, argv[1], &err) ||
        kao_embedder_create(model, &e, NULL, &err) ||
        kao_embedder_dim(e, KAO_TTA_NONE) > MAX_DIM ||
        measure(e, seconds, rounds, &err))
        fprintf(stderr, "bench_batches: %s\n", err.msg);
    kao_embedder_destroy(e);
    kao_model_release(model);
    kao_context_destroy(ctx);
    return err.code != KAO_OK;
}
