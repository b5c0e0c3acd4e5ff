/* Memory for values (no two that live at once share bytes), and views: what costs nothing
 * must give what a copy gives. Both on random cases. */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/fixture.h"

static uint32_t state_of_draws;

static uint32_t draw(uint32_t below)
{
    state_of_draws = state_of_draws * 1664525 + 1013904223;
    return (uint32_t)((uint64_t)(state_of_draws >> 8) * below >> 24);
}

/* ---- memory ---- */

static size_t aligned(size_t n)
{
    return (n + KAO_ALIGN - 1) / KAO_ALIGN * KAO_ALIGN;
}

static bool overlap(size_t a, size_t a_end, size_t b, size_t b_end)
{
    return a < b_end && b < a_end;
}

/* The most bytes that live at one step: nothing can do with less. */
static size_t most_alive(const kao_block *b, uint32_t n, uint32_t steps)
{
    size_t most = 0;

    for (uint32_t s = 0; s < steps; s++) {
        size_t sum = 0;

        for (uint32_t i = 0; i < n; i++)
            sum += b[i].first <= s && s <= b[i].last ? aligned(b[i].bytes) : 0;
        most = sum > most ? sum : most;
    }
    return most;
}

static void check_plan(kao_block *b, uint32_t n, uint32_t steps)
{
    uint32_t *scratch = calloc(2 * (size_t)n + 2, sizeof *scratch);
    size_t total = 0, sum = 0;

    assert_non_null(scratch);
    assert_int_equal(kao_memory_plan(b, n, scratch, KAO_MAX_ARENA, &total, NULL),
                     KAO_OK);
    for (uint32_t i = 0; i < n; i++) {
        assert_int_equal(b[i].offset % KAO_ALIGN, 0);
        assert_true(b[i].offset + b[i].bytes <= total);
        sum += aligned(b[i].bytes);
        for (uint32_t k = 0; k < i; k++)
            if (b[i].bytes && b[k].bytes && b[i].first <= b[k].last &&
                b[k].first <= b[i].last)
                assert_false(overlap(b[i].offset, b[i].offset + b[i].bytes, b[k].offset,
                                     b[k].offset + b[k].bytes));
    }
    assert_true(total <= sum && total >= most_alive(b, n, steps));
    free(scratch);
}

static void random_blocks(kao_block *b, uint32_t n, uint32_t steps, uint32_t longest)
{
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t first = draw(steps), last = first + draw(longest);

        b[i] = (kao_block){ .bytes = draw(4) ? draw(5000) : draw(3) * 64,
                            .first = first,
                            .last = last < steps ? last : steps - 1 };
    }
}

static void blocks_do_not_overlap(void **state)
{
    static kao_block b[6000];

    (void)state;
    state_of_draws = 1;
    for (int round = 0; round < 300; round++) {
        const uint32_t n = draw(60) + 1;

        random_blocks(b, n, 40, draw(40) + 1);
        check_plan(b, n, 40);
    }
    random_blocks(b, 4096, 1000, 20); /* the largest that is placed greedily */
    check_plan(b, 4096, 1000);
    random_blocks(b, 6000, 3000, 20);
    check_plan(b, 6000, 3000);
    random_blocks(b, 6000, 3000, 3000); /* most live at once */
    check_plan(b, 6000, 3000);
}

/* A chain needs two blocks, however long it is. */
static void chains_reuse(void **state)
{
    static const uint32_t lengths[] = { 2, 100, 4096, 4097, 100000 };
    kao_block *b = calloc(100000, sizeof *b);
    uint32_t *scratch = calloc(200000, sizeof *scratch);
    kao_error err = { 0 };
    size_t total = 0;

    (void)state;
    assert_true(b && scratch);
    for (size_t t = 0; t < COUNT(lengths); t++) {
        for (uint32_t i = 0; i < lengths[t]; i++)
            b[i] = (kao_block){ .bytes = 1000, .first = i, .last = i + 1 };
        assert_int_equal(
            kao_memory_plan(b, lengths[t], scratch, KAO_MAX_ARENA, &total, NULL),
            KAO_OK);
        assert_int_equal(total, 2 * aligned(1000));
        assert_int_equal(kao_memory_plan(b, lengths[t], scratch, 2023, &total, &err),
                         KAO_E_LIMIT);
        assert_non_null(strstr(err.msg, "activations"));
    }
    assert_int_equal(kao_memory_plan(b, 0, scratch, 0, &total, NULL), KAO_OK);
    assert_int_equal(total, 0);
    free(b);
    free(scratch);
}

