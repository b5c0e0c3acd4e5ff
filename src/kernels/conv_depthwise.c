/* Depthwise convolutions, by blocks of output rows.
 *
 * 3x3 of stride 1 or 2 with at most one column of padding on each side goes to the dw3
 * slot, KAO_DW_ROWS rows a call (one where the activation is smooth); rows above and below the picture point to a line of
 * zeros that does not advance. Everything else goes to the dw slot: the driver clips
 * the taps of each row and column, and hands over runs of pixels with the same taps:
 *
 *     |x|x|. . . . . . .|x|     border pixels one by one, the inside as one run
 *
 * Smooth activations are a second pass over a row in scratch. */
#include "kernels/conv_parts.h"

#include <string.h>

typedef struct dw_job {
    const kao_kernels *k;
    const kao_conv *d;
    const kao_conv_depthwise *g;
    const float *w, *bias, *slope, *in, *residual;
    float *out, *scratch;
    size_t thread_floats; /* of scratch: zeros, then a row */
} dw_job;

static bool is_smooth(const kao_conv *d)
{
    return d->act == KAO_ACT_SIGMOID || d->act == KAO_ACT_SILU;
}

bool kao_conv_fits_dw3(const kao_conv *d)
{
    return d->kh == 3 && d->kw == 3 && d->dy == 1 && d->dx == 1 && d->sy == d->sx &&
           (d->sx == 1 || d->sx == 2) && d->pad_left >= 0 && d->pad_left <= 1 &&
           (d->ow - 1) * d->sx + 2 - d->pad_left <= d->w;
}

/* Rows of a piece; gives the number of pieces. */
static size_t divide_work(const kao_conv *d, kao_conv_depthwise *g)
{
    const uint64_t row_macs =
        (uint64_t)d->ow * (uint64_t)d->c * (uint64_t)d->kh * (uint64_t)d->kw;
    const uint64_t all = row_macs * (uint64_t)d->oh * (uint64_t)d->n;

    if (all == 0)
        return 0;
    const size_t rows =
        kao_round_up((size_t)(KAO_CONV_PIECE_MACS / 2 / row_macs) + 1, KAO_DW_ROWS);

    g->rows_piece =
        rows > (size_t)d->oh || all < KAO_CONV_PIECE_MACS ? d->oh : (int32_t)rows;
    g->row_pieces = (d->oh + g->rows_piece - 1) / g->rows_piece;
    return (size_t)d->n * (size_t)g->row_pieces;
}

void kao_conv_dw_init(kao_conv_plan *p)
{
    const kao_conv *d = &p->d;
    kao_conv_depthwise *g = &p->depthwise;

    g->c_pad = kao_round_up((size_t)d->c, KAO_CONV_PAD);
    g->is_dw3 = kao_conv_fits_dw3(d);
    g->smooth = is_smooth(d);
    p->packed_bytes =
        kao_conv_bytes((uint64_t)g->c_pad * ((uint64_t)d->kh * (uint64_t)d->kw + 2));
    p->thread_bytes = kao_conv_bytes(
        g->c_pad +
        (g->smooth ? kao_round_up((size_t)d->ow * (size_t)d->c, KAO_CONV_PAD) : 0));
    p->n_pieces = divide_work(d, g);
}

void kao_conv_dw_pack(const kao_conv_plan *p, const float *w, const float *bias,
                      const float *slope, float *packed)
{
    const kao_conv *d = &p->d;
    const size_t taps = (size_t)d->kh * (size_t)d->kw, c_pad = p->depthwise.c_pad;

    memset(packed, 0, p->packed_bytes);
    for (size_t o = 0; o < (size_t)d->c; o++)
        for (size_t t = 0; t < taps; t++)
            packed[t * c_pad + o] = w[o * taps + t];
    if (bias)
        memcpy(packed + taps * c_pad, bias, (size_t)d->c * sizeof *bias);
    if (d->act == KAO_ACT_SLOPE)
        memcpy(packed + (taps + 1) * c_pad, slope, (size_t)d->c * sizeof *slope);
}

static const float *input_row(const dw_job *j, int32_t img, int32_t y)
{
    const kao_conv *d = j->d;

    return j->in + ((size_t)img * (size_t)d->h + (size_t)y) * (size_t)d->w *
                       (size_t)d->in_stride;
}

