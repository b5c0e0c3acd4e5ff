/* A video of a client's own, frame by frame: the answers of the app's live view. */
#include <math.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/face_json.h"
#include "server/live.h"
#include "server/routes.h"

void kao_route_live_begin(kao_worker *w, kao_call *c)
{
    char id[RANDOM_ID_BYTES];
    kao_error err = { 0 };
    double fpir = w->o->fpir;
    size_t model = 0;
    bool bad = false;

    if (!kao_worker_model(w, c, &model))
        return;
    if (kao_call_number(c, "fpir", &fpir, &bad))
        bad = !(fpir > 0 && fpir < 1);
    if (bad) {
        kao_answer_bad(c, "fpir", "a rate between 0 and 1");
        return;
    }
    const kao_status st = kao_live_begin(w->lives, w, model, fpir, id, &err);

    if (st == KAO_E_LIMIT) {
        kao_answer_busy(c, 10, err.msg);
    } else if (st) {
        kao_answer_status(c, st, &err);
    } else {
        kao_json *o = kao_json_object();

        kao_json_set(o, "live", kao_json_string(id));
        kao_json_set(o, "model", kao_json_string(kao_worker_model_name(w, model)));
        kao_answer_json(c, 201, o);
    }
}

/* Outcomes of the face's picture, so that a client can ask for a better one, or for the model for
 * covered faces. */
static void set_outcomes(kao_live *v, const kao_view *view, const kao_face *face,
                         kao_json *o)
{
    kao_quality q = KAO_QUALITY_INIT;

    if (kao_quality_of(v->w.ctx, view, face, &q, NULL) == KAO_OK) {
        kao_json_set(o, "yaw", kao_json_float(q.yaw));
        kao_json_set(o, "masked", kao_json_float(q.masked));
    }
    kao_json_set(o, "outcomes", kao_outcomes_json(q.outcomes));
}

static kao_status track_json(kao_live *v, const kao_image *image, const kao_track *t,
                             uint64_t templates, kao_json *list, kao_error *err)
{
    const kao_face in_file = kao_face_in_file(image, &t->face);
    const kao_view view = kao_image_view(image);
    kao_json *o = kao_face_json(&in_file, 0);
    kao_named who = { .name = NULL };
    const kao_status st = kao_person_named(&v->w, t->person, &who, err);

    kao_json_add(list, o);
    kao_json_set(o, "track", kao_json_integer(t->id));
    kao_json_set(o, "seen", kao_json_bool(t->seen));
    kao_json_set(o, "person",
                 who.person ? kao_json_integer(who.person) : kao_json_null());
    kao_json_set(o, "name", who.name ? who.name : kao_json_null());
    kao_json_set(o, "similarity", kao_json_float(t->similarity));
    kao_json_set(o, "quality", kao_json_float(t->quality));
    if (!isnan(t->similarity))
        kao_worker_rates(&v->w, v->model, t->similarity, templates, o);
    if (t->seen)
        set_outcomes(v, &view, &t->face, o);
    return st;
}

static kao_status watch(kao_live *v, kao_call *c, double time, kao_json *o,
                        kao_error *err)
{
    const kao_image_options small = { .max_side = 1280 };
    kao_json *list = kao_json_array();
    kao_watched seen = KAO_WATCHED_INIT;
    kao_bytes held = { 0 };
    kao_image image = { 0 };
    const uint8_t *bytes = NULL;
    uint64_t templates = 0;
    size_t n = 0;
    kao_status st = kao_call_picture(c, "image", &held, &bytes, &n, err);

    kao_json_set(o, "tracks", list);
    if (!st)
        st = kao_image_decode(v->w.ctx, bytes, n, &small, &image, err);
    kao_bytes_free(&held);
    if (!st) {
        const kao_view view = kao_image_view(&image);

        st = kao_watch(v->watcher, &view, time, &seen, err);
    }
    if (!st)
        st = kao_gallery_templates(v->w.gallery, &templates, err);
    for (size_t i = 0; !st && i < seen.n_tracks; i++)
        st = track_json(v, &image, kao_track_at(&seen, i), templates, list, err);
    kao_json_set(o, "width", kao_json_integer(image.full_width));
    kao_json_set(o, "height", kao_json_integer(image.full_height));
    kao_json_set(o, "frame", kao_json_integer((int64_t)++v->frames));
    kao_json_set(o, "templates", kao_json_integer((int64_t)templates));
    kao_image_free(v->w.ctx, &image);
    return st;
}

void kao_route_live_frame(kao_worker *w, kao_call *c)
{
    const uint64_t begun = kao_clock_ns();
    kao_live *v = NULL;
    kao_json *o = NULL;
    kao_error err = { 0 };
    double time = (double)begun * 1e-9;
    bool bad = false;

    kao_call_number(c, "time", &time, &bad);
    if (bad) {
        kao_answer_bad(c, "time", "seconds of the video");
        return;
    }
    kao_status st = kao_live_take(w->lives, c->vars[0], &v, &err);

    if (!st) {
        o = kao_json_object();
        st = watch(v, c, time, o, &err);
        kao_json_set(o, "model", kao_json_string(kao_worker_model_name(w, v->model)));
        kao_live_put(w->lives, v);
    }
    kao_json_set(o, "ms", kao_json_number((double)(kao_clock_ns() - begun) * 1e-6));
    kao_answer(c, st, &err, 200, o);
}

void kao_route_live_end(kao_worker *w, kao_call *c)
{
    kao_json *o = kao_json_object();
    kao_error err = { 0 };
    const kao_status st = kao_live_end(w->lives, c->vars[0], &err);

    kao_json_set(o, "done", kao_json_bool(true));
    kao_answer(c, st, &err, 200, o);
}
