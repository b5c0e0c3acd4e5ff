/* Products of whole numbers: MatMulInteger and ConvInteger give the sums as int32, which wrap;
 * QLinearMatMul and QLinearConv scale them to uint8 or int8 again:
 *     y = clamp(round_even(sum * a_scale * b_scale / y_scale) + y_zero)
 * with sum = sum of (a - a_zero) (b - b_zero). Padding is a real 0, so its taps are left out. */
#include <math.h>

#include "nn/ops/ops.h"

enum {
    A_SCALE = 1,
    A_ZERO,
    B,
    B_SCALE,
    B_ZERO,
    Y_SCALE,
    Y_ZERO,
    BIAS
}; /* QLinear's inputs */

static kao_status check_bytes(kao_op_infer *x, uint32_t i)
{
    if (x->in[i].dtype != KAO_U8 && x->in[i].dtype != KAO_I8)
        return kao_fail(x->err, KAO_E_UNSUPPORTED, "input %u is %s", i,
                        kao_dtype_name((int)x->in[i].dtype));
    return KAO_OK;
}

/* A scale or zero point: one number, or a list of n. */
static kao_status check_list(kao_op_infer *x, uint32_t i, kao_dtype dtype, int64_t n)
{
    const kao_tensor *t = &x->in[i];

    if (!kao_infer_has(x, i))
        return KAO_OK;
    if (kao_tensor_count(t) != 1 && !(t->rank == 1 && t->dims[0] == n))
        return kao_fail(x->err, KAO_E_UNSUPPORTED, "input %u is not one number or %lld",
                        i, (long long)n);
    return kao_infer_type_is(x, i, dtype);
}

static int64_t step_of(const kao_tensor *t)
{
    return kao_tensor_count(t) == 1 ? 0 : t->strides[t->rank - 1];
}

static int64_t whole_of(const kao_tensor *t, int64_t i)
{
    return t ? kao_tensor_int_at(t, i * step_of(t)) : 0;
}

/* The operands of the products, and their zero points; NULL: 0. */
typedef struct operands {
    const kao_tensor *a, *b, *a_zero, *b_zero;
} operands;

static operands operands_of(const kao_op_call *c, bool is_linear)
{
    return (operands){ &c->in[0], &c->in[is_linear ? B : 1], kao_call_optional(c, 2),
                       kao_call_optional(c, is_linear ? B_ZERO : 3) };
}

/* channel: of b's scales. */
static void put_scaled(const kao_op_call *c, int64_t at, int64_t sum, int64_t row,
                       int64_t channel)
{
    const kao_tensor *a = &c->in[A_SCALE], *b = &c->in[B_SCALE];
    const double scale = (double)((const float *)a->data)[row * step_of(a)] *
                         (double)((const float *)b->data)[channel * step_of(b)] /
                         (double)*(const float *)c->in[Y_SCALE].data;

    kao_tensor_set_number(&c->out[0], at,
                          rint((double)sum * scale) +
                              (double)kao_tensor_int_at(&c->in[Y_ZERO], 0));
}

/* ---- matrices ---- */

typedef struct matrices {
    const kao_op_call *c;
    operands o;
    bool is_linear;
} matrices;

static void run_whole_dot(const kao_dot *d, void *user)
{
    const matrices *m = user;
    const int64_t a_zero = whole_of(m->o.a_zero, d->row),
                  b_zero = whole_of(m->o.b_zero, d->col);
    int64_t sum = 0; /* of up to 2^31 products below 2^17 */

    for (int64_t i = 0; i < d->k; i++)
        sum += (kao_tensor_int_at(m->o.a, d->a + i * d->a_step) - a_zero) *
               (kao_tensor_int_at(m->o.b, d->b + i * d->b_step) - b_zero);
    if (m->is_linear)
        put_scaled(m->c, d->out, sum, d->row, d->col);
    else
        kao_tensor_set_int(&m->c->out[0], d->out, sum);
}

static void run_matrices(const kao_op_call *c, bool is_linear)
{
    matrices m = { c, operands_of(c, is_linear), is_linear };

    kao_run_products(m.o.a, m.o.b, &c->out[0], run_whole_dot, &m);
}

static int64_t rows_of(const kao_tensor *a)
{
    return a->rank > 1 ? a->dims[a->rank - 2] : 1;
}

static int64_t columns_of(const kao_tensor *b)
{
    return b->rank > 1 ? b->dims[b->rank - 1] : 1;
}

kao_status kao_op_matmul_integer_infer(kao_op_infer *x)
{
    kao_status st = check_bytes(x, 1);

    if (!st)
        st = check_list(x, 2, x->in[0].dtype, rows_of(&x->in[0]));
    if (!st)
        st = check_list(x, 3, x->in[1].dtype, columns_of(&x->in[1]));
    if (!st)
        st = kao_infer_product(x, 0, 1);
    x->out[0].dtype = KAO_I32;
    return st;
}

void kao_op_matmul_integer_run(const kao_op_call *c)
{
    run_matrices(c, false);
}

