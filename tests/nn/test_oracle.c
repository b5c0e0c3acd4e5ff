/* The oracle: a random network planned with each choice of passes on each ISA gives what the
 * generic form of every node gives on the reference kernels.
 *
 * The bound is computed beside the network. Each value carries the largest magnitude M that
 * its elements can have and the largest error E of the fast form (the generic form sums in
 * double, so its own error of one rounding an operator is counted with it). Weights are
 * scaled to sum|w| <= 1 for each output, so a convolution of K products has (kernels/conv.h)
 *     M' = M + |b|,   E' = E + (K + 4) u (M + |b|),   u = FLT_EPSILON / 2. */
#include "support/unit.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "support/fixture.h"

enum { NETS = 40, LAYERS = 14, MAX_VALUES = 64, MAX_LEVELS = 4 };

static const double u = (double)FLT_EPSILON / 2;

typedef struct value {
    char name[24];
    int c, h, w;
    double m, e;
} value;

typedef struct net {
    graph g;
    uint32_t seed, draws, n_names;
    int batch;
    value v[MAX_VALUES];
    int n;
    double out_e[32];
    int n_out;
} net;

static uint32_t draw(net *t, uint32_t below)
{
    return (uint32_t)((noise(t->seed, t->draws++) + 1) / 2 * (float)below) % below;
}

static const char *name_for(net *t, const char *kind)
{
    static char text[8][24];
    char *to = text[t->n_names % 8];

    snprintf(to, sizeof text[0], "%s%u", kind, t->n_names++);
    return to;
}

static value *push(net *t, int c, int h, int w, double m, double e)
{
    value *v = &t->v[t->n++];

    *v = (value){ .c = c, .h = h, .w = w, .m = m, .e = e };
    snprintf(v->name, sizeof v->name, "v%d", t->n);
    return v;
}

static void emit(net *t, const char *op, const char *a, const char *b, const char *c,
                 const char *out, const char *attributes)
{
    char args[160];

    snprintf(args, sizeof args, "%s %s %s", a, b, c);
    graph_node(&t->g, op, args, out, attributes);
}

/* oc x k weights with sum|w| <= 1 a row. */
static void put_weights(net *t, const char *name, const char *dims, int oc, int k)
{
    float *w = malloc((size_t)oc * (size_t)k * sizeof *w);
    const uint32_t seed = 1000 + t->draws++ + t->seed * 131;

    assert_non_null(w);
    for (int o = 0; o < oc; o++) {
        double sum = 1e-9;

        for (int i = 0; i < k; i++)
            sum += fabs((double)noise(seed, (uint32_t)(o * k + i)));
        for (int i = 0; i < k; i++)
            w[o * k + i] = (float)((double)noise(seed, (uint32_t)(o * k + i)) / sum);
    }
    graph_floats(&t->g, name, dims, w);
    free(w);
}

typedef struct conv_form {
    int oc, kernel, stride, pad, dilation, groups;
} conv_form;

static void conv(net *t, const value *in, conv_form f)
{
    const int reach = (f.kernel - 1) * f.dilation + 1, per = in->c / f.groups;
    const int k = per * f.kernel * f.kernel;
    const double m = in->m + 0.25;
    char dims[40], attributes[160], w[24], b[24];

    snprintf(w, sizeof w, "%s", name_for(t, "w"));
    snprintf(b, sizeof b, "%s", draw(t, 4) ? name_for(t, "b") : "-");
    snprintf(dims, sizeof dims, "%d,%d,%d,%d", f.oc, per, f.kernel, f.kernel);
    put_weights(t, w, dims, f.oc, k);
    snprintf(dims, sizeof dims, "%d", f.oc);
    if (b[0] != '-')
        graph_noise(&t->g, b, dims, t->seed + t->draws, 0.25f);
    snprintf(attributes, sizeof attributes,
             "strides=[%d,%d] pads=[%d,%d,%d,%d] dilations=[%d,%d] group=%d", f.stride,
             f.stride, f.pad, f.pad, f.pad, f.pad, f.dilation, f.dilation, f.groups);
    const value *out =
        push(t, f.oc, (in->h + 2 * f.pad - reach) / f.stride + 1,
             (in->w + 2 * f.pad - reach) / f.stride + 1, m, in->e + (k + 4) * u * m);

    emit(t, "Conv", in->name, w, b, out->name, attributes);
}

