/* See strangers.h. Each thread counts for itself and keeps its most alike pairs: sums and a
 * sorted top do not depend on who saw which pair. */
#include "eval/strangers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/alike.h"
#include "eval/bootstrap.h"

enum { KEPT_LEAST = 20000, KEPT_MOST = 1 << 22, ONE_IN = 500, PIECES = 256 };

typedef struct tally { /* of a thread */
    uint64_t *same, *different, n_same, n_different;
    kao_alike *top; /* twice as many as are kept */
    size_t n_top, n_kept;
    float least; /* pairs below cannot be among those kept */
} tally;

static int more_alike(const void *x, const void *y)
{
    const kao_alike *a = x, *b = y;

    if (a->similarity != b->similarity)
        return a->similarity > b->similarity ? -1 : 1;
    return a->a != b->a ? (a->a > b->a) - (a->a < b->a) : (a->b > b->b) - (a->b < b->b);
}

static void tally_fini(kao_mem *mem, tally *t)
{
    kao_free(mem, t->same);
    kao_free(mem, t->different);
    kao_free(mem, t->top);
}

static bool tally_init(kao_mem *mem, tally *t, size_t n_kept)
{
    *t = (tally){ .same = kao_calloc(mem, KAO_STRANGERS_BINS, sizeof *t->same),
                  .different = kao_calloc(mem, KAO_STRANGERS_BINS, sizeof *t->same),
                  .top = kao_calloc(mem, 2 * n_kept, sizeof *t->top),
                  .n_kept = n_kept,
                  .least = -2 };
    return t->same && t->different && t->top;
}

static void cut_top(tally *t)
{
    qsort(t->top, t->n_top, sizeof *t->top, more_alike);
    if (t->n_top > t->n_kept)
        t->n_top = t->n_kept;
    if (t->n_top == t->n_kept)
        t->least = t->top[t->n_top - 1].similarity;
}

static void keep(tally *t, const kao_alike *pair)
{
    if (pair->similarity < t->least)
        return;
    t->top[t->n_top++] = *pair;
    if (t->n_top == 2 * t->n_kept)
        cut_top(t);
}

static size_t bin_of(float similarity)
{
    const double at = ((double)similarity + 1) / 2 * KAO_STRANGERS_BINS;

    return at < 0 ? 0 : at < KAO_STRANGERS_BINS ? (size_t)at : KAO_STRANGERS_BINS - 1;
}

static void take(tally *t, float similarity, uint32_t a, uint32_t b, bool same)
{
    if (same) {
        t->n_same++;
        t->same[bin_of(similarity)]++;
        return;
    }
    const kao_alike pair = { similarity, a < b ? a : b, a < b ? b : a };

    t->n_different++;
    t->different[bin_of(similarity)]++;
    keep(t, &pair);
}

/* ---- all pairs ---- */

typedef struct cross {
    const kao_portraits *p;
    tally *tallies; /* of each thread */
} cross;

/* Rows piece, piece + PIECES ..: later rows are shorter, so that pieces are about equal. */
static void compare_rows(void *arg, size_t piece, uint32_t worker)
{
    const cross *c = arg;
    const kao_portraits *p = c->p;
    tally *t = &c->tallies[worker];

    for (size_t i = piece; i < p->n; i += PIECES)
        for (size_t k = i + 1; p->usable[i] && k < p->n; k++)
            if (p->usable[k])
                take(t,
                     kao_alike_floats(p->vectors + i * p->dim, p->vectors + k * p->dim,
                                      p->dim),
                     (uint32_t)i, (uint32_t)k, p->person[i] == p->person[k]);
}

/* Pictures of each person, who are as many as pictures at most. */
static uint64_t *count_pictures(kao_mem *mem, const kao_portraits *p)
{
    uint64_t *count = kao_calloc(mem, p->n, sizeof *count);

    for (size_t i = 0; count && i < p->n; i++)
        count[p->person[i]] += p->usable[i];
    return count;
}

/* How many pairs of different people to keep. */
static bool count_kept(kao_mem *mem, const kao_portraits *p, size_t *n)
{
    uint64_t *count = count_pictures(mem, p), all = 0, same = 0;

    for (size_t i = 0; count && i < p->n; i++) {
        all += count[i];
        same += count[i] * (count[i] ? count[i] - 1 : 0) / 2;
    }
    const uint64_t different = all * (all ? all - 1 : 0) / 2 - same,
                   asked = different / ONE_IN;
    const uint64_t kept = asked < KEPT_LEAST ? KEPT_LEAST : asked;

    *n = (size_t)(kept > KEPT_MOST ? KEPT_MOST : kept < different ? kept : different);
    *n += *n == 0;
    kao_free(mem, count);
    return count != NULL;
}

