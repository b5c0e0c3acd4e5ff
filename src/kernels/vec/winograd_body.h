/* Winograd's transforms over the vector verbs: channels in the lanes, the matrices' products
 * written out with what their rows share (winograd.h has them). */
#ifndef KAO_KERNELS_VEC_WINOGRAD_BODY_H
#define KAO_KERNELS_VEC_WINOGRAD_BODY_H

#include "kernels/vec/exp.h"
#include "kernels/vec/unroll.h"

/* One column or row of the square through B^T. */
KAO_INLINE void wino_bt(const vf *d, vf *v, const int m)
{
    if (m == 2) {
        v[0] = vf_sub(d[0], d[2]);
        v[1] = vf_add(d[1], d[2]);
        v[2] = vf_sub(d[2], d[1]);
        v[3] = vf_sub(d[1], d[3]);
        return;
    }
    const vf two = vf_set1(2), four = vf_set1(4), minus_four = vf_set1(-4),
             minus_five = vf_set1(-5);
    const vf even4 = vf_fma(minus_four, d[2], d[4]),
             odd4 = vf_fma(minus_four, d[1], d[3]);
    const vf even1 = vf_sub(d[4], d[2]), odd2 = vf_mul(two, vf_sub(d[3], d[1]));

    v[0] = vf_fma(four, d[0], vf_fma(minus_five, d[2], d[4]));
    v[1] = vf_add(even4, odd4);
    v[2] = vf_sub(even4, odd4);
    v[3] = vf_add(even1, odd2);
    v[4] = vf_sub(even1, odd2);
    v[5] = vf_fma(four, d[1], vf_fma(minus_five, d[3], d[5]));
}

/* One column or row of the sums through A^T. */
KAO_INLINE void wino_at(const vf *s, vf *y, const int m)
{
    const vf sum = vf_add(s[1], s[2]), difference = vf_sub(s[1], s[2]);

    if (m == 2) {
        y[0] = vf_add(s[0], sum);
        y[1] = vf_sub(difference, s[3]);
        return;
    }
    const vf sum2 = vf_add(s[3], s[4]), difference2 = vf_sub(s[3], s[4]);

    y[0] = vf_add(vf_add(s[0], sum), sum2);
    y[1] = vf_fma(vf_set1(2), difference2, difference);
    y[2] = vf_fma(vf_set1(4), sum2, sum);
    y[3] = vf_add(vf_fma(vf_set1(8), difference2, difference), s[5]);
}

KAO_INLINE void wino_in_block(const kao_wino_in_args *a, int32_t k, vm mask,
                              const bool full, const int m)
{
    const int e = m + 2;
    vf t[KAO_WINO_SIDE][KAO_WINO_SIDE];

    KAO_UNROLL(6)
    for (int j = 0; j < e; j++) {
        vf d[KAO_WINO_SIDE], v[KAO_WINO_SIDE];

        KAO_UNROLL(6)
        for (int i = 0; i < e; i++) {
            const float *p = a->pixel[i * e + j] + k;

            d[i] = full ? vf_load(p) : vf_load_m(p, mask);
        }
        wino_bt(d, v, m);
        KAO_UNROLL(6)
        for (int i = 0; i < e; i++)
            t[i][j] = v[i];
    }
    KAO_UNROLL(6)
    for (int i = 0; i < e; i++) {
        vf v[KAO_WINO_SIDE];

        wino_bt(t[i], v, m);
        KAO_UNROLL(6)
        for (int j = 0; j < e; j++) {
            float *to = a->out + (i * e + j) * a->step + k;

            if (full)
                vf_store(to, v[j]);
            else
                vf_store_m(to, mask, v[j]);
        }
    }
}

KAO_INLINE void wino_in(const kao_wino_in_args *a, const int m)
{
    int32_t k = 0;

    for (; k + VF_N <= a->c; k += VF_N)
        wino_in_block(a, k, vm_first(VF_N), true, m);
    if (k < a->c)
        wino_in_block(a, k, vm_first((size_t)(a->c - k)), false, m);
}

/* Row y of the outputs of a square, channels o .. */
KAO_INLINE void wino_out_row(const kao_wino_out_args *a, const vf *sums, int32_t y,
                             int32_t o, vm mask, const int m)
{
    const vf bias = vf_load(a->bias + o), lo = vf_set1(a->e.lo), hi = vf_set1(a->e.hi);
    const vf slope = a->e.act == KAO_ACT_SLOPE ? vf_load(a->e.slope + o) : bias;
    const float *res =
        a->e.residual == KAO_RES_NONE ? NULL : a->e.res + y * a->res_row + o;
    float *out = a->out + y * a->out_row + o;
    vf row[KAO_WINO_MOST];

    wino_at(sums, row, m);
    KAO_UNROLL(4)
    for (int x = 0; x < m; x++) {
        if (x >= a->n_x)
            break;
        const vf r = res ? vf_load_m(res + x * a->e.ldr, mask) : bias;
        vf v = vf_add(row[x], bias);

        if (a->e.residual == KAO_RES_BEFORE_ACT)
            v = vf_add(v, r);
        v = vf_act(v, a->e.act, lo, hi, slope);
        if (a->e.residual == KAO_RES_AFTER_ACT)
            v = vf_add(v, r);
        vf_store_m(out + x * a->ldo, mask, v);
    }
}

KAO_INLINE void wino_out(const kao_wino_out_args *a, const int m)
{
    const int e = m + 2;

    for (int32_t o = 0; o < a->cols; o += VF_N) {
        const vm mask = vm_first((size_t)(a->cols - o));
        vf t[KAO_WINO_MOST][KAO_WINO_SIDE];

        KAO_UNROLL(6)
        for (int j = 0; j < e; j++) {
            vf s[KAO_WINO_SIDE], y[KAO_WINO_MOST];

            KAO_UNROLL(6)
            for (int i = 0; i < e; i++)
                s[i] = vf_load(a->sums + (i * e + j) * a->step + o);
            wino_at(s, y, m);
            KAO_UNROLL(4)
            for (int i = 0; i < m; i++)
                t[i][j] = y[i];
        }
        for (int32_t y = 0; y < a->n_y; y++)
            wino_out_row(a, t[y], y, o, mask, m);
    }
}

void VF_ISA(kao_wino_in2_f32)(const kao_wino_in_args *a)
{
    wino_in(a, 2);
}

void VF_ISA(kao_wino_in4_f32)(const kao_wino_in_args *a)
{
    wino_in(a, 4);
}

void VF_ISA(kao_wino_out2_f32)(const kao_wino_out_args *a)
{
    wino_out(a, 2);
}

void VF_ISA(kao_wino_out4_f32)(const kao_wino_out_args *a)
{
    wino_out(a, 4);
}

#endif
