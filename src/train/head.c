/* See head.h. Products of matrices are 1x1 convolutions and their gradients: the batch is a row
 * of pixels, a class a channel. */
#include "train/head.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/random.h"
#include "kernels/conv_grad.h"
#include "kernels/dot.h"
#include "train/head_parts.h"
#include "train/head_terms.h"

/* ---- which classes ---- */

static int by_number(const void *a, const void *b)
{
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

/* Of all classes, by all labels: every rank chooses the same, and keeps its own. */
static void choose_classes(kao_head *h, uint64_t batch)
{
    const uint32_t *labels = h->labels;
    kao_random r = kao_random_stream(h->o.seed, batch, 4);
    uint32_t n = 0;

    memset(h->place, 0xff, h->o.classes * sizeof *h->place);
    for (size_t i = 0; i < h->n_all; i++)
        if (h->place[labels[i]] == KAO_HEAD_NONE) {
            h->place[labels[i]] = 0;
            h->live[n++] = labels[i];
        }
    while (n < h->n_live) {
        /* all: in order; a share: drawn */
        const uint32_t c =
            h->n_live == h->o.classes ? n : kao_random_below(&r, h->o.classes);
        uint32_t k = c;

        while (h->place[k] != KAO_HEAD_NONE)
            k = (k + 1) % h->o.classes;
        h->place[k] = 0;
        h->live[n++] = k;
    }
    qsort(h->live, n, sizeof *h->live, by_number);
    memset(h->place, 0xff, h->o.classes * sizeof *h->place);
    memset(h->live_rows, 0, (size_t)h->n_own * h->o.centers);
    h->n_here = 0;
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t own = h->live[i] - h->first; /* of a class before: wraps */

        if (own >= h->n_own)
            continue;
        h->place[h->live[i]] = h->n_here;
        memset(h->live_rows + (size_t)own * h->o.centers, 1, h->o.centers);
        h->live[h->n_here++] = h->live[i];
    }
}

/* Centre i of those in live, in w. */
static size_t row_of(const kao_head *h, size_t i)
{
    return (h->live[i / h->o.centers] - h->first) * h->o.centers + i % h->o.centers;
}

static void gather(kao_head *h)
{
    const size_t dim = h->o.dim, n = (size_t)h->n_here * h->o.centers;

    memset(h->rows + n * dim, 0, (h->n_rows - n) * dim * sizeof *h->rows);
    for (size_t i = 0; i < n; i++) {
        const float *from = h->w->data + row_of(h, i) * dim;
        const double norm = kao_head_is_softmax(h)
                                ? 1
                                : fmax(sqrt(kao_dot_f64(from, from, dim)), 1e-12);

        h->row_norm[i] = (float)norm;
        for (size_t d = 0; d < dim; d++)
            h->rows[i * dim + d] = (float)((double)from[d] / norm);
    }
}

static void take_samples(kao_head *h, const float *x, const uint32_t *labels)
{
    const size_t dim = h->o.dim, n = h->o.batch, own = kao_ranks_index(h->o.ranks) * n;

    memcpy(h->x + own * dim, x, n * dim * sizeof *x);
    memcpy(h->labels + own, labels, n * sizeof *labels);
    kao_ranks_gather(h->o.ranks, h->x, n * dim * sizeof *x);
    kao_ranks_gather(h->o.ranks, h->labels, n * sizeof *labels);
    for (size_t i = 0; i < h->n_all; i++) {
        float *u = h->x + i * dim;
        const double norm = fmax(sqrt(kao_dot_f64(u, u, dim)), 1e-12);

        h->x_norm[i] = (float)norm;
        for (size_t d = 0; d < dim; d++)
            u[d] = (float)((double)u[d] / (kao_head_is_softmax(h) ? 1 : norm));
    }
}

/* ---- products of matrices ---- */

