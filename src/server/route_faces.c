/* Faces of pictures that a request brings: nothing is kept. */
#include <math.h>
#include <stdlib.h>

#include "base/face_json.h"
#include "server/routes.h"

enum { FACES_MOST = 1024, NEAREST_MOST = 64, NEAREST = 3 };

/* {"width":..,"height":..}: of the upright picture in the file. */
static kao_json *begin_answer(const kao_photo *p)
{
    kao_json *o = kao_json_object();

    kao_json_set(o, "width", kao_json_integer(p->image.full_width));
    kao_json_set(o, "height", kao_json_integer(p->image.full_height));
    if (p->image.warning)
        kao_json_set(o, "warning", kao_json_string(p->image.warning));
    return o;
}

static bool ask_search(kao_call *c, kao_search *search)
{
    bool quick = false, bad = false;

    kao_call_flag(c, "quick", &quick, &bad);
    *search = quick ? KAO_SEARCH_QUICK : KAO_SEARCH_ALL;
    if (bad)
        kao_answer_bad(c, "quick", "true or false");
    return !bad;
}

/* How many faces at most (?limit=; 0: all). */
static bool ask_limit(kao_call *c, size_t *limit)
{
    int64_t n = 0;
    bool bad = false;

    kao_call_integer(c, "limit", &n, &bad);
    if (bad || n < 0) {
        kao_answer_bad(c, "limit", "a number of faces, 0: all");
        return false;
    }
    *limit = n == 0 || n > FACES_MOST ? FACES_MOST : (size_t)n;
    return true;
}

static void set_quality(kao_worker *w, const kao_photo *p, size_t i, float norm,
                        kao_json *face)
{
    const kao_view view = kao_image_view(&p->image);
    kao_quality q = KAO_QUALITY_INIT;
    kao_json *o = kao_json_object();

    if (kao_quality_of(w->ctx, &view, kao_face_at(&p->faces, i), &q, NULL) == KAO_OK) {
        if (norm > 0)
            kao_quality_norm(&q, w->embedders[0], norm);
        kao_json_set(o, "score", kao_json_float(q.score));
        kao_json_set(o, "eye_distance", kao_json_float(q.eye_distance_px));
        kao_json_set(o, "yaw", kao_json_float(q.yaw));
        kao_json_set(o, "pitch", kao_json_float(q.pitch));
        kao_json_set(o, "roll", kao_json_float(q.roll));
        kao_json_set(o, "masked", kao_json_float(q.masked));
    }
    kao_json_set(o, "outcomes", kao_outcomes_json(q.outcomes));
    kao_json_set(face, "quality", o);
}

void kao_route_detect(kao_worker *w, kao_call *c)
{
    kao_photo p;
    kao_error err = { 0 };
    kao_search search;
    size_t limit = 0;

    if (!ask_search(c, &search) || !ask_limit(c, &limit))
        return;
    const kao_status st = kao_photo_take(w, c, "image", search, &p, &err);

    if (st) {
        kao_answer_status(c, st, &err);
        return;
    }
    kao_json *o = begin_answer(&p), *faces = kao_json_array();

    for (size_t i = 0; i < p.faces.n && i < limit; i++) {
        kao_json *face = kao_photo_face_json(&p, i);

        set_quality(w, &p, i, 0, face);
        kao_json_add(faces, face);
    }
    kao_json_set(o, "faces", faces);
    kao_photo_free(w, &p);
    kao_answer_json(c, 200, o);
}

/* ---- vectors ---- */

static kao_json *vector_json(const float *v, size_t n)
{
    kao_json *list = kao_json_array();

    for (size_t i = 0; i < n; i++)
        kao_json_add(list, kao_json_float(v[i]));
    return list;
}

static size_t dim_of(const kao_worker *w, size_t model)
{
    return kao_embedder_dim(w->embedders[model], w->ttas[model]);
}

/* Why a face has no vector: it is told in its place, the others have theirs. */
static kao_json *reason_json(kao_status st, const kao_error *err)
{
    kao_json *o = kao_json_object();

    kao_json_set(o, "code", kao_json_string(kao_status_name(st)));
    kao_json_set(o, "message", kao_json_string(err->msg));
    return o;
}

/* Whether a face is merely of no use, and nothing is broken. */
static bool is_unusable(kao_status st)
{
    return st == KAO_E_NO_FACE || st == KAO_E_TOO_SMALL || st == KAO_E_BAD_EMBEDDING;
}

