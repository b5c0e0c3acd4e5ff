/* Convolutions of every kind against a loop in double precision, on every CPU mask:
 * bound on the error, bytes around the outputs, same bits for any thread count and
 * batch. */
#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "kernels/conv.h"

typedef struct conv_data {
    kao_conv d;
    float *w, *bias, *slope, *in, *res;
    double *want, *bound;
} conv_data;

static size_t span(int n, int h, int w, int stride,
                   int c) /* floats up to the last used */
{
    return ((size_t)n * (size_t)h * (size_t)w - 1) * (size_t)stride + (size_t)c;
}

static double activate(const kao_conv *d, double x, double slope)
{
    switch (d->act) {
    case KAO_ACT_NONE:
        return x;
    case KAO_ACT_CLAMP:
        return fmin(fmax(x, (double)d->lo), (double)d->hi);
    case KAO_ACT_SLOPE:
        return x < 0 ? slope * x : x;
    case KAO_ACT_SIGMOID:
        return 1 / (1 + exp(-x));
    case KAO_ACT_SILU:
        return x / (1 + exp(-x));
    }
    return x;
}

/* One output: the value and the error that f32 sums in any order may have. */
static void naive_one(conv_data *t, int n, int y, int x, int o, size_t at)
{
    const kao_conv *d = &t->d;
    const int cg = d->c / d->groups, g = o / (d->oc / d->groups);
    const size_t px =
        ((size_t)n * (size_t)d->oh + (size_t)y) * (size_t)d->ow + (size_t)x;
    const double r =
        d->residual ? (double)t->res[px * (size_t)d->res_stride + (size_t)o] : 0;
    double sum = t->bias ? (double)t->bias[o] : 0, mag = fabs(sum);

    for (int ky = 0; ky < d->kh; ky++) {
        for (int kx = 0; kx < d->kw; kx++) {
            const int sy = y * d->sy + ky * d->dy - d->pad_top;
            const int sx = x * d->sx + kx * d->dx - d->pad_left;

            if (sy < 0 || sy >= d->h || sx < 0 || sx >= d->w)
                continue;
            const float *a =
                t->in +
                (((size_t)n * (size_t)d->h + (size_t)sy) * (size_t)d->w + (size_t)sx) *
                    (size_t)d->in_stride +
                g * cg;
            for (int i = 0; i < cg; i++) {
                const double p =
                    (double)a[i] *
                    (double)t->w[(((size_t)o * (size_t)cg + (size_t)i) * (size_t)d->kh +
                                  (size_t)ky) *
                                     (size_t)d->kw +
                                 (size_t)kx];
                sum += p;
                mag += fabs(p);
            }
        }
    }
    const double slope = d->act == KAO_ACT_SLOPE ? (double)t->slope[o] : 0;
    const double n_terms = (double)cg * d->kh * d->kw + 4;
    const double lipschitz = fmax(1.2, fabs(slope));

    if (d->residual == KAO_RES_BEFORE_ACT) {
        sum += r;
        mag += fabs(r);
    }
    double v = activate(d, sum, slope);
    if (d->residual == KAO_RES_AFTER_ACT)
        v += r;
    t->want[at] = v;
    t->bound[at] = CHECK_U * (n_terms * mag * lipschitz + 8 * (fabs(v) + fabs(r)));
}

static void make(conv_data *t, const kao_conv *d, int with_bias)
{
    const size_t k = (size_t)(d->c / d->groups) * (size_t)d->kh * (size_t)d->kw;
    const size_t outs = (size_t)d->n * (size_t)d->oh * (size_t)d->ow * (size_t)d->oc;
    size_t at = 0;

    t->d = *d;
    t->w = check_floats((size_t)d->oc * k);
    t->bias = with_bias ? check_floats((size_t)d->oc) : NULL;
    t->slope = d->act == KAO_ACT_SLOPE ? check_floats((size_t)d->oc) : NULL;
    if (t->slope && d->oc > 1)
        t->slope[1] = 1.75f;
    t->in = check_floats(span(d->n, d->h, d->w, d->in_stride, d->c));
    if (d->bf16) {
        check_to_bf16(t->w, (size_t)d->oc * k);
        check_to_bf16(t->in, span(d->n, d->h, d->w, d->in_stride, d->c));
    }
    t->res = d->residual ? check_floats(span(d->n, d->oh, d->ow, d->res_stride, d->oc))
                         : NULL;
    t->want = malloc(outs * sizeof *t->want);
    t->bound = malloc(outs * sizeof *t->bound);
    for (int n = 0; n < d->n; n++)
        for (int y = 0; y < d->oh; y++)
            for (int x = 0; x < d->ow; x++)
                for (int o = 0; o < d->oc; o++)
                    naive_one(t, n, y, x, o, at++);
}