static kao_conv product(const kao_head *h)
{
    const int32_t n = (int32_t)h->n_all, c = (int32_t)h->o.dim;

    return (kao_conv){ .n = 1,
                       .h = 1,
                       .w = n,
                       .c = c,
                       .oh = 1,
                       .ow = n,
                       .oc = (int32_t)h->n_rows,
                       .kh = 1,
                       .kw = 1,
                       .sy = 1,
                       .sx = 1,
                       .dy = 1,
                       .dx = 1,
                       .groups = 1,
                       .in_stride = c,
                       .out_stride = (int32_t)h->n_rows };
}

static void cosines(kao_head *h)
{
    const kao_kernels *k = &h->tape->net->kernels;
    const kao_conv d = product(h);
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
    const kao_conv d = product(h);

    kao_conv_grad_weights(k, h->tape->pool, &d, h->x, h->g, h->row_grad, NULL,
                          h->scratch);
    kao_conv_grad_input(k, h->tape->pool, &d, h->rows, h->g, by_x, h->scratch);
}

/* ---- all of it ---- */

/* g - (g . u) u, over the length: from a unit vector to what it was made of. */
static void unproject(float *g, const float *u, double norm, double along, size_t n)
{
    const double share = kao_dot_f64(g, u, n);

    for (size_t i = 0; i < n; i++)
        g[i] = (float)(((double)g[i] - share * (double)u[i]) / norm +
                       along * (double)u[i]);
}

static void finish(kao_head *h, float *gradient)
{
    const size_t dim = h->o.dim, own = kao_ranks_index(h->o.ranks) * h->o.batch;

    if (h->by_x) {
        kao_ranks_sum_begin(h->o.ranks, h->by_x, h->n_all * dim);
        kao_ranks_sum(h->o.ranks, h->along, h->n_all);
        memcpy(gradient, h->by_x + own * dim, h->o.batch * dim * sizeof *gradient);
    }
    for (size_t i = 0; i < h->o.batch && !kao_head_is_softmax(h); i++)
        unproject(gradient + i * dim, h->x + (own + i) * dim,
                  (double)h->x_norm[own + i], h->along[own + i], dim);
    memset(h->w->grad, 0, h->w->n * sizeof(float));
    for (size_t i = 0; i < (size_t)h->n_here * h->o.centers; i++) {
        float *g = h->row_grad + i * dim;

        if (!kao_head_is_softmax(h))
            unproject(g, h->rows + i * dim, (double)h->row_norm[i], 0, dim);
        memcpy(h->w->grad + row_of(h, i) * dim, g, dim * sizeof *g);
    }
}

