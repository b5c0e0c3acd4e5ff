/* One convolution: made, computed in double precision, compared. */
#include "conv_case.h"

#include <stdlib.h>
#include <string.h>

#include "kernels/winograd.h"

static kao_pool *pools[2]; /* 2 and 5 threads */
static kao_mem mem;

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

/* The bounds of Winograd's form: the formula of winograd.h with every number's sign left out. */
static double unsigned_weight(const kao_winograd *f, const float *g, int i, int j)
{
    double u = 0;

    for (int y = 0; y < 3; y++)
        for (int x = 0; x < 3; x++)
            u += fabs(f->g[i][y]) * fabs((double)g[y * 3 + x]) * fabs(f->g[j][x]);
    return u;
}

static double unsigned_input(const conv_data *t, const kao_winograd *f, int n, int y0,
                             int x0, int c, int i, int j)
{
    const kao_conv *d = &t->d;
    double v = 0;

    for (int y = 0; y < f->e; y++)
        for (int x = 0; x < f->e; x++) {
            const int sy = y0 + y - d->pad_top, sx = x0 + x - d->pad_left;

            if (sy >= 0 && sy < d->h && sx >= 0 && sx < d->w)
                v += fabs((double)f->bt[i][y]) * fabs((double)f->bt[j][x]) *
                     fabs((double)t->in[(((size_t)n * (size_t)d->h + (size_t)sy) *
                                             (size_t)d->w +
                                         (size_t)sx) *
                                            (size_t)d->in_stride +
                                        (size_t)c]);
        }
    return v;
}

/* sums: of each channel out the e*e positions of one square. */
static void add_square(const conv_data *t, const kao_winograd *f, const double *u,
                       int n, int y0, int x0, double *sums)
{
    const size_t positions = (size_t)(f->e * f->e), c = (size_t)t->d.c;

    for (size_t i = 0; i < c; i++)
        for (size_t at = 0; at < positions; at++) {
            const double v =
                unsigned_input(t, f, n, y0, x0, (int)i, (int)at / f->e, (int)at % f->e);

            for (size_t o = 0; o < (size_t)t->d.oc; o++)
                sums[o * positions + at] += u[(o * c + i) * positions + at] * v;
        }
}

static void set_square(conv_data *t, const kao_winograd *f, const double *sums, int n,
                       int y0, int x0)
{
    const kao_conv *d = &t->d;
    const double rounds = CHECK_U * (d->c + 24);

    for (int y = 0; y < f->m && y0 + y < d->oh; y++)
        for (int x = 0; x < f->m && x0 + x < d->ow; x++)
            for (int o = 0; o < d->oc; o++) {
                const double slope =
                    d->act == KAO_ACT_SLOPE ? fabs((double)t->slope[o]) : 0;
                const size_t pixel =
                    ((size_t)n * (size_t)d->oh + (size_t)(y0 + y)) * (size_t)d->ow +
                    (size_t)(x0 + x);
                double mag = 0;

                for (int i = 0; i < f->e; i++)
                    for (int j = 0; j < f->e; j++)
                        mag += fabs((double)f->at[y][i]) * fabs((double)f->at[x][j]) *
                               sums[(o * f->e + i) * f->e + j];
                t->bound[pixel * (size_t)d->oc + (size_t)o] +=
                    rounds * mag * fmax(1.2, slope);
            }
}

static void widen_bounds(conv_data *t)
{
    const kao_conv *d = &t->d;
    const kao_winograd *f = kao_winograd_of(d->winograd == KAO_WINOGRAD_BY_2 ? 2 : 4);
    const size_t positions = (size_t)(f->e * f->e),
                 kernels = (size_t)d->oc * (size_t)d->c;
    double *u = malloc(kernels * positions * sizeof *u);
    double *sums = malloc((size_t)d->oc * positions * sizeof *sums);

    for (size_t i = 0; i < kernels; i++)
        for (size_t at = 0; at < positions; at++)
            u[i * positions + at] =
                unsigned_weight(f, t->w + i * 9, (int)at / f->e, (int)at % f->e);
    for (int n = 0; n < d->n; n++)
        for (int y = 0; y < d->oh; y += f->m)
            for (int x = 0; x < d->ow; x += f->m) {
                memset(sums, 0, (size_t)d->oc * positions * sizeof *sums);
                add_square(t, f, u, n, y, x, sums);
                set_square(t, f, sums, n, y, x);
            }
    free(sums);
    free(u);
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
    if (d->winograd)
        widen_bounds(t);
}

static void drop(conv_data *t)
{
    free(t->want);
    free(t->bound);
    check_free_all();
}

void *conv_case_block(size_t bytes)
{
    return check_canaries((bytes + 63) / 64 * 16);
}

static float *run(const conv_data *t, const kao_conv *d, const kao_kernels *k,
                  kao_pool *pool, const void *packed, const float *in, const float *res)
{
    float *out = check_canaries(span(d->n, d->oh, d->ow, d->out_stride, d->oc));
    kao_conv_plan p;

    kao_conv_plan_init(&p, k, d);
    void *scratch = conv_case_block(p.thread_bytes * kao_pool_threads(pool));

    kao_conv_run(k, pool, &p, packed, in, t->res ? res : NULL, out, scratch);
    return out;
}

static void describe(char *s, size_t n, const kao_conv *d)
{
    snprintf(
        s, n, "n%d %dx%dx%d->%dx%dx%d k%dx%d s%d,%d d%d,%d p%d,%d g%d act%d res%d%s",
        d->n, d->h, d->w, d->c, d->oh, d->ow, d->oc, d->kh, d->kw, d->sy, d->sx, d->dy,
        d->dx, d->pad_top, d->pad_left, d->groups, (int)d->act, (int)d->residual,
        d->bf16       ? " bf16"
        : d->winograd ? " winograd"
                      : "");
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
    void *scratch = conv_case_block(p.thread_bytes);
    kao_conv_run(k, NULL, &p, packed, t->in, out, out, scratch);
    same_bits(t, out, want, isa, "the residual in place");
}

void conv_case_check(const kao_conv *d, int with_bias)
{
    check_isa isas[CHECK_MAX_ISAS];
    const int n = check_isas(isas);
    conv_data t;

    make(&t, d, with_bias);
    for (int i = 0; i < n; i++) {
        const kao_kernels *k = &isas[i].k;
        kao_conv_plan p;

        kao_conv_plan_init(&p, k, d);
        void *packed = conv_case_block(p.packed_bytes);

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

kao_conv conv_case(int n, int h, int w, int c, int oc, int k, int s, int dil, int pad,
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

void conv_case_epilogue(kao_conv *d, int act, int residual)
{
    d->act = (kao_act)act;
    d->residual = (kao_residual)residual;
    d->lo = -0.25f;
    d->hi = 1.5f;
}

int conv_case_open(void **state)
{
    (void)state;
    kao_mem_init(&mem, NULL);
    return kao_pool_create(&pools[0], &mem, &(kao_pool_options){ .n_threads = 2 },
                           NULL) ||
           kao_pool_create(&pools[1], &mem, &(kao_pool_options){ .n_threads = 5 },
                           NULL);
}

int conv_case_close(void **state)
{
    (void)state;
    kao_pool_destroy(pools[0]);
    kao_pool_destroy(pools[1]);
    return 0;
}