static void drop(conv_data *t)
{
    free(t->want);
    free(t->bound);
    check_free_all();
}

/* A block that is 64-byte aligned and exact to the byte at its end where it can be. */
static void *aligned(size_t bytes)
{
    return check_canaries((bytes + 63) / 64 * 16);
}

static float *run(const conv_data *t, const kao_conv *d, const kao_kernels *k,
                  kao_pool *pool, const void *packed, const float *in, const float *res)
{
    float *out = check_canaries(span(d->n, d->oh, d->ow, d->out_stride, d->oc));
    kao_conv_plan p;

    kao_conv_plan_init(&p, k, d);
    void *scratch = aligned(p.thread_bytes * kao_pool_threads(pool));

    kao_conv_run(k, pool, &p, packed, in, t->res ? res : NULL, out, scratch);
    return out;
}

static void describe(char *s, size_t n, const kao_conv *d)
{
    snprintf(s, n,
             "n%d %dx%dx%d->%dx%dx%d k%dx%d s%d,%d d%d,%d p%d,%d g%d act%d res%d%s",
             d->n, d->h, d->w, d->c, d->oh, d->ow, d->oc, d->kh, d->kw, d->sy, d->sx,
             d->dy, d->dx, d->pad_top, d->pad_left, d->groups, (int)d->act,
             (int)d->residual, d->bf16 ? " bf16" : "");
}

static void compare(const conv_data *t, const float *out, const char *isa)
{
    const kao_conv *d = &t->d;
    const size_t pixels = (size_t)d->n * (size_t)d->oh * (size_t)d->ow;
    char what[200];

    describe(what, sizeof what, d);
    for (size_t p = 0; p < pixels; p++) {
        for (size_t o = 0; o < (size_t)d->out_stride; o++) {
            if (o >= (size_t)d->oc && p + 1 == pixels)
                break;
            const float got = out[p * (size_t)d->out_stride + o];

            if (o >= (size_t)d->oc) {
                check_true(check_is_canary(got),
                           "%s %s: wrote at pixel %zu channel %zu", isa, what, p, o);
                continue;
            }
            const size_t at = p * (size_t)d->oc + o;
            const double err = fabs((double)got - t->want[at]);
            check_true(err <= t->bound[at],
                       "%s %s: pixel %zu channel %zu: %.9g, not %.9g", isa, what, p, o,
                       (double)got, t->want[at]);
        }
    }
}

static void same_bits(const conv_data *t, const float *a, const float *b,
                      const char *isa, const char *why)
{
    const kao_conv *d = &t->d;
    char what[200];

    describe(what, sizeof what, d);
    check_true(
        memcmp(a, b, span(d->n, d->oh, d->ow, d->out_stride, d->oc) * sizeof *a) == 0,
        "%s %s: other bits with %s", isa, what, why);
}

/* The last image alone must give the bits that it has in the batch. */
static void alone(const conv_data *t, const kao_kernels *k, const void *packed,
                  const float *out, const char *isa)
{
    kao_conv d = t->d;
    const size_t last = (size_t)(d.n - 1);
    const size_t skip = last * (size_t)d.oh * (size_t)d.ow;

    if (d.n == 1)
        return;
    d.n = 1;
    const float *one =
        run(t, &d, k, NULL, packed,
            t->in + last * (size_t)d.h * (size_t)d.w * (size_t)d.in_stride,
            t->res ? t->res + skip * (size_t)d.res_stride : NULL);
    conv_data single = *t;
    single.d = d;
    same_bits(&single, one, out + skip * (size_t)d.out_stride, isa, "no company");
}

