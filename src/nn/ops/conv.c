/* Conv, generic: the sum as the specification writes it, accumulated in double, so that
 * this form is the yardstick for the others. */
#include "nn/ops/ops.h"

kao_status kao_op_conv_load(kao_op_loader *l)
{
    kao_conv_param *p = l->param;
    kao_status st = kao_op_window_load(l, &p->window);

    if (!st)
        st = kao_attr_int(l, "group", 1, &p->group);
    if (!st && p->group < 1)
        st = kao_fail(l->err, KAO_E_FORMAT, "group %lld", (long long)p->group);
    return st;
}

kao_status kao_infer_conv(kao_op_infer *x, uint32_t weight)
{
    const kao_conv_param *p = x->param;
    kao_conv_state *s = x->state;
    const kao_tensor *in = &x->in[0], *w = &x->in[weight];
    kao_tensor *out = &x->out[0];

    if (in->rank < 3 || w->rank != in->rank)
        return kao_fail(x->err, KAO_E_FORMAT, "input of rank %d, weight of rank %d",
                        in->rank, w->rank);
    const kao_tensor wv = kao_window_view(w);
    const int64_t kernel[2] = { wv.dims[2], wv.dims[3] };
    const kao_status st = kao_op_window_infer(x, &p->window, kernel, &s->window);

    if (st)
        return st;
    if (s->window.kernel[0] != kernel[0] || s->window.kernel[1] != kernel[1])
        return kao_fail(x->err, KAO_E_FORMAT, "kernel_shape is not the weight's");
    if (w->dims[0] % p->group || in->dims[1] % p->group ||
        w->dims[1] != in->dims[1] / p->group)
        return kao_fail(x->err, KAO_E_FORMAT,
                        "%lld input channels, weight %lld x %lld, group %lld",
                        (long long)in->dims[1], (long long)w->dims[0],
                        (long long)w->dims[1], (long long)p->group);
    *out = *in;
    out->dims[1] = w->dims[0];
    for (int i = 0; i < s->window.n_axes; i++)
        out->dims[2 + i] = s->window.out[2 - s->window.n_axes + i];
    return KAO_OK;
}

kao_status kao_op_conv_infer(kao_op_infer *x)
{
    kao_status st = kao_infer_type_is(x, 1, x->in[0].dtype);

    if (!st)
        st = kao_infer_conv(x, 1);
    if (!st && kao_infer_has(x, 2) &&
        (x->in[2].rank != 1 || x->in[2].dims[0] != x->in[1].dims[0] ||
         x->in[2].dtype != x->in[0].dtype))
        st = kao_fail(x->err, KAO_E_FORMAT,
                      "the bias is not one float per output channel");
    return st;
}

/* Taps kx0 to kx1 of a row, where tap 0 is at `row` and `k`. */
static double row_sum(const kao_tensor *in, int64_t row, int64_t step,
                      const kao_tensor *w, int64_t k, int64_t kx0, int64_t kx1)
{
    double sum = 0;

    if (in->dtype == KAO_F32) {
        const float *u = (const float *)in->data + row, *v = (const float *)w->data + k;

        for (int64_t kx = kx0; kx < kx1; kx++)
            sum += (double)u[kx * step] * (double)v[kx * w->strides[3]];
        return sum;
    }
    for (int64_t kx = kx0; kx < kx1; kx++)
        sum += kao_tensor_real_at(in, row + kx * step) *
               kao_tensor_real_at(w, k + kx * w->strides[3]);
    return sum;
}

/* One output: the window's elements that fall inside the picture. src, weight: where the
 * channels begin. */
static double window_sum(const kao_window *g, const kao_tensor *in, const kao_tensor *w,
                         int64_t src, int64_t weight, int64_t y, int64_t x)
{
    const kao_taps t = kao_window_taps(g, y, x);
    double sum = 0;

    for (int64_t c = 0; c < w->dims[1]; c++)
        for (int64_t ky = t.y0; ky < t.y1; ky++) {
            const int64_t iy = t.top + ky * g->dilation[0];
            const int64_t row = src + c * in->strides[1] + iy * in->strides[2] +
                                t.left * in->strides[3],
                          k = weight + c * w->strides[1] + ky * w->strides[2];

            sum += row_sum(in, row, g->dilation[1] * in->strides[3], w, k, t.x0, t.x1);
        }
    return sum;
}

void kao_op_conv_generic_run(const kao_op_call *c)
{
    const kao_conv_param *p = c->param;
    const kao_conv_state *s = c->state;
    const kao_tensor in = kao_window_view(&c->in[0]), w = kao_window_view(&c->in[1]);
    const kao_tensor out = kao_window_view(&c->out[0]);
    const kao_tensor *bias = kao_call_optional(c, 2);
    const int64_t per_group = out.dims[1] / p->group;

    for (int64_t n = 0; n < out.dims[0]; n++)
        for (int64_t o = 0; o < out.dims[1]; o++) {
            const int64_t src = n * in.strides[0] +
                                o / per_group * w.dims[1] * in.strides[1],
                          weight = o * w.strides[0],
                          dst = n * out.strides[0] + o * out.strides[1];
            const double b = bias ? kao_tensor_real_at(bias, o * bias->strides[0]) : 0;

            for (int64_t y = 0; y < out.dims[2]; y++)
                for (int64_t x = 0; x < out.dims[3]; x++)
                    kao_tensor_set_real(
                        &out, dst + y * out.strides[2] + x * out.strides[3],
                        b + window_sum(&s->window, &in, &w, src, weight, y, x));
        }
}

uint64_t kao_op_conv_work(const kao_tensor *in, const void *param, const void *state)
{
    return (uint64_t)(in->dims[1] / ((const kao_conv_param *)param)->group) *
           kao_window_work(&((const kao_conv_state *)state)->window);
}

kao_conv kao_conv_of_window(const kao_window *w, int64_t groups, const kao_tensor *in,
                            const kao_tensor *out)
{
    return (kao_conv){ .n = (int32_t)in->dims[0],
                       .h = (int32_t)in->dims[2],
                       .w = (int32_t)in->dims[3],
                       .c = (int32_t)in->dims[1],
                       .oh = (int32_t)out->dims[2],
                       .ow = (int32_t)out->dims[3],
                       .oc = (int32_t)out->dims[1],
                       .kh = (int32_t)w->kernel[0],
                       .kw = (int32_t)w->kernel[1],
                       .sy = (int32_t)w->stride[0],
                       .sx = (int32_t)w->stride[1],
                       .dy = (int32_t)w->dilation[0],
                       .dx = (int32_t)w->dilation[1],
                       .pad_top = (int32_t)w->pad_begin[0],
                       .pad_left = (int32_t)w->pad_begin[1],
                       .groups = (int32_t)groups };
}

kao_conv kao_conv_of_rows(int64_t m, int64_t k, int64_t n)
{
    return (kao_conv){ .n = 1,
                       .h = 1,
                       .w = (int32_t)m,
                       .c = (int32_t)k,
                       .oh = 1,
                       .ow = (int32_t)m,
                       .oc = (int32_t)n,
                       .kh = 1,
                       .kw = 1,
                       .sy = 1,
                       .sx = 1,
                       .dy = 1,
                       .dx = 1,
                       .groups = 1 };
}
