/* See pairs_people.h. Pairs are put into order once; a round goes through them from the largest
 * similarity down and adds up how often each counts. */
#include "eval/pairs_people.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PAIRS_MAX = 1 << 20 };

/* ---- who is who ---- */

bool kao_pairs_people(const kao_pairs *p, uint32_t *person, size_t *n_people)
{
    kao_name_table folders;
    bool fine = true, known = true;

    kao_name_table_init(&folders, p->mem);
    for (size_t i = 0; i < p->names.n && fine && known; i++) {
        char *folder = kao_strdup(p->mem, kao_name_at(&p->names, i));
        char *slash = folder ? strrchr(folder, '/') : NULL;

        fine = folder != NULL;
        known = slash != NULL;
        if (slash) {
            *slash = '\0';
            fine = kao_name_number(&folders, folder, &person[i]);
        }
        kao_free(p->mem, folder);
    }
    for (size_t i = 0; i < p->n && fine && known; i++)
        known = p->pairs[i].same == (person[p->pairs[i].a] == person[p->pairs[i].b]);
    *n_people = fine && known ? folders.n : 0;
    kao_name_table_fini(&folders);
    return fine;
}

/* ---- a round ---- */

typedef struct pair {
    double similarity;
    uint32_t a, b;
    bool same, right; /* right: as the folds judge it */
} pair;

enum { ACCURACY, AUC, EER, TAR, VALUES = TAR + KAO_FIGURES_TARS };

static int larger_first(const void *a, const void *b)
{
    const pair *x = a, *y = b;

    return (x->similarity < y->similarity) - (x->similarity > y->similarity);
}

static uint64_t weight(const pair *p, const uint32_t *times)
{
    return p->same ? times[p->a] : (uint64_t)times[p->a] * times[p->b];
}

typedef struct sums {
    uint64_t same, different, right;
} sums;

static sums add_all(const pair *p, size_t n, const uint32_t *times)
{
    sums s = { 0, 0, 0 };

    for (size_t i = 0; i < n; i++) {
        const uint64_t w = weight(&p[i], times);

        *(p[i].same ? &s.same : &s.different) += w;
        s.right += p[i].right ? w : 0;
    }
    return s;
}

/* Where the rates cross between one similarity and the next: as kao_scores_eer. */
static double cross(double far_before, double frr_before, double far, double frr)
{
    const double gap = frr_before - far_before, next = far - frr;

    return far_before + gap / (gap + next) * (far - far_before);
}

static void measure(const pair *p, size_t n, const uint32_t *times, bool folds,
                    const kao_figures *f, double to[VALUES])
{
    const sums all = add_all(p, n, times);
    uint64_t same = 0, different = 0; /* above what is looked at */
    double won = 0, far = 0, frr = 1;

    for (size_t v = 0; v < VALUES; v++)
        to[v] = (double)NAN;
    if (all.same == 0 || all.different == 0)
        return;
    if (folds)
        to[ACCURACY] = (double)all.right / (double)(all.same + all.different);
    for (size_t i = 0, next; i < n; i = next) {
        sums here = { 0, 0, 0 };

        for (next = i; next < n && p[next].similarity >= p[i].similarity; next++)
            *(p[next].same ? &here.same : &here.different) += weight(&p[next], times);
        for (size_t k = 0; k < KAO_FIGURES_TARS; k++) {
            const double allowed = f->tars[k].far * (double)all.different + 1e-9;

            if (isnan(to[TAR + k]) && (double)(different + here.different) > allowed)
                to[TAR + k] = (double)same / (double)all.same;
        }
        won += (double)here.different * ((double)same + (double)here.same / 2);
        same += here.same;
        different += here.different;
        const double far_here = (double)different / (double)all.different,
                     frr_here = 1 - (double)same / (double)all.same;

        if (isnan(to[EER]) && far_here >= frr_here)
            to[EER] = cross(far, frr, far_here, frr_here);
        far = far_here;
        frr = frr_here;
    }
    to[AUC] = won / (double)all.same / (double)all.different;
}

/* ---- all of them ---- */

static bool judged_rightly(const kao_folds *f, const kao_scores *s, size_t i)
{
    uint32_t k = 0;

    while (k + 1 < f->n && i >= kao_fold_begin(s->n, f->n, k + 1))
        k++;
    return f->n && (s->similarity[i] > f->threshold[k]) == s->is_same[i];
}

/* People who are in a pair are numbered anew, from 1; 0: in none, and not drawn. Gives how many. */
static size_t number_people(const kao_pairs_drawn *d, uint32_t *rank)
{
    size_t n = 0;

    for (size_t i = 0; i < d->scores->n; i++)
        rank[d->a[i]] = rank[d->b[i]] = 1;
    for (size_t i = 0; i < d->n_people; i++)
        if (rank[i])
            rank[i] = (uint32_t)++n;
    return n;
}

static void fill(kao_figures *f, const kao_pairs_drawn *d, pair *pairs, uint32_t *rank,
                 uint32_t *times, double *values)
{
    const size_t n = d->scores->n, n_people = number_people(d, rank);
    kao_interval within[VALUES];

    for (size_t i = 0; i < n; i++)
        pairs[i] = (pair){ .similarity = d->scores->similarity[i],
                           .a = rank[d->a[i]] - 1,
                           .b = rank[d->b[i]] - 1,
                           .same = d->scores->is_same[i],
                           .right = judged_rightly(&f->folds, d->scores, i) };
    qsort(pairs, n, sizeof *pairs, larger_first);
    for (uint32_t k = 0; k < KAO_BOOTSTRAP_ROUNDS; k++) {
        double one[VALUES];

        kao_bootstrap_draw(d->seed, k, times, n_people);
        measure(pairs, n, times, f->folds.n > 0, f, one);
        for (size_t v = 0; v < VALUES; v++)
            values[v * KAO_BOOTSTRAP_ROUNDS + k] = one[v];
    }
    for (size_t v = 0; v < VALUES; v++)
        within[v] = kao_bootstrap_interval(values + v * KAO_BOOTSTRAP_ROUNDS,
                                           KAO_BOOTSTRAP_ROUNDS);
    f->people = (kao_figures_people){ .n = n_people,
                                      .accuracy = within[ACCURACY],
                                      .auc = within[AUC],
                                      .eer = within[EER] };
    memcpy(f->people.tar, within + TAR, sizeof f->people.tar);
}

kao_status kao_figures_draw_people(kao_figures *f, const kao_pairs_drawn *d,
                                   kao_error *err)
{
    kao_mem *mem = d->scores->mem;

    if (d->scores->n > PAIRS_MAX || d->n_people == 0 || isnan(f->auc))
        return KAO_OK;
    pair *pairs = kao_calloc(mem, d->scores->n, sizeof *pairs);
    uint32_t *rank = kao_calloc(mem, d->n_people, sizeof *rank),
             *times = kao_calloc(mem, d->n_people, sizeof *times);
    double *values =
        kao_calloc(mem, (size_t)VALUES * KAO_BOOTSTRAP_ROUNDS, sizeof *values);
    const bool fine = pairs && rank && times && values;

    if (fine)
        fill(f, d, pairs, rank, times, values);
    kao_free(mem, pairs);
    kao_free(mem, rank);
    kao_free(mem, times);
    kao_free(mem, values);
    return fine ? KAO_OK
                : kao_fail(err, KAO_E_NOMEM, "%zu pairs: out of memory", d->scores->n);
}
