/* Resize (10, 11, 13, 18, 19) and Upsample (7, 9): nearest, linear and cubic, any rank.
 *
 * Each axis is sampled on its own, so planning makes one small table an axis: for every
 * output index its input indices (one, two or four; more where antialias spreads the filter
 * over an axis that shrinks) and their weights. Running is a walk over those tables. Upsample
 * is Resize with asymmetric coordinates and floor (ONNX, Resize: "coordinate_transformation_mode",
 * "nearest_mode"); Resize of opset 10 too, but on axes that shrink it rounds up (ONNX 1.5's
 * test_resize_downsample_nearest). */
#include <math.h>
#include <string.h>

#include "kernels/resize.h"
#include "nn/lower.h"
#include "nn/ops/ops.h"

/* ---- load ---- */

static kao_status pick(kao_op_loader *l, const char *name, const char *fallback,
                       const char *const *words, int n, int *out)
{
    const char *s = NULL;
    const kao_status st = kao_attr_string(l, name, fallback, &s);

    if (st)
        return st;
    for (int i = 0; i < n; i++)
        if (words[i] && strcmp(s, words[i]) == 0) {
            *out = i;
            return KAO_OK;
        }
    return kao_fail(l->err, KAO_E_UNSUPPORTED, "%s %s", name, s);
}

static kao_status load_mode(kao_op_loader *l, kao_resize_param *p)
{
    static const char *const modes[] = { "nearest", "linear", "cubic", "bilinear" };
    int mode = 0;
    const kao_status st = pick(l, "mode", "nearest", modes, 4, &mode);

    p->mode = mode == 3 ? KAO_RESIZE_LINEAR : (kao_resize_mode)mode;
    if (p->mode == KAO_RESIZE_CUBIC && l->op->since < 11)
        return kao_fail(l->err, KAO_E_UNSUPPORTED, "mode cubic before opset 11");
    return st;
}

kao_status kao_op_upsample7_load(kao_op_loader *l)
{
    kao_resize_param *p = l->param;
    kao_status st = load_mode(l, p);

    p->coord = KAO_COORD_ASYMMETRIC;
    p->round = KAO_ROUND_FLOOR;
    if (!st)
        st = kao_attr_floats(l, "scales", p->fixed_scales, KAO_MAX_RANK, &p->n_fixed);
    if (!st && p->n_fixed == 0)
        st = kao_fail(l->err, KAO_E_FORMAT, "no scales");
    return st;
}

kao_status kao_op_upsample9_load(kao_op_loader *l)
{
    kao_resize_param *p = l->param;

    p->coord = KAO_COORD_ASYMMETRIC;
    p->round = KAO_ROUND_FLOOR;
    p->scales = 1;
    return load_mode(l, p);
}

kao_status kao_op_resize10_load(kao_op_loader *l)
{
    const kao_status st = kao_op_upsample9_load(l);

    ((kao_resize_param *)l->param)->round = KAO_ROUND_OPSET_10;
    return st;
}

kao_status kao_op_resize11_load(kao_op_loader *l)
{
    static const char *const coords[] = {
        "half_pixel", "pytorch_half_pixel",   "half_pixel_symmetric", "align_corners",
        "asymmetric", "tf_half_pixel_for_nn", "tf_crop_and_resize",
    };
    static const char *const rounds[] = { "round_prefer_floor", "round_prefer_ceil",
                                          "floor", "ceil" };
    static const char *const policies[] = { "stretch", "not_larger", "not_smaller" };
    kao_resize_param *p = l->param;
    int coord = 0, rounding = 0;
    int64_t antialias = 0, exclude = 0;
    kao_status st = load_mode(l, p);

    if (!st)
        st = pick(l, "coordinate_transformation_mode", "half_pixel", coords, 7, &coord);
    if (!st)
        st = pick(l, "nearest_mode", "round_prefer_floor", rounds, 4, &rounding);
    if (!st)
        st = pick(l, "keep_aspect_ratio_policy", "stretch", policies, 3, &p->policy);
    if (!st)
        st = kao_attr_float(l, "extrapolation_value", 0, &p->extrapolation);
    if (!st)
        st = kao_attr_int(l, "antialias", 0, &antialias);
    if (!st)
        st = kao_attr_int(l, "exclude_outside", 0, &exclude);
    if (!st)
        st = kao_attr_ints(l, "axes", p->axes, KAO_MAX_RANK, &p->n_axes);
    if (!st)
        st = kao_attr_float(l, "cubic_coeff_a", -0.75f, &p->cubic_a);
    p->antialias = antialias != 0;
    p->exclude_outside = exclude != 0;
    p->coord = (kao_resize_coord)coord;
    p->round = (kao_resize_round)rounding;
    p->roi = 1;
    p->scales = 2;
    p->sizes = 3;
    return st;
}

