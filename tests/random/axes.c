/* Makers of operators that need the numbers along axes at once: reductions, softmaxes, norms. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "random/makers.h"

static bool make_softmax(random_graph *t)
{
    const random_value *x = pick(t, KAO_T_F32, 1, 5);
    char attributes[16] = "";

    if (!x || !fits_graph(t, x->dims, x->rank))
        return false;
    int axis = (int)draw(t, (uint32_t)x->rank);

    if (t->opset >= 11 && once_in(t, 2))
        axis -= x->rank;
    if (draw(t, 4))
        snprintf(attributes, sizeof attributes, "axis=%d", axis);
    if (once_in(t, 3) && x->e == 0 && !t->special) /* NaN has no place in an order */
        emit(t, "Hardmax", x->name, push_like(t, x, 1, 0)->name, attributes);
    else if (once_in(t, 2) && x->m <= MAX_M)
        emit(t, "LogSoftmax", x->name,
             push_like(t, x, 2 * x->m + 8, rounded(2.5 * x->e, 4 * x->m + 16))->name,
             attributes);
    else
        emit(t, "Softmax", x->name,
             push_like(t, x, 1, x->e > 0 ? fmin(1, 2.5 * x->e) + 20 * ROUNDING : 0)
                 ->name,
             attributes);
    return true;
}

/* Reductions of n numbers below m: bounds of the result and of its error. */
typedef enum reduction {
    SUM,
    MEAN,
    TOP,  /* ReduceMax, ReduceMin */
    ROOT, /* ReduceL2 */
    SQUARES,
    PRODUCT,
    LOG,
    LOG_EXP,
} reduction;

static const struct {
    const char *op;
    int input_since; /* from then on axes are an input */
    reduction how;
} reductions[] = {
    { "ReduceSum", 13, SUM },      { "ReduceL1", 18, SUM },
    { "ReduceMean", 18, MEAN },    { "ReduceMax", 18, TOP },
    { "ReduceMin", 18, TOP },      { "ReduceL2", 18, ROOT },
    { "ReduceProd", 18, PRODUCT }, { "ReduceSumSquare", 18, SQUARES },
    { "ReduceLogSum", 18, LOG },   { "ReduceLogSumExp", 18, LOG_EXP },
};

static void bounds_of(reduction how, const random_value *x, double n, double *m,
                      double *e)
{
    *m = x->m;
    *e = x->e;
    switch (how) {
    case SUM:
        *m *= n;
        *e = rounded(n * x->e, *m);
        break;
    case MEAN: /* a pooling kernel where x is a picture */
        *e += (n + 4) * ROUNDING * x->m;
        break;
    case ROOT:
        *m *= sqrt(n);
        *e = rounded(sqrt(n) * x->e, *m);
        break;
    case SQUARES:
        *e = rounded(n * (2 * x->m + x->e) * x->e, n * x->m * x->m);
        *m *= n * x->m;
        break;
    case LOG:
    case LOG_EXP:
        *m += log(n) + 1;
        *e = rounded(1.5 * x->e, *m);
        break;
    default:
        break;
    }
}

/* The input of a reduction, behind what makes it fit. */
static const random_value *reducible(random_graph *t, reduction how)
{
    const bool whole = (how == TOP || how == SUM || how == SQUARES) && once_in(t, 4);
    const random_value *x = pick(t, whole ? KAO_T_I64 | KAO_T_I32 : KAO_T_F32, 1, 5);

    if (!x || product(x->dims, x->rank) < 1 || !fits_graph(t, x->dims, x->rank) ||
        (how != MEAN && how != TOP && (x->m > MAX_M || (!whole && t->special))) ||
        (how == PRODUCT && (x->e > 0 || x->m > 1)) || (how == LOG && t->opset < 7))
        return NULL;
    if (how != LOG)
        return x;
    const float shift[1] = { (float)x->m + 1.5f };
    const random_value *y = push_like(t, x, 2 * x->m + 2, rounded(x->e, 2 * x->m + 2));

    emit3(t, "Add", x->name, floats(t, shift, 1), "", y->name, "");
    return y;
}

