/* Which face of this frame is which track?
 *
 *   1. motion     a face and a track that only each other can be, are each other
 *   2. looks      where several can be meant, or a track was hidden: motion and embeddings
 *   3. faintly    what is left of the tracks looks for faces of low scores where they should be
 *   4. again      what is left of the faces is compared with everybody who is not in the frame,
 *                 wherever they were; and with those who have left
 *   5. new        whoever is nobody begins a track
 *
 * After a cut places mean nothing: step 4 comes first. */
#include <math.h>

#include "base/assign.h"
#include "base/error.h"
#include "track/track.h"

/* Chi-squared with 3 degrees of freedom: a face lies within for 999 of 1,000 frames. */
static const double gate = 16.27;
static const double fresh = .5;      /* seconds; hidden for longer: to be looked at */
static const float faint_most = .5f; /* of the gate, for faces of low scores */

/* ---- tracks ---- */

void kao_follow_free(kao_watcher *w, kao_follow *f)
{
    kao_looks_free(&f->looks, w->mem);
    kao_image_free(w->ctx, &f->shot);
}

static void meet(kao_follow *f, kao_glance *g, double time)
{
    g->taken = true;
    f->glance = g;
    f->face = *g->face;
    f->last = time;
    f->hits++;
    kao_motion_update(&f->motion, g->face);
}

kao_status kao_follow_begin(kao_watcher *w, kao_glance *g, double time, kao_error *err)
{
    if (w->n_tracks == KAO_TRACKS_MOST)
        return KAO_OK; /* a crowd: those that are followed are enough */
    kao_status st = kao_watch_room(w->mem, &w->tracks, &w->tracks_cap, w->n_tracks + 1,
                                   sizeof w->tracks[0], err);

    if (st)
        return st;
    kao_follow *f = &w->tracks[w->n_tracks];

    *f = (kao_follow){
        .since = time, .begun = time, .similarity = NAN, .embedded = (double)NAN
    };
    st = kao_looks_init(&f->looks, w->mem, w->dim, err);
    if (st)
        return st;
    f->id = w->next_id++;
    kao_motion_begin(&f->motion, g->face);
    meet(f, g, time);
    w->n_tracks++;
    return KAO_OK;
}

/* ---- costs ---- */

/* Room for a cost for each pair and a partner for each row. */
static kao_status matrix(kao_watcher *w, size_t rows, size_t cols, kao_error *err)
{
    const kao_status st =
        kao_watch_room(w->mem, &w->cost, &w->cost_cap, rows * cols, sizeof(float), err);

    return st ? st
              : kao_watch_room(w->mem, &w->pair, &w->pair_cap, rows, sizeof(int32_t),
                               err);
}

/* Of the gate, 0..1; NaN: too far away. */
static float by_motion(const kao_follow *f, const kao_glance *g)
{
    const double d = kao_motion_distance(&f->motion, g->face) / gate;

    return d < 1 ? (float)d : NAN;
}

/* Motion and looks in equal parts; NaN: surely somebody else. */
static float by_both(const kao_watcher *w, const kao_follow *f, const kao_glance *g)
{
    const float untold = .6f, motion = by_motion(f, g);
    const float alike = g->vector ? kao_looks_alike(&f->looks, w->dim, g->vector) : NAN;

    if (isnan(alike))
        return (motion + untold) / 2;
    if (alike < w->unlike)
        return NAN;
    return (motion + (1 - alike) / (1 - w->unlike)) / 2;
}

static kao_status pair_up(kao_watcher *w, size_t rows, size_t cols, float most,
                          kao_error *err)
{
    return kao_assign(w->mem, w->cost, rows, cols, cols, most, w->pair, err);
}

static bool is_open(const kao_glance *g, bool strong)
{
    return !g->taken && g->strong == strong;
}

static bool any_open(const kao_watcher *w, bool strong)
{
    for (size_t i = 0; i < w->n_glances; i++)
        if (is_open(&w->glances[i], strong))
            return true;
    return false;
}

/* ---- steps ---- */

/* The number of tracks that glance i can be by motion; *only: the last of them. */
static size_t tracks_of(const kao_watcher *w, size_t i, size_t *only)
{
    size_t n = 0;

    for (size_t t = 0; t < w->n_tracks; t++)
        if (!isnan(w->cost[i * w->n_tracks + t])) {
            n++;
            *only = t;
        }
    return n;
}

static size_t glances_of(const kao_watcher *w, size_t t)
{
    size_t n = 0;

    for (size_t i = 0; i < w->n_glances; i++)
        n += isnan(w->cost[i * w->n_tracks + t]) ? 0 : 1;
    return n;
}

static kao_status by_motion_alone(kao_watcher *w, double time, kao_error *err)
{
    const size_t cols = w->n_tracks;
    const kao_status st = matrix(w, w->n_glances, cols, err);

    if (st)
        return st;
    for (size_t i = 0; i < w->n_glances; i++)
        for (size_t t = 0; t < cols; t++)
            w->cost[i * cols + t] = is_open(&w->glances[i], true)
                                        ? by_motion(&w->tracks[t], &w->glances[i])
                                        : NAN;
    for (size_t i = 0; i < w->n_glances; i++) {
        size_t t = 0;

        if (tracks_of(w, i, &t) == 1 && glances_of(w, t) == 1 &&
            time - w->tracks[t].last <= fresh)
            meet(&w->tracks[t], &w->glances[i], time);
    }
    return KAO_OK;
}