static void random_conv(net *t, const value *in)
{
    static const int counts[] = { 1, 3, 4, 8, 10, 16, 17, 24, 32 };
    const int kind = (int)draw(t, 4), small = in->h < 4 || in->w < 4;
    conv_form f = { .oc = counts[draw(t, COUNT(counts))],
                    .kernel = 1,
                    .stride = 1,
                    .dilation = 1,
                    .groups = 1 };

    if (kind > 0 && !small) {
        f.kernel = draw(t, 3) ? 3 : 2;
        f.pad = f.kernel == 3 && draw(t, 4) > 0;
        f.stride = draw(t, 3) == 0 ? 2 : 1;
    }
    if (kind == 2) /* depthwise, sometimes with two outputs a channel */
        f.oc = (f.groups = in->c) * (draw(t, 5) == 0 ? 2 : 1);
    if (kind == 3 && in->c % 2 == 0 && f.oc % 2 == 0)
        f.groups = 2;
    if (f.kernel == 3 && f.pad == 0 && in->h > 6 && in->w > 6 && draw(t, 3) == 0)
        f.dilation = 2;
    conv(t, in, f);
}

static void norm(net *t, const value *in)
{
    static const char *const kinds[] = { "scale", "beta", "mean", "var" };
    char names[4][24], args[160], dims[12];
    const double k = 1.2 / sqrt(0.5), m = k * (in->m + 0.2) + 0.2;

    snprintf(dims, sizeof dims, "%d", in->c);
    for (uint32_t i = 0; i < 4; i++) {
        snprintf(names[i], sizeof names[i], "%s", name_for(t, kinds[i]));
        graph_noise_around(&t->g, names[i], dims, t->seed * 7 + t->draws++,
                           i == 3 ? 0.5f : 0.2f, i % 3 == 0 ? 1 : 0);
    }
    snprintf(args, sizeof args, "%s %s %s %s %s", in->name, names[0], names[1],
             names[2], names[3]);
    /* folded, each weight and the bias are rounded once more */
    const value *out = push(t, in->c, in->h, in->w, m, k * in->e + 8 * u * m);

    graph_node(&t->g, "BatchNormalization", args, out->name, "");
}

static void activation(net *t, const value *in)
{
    static const char *const ops[] = { "Relu", "LeakyRelu", "PRelu", "Clip",
                                       "Sigmoid" };
    const uint32_t kind = draw(t, COUNT(ops));
    const value *out = push(t, in->c, in->h, in->w, kind == 4 ? 1 : in->m,
                            kind == 4 ? in->e / 4 + 16 * u : in->e + 2 * u * in->m);
    char dims[24], a[24] = "", b[24] = "";
    static const float bounds[2] = { -0.3f, 0.4f };

    if (kind == 2) {
        snprintf(a, sizeof a, "%s", name_for(t, "slope"));
        snprintf(dims, sizeof dims, draw(t, 4) ? "%d,1,1" : "1", in->c);
        graph_noise_around(&t->g, a, dims, t->seed + t->draws, 0.3f, 0.3f);
    }
    if (kind == 3) {
        snprintf(a, sizeof a, "%s", name_for(t, "lo"));
        snprintf(b, sizeof b, "%s", name_for(t, "hi"));
        graph_floats(&t->g, a, "", &bounds[0]);
        graph_floats(&t->g, b, "", &bounds[1]);
    }
    emit(t, ops[kind], in->name, a, b, out->name, kind == 1 ? "alpha=0.1" : "");
}

static void silu(net *t, const value *in)
{
    const char *gate = name_for(t, "gate");
    const value *out =
        push(t, in->c, in->h, in->w, in->m, 1.1 * in->e + 20 * u * in->m);

    emit(t, "Sigmoid", in->name, "", "", gate, "");
    emit(t, "Mul", in->name, gate, "", out->name, "");
}

/* Another value with the same picture, and the same channels where asked; or NULL. */
static const value *partner(net *t, const value *in, bool same_channels)
{
    for (int i = t->n - 1; i >= 0; i--) {
        const value *v = &t->v[i];

        if (v != in && v->h == in->h && v->w == in->w &&
            (!same_channels || v->c == in->c) && draw(t, 2))
            return v;
    }
    return NULL;
}

static void join(net *t, const value *in)
{
    const bool add = draw(t, 2);
    const value *b = partner(t, in, add);
    const value *left = draw(t, 2) ? in : b, *right = left == in ? b : in;

    if (!b || (!add && in->c + b->c > 64))
        return;
    const value *out =
        add ? push(t, in->c, in->h, in->w, in->m + b->m,
                   in->e + b->e + u * (in->m + b->m))
            : push(t, in->c + b->c, in->h, in->w, fmax(in->m, b->m), fmax(in->e, b->e));

    emit(t, add ? "Add" : "Concat", left->name, right->name, "", out->name,
         add ? "" : "axis=1");
}

