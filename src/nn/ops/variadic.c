/* Max, Min, Sum, Mean: any number of inputs, broadcast against each other. */
#include "nn/lower.h"
#include "nn/ops/ops.h"

kao_status kao_op_variadic_infer(kao_op_infer *x)
{
    kao_status st = KAO_OK;

    ((kao_variadic_state *)x->state)->n_in = x->n_in;
    kao_infer_like(x, 0);
    for (uint32_t i = 1; !st && i < x->n_in; i++) {
        st = kao_infer_type_is(x, i, x->in[0].dtype);
        if (!st)
            st = kao_infer_broadcast(x, &x->in[i]);
    }
    return st;
}

uint64_t kao_op_variadic_work(const kao_tensor *in, const void *param,
                              const void *state)
{
    (void)in;
    (void)param;
    return ((const kao_variadic_state *)state)->n_in;
}

/* Where the element of t is that an index of dims, of this rank, reads. */
static int64_t place_in(const kao_tensor *t, const int64_t *index, int32_t rank)
{
    int64_t at = 0;

    for (int32_t i = 0; i < t->rank; i++)
        at += t->dims[i] == 1 ? 0 : index[rank - t->rank + i] * t->strides[i];
    return at;
}

/* out = f(.. f(in 0, in 1) .., in n) / divisor. by_order: whole compares its numbers. */
static inline void fold(const kao_op_call *c, double (*f)(double a, double b),
                        int64_t (*whole)(int64_t a, int64_t b), double divisor,
                        bool by_order)
{
    const kao_tensor *out = &c->out[0];
    const int64_t flip = by_order ? kao_order_bit(out->dtype) : 0;
    const bool real = kao_tensor_is_real(out);
    const int64_t n = kao_tensor_count(out);
    int64_t index[KAO_MAX_RANK] = { 0 };

    for (int64_t k = 0; k < n; k++) {
        const int64_t to = kao_tensor_offset(out, index);
        int64_t v_whole = 0;
        double v = 0;

        for (uint32_t i = 0; i < c->n_in; i++) {
            const kao_tensor *in = &c->in[i];
            const int64_t at = place_in(in, index, out->rank);

            if (real) {
                const double b = kao_tensor_number_at(in, at);

                v = i ? f(v, b) : b;
            } else {
                const int64_t b = kao_tensor_int_at(in, at) ^ flip;

                v_whole = i ? whole(v_whole, b) : b;
            }
        }
        if (real)
            kao_tensor_set_number(out, to, v / divisor);
        else
            kao_tensor_set_int(out, to, v_whole ^ flip);
        kao_index_next(index, out->dims, out->rank);
    }
}

static double larger(double a, double b) /* NaN wins */
{
    return a > b || a != a ? a : b;
}

static int64_t larger_whole(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

void kao_op_max_run(const kao_op_call *c)
{
    fold(c, larger, larger_whole, 1, true);
}

static double smaller(double a, double b)
{
    return a < b || a != a ? a : b;
}

static int64_t smaller_whole(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

void kao_op_min_run(const kao_op_call *c)
{
    fold(c, smaller, smaller_whole, 1, true);
}

static double plus(double a, double b)
{
    return a + b;
}

static int64_t plus_whole(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

void kao_op_sum_run(const kao_op_call *c)
{
    fold(c, plus, plus_whole, 1, false);
}

void kao_op_mean_run(const kao_op_call *c)
{
    fold(c, plus, plus_whole, c->n_in, false);
}

kao_status kao_op_sum_lower(kao_op_lower *x)
{
    return x->n_in == 2 ? kao_op_add_lower(x) : KAO_OK;
}
