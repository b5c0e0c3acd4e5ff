/* Convolution: which algorithm serves a descriptor. */
#include "kernels/conv.h"

#include "kernels/conv_parts.h"

void kao_conv_plan_init(kao_conv_plan *p, const kao_kernels *k, const kao_conv *d)
{
    const int32_t m = kao_conv_winograd_m(d);

    *p = (kao_conv_plan){ .d = *d };
    if (kao_conv_is_depthwise(d)) {
        p->algorithm = KAO_CONV_DEPTHWISE;
        kao_conv_dw_init(p);
    } else if (m) {
        p->algorithm = m == 2 ? KAO_CONV_WINOGRAD_2 : KAO_CONV_WINOGRAD_4;
        kao_conv_wino_init(p, k);
    } else {
        p->algorithm = kao_conv_fits_pairs(d) ? KAO_CONV_PAIRS : KAO_CONV_DIRECT;
        kao_conv_dense_init(p, k);
    }
}

void kao_conv_pack(const kao_kernels *k, const kao_conv_plan *p, const float *w,
                   const float *bias, const float *slope, void *packed)
{
    switch (p->algorithm) {
    case KAO_CONV_DEPTHWISE:
        kao_conv_dw_pack(p, w, bias, slope, packed);
        break;
    case KAO_CONV_WINOGRAD_2:
    case KAO_CONV_WINOGRAD_4:
        kao_conv_wino_pack(k, p, w, bias, slope, packed);
        break;
    case KAO_CONV_DIRECT:
    case KAO_CONV_PAIRS:
        kao_conv_dense_pack(k, p, w, bias, slope, packed);
        break;
    }
}

void kao_conv_run(const kao_kernels *k, const kao_pool *pool, const kao_conv_plan *p,
                  const void *packed, const float *in, const float *residual,
                  float *out, void *scratch)
{
    switch (p->algorithm) {
    case KAO_CONV_DEPTHWISE:
        kao_conv_dw_run(k, pool, p, packed, in, residual, out, scratch);
        break;
    case KAO_CONV_WINOGRAD_2:
    case KAO_CONV_WINOGRAD_4:
        kao_conv_wino_run(k, pool, p, packed, in, residual, out, scratch);
        break;
    case KAO_CONV_DIRECT:
    case KAO_CONV_PAIRS:
        kao_conv_dense_run(k, pool, p, packed, in, residual, out, scratch);
        break;
    }
}