/* conv, activation, Add, activation: each activation may be missing, and the sum may come
 * from either side, so that all orders of an epilogue are planned. */
static void residual(net *t, const value *in)
{
    conv(t, in, (conv_form){ in->c, 1, 1, 0, 1, 1 });
    value v = t->v[t->n - 1];

    if (draw(t, 2)) {
        activation(t, &v);
        v = t->v[t->n - 1];
    }
    const double m = v.m + in->m;
    const bool left = draw(t, 2);
    const value *out = push(t, in->c, in->h, in->w, m, v.e + in->e + u * m);

    emit(t, "Add", left ? v.name : in->name, left ? in->name : v.name, "", out->name,
         "");
    v = *out;
    if (draw(t, 2))
        activation(t, &v);
}

static void pool(net *t, const value *in)
{
    const bool average = draw(t, 2), pad = draw(t, 2);
    char attributes[128];

    if (in->h < 4 || in->w < 4)
        return;
    snprintf(attributes, sizeof attributes,
             "kernel_shape=[3,3] strides=[2,2] pads=[%d,%d,%d,%d]%s", pad, pad, pad,
             pad, average && draw(t, 2) ? " count_include_pad=1" : "");
    const value *out =
        push(t, in->c, (in->h + 2 * pad - 3) / 2 + 1, (in->w + 2 * pad - 3) / 2 + 1,
             in->m, in->e + (average ? 12 * u * in->m : 0));

    emit(t, average ? "AveragePool" : "MaxPool", in->name, "", "", out->name,
         attributes);
}

static void enlarge(net *t, const value *in)
{
    const float k[4] = { 1, 1, 2, 2 };
    const char *scales = name_for(t, "k");

    if (in->h > 12 || in->w > 12)
        return;
    const bool linear = draw(t, 4) == 0;
    const value *out =
        push(t, in->c, 2 * in->h, 2 * in->w, in->m, in->e + 4 * u * in->m);

    graph_floats(&t->g, scales, "4", k);
    emit(t, "Resize", in->name, "-", scales, out->name,
         linear ? "mode=linear"
                : "mode=nearest coordinate_transformation_mode=asymmetric "
                  "nearest_mode=floor");
}

static void cut(net *t, const value *in)
{
    const int half = in->c / 2;
    char out[64], attributes[40];

    if (half < 1)
        return;
    if (draw(t, 2)) {
        const int64_t v[3] = { half, in->c, 1 };
        const char *a = name_for(t, "s"), *b = name_for(t, "s"),
                   *axis = name_for(t, "s");

        graph_ints(&t->g, a, "1", &v[0]);
        graph_ints(&t->g, b, "1", &v[1]);
        graph_ints(&t->g, axis, "1", &v[2]);
        const value *right = push(t, in->c - half, in->h, in->w, in->m, in->e);
        char args[120];

        snprintf(args, sizeof args, "%s %s %s %s", in->name, a, b, axis);
        graph_node(&t->g, "Slice", args, right->name, "");
        return;
    }
    const value *left = push(t, half, in->h, in->w, in->m, in->e);
    const value *right = push(t, in->c - half, in->h, in->w, in->m, in->e);

    snprintf(out, sizeof out, "%s %s", left->name, right->name);
    snprintf(attributes, sizeof attributes, "axis=1 split=[%d,%d]", half, in->c - half);
    graph_node(&t->g, "Split", in->name, out, attributes);
}

static void shuffle(net *t, const value *in)
{
    const int64_t wide[5] = { t->batch, 2, in->c / 2, in->h, in->w },
                  flat[4] = { t->batch, in->c, in->h, in->w };
    const char *a = name_for(t, "s"), *b = name_for(t, "s"), *x = name_for(t, "x"),
               *y = name_for(t, "x");

    if (in->c % 2)
        return;
    const value *out = push(t, in->c, in->h, in->w, in->m, in->e);

    graph_ints(&t->g, a, "5", wide);
    graph_ints(&t->g, b, "4", flat);
    emit(t, "Reshape", in->name, a, "", x, "");
    emit(t, "Transpose", x, "", "", y, "perm=[0,2,1,3,4]");
    emit(t, "Reshape", y, b, "", out->name, "");
}

/* ---- outputs ---- */

static void output(net *t, const char *name, double e)
{
    graph_output(&t->g, name, KAO_F32, NULL);
    t->out_e[t->n_out++] = e;
}

