/* See calibrate.h. */
#include "eval/calibrate.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "eval/plot.h"

/* ---- the tail ---- */

bool kao_tail_fit(kao_tail *tail, const double *excess, size_t n)
{
    double mean = 0, weighted = 0; /* b0 = E[y], b1 = E[y (1 - F(y))] */

    for (size_t i = 0; i < n; i++) {
        const double rest =
            1 - ((double)i + .65) / (double)n; /* position (i + .65) / n */

        mean += excess[i];
        weighted += rest * excess[i];
    }
    mean /= (double)n;
    weighted /= (double)n;
    const double gap = mean - 2 * weighted;

    if (!(gap > 0) || !(mean > 0))
        return false;
    tail->shape = 2 - mean / gap; /* Hosking's k is its negative */
    tail->scale = 2 * mean * weighted / gap;
    return tail->scale > 0;
}

double kao_tail_value(const kao_tail *t, double p)
{
    const double decades = log(p / t->share); /* below 0 */

    return fabs(t->shape) < 1e-9
               ? t->level - t->scale * decades
               : t->level + t->scale / t->shape * expm1(-t->shape * decades);
}

/* ---- the curve ---- */

#define FAR_LEAST  1e-8
#define TAIL_SHARE 1e-3
enum { TAIL_PAIRS = 50 };

static double half_power(size_t i)
{
    return pow(10, -(double)i / 2);
}

/* Values equal to four places, or not above the one before, are no further point. */
static void add_point(kao_curve *c, double similarity, double far, bool fitted)
{
    const kao_curve_point *last = c->n ? &c->points[c->n - 1] : NULL;

    if (c->n == KAO_CURVE_MOST || similarity > 1 ||
        (last && (similarity < last->similarity + 1e-4 || !(far < last->far))))
        return;
    c->points[c->n++] =
        (kao_curve_point){ .similarity = similarity, .far = far, .fitted = fitted };
    c->n_counted += !fitted;
}

/* How many reach the similarity of the k-th: pairs as alike as it count, too. Of those that are not
 * kept, its bin, where that are many more: a hundredth. */
static uint64_t with_ties(const kao_strangers *s, uint64_t k)
{
    while (k < s->n_top && s->top[k].similarity == s->top[k - 1].similarity)
        k++;
    if (k < s->n_top || (k == s->n_top && !kao_strangers_cut(s)))
        return k;
    const uint64_t all = kao_strangers_passed(s, kao_strangers_reached(s, k));

    return all > k + k / 100 ? all : k;
}

static void add_counted(kao_curve *c, const kao_strangers *s, uint64_t k)
{
    add_point(c, kao_strangers_reached(s, k),
              (double)with_ties(s, k) / (double)s->n_different, false);
}

/* Excesses over the level that a thousandth reaches, smallest first; NULL: too few pairs. */
static double *excesses(const kao_strangers *s, kao_tail *tail, size_t *n)
{
    const uint64_t k = (uint64_t)(TAIL_SHARE * (double)s->n_different);

    if (k < TAIL_PAIRS || k > s->n_top)
        return NULL;
    double *e = kao_calloc(s->mem, (size_t)k, sizeof *e);

    *n = (size_t)k - 1;
    tail->level = (double)s->top[k - 1].similarity;
    tail->share = (double)k / (double)s->n_different;
    for (size_t i = 0; e && i < *n; i++)
        e[i] = (double)s->top[*n - 1 - i].similarity - tail->level;
    return e;
}

static void add_tail(kao_curve *c, const kao_strangers *s)
{
    kao_tail tail;
    size_t n = 0;
    double *e = excesses(s, &tail, &n);

    if (e && kao_tail_fit(&tail, e, n))
        for (size_t i = 1; half_power(i) >= FAR_LEAST * .99; i++)
            if (half_power(i) < c->points[c->n - 1].far * .99)
                add_point(c, kao_tail_value(&tail, half_power(i)), half_power(i), true);
    kao_free(s->mem, e);
}

