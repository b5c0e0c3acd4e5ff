/* See scores.h. Each kind of pair is kept sorted, so that a rate at a threshold is a binary
 * search. The folds need no sorting: a pair is right from one point of the grid on, or up to
 * it, so that counting points and adding up gives the accuracy at all of them. */
#include "eval/scores.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { GRID = 400 }; /* distances 0 .. 3.99 */
#define GRID_STEP 0.01

static int larger_first(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x < y) - (x > y);
}

kao_status kao_scores_init(kao_scores *s, kao_mem *mem, const double *similarity,
                           const bool *is_same, size_t n, kao_error *err)
{
    *s = (kao_scores){ .mem = mem, .n = n };
    for (size_t i = 0; i < n; i++)
        if (isnan(similarity[i]))
            return kao_fail(err, KAO_E_ARG, "pair %zu: a similarity that is no number",
                            i + 1);
    s->similarity = kao_calloc(mem, n, sizeof *s->similarity);
    s->is_same = kao_calloc(mem, n, sizeof *s->is_same);
    s->same = kao_calloc(mem, n, sizeof *s->same);
    s->different = kao_calloc(mem, n, sizeof *s->different);
    if (!s->similarity || !s->is_same || !s->same || !s->different) {
        kao_scores_fini(s);
        return kao_fail(err, KAO_E_NOMEM, "similarities of %zu pairs: out of memory",
                        n);
    }
    for (size_t i = 0; i < n; i++) {
        s->similarity[i] = similarity[i];
        s->is_same[i] = is_same[i];
        if (is_same[i])
            s->same[s->n_same++] = similarity[i];
        else
            s->different[s->n_different++] = similarity[i];
    }
    qsort(s->same, s->n_same, sizeof *s->same, larger_first);
    qsort(s->different, s->n_different, sizeof *s->different, larger_first);
    return KAO_OK;
}

void kao_scores_fini(kao_scores *s)
{
    if (s->mem) {
        kao_free(s->mem, s->similarity);
        kao_free(s->mem, s->is_same);
        kao_free(s->mem, s->same);
        kao_free(s->mem, s->different);
    }
    *s = (kao_scores){ .mem = NULL };
}

static double share(size_t k, size_t n)
{
    return n ? (double)k / (double)n : 0;
}

/* ---- the folds ---- */

/* The first point of the grid whose distance is above that of a similarity; GRID: none. */
static size_t first_above(double similarity)
{
    const double d = 2 - 2 * similarity;

    if (d < 0)
        return 0;
    if (d >= GRID * GRID_STEP)
        return GRID;
    size_t k = (size_t)(d / GRID_STEP);

    /* the quotient may be a unit off: what counts is the comparison */
    while (k > 0 && d < (double)(k - 1) * GRID_STEP)
        k--;
    while (k < GRID && !(d < (double)k * GRID_STEP))
        k++;
    return k;
}

/* right[k]: how many of the pairs begin .. end-1 are judged rightly at point k. */
static void count_right(const kao_scores *s, size_t begin, size_t end,
                        size_t right[GRID])
{
    size_t same_from[GRID + 1] = { 0 }, different_from[GRID + 1] = { 0 };
    size_t same = 0, refused = 0;

    for (size_t i = begin; i < end; i++) {
        size_t *from = s->is_same[i] ? same_from : different_from;

        from[first_above(s->similarity[i])]++;
        refused += !s->is_same[i];
    }
    for (size_t k = 0; k < GRID; k++) {
        same += same_from[k];
        refused -= different_from[k];
        right[k] = same + refused;
    }
}

static size_t first_best(const size_t right[GRID])
{
    size_t best = 0;

    for (size_t k = 1; k < GRID; k++)
        if (right[k] > right[best])
            best = k;
    return best;
}

static double as_similarity(size_t point)
{
    return 1 - (double)point * GRID_STEP / 2;
}

size_t kao_fold_begin(size_t n_pairs, uint32_t n, size_t i)
{
    const size_t more = n_pairs % n;

    return i * (n_pairs / n) + (i < more ? i : more);
}

bool kao_folds_measure(const kao_scores *s, uint32_t n, kao_folds *folds)
{
    size_t all[GRID], fold[GRID], others[GRID];
    double sum = 0, squares = 0;

    *folds = (kao_folds){ .n = 0 };
    if (n < 2 || n > KAO_FOLDS_MAX || n > s->n)
        return false;
    folds->n = n;
    count_right(s, 0, s->n, all);
    for (uint32_t i = 0; i < n; i++) {
        const size_t begin = kao_fold_begin(s->n, n, i),
                     end = kao_fold_begin(s->n, n, i + 1);

        count_right(s, begin, end, fold);
        for (size_t k = 0; k < GRID; k++)
            others[k] = all[k] - fold[k];
        const size_t point = first_best(others);

        folds->threshold[i] = as_similarity(point);
        folds->accuracy[i] = (double)fold[point] / (double)(end - begin);
        sum += folds->accuracy[i];
    }
    folds->mean = sum / n;
    for (uint32_t i = 0; i < n; i++)
        squares += pow(folds->accuracy[i] - folds->mean, 2);
    folds->deviation = sqrt(squares / n);
    folds->standard_error = sqrt(squares / (n - 1) / n);
    return true;
}