/* ---- infer ---- */

typedef struct target { /* by axis of the input */
    double scale[KAO_MAX_RANK];
    int64_t size[KAO_MAX_RANK];
    double roi_begin[KAO_MAX_RANK], roi_end[KAO_MAX_RANK];
    bool named[KAO_MAX_RANK]; /* by the attribute axes; without it all are */
} target;

static bool has_elements(const kao_op_infer *x, uint32_t i)
{
    return i > 0 && i < x->n_in && kao_tensor_given(&x->in[i]) &&
           kao_tensor_count(&x->in[i]) > 0;
}

/* Axis of the k-th number of scales, sizes and roi. */
static kao_status axis_of(kao_op_infer *x, size_t k, int32_t *axis)
{
    const kao_resize_param *p = x->param;

    return kao_infer_axis(x, p->n_axes ? p->axes[k] : (int64_t)k, x->in[0].rank, axis);
}

static kao_status name_axes(kao_op_infer *x, size_t n, target *t)
{
    kao_status st = KAO_OK;

    for (size_t k = 0; !st && k < n; k++) {
        int32_t axis = 0;

        st = axis_of(x, k, &axis);
        if (!st && t->named[axis])
            st = kao_fail(x->err, KAO_E_FORMAT, "axis %d twice", axis);
        t->named[axis] = true;
    }
    return st;
}

static kao_status infer_floats(kao_op_infer *x, uint32_t i, float *to, size_t want)
{
    kao_status st = x->need(x, i);

    if (!st && (x->in[i].dtype != KAO_F32 || x->in[i].rank != 1 ||
                x->in[i].dims[0] != (int64_t)want))
        st = kao_fail(x->err, KAO_E_FORMAT, "input %u is not %zu floats", i, want);
    for (size_t k = 0; !st && k < want; k++)
        to[k] = ((const float *)x->in[i].data)[(int64_t)k * x->in[i].strides[0]];
    return st;
}

static kao_status from_scales(kao_op_infer *x, const float *scales, size_t n, target *t)
{
    for (size_t k = 0; k < n; k++) {
        int32_t axis = 0;
        const kao_status st = axis_of(x, k, &axis);

        if (st)
            return st;
        const float size = floorf((float)x->in[0].dims[axis] * scales[k]);

        if (!(scales[k] > 0) || !(size <= (float)INT32_MAX))
            return kao_fail(x->err, KAO_E_FORMAT, "scale %g", (double)scales[k]);
        t->scale[axis] = (double)scales[k];
        t->size[axis] = (int64_t)size;
    }
    return KAO_OK;
}

static kao_status from_sizes(kao_op_infer *x, const int64_t *sizes, size_t n, target *t)
{
    const kao_resize_param *p = x->param;
    double common = p->policy == 1 ? HUGE_VAL : 0;

    for (size_t k = 0; k < n; k++) {
        int32_t axis = 0;
        const kao_status st = axis_of(x, k, &axis);

        if (st)
            return st;
        if (sizes[k] < 0 || sizes[k] > INT32_MAX || x->in[0].dims[axis] == 0)
            return kao_fail(x->err, KAO_E_FORMAT, "size %lld", (long long)sizes[k]);
        t->size[axis] = sizes[k];
        t->scale[axis] = (double)sizes[k] / (double)x->in[0].dims[axis];
        if (p->policy == 1)
            common = fmin(common, t->scale[axis]);
        else
            common = fmax(common, t->scale[axis]);
    }
    for (size_t k = 0; p->policy && k < n; k++) {
        int32_t axis = 0;

        if (axis_of(x, k, &axis) == KAO_OK) {
            t->scale[axis] = common;
            t->size[axis] = (int64_t)floor(common * (double)x->in[0].dims[axis] + 0.5);
        }
    }
    return KAO_OK;
}