static void update_norms(kao_head *h)
{
    const double n = (double)h->n_all, share = 0.01;
    double mean = 0, square = 0;

    for (size_t i = 0; h->norms && i < h->n_all; i++) {
        const double v = kao_head_quality_norm(h, i);

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
                  uint64_t batch, float *gradient, kao_head_report *r)
{
    float *by_x = h->by_x ? h->by_x : gradient;

    *r = (kao_head_report){ .least_norm = HUGE_VAL };
    h->margin = kao_margin_part(&h->o.margin, (double)step < h->o.margin_warm_up
                                                  ? (double)step / h->o.margin_warm_up
                                                  : 1);
    take_samples(h, x, labels);
    choose_classes(h, batch);
    gather(h);
    update_norms(h);
    cosines(h);
    kao_head_softmax(h, step, r);
    back(h, by_x);
    for (size_t i = 0; i < h->n_all && h->o.inter > 0; i++)
        r->extra += kao_head_inter(h->rows, h->n_rows, h->o.dim,
                                   h->place[h->labels[i]] * h->o.centers, h->o.centers,
                                   h->o.inter / (double)h->n_all, h->row_grad);
    if (h->o.triplet > 0 && kao_ranks_index(h->o.ranks) == 0) /* of features alone */
        r->extra += kao_head_triplet(h->x, h->labels, h->n_all, h->o.dim, h->o.triplet,
                                     h->o.triplet_margin, by_x);
    kao_ranks_sum(h->o.ranks, &r->extra, 1);
    r->loss += r->extra;
    finish(h, gradient);
}

bool kao_head_remark(const kao_head_report *r, double random, char *to, size_t cap)
{
    const bool away = r->target < -.5 && r->beyond > .1;

    if (r->loss < 0.95 * random && !away)
        return false;
    size_t n = (size_t)snprintf(
        to, cap,
        "%s: loss %.3f, random features have %.3f; %.0f %% beyond the margin; norm "
        "%.3g, "
        "least %.3g; target cosines -1..1:",
        away ? "turned away from all classes (margin_warm_up helps)" : "stuck", r->loss,
        random, 100 * r->beyond, r->norm, r->least_norm);

    for (int i = 0; i < KAO_HEAD_BINS && n < cap; i++)
        n += (size_t)snprintf(to + n, cap - n, " %u", r->histogram[i]);
    return true;
}

/* ---- beginning and end ---- */

void kao_head_destroy(kao_head *h)
{
    if (!h)
        return;
    kao_mem *mem = &h->tape->net->ctx->mem;
    void *const all[] = { h->live,    h->place, h->live_rows, h->labels,   h->x,
                          h->x_norm,  h->rows,  h->row_norm,  h->cosines,  h->g,
                          h->by_x,    h->z,     h->slope,     h->row_grad, h->packed,
                          h->scratch, h->most,  h->best };

    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        kao_free(mem, all[i]);
    kao_free(mem, h);
}

static bool make_room(kao_head *h)
{
    kao_mem *mem = &h->tape->net->ctx->mem;
    const kao_kernels *k = &h->tape->net->kernels;
    const kao_head_options *o = &h->o;
    const size_t rows = h->n_rows, batch = h->n_all, dim = o->dim;
    const bool alone = kao_ranks_count(o->ranks) == 1;
    const kao_conv d = product(h);
    const uint32_t threads = kao_pool_threads(h->tape->pool);
    kao_conv_plan plan;

    kao_conv_plan_init(&plan, k, &d);
    const size_t by_weights = kao_conv_grad_weights_scratch(k, &d, threads),
                 by_input = kao_conv_grad_input_scratch(k, &d, threads),
                 run = plan.thread_bytes * threads;
    const size_t most = by_weights > by_input ? by_weights : by_input;

    h->live = kao_calloc(mem, h->n_live, sizeof *h->live);
    h->place = kao_calloc(mem, o->classes, sizeof *h->place);
    h->live_rows = kao_calloc(mem, (size_t)h->n_own * o->centers, 1);
    h->labels = kao_calloc(mem, batch, sizeof *h->labels);
    h->x = kao_calloc(mem, batch * dim, sizeof *h->x);
    h->x_norm = kao_calloc(mem, batch, sizeof *h->x_norm);
    h->rows = kao_calloc(mem, rows * dim, sizeof *h->rows);
    h->row_norm = kao_calloc(mem, rows, sizeof *h->row_norm);
    h->cosines = kao_calloc(mem, batch * rows, sizeof *h->cosines);
    h->g = kao_calloc(mem, batch * rows, sizeof *h->g);
    h->row_grad = kao_calloc(mem, rows * dim, sizeof *h->row_grad);
    h->packed = kao_calloc(mem, plan.packed_bytes, 1);
    h->scratch = kao_calloc(mem, (most > run ? most : run) + 64, 1);
    h->by_x = alone ? NULL : kao_calloc(mem, batch * dim, sizeof *h->by_x);
    h->z = kao_calloc(mem, h->n_own, sizeof *h->z);
    h->slope = kao_calloc(mem, h->n_own, sizeof *h->slope);
    h->best = kao_calloc(mem, h->n_own, sizeof *h->best);
    h->most = kao_calloc(mem, 6 * batch, sizeof *h->most);
    if (!h->most)
        return false;
    h->other = h->most + batch; /* in this order: reduce */
    h->sum = h->other + batch;
    h->plain = h->sum + batch;
    h->final = h->plain + batch;
    h->along = h->final + batch;
    return h->live && h->place && h->live_rows && h->labels && h->x && h->x_norm &&
           h->rows && h->row_norm && h->cosines && h->g && h->row_grad && h->packed &&
           h->scratch && h->z && h->slope && h->best && (alone || h->by_x);
}

static kao_status make_params(kao_head *h, kao_error *err)
{
    const kao_head_options *o = &h->o;
    const size_t class = (size_t)o->centers * o->dim;
    kao_random r = kao_random_stream(o->seed, 0, 5);

    h->w = kao_tape_add_param(h->tape, "head.w", KAO_PARAM_WEIGHT, h->n_own * class);
    if (kao_head_is_softmax(h))
        h->b = kao_tape_add_param(h->tape, "head.b", KAO_PARAM_BIAS, h->n_own);
    if (o->margin.kind == KAO_MARGIN_ADAFACE)
        h->norms = kao_tape_add_param(h->tape, "head.norms", KAO_PARAM_STATISTIC, 2);
    if (!h->w || (kao_head_is_softmax(h) && !h->b) ||
        (o->margin.kind == KAO_MARGIN_ADAFACE && !h->norms))
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    if (h->norms) { /* where the paper begins */
        h->norms->data[0] = 20;
        h->norms->data[1] = 100;
    }
    if (kao_ranks_count(o->ranks) > 1) {
        h->w->at = h->first * class;
        h->w->of = o->classes * class;
    }
    if (kao_ranks_count(o->ranks) > 1 && h->b) {
        h->b->at = h->first;
        h->b->of = o->classes;
    }
    for (size_t i = 0; i < o->classes * class;
         i++) { /* the same for any number of ranks */
        const float v = 0.01f * kao_random_normal(&r);

        if (i - h->w->at < h->w->n) /* before: wraps */
            h->w->data[i - h->w->at] = v;
    }
    if (h->n_live < o->classes) {
        h->w->live = h->live_rows;
        h->w->row = o->dim;
    }
    return KAO_OK;
}

/* The rank's classes, the first ranks one more each where they do not come out even. */
static void set_shares(kao_head *h)
{
    const kao_head_options *o = &h->o;
    const uint32_t ranks = kao_ranks_count(o->ranks), k = kao_ranks_index(o->ranks),
                   each = o->classes / ranks, more = o->classes % ranks;
    const double share = ceil(o->partial * o->classes);

    h->n_all = o->batch * ranks;
    h->first = k * each + (k < more ? k : more);
    h->n_own = each + (k < more);
    h->n_live =
        (uint32_t)fmin(fmax(share, fmin((double)h->n_all, o->classes)), o->classes);
    h->n_rows = (size_t)(h->n_live < h->n_own ? h->n_live : h->n_own) * o->centers;
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
    if (o->margin.kind == KAO_MARGIN_SOFTMAX &&
        (o->intra > 0 || o->inter > 0 || o->triplet > 0))
        return kao_fail(err, KAO_E_ARG,
                        "intra, inter and triplet are of angles, which a plain softmax "
                        "has not");
    if (kao_ranks_count(o->ranks) > 1 &&
        (o->inter > 0 || o->classes < kao_ranks_count(o->ranks)))
        return kao_fail(
            err, KAO_E_UNSUPPORTED,
            "a head over %u ranks: inter = 0 is wanted (each has the weights "
            "of its own classes), and a class for each at least",
            kao_ranks_count(o->ranks));
    kao_head *h = kao_calloc(&tape->net->ctx->mem, 1, sizeof *h);

    if (!h)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    h->o = *o;
    h->tape = tape;
    set_shares(h);
    const kao_status st = make_room(h) ? make_params(h, err)
                                       : kao_fail(err, KAO_E_NOMEM, "out of memory");

    if (st)
        kao_head_destroy(h);
    else
        *out = h;
    return st;
}