/* Sibling heads as detectors have them: 1x1, depthwise 3x3, rows. */
static void heads(net *t, const value *in)
{
    static const int channels[4] = { 1, 1, 4, 10 };
    const value from = *in;

    for (int i = 0; i < 4; i++) {
        const int64_t rows[3] = { t->batch, -1, channels[i] };
        const char *shape = name_for(t, "rows"), *x = name_for(t, "t"),
                   *y = name_for(t, "head");

        conv(t, &from, (conv_form){ channels[i], 1, 1, 0, 1, 1 });
        const value mid = t->v[t->n - 1];

        conv(t, &mid, (conv_form){ channels[i], 3, 1, 1, 1, channels[i] });
        const value *last = &t->v[t->n - 1];

        graph_ints(&t->g, shape, "3", rows);
        emit(t, "Transpose", last->name, "", "", x, "perm=[0,2,3,1]");
        emit(t, "Reshape", x, shape, "", y, "");
        output(t, y, last->e);
    }
}

static void vector(net *t, const value *in)
{
    const int k = in->c * in->h * in->w;
    const char *flat = name_for(t, "flat"), *w = name_for(t, "w"),
               *y = name_for(t, "fc");
    char dims[32];

    if (k > 4096)
        return;
    snprintf(dims, sizeof dims, "7,%d", k);
    put_weights(t, w, dims, 7, k);
    emit(t, "Flatten", in->name, "", "", flat, "");
    emit(t, "Gemm", flat, w, "", y, "transB=1");
    output(t, y, in->e + (k + 4) * u * in->m);
}

static void global(net *t, const value *in)
{
    const char *y = name_for(t, "gap");

    emit(t, "GlobalAveragePool", in->name, "", "", y, "");
    output(t, y, in->e + (in->h * in->w + 4) * u * in->m);
}

/* Maps large enough that two convolutions run band by band. */
static pb make_pairs(net *t)
{
    *t = (net){ .seed = 7, .batch = 1 };
    graph_init(&t->g, 12);
    value in = *push(t, 8, 128, 130, 1, 0);

    graph_input(&t->g, in.name, KAO_F32, "1,8,128,130");
    conv(t, &in, (conv_form){ 64, 1, 1, 0, 1, 1 });
    in = t->v[t->n - 1];
    conv(t, &in, (conv_form){ 64, 3, 2, 1, 1, 64 });
    in = t->v[t->n - 1];
    activation(t, &in);
    in = t->v[t->n - 1];
    conv(t, &in, (conv_form){ 48, 1, 1, 0, 1, 1 });
    in = t->v[t->n - 1];
    conv(t, &in, (conv_form){ 48, 3, 1, 1, 1, 48 });
    in = t->v[t->n - 1];
    conv(t, &in, (conv_form){ 17, 1, 1, 0, 1, 1 });
    output(t, t->v[t->n - 1].name, t->v[t->n - 1].e);
    return graph_file(&t->g);
}

static pb make_net(net *t, uint32_t seed)
{
    static void (*const layers[])(net * t, const value *in) = {
        random_conv, random_conv, random_conv, norm, activation, activation, silu,
        join,        residual,    residual,    pool, cut,        shuffle,    enlarge,
    };
    char dims[40];

    *t = (net){ .seed = seed };
    graph_init(&t->g, 12);
    t->batch = 1 + (int)draw(t, 3);
    value *x = push(t, 3, 6 + (int)draw(t, 15), 6 + (int)draw(t, 15), 1, 0);

    snprintf(dims, sizeof dims, "%d,3,%d,%d", t->batch, x->h, x->w);
    graph_input(&t->g, x->name, KAO_F32, dims);
    for (int i = 0; i < LAYERS; i++) {
        const value in = t->v[draw(t, 3) ? t->n - 1 : (int)draw(t, (uint32_t)t->n)];

        layers[draw(t, COUNT(layers))](t, &in);
    }
    const value last = t->v[t->n - 1];

    if (draw(t, 2))
        heads(t, &last);
    if (draw(t, 2))
        vector(t, &last);
    if (draw(t, 2))
        global(t, &last);
    output(t, last.name, last.e);
    output(t, t->v[t->n / 2].name, t->v[t->n / 2].e);
    return graph_file(&t->g);
}

/* ---- comparing ---- */

enum { MAX_NUMBERS = 1 << 18 };

static float wanted[MAX_NUMBERS];

