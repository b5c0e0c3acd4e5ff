/* Memory of a tape: the same bits as with memory of its own for each value, and how much there
 * is. */
#include "support/unit.h"

#include <string.h>

#include "tape_setup.h"

/* Numbers that show where one is read that nobody wrote. */
static float *own(kao_tape *t, size_t n)
{
    float *to = kao_arena_alloc(&t->arena, (n + 1) * sizeof *to);

    assert_non_null(to);
    memset(to, 0xff, (n + 1) * sizeof *to);
    return to;
}

/* Each value and gradient, and the scratch of each step, in memory of its own; nothing is made
 * again. */
static void apart(kao_tape *t)
{
    size_t most = 0;

    for (uint32_t v = 0; v < t->g.n_values; v++) {
        kao_tape_value *x = &t->values[v];
        const size_t n = (size_t)kao_tensor_count(&x->t);

        if (!x->is_made)
            continue;
        most = n > most ? n : most;
        if (!t->g.values[v].is_input)
            x->t.data = x->place[0] = own(t, n);
        if (x->wants_grad)
            x->grad = own(t, n);
        x->is_brief[0] = x->is_brief[1] = x->grad_is_brief = false;
    }
    for (uint32_t i = 0; i < t->n_steps; i++) {
        kao_tape_step *s = &t->steps[i];

        s->first_again = KAO_NO_VALUE;
        s->scratch[0] = own(t, s->need[0]);
        s->scratch[1] = own(t, s->need[1]);
        s->room = own(t, most);
    }
}

static void same_outputs(const kao_tape *a, const kao_tape *b)
{
    for (uint32_t k = 0; k < a->net->onnx.n_outputs; k++) {
        const kao_tensor *x = kao_tape_output(a, k);

        assert_memory_equal(x->data, kao_tape_output(b, k)->data,
                            (size_t)kao_tensor_count(x) * sizeof(float));
    }
}

/* Two steps from one input: outputs after each run, gradients. Outputs whose bit in `asked`
 * is 0 get no gradient. */
static void compare_apart(const pb *file, const kao_tensor *in, bool training,
                          uint32_t asked)
{
    tape_setup shared = tape_make(file, in, 2, NULL),
               alone = tape_make(file, in, 2, NULL);
    kao_tape *const tapes[] = { shared.t, alone.t };

    apart(alone.t);
    for (int step = 0; step < 2; step++) {
        for (int i = 0; i < 2; i++)
            kao_tape_forward(tapes[i], training);
        same_outputs(shared.t, alone.t);
        for (int i = 0; i < 2; i++) {
            for (uint32_t k = 0; k < shared.net->onnx.n_outputs; k++)
                if (asked >> k & 1)
                    tape_fill_gradient(tapes[i], k);
            kao_tape_backward(tapes[i]);
        }
        same_outputs(shared.t, alone.t);
        tape_same_params(shared.t, alone.t);
    }
    tape_end(&shared);
    tape_end(&alone);
}

static void sharing_changes_nothing(void **state)
{
    static const kao_tensor picture = { .dtype = KAO_F32,
                                        .rank = 4,
                                        .dims = { 2, 3, 16, 24 } };
    static const kao_tensor small = { .dtype = KAO_F32,
                                      .rank = 4,
                                      .dims = { 4, 4, 6, 6 } };
    static const kao_tensor map = { .dtype = KAO_F32,
                                    .rank = 4,
                                    .dims = { 2, 4, 8, 8 } };
    static const kao_tensor wide = { .dtype = KAO_F32,
                                     .rank = 4,
                                     .dims = { 2, 8, 8, 8 } };
    struct {
        pb file;
        const kao_tensor *in;
    } rows[] = {
        { tape_first(), &picture },   { tape_second(), &small },
        { tape_dropped(13), &small }, { tape_branches(), &map },
        { tape_chain(3), &wide },
    };

    (void)state;
    for (size_t r = 0; r < COUNT(rows); r++) {
        for (uint32_t asked = 0; asked < 8; asked++)
            compare_apart(&rows[r].file, rows[r].in, true, asked);
        compare_apart(&rows[r].file, rows[r].in, false, 7);
        pb_free(&rows[r].file);
    }
}

/* Bytes of a tape of so many blocks. */
static size_t chain_bytes(int blocks, const kao_tensor *in)
{
    pb file = tape_chain(blocks);
    tape_setup s = tape_make(&file, in, 1, NULL);
    const size_t used = s.t->arena.used;

    tape_end(&s);
    pb_free(&file);
    return used;
}

/* Of a convolution, a normalisation and a PReLU one map is kept: what was convolved. */
static void a_block_keeps_a_map(void **state)
{
    const kao_tensor in = { .dtype = KAO_F32, .rank = 4, .dims = { 4, 8, 32, 32 } };
    const size_t map = (size_t)4 * 8 * 32 * 32 * sizeof(float);
    const size_t four = chain_bytes(4, &in), twelve = chain_bytes(12, &in);

    (void)state;
    assert_in_range(twelve - four, 8 * map, 10 * map); /* with parameters */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sharing_changes_nothing),
        cmocka_unit_test(a_block_keeps_a_map),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
