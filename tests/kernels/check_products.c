/* Products of rows against loops in double; nothing is written beside them. */
#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "kernels/products.h"

static void one_size(const kao_kernels *k, const char *isa, size_t n_a, size_t n,
                     size_t dim)
{
    const float *a = check_floats(n_a * dim), *rows = check_floats(n * dim);
    float *out = check_canaries(n_a * n + 1);
    kao_mem mem;

    kao_mem_init(&mem, NULL);
    float *packed = kao_alloc(&mem, kao_products_floats(k, n, dim) * sizeof *packed);

    assert_non_null(packed);
    kao_products_pack(k, rows, n, dim, packed);
    kao_products(k, a, n_a, packed, n, dim, out);
    for (size_t i = 0; i < n_a; i++)
        for (size_t j = 0; j < n; j++) {
            double want = 0, mag = 0;

            for (size_t x = 0; x < dim; x++) {
                const double p = (double)a[i * dim + x] * (double)rows[j * dim + x];

                want += p;
                mag += fabs(p);
            }
            const double got = (double)out[i * n + j];

            check_true(fabs(got - want) <= CHECK_U * ((double)dim + 2) * mag,
                       "%s: %zu x %zu of %zu: %zu, %zu: %g, wanted %g", isa, n_a, n,
                       dim, i, j, got, want);
        }
    check_true(check_is_canary(out[n_a * n]), "%s: written behind the end", isa);
    kao_free(&mem, packed);
    check_free_all();
}

static void products(void **state)
{
    static const size_t sizes[][3] = { { 1, 1, 1 },   { 1, 33, 5 },    { 64, 512, 16 },
                                       { 15, 31, 7 }, { 29, 47, 192 }, { 3, 64, 128 },
                                       { 7, 17, 1 },  { 40, 100, 33 } };
    check_isa isas[CHECK_MAX_ISAS];
    const int n = check_isas(isas);

    (void)state;
    for (int i = 0; i < n; i++)
        for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++)
            one_size(&isas[i].k, isas[i].name, sizes[s][0], sizes[s][1], sizes[s][2]);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(products) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