static kao_status infer_roi(kao_op_infer *x, size_t n, target *t)
{
    const kao_resize_param *p = x->param;
    float roi[2 * KAO_MAX_RANK];
    kao_status st = KAO_OK;

    if (p->coord != KAO_COORD_TF_CROP)
        return KAO_OK;
    if (!has_elements(x, p->roi))
        return kao_fail(x->err, KAO_E_FORMAT, "tf_crop_and_resize without roi");
    st = infer_floats(x, p->roi, roi, 2 * n);
    for (size_t k = 0; !st && k < n; k++) {
        int32_t axis = 0;

        st = axis_of(x, k, &axis);
        if (!st) {
            t->roi_begin[axis] = (double)roi[k];
            t->roi_end[axis] = (double)roi[k + n];
        }
    }
    return st;
}

static kao_status infer_target(kao_op_infer *x, target *t)
{
    const kao_resize_param *p = x->param;
    const size_t n = p->n_axes ? p->n_axes : (size_t)x->in[0].rank;
    float scales[KAO_MAX_RANK];
    int64_t sizes[KAO_MAX_RANK];
    size_t n_sizes = 0;
    kao_status st = name_axes(x, n, t);

    if (st)
        return st;
    for (int32_t i = 0; i < x->in[0].rank; i++) {
        t->scale[i] = 1;
        t->size[i] = x->in[0].dims[i];
        t->roi_end[i] = 1;
    }
    if (p->n_fixed) {
        if (p->n_fixed != n)
            return kao_fail(x->err, KAO_E_FORMAT, "%zu scales for rank %zu", p->n_fixed,
                            n);
        return from_scales(x, p->fixed_scales, n, t);
    }
    if (has_elements(x, p->scales)) {
        st = infer_floats(x, p->scales, scales, n);
        if (!st)
            st = from_scales(x, scales, n, t);
    } else if (has_elements(x, p->sizes)) {
        st = kao_infer_ints(x, p->sizes, sizes, KAO_MAX_RANK, &n_sizes);
        if (!st && n_sizes != n)
            st = kao_fail(x->err, KAO_E_FORMAT, "%zu sizes for %zu axes", n_sizes, n);
        if (!st)
            st = from_sizes(x, sizes, n, t);
    } else {
        st = kao_fail(x->err, KAO_E_FORMAT, "neither scales nor sizes");
    }
    return st ? st : infer_roi(x, n, t);
}

/* The place in the input (in pixels) that output index i of an axis looks at. */
static double source_of(kao_resize_coord coord, double i, double in, double out,
                        double scale, double begin, double end)
{
    switch (coord) {
    case KAO_COORD_PYTORCH_HALF_PIXEL:
        return out > 1 ? (i + 0.5) / scale - 0.5 : 0;
    case KAO_COORD_HALF_PIXEL_SYMMETRIC: {
        const double adjust = out / (scale * in), centre = in / 2;

        return centre * (1 - adjust) + (i + 0.5) / scale - 0.5;
    }
    case KAO_COORD_ALIGN_CORNERS:
        return out > 1 ? i * (in - 1) / (out - 1) : 0;
    case KAO_COORD_ASYMMETRIC:
        return i / scale;
    case KAO_COORD_TF_HALF_PIXEL:
        return (i + 0.5) / scale;
    case KAO_COORD_TF_CROP:
        return out > 1 ? begin * (in - 1) + i * (end - begin) * (in - 1) / (out - 1)
                       : 0.5 * (begin + end) * (in - 1);
    default:
        return (i + 0.5) / scale - 0.5;
    }
}

static double round_of(kao_resize_round mode, double scale, double v)
{
    switch (mode) {
    case KAO_ROUND_OPSET_10:
        return scale < 1 ? ceil(v) : floor(v);
    case KAO_ROUND_FLOOR:
        return floor(v);
    case KAO_ROUND_CEIL:
        return ceil(v);
    case KAO_ROUND_PREFER_CEIL:
        return floor(v + 0.5);
    default:
        return ceil(v - 0.5);
    }
}

static int32_t to_edge(double v, int64_t n)
{
    return !(v > 0)              ? 0
           : v > (double)(n - 1) ? (int32_t)(n - 1)
                                 : (int32_t)v; /* NaN: 0 */
}

/* The filter at a distance, in pixels of the input or, where antialias spreads it, of the
 * output. */
static double filter_at(const kao_resize_param *p, double d)
{
    const double x = fabs(d), a = (double)p->cubic_a;

    if (p->mode == KAO_RESIZE_LINEAR)
        return x < 1 ? 1 - x : 0;
    return x <= 1  ? ((a + 2) * x - (a + 3)) * x * x + 1
           : x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a
                   : 0;
}

