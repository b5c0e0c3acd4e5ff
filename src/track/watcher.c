/* See kao/watch.h, and track.h for who does what. */
#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "track/track.h"

/* Faces down to this score are looked at, for tracks that are there. */
static const float faint = .3f;
static const float sure_quality =
    .25f; /* an embedding of it makes a track sure at once */
enum { SURE_HITS = 3, STRIKES = 2 };

/* ---- room ---- */

kao_status kao_watch_room(kao_mem *mem, void *array, size_t *cap, size_t n, size_t size,
                          kao_error *err)
{
    void *old = NULL;

    if (n <= *cap)
        return KAO_OK;
    const size_t more = n > 2 * *cap ? n : 2 * *cap;

    memcpy(&old, array, sizeof old); /* a pointer to a pointer of any type */
    if (more > SIZE_MAX / size)
        return kao_fail(err, KAO_E_LIMIT, "tracks: too many");
    void *fresh = kao_grow(mem, old, *cap * size, more * size);

    if (!fresh)
        return kao_fail(err, KAO_E_NOMEM, "tracks: out of memory");
    memcpy(array, &fresh, sizeof fresh);
    *cap = more;
    return KAO_OK;
}

/* ---- opening ---- */

static kao_status check(const kao_watch_options *o, size_t n, const kao_gallery *g,
                        kao_error *err)
{
    if ((o->size && o->size < offsetof(kao_watch_options, model)) ||
        (unsigned)o->rule > KAO_RULE_AILIA || n < 1 || n > KAO_GALLERY_MODELS ||
        ((!o->size || o->size >= sizeof *o) && o->model >= n) ||
        !(o->min_score >= 0 && o->min_score <= 1) ||
        !(o->known >= 0 && o->known <= 1) || !(o->same >= 0 && o->same <= 1) ||
        !(o->fpir >= 0 && o->fpir < 1) || !(o->lost_seconds >= 0) ||
        (o->remember && !g))
        return kao_fail(err, KAO_E_ARG, "watch: bad options");
    return KAO_OK;
}

/* The gallery's models are these embedders, in this order. */
static kao_status check_gallery(const kao_watcher *w, kao_error *err)
{
    kao_gallery_model m = { .size = sizeof m };
    char id[KAO_ID_BYTES];
    kao_status st = KAO_OK;

    for (size_t i = 0; !st && kao_gallery_model_at(w->gallery, i, &m); i++) {
        if (i >= w->n_embedders) {
            if (w->o.remember)
                st = kao_fail(err, KAO_E_CONFLICT,
                              "the gallery is of %s too, of which there is no embedder",
                              m.name);
            break;
        }
        st = kao_embedder_id(w->embedders[i], m.tta, id, err);
        if (!st && strcmp(id, m.id) != 0)
            st = kao_fail(err, KAO_E_CONFLICT,
                          "the gallery's model %zu is %s, not this %s", i + 1, m.name,
                          kao_model_name(kao_embedder_model(w->embedders[i])));
    }
    return st;
}

