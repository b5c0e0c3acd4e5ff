/* MaxPool, AveragePool and LpPool, generic. Padding counts as minus infinity for the
 * maximum, as nothing for the norm; for the mean it is left out of the divisor unless
 * count_include_pad says otherwise (what a ceil_mode window reaches beyond the padding never
 * counts). A mean of nothing is 0. */
#include <math.h>
#include <string.h>

#include "kernels/pool.h"
#include "nn/lower.h"
#include "nn/ops/ops.h"

static kao_status load_window(kao_op_loader *l, kao_window_param *p)
{
    const kao_status st = kao_op_window_load(l, p);

    return st || p->has_kernel ? st
                               : kao_fail(l->err, KAO_E_UNSUPPORTED,
                                          "no kernel_shape of one or two numbers");
}

kao_status kao_op_max_pool_load(kao_op_loader *l)
{
    kao_pool_param *p = l->param;
    const kao_status st = load_window(l, &p->window);

    return st ? st : kao_attr_int(l, "storage_order", 0, &p->storage_order);
}

kao_status kao_op_average_pool_load(kao_op_loader *l)
{
    kao_pool_param *p = l->param;
    const kao_status st = load_window(l, &p->window);

    return st ? st : kao_attr_int(l, "count_include_pad", 0, &p->count_include_pad);
}

kao_status kao_op_lp_pool_load(kao_op_loader *l)
{
    kao_pool_param *p = l->param;
    kao_status st = load_window(l, &p->window);

    if (!st)
        st = kao_attr_int(l, "p", 2, &p->power);
    if (!st && p->power < 1)
        st = kao_fail(l->err, KAO_E_FORMAT, "p %lld", (long long)p->power);
    return st;
}

kao_status kao_op_average_pool_infer(kao_op_infer *x)
{
    const kao_pool_param *p = x->param;
    kao_pool_state *s = x->state;
    const kao_status st = kao_op_window_infer(x, &p->window, NULL, &s->window);

    if (st)
        return st;
    kao_infer_like(x, 0);
    for (int i = 0; i < s->window.n_axes; i++)
        x->out[0].dims[2 + i] = s->window.out[2 - s->window.n_axes + i];
    return KAO_OK;
}

kao_status kao_op_max_pool_infer(kao_op_infer *x)
{
    const kao_status st = kao_op_average_pool_infer(x);

    if (!st && x->n_out > 1) {
        x->out[1] = x->out[0];
        x->out[1].dtype = KAO_I64;
    }
    return st;
}

static void max_window(const kao_window *g, const kao_tensor *in, int64_t base,
                       int64_t y, int64_t x, double *best, int64_t *by, int64_t *bx)
{
    const kao_taps t = kao_window_taps(g, y, x);
    bool found = false;

    *best = kao_tensor_is_real(in) ? -HUGE_VAL : in->dtype == KAO_U8 ? 0 : INT8_MIN;
    *by = *bx = 0;
    for (int64_t ky = t.y0; ky < t.y1; ky++) {
        const int64_t iy = t.top + ky * g->dilation[0];

        for (int64_t kx = t.x0; kx < t.x1; kx++) {
            const int64_t ix = t.left + kx * g->dilation[1];
            const double v = kao_tensor_number_at(in, base + iy * in->strides[2] +
                                                          ix * in->strides[3]);

            if (!found || v > *best || (v != v && *best == *best)) { /* NaN wins */
                *best = v;
                *by = iy;
                *bx = ix;
                found = true;
            }
        }
    }
}

void kao_op_max_pool_run(const kao_op_call *c)
{
    const kao_pool_param *p = c->param;
    const kao_window *g = &((const kao_pool_state *)c->state)->window;
    const kao_tensor in = kao_window_view(&c->in[0]), out = kao_window_view(&c->out[0]);
    kao_tensor index = { 0 };

    if (c->n_out > 1 && c->out[1].data)
        index = kao_window_view(&c->out[1]);
    const int64_t *dims = out.data ? out.dims : index.dims; /* either may be unwanted */

    for (int64_t n = 0; n < dims[0]; n++)
        for (int64_t ch = 0; ch < dims[1]; ch++)
            for (int64_t y = 0; y < dims[2]; y++)
                for (int64_t x = 0; x < dims[3]; x++) {
                    double best = 0;
                    int64_t by = 0, bx = 0;
                    const int64_t plane = n * in.dims[1] + ch;

                    max_window(g, &in, n * in.strides[0] + ch * in.strides[1], y, x,
                               &best, &by, &bx);
                    if (out.data)
                        kao_tensor_set_number(&out,
                                              n * out.strides[0] + ch * out.strides[1] +
                                                  y * out.strides[2] +
                                                  x * out.strides[3],
                                              best);
                    if (index.data) /* counted in C order, or columns first */
                        ((int64_t *)
                             index.data)[n * index.strides[0] + ch * index.strides[1] +
                                         y * index.strides[2] + x * index.strides[3]] =
                            plane * in.dims[2] * in.dims[3] +
                            (p->storage_order ? bx * in.dims[2] + by
                                              : by * in.dims[3] + bx);
                }
}

/* One number of a window; plane: where the channel begins. */
typedef double window_fn(const kao_window *g, const kao_pool_param *p,
                         const kao_tensor *in, int64_t plane, int64_t y, int64_t x);

