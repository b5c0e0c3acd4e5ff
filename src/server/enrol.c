/* See enrol.h. */
#include "server/enrol.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/context.h"
#include "base/error.h"
#include "kao/enrol.h"
#include "server/routes.h"

/* ---- should it? ---- */

kao_verdict kao_verdict_begin(kao_json *to)
{
    kao_verdict v = { .to = to, .reasons = kao_json_array() };

    kao_json_set(to, "reasons", v.reasons);
    return v;
}

static void refuse(kao_verdict *v, const char *reason)
{
    kao_json_add(v->reasons, kao_json_string(reason));
    v->refused = true;
}

void kao_refuse_poor(kao_verdict *v, uint32_t outcomes)
{
    for (uint32_t bit = 1; bit <= KAO_POOR; bit <<= 1)
        if (outcomes & KAO_POOR & bit)
            refuse(v, kao_outcome_name((kao_outcome)bit));
}

kao_status kao_judge(kao_worker *w, const float *vectors, int64_t person, bool force,
                     kao_verdict *v, kao_error *err)
{
    kao_judgement j = KAO_JUDGEMENT_INIT;
    uint64_t templates = 0;
    float threshold = 1;
    kao_status st =
        kao_worker_limit(w, 0, 1e-4, (double)NAN, NULL, &threshold, &templates, err);

    if (!st)
        st = kao_gallery_judge(w->gallery, 0, vectors, person, threshold, &j, err);
    if (st)
        return st;
    if (j.against & KAO_AGAINST_DUPLICATE)
        refuse(v, "duplicate");
    if (!force && j.against & KAO_AGAINST_LOOKS_LIKE) {
        kao_named who;

        refuse(v, "looks_like");
        st = kao_person_named(w, j.who, &who, err);
        kao_json_set(v->to, "looks_like",
                     who.person ? kao_json_integer(who.person) : kao_json_null());
        kao_json_set(v->to, "looks_like_name", who.name ? who.name : kao_json_null());
        kao_json_set(v->to, "looks_like_similarity", kao_json_float(j.other));
    }
    if (!force && j.against & KAO_AGAINST_UNLIKE)
        refuse(v, "unlike");
    return st;
}

/* ---- faces that are kept ---- */

enum { CHIP_SIDE = 144, CHIP_QUALITY = 80, CHIP_BYTES_MOST = 1 << 20 };

static const float chip_margin = 1.5f; /* of the face's box: hair and chin, too */

void kao_taken_free(kao_mem *mem, kao_taken *t)
{
    kao_free(mem, t->vectors);
    if (t->chip.mem)
        kao_bytes_free(&t->chip);
    *t = (kao_taken){ .vectors = NULL };
}

static kao_status cut_chip(kao_worker *w, const kao_view *view, const kao_face *face,
                           kao_bytes *to, kao_error *err)
{
    kao_template square = { .size = sizeof square };
    kao_image chip = { 0 };
    uint8_t *bytes = NULL;
    size_t n = 0;
    kao_status st = kao_template_find(&square, "square", CHIP_SIDE, CHIP_SIDE, err);

    square.margin = chip_margin;
    if (!st)
        st = kao_align(w->ctx, view, face, &square, &chip, err);
    if (!st)
        st = kao_image_encode(w->ctx, &chip, KAO_IMAGE_JPEG, CHIP_QUALITY, &bytes, &n,
                              err);
    *to = (kao_bytes){ .mem = &w->ctx->mem, .max = CHIP_BYTES_MOST };
    if (!st && !kao_bytes_add(to, bytes, n))
        st = kao_fail(err, KAO_E_NOMEM, "out of memory");
    kao_image_free_bytes(w->ctx, bytes);
    kao_image_free(w->ctx, &chip);
    return st;
}

kao_status kao_taken_of(kao_worker *w, const kao_view *view, const kao_face *face,
                        kao_taken *t, kao_error *err)
{
    kao_quality q = KAO_QUALITY_INIT;
    float norm = 0;

    *t = (kao_taken){ .vectors =
                          kao_calloc(&w->ctx->mem, kao_worker_dims(w), sizeof(float)) };
    kao_status st =
        t->vectors ? kao_face_embed(w, view, face, SIZE_MAX, t->vectors, &norm, err)
                   : kao_fail(err, KAO_E_NOMEM, "out of memory");

    if (!st)
        st = kao_quality_of(w->ctx, view, face, &q, err);
    if (!st)
        st = cut_chip(w, view, face, &t->chip, err);
    if (st) {
        kao_taken_free(&w->ctx->mem, t);
        return st;
    }
    kao_quality_norm(&q, w->embedders[0], norm);
    t->quality = q.score;
    t->outcomes = q.outcomes;
    return KAO_OK;
}

bool kao_is_of_picture(kao_status st)
{
    return st == KAO_E_FORMAT || st == KAO_E_UNSUPPORTED || st == KAO_E_LIMIT ||
           st == KAO_E_ARG;
}

/* ---- enrolling them ---- */

