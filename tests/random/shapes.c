/* Makers of operators that move elements and change shapes: any type, no rounding (but
 * Resize's linear mode). */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "random/makers.h"

/* Half of the values are pictures in networks: pick so. */
static const random_value *pick_any(random_graph *t, int32_t lo)
{
    return pick(t, once_in(t, 3) ? KAO_T_ALL : KAO_T_F32, lo, 5);
}

static int32_t some_axis(random_graph *t, const random_value *x)
{
    return (int32_t)draw(t, (uint32_t)x->rank);
}

/* ---- Reshape and its kin ---- */

/* The count as a random product of up to five factors. */
static int32_t factor(random_graph *t, int64_t count, int64_t *dims)
{
    const int32_t rank = 1 + (int32_t)draw(t, 5);

    for (int32_t i = 0; i < rank; i++)
        dims[i] = 1;
    for (int64_t p = 2; count > 1; p++)
        for (; count % p == 0; count /= p)
            dims[draw(t, (uint32_t)rank)] *= p;
    return rank;
}

static bool make_reshape(random_graph *t)
{
    const random_value *x = pick_any(t, 0);
    int64_t dims[KAO_MAX_RANK], target[KAO_MAX_RANK];

    if (!x || product(x->dims, x->rank) < 1 || !fits_graph(t, x->dims, x->rank))
        return false;
    int32_t rank = factor(t, product(x->dims, x->rank), dims);

    if (x->rank > 2 && x->rank < 5 &&
        once_in(t, 3)) { /* rows of pixels, as heads have */
        rank = 3;
        dims[0] = x->dims[0];
        dims[1] = x->dims[1];
        dims[2] = product(x->dims + 2, x->rank - 2);
    }
    memcpy(target, dims, sizeof target);
    if (once_in(t, 2))
        target[draw(t, (uint32_t)rank)] = -1;
    else if (once_in(t, 2) && x->rank > 0 && dims[0] == x->dims[0])
        target[0] = 0;
    emit3(t, "Reshape", x->name, integers(t, target, (size_t)rank), "",
          push(t, x->dtype, rank, dims, x->m, x->e)->name, "");
    return true;
}

static bool make_flatten(random_graph *t)
{
    const random_value *x = pick_any(t, 1);
    char attributes[16];

    if (!x)
        return false;
    const int32_t axis = (int32_t)draw(t, (uint32_t)x->rank + 1);
    const int64_t dims[2] = { product(x->dims, axis),
                              product(x->dims + axis, x->rank - axis) };

    if (!fits_graph(t, dims, 2))
        return false;
    snprintf(attributes, sizeof attributes, "axis=%d", axis);
    emit(t, "Flatten", x->name, push(t, x->dtype, 2, dims, x->m, x->e)->name,
         attributes);
    return true;
}

static bool make_unsqueeze(random_graph *t)
{
    const random_value *x = pick_any(t, 0);
    int64_t dims[KAO_MAX_RANK], axis[1];
    char attributes[24];

    if (!x || !fits_graph(t, x->dims, x->rank))
        return false;
    axis[0] = draw(t, (uint32_t)x->rank + 1);
    for (int32_t i = 0, from = 0; i < x->rank + 1; i++)
        dims[i] = i == axis[0] ? 1 : x->dims[from++];
    const random_value *y = push(t, x->dtype, x->rank + 1, dims, x->m, x->e);

    snprintf(attributes, sizeof attributes, "axes=[%d]", (int)axis[0]);
    if (t->opset >= 13)
        emit3(t, "Unsqueeze", x->name, integers(t, axis, 1), "", y->name, "");
    else
        emit(t, "Unsqueeze", x->name, y->name, attributes);
    return true;
}

static bool make_transpose(random_graph *t)
{
    const random_value *x = pick_any(t, 1);
    int64_t perm[KAO_MAX_RANK], dims[KAO_MAX_RANK];
    const bool reverse = once_in(t, 5);
    char attributes[DIMS_TEXT + 16], text[DIMS_TEXT];

    if (!x || !fits_graph(t, x->dims, x->rank))
        return false;
    for (int32_t i = 0; i < x->rank; i++)
        perm[i] = reverse ? x->rank - 1 - i : i;
    for (int32_t i = x->rank - 1; i > 0 && !reverse; i--) {
        const int32_t k = (int32_t)draw(t, (uint32_t)i + 1);
        const int64_t old = perm[i];

        perm[i] = perm[k];
        perm[k] = old;
    }
    for (int32_t i = 0; i < x->rank; i++)
        dims[i] = x->dims[perm[i]];
    snprintf(attributes, sizeof attributes, "perm=[%s]", text_of(perm, x->rank, text));
    emit(t, "Transpose", x->name, push(t, x->dtype, x->rank, dims, x->m, x->e)->name,
         reverse ? "" : attributes);
    return true;
}

