/* Operators of one input that give f(a) for each element a, in double: one line of a table
 * each. `whole` is the form for integers, where double would lose digits. */
#include <math.h>
#include <string.h>

#include "nn/ops/ops.h"

static double absolute(double a, const float *k)
{
    (void)k;
    return fabs(a);
}

static double negative(double a, const float *k)
{
    (void)k;
    return -a;
}

static double sign(double a, const float *k)
{
    (void)k;
    return a > 0 ? 1 : a < 0 ? -1 : a;
}

static double reciprocal(double a, const float *k)
{
    (void)k;
    return 1 / a;
}

static double square_root(double a, const float *k)
{
    (void)k;
    return sqrt(a);
}

static double exponential(double a, const float *k)
{
    (void)k;
    return exp(a);
}

static double logarithm(double a, const float *k)
{
    (void)k;
    return log(a);
}

static double round_up(double a, const float *k)
{
    (void)k;
    return ceil(a);
}

static double round_down(double a, const float *k)
{
    (void)k;
    return floor(a);
}

static double round_even(double a, const float *k) /* of two nearest the even one */
{
    (void)k;
    return rint(a);
}

static double sine(double a, const float *k)
{
    (void)k;
    return sin(a);
}

static double cosine(double a, const float *k)
{
    (void)k;
    return cos(a);
}

static double tangent(double a, const float *k)
{
    (void)k;
    return tan(a);
}

static double arc_sine(double a, const float *k)
{
    (void)k;
    return asin(a);
}

static double arc_cosine(double a, const float *k)
{
    (void)k;
    return acos(a);
}

static double arc_tangent(double a, const float *k)
{
    (void)k;
    return atan(a);
}

static double hyperbolic_sine(double a, const float *k)
{
    (void)k;
    return sinh(a);
}

static double hyperbolic_cosine(double a, const float *k)
{
    (void)k;
    return cosh(a);
}

static double hyperbolic_tangent(double a, const float *k)
{
    (void)k;
    return tanh(a);
}

static double area_sine(double a, const float *k)
{
    (void)k;
    return asinh(a);
}

static double area_cosine(double a, const float *k)
{
    (void)k;
    return acosh(a);
}

static double area_tangent(double a, const float *k)
{
    (void)k;
    return atanh(a);
}

static double error_function(double a, const float *k)
{
    (void)k;
    return erf(a);
}

static double sigmoid(double a, const float *k)
{
    (void)k;
    return 1 / (1 + exp(-a));
}

static double hard_sigmoid(double a, const float *k)
{
    const double v = (double)k[0] * a + (double)k[1];

    return v < 0 ? 0 : v > 1 ? 1 : v;
}

static double hard_swish(double a, const float *k)
{
    const double v = a / 6 + 0.5;

    (void)k;
    return a * (v < 0 ? 0 : v > 1 ? 1 : v);
}

static double swish(double a, const float *k)
{
    return a / (1 + exp(-(double)k[0] * a));
}

static double elu(double a, const float *k)
{
    return a < 0 ? (double)k[0] * expm1(a) : a;
}

static double selu(double a, const float *k)
{
    return (double)k[1] * elu(a, k);
}

static double celu(double a, const float *k)
{
    return a < 0 ? (double)k[0] * expm1(a / (double)k[0]) : a;
}

static double softplus(double a, const float *k)
{
    (void)k;
    return a > 0 ? a + log1p(exp(-a)) : log1p(exp(a));
}

static double softsign(double a, const float *k)
{
    (void)k;
    return a / (1 + fabs(a));
}

static double mish(double a, const float *k)
{
    return a * tanh(softplus(a, k));
}

static double gelu(double a, const float *k)
{
    (void)k;
    return 0.5 * a * (1 + erf(a * 0.70710678118654752440));
}

static double gelu_by_tanh(double a, const float *k) /* sqrt(2 / pi) is .79788 */
{
    (void)k;
    return 0.5 * a * (1 + tanh(0.79788456080286535588 * (a + 0.044715 * a * a * a)));
}

static double shrink(double a, const float *k)
{
    return a < -(double)k[1]  ? a + (double)k[0]
           : a > (double)k[1] ? a - (double)k[0]
                              : 0;
}

static double thresholded(double a, const float *k)
{
    return a > (double)k[0] ? a : 0;
}

static double is_nan(double a, const float *k)
{
    (void)k;
    return a != a;
}

static double is_inf(double a, const float *k) /* k: whether -inf, +inf count */
{
    return isinf(a) && (a < 0 ? k[0] : k[1]) != 0;
}

static double is_false(double a, const float *k)
{
    (void)k;
    return a == 0;
}

static int64_t absolute_whole(int64_t a)
{
    return a < 0 ? (int64_t)(0 - (uint64_t)a) : a;
}

static int64_t negative_whole(int64_t a)
{
    return (int64_t)(0 - (uint64_t)a);
}

static int64_t sign_whole(int64_t a)
{
    return (a > 0) - (a < 0);
}

typedef struct map {
    const char *op;
    double (*f)(double a, const float *k);
    int64_t (*whole)(int64_t a);
    bool gives_bool;
    const char *attr[2]; /* of k */
    float fallback[2];
} map;

