/* Pooling and nearest resize against loops over every window. */
#include "check.h"

#include "kernels/pool.h"
#include "kernels/resize.h"

static float pixel(const kao_pooling *d, const float *in, int n, int y, int x, int o)
{
    return in[(((size_t)n * (size_t)d->h + (size_t)y) * (size_t)d->w + (size_t)x) *
                  (size_t)d->in_stride +
              (size_t)o];
}

static void naive(const kao_pooling *d, const float *in, int n, int oy, int ox, int o,
                  double *want, double *bound)
{
    double sum = 0, mag = 0, best = (double)-INFINITY;
    int inside = 0, padded = 0;

    for (int ky = 0; ky < d->kh; ky++) {
        for (int kx = 0; kx < d->kw; kx++) {
            const int y = oy * d->sy + ky * d->dy - d->pad_top;
            const int x = ox * d->sx + kx * d->dx - d->pad_left;

            if (y < d->h + d->pad_bottom && x < d->w + d->pad_right)
                padded++;
            if (y < 0 || y >= d->h || x < 0 || x >= d->w)
                continue;
            const double v = (double)pixel(d, in, n, y, x, o);
            inside++;
            sum += v;
            mag += fabs(v);
            best = fmax(best, v);
        }
    }
    const int count = d->kind == KAO_POOLING_AVG_PAD ? padded : inside;
    *want = d->kind == KAO_POOLING_MAX ? best : count ? sum / count : 0;
    *bound = d->kind == KAO_POOLING_MAX
                 ? 0
                 : CHECK_U * (inside + 4) * mag / (count ? count : 1);
}

static kao_pool *pools[2]; /* none, and 3 threads */
static kao_mem mem;

static void check(const kao_pooling *d)
{
    check_isa isas[CHECK_MAX_ISAS];
    const int n_isas = check_isas(isas);
    const size_t pixels = (size_t)d->n * (size_t)d->oh * (size_t)d->ow;
    const float *in = check_floats(((size_t)d->n * (size_t)d->h * (size_t)d->w - 1) *
                                       (size_t)d->in_stride +
                                   (size_t)d->c);

    for (int t = 0; t < n_isas * 2; t++) {
        const int i = t / 2;
        float *out =
            check_canaries((pixels - 1) * (size_t)d->out_stride + (size_t)d->c);

        kao_pooling_run(&isas[i].k, pools[t % 2], d, in, out);
        for (size_t p = 0; p < pixels; p++) {
            const int ox = (int)(p % (size_t)d->ow),
                      oy = (int)(p / (size_t)d->ow % (size_t)d->oh);

            for (int o = 0; o < d->c; o++) {
                const float got = out[p * (size_t)d->out_stride + (size_t)o];
                double want, bound;

                naive(d, in, (int)(p / (size_t)d->ow / (size_t)d->oh), oy, ox, o, &want,
                      &bound);
                check_true((double)got == want || fabs((double)got - want) <= bound,
                           "%s kind %d k%dx%d: (%d, %d) channel %d: %.9g, not %.9g",
                           isas[i].name, (int)d->kind, d->kh, d->kw, oy, ox, o,
                           (double)got, want);
            }
            for (int o = d->c; o < d->out_stride && p + 1 < pixels; o++)
                check_true(check_is_canary(out[p * (size_t)d->out_stride + (size_t)o]),
                           "%s wrote between pixels", isas[i].name);
        }
    }
    check_free_all();
}

static void test_pooling(void **state)
{
    (void)state;
    check_seed(21);
    for (int i = 0; i < 300; i++) {
        kao_pooling d = { .kind = (kao_pooling_kind)(i % 3),
                          .n = check_int(1, 2),
                          .h = check_int(1, 13),
                          .w = check_int(1, 13),
                          .c = check_int(1, 35),
                          .kh = check_int(1, 4),
                          .kw = check_int(1, 4),
                          .sy = check_int(1, 3),
                          .sx = check_int(1, 3),
                          .dy = check_int(1, 2),
                          .dx = check_int(1, 2),
                          .pad_top = check_int(0, 2),
                          .pad_left = check_int(0, 2),
                          .pad_bottom = check_int(0, 2),
                          .pad_right = check_int(0, 2) };

        if (i % 10 == 0) { /* global */
            d.kh = d.h;
            d.kw = d.w;
        }
        d.oh = check_int(1, (d.h + d.pad_top) / d.sy + 1);
        d.ow = check_int(1, (d.w + d.pad_left) / d.sx + 1);
        d.in_stride = d.c + check_int(0, 1) * 3;
        d.out_stride = d.c + check_int(0, 1) * 7;
        check(&d);
    }
}