kao_status kao_watcher_create(kao_context *ctx, kao_watcher **out,
                              kao_detector *detector, kao_embedder *const *embedders,
                              size_t n, kao_gallery *gallery,
                              const kao_watch_options *options, kao_error *err)
{
    static const kao_watch_options defaults = { 0 };
    const kao_watch_options *o = options ? options : &defaults;

    if (!out)
        return kao_fail(err, KAO_E_ARG, "watch: no place for the watcher");
    *out = NULL;
    if (!ctx || !detector || !embedders)
        return kao_fail(err, KAO_E_ARG, "watch: a context, a detector and an embedder");
    kao_status st = check(o, n, gallery, err);

    if (st)
        return st;
    kao_watcher *w = kao_calloc(&ctx->mem, 1, sizeof *w);

    if (!w)
        return kao_fail(err, KAO_E_NOMEM, "watch: out of memory");
    w->ctx = ctx;
    w->mem = &ctx->mem;
    w->detector = detector;
    w->gallery = o->rule == KAO_RULE_KAO ? gallery : NULL;
    w->n_embedders = n;
    memcpy(w->embedders, embedders, n * sizeof *embedders);
    /* the first form of the options ended before model */
    memcpy(&w->o, o,
           o->size && o->size < sizeof w->o ? offsetof(kao_watch_options, model)
                                            : sizeof w->o);
    w->tta = kao_embedder_tta(embedders[w->o.model]);
    w->dim = kao_embedder_dim(embedders[w->o.model], w->tta);
    w->min_score = o->min_score > 0 ? o->min_score : .6f;
    if (!(o->fpir > 0))
        w->o.fpir = .01;
    if (!(o->lost_seconds > 0))
        w->o.lost_seconds = 2;
    w->last_time = (double)NAN;
    w->next_id = 1;
    st = kao_identity_open(w, err);
    if (!st && w->gallery)
        st = check_gallery(w, err);
    if (st)
        kao_watcher_destroy(w);
    else
        *out = w;
    return st;
}

void kao_watcher_destroy(kao_watcher *w)
{
    if (!w)
        return;
    for (size_t i = 0; i < w->n_tracks; i++)
        kao_follow_free(w, &w->tracks[i]);
    while (w->n_former)
        kao_former_drop(w, w->n_former - 1);
    for (size_t i = 0; i < w->glances_cap; i++)
        kao_image_free(w->ctx, &w->glances[i].chip);
    kao_ailia_free(w);
    kao_free(w->mem, w->tracks);
    kao_free(w->mem, w->former);
    kao_free(w->mem, w->glances);
    kao_free(w->mem, w->vectors);
    kao_free(w->mem, w->cost);
    kao_free(w->mem, w->pair);
    kao_free(w->mem, w->out);
    kao_free(w->mem, w->events);
    kao_free(w->mem, w);
}

/* ---- events ---- */

kao_status kao_watch_tell(kao_watcher *w, kao_track_event_kind kind,
                          const kao_follow *f, int64_t was, double time, kao_error *err)
{
    if (f->ignored)
        return KAO_OK;
    const kao_status st = kao_watch_room(w->mem, &w->events, &w->events_cap,
                                         w->n_events + 1, sizeof w->events[0], err);

    if (st)
        return st;
    w->events[w->n_events++] = (kao_track_event){ .size = sizeof w->events[0],
                                                  .kind = kind,
                                                  .id = f->id,
                                                  .was = was,
                                                  .person = f->person,
                                                  .similarity = f->similarity,
                                                  .time = time,
                                                  .face = f->face };
    return KAO_OK;
}

/* ---- faces of a frame ---- */

static kao_status look(kao_watcher *w, const kao_view *view, kao_error *err)
{
    const kao_detect_options o = { .min_score =
                                       faint < w->min_score ? faint : w->min_score,
                                   .search = w->o.search,
                                   .upright = 1 };
    kao_faces faces = KAO_FACES_INIT;
    const size_t old = w->glances_cap;
    kao_status st = kao_detect(w->detector, view, &o, &faces, err);

    w->n_glances = 0;
    if (!st)
        st = kao_watch_room(w->mem, &w->glances, &w->glances_cap, faces.n,
                            sizeof w->glances[0], err);
    for (size_t i = old; i < w->glances_cap; i++)
        w->glances[i] = (kao_glance){ .face = NULL };
    if (!st)
        st = kao_watch_room(w->mem, &w->vectors, &w->vectors_cap, faces.n * w->dim,
                            sizeof(float), err);
    if (st)
        return st;
    for (size_t i = 0; i < faces.n; i++) {
        kao_glance *g = &w->glances[i];

        *g = (kao_glance){ .face = kao_face_at(&faces, i), .chip = g->chip };
        g->strong = g->face->score >= w->min_score;
    }
    w->n_glances = faces.n;
    return KAO_OK;
}

/* ---- tracks of a frame ---- */

