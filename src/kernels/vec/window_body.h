/* Pooling windows over the vector verbs: channels in the lanes. */
#ifndef KAO_KERNELS_VEC_WINDOW_BODY_H
#define KAO_KERNELS_VEC_WINDOW_BODY_H

/* The maximum with NaN from either side: vf_max gives its second operand on NaN. */
KAO_INLINE vf window_step(vf acc, vf x, const bool max)
{
    return max ? vf_if_nan(acc, acc, vf_max(acc, x)) : vf_add(acc, x);
}

KAO_INLINE void window_pixel(const kao_window_args *p, const float *a, float *out,
                             const bool max)
{
    const vf start = vf_set1(max ? -__builtin_inff() : 0.0f), scale = vf_set1(p->scale);

    for (int32_t o = 0; o < p->c; o += VF_N) {
        const vm m = vm_first((size_t)(p->c - o));
        vf acc = start;

        for (int32_t ty = 0; ty < p->n_ty; ty++)
            for (int32_t tx = 0; tx < p->n_tx; tx++)
                acc = window_step(
                    acc, vf_load_m(a + ty * p->step_y + tx * p->step_x + o, m), max);
        vf_store_m(out + o, m, max ? acc : vf_mul(acc, scale));
    }
}

void VF_ISA(kao_window_max_f32)(const kao_window_args *p)
{
    for (int32_t x = 0; x < p->n; x++)
        window_pixel(p, p->a + x * p->lda, p->out + x * p->ldo, true);
}

void VF_ISA(kao_window_avg_f32)(const kao_window_args *p)
{
    for (int32_t x = 0; x < p->n; x++)
        window_pixel(p, p->a + x * p->lda, p->out + x * p->ldo, false);
}

#endif