static bool make_reduction(random_graph *t)
{
    const uint32_t k = draw(t, sizeof reductions / sizeof reductions[0]);
    const random_value *x = reducible(t, reductions[k].how);
    int64_t axes[KAO_MAX_RANK], dims[KAO_MAX_RANK];
    size_t n = 0;
    int32_t rank = 0;
    const bool keep = once_in(t, 2), all = once_in(t, 6);
    const bool input = t->opset >= reductions[k].input_since;
    char attributes[96], text[DIMS_TEXT];
    double count = 1, m = 0, e = 0;

    if (!x)
        return false;
    for (int32_t i = 0; i < x->rank; i++) {
        const bool reduced = all || once_in(t, 2);

        if (reduced) {
            axes[n++] = t->opset >= 11 && once_in(t, 2) ? i - x->rank : i;
            count *= (double)x->dims[i];
        }
        if (!reduced || keep)
            dims[rank++] = reduced ? 1 : x->dims[i];
    }
    if (n == 0)
        return false;
    size_t at = (size_t)snprintf(attributes, sizeof attributes, "keepdims=%d", keep);

    if (!input && !(all && once_in(t, 2)))
        snprintf(attributes + at, sizeof attributes - at, " axes=[%s]",
                 text_of(axes, (int32_t)n, text));
    bounds_of(reductions[k].how, x, count, &m, &e);
    emit3(t, reductions[k].op, x->name, input ? integers(t, axes, n) : "", "",
          push(t, x->dtype, rank, dims, m, x->dtype == KAO_F32 ? e : 0)->name,
          attributes);
    return true;
}

static bool make_arg(random_graph *t)
{
    const random_value *x = pick(t, KAO_T_NUM, 1, 5);
    int64_t dims[KAO_MAX_RANK];
    int32_t rank = 0;
    const bool keep = once_in(t, 2), last = t->opset >= 12 && once_in(t, 2);
    char attributes[64];

    if (!x || x->e > 0 || product(x->dims, x->rank) < 1)
        return false;
    const int32_t axis = (int32_t)draw(t, (uint32_t)x->rank);

    for (int32_t i = 0; i < x->rank; i++)
        if (i != axis || keep)
            dims[rank++] = i == axis ? 1 : x->dims[i];
    if (!fits_graph(t, dims, rank))
        return false;
    snprintf(attributes, sizeof attributes, "axis=%d keepdims=%d%s", axis, keep,
             last ? " select_last_index=1" : "");
    emit(t, once_in(t, 2) ? "ArgMax" : "ArgMin", x->name,
         push(t, KAO_I64, rank, dims, (double)x->dims[axis], 0)->name, attributes);
    return true;
}

/* Behind an Add that keeps the numbers at 1 and more: then no norm is small. */
static bool make_lp_norm(random_graph *t)
{
    const random_value *x = pick(t, KAO_T_F32, 1, 5);
    char attributes[32];

    if (!x || x->m > MAX_M || t->opset < 7 || !fits_graph(t, x->dims, x->rank))
        return false;
    const float shift[1] = { (float)x->m + 1.5f };
    const double m = 2 * x->m + 2;
    const random_value *y = push_like(t, x, m, rounded(x->e, m));

    emit3(t, "Add", x->name, floats(t, shift, 1), "", y->name, "");
    const int axis = (int)draw(t, (uint32_t)y->rank);

    snprintf(attributes, sizeof attributes, "axis=%d p=%d", axis, 1 + (int)draw(t, 2));
    emit(t, "LpNormalization", y->name,
         push_like(t, y, 1, rounded(2.5 * y->e, 2))->name, attributes);
    return true;
}

random_maker *const axis_makers[] = {
    make_reduction, make_reduction, make_reduction, make_reduction, make_softmax,
    make_softmax,   make_arg,       make_lp_norm,   NULL,
};
