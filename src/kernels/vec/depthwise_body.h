/* Depthwise kernels over the vector verbs: channels in the lanes.
 *
 * 3x3, stride 1: columns are loaded once and feed the three outputs that they touch,
 * whose sums travel through registers (done: out x; next: out x+1; the new one starts
 * from bias):
 *
 *     column  x-1   x   x+1   x+2          for each column, each output row:
 *     out x    w0   w1   w2                   store done + w2*col
 *     out x+1       w0   w1   w2              done = next + w1*col
 *                                             next = bias + w0*col
 *
 * Where registers allow, VF_DW_ROWS output rows share the loaded rows too. */
#ifndef KAO_KERNELS_VEC_DEPTHWISE_BODY_H
#define KAO_KERNELS_VEC_DEPTHWISE_BODY_H

#include "kernels/vec/exp.h"
#include "kernels/vec/unroll.h"

enum { DW_MAX_ROWS = 2, DW_MAX_IN = 5 };

typedef struct dw3_block {     /* one vector of channels, a few output rows */
    const float *p[DW_MAX_IN]; /* the next column to load in each input row */
    ptrdiff_t step[DW_MAX_IN];
    vf w[9], bias, lo, hi, slope;
    vm m;
    float *out;
    ptrdiff_t ldo, out_row;
    const float *res; /* NULL: none */
    ptrdiff_t ldr, res_row;
    bool res_first;
} dw3_block;

KAO_INLINE vf dw_load(const float *p, vm m, const bool full)
{
    return full ? vf_load(p) : vf_load_m(p, m);
}

KAO_INLINE void dw3_column(dw3_block *b, vf *col, const int n_in, const bool full)
{
    KAO_UNROLL(5)
    for (int j = 0; j < n_in; j++) {
        col[j] = dw_load(b->p[j], b->m, full);
        b->p[j] += b->step[j];
    }
}

/* sum += w[.][kx] * column, for the output row whose first input row is col[0]. */
KAO_INLINE vf dw3_add(const dw3_block *b, vf sum, const vf *col, const int kx)
{
    sum = vf_fma(b->w[kx], col[0], sum);
    sum = vf_fma(b->w[3 + kx], col[1], sum);
    return vf_fma(b->w[6 + kx], col[2], sum);
}

KAO_INLINE void dw3_store(const dw3_block *b, vf y, int32_t x, int row,
                          const bool slope, const bool full)
{
    float *out = b->out + x * b->ldo + row * b->out_row;
    vf r = b->bias;

    if (b->res)
        r = dw_load(b->res + x * b->ldr + row * b->res_row, b->m, full);
    if (b->res && b->res_first)
        y = vf_add(y, r);
    y = slope ? vf_if_neg(y, vf_mul(y, b->slope), y) : vf_min(b->hi, vf_max(b->lo, y));
    if (b->res && !b->res_first)
        y = vf_add(y, r);
    if (full)
        vf_store(out, y);
    else
        vf_store_m(out, b->m, y);
}

KAO_INLINE void dw3_stride1(const kao_dw3_args *d, dw3_block *b, const int rows,
                            const bool slope, const bool full)
{
    const int n_in = rows + 2;
    vf col[DW_MAX_IN], done[DW_MAX_ROWS], next[DW_MAX_ROWS];

    if (d->left) {
        KAO_UNROLL(5)
        for (int j = 0; j < n_in; j++)
            col[j] = vf_set1(0);
    } else {
        dw3_column(b, col, n_in, full);
    }
    KAO_UNROLL(2)
    for (int r = 0; r < rows; r++)
        next[r] = dw3_add(b, b->bias, col + r, 0);
    dw3_column(b, col, n_in, full);
    KAO_UNROLL(2)
    for (int r = 0; r < rows; r++) {
        done[r] = dw3_add(b, next[r], col + r, 1);
        next[r] = dw3_add(b, b->bias, col + r, 0);
    }
    for (int32_t x = 0; x < d->n - 1; x++) {
        dw3_column(b, col, n_in, full);
        KAO_UNROLL(2)
        for (int r = 0; r < rows; r++) {
            dw3_store(b, dw3_add(b, done[r], col + r, 2), x, r, slope, full);
            done[r] = dw3_add(b, next[r], col + r, 1);
            next[r] = dw3_add(b, b->bias, col + r, 0);
        }
    }
    if (d->n + 1 - d->left < d->width) {
        dw3_column(b, col, n_in, full);
    } else {
        KAO_UNROLL(5)
        for (int j = 0; j < n_in; j++)
            col[j] = vf_set1(0);
    }
    KAO_UNROLL(2)
    for (int r = 0; r < rows; r++)
        dw3_store(b, dw3_add(b, done[r], col + r, 2), d->n - 1, r, slope, full);
}

KAO_INLINE void dw3_stride2(const kao_dw3_args *d, dw3_block *b, const int rows,
                            const bool slope, const bool full)
{
    const int n_in = 2 * rows + 1;
    vf c0[DW_MAX_IN], c1[DW_MAX_IN], c2[DW_MAX_IN];

    if (d->left) {
        KAO_UNROLL(5)
        for (int j = 0; j < n_in; j++)
            c0[j] = vf_set1(0);
    } else {
        dw3_column(b, c0, n_in, full);
    }
    for (int32_t x = 0; x < d->n; x++) {
        dw3_column(b, c1, n_in, full);
        if (x < d->n - 1 || 2 * x + 2 - d->left < d->width) {
            dw3_column(b, c2, n_in, full);
        } else {
            KAO_UNROLL(5)
            for (int j = 0; j < n_in; j++)
                c2[j] = vf_set1(0);
        }
        KAO_UNROLL(2)
        for (int r = 0; r < rows; r++) {
            vf y = dw3_add(b, b->bias, c0 + 2 * r, 0);
            y = dw3_add(b, y, c1 + 2 * r, 1);
            dw3_store(b, dw3_add(b, y, c2 + 2 * r, 2), x, r, slope, full);
        }
        KAO_UNROLL(5)
        for (int j = 0; j < n_in; j++)
            c0[j] = c2[j];
    }
}

