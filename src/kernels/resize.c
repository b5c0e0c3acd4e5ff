/* Nearest resize is copies of pixels; a row with the source of the row above copies
 * that. */
#include "kernels/resize.h"

#include <string.h>

enum { PIECE_ROWS = 8 };

typedef struct resize_job {
    const kao_resize *d;
    const float *in;
    float *out;
    size_t row_pieces;
} resize_job;

static void copy_row(const kao_resize *d, const float *in, float *out)
{
    const size_t px = (size_t)d->c * sizeof *out;

    for (int32_t x = 0; x < d->ow; x++)
        memcpy(out + (size_t)x * (size_t)d->out_stride,
               in + (size_t)d->from_x[x] * (size_t)d->in_stride, px);
}

static void run_piece(void *arg, size_t piece, uint32_t worker)
{
    const resize_job *j = arg;
    const kao_resize *d = j->d;
    const size_t img = piece / j->row_pieces;
    const int32_t y0 = (int32_t)(piece % j->row_pieces) * PIECE_ROWS;
    const int32_t y1 = d->oh - y0 < PIECE_ROWS ? d->oh : y0 + PIECE_ROWS;
    const size_t out_row = (size_t)d->ow * (size_t)d->out_stride;
    float *out = j->out + (img * (size_t)d->oh + (size_t)y0) * out_row;

    (void)worker;
    for (int32_t y = y0; y < y1; y++, out += out_row) {
        const float *in = j->in + (img * (size_t)d->h + (size_t)d->from_y[y]) *
                                      (size_t)d->w * (size_t)d->in_stride;

        if (y > y0 && d->from_y[y] == d->from_y[y - 1] && d->out_stride == d->c)
            memcpy(out, out - out_row, out_row * sizeof *out);
        else
            copy_row(d, in, out);
    }
}

void kao_resize_run(const kao_pool *pool, const kao_resize *d, const float *in,
                    float *out)
{
    resize_job j = { d, in, out, ((size_t)d->oh + PIECE_ROWS - 1) / PIECE_ROWS };

    kao_pool_run(pool, run_piece, &j, (size_t)d->n * j.row_pieces);
}