/* Types and counts of what QLinear operators add to their operands. */
static kao_status check_linear(kao_op_infer *x, int64_t rows, int64_t channels)
{
    kao_status st = check_bytes(x, B);

    if (!st)
        st = check_bytes(x, Y_ZERO);
    if (!st)
        st = check_list(x, A_SCALE, KAO_F32, rows);
    if (!st)
        st = check_list(x, A_ZERO, x->in[0].dtype, rows);
    if (!st)
        st = check_list(x, B_SCALE, KAO_F32, channels);
    if (!st)
        st = check_list(x, B_ZERO, x->in[B].dtype, channels);
    if (!st)
        st = check_list(x, Y_SCALE, KAO_F32, 1);
    return st ? st : check_list(x, Y_ZERO, x->in[Y_ZERO].dtype, 1);
}

kao_status kao_op_qlinear_matmul_infer(kao_op_infer *x)
{
    kao_status st = check_linear(x, rows_of(&x->in[0]), columns_of(&x->in[B]));

    if (!st)
        st = kao_infer_product(x, 0, B);
    x->out[0].dtype = x->in[Y_ZERO].dtype;
    return st;
}

void kao_op_qlinear_matmul_run(const kao_op_call *c)
{
    run_matrices(c, true);
}

/* ---- convolutions ---- */

kao_status kao_op_conv_integer_infer(kao_op_infer *x)
{
    kao_status st = check_bytes(x, 1);

    if (!st)
        st = check_list(x, 2, x->in[0].dtype, 1);
    if (!st)
        st = check_list(x, 3, x->in[1].dtype, x->in[1].rank ? x->in[1].dims[0] : 1);
    if (!st)
        st = kao_infer_conv(x, 1);
    x->out[0].dtype = KAO_I32;
    return st;
}

kao_status kao_op_qlinear_conv_infer(kao_op_infer *x)
{
    const int64_t channels = x->in[B].rank ? x->in[B].dims[0] : 1;
    kao_status st = check_linear(x, 1, channels);

    if (!st && kao_infer_has(x, BIAS) &&
        (x->in[BIAS].dtype != KAO_I32 || x->in[BIAS].rank != 1 ||
         x->in[BIAS].dims[0] != channels))
        st = kao_fail(x->err, KAO_E_FORMAT,
                      "the bias is not one int32 per output channel");
    if (!st)
        st = kao_infer_conv(x, B);
    x->out[0].dtype = x->in[Y_ZERO].dtype;
    return st;
}

/* Element of a tensor of rank 4 whose first two axes are at base. */
static int64_t at_pixel(const kao_tensor *t, int64_t base, int64_t y, int64_t x)
{
    return base + y * t->strides[2] + x * t->strides[3];
}

/* in_base, w_base: where the group's first channel and the output's weights begin. */
static int64_t window_sum(const kao_window *g, const kao_tensor *in, int64_t in_base,
                          int64_t in_zero, const kao_tensor *w, int64_t w_base,
                          int64_t w_zero, int64_t y, int64_t x)
{
    const kao_taps t = kao_window_taps(g, y, x);
    int64_t sum = 0;

    for (int64_t c = 0; c < w->dims[1]; c++)
        for (int64_t ky = t.y0; ky < t.y1; ky++)
            for (int64_t kx = t.x0; kx < t.x1; kx++) {
                const int64_t a =
                    kao_tensor_int_at(in, at_pixel(in, in_base + c * in->strides[1],
                                                   t.top + ky * g->dilation[0],
                                                   t.left + kx * g->dilation[1]));
                const int64_t b = kao_tensor_int_at(
                    w, at_pixel(w, w_base + c * w->strides[1], ky, kx));

                sum += (a - in_zero) * (b - w_zero);
            }
    return sum;
}

static void run_conv(const kao_op_call *c, bool is_linear)
{
    const operands p = operands_of(c, is_linear);
    const kao_window *g = &((const kao_conv_state *)c->state)->window;
    const kao_tensor in = kao_window_view(p.a), w = kao_window_view(p.b);
    const kao_tensor out = kao_window_view(&c->out[0]);
    const kao_tensor *bias = is_linear ? kao_call_optional(c, BIAS) : NULL;
    const int64_t per_group = out.dims[1] / ((const kao_conv_param *)c->param)->group;
    const int64_t in_zero = whole_of(p.a_zero, 0);

    for (int64_t n = 0; n < out.dims[0]; n++)
        for (int64_t o = 0; o < out.dims[1]; o++) {
            const int64_t in_base =
                n * in.strides[0] + o / per_group * w.dims[1] * in.strides[1];
            const int64_t to = n * out.strides[0] + o * out.strides[1];
            const int64_t b = bias ? kao_tensor_int_at(bias, o * bias->strides[0]) : 0;

            for (int64_t y = 0; y < out.dims[2]; y++)
                for (int64_t x = 0; x < out.dims[3]; x++) {
                    const int64_t sum =
                        b + window_sum(g, &in, in_base, in_zero, &w, o * w.strides[0],
                                       whole_of(p.b_zero, o), y, x);

                    if (is_linear)
                        put_scaled(c, at_pixel(&out, to, y, x), sum, 0, o);
                    else
                        kao_tensor_set_int(&out, at_pixel(&out, to, y, x), sum);
                }
        }
}

void kao_op_conv_integer_run(const kao_op_call *c)
{
    run_conv(c, false);
}

void kao_op_qlinear_conv_run(const kao_op_call *c)
{
    run_conv(c, true);
}
