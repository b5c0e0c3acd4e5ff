/* Which kernel runs a step that is no convolution: decided by how its operands lie.
 *
 * The kernels take rows of floats (pixels of c channels, or one long row); what does not
 * lie so keeps its generic form, which reads any strides. */
#include <math.h>
#include <string.h>

#include "kernels/elementwise.h"
#include "kernels/pool.h"
#include "kernels/resize.h"
#include "nn/ops/ops.h"
#include "nn/plan.h"

typedef struct rows { /* a tensor as rows of c floats */
    size_t n, c, pitch;
} rows;

static void *detail(kao_graph *g, kao_entry *e, kao_kernel_id kernel, const void *from,
                    size_t n)
{
    void *p = kao_arena_alloc(g->arena, n);

    if (p) {
        memcpy(p, from, n);
        e->detail = p;
        e->kernel = kernel;
    }
    return p;
}

static kao_status done(kao_graph *g, const void *p)
{
    return p ? KAO_OK : kao_graph_no_memory(g);
}

static const kao_tensor *tensor(const kao_graph *g, const kao_step *s, uint32_t i)
{
    return &g->values[s->in[i]].t;
}

static bool as_pixels(const kao_tensor *t, rows *r)
{
    int64_t pitch = 0;

    if (t->rank != 4 || !kao_is_channels_last(t, &pitch))
        return false;
    *r = (rows){ (size_t)(t->dims[0] * t->dims[2] * t->dims[3]), (size_t)t->dims[1],
                 (size_t)pitch };
    return true;
}

/* ---- pooling and resizing ---- */