double kao_best_threshold(const kao_scores *s, double *accuracy)
{
    size_t all[GRID];

    count_right(s, 0, s->n, all);
    const size_t point = first_best(all);

    *accuracy = share(all[point], s->n);
    return as_similarity(point);
}

/* ---- the curve ---- */

kao_interval kao_wilson(size_t k, size_t n)
{
    const double z = 1.959963984540054, count = (double)n, p = (double)k / count;
    const double scale = 1 + z * z / count;
    const double middle = (p + z * z / (2 * count)) / scale;
    const double half =
        z * sqrt(p * (1 - p) / count + z * z / (4 * count * count)) / scale;

    /* at the ends the interval begins and ends there, but for a rounding */
    return (kao_interval){ k == 0 ? 0 : middle - half, k == n ? 1 : middle + half };
}

/* How many of the values, largest first, are at least t (or: above). */
static size_t count_from(const double *values, size_t n, double t, bool above)
{
    size_t lo = 0, hi = n;

    while (lo < hi) {
        const size_t mid = lo + (hi - lo) / 2;

        if (above ? values[mid] > t : values[mid] >= t)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

double kao_scores_far(const kao_scores *s, double threshold)
{
    return share(count_from(s->different, s->n_different, threshold, false),
                 s->n_different);
}

double kao_scores_frr(const kao_scores *s, double threshold)
{
    return share(s->n_same - count_from(s->same, s->n_same, threshold, false),
                 s->n_same);
}

bool kao_roc_at(const kao_scores *s, double far, kao_roc_point *tar)
{
    *tar = (kao_roc_point){ .threshold = -2 };
    if (s->n_same == 0 || s->n_different == 0)
        return false;
    /* .001 * 3000 may lie a rounding below 3 */
    const double allowed = floor(far * (double)s->n_different + 1e-9);

    if (allowed < (double)s->n_different)
        tar->threshold = s->different[(size_t)allowed];
    tar->n_accepted = count_from(s->same, s->n_same, tar->threshold, true);
    tar->n_false = count_from(s->different, s->n_different, tar->threshold, true);
    tar->tar = share(tar->n_accepted, s->n_same);
    tar->far = share(tar->n_false, s->n_different);
    tar->tar_95 = kao_wilson(tar->n_accepted, s->n_same);
    tar->far_95 = kao_wilson(tar->n_false, s->n_different);
    return true;
}

double kao_scores_auc(const kao_scores *s)
{
    double won = 0;
    size_t above = 0, from = 0;

    if (s->n_same == 0 || s->n_different == 0)
        return (double)NAN;
    for (size_t i = 0; i < s->n_different; i++) {
        const double d = s->different[i];

        while (above < s->n_same && s->same[above] > d)
            above++;
        from = from > above ? from : above;
        while (from < s->n_same && s->same[from] >= d)
            from++;
        won += (double)above + (double)(from - above) / 2;
    }
    return won / (double)s->n_same / (double)s->n_different;
}

/* From the largest similarity down FRR falls and FAR rises; the rates just above the largest
 * are 1 and 0. */
double kao_scores_eer(const kao_scores *s, double *threshold)
{
    double far = 0, frr = 1, before = (double)NAN;
    size_t i = 0, k = 0;

    *threshold = (double)NAN;
    if (s->n_same == 0 || s->n_different == 0)
        return (double)NAN;
    while (i < s->n_same || k < s->n_different) {
        const double a = i < s->n_same ? s->same[i] : -HUGE_VAL,
                     b = k < s->n_different ? s->different[k] : -HUGE_VAL,
                     t = a > b ? a : b;
        const double far_before = far, frr_before = frr;

        while (i < s->n_same && s->same[i] >= t)
            i++;
        while (k < s->n_different && s->different[k] >= t)
            k++;
        far = share(k, s->n_different);
        frr = share(s->n_same - i, s->n_same);
        if (far >= frr) {
            const double gap = frr_before - far_before, next = far - frr;
            const double part = gap / (gap + next);

            *threshold = isnan(before) ? t : before + part * (t - before);
            return far_before + part * (far - far_before);
        }
        before = t;
    }
    return far; /* not reached: at the smallest similarity FAR is 1 and FRR is 0 */
}

void kao_histogram(const double *values, size_t n, uint32_t *counts, size_t n_bins)
{
    memset(counts, 0, n_bins * sizeof *counts);
    for (size_t i = 0; i < n; i++) {
        const double at = (values[i] + 1) / 2 * (double)n_bins;
        const size_t bin = at < 0 ? 0 : (size_t)at;

        counts[bin < n_bins ? bin : n_bins - 1]++;
    }
}