/* Whether an embedding of the face now could change what is known of the track. */
static bool is_due(const kao_follow *f, const kao_glance *g, double time)
{
    enum { FIRST = 3 };
    const double since = isnan(f->embedded) ? 1e9 : time - f->embedded;

    if (!g->strong || g->tried)
        return false;
    if (f->strikes)
        return true;
    if (f->looks.made < FIRST)
        return since >= .12;
    if (kao_glance_promise(g->face) > 1.1f * f->promise)
        return since >= .2;
    return since >= .5; /* is it still the same person, and a better picture? */
}

static void keep_shot(kao_follow *f, kao_glance *g)
{
    const kao_image old = f->shot;

    f->shot = g->chip;
    g->chip = old;
    f->new_shot = true;
}

/* Two embeddings in a row are of somebody else: the face goes on as a track of its own. */
static kao_status part(kao_watcher *w, size_t t, double time, kao_error *err)
{
    kao_glance *g = w->tracks[t].glance;

    w->tracks[t].glance = NULL;
    w->tracks[t].strikes = 0;
    w->tracks[t].hits--;
    return kao_follow_begin(w, g, time, err); /* moves the tracks */
}

/* What the frame's face adds to the track. */
static kao_status learn(kao_watcher *w, const kao_view *view, size_t t, double time,
                        kao_error *err)
{
    enum { KNOWN_BY = 2 };
    kao_follow *f = &w->tracks[t];
    kao_glance *g = f->glance;
    kao_status st = KAO_OK;

    if (is_due(f, g, time))
        st = kao_glance_embed(w, view, g, err);
    if (st || !g->tried)
        return st;
    f->embedded = time;
    if (!g->vector)
        return KAO_OK;
    if (f->looks.n >= KNOWN_BY &&
        kao_looks_alike(&f->looks, w->dim, g->vector) < w->unlike) {
        if (++f->strikes < STRIKES)
            return KAO_OK;
        st = part(w, t, time, err);
        if (st || w->tracks[w->n_tracks - 1].glance != g)
            return st;
        f = &w->tracks[w->n_tracks - 1];
    }
    f->strikes = 0;
    if (g->quality > f->looks.best || !f->shot.rgb)
        keep_shot(f, g);
    const float promise = kao_glance_promise(g->face);

    f->promise = promise > f->promise ? promise : f->promise;
    kao_looks_add(&f->looks, w->dim, g->vector, g->quality);
    return kao_identity_decide(w, f, time, err);
}

static kao_status make_sure(kao_watcher *w, kao_follow *f, double time, kao_error *err)
{
    if (f->sure || !f->glance ||
        !(f->hits >= SURE_HITS || (f->looks.n && f->looks.best >= sure_quality)))
        return KAO_OK;
    f->sure = true;
    f->told = !f->ignored;
    kao_status st = kao_watch_tell(w, KAO_TRACK_APPEARED, f, 0, time, err);

    if (!st && f->person)
        st = kao_watch_tell(w, KAO_TRACK_IDENTIFIED, f, 0, time, err);
    return st;
}

/* Tracks that are over, or are another by now. all: every one is. */
static kao_status end_tracks(kao_watcher *w, double time, bool all, kao_error *err)
{
    const double unsure_seconds = .25;
    kao_status st = KAO_OK;
    size_t kept = 0;

    for (size_t t = 0; t < w->n_tracks; t++) {
        kao_follow *f = &w->tracks[t];
        const double most = f->sure ? w->o.lost_seconds : unsure_seconds;
        const bool over = all || (!f->glance && time - f->last > most);

        if (!st && f->id && over) {
            st = f->sure ? kao_watch_tell(w, KAO_TRACK_LEFT, f, 0, f->last, err)
                         : KAO_OK;
            if (!st)
                st = kao_identity_keep(w, f, err);
        }
        if (f->id && (!over || st)) {
            if (kept != t)
                w->tracks[kept] = *f;
            kept++;
        } else {
            kao_follow_free(w, f);
        }
    }
    w->n_tracks = kept;
    return st;
}