/* ---- Shape and what exporters make of it ---- */

static bool make_shape(random_graph *t)
{
    const random_value *x = pick_any(t, 1);
    const bool cut = t->opset >= 15 && once_in(t, 2);
    int64_t dims[1];

    if (!x || t->n + 8 > MAX_VALUES)
        return false;
    dims[0] = cut ? x->rank - 1 : x->rank;
    emit(t, "Shape", x->name, push(t, KAO_I64, 1, dims, MAX_COUNT, 0)->name,
         cut ? "start=1" : "");
    return true;
}

/* x as [first dimension, -1], the first one taken from its Shape. */
static bool make_computed_reshape(random_graph *t)
{
    const random_value *x = pick_any(t, 1);
    const int64_t zero[1] = { 0 }, rest[1] = { -1 }, one[1] = { 1 };

    if (!x || product(x->dims, x->rank) < 1 || !fits_graph(t, x->dims, x->rank))
        return false;
    const int64_t dims[2] = { x->dims[0], product(x->dims + 1, x->rank - 1) };
    const char *s = fresh_name(t), *n = fresh_name(t), *to = fresh_name(t);

    emit(t, "Shape", x->name, s, "");
    emit3(t, "Gather", s, integers(t, zero, 1), "", n, "");
    if (once_in(t, 2)) { /* and a detour that changes nothing */
        const char *n2 = fresh_name(t);

        emit3(t, "Mul", n, integers(t, one, 1), "", n2,
              t->opset < 7 ? "broadcast=1" : "");
        n = n2;
    }
    emit3(t, "Concat", n, integers(t, rest, 1), "", to, "axis=0");
    emit3(t, "Reshape", x->name, to, "", push(t, x->dtype, 2, dims, x->m, x->e)->name,
          "");
    return true;
}

static bool make_constant_of_shape(random_graph *t)
{
    static const float number = 2.5f;
    static const int64_t whole = -3;
    const random_value *x = pick_any(t, 1);
    const kao_dtype dtype = once_in(t, 2) ? KAO_F32 : KAO_I64;
    const char *s = NULL;

    if (!x || t->opset < 9 || !fits_graph(t, x->dims, x->rank))
        return false;
    if (once_in(t, 2)) {
        s = fresh_name(t);
        emit(t, "Shape", x->name, s, "");
    } else {
        s = integers(t, x->dims, (size_t)x->rank);
    }
    const random_value *y = push(t, dtype, x->rank, x->dims, 3, 0);
    pb value = tensor_proto("", (int)dtype, "1",
                            dtype == KAO_F32 ? (const void *)&number : &whole);
    size_t n = 0;
    bool known = false;
    const kao_op *rows = kao_op_rows(&n);

    t->made[kao_op_find("ConstantOfShape", t->opset, &known) - rows]++;
    graph_node_tensor(&t->g, "ConstantOfShape", s, y->name, "value", &value);
    return true;
}

/* ---- parts ---- */

