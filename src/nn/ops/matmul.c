/* MatMul (numpy's rules, any rank) and Gemm, generic, accumulated in double. */
#include <string.h>

#include "nn/ops/ops.h"

static double dot(const kao_dot *d, const kao_tensor *a, const kao_tensor *b)
{
    double s = 0;

    if (a->dtype == KAO_F32) {
        const float *u = (const float *)a->data + d->a,
                    *v = (const float *)b->data + d->b;

        for (int64_t i = 0; i < d->k; i++)
            s += (double)u[i * d->a_step] * (double)v[i * d->b_step];
        return s;
    }
    for (int64_t i = 0; i < d->k; i++)
        s += kao_tensor_number_at(a, d->a + i * d->a_step) *
             kao_tensor_number_at(b, d->b + i * d->b_step);
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

kao_status kao_infer_product(kao_op_infer *x, uint32_t ia, uint32_t ib)
{
    kao_tensor *out = &x->out[0];

    if (x->in[ia].rank < 1 || x->in[ib].rank < 1)
        return kao_fail(x->err, KAO_E_FORMAT, "a scalar operand");
    const kao_tensor a = as_matrix(&x->in[ia], true), b = as_matrix(&x->in[ib], false);
    const int64_t m = a.dims[a.rank - 2], k = a.dims[a.rank - 1],
                  n = b.dims[b.rank - 1];
    kao_tensor outer = b;

    if (b.dims[b.rank - 2] != k)
        return kao_fail(x->err, KAO_E_FORMAT, "%lld columns times %lld rows",
                        (long long)k, (long long)b.dims[b.rank - 2]);
    *out = a;
    out->rank -= 2;
    outer.rank -= 2;
    const kao_status st = kao_infer_broadcast(x, &outer);

    if (st)
        return st;
    if (x->in[ia].rank > 1)
        out->dims[out->rank++] = m;
    if (x->in[ib].rank > 1)
        out->dims[out->rank++] = n;
    return KAO_OK;
}

kao_status kao_op_matmul_infer(kao_op_infer *x)
{
    const kao_status st = kao_infer_type_is(x, 1, x->in[0].dtype);

    return st ? st : kao_infer_product(x, 0, 1);
}

static kao_tensor outer_of(const kao_tensor *t, int32_t inner)
{
    kao_tensor v = *t;

    v.rank -= inner;
    return v;
}

void kao_run_products(const kao_tensor *a, const kao_tensor *b, const kao_tensor *o,
                      void (*run)(const kao_dot *d, void *user), void *user)
{
    const kao_tensor am = as_matrix(a, true), bm = as_matrix(b, false);
    const int32_t inner = (a->rank > 1) + (b->rank > 1);
    const int64_t m = am.dims[am.rank - 2], n = bm.dims[bm.rank - 1];
    const int64_t a_row = am.strides[am.rank - 2], b_col = bm.strides[bm.rank - 1],
                  o_row = a->rank > 1 ? o->strides[o->rank - inner] : 0,
                  o_col = b->rank > 1 ? o->strides[o->rank - 1] : 0;
    const kao_tensor ov = outer_of(o, inner), av = outer_of(&am, 2),
                     bv = outer_of(&bm, 2);
    const kao_tensor *const ops[] = { &ov, &av, &bv };
    kao_walk w;

    kao_walk_init(&w, ops, 3);
    for (bool ok = w.n > 0; ok; ok = kao_walk_next(&w))
        for (int64_t i = 0; i < w.n * m * n; i++) {
            const int64_t matrix = i / (m * n), row = i / n % m, col = i % n;
            const kao_dot d = {
                .k = am.dims[am.rank - 1],
                .row = row,
                .col = col,
                .a = w.at[1] + matrix * w.step[1] + row * a_row,
                .a_step = am.strides[am.rank - 1],
                .b = w.at[2] + matrix * w.step[2] + col * b_col,
                .b_step = bm.strides[bm.rank - 2],
                .out = w.at[0] + matrix * w.step[0] + row * o_row + col * o_col,
            };

            run(&d, user);
        }
}

static void run_dot(const kao_dot *d, void *user)
{
    const kao_op_call *c = user;

    kao_tensor_set_number(&c->out[0], d->out, dot(d, &c->in[0], &c->in[1]));
}

void kao_op_matmul_run(const kao_op_call *c)
{
    kao_run_products(&c->in[0], &c->in[1], &c->out[0], run_dot, (void *)(uintptr_t)c);
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
    const kao_status st = kao_infer_type_is(x, 1, a->dtype);

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
    *out = (kao_tensor){ .dtype = a->dtype, .rank = 2, .dims = { m, n } };
    if (x->n_in < 3 || !kao_tensor_given(&x->in[2]))
        return KAO_OK;
    const kao_tensor *c = &x->in[2];
    const kao_status same = kao_infer_type_is(x, 2, a->dtype);

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
            const kao_dot d = {
                .k = a->dims[p->trans_a ? 0 : 1],
                .a = m * a->strides[p->trans_a ? 1 : 0],
                .a_step = a->strides[p->trans_a ? 0 : 1],
                .b = n * b->strides[p->trans_b ? 0 : 1],
                .b_step = b->strides[p->trans_b ? 1 : 0],
            };
            double v = (double)p->alpha * dot(&d, a, b);

            if (c.data)
                v += (double)p->beta *
                     kao_tensor_number_at(&c,
                                          (c.dims[0] == 1 ? 0 : m) * c.strides[0] +
                                              (c.dims[1] == 1 ? 0 : n) * c.strides[1]);
            kao_tensor_set_number(o, m * o->strides[0] + n * o->strides[1], v);
        }
}

uint64_t kao_op_gemm_work(const kao_tensor *in, const void *param, const void *state)
{
    (void)state;
    return (uint64_t)in->dims[((const kao_gemm_param *)param)->trans_a ? 0 : 1];
}
