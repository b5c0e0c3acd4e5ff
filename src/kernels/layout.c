/* Layout drivers: pieces of pixels, all channels. */
#include "kernels/layout.h"

enum { PIECE_FLOATS = 32 << 10 };

typedef struct layout_job {
    const kao_kernels *k;
    const float *in;
    float *out;
    size_t c, n_pixels, stride, piece_pixels, pieces; /* pieces: of one image */
    bool to_pixels;
} layout_job;

static void run_piece(void *arg, size_t piece, uint32_t worker)
{
    const layout_job *j = arg;
    const size_t img = piece / j->pieces, at = piece % j->pieces * j->piece_pixels;
    const size_t left = j->n_pixels - at,
                 n = left < j->piece_pixels ? left : j->piece_pixels;
    const size_t plane_at = img * j->c * j->n_pixels + at;
    const size_t pixel_at = (img * j->n_pixels + at) * j->stride;

    (void)worker;
    if (j->to_pixels)
        j->k->to_pixels(j->in + plane_at, j->n_pixels, n, j->c, j->out + pixel_at,
                        j->stride);
    else
        j->k->to_planes(j->in + pixel_at, j->stride, n, j->c, j->out + plane_at,
                        j->n_pixels);
}

static void run(const kao_pool *pool, layout_job *j, size_t n)
{
    if (n == 0 || j->c == 0 || j->n_pixels == 0)
        return;
    j->piece_pixels = PIECE_FLOATS / j->c / 16 * 16 + 16; /* whole tiles of the slots */
    j->pieces = (j->n_pixels + j->piece_pixels - 1) / j->piece_pixels;
    kao_pool_run(pool, run_piece, j, n * j->pieces);
}

void kao_nchw_to_nhwc(const kao_kernels *k, const kao_pool *pool, const float *in,
                      size_t n, size_t c, size_t n_pixels, float *out, size_t stride)
{
    layout_job j = { .k = k,
                     .in = in,
                     .out = out,
                     .c = c,
                     .n_pixels = n_pixels,
                     .stride = stride,
                     .to_pixels = true };

    run(pool, &j, n);
}

void kao_nhwc_to_nchw(const kao_kernels *k, const kao_pool *pool, const float *in,
                      size_t stride, size_t n, size_t c, size_t n_pixels, float *out)
{
    layout_job j = {
        .k = k, .in = in, .out = out, .c = c, .n_pixels = n_pixels, .stride = stride
    };

    run(pool, &j, n);
}
