/* CLEAR MOT and identity figures: see track_score.h. HOTA is in track_hota.c. */
#include <math.h>

#include "base/assign.h"
#include "eval/track_parts.h"

/* ---- frames ---- */

/* How many boxes from i on are of one frame. */
static size_t run_length(const kao_mot *m, size_t i, uint32_t frame)
{
    size_t n = 0;

    while (i + n < m->n && m->boxes[i + n].frame == frame)
        n++;
    return n;
}

static uint32_t frame_at(const kao_mot *m, size_t i)
{
    return i < m->n ? m->boxes[i].frame : UINT32_MAX;
}

/* The boxes of the next frame, without their overlaps. */
static bool step(kao_frames *f)
{
    const uint32_t a = frame_at(f->truth, f->next_true),
                   b = frame_at(f->found, f->next_found);

    f->frame = a < b ? a : b;
    if (f->frame == UINT32_MAX) {
        f->next_true = f->next_found = 0;
        return false;
    }
    f->n_true = run_length(f->truth, f->next_true, f->frame);
    f->n_found = run_length(f->found, f->next_found, f->frame);
    f->true_boxes = f->n_true ? f->truth->boxes + f->next_true : NULL;
    f->found_boxes = f->n_found ? f->found->boxes + f->next_found : NULL;
    f->next_true += f->n_true;
    f->next_found += f->n_found;
    return true;
}

bool kao_frames_next(kao_frames *f)
{
    if (!step(f))
        return false;
    for (size_t i = 0; i < f->n_true; i++)
        for (size_t k = 0; k < f->n_found; k++)
            f->overlap[i * f->n_found + k] =
                kao_box_overlap(&f->true_boxes[i].box, &f->found_boxes[k].box);
    return true;
}

static bool frames_init(kao_frames *f, kao_mem *mem, const kao_mot *truth,
                        const kao_mot *found)
{
    size_t pairs = 0, most = 0;

    *f = (kao_frames){ .mem = mem, .truth = truth, .found = found };
    while (step(f)) {
        if (!kao_mul(f->n_true, f->n_found, &pairs))
            return false;
        most = pairs > most ? pairs : most;
    }
    f->overlap = kao_calloc(mem, most, sizeof *f->overlap);
    f->cost = kao_calloc(mem, most, sizeof *f->cost);
    f->of = kao_calloc(mem, truth->n, sizeof *f->of);
    return f->overlap && f->cost && f->of;
}

static void frames_fini(kao_frames *f)
{
    kao_free(f->mem, f->overlap);
    kao_free(f->mem, f->cost);
    kao_free(f->mem, f->of);
}

/* ---- CLEAR MOT ---- */

typedef struct person {
    size_t n_frames, n_matched;
    uint32_t last_frame; /* in which it was matched; 0: never */
    uint32_t last_track; /* with which */
    bool interrupted;    /* there and not matched since then */
} person;

typedef struct counts {
    kao_frames *f;
    person *people;
    float *common; /* frames in which a person and a track may match */
    double limit, overlaps;
    kao_track_score *s;
    kao_error *err;
} counts;

/* Which box of the frame is the one of this track; n_found: none. */
static size_t box_of_track(const kao_frames *f, uint32_t track)
{
    size_t k = 0;

    while (k < f->n_found && f->found_boxes[k].track != track)
        k++;
    return k;
}

static bool may_match(const counts *c, size_t i, size_t k)
{
    return c->f->overlap[i * c->f->n_found + k] >= c->limit;
}

/* f->of: pairs of the frame before that go on, then the best of the rest. */
static kao_status match_frame(counts *c)
{
    kao_frames *f = c->f;
    const size_t n = f->n_found, least = f->n_true < n ? f->n_true : n;

    for (size_t i = 0; i < f->n_true; i++)
        for (size_t k = 0; k < n; k++)
            f->cost[i * n + k] =
                may_match(c, i, k) ? (float)(1 - f->overlap[i * n + k]) : NAN;
    for (size_t i = 0; i < f->n_true; i++) {
        const person *p = &c->people[f->true_boxes[i].track];
        const size_t k = p->last_frame && p->last_frame + 1 == f->frame
                             ? box_of_track(f, p->last_track)
                             : n;

        if (k == n || !may_match(c, i, k))
            continue;
        for (size_t other = 0; other < n; other++)
            if (other != k)
                f->cost[i * n + other] = NAN;
        for (size_t other = 0; other < f->n_true; other++)
            if (other != i)
                f->cost[other * n + k] = NAN;
    }
    /* a limit above all costs together: as many pairs as possible */
    return kao_assign(f->mem, f->cost, f->n_true, n, n, (float)least + 1, f->of,
                      c->err);
}

