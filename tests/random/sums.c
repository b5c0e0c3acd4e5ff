/* Makers of norms, of windows the other way, and of sums of products that no kernel does:
 * Einsum and the whole-number forms. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "random/makers.h"

/* With epsilon 1: |y| <= 2 |x|, and y moves by at most (2 + 8 m^2) e where x moves by e. */
static bool make_group_norm(random_graph *t)
{
    const random_value *x = pick(t, KAO_T_F32, 2, 5);
    const uint32_t kind = draw(t, t->opset >= 18 ? 3 : t->opset >= 17 ? 2 : 1);
    char attributes[64] = "epsilon=1.0";

    if (!x || x->m > 4 || t->special || product(x->dims, x->rank) < 1 ||
        !fits_graph(t, x->dims, x->rank))
        return false;
    const int32_t axis = (int32_t)draw(t, (uint32_t)x->rank);
    const int64_t c = x->dims[1], groups = c % 3 == 0 ? 3 : c % 2 == 0 ? 2 : 1;
    int64_t dims[KAO_MAX_RANK] = { c };
    int32_t rank = 1;

    if (kind == 1) {
        rank = x->rank - axis;
        memcpy(dims, x->dims + axis, (size_t)rank * sizeof *dims);
        snprintf(attributes, sizeof attributes, "epsilon=1.0 axis=%d", axis);
    } else if (kind == 2) {
        dims[0] = t->opset < 21 ? groups : c;
        snprintf(attributes, sizeof attributes, "epsilon=1.0 num_groups=%d",
                 (int)groups);
    }
    const char *scale = constant(t, KAO_F32, rank, dims, -1, 1),
               *bias = constant(t, KAO_F32, rank, dims, -1, 1);
    const double m = 2 * x->m + 1;

    emit3(t,
          kind == 0   ? "InstanceNormalization"
          : kind == 1 ? "LayerNormalization"
                      : "GroupNormalization",
          x->name, scale, bias,
          push_like(t, x, m, (2 + 8 * x->m * x->m) * x->e + 4 * ROUNDING * m)->name,
          attributes);
    return true;
}

static bool make_lrn(random_graph *t)
{
    const random_value *x = pick(t, KAO_T_F32, 2, 5);
    char attributes[64];

    if (!x || x->m > 4 || t->special || !fits_graph(t, x->dims, x->rank))
        return false;
    snprintf(attributes, sizeof attributes, "alpha=0.1 beta=0.75 bias=1.0 size=%d",
             1 + (int)draw(t, 5));
    emit(t, "LRN", x->name,
         push_like(t, x, x->m, rounded((1 + 0.15 * x->m * x->m) * x->e, x->m))->name,
         attributes);
    return true;
}

static bool make_lp_pool(random_graph *t)
{
    const random_value *x = pick(t, KAO_T_F32, 4, 4);
    int64_t dims[4];
    const int k = 1 + (int)draw(t, 3), s = 1 + (int)draw(t, 2), p = 1 + (int)draw(t, 2);
    char attributes[96];

    if (!x || x->m > MAX_M || t->special || product(x->dims, 4) < 1)
        return false;
    memcpy(dims, x->dims, sizeof dims);
    for (int i = 2; i < 4; i++) {
        if (dims[i] < k)
            return false;
        dims[i] = (dims[i] - k) / s + 1;
    }
    if (!fits_graph(t, dims, 4))
        return false;
    snprintf(attributes, sizeof attributes, "kernel_shape=[%d,%d] strides=[%d,%d] p=%d",
             k, k, s, s, p);
    const double m = k * k * x->m;

    emit(t, "LpPool", x->name,
         push(t, KAO_F32, 4, dims, m, rounded(k * k * x->e, m))->name, attributes);
    return true;
}

