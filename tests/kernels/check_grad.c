/* Gradients of convolution against sums in double, and the kernels of normalisation over a
 * batch against their definition, for every ISA, with one thread and three. */
#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "base/pool.h"
#include "kernels/conv_grad.h"

/* ---- convolution ---- */

typedef struct sum { /* exact, and the sum of magnitudes that rounding scales with */
    double *v, *mag;
    size_t n;
} sum;

static sum sum_of(size_t n)
{
    return (sum){ calloc(n, sizeof(double)), calloc(n, sizeof(double)), n };
}

static void sum_free(sum *s)
{
    free(s->v);
    free(s->mag);
}

static void put(sum *s, size_t at, double v)
{
    s->v[at] += v;
    s->mag[at] += fabs(v);
}

/* By the definition: every product of the forward sum, given to all three gradients. */
static void naive(const kao_conv *d, const float *in, const float *w, const float *g,
                  sum *dw, sum *db, sum *din)
{
    const int cg = d->c / d->groups, og = d->oc / d->groups;

    for (int n = 0; n < d->n; n++)
        for (int y = 0; y < d->oh; y++)
            for (int x = 0; x < d->ow; x++)
                for (int o = 0; o < d->oc; o++) {
                    const double by = (double)
                        g[(((size_t)n * (size_t)d->oh + (size_t)y) * (size_t)d->ow +
                           (size_t)x) *
                              (size_t)d->oc +
                          (size_t)o];

                    put(db, (size_t)o, by);
                    for (int t = 0; t < d->kh * d->kw * cg; t++) {
                        const int i = t / (d->kh * d->kw), tap = t % (d->kh * d->kw);
                        const int v = y * d->sy + tap / d->kw * d->dy - d->pad_top;
                        const int u = x * d->sx + tap % d->kw * d->dx - d->pad_left;

                        if (v < 0 || v >= d->h || u < 0 || u >= d->w)
                            continue;
                        const size_t at =
                            (((size_t)n * (size_t)d->h + (size_t)v) * (size_t)d->w +
                             (size_t)u) *
                                (size_t)d->c +
                            (size_t)(o / og * cg + i);
                        const size_t wt =
                            (size_t)o * (size_t)(cg * d->kh * d->kw) + (size_t)t;

                        put(dw, wt, by * (double)in[at]);
                        put(din, at, by * (double)w[wt]);
                    }
                }
}

static void near(const char *isa, const char *what, const float *got, const sum *want,
                 double terms)
{
    for (size_t i = 0; i < want->n; i++)
        check_true(
            fabs((double)got[i] - want->v[i]) <= CHECK_U * (terms + 8) * want->mag[i],
            "%s: %s[%zu]: %.9g, want %.9g", isa, what, i, (double)got[i], want->v[i]);
}

static void check_form(const kao_conv *d)
{
    check_isa isas[CHECK_MAX_ISAS];
    const int n_isas = check_isas(isas);
    const size_t n_in = (size_t)d->n * (size_t)d->h * (size_t)d->w * (size_t)d->c;
    const size_t n_out = (size_t)d->n * (size_t)d->oh * (size_t)d->ow * (size_t)d->oc;
    const size_t n_w =
        (size_t)d->oc * (size_t)(d->c / d->groups) * (size_t)d->kh * (size_t)d->kw;
    float *in = check_floats(n_in), *w = check_floats(n_w), *g = check_floats(n_out);
    sum dw = sum_of(n_w), db = sum_of((size_t)d->oc), din = sum_of(n_in);
    kao_mem mem;
    kao_pool *pool[2] = { NULL, NULL };

    if (d->bf16) {
        check_to_bf16(in, n_in);
        check_to_bf16(w, n_w);
        check_to_bf16(g, n_out);
    }
    kao_mem_init(&mem, NULL);
    assert_int_equal(
        kao_pool_create(&pool[1], &mem, &(kao_pool_options){ .n_threads = 3 }, NULL),
        KAO_OK);
    naive(d, in, w, g, &dw, &db, &din);
    for (int i = 0; i < n_isas; i++) {
        const kao_kernels *k = &isas[i].k;
        float *first[3] = { NULL };

        for (int t = 0; t < 2; t++) {
            const uint32_t threads = kao_pool_threads(pool[t]);
            float *got[3] = { check_canaries(n_w), check_canaries((size_t)d->oc),
                              check_canaries(n_in) };
            void *a = check_canaries(
                (kao_conv_grad_weights_scratch(k, d, threads) + 63) / 64 * 16);
            void *b = check_canaries((kao_conv_grad_input_scratch(k, d, threads) + 63) /
                                     64 * 16);

            kao_conv_grad_weights(k, pool[t], d, in, g, got[0], got[1], a);
            kao_conv_grad_input(k, pool[t], d, w, g, got[2], b);
            near(isas[i].name, "dw", got[0], &dw, (double)n_out / d->oc);
            near(isas[i].name, "db", got[1], &db, (double)n_out / d->oc);
            near(isas[i].name, "din", got[2], &din,
                 (double)d->kh * d->kw * d->oc / d->groups);
            for (int q = 0; q < 3; q++) {
                const size_t n = q == 0 ? n_w : q == 1 ? (size_t)d->oc : n_in;

                if (t)
                    check_true(memcmp(got[q], first[q], n * sizeof(float)) == 0,
                               "%s: threads change bits", isas[i].name);
                first[q] = got[q];
            }
        }
    }
    kao_pool_destroy(pool[1]);
    sum_free(&dw);
    sum_free(&db);
    sum_free(&din);
    check_free_all();
}

