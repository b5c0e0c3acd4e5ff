/* See worker.h. */
#include "server/worker.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/face_json.h"
#include "base/odds.h"

/* Pictures from which faces of all sizes are wanted are read at this size at least, those of a
 * video's kind at the other. */
enum { SIDE_ALL = 4000, SIDE_QUICK = 1280 };

kao_status kao_worker_open(kao_worker *w, kao_error *err)
{
    const kao_gallery_options create = { .create = 1, .key = w->o->gallery_key };
    kao_status st = kao_detector_create(w->o->detector, &w->detector, &w->run, err);

    if (!st)
        st = kao_gallery_open(w->ctx, &w->gallery, w->o->gallery, &create, err);
    for (size_t i = 0, at = 0; !st && i < w->o->n_models; i++) {
        st = kao_embedder_create(w->o->models[i], &w->embedders[i], &w->run, err);
        if (st)
            break;
        w->n++;
        w->ttas[i] = kao_embedder_tta(w->embedders[i]);
        st = kao_gallery_pin(w->gallery, w->embedders[i], w->ttas[i], &at, err);
        if (!st && at != i)
            st = kao_fail(err, KAO_E_CONFLICT,
                          "the gallery's models stand in another order");
    }
    if (st)
        kao_worker_close(w);
    return st;
}

void kao_worker_close(kao_worker *w)
{
    for (size_t i = 0; i < w->n; i++)
        kao_embedder_destroy(w->embedders[i]);
    kao_gallery_close(w->gallery);
    kao_detector_destroy(w->detector);
    w->n = 0;
    w->gallery = NULL;
    w->detector = NULL;
}

/* ---- models ---- */

