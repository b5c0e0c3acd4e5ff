/* CompreFace's services on pictures: detection, recognition, verification. */
#include <math.h>
#include <stdio.h>

#include "base/error.h"
#include "base/room.h"
#include "base/suits.h"
#include "server/compreface.h"

/* The rate of the threshold at which two pictures are taken for one person. */
static const double pair_far = 1e-4;

/* Runs what a route does with each face of a picture; false ends it, answered. */
typedef struct looking {
    kao_worker *w;
    kao_call *c;
    kao_cf_asked a;
    kao_cf_photo p;
    const float *other; /* the vector to compare with */
    float threshold;
} looking;

/* far: of the threshold of pairs; NaN: it is this gallery's; 0: none is needed. */
static bool begin(looking *l, kao_worker *w, kao_call *c, double far)
{
    kao_error err = { 0 };
    uint64_t templates = 0;

    *l = (looking){ .w = w, .c = c };
    return kao_compreface_key(c) && kao_cf_ask(c, &l->a) &&
           (far == 0 ||
            !kao_cf_failed(c,
                           kao_worker_limit(w, 0, far, w->o->fpir, NULL, &l->threshold,
                                            &templates, &err),
                           &err));
}

/* Of these people those who are not to be left out, as long as fewer than were asked for are told. */
static kao_status add_people(const looking *l, const kao_match *m, size_t n,
                             size_t *told, kao_json *list, kao_error *err)
{
    for (size_t i = 0; i < n && *told < l->a.predictions; i++) {
        kao_named who = { .name = NULL };
        const kao_status st = kao_person_named(l->w, m[i].person, &who, err);

        if (st)
            return st;
        if (!who.person || who.ignored) { /* not there: removed since the search */
            kao_json_free(who.name);
            continue;
        }
        kao_json *one = kao_json_object();

        kao_json_set(one, "subject",
                     who.name ? who.name : kao_subject_json(NULL, m[i].person));
        kao_cf_set_similarity(l->w, m[i].similarity, l->threshold, one);
        kao_json_add(list, one);
        ++*told;
    }
    return KAO_OK;
}

/* "subjects" of p.vector: the most alike people, whoever they are: the client has a threshold. */
static kao_status add_subjects(const looking *l, const float *vector, const char *key,
                               kao_json *face, kao_error *err)
{
    kao_json *list = kao_json_array();
    kao_match *m = NULL;
    size_t n = 0, told = 0, before = 0, cap = 0;
    kao_status st = KAO_OK;

    kao_json_set(face, key, list);
    /* twice as many as long as too many of them are left out; the first ones stay the same */
    for (size_t room = l->a.predictions + 16; !st && told < l->a.predictions;
         room *= 2) {
        if (!kao_room(l->c->mem, &m, &cap, room, sizeof *m))
            st = kao_fail(err, KAO_E_NOMEM, "out of memory");
        if (!st) {
            m[0].size = sizeof m[0];
            st = kao_gallery_search(l->w->gallery, 0, vector, room, m, &n, err);
        }
        if (!st && n > before)
            st = add_people(l, m + before, n - before, &told, list, err);
        if (n < room)
            break;
        before = n;
    }
    kao_free(l->c->mem, m);
    return st;
}

static void answer(looking *l, kao_status st, const kao_error *err, kao_json *result)
{
    if (kao_cf_failed(l->c, st, err))
        kao_json_free(result);
    else
        kao_cf_answer(l->w, l->c, &l->a, result);
}

typedef kao_status what(looking *l, kao_json *face, kao_error *err);

/* The answer: a list of the picture's faces, with what `add` says of each. */
static void answer_faces(looking *l, what *add)
{
    kao_error err = { 0 };

    if (!kao_cf_take(l->w, l->c, "file", &l->a, false, &l->p)) {
        kao_cf_free(l->w, l->c, &l->p);
        return;
    }
    kao_json *list = kao_json_array();
    kao_status st = KAO_OK;

    for (size_t i = 0; !st && i < l->p.n; i++) {
        if (add || l->a.plugins & CF_CALCULATOR)
            st = kao_cf_embed(l->w, &l->a, &l->p, i, 0, &err);
        kao_json *face = kao_cf_face_json(l->w, &l->a, &l->p, i);

        if (!st && add)
            st = add(l, face, &err);
        kao_cf_set_time(&l->a, &l->p, face);
        kao_json_add(list, face);
    }
    kao_cf_free(l->w, l->c, &l->p);
    answer(l, st, &err, list);
}

void kao_route_cf_detect(kao_worker *w, kao_call *c)
{
    looking l;

    if (begin(&l, w, c, 0))
        answer_faces(&l, NULL);
}