static void check_conv(const kao_conv *d)
{
    kao_conv bf16 = *d;

    check_form(d);
    bf16.bf16 = true;
    check_form(&bf16);
}

static kao_conv layer(int n, int h, int w, int c, int oc, int k, int stride, int pad,
                      int groups)
{
    return (kao_conv){ .n = n,
                       .h = h,
                       .w = w,
                       .c = c,
                       .oh = (h + 2 * pad - k) / stride + 1,
                       .ow = (w + 2 * pad - k) / stride + 1,
                       .oc = oc,
                       .kh = k,
                       .kw = k,
                       .sy = stride,
                       .sx = stride,
                       .dy = 1,
                       .dx = 1,
                       .pad_top = pad,
                       .pad_left = pad,
                       .groups = groups,
                       .in_stride = c,
                       .out_stride = oc };
}

static void convolutions(void **state)
{
    const kao_conv layers[] = {
        layer(2, 20, 30, 16, 24, 1, 1, 0, 1),
        layer(1, 40, 40, 3, 16, 3, 2, 1, 1),
        layer(2, 11, 9, 5, 7, 3, 1, 1, 1),
        layer(3, 13, 17, 33, 18, 3, 2, 1, 1),
        layer(2, 19, 23, 40, 40, 3, 1, 1, 40),
        layer(2, 14, 15, 17, 17, 3, 2, 1, 17),
        layer(1, 7, 7, 64, 64, 7, 1, 0, 64),
        layer(2, 1, 1, 70, 35, 1, 1, 0, 1),
        layer(2, 12, 12, 8, 12, 3, 1, 1, 4),
        layer(1, 9, 9, 4, 4, 5, 2, 2, 1),
        layer(1, 5, 300, 6, 3, 3, 1, 1, 1),
        layer(1, 8, 8, 16, 16, 1, 2, 0, 1),
        /* phases without a tap, and those that begin inside g */
        layer(2, 9, 10, 6, 5, 3, 2, 2, 1),
        layer(1, 10, 11, 4, 6, 2, 3, 0, 1),
        layer(1, 12, 13, 5, 4, 7, 3, 3, 1),
        layer(2, 10, 9, 6, 6, 3, 2, 2, 6),
    };

    (void)state;
    for (size_t i = 0; i < sizeof layers / sizeof layers[0]; i++)
        check_conv(&layers[i]);
    kao_conv wide = layer(2, 15, 15, 8, 8, 3, 1, 2, 1);

    wide.dy = wide.dx = 2;
    wide.oh = wide.ow = 15;
    check_conv(&wide);
    wide.sy = wide.sx = 2; /* with the dilation, every other pixel has no tap */
    wide.oh = wide.ow = 8;
    check_conv(&wide);
    wide.dx = 3;
    wide.pad_left = 1;
    wide.ow = (15 + 2 - 7) / 2 + 1;
    check_conv(&wide);
    wide.sx = 1; /* strides apart */
    wide.ow = 11;
    check_conv(&wide);
}

/* ---- pairs of bfloat16 ---- */