static int by_quality(const void *a, const void *b)
{
    const kao_taken *x = ((const kao_to_enrol *)a)->face,
                    *y = ((const kao_to_enrol *)b)->face;
    const bool poor_x = x->outcomes & KAO_POOR, poor_y = y->outcomes & KAO_POOR;

    return poor_x != poor_y ? poor_x - poor_y
                            : (x->quality < y->quality) - (x->quality > y->quality);
}

static int look_at_nothing(void *user, const kao_sample *s)
{
    (void)user, (void)s;
    return 0;
}

/* One that was enrolled and undone is none any more. */
static bool is_sample(kao_worker *w, kao_taken *t)
{
    if (t->id[0] && kao_gallery_sample(w->gallery, t->id, look_at_nothing, NULL,
                                       NULL) == KAO_E_NOT_FOUND)
        t->id[0] = '\0';
    return t->id[0] != '\0';
}

/* The best that differ from each other, best first; *n: how many. */
static kao_status choose(kao_worker *w, kao_taken *const *faces,
                         const char *const *sources, size_t n_faces,
                         kao_to_enrol best[ENROLLED_MOST], size_t *n, kao_error *err)
{
    const size_t dim = kao_embedder_dim(w->embedders[0], w->ttas[0]);
    kao_to_enrol *all = kao_calloc(&w->ctx->mem, n_faces + 1, sizeof *all);
    size_t n_all = 0;

    *n = 0;
    if (!all)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    for (size_t i = 0; i < n_faces; i++)
        if (!is_sample(w, faces[i]))
            all[n_all++] = (kao_to_enrol){ faces[i], sources[i] };
    qsort(all, n_all, sizeof *all, by_quality);
    for (size_t i = 0; i < n_all && *n < ENROLLED_MOST; i++) {
        bool again = i > 0 && all[i].face->outcomes & KAO_POOR;

        for (size_t k = 0; !again && k < *n; k++)
            again = kao_similarity(all[i].face->vectors, best[k].face->vectors, dim) >=
                    KAO_DUPLICATE_FROM;
        if (!again)
            best[(*n)++] = all[i];
    }
    kao_free(&w->ctx->mem, all);
    return KAO_OK;
}

kao_status kao_taken_store(kao_worker *w, const kao_to_enrol *best, size_t n,
                           int64_t *person, const char *name, kao_error *err)
{
    const float *vectors[ENROLLED_MOST][KAO_GALLERY_MODELS];
    kao_new_sample s[ENROLLED_MOST];

    for (size_t i = 0; i < n; i++) {
        for (size_t m = 0; m < w->n; m++)
            vectors[i][m] = best[i].face->vectors + kao_worker_offset(w, m);
        s[i] = (kao_new_sample){ .size = sizeof s[i],
                                 .vectors = vectors[i],
                                 .source = best[i].source,
                                 .quality = best[i].face->quality };
    }
    const kao_status st = kao_gallery_enrol(w->gallery, person, name, s, n, err);

    for (size_t i = 0; !st && i < n; i++)
        memcpy(best[i].face->id, s[i].id, sizeof s[i].id);
    return st;
}

static bool ask_whose(kao_call *c, const char **name, int64_t *person, bool *force)
{
    bool bad = false;

    kao_call_text(c, "name", name, &bad);
    kao_call_integer(c, "person", person, &bad);
    kao_call_flag(c, "force", force, &bad);
    if (*name && !(*name)[0])
        *name = NULL;
    if (bad || *person < 0)
        kao_answer_bad(c, "name, person, force",
                       "a text; a person's number; true or false");
    return !bad && *person >= 0;
}

bool kao_taken_enrol(kao_worker *w, kao_call *c, kao_taken *const *faces,
                     const char *const *sources, size_t n_faces, int64_t *person)
{
    kao_to_enrol best[ENROLLED_MOST];
    const char *name = NULL;
    kao_error err = { 0 };
    int64_t whose = 0;
    bool force = false;
    size_t n = 0;

    if (!ask_whose(c, &name, &whose, &force))
        return false;
    kao_json *o = kao_json_object();
    kao_verdict v = kao_verdict_begin(o);
    kao_status st = choose(w, faces, sources, n_faces, best, &n, &err);

    if (!st && n == 0)
        st = kao_fail(&err, KAO_E_CONFLICT, "its faces are samples already");
    if (!st && !force)
        kao_refuse_poor(&v, best[0].face->outcomes);
    if (!st)
        st = kao_judge(w, best[0].face->vectors, whose, force, &v, &err);
    if (!st && !v.refused)
        st = kao_taken_store(w, best, n, &whose, name, &err);
    const bool done = !st && !v.refused;

    kao_json_set(o, "status", kao_json_string(v.refused ? "refused" : "enrolled"));
    kao_json_set(o, "person", whose ? kao_json_integer(whose) : kao_json_null());
    kao_json_set(o, "samples", kao_json_integer(done ? (int64_t)n : 0));
    kao_answer(c, st, &err, v.refused ? 409 : 201, o);
    if (done)
        *person = whose;
    return done;
}