static void in_place(const conv_data *t, const kao_kernels *k, const void *packed,
                     const float *want, const char *isa)
{
    kao_conv d = t->d;
    const size_t n = span(d.n, d.oh, d.ow, d.out_stride, d.oc);

    if (!d.residual || d.out_stride != d.res_stride)
        return;
    float *out = check_canaries(n);
    for (size_t p = 0; p < (size_t)d.n * (size_t)d.oh * (size_t)d.ow; p++)
        memcpy(out + p * (size_t)d.out_stride, t->res + p * (size_t)d.res_stride,
               (size_t)d.oc * sizeof *out);
    kao_conv_plan p;

    kao_conv_plan_init(&p, k, &d);
    void *scratch = aligned(p.thread_bytes);
    kao_conv_run(k, NULL, &p, packed, t->in, out, out, scratch);
    same_bits(t, out, want, isa, "the residual in place");
}

static kao_pool *pools[2]; /* 2 and 5 threads */
static kao_mem mem;

static void check_form(const kao_conv *d, int with_bias)
{
    check_isa isas[CHECK_MAX_ISAS];
    const int n = check_isas(isas);
    conv_data t;

    make(&t, d, with_bias);
    for (int i = 0; i < n; i++) {
        const kao_kernels *k = &isas[i].k;
        kao_conv_plan p;

        kao_conv_plan_init(&p, k, d);
        void *packed = aligned(p.packed_bytes);

        kao_conv_pack(k, &p, t.w, t.bias, t.slope, packed);
        const float *out = run(&t, d, k, NULL, packed, t.in, t.res);
        compare(&t, out, isas[i].name);
        same_bits(&t, run(&t, d, k, pools[0], packed, t.in, t.res), out, isas[i].name,
                  "2 threads");
        same_bits(&t, run(&t, d, k, pools[1], packed, t.in, t.res), out, isas[i].name,
                  "5 threads");
        alone(&t, k, packed, out, isas[i].name);
        in_place(&t, k, packed, out, isas[i].name);
    }
    drop(&t);
}

static void check(const kao_conv *d, int with_bias)
{
    kao_conv bf16 = *d;

    check_form(d, with_bias);
    bf16.bf16 = true;
    if (d->groups == 1 && d->c % 2 == 0)
        check_form(&bf16, with_bias);
}

/* oh, ow from symmetric padding; strides: extra floats beyond the channels. */
static kao_conv conv(int n, int h, int w, int c, int oc, int k, int s, int dil, int pad,
                     int groups, int extra)
{
    const int reach = dil * (k - 1) + 1;

    return (kao_conv){ .n = n,
                       .h = h,
                       .w = w,
                       .c = c,
                       .oh = (h + 2 * pad - reach) / s + 1,
                       .ow = (w + 2 * pad - reach) / s + 1,
                       .oc = oc,
                       .kh = k,
                       .kw = k,
                       .sy = s,
                       .sx = s,
                       .dy = dil,
                       .dx = dil,
                       .pad_top = pad,
                       .pad_left = pad,
                       .groups = groups,
                       .in_stride = c + extra,
                       .out_stride = oc + extra,
                       .res_stride = oc + extra };
}

static void set_epilogue(kao_conv *d, int act, int residual)
{
    d->act = (kao_act)act;
    d->residual = (kao_residual)residual;
    d->lo = -0.25f;
    d->hi = 1.5f;
}

static void test_channels(void **state) /* every tail of the tiles, pointwise and 3x3 */
{
    static const int oc[] = { 1,  2,  4,  7,  8,  9,  10, 12, 15,  16,
                              17, 20, 23, 24, 25, 28, 31, 32, 33,  40,
                              41, 48, 56, 63, 64, 65, 72, 88, 128, 152 };
    (void)state;
    check_seed(1);
    for (size_t i = 0; i < sizeof oc / sizeof oc[0]; i++) {
        kao_conv d =
            conv(1, 5, 6, 9 + (int)(i % 4 / 2), oc[i], 1, 1, 1, 0, 1, (int)(i % 3));
        set_epilogue(&d, (int)(i % 5), (int)(i % 3));
        check(&d, 1);
        d = conv(1, 5, 17, 5, oc[i], 3, 1, 1, 1, 1, (int)(i % 2));
        set_epilogue(&d, (int)((i + 2) % 5), (int)((i + 1) % 3));
        check(&d, i % 2 == 0);
    }
}

