/* Looking rows up, checking nodes against them, reading attributes. */
#include "nn/op.h"

#include <string.h>

uint32_t kao_type_bit(kao_dtype dtype)
{
    switch (dtype) {
    case KAO_F32:
        return KAO_T_F32;
    case KAO_I64:
        return KAO_T_I64;
    case KAO_I32:
        return KAO_T_I32;
    case KAO_U8:
        return KAO_T_U8;
    case KAO_I8:
        return KAO_T_I8;
    case KAO_BOOL:
        return KAO_T_BOOL;
    case KAO_F16:
        return KAO_T_F16;
    case KAO_F64:
        return KAO_T_F64;
    case KAO_I16:
        return KAO_T_I16;
    case KAO_U16:
        return KAO_T_U16;
    case KAO_U32:
        return KAO_T_U32;
    case KAO_U64:
        return KAO_T_U64;
    default:
        return 0;
    }
}

const kao_op *kao_op_find(const char *op_type, int64_t opset, bool *known)
{
    size_t n = 0;
    const kao_op *rows = kao_op_rows(&n), *best = NULL;

    *known = false;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(rows[i].name, op_type) != 0)
            continue;
        *known = true;
        if (rows[i].since <= opset && (rows[i].until == 0 || opset <= rows[i].until))
            best = &rows[i];
    }
    return best;
}

static bool attr_is_listed(const char *const *names, const char *name)
{
    for (; names && *names; names++)
        if (strcmp(*names, name) == 0)
            return true;
    return false;
}

kao_status kao_op_load(kao_op_loader *l)
{
    const kao_op *op = l->op;
    const kao_onnx_node *node = l->node;
    const uint32_t max_in =
        op->max_in == KAO_ANY_NUMBER ? (uint32_t)KAO_MAX_NODE_ARGS : op->max_in;
    const uint32_t max_out =
        op->max_out == KAO_ANY_NUMBER ? (uint32_t)KAO_MAX_NODE_ARGS : op->max_out;

    if (node->n_in < op->min_in)
        return kao_fail(l->err, KAO_E_FORMAT, "%u inputs, at least %u", node->n_in,
                        op->min_in);
    if (node->n_in > max_in)
        return kao_fail(l->err, KAO_E_UNSUPPORTED, "%u inputs, at most %u", node->n_in,
                        max_in);
    if (node->n_out < 1 || node->n_out > max_out)
        return kao_fail(l->err, KAO_E_UNSUPPORTED, "%u outputs, 1 to %u", node->n_out,
                        max_out);
    for (uint32_t i = 0; i < op->min_in; i++)
        if (node->in[i] == KAO_NO_VALUE)
            return kao_fail(l->err, KAO_E_FORMAT, "input %u is left out", i);
    for (uint32_t i = 0; i < node->n_attr; i++)
        if (!attr_is_listed(op->attrs, node->attr[i].name))
            return kao_fail(l->err, KAO_E_UNSUPPORTED, "attribute \"%s\" is not known",
                            node->attr[i].name);
    return op->load ? op->load(l) : KAO_OK;
}

static kao_status find_attr(kao_op_loader *l, const char *name, kao_attr_type type,
                            const kao_onnx_attr **out)
{
    *out = kao_onnx_attr_find(l->node, name);
    if (*out && (*out)->type != type)
        return kao_fail(l->err, KAO_E_FORMAT, "attribute \"%s\" has another type",
                        name);
    return KAO_OK;
}

kao_status kao_attr_int(kao_op_loader *l, const char *name, int64_t fallback,
                        int64_t *out)
{
    const kao_onnx_attr *a = NULL;
    const kao_status st = find_attr(l, name, KAO_ATTR_INT, &a);

    *out = a && !st ? a->i : fallback;
    return st;
}

kao_status kao_attr_float(kao_op_loader *l, const char *name, float fallback,
                          float *out)
{
    const kao_onnx_attr *a = NULL;
    const kao_status st = find_attr(l, name, KAO_ATTR_FLOAT, &a);

    *out = a && !st ? a->f : fallback;
    return st;
}

kao_status kao_attr_string(kao_op_loader *l, const char *name, const char *fallback,
                           const char **out)
{
    const kao_onnx_attr *a = NULL;
    const kao_status st = find_attr(l, name, KAO_ATTR_STRING, &a);

    *out = a && !st ? a->s : fallback;
    return st;
}

