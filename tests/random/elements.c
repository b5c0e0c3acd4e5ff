/* Makers of operators that work element by element: arithmetic with broadcasting,
 * activations, types. Their kernels round as the generic forms do (kernels/elementwise.h),
 * but for Sigmoid and Exp. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "random/makers.h"

/* ---- two operands ---- */

typedef struct operand {
    const char *name, *attributes;
    char text[48];
    int32_t rank;
    int64_t dims[KAO_MAX_RANK];
    double m, e;
} operand;

/* The shape of a second operand for x; opset 6 has its own rules. */
static void shape_second(random_graph *t, const random_value *x, operand *b)
{
    const uint32_t kind = draw(t, 5);

    b->attributes = "";
    b->rank = x->rank;
    memcpy(b->dims, x->dims, sizeof b->dims);
    if (t->opset < 7) {
        const int32_t axis = x->rank ? (int32_t)draw(t, (uint32_t)x->rank) : 0;
        const int32_t n = x->rank - axis;

        if (kind < 2 || x->rank == 0)
            return;
        b->rank = n ? 1 + (int32_t)draw(t, (uint32_t)n) : 0;
        memmove(b->dims, b->dims + axis, (size_t)b->rank * sizeof *b->dims);
        snprintf(b->text, sizeof b->text, "broadcast=1 axis=%d", axis);
        b->attributes = b->text;
    } else if (kind == 1) {
        b->rank = (int32_t)draw(t, 2);
        b->dims[0] = 1;
    } else if (kind == 2 && x->rank > 1) { /* one number a channel */
        for (int32_t i = 0; i < x->rank; i++)
            b->dims[i] = i == 1 ? x->dims[1] : 1;
        if (once_in(t, 2))
            memmove(b->dims, b->dims + 1, (size_t)--b->rank * sizeof *b->dims);
    } else if (kind == 3) {
        for (int32_t i = 0; i < x->rank; i++)
            b->dims[i] = once_in(t, 2) ? 1 : x->dims[i];
    } else if (kind == 4 && x->rank < 5) {
        memmove(b->dims + 1, b->dims, (size_t)b->rank++ * sizeof *b->dims);
        b->dims[0] = 1 + draw(t, 2);
    }
}

static int32_t broadcast(const random_value *x, const operand *b, int64_t *dims)
{
    const int32_t rank = x->rank > b->rank ? x->rank : b->rank;

    for (int32_t i = 0; i < rank; i++) {
        const int32_t ix = i - (rank - x->rank), ib = i - (rank - b->rank);
        const int64_t dx = ix < 0 ? 1 : x->dims[ix], db = ib < 0 ? 1 : b->dims[ib];

        dims[i] = dx == 1 ? db : dx;
    }
    return rank;
}

enum { ADD, SUB, MUL, DIV, POW };

/* Bounds of the result: floats by calculus, integers by their largest numbers. */
static void bounds_of(int op, const random_value *x, const operand *b, double *m,
                      double *e)
{
    switch (op) {
    case ADD:
    case SUB:
        *m = x->m + b->m;
        *e = rounded(x->e + b->e, *m);
        break;
    case MUL:
        *m = x->m * b->m;
        *e = rounded(x->m * b->e + b->m * x->e + x->e * b->e, *m);
        break;
    case DIV: /* by 1/2 and more; integers by anything */
        *m = 2 * x->m;
        *e = rounded(2 * x->e, *m);
        break;
    default: /* x^0 .. x^3 */
        *m = pow(fmax(1, x->m), 3);
        *e = rounded(3 * pow(fmax(1, x->m + x->e), 2) * x->e, *m);
        break;
    }
}