const char *kao_worker_model_name(const kao_worker *w, size_t model)
{
    const char *path = kao_model_name(w->o->models[model]), *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

bool kao_worker_model(const kao_worker *w, kao_call *c, size_t *model)
{
    const char *name = NULL;
    bool bad = false;

    *model = 0;
    if (!kao_call_text(c, "model", &name, &bad) && !bad)
        return true;
    for (size_t i = 0; name && i < w->n; i++)
        if (strcmp(name, kao_worker_model_name(w, i)) == 0) {
            *model = i;
            return true;
        }
    kao_answer_bad(c, "model", "a name of /v1/models");
    return false;
}

size_t kao_worker_offset(const kao_worker *w, size_t m)
{
    size_t n = 0;

    for (size_t i = 0; i < m; i++)
        n += kao_embedder_dim(w->embedders[i], w->ttas[i]);
    return n;
}

size_t kao_worker_dims(const kao_worker *w)
{
    return kao_worker_offset(w, w->n);
}

/* ---- pictures ---- */

static kao_status decode(kao_worker *w, const char *name, const void *bytes, size_t n,
                         kao_search search, kao_photo *p, kao_error *err)
{
    const kao_image_options small = { .max_side = search == KAO_SEARCH_QUICK
                                                      ? SIDE_QUICK
                                                      : SIDE_ALL };

    *p = (kao_photo){ .faces = KAO_FACES_INIT };
    const kao_status st = kao_image_decode(w->ctx, bytes, n, &small, &p->image, err);

    return st ? kao_error_prefix(err, st, "%s", name) : KAO_OK;
}

kao_status kao_photo_read(kao_worker *w, kao_call *c, const char *name,
                          kao_search search, kao_photo *p, kao_error *err)
{
    kao_bytes held = { 0 };
    const uint8_t *bytes = NULL;
    size_t n = 0;

    *p = (kao_photo){ .faces = KAO_FACES_INIT };
    kao_status st = kao_call_picture(c, name, &held, &bytes, &n, err);

    if (!st)
        st = decode(w, name, bytes, n, search, p, err);
    kao_bytes_free(&held);
    return st;
}

static kao_status find(kao_worker *w, const kao_detect_options *o, kao_photo *p,
                       kao_error *err)
{
    const kao_view view = kao_image_view(&p->image);
    const kao_status st = kao_detect(w->detector, &view, o, &p->faces, err);

    if (st)
        kao_photo_free(w, p);
    return st;
}

kao_status kao_photo_look(kao_worker *w, const char *name, const void *bytes, size_t n,
                          kao_photo *p, kao_error *err)
{
    const kao_detect_options o = { .size = sizeof o, .search = KAO_SEARCH_ALL };
    const kao_status st = decode(w, name, bytes, n, o.search, p, err);

    return st ? st : find(w, &o, p, err);
}

kao_status kao_photo_find(kao_worker *w, kao_call *c, const char *name,
                          kao_search search, float min_score, kao_photo *p,
                          kao_error *err)
{
    const kao_detect_options o = { .size = sizeof o,
                                   .search = search,
                                   .min_score = min_score };
    const kao_status st = kao_photo_read(w, c, name, search, p, err);

    return st ? st : find(w, &o, p, err);
}

kao_status kao_photo_take(kao_worker *w, kao_call *c, const char *name,
                          kao_search search, kao_photo *p, kao_error *err)
{
    double score = 0;
    bool bad = false;

    *p = (kao_photo){ .faces = KAO_FACES_INIT };
    kao_call_number(c, "min_score", &score, &bad);
    if (bad || !(score >= 0 && score <= 1))
        return kao_fail(err, KAO_E_ARG, "min_score: wanted a number from 0 to 1");
    return kao_photo_find(w, c, name, search, (float)score, p, err);
}

void kao_photo_free(kao_worker *w, kao_photo *p)
{
    kao_image_free(w->ctx, &p->image);
    p->faces.n = 0;
}

kao_face kao_photo_in_file(const kao_photo *p, size_t i)
{
    return kao_face_in_file(&p->image, kao_face_at(&p->faces, i));
}

kao_json *kao_photo_face_json(const kao_photo *p, size_t i)
{
    const kao_face f = kao_photo_in_file(p, i);

    return kao_face_json(&f, p->faces.turned);
}

kao_status kao_face_embed(kao_worker *w, const kao_view *view, const kao_face *face,
                          size_t only, float *vectors, float *norm, kao_error *err)
{
    kao_status st = KAO_OK;

    for (size_t m = 0; !st && m < w->n; m++) {
        kao_image chip = { 0 };

        if (only != SIZE_MAX && m != only)
            continue;
        st = kao_align(w->ctx, view, face, kao_embedder_template(w->embedders[m]),
                       &chip, err);
        if (!st) {
            const kao_view chip_view = kao_image_view(&chip);

            st = kao_embed_norms(w->embedders[m], &chip_view, 1, w->ttas[m],
                                 vectors +
                                     (only == SIZE_MAX ? kao_worker_offset(w, m) : 0),
                                 only != SIZE_MAX || m == 0 ? norm : NULL, err);
        }
        kao_image_free(w->ctx, &chip);
    }
    return st;
}

kao_status kao_photo_embed(kao_worker *w, const kao_photo *p, size_t i, size_t only,
                           float *vectors, float *norm, kao_error *err)
{
    const kao_view view = kao_image_view(&p->image);

    return kao_face_embed(w, &view, kao_face_at(&p->faces, i), only, vectors, norm,
                          err);
}

/* ---- what a similarity is worth ---- */

kao_status kao_worker_limit(kao_worker *w, size_t model, double far, double fpir,
                            const char *group, float *threshold, uint64_t *templates,
                            kao_error *err)
{
    const kao_embedder *e = w->embedders[model];
    const kao_calibration *calibration = kao_embedder_calibration(e);
    kao_rate rate = { .size = sizeof rate };

    *templates = 0;
    if (isnan(far)) {
        const kao_status st =
            kao_gallery_templates_in(w->gallery, group, templates, err);

        if (st)
            return st;
        far = kao_of_best(fpir, 1 / (*templates ? (double)*templates : 1));
    }
    if (kao_calibration_threshold(calibration, w->ttas[model], far, NULL, &rate)) {
        *threshold = rate.similarity;
        return KAO_OK;
    }
    /* without a calibration its card's threshold; where the curve ends before so low a rate,
     * nothing is alike enough */
    if (kao_calibration_far(calibration, w->ttas[model], 0, NULL, &rate))
        *threshold = 1;
    else if (!kao_embedder_threshold(e, threshold))
        return kao_fail(err, KAO_E_ARG,
                        "%s: its card has no calibration and no threshold",
                        kao_worker_model_name(w, model));
    return KAO_OK;
}

void kao_worker_rates(const kao_worker *w, size_t model, float similarity,
                      uint64_t templates, kao_json *to)
{
    const kao_calibration *c = kao_embedder_calibration(w->embedders[model]);
    const kao_odds odds = kao_odds_of(c, w->ttas[model], similarity, 1);

    kao_odds_set(to, &odds);
    if (templates)
        kao_json_set(to, "fpir",
                     odds.known
                         ? kao_json_number(kao_of_best(odds.far, (double)templates))
                         : kao_json_null());
}

/* ---- people ---- */

static int take_name(void *user, const kao_person *p)
{
    kao_named *to = user;

    to->person = p->number;
    to->name = p->name ? kao_json_string(p->name) : NULL;
    to->ignored = p->ignored;
    return 0;
}

kao_status kao_person_named(kao_worker *w, int64_t person, kao_named *to,
                            kao_error *err)
{
    *to = (kao_named){ .name = NULL };
    const kao_status st =
        person ? kao_gallery_person(w->gallery, person, take_name, to, err) : KAO_OK;

    return st == KAO_E_NOT_FOUND ? KAO_OK : st;
}