/* clang-format off */
static const map maps[] = {
    { .op = "Abs",          .f = absolute, .whole = absolute_whole },
    { .op = "Acos",         .f = arc_cosine },
    { .op = "Acosh",        .f = area_cosine },
    { .op = "Asin",         .f = arc_sine },
    { .op = "Asinh",        .f = area_sine },
    { .op = "Atan",         .f = arc_tangent },
    { .op = "Atanh",        .f = area_tangent },
    { .op = "Ceil",         .f = round_up },
    { .op = "Celu",         .f = celu, .attr = { "alpha" }, .fallback = { 1 } },
    { .op = "Cos",          .f = cosine },
    { .op = "Cosh",         .f = hyperbolic_cosine },
    { .op = "Elu",          .f = elu, .attr = { "alpha" }, .fallback = { 1 } },
    { .op = "Erf",          .f = error_function },
    { .op = "Exp",          .f = exponential },
    { .op = "Floor",        .f = round_down },
    { .op = "Gelu",         .f = gelu },
    { .op = "HardSigmoid",  .f = hard_sigmoid, .attr = { "alpha", "beta" }, .fallback = { 0.2f, 0.5f } },
    { .op = "HardSwish",    .f = hard_swish },
    { .op = "IsInf",        .f = is_inf, .gives_bool = true },
    { .op = "IsNaN",        .f = is_nan, .gives_bool = true },
    { .op = "Log",          .f = logarithm },
    { .op = "Mish",         .f = mish },
    { .op = "Neg",          .f = negative, .whole = negative_whole },
    { .op = "Not",          .f = is_false, .gives_bool = true },
    { .op = "Reciprocal",   .f = reciprocal },
    { .op = "Round",        .f = round_even },
    { .op = "Selu",         .f = selu, .attr = { "alpha", "gamma" }, .fallback = { 1.67326319217681884765625f, 1.05070102214813232421875f } },
    { .op = "Shrink",       .f = shrink, .attr = { "bias", "lambd" }, .fallback = { 0, 0.5f } },
    { .op = "Sigmoid",      .f = sigmoid },
    { .op = "Sign",         .f = sign, .whole = sign_whole },
    { .op = "Sin",          .f = sine },
    { .op = "Sinh",         .f = hyperbolic_sine },
    { .op = "Softplus",     .f = softplus },
    { .op = "Softsign",     .f = softsign },
    { .op = "Sqrt",         .f = square_root },
    { .op = "Swish",        .f = swish, .attr = { "alpha" }, .fallback = { 1 } },
    { .op = "Tan",          .f = tangent },
    { .op = "Tanh",         .f = hyperbolic_tangent },
    { .op = "ThresholdedRelu", .f = thresholded, .attr = { "alpha" }, .fallback = { 1 } },
};
/* clang-format on */

kao_status kao_op_map_load(kao_op_loader *l)
{
    kao_map_param *p = l->param;
    kao_status st = KAO_OK;
    const map *m = maps;

    while (strcmp(m->op, l->op->name) != 0) /* each row that loads so has its line */
        m++;
    p->f = m->f;
    p->whole = m->whole;
    p->gives_bool = m->gives_bool;
    for (int i = 0; !st && i < 2 && m->attr[i]; i++)
        st = kao_attr_float(l, m->attr[i], m->fallback[i], &p->k[i]);
    return st;
}

kao_status kao_op_gelu_load(kao_op_loader *l)
{
    kao_map_param *p = l->param;
    const char *how = NULL;
    kao_status st = kao_op_map_load(l);

    if (!st)
        st = kao_attr_string(l, "approximate", "none", &how);
    if (!st && strcmp(how, "tanh") == 0)
        p->f = gelu_by_tanh;
    else if (!st && strcmp(how, "none") != 0)
        st = kao_fail(l->err, KAO_E_UNSUPPORTED, "approximate %s", how);
    return st;
}

kao_status kao_op_is_inf_load(kao_op_loader *l)
{
    kao_map_param *p = l->param;
    int64_t negative_counts = 1, positive_counts = 1;
    kao_status st = kao_op_map_load(l);

    if (!st)
        st = kao_attr_int(l, "detect_negative", 1, &negative_counts);
    if (!st)
        st = kao_attr_int(l, "detect_positive", 1, &positive_counts);
    p->k[0] = negative_counts != 0;
    p->k[1] = positive_counts != 0;
    return st;
}

kao_status kao_op_map_infer(kao_op_infer *x)
{
    kao_infer_like(x, 0);
    if (((const kao_map_param *)x->param)->gives_bool)
        x->out[0].dtype = KAO_BOOL;
    return KAO_OK;
}

void kao_op_map_run(const kao_op_call *c)
{
    const kao_map_param *p = c->param;
    const kao_tensor *in = &c->in[0], *out = &c->out[0], *const ops[] = { out, in };
    const bool whole = p->whole && !kao_tensor_is_real(in),
               is_f32 = in->dtype == KAO_F32 && out->dtype == KAO_F32;
    kao_walk w;

    kao_walk_init(&w, ops, 2);
    for (bool ok = w.n > 0; ok; ok = kao_walk_next(&w))
        for (int64_t i = 0; i < w.n; i++) {
            const int64_t to = w.at[0] + i * w.step[0], at = w.at[1] + i * w.step[1];

            if (is_f32)
                ((float *)out->data)[to] =
                    (float)p->f((double)((const float *)in->data)[at], p->k);
            else if (whole)
                kao_tensor_set_int(out, to, p->whole(kao_tensor_int_at(in, at)));
            else
                kao_tensor_set_number(out, to,
                                      p->f(kao_tensor_number_at(in, at), p->k));
        }
}