static kao_status lower_pool(kao_graph *g, const kao_step *s, kao_entry *e)
{
    const kao_pool_param *p = s->param;
    const kao_window *w = &((const kao_pool_state *)s->state)->window;
    const kao_tensor *in = tensor(g, s, 0), *out = &g->values[s->out[0]].t;
    int64_t from = 0, to = 0;

    if (in->rank != 4 || in->dtype != KAO_F32 || !kao_window_is_sane(w) ||
        (s->n_out > 1 && s->out[1] != KAO_NO_VALUE) ||
        !kao_is_channels_last(in, &from) || !kao_is_channels_last(out, &to) ||
        kao_tensor_count(in) >= INT32_MAX || kao_tensor_count(out) >= INT32_MAX)
        return KAO_OK;
    const kao_pooling d = {
        .kind = s->op->kind == KAO_OP_MAX_POOL ? KAO_POOLING_MAX
                : p->count_include_pad         ? KAO_POOLING_AVG_PAD
                                               : KAO_POOLING_AVG,
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

    return done(g, detail(g, e, KAO_KERNEL_POOL, &d, sizeof d));
}

static kao_status lower_global_pool(kao_graph *g, const kao_step *s, kao_entry *e)
{
    const kao_tensor *in = tensor(g, s, 0);
    int64_t pitch = 0;

    if (in->rank != 4 || !kao_is_channels_last(in, &pitch) ||
        kao_tensor_count(in) == 0 || kao_tensor_count(in) >= INT32_MAX)
        return KAO_OK;
    const int32_t h = (int32_t)in->dims[2], w = (int32_t)in->dims[3],
                  c = (int32_t)in->dims[1];
    const kao_pooling d = { .kind = KAO_POOLING_AVG,
                            .n = (int32_t)in->dims[0],
                            .h = h,
                            .w = w,
                            .c = c,
                            .oh = 1,
                            .ow = 1,
                            .kh = h,
                            .kw = w,
                            .sy = 1,
                            .sx = 1,
                            .dy = 1,
                            .dx = 1,
                            .in_stride = (int32_t)pitch,
                            .out_stride = c };

    return done(g, detail(g, e, KAO_KERNEL_POOL, &d, sizeof d));
}

static kao_status lower_resize(kao_graph *g, const kao_step *s, kao_entry *e)
{
    const kao_resize_param *p = s->param;
    const kao_resize_state *st = s->state;
    const kao_tensor *in = tensor(g, s, 0), *out = &g->values[s->out[0]].t;
    int64_t from = 0, to = 0;

    if (p->linear || in->rank != 4 || in->dtype != KAO_F32 || !st->axis[0].same ||
        !st->axis[1].same || p->coord == KAO_COORD_TF_CROP ||
        !kao_is_channels_last(in, &from) || !kao_is_channels_last(out, &to) ||
        kao_tensor_count(in) >= INT32_MAX || kao_tensor_count(out) >= INT32_MAX)
        return KAO_OK;
    const kao_resize d = { .n = (int32_t)in->dims[0],
                           .h = (int32_t)in->dims[2],
                           .w = (int32_t)in->dims[3],
                           .c = (int32_t)in->dims[1],
                           .oh = (int32_t)out->dims[2],
                           .ow = (int32_t)out->dims[3],
                           .from_y = st->axis[2].from,
                           .from_x = st->axis[3].from,
                           .in_stride = (int32_t)from,
                           .out_stride = (int32_t)to };

    return done(g, detail(g, e, KAO_KERNEL_RESIZE, &d, sizeof d));
}

/* ---- element-wise ---- */

static bool is_f32(const kao_graph *g, const kao_step *s)
{
    for (uint32_t i = 0; i < s->n_in; i++)
        if (s->in[i] == KAO_NO_VALUE || tensor(g, s, i)->dtype != KAO_F32)
            return false;
    return true;
}

/* One number a channel of out: (1, C, 1, 1), (C, 1, 1), dense. */
static bool is_per_channel(const kao_tensor *t, const kao_tensor *out)
{
    if (out->rank != 4 || kao_tensor_count(t) != out->dims[1] ||
        !kao_tensor_is_dense(t))
        return false;
    for (int32_t i = 0; i < t->rank; i++)
        if (t->dims[i] != 1 && i + 4 - t->rank != 1)
            return false;
    return true;
}

static kao_status lower_binary(kao_graph *g, const kao_step *s, kao_entry *e,
                               kao_binary op)
{
    const kao_tensor *a = tensor(g, s, 0), *b = tensor(g, s, 1),
                     *out = &g->values[s->out[0]].t;
    kao_binary_rows d = { .op = op, .lo = -INFINITY, .hi = INFINITY };
    rows ra, rb, ro;

    if (!is_f32(g, s) || !kao_tensor_same_dims(a, out) ||
        ((const kao_binary_param *)s->param)->legacy)
        return KAO_OK;
    if (kao_tensor_is_dense(a) && kao_tensor_is_dense(out) &&
        (kao_tensor_count(b) == 1 ||
         (kao_tensor_same_dims(b, out) && kao_tensor_is_dense(b)))) {
        d.kind = kao_tensor_count(b) == 1 ? KAO_OPERAND_SCALAR : KAO_OPERAND_FULL;
        d.n_rows = 1;
        d.c = d.a_stride = d.b_stride = d.out_stride = (size_t)kao_tensor_count(out);
    } else if (as_pixels(a, &ra) && as_pixels(out, &ro)) {
        d.kind = kao_tensor_count(b) == 1 ? KAO_OPERAND_SCALAR
                 : is_per_channel(b, out) ? KAO_OPERAND_CHANNEL
                                          : KAO_OPERAND_FULL;
        if (d.kind == KAO_OPERAND_FULL &&
            (!kao_tensor_same_dims(b, out) || !as_pixels(b, &rb)))
            return KAO_OK;
        d.n_rows = ro.n;
        d.c = ro.c;
        d.a_stride = ra.pitch;
        d.b_stride = d.kind == KAO_OPERAND_FULL ? rb.pitch : 0;
        d.out_stride = ro.pitch;
    } else {
        return KAO_OK;
    }
    return done(g, detail(g, e, KAO_KERNEL_BINARY, &d, sizeof d));
}

/* in -> out in rows: any two that lie alike and dense, or pixels. */
static bool unary_rows(const kao_graph *g, const kao_step *s, kao_unary_args *u)
{
    const kao_tensor *in = tensor(g, s, 0), *out = &g->values[s->out[0]].t;
    rows ri, ro;

    if (in->dtype != KAO_F32)
        return false;
    if (as_pixels(in, &ri) && as_pixels(out, &ro)) {
        u->n_rows = ro.n;
        u->c = ro.c;
        u->in_stride = (ptrdiff_t)ri.pitch;
        u->out_stride = (ptrdiff_t)ro.pitch;
        return true;
    }
    if (!kao_tensor_is_dense(in) || !kao_tensor_is_dense(out))
        return false;
    u->n_rows = 1;
    u->c = (size_t)kao_tensor_count(out);
    u->in_stride = u->out_stride = (ptrdiff_t)u->c;
    return true;
}

static kao_status lower_unary(kao_graph *g, const kao_step *s, kao_entry *e,
                              kao_act act)
{
    kao_unary_args u = { .act = act, .lo = 0, .hi = INFINITY };

    return unary_rows(g, s, &u) ? done(g, detail(g, e, KAO_KERNEL_UNARY, &u, sizeof u))
                                : KAO_OK;
}

/* A slope for every channel of pixels, from a constant. */
static kao_status lower_slope(kao_graph *g, const kao_step *s, kao_entry *e)
{
    kao_unary_args u = { .act = KAO_ACT_SLOPE };
    const bool leaky = s->op->kind == KAO_OP_LEAKY_RELU;
    rows r;

    if (!unary_rows(g, s, &u) || !as_pixels(&g->values[s->out[0]].t, &r))
        return KAO_OK;
    if (!leaky && (!kao_value_known(g, s->in[1]) ||
                   (kao_tensor_count(tensor(g, s, 1)) != 1 &&
                    !((const kao_prelu_state *)s->state)->per_channel &&
                    !is_per_channel(tensor(g, s, 1), &g->values[s->out[0]].t))))
        return KAO_OK;
    float *slope = kao_arena_calloc(g->arena, r.c, sizeof *slope);

    if (!slope)
        return kao_graph_no_memory(g);
    for (size_t i = 0; i < r.c; i++)
        slope[i] = leaky ? ((const kao_leaky_param *)s->param)->alpha
                         : ((const float *)tensor(g, s, 1)
                                ->data)[kao_tensor_count(tensor(g, s, 1)) == 1 ? 0 : i];
    u.slope = slope;
    return done(g, detail(g, e, KAO_KERNEL_UNARY, &u, sizeof u));
}

static kao_status lower_exp(kao_graph *g, const kao_step *s, kao_entry *e)
{
    const kao_tensor *in = tensor(g, s, 0), *out = &g->values[s->out[0]].t;
    const size_t n = (size_t)kao_tensor_count(out);

    if (!kao_tensor_is_dense(in) || !kao_tensor_is_dense(out))
        return KAO_OK;
    return done(g, detail(g, e, KAO_KERNEL_EXP, &n, sizeof n));
}

/* ---- layouts ---- */

static kao_status lower_copy(kao_graph *g, const kao_step *s, kao_entry *e)
{
    const kao_tensor *in = tensor(g, s, 0), *out = &g->values[s->out[0]].t;
    rows r;

    if (in->dtype != KAO_F32 || in->rank != 4 || !kao_tensor_same_dims(in, out) ||
        kao_tensor_count(in) == 0)
        return KAO_OK;
    const bool to_last = kao_tensor_is_dense(in) && as_pixels(out, &r);

    if (!to_last && !(as_pixels(in, &r) && kao_tensor_is_dense(out)))
        return KAO_OK;
    const kao_layout_call d = { .n = (size_t)in->dims[0],
                                .c = r.c,
                                .n_pixels = (size_t)(in->dims[2] * in->dims[3]),
                                .pitch = r.pitch };

    return done(g, detail(g, e, to_last ? KAO_KERNEL_TO_NHWC : KAO_KERNEL_TO_NCHW, &d,
                          sizeof d));
}

kao_status kao_lower(kao_graph *g, const kao_step *s, kao_entry *e)
{
    if (s->kind == KAO_STEP_COPY)
        return lower_copy(g, s, e);
    if (s->n_in == 0 || s->in[0] == KAO_NO_VALUE || s->out[0] == KAO_NO_VALUE)
        return KAO_OK;
    switch (s->op->kind) {
    case KAO_OP_MAX_POOL:
    case KAO_OP_AVERAGE_POOL:
        return lower_pool(g, s, e);
    case KAO_OP_GLOBAL_AVERAGE_POOL:
        return lower_global_pool(g, s, e);
    case KAO_OP_RESIZE:
        return lower_resize(g, s, e);
    case KAO_OP_ADD:
        return lower_binary(g, s, e, KAO_BIN_ADD);
    case KAO_OP_MUL:
        return lower_binary(g, s, e, KAO_BIN_MUL);
    case KAO_OP_RELU:
        return lower_unary(g, s, e, KAO_ACT_CLAMP);
    case KAO_OP_SIGMOID:
        return lower_unary(g, s, e, KAO_ACT_SIGMOID);
    case KAO_OP_LEAKY_RELU:
    case KAO_OP_PRELU:
        return lower_slope(g, s, e);
    default:
        break;
    }
    if (s->op->run == kao_op_sub_run)
        return lower_binary(g, s, e, KAO_BIN_SUB);
    if (s->op->run == kao_op_exp_run)
        return lower_exp(g, s, e);
    return KAO_OK;
}