/* ---- views ---- */

typedef struct shaped {
    int rank;
    int64_t d[KAO_MAX_RANK];
} shaped;

static void text_of(char *buf, size_t cap, const int64_t *d, int n)
{
    size_t at = (size_t)snprintf(buf, cap, "[");

    for (int i = 0; i < n; i++)
        at += (size_t)snprintf(buf + at, cap - at, "%s%lld", i ? "," : "",
                               (long long)d[i]);
    snprintf(buf + at, cap - at, "]");
}

static void add_transpose(graph *g, shaped *s, const char *in, const char *out)
{
    int64_t perm[KAO_MAX_RANK], d[KAO_MAX_RANK];
    char text[80], attribute[100];

    for (int i = 0; i < s->rank; i++)
        perm[i] = i;
    for (int i = s->rank - 1; i > 0; i--) {
        const uint32_t k = draw((uint32_t)i + 1);
        const int64_t t = perm[i];

        perm[i] = perm[k];
        perm[k] = t;
    }
    for (int i = 0; i < s->rank; i++)
        d[i] = s->d[perm[i]];
    memcpy(s->d, d, sizeof d);
    text_of(text, sizeof text, perm, s->rank);
    snprintf(attribute, sizeof attribute, "perm=%s", text);
    graph_node(g, "Transpose", in, out, attribute);
}

/* Join two neighbouring axes, split one, or put in an axis of 1. */
static void add_reshape(graph *g, shaped *s, const char *in, const char *out)
{
    const int at = (int)draw((uint32_t)s->rank);
    char name[40], args[100], dims[8];

    if (draw(2) && at + 1 < s->rank) {
        s->d[at] *= s->d[at + 1];
        memmove(s->d + at + 1, s->d + at + 2,
                (size_t)(s->rank - at - 2) * sizeof s->d[0]);
        s->rank--;
    } else if (s->rank < 6) {
        const int64_t part = s->d[at] % 2 == 0 ? 2 : s->d[at] % 3 == 0 ? 3 : 1;

        memmove(s->d + at + 1, s->d + at, (size_t)(s->rank - at) * sizeof s->d[0]);
        s->d[at] /= part;
        s->d[at + 1] = part;
        s->rank++;
    }
    snprintf(name, sizeof name, "%s.shape", out);
    snprintf(args, sizeof args, "%s %s", in, name);
    snprintf(dims, sizeof dims, "%d", s->rank);
    graph_ints(g, name, dims, s->d);
    graph_node(g, "Reshape", args, out, "");
}

static void add_slice(graph *g, shaped *s, const char *in, const char *out)
{
    const int at = (int)draw((uint32_t)s->rank);
    const int64_t d = s->d[at], step = draw(2) ? 1 : draw(2) ? 2 : -1;
    const int64_t first = step > 0 ? draw((uint32_t)(d + 1) / 2) : d - 1;
    const int64_t v[4] = { first, step > 0 ? d : INT64_MIN, at, step };
    static const char *const kinds[4] = { "start", "end", "axis", "step" };
    char args[200];
    size_t n = (size_t)snprintf(args, sizeof args, "%s", in);

    for (int i = 0; i < 4; i++) {
        char name[40];

        snprintf(name, sizeof name, "%s.%s", out, kinds[i]);
        graph_ints(g, name, "1", &v[i]);
        n += (size_t)snprintf(args + n, sizeof args - n, " %s", name);
    }
    s->d[at] = step > 0 ? (d - first + step - 1) / step : d;
    graph_node(g, "Slice", args, out, "");
}

static void add_split(graph *g, shaped *s, const char *in, const char *out)
{
    const int at = (int)draw((uint32_t)s->rank);
    char outs[80], attribute[80];

    if (s->d[at] < 2) {
        add_transpose(g, s, in, out);
        return;
    }
    const int64_t left = 1 + draw((uint32_t)s->d[at] - 1);
    const bool keep_left = draw(2);

    snprintf(outs, sizeof outs, keep_left ? "%s %s.rest" : "%s.rest %s", out, out);
    snprintf(attribute, sizeof attribute, "axis=%d split=[%lld,%lld]", at,
             (long long)left, (long long)(s->d[at] - left));
    s->d[at] = keep_left ? left : s->d[at] - left;
    graph_node(g, "Split", in, outs, attribute);
}

