/* See identify.h. All is measured by one function on probes that count so many times as their
 * person was drawn: once each for the figure itself, in each round for its interval. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eval/figures.h"
#include "eval/identify.h"

const size_t kao_identify_ranks[KAO_IDENTIFY_RANKS] = { 1, 5, 10, 20 };
static const double rates[KAO_IDENTIFY_RATES] = { 1e-1, 1e-2, 1e-3 };

/* What a round gives: the figures in a row. */
enum {
    RANK,
    FNIR = RANK + KAO_IDENTIFY_RANKS,
    FNIR1 = FNIR + KAO_IDENTIFY_RATES,
    AT_FPIR = FNIR1 + KAO_IDENTIFY_RATES,
    AT_FNIR,
    AT_FNIR1,
    VALUES
};

/* Largest similarity first: thresholds of strangers are found so, and of mated probes each count
 * takes the same turn again and again, which a thousand rounds feel. */
typedef struct sorted {
    const kao_identification *s;
    kao_probe *mated, *strangers;
    double threshold;
} sorted;

static int larger_first(const void *a, const void *b)
{
    const kao_probe *x = a, *y = b;

    return (x->similarity < y->similarity) - (x->similarity > y->similarity);
}

static uint64_t count_all(const kao_probe *p, size_t n, const uint32_t *times)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < n; i++)
        sum += times[p[i].person];
    return sum;
}

static double share(uint64_t k, uint64_t n)
{
    return n ? (double)k / (double)n : (double)NAN;
}

/* Where at most a share of the strangers' probes is above. */
static double threshold_at(const sorted *x, const uint32_t *times, double rate,
                           uint64_t n)
{
    const uint64_t allowed = (uint64_t)floor(rate * (double)n + 1e-9);
    uint64_t above = 0;

    for (size_t i = 0; i < x->s->n_strangers; i++) {
        above += times[x->strangers[i].person];
        if (above > allowed)
            return x->strangers[i].similarity;
    }
    return -3; /* below all */
}

/* Mated probes that are missed at t; from: t itself finds. first: the mate must be, too. */
static uint64_t count_missed(const sorted *x, const uint32_t *times, double t,
                             bool from, bool first)
{
    uint64_t missed = 0;

    for (size_t i = 0; i < x->s->n_mated; i++) {
        const kao_probe *p = &x->mated[i];
        const bool found = from ? p->similarity >= t : p->similarity > t;

        if (!found || (first && p->rank > 1))
            missed += times[p->person];
    }
    return missed;
}

static void measure(const sorted *x, const uint32_t *times, double to[VALUES])
{
    const kao_identification *s = x->s;
    const uint64_t n_mated = count_all(x->mated, s->n_mated, times),
                   n_strangers = count_all(x->strangers, s->n_strangers, times);
    uint64_t within[KAO_IDENTIFY_RANKS] = { 0 }, above = 0;

    for (size_t i = 0; i < s->n_mated; i++)
        for (size_t k = 0; k < KAO_IDENTIFY_RANKS; k++)
            within[k] += x->mated[i].rank <= kao_identify_ranks[k]
                             ? times[x->mated[i].person]
                             : 0;
    for (size_t k = 0; k < KAO_IDENTIFY_RANKS; k++)
        to[RANK + k] = share(within[k], n_mated);
    for (size_t k = 0; k < KAO_IDENTIFY_RATES; k++) {
        const double t = threshold_at(x, times, rates[k], n_strangers);

        to[FNIR + k] = n_strangers
                           ? share(count_missed(x, times, t, false, false), n_mated)
                           : (double)NAN;
        to[FNIR1 + k] = n_strangers
                            ? share(count_missed(x, times, t, false, true), n_mated)
                            : (double)NAN;
    }
    for (size_t i = 0; i < s->n_strangers; i++)
        above += x->strangers[i].similarity >= x->threshold
                     ? times[x->strangers[i].person]
                     : 0;
    to[AT_FPIR] = share(above, n_strangers);
    to[AT_FNIR] = share(count_missed(x, times, x->threshold, true, false), n_mated);
    to[AT_FNIR1] = share(count_missed(x, times, x->threshold, true, true), n_mated);
}

/* ---- rounds ---- */

/* People who have probes: only they are drawn. */
static size_t list_people(const sorted *x, uint32_t *who, uint32_t *times)
{
    size_t n = 0;

    memset(times, 0, x->s->n_people * sizeof *times);
    for (size_t i = 0; i < x->s->n_mated; i++)
        times[x->mated[i].person] = 1;
    for (size_t i = 0; i < x->s->n_strangers; i++)
        times[x->strangers[i].person] = 1;
    for (uint32_t i = 0; i < x->s->n_people; i++)
        if (times[i])
            who[n++] = i;
    return n;
}