static bool make_concat(random_graph *t)
{
    const random_value *x = pick_any(t, 1), *parts[3] = { x, x, x };
    int64_t dims[KAO_MAX_RANK];
    char in[64] = "", attributes[16];

    if (!x)
        return false;
    const int32_t axis = x->rank > 1 && draw(t, 3) ? 1 : some_axis(t, x);
    const int n = 1 + (int)draw(t, 3);
    double m = x->m, e = x->e;

    memcpy(dims, x->dims, sizeof dims);
    for (int i = 1; i < n; i++) {
        const random_value *p = pick(t, kao_type_bit(x->dtype), x->rank, x->rank);
        bool fits = p != NULL;

        for (int32_t d = 0; fits && d < x->rank; d++)
            fits = d == axis || p->dims[d] == x->dims[d];
        parts[i] = fits ? p : x;
        dims[axis] += parts[i]->dims[axis];
        m = fmax(m, parts[i]->m);
        e = fmax(e, parts[i]->e);
    }
    if (!fits_graph(t, dims, x->rank))
        return false;
    if (once_in(t, 2)) {
        const random_value *first = parts[0];

        parts[0] = parts[n - 1];
        parts[n - 1] = first;
    }
    for (int i = 0; i < n; i++)
        strcat(strcat(in, parts[i]->name), " ");
    snprintf(attributes, sizeof attributes, "axis=%d",
             t->opset >= 11 && once_in(t, 3) ? axis - x->rank : axis);
    emit(t, "Concat", in, push(t, x->dtype, x->rank, dims, m, e)->name, attributes);
    return true;
}

static bool make_split(random_graph *t)
{
    const random_value *x = pick_any(t, 1);
    int64_t sizes[3], dims[KAO_MAX_RANK];
    const int n = 2 + (int)draw(t, 2);
    char out[64] = "", attributes[64], text[DIMS_TEXT];

    if (!x || !fits_graph(t, x->dims, x->rank))
        return false;
    const int32_t axis = x->rank > 1 && draw(t, 3) ? 1 : some_axis(t, x);
    const int64_t d = x->dims[axis];
    const bool equal = d % n == 0 && once_in(t, 2);

    if (d < n)
        return false;
    sizes[0] = equal ? d / n : 1 + draw(t, (uint32_t)(d - n + 1));
    sizes[1] = n == 2 ? d - sizes[0] : equal ? d / n : 1;
    sizes[2] = d - sizes[0] - sizes[1];
    for (int i = 0; i < n; i++) {
        memcpy(dims, x->dims, sizeof dims);
        dims[axis] = sizes[i];
        if (i > 0 && once_in(t, 8)) { /* a part that nobody wants has no name */
            strcat(out, "- ");
            continue;
        }
        strcat(strcat(out, push(t, x->dtype, x->rank, dims, x->m, x->e)->name), " ");
    }
    snprintf(attributes, sizeof attributes, "axis=%d", axis);
    if (!equal && t->opset < 13)
        snprintf(attributes, sizeof attributes, "axis=%d split=[%s]", axis,
                 text_of(sizes, n, text));
    if (equal && t->opset >= 18)
        snprintf(attributes, sizeof attributes, "axis=%d num_outputs=%d", axis, n);
    emit3(t, "Split", x->name,
          !equal && t->opset >= 13 ? integers(t, sizes, (size_t)n) : "", "", out,
          attributes);
    return true;
}

static bool make_slice(random_graph *t)
{
    const random_value *x = pick_any(t, 1);
    int64_t start[KAO_MAX_RANK], end[KAO_MAX_RANK], axes[KAO_MAX_RANK],
        step[KAO_MAX_RANK], dims[KAO_MAX_RANK];
    int32_t n = 0;
    char attributes[224], a[DIMS_TEXT], b[DIMS_TEXT], c[DIMS_TEXT];

    if (!x || product(x->dims, x->rank) < 1 || !fits_graph(t, x->dims, x->rank))
        return false;
    memcpy(dims, x->dims, sizeof dims);
    for (int32_t i = 0; i < x->rank; i++) {
        const int64_t d = x->dims[i];

        if (n && once_in(t, 2))
            continue;
        axes[n] = i;
        step[n] = t->opset >= 10 && once_in(t, 3) ? (int64_t)draw(t, 5) - 2 : 1;
        step[n] += step[n] == 0;
        const int64_t lo = draw(t, (uint32_t)d),
                      hi = lo + 1 + draw(t, (uint32_t)(d - lo));
        const int64_t s = step[n] < 0 ? -step[n] : step[n];

        dims[i] = (hi - lo + s - 1) / s;
        start[n] =
            step[n] > 0 ? lo : hi - 1; /* from the other end where it counts down */
        end[n] = step[n] > 0 ? hi : lo - 1 - (lo == 0) * d;
        if (once_in(t, 4) && step[n] > 0) { /* counted from the end; clamped */
            start[n] -= d;
            end[n] = hi == d ? INT64_MAX : hi - d;
        }
        n++;
    }
    const random_value *y = push(t, x->dtype, x->rank, dims, x->m, x->e);

    if (t->opset < 10) {
        snprintf(attributes, sizeof attributes, "starts=[%s] ends=[%s] axes=[%s]",
                 text_of(start, n, a), text_of(end, n, b), text_of(axes, n, c));
        emit(t, "Slice", x->name, y->name, attributes);
        return true;
    }
    char in[96];

    const char *starts = integers(t, start, (size_t)n),
               *ends = integers(t, end, (size_t)n), *on = integers(t, axes, (size_t)n),
               *steps = integers(t, step, (size_t)n);

    snprintf(in, sizeof in, "%s %s %s %s %s", x->name, starts, ends, on, steps);
    emit(t, "Slice", in, y->name, "");
    return true;
}