static kao_status add_nearest(looking *l, kao_json *face, kao_error *err)
{
    return add_subjects(l, l->p.vector, "subjects", face, err);
}

void kao_route_cf_recognize(kao_worker *w, kao_call *c)
{
    looking l;

    if (begin(&l, w, c, (double)NAN))
        answer_faces(&l, add_nearest);
}

/* ---- one against another ---- */

static size_t dim_of(const kao_worker *w)
{
    return kao_embedder_dim(w->embedders[0], w->ttas[0]);
}

/* A vector of the request, brought to length 1 where the network's are; false: answered. */
static bool read_vector(kao_worker *w, kao_call *c, const kao_json *list, float *to)
{
    const size_t dim = dim_of(w);
    char line[96];
    double sum = 0;

    for (size_t i = 0; i < dim && kao_json_length(list) == dim; i++) {
        double v = 0;

        if (!kao_json_as_number(kao_json_at(list, i), &v))
            break;
        to[i] = (float)v;
        sum += v * v;
    }
    if (!(sum > 0) || !isfinite(sum)) {
        snprintf(line, sizeof line,
                 "%zu embeddings were expected, but %zu were provided", dim,
                 kao_json_length(list));
        kao_compreface_error(c, 400, CF_EMBEDDINGS, line);
        return false;
    }
    for (size_t i = 0; i < dim && kao_has_length_one(w->embedders[0]); i++)
        to[i] = (float)((double)to[i] / sqrt(sum));
    return true;
}

static kao_status add_similarity(looking *l, kao_json *face, kao_error *err)
{
    (void)err;
    kao_cf_set_similarity(l->w, kao_similarity(l->p.vector, l->other, dim_of(l->w)),
                          l->threshold, face);
    return KAO_OK;
}

/* Compares with the vector of a sample, or (NULL) of the request's "source". */
static void verify_with(kao_worker *w, kao_call *c, const char *sample,
                        void (*answer_with)(looking *l))
{
    looking l;

    if (!begin(&l, w, c, pair_far))
        return;
    float *v = kao_calloc(c->mem, dim_of(w), sizeof *v);

    if (!v)
        kao_answer_error(c, 503, "out_of_memory", "out of memory");
    l.other = v;
    if (v && (sample ? kao_subject_vector(w, c, sample, v)
                     : read_vector(w, c, kao_json_get(c->json, "source"), v)))
        answer_with(&l);
    kao_free(c->mem, v);
}

static void answer_similar_faces(looking *l)
{
    answer_faces(l, add_similarity);
}

/* A picture's faces against a sample of the gallery. */
void kao_route_cf_verify_face(kao_worker *w, kao_call *c)
{
    verify_with(w, c, c->vars[0], answer_similar_faces);
}

/* A picture's one face against each of another's. */
static kao_status match_faces(looking *l, const kao_cf_photo *source, kao_json *matches,
                              kao_error *err)
{
    kao_status st = KAO_OK;

    for (size_t i = 0; !st && i < l->p.n; i++) {
        st = kao_cf_embed(l->w, &l->a, &l->p, i, 0, err);
        if (st)
            break;
        kao_json *face = kao_cf_face_json(l->w, &l->a, &l->p, i);

        kao_cf_set_similarity(l->w,
                              kao_similarity(l->p.vector, source->vector, dim_of(l->w)),
                              l->threshold, face);
        kao_cf_set_time(&l->a, &l->p, face);
        kao_json_add(matches, face);
    }
    return st;
}

static void verify_pictures(looking *l, kao_cf_photo *source)
{
    kao_error err = { 0 };
    kao_status st = kao_cf_embed(l->w, &l->a, source, 0, 0, &err);

    if (kao_cf_failed(l->c, st, &err) ||
        !kao_cf_take(l->w, l->c, "target_image", &l->a, false, &l->p))
        return;
    kao_json *one = kao_json_object(), *matches = kao_json_array(),
             *result = kao_json_array(),
             *face = kao_cf_face_json(l->w, &l->a, source, 0);

    st = match_faces(l, source, matches, &err);
    kao_cf_set_time(&l->a, source, face);
    kao_json_set(one, "source_image_face", face);
    kao_json_set(one, "face_matches", matches);
    kao_json_add(result, one);
    answer(l, st, &err, result);
}

void kao_route_cf_verify(kao_worker *w, kao_call *c)
{
    kao_cf_photo source;
    looking l;

    if (!begin(&l, w, c, pair_far))
        return;
    if (kao_cf_take(w, c, "source_image", &l.a, true, &source))
        verify_pictures(&l, &source);
    kao_cf_free(w, c, &source);
    kao_cf_free(w, c, &l.p);
}