typedef struct rounds {
    uint32_t *who, *drawn, *times;
    double *values; /* VALUES times KAO_BOOTSTRAP_ROUNDS */
} rounds;

/* n: people in r->who. */
static void run_rounds(const sorted *x, rounds *r, size_t n, uint64_t seed,
                       kao_interval within[VALUES])
{
    for (uint32_t k = 0; k < KAO_BOOTSTRAP_ROUNDS; k++) {
        double one[VALUES];

        kao_bootstrap_draw(seed, k, r->drawn, n);
        for (size_t i = 0; i < n; i++)
            r->times[r->who[i]] = r->drawn[i];
        measure(x, r->times, one);
        for (size_t v = 0; v < VALUES; v++)
            r->values[v * KAO_BOOTSTRAP_ROUNDS + k] = one[v];
    }
    for (size_t v = 0; v < VALUES; v++)
        within[v] = kao_bootstrap_interval(r->values + v * KAO_BOOTSTRAP_ROUNDS,
                                           KAO_BOOTSTRAP_ROUNDS);
}

/* ---- all of it ---- */

static void fill_rate(kao_identify_rate *to, const sorted *x, const uint32_t *times,
                      double rate)
{
    const double allowed = rate * (double)x->s->n_strangers + 1e-9;
    size_t above = 0;

    *to = (kao_identify_rate){ .wanted = rate,
                               .known = allowed >= 1,
                               .weak = allowed < KAO_FIGURES_ENOUGH };
    to->threshold = threshold_at(x, times, rate, x->s->n_strangers);
    while (above < x->s->n_strangers && x->strangers[above].similarity > to->threshold)
        above++;
    to->fpir = share(above, x->s->n_strangers);
}

static void fill(kao_identify_figures *f, const sorted *x, rounds *r, uint64_t seed)
{
    kao_interval within[VALUES];
    double once[VALUES];
    const size_t n_people = list_people(x, r->who, r->times);

    measure(x, r->times, once);
    for (size_t k = 0; k < KAO_IDENTIFY_RATES; k++)
        fill_rate(&f->rates[k], x, r->times, rates[k]);
    run_rounds(x, r, n_people, seed, within);
    for (size_t k = 0; k < KAO_IDENTIFY_RANKS; k++)
        f->rank[k] = (kao_share){ once[RANK + k], within[RANK + k] };
    for (size_t k = 0; k < KAO_IDENTIFY_RATES; k++) {
        f->rates[k].fnir = (kao_share){ once[FNIR + k], within[FNIR + k] };
        f->rates[k].fnir1 = (kao_share){ once[FNIR1 + k], within[FNIR1 + k] };
    }
    f->fpir = (kao_share){ once[AT_FPIR], within[AT_FPIR] };
    f->fnir = (kao_share){ once[AT_FNIR], within[AT_FNIR] };
    f->fnir1 = (kao_share){ once[AT_FNIR1], within[AT_FNIR1] };
}

kao_status kao_identify_measure(kao_identify_figures *f, const kao_identification *s,
                                double threshold, uint64_t seed, kao_error *err)
{
    kao_mem *mem = s->mem;
    sorted x = { .s = s, .threshold = threshold };
    rounds r = { .who = kao_calloc(mem, s->n_people, sizeof *r.who),
                 .drawn = kao_calloc(mem, s->n_people, sizeof *r.drawn),
                 .times = kao_calloc(mem, s->n_people, sizeof *r.times),
                 .values = kao_calloc(mem, (size_t)VALUES * KAO_BOOTSTRAP_ROUNDS,
                                      sizeof *r.values) };

    *f = (kao_identify_figures){ .has_threshold = !isnan(threshold),
                                 .threshold = threshold };
    x.mated = kao_calloc(mem, s->n_mated, sizeof *x.mated);
    x.strangers = kao_calloc(mem, s->n_strangers, sizeof *x.strangers);
    const bool fine = r.who && r.drawn && r.times && r.values && x.mated && x.strangers;

    if (fine) {
        if (s->n_mated)
            memcpy(x.mated, s->mated, s->n_mated * sizeof *x.mated);
        if (s->n_strangers)
            memcpy(x.strangers, s->strangers, s->n_strangers * sizeof *x.strangers);
        qsort(x.mated, s->n_mated, sizeof *x.mated, larger_first);
        qsort(x.strangers, s->n_strangers, sizeof *x.strangers, larger_first);
        fill(f, &x, &r, seed);
    }
    kao_free(mem, r.who);
    kao_free(mem, r.drawn);
    kao_free(mem, r.times);
    kao_free(mem, r.values);
    kao_free(mem, x.mated);
    kao_free(mem, x.strangers);
    return fine ? KAO_OK
                : kao_fail(err, KAO_E_NOMEM, "%zu searches: out of memory",
                           s->n_mated + s->n_strangers);
}