void kao_route_embed(kao_worker *w, kao_call *c)
{
    kao_photo p;
    kao_error err = { 0 };
    kao_search search;
    size_t limit = 0, model = 0;

    if (!ask_search(c, &search) || !ask_limit(c, &limit) ||
        !kao_worker_model(w, c, &model))
        return;
    const size_t dim = dim_of(w, model);
    float *v = kao_calloc(c->mem, dim, sizeof *v);
    kao_status st = v ? kao_photo_take(w, c, "image", search, &p, &err)
                      : kao_fail(&err, KAO_E_NOMEM, "out of memory");

    if (st) {
        kao_free(c->mem, v);
        kao_answer_status(c, st, &err);
        return;
    }
    kao_json *o = begin_answer(&p), *faces = kao_json_array();
    char id[KAO_ID_BYTES] = "";

    for (size_t i = 0; !st && i < p.faces.n && i < limit; i++) {
        kao_json *face = kao_photo_face_json(&p, i);
        float norm = 0;

        st = kao_photo_embed(w, &p, i, model, v, &norm, &err);
        if (!st)
            kao_json_set(face, "embedding", vector_json(v, dim));
        else if (is_unusable(st))
            kao_json_set(face, "reason", reason_json(st, &err));
        st = is_unusable(st) ? KAO_OK : st;
        kao_json_add(faces, face);
    }
    if (!st)
        st = kao_embedder_id(w->embedders[model], w->ttas[model], id, &err);
    kao_json_set(o, "faces", faces);
    kao_json_set(o, "model", kao_json_string(kao_worker_model_name(w, model)));
    kao_json_set(o, "model_id", kao_json_string(id));
    kao_photo_free(w, &p);
    kao_free(c->mem, v);
    kao_answer(c, st, &err, 200, o);
}

/* ---- two pictures ---- */

typedef struct side { /* one of two pictures: its largest face */
    kao_json *face;
    float *vector;
} side;

static kao_status look(kao_worker *w, kao_call *c, const char *name, size_t model,
                       side *s, kao_error *err)
{
    kao_photo p;
    size_t which = 0;
    float norm = 0;
    kao_status st = kao_photo_take(w, c, name, KAO_SEARCH_LARGEST, &p, err);

    if (st)
        return st;
    st = kao_face_choose(&p.faces, KAO_CHOOSE_LARGEST, p.image.width, p.image.height,
                         &which, err);
    if (!st)
        st = kao_photo_embed(w, &p, which, model, s->vector, &norm, err);
    if (st) {
        kao_error_prefix(err, st, "%s", name);
    } else {
        s->face = kao_photo_face_json(&p, which);
        kao_json_set(s->face, "width", kao_json_integer(p.image.full_width));
        kao_json_set(s->face, "height", kao_json_integer(p.image.full_height));
        set_quality(w, &p, which, norm, s->face);
    }
    kao_photo_free(w, &p);
    return st;
}

static bool ask_far(kao_call *c, double *far)
{
    bool bad = false;

    if (kao_call_number(c, "far", far, &bad))
        bad = !(*far > 0 && *far < 1);
    if (bad)
        kao_answer_bad(c, "far", "a rate between 0 and 1");
    return !bad;
}

void kao_route_verify(kao_worker *w, kao_call *c)
{
    size_t model = 0;
    double far = 1e-4;
    kao_error err = { 0 };
    float threshold = 1;
    uint64_t templates = 0;

    if (!kao_worker_model(w, c, &model) || !ask_far(c, &far))
        return;
    const size_t dim = dim_of(w, model);
    float *v = kao_calloc(c->mem, 2 * dim, sizeof *v);
    side a = { .vector = v }, b = { .vector = v + dim };
    kao_status st = v ? look(w, c, "source", model, &a, &err)
                      : kao_fail(&err, KAO_E_NOMEM, "out of memory");

    if (!st)
        st = look(w, c, "target", model, &b, &err);
    if (!st)
        st = kao_worker_limit(w, model, far, (double)NAN, NULL, &threshold, &templates,
                              &err);
    if (st) {
        kao_json_free(a.face);
        kao_json_free(b.face);
        kao_free(c->mem, v);
        kao_answer_status(c, st, &err);
        return;
    }
    kao_json *o = kao_json_object();
    const float s = kao_similarity(a.vector, b.vector, dim);

    kao_json_set(o, "similarity", kao_json_float(s));
    kao_json_set(o, "threshold", kao_json_float(threshold));
    kao_json_set(o, "same", kao_json_bool(s >= threshold));
    kao_worker_rates(w, model, s, 0, o);
    kao_json_set(o, "model", kao_json_string(kao_worker_model_name(w, model)));
    kao_json_set(o, "source", a.face);
    kao_json_set(o, "target", b.face);
    kao_free(c->mem, v);
    kao_answer_json(c, 200, o);
}

/* ---- who is it? ---- */

typedef struct asking {
    size_t model, nearest, limit;
    kao_search search;
    double fpir;
    const char *group; /* NULL: all */
    float threshold;
    uint64_t templates;
} asking;