static uint32_t bits_of(float x)
{
    uint32_t bits;

    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static void pairs(void **state)
{
    /* IEEE 754, to nearest, ties to even: 1 + 2^-8 is halfway between 1 and 1 + 2^-7,
     * 1 + 3*2^-8 between that and 1 + 2^-6 */
    static const struct {
        float x;
        uint32_t half;
    } cases[] = {
        { 0.0f, 0 },
        { -0.0f, 0x8000 },
        { 1.0f, 0x3f80 },
        { 1.00390625f, 0x3f80 },
        { 1.00390637f, 0x3f81 },
        { 1.01171875f, 0x3f82 },
        { -3.0f, 0xc040 },
        { 3.38953139e38f, 0x7f7f },
        { 3.4e38f, 0x7f80 },
        { INFINITY, 0x7f80 },
        { -INFINITY, 0xff80 },
        { 1.1754944e-38f, 0x0080 },
    };
    enum { N = sizeof cases / sizeof cases[0] };
    check_isa isas[CHECK_MAX_ISAS];
    const int n_isas = check_isas(isas);

    (void)state;
    for (int i = 0; i < n_isas; i++)
        for (size_t width = 2; width <= 70; width += 2) {
            float *in = check_floats(2 * width), *to = check_canaries(width),
                  *zipped = check_canaries(width);

            for (size_t c = 0; c < 2 * width; c++)
                in[c] = cases[(c + width) % N].x;
            isas[i].k.to_pairs(in, 2 * width, to);
            isas[i].k.zip_pairs(in, 1, width, zipped);
            for (size_t c = 0; c < width; c++) {
                const uint32_t a = cases[(2 * c + width) % N].half,
                               b = cases[(2 * c + 1 + width) % N].half;

                check_true(bits_of(to[c]) == (a | b << 16), "%s: pair %zu of %zu",
                           isas[i].name, c, width);
                check_true(bits_of(zipped[c]) ==
                               (cases[(c + width) % N].half |
                                cases[(c + 2 * width) % N].half << 16),
                           "%s: zipped %zu of %zu", isas[i].name, c, width);
            }
            in[0] = NAN;
            isas[i].k.to_pairs(in, 2, in); /* in place */
            check_true((bits_of(in[0]) & 0x7fc0) == 0x7fc0, "%s: NaN", isas[i].name);
            check_free_all();
        }
}

/* ---- normalisation ---- */

static void norm_case(size_t n, size_t c, const check_isa *isa)
{
    float *x = check_floats(n * c), *g = check_floats(n * c), *scale = check_floats(c),
          *shift = check_floats(c), *slope = check_floats(c), *mean = check_floats(c),
          *inverse = check_floats(c), *m1 = check_floats(c), *m2 = check_floats(c),
          *out = check_canaries(n * c);
    double *sums = calloc(3 * c, sizeof *sums);
    kao_norm_args a = { .n = n,
                        .c = c,
                        .x = x,
                        .g = g,
                        .scale = scale,
                        .shift = shift,
                        .slope = slope,
                        .mean = mean,
                        .inverse = inverse,
                        .by_shift = m1,
                        .by_scale = m2,
                        .out = out,
                        .sums = sums };
    const kao_kernels *k = &isa->k;

    k->norm_sums(&a);
    for (size_t i = 0; i < c; i++) {
        double s = 0, q = 0;

        for (size_t r = 0; r < n; r++) {
            const double v = (double)x[r * c + i] - (double)mean[i];

            s += v;
            q += v * v;
        }
        check_true(fabs(sums[i] - s) <= CHECK_U * 80 * 2 * (double)n &&
                       fabs(sums[c + i] - q) <= CHECK_U * 80 * 4 * (double)n,
                   "%s: sums of %zu x %zu", isa->name, n, c);
    }
    k->norm_apply(&a);
    for (size_t i = 0; i < n * c; i++) {
        const double z = (double)x[i] * (double)scale[i % c] + (double)shift[i % c];
        const double y = z < 0 ? (double)slope[i % c] * z : z;

        check_true(fabs((double)out[i] - y) <= CHECK_U * 16, "%s: apply", isa->name);
    }
    memset(sums, 0, 3 * c * sizeof *sums);
    k->norm_grad_sums(&a);
    for (size_t i = 0; i < c; i++) {
        double want[3] = { 0 };

        for (size_t r = 0; r < n; r++) {
            const float z = x[r * c + i] * scale[i] + shift[i];
            const double by = (double)g[r * c + i];
            const double dz = z < 0 ? (double)slope[i] * by : by;

            if (fabsf(z) < 1e-6f)
                return; /* its sign may depend on contraction */
            want[0] += dz;
            want[1] +=
                dz * ((double)x[r * c + i] - (double)mean[i]) * (double)inverse[i];
            want[2] += z < 0 ? by * (double)z : 0;
        }
        for (size_t q = 0; q < 3; q++)
            check_true(fabs(sums[q * c + i] - want[q]) <= CHECK_U * 90 * 4 * (double)n,
                       "%s: gradient sums", isa->name);
    }
    k->norm_grad_apply(&a);
    for (size_t i = 0; i < n * c; i++) {
        const size_t o = i % c;
        const float z = x[i] * scale[o] + shift[o];
        const double dz = z < 0 ? (double)slope[o] * (double)g[i] : (double)g[i];
        const double want = (double)scale[o] * (dz - (double)m1[o] -
                                                ((double)x[i] - (double)mean[o]) *
                                                    (double)inverse[o] * (double)m2[o]);

        check_true(fabs((double)out[i] - want) <= CHECK_U * 40, "%s: gradient by x",
                   isa->name);
    }
    free(sums);
    check_free_all();
}

static void normalisations(void **state)
{
    static const size_t channels[] = { 1, 7, 15, 16, 17, 32, 40, 65 };
    static const size_t rows[] = { 1, 2, 63, 64, 65, 200 };
    check_isa isas[CHECK_MAX_ISAS];
    const int n_isas = check_isas(isas);

    (void)state;
    for (int i = 0; i < n_isas; i++)
        for (size_t r = 0; r < sizeof rows / sizeof rows[0]; r++)
            for (size_t c = 0; c < sizeof channels / sizeof channels[0]; c++)
                norm_case(rows[r], channels[c], &isas[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(convolutions),
        cmocka_unit_test(pairs),
        cmocka_unit_test(normalisations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
