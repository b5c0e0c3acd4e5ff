/* Makers of operators whose places come from another tensor, or from the order of numbers. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "random/makers.h"

/* A picture, or anything of rank 1 to 4 that has elements. */
static const random_value *pick_some(random_graph *t, uint32_t types)
{
    const random_value *x = pick(t, types, 1, 4);

    return x && product(x->dims, x->rank) > 0 ? x : NULL;
}

static int32_t axis_text(random_graph *t, const random_value *x, char text[32])
{
    const int32_t axis = (int32_t)draw(t, (uint32_t)x->rank);

    snprintf(text, 32, "axis=%d", once_in(t, 2) ? axis - x->rank : axis);
    return axis;
}

static bool make_elements(random_graph *t)
{
    static const char *const how[] = { "", " reduction=max", " reduction=min" };
    const random_value *x = pick_some(t, KAO_T_NUM);
    int64_t dims[KAO_MAX_RANK];
    char attributes[64];

    if (!x || t->opset < 9 || !fits_graph(t, x->dims, x->rank))
        return false;
    const int32_t axis = axis_text(t, x, attributes);
    const double d = (double)x->dims[axis];

    for (int32_t i = 0; i < x->rank; i++)
        dims[i] = i == axis ? 1 + draw(t, 3) : 1 + draw(t, (uint32_t)x->dims[i]);
    if (!fits_graph(t, dims, x->rank))
        return false;
    const char *index = constant(t, once_in(t, 3) ? KAO_I32 : KAO_I64, x->rank, dims,
                                 t->opset >= 11 ? -d : 0, d - 1);

    if (t->opset >= 11 && once_in(t, 2)) {
        emit3(t, "GatherElements", x->name, index, "",
              push(t, x->dtype, x->rank, dims, x->m, x->e)->name, attributes);
        return true;
    }
    const char *updates =
        constant(t, x->dtype, x->rank, dims, is_unsigned(x->dtype) ? 0 : -2, 2);

    if (t->opset >= 18 && !t->special)
        strcat(attributes, how[draw(t, 3)]);
    emit3(t, t->opset >= 11 ? "ScatterElements" : "Scatter", x->name, index, updates,
          push_like(t, x, fmax(x->m, 2), x->e)->name, attributes);
    return true;
}

static bool make_slices(random_graph *t)
{
    const random_value *x = pick_some(t, KAO_T_NUM);
    int64_t dims[KAO_MAX_RANK], places[2] = { 1 + draw(t, 3), 0 };
    int32_t rank = 0;
    double low = 1e9;

    if (!x || t->opset < 11)
        return false;
    const int32_t deep = 1 + (int32_t)draw(t, (uint32_t)x->rank);

    places[1] = deep;
    dims[rank++] = places[0];
    for (int32_t i = 0; i < deep; i++)
        low = fmin(low, (double)x->dims[i]);
    for (int32_t i = deep; i < x->rank; i++)
        dims[rank++] = x->dims[i];
    if (!fits_graph(t, dims, rank) || !fits_graph(t, x->dims, x->rank))
        return false;
    const char *index = constant(t, KAO_I64, 2, places, -low, low - 1);

    if (once_in(t, 2)) {
        emit3(t, "GatherND", x->name, index, "",
              push(t, x->dtype, rank, dims, x->m, x->e)->name, "");
        return true;
    }
    const char *updates =
        constant(t, x->dtype, rank, dims, is_unsigned(x->dtype) ? 0 : -2, 2);

    emit3(t, "ScatterND", x->name, index, updates,
          push_like(t, x, fmax(x->m, 2), x->e)->name, "");
    return true;
}

static bool make_one_hot(random_graph *t)
{
    const random_value *x = pick(t, KAO_T_I64 | KAO_T_I32, 0, 4);
    const int64_t depth[1] = { 1 + draw(t, 4) };
    int64_t dims[KAO_MAX_RANK];
    static const int64_t two[1] = { 2 };
    char attributes[32];

    if (!x || t->opset < 9)
        return false;
    const int32_t axis = (int32_t)draw(t, (uint32_t)x->rank + 1);

    for (int32_t i = 0, from = 0; i < x->rank + 1; i++)
        dims[i] = i == axis ? depth[0] : x->dims[from++];
    if (!fits_graph(t, dims, x->rank + 1))
        return false;
    snprintf(attributes, sizeof attributes, "axis=%d", axis);
    const char *n = integers(t, depth, 1), *values = constant(t, KAO_F32, 1, two, 0, 2);

    emit3(t, "OneHot", x->name, n, values,
          push(t, KAO_F32, x->rank + 1, dims, 2, 0)->name, attributes);
    return true;
}

