/* Who a track is: somebody of the gallery, or somebody seen before in this video.
 *
 * Both are decided for the track's looks, the mean of its best embeddings, not for a frame. A name
 * that a track has is kept until the looks are clearly unlike that person or clearly more like
 * another: a single bad picture changes nothing. Two tracks in one frame are never one person. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "track/track.h"

/* A name is kept down to so much below the threshold, and against others that are so much more
 * alike. */
static const float holds = .08f, clearly = .04f;
/* One of so many strangers may be taken for somebody seen before; and of strangers these are
 * unlike enough to be told apart by one embedding. */
static const double taken_for_same = 1e-3, unlike_far = .1;

/* ---- thresholds ---- */

static bool threshold_of(const kao_watcher *w, double far, float *to)
{
    const kao_calibration *c = kao_embedder_calibration(w->embedders[w->o.model]);
    kao_rate rate = { .size = sizeof rate };

    if (!kao_calibration_threshold(c, w->tta, far, NULL, &rate))
        return false;
    *to = rate.similarity;
    return true;
}

/* The similarity for a rate over n comparisons; the nearest that the calibration has; else the
 * card's plain threshold. */
static float threshold_for(const kao_watcher *w, double rate, double n)
{
    float t = 1;

    for (double far = -expm1(log1p(-rate) / (n > 1 ? n : 1)); far < .5; far *= 2)
        if (threshold_of(w, far, &t))
            return t;
    kao_embedder_threshold(w->embedders[w->o.model], &t);
    return t;
}

float kao_identity_same(const kao_watcher *w, size_t n)
{
    return w->o.same > 0 ? w->o.same : threshold_for(w, taken_for_same, (double)n);
}

kao_status kao_identity_open(kao_watcher *w, kao_error *err)
{
    float t = 0;

    if (!(w->o.known > 0 && w->o.same > 0) && !threshold_of(w, .01, &t) &&
        !kao_embedder_threshold(w->embedders[w->o.model], &t))
        return kao_fail(err, KAO_E_ARG,
                        "%s is not calibrated: say from which similarity on a face is "
                        "somebody known, and somebody seen before",
                        kao_model_name(kao_embedder_model(w->embedders[w->o.model])));
    if (!threshold_of(w, unlike_far, &w->unlike))
        w->unlike = kao_identity_same(w, 1) / 2;
    return KAO_OK;
}

/* ---- people who have left ---- */

void kao_former_drop(kao_watcher *w, size_t i)
{
    kao_looks_free(&w->former[i].looks, w->mem);
    memmove(w->former + i, w->former + i + 1,
            (w->n_former - i - 1) * sizeof w->former[0]);
    w->n_former--;
}

kao_status kao_identity_keep(kao_watcher *w, kao_follow *f, kao_error *err)
{
    if (!f->sure || f->looks.n == 0)
        return KAO_OK;
    if (w->n_former == KAO_FORMER_MOST)
        kao_former_drop(w, 0); /* who left first */
    const kao_status st = kao_watch_room(w->mem, &w->former, &w->former_cap,
                                         w->n_former + 1, sizeof w->former[0], err);

    if (st)
        return st;
    w->former[w->n_former++] = (kao_former){ .id = f->id,
                                             .person = f->person,
                                             .similarity = f->similarity,
                                             .last = f->last,
                                             .looks = f->looks };
    f->looks = (kao_looks){ .n = 0 };
    return KAO_OK;
}

void kao_identity_resume(kao_watcher *w, kao_follow *f, size_t i)
{
    kao_former *old = &w->former[i];

    f->id = old->id;
    if (!f->person) {
        f->person = old->person;
        f->similarity = old->similarity;
    }
    f->remembered |= f->person != 0;
    kao_looks_join(&f->looks, w->dim, &old->looks);
    kao_former_drop(w, i);
}

/* A track that is not in this frame ends, as another one turned out to be it, and goes on as it: as
 * sure, and not to appear once more. */
static void give_up(kao_watcher *w, kao_follow *f, kao_follow *into)
{
    into->id = f->id;
    if (!into->person) {
        into->person = f->person;
        into->similarity = f->similarity;
    }
    into->since = f->since < into->since ? f->since : into->since;
    into->sure |= f->sure;
    into->told |= f->told;
    kao_looks_join(&into->looks, w->dim, &f->looks);
    f->id = 0; /* the watcher drops it */
}

/* Whether somebody who was seen last then, and is not in this frame, was seen beside the track. */
static bool was_beside(const kao_follow *f, double last)
{
    return last >= f->begun;
}