static void add_flatten(graph *g, shaped *s, const char *in, const char *out)
{
    const int axis = (int)draw((uint32_t)s->rank + 1);
    int64_t d[2] = { 1, 1 };
    char attribute[40];

    for (int i = 0; i < s->rank; i++)
        d[i >= axis] *= s->d[i];
    *s = (shaped){ .rank = 2, .d = { d[0], d[1] } };
    snprintf(attribute, sizeof attribute, "axis=%d", axis);
    graph_node(g, "Flatten", in, out, attribute);
}

/* A chain of views, with outputs in its midst; ends in an addition so that a view is read. */
static pb random_views(uint32_t *n_outputs)
{
    static void (*const kinds[])(graph * g, shaped * s, const char *in,
                                 const char *out) = {
        add_transpose, add_transpose, add_reshape, add_reshape,
        add_slice,     add_slice,     add_split,   add_flatten,
    };
    shaped s = { .rank = 4, .d = { 2, 6, 4, 6 } };
    char in[16] = "x", out[16], args[40];
    graph g;

    graph_init(&g, 12);
    graph_input(&g, "x", KAO_F32, "2,6,4,6");
    *n_outputs = 0;
    for (int i = 0; i < 7; i++) {
        snprintf(out, sizeof out, "v%d", i);
        kinds[draw(COUNT(kinds))](&g, &s, in, out);
        if (draw(4) == 0) {
            graph_output(&g, out, KAO_F32, NULL);
            (*n_outputs)++;
        }
        memcpy(in, out, sizeof in);
    }
    snprintf(args, sizeof args, "%s %s", in, in);
    graph_node(&g, "Add", args, "sum", "");
    graph_output(&g, in, KAO_F32, NULL);
    graph_output(&g, "sum", KAO_F32, NULL);
    *n_outputs += 2;
    return graph_file(&g);
}

static void views_equal_copies(void **state)
{
    enum { N = 2 * 6 * 4 * 6 };
    fixture *f = *state;
    static float x[N];
    uint32_t n_views = 0;

    for (int i = 0; i < N; i++)
        x[i] = (float)i;
    state_of_draws = 77;
    for (int round = 0; round < 400; round++) {
        uint32_t n = 0;
        pb file = random_views(&n);
        kao_tensor in = tensor_of("2,6,4,6", x);
        kao_network *m[2];
        kao_session *s[2];

        if (round % 2)
            kao_tensor_set_channels_last(&in);
        if (run_graph(f->ctx, &file, 0, &in, 1, &m[0], &s[0], &f->err) ||
            run_graph(f->ctx, &file, KAO_PASS_VIEW | (round % 3 ? KAO_PASS_FOLD : 0),
                      &in, 1, &m[1], &s[1], &f->err))
            fail_msg("round %d: %s", round, f->err.msg);
        for (uint32_t i = 0; i < n; i++) {
            const kao_tensor *a = kao_session_output(s[0], i),
                             *b = kao_session_output(s[1], i);

            assert_true(kao_tensor_same_dims(a, b));
            assert_memory_equal(a->data, b->data, 4 * (size_t)kao_tensor_count(a));
        }
        n_views +=
            kao_session_plan(s[0])->n_entries > kao_session_plan(s[1])->n_entries;
        for (int i = 0; i < 2; i++) {
            kao_session_destroy(s[i]);
            kao_network_destroy(m[i]);
        }
        pb_free(&file);
    }
    assert_true(n_views > 200); /* the pass did save work */
}

/* ---- what a plan keeps ---- */

enum { LAYERS = 40 };

/* Convolutions with norms and activations behind a shape that is computed: much to plan,
 * little to keep. */
