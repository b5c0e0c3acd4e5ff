/* Makers of what sums over windows, rows and axes: Conv, pools, norms, products. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "random/makers.h"

/* ---- windows ---- */

typedef struct window {
    int32_t n_axes;
    int64_t kernel[2], stride[2], dilation[2], pads[4], out[2];
    const char *auto_pad; /* NULL: pads */
    bool ceil_mode;
} window;

static int64_t extent(const window *w, int32_t i, int64_t in)
{
    const int64_t reach = (w->kernel[i] - 1) * w->dilation[i] + 1, s = w->stride[i];
    const int64_t pad = w->auto_pad ? 0 : w->pads[i] + w->pads[i + w->n_axes];

    if (w->auto_pad && w->auto_pad[0] == 'S')
        return in > 0 ? (in + s - 1) / s : 0;
    if (in + pad < reach)
        return 0;
    int64_t n = (in + pad - reach + (w->ceil_mode ? s - 1 : 0)) / s + 1;

    if (w->ceil_mode && (n - 1) * s >= in + (w->auto_pad ? 0 : w->pads[i]))
        n--;
    return n;
}

static bool draw_window(random_graph *t, const random_value *x, bool ceil_mode,
                        window *w)
{
    static const char *const modes[] = { "SAME_UPPER", "SAME_LOWER", "VALID" };
    const bool odd = once_in(t, 4); /* else square, as networks are */

    *w = (window){ .n_axes = x->rank - 2, .ceil_mode = ceil_mode };
    if (once_in(t, 8))
        w->auto_pad = modes[draw(t, 3)];
    for (int32_t i = 0; i < w->n_axes; i++) {
        if (i == 0 || odd) {
            w->kernel[i] = draw(t, 2) ? 3 : 1 + draw(t, 4);
            w->stride[i] = draw(t, 2) ? 1 : 1 + draw(t, 3);
            w->dilation[i] = once_in(t, 6) ? 2 + draw(t, 2) : 1;
            for (int k = 0; k < 2; k++)
                w->pads[i + k * w->n_axes] =
                    odd ? draw(t, (uint32_t)w->kernel[i]) : w->kernel[i] / 2;
        } else {
            w->kernel[i] = w->kernel[0];
            w->stride[i] = w->stride[0];
            w->dilation[i] = w->dilation[0];
            w->pads[i] = w->pads[0];
            w->pads[i + w->n_axes] = w->pads[w->n_axes];
        }
    }
    for (int32_t i = 0; i < w->n_axes; i++) {
        w->out[i] = extent(w, i, x->dims[2 + i]);
        if (w->out[i] < 1)
            return false;
    }
    return true;
}

static int list(char *to, size_t cap, const char *name, const int64_t *v, int32_t n)
{
    char text[DIMS_TEXT];

    return snprintf(to, cap, " %s=[%s]", name, text_of(v, n, text));
}

static void window_text(const window *w, bool kernel, char *to, size_t cap)
{
    size_t n = 0;

    to[0] = '\0';
    if (kernel)
        n += (size_t)list(to, cap, "kernel_shape", w->kernel, w->n_axes);
    n += (size_t)list(to + n, cap - n, "strides", w->stride, w->n_axes);
    if (w->dilation[0] > 1 || w->dilation[1] > 1)
        n += (size_t)list(to + n, cap - n, "dilations", w->dilation, w->n_axes);
    if (w->auto_pad)
        n += (size_t)snprintf(to + n, cap - n, " auto_pad=%s", w->auto_pad);
    else
        n += (size_t)list(to + n, cap - n, "pads", w->pads, 2 * w->n_axes);
    if (w->ceil_mode)
        snprintf(to + n, cap - n, " ceil_mode=1");
}

double conv_error(const random_graph *t, int64_t c, const int64_t kernel[2])
{
    const double direct = (double)(c * kernel[0] * kernel[1] + 4);

    if (t->winograd == KAO_WINOGRAD_NEVER || kernel[0] != 3 || kernel[1] != 3)
        return direct;
    return direct +
           (double)(c + 24) * (t->winograd == KAO_WINOGRAD_BY_2 ? 4 * 4 : 29.4 * 29.4);
}

