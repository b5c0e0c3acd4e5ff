/* The generic forms, and what passes make of them, against values that NumPy computed from
 * the formulas of the ONNX specification (tests/data/make_operators.py). */
#include "support/unit.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/fixture.h"

typedef struct case_tensor {
    int dtype; /* 0: left out */
    const char *dims;
    int at;    /* of its numbers */
    int fixed; /* it decides shapes: always a constant */
} case_tensor;

typedef struct operator_case {
    const char *op;
    int opset;
    const char *attributes;
    int n_in;
    case_tensor in[9];
    int n_out;
    case_tensor out[4];
    double off; /* how far a float may be off */
} operator_case;

#include "data/operators.h"

enum { MAX_NUMBERS = 4096 };

static double number_of(int dtype, const void *p, int64_t i)
{
    switch (dtype) {
    case KAO_F32:
        return (double)((const float *)p)[i];
    case KAO_F64:
        return ((const double *)p)[i];
    case KAO_I64:
        return (double)((const int64_t *)p)[i];
    case KAO_I32:
        return ((const int32_t *)p)[i];
    case KAO_I8:
        return ((const int8_t *)p)[i];
    default:
        return ((const uint8_t *)p)[i];
    }
}

/* The numbers of a tensor of a case, in its type. */
static kao_tensor tensor_in(const case_tensor *c, void *to)
{
    kao_tensor t = { .dtype = (kao_dtype)c->dtype, .data = to };

    t.rank = dims_of(c->dims, t.dims);
    kao_tensor_set_dense(&t);
    const int64_t n = kao_tensor_count(&t);
    const size_t size = kao_dtype_size(c->dtype);

    assert_true(n <= MAX_NUMBERS);
    for (int64_t i = 0; i < n; i++) {
        const double v = operator_numbers[c->at + i];
        const int64_t whole = isfinite(v) ? (int64_t)v : 0;
        const float f = (float)v;

        memcpy((char *)to + (size_t)i * size,
               c->dtype == KAO_F32   ? (const void *)&f
               : c->dtype == KAO_F64 ? (const void *)&v
                                     : (const void *)&whole,
               size);
    }
    return t;
}

static void compare(const operator_case *c, size_t number, const kao_session *s,
                    const char *how)
{
    for (int k = 0; k < c->n_out; k++) {
        const kao_tensor *got = kao_session_output(s, (uint32_t)k);
        int64_t dims[KAO_MAX_RANK];
        const int32_t rank = dims_of(c->out[k].dims, dims);

        if ((int)got->dtype != c->out[k].dtype || got->rank != rank ||
            memcmp(got->dims, dims, (size_t)rank * sizeof *dims) != 0)
            fail_msg("case %zu, %s %d %s: output %d has another type or shape", number,
                     c->op, c->opset, how, k);
        for (int64_t i = 0; i < kao_tensor_count(got); i++) {
            const double a = number_of(c->out[k].dtype, got->data, i),
                         b = operator_numbers[c->out[k].at + i];

            if (!(a == b || (isnan(a) && isnan(b)) ||
                  fabs(a - b) <= (kao_tensor_is_real(got) ? c->off : 0)))
                fail_msg("case %zu, %s %d \"%s\" %s: output %d, element %lld is %.12g, "
                         "wanted %.12g +- %g",
                         number, c->op, c->opset, c->attributes, how, k, (long long)i,
                         a, b, c->off);
        }
    }
}

/* known: inputs but the first are constants, as weights are. */
static void check(fixture *f, size_t number, uint32_t passes, bool known)
{
    static int64_t data[9][MAX_NUMBERS];
    const operator_case *c = &operator_cases[number];
    kao_tensor bound[9];
    uint32_t n_bound = 0;
    char in[64] = "", out[64] = "", name[8];
    kao_network *m = NULL;
    kao_session *s = NULL;
    graph g;

    graph_init(&g, c->opset);
    for (int i = 0; i < c->n_in; i++) {
        if (!c->in[i].dtype) {
            strcat(in, "- ");
            continue;
        }
        const kao_tensor t = tensor_in(&c->in[i], data[i]);

        snprintf(name, sizeof name, "x%d ", i);
        strcat(in, name);
        name[2] = '\0';
        if (c->in[i].fixed || (known && i > 0)) {
            graph_tensor(&g, name, c->in[i].dtype, c->in[i].dims, t.data);
        } else {
            graph_input(&g, name, c->in[i].dtype, c->in[i].dims);
            bound[n_bound++] = t;
        }
    }
    for (int i = 0; i < c->n_out; i++) {
        snprintf(name, sizeof name, "y%d ", i);
        strcat(out, name);
    }
    graph_node(&g, c->op, in, out, c->attributes);
    for (int i = 0; i < c->n_out; i++) {
        snprintf(name, sizeof name, "y%d", i);
        graph_output(&g, name, c->out[i].dtype, NULL);
    }
    pb file = graph_file(&g);

    if (run_graph(f->ctx, &file, passes, bound, n_bound, &m, &s, &f->err))
        fail_msg("case %zu, %s %d \"%s\": %s", number, c->op, c->opset, c->attributes,
                 f->err.msg);
    compare(c, number, s, passes ? "by all passes" : "generic");
    kao_session_destroy(s);
    kao_network_destroy(m);
    pb_free(&file);
}

static void values_are_numpys(void **state)
{
    for (size_t i = 0; i < COUNT(operator_cases); i++)
        for (uint32_t k = 0; k < 4; k++)
            check(*state, i, k & 1 ? KAO_PASS_ALL : 0, k & 2);
}

static void every_row_has_cases(void **state)
{
    size_t n = 0;
    const kao_op *rows = kao_op_rows(&n);

    (void)state;
    for (size_t r = 0; r < n; r++) {
        bool found = false, known = false;

        for (size_t i = 0; i < COUNT(operator_cases) && !found; i++)
            found = kao_op_find(operator_cases[i].op, operator_cases[i].opset,
                                &known) == &rows[r];
        if (!found)
            fail_msg("%s of opset %u has no case in make_operators.py", rows[r].name,
                     rows[r].since);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_numpys),
        cmocka_unit_test(every_row_has_cases),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