static bool make_gather(random_graph *t)
{
    const random_value *x = pick_any(t, 1);
    int64_t dims[KAO_MAX_RANK], shape[2];
    int32_t rank = 0;
    char attributes[16];

    if (!x || product(x->dims, x->rank) < 1)
        return false;
    const int32_t axis = some_axis(t, x), n = (int32_t)draw(t, 3);

    for (int32_t i = 0; i < axis; i++)
        dims[rank++] = x->dims[i];
    for (int32_t i = 0; i < n; i++)
        dims[rank++] = shape[i] = 1 + draw(t, 4);
    for (int32_t i = axis + 1; i < x->rank; i++)
        dims[rank++] = x->dims[i];
    if (!fits_graph(t, dims, rank))
        return false;
    const double d = (double)x->dims[axis];
    const char *index = constant(t, once_in(t, 3) ? KAO_I32 : KAO_I64, n, shape,
                                 t->opset >= 11 ? -d : 0, d - 1);

    snprintf(attributes, sizeof attributes, "axis=%d", axis);
    emit3(t, "Gather", x->name, index, "",
          push(t, x->dtype, rank, dims, x->m, x->e)->name, attributes);
    return true;
}

/* ---- Pad ---- */

static bool make_pad(random_graph *t)
{
    static const char *const modes[] = { "constant", "reflect", "edge", "wrap" };
    const random_value *x = t->opset < 11 ? pick(t, KAO_T_F32, 1, 5) : pick_any(t, 1);
    const uint32_t mode = draw(t, t->opset >= 19 ? 4 : 3);
    int64_t pads[2 * KAO_MAX_RANK] = { 0 }, dims[KAO_MAX_RANK], axes[KAO_MAX_RANK];
    char attributes[224], text[2 * DIMS_TEXT];
    const char *value = "-", *axis_list = "";

    if (!x || product(x->dims, x->rank) < 1)
        return false;
    memcpy(dims, x->dims, sizeof dims);
    for (int32_t i = 0; i < x->rank; i++) {
        axes[i] = i;
        for (int k = 0; k < 2; k++)
            if (once_in(t, 2)) {
                pads[i + k * x->rank] = (int64_t)draw(t, 5) - 1;
                dims[i] += pads[i + k * x->rank];
            }
        if (dims[i] < 1)
            return false;
    }
    if (!fits_graph(t, dims, x->rank))
        return false;
    const double m = fmax(x->m, 2);
    const random_value *y = push(t, x->dtype, x->rank, dims, m, x->e);

    if (t->opset < 11) {
        snprintf(attributes, sizeof attributes, "mode=%s pads=[%s]%s", modes[mode],
                 text_of(pads, 2 * x->rank, text), once_in(t, 2) ? " value=1.5" : "");
        emit(t, "Pad", x->name, y->name, attributes);
        return true;
    }
    snprintf(attributes, sizeof attributes, "mode=%s", modes[mode]);
    const char *p = integers(t, pads, 2 * (size_t)x->rank);
    char in[96];

    if (once_in(t, 2))
        value = constant(t, x->dtype, 0, NULL, 0, 2);
    if (t->opset >= 18 && once_in(t, 2))
        axis_list = integers(t, axes, (size_t)x->rank);
    snprintf(in, sizeof in, "%s %s %s %s", x->name, p, value, axis_list);
    emit(t, "Pad", in, y->name, attributes);
    return true;
}

/* ---- Resize ---- */

