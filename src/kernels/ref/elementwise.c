/* Element-wise operations, in plain C: what the other levels are held against. */
#include <math.h>

#include "kernels/ref/ref.h"

static float clamp(float x, float lo, float hi) /* NaN stays */
{
    x = x < lo ? lo : x;
    return x > hi ? hi : x;
}

static float sigmoid(float x)
{
    const float e = expf(-fabsf(x));

    return (x < 0 ? e : 1.0f) / (1.0f + e);
}

float kao_act_ref(float x, kao_act act, float lo, float hi, float slope)
{
    switch (act) {
    case KAO_ACT_NONE:
        return x;
    case KAO_ACT_CLAMP:
        return clamp(x, lo, hi);
    case KAO_ACT_SLOPE:
        return x < 0 ? x * slope : x;
    case KAO_ACT_SIGMOID:
        return sigmoid(x);
    case KAO_ACT_SILU:
        return (x < -200.0f ? -200.0f : x) * sigmoid(x); /* -inf: the limit, not NaN */
    }
    return x;
}

float kao_epilogue_ref(const kao_epilogue *e, float sum, ptrdiff_t r, int32_t o)
{
    if (e->residual == KAO_RES_BEFORE_ACT)
        sum += e->res[r * e->ldr + o];
    sum = kao_act_ref(sum, e->act, e->lo, e->hi,
                      e->act == KAO_ACT_SLOPE ? e->slope[o] : 0);
    if (e->residual == KAO_RES_AFTER_ACT)
        sum += e->res[r * e->ldr + o];
    return sum;
}

void kao_binary_f32_ref(const kao_binary_args *b)
{
    for (size_t i = 0; i < b->n; i++) {
        const float x = b->a[i], y = b->b[b->b_step ? i : 0];
        const float z = b->op == KAO_BIN_ADD   ? x + y
                        : b->op == KAO_BIN_SUB ? x - y
                                               : x * y;

        b->out[i] = clamp(z, b->lo, b->hi);
    }
}

void kao_unary_f32_ref(const kao_unary_args *u)
{
    for (size_t r = 0; r < u->n_rows; r++) {
        const float *in = u->in + (ptrdiff_t)r * u->in_stride;
        float *out = u->out + (ptrdiff_t)r * u->out_stride;

        for (size_t i = 0; i < u->c; i++)
            out[i] = kao_act_ref(in[i], u->act, u->lo, u->hi,
                                 u->act == KAO_ACT_SLOPE ? u->slope[i] : 0);
    }
}

void kao_exp_f32_ref(const float *in, float *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        out[i] = expf(in[i]);
}
