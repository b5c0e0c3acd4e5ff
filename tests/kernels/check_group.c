/* Groups of convolutions give the bits of their stages one by one, for any thread count. */
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

static kao_conv depthwise(int n, int h, int w, int c, int stride, int pad)
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

enum { MOST_STAGES = 5 };

static void plan_stage(const kao_kernels *k, const kao_conv *d, kao_conv_stage *s)
{
    *s = (kao_conv_stage){ 0 };
    kao_conv_plan_init(&s->conv, k, d);
    void *packed = aligned(s->conv.packed_bytes);

    kao_conv_pack(
        k, &s->conv,
        check_floats((size_t)d->oc * (size_t)(d->c / d->groups * d->kh * d->kw)),
        check_floats((size_t)d->oc), check_floats((size_t)d->oc), packed);
    s->packed = packed;
}

/* The stages one by one. */
static const float *apart(const kao_kernels *k, const kao_conv_stage *s, int n,
                          const float *in, const float *res)
{
    for (int i = 0; i < n; i++) {
        float *out = check_canaries(span(&s[i].conv.d, s[i].conv.d.out_stride));

        kao_conv_run(k, NULL, &s[i].conv, s[i].packed, in, i == n - 1 ? res : NULL, out,
                     aligned(s[i].conv.thread_bytes));
        in = out;
    }
    return in;
}

static void check(const kao_conv *d, int n)
{
    check_isa isas[CHECK_MAX_ISAS];
    const int n_isas = check_isas(isas);
    const kao_conv *first = &d[0], *last = &d[n - 1], *all[MOST_STAGES];
    const size_t outs = span(last, last->out_stride);

    for (int i = 0; i < n; i++)
        all[i] = &d[i];
    check_true(kao_conv_group_fits(all, n), "does not fit");
    for (int i = 0; i < n_isas; i++) {
        const kao_kernels *k = &isas[i].k;
        kao_conv_stage stages[MOST_STAGES];
        kao_conv_group g;
        const float *in =
            check_floats(((size_t)first->n * (size_t)first->h * (size_t)first->w - 1) *
                             (size_t)first->in_stride +
                         (size_t)first->c);
        const float *res =
            last->residual ? check_floats(span(last, last->res_stride)) : NULL;

        for (int s = 0; s < n; s++)
            plan_stage(k, &d[s], &stages[s]);
        const float *want = apart(k, stages, n, in, res);

        kao_conv_group_init(&g, k, stages, n);
        for (int t = 0; t < 3; t++) {
            float *out = check_canaries(outs);
            void *scratch =
                aligned(kao_conv_group_scratch_bytes(&g, kao_pool_threads(pools[t])));

            kao_conv_group_run(k, pools[t], &g, in, res, out, scratch);
            check_true(memcmp(out, want, outs * sizeof *out) == 0,
                       "%s: %d stages, %dx%dx%d -> %d, stride %d, pool %d: other bits "
                       "than apart",
                       isas[i].name, n, first->h, first->w, first->c, last->oc,
                       last->sy, t);
        }
        check_free_all();
    }
}

/* Stages in any order, two to five: pointwise and depthwise, of any stride and padding. */
static void test_random(void **state)
{
    (void)state;
    check_seed(11);
    for (int i = 0; i < 240; i++) {
        const int n = 2 + i % (MOST_STAGES - 1), big = i % 8 == 0;
        const int batch = check_int(1, 2);
        int h = check_int(3, big ? 90 : 24), w = check_int(3, big ? 60 : 20),
            c = check_int(2, 40);
        kao_conv d[MOST_STAGES];

        for (int s = 0; s < n; s++) {
            const int stride = check_int(1, 2), pad = check_int(0, 1);

            d[s] = check_int(0, 1) || h < 3 || w < 3
                       ? point(batch, h, w, c, check_int(2, 70))
                       : depthwise(batch, h, w, c, stride, pad);
            if (d[s].kh == 3) { /* any padding that the group takes, on each side */
                d[s].pad_top = check_int(0, 4);
                d[s].oh = (h + d[s].pad_top + check_int(0, 4) - 3) / stride + 1;
                d[s].ow = (w + pad + check_int(0, 1) - 3) / stride + 1;
            }
            h = d[s].oh;
            w = d[s].ow;
            c = d[s].oc;
            set_act(&d[s], check_int(0, 2));
            d[s].bf16 = check_int(0, 1);
        }
        d[0].in_stride += check_int(0, 1) * 5;
        d[n - 1].out_stride += check_int(0, 1) * 3;
        d[n - 1].res_stride = d[n - 1].out_stride + check_int(0, 2);
        d[n - 1].residual = (kao_residual)check_int(0, 2);
        check(d, n);
    }
}