static bool make_cum_sum(random_graph *t)
{
    static const char *const how[] = { "", "reverse=1", "exclusive=1",
                                       "exclusive=1 reverse=1" };
    const random_value *x = pick_some(t, KAO_T_F32 | KAO_T_I64 | KAO_T_I32);

    if (!x || t->opset < 11 || x->m > MAX_M || !fits_graph(t, x->dims, x->rank) ||
        t->special)
        return false;
    const int64_t axis[1] = { draw(t, (uint32_t)x->rank) };
    const double n = (double)x->dims[axis[0]];

    emit3(t, "CumSum", x->name, integers(t, axis, 1), "",
          push_like(t, x, n * x->m, rounded(n * x->e, n * x->m))->name,
          how[draw(t, 4)]);
    return true;
}

static bool make_top_k(random_graph *t)
{
    const random_value *x = pick_some(t, KAO_T_NUM);
    int64_t dims[KAO_MAX_RANK];
    char attributes[64], out[32];

    if (!x || x->e > 0 || !fits_graph(t, x->dims, x->rank))
        return false;
    const int32_t axis = axis_text(t, x, attributes);

    memcpy(dims, x->dims, sizeof dims);
    dims[axis] = 1 + draw(t, (uint32_t)x->dims[axis]);
    const size_t at = strlen(attributes);

    if (t->opset < 10)
        snprintf(attributes + at, sizeof attributes - at, " k=%d", (int)dims[axis]);
    else if (t->opset >= 11 && once_in(t, 2))
        snprintf(attributes + at, sizeof attributes - at, " largest=0");
    const char *k = t->opset >= 10 ? integers(t, dims + axis, 1) : "";
    const random_value *y = push(t, x->dtype, x->rank, dims, x->m, 0);
    const random_value *places =
        push(t, KAO_I64, x->rank, dims, (double)x->dims[axis], 0);

    snprintf(out, sizeof out, "%s %s", y->name, places->name);
    emit3(t, "TopK", x->name, k, "", out, attributes);
    return true;
}

static bool make_trilu(random_graph *t)
{
    const random_value *x = pick(t, KAO_T_ALL, 2, 5);
    const int64_t k[1] = { (int64_t)draw(t, 5) - 2 };

    if (!x || t->opset < 14 || !fits_graph(t, x->dims, x->rank))
        return false;
    emit3(t, "Trilu", x->name, once_in(t, 2) ? integers(t, k, 1) : "", "",
          push_like(t, x, x->m, x->e)->name, once_in(t, 2) ? "upper=0" : "");
    return true;
}

/* Of a list that the maker knows: its shape depends on the numbers. */
static bool make_non_zero(random_graph *t)
{
    int64_t list[5], dims[2] = { 1, 0 };

    for (int i = 0; i < 5; i++) {
        list[i] = draw(t, 2);
        dims[1] += list[i] != 0;
    }
    if (t->opset < 9 || !fits_graph(t, dims, 2))
        return false;
    emit(t, "NonZero", integers(t, list, 5), push(t, KAO_I64, 2, dims, 5, 0)->name, "");
    return true;
}

/* Boxes at three places: one stays of each place that is taken. */
static bool make_suppression(random_graph *t)
{
    static const int64_t shape[3] = { 1, 1, 5 };
    float boxes[20];
    bool taken[3] = { false };
    const int64_t most[1] = { draw(t, 4) };
    const float overlap[1] = { 0.5f };
    int64_t dims[2] = { 0, 3 };
    char in[64];

    for (int i = 0; i < 5; i++) {
        const uint32_t place = draw(t, 3);

        for (int k = 0; k < 4; k++)
            boxes[4 * i + k] = (float)(k / 2) + 10 * (float)place;
        dims[0] += !taken[place];
        taken[place] = true;
    }
    dims[0] = dims[0] < most[0] ? dims[0] : most[0];
    if (t->opset < 10 || !fits_graph(t, dims, 2))
        return false;
    const char *list = floats(t, boxes, 20), *cast = fresh_name(t);

    emit3(t, "Reshape", list, integers(t, (int64_t[]){ 1, 5, 4 }, 3), "", cast, "");
    const char *scores = constant(t, KAO_F32, 3, shape, 0, 1);

    snprintf(in, sizeof in, "%s %s %s %s", cast, scores, integers(t, most, 1),
             floats(t, overlap, 1));
    emit(t, "NonMaxSuppression", in, push(t, KAO_I64, 2, dims, 4, 0)->name, "");
    return true;
}

static bool make_range(random_graph *t)
{
    const int64_t step = 1 + draw(t, 3), first = draw(t, 5), n = draw(t, 6);
    const int64_t dims[1] = { n };
    const char *names[3];

    if (t->opset < 11 || !fits_graph(t, dims, 1))
        return false;
    const int64_t v[3] = { first, first + n * step, step };

    for (int i = 0; i < 3; i++)
        names[i] = integers(t, &v[i], 1);
    emit3(t, "Range", names[0], names[1], names[2],
          push(t, KAO_I64, 1, dims, 32, 0)->name, "");
    return true;
}

random_maker *const index_makers[] = {
    make_elements, make_elements, make_elements, make_slices,      make_slices,
    make_one_hot,  make_cum_sum,  make_top_k,    make_trilu,       make_non_zero,
    make_range,    make_top_k,    make_one_hot,  make_suppression, NULL,
};
