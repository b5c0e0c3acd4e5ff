/* Makers of functions of one element, and of logic, comparisons, and sums of several. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "random/makers.h"

/* ---- one input ---- */

typedef enum domain {
    ANY,      /* |f'| <= slope everywhere */
    POSITIVE, /* of numbers of 1.5 and more: an Add goes before */
    SMALL,    /* of numbers in -.4 .. .4: a Mul goes before */
    STEPS,    /* jumps: of numbers that are the same in all plans */
} domain;

static const struct {
    const char *op;
    int since;
    domain of;
    double slope, more; /* |f(a)| <= slope |a| + more */
    const char *attributes;
} functions[] = {
    { "Abs", 6, ANY, 1, 0, "" },
    { "Neg", 6, ANY, 1, 0, "" },
    { "Tanh", 6, ANY, 1, 0, "" },
    { "Elu", 6, ANY, 1.5, 0, "alpha=1.5" },
    { "Selu", 6, ANY, 1.8, 0, "" },
    { "HardSigmoid", 6, ANY, 1, 1, "" },
    { "Softplus", 6, ANY, 1, 1, "" },
    { "Softsign", 6, ANY, 1, 0, "" },
    { "Sin", 7, ANY, 1, 0, "" },
    { "Cos", 7, ANY, 1, 1, "" },
    { "Atan", 7, ANY, 1, 0, "" },
    { "Asinh", 9, ANY, 1, 0, "" },
    { "Erf", 9, ANY, 1.2, 0, "" },
    { "Celu", 12, ANY, 1, 0, "alpha=2.0" },
    { "HardSwish", 14, ANY, 1.5, 0, "" },
    { "Mish", 18, ANY, 1.2, 0, "" },
    { "Gelu", 20, ANY, 1.2, 0, "" },
    { "Gelu", 20, ANY, 1.2, 0, "approximate=tanh" },
    { "Swish", 24, ANY, 1.2, 0, "" },
    { "Log", 7, POSITIVE, 1, 0, "" },
    { "Reciprocal", 7, POSITIVE, 1, 0, "" },
    { "Sqrt", 7, POSITIVE, 1, 0, "" },
    { "Acosh", 9, POSITIVE, 1, 0, "" },
    { "Acos", 7, SMALL, 1.3, 2, "" },
    { "Asin", 7, SMALL, 1.3, 0, "" },
    { "Tan", 7, SMALL, 1.3, 0, "" },
    { "Atanh", 9, SMALL, 1.3, 0, "" },
    { "Cosh", 9, SMALL, 1.3, 2, "" },
    { "Sinh", 9, SMALL, 1.3, 0, "" },
    { "Ceil", 6, STEPS, 1, 1, "" },
    { "Floor", 6, STEPS, 1, 1, "" },
    { "ThresholdedRelu", 6, STEPS, 1, 0, "alpha=0.25" },
    { "Shrink", 9, STEPS, 1, 1, "lambd=0.25 bias=0.125" },
    { "Sign", 9, STEPS, 1, 1, "" },
    { "Round", 11, STEPS, 1, 1, "" },
};
enum { N_FUNCTIONS = sizeof functions / sizeof functions[0] };

/* x op c for one number c, which needs broadcasting. */
static const random_value *with_number(random_graph *t, const char *op,
                                       const random_value *x, double c, double m,
                                       double e)
{
    const float number[1] = { (float)c };
    const random_value *y = push_like(t, x, m, e);

    emit3(t, op, x->name, floats(t, number, 1), "", y->name, "");
    return y;
}

static bool make_function(random_graph *t)
{
    const bool late = t->opset >= 18 && once_in(t, 3); /* Mish .. Swish */
    const uint32_t k = late ? 15 + draw(t, 4) : draw(t, N_FUNCTIONS);
    const domain of = functions[k].of;
    const random_value *x = pick(t, KAO_T_F32, of == POSITIVE || of == SMALL, 5);

    if (!x || t->opset < functions[k].since || x->m > MAX_M ||
        !fits_graph(t, x->dims, x->rank) || (of == STEPS && x->e > 0) ||
        (of != ANY && t->special))
        return false;
    if (of == POSITIVE)
        x = with_number(t, "Add", x, x->m + 1.5, 2 * x->m + 2,
                        rounded(x->e, 2 * x->m + 2));
    else if (of == SMALL)
        x = with_number(t, "Mul", x, 0.4 / fmax(x->m + x->e, 1), 0.4,
                        rounded(x->e, 0.4));
    const double m = functions[k].slope * x->m + functions[k].more;

    emit(t, functions[k].op, x->name,
         push_like(t, x, m, rounded(functions[k].slope * x->e, m))->name,
         functions[k].attributes);
    return true;
}

static bool make_whole_function(random_graph *t)
{
    static const char *const names[] = { "Abs", "Neg", "Sign" };
    const uint32_t k = draw(t, t->opset >= 9 ? 3 : 2);
    const random_value *x = pick(t, KAO_T_INT & KAO_T_BY_SIGN, 0, 5);

    if (!x || !fits_graph(t, x->dims, x->rank))
        return false;
    emit(t, names[k], x->name, push_like(t, x, fmax(x->m, 256), 0)->name, "");
    return true;
}

