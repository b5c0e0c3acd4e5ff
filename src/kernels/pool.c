/* Pooling: clip the window of each row and column once, and hand runs of pixels with
 * the same taps to the window slots (as conv_depthwise.c does). */
#include "kernels/pool.h"

#include "kernels/conv_parts.h"

enum { PIECE_READS = 64 << 10 }; /* floats read by a piece */

typedef struct pooling_job {
    const kao_kernels *k;
    const kao_pooling *d;
    const float *in;
    float *out;
    int32_t rows_piece, row_pieces; /* of one image */
} pooling_job;

static int32_t min32(int32_t a, int32_t b)
{
    return a < b ? a : b;
}

/* Taps of one window that the average divides by, in one direction. */
static int32_t counted(const kao_pooling *d, int32_t first, int32_t n_taps,
                       int32_t step, int32_t size, int32_t pad_before,
                       int32_t pad_after)
{
    const int32_t before = d->kind == KAO_POOLING_AVG_PAD ? pad_before : 0;
    const int32_t after = d->kind == KAO_POOLING_AVG_PAD ? pad_after : 0;
    const kao_range r =
        kao_inside(n_taps, step, first + before, 1, size + before + after);

    return r.end - r.begin;
}

static void run_row(const pooling_job *j, int32_t img, int32_t y)
{
    const kao_pooling *d = j->d;
    const int32_t y0 = y * d->sy - d->pad_top;
    const kao_range ty = kao_inside(d->kh, d->dy, y0, 1, d->h);
    const kao_range inside =
        kao_inside(d->ow, d->sx, -d->pad_left, (d->kw - 1) * d->dx + 1, d->w);
    const int32_t n_y = counted(d, y0, d->kh, d->dy, d->h, d->pad_top, d->pad_bottom);
    const int32_t first_row = ty.end > ty.begin ? y0 + ty.begin * d->dy : 0;
    const float *row = j->in + ((size_t)img * (size_t)d->h + (size_t)first_row) *
                                   (size_t)d->w * (size_t)d->in_stride;
    float *out = j->out + ((size_t)img * (size_t)d->oh + (size_t)y) * (size_t)d->ow *
                              (size_t)d->out_stride;
    kao_window_args a = {
        .lda = (ptrdiff_t)d->sx * d->in_stride,
        .step_y = (ptrdiff_t)d->dy * d->w * d->in_stride,
        .step_x = (ptrdiff_t)d->dx * d->in_stride,
        .c = d->c,
        .ldo = d->out_stride,
    };

    for (int32_t x = 0; x < d->ow; x += a.n, out += a.n * a.ldo) {
        const int32_t x0 = x * d->sx - d->pad_left;
        const kao_range tx = kao_inside(d->kw, d->dx, x0, 1, d->w);
        const int32_t n =
            n_y * counted(d, x0, d->kw, d->dx, d->w, d->pad_left, d->pad_right);

        a.n = x == inside.begin && inside.end > x ? inside.end - x : 1;
        a.n_tx = tx.end - tx.begin;
        a.n_ty = a.n_tx ? ty.end - ty.begin : 0;
        a.a = a.n_tx ? row + (ptrdiff_t)(x0 + tx.begin * d->dx) * d->in_stride : row;
        a.scale = n ? 1.0f / (float)n : 0.0f;
        a.out = out;
        if (d->kind == KAO_POOLING_MAX)
            j->k->window_max(&a);
        else
            j->k->window_avg(&a);
    }
}

static void run_piece(void *arg, size_t piece, uint32_t worker)
{
    const pooling_job *j = arg;
    const int32_t img = (int32_t)(piece / (size_t)j->row_pieces);
    const int32_t y0 = (int32_t)(piece % (size_t)j->row_pieces) * j->rows_piece;
    const int32_t y1 = min32(j->d->oh, y0 + j->rows_piece);

    (void)worker;
    for (int32_t y = y0; y < y1; y++)
        run_row(j, img, y);
}

void kao_pooling_run(const kao_kernels *k, const kao_pool *pool, const kao_pooling *d,
                     const float *in, float *out)
{
    const uint64_t reads =
        (uint64_t)d->ow * (uint64_t)d->kh * (uint64_t)d->kw * (uint64_t)d->c + 1;
    const uint64_t rows = PIECE_READS / reads + 1;
    pooling_job j = { k, d, in, out, d->oh, 1 };

    if (rows < (uint64_t)d->oh)
        j.rows_piece = (int32_t)rows;
    if (d->n == 0 || d->oh == 0)
        return;
    j.row_pieces = (d->oh + j.rows_piece - 1) / j.rows_piece;
    kao_pool_run(pool, run_piece, &j, (size_t)d->n * (size_t)j.row_pieces);
}