static void test_pieces(void **state) /* maps of several pieces an image */
{
    (void)state;
    check_seed(23);
    for (int kind = 0; kind < 3; kind++) {
        const kao_pooling d = { .kind = (kao_pooling_kind)kind,
                                .n = 2,
                                .h = 25,
                                .w = 23,
                                .c = 70,
                                .oh = 25,
                                .ow = 23,
                                .kh = 3,
                                .kw = 3,
                                .sy = 1,
                                .sx = 1,
                                .dy = 1,
                                .dx = 1,
                                .pad_top = 1,
                                .pad_left = 1,
                                .pad_bottom = 1,
                                .pad_right = 1,
                                .in_stride = 70,
                                .out_stride = 71 };

        check(&d);
    }
}

/* The taps of a row of windows are 2^32 - 1, of which few are in the picture: the one pixel
 * is in the first 255 windows. */
static void test_wide_windows(void **state)
{
    check_isa isas[CHECK_MAX_ISAS];
    const int n = check_isas(isas);
    const kao_pooling d = { .n = 1,
                            .h = 1,
                            .w = 1,
                            .c = 1,
                            .oh = 1,
                            .ow = 65537,
                            .kh = 257,
                            .kw = 255,
                            .sy = 1,
                            .sx = 1,
                            .dy = 1,
                            .dx = 1,
                            .pad_top = 256,
                            .pad_left = 254,
                            .in_stride = 1,
                            .out_stride = 1 };
    const float in = 0.5f;
    (void)state;

    for (int i = 0; i < n; i++) {
        float *out = check_canaries((size_t)d.ow);

        kao_pooling_run(&isas[i].k, NULL, &d, &in, out);
        for (int x = 0; x < d.ow; x++)
            check_true(out[x] == (x < d.kw ? in : -INFINITY), "%s: window %d: %g",
                       isas[i].name, x, (double)out[x]);
        check_free_all();
    }
}

static void test_nan(void **state)
{
    check_isa isas[CHECK_MAX_ISAS];
    const int n = check_isas(isas);
    (void)state;

    for (int at = 0; at < 4; at++) { /* at every place of the window */
        const kao_pooling d = { .n = 1,
                                .h = 2,
                                .w = 2,
                                .c = 1,
                                .oh = 1,
                                .ow = 1,
                                .kh = 2,
                                .kw = 2,
                                .sy = 2,
                                .sx = 2,
                                .dy = 1,
                                .dx = 1,
                                .in_stride = 1,
                                .out_stride = 1 };
        float in[4] = { 1, 2, 3, 4 }, out = 0;

        in[at] = NAN;
        for (int i = 0; i < n; i++) {
            kao_pooling_run(&isas[i].k, NULL, &d, in, &out);
            check_true(isnan(out), "%s: NaN at %d is lost", isas[i].name, at);
        }
    }
}

static void test_resize(void **state)
{
    static const int32_t ys[] = { 0, 0, 1, 1, 2, 2, 2, 1, 0, 2 },
                         xs[] = { 3, 0, 1, 1, 2, 3, 0 };
    (void)state;
    check_seed(22);
    for (int i = 0; i < 6; i++) {
        const int extra = i / 2;
        const kao_resize d = { .n = 2,
                               .h = 3,
                               .w = 4,
                               .c = 5,
                               .oh = 10,
                               .ow = 7,
                               .from_y = ys,
                               .from_x = xs,
                               .in_stride = 5 + extra,
                               .out_stride = 5 + extra };
        const size_t s = (size_t)d.in_stride;
        const float *in = check_floats(23 * s + 5);
        float *out = check_canaries(139 * s + 5);

        kao_resize_run(pools[i % 2], &d, in, out);
        for (size_t p = 0; p < 140; p++) {
            const size_t y = (size_t)ys[p / 7 % 10], x = (size_t)xs[p % 7];

            for (size_t o = 0; o < 5; o++)
                assert_true(out[p * s + o] == in[((p / 70 * 3 + y) * 4 + x) * s + o]);
            for (size_t o = 5; o < s && p < 139; o++)
                assert_true(check_is_canary(out[p * s + o]));
        }
        check_free_all();
    }
}

static int open_pool(void **state)
{
    (void)state;
    kao_mem_init(&mem, NULL);
    return kao_pool_create(&pools[1], &mem, &(kao_pool_options){ .n_threads = 3 },
                           NULL) != KAO_OK;
}

static int close_pool(void **state)
{
    (void)state;
    kao_pool_destroy(pools[1]);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(test_pooling),
                                        cmocka_unit_test(test_pieces),
                                        cmocka_unit_test(test_wide_windows),
                                        cmocka_unit_test(test_nan),
                                        cmocka_unit_test(test_resize) };

    return cmocka_run_group_tests(tests, open_pool, close_pool);
}
