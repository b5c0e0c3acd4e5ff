/* kao/watch.h: people in a video: found, followed from frame to frame, recognised, and known
 * again when they come back.
 *
 *     kao_watched seen = KAO_WATCHED_INIT;
 *
 *     if (kao_watcher_create(ctx, &w, detector, &embedder, 1, gallery, NULL, &err) == KAO_OK)
 *         while (next_frame(&view, &time) && kao_watch(w, &view, time, &seen, &err) == KAO_OK)
 *             for (size_t i = 0; i < seen.n_tracks; i++)
 *                 draw(kao_track_at(&seen, i));
 *     kao_watcher_destroy(w);
 *
 * A track is one person for as long as they are followed. Its id stays the person's own in this
 * video: somebody who leaves and comes back has it again, and nobody else ever gets it. With a
 * gallery a track is also named. Two people of the gallery never become one track's.
 *
 * Frames are joined by motion (a Kalman filter for each coordinate; two stages, as in ByteTrack,
 * arXiv:2110.06864, by optimal assignment) as long as only one face can be meant. Where faces
 * cross, come back, or the camera cuts, their embeddings decide. Who somebody is, is decided for
 * the track, from its best pictures together, and not lost again for a worse one. An embedding is
 * made only where it can change something: for somebody new, for a better picture, in doubt.
 *
 * One call at a time; the detector, embedders and the gallery must not be used by others meanwhile. */
#ifndef KAO_WATCH_H
#define KAO_WATCH_H

#include "kao/detector.h"
#include "kao/embedder.h"
#include "kao/gallery.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct kao_watcher kao_watcher;

typedef enum kao_watch_rule {
    KAO_RULE_KAO = 0,
    /* For comparison: the rule of the ailia SDK's ArcFace sample, in which every face of every
     * frame is embedded and goes to the most alike track by the mean of its last 15 similarities,
     * no motion looked at. Its ids are of its own kind, and nobody is named. */
    KAO_RULE_AILIA = 1,
} kao_watch_rule;

typedef struct kao_watch_options { /* fill with {0} for defaults */
    uint32_t size;                 /* sizeof(kao_watch_options), or 0: all of them */
    kao_watch_rule rule;
    float min_score; /* a face with this detector score begins a track; 0: .6 */
    float
        known; /* similarity from which a track is somebody of the gallery; 0: by fpir */
    float
        same; /* similarity from which a face is somebody seen before; 0: by the model's
                    calibration, one of 1,000 strangers taken for somebody seen before */
    double
        fpir; /* share of strangers who may be taken for somebody of the gallery; 0: .01 */
    double lost_seconds; /* a track that is not seen for longer ends; 0: 2 */
    kao_search search;   /* KAO_SEARCH_QUICK is for video */
    uint32_t unsure;     /* 1: tracks are given before they are sure to be somebody */
    uint32_t remember;   /* 1: strangers become people of the gallery, without a name;
                          needs an embedder for each of its models */
    uint32_t model;      /* which of the embedders follows people, and names them */
    uint32_t
        with_ignored; /* 1: people who are ignored (kao_gallery_set_ignored) are told like
                              others; 0: left out, from when they are known for that */
} kao_watch_options;

/* embedders  n of them, as the gallery is pinned to them (kao_gallery_pin: the first is its
 *            model 0); options->model of them follows people, the others serve `remember`.
 * gallery    or NULL: nobody is named.
 * All are borrowed until the watcher is destroyed. options may be NULL.
 * Errors: KAO_E_ARG (also a model that is neither calibrated nor has a threshold, while `known`
 * and `same` are not given), KAO_E_CONFLICT (the gallery is of other models), KAO_E_NOMEM. */
KAO_API kao_status kao_watcher_create(kao_context *ctx, kao_watcher **out,
                                      kao_detector *detector,
                                      kao_embedder *const *embedders, size_t n,
                                      kao_gallery *gallery,
                                      const kao_watch_options *options, kao_error *err);
KAO_API void kao_watcher_destroy(kao_watcher *watcher); /* NULL is fine */

typedef struct kao_track {
    uint32_t size;    /* sizeof(kao_track) as the library knows it */
    uint32_t seen;    /* 1: in this frame; 0: hidden, the face is where it should be */
    int64_t id;       /* from 1 */
    int64_t person;   /* of the gallery; 0: nobody known */
    float similarity; /* to that person, or to the nearest one; NaN: not told */
    float quality;    /* of its best picture, 0..1; 0: none yet */
    kao_face face;    /* in this frame */
    double since, last;    /* times: first and last seen */
    uint32_t n_embeddings; /* made of it so far */
    uint32_t is_new_shot;  /* 1: in this frame `shot` became its best picture */
    kao_view
        shot; /* its best picture, aligned as the first embedder wants it; width 0: none */
} kao_track;

/* Values are ABI. */
typedef enum kao_track_event_kind {
    KAO_TRACK_APPEARED = 1, /* it is there; told once it is sure to be somebody */
    KAO_TRACK_IDENTIFIED =
        2, /* who it is has become known, or somebody else than before */
    KAO_TRACK_RENAMED = 3, /* it is somebody seen before: `was` is the id that it had */
    KAO_TRACK_LEFT = 4,    /* time: last seen */
} kao_track_event_kind;

typedef struct kao_track_event {
    uint32_t size; /* sizeof(kao_track_event) as the library knows it */
    kao_track_event_kind kind;
    int64_t id, was; /* was: 0 where nothing was */
    int64_t person;  /* 0: nobody known */
    float similarity;
    double time;
    kao_face face; /* last seen */
} kao_track_event;

typedef struct kao_watched {         /* borrowed until the watcher's next call */
    uint32_t size;                   /* sizeof(kao_watched) as the caller knows it */
    uint32_t track_size, event_size; /* bytes from one to the next */
    uint32_t cut;                    /* 1: the camera has cut before this frame */
    size_t n_tracks, n_events;
    const kao_track
        *tracks; /* by id; those not sure yet are left out, but for `unsure` */
    const kao_track_event *events;
} kao_watched;

#define KAO_WATCHED_INIT                                                               \
 {                                                                                     \
  .size = sizeof(kao_watched)                                                          \
 }

static inline const kao_track *kao_track_at(const kao_watched *w, size_t i)
{
    return (const kao_track *)(const void *)((const char *)w->tracks +
                                             i * w->track_size);
}

static inline const kao_track_event *kao_track_event_at(const kao_watched *w, size_t i)
{
    return (const kao_track_event *)(const void *)((const char *)w->events +
                                                   i * w->event_size);
}

/* The next frame. time: seconds, later than the one before. Frames may differ in size (that is
 * taken as a cut) and in distance.
 * Errors: as kao_detect, kao_align, kao_embed and kao_gallery_search; KAO_E_ARG (a time that does
 * not go on). After a failure the watcher goes on with the next frame. */
KAO_API kao_status kao_watch(kao_watcher *watcher, const kao_view *view, double time,
                             kao_watched *seen, kao_error *err);
/* The video is over: whoever is there leaves. Frames may follow as those of another video whose
 * people are known already. */
KAO_API kao_status kao_watch_end(kao_watcher *watcher, kao_watched *seen,
                                 kao_error *err);

#ifdef __cplusplus
}
#endif
#endif