static bool make_conv_transpose(random_graph *t)
{
    const random_value *x = pick(t, KAO_T_F32, 4, 4);
    const int k = 1 + (int)draw(t, 3), s = 1 + (int)draw(t, 2), pad = k > 1;
    int64_t dims[4], w[4];
    char attributes[96];

    if (!x || x->m > MAX_M || t->special || product(x->dims, 4) < 1)
        return false;
    const int64_t c = x->dims[1], group = c % 2 == 0 && once_in(t, 3) ? 2 : 1;

    w[0] = c;
    w[1] = 1 + draw(t, 5);
    w[2] = w[3] = k;
    memcpy(dims, x->dims, sizeof dims);
    dims[1] = w[1] * group;
    for (int i = 2; i < 4; i++)
        dims[i] = s * (dims[i] - 1) + k - 2 * pad;
    if (dims[2] < 1 || dims[3] < 1 || !fits_graph(t, dims, 4) || !fits_graph(t, w, 4) ||
        product(dims, 4) * c * k * k > MAX_WORK)
        return false;
    snprintf(attributes, sizeof attributes,
             "strides=[%d,%d] pads=[%d,%d,%d,%d] group=%d", s, s, pad, pad, pad, pad,
             (int)group);
    const double gain = 0.1 * (double)c * k * k, m = gain * x->m + 1;
    const char *weight = constant(t, KAO_F32, 4, w, -0.1, 0.1),
               *bias = constant(t, KAO_F32, 1, dims + 1, -1, 1);

    emit3(t, "ConvTranspose", x->name, weight, once_in(t, 2) ? bias : "",
          push(t, KAO_F32, 4, dims, m, rounded(gain * x->e, m))->name, attributes);
    return true;
}

/* The channels of a picture times a matrix. */
static bool make_einsum(random_graph *t)
{
    const random_value *x = pick(t, KAO_T_F32, 4, 4);
    int64_t dims[4], w[2];

    if (!x || t->opset < 12 || x->m > MAX_M || t->special || product(x->dims, 4) < 1)
        return false;
    memcpy(dims, x->dims, sizeof dims);
    w[0] = x->dims[1];
    w[1] = dims[1] = 1 + draw(t, 5);
    if (!fits_graph(t, dims, 4) || !fits_graph(t, w, 2) ||
        product(dims, 4) * w[0] > MAX_WORK)
        return false;
    const double gain = 0.1 * (double)w[0], m = gain * x->m;

    emit3(t, "Einsum", x->name, constant(t, KAO_F32, 2, w, -0.1, 0.1), "",
          push(t, KAO_F32, 4, dims, m, rounded(gain * x->e, m))->name,
          once_in(t, 2) ? "equation=nchw,ck->nkhw" : "equation=ncij,ck->nkij");
    return true;
}

/* ---- whole numbers ---- */

static bool make_quantize(random_graph *t)
{
    const random_value *x = pick(t, KAO_T_F32, 1, 5);
    const kao_dtype to = once_in(t, 2) ? KAO_U8 : KAO_I8;

    if (!x || t->opset < 10 || x->e > 0 || t->special ||
        !fits_graph(t, x->dims, x->rank))
        return false;
    if (t->opset >= 11 && once_in(t, 3)) {
        char out[48];
        const random_value *y = push(t, KAO_U8, x->rank, x->dims, 255, 0);
        const random_value *scale = push(t, KAO_F32, 0, NULL, x->m, 0);
        const random_value *zero = push(t, KAO_U8, 0, NULL, 255, 0);

        snprintf(out, sizeof out, "%s %s %s", y->name, scale->name, zero->name);
        emit(t, "DynamicQuantizeLinear", x->name, out, "");
        return true;
    }
    const int32_t axis = (int32_t)draw(t, (uint32_t)x->rank);
    const int64_t dims[1] = { x->dims[axis] };
    const int32_t rank = t->opset >= 13 && once_in(t, 2);
    char attributes[16] = "";
    const char *scale = constant(t, KAO_F32, rank, dims, 0.01, 0.1),
               *zero = constant(t, to, rank, dims, 0, 100);

    if (rank)
        snprintf(attributes, sizeof attributes, "axis=%d", axis);
    emit3(t, "QuantizeLinear", x->name, scale, zero,
          push(t, to, x->rank, x->dims, 255, 0)->name, attributes);
    return true;
}

/* What describes a linear operator: scales and zero points of a, b, y. */
static void linear_inputs(random_graph *t, const random_value *x, const char *b,
                          kao_dtype b_type, char *in, size_t cap)
{
    const char *a_scale = constant(t, KAO_F32, 0, NULL, 0.01, 0.1),
               *a_zero = constant(t, x->dtype, 0, NULL, 0, 100),
               *b_scale = constant(t, KAO_F32, 0, NULL, 0.01, 0.1),
               *b_zero = constant(t, b_type, 0, NULL, 0, 100),
               *y_scale = constant(t, KAO_F32, 0, NULL, 0.1, 2),
               *y_zero = constant(t, x->dtype, 0, NULL, 0, 100);

    snprintf(in, cap, "%s %s %s %s %s %s %s %s", x->name, a_scale, a_zero, b, b_scale,
             b_zero, y_scale, y_zero);
}

