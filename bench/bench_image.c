/* Image work, one thread: the rows of docs' image table. Usage: bench_image
 *
 * Pictures are made here: smooth waves with some noise, so that a JPEG has a
 * photograph's size. Each row is the median of many runs. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "image/resize.h"
#include "image/tensor.h"
#include "image/warp.h"

enum { MAX_RUNS = 200 };

typedef struct bench {
    kao_context *ctx;
    kao_image src, dst;
    kao_image_options options;
    uint8_t *bytes;
    size_t n_bytes;
    float *tensor;
} bench;

static double now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void row(const char *name, void (*run)(bench *), bench *b)
{
    double ms[MAX_RUNS];
    size_t n = 0;

    run(b);
    for (double begin = now_ms(); n < MAX_RUNS && (n < 5 || now_ms() - begin < 500);
         n++) {
        const double t = now_ms();

        run(b);
        ms[n] = now_ms() - t;
    }
    qsort(ms, n, sizeof ms[0], by_value);
    printf("%-44s %8.3f ms   (least %.3f)\n", name, ms[n / 2], ms[0]);
}

static void must(kao_status st, const kao_error *err)
{
    if (st) {
        fprintf(stderr, "bench_image: %s\n", err->msg);
        exit(4);
    }
}

static void make(bench *b, kao_image *m, uint32_t w, uint32_t h)
{
    kao_error err;
    uint32_t s = 1;

    kao_image_free(b->ctx, m);
    must(kao_image_create(b->ctx, w, h, m, &err), &err);
    for (uint32_t y = 0; y < h; y++)
        for (uint32_t x = 0; x < w * 3; x++) {
            s = s * 1664525u + 1013904223u;
            m->rgb[(size_t)y * m->row_bytes + x] =
                (uint8_t)(128 + 60 * sin(x / 3 * 0.02) + 40 * cos(y * 0.05 + x % 3) +
                          (s >> 28));
        }
}

static void run_decode(bench *b)
{
    kao_error err;
    kao_image m;

    must(kao_image_decode(b->ctx, b->bytes, b->n_bytes, &b->options, &m, &err), &err);
    kao_image_free(b->ctx, &m);
}

static void run_resize(bench *b)
{
    kao_error err;

    const kao_view view = kao_image_view(&b->src);

    must(kao_image_resize(b->ctx, &view, &b->dst, &err), &err);
}

static void run_warp(bench *b)
{
    static const double m[6] = { 0.57196736,  0.05836882, -36.55148272,
                                 -0.05836882, 0.57196736, 4.28211067 };

    const kao_view view = kao_image_view(&b->src);

    kao_warp(&view, m, &b->dst);
}

static void run_tensor(bench *b)
{
    const kao_tensor_form form = { .mean = { 127.5f, 127.5f, 127.5f },
                                   .scale = { 1 / 128.0f, 1 / 128.0f, 1 / 128.0f } };

    const kao_view view = kao_image_view(&b->src);

    kao_view_to_tensor(&view, &form, b->tensor);
}

static void decode_rows(bench *b, kao_image_format format, const char *name,
                        uint32_t quality)
{
    kao_error err;
    char text[96];

    kao_image_free_bytes(b->ctx, b->bytes);
    must(kao_image_encode(b->ctx, &b->src, format, quality, &b->bytes, &b->n_bytes,
                          &err),
         &err);
    for (uint32_t side = 0; side <= 960; side = side ? side * 2 : 240) {
        b->options.max_side = side;
        snprintf(text, sizeof text, "%s %ux%u, %zu KB, max_side %u", name, b->src.width,
                 b->src.height, b->n_bytes / 1000, side);
        row(text, run_decode, b);
        if (format != KAO_IMAGE_JPEG)
            break;
    }
}

int main(void)
{
    const kao_context_options options = { .n_threads = 1 };
    bench b = { 0 };
    kao_error err;

    must(kao_context_create(&b.ctx, &options, &err), &err);
    b.tensor = calloc((size_t)640 * 640 * 3, sizeof(float));
    make(&b, &b.src, 1920, 1080);
    decode_rows(&b, KAO_IMAGE_JPEG, "JPEG", 85);
    decode_rows(&b, KAO_IMAGE_PNG, "PNG", 0);
    make(&b, &b.dst, 640, 360);
    row("resize 1920x1080 -> 640x360", run_resize, &b);
    make(&b, &b.dst, 600, 338);
    row("resize 1920x1080 -> 600x338", run_resize, &b);
    make(&b, &b.dst, 2400, 1350);
    row("resize 1920x1080 -> 2400x1350", run_resize, &b);
    make(&b, &b.src, 4000, 3000);
    make(&b, &b.dst, 640, 480);
    row("resize 4000x3000 -> 640x480", run_resize, &b);
    make(&b, &b.src, 640, 360);
    make(&b, &b.dst, 320, 180);
    row("resize 640x360 -> 320x180", run_resize, &b);
    make(&b, &b.dst, 112, 112);
    row("warp 112x112", run_warp, &b);
    make(&b, &b.src, 640, 640);
    row("640x640 -> f32, planar", run_tensor, &b);
    kao_image_free(b.ctx, &b.src);
    kao_image_free(b.ctx, &b.dst);
    kao_image_free_bytes(b.ctx, b.bytes);
    kao_context_destroy(b.ctx);
    free(b.tensor);
    return 0;
}
