/* A batch that goes through a tape in pieces and slices: as if all of it went at once, with the
 * same bits for any number of threads; groups of normalisation as if each were a batch. */
#include "support/unit.h"

#include <math.h>
#include <string.h>

#include "tape_setup.h"

/* The values of all floats, but for what adding up in another order makes of them. */
/* By hand: at fmax here gcc 12 for arm64 fails with an internal error. */
static double largest_of(const float *v, size_t n)
{
    double largest = 0;

    for (size_t i = 0; i < n; i++) {
        const double size = fabs((double)v[i]);

        largest = size > largest ? size : largest;
    }
    return largest;
}

static void near(const char *what, const float *got, const float *want, size_t n)
{
    const double largest = largest_of(want, n);

    for (size_t i = 0; i < n; i++)
        if (!(fabs((double)got[i] - (double)want[i]) <=
              1e-4 * largest + 1e-5)) /* a bias before a norm: 0 */
            fail_msg("%s[%zu]: %.7g, want %.7g", what, i, (double)got[i],
                     (double)want[i]);
}

static float *floats(kao_tape *t, size_t n)
{
    float *to = kao_arena_calloc(&t->arena, n + 1, sizeof *to);

    assert_non_null(to);
    return to;
}

/* One piece, one slice; memory of its own for all that a slice had. */
static void at_once(kao_tape *t)
{
    t->piece_pictures = t->batch;
    t->n_pieces = 1;
    for (uint32_t i = 0; i < t->n_spans; i++)
        t->spans[i].slice = t->batch;
    for (uint32_t v = 0; v < t->g.n_values; v++) {
        kao_tape_value *x = &t->values[v];
        const size_t n = (size_t)kao_tensor_count(&x->t);

        for (int p = 0; p < 2; p++)
            if (x->is_brief[p])
                x->place[p] = floats(t, n);
        if (x->grad_is_brief)
            x->grad = floats(t, n);
        x->is_brief[0] = x->is_brief[1] = x->grad_is_brief = false;
        x->t.data = x->place[0];
    }
    for (uint32_t i = 0; i < t->n_steps; i++) /* room_each: of a picture or more */
        t->steps[i].room = floats(t, t->steps[i].room_each * t->batch);
}

static void step(kao_tape *t)
{
    kao_tape_forward(t, true);
    for (uint32_t k = 0; k < t->net->onnx.n_outputs; k++)
        tape_fill_gradient(t, k);
    kao_tape_backward(t);
}

static void near_all(kao_tape *got, kao_tape *want)
{
    for (uint32_t k = 0; k < got->net->onnx.n_outputs; k++) {
        const kao_tensor *x = kao_tape_output(got, k);

        near("output", x->data, kao_tape_output(want, k)->data,
             (size_t)kao_tensor_count(x));
    }
    for (uint32_t i = 0; i < got->n_params; i++) {
        const kao_param *a = &got->params[i], *b = &want->params[i];

        near(a->name, a->grad, b->grad, a->n);
        near(a->name, a->data, b->data, a->n);
    }
}

/* Whether a span that goes in parts does so in more than one slice a piece. */
static bool has_slices(const kao_tape *t)
{
    bool has = false;

    for (uint32_t i = 0; i < t->n_spans; i++)
        has = has || (t->spans[i].in_parts && t->spans[i].slice < t->piece_pictures);
    return has;
}