/* Bytes, or exact floats behind a Cast. */
static const random_value *pick_bytes(random_graph *t, int32_t lo)
{
    const random_value *x = pick(t, KAO_T_U8 | KAO_T_I8 | KAO_T_F32, lo, 4);

    if (!x || x->dtype != KAO_F32)
        return x;
    if (x->e > 0 || t->special || !fits_graph(t, x->dims, x->rank))
        return NULL;
    const random_value *y = push(t, KAO_I8, x->rank, x->dims, 128, 0);

    emit(t, "Cast", x->name, y->name, "to=3");
    return y;
}

static bool make_whole_product(random_graph *t)
{
    const random_value *x = pick_bytes(t, 2);
    const kao_dtype b_type = once_in(t, 2) ? KAO_U8 : KAO_I8;
    int64_t dims[KAO_MAX_RANK], w[2];
    char in[128];

    if (!x || t->opset < 10)
        return false;
    memcpy(dims, x->dims, sizeof dims);
    w[0] = x->dims[x->rank - 1];
    w[1] = dims[x->rank - 1] = 1 + draw(t, 5);
    if (!fits_graph(t, dims, x->rank) || !fits_graph(t, w, 2))
        return false;
    const char *b = constant(t, b_type, 2, w, 0, 100);

    if (once_in(t, 2)) {
        emit3(t, "MatMulInteger", x->name, b, constant(t, x->dtype, 0, NULL, 0, 9),
              push(t, KAO_I32, x->rank, dims, 1e9, 0)->name, "");
        return true;
    }
    linear_inputs(t, x, b, b_type, in, sizeof in);
    emit(t, "QLinearMatMul", in, push(t, x->dtype, x->rank, dims, 255, 0)->name, "");
    return true;
}

static bool make_whole_conv(random_graph *t)
{
    const random_value *x = pick_bytes(t, 4);
    const kao_dtype b_type = once_in(t, 2) ? KAO_U8 : KAO_I8;
    int64_t dims[4], w[4];
    char in[128];

    if (!x || t->opset < 10 || product(x->dims, 4) < 1)
        return false;
    memcpy(dims, x->dims, sizeof dims);
    w[0] = dims[1] = 1 + draw(t, 4);
    w[1] = x->dims[1];
    w[2] = w[3] = 3;
    if (!fits_graph(t, dims, 4) || !fits_graph(t, w, 4) ||
        product(dims, 4) * w[1] * 9 > MAX_WORK)
        return false;
    const char *b = constant(t, b_type, 4, w, 0, 100);

    if (once_in(t, 2)) {
        emit3(t, "ConvInteger", x->name, b, constant(t, x->dtype, 0, NULL, 0, 9),
              push(t, KAO_I32, 4, dims, 1e9, 0)->name, "pads=[1,1,1,1]");
        return true;
    }
    linear_inputs(t, x, b, b_type, in, sizeof in);
    emit(t, "QLinearConv", in, push(t, x->dtype, 4, dims, 255, 0)->name,
         "pads=[1,1,1,1]");
    return true;
}

static bool make_cast_like(random_graph *t)
{
    static const kao_dtype types[] = { KAO_F32, KAO_I64, KAO_U8, KAO_BOOL };
    const random_value *x = pick(t, KAO_T_ALL, 0, 5);

    if (!x || t->opset < 15 || !fits_graph(t, x->dims, x->rank))
        return false;
    const kao_dtype to = x->e > 0 ? KAO_F32 : types[draw(t, 4)];
    const double m = x->dtype == KAO_F32 && t->special ? 1e19 : fmax(x->m, 256);

    emit3(t, "CastLike", x->name, constant(t, to, 0, NULL, 0, 1), "",
          push(t, to, x->rank, x->dims, to == x->dtype ? x->m : m, x->e)->name, "");
    return true;
}

random_maker *const sum_makers[] = {
    make_group_norm, make_group_norm,     make_lrn,
    make_lp_pool,    make_conv_transpose, make_einsum,
    make_quantize,   make_quantize,       make_whole_product,
    make_whole_conv, make_whole_product,  make_whole_conv,
    make_cast_like,  make_group_norm,     NULL,
};