static bool binary(random_graph *t, int op)
{
    static const char *const names[] = { "Add", "Sub", "Mul", "Div", "Pow" };
    const bool old_pow = op == POW && t->opset < 7;
    const random_value *x = pick(t, old_pow ? KAO_T_F32 : KAO_T_NUM, 0, 5);
    operand b = { .m = 2 };
    int64_t dims[KAO_MAX_RANK];
    double m = 0, e = 0;

    if (!x || (x->dtype == KAO_F32 && x->m > MAX_M))
        return false;
    shape_second(t, x, &b);
    const int32_t rank = t->opset < 7 ? x->rank : broadcast(x, &b, dims);

    if (t->opset < 7)
        memcpy(dims, x->dims, sizeof dims);
    if (!fits_graph(t, dims, rank))
        return false;
    /* x times its own Sigmoid is NaN at -inf where the fused form gives the limit
     * (kernels/elementwise.h): not in graphs that have infinities */
    const bool pooled = op < DIV && !(op == MUL && t->special) && !b.attributes[0];
    const random_value *same = pooled ? pick(t, KAO_T_NUM, 0, 5) : NULL;

    if (same && same->dtype == x->dtype && same->rank == x->rank &&
        (x->dtype != KAO_F32 || same->m <= MAX_M) &&
        memcmp(same->dims, x->dims, (size_t)x->rank * sizeof *x->dims) == 0) {
        b.name = same->name;
        b.rank = same->rank;
        b.m = same->m;
        b.e = same->e;
        memcpy(dims, x->dims, sizeof dims);
    } else if (op == POW) {
        /* whole: a fraction of a number near 0 would make any error large */
        b.name = constant(t, KAO_I64, b.rank, b.dims, 0, 3);
        if (old_pow || once_in(t, 2)) {
            const char *whole = b.name;
            char to[8];

            b.name = fresh_name(t);
            snprintf(to, sizeof to, "to=%d", (int)x->dtype);
            emit(t, "Cast", whole, b.name, to);
        }
    } else if (op == DIV && x->dtype == KAO_F32) {
        b.name = constant(t, KAO_F32, b.rank, b.dims, 0.5, 2);
    } else {
        b.name =
            constant(t, x->dtype, b.rank, b.dims, is_unsigned(x->dtype) ? 0 : -2, 2);
    }
    bounds_of(op, x, &b, &m, &e);
    const bool swapped = op < DIV && t->opset >= 7 && once_in(t, 3);
    const random_value *y =
        push(t, x->dtype, b.rank > x->rank ? b.rank : x->rank, dims, m, e);

    emit3(t, names[op], swapped ? b.name : x->name, swapped ? x->name : b.name, "",
          y->name, b.attributes);
    return true;
}

static bool make_sub(random_graph *t)
{
    return binary(t, SUB);
}

static bool make_mul(random_graph *t)
{
    return binary(t, MUL);
}

static bool make_div(random_graph *t)
{
    return binary(t, DIV);
}

static bool make_pow(random_graph *t)
{
    return binary(t, POW);
}

bool make_add(random_graph *t)
{
    return binary(t, ADD);
}

/* ---- activations ---- */

static bool simple(random_graph *t, const char *op, const random_value *x,
                   const char *attributes, double m, double e)
{
    if (!x || !fits_graph(t, x->dims, x->rank))
        return false;
    emit(t, op, x->name, push_like(t, x, m, e)->name, attributes);
    return true;
}

static bool make_relu(random_graph *t)
{
    const random_value *x = pick(t, once_in(t, 4) ? KAO_T_BY_SIGN : KAO_T_F32, 0, 6);

    return x && simple(t, "Relu", x, "", x->m, x->e);
}

static bool make_leaky(random_graph *t)
{
    static const char *const attributes[] = { "alpha=0.1", "alpha=-0.5", "alpha=1.5",
                                              "alpha=0.0", "" };
    const random_value *x = pick(t, KAO_T_F32, 0, 6);

    return x && x->m <= MAX_M &&
           simple(t, "LeakyRelu", x, attributes[draw(t, 5)], 1.5 * x->m,
                  rounded(1.5 * x->e, x->m));
}

static bool make_sigmoid(random_graph *t)
{
    const random_value *x = pick(t, KAO_T_F32, 0, 6);

    return x && simple(t, "Sigmoid", x, "", 1, x->e / 4 + 16 * ROUNDING);
}

static bool make_exp(random_graph *t)
{
    const random_value *x = pick(t, KAO_T_F32, 0, 6);

    return x && x->m <= 3 &&
           simple(t, "Exp", x, "", exp(x->m),
                  exp(x->m + x->e) * x->e + 8 * ROUNDING * exp(x->m));
}

static bool make_prelu(random_graph *t)
{
    const uint32_t types =
        t->opset >= 7 && once_in(t, 4) ? KAO_T_I64 | KAO_T_I32 : KAO_T_F32;
    const random_value *x = pick(t, types, 1, 5);
    const uint32_t kind = draw(t, 4);
    int64_t dims[KAO_MAX_RANK] = { 1 };
    int32_t rank = 1;

    if (!x || x->m > MAX_M || !fits_graph(t, x->dims, x->rank))
        return false;
    if (kind == 1 && x->rank > 2) {
        dims[0] = x->dims[1];
    } else if (kind > 1 && t->opset >= 7) { /* any that broadcasts, from the right */
        rank = 1 + (int32_t)draw(t, (uint32_t)x->rank);
        for (int32_t i = 0; i < rank; i++)
            dims[i] = once_in(t, 3) ? 1 : x->dims[x->rank - rank + i];
    }
    if (kind == 3 && t->opset >= 7 && x->rank > 1) {
        rank = x->rank - 1;
        for (int32_t i = 0; i < rank; i++)
            dims[i] = i == 0 ? x->dims[1] : 1;
    }
    const char *s = constant(t, x->dtype, rank, dims, -1.5, 1.5);

    emit3(t, "PRelu", x->name, s, "",
          push_like(t, x, 2 * x->m, rounded(1.5 * x->e, x->m))->name, "");
    return true;
}