static bool ask(kao_worker *w, kao_call *c, asking *a)
{
    int64_t nearest = NEAREST;
    bool bad = false;

    *a = (asking){ .fpir = w->o->fpir };
    if (!ask_search(c, &a->search) || !ask_limit(c, &a->limit) ||
        !kao_worker_model(w, c, &a->model))
        return false;
    kao_call_integer(c, "nearest", &nearest, &bad);
    if (bad || nearest < 1 || nearest > NEAREST_MOST) {
        kao_answer_bad(c, "nearest", "a number from 1 to 64");
        return false;
    }
    if (kao_call_number(c, "fpir", &a->fpir, &bad))
        bad = !(a->fpir > 0 && a->fpir < 1);
    if (bad)
        kao_answer_bad(c, "fpir", "a rate between 0 and 1");
    a->nearest = (size_t)nearest;
    if (!bad && !kao_call_text(c, "group", &a->group, &bad) && bad)
        kao_answer_bad(c, "group", "a group's name");
    if (a->group && !a->group[0])
        a->group = NULL;
    return !bad;
}

/* Those who are still there, with their names: since the search somebody may have been removed. */
static kao_status name_matches(kao_worker *w, kao_match *m, kao_named *who, size_t *n,
                               kao_error *err)
{
    kao_status st = KAO_OK;
    size_t kept = 0;

    for (size_t i = 0; !st && i < *n; i++) {
        st = kao_person_named(w, m[i].person, &who[kept], err);
        if (!st && who[kept].person)
            m[kept++] = m[i];
    }
    *n = kept;
    return st;
}

/* Somebody who is ignored is nobody known, and no stranger either. */
static kao_status tell_nearest(kao_worker *w, const asking *a, kao_match *m, size_t n,
                               kao_json *face, kao_error *err)
{
    kao_named who[NEAREST_MOST];
    kao_json *list = kao_json_array();
    const kao_status st = name_matches(w, m, who, &n, err);
    const bool alike = n > 0 && m[0].similarity >= a->threshold;
    const bool known = alike && !who[0].ignored;

    kao_json_set(face, "person",
                 known ? kao_json_integer(m[0].person) : kao_json_null());
    kao_json_set(face, "name",
                 known && who[0].name ? kao_json_hold(who[0].name) : kao_json_null());
    kao_json_set(face, "ignored", kao_json_bool(alike && who[0].ignored));
    kao_json_set(face, "similarity",
                 n ? kao_json_float(m[0].similarity) : kao_json_null());
    if (n)
        kao_worker_rates(w, a->model, m[0].similarity, a->templates, face);
    kao_json_set(face, "nearest", list);
    for (size_t i = 0; i < n; i++) {
        kao_json *o = kao_json_object();

        kao_json_set(o, "person", kao_json_integer(m[i].person));
        kao_json_set(o, "name", who[i].name ? who[i].name : kao_json_null());
        kao_json_set(o, "similarity", kao_json_float(m[i].similarity));
        kao_json_set(o, "sample", kao_json_string(m[i].sample));
        kao_json_add(list, o);
    }
    return st;
}

static kao_status identify(kao_worker *w, const asking *a, const kao_photo *p, size_t i,
                           float *v, kao_json *face, kao_error *err)
{
    kao_match m[NEAREST_MOST] = { { .size = sizeof m[0] } };
    float norm = 0;
    size_t n = 0;
    kao_status st = kao_photo_embed(w, p, i, a->model, v, &norm, err);

    if (is_unusable(st)) {
        kao_json_set(face, "reason", reason_json(st, err));
        kao_json_set(face, "person", kao_json_null());
        kao_json_set(face, "name", kao_json_null());
        kao_json_set(face, "ignored", kao_json_bool(false));
        return KAO_OK;
    }
    if (!st)
        st = kao_gallery_search_in(w->gallery, a->model, a->group, v, 1, a->nearest, m,
                                   &n, err);
    if (!st) {
        set_quality(w, p, i, a->model == 0 ? norm : 0, face);
        st = tell_nearest(w, a, m, n, face, err);
    }
    return st;
}

void kao_route_identify(kao_worker *w, kao_call *c)
{
    asking a;
    kao_photo p;
    kao_error err = { 0 };

    if (!ask(w, c, &a))
        return;
    float *v = kao_calloc(c->mem, dim_of(w, a.model), sizeof *v);
    kao_status st = v ? kao_worker_limit(w, a.model, (double)NAN, a.fpir, a.group,
                                         &a.threshold, &a.templates, &err)
                      : kao_fail(&err, KAO_E_NOMEM, "out of memory");

    if (!st)
        st = kao_photo_take(w, c, "image", a.search, &p, &err);
    if (st) {
        kao_free(c->mem, v);
        kao_answer_status(c, st, &err);
        return;
    }
    kao_json *o = begin_answer(&p), *faces = kao_json_array();

    for (size_t i = 0; !st && i < p.faces.n && i < a.limit; i++) {
        kao_json *face = kao_photo_face_json(&p, i);

        st = identify(w, &a, &p, i, v, face, &err);
        kao_json_add(faces, face);
    }
    kao_json_set(o, "faces", faces);
    kao_json_set(o, "threshold", kao_json_float(a.threshold));
    kao_json_set(o, "templates", kao_json_integer((int64_t)a.templates));
    kao_json_set(o, "model", kao_json_string(kao_worker_model_name(w, a.model)));
    kao_photo_free(w, &p);
    kao_free(c->mem, v);
    kao_answer(c, st, &err, 200, o);
}
