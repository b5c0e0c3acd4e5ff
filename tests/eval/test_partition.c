/* Figures of groups against values by their definitions (NumPy: pairs counted one by one, conditional
 * entropies summed); DBSCAN against looking at all pairs. */
#include "support/unit.h"

#include <math.h>
#include <string.h>

#include "eval/partition.h"
#include "kao/embedder.h"

static void figures(void **state)
{
    static const struct {
        size_t n, n_groups;
        uint32_t group[12], person[12];
        double precision, recall, f, homogeneity, completeness, v;
    } rows[] = {
        { .n = 10,
          .n_groups = 4,
          .group = { 0, 0, 0, 1, 1, 2, 2, 2, 2, 3 },
          .person = { 5, 5, 6, 6, 6, 7, 7, 7, 5, 9 },
          .precision = .5,
          .recall = 5. / 9,
          .f = 10. / 19,
          .homogeneity = 0.6834544563248088,
          .completeness = 0.7016000000092812,
          .v = 0.6924083660906 },
        /* all right; one person in one group; apart; two in one group */
        { 3, 3, { 4, 5, 6 }, { 1, 2, 3 }, 1, 1, 1, 1, 1, 1 },
        { 3, 1, { 0 }, { 1, 1, 1 }, 1, 1, 1, 1, 1, 1 },
        { 3, 3, { 0, 1, 2 }, { 1, 1, 1 }, 1, 0, 0, 1, 0, 0 },
        { 3, 1, { 0 }, { 1, 2, 3 }, 0, 1, 0, 0, 1, 0 },
        /* the group tells nothing of the person */
        { .n = 12,
          .n_groups = 6,
          .group = { 0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5 },
          .person = { 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2 } },
    };
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    for (size_t i = 0; i < COUNT(rows); i++) {
        kao_partition_figures f;

        assert_int_equal(kao_partition_measure(&f, &mem, rows[i].group, rows[i].person,
                                               rows[i].n, NULL),
                         KAO_OK);
        assert_int_equal(f.n_groups, rows[i].n_groups);
        assert_float_equal(f.precision, rows[i].precision, 1e-12);
        assert_float_equal(f.recall, rows[i].recall, 1e-12);
        assert_float_equal(f.f, rows[i].f, 1e-12);
        assert_float_equal(f.homogeneity, rows[i].homogeneity, 1e-10);
        assert_float_equal(f.completeness, rows[i].completeness, 1e-10);
        assert_float_equal(f.v, rows[i].v, 1e-9);
        const double shares[] = { f.precision, f.recall, f.homogeneity, f.completeness,
                                  f.v };

        for (size_t k = 0; k < COUNT(shares); k++)
            assert_true(shares[k] >= 0 && shares[k] <= 1);
    }
    kao_fault_arm(&mem, KAO_FAULT_ALLOC, 0);
    kao_partition_figures f;

    assert_int_equal(
        kao_partition_measure(&f, &mem, rows[0].group, rows[0].person, 10, NULL),
        KAO_E_NOMEM);
    assert_true(kao_fault_disarm(&mem, KAO_FAULT_ALLOC));
    assert_int_equal(atomic_load(&mem.live), 0);
}

enum { N = 60 };

/* Groups by going from face to face through all pairs. */
static void spread(const float (*v)[2], float least, uint32_t *of)
{
    for (uint32_t i = 0; i < N; i++)
        of[i] = i;
    for (bool more = true; more;) {
        more = false;
        for (size_t i = 0; i < N; i++)
            for (size_t k = 0; k < N; k++)
                if (of[i] < of[k] && kao_similarity(v[i], v[k], 2) >= least) {
                    of[k] = of[i];
                    more = true;
                }
    }
}

static void dbscan(void **state)
{
    kao_alike_pair tree[N];
    uint32_t got[N], want[N];
    float v[N][2];
    kao_mem mem;

    (void)state;
    kao_mem_init(&mem, NULL);
    for (int i = 0; i < N; i++) {
        const double r = (double)(i * 7919 % 3600) / 1800 * 3.14159265358979323846;

        v[i][0] = (float)cos(r);
        v[i][1] = (float)sin(r);
    }
    assert_int_equal(kao_alike_tree(tree, &mem, &v[0][0], N, 2, NULL), KAO_OK);
    for (size_t i = 1; i + 1 < N; i++)
        assert_true(tree[i].similarity <= tree[i - 1].similarity);
    for (int t = 0; t < 200; t++) {
        const float least = 1 - (float)(t * t) * 1e-6f;

        kao_alike_cut(tree, N, least, got);
        spread((const float(*)[2])v, least, want);
        for (size_t i = 0; i < N; i++)
            for (size_t k = 0; k < i; k++)
                assert_int_equal(got[i] == got[k], want[i] == want[k]);
    }
    kao_alike_cut(tree, 1, 0, got);
    assert_int_equal(got[0], 0);
    assert_int_equal(kao_alike_tree(tree, &mem, &v[0][0], 1, 2, NULL), KAO_OK);
    kao_fault_arm(&mem, KAO_FAULT_ALLOC, 0);
    assert_int_equal(kao_alike_tree(tree, &mem, &v[0][0], N, 2, NULL), KAO_E_NOMEM);
    assert_true(kao_fault_disarm(&mem, KAO_FAULT_ALLOC));
    assert_int_equal(atomic_load(&mem.live), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(figures),
                                        cmocka_unit_test(dbscan) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