static pb deep_graph(void)
{
    graph g;
    char in[32] = "r", text[96];

    graph_init(&g, 13);
    graph_input(&g, "x", KAO_F32, "1,8,16,16");
    graph_node(&g, "Shape", "x", "s", "");
    graph_node(&g, "Reshape", "x s", "r", "");
    for (const char *const *n = (const char *const[]){ "gamma", "beta", "mean", NULL };
         *n; n++)
        graph_noise(&g, *n, "8", 3, 1);
    graph_floats(&g, "var", "8", (const float[]){ 1, 2, 3, 4, 5, 6, 7, 8 });
    for (int i = 0; i < LAYERS; i++) {
        char out[32];

        snprintf(text, sizeof text, "w%d", i);
        graph_noise(&g, text, "8,8,3,3", (uint32_t)i, 0.1f);
        snprintf(text, sizeof text, "%s w%d", in, i);
        snprintf(out, sizeof out, "c%d", i);
        graph_node(&g, "Conv", text, out, "pads=[1,1,1,1]");
        snprintf(text, sizeof text, "%s gamma beta mean var", out);
        snprintf(out, sizeof out, "n%d", i);
        graph_node(&g, "BatchNormalization", text, out, "");
        snprintf(in, sizeof in, "a%d", i);
        graph_node(&g, "Relu", out, in, "");
    }
    graph_output(&g, in, KAO_F32, NULL);
    return graph_file(&g);
}

static void plans_keep_no_planning(void **state)
{
    fixture *f = *state;
    float x[8 * 16 * 16] = { 0 };
    const kao_tensor in = tensor_of("1,8,16,16", x);
    kao_network *net = NULL;
    kao_session *s = NULL;
    pb file = deep_graph();

    assert_int_equal(run_graph(f->ctx, &file, KAO_PASS_ALL, &in, 1, &net, &s, &f->err),
                     KAO_OK);
    const kao_plan *p = kao_session_plan(s);
    /* entries with their details, operands, the key, and the ends of lines */
    const size_t most =
        p->n_entries *
            (sizeof(kao_entry) + sizeof(kao_conv_group) + sizeof(kao_conv_stage)) +
        p->n_operands * sizeof(kao_arg) +
        (p->n_inputs + p->n_outputs) * (sizeof(kao_tensor) + 1) + 64 * 16;

    assert_int_equal(p->n_entries, LAYERS + 2); /* one copy into and out of the body */
    assert_true(p->arena.used <= most);
    kao_session_destroy(s);
    kao_network_destroy(net);
    pb_free(&file);
}

/* ---- packed weights ---- */

static bool count_packing(void *user, void *packed)
{
    *(unsigned char *)packed = 1;
    ++*(int *)user;
    return true;
}

/* Layers, algorithms and sizes have packed weights of their own; plans that agree in all
 * share them, and the last one frees them. */
static void packing_is_told_apart(void **state)
{
    static const kao_packing_key keys[] = { { 1, KAO_CONV_DIRECT, 64 },
                                            { 2, KAO_CONV_DIRECT, 64 },
                                            { 1, KAO_CONV_DEPTHWISE, 64 },
                                            { 1, KAO_CONV_DIRECT, 128 } };
    fixture *f = *state;
    float x[8 * 16 * 16] = { 0 };
    const kao_tensor in = tensor_of("1,8,16,16", x);
    const void *held[COUNT(keys)];
    kao_network *net = NULL;
    kao_session *s = NULL;
    pb file = deep_graph();
    int n = 0;

    assert_int_equal(run_graph(f->ctx, &file, KAO_PASS_ALL, &in, 1, &net, &s, &f->err),
                     KAO_OK);
    kao_session_destroy(s);
    for (size_t i = 0; i < COUNT(keys); i++) {
        held[i] = kao_network_hold_packed(net, &keys[i], count_packing, &n);
        assert_int_equal(n, i + 1);
        for (size_t k = 0; k < i; k++)
            assert_ptr_not_equal(held[i], held[k]);
    }
    for (int turn = 0; turn < 2; turn++) /* held twice, dropped twice */
        for (size_t i = 0; i < COUNT(keys); i++) {
            if (turn == 0)
                assert_ptr_equal(
                    kao_network_hold_packed(net, &keys[i], count_packing, &n), held[i]);
            kao_network_drop_packed(net, held[i]);
        }
    assert_int_equal(n, COUNT(keys));
    kao_network_destroy(net);
    pb_free(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_do_not_overlap),
        cmocka_unit_test(chains_reuse),
        cmocka_unit_test(views_equal_copies),
        cmocka_unit_test(plans_keep_no_planning),
        cmocka_unit_test(packing_is_told_apart),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