static void resize_modes(random_graph *t, bool linear, char *to, size_t cap)
{
    static const char *const coords[] = {
        "half_pixel", "pytorch_half_pixel",   "align_corners",        "asymmetric",
        "half_pixel", "half_pixel_symmetric", "tf_half_pixel_for_nn",
    };
    static const char *const rounds[] = { "round_prefer_floor", "round_prefer_ceil",
                                          "floor", "ceil" };

    const char *coord = coords[draw(t, t->opset >= 19 ? 7 : 5)];

    snprintf(to, cap, "mode=%s coordinate_transformation_mode=%s nearest_mode=%s",
             linear ? "linear" : "nearest", coord, rounds[draw(t, 4)]);
}

/* Cubic, and filters spread over what shrinks: sums of up to three times the largest number
 * an axis. */
static bool wide_modes(random_graph *t, char *to, size_t cap)
{
    static const char *const how[] = { "mode=cubic", "mode=cubic exclude_outside=1",
                                       "mode=cubic cubic_coeff_a=-0.5",
                                       "mode=cubic antialias=1",
                                       "mode=linear antialias=1" };

    if (t->opset < 11 || !once_in(t, 3))
        return false;
    snprintf(to, cap, "%s", how[draw(t, t->opset < 18 ? 3 : 5)]);
    return true;
}

static bool make_resize(random_graph *t)
{
    static const float factors[] = { 2, 1, 2, 1.5f, 0.5f, 3, 0.7f };
    const random_value *x = once_in(t, 3) ? pick_any(t, 1) : pick(t, KAO_T_F32, 4, 4);
    float scales[KAO_MAX_RANK];
    int64_t dims[KAO_MAX_RANK];
    char attributes[160];

    if (!x || t->opset < 7 || product(x->dims, x->rank) < 1)
        return false;
    const bool linear = x->dtype == KAO_F32 && once_in(t, 3);
    const bool sizes = t->opset >= 11 && once_in(t, 2);
    const bool whole = once_in(t, 2) && x->rank == 4; /* by 2, as detectors have it */

    for (int32_t i = 0; i < x->rank; i++) {
        const bool keep = i < x->rank - 2 && !once_in(t, 12);

        scales[i] = keep ? 1 : whole ? 2 : factors[draw(t, 7)];
        dims[i] = (int64_t)floorf((float)x->dims[i] * scales[i]);
        if (dims[i] < 1)
            return false;
    }
    if (!fits_graph(t, dims, x->rank))
        return false;
    const bool wide = linear && wide_modes(t, attributes, sizeof attributes);
    const double sum = wide ? pow(3, x->rank) : 1;
    const random_value *y = push(t, x->dtype, x->rank, dims, sum * x->m,
                                 linear ? rounded(sum * x->e, 4 * sum * x->m) : x->e);
    const size_t n = (size_t)x->rank;

    if (t->opset < 9) {
        size_t at = (size_t)snprintf(attributes, sizeof attributes, "mode=%s scales=[",
                                     linear ? "linear" : "nearest");

        for (size_t i = 0; i < n; i++)
            at += (size_t)snprintf(attributes + at, sizeof attributes - at, "%s%.9f",
                                   i ? "," : "", (double)scales[i]);
        snprintf(attributes + at, sizeof attributes - at, "]");
        emit(t, "Upsample", x->name, y->name, attributes);
    } else if (t->opset < 11) {
        emit3(t, t->opset == 9 ? "Upsample" : "Resize", x->name, floats(t, scales, n),
              "", y->name, linear ? "mode=linear" : "mode=nearest");
    } else {
        char in[64];

        if (!wide)
            resize_modes(t, linear, attributes, sizeof attributes);
        if (sizes)
            snprintf(in, sizeof in, "%s - - %s", x->name, integers(t, dims, n));
        else
            snprintf(in, sizeof in, "%s - %s", x->name, floats(t, scales, n));
        emit(t, "Resize", in, y->name, attributes);
    }
    return true;
}

random_maker *const shape_makers[] = {
    make_reshape,
    make_reshape,
    make_flatten,
    make_unsqueeze,
    make_transpose,
    make_shape,
    make_computed_reshape,
    make_constant_of_shape,
    make_concat,
    make_concat,
    make_split,
    make_slice,
    make_gather,
    make_pad,
    make_resize,
    make_transpose,
    NULL,
};