kao_status kao_attr_ints(kao_op_loader *l, const char *name, int64_t *to, size_t cap,
                         size_t *n)
{
    const kao_onnx_attr *a = NULL;
    const kao_status st = find_attr(l, name, KAO_ATTR_INTS, &a);

    *n = 0;
    if (st || !a)
        return st;
    if (a->n > cap)
        return kao_fail(l->err, KAO_E_UNSUPPORTED,
                        "attribute \"%s\": %zu numbers, at most %zu", name, a->n, cap);
    memcpy(to, a->ints, a->n * sizeof *to);
    *n = a->n;
    return KAO_OK;
}

kao_status kao_attr_floats(kao_op_loader *l, const char *name, float *to, size_t cap,
                           size_t *n)
{
    const kao_onnx_attr *a = NULL;
    const kao_status st = find_attr(l, name, KAO_ATTR_FLOATS, &a);

    *n = 0;
    if (st || !a)
        return st;
    if (a->n > cap)
        return kao_fail(l->err, KAO_E_UNSUPPORTED,
                        "attribute \"%s\": %zu numbers, at most %zu", name, a->n, cap);
    memcpy(to, a->floats, a->n * sizeof *to);
    *n = a->n;
    return KAO_OK;
}

kao_status kao_infer_like(kao_op_infer *x, uint32_t i)
{
    x->out[0].dtype = x->in[i].dtype;
    x->out[0].rank = x->in[i].rank;
    memcpy(x->out[0].dims, x->in[i].dims, sizeof x->out[0].dims);
    return KAO_OK;
}

kao_status kao_infer_axis(kao_op_infer *x, int64_t axis, int32_t rank, int32_t *out)
{
    if (axis < -rank || axis >= rank)
        return kao_fail(x->err, KAO_E_FORMAT, "axis %lld of %d dimensions",
                        (long long)axis, rank);
    *out = (int32_t)(axis < 0 ? axis + rank : axis);
    return KAO_OK;
}

kao_status kao_infer_ints(kao_op_infer *x, uint32_t i, int64_t *to, size_t cap,
                          size_t *n)
{
    const kao_status st = x->need(x, i);

    if (st)
        return st;
    if (!kao_tensor_ints(&x->in[i], to, cap, n))
        return kao_fail(x->err, KAO_E_UNSUPPORTED,
                        "input %u is not a list of at most %zu integers", i, cap);
    return KAO_OK;
}

kao_status kao_infer_type_is(kao_op_infer *x, uint32_t i, kao_dtype want)
{
    if (x->in[i].dtype != want)
        return kao_fail(x->err, KAO_E_UNSUPPORTED, "input %u is %s, wanted %s", i,
                        kao_dtype_name((int)x->in[i].dtype), kao_dtype_name((int)want));
    return KAO_OK;
}

kao_status kao_infer_index_type(kao_op_infer *x, uint32_t i)
{
    if (x->in[i].dtype != KAO_I64 && x->in[i].dtype != KAO_I32)
        return kao_fail(x->err, KAO_E_UNSUPPORTED, "indices of type %s",
                        kao_dtype_name((int)x->in[i].dtype));
    return KAO_OK;
}

kao_status kao_infer_broadcast(kao_op_infer *x, const kao_tensor *t)
{
    const kao_tensor a = x->out[0];
    kao_tensor *out = &x->out[0];
    char ta[96], tb[96];

    out->rank = a.rank > t->rank ? a.rank : t->rank;
    for (int32_t i = 0; i < out->rank; i++) {
        const int32_t ia = i - (out->rank - a.rank), ib = i - (out->rank - t->rank);
        const int64_t da = ia < 0 ? 1 : a.dims[ia], db = ib < 0 ? 1 : t->dims[ib];

        if (da != db && da != 1 && db != 1)
            return kao_fail(x->err, KAO_E_FORMAT, "shapes %s and %s do not fit",
                            kao_dims_text(a.dims, a.rank, ta, sizeof ta),
                            kao_dims_text(t->dims, t->rank, tb, sizeof tb));
        out->dims[i] = da == 1 ? db : da;
    }
    return KAO_OK;
}