static void count_person(counts *c, person *p, size_t i)
{
    const int32_t k = c->f->of[i];

    p->n_frames++;
    if (k < 0) {
        p->interrupted = p->last_frame != 0;
        return;
    }
    const uint32_t track = c->f->found_boxes[k].track;

    c->s->n_switches += p->last_frame != 0 && p->last_track != track;
    c->s->n_fragments += p->interrupted;
    c->overlaps += c->f->overlap[i * c->f->n_found + (size_t)k];
    c->s->n_matched++;
    p->n_matched++;
    p->interrupted = false;
    p->last_frame = c->f->frame;
    p->last_track = track;
}

static kao_status count_frames(counts *c)
{
    const kao_frames *f = c->f;
    const size_t n_tracks = f->found->n_ids;

    while (kao_frames_next(c->f)) {
        const kao_status st = match_frame(c);

        if (st)
            return st;
        for (size_t i = 0; i < f->n_true; i++) {
            const size_t who = f->true_boxes[i].track;

            count_person(c, &c->people[who], i);
            for (size_t k = 0; k < f->n_found; k++)
                c->common[who * n_tracks + f->found_boxes[k].track] +=
                    may_match(c, i, k);
        }
    }
    return KAO_OK;
}

/* ---- identity ---- */

/* The cost of a pair is what it has in common, below 0: frames, far fewer than the 2^24 that a
 * float counts. */
static kao_status count_common(counts *c)
{
    const size_t people = c->s->n_people, tracks = c->s->n_tracks;
    kao_mem *mem = c->f->mem;
    int32_t *of = kao_calloc(mem, people, sizeof *of);

    if (!of)
        return kao_fail(c->err, KAO_E_NOMEM, "out of memory");
    for (size_t i = 0; i < people * tracks; i++)
        c->common[i] = -c->common[i];
    const kao_status st =
        kao_assign(mem, c->common, people, tracks, tracks, 0, of, c->err);

    for (size_t i = 0; !st && i < people; i++)
        if (of[i] >= 0)
            c->s->n_common += (size_t)-c->common[i * tracks + (size_t)of[i]];
    kao_free(mem, of);
    return st;
}

/* ---- all ---- */

static double share(size_t part, size_t of)
{
    return of ? (double)part / (double)of : (double)NAN;
}

static void finish(counts *c)
{
    kao_track_score *s = c->s;
    const size_t wrong =
        s->n_true - s->n_matched + s->n_found - s->n_matched + s->n_switches;

    s->recall = share(s->n_matched, s->n_true);
    s->precision = share(s->n_matched, s->n_found);
    s->mota = 1 - share(wrong, s->n_true);
    s->motp = s->n_matched ? c->overlaps / (double)s->n_matched : (double)NAN;
    s->idp = share(s->n_common, s->n_found);
    s->idr = share(s->n_common, s->n_true);
    s->idf1 = share(2 * s->n_common, s->n_true + s->n_found);
    for (size_t i = 0; i < s->n_people; i++) {
        const person *p = &c->people[i];

        s->n_mostly_tracked += 5 * p->n_matched >= 4 * p->n_frames;
        s->n_mostly_lost += 5 * p->n_matched < p->n_frames;
    }
}

kao_status kao_score_tracks(kao_track_score *s, kao_mem *mem, const kao_mot *truth,
                            const kao_mot *found, float overlap, kao_error *err)
{
    kao_frames f = { .mem = mem };
    counts c = { .f = &f, .limit = kao_box_limit((double)overlap), .s = s, .err = err };
    size_t pairs = 0;

    *s = (kao_track_score){ .n_true = truth->n,
                            .n_found = found->n,
                            .n_people = truth->n_ids,
                            .n_tracks = found->n_ids,
                            .n_frames = truth->last_frame > found->last_frame
                                            ? truth->last_frame
                                            : found->last_frame };
    if (!kao_mul(s->n_people, s->n_tracks, &pairs) || pairs > KAO_TRACK_PAIRS_MAX)
        return kao_fail(err, KAO_E_LIMIT,
                        "%zu people and %zu tracks: more than %zu pairs", s->n_people,
                        s->n_tracks, KAO_TRACK_PAIRS_MAX);
    c.people = kao_calloc(mem, s->n_people, sizeof *c.people);
    c.common = kao_calloc(mem, pairs, sizeof *c.common);
    kao_status st = frames_init(&f, mem, truth, found) && c.people && c.common
                        ? KAO_OK
                        : kao_fail(err, KAO_E_NOMEM, "out of memory");

    if (!st)
        st = count_frames(&c);
    if (!st)
        st = count_common(&c);
    if (!st) {
        finish(&c);
        st = kao_score_hota(s, &f, err);
    }
    kao_free(mem, c.people);
    kao_free(mem, c.common);
    frames_fini(&f);
    return st;
}
