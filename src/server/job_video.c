/* See job_video.h: a video looked through as kao watch does it, from a file without a name. */
#include "server/job_video.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/context.h"
#include "base/error.h"
#include "base/face_json.h"
#include "base/room.h"
#include "base/text.h"
#include "server/routes.h"

/* What one video may take of memory. */
enum { FRAMES_MOST = 4 << 20, TRACKS_MOST = 20000 };
static const size_t boxes_most = 8 << 20;

/* Rather a face too many than one that stays when people are hidden. On the time line are those that
 * were seen as well as kao watch wants it. */
static const float min_score = .4f, good_score = .6f;
/* Pictures of a person so far apart are two; pauses so short are none. */
static const double apart_seconds = .4, pause_seconds = 1;

/* ---- its data ---- */

kao_video_job *kao_video_job_create(kao_mem *mem, kao_spool *spool, const char *source,
                                    double fpir)
{
    kao_video_job *v = kao_calloc(mem, 1, sizeof *v);
    char *name = v && source ? kao_strdup(mem, source) : NULL;

    if (!v || (source && !name)) {
        kao_free(mem, v);
        kao_spool_close(spool);
        return NULL;
    }
    *v = (kao_video_job){ .mem = mem,
                          .spool = spool,
                          .source = name,
                          .fpir = fpir,
                          .plan = { .mem = mem },
                          .seconds = (double)NAN };
    return v;
}

static void free_track(kao_mem *mem, kao_video_track *t)
{
    for (size_t i = 0; i < t->n; i++)
        kao_taken_free(mem, &t->faces[i]);
    t->n = 0;
}

static void close_video(kao_job *j)
{
    kao_video_job *v = j->data;

    for (size_t i = 0; i < v->n; i++)
        free_track(v->mem, &v->tracks[i]);
    kao_hide_plan_free(&v->plan);
    kao_spool_close(v->spool);
    kao_free(v->mem, v->tracks);
    kao_free(v->mem, v->times);
    kao_free(v->mem, v->source);
    kao_free(v->mem, v);
}

void kao_video_error(const kao_spool *s, kao_error *err)
{
    const size_t n = strlen(s->path);
    char rest[sizeof err->msg];

    if (strncmp(err->msg, s->path, n) != 0)
        return;
    snprintf(rest, sizeof rest, "%s", err->msg + n);
    snprintf(err->msg, sizeof err->msg, "the video%.240s", rest);
}

/* ---- tracks ---- */

static kao_video_track *find(kao_video_job *v, int64_t id)
{
    for (size_t i = 0; i < v->n; i++)
        if (v->tracks[i].id == id)
            return &v->tracks[i];
    return NULL;
}

/* The same, made where there is none; NULL: no room. */
static kao_video_track *track_of(kao_video_job *v, int64_t id)
{
    kao_video_track *t = find(v, id);

    if (t)
        return t;
    if (v->n == TRACKS_MOST ||
        !kao_room(v->mem, &v->tracks, &v->cap, v->n + 1, sizeof *v->tracks))
        return NULL;
    v->tracks[v->n] = (kao_video_track){ .id = id, .similarity = NAN };
    return &v->tracks[v->n++];
}

/* The place of a new picture: a free one; that of a worse picture of about the same time; or the
 * worst one's. FACES_OF_TRACK: it is not needed. */
static size_t place_of(const kao_video_track *t, double time, float quality)
{
    size_t worst = 0;

    for (size_t i = 0; i < t->n; i++) {
        if (fabs(t->times[i] - time) < apart_seconds)
            return quality > t->faces[i].quality ? i : FACES_OF_TRACK;
        worst = t->faces[i].quality < t->faces[worst].quality ? i : worst;
    }
    return t->n < FACES_OF_TRACK               ? t->n
           : quality > t->faces[worst].quality ? worst
                                               : FACES_OF_TRACK;
}

static void put_face(kao_video_job *v, kao_video_track *t, size_t place, kao_taken face,
                     double time)
{
    if (place < t->n)
        kao_taken_free(v->mem, &t->faces[place]);
    else
        t->n++;
    t->faces[place] = face;
    t->times[place] = time;
}

