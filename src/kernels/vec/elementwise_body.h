/* Element-wise kernels over the vector verbs. Tails go through masks; the operations
 * are the same in every lane, so that results do not depend on where an element stands.
 */
#ifndef KAO_KERNELS_VEC_ELEMENTWISE_BODY_H
#define KAO_KERNELS_VEC_ELEMENTWISE_BODY_H

#include "kernels/vec/exp.h"

KAO_INLINE vf binary_op(kao_binary op, vf a, vf b)
{
    return op == KAO_BIN_ADD   ? vf_add(a, b)
           : op == KAO_BIN_SUB ? vf_sub(a, b)
                               : vf_mul(a, b);
}

KAO_INLINE void binary_all(const kao_binary_args *b, const kao_binary op)
{
    const vf lo = vf_set1(b->lo), hi = vf_set1(b->hi);
    const vf scalar = vf_set1(b->n ? b->b[0] : 0.0f);
    size_t i = 0;

    for (; i + VF_N <= b->n; i += VF_N) {
        const vf y =
            binary_op(op, vf_load(b->a + i), b->b_step ? vf_load(b->b + i) : scalar);
        vf_store(b->out + i, vf_min(hi, vf_max(lo, y)));
    }
    if (i < b->n) {
        const vm m = vm_first(b->n - i);
        const vf y = binary_op(op, vf_load_m(b->a + i, m),
                               b->b_step ? vf_load_m(b->b + i, m) : scalar);
        vf_store_m(b->out + i, m, vf_min(hi, vf_max(lo, y)));
    }
}

void VF_ISA(kao_binary_f32)(const kao_binary_args *b)
{
    if (b->op == KAO_BIN_ADD)
        binary_all(b, KAO_BIN_ADD);
    else if (b->op == KAO_BIN_SUB)
        binary_all(b, KAO_BIN_SUB);
    else
        binary_all(b, KAO_BIN_MUL);
}

KAO_INLINE void unary_rows(const kao_unary_args *u, const kao_act act)
{
    const vf lo = vf_set1(u->lo), hi = vf_set1(u->hi);

    for (size_t r = 0; r < u->n_rows; r++) {
        const float *in = u->in + (ptrdiff_t)r * u->in_stride;
        float *out = u->out + (ptrdiff_t)r * u->out_stride;
        size_t i = 0;

        for (; i + VF_N <= u->c; i += VF_N) {
            const vf s = act == KAO_ACT_SLOPE ? vf_load(u->slope + i) : lo;
            vf_store(out + i, vf_act(vf_load(in + i), act, lo, hi, s));
        }
        if (i < u->c) {
            const vm m = vm_first(u->c - i);
            const vf s = act == KAO_ACT_SLOPE ? vf_load_m(u->slope + i, m) : lo;
            vf_store_m(out + i, m, vf_act(vf_load_m(in + i, m), act, lo, hi, s));
        }
    }
}

void VF_ISA(kao_unary_f32)(const kao_unary_args *u)
{
    switch (u->act) {
    case KAO_ACT_NONE:
        unary_rows(u, KAO_ACT_NONE);
        break;
    case KAO_ACT_CLAMP:
        unary_rows(u, KAO_ACT_CLAMP);
        break;
    case KAO_ACT_SLOPE:
        unary_rows(u, KAO_ACT_SLOPE);
        break;
    case KAO_ACT_SIGMOID:
        unary_rows(u, KAO_ACT_SIGMOID);
        break;
    case KAO_ACT_SILU:
        unary_rows(u, KAO_ACT_SILU);
        break;
    }
}

void VF_ISA(kao_exp_f32)(const float *in, float *out, size_t n)
{
    size_t i = 0;

    for (; i + VF_N <= n; i += VF_N)
        vf_store(out + i, vf_exp(vf_load(in + i)));
    if (i < n) {
        const vm m = vm_first(n - i);
        vf_store_m(out + i, m, vf_exp(vf_load_m(in + i, m)));
    }
}

#endif
