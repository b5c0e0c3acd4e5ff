/* HOTA: see track_score.h. Boxes are matched once, since what is assigned does not depend on the
 * overlap that is asked for; each of those overlaps then takes the pairs that have it. */
#include <math.h>
#include <string.h>

#include "base/assign.h"
#include "eval/track_parts.h"

enum { STEPS = 19, PER_ONE = 20 }; /* .05, .10 .. .95 */

typedef struct match {
    uint32_t pair; /* person * n_tracks + track */
    double overlap;
} match;

typedef struct hota {
    kao_frames *f;
    size_t n_people, n_tracks;
    size_t *of_person, *of_track; /* frames that each is in */
    double *alignment;            /* of each pair */
    uint32_t *n_matched;          /* of each pair, at one overlap */
    match *matches;               /* of all frames */
    size_t n_matches;
    double *of_found; /* of each box found in the frame: the sum of its overlaps */
} hota;

static size_t pair_of(const hota *h, size_t i, size_t k)
{
    return h->f->true_boxes[i].track * h->n_tracks + h->f->found_boxes[k].track;
}

/* Overlaps of this frame, each divided by all that its two boxes have. */
static void add_overlaps(hota *h)
{
    const kao_frames *f = h->f;

    for (size_t k = 0; k < f->n_found; k++) {
        h->of_found[k] = 0;
        for (size_t i = 0; i < f->n_true; i++)
            h->of_found[k] += f->overlap[i * f->n_found + k];
        h->of_track[f->found_boxes[k].track]++;
    }
    for (size_t i = 0; i < f->n_true; i++) {
        const double *overlap = f->overlap + i * f->n_found;
        double of_true = 0;

        for (size_t k = 0; k < f->n_found; k++)
            of_true += overlap[k];
        for (size_t k = 0; k < f->n_found; k++)
            if (overlap[k] > 0)
                h->alignment[pair_of(h, i, k)] +=
                    overlap[k] / (of_true + h->of_found[k] - overlap[k]);
        h->of_person[f->true_boxes[i].track]++;
    }
}

static void align(hota *h)
{
    while (kao_frames_next(h->f))
        add_overlaps(h);
    for (size_t p = 0; p < h->n_people; p++)
        for (size_t t = 0; t < h->n_tracks; t++) {
            double *a = &h->alignment[p * h->n_tracks + t];

            *a /= (double)h->of_person[p] + (double)h->of_track[t] - *a;
        }
}

static kao_status match_frames(hota *h, kao_error *err)
{
    const kao_frames *f = h->f;

    while (kao_frames_next(h->f)) {
        const size_t n = f->n_found;

        for (size_t i = 0; i < f->n_true; i++)
            for (size_t k = 0; k < n; k++)
                f->cost[i * n + k] =
                    -(float)(f->overlap[i * n + k] * h->alignment[pair_of(h, i, k)]);
        const kao_status st =
            kao_assign(f->mem, f->cost, f->n_true, n, n, 0, f->of, err);

        if (st)
            return st;
        for (size_t i = 0; i < f->n_true; i++)
            if (f->of[i] >= 0) {
                const size_t k = (size_t)f->of[i];

                h->matches[h->n_matches++] =
                    (match){ (uint32_t)pair_of(h, i, k), f->overlap[i * n + k] };
            }
    }
    return KAO_OK;
}

/* DetA and AssA at one overlap. */
static void at_overlap(const hota *h, const kao_track_score *s, double overlap,
                       double *det_a, double *ass_a)
{
    size_t n = 0;
    double sum = 0;

    memset(h->n_matched, 0, h->n_people * h->n_tracks * sizeof *h->n_matched);
    for (size_t i = 0; i < h->n_matches; i++)
        if (h->matches[i].overlap >= kao_box_limit(overlap)) {
            h->n_matched[h->matches[i].pair]++;
            n++;
        }
    for (size_t p = 0; p < h->n_people; p++)
        for (size_t t = 0; t < h->n_tracks; t++) {
            const double both = h->n_matched[p * h->n_tracks + t];

            if (both > 0)
                sum += both * both /
                       ((double)h->of_person[p] + (double)h->of_track[t] - both);
        }
    const size_t all = s->n_true + s->n_found - n;

    *det_a = all ? (double)n / (double)all : (double)NAN;
    *ass_a = n ? sum / (double)n : all ? 0 : (double)NAN;
}

kao_status kao_score_hota(kao_track_score *s, kao_frames *f, kao_error *err)
{
    kao_mem *mem = f->mem;
    const size_t pairs = s->n_people * s->n_tracks;
    hota h = { .f = f,
               .n_people = s->n_people,
               .n_tracks = s->n_tracks,
               .of_person = kao_calloc(mem, s->n_people, sizeof *h.of_person),
               .of_track = kao_calloc(mem, s->n_tracks, sizeof *h.of_track),
               .alignment = kao_calloc(mem, pairs, sizeof *h.alignment),
               .n_matched = kao_calloc(mem, pairs, sizeof *h.n_matched),
               .matches = kao_calloc(mem, s->n_true, sizeof *h.matches),
               .of_found = kao_calloc(mem, s->n_tracks, sizeof *h.of_found) };
    kao_status st = KAO_OK;

    s->hota = s->det_a = s->ass_a = 0;
    if (!h.of_person || !h.of_track || !h.alignment || !h.n_matched || !h.matches ||
        !h.of_found)
        st = kao_fail(err, KAO_E_NOMEM, "out of memory");
    if (!st) {
        align(&h);
        st = match_frames(&h, err);
    }
    for (int i = 1; !st && i <= STEPS; i++) {
        double det_a, ass_a;

        at_overlap(&h, s, (double)i / PER_ONE, &det_a, &ass_a);
        s->hota += sqrt(det_a * ass_a) / STEPS;
        s->det_a += det_a / STEPS;
        s->ass_a += ass_a / STEPS;
    }
    kao_free(mem, h.of_person);
    kao_free(mem, h.of_track);
    kao_free(mem, h.alignment);
    kao_free(mem, h.n_matched);
    kao_free(mem, h.matches);
    kao_free(mem, h.of_found);
    return st;
}