static void
test_tall(void **state) /* many pieces: rings that go on, and rings that jump */
{
    (void)state;
    check_seed(12);
    check((const kao_conv[]){ point(1, 200, 100, 16, 32),
                              depthwise(1, 200, 100, 32, 1, 1) },
          2);
    check((const kao_conv[]){ depthwise(1, 200, 100, 32, 2, 1),
                              point(1, 100, 50, 32, 24) },
          2);
    check((const kao_conv[]){ point(1, 200, 100, 16, 32),
                              depthwise(1, 200, 100, 32, 1, 1),
                              point(1, 200, 100, 32, 16) },
          3);
    check((const kao_conv[]){ depthwise(1, 200, 100, 16, 1, 1),
                              depthwise(1, 200, 100, 16, 2, 1),
                              depthwise(1, 100, 50, 16, 1, 1) },
          3);
    kao_conv d[] = { point(1, 200, 100, 16, 32), depthwise(1, 200, 100, 32, 1, 1),
                     point(1, 200, 100, 32, 16) };

    d[0].bf16 = d[2].bf16 = true;
    check(d, 3);
}

/* Layers of 2^32 multiply-adds and more, planned alone: their number does not fit the sizes
 * of a machine of 32 bits. */
static void test_large_work(void **state)
{
    check_isa isas[CHECK_MAX_ISAS];
    const int n_isas = check_isas(isas);
    kao_conv wide = depthwise(1, 1024, 1024, 16, 1, 1); /* 2^32 */
    (void)state;

    wide.kh = wide.kw = 16;
    wide.oh = wide.ow = 1024;
    wide.pad_top = wide.pad_left = 8;
    for (int i = 0; i < n_isas; i++) {
        const kao_kernels *k = &isas[i].k;
        const kao_conv dense = point(1, 64, 64, 1024, 1024); /* 2^32 */
        kao_conv_plan plan;
        kao_conv_group g;
        kao_conv_stage stages[2] = { 0 };

        kao_conv_plan_init(&plan, k,
                           &wide); /* a row takes more than a piece: 4 at once */
        check_true(plan.n_pieces == 256, "%s: depthwise in %zu pieces", isas[i].name,
                   plan.n_pieces);
        kao_conv_plan_init(&plan, k, &dense);
        check_true(plan.n_pieces > 128 && plan.n_pieces <= 256,
                   "%s: dense in %zu pieces", isas[i].name, plan.n_pieces);
        /* a row is 4096 * 1024 * (9 + 1015) = 2^32 */
        stages[0].conv.d = depthwise(1, 8, 4096, 1024, 1, 1);
        stages[1].conv.d = point(1, 8, 4096, 1024, 1015);
        kao_conv_group_init(&g, k, stages, 2);
        check_true(g.rows_piece == 2 && g.row_pieces == 4,
                   "%s: group in %d pieces of %d rows", isas[i].name, g.row_pieces,
                   g.rows_piece);
    }
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
                                        cmocka_unit_test(test_tall),
                                        cmocka_unit_test(test_large_work) };

    return cmocka_run_group_tests(tests, open_pools, close_pools);
}