/* Neighbours and weights of the place s: half of them up to it, half behind it. Outside the
 * axis its edge is repeated. */
static void place_taps(const kao_resize_param *p, const kao_resize_axis *a, int64_t k,
                       double s, double spread, int64_t in)
{
    const double before = floor(s);
    int32_t *from = a->from + k * a->taps;
    double *weight = a->weight + k * a->taps, sum = 0;

    for (int32_t j = 0; j < a->taps; j++) {
        const double at = before + (double)(j + 1 - a->taps / 2);

        from[j] = to_edge(at, in);
        weight[j] = filter_at(p, (at - s) * spread);
        if (p->exclude_outside && (at < 0 || at > (double)(in - 1)))
            weight[j] = 0;
        sum += weight[j];
    }
    for (int32_t j = 0; sum != 0 && j < a->taps; j++)
        weight[j] /= sum;
}

static kao_status plan_axis(kao_op_infer *x, int32_t i, const target *t)
{
    const kao_resize_param *p = x->param;
    kao_resize_axis *a = &((kao_resize_state *)x->state)->axis[i];
    const int64_t in = x->in[0].dims[i], out = t->size[i];
    const double spread = p->antialias ? fmin(t->scale[i], 1) : 1;

    /* these two move even an axis that keeps its size, but none that is not named */
    a->same = !t->named[i] ||
              (in == out && t->scale[i] == 1 && p->coord != KAO_COORD_TF_CROP &&
               p->coord != KAO_COORD_TF_HALF_PIXEL);
    if (out > KAO_MAX_RESIZED)
        return kao_fail(x->err, KAO_E_LIMIT, "axis %d of size %lld, at most %d", i,
                        (long long)out, KAO_MAX_RESIZED);
    if (out > 0 && in == 0)
        return kao_fail(x->err, KAO_E_FORMAT, "axis %d of size 0 cannot grow", i);
    const double taps = a->same || p->mode == KAO_RESIZE_NEAREST || out == 0
                            ? 1
                            : 2 * ceil((double)p->mode / spread);

    if (taps * (double)out > KAO_MAX_RESIZED)
        return kao_fail(x->err, KAO_E_LIMIT,
                        "axis %d of size %lld, each from %g numbers", i, (long long)out,
                        taps);
    a->taps = (int32_t)taps;
    a->from = kao_arena_calloc(x->arena, (size_t)(out * a->taps), sizeof *a->from);
    a->weight = kao_arena_calloc(x->arena, (size_t)(out * a->taps), sizeof *a->weight);
    if (!a->from || !a->weight)
        return kao_fail(x->err, KAO_E_NOMEM, "out of memory");
    for (int64_t k = 0; k < out; k++) {
        double s = a->same ? (double)k
                           : source_of(p->coord, (double)k, (double)in, (double)out,
                                       t->scale[i], t->roi_begin[i], t->roi_end[i]);

        if (p->coord == KAO_COORD_TF_CROP && (s < 0 || s > (double)(in - 1))) {
            a->from[k * a->taps] = -1;
        } else if (a->taps == 1) {
            a->from[k] = to_edge(round_of(p->round, t->scale[i], s), in);
            a->weight[k] = 1;
        } else {
            if (p->mode == KAO_RESIZE_LINEAR && !p->antialias) /* the edge, exactly */
                s = !(s > 0) ? 0 : fmin(s, (double)(in - 1));
            place_taps(p, a, k, s, spread, in);
        }
    }
    return KAO_OK;
}

kao_status kao_op_resize_infer(kao_op_infer *x)
{
    const kao_resize_param *p = x->param;
    target t = { .scale = { 0 } };
    int64_t count = 0;
    kao_status st = KAO_OK;

    if (p->mode != KAO_RESIZE_NEAREST && !kao_tensor_is_real(&x->in[0]))
        return kao_fail(x->err, KAO_E_UNSUPPORTED, "mode linear or cubic on %s",
                        kao_dtype_name((int)x->in[0].dtype));
    st = infer_target(x, &t);
    if (st)
        return st;
    kao_infer_like(x, 0);
    memcpy(x->out[0].dims, t.size, sizeof t.size);
    if (!kao_dims_count(x->out[0].dims, x->out[0].rank, &count))
        return kao_fail(x->err, KAO_E_LIMIT, "more than %lld elements",
                        (long long)KAO_MAX_ELEMENTS);
    for (int32_t i = 0; !st && i < x->in[0].rank; i++)
        st = plan_axis(x, i, &t);
    return st;
}

