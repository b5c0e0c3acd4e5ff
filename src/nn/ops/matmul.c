/* MatMul (numpy's rules, any rank) and Gemm, generic, accumulated in double. */
#include <string.h>

#include "nn/ops/ops.h"

/* One matrix product over strided views: m x k times k x n. */
typedef struct product {
    int64_t m, n, k, a_row, a_col, b_row, b_col, o_row, o_col;
} product;

static double dot(const product *d, const float *a, const float *b)
{
    double s = 0;

    for (int64_t i = 0; i < d->k; i++)
        s += (double)a[i * d->a_col] * (double)b[i * d->b_row];
    return s;
}

/* ---- MatMul ---- */

/* A vector becomes a matrix: a row on the left, a column on the right. */
static kao_tensor as_matrix(const kao_tensor *t, bool left)
{
    kao_tensor v = *t;

    if (t->rank != 1)
        return v;
    v.rank = 2;
    v.dims[left ? 1 : 0] = t->dims[0];
    v.strides[left ? 1 : 0] = t->strides[0];
    v.dims[left ? 0 : 1] = 1;
    v.strides[left ? 0 : 1] = 0;
    return v;
}

kao_status kao_op_matmul_infer(kao_op_infer *x)
{
    kao_status st = kao_infer_type_is(x, 1, KAO_F32);
    kao_tensor *out = &x->out[0];

    if (!st && (x->in[0].rank < 1 || x->in[1].rank < 1))
        st = kao_fail(x->err, KAO_E_FORMAT, "a scalar operand");
    if (st)
        return st;
    const kao_tensor a = as_matrix(&x->in[0], true), b = as_matrix(&x->in[1], false);
    const int64_t m = a.dims[a.rank - 2], k = a.dims[a.rank - 1],
                  n = b.dims[b.rank - 1];
    const int32_t outer = (a.rank > b.rank ? a.rank : b.rank) - 2;

    if (b.dims[b.rank - 2] != k)
        return kao_fail(x->err, KAO_E_FORMAT, "%lld columns times %lld rows",
                        (long long)k, (long long)b.dims[b.rank - 2]);
    *out = (kao_tensor){ .dtype = KAO_F32 };
    for (int32_t i = 0; i < outer; i++) {
        const int32_t ia = i - (outer - (a.rank - 2)), ib = i - (outer - (b.rank - 2));
        const int64_t da = ia < 0 ? 1 : a.dims[ia], db = ib < 0 ? 1 : b.dims[ib];

        if (da != db && da != 1 && db != 1)
            return kao_fail(x->err, KAO_E_FORMAT, "%lld and %lld matrices",
                            (long long)da, (long long)db);
        out->dims[out->rank++] = da == 1 ? db : da;
    }
    if (x->in[0].rank > 1)
        out->dims[out->rank++] = m;
    if (x->in[1].rank > 1)
        out->dims[out->rank++] = n;
    return KAO_OK;
}

static kao_tensor outer_of(const kao_tensor *t, int32_t inner)
{
    kao_tensor v = *t;

    v.rank -= inner;
    return v;
}

void kao_op_matmul_run(const kao_op_call *c)
{
    const kao_tensor a = as_matrix(&c->in[0], true), b = as_matrix(&c->in[1], false);
    const kao_tensor *o = &c->out[0];
    const int32_t inner = (c->in[0].rank > 1) + (c->in[1].rank > 1);
    const product d = {
        .m = a.dims[a.rank - 2],
        .n = b.dims[b.rank - 1],
        .k = a.dims[a.rank - 1],
        .a_row = a.strides[a.rank - 2],
        .a_col = a.strides[a.rank - 1],
        .b_row = b.strides[b.rank - 2],
        .b_col = b.strides[b.rank - 1],
        .o_row = c->in[0].rank > 1 ? o->strides[o->rank - inner] : 0,
        .o_col = c->in[1].rank > 1 ? o->strides[o->rank - 1] : 0,
    };
    const kao_tensor ov = outer_of(o, inner), av = outer_of(&a, 2),
                     bv = outer_of(&b, 2);
    const kao_tensor *const ops[] = { &ov, &av, &bv };
    kao_walk w;

    kao_walk_init(&w, ops, 3);
    for (bool ok = w.n > 0; ok; ok = kao_walk_next(&w))
        for (int64_t i = 0; i < w.n; i++) {
            const float *pa = (const float *)a.data + w.at[1] + i * w.step[1];
            const float *pb = (const float *)b.data + w.at[2] + i * w.step[2];
            float *po = (float *)o->data + w.at[0] + i * w.step[0];

            for (int64_t row = 0; row < d.m; row++)
                for (int64_t col = 0; col < d.n; col++)
                    po[row * d.o_row + col * d.o_col] =
                        (float)dot(&d, pa + row * d.a_row, pb + col * d.b_col);
        }
}