static kao_status by_motion_and_looks(kao_watcher *w, const kao_view *view, double time,
                                      kao_error *err)
{
    const size_t cols = w->n_tracks;
    bool any = false;
    kao_status st = matrix(w, w->n_glances, cols, err);

    for (size_t i = 0; !st && i < w->n_glances; i++) {
        kao_glance *g = &w->glances[i];
        bool near = false;

        for (size_t t = 0; t < cols; t++) {
            const bool free = is_open(g, true) && !w->tracks[t].glance;

            near |= free && !isnan(by_motion(&w->tracks[t], g));
            w->cost[i * cols + t] = NAN;
        }
        if (near)
            st = kao_glance_embed(w, view, g, err);
        for (size_t t = 0; !st && near && t < cols; t++)
            if (!w->tracks[t].glance)
                w->cost[i * cols + t] = by_both(w, &w->tracks[t], g);
        any |= near;
    }
    if (!st && any)
        st = pair_up(w, w->n_glances, cols, 1, err);
    for (size_t i = 0; !st && any && i < w->n_glances; i++)
        if (w->pair[i] >= 0)
            meet(&w->tracks[w->pair[i]], &w->glances[i], time);
    return st;
}

static kao_status by_motion_faintly(kao_watcher *w, double time, kao_error *err)
{
    const size_t cols = w->n_tracks;
    kao_status st = matrix(w, w->n_glances, cols, err);

    for (size_t i = 0; !st && i < w->n_glances; i++)
        for (size_t t = 0; t < cols; t++)
            w->cost[i * cols + t] =
                is_open(&w->glances[i], false) && !w->tracks[t].glance
                    ? by_motion(&w->tracks[t], &w->glances[i])
                    : NAN;
    if (!st)
        st = pair_up(w, w->n_glances, cols, faint_most, err);
    for (size_t i = 0; !st && i < w->n_glances; i++)
        if (w->pair[i] >= 0)
            meet(&w->tracks[w->pair[i]], &w->glances[i], time);
    return st;
}

/* The faces that are left against everybody who is not in the frame. */
static kao_status by_looks(kao_watcher *w, const kao_view *view, double time,
                           kao_error *err)
{
    const size_t tracks = w->n_tracks, cols = tracks + w->n_former;
    const float same = kao_identity_same(w, cols);
    bool any = false;
    kao_status st = matrix(w, w->n_glances, cols, err);

    for (size_t i = 0; !st && i < w->n_glances; i++) {
        kao_glance *g = &w->glances[i];

        if (is_open(g, true))
            st = kao_glance_embed(w, view, g, err);
        for (size_t c = 0; c < cols; c++) {
            const kao_follow *t = c < tracks ? &w->tracks[c] : NULL;
            const kao_looks *l = t ? &t->looks : &w->former[c - tracks].looks;
            const bool possible = is_open(g, true) && g->vector && !(t && t->glance);
            const float alike = possible ? kao_looks_alike(l, w->dim, g->vector) : NAN;

            w->cost[i * cols + c] = alike >= same ? 1 - alike : NAN;
            any |= alike >= same;
        }
    }
    if (!st && any)
        st = pair_up(w, w->n_glances, cols, 2, err);
    /* from the last of those who have left on: each that comes back is taken from the list, and
     * begins a track behind those of the columns */
    for (size_t c = cols; !st && any && c-- > 0;)
        for (size_t i = 0; !st && i < w->n_glances; i++) {
            if (w->pair[i] < 0 || (size_t)w->pair[i] != c)
                continue;
            if (c < tracks) {
                kao_motion_begin(&w->tracks[c].motion, w->glances[i].face);
                meet(&w->tracks[c], &w->glances[i], time);
                continue;
            }
            st = kao_follow_begin(w, &w->glances[i], time, err);
            if (!st && w->glances[i].taken)
                kao_identity_resume(w, &w->tracks[w->n_tracks - 1], c - tracks);
        }
    return st;
}

static kao_status begin_new(kao_watcher *w, double time, kao_error *err)
{
    kao_status st = KAO_OK;

    for (size_t i = 0; !st && i < w->n_glances; i++)
        if (is_open(&w->glances[i], true))
            st = kao_follow_begin(w, &w->glances[i], time, err);
    return st;
}

kao_status kao_associate(kao_watcher *w, const kao_view *view, double time, double dt,
                         bool cut, kao_error *err)
{
    kao_status st = KAO_OK;

    for (size_t t = 0; t < w->n_tracks; t++) {
        kao_follow *f = &w->tracks[t];

        if (!cut)
            kao_motion_predict(&f->motion, dt, f->glance == NULL);
        f->glance = NULL;
        f->new_shot = false;
        kao_motion_place(&f->motion, &f->face);
    }
    if (cut)
        st = by_looks(w, view, time, err);
    if (!st && !cut)
        st = by_motion_alone(w, time, err);
    if (!st && !cut && any_open(w, true))
        st = by_motion_and_looks(w, view, time, err);
    if (!st && !cut && any_open(w, false))
        st = by_motion_faintly(w, time, err);
    if (!st && !cut && any_open(w, true))
        st = by_looks(w, view, time, err);
    return st ? st : begin_new(w, time, err);
}