static double mean_window(const kao_window *g, const kao_pool_param *p,
                          const kao_tensor *in, int64_t plane, int64_t y, int64_t x)
{
    const kao_taps t = kao_window_taps(g, y, x);
    double sum = 0;

    for (int64_t ky = t.y0; ky < t.y1; ky++) {
        const int64_t row = plane + (t.top + ky * g->dilation[0]) * in->strides[2];

        for (int64_t kx = t.x0; kx < t.x1; kx++)
            sum += kao_tensor_real_at(in, row + (t.left + kx * g->dilation[1]) *
                                                    in->strides[3]);
    }
    const int64_t n = p->count_include_pad ? kao_window_padded_taps(g, 0, t.top) *
                                                 kao_window_padded_taps(g, 1, t.left)
                                           : (t.y1 - t.y0) * (t.x1 - t.x0);

    return n ? sum / (double)n : 0;
}

static double norm_window(const kao_window *g, const kao_pool_param *p,
                          const kao_tensor *in, int64_t plane, int64_t y, int64_t x)
{
    const kao_taps t = kao_window_taps(g, y, x);
    const double power = (double)p->power;
    double sum = 0;

    for (int64_t ky = t.y0; ky < t.y1; ky++) {
        const int64_t row = plane + (t.top + ky * g->dilation[0]) * in->strides[2];

        for (int64_t kx = t.x0; kx < t.x1; kx++) {
            const double v = fabs(kao_tensor_real_at(
                in, row + (t.left + kx * g->dilation[1]) * in->strides[3]));

            sum += p->power == 1 ? v : p->power == 2 ? v * v : pow(v, power);
        }
    }
    return p->power == 1 ? sum : p->power == 2 ? sqrt(sum) : pow(sum, 1 / power);
}

static void run_windows(const kao_op_call *c, window_fn *f)
{
    const kao_window *g = &((const kao_pool_state *)c->state)->window;
    const kao_tensor in = kao_window_view(&c->in[0]), out = kao_window_view(&c->out[0]);

    for (int64_t n = 0; n < out.dims[0]; n++)
        for (int64_t ch = 0; ch < out.dims[1]; ch++)
            for (int64_t y = 0; y < out.dims[2]; y++)
                for (int64_t x = 0; x < out.dims[3]; x++)
                    kao_tensor_set_real(&out,
                                        n * out.strides[0] + ch * out.strides[1] +
                                            y * out.strides[2] + x * out.strides[3],
                                        f(g, c->param, &in,
                                          n * in.strides[0] + ch * in.strides[1], y,
                                          x));
}

void kao_op_average_pool_run(const kao_op_call *c)
{
    run_windows(c, mean_window);
}

void kao_op_lp_pool_run(const kao_op_call *c)
{
    run_windows(c, norm_window);
}

/* ---- kernels ---- */

uint64_t kao_op_pool_work(const kao_tensor *in, const void *param, const void *state)
{
    (void)in;
    (void)param;
    return kao_window_work(&((const kao_pool_state *)state)->window);
}

static kao_status lower_pool(kao_op_lower *x, kao_pooling_kind kind)
{
    const kao_window *w = &((const kao_pool_state *)x->state)->window;
    const kao_tensor *in = &x->in[0], *out = &x->out[0];
    int64_t from = 0, to = 0;

    if (in->rank != 4 || in->dtype != KAO_F32 || !kao_window_is_sane(w) ||
        (x->n_out > 1 && kao_tensor_given(&x->out[1])) ||
        !kao_tensor_is_channels_last(in, &from) ||
        !kao_tensor_is_channels_last(out, &to) || kao_tensor_count(in) >= INT32_MAX ||
        kao_tensor_count(out) >= INT32_MAX)
        return KAO_OK;
    const kao_pooling d = {
        .kind = kind,
        .n = (int32_t)in->dims[0],
        .h = (int32_t)in->dims[2],
        .w = (int32_t)in->dims[3],
        .c = (int32_t)in->dims[1],
        .oh = (int32_t)out->dims[2],
        .ow = (int32_t)out->dims[3],
        .kh = (int32_t)w->kernel[0],
        .kw = (int32_t)w->kernel[1],
        .sy = (int32_t)w->stride[0],
        .sx = (int32_t)w->stride[1],
        .dy = (int32_t)w->dilation[0],
        .dx = (int32_t)w->dilation[1],
        .pad_top = (int32_t)w->pad_begin[0],
        .pad_left = (int32_t)w->pad_begin[1],
        .pad_bottom = (int32_t)w->pad_end[0],
        .pad_right = (int32_t)w->pad_end[1],
        .in_stride = (int32_t)from,
        .out_stride = (int32_t)to,
    };

    return kao_lower_to(x, KAO_KERNEL_POOL, &d, sizeof d);
}

kao_status kao_op_max_pool_lower(kao_op_lower *x)
{
    return lower_pool(x, KAO_POOLING_MAX);
}

kao_status kao_op_average_pool_lower(kao_op_lower *x)
{
    const kao_pool_param *p = x->param;

    return lower_pool(x, p->count_include_pad ? KAO_POOLING_AVG_PAD : KAO_POOLING_AVG);
}