/* A face of which nothing can be made is left out. */
static kao_status take_face(kao_video_job *v, kao_worker *w, kao_video_track *t,
                            const kao_track *k, const kao_view *view, double time,
                            kao_error *err)
{
    const size_t place = place_of(t, time, k->quality);
    kao_taken face;

    if (place == FACES_OF_TRACK)
        return KAO_OK;
    const kao_status st = kao_taken_of(w, view, &k->face, &face, err);

    if (st == KAO_E_NO_FACE || st == KAO_E_TOO_SMALL || st == KAO_E_BAD_EMBEDDING)
        return KAO_OK;
    if (!st)
        put_face(v, t, place, face, time);
    return st;
}

/* Track `was` is the track id. */
static kao_status join_tracks(kao_video_job *v, int64_t was, int64_t id, kao_error *err)
{
    kao_video_track *to = track_of(v, id), *from = find(v, was);

    if (!to)
        return kao_fail(err, KAO_E_LIMIT, "more people than one job follows");
    if (!from || from == to)
        return KAO_OK;
    to->appeared |= from->appeared;
    to->seen_well |= from->seen_well;
    for (size_t i = 0; i < from->n; i++) {
        const size_t place = place_of(to, from->times[i], from->faces[i].quality);

        if (place == FACES_OF_TRACK)
            kao_taken_free(v->mem, &from->faces[i]);
        else
            put_face(v, to, place, from->faces[i], from->times[i]);
    }
    *from = v->tracks[--v->n];
    return KAO_OK;
}

static kao_status take_frame(kao_video_job *v, kao_worker *w,
                             const kao_video_frame *frame, const kao_watched *seen,
                             kao_error *err)
{
    kao_status st = KAO_OK;

    for (size_t i = 0; !st && i < seen->n_tracks; i++) {
        const kao_track *k = kao_track_at(seen, i);
        kao_video_track *t = track_of(v, k->id);

        v->n_boxes += k->seen;
        if (!t || v->n_boxes > boxes_most)
            return kao_fail(err, KAO_E_LIMIT, "more people than one job follows");
        t->similarity = k->similarity;
        t->seen_well |= k->seen && k->face.score >= good_score;
        if (k->seen && k->is_new_shot)
            st = take_face(v, w, t, k, &frame->view, frame->time, err);
    }
    if (!st)
        st = kao_hide_take(&v->plan, seen, frame, err);
    for (size_t i = 0; !st && i < seen->n_events; i++) {
        const kao_track_event *e = kao_track_event_at(seen, i);
        kao_video_track *t = find(v, e->id);

        if (e->kind == KAO_TRACK_RENAMED)
            st = join_tracks(v, e->was, e->id, err);
        else if (t && e->kind == KAO_TRACK_APPEARED)
            t->appeared = true;
    }
    return st;
}

/* ---- looking through it ---- */

static kao_status add_time(kao_video_job *v, double time, kao_error *err)
{
    if (v->n_times == FRAMES_MOST)
        return kao_fail(err, KAO_E_LIMIT, "a video of more than %d frames",
                        FRAMES_MOST);
    if (!kao_room(v->mem, &v->times, &v->cap_times, v->n_times + 1, sizeof *v->times))
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    v->times[v->n_times++] = time;
    return KAO_OK;
}

static kao_status look_through(kao_job *j, kao_worker *w, kao_video *video,
                               kao_watcher *watcher, kao_error *err)
{
    kao_video_job *v = j->data;
    kao_video_frame frame = { .cut = NULL };
    kao_watched seen = KAO_WATCHED_INIT;
    kao_status st = KAO_OK;

    while (!st) {
        bool more = true;

        st = kao_video_next(video, &frame, &more, err);
        if (st || !more)
            break;
        st = add_time(v, frame.time, err);
        if (!st)
            st = kao_watch(watcher, &frame.view, frame.time, &seen, err);
        if (!st)
            st = take_frame(v, w, &frame, &seen, err);
        if (frame.time > 0)
            atomic_store(&j->now, (uint64_t)(frame.time * 1000));
    }
    v->cut = frame.cut != NULL;
    return st;
}