static void test_rows(void **state) /* every number of rows in a tile */
{
    (void)state;
    check_seed(2);
    for (int w = 1; w <= 30; w++) {
        for (int oc = 8; oc <= 32; oc += 8) {
            kao_conv d = conv(1, 1, w, 11 + w % 2, oc, 1, 1, 1, 0, 1, 0);
            set_epilogue(&d, w % 5, w % 3);
            check(&d, 1);
        }
        kao_conv d = conv(1, 3, w, 3 + w % 2, 16, 3, 1, 1, 1, 1, 0);
        check(&d, 1);
    }
}

static void test_shapes(void **state)
{
    static const int t[][11] = {
        /* n  h   w   c    oc  k  s dil pad g  extra */
        { 1, 32, 45, 3, 16, 3, 2, 1, 1, 1, 0 },
        { 1, 31, 40, 3, 12, 3, 2, 1, 1, 1, 0 },
        { 2, 20, 23, 3, 10, 5, 1, 1, 2, 1, 0 },
        { 1, 33, 33, 1, 64, 3, 1, 1, 1, 1, 0 },
        { 1, 24, 24, 3, 24, 7, 2, 1, 3, 1, 1 },
        { 1, 20, 20, 24, 24, 3, 1, 1, 1, 1, 0 },
        { 1, 40, 40, 48, 48, 3, 1, 1, 1, 1, 0 },
        { 1, 17, 19, 16, 32, 3, 2, 1, 1, 1, 8 },
        { 3, 1, 1, 512, 192, 1, 1, 1, 0, 1, 0 },
        { 1, 1, 1, 300, 515, 1, 1, 1, 0, 1, 0 },
        { 2, 7, 7, 128, 256, 1, 1, 1, 0, 1, 0 },
        { 2, 14, 14, 64, 64, 3, 1, 1, 1, 1, 0 },
        { 1, 15, 15, 24, 40, 1, 2, 1, 0, 1, 0 },
        { 1, 12, 12, 6, 8, 3, 1, 2, 2, 1, 0 },
        { 1, 12, 12, 6, 8, 3, 2, 3, 3, 1, 4 },
        { 1, 9, 9, 16, 32, 3, 1, 1, 1, 4, 0 },
        { 2, 9, 9, 16, 16, 3, 2, 1, 1, 8, 3 },
        { 1, 9, 9, 8, 24, 3, 1, 1, 1, 8, 0 },
        { 1, 6, 6, 12, 12, 1, 1, 1, 0, 3, 0 },
        { 1, 2, 2, 7, 9, 3, 1, 1, 1, 1, 0 },
        { 1, 1, 1, 7, 9, 3, 1, 1, 1, 1, 0 },
        { 1, 1, 3, 4, 4, 5, 1, 1, 2, 1, 0 },
        { 1, 3, 3, 4, 4, 3, 3, 1, 4, 1, 0 },
        /* depthwise */
        { 1, 17, 20, 16, 16, 3, 1, 1, 1, 16, 0 },
        { 2, 16, 16, 24, 24, 3, 1, 1, 1, 24, 8 },
        { 1, 15, 15, 40, 40, 3, 2, 1, 1, 40, 0 },
        { 1, 16, 16, 64, 64, 3, 2, 1, 1, 64, 0 },
        { 1, 9, 9, 10, 10, 3, 1, 1, 0, 10, 1 },
        { 1, 9, 10, 4, 4, 3, 2, 1, 0, 4, 0 },
        { 2, 7, 7, 24, 24, 7, 1, 1, 0, 24, 0 },
        { 1, 11, 13, 20, 20, 5, 1, 1, 2, 20, 0 },
        { 1, 11, 13, 20, 20, 5, 2, 1, 2, 20, 4 },
        { 1, 11, 13, 17, 17, 3, 1, 2, 2, 17, 0 },
        { 1, 3, 3, 8, 8, 3, 1, 1, 3, 8, 0 },
        { 1, 1, 1, 5, 5, 3, 1, 1, 1, 5, 0 },
        { 1, 1, 1, 5, 5, 3, 2, 1, 1, 5, 0 },
        { 1, 2, 2, 33, 33, 3, 1, 1, 1, 33, 0 },
        { 1, 4, 2, 8, 8, 3, 2, 1, 1, 8, 0 },
        { 1, 60, 64, 72, 72, 3, 1, 1, 1, 72, 0 },
        { 1, 40, 40, 152, 152, 3, 2, 1, 1, 152, 0 },
    };
    (void)state;
    check_seed(3);
    for (size_t i = 0; i < sizeof t / sizeof t[0]; i++) {
        const int *s = t[i];
        kao_conv d =
            conv(s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7], s[8], s[9], s[10]);

        for (int act = 0; act < 5; act++) {
            set_epilogue(&d, act, (act + (int)i) % 3);
            check(&d, act % 2);
        }
    }
}

