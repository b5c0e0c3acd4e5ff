/* Fused pairs give the bits of the two convolutions apart, for any thread count. */
#include "check.h"

#include <string.h>

#include "kernels/conv.h"

static kao_pool *pools[3]; /* none, 2 and 5 threads */
static kao_mem mem;

static void *aligned(size_t bytes)
{
    return check_canaries((bytes + 63) / 64 * 16);
}

static size_t span(const kao_conv *d, int stride)
{
    return ((size_t)d->n * (size_t)d->oh * (size_t)d->ow - 1) * (size_t)stride +
           (size_t)d->oc;
}

static kao_conv point(int n, int h, int w, int c, int oc)
{
    return (kao_conv){ .n = n,
                       .h = h,
                       .w = w,
                       .c = c,
                       .oh = h,
                       .ow = w,
                       .oc = oc,
                       .kh = 1,
                       .kw = 1,
                       .sy = 1,
                       .sx = 1,
                       .dy = 1,
                       .dx = 1,
                       .groups = 1,
                       .in_stride = c,
                       .out_stride = oc };
}

static kao_conv deep(int n, int h, int w, int c, int stride, int pad)
{
    return (kao_conv){ .n = n,
                       .h = h,
                       .w = w,
                       .c = c,
                       .oh = (h + 2 * pad - 3) / stride + 1,
                       .ow = (w + 2 * pad - 3) / stride + 1,
                       .oc = c,
                       .kh = 3,
                       .kw = 3,
                       .sy = stride,
                       .sx = stride,
                       .dy = 1,
                       .dx = 1,
                       .pad_top = pad,
                       .pad_left = pad,
                       .groups = c,
                       .in_stride = c,
                       .out_stride = c };
}

static void set_act(kao_conv *d, int act)
{
    d->act = (kao_act)act;
    d->lo = 0;
    d->hi = 0.75f;
}

static void *pack(const kao_kernels *k, const kao_conv *d)
{
    void *packed = aligned(kao_conv_packed_bytes(k, d));

    kao_conv_pack(
        k, d, check_floats((size_t)d->oc * (size_t)(d->c / d->groups * d->kh * d->kw)),
        check_floats((size_t)d->oc), check_floats((size_t)d->oc), packed);
    return packed;
}

static void check(const kao_conv *first, const kao_conv *second)
{
    check_isa isas[CHECK_MAX_ISAS];
    const int n = check_isas(isas);
    const size_t outs = span(second, second->out_stride);

    check_true(kao_conv_pair_fits(first, second), "does not fit");
    for (int i = 0; i < n; i++) {
        const kao_kernels *k = &isas[i].k;
        const void *p1 = pack(k, first), *p2 = pack(k, second);
        const float *in =
            check_floats(((size_t)first->n * (size_t)first->h * (size_t)first->w - 1) *
                             (size_t)first->in_stride +
                         (size_t)first->c);
        const float *res =
            second->residual ? check_floats(span(second, second->res_stride)) : NULL;
        float *mid = check_canaries(span(first, first->out_stride));
        float *want = check_canaries(outs);

        kao_conv_run(k, NULL, first, p1, in, NULL, mid,
                     aligned(kao_conv_scratch_bytes(k, first, 1)));
        kao_conv_run(k, NULL, second, p2, mid, res, want,
                     aligned(kao_conv_scratch_bytes(k, second, 1)));
        for (int t = 0; t < 3; t++) {
            float *out = check_canaries(outs);
            void *scratch = aligned(kao_conv_pair_scratch_bytes(
                k, first, second, kao_pool_threads(pools[t])));

            kao_conv_pair_run(k, pools[t], first, p1, second, p2, in, res, out,
                              scratch);
            check_true(memcmp(out, want, outs * sizeof *out) == 0,
                       "%s: %dx%dx%d -> %d, stride %d, pool %d: other bits than apart",
                       isas[i].name, first->h, first->w, first->c, second->oc,
                       second->sy, t);
        }
        check_free_all();
    }
}

static void test_random(void **state)
{
    (void)state;
    check_seed(11);
    for (int i = 0; i < 120; i++) {
        const int stride = check_int(1, 2), pad = check_int(0, 1), big = i % 8 == 0;
        const int n = check_int(1, 2), h = check_int(3, big ? 90 : 24);
        const int w = check_int(3, big ? 60 : 20), c = check_int(1, 40),
                  oc = check_int(2, 70);
        kao_conv first, second;

        if (i % 2) {
            first = point(n, h, w, c, oc);
            second = deep(n, h, w, oc, stride, pad);
        } else {
            first = deep(n, h, w, oc, stride, pad);
            second = point(n, first.oh, first.ow, oc, c);
        }
        first.in_stride += check_int(0, 1) * 5;
        second.out_stride += check_int(0, 1) * 3;
        second.res_stride = second.out_stride + check_int(0, 2);
        second.residual = (kao_residual)check_int(0, 2);
        set_act(&first, check_int(0, 2));
        set_act(&second, check_int(0, 2));
        check(&first, &second);
    }
}

static void
test_tall(void **state) /* many pieces: rings that go on, and rings that jump */
{
    (void)state;
    check_seed(12);
    const kao_conv a = point(1, 200, 100, 16, 32), b = deep(1, 200, 100, 32, 1, 1);
    check(&a, &b);
    const kao_conv c = deep(1, 200, 100, 32, 2, 1), d = point(1, 100, 50, 32, 24);
    check(&c, &d);
}

static int open_pools(void **state)
{
    (void)state;
    kao_mem_init(&mem, NULL);
    return kao_pool_create(&pools[1], &mem, &(kao_pool_options){ .n_threads = 2 },
                           NULL) ||
           kao_pool_create(&pools[2], &mem, &(kao_pool_options){ .n_threads = 5 },
                           NULL);
}

static int close_pools(void **state)
{
    (void)state;
    kao_pool_destroy(pools[1]);
    kao_pool_destroy(pools[2]);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_random),
                                        cmocka_unit_test(test_tall) };

    return cmocka_run_group_tests(tests, open_pools, close_pools);
}
