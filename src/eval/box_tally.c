/* Hits and false boxes over all pictures: see boxes.h. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "eval/boxes.h"

const float kao_box_sizes[KAO_BOX_SIZES] = { 0, 24, 48, 96 };

void kao_box_tally_init(kao_box_tally *t, kao_mem *mem)
{
    *t = (kao_box_tally){ .mem = mem };
}

void kao_box_tally_fini(kao_box_tally *t)
{
    kao_free(t->mem, t->outcomes);
    kao_box_tally_init(t, t->mem);
}

/* ---- one picture ---- */

static float shorter(const kao_box *b)
{
    return b->width < b->height ? b->width : b->height;
}

static uint8_t size_of(const kao_box *b)
{
    uint8_t size = KAO_BOX_SIZES - 1;

    while (size > 0 && shorter(b) < kao_box_sizes[size])
        size--;
    return size;
}

double kao_box_overlap(const kao_box *a, const kao_box *b)
{
    const double ax = (double)a->x, ay = (double)a->y, bx = (double)b->x,
                 by = (double)b->y, aw = (double)a->width, ah = (double)a->height,
                 bw = (double)b->width, bh = (double)b->height;
    const double x = fmin(ax + aw, bx + bw) - fmax(ax, bx),
                 y = fmin(ay + ah, by + bh) - fmax(ay, by);
    const double both = x > 0 && y > 0 ? x * y : 0, sum = aw * ah + bw * bh - both;

    return sum > 0 ? both / sum : 0;
}

double kao_box_limit(double overlap)
{
    return fmax(overlap - 1e-6, overlap / 2);
}

static bool counts(const kao_box_rules *r, const kao_true_box *t)
{
    return !t->marked && shorter(&t->box) >= r->min_size;
}

static int best_first(const void *a, const void *b)
{
    const float x = ((const kao_found_box *)a)->score,
                y = ((const kao_found_box *)b)->score;

    return (x < y) - (x > y);
}

/* The face overlapped most, of those that count and are free, or (ignored) of the others;
 * n: none is overlapped far enough. */
static size_t face_of(const kao_box_rules *r, const kao_true_box *boxes, size_t n,
                      const bool *taken, const kao_box *found, bool ignored)
{
    double most = kao_box_limit((double)r->overlap);
    size_t best = n;

    for (size_t i = 0; i < n; i++) {
        if (counts(r, &boxes[i]) == ignored || (!ignored && taken[i]))
            continue;
        const double o = kao_box_overlap(&boxes[i].box, found);

        if (o >= most && (best == n || o > most)) {
            most = o;
            best = i;
        }
    }
    return best;
}

static bool widen(kao_box_tally *t, size_t more)
{
    size_t cap = t->cap ? t->cap : 1024;

    while (cap < t->n + more)
        cap *= 2;
    if (cap == t->cap)
        return true;
    kao_box_outcome *bigger =
        kao_grow(t->mem, t->outcomes, t->n * sizeof *bigger, cap * sizeof *bigger);

    if (!bigger)
        return false;
    t->outcomes = bigger;
    t->cap = cap;
    return true;
}

bool kao_box_tally_add(kao_box_tally *t, const kao_box_rules *rules,
                       const kao_true_box *boxes, size_t n_boxes, kao_found_box *found,
                       size_t n_found)
{
    bool *taken = kao_calloc(t->mem, n_boxes, sizeof *taken);

    if (!taken || !widen(t, n_found)) {
        kao_free(t->mem, taken);
        return false;
    }
    for (size_t i = 0; i < n_boxes; i++) {
        const bool count = counts(rules, &boxes[i]);

        t->n_faces += count;
        t->n_faces_of[size_of(&boxes[i].box)] += count;
        t->n_ignored += !count;
    }
    if (n_found)
        qsort(found, n_found, sizeof *found, best_first);
    for (size_t i = 0; i < n_found; i++) {
        const kao_box *f = &found[i].box;
        const size_t face = face_of(rules, boxes, n_boxes, taken, f, false);
        kao_box_outcome o = { .score = found[i].score, .hit = face < n_boxes };

        if (o.hit) {
            taken[face] = true;
            o.size = size_of(&boxes[face].box);
        } else if (shorter(f) < rules->min_size ||
                   face_of(rules, boxes, n_boxes, taken, f, true) < n_boxes) {
            continue;
        }
        t->outcomes[t->n++] = o;
    }
    kao_free(t->mem, taken);
    return true;
}

/* ---- all of them ---- */

/* Of one score, false boxes first: no order of the pictures makes a figure better. */
static int by_score(const void *a, const void *b)
{
    const kao_box_outcome *x = a, *y = b;

    return x->score != y->score ? (x->score < y->score ? 1 : -1)
                                : (int)x->hit - (int)y->hit;
}

void kao_box_tally_sort(kao_box_tally *t)
{
    if (t->n)
        qsort(t->outcomes, t->n, sizeof *t->outcomes, by_score);
}

double kao_box_average_precision(const kao_box_tally *t)
{
    size_t hits = 0;
    double best = 0, sum = 0;

    for (size_t i = 0; i < t->n; i++)
        hits += t->outcomes[i].hit;
    for (size_t i = t->n; i > 0; i--) { /* from the largest recall down */
        const double precision = (double)hits / (double)i;

        best = precision > best ? precision : best;
        if (t->outcomes[i - 1].hit) {
            sum += best;
            hits--;
        }
    }
    return t->n_faces ? sum / (double)t->n_faces : (double)NAN;
}

kao_box_recall kao_box_recall_at(const kao_box_tally *t, size_t n_false)
{
    size_t hits = 0, wrong = 0, of[KAO_BOX_SIZES] = { 0 };
    kao_box_recall r = { .threshold = 1 };

    for (size_t i = 0; i < t->n;) {
        size_t end = i, more = 0;

        for (; end < t->n && t->outcomes[end].score == t->outcomes[i].score; end++)
            more += !t->outcomes[end].hit;
        if (wrong + more > n_false)
            break;
        wrong += more;
        for (; i < end; i++) {
            hits += t->outcomes[i].hit;
            of[t->outcomes[i].size] += t->outcomes[i].hit;
        }
        r.threshold = t->outcomes[end - 1].score;
    }
    r.n_false = wrong;
    r.recall = t->n_faces ? (double)hits / (double)t->n_faces : (double)NAN;
    for (size_t i = 0; i < KAO_BOX_SIZES; i++)
        r.recall_of[i] =
            t->n_faces_of[i] ? (double)of[i] / (double)t->n_faces_of[i] : (double)NAN;
    return r;
}