bool kao_curve_measure(const kao_strangers *s, bool with_tail, kao_curve *out)
{
    *out = (kao_curve){ .n = 0 };
    for (size_t i = 1;; i++) {
        const double k = half_power(i) * (double)s->n_different;

        if (k < 1.5 * KAO_CURVE_ENOUGH) /* the last point is near enough */
            break;
        add_counted(out, s, (uint64_t)(k + .5));
    }
    if (s->n_different >= 2 * KAO_CURVE_ENOUGH)
        add_counted(out, s, KAO_CURVE_ENOUGH);
    if (with_tail && out->n)
        add_tail(out, s);
    return out->n_counted >= 2;
}

/* Pairs are whole, and some as alike as others: the rate of those counted may be a little off. */
static bool find_point(const kao_curve *c, const kao_strangers *s, int power,
                       kao_curve_point *to)
{
    const double far = pow(10, -power), k = far * (double)s->n_different;

    if (k >= KAO_CURVE_ENOUGH - 1e-6) {
        const uint64_t whole = (uint64_t)(k + .5);

        *to = (kao_curve_point){ .similarity = kao_strangers_reached(s, whole),
                                 .far = (double)with_ties(s, whole) /
                                        (double)s->n_different };
        return fabs(log10(to->far) + power) < .1;
    }
    for (size_t i = 0; i < c->n; i++)
        if (fabs(log10(c->points[i].far) + power) < .01) {
            *to = c->points[i];
            return true;
        }
    return false;
}

size_t kao_curve_powers(const kao_curve *c, const kao_strangers *s,
                        kao_curve_point *points, size_t most)
{
    kao_curve found = { .n = 0 };
    kao_curve_point p;

    for (int power = 1; power <= -log10(FAR_LEAST) + .5 && found.n < most; power++)
        if (find_point(c, s, power, &p))
            add_point(&found, p.similarity, p.far, p.fitted);
    memcpy(points, found.points, found.n * sizeof *points);
    return found.n;
}

bool kao_curve_put(kao_bytes *b, const kao_curve *c)
{
    bool fine = true;

    for (size_t i = 0; fine && i < c->n; i++) {
        const kao_curve_point *p = &c->points[i];

        fine = kao_put(b, "%s%.4f:%.3f%s", i ? " " : "", p->similarity, log10(p->far),
                       p->fitted ? "~" : "");
    }
    return fine;
}

/* ---- the same person ---- */

/* The upper end of the bin with the k-th of the same person's pairs, least alike first; below: how
 * many are below that, k or more where others are as alike. */
static double least_alike(const kao_strangers *s, uint64_t k, uint64_t *below)
{
    *below = 0;
    for (size_t i = 0; i < KAO_STRANGERS_BINS; i++) {
        *below += s->same[i];
        if (*below >= k)
            return ((double)i + 1) / KAO_STRANGERS_BINS * 2 - 1;
    }
    return 1;
}

bool kao_quantiles_measure(const kao_strangers *s, kao_quantiles *out)
{
    static const double shares[] = { .001, .002, .005, .01, .02,  .05,  .1,
                                     .2,   .3,   .4,   .5,  .6,   .7,   .8,
                                     .9,   .95,  .98,  .99, .995, .998, .999 };
    const double all = (double)s->n_same, enough = KAO_CURVE_ENOUGH - 1e-6;

    *out = (kao_quantiles){ .n_pairs = s->n_same };
    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++) {
        const double rest = shares[i] < .5 ? shares[i] : 1 - shares[i];
        uint64_t below = 0;

        if (rest * all < enough)
            continue;
        const double similarity =
            least_alike(s, (uint64_t)(shares[i] * all + .5), &below);

        /* where many are equally alike, of one picture in a folder twice, say, no similarity has
         * that share below it */
        if (fabs((double)below / all - shares[i]) <= rest / 5 &&
            (!out->n || similarity >= out->points[out->n - 1].similarity + 1e-4))
            out->points[out->n++] = (kao_quantile){ similarity, shares[i] };
    }
    return out->n >= 2;
}