static kao_status run_video(kao_job *j, kao_worker *w, kao_error *err)
{
    kao_video_job *v = j->data;
    const kao_video_options how = { .cancel = j->cancel, .contained = true };
    const kao_watch_options o = { .size = sizeof o,
                                  .min_score = min_score,
                                  .fpir = v->fpir,
                                  .search = KAO_SEARCH_QUICK,
                                  .unsure = 1,
                                  .with_ignored = 1 };
    kao_watcher *watcher = NULL;
    kao_video *video = NULL;
    kao_status st = kao_video_open(w->ctx, &video, v->spool->path, &how, err);

    if (!st) {
        const kao_video_info *info = kao_video_info_of(video);

        v->plan.width = info->width;
        v->plan.height = info->height;
        v->plan.fps = info->fps;
        v->seconds = info->seconds;
        if (info->seconds > 0 && info->seconds < 1e9) /* no NaN */
            atomic_store(&j->all, (uint64_t)(info->seconds * 1000));
        st = kao_watcher_create(w->ctx, &watcher, w->detector, w->embedders, w->n,
                                w->gallery, &o, err);
    }
    if (!st)
        st = look_through(j, w, video, watcher, err);
    if (!st && v->n_times == 0)
        st = kao_fail(err, KAO_E_FORMAT, "the video: not one frame could be read");
    kao_watcher_destroy(watcher);
    kao_video_close(video);
    kao_video_error(v->spool, err);
    return st;
}

/* ---- telling ---- */

static const kao_hide_track *plan_of(const kao_video_job *v, int64_t id)
{
    for (size_t i = 0; i < v->plan.n; i++)
        if (v->plan.tracks[i].id == id)
            return &v->plan.tracks[i];
    return NULL;
}

static double time_of(const kao_video_job *v, int64_t frame)
{
    return frame < 1                       ? 0
           : (uint64_t)frame <= v->n_times ? v->times[frame - 1]
                                           : v->times[v->n_times - 1];
}

/* Whether somebody is on the time line: was seen well, and so that a network could use the face, or
 * at least for a second. */
static bool is_told(const kao_video_job *v, const kao_video_track *t,
                    const kao_hide_track *p)
{
    const double second = v->plan.fps > 0 ? v->plan.fps : 25;

    return p->n && t && t->appeared && t->seen_well &&
           (t->n > 0 || (double)p->n >= second);
}

static const kao_taken *best_of(const kao_video_track *t)
{
    const kao_taken *best = NULL;

    for (size_t i = 0; i < t->n; i++)
        if (!best || t->faces[i].quality > best->quality)
            best = &t->faces[i];
    return best;
}

static kao_json *seconds_json(double t)
{
    return kao_json_number(round(t * 1000) / 1000);
}

/* [[first, last], ..]: when somebody is seen. */
static kao_json *intervals_json(const kao_video_job *v, const kao_hide_track *t)
{
    kao_json *list = kao_json_array();
    double first = time_of(v, t->boxes[0].frame), last = first;

    for (size_t i = 1; i <= t->n; i++) {
        const double at = i < t->n ? time_of(v, t->boxes[i].frame) : (double)INFINITY;

        if (at - last > pause_seconds) {
            kao_json *one = kao_json_array();

            kao_json_add(one, seconds_json(first));
            kao_json_add(one, seconds_json(last));
            kao_json_add(list, one);
            first = at;
        }
        last = at;
    }
    return list;
}

/* [[seconds, x, y, width, height], ..] in whole pixels. */
static kao_json *boxes_json(const kao_video_job *v, const kao_hide_track *t)
{
    kao_json *list = kao_json_array();

    for (size_t i = 0; i < t->n; i++) {
        const kao_hide_rect *b = &t->boxes[i].box;
        const float sides[] = { b->x, b->y, b->width, b->height };
        kao_json *one = kao_json_array();

        kao_json_add(one, seconds_json(time_of(v, t->boxes[i].frame)));
        for (size_t k = 0; k < 4; k++)
            kao_json_add(one, kao_json_integer(lrintf(sides[k])));
        kao_json_add(list, one);
    }
    return list;
}