bool make_conv(random_graph *t)
{
    static const int64_t counts[] = { 1, 2, 3, 4, 8, 10, 16, 17, 24, 33 };
    const random_value *x = pick(t, KAO_T_F32, once_in(t, 4) ? 3 : 4, 4);
    int64_t groups = 1, oc = counts[draw(t, 10)];
    char attributes[224], group[24];
    window w;

    if (!x || x->m > MAX_M || x->dims[1] < 1 || !draw_window(t, x, false, &w))
        return false;
    if (once_in(t, 4)) { /* depthwise, sometimes two outputs a channel */
        groups = x->dims[1];
        oc = groups * (once_in(t, 4) ? 2 : 1);
    } else if (once_in(t, 5) && x->dims[1] % 2 == 0 && oc % 2 == 0) {
        groups = 2;
    }
    const int64_t out[4] = { x->dims[0], oc, w.out[0], w.out[1] };
    const int64_t shape[4] = { oc, x->dims[1] / groups, w.kernel[0], w.kernel[1] };
    const int64_t k = shape[1] * w.kernel[0] * (w.n_axes > 1 ? w.kernel[1] : 1);

    if (!fits_graph(t, out, x->rank) || product(out, x->rank) * k > MAX_WORK)
        return false;
    window_text(&w, once_in(t, 2), attributes, sizeof attributes);
    snprintf(group, sizeof group, " group=%lld", (long long)groups);
    if (groups > 1)
        strcat(attributes, group);
    const char *weight = weights(t, x->rank, shape, oc, false);
    const char *bias = once_in(t, 3) ? "" : constant(t, KAO_F32, 1, &oc, -0.25, 0.25);
    const double m = x->m + 0.25;
    const int64_t sides[2] = { w.kernel[0], w.n_axes > 1 ? w.kernel[1] : 1 };
    const double error = conv_error(t, shape[1], sides);

    emit3(t, "Conv", x->name, weight, bias,
          push(t, KAO_F32, x->rank, out, m, x->e + error * ROUNDING * m)->name,
          attributes);
    return true;
}

static bool pool(random_graph *t, bool average)
{
    const uint32_t types = !average && once_in(t, 6) ? KAO_T_U8 | KAO_T_I8 : KAO_T_F32;
    const random_value *x = pick(t, types, once_in(t, 4) ? 3 : 4, 4);
    char attributes[224], out[32];
    window w;

    if (!x || !draw_window(t, x, once_in(t, 3), &w))
        return false;
    const int64_t dims[4] = { x->dims[0], x->dims[1], w.out[0], w.out[1] };
    const double taps = (double)(w.kernel[0] * (w.n_axes > 1 ? w.kernel[1] : 1));

    if (!fits_graph(t, dims, x->rank))
        return false;
    window_text(&w, true, attributes, sizeof attributes);
    if (average && once_in(t, 2))
        strcat(attributes, " count_include_pad=1");
    const bool empty = !average && x->dtype == KAO_F32 && w.dilation[0] > 1;
    const double m = empty ? HUGE_VAL : fmax(x->m, 128); /* a window of no pixel */
    const random_value *y = push(t, x->dtype, x->rank, dims, average ? x->m : m,
                                 average ? x->e + (taps + 4) * ROUNDING * x->m : x->e);

    snprintf(out, sizeof out, "%s", y->name);
    if (!average && x->e == 0 && t->opset >= 8 && once_in(t, 4)) {
        const random_value *index = push(t, KAO_I64, x->rank, dims, MAX_COUNT, 0);

        snprintf(out, sizeof out, "%s %s", y->name, index->name);
        if (once_in(t, 2))
            strcat(attributes, " storage_order=1");
    }
    emit(t, average ? "AveragePool" : "MaxPool", x->name, out, attributes);
    return true;
}