/* Is a young track somebody seen before after all? */
static kao_status look_back(kao_watcher *w, kao_follow *f, double time, kao_error *err)
{
    const float *mean = kao_looks_mean(&f->looks, w->dim);
    const float same = kao_identity_same(w, w->n_former + w->n_tracks);
    const int64_t was = f->id;
    const bool is_given = f->sure || w->o.unsure; /* under the id that it had */
    kao_follow *hidden = NULL;
    size_t best = w->n_former;
    float most = same;

    for (size_t i = 0; i < w->n_former; i++) {
        const float s = kao_looks_alike(&w->former[i].looks, w->dim, mean);

        if (s >= most && !was_beside(f, w->former[i].last)) {
            most = s;
            best = i;
        }
    }
    for (size_t i = 0; i < w->n_tracks; i++) {
        kao_follow *t = &w->tracks[i];
        const float s = t == f || t->glance || !t->id || was_beside(f, t->last)
                            ? NAN
                            : kao_looks_alike(&t->looks, w->dim, mean);

        if (s >= most) {
            most = s;
            hidden = t;
        }
    }
    if (hidden)
        give_up(w, hidden, f);
    else if (best < w->n_former)
        kao_identity_resume(w, f, best);
    else
        return KAO_OK;
    return is_given ? kao_watch_tell(w, KAO_TRACK_RENAMED, f, was, time, err) : KAO_OK;
}

/* ---- the gallery ---- */

/* Whether a track is surely somebody else: in this frame, or seen beside it before. */
static bool is_other(const kao_follow *f, const kao_follow *t)
{
    return t != f && t->id && (t->glance || was_beside(f, t->last));
}

/* Whether somebody else who was seen beside the track is that person, and more so. */
static bool is_taken(const kao_watcher *w, const kao_follow *f, int64_t person,
                     float similarity)
{
    for (size_t i = 0; i < w->n_tracks; i++) {
        const kao_follow *t = &w->tracks[i];

        if (is_other(f, t) && t->person == person && t->similarity >= similarity)
            return true;
    }
    for (size_t i = 0; i < w->n_former; i++) {
        const kao_former *t = &w->former[i];

        if (was_beside(f, t->last) && t->person == person &&
            t->similarity >= similarity)
            return true;
    }
    return false;
}

static float similarity_to(const kao_match *m, size_t n, int64_t person)
{
    for (size_t i = 0; i < n; i++)
        if (m[i].person == person)
            return m[i].similarity;
    return -1;
}

/* Who has left or is hidden as that person is this track: one person has one id. */
static kao_status one_id(kao_watcher *w, kao_follow *f, double time, kao_error *err)
{
    const int64_t was = f->id;
    const bool is_given = f->sure || w->o.unsure; /* under the id that it had */

    for (size_t i = 0; i < w->n_former; i++)
        if (w->former[i].person == f->person) {
            kao_identity_resume(w, f, i);
            break;
        }
    for (size_t i = 0; i < w->n_tracks && f->id == was; i++) {
        kao_follow *t = &w->tracks[i];

        if (t != f && t->id && !t->glance && t->person == f->person)
            give_up(w, t, f);
    }
    return f->id != was && is_given
               ? kao_watch_tell(w, KAO_TRACK_RENAMED, f, was, time, err)
               : KAO_OK;
}

static int take_ignored(void *user, const kao_person *p)
{
    *(bool *)user = p->ignored != 0;
    return 0;
}

/* What is told of a track follows whether its person is ignored: one that has appeared leaves, and
 * one that was left out appears. */
static kao_status set_ignored(kao_watcher *w, kao_follow *f, bool ignored, double time,
                              kao_error *err)
{
    kao_status st = KAO_OK;

    if (ignored && f->told) {
        f->told = false;
        st = kao_watch_tell(w, KAO_TRACK_LEFT, f, 0, time, err);
    }
    f->ignored = ignored;
    if (!st && !ignored && f->sure && !f->told) {
        f->told = true;
        st = kao_watch_tell(w, KAO_TRACK_APPEARED, f, 0, time, err);
    }
    return st;
}

/* Whether the track's person is ignored by now. */
static kao_status mind_ignored(kao_watcher *w, kao_follow *f, double time,
                               kao_error *err)
{
    bool ignored = false;
    kao_status st = KAO_OK;

    if (!w->o.with_ignored)
        st = kao_gallery_person(w->gallery, f->person, take_ignored, &ignored, err);
    if (st == KAO_E_NOT_FOUND) /* removed since it was found */
        st = KAO_OK;
    return st ? st : set_ignored(w, f, ignored, time, err);
}

