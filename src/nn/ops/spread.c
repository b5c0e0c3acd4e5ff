/* Operators that copy elements to where there are more of them, or to other places:
 * Expand, Tile, Where, DepthToSpace, SpaceToDepth. */
#include <string.h>

#include "nn/lower.h"
#include "nn/ops/ops.h"

/* ---- Expand ---- */

kao_status kao_op_expand_infer(kao_op_infer *x)
{
    kao_tensor want = { 0 };
    size_t n = 0;
    int64_t count = 0;
    kao_status st = kao_infer_ints(x, 1, want.dims, KAO_MAX_RANK, &n);

    want.rank = (int32_t)n;
    if (!st && !kao_dims_count(want.dims, want.rank, &count))
        st = kao_fail(x->err, KAO_E_LIMIT, "a shape that is negative or too large");
    kao_infer_like(x, 0);
    return st ? st : kao_infer_broadcast(x, &want);
}

void kao_op_expand_run(const kao_op_call *c)
{
    const kao_tensor view = kao_tensor_spread(&c->in[0], &c->out[0]);

    kao_tensor_copy(&c->out[0], &view);
}

/* ---- Tile ---- */

kao_status kao_op_tile_infer(kao_op_infer *x)
{
    int64_t times[KAO_MAX_RANK];
    size_t n = 0;
    const kao_status st = kao_infer_ints(x, 1, times, KAO_MAX_RANK, &n);

    if (st)
        return st;
    if ((int32_t)n != x->in[0].rank)
        return kao_fail(x->err, KAO_E_FORMAT, "%zu repeats, input of rank %d", n,
                        x->in[0].rank);
    kao_infer_like(x, 0);
    for (size_t i = 0; i < n; i++)
        if (times[i] < 0 ||
            __builtin_mul_overflow(x->out[0].dims[i], times[i], &x->out[0].dims[i]))
            return kao_fail(x->err, KAO_E_LIMIT, "axis %zu repeated %lld times", i,
                            (long long)times[i]);
    return KAO_OK;
}

/* The tiles' corners in out, each the place of a copy of in. */
void kao_op_tile_run(const kao_op_call *c)
{
    const kao_tensor *in = &c->in[0], *out = &c->out[0];
    const int64_t size = (int64_t)kao_dtype_size((int)in->dtype);
    kao_tensor corners = *out, tile = *in;

    memcpy(tile.strides, out->strides, sizeof tile.strides);
    for (int32_t i = 0; i < in->rank; i++) {
        corners.dims[i] = in->dims[i] ? out->dims[i] / in->dims[i] : 0;
        corners.strides[i] = out->strides[i] * in->dims[i];
    }
    const kao_tensor *const ops[] = { &corners };
    kao_walk w;

    kao_walk_init(&w, ops, 1);
    for (bool ok = w.n > 0; ok; ok = kao_walk_next(&w))
        for (int64_t i = 0; i < w.n; i++) {
            tile.data = (uint8_t *)out->data + (w.at[0] + i * w.step[0]) * size;
            kao_tensor_copy(&tile, in);
        }
}

/* ---- Where ---- */

kao_status kao_op_where_infer(kao_op_infer *x)
{
    kao_status st = kao_infer_type_is(x, 2, x->in[1].dtype);

    kao_infer_like(x, 0);
    x->out[0].dtype = x->in[1].dtype;
    if (!st)
        st = kao_infer_broadcast(x, &x->in[1]);
    return st ? st : kao_infer_broadcast(x, &x->in[2]);
}

void kao_op_where_run(const kao_op_call *c)
{
    const kao_tensor *const ops[] = { &c->out[0], &c->in[0], &c->in[1], &c->in[2] };
    const size_t size = kao_dtype_size((int)c->out[0].dtype);
    const uint8_t *from[2] = { c->in[2].data, c->in[1].data };
    kao_walk w;

    kao_walk_init(&w, ops, 4);
    for (bool ok = w.n > 0; ok; ok = kao_walk_next(&w))
        for (int64_t i = 0; i < w.n; i++) {
            const int yes =
                ((const uint8_t *)c->in[0].data)[w.at[1] + i * w.step[1]] != 0;
            const int64_t at = yes ? w.at[2] + i * w.step[2] : w.at[3] + i * w.step[3];

            memcpy((uint8_t *)c->out[0].data + (size_t)(w.at[0] + i * w.step[0]) * size,
                   from[yes] + (size_t)at * size, size);
        }
}