static int by_id(const void *a, const void *b)
{
    const int64_t x = ((const kao_track *)a)->id, y = ((const kao_track *)b)->id;

    return (x > y) - (x < y);
}

static kao_status give(kao_watcher *w, bool cut, kao_watched *seen, kao_error *err)
{
    const kao_status st = kao_watch_room(w->mem, &w->out, &w->out_cap, w->n_tracks,
                                         sizeof w->out[0], err);
    size_t n = 0;

    if (st)
        return st;
    for (size_t i = 0; i < w->n_tracks; i++) {
        const kao_follow *f = &w->tracks[i];

        if ((!f->sure && !w->o.unsure) || f->ignored)
            continue;
        w->out[n++] = (kao_track){ .size = sizeof w->out[0],
                                   .seen = f->glance != NULL,
                                   .id = f->id,
                                   .person = f->person,
                                   .similarity = f->similarity,
                                   .quality = f->looks.best,
                                   .face = f->face,
                                   .since = f->since,
                                   .last = f->last,
                                   .n_embeddings = f->looks.made,
                                   .is_new_shot = f->new_shot };
        if (f->shot.rgb)
            w->out[n - 1].shot = kao_image_view(&f->shot);
    }
    if (n)
        qsort(w->out, n, sizeof w->out[0], by_id);
    seen->cut = cut;
    seen->n_tracks = n;
    seen->tracks = w->out;
    return KAO_OK;
}

static void give_events(kao_watcher *w, kao_watched *seen)
{
    seen->track_size = sizeof(kao_track);
    seen->event_size = sizeof(kao_track_event);
    seen->n_events = w->n_events;
    seen->events = w->events;
    w->n_events = 0;
}

static kao_status step(kao_watcher *w, const kao_view *view, double time, double dt,
                       bool cut, kao_error *err)
{
    kao_status st = kao_associate(w, view, time, dt, cut, err);

    for (size_t t = 0, n = w->n_tracks; !st && t < n; t++)
        if (w->tracks[t].id && w->tracks[t].glance)
            st = learn(w, view, t, time, err);
    for (size_t t = 0; !st && t < w->n_tracks; t++)
        if (w->tracks[t].id)
            st = make_sure(w, &w->tracks[t], time, err);
    return st ? st : end_tracks(w, time, false, err);
}

kao_status kao_watch(kao_watcher *w, const kao_view *view, double time,
                     kao_watched *seen, kao_error *err)
{
    bool cut = false;

    if (!w || !view || !seen || seen->size < sizeof *seen)
        return kao_fail(err, KAO_E_ARG, "watch: a watcher, a frame and a result");
    seen->n_tracks = seen->n_events = 0;
    if (!isfinite(time) || time <= w->last_time)
        return kao_fail(err, KAO_E_ARG, "watch: a time that does not go on");
    const double dt = isnan(w->last_time) ? 0 : time - w->last_time;
    kao_status st = kao_cut_look(w, view, &cut, err);

    if (!st)
        st = look(w, view, err);
    if (st)
        return st;
    w->last_time = time;
    st = w->o.rule == KAO_RULE_AILIA ? kao_ailia_step(w, view, time, err)
                                     : step(w, view, time, dt, cut, err);
    if (!st)
        st = give(w, cut, seen, err);
    give_events(w, seen);
    return st;
}

kao_status kao_watch_end(kao_watcher *w, kao_watched *seen, kao_error *err)
{
    if (!w || !seen || seen->size < sizeof *seen)
        return kao_fail(err, KAO_E_ARG, "watch: a watcher and a result");
    const kao_status st = end_tracks(w, w->last_time, true, err);

    for (size_t i = 0; i < w->n_former; i++) /* times may begin anew */
        w->former[i].last = -(double)INFINITY;
    seen->n_tracks = 0;
    give_events(w, seen);
    w->last_time = (double)NAN;
    w->width = w->height = 0;
    return st;
}
