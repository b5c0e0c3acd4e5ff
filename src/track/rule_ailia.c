/* The rule of the ailia SDK's ArcFace sample, for comparison: see kao_watch_rule.
 *
 * Every face of every frame is embedded. Its similarity to a track is the mean over the track's
 * features, 0 for a track that has none left. As often as there are faces, the largest number of
 * the whole matrix gives a face its track, and its row and column become 0. Below the threshold
 * the face begins a new track, with the next id; else its feature is added. Each frame takes the
 * oldest feature from a track that has more than 15, and one that is 80 frames old. Nothing else
 * ends a track.
 *
 * So once there are more faces than tracks, or one negative similarity, the matrix is all 0, its
 * largest number is the first, and the first face is given a new id. This is kept: it is what the
 * rule is compared for. Source: the sample's script, as its behaviour was read and replayed. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "track/track.h"

enum { FEATURES_MOST = 15, FRAMES_MOST = 80, FEATURES_ROOM = FEATURES_MOST + 2 };

typedef struct list { /* of a track */
    float *features;  /* FEATURES_ROOM, oldest first */
    uint64_t frames[FEATURES_ROOM];
    size_t n;
} list;

struct kao_ailia {
    list *lists; /* by id - 1 */
    size_t n, cap;
    float *scores;
    size_t scores_cap;
    uint64_t frame;
};

void kao_ailia_free(kao_watcher *w)
{
    kao_ailia *a = w->ailia;

    for (size_t i = 0; a && i < a->n; i++)
        kao_free(w->mem, a->lists[i].features);
    if (a) {
        kao_free(w->mem, a->lists);
        kao_free(w->mem, a->scores);
    }
    kao_free(w->mem, a);
    w->ailia = NULL;
}

static void drop_oldest(list *l, size_t dim)
{
    l->n--;
    memmove(l->features, l->features + dim, l->n * dim * sizeof *l->features);
    memmove(l->frames, l->frames + 1, l->n * sizeof l->frames[0]);
}

static void age(kao_ailia *a, size_t dim)
{
    for (size_t i = 0; i < a->n; i++) {
        list *l = &a->lists[i];

        if (l->n > FEATURES_MOST)
            drop_oldest(l, dim);
        if (l->n && a->frame - l->frames[0] >= FRAMES_MOST)
            drop_oldest(l, dim);
    }
}

/* Below a threshold of 0 several faces of a frame may go to one track, more than age() takes. */
static void add(kao_ailia *a, list *l, size_t dim, const float *feature)
{
    if (l->n == FEATURES_ROOM)
        drop_oldest(l, dim);
    memcpy(l->features + l->n * dim, feature, dim * sizeof *feature);
    l->frames[l->n++] = a->frame;
}

static kao_status add_track(kao_watcher *w, kao_error *err)
{
    kao_ailia *a = w->ailia;
    const kao_status st =
        kao_watch_room(w->mem, &a->lists, &a->cap, a->n + 1, sizeof a->lists[0], err);

    if (st)
        return st;
    a->lists[a->n] =
        (list){ .features = kao_calloc(w->mem, FEATURES_ROOM * w->dim, sizeof(float)) };
    if (!a->lists[a->n].features)
        return kao_fail(err, KAO_E_NOMEM, "tracks: out of memory");
    a->n++;
    return KAO_OK;
}

static float mean_alike(const kao_watcher *w, const list *l, const float *feature)
{
    float sum = 0;

    for (size_t i = 0; i < l->n; i++)
        sum += kao_similarity(l->features + i * w->dim, feature, w->dim);
    return l->n ? sum / (float)l->n : 0;
}

/* Faces that can be embedded move to the front; gives their number. */
static kao_status embed_all(kao_watcher *w, const kao_view *view, size_t *n,
                            kao_error *err)
{
    kao_status st = KAO_OK;

    *n = 0;
    for (size_t i = 0; !st && i < w->n_glances; i++) {
        kao_glance *g = &w->glances[i];

        if (!g->strong)
            continue;
        st = kao_glance_embed(w, view, g, err);
        if (st || !g->vector)
            continue;
        const kao_glance there = w->glances[*n];

        w->glances[*n] = *g;
        if (&w->glances[*n] != g)
            *g = there;
        (*n)++;
    }
    return st;
}

/* Which track has each face: the largest number of all, again and again. */
static kao_status assign(kao_watcher *w, size_t faces, kao_error *err)
{
    kao_ailia *a = w->ailia;
    kao_status st = kao_watch_room(w->mem, &a->scores, &a->scores_cap,
                                   faces * a->n + faces, sizeof(float), err);

    if (!st)
        st =
            kao_watch_room(w->mem, &w->pair, &w->pair_cap, faces, sizeof(int32_t), err);
    if (st)
        return st;
    float *own = a->scores + faces * a->n; /* each face's */

    for (size_t i = 0; i < faces; i++) {
        w->pair[i] = 0;
        own[i] = 0;
        for (size_t t = 0; t < a->n; t++)
            a->scores[i * a->n + t] = mean_alike(w, &a->lists[t], w->glances[i].vector);
    }
    for (size_t round = 0; a->n && round < faces; round++) {
        size_t at = 0;

        for (size_t k = 1; k < faces * a->n; k++)
            if (a->scores[k] > a->scores[at])
                at = k;
        const size_t i = at / a->n, t = at % a->n;

        w->pair[i] = (int32_t)t;
        own[i] = a->scores[at];
        for (size_t k = 0; k < a->n; k++)
            a->scores[i * a->n + k] = 0;
        for (size_t k = 0; k < faces; k++)
            a->scores[k * a->n + t] = 0;
    }
    return KAO_OK;
}

kao_status kao_ailia_step(kao_watcher *w, const kao_view *view, double time,
                          kao_error *err)
{
    size_t faces = 0;
    kao_status st = KAO_OK;

    if (!w->ailia)
        w->ailia = kao_calloc(w->mem, 1, sizeof *w->ailia);
    if (!w->ailia)
        return kao_fail(err, KAO_E_NOMEM, "tracks: out of memory");
    kao_ailia *a = w->ailia;
    const float same = kao_identity_same(w, 1);

    a->frame++;
    while (w->n_tracks) /* shown are this frame's */
        kao_follow_free(w, &w->tracks[--w->n_tracks]);
    st = embed_all(w, view, &faces, err);
    if (!st)
        st = assign(w, faces, err);
    const size_t before = a->n; /* tracks that were compared */

    for (size_t i = 0; !st && i < faces; i++) {
        const float score = a->scores[faces * before + i];
        size_t t = (size_t)w->pair[i];

        if (score < same || a->n == 0) {
            t = a->n;
            st = add_track(w, err);
        }
        if (!st) {
            add(a, &a->lists[t], w->dim, w->glances[i].vector);
            st = kao_follow_begin(w, &w->glances[i], time, err);
        }
        if (!st) {
            kao_follow *f = &w->tracks[w->n_tracks - 1];

            f->id = (int64_t)t + 1;
            f->similarity = score;
            f->sure = true;
        }
    }
    age(a, w->dim);
    return st;
}