static bool merge(kao_strangers *s, const tally *t, size_t n, size_t n_kept)
{
    tally sum;
    const bool fine = tally_init(s->mem, &sum, n_kept);

    for (size_t i = 0; fine && i < n; i++) {
        sum.n_same += t[i].n_same;
        sum.n_different += t[i].n_different;
        for (size_t k = 0; k < KAO_STRANGERS_BINS; k++) {
            sum.same[k] += t[i].same[k];
            sum.different[k] += t[i].different[k];
        }
        for (size_t k = 0; k < t[i].n_top; k++)
            keep(&sum, &t[i].top[k]);
    }
    if (!fine) {
        tally_fini(s->mem, &sum);
        return false;
    }
    cut_top(&sum);
    *s = (kao_strangers){ .mem = s->mem,
                          .n_same = sum.n_same,
                          .n_different = sum.n_different,
                          .same = sum.same,
                          .different = sum.different,
                          .top = sum.top,
                          .n_top = sum.n_top };
    return true;
}

kao_status kao_strangers_of_all(kao_strangers *s, kao_mem *mem, const kao_pool *pool,
                                const kao_portraits *p, kao_error *err)
{
    const size_t n_threads = kao_pool_threads(pool);
    tally *t = kao_calloc(mem, n_threads, sizeof *t);
    size_t n_kept = 0;
    bool fine = t && count_kept(mem, p, &n_kept);

    *s = (kao_strangers){ .mem = mem };
    for (size_t i = 0; fine && i < n_threads; i++)
        fine = tally_init(mem, &t[i], n_kept);
    if (fine) {
        cross c = { .p = p, .tallies = t };

        kao_pool_run(pool, compare_rows, &c, PIECES);
        fine = merge(s, t, n_threads, n_kept);
    }
    for (size_t i = 0; t && i < n_threads; i++)
        tally_fini(mem, &t[i]);
    kao_free(mem, t);
    return fine ? KAO_OK
                : kao_fail(err, KAO_E_NOMEM, "pairs of %zu pictures: out of memory",
                           p->n);
}

/* ---- the pairs of a list ---- */

kao_status kao_strangers_of_pairs(kao_strangers *s, kao_mem *mem,
                                  const kao_portraits *p, const kao_known_pair *pairs,
                                  size_t n, kao_error *err)
{
    tally t;
    const size_t n_kept = n ? n : 1;
    bool fine = tally_init(mem, &t, n_kept);

    *s = (kao_strangers){ .mem = mem };
    for (size_t i = 0; fine && i < n; i++) {
        const size_t a = pairs[i].a, b = pairs[i].b;

        if (p->usable[a] && p->usable[b])
            take(&t,
                 kao_alike_floats(p->vectors + a * p->dim, p->vectors + b * p->dim,
                                  p->dim),
                 pairs[i].a, pairs[i].b, pairs[i].same);
    }
    fine = fine && merge(s, &t, 1, n_kept);
    tally_fini(mem, &t);
    return fine ? KAO_OK : kao_fail(err, KAO_E_NOMEM, "%zu pairs: out of memory", n);
}

void kao_strangers_free(kao_strangers *s)
{
    if (s->mem) {
        kao_free(s->mem, s->same);
        kao_free(s->mem, s->different);
        kao_free(s->mem, s->top);
    }
    *s = (kao_strangers){ .mem = NULL };
}

/* ---- rates ---- */

double kao_strangers_reached(const kao_strangers *s, uint64_t k)
{
    uint64_t above = 0;

    if (k <= s->n_top)
        return (double)s->top[k - 1].similarity;
    for (size_t i = KAO_STRANGERS_BINS; i-- > 0;) {
        above += s->different[i];
        if (above >= k)
            return (double)i / KAO_STRANGERS_BINS * 2 - 1;
    }
    return -1;
}

/* Those of the bins whose middle reaches a similarity; of 1, which the same picture twice has, those
 * of the last one. */