/* ---- run ---- */

/* Weighted sum over the neighbours: some on every axis. */
static double weighted_at(const kao_op_call *c, const int64_t *index)
{
    const kao_resize_param *p = c->param;
    const kao_resize_axis *axes = ((const kao_resize_state *)c->state)->axis;
    const kao_tensor *in = &c->in[0];
    int64_t tap[KAO_MAX_RANK] = { 0 }, taps[KAO_MAX_RANK], n = 1;
    double sum = 0;

    for (int32_t i = 0; i < in->rank; i++) {
        if (axes[i].from[index[i] * axes[i].taps] < 0)
            return (double)p->extrapolation;
        taps[i] = axes[i].taps;
        n *= taps[i];
    }
    for (; n > 0; n--) {
        int64_t at = 0;
        double weight = 1;

        for (int32_t i = 0; i < in->rank; i++) {
            const int64_t k = index[i] * taps[i] + tap[i];

            weight *= axes[i].weight[k];
            at += axes[i].from[k] * in->strides[i];
        }
        if (weight != 0)
            sum += weight * kao_tensor_number_at(in, at);
        kao_index_next(tap, taps, in->rank);
    }
    return sum;
}

/* Into element `to` of the output. */
static void nearest_at(const kao_op_call *c, const int64_t *index, int64_t to)
{
    const kao_resize_param *p = c->param;
    const kao_resize_state *s = c->state;
    const kao_tensor *in = &c->in[0];
    int64_t at = 0;

    for (int32_t i = 0; i < in->rank; i++) {
        const int32_t from = s->axis[i].from[index[i]];

        if (from < 0) {
            kao_tensor_set_number(&c->out[0], to, (double)p->extrapolation);
            return;
        }
        at += from * in->strides[i];
    }
    const int64_t size = (int64_t)kao_dtype_size((int)in->dtype);

    memcpy((uint8_t *)c->out[0].data + to * size, (const uint8_t *)in->data + at * size,
           (size_t)size);
}

void kao_op_resize_run(const kao_op_call *c)
{
    const kao_resize_param *p = c->param;
    const kao_tensor *out = &c->out[0];
    const int64_t n = kao_tensor_count(out);
    int64_t index[KAO_MAX_RANK] = { 0 };

    for (int64_t k = 0; k < n; k++) {
        const int64_t to = kao_tensor_offset(out, index);

        if (p->mode == KAO_RESIZE_NEAREST)
            nearest_at(c, index, to);
        else
            kao_tensor_set_number(out, to, weighted_at(c, index));
        kao_index_next(index, out->dims, out->rank);
    }
}

/* ---- kernels ---- */

uint64_t kao_op_resize_work(const kao_tensor *in, const void *param, const void *state)
{
    uint64_t n = 1; /* at most the elements of in, times 10 an axis */

    (void)param;
    for (int32_t i = 0; i < in->rank; i++)
        n *= (uint64_t)((const kao_resize_state *)state)->axis[i].taps;
    return n;
}

/* Nearest neighbours of height and width. */
kao_status kao_op_resize_lower(kao_op_lower *x)
{
    const kao_resize_param *p = x->param;
    const kao_resize_state *s = x->state;
    const kao_tensor *in = &x->in[0], *out = &x->out[0];
    int64_t from = 0, to = 0;

    if (p->mode != KAO_RESIZE_NEAREST || in->rank != 4 || in->dtype != KAO_F32 ||
        !s->axis[0].same || !s->axis[1].same || p->coord == KAO_COORD_TF_CROP ||
        !kao_tensor_is_channels_last(in, &from) ||
        !kao_tensor_is_channels_last(out, &to) || kao_tensor_count(in) >= INT32_MAX ||
        kao_tensor_count(out) >= INT32_MAX)
        return KAO_OK;
    const kao_resize d = { .n = (int32_t)in->dims[0],
                           .h = (int32_t)in->dims[2],
                           .w = (int32_t)in->dims[3],
                           .c = (int32_t)in->dims[1],
                           .oh = (int32_t)out->dims[2],
                           .ow = (int32_t)out->dims[3],
                           .from_y = s->axis[2].from,
                           .from_x = s->axis[3].from,
                           .in_stride = (int32_t)from,
                           .out_stride = (int32_t)to };

    return kao_lower_to(x, KAO_KERNEL_RESIZE, &d, sizeof d);
}