/* ---- vectors instead of pictures ---- */

enum { VECTORS_MOST = 1000 };

typedef bool with_vector(looking *l, const float *vector, kao_json *one);

/* The answer to a list of vectors under this key: each with what `add` says of it. */
static void answer_vectors(looking *l, const char *key, with_vector *add)
{
    const kao_json *list = kao_json_get(l->c->json, key);
    const size_t n = kao_json_length(list), dim = dim_of(l->w);
    float *v = kao_calloc(l->c->mem, dim, sizeof *v);
    kao_json *result = kao_json_array();
    bool fine = v && n > 0 && n <= VECTORS_MOST;

    if (!v) {
        kao_answer_error(l->c, 503, "out_of_memory", "out of memory");
    } else if (!fine) {
        char line[96];

        snprintf(line, sizeof line, "%s: wanted a list of 1 to %d embeddings", key,
                 VECTORS_MOST);
        kao_compreface_error(l->c, 400, CF_INVALID, line);
    }
    for (size_t i = 0; fine && i < n; i++) {
        const kao_json *given = kao_json_at(list, i);
        kao_json *one = kao_json_object(), *copy = kao_json_array();

        fine = read_vector(l->w, l->c, given, v);
        for (size_t k = 0; fine && k < dim; k++) {
            double number = 0;

            kao_json_as_number(kao_json_at(given, k), &number);
            kao_json_add(copy, kao_json_number(number));
        }
        kao_json_set(one, "embedding", copy);
        fine = fine && add(l, v, one);
        kao_json_add(result, one);
    }
    kao_free(l->c->mem, v);
    if (fine)
        kao_cf_answer(l->w, l->c, &l->a, result);
    else
        kao_json_free(result);
}

static bool add_vector_subjects(looking *l, const float *vector, kao_json *one)
{
    kao_error err = { 0 };

    return !kao_cf_failed(l->c, add_subjects(l, vector, "similarities", one, &err),
                          &err);
}

static bool add_vector_similarity(looking *l, const float *vector, kao_json *one)
{
    kao_cf_set_similarity(l->w, kao_similarity(vector, l->other, dim_of(l->w)),
                          l->threshold, one);
    return true;
}

void kao_route_cf_recognize_vectors(kao_worker *w, kao_call *c)
{
    looking l;

    if (begin(&l, w, c, (double)NAN))
        answer_vectors(&l, "embeddings", add_vector_subjects);
}

static void answer_similar_vectors(looking *l)
{
    answer_vectors(l, "embeddings", add_vector_similarity);
}

static void answer_similar_targets(looking *l)
{
    answer_vectors(l, "targets", add_vector_similarity);
}

void kao_route_cf_verify_face_vectors(kao_worker *w, kao_call *c)
{
    verify_with(w, c, c->vars[0], answer_similar_vectors);
}

void kao_route_cf_verify_vectors(kao_worker *w, kao_call *c)
{
    verify_with(w, c, NULL, answer_similar_targets);
}

/* ---- about the server ---- */

void kao_route_cf_status(kao_worker *w, kao_call *c)
{
    kao_json *o = kao_json_object();

    kao_json_set(o, "demoFaceCollectionIsInconsistent", kao_json_bool(false));
    kao_json_set(o, "dbIsInconsistent", kao_json_bool(false));
    kao_json_set(o, "saveImagesToDB", kao_json_bool(false));
    kao_json_set(o, "calculatorVersion", kao_json_string(kao_worker_model_name(w, 0)));
    kao_answer_json(c, 200, o);
}

void kao_route_cf_config(kao_worker *w, kao_call *c)
{
    kao_json *o = kao_json_object();

    (void)w;
    kao_json_set(o, "clientMaxFileSize", kao_json_integer(KAO_SERVER_BODY_MOST));
    kao_json_set(o, "clientMaxBodySize", kao_json_integer(KAO_SERVER_BODY_MOST));
    kao_answer_json(c, 200, o);
}

/* There, vectors are computed anew for another model, and a client waits until the status says that they fit.
 * Here they do whenever the server runs: it does not start with models that the gallery is not of. */
void kao_route_cf_migrate(kao_worker *w, kao_call *c)
{
    static const char text[] = "Migration started";

    (void)w;
    c->type = "text/plain;charset=UTF-8";
    c->status = 200;
    if (!kao_bytes_add(&c->out, text, sizeof text - 1))
        kao_answer_error(c, 503, "out_of_memory", "out of memory");
}