static size_t output_pixel(const dw_job *j, int32_t img, int32_t y)
{
    return ((size_t)img * (size_t)j->d->oh + (size_t)y) * (size_t)j->d->ow;
}

static void run_dw3(const kao_kernels *k, const kao_conv *d, size_t c_pad,
                    const float *w, const kao_rows *rows, int32_t y, int32_t n_rows,
                    kao_epilogue e, float *out, ptrdiff_t ldo)
{
    kao_dw3_args a = {
        .n_rows = n_rows,
        .n = d->ow,
        .c = d->c,
        .width = d->w,
        .left = d->pad_left,
        .stride = d->sx,
        .w = w,
        .bias = w + 9 * c_pad,
        .c_pad = (ptrdiff_t)c_pad,
        .out = out,
        .ldo = ldo,
        .out_row = (ptrdiff_t)d->ow * ldo,
        .res_row = (ptrdiff_t)d->ow * d->res_stride,
        .e = e,
    };

    for (int32_t i = 0; i < (n_rows - 1) * d->sy + 3; i++) {
        const int32_t r = y * d->sy + i - d->pad_top;
        const bool inside = r >= 0 && r < d->h;

        a.row[i] = inside ? rows->at + (ptrdiff_t)((r - rows->base) % rows->slots) *
                                           d->w * rows->stride
                          : rows->zeros;
        a.step[i] = inside ? rows->stride : 0;
    }
    k->dw3(&a);
}

static kao_epilogue epilogue(const kao_conv *d, const float *slope,
                             const float *residual)
{
    return (kao_epilogue){ .act = d->act,
                           .residual = d->residual,
                           .lo = d->lo,
                           .hi = d->hi,
                           .slope = slope,
                           .res = residual,
                           .ldr = d->res_stride };
}

void kao_conv_dw3_rows(const kao_kernels *k, const kao_conv_plan *p,
                       const float *packed, const kao_rows *rows, int32_t y,
                       int32_t n_rows, const float *residual, float *out)
{
    const size_t c_pad = p->depthwise.c_pad;

    run_dw3(k, &p->d, c_pad, packed, rows, y, n_rows,
            epilogue(&p->d, packed + 10 * c_pad, residual), out, p->d.out_stride);
}

/* Taps of output i that lie in the picture: the first and how many. */
static kao_range taps_of(int32_t i, int32_t stride, int32_t pad, int32_t step,
                         int32_t n_taps, int32_t size)
{
    return kao_inside(n_taps, step, i * stride - pad, 1, size);
}

static void run_dw_row(const dw_job *j, int32_t img, int32_t y, kao_epilogue e,
                       float *out, ptrdiff_t ldo)
{
    const kao_conv *d = j->d;
    const kao_range ty = taps_of(y, d->sy, d->pad_top, d->dy, d->kh, d->h);
    const kao_range inside =
        kao_inside(d->ow, d->sx, -d->pad_left, (d->kw - 1) * d->dx + 1, d->w);
    const float *res = e.res;
    kao_dw_args a = {
        .lda = (ptrdiff_t)d->sx * d->in_stride,
        .step_y = (ptrdiff_t)d->dy * d->w * d->in_stride,
        .step_x = (ptrdiff_t)d->dx * d->in_stride,
        .n_ty = ty.end - ty.begin,
        .c = d->c,
        .bias = j->bias,
        .w_y = (ptrdiff_t)d->kw * (ptrdiff_t)j->g->c_pad,
        .w_x = (ptrdiff_t)j->g->c_pad,
        .ldo = ldo,
        .e = e,
    };
    const float *row =
        input_row(j, img, a.n_ty ? y * d->sy - d->pad_top + ty.begin * d->dy : 0);

    for (int32_t x = 0; x < d->ow; x += a.n) {
        const kao_range tx = taps_of(x, d->sx, d->pad_left, d->dx, d->kw, d->w);

        a.n = x == inside.begin && inside.end > x ? inside.end - x : 1;
        a.n_tx = tx.end - tx.begin;
        if (a.n_tx == 0)
            a.n_ty = 0; /* all zeros: the bias alone */
        else
            a.n_ty = ty.end - ty.begin;
        a.a = row;
        if (a.n_tx)
            a.a +=
                (ptrdiff_t)(x * d->sx - d->pad_left + tx.begin * d->dx) * d->in_stride;
        a.w = j->w + ty.begin * a.w_y + tx.begin * a.w_x;
        a.out = out + x * ldo;
        a.e.res = res ? res + x * e.ldr : NULL;
        j->k->dw(&a);
    }
}

