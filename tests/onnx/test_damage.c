/* Damaged files: every prefix, and thousands of changed bytes. Each loads, plans and runs,
 * or gives a status with one line; nothing is left, and what asks for much work is refused. */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nn/session.h"
#include "support/fixture.h"

enum { ROUNDS = 20000 };

static bool is_one_line(const char *msg)
{
    return msg[0] && !strpbrk(msg, "\n\r\t") && strlen(msg) > 8;
}

/* Load, bind what the file wants as far as that is small, run. */
static kao_status run_bytes(kao_context *ctx, const uint8_t *p, size_t n,
                            kao_error *err)
{
    static float x[3 * 8 * 8];
    kao_network *m = NULL;
    kao_session *s = NULL;
    kao_tensor t = tensor_of("1,3,8,8", x);
    kao_status st = kao_network_parse(ctx, &m, (kao_span){ p, n }, "damaged", err);

    if (!st)
        st = kao_session_create(&s, m, NULL, err);
    for (uint32_t i = 0; !st && i < m->onnx.n_inputs; i++)
        st = kao_session_bind(s, i, &t, err);
    if (!st)
        st = kao_session_run(s, err);
    kao_session_destroy(s);
    kao_network_destroy(m);
    return st;
}

typedef struct tally {
    unsigned ok, refused;
} tally;

static void try_bytes(fixture *f, const uint8_t *p, size_t n, tally *t)
{
    const size_t live = atomic_load(&f->ctx->mem.live);
    kao_error err = { 0 };

    f->ctx->max_work = 1 << 24; /* one run of the undamaged file takes a hundredth */
    uint8_t *copy = malloc(n ? n : 1); /* exact: a sanitizer sees a read past the end */

    assert_non_null(copy);
    if (n)
        memcpy(copy, p, n);
    const kao_status st = run_bytes(f->ctx, copy, n, &err);

    free(copy);
    if (st) {
        assert_int_equal(err.code, st);
        assert_true(is_one_line(err.msg));
        t->refused++;
    } else {
        t->ok++;
    }
    assert_int_equal(atomic_load(&f->ctx->mem.live), live);
}

static void every_prefix(void **state)
{
    fixture *f = *state;
    pb file = mixed_graph();
    tally t = { 0 };

    f->ctx->max_arena = 16 << 20;
    for (size_t n = 0; n <= file.n; n++)
        try_bytes(f, file.p, n, &t);
    assert_int_equal(t.ok, 1); /* the whole file: no proper prefix holds the graph */
    pb_free(&file);
}

static void changed_bytes(void **state)
{
    fixture *f = *state;
    pb file = mixed_graph();
    uint32_t seed = 12345;
    tally t = { 0 };

    f->ctx->max_arena = 16 << 20;
    for (int round = 0; round < ROUNDS; round++) {
        seed = seed * 1664525 + 1013904223;
        const size_t at = (seed >> 8) % file.n;
        const uint8_t old = file.p[at];

        seed = seed * 1664525 + 1013904223;
        const uint8_t kinds[4] = { (uint8_t)(old ^ (1u << (seed >> 28 & 7))), 0, 0xff,
                                   (uint8_t)(seed >> 12) };

        file.p[at] = kinds[seed >> 10 & 3];
        try_bytes(f, file.p, file.n, &t);
        file.p[at] = old;
    }
    assert_true(t.ok > ROUNDS / 10 && t.refused > ROUNDS / 10);
    pb_free(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_prefix),
        cmocka_unit_test(changed_bytes),
    };

    return cmocka_run_group_tests(tests, fixture_setup, fixture_teardown);
}