/* ---- bools ---- */

static bool make_test(random_graph *t)
{
    static const char *const names[] = { "IsNaN", "IsInf" };
    const uint32_t k = draw(t, t->opset >= 10 ? 2 : 1);
    const random_value *x = pick(t, KAO_T_F32, 0, 5);

    if (!x || t->opset < 9 || x->e > 0 || !fits_graph(t, x->dims, x->rank))
        return false;
    emit(t, names[k], x->name, push(t, KAO_BOOL, x->rank, x->dims, 1, 0)->name, "");
    return true;
}

/* A constant that broadcasts to x: of its rank or less, some dims 1. */
static const char *beside(random_graph *t, const random_value *x, double lo, double hi)
{
    const int32_t rank = x->rank - (int32_t)draw(t, (uint32_t)x->rank + 1);
    int64_t dims[KAO_MAX_RANK];

    for (int32_t i = 0; i < rank; i++)
        dims[i] = once_in(t, 3) ? 1 : x->dims[x->rank - rank + i];
    return constant(t, x->dtype, rank, dims, lo, hi);
}

static bool make_comparison(random_graph *t)
{
    static const char *const names[] = { "Equal", "Less", "Greater", "LessOrEqual",
                                         "GreaterOrEqual" };
    const uint32_t k = draw(t, t->opset >= 12 ? 5 : 3);
    const random_value *x = pick(t, KAO_T_NUM, 0, 5);

    if (!x || t->opset < 7 || x->e > 0 || !fits_graph(t, x->dims, x->rank))
        return false;
    const char *c = beside(t, x, is_unsigned(x->dtype) ? 0 : -1, 1);
    const bool swapped = once_in(t, 2);

    emit3(t, names[k], swapped ? c : x->name, swapped ? x->name : c, "",
          push(t, KAO_BOOL, x->rank, x->dims, 1, 0)->name, "");
    return true;
}

static bool make_logic(random_graph *t)
{
    static const char *const names[] = { "And", "Or", "Xor", "Not" };
    const uint32_t k = draw(t, t->opset >= 7 ? 4 : 1);
    const random_value *x = pick(t, KAO_T_BOOL, 0, 5);

    if (!x || !fits_graph(t, x->dims, x->rank) || t->opset < 7)
        return false;
    emit3(t, names[k], x->name, k < 3 ? beside(t, x, 0, 1) : "", "",
          push_like(t, x, 1, 0)->name, "");
    return true;
}

static bool make_where(random_graph *t)
{
    const random_value *x = pick(t, KAO_T_BOOL, 0, 5);

    if (!x || t->opset < 9 || !fits_graph(t, x->dims, x->rank))
        return false;
    random_value like = *x;

    like.dtype = once_in(t, 2) ? KAO_F32 : KAO_I64;
    const char *yes = beside(t, &like, -2, 2), *no = beside(t, &like, -2, 2);

    emit3(t, "Where", x->name, yes, no, push_like(t, &like, 2, 0)->name, "");
    return true;
}

/* ---- two and more ---- */

static bool make_mod(random_graph *t)
{
    const random_value *x = pick(t, KAO_T_NUM, 0, 5);

    if (!x || t->opset < 10 || x->e > 0 || !fits_graph(t, x->dims, x->rank))
        return false;
    const bool real = x->dtype == KAO_F32;

    emit3(t, "Mod", x->name, beside(t, x, 0.5, 7), "", push_like(t, x, x->m, 0)->name,
          real || once_in(t, 2) ? "fmod=1" : "");
    return true;
}

static bool make_several(random_graph *t)
{
    static const char *const names[] = { "Sum", "Mean", "Max", "Min" };
    const uint32_t k = draw(t, 4), n = draw(t, 4);
    const random_value *x = pick(t, k < 2 ? KAO_T_F32 : KAO_T_NUM, 0, 5);
    char in[96];

    if (!x || x->m > MAX_M || !fits_graph(t, x->dims, x->rank))
        return false;
    size_t at = (size_t)snprintf(in, sizeof in, "%s", x->name);

    for (uint32_t i = 0; i < n; i++) {
        const char *more = t->opset >= 8
                               ? beside(t, x, 0, 2)
                               : constant(t, x->dtype, x->rank, x->dims, 0, 2);

        at += (size_t)snprintf(in + at, sizeof in - at, " %s", more);
    }
    const double m = x->m + 2 * n;

    emit(t, names[k], in, push_like(t, x, m, k < 2 ? rounded(x->e, m) : x->e)->name,
         "");
    return true;
}

random_maker *const function_makers[] = {
    make_function, make_function,   make_function, make_function, make_function,
    make_test,     make_comparison, make_logic,    make_where,    make_comparison,
    make_mod,      make_several,    make_several,  make_logic,    make_whole_function,
    NULL,
};