static kao_status tell_track(kao_video_job *v, kao_worker *w, const kao_video_track *t,
                             const kao_hide_track *p, bool boxes, kao_json *list,
                             kao_error *err)
{
    const kao_taken *best = best_of(t);
    kao_named who;
    const kao_status st = kao_person_named(w, p->person, &who, err);

    if (st || who.ignored) {
        kao_json_free(who.name);
        return st;
    }
    kao_json *o = kao_json_object();

    kao_json_set(o, "track", kao_json_integer(t->id));
    kao_json_set(o, "person",
                 who.person ? kao_json_integer(who.person) : kao_json_null());
    kao_json_set(o, "name", who.name ? who.name : kao_json_null());
    kao_json_set(o, "similarity", kao_json_float(t->similarity));
    kao_json_set(o, "quality", best ? kao_json_float(best->quality) : kao_json_null());
    kao_json_set(o, "chip", kao_json_bool(best != NULL));
    kao_json_set(o, "first", seconds_json(time_of(v, p->boxes[0].frame)));
    kao_json_set(o, "last", seconds_json(time_of(v, p->boxes[p->n - 1].frame)));
    kao_json_set(o, "intervals", intervals_json(v, p));
    if (boxes)
        kao_json_set(o, "boxes", boxes_json(v, p));
    kao_json_add(list, o);
    return KAO_OK;
}

static kao_status tell_video(kao_job *j, kao_worker *w, kao_call *c, kao_json *to,
                             kao_error *err)
{
    kao_video_job *v = j->data;
    kao_json *list = kao_json_array();
    bool boxes = false, bad = false;
    size_t n_doubtful = 0;
    kao_status st = KAO_OK;

    kao_call_flag(c, "boxes", &boxes, &bad);
    if (bad)
        st = kao_fail(err, KAO_E_ARG, "boxes: wanted true or false");
    kao_json_set(to, "tracks", list);
    for (size_t i = 0; !st && i < v->plan.n; i++) {
        const kao_hide_track *p = &v->plan.tracks[i];
        const kao_video_track *t = find(v, p->id);

        if (is_told(v, t, p))
            st = tell_track(v, w, t, p, boxes, list, err);
        else
            n_doubtful += p->n > 0;
    }
    kao_json_set(to, "source", kao_json_string(v->source));
    kao_json_set(to, "width", kao_json_integer(v->plan.width));
    kao_json_set(to, "height", kao_json_integer(v->plan.height));
    kao_json_set(to, "fps", kao_json_number(v->plan.fps));
    kao_json_set(to, "seconds",
                 seconds_json(v->seconds > 0 ? v->seconds : v->times[v->n_times - 1]));
    kao_json_set(to, "frames", kao_json_integer((int64_t)v->n_times));
    kao_json_set(to, "cut", kao_json_bool(v->cut));
    kao_json_set(to, "doubtful", kao_json_integer((int64_t)n_doubtful));
    return st;
}

static const kao_bytes *chip_of(kao_job *j, int64_t number)
{
    const kao_video_track *t = find(j->data, number);
    const kao_taken *best = t ? best_of(t) : NULL;

    return best ? &best->chip : NULL;
}

/* ---- a stranger named ---- */

static void enrol_track(kao_job *j, kao_worker *w, kao_call *c, int64_t number)
{
    kao_video_job *v = j->data;
    kao_video_track *t = find(v, number);
    const kao_hide_track *p = plan_of(v, number);
    kao_taken *faces[FACES_OF_TRACK] = { NULL };
    const char *sources[FACES_OF_TRACK] = { NULL };
    const char *source = v->source ? v->source : "video";
    char text[FACES_OF_TRACK][300];
    int64_t person = 0;

    if (!t || !p || t->n == 0) {
        kao_answer_error(c, 404, "not_found",
                         "no such track, or nothing of its face is clear enough");
        return;
    }
    for (size_t i = 0; i < t->n; i++) {
        snprintf(text[i], sizeof text[i], "%.*s %.1f s", (int)kao_utf8_cut(source, 255),
                 source, t->times[i]);
        faces[i] = &t->faces[i];
        sources[i] = text[i];
    }
    if (kao_taken_enrol(w, c, faces, sources, t->n, &person))
        kao_hide_plan_track(&v->plan, number)->person = person;
}

const kao_job_kind kao_job_video = { .name = "video",
                                     .unreadable = "invalid_video",
                                     .run = run_video,
                                     .tell = tell_video,
                                     .chip = chip_of,
                                     .enrol = enrol_track,
                                     .close = close_video };