static uint64_t count_bins(const uint64_t *counts, double similarity)
{
    const double place = (similarity + 1) / 2 * KAO_STRANGERS_BINS,
                 at = similarity > 1 ? place : fmin(place, KAO_STRANGERS_BINS - .5);
    uint64_t found = 0;

    for (size_t i = 0; i < KAO_STRANGERS_BINS; i++)
        if ((double)i + .5 >= at)
            found += counts[i];
    return found;
}

bool kao_strangers_cut(const kao_strangers *s)
{
    const kao_alike *end = s->top + s->n_top;

    return s->n_top > 1 && s->n_top < s->n_different &&
           end[-1].similarity == end[-2].similarity;
}

uint64_t kao_strangers_passed(const kao_strangers *s, double similarity)
{
    size_t n = 0;

    while (n < s->n_top && (double)s->top[n].similarity >= similarity)
        n++;
    if (n < s->n_top || n == s->n_different)
        return n;
    const uint64_t all = count_bins(s->different, similarity);

    return all > n ? all : n;
}

double kao_strangers_found(const kao_strangers *s, double similarity)
{
    const uint64_t found = count_bins(s->same, similarity);

    return s->n_same ? (double)found / (double)s->n_same : (double)NAN;
}

/* Rates of one round: times[i] is how often person i was drawn. Two draws of a person are no
 * pair of different people. */
static void draw_rates(const kao_strangers *s, const kao_portraits *p,
                       const uint64_t *pictures, const uint32_t *times,
                       const double *thresholds, size_t n, double *rates)
{
    double all = 0, own = 0, reached = 0;
    size_t at = 0;

    for (size_t i = 0; i < p->n; i++) {
        const double w = (double)times[i] * (double)pictures[i];

        all += w;
        own += w * w;
    }
    for (size_t i = n; i-- > 0;) { /* the highest first, as the pairs */
        for (; at < s->n_top && (double)s->top[at].similarity >= thresholds[i]; at++)
            reached += (double)times[p->person[s->top[at].a]] *
                       (double)times[p->person[s->top[at].b]];
        rates[i] = all * all > own ? 2 * reached / (all * all - own) : (double)NAN;
    }
}

/* People are numbered below p->n, and not every number is one: those without a picture are
 * passed over by renumbering. */
static size_t number_people(const kao_portraits *p, uint64_t *pictures, uint32_t *rank)
{
    size_t n = 0;

    for (size_t i = 0; i < p->n; i++)
        if (pictures[i])
            rank[n++] = (uint32_t)i;
    return n;
}

kao_status kao_strangers_intervals(const kao_strangers *s, const kao_portraits *p,
                                   uint64_t seed, const double *thresholds, size_t n,
                                   kao_interval *out, kao_error *err)
{
    enum { ROUNDS = KAO_BOOTSTRAP_ROUNDS };
    uint64_t *pictures = count_pictures(s->mem, p);
    uint32_t *rank = kao_calloc(s->mem, p->n, sizeof *rank),
             *drawn = kao_calloc(s->mem, p->n, sizeof *drawn),
             *times = kao_calloc(s->mem, p->n, sizeof *times);
    double *rates = kao_calloc(s->mem, n * (ROUNDS + 1), sizeof *rates);
    const bool fine = pictures && rank && drawn && times && rates;
    const size_t n_people = fine ? number_people(p, pictures, rank) : 0;
    const double least = s->n_top ? (double)s->top[s->n_top - 1].similarity : 2;

    for (uint32_t r = 0; n_people > 1 && r < ROUNDS; r++) {
        double *round = rates + n * ROUNDS;

        kao_bootstrap_draw(seed, r, drawn, n_people);
        for (size_t i = 0; i < n_people; i++)
            times[rank[i]] = drawn[i];
        draw_rates(s, p, pictures, times, thresholds, n, round);
        for (size_t i = 0; i < n; i++)
            rates[i * ROUNDS + r] = round[i];
    }
    for (size_t i = 0; fine && i < n; i++)
        out[i] = n_people > 1 && thresholds[i] >= least &&
                         !(thresholds[i] == least && kao_strangers_cut(s))
                     ? kao_bootstrap_interval(rates + i * ROUNDS, ROUNDS)
                     : (kao_interval){ (double)NAN, (double)NAN };
    kao_free(s->mem, pictures);
    kao_free(s->mem, rank);
    kao_free(s->mem, drawn);
    kao_free(s->mem, times);
    kao_free(s->mem, rates);
    return fine ? KAO_OK : kao_fail(err, KAO_E_NOMEM, "bootstrap: out of memory");
}
