/* ConvTranspose, generic: each output gathers the inputs whose window lies on it, summed in
 * double. Tap k of a window at input i falls on output i stride + k dilation - pad. */
#include "nn/ops/ops.h"

kao_status kao_op_conv_transpose_load(kao_op_loader *l)
{
    kao_conv_transpose_param *p = l->param;
    size_t n_padding = 0, n_shape = 0;
    kao_status st = kao_op_window_load(l, &p->window);

    if (!st)
        st = kao_attr_int(l, "group", 1, &p->group);
    if (!st)
        st = kao_attr_ints(l, "output_padding", p->padding, 2, &n_padding);
    if (!st)
        st = kao_attr_ints(l, "output_shape", p->shape, 2, &n_shape);
    if (!st && p->group < 1)
        st = kao_fail(l->err, KAO_E_FORMAT, "group %lld", (long long)p->group);
    for (int i = 0; !st && i < 2; i++)
        if (p->padding[i] < 0 || p->padding[i] > INT32_MAX || p->shape[i] < 0 ||
            p->shape[i] > INT32_MAX)
            st =
                kao_fail(l->err, KAO_E_FORMAT, "output_padding %lld, output_shape %lld",
                         (long long)p->padding[i], (long long)p->shape[i]);
    p->n_padding = (int32_t)n_padding;
    p->n_shape = (int32_t)n_shape;
    return st;
}

/* The number of axis i of a list of as many as there are axes; a 1-D window has axis 1. */
static int64_t of_axis(const int64_t *list, int32_t n, int i)
{
    return n == 0 ? 0 : n == 2 ? list[i] : i == 1 ? list[0] : 0;
}

static kao_status place_axis(kao_op_infer *x, kao_window *w, int i)
{
    const kao_conv_transpose_param *p = x->param;
    const kao_auto_pad mode = p->window.auto_pad;
    const int64_t reach = (w->kernel[i] - 1) * w->dilation[i] + 1;
    const int64_t full =
        w->stride[i] * (w->in[i] - 1) + of_axis(p->padding, p->n_padding, i) + reach;
    const bool same = mode == KAO_PAD_SAME_UPPER || mode == KAO_PAD_SAME_LOWER;
    const int64_t wanted = p->n_shape && !(p->n_shape == 1 && i == 0)
                               ? of_axis(p->shape, p->n_shape, i)
                               : w->in[i] * w->stride[i];

    w->pad_begin[i] = w->pad_end[i] = 0;
    if (p->n_shape || same) {
        const int64_t total = full > wanted ? full - wanted : 0;

        w->pad_begin[i] = mode == KAO_PAD_SAME_UPPER ? total / 2 : total - total / 2;
        w->pad_end[i] = total - w->pad_begin[i];
        w->out[i] = wanted;
    } else {
        if (mode == KAO_PAD_NOTSET) {
            w->pad_begin[i] = p->window.pads[i];
            w->pad_end[i] = p->window.pads[i + 2];
        }
        w->out[i] = full - w->pad_begin[i] - w->pad_end[i];
    }
    if (w->in[i] < 1 || reach > INT32_MAX || w->out[i] < 1)
        return kao_fail(x->err, KAO_E_FORMAT,
                        "%lld pixels by a window of %lld make %lld",
                        (long long)w->in[i], (long long)reach, (long long)w->out[i]);
    return KAO_OK;
}