static bool make_clip(random_graph *t)
{
    static const char *const attributes[] = { "", "min=-0.3", "max=0.4",
                                              "min=0.0 max=6.0", "min=-0.3 max=0.4" };
    const random_value *x =
        pick(t, t->opset >= 11 && once_in(t, 3) ? KAO_T_NUM : KAO_T_F32, 0, 6);
    const char *lo = "-", *hi = "-";

    if (!x || !fits_graph(t, x->dims, x->rank))
        return false;
    const double m = x->dtype == KAO_F32 ? fmax(x->m, 6) : fmax(x->m, 3);

    if (t->opset < 11)
        return simple(t, "Clip", x, attributes[draw(t, 5)], m, x->e);
    if (draw(t, 4))
        lo = constant(t, x->dtype, 0, NULL, is_unsigned(x->dtype) ? 0 : -1, 0.2);
    if (draw(t, 4))
        hi = constant(t, x->dtype, 0, NULL, x->dtype == KAO_F32 ? -0.5 : 1, 3);
    emit3(t, "Clip", x->name, lo, hi, push_like(t, x, m, x->e)->name, "");
    return true;
}

bool make_activation(random_graph *t)
{
    static random_maker *const makers[] = { make_relu,    make_leaky, make_prelu,
                                            make_sigmoid, make_clip,  make_relu };

    return makers[draw(t, 6)](t);
}

/* ---- copies and types ---- */

static bool make_identity(random_graph *t)
{
    const random_value *x = pick(t, KAO_T_ALL, 0, 6);

    return x && simple(t, "Identity", x, "", x->m, x->e);
}

static bool make_dropout(random_graph *t)
{
    const random_value *x = pick(t, KAO_T_F32, 0, 6);
    char out[32];

    if (!x || !fits_graph(t, x->dims, x->rank))
        return false;
    const random_value *y = push_like(t, x, x->m, x->e);

    snprintf(out, sizeof out, "%s", y->name);
    if (t->opset >= 10 && once_in(t, 2)) {
        const random_value *mask = push(t, KAO_BOOL, x->rank, x->dims, 1, 0);

        snprintf(out, sizeof out, "%s %s", once_in(t, 4) ? "-" : y->name, mask->name);
        if (out[0] == '-') /* the mask alone: the first value is not there */
            t->v[t->n - 2] = *mask, t->n--;
    }
    emit(t, "Dropout", x->name, out, "");
    return true;
}

static bool make_cast(random_graph *t)
{
    const random_value *x = pick(t, KAO_T_ALL, 0, 6);
    char attributes[16];

    if (!x || !fits_graph(t, x->dims, x->rank))
        return false;
    const kao_dtype to = x->e > 0 ? KAO_F32 : draw_type(t);
    const bool wraps = is_unsigned(x->dtype) && x->dtype != KAO_U8;
    const double m =
        wraps || (x->dtype == KAO_F32 && t->special) ? 2e19 : fmax(x->m, 256);

    snprintf(attributes, sizeof attributes, "to=%d", (int)to);
    emit(t, "Cast", x->name,
         push(t, to, x->rank, x->dims, to == x->dtype ? x->m : m, x->e)->name,
         attributes);
    return true;
}

static bool make_dequantize(random_graph *t)
{
    const random_value *x =
        pick(t, KAO_T_U8 | KAO_T_I8 | KAO_T_I32 | KAO_T_U16 | KAO_T_I16, 1, 5);
    const bool one = once_in(t, 2);
    char attributes[16] = "";

    if (!x || t->opset < 10 || !fits_graph(t, x->dims, x->rank))
        return false;
    const int32_t axis = (int32_t)draw(t, (uint32_t)x->rank);
    const int64_t dims[1] = { x->dims[axis] };
    const int32_t rank = one ? 0 : 1;
    const char *scale = constant(t, KAO_F32, rank, dims, -0.02, 0.02);
    const char *zero = once_in(t, 2) ? "" : constant(t, x->dtype, rank, dims, 0, 100);

    if (!one)
        snprintf(attributes, sizeof attributes, "axis=%d", axis);
    emit3(t, "DequantizeLinear", x->name, scale, zero,
          push(t, KAO_F32, x->rank, x->dims, 0.02 * (fmax(x->m, 65536) + 100), 0)->name,
          attributes);
    return true;
}

random_maker *const element_makers[] = {
    make_add,   make_sub,        make_mul,      make_div,      make_pow, make_relu,
    make_leaky, make_clip,       make_prelu,    make_sigmoid,  make_exp, make_dropout,
    make_cast,  make_dequantize, make_identity, make_identity, NULL,
};