/* ---- DepthToSpace, SpaceToDepth ----
 * Both are one copy between two views of six axes: picture, two factors of the channels,
 * and rows and columns as blocks and places in a block. */

kao_status kao_op_blocks_load(kao_op_loader *l)
{
    enum { BLOCK_LIMIT = 1 << 15 };
    kao_blocks_param *p = l->param;
    const char *mode = NULL;
    kao_status st = kao_attr_int(l, "blocksize", 0, &p->block);

    if (!st)
        st = kao_attr_string(l, "mode", "DCR", &mode);
    if (!st && (p->block < 1 || p->block > BLOCK_LIMIT))
        st = kao_fail(l->err, KAO_E_FORMAT, "blocksize %lld", (long long)p->block);
    if (!st && strcmp(mode, "DCR") != 0 && strcmp(mode, "CRD") != 0)
        st = kao_fail(l->err, KAO_E_UNSUPPORTED, "mode %s", mode);
    p->columns_first = !st && strcmp(mode, "CRD") == 0;
    return st;
}

kao_status kao_op_depth_to_space_infer(kao_op_infer *x)
{
    const int64_t b = ((const kao_blocks_param *)x->param)->block;
    const kao_tensor *in = &x->in[0];

    if (in->rank != 4 || in->dims[1] % (b * b))
        return kao_fail(x->err, KAO_E_FORMAT,
                        "rank %d, %lld channels in blocks of %lld", in->rank,
                        (long long)(in->rank > 1 ? in->dims[1] : 0), (long long)b);
    kao_infer_like(x, 0);
    x->out[0].dims[1] /= b * b;
    x->out[0].dims[2] *= b; /* a picture's sides are 2^31 at most, a block's 2^15 */
    x->out[0].dims[3] *= b;
    return KAO_OK;
}

kao_status kao_op_space_to_depth_infer(kao_op_infer *x)
{
    const int64_t b = ((const kao_blocks_param *)x->param)->block;
    const kao_tensor *in = &x->in[0];

    if (in->rank != 4 || in->dims[2] % b || in->dims[3] % b)
        return kao_fail(x->err, KAO_E_FORMAT, "an input of rank %d in blocks of %lld",
                        in->rank, (long long)b);
    kao_infer_like(x, 0);
    x->out[0].dims[1] *= b * b;
    x->out[0].dims[2] /= b;
    x->out[0].dims[3] /= b;
    return KAO_OK;
}

/* Axes: picture, channel, block row, row in it, block column, column in it. */
static kao_tensor split_space(const kao_tensor *t, int64_t b)
{
    kao_tensor v = { .dtype = t->dtype, .rank = 6, .data = t->data };
    const int64_t dims[6] = { t->dims[0], t->dims[1],     t->dims[2] / b,
                              b,          t->dims[3] / b, b };
    const int64_t strides[6] = { t->strides[0], t->strides[1],     t->strides[2] * b,
                                 t->strides[2], t->strides[3] * b, t->strides[3] };

    memcpy(v.dims, dims, sizeof dims);
    memcpy(v.strides, strides, sizeof strides);
    return v;
}

/* The same axes of the tensor whose channels hold the blocks. */
static kao_tensor split_depth(const kao_tensor *t, int64_t b, bool columns_first)
{
    kao_tensor v = { .dtype = t->dtype, .rank = 6, .data = t->data };
    const int64_t c = t->dims[1] / (b * b), s = t->strides[1];
    const int64_t dims[6] = { t->dims[0], c, t->dims[2], b, t->dims[3], b };
    const int64_t channel = columns_first ? s * b * b : s,
                  row = columns_first ? s * b : s * b * c,
                  column = columns_first ? s : s * c;
    const int64_t strides[6] = { t->strides[0], channel,       t->strides[2],
                                 row,           t->strides[3], column };

    memcpy(v.dims, dims, sizeof dims);
    memcpy(v.strides, strides, sizeof strides);
    return v;
}

void kao_op_depth_to_space_run(const kao_op_call *c)
{
    const kao_blocks_param *p = c->param;
    const kao_tensor to = split_space(&c->out[0], p->block),
                     from = split_depth(&c->in[0], p->block, p->columns_first);

    kao_tensor_copy(&to, &from);
}

void kao_op_space_to_depth_run(const kao_op_call *c)
{
    const kao_blocks_param *p = c->param;
    const kao_tensor to = split_depth(&c->out[0], p->block, p->columns_first),
                     from = split_space(&c->in[0], p->block);

    kao_tensor_copy(&to, &from);
}
