/* Convolution: which algorithm serves a descriptor. */
#include "kernels/conv.h"

#include "kernels/conv_parts.h"

void kao_conv_plan_init(kao_conv_plan *p, const kao_kernels *k, const kao_conv *d)
{
    *p = (kao_conv_plan){ .d = *d };
    if (kao_conv_is_depthwise(d)) {
        p->algorithm = KAO_CONV_DEPTHWISE;
        kao_conv_dw_init(p);
    } else {
        p->algorithm = kao_conv_fits_pairs(d) ? KAO_CONV_PAIRS : KAO_CONV_DIRECT;
        kao_conv_dense_init(p, k);
    }
}

void kao_conv_pack(const kao_kernels *k, const kao_conv_plan *p, const float *w,
                   const float *bias, const float *slope, void *packed)
{
    if (p->algorithm == KAO_CONV_DEPTHWISE)
        kao_conv_dw_pack(p, w, bias, slope, packed);
    else
        kao_conv_dense_pack(k, p, w, bias, slope, packed);
}

void kao_conv_run(const kao_kernels *k, const kao_pool *pool, const kao_conv_plan *p,
                  const void *packed, const float *in, const float *residual,
                  float *out, void *scratch)
{
    if (p->algorithm == KAO_CONV_DEPTHWISE)
        kao_conv_dw_run(k, pool, p, packed, in, residual, out, scratch);
    else
        kao_conv_dense_run(k, pool, p, packed, in, residual, out, scratch);
}