static void parts_round_and_no_more(void **state)
{
    struct {
        pb file;
        kao_tensor in; /* rank 4 */
        size_t pieces;
        bool slices;
    } rows[] = {
        { tape_first(), { .dims = { 1, 3, 16, 24 } }, 1, false },
        { tape_first(), { .dims = { 17, 3, 16, 24 } }, 9, false },
        { tape_first(), { .dims = { 40, 3, 16, 24 } }, 14, false },
        { tape_second(), { .dims = { 40, 4, 6, 6 } }, 14, false },
        { tape_branches(), { .dims = { 33, 4, 8, 8 } }, 11, false },
        { tape_chain(3), { .dims = { 20, 8, 100, 160 } }, 10, true },
    };

    (void)state;
    for (size_t r = 0; r < COUNT(rows); r++) {
        kao_tensor in = rows[r].in;

        in.dtype = KAO_F32;
        in.rank = 4;
        tape_setup whole = tape_make(&rows[r].file, &in, 1, NULL), first = { 0 };

        at_once(whole.t);
        step(whole.t);
        for (uint32_t threads = 1; threads < 6; threads += 2) {
            tape_setup parts = tape_make(&rows[r].file, &in, threads, NULL);

            assert_int_equal(parts.t->n_pieces, rows[r].pieces);
            assert_int_equal(has_slices(parts.t), rows[r].slices);
            step(parts.t);
            near_all(parts.t, whole.t);
            if (threads == 1) {
                first = parts;
                continue;
            }
            tape_same_params(parts.t, first.t);
            tape_end(&parts);
        }
        tape_end(&first);
        tape_end(&whole);
        pb_free(&rows[r].file);
    }
}

/* ---- groups of normalisation ---- */

enum { GROUP = 9, GROUPS = 4, PICTURE = 8 * 6 * 6 };

static kao_tape *chain_tape(kao_context *ctx, const pb *file, size_t n, uint32_t group,
                            kao_network **net)
{
    const kao_tensor in = { .dtype = KAO_F32,
                            .rank = 4,
                            .dims = { (int64_t)n, 8, 6, 6 } };
    kao_tape *t = NULL;

    assert_int_equal(
        kao_network_parse(ctx, net, (kao_span){ file->p, file->n }, "chain", NULL),
        KAO_OK);
    (*net)->norm_group = group;
    assert_int_equal(kao_tape_create(&t, *net, &in, NULL), KAO_OK);
    return t;
}

/* Pictures from `first` on of a batch of noise, forward and backward. */
static void chain_step(kao_tape *t, size_t first)
{
    const size_t n = t->batch * PICTURE;
    float *x = kao_tape_input(t);

    for (size_t i = 0; i < n; i++)
        x[i] = noise(99, (uint32_t)(first * PICTURE + i));
    kao_tape_forward(t, true);
    float *g = kao_tape_output_grad(t, 0);

    for (size_t i = 0; i < n; i++)
        g[i] = noise(100, (uint32_t)(first * PICTURE + i));
    kao_tape_backward(t);
}

/* Gradients of a batch of groups are the sums of those of batches of a group each. */
static void groups_are_batches(void **state)
{
    pb file = tape_chain(3);
    kao_context *ctx = NULL;
    kao_network *net = NULL, *net_of_one = NULL;

    (void)state;
    assert_int_equal(
        kao_context_create(&ctx, &(kao_context_options){ .n_threads = 3 }, NULL),
        KAO_OK);
    kao_tape *all = chain_tape(ctx, &file, (size_t)GROUP * GROUPS, GROUP, &net),
             *one = chain_tape(ctx, &file, GROUP, 0, &net_of_one);
    float *sums[64];

    assert_int_equal(all->piece_pictures,
                     3); /* a divisor of the group: 3 pieces of it */
    assert_in_range(one->n_params, 1, 64);
    chain_step(all, 0);
    for (uint32_t i = 0; i < one->n_params; i++)
        sums[i] = floats(one, one->params[i].n);
    for (size_t g = 0; g < GROUPS; g++) {
        chain_step(one, g * GROUP);
        near("output", (float *)kao_tape_output(all, 0)->data + g * GROUP * PICTURE,
             kao_tape_output(one, 0)->data, (size_t)GROUP * PICTURE);
        for (uint32_t i = 0; i < one->n_params; i++)
            for (size_t k = 0; k < one->params[i].n; k++)
                sums[i][k] += one->params[i].grad[k];
    }
    for (uint32_t i = 0; i < one->n_params; i++)
        near(one->params[i].name, all->params[i].grad, sums[i], one->params[i].n);
    kao_tape_destroy(all);
    kao_tape_destroy(one);
    kao_network_destroy(net);
    kao_network_destroy(net_of_one);
    kao_context_destroy(ctx);
    pb_free(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_round_and_no_more),
        cmocka_unit_test(groups_are_batches),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