uint64_t kao_op_matmul_work(const kao_tensor *in, const void *param, const void *state)
{
    (void)param;
    (void)state;
    return (uint64_t)in->dims[in->rank - 1];
}

/* ---- Gemm ---- */

kao_status kao_op_gemm_load(kao_op_loader *l)
{
    kao_gemm_param *p = l->param;
    kao_status st = kao_attr_float(l, "alpha", 1, &p->alpha);

    if (!st)
        st = kao_attr_float(l, "beta", 1, &p->beta);
    if (!st)
        st = kao_attr_int(l, "transA", 0, &p->trans_a);
    if (!st)
        st = kao_attr_int(l, "transB", 0, &p->trans_b);
    return st;
}

kao_status kao_op_gemm_infer(kao_op_infer *x)
{
    const kao_gemm_param *p = x->param;
    const kao_tensor *a = &x->in[0], *b = &x->in[1];
    kao_tensor *out = &x->out[0];
    const kao_status st = kao_infer_type_is(x, 1, KAO_F32);

    if (st)
        return st;
    if (a->rank != 2 || b->rank != 2)
        return kao_fail(x->err, KAO_E_FORMAT, "operands of rank %d and %d, wanted 2",
                        a->rank, b->rank);
    const int64_t m = a->dims[p->trans_a ? 1 : 0], k = a->dims[p->trans_a ? 0 : 1];
    const int64_t n = b->dims[p->trans_b ? 0 : 1];

    if (b->dims[p->trans_b ? 1 : 0] != k)
        return kao_fail(x->err, KAO_E_FORMAT, "%lld columns times %lld rows",
                        (long long)k, (long long)b->dims[p->trans_b ? 1 : 0]);
    *out = (kao_tensor){ .dtype = KAO_F32, .rank = 2, .dims = { m, n } };
    if (x->n_in < 3 || !kao_tensor_given(&x->in[2]))
        return KAO_OK;
    const kao_tensor *c = &x->in[2];
    const kao_status same = kao_infer_type_is(x, 2, KAO_F32);

    if (same)
        return same;
    for (int32_t i = 0; i < c->rank; i++) {
        const int32_t at = 2 - c->rank + i;

        if (c->rank > 2 || (c->dims[i] != 1 && c->dims[i] != out->dims[at]))
            return kao_fail(x->err, KAO_E_FORMAT, "the shape of C does not fit");
    }
    return KAO_OK;
}

void kao_op_gemm_run(const kao_op_call *call)
{
    const kao_gemm_param *p = call->param;
    const kao_tensor *a = &call->in[0], *b = &call->in[1], *o = &call->out[0];
    const product d = {
        .k = a->dims[p->trans_a ? 0 : 1],
        .a_row = a->strides[p->trans_a ? 1 : 0],
        .a_col = a->strides[p->trans_a ? 0 : 1],
        .b_row = b->strides[p->trans_b ? 1 : 0],
        .b_col = b->strides[p->trans_b ? 0 : 1],
    };
    kao_tensor c = { 0 };

    if (call->n_in > 2 && kao_tensor_given(&call->in[2])) {
        c = call->in[2];
        for (; c.rank < 2; c.rank++) { /* align to the right */
            memmove(c.dims + 1, c.dims, sizeof c.dims - sizeof c.dims[0]);
            memmove(c.strides + 1, c.strides, sizeof c.strides - sizeof c.strides[0]);
            c.dims[0] = 1;
        }
    }
    for (int64_t m = 0; m < o->dims[0]; m++)
        for (int64_t n = 0; n < o->dims[1]; n++) {
            double v = (double)p->alpha * dot(&d, (const float *)a->data + m * d.a_row,
                                              (const float *)b->data + n * d.b_col);

            if (c.data)
                v += (double)p->beta *
                     (double)((const float *)
                                  c.data)[(c.dims[0] == 1 ? 0 : m) * c.strides[0] +
                                          (c.dims[1] == 1 ? 0 : n) * c.strides[1]];
            ((float *)o->data)[m * o->strides[0] + n * o->strides[1]] = (float)v;
        }
}

uint64_t kao_op_gemm_work(const kao_tensor *in, const void *param, const void *state)
{
    (void)state;
    return (uint64_t)in->dims[((const kao_gemm_param *)param)->trans_a ? 0 : 1];
}