static bool make_max_pool(random_graph *t)
{
    return pool(t, false);
}

static bool make_average_pool(random_graph *t)
{
    return pool(t, true);
}

static bool make_global_pool(random_graph *t)
{
    const random_value *x = pick(t, KAO_T_F32, 3, 5);
    int64_t dims[KAO_MAX_RANK];

    if (!x || product(x->dims, x->rank) < 1)
        return false;
    memcpy(dims, x->dims, sizeof dims);
    for (int32_t i = 2; i < x->rank; i++)
        dims[i] = 1;
    if (!fits_graph(t, dims, x->rank))
        return false;
    const double n = (double)product(x->dims + 2, x->rank - 2);
    const bool max = once_in(t, 3);

    emit(t, max ? "GlobalMaxPool" : "GlobalAveragePool", x->name,
         push(t, KAO_F32, x->rank, dims, x->m,
              x->e + (max ? 0 : (n + 4) * ROUNDING * x->m))
             ->name,
         "");
    return true;
}

/* ---- norms ---- */

bool make_norm(random_graph *t)
{
    const random_value *x = pick(t, KAO_T_F32, 2, 5);
    const double k = 1.2 / sqrt(0.3);
    int64_t dims[KAO_MAX_RANK];
    int32_t rank = 1;
    char in[96], out[96];

    if (!x || x->m > MAX_M / 2 || product(x->dims, x->rank) < 1 ||
        !fits_graph(t, x->dims, x->rank))
        return false;
    memcpy(dims, x->dims + 1, sizeof dims - sizeof *dims);
    if (once_in(t, 12)) /* a statistic for each place of a picture */
        rank = x->rank - 1;
    const char *scale = constant(t, KAO_F32, rank, dims, -1.2, 1.2),
               *b = constant(t, KAO_F32, rank, dims, -0.2, 0.2),
               *mean = constant(t, KAO_F32, rank, dims, -0.2, 0.2),
               *var = constant(t, KAO_F32, rank, dims, 0.3, 1);
    const double m = k * (x->m + 0.2) + 0.2;
    const random_value *y = push_like(t, x, m, k * x->e + 8 * ROUNDING * m);

    snprintf(in, sizeof in, "%s %s %s %s %s", x->name, scale, b, mean, var);
    snprintf(out, sizeof out, "%s", y->name);
    if (t->opset < 14 && once_in(t, 6)) { /* old exporters name the statistics */
        const random_value *m1 = push(t, KAO_F32, rank, dims, 0.2, 0);
        const random_value *v1 = push(t, KAO_F32, rank, dims, 1, 0);

        snprintf(out, sizeof out, "%s %s %s", y->name, m1->name, v1->name);
    }
    emit(t, "BatchNormalization", in, out, once_in(t, 2) ? "" : "epsilon=0.001");
    return true;
}

/* ---- products ---- */

bool make_matmul(random_graph *t)
{
    static const int64_t counts[] = { 1, 2, 3, 5, 8, 16, 17, 20 };
    const random_value *x = pick(t, KAO_T_F32, 1, 5);
    int64_t out[KAO_MAX_RANK];
    int32_t rank = 0;

    if (!x || x->m > MAX_M || x->dims[x->rank - 1] < 1)
        return false;
    const int64_t k = x->dims[x->rank - 1], n = counts[draw(t, 8)];
    const uint32_t kind = draw(t, 8); /* of b: 0 a vector, 1 a matrix for each of x's */
    const bool several = kind == 1 && x->rank > 2;
    const int64_t shape[3] = { several ? x->dims[x->rank - 3] : k, several ? k : n, n };

    for (int32_t i = 0; i + 1 < x->rank; i++)
        out[rank++] = x->dims[i];
    if (kind != 0)
        out[rank++] = n;
    if (!fits_graph(t, out, rank) || product(out, rank) * k > MAX_WORK ||
        (several && product(shape, 3) > MAX_COUNT))
        return false;
    const char *b;
    double m = x->m;

    if (several) { /* not scaled: sums of K numbers below 1/K */
        b = constant(t, KAO_F32, 3, shape, -1 / (double)k, 1 / (double)k);
    } else {
        b = weights(t, kind ? 2 : 1, shape, kind ? n : 1, kind != 0);
    }
    m *= 1.001;
    emit3(t, "MatMul", x->name, b, "",
          push(t, KAO_F32, rank, out, m, x->e + (double)(k + 4) * ROUNDING * m)->name,
          "");
    return true;
}

