/* See head.h. Products of matrices are 1x1 convolutions and their gradients: the batch is a row
 * of pixels, a class a channel. */
#include "train/head.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/random.h"
#include "kernels/conv_grad.h"
#include "train/head_terms.h"

static const double PI = 3.14159265358979323846;

struct kao_head {
    kao_head_options o;
    kao_tape *tape;
    kao_param *w, *b, *norms; /* norms: AdaFace's running mean and deviation */
    uint32_t n_live;          /* classes that take part in a step */
    uint32_t *live;           /* which, rising */
    uint32_t *place;          /* by class: its place in live, or NONE */
    uint8_t *live_rows;       /* by row of w, for the optimiser */
    float *x, *x_norm;        /* features and their lengths */
    float *rows, *row_norm;   /* weights of the classes in live */
    float *cosines, *g;       /* batch times rows */
    float *row_grad;
    float *packed, *scratch;
    /* of one sample: values and slopes by class, the centre that is meant */
    double *z, *slope;
    uint32_t *best;
    double *along; /* by sample: what the length gets where it is the scale */
};

#define NONE UINT32_MAX

static bool is_softmax(const kao_head *h)
{
    return h->o.margin.kind == KAO_MARGIN_SOFTMAX;
}

static size_t n_rows(const kao_head *h)
{
    return (size_t)h->n_live * h->o.centers;
}

