/* Makers of operators that copy elements to more places, or drop axes of size 1. */
#include <stdio.h>
#include <string.h>

#include "random/makers.h"

static bool make_expand(random_graph *t)
{
    const random_value *x = pick(t, KAO_T_ALL, 1, 5);
    int64_t dims[KAO_MAX_RANK], want[KAO_MAX_RANK];

    if (!x || t->opset < 8)
        return false;
    const int32_t more = (int32_t)draw(t, 2), rank = x->rank + more;

    want[0] = dims[0] = 2;
    for (int32_t i = 0; i < x->rank; i++) {
        dims[i + more] = x->dims[i] == 1 ? 1 + draw(t, 4) : x->dims[i];
        want[i + more] = x->dims[i] > 1 && once_in(t, 2) ? 1 : dims[i + more];
    }
    if (!fits_graph(t, dims, rank))
        return false;
    emit3(t, "Expand", x->name, integers(t, want, (size_t)rank), "",
          push(t, x->dtype, rank, dims, x->m, x->e)->name, "");
    return true;
}

static bool make_tile(random_graph *t)
{
    const random_value *x = pick(t, KAO_T_ALL, 1, 5);
    int64_t times[KAO_MAX_RANK], dims[KAO_MAX_RANK];

    if (!x)
        return false;
    for (int32_t i = 0; i < x->rank; i++) {
        times[i] = 1 + draw(t, 3) * once_in(t, 2);
        dims[i] = x->dims[i] * times[i];
    }
    if (!fits_graph(t, dims, x->rank))
        return false;
    emit3(t, "Tile", x->name, integers(t, times, (size_t)x->rank), "",
          push(t, x->dtype, x->rank, dims, x->m, x->e)->name, "");
    return true;
}

static bool make_blocks(random_graph *t)
{
    const random_value *x = pick(t, KAO_T_ALL, 4, 4);
    const int64_t b = 1 + draw(t, 3);
    int64_t dims[4];
    char attributes[48];

    if (!x)
        return false;
    memcpy(dims, x->dims, sizeof dims);
    const bool to_space = dims[1] % (b * b) == 0 && once_in(t, 2);

    if (!to_space && (dims[2] % b || dims[3] % b))
        return false;
    dims[1] = to_space ? dims[1] / (b * b) : dims[1] * b * b;
    for (int i = 2; i < 4; i++)
        dims[i] = to_space ? dims[i] * b : dims[i] / b;
    if (!fits_graph(t, dims, 4))
        return false;
    snprintf(attributes, sizeof attributes, "blocksize=%d%s", (int)b,
             to_space && t->opset >= 11 && once_in(t, 2) ? " mode=CRD" : "");
    emit(t, to_space ? "DepthToSpace" : "SpaceToDepth", x->name,
         push(t, x->dtype, 4, dims, x->m, x->e)->name, attributes);
    return true;
}

static bool make_squeeze(random_graph *t)
{
    const random_value *x = pick(t, KAO_T_ALL, 1, 5);
    int64_t axes[KAO_MAX_RANK], dims[KAO_MAX_RANK];
    int32_t n = 0, rank = 0;
    const bool all = once_in(t, 3);
    char attributes[DIMS_TEXT + 16] = "", text[DIMS_TEXT];

    if (!x || !fits_graph(t, x->dims, x->rank))
        return false;
    for (int32_t i = 0; i < x->rank; i++)
        if (x->dims[i] == 1 && (all || once_in(t, 2)))
            axes[n++] = t->opset >= 11 && once_in(t, 2) ? i - x->rank : i;
        else
            dims[rank++] = x->dims[i];
    if (n == 0)
        return false;
    const random_value *y = push(t, x->dtype, rank, dims, x->m, x->e);
    const bool names = !(all && once_in(t, 2));

    if (t->opset < 13 && names)
        snprintf(attributes, sizeof attributes, "axes=[%s]", text_of(axes, n, text));
    emit3(t, "Squeeze", x->name,
          t->opset >= 13 && names ? integers(t, axes, (size_t)n) : "", "", y->name,
          attributes);
    return true;
}

static bool make_size(random_graph *t)
{
    const random_value *x = pick(t, KAO_T_ALL, 0, 5);

    if (!x || !fits_graph(t, x->dims, x->rank))
        return false;
    emit(t, "Size", x->name, push(t, KAO_I64, 0, NULL, MAX_COUNT, 0)->name, "");
    return true;
}

random_maker *const spread_makers[] = {
    make_expand, make_tile,    make_blocks, make_blocks, make_squeeze,
    make_size,   make_squeeze, make_expand, NULL,
};