static kao_status name_it(kao_watcher *w, kao_follow *f, int64_t person,
                          float similarity, double time, kao_error *err)
{
    const bool was_sure = f->sure;
    kao_status st = KAO_OK;

    for (size_t i = 0; i < w->n_tracks; i++) { /* who was less so, is not */
        kao_follow *t = &w->tracks[i];

        if (is_other(f, t) && t->person == person) {
            t->person = 0;
            st = st ? st : set_ignored(w, t, false, time, err);
        }
    }
    for (size_t i = 0; i < w->n_former; i++)
        if (was_beside(f, w->former[i].last) && w->former[i].person == person)
            w->former[i].person = 0;
    f->person = person;
    f->similarity = similarity;
    f->remembered = true;
    if (!st)
        st = mind_ignored(w, f, time, err);
    if (!st)
        st = one_id(w, f, time, err);
    /* one that has become sure just now goes on as somebody of whom that was told */
    return st || !was_sure ? st
                           : kao_watch_tell(w, KAO_TRACK_IDENTIFIED, f, 0, time, err);
}

/* A stranger with a good picture becomes a person without a name. */
static kao_status remember(kao_watcher *w, kao_follow *f, double time, kao_error *err)
{
    enum { PICTURES = 4 };
    const float good = .5f;
    float *vectors[KAO_GALLERY_MODELS] = { NULL };
    const float *given[KAO_GALLERY_MODELS] = { NULL };
    int64_t person = 0;
    kao_status st = KAO_OK;

    if (!w->o.remember || f->remembered || !f->sure || f->looks.made < PICTURES ||
        f->looks.best < good || !f->shot.rgb)
        return KAO_OK;
    const kao_view chip = kao_image_view(&f->shot);

    for (size_t m = 0; !st && m < w->n_embedders; m++) {
        const kao_tta tta = kao_embedder_tta(w->embedders[m]);

        vectors[m] =
            kao_calloc(w->mem, kao_embedder_dim(w->embedders[m], tta), sizeof(float));
        st = vectors[m] ? kao_embed(w->embedders[m], &chip, 1, tta, vectors[m], err)
                        : kao_fail(err, KAO_E_NOMEM, "tracks: out of memory");
    }
    if (!st) {
        for (size_t m = 0; m < w->n_embedders; m++)
            given[m] = vectors[m];
        kao_new_sample sample = { .size = sizeof sample,
                                  .vectors = given,
                                  .source = "watch",
                                  .quality = f->looks.best };

        st = kao_gallery_enrol(w->gallery, &person, NULL, &sample, 1, err);
    }
    for (size_t m = 0; m < w->n_embedders; m++)
        kao_free(w->mem, vectors[m]);
    return st ? st : name_it(w, f, person, 1, time, err);
}

static kao_status look_up(kao_watcher *w, kao_follow *f, double time, kao_error *err)
{
    enum { NEAREST = 4, FEW = 3 };
    kao_match m[NEAREST] = { { .size = sizeof m[0] } };
    uint64_t templates = 0;
    size_t n = 0;
    kao_status st = kao_gallery_templates(w->gallery, &templates, err);

    if (!st && templates)
        st = kao_gallery_search(w->gallery, w->o.model,
                                kao_looks_mean(&f->looks, w->dim), NEAREST, m, &n, err);
    if (st)
        return st;
    /* asked anew with each picture: the first ones alone must be worth more */
    const double rate = f->looks.n < FEW ? w->o.fpir / 10 : w->o.fpir;
    const float known =
        w->o.known > 0 ? w->o.known : threshold_for(w, rate, (double)templates);

    if (f->person) {
        const float now = similarity_to(m, n, f->person);

        if (now >= known - holds &&
            !(m[0].similarity > now + clearly && m[0].similarity >= known)) {
            f->similarity = now;
            return mind_ignored(w, f, time, err);
        }
    }
    for (size_t i = 0; i < n && m[i].similarity >= known; i++)
        if (!is_taken(w, f, m[i].person, m[i].similarity))
            return name_it(w, f, m[i].person, m[i].similarity, time, err);
    f->person = 0;
    f->similarity = n ? m[0].similarity : NAN;
    st = set_ignored(w, f, false, time, err);
    return st ? st : remember(w, f, time, err);
}

kao_status kao_identity_decide(kao_watcher *w, kao_follow *f, double time,
                               kao_error *err)
{
    enum { YOUNG = 6 }; /* embeddings */
    const bool joined = f->person != 0;
    kao_status st = KAO_OK;

    if (f->looks.n == 0)
        return KAO_OK;
    if (!joined && f->looks.made <= YOUNG)
        st = look_back(w, f, time, err);
    return st || !w->gallery ? st : look_up(w, f, time, err);
}
