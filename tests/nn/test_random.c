/* Random graphs: every plan gives what the plan of generic forms on the reference kernels
 * gives, within the bound of each value (tests/random/random_graph.h).
 *
 *     test_random [FIRST [COUNT [LAYERS [FILE]]]]   seeds FIRST .. FIRST + COUNT - 1
 *
 * A failure names its seed; LAYERS then finds the shortest beginning of the graph that
 * still fails, and FILE is where the (last) graph goes. */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>

#include "random/differ.h"
#include "support/models.h"

static uint64_t first = 0, count = 2500;
static int layers = 0; /* 0: by the seed */
static const char *path;

static void one_graph(differ *d, uint64_t seed, unsigned *made)
{
    static random_graph t;
    char why[400];
    const int n = layers ? layers : 2 + (int)(seed % 9);
    pb file = random_graph_make(&t, choices_of_seed(seed), n);

    if (path)
        write_file(path, file.p, file.n);
    const bool ok = differ_check(
        d, &t, &file, seed % 4 == 0 ? DIFFER_SETS : (int)(seed % 4), why, sizeof why);

    for (int i = 0; i < MAX_ROWS; i++)
        made[i] += t.made[i];
    if (!ok)
        fail_msg("seed %llu, %d layers, opset %d: %s", (unsigned long long)seed, n,
                 t.opset, why);
    random_graph_free(&t);
    pb_free(&file);
}

static void plans_agree(void **state)
{
    unsigned made[MAX_ROWS] = { 0 };
    size_t n = 0;
    const kao_op *rows = kao_op_rows(&n);
    differ d;

    (void)state;
    assert_true(differ_open(&d));
    for (uint64_t i = 0; i < count; i++)
        one_graph(&d, first + i, made);
    for (size_t i = 0; i < n && count >= 2000; i++)
        if (made[i] == 0)
            fail_msg("no graph has %s of opset %u: it needs a maker in tests/random",
                     rows[i].name, rows[i].since);
    printf("%llu graphs, worst %.3f of a bound\n", (unsigned long long)count, d.worst);
    differ_close(&d);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(plans_agree) };

    first = argc > 1 ? strtoull(argv[1], NULL, 10) : first;
    count = argc > 2 ? strtoull(argv[2], NULL, 10) : count;
    layers = argc > 3 ? (int)strtol(argv[3], NULL, 10) : layers;
    path = argc > 4 ? argv[4] : NULL;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