static void test_random(void **state) /* any geometry, also asymmetric */
{
    (void)state;
    check_seed(4);
    for (int i = 0; i < 400; i++) {
        const int depthwise = i % 3 == 0,
                  groups = depthwise ? check_int(2, 40) : check_int(1, 3);
        const int cg = depthwise ? 1 : check_int(1, 20),
                  og = depthwise ? 1 : check_int(1, 45);
        kao_conv d = { .n = check_int(1, 2),
                       .h = check_int(1, 12),
                       .w = check_int(1, 20),
                       .c = groups * cg,
                       .oc = groups * og,
                       .kh = check_int(1, 4),
                       .kw = check_int(1, 4),
                       .sy = check_int(1, 3),
                       .sx = check_int(1, 3),
                       .dy = check_int(1, 2),
                       .dx = check_int(1, 2),
                       .groups = groups };

        if (i % 2) {
            d.kh = d.kw = 3;
            d.sy = d.sx = check_int(1, 2);
            d.dy = d.dx = 1;
        }
        d.pad_top = check_int(0, 2);
        d.pad_left = check_int(0, 2);
        d.oh = check_int(1, (d.h + 2 + d.pad_top) / d.sy + 1);
        d.ow = check_int(1, (d.w + 2 + d.pad_left) / d.sx + 1);
        d.in_stride = d.c + check_int(0, 1) * check_int(0, 9);
        d.out_stride = d.oc + check_int(0, 9);
        d.res_stride = check_int(0, 1) ? d.out_stride : d.oc + check_int(0, 9);
        set_epilogue(&d, check_int(0, 4), check_int(0, 2));
        check(&d, check_int(0, 1));
    }
}

static void
test_nan(void **state) /* a NaN reaches exactly the outputs whose window has it */
{
    check_isa isas[CHECK_MAX_ISAS];
    const int n = check_isas(isas);
    (void)state;

    for (int i = 0; i < n * 2 * 5; i++) {
        const kao_kernels *k = &isas[i % n].k;
        const int depthwise = i / n % 2;
        kao_conv d = conv(1, 8, 8, 8, 8, 3, 1, 1, 1, depthwise ? 8 : 1, 0);
        set_epilogue(&d, i / n / 2, 0);
        float *in = check_floats(8 * 8 * 8), *w = check_floats(8 * 8 * 9);
        float *slope = check_floats(8), *out = check_canaries(8 * 8 * 8);
        kao_conv_plan plan;

        kao_conv_plan_init(&plan, k, &d);
        void *packed = aligned(plan.packed_bytes),
             *scratch = aligned(plan.thread_bytes);

        in[(3 * 8 + 4) * 8 + 2] = NAN;
        kao_conv_pack(k, &plan, w, NULL, slope, packed);
        kao_conv_run(k, NULL, &plan, packed, in, NULL, out, scratch);
        for (int p = 0; p < 64; p++) {
            for (int o = 0; o < 8; o++) {
                const int near = abs(p / 8 - 3) <= 1 && abs(p % 8 - 4) <= 1;
                const int hit = near && (!depthwise || o == 2);

                check_true((isnan(out[p * 8 + o]) != 0) == hit,
                           "%s act %d: pixel %d ch %d", isas[i % n].name, (int)d.act, p,
                           o);
            }
        }
        check_free_all();
    }
}

static int open_pools(void **state)
{
    (void)state;
    kao_mem_init(&mem, NULL);
    return kao_pool_create(&pools[0], &mem, &(kao_pool_options){ .n_threads = 2 },
                           NULL) ||
           kao_pool_create(&pools[1], &mem, &(kao_pool_options){ .n_threads = 5 },
                           NULL);
}

static int close_pools(void **state)
{
    (void)state;
    kao_pool_destroy(pools[0]);
    kao_pool_destroy(pools[1]);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_channels), cmocka_unit_test(test_rows),
        cmocka_unit_test(test_shapes),   cmocka_unit_test(test_random),
        cmocka_unit_test(test_nan),
    };

    return cmocka_run_group_tests(tests, open_pools, close_pools);
}