KAO_INLINE void dw3_block_run(const kao_dw3_args *d, int32_t o, int32_t y0,
                              const int rows, const int stride, const bool slope,
                              const bool full)
{
    const float inf = __builtin_inff();
    const bool clamp = d->e.act == KAO_ACT_CLAMP;
    dw3_block b;

    b.m = vm_first((size_t)(d->c - o));
    KAO_UNROLL(9)
    for (int t = 0; t < 9; t++)
        b.w[t] = vf_load(d->w + t * d->c_pad + o);
    b.bias = vf_load(d->bias + o);
    b.lo = vf_set1(clamp ? d->e.lo : -inf);
    b.hi = vf_set1(clamp ? d->e.hi : inf);
    b.slope = slope ? vf_load(d->e.slope + o) : b.bias;
    KAO_UNROLL(5)
    for (int j = 0; j < (rows - 1) * stride + 3; j++) {
        b.p[j] = d->row[y0 * stride + j] + o;
        b.step[j] = d->step[y0 * stride + j];
    }
    b.out = d->out + y0 * d->out_row + o;
    b.ldo = d->ldo;
    b.out_row = d->out_row;
    b.res = d->e.residual == KAO_RES_NONE ? NULL : d->e.res + y0 * d->res_row + o;
    b.ldr = d->e.ldr;
    b.res_row = d->res_row;
    b.res_first = d->e.residual == KAO_RES_BEFORE_ACT;
    if (stride == 1)
        dw3_stride1(d, &b, rows, slope, full);
    else
        dw3_stride2(d, &b, rows, slope, full);
}

KAO_INLINE void dw3_rows(const kao_dw3_args *d, int32_t y0, const int rows,
                         const int stride, const bool slope)
{
    int32_t o = 0;

    for (; o + VF_N <= d->c; o += VF_N)
        dw3_block_run(d, o, y0, rows, stride, slope, true);
    if (o < d->c)
        dw3_block_run(d, o, y0, rows, stride, slope, false);
}

KAO_INLINE void dw3_all(const kao_dw3_args *d, const int stride, const bool slope)
{
    int32_t y = 0;

    for (; y + VF_DW_ROWS <= d->n_rows; y += VF_DW_ROWS)
        dw3_rows(d, y, VF_DW_ROWS, stride, slope);
    for (; y < d->n_rows; y++)
        dw3_rows(d, y, 1, stride, slope);
}

/* Any kernel: one vector of channels, four pixels at a time to hide the FMA's latency.
 */
KAO_INLINE void dw_pixels(const kao_dw_args *d, int32_t x, int32_t o, const int px)
{
    const vm m = vm_first((size_t)(d->c - o));
    const vf lo = vf_set1(d->e.lo), hi = vf_set1(d->e.hi);
    const vf slope = d->e.act == KAO_ACT_SLOPE ? vf_load(d->e.slope + o) : lo;
    vf sum[4];

    KAO_UNROLL(4)
    for (int i = 0; i < px; i++)
        sum[i] = vf_load(d->bias + o);
    for (int32_t ty = 0; ty < d->n_ty; ty++) {
        const float *a = d->a + x * d->lda + ty * d->step_y + o;
        const float *w = d->w + ty * d->w_y + o;

        for (int32_t tx = 0; tx < d->n_tx; tx++) {
            const vf wv = vf_load(w + tx * d->w_x);
            KAO_UNROLL(4)
            for (int i = 0; i < px; i++)
                sum[i] =
                    vf_fma(wv, vf_load_m(a + i * d->lda + tx * d->step_x, m), sum[i]);
        }
    }
    KAO_UNROLL(4)
    for (int i = 0; i < px; i++) {
        const vf r = d->e.residual == KAO_RES_NONE
                         ? lo
                         : vf_load_m(d->e.res + (x + i) * d->e.ldr + o, m);
        vf y = sum[i];

        if (d->e.residual == KAO_RES_BEFORE_ACT)
            y = vf_add(y, r);
        y = vf_act(y, d->e.act, lo, hi, slope);
        if (d->e.residual == KAO_RES_AFTER_ACT)
            y = vf_add(y, r);
        vf_store_m(d->out + (x + i) * d->ldo + o, m, y);
    }
}

void VF_ISA(kao_dw3_f32)(const kao_dw3_args *d)
{
    const bool slope = d->e.act == KAO_ACT_SLOPE;

    if (d->stride == 1 && slope)
        dw3_all(d, 1, true);
    else if (d->stride == 1)
        dw3_all(d, 1, false);
    else if (slope)
        dw3_all(d, 2, true);
    else
        dw3_all(d, 2, false);
}

void VF_ISA(kao_dw_f32)(const kao_dw_args *d)
{
    int32_t x = 0;

    for (; x + 4 <= d->n; x += 4)
        for (int32_t o = 0; o < d->c; o += VF_N)
            dw_pixels(d, x, o, 4);
    for (; x < d->n; x++)
        for (int32_t o = 0; o < d->c; o += VF_N)
            dw_pixels(d, x, o, 1);
}

#endif