bool kao_quantiles_put(kao_bytes *b, const kao_quantiles *q)
{
    bool fine = kao_put(b, "%llu", (unsigned long long)q->n_pairs);

    for (size_t i = 0; fine && i < q->n; i++)
        fine = kao_put(b, " %.4f:%g", q->points[i].similarity, q->points[i].below);
    return fine;
}

/* ---- the likelihood ratio ---- */

static double sigmoid(double z)
{
    return 1 / (1 + exp(-z));
}

bool kao_logistic_fit(kao_logistic *l, const double *value, const double *same,
                      const double *different, size_t n, double penalty)
{
    double all_same = 0, all_different = 0, most = 20, last = 0;

    *l = (kao_logistic){ 0, 0 };
    for (size_t i = 0; i < n; i++) {
        all_same += same[i];
        all_different += different[i];
    }
    if (!(all_same > 0) || !(all_different > 0))
        return false;
    for (int round = 0; round < 200; round++) {
        double g0 = 0, g1 = penalty * l->slope, h00 = 0, h01 = 0, h11 = penalty;

        for (size_t i = 0; i < n; i++) {
            const double w = same[i] + different[i], x = value[i],
                         z = l->slope * x + l->offset;

            if (w == 0)
                continue;
            /* 1 - p by itself: where the kinds lie far apart the difference is all rounding */
            const double p = sigmoid(z), q = sigmoid(-z),
                         g = different[i] * p - same[i] * q, h = w * p * q;

            g0 += g;
            g1 += g * x;
            h00 += h;
            h01 += h * x;
            h11 += h * x * x;
        }
        const double det = h00 * h11 - h01 * h01;

        if (!(det > 0))
            return false;
        const double offset = (h11 * g0 - h01 * g1) / det,
                     slope = (h00 * g1 - h01 * g0) / det;
        /* a long step may overshoot where both kinds lie far apart, and the one back, too */
        most = slope * last < 0 ? most / 2 : most;
        last = slope;
        const double length = fabs(slope) > most ? most / fabs(slope) : 1;

        l->offset -= length * offset;
        l->slope -= length * slope;
        if (fabs(slope) < 1e-10 && fabs(offset) < 1e-10)
            return isfinite(l->slope) && isfinite(l->offset);
    }
    return false;
}

static double bin_middle(size_t i)
{
    return ((double)i + .5) / KAO_STRANGERS_BINS * 2 - 1;
}

/* log2(1 + exp(z)) */
static double bits(double z)
{
    return (z > 30 ? z : log1p(exp(z))) / log(2);
}

bool kao_likelihood_measure(const kao_strangers *s, kao_likelihood *out)
{
    enum { N = KAO_STRANGERS_BINS };
    double *x = kao_calloc(s->mem, 3 * (size_t)N, sizeof *x);
    double *same = x + N, *different = x + 2 * (size_t)N;
    bool fine = x && s->n_same && s->n_different;

    *out = (kao_likelihood){ .cllr = 0 };
    for (size_t i = 0; fine && i < N; i++) {
        x[i] = bin_middle(i);
        same[i] = (double)s->same[i] / (double)s->n_same / 2;
        different[i] = (double)s->different[i] / (double)s->n_different / 2;
    }
    /* what keeps the slope finite where the kinds do not overlap: about one pair's worth */
    const double least =
        fine ? (double)(s->n_same < s->n_different ? s->n_same : s->n_different) : 1;

    fine = fine && kao_logistic_fit(&out->l, x, same, different, N, .01 / least);
    for (size_t i = 0; fine && i < N; i++) {
        const double z = out->l.slope * x[i] + out->l.offset;

        out->cllr += same[i] * bits(-z) + different[i] * bits(z);
    }
    out->most = fine ? log((double)s->n_different) : 0;
    kao_free(s->mem, x);
    return fine;
}