static kao_session *run(kao_context *ctx, const net *t, const pb *file, uint32_t passes,
                        kao_network **m)
{
    static float x[8 * 128 * 130];
    char dims[40];
    kao_session *s = NULL;
    kao_error err = { 0 };

    for (uint32_t i = 0; i < COUNT(x); i++)
        x[i] = noise(t->seed + 99, i);
    snprintf(dims, sizeof dims, "%d,%d,%d,%d", t->batch, t->v[0].c, t->v[0].h,
             t->v[0].w);
    const kao_tensor in = tensor_of(dims, x);

    if (run_graph(ctx, file, passes, &in, 1, m, &s, &err))
        fail_msg("net %u, passes %u: %s", t->seed, passes, err.msg);
    return s;
}

static void keep(const net *t, const kao_session *s)
{
    size_t at = 0;

    for (uint32_t i = 0; i < (uint32_t)t->n_out; i++) {
        const kao_tensor *o = kao_session_output(s, i);
        const size_t n = (size_t)kao_tensor_count(o);

        assert_true(at + n <= MAX_NUMBERS);
        memcpy(wanted + at, o->data, n * sizeof *wanted);
        at += n;
    }
}

/* The worst error as a share of the bound. */
static double compare(const net *t, const kao_session *s)
{
    const float *want = wanted;
    double worst = 0;

    for (uint32_t i = 0; i < (uint32_t)t->n_out; i++) {
        const kao_tensor *o = kao_session_output(s, i);
        const int64_t n = kao_tensor_count(o);

        for (int64_t k = 0; k < n; k++) {
            const double d =
                fabs((double)((const float *)o->data)[k] - (double)want[k]) /
                (t->out_e[i] + 1e-30);

            worst = d > worst || d != d ? d : worst;
        }
        want += n;
    }
    return worst;
}

static unsigned seen[KAO_KERNEL_COUNT]; /* entries by kernel, over all plans */

static double check_passes(kao_context *ctx, const net *t, const pb *file,
                           uint32_t passes)
{
    kao_network *m = NULL;
    kao_session *s = run(ctx, t, file, passes, &m);
    const double worst = compare(t, s);

    if (!(worst <= 1))
        fail_msg("net %u on %s, passes %u: %.3g of the bound", t->seed,
                 kao_context_cpu(ctx), passes, worst);
    const kao_plan *plan = kao_session_plan(s);

    for (uint32_t i = 0; i < plan->n_entries; i++)
        seen[plan->entries[i].kernel]++;
    kao_session_destroy(s);
    kao_network_destroy(m);
    return worst;
}

static void all_plans_agree(void **state)
{
    kao_context *ctx[MAX_LEVELS] = { NULL };
    double worst = 0;

    (void)state;
    for (size_t i = 0; kao_cpu_level_at(i); i++) { /* those that the machine has */
        const kao_context_options o = { .n_threads = 1 + (uint32_t)i,
                                        .cpu = kao_cpu_level_at(i)->name };

        assert_true(i < COUNT(ctx));
        const kao_status st = kao_context_create(&ctx[i], &o, NULL);

        assert_true(st == KAO_OK || (i > 0 && st == KAO_E_UNSUPPORTED));
    }
    for (uint32_t seed = 0; seed <= NETS; seed++) {
        net t;
        pb file = seed ? make_net(&t, seed) : make_pairs(&t);
        kao_network *m = NULL;
        kao_session *s = run(ctx[0], &t, &file, 0, &m);

        keep(&t, s);
        kao_session_destroy(s);
        kao_network_destroy(m);
        for (size_t i = 0; i < COUNT(ctx) && ctx[i]; i++) {
            worst = fmax(worst, check_passes(ctx[i], &t, &file, KAO_PASS_ALL));
            for (uint32_t bit = 1; bit < KAO_PASS_ALL; bit *= 2) {
                check_passes(ctx[i], &t, &file, KAO_PASS_CONV | bit);
                if (seed > 0) {
                    check_passes(ctx[i], &t, &file, bit);
                    check_passes(ctx[i], &t, &file, KAO_PASS_ALL & ~bit);
                }
            }
        }
        pb_free(&file);
    }
    for (size_t i = 0; i < COUNT(ctx); i++)
        kao_context_destroy(ctx[i]);
    if (getenv("KAO_TIMES"))
        printf("worst %.3f of the bound\n", worst);
    /* the fast forms have rounded somewhere, and each of them has run */
    assert_true(worst > 0);
    for (int k = 0; k < KAO_KERNEL_COUNT; k++)
        if (k != KAO_KERNEL_EXP && !seen[k])
            fail_msg("no plan has used kernel %s", kao_kernel_name((kao_kernel_id)k));
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(all_plans_agree) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