kao_status kao_op_conv_transpose_infer(kao_op_infer *x)
{
    const kao_conv_transpose_param *p = x->param;
    kao_window *w = &((kao_conv_state *)x->state)->window;
    const kao_tensor *in = &x->in[0], *weight = &x->in[1];
    kao_status st = kao_infer_type_is(x, 1, in->dtype);

    if (!st && ((in->rank != 3 && in->rank != 4) || weight->rank != in->rank))
        st = kao_fail(x->err, KAO_E_UNSUPPORTED,
                      "input of rank %d, weight of rank %d: 1-D and 2-D windows only",
                      in->rank, weight->rank);
    if (st)
        return st;
    const kao_tensor v = kao_window_view(in), wv = kao_window_view(weight);
    const int32_t n_axes = in->rank - 2;

    if ((p->window.n_axes && p->window.n_axes != n_axes) ||
        (p->n_padding && p->n_padding != n_axes) ||
        (p->n_shape && p->n_shape != n_axes))
        return kao_fail(x->err, KAO_E_FORMAT,
                        "attributes do not fit a window of %d axes", n_axes);
    if (in->dims[1] % p->group || weight->dims[0] != in->dims[1])
        return kao_fail(
            x->err, KAO_E_FORMAT, "%lld input channels, weight %lld, group %lld",
            (long long)in->dims[1], (long long)weight->dims[0], (long long)p->group);
    w->n_axes = n_axes;
    for (int i = 0; !st && i < 2; i++) {
        w->kernel[i] = wv.dims[2 + i];
        w->stride[i] = p->window.stride[i];
        w->dilation[i] = p->window.dilation[i];
        w->in[i] = v.dims[2 + i];
        if (p->window.has_kernel && p->window.kernel[i] != w->kernel[i])
            st = kao_fail(x->err, KAO_E_FORMAT, "kernel_shape is not the weight's");
        if (!st)
            st = place_axis(x, w, i);
    }
    if (st)
        return st;
    kao_infer_like(x, 0);
    if (__builtin_mul_overflow(weight->dims[1], p->group, &x->out[0].dims[1]))
        return kao_fail(x->err, KAO_E_LIMIT, "group %lld", (long long)p->group);
    for (int i = 0; i < n_axes; i++)
        x->out[0].dims[2 + i] = w->out[2 - n_axes + i];
    if (kao_infer_has(x, 2) &&
        (x->in[2].rank != 1 || x->in[2].dims[0] != x->out[0].dims[1] ||
         x->in[2].dtype != in->dtype))
        return kao_fail(x->err, KAO_E_FORMAT,
                        "the bias is not one float per output channel");
    return KAO_OK;
}

/* The input that tap k of axis i brings to output o; -1: none. */
static int64_t source(const kao_window *w, int i, int64_t o, int64_t k)
{
    const int64_t at = o + w->pad_begin[i] - k * w->dilation[i];

    if (at < 0 || at % w->stride[i] || at / w->stride[i] >= w->in[i])
        return -1;
    return at / w->stride[i];
}

/* src, weight: where the group's first channel begins; c: its channels. */
static double gather(const kao_window *g, const kao_tensor *in, const kao_tensor *w,
                     int64_t src, int64_t weight, int64_t c, int64_t y, int64_t x)
{
    double sum = 0;

    for (int64_t ky = 0; ky < g->kernel[0]; ky++) {
        const int64_t iy = source(g, 0, y, ky);

        for (int64_t kx = 0; iy >= 0 && kx < g->kernel[1]; kx++) {
            const int64_t ix = source(g, 1, x, kx);
            const int64_t s = src + iy * in->strides[2] + ix * in->strides[3];
            const int64_t k = weight + ky * w->strides[2] + kx * w->strides[3];

            for (int64_t i = 0; ix >= 0 && i < c; i++)
                sum += kao_tensor_real_at(in, s + i * in->strides[1]) *
                       kao_tensor_real_at(w, k + i * w->strides[0]);
        }
    }
    return sum;
}

void kao_op_conv_transpose_run(const kao_op_call *c)
{
    const kao_conv_transpose_param *p = c->param;
    const kao_window *g = &((const kao_conv_state *)c->state)->window;
    const kao_tensor in = kao_window_view(&c->in[0]), w = kao_window_view(&c->in[1]);
    const kao_tensor out = kao_window_view(&c->out[0]);
    const kao_tensor *bias = kao_call_optional(c, 2);
    const int64_t channels = in.dims[1] / p->group;

    for (int64_t n = 0; n < out.dims[0]; n++)
        for (int64_t o = 0; o < out.dims[1]; o++) {
            const int64_t first = o / w.dims[1] * channels;
            const int64_t src = n * in.strides[0] + first * in.strides[1],
                          weight = first * w.strides[0] + o % w.dims[1] * w.strides[1],
                          dst = n * out.strides[0] + o * out.strides[1];
            const double b =
                bias ? kao_tensor_number_at(bias, o * bias->strides[0]) : 0;

            for (int64_t y = 0; y < out.dims[2]; y++)
                for (int64_t x = 0; x < out.dims[3]; x++)
                    kao_tensor_set_real(
                        &out, dst + y * out.strides[2] + x * out.strides[3],
                        b + gather(g, &in, &w, src, weight, channels, y, x));
        }
}

uint64_t kao_op_conv_transpose_work(const kao_tensor *in, const void *param,
                                    const void *state)
{
    const kao_window *w = &((const kao_conv_state *)state)->window;
    const uint64_t channels =
        (uint64_t)(in->dims[1] / ((const kao_conv_transpose_param *)param)->group);

    /* a weight's elements: below 2^31 in all */
    return (channels ? channels : 1) * (uint64_t)w->kernel[0] * (uint64_t)w->kernel[1];
}