static double dot(const float *a, const float *b, size_t n)
{
    double sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

/* ---- which classes ---- */

static int by_number(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static void choose_classes(kao_head *h, const uint32_t *labels, uint64_t step)
{
    kao_random r = kao_random_stream(h->o.seed, step, 4);
    uint32_t n = 0;

    memset(h->place, 0xff, h->o.classes * sizeof *h->place);
    for (size_t i = 0; i < h->o.batch; i++)
        if (h->place[labels[i]] == NONE) {
            h->place[labels[i]] = 0;
            h->live[n++] = labels[i];
        }
    while (n < h->n_live) {
        /* all: in order; a share: drawn */
        const uint32_t c =
            h->n_live == h->o.classes ? n : kao_random_below(&r, h->o.classes);
        uint32_t k = c;

        while (h->place[k] != NONE)
            k = (k + 1) % h->o.classes;
        h->place[k] = 0;
        h->live[n++] = k;
    }
    qsort(h->live, n, sizeof *h->live, by_number);
    memset(h->live_rows, 0, (size_t)h->o.classes * h->o.centers);
    for (uint32_t i = 0; i < n; i++) {
        h->place[h->live[i]] = i;
        memset(h->live_rows + (size_t)h->live[i] * h->o.centers, 1, h->o.centers);
    }
}

static void gather(kao_head *h)
{
    const size_t dim = h->o.dim, k = h->o.centers;

    for (size_t i = 0; i < n_rows(h); i++) {
        const float *from = h->w->data + (h->live[i / k] * k + i % k) * dim;
        const double norm = is_softmax(h) ? 1 : fmax(sqrt(dot(from, from, dim)), 1e-12);

        h->row_norm[i] = (float)norm;
        for (size_t d = 0; d < dim; d++)
            h->rows[i * dim + d] = (float)((double)from[d] / norm);
    }
}

static void take_features(kao_head *h, const float *x)
{
    const size_t dim = h->o.dim;

    for (size_t i = 0; i < h->o.batch; i++) {
        const double norm = fmax(sqrt(dot(x + i * dim, x + i * dim, dim)), 1e-12);

        h->x_norm[i] = (float)norm;
        for (size_t d = 0; d < dim; d++)
            h->x[i * dim + d] =
                (float)((double)x[i * dim + d] / (is_softmax(h) ? 1 : norm));
    }
}

/* ---- products of matrices ---- */

static kao_conv product(const kao_head *h, size_t rows)
{
    const int32_t n = (int32_t)h->o.batch, c = (int32_t)h->o.dim;

    return (kao_conv){ .n = 1,
                       .h = 1,
                       .w = n,
                       .c = c,
                       .oh = 1,
                       .ow = n,
                       .oc = (int32_t)rows,
                       .kh = 1,
                       .kw = 1,
                       .sy = 1,
                       .sx = 1,
                       .dy = 1,
                       .dx = 1,
                       .groups = 1,
                       .in_stride = c,
                       .out_stride = (int32_t)rows };
}

static void cosines(kao_head *h)
{
    const kao_kernels *k = &h->tape->net->kernels;
    const kao_conv d = product(h, n_rows(h));
    kao_conv_plan plan;

    kao_conv_plan_init(&plan, k, &d);
    kao_conv_pack(k, &plan, h->rows, NULL, NULL, h->packed);
    kao_conv_run(k, h->tape->pool, &plan, h->packed, h->x, NULL, h->cosines,
                 h->scratch);
}

/* From g, by x and by rows: without the lengths yet. */
static void back(kao_head *h, float *by_x)
{
    const kao_kernels *k = &h->tape->net->kernels;
    const kao_conv d = product(h, n_rows(h));

    kao_conv_grad_weights(k, h->tape->pool, &d, h->x, h->g, h->row_grad, NULL,
                          h->scratch);
    kao_conv_grad_input(k, h->tape->pool, &d, h->rows, h->g, by_x, h->scratch);
}

/* ---- the softmax ---- */

typedef struct sample {
    size_t i, own;     /* of the batch; place of its class */
    double scale;      /* s, or the feature's length */
    double *z, *slope; /* by class in live: value and slope before the scale */
    uint32_t *best;    /* by class: its centre */
} sample;

static double quality_of(const kao_head *h, size_t i)
{
    if (h->o.margin.kind != KAO_MARGIN_ADAFACE)
        return 0;
    const double norm = fmin(fmax((double)h->x_norm[i], 0.001), 100);
    const double mean = (double)h->norms->data[0],
                 deviation = (double)h->norms->data[1];

    return fmin(fmax(0.333 * (norm - mean) / (deviation + 1e-3), -1), 1);
}

/* z and slopes of one sample; gives the plain value of its own class. */
static double values(const kao_head *h, const sample *s, uint64_t step)
{
    const float *row = h->cosines + s->i * n_rows(h);
    double own = 0;

    for (uint32_t j = 0; j < h->n_live; j++) {
        const float *c = row + (size_t)j * h->o.centers;

        s->best[j] = 0;
        for (uint32_t k = 1; k < h->o.centers; k++)
            s->best[j] = c[k] > c[s->best[j]] ? k : s->best[j];
        s->z[j] = (double)c[s->best[j]];
        s->slope[j] = 1;
        if (h->b)
            s->z[j] += (double)h->b->data[h->live[j]];
    }
    own = s->z[s->own];
    if (!is_softmax(h))
        s->z[s->own] = kao_margin_target(&h->o.margin, own, quality_of(h, s->i),
                                         kao_margin_lambda(step), &s->slope[s->own]);
    return own;
}

/* The loss of one sample, its gradients into g; *along: what the length of the feature gets
 * where it is the scale. */
static double softmax_loss(kao_head *h, const sample *s, double *along)
{
    const double n = (double)h->o.batch;
    float *g = h->g + s->i * n_rows(h);
    double most = -HUGE_VAL, sum = 0;

    for (uint32_t j = 0; j < h->n_live; j++)
        most = fmax(most, s->scale * s->z[j]);
    for (uint32_t j = 0; j < h->n_live; j++)
        sum += exp(s->scale * s->z[j] - most);
    memset(g, 0, n_rows(h) * sizeof *g);
    for (uint32_t j = 0; j < h->n_live; j++) {
        const double p = exp(s->scale * s->z[j] - most) / sum;
        const double by_z = (p - (j == s->own ? 1 : 0)) / n;

        g[(size_t)j * h->o.centers + s->best[j]] =
            (float)(s->scale * s->slope[j] * by_z);
        *along += s->z[j] * by_z;
        if (h->b)
            h->b->grad[h->live[j]] += (float)by_z;
    }
    return log(sum) + most - s->scale * s->z[s->own];
}

static void tell(const kao_head *h, const sample *s, double own, kao_head_report *r)
{
    const double n = (double)h->o.batch;
    const double c = is_softmax(h) ? own : fmin(fmax(own, -1), 1);
    const int bin = (int)((c + 1) / 2 * KAO_HEAD_BINS);
    bool first = true;

    for (uint32_t j = 0; j < h->n_live && first; j++)
        first = j == s->own || s->z[j] < own;
    r->accuracy += first / n;
    r->target += c / n;
    r->norm += (double)h->x_norm[s->i] / n;
    r->least_norm = fmin(r->least_norm, (double)h->x_norm[s->i]);
    r->histogram[bin < 0 ? 0 : bin >= KAO_HEAD_BINS ? KAO_HEAD_BINS - 1 : bin]++;
    if (!is_softmax(h) &&
        h->o.margin.m1 * acos(fmin(fmax(c, -1), 1)) + h->o.margin.m2 > PI)
        r->beyond += 1 / n;
}

static double intra(kao_head *h, const sample *s)
{
    const size_t at = s->i * n_rows(h) + s->own * h->o.centers + s->best[s->own];

    return kao_head_intra((double)h->cosines[at], h->o.intra / (double)h->o.batch,
                          &h->g[at]);
}

/* ---- all of it ---- */

/* g - (g . u) u, over the length: from a unit vector to what it was made of. */
static void unproject(float *g, const float *u, double norm, double along, size_t n)
{
    const double share = dot(g, u, n);

    for (size_t i = 0; i < n; i++)
        g[i] = (float)(((double)g[i] - share * (double)u[i]) / norm +
                       along * (double)u[i]);
}

static void finish(kao_head *h, float *by_x)
{
    const size_t dim = h->o.dim, k = h->o.centers;

    for (size_t i = 0; i < h->o.batch && !is_softmax(h); i++)
        unproject(by_x + i * dim, h->x + i * dim, (double)h->x_norm[i], h->along[i],
                  dim);
    memset(h->w->grad, 0, h->w->n * sizeof(float));
    for (size_t i = 0; i < n_rows(h); i++) {
        float *g = h->row_grad + i * dim;

        if (!is_softmax(h))
            unproject(g, h->rows + i * dim, (double)h->row_norm[i], 0, dim);
        memcpy(h->w->grad + (h->live[i / k] * k + i % k) * dim, g, dim * sizeof *g);
    }
}

static void update_norms(kao_head *h)
{
    const double n = (double)h->o.batch, share = 0.01;
    double mean = 0, square = 0;

    for (size_t i = 0; h->norms && i < h->o.batch; i++) {
        const double v = fmin(fmax((double)h->x_norm[i], 0.001), 100);

        mean += v / n;
        square += v * v / n;
    }
    if (!h->norms || n < 2)
        return;
    const double deviation = sqrt(fmax(square - mean * mean, 0) * n / (n - 1));
    float *to = h->norms->data;

    to[0] = (float)(share * mean + (1 - share) * (double)to[0]);
    to[1] = (float)(share * deviation + (1 - share) * (double)to[1]);
}

void kao_head_run(kao_head *h, const float *x, const uint32_t *labels, uint64_t step,
                  float *gradient, kao_head_report *r)
{
    const kao_margin_kind kind = h->o.margin.kind;
    const double scale = kind == KAO_MARGIN_SOFTMAX ? 1 : h->o.margin.scale;

    *r = (kao_head_report){ .least_norm = HUGE_VAL };
    choose_classes(h, labels, step);
    gather(h);
    take_features(h, x);
    update_norms(h);
    cosines(h);
    if (h->b)
        memset(h->b->grad, 0, h->b->n * sizeof(float));
    for (size_t i = 0; i < h->o.batch; i++) {
        const sample s = { .i = i,
                           .own = h->place[labels[i]],
                           .scale =
                               kind == KAO_MARGIN_SPHERE ? (double)h->x_norm[i] : scale,
                           .z = h->z,
                           .slope = h->slope,
                           .best = h->best };
        const double own = values(h, &s, step);
        double along = 0;

        tell(h, &s, own, r);
        r->loss += softmax_loss(h, &s, &along) / (double)h->o.batch;
        h->along[i] = kind == KAO_MARGIN_SPHERE ? along : 0;
        if (h->o.intra > 0)
            r->extra += intra(h, &s);
    }
    back(h, gradient);
    for (size_t i = 0; i < h->o.batch && h->o.inter > 0; i++)
        r->extra += kao_head_inter(h->rows, n_rows(h), h->o.dim,
                                   h->place[labels[i]] * h->o.centers, h->o.centers,
                                   h->o.inter / (double)h->o.batch, h->row_grad);
    if (h->o.triplet > 0)
        r->extra += kao_head_triplet(h->x, labels, h->o.batch, h->o.dim, h->o.triplet,
                                     h->o.triplet_margin, gradient);
    r->loss += r->extra;
    finish(h, gradient);
}

/* ---- beginning and end ---- */

void kao_head_destroy(kao_head *h)
{
    if (!h)
        return;
    kao_mem *mem = &h->tape->net->ctx->mem;
    void *const all[] = { h->live,   h->place,    h->live_rows, h->x,
                          h->x_norm, h->rows,     h->row_norm,  h->cosines,
                          h->g,      h->row_grad, h->packed,    h->scratch,
                          h->z,      h->slope,    h->along,     h->best };

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        kao_free(mem, all[i]);
    kao_free(mem, h);
}

static bool make_room(kao_head *h)
{
    kao_mem *mem = &h->tape->net->ctx->mem;
    const kao_kernels *k = &h->tape->net->kernels;
    const kao_head_options *o = &h->o;
    const size_t rows = n_rows(h), batch = o->batch, dim = o->dim;
    const kao_conv d = product(h, rows);
    const uint32_t threads = kao_pool_threads(h->tape->pool);
    kao_conv_plan plan;

    kao_conv_plan_init(&plan, k, &d);
    const size_t by_weights = kao_conv_grad_weights_scratch(k, &d, threads),
                 by_input = kao_conv_grad_input_scratch(k, &d, threads),
                 run = plan.thread_bytes * threads;
    const size_t most = by_weights > by_input ? by_weights : by_input;

    h->live = kao_calloc(mem, h->n_live, sizeof *h->live);
    h->place = kao_calloc(mem, o->classes, sizeof *h->place);
    h->live_rows = kao_calloc(mem, (size_t)o->classes * o->centers, 1);
    h->x = kao_calloc(mem, batch * dim, sizeof *h->x);
    h->x_norm = kao_calloc(mem, batch, sizeof *h->x_norm);
    h->rows = kao_calloc(mem, rows * dim, sizeof *h->rows);
    h->row_norm = kao_calloc(mem, rows, sizeof *h->row_norm);
    h->cosines = kao_calloc(mem, batch * rows, sizeof *h->cosines);
    h->g = kao_calloc(mem, batch * rows, sizeof *h->g);
    h->row_grad = kao_calloc(mem, rows * dim, sizeof *h->row_grad);
    h->packed = kao_calloc(mem, plan.packed_bytes, 1);
    h->scratch = kao_calloc(mem, (most > run ? most : run) + 64, 1);
    h->z = kao_calloc(mem, h->n_live, sizeof *h->z);
    h->slope = kao_calloc(mem, h->n_live, sizeof *h->slope);
    h->along = kao_calloc(mem, batch, sizeof *h->along);
    h->best = kao_calloc(mem, h->n_live, sizeof *h->best);
    return h->live && h->place && h->live_rows && h->x && h->x_norm && h->rows &&
           h->row_norm && h->cosines && h->g && h->row_grad && h->packed &&
           h->scratch && h->z && h->slope && h->along && h->best;
}

static kao_status make_params(kao_head *h, kao_error *err)
{
    const kao_head_options *o = &h->o;
    const size_t rows = (size_t)o->classes * o->centers;
    kao_random r = kao_random_stream(o->seed, 0, 5);

    h->w = kao_tape_add_param(h->tape, "head.w", KAO_PARAM_WEIGHT, rows * o->dim);
    if (is_softmax(h))
        h->b = kao_tape_add_param(h->tape, "head.b", KAO_PARAM_BIAS, o->classes);
    if (o->margin.kind == KAO_MARGIN_ADAFACE)
        h->norms = kao_tape_add_param(h->tape, "head.norms", KAO_PARAM_STATISTIC, 2);
    if (!h->w || (is_softmax(h) && !h->b) ||
        (o->margin.kind == KAO_MARGIN_ADAFACE && !h->norms))
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    if (h->norms) { /* where the paper begins */
        h->norms->data[0] = 20;
        h->norms->data[1] = 100;
    }
    for (size_t i = 0; i < h->w->n; i++)
        h->w->data[i] = 0.01f * kao_random_normal(&r);
    if (h->n_live < o->classes) {
        h->w->live = h->live_rows;
        h->w->row = o->dim;
    }
    return KAO_OK;
}

kao_status kao_head_create(kao_head **out, kao_tape *tape, const kao_head_options *o,
                           kao_error *err)
{
    *out = NULL;
    if (o->classes < 2 || !o->centers || !o->batch || !o->dim ||
        o->classes > INT32_MAX / o->centers / 4 ||
        (o->margin.kind == KAO_MARGIN_SOFTMAX && o->centers > 1))
        return kao_fail(
            err, KAO_E_ARG,
            "a head wants 2 classes at least, and one centre under softmax");
    kao_head *h = kao_calloc(&tape->net->ctx->mem, 1, sizeof *h);

    if (!h)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    h->o = *o;
    h->tape = tape;
    const double share = ceil(o->partial * o->classes);
    const double n = fmin(fmax(share, fmin((double)o->batch, o->classes)), o->classes);

    h->n_live = (uint32_t)n;
    const kao_status st = make_room(h) ? make_params(h, err)
                                       : kao_fail(err, KAO_E_NOMEM, "out of memory");

    if (st)
        kao_head_destroy(h);
    else
        *out = h;
    return st;
}