/* A value times its own transpose: no operand is constant. */
static bool make_gram(random_graph *t)
{
    const random_value *x = pick(t, KAO_T_F32, 2, 3);

    if (!x || x->m > 4 || product(x->dims, x->rank) < 1)
        return false;
    const int64_t m = x->dims[x->rank - 2], k = x->dims[x->rank - 1];
    int64_t flipped[3] = { x->dims[0], k, m }, out[3] = { x->dims[0], m, m };
    const double top = (double)k * x->m * x->m;

    if (x->rank == 2)
        flipped[0] = k, flipped[1] = m, out[0] = out[1] = m;
    if (!fits_graph(t, out, x->rank) || m * m * k > MAX_WORK)
        return false;
    const random_value *f = push(t, KAO_F32, x->rank, flipped, x->m, x->e);
    const random_value *y = push(t, KAO_F32, x->rank, out, top,
                                 (double)k * (2 * x->m * x->e + x->e * x->e) +
                                     (double)(k + 4) * ROUNDING * top);

    emit(t, "Transpose", x->name, f->name,
         x->rank == 2 ? "perm=[1,0]" : "perm=[0,2,1]");
    emit3(t, "MatMul", x->name, f->name, "", y->name, "");
    return true;
}

static const char *gemm_c(random_graph *t, int64_t m, int64_t n)
{
    const int64_t shapes[6][2] = { { 1, 0 }, { n, 0 }, { 1, n },
                                   { m, 1 }, { m, n }, { 1, 1 } };
    const uint32_t kind = draw(t, 8);

    if (kind == 7)
        return "";
    if (kind == 6)
        return constant(t, KAO_F32, 0, NULL, -0.5, 0.5);
    return constant(t, KAO_F32, kind < 2 ? 1 : 2, shapes[kind], -0.5, 0.5);
}

static bool make_gemm(random_graph *t)
{
    static const char *const factors[] = { "", " alpha=0.5", " beta=-0.5",
                                           " alpha=0.0 beta=2.0", " alpha=-1.5" };
    static const int64_t counts[] = { 1, 2, 3, 7, 8, 16, 17, 33 };
    const random_value *x = pick(t, KAO_T_F32, 2, 2);
    char attributes[64];

    if (!x || x->m > MAX_M || product(x->dims, 2) < 1)
        return false;
    const bool flip_a = once_in(t, 5), flip_b = once_in(t, 2);
    const int64_t m = x->dims[flip_a], k = x->dims[!flip_a], n = counts[draw(t, 8)];
    const int64_t out[2] = { m, n }, shape[2] = { flip_b ? n : k, flip_b ? k : n };

    if (!fits_graph(t, out, 2) || m * n * k > MAX_WORK)
        return false;
    snprintf(attributes, sizeof attributes, "%s%s%s", flip_a ? " transA=1" : "",
             flip_b ? " transB=1" : "", factors[draw(t, 5)]);
    const char *b = weights(t, 2, shape, n, !flip_b), *c = gemm_c(t, m, n);
    const double top = 1.5 * x->m + 1;

    emit3(t, "Gemm", x->name, b, c,
          push(t, KAO_F32, 2, out, top, 1.5 * x->e + (double)(k + 6) * ROUNDING * top)
              ->name,
          attributes);
    return true;
}

random_maker *const window_makers[] = {
    make_conv,        make_conv, make_conv, make_max_pool, make_average_pool,
    make_global_pool, make_norm, make_norm, make_matmul,   make_matmul,
    make_gram,        make_gemm, NULL,
};