/* A smooth activation: the row sits in scratch with its first residual added. */
static void finish_row(const dw_job *j, float *row, const float *res, float *out)
{
    const kao_conv *d = j->d;
    const kao_unary_args u = { .in = row,
                               .in_stride = d->c,
                               .out = row,
                               .out_stride = d->c,
                               .n_rows = (size_t)d->ow,
                               .c = (size_t)d->c,
                               .act = d->act };

    j->k->unary(&u);
    for (int32_t x = 0; x < d->ow; x++, row += d->c, out += d->out_stride) {
        if (d->residual == KAO_RES_AFTER_ACT) {
            const kao_binary_args b = { .op = KAO_BIN_ADD,
                                        .a = row,
                                        .b = res + (ptrdiff_t)x * d->res_stride,
                                        .b_step = 1,
                                        .lo = -__builtin_inff(),
                                        .hi = __builtin_inff(),
                                        .out = out,
                                        .n = (size_t)d->c };
            j->k->binary(&b);
        } else {
            memcpy(out, row, (size_t)d->c * sizeof *out);
        }
    }
}

static void run_piece(void *arg, size_t piece, uint32_t worker)
{
    const dw_job *j = arg;
    const kao_conv *d = j->d;
    const int32_t img = (int32_t)(piece / (size_t)j->g->row_pieces);
    const int32_t y0 = (int32_t)(piece % (size_t)j->g->row_pieces) * j->g->rows_piece;
    const int32_t y1 = d->oh - y0 < j->g->rows_piece ? d->oh : y0 + j->g->rows_piece;
    float *zeros = j->scratch + worker * j->thread_floats, *line = zeros + j->g->c_pad;
    const int32_t step = j->g->is_dw3 && !j->g->smooth ? KAO_DW_ROWS : 1;
    kao_epilogue e = epilogue(d, j->slope, NULL);
    const kao_rows rows = { input_row(j, img, 0), 0, d->h, d->in_stride, zeros };

    if (j->g->smooth) {
        e.act = KAO_ACT_NONE;
        if (e.residual == KAO_RES_AFTER_ACT)
            e.residual = KAO_RES_NONE;
    }
    memset(zeros, 0, j->g->c_pad * sizeof *zeros);
    for (int32_t y = y0; y < y1; y += step) {
        const size_t px = output_pixel(j, img, y);
        float *out = j->out + px * (size_t)d->out_stride;
        const float *res =
            j->residual ? j->residual + px * (size_t)d->res_stride : NULL;
        float *to = j->g->smooth ? line : out;
        const ptrdiff_t ldo = j->g->smooth ? d->c : d->out_stride;

        e.res = res;
        if (j->g->is_dw3)
            run_dw3(j->k, d, j->g->c_pad, j->w, &rows, y, y1 - y < step ? y1 - y : step,
                    e, to, ldo);
        else
            run_dw_row(j, img, y, e, to, ldo);
        if (j->g->smooth)
            finish_row(j, line, res, out);
    }
}

void kao_conv_dw_run(const kao_kernels *k, const kao_pool *pool, const kao_conv_plan *p,
                     const float *packed, const float *in, const float *residual,
                     float *out, float *scratch)
{
    const kao_conv *d = &p->d;
    const size_t taps = (size_t)d->kh * (size_t)d->kw, c_pad = p->depthwise.c_pad;
    dw_job j = {
        .k = k,
        .d = d,
        .g = &p->depthwise,
        .w = packed,
        .bias = packed + taps * c_pad,
        .slope = packed + (taps + 1) * c_pad,
        .in = in,
        .residual = d->residual == KAO_RES_NONE ? NULL : residual,
        .out = out,
        .scratch = scratch,
        .thread_floats = p->thread_bytes / sizeof(float),
    };

    if (p->n_pieces)
        kao_pool_run(pool, run_piece, &j, p->n_pieces);
}
