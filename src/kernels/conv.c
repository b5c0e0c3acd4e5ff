/* Convolution: which half of the driver a descriptor belongs to. */
#include "kernels/conv.h"

#include "kernels/conv_parts.h"

size_t kao_conv_packed_bytes(const kao_kernels *k, const kao_conv *d)
{
    const size_t n = kao_conv_is_depthwise(d) ? kao_conv_dw_packed_floats(d)
                                              : kao_conv_dense_packed_floats(k, d);

    return n * sizeof(float);
}

size_t kao_conv_scratch_bytes(const kao_kernels *k, const kao_conv *d,
                              uint32_t n_threads)
{
    const size_t n = kao_conv_is_depthwise(d) ? kao_conv_dw_scratch_floats(d)
                                              : kao_conv_dense_scratch_floats(k, d);

    return n * sizeof(float) * n_threads;
}

void kao_conv_pack(const kao_kernels *k, const kao_conv *d, const float *w,
                   const float *bias, const float *slope, void *packed)
{
    if (kao_conv_is_depthwise(d))
        kao_conv_dw_pack(d, w, bias, slope, packed);
    else
        kao_conv_dense_pack(k, d, w, bias, slope, packed);
}

void kao_conv_run(const kao_kernels *k, const kao_pool *pool, const kao_conv *d,
                  const void *packed, const float *in, const float *residual,
                  float *out, void *scratch)
{
    if (kao_conv_is_depthwise(d))
        kao_conv_dw_run(k, pool, d, packed, in, residual, out, scratch);
    else
        kao_conv_dense_run(k, pool, d, packed, in, residual, out, scratch);
}
