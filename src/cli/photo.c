/* A picture on its way to faces and vectors. See photo.h. */
#include "cli/photo.h"

#include <stdlib.h>

#include "base/error.h"
#include "cli/odds.h"

/* A JPEG is decoded at half size while its longer side stays at least this long: detectors look
 * at 4000 pixels at most (detector_table.c), and a chip needs 112. */
enum { ENOUGH_PIXELS = 4000 };

static kao_status decode(cli_worker *w, const char *path, kao_span bytes,
                         uint32_t max_side, kao_image *image, kao_error *err)
{
    const kao_image_options o = {
        .max_side = max_side,
        .grey = w->embedder && kao_embedder_template(w->embedder)->whole,
    };
    const kao_status st = kao_image_decode(w->ctx, bytes.p, bytes.n, &o, image, err);

    return st ? kao_error_prefix(err, st, "%s", path) : KAO_OK;
}

static kao_status find_faces(cli_worker *w, const char *path, kao_search search,
                             cli_photo *p, kao_error *err)
{
    const kao_detect_options o = { .size = sizeof o,
                                   .min_score = w->options->min_score,
                                   .search = search,
                                   .upright = w->options->upright };
    const kao_view view = kao_image_view(&p->image);
    kao_faces faces = KAO_FACES_INIT;
    const kao_status st = kao_detect(w->detector, &view, &o, &faces, err);

    if (st)
        return kao_error_prefix(err, st, "%s", path);
    p->faces = calloc(faces.n + 1, sizeof *p->faces);
    if (!p->faces)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", path);
    for (; p->n_faces < faces.n; p->n_faces++)
        p->faces[p->n_faces] = *kao_face_at(&faces, p->n_faces);
    p->turned = faces.turned;
    return KAO_OK;
}

static void move_point(const kao_image *from, const kao_image *to, float *x, float *y)
{
    const float d = (float)to->reduction;

    kao_image_full_point(from, *x, *y, x, y);
    *x = (*x + 0.5f + (float)to->skip_x) / d - 0.5f;
    *y = (*y + 0.5f + (float)to->skip_y) / d - 0.5f;
}

/* The picture again, as large as it may be. Its faces stay those of the reduced one, so that
 * they have the same numbers and scores whatever is done with them. */
static kao_status enlarge(cli_worker *w, const char *path, kao_span bytes, cli_photo *p,
                          kao_error *err)
{
    kao_image whole = { 0 };
    const kao_status st = decode(w, path, bytes, 0, &whole, err);

    if (st)
        return st;
    const float k = (float)p->image.reduction / (float)whole.reduction;

    for (size_t i = 0; i < p->n_faces; i++) {
        kao_face *f = &p->faces[i];

        move_point(&p->image, &whole, &f->x, &f->y);
        f->width *= k;
        f->height *= k;
        for (uint32_t n = 0; n < f->n_points; n++)
            move_point(&p->image, &whole, &f->points[n].x, &f->points[n].y);
    }
    kao_image_free(w->ctx, &p->image);
    p->image = whole;
    return KAO_OK;
}

static kao_status make_room(cli_photo *p, kao_error *err)
{
    if (!p->facts)
        p->facts = calloc(p->n_faces + 1, sizeof *p->facts);
    return p->facts ? KAO_OK : kao_fail(err, KAO_E_NOMEM, "out of memory");
}

/* What networks say of a face. */
static kao_status look_at(const cli_worker *w, cli_photo *p, size_t face,
                          kao_error *err)
{
    const kao_status st = make_room(p, err);

    return st ? st
              : cli_facts_add(w->analysers, &p->image, &p->faces[face], &p->facts[face],
                              err);
}

/* What its pixels say. */
static kao_status measure(const cli_worker *w, cli_photo *p, size_t face,
                          kao_error *err)
{
    const kao_status st = make_room(p, err);

    if (st)
        return st;
    p->facts[face].show_picture = w->options->quality;
    return cli_facts_measure(w->ctx, &p->image, &p->faces[face], &p->facts[face], err);
}

/* What is asked of every face beside its place. */
static kao_status add_facts(const cli_worker *w, const char *name, cli_photo *p,
                            kao_error *err)
{
    const cli_photo_options *o = w->options;
    kao_status st = KAO_OK;

    for (size_t i = 0; !st && o->with.n && i < p->n_faces; i++)
        st = look_at(w, p, i, err);
    for (size_t i = 0; !st && o->quality && !w->embedder && i < p->n_faces; i++)
        st = measure(w, p, i, err);
    return st ? kao_error_prefix(err, st, "%s", name) : KAO_OK;
}

static kao_status detect_in(cli_worker *w, const char *name, kao_span bytes,
                            kao_search search, bool whole, cli_photo *p, kao_error *err)
{
    kao_status st = decode(w, name, bytes, ENOUGH_PIXELS, &p->image, err);

    if (!st)
        st = find_faces(w, name, search, p, err);
    if (!st)
        st = add_facts(w, name, p, err);
    if (!st && whole && p->image.reduction > 1)
        st = enlarge(w, name, bytes, p, err);
    return st;
}

kao_status cli_photo_detect(cli_worker *w, const char *path, kao_search search,
                            bool whole, cli_photo *p, kao_error *err)
{
    kao_file f = { 0 };
    kao_mem mem;

    kao_mem_init(&mem, NULL);
    kao_status st = cli_read(&f, &mem, path, KAO_IMAGE_MAX_BYTES, err);

    if (!st)
        st = detect_in(w, path, f.bytes, search, whole, p, err);
    kao_file_close(&f);
    return st;
}

static kao_status choose_indices(const cli_worker *w, cli_photo *p, kao_error *err)
{
    const cli_faces *f = &w->options->faces;

    if (p->n_faces == 0)
        return kao_fail(err, KAO_E_NO_FACE, "no face found");
    p->n_chosen = f->all ? p->n_faces : 1;
    p->chosen = calloc(p->n_chosen, sizeof *p->chosen);
    p->in_file = calloc(p->n_chosen, sizeof *p->in_file);
    if (!p->chosen || !p->in_file)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    for (size_t i = 0; f->all && i < p->n_chosen; i++)
        p->chosen[i] = i;
    if (f->all)
        return KAO_OK;
    if (f->nth > p->n_faces)
        return kao_fail(err, KAO_E_NO_FACE, "face %u of %zu found", f->nth, p->n_faces);
    if (f->nth) {
        p->chosen[0] = f->nth - 1;
        return KAO_OK;
    }
    const kao_faces faces = { .size = sizeof faces,
                              .face_size = sizeof *p->faces,
                              .n = p->n_faces,
                              .first = p->faces };

    return kao_face_choose(&faces, (kao_choice)f->choice, p->image.width,
                           p->image.height, &p->chosen[0], err);
}

kao_status cli_photo_choose(cli_worker *w, const char *path, cli_photo *p,
                            kao_error *err)
{
    const kao_status st = choose_indices(w, p, err);

    if (st)
        return kao_error_prefix(err, st, "%s", path);
    for (size_t i = 0; i < p->n_chosen; i++)
        p->in_file[i] = kao_face_in_file(&p->image, &p->faces[p->chosen[i]]);
    return KAO_OK;
}

/* What is told of a picture none of whose faces passed; first: one that the network looked at, or
 * NULL. */
static kao_status not_live(const cli_worker *w, const cli_facts *first, float least,
                           kao_error *err)
{
    if (!first)
        return kao_fail(
            err, KAO_E_NO_FACE,
            "%s cannot look at the face: its points are no upright face's",
            kao_model_name(kao_analyser_model(w->analysers[KAO_ANALYSE_LIVENESS])));
    const int n = cli_places_for(first->live, least);

    return kao_fail(err, KAO_E_NOT_LIVE,
                    "the face looks like a picture of a face (live %.*f, wanted "
                    "%.*f): photograph the person, near and in even light, no print "
                    "or screen",
                    n, (double)first->live, n, (double)least);
}

/* --liveness: of --faces all, those that do not look alive are left out; of one, that is the
 * outcome. */
static kao_status veto(cli_worker *w, cli_photo *p, kao_error *err)
{
    const cli_facts *first = NULL;
    float least = w->options->live_threshold;
    size_t kept = 0;

    if (least == 0)
        (void)kao_analyser_threshold(w->analysers[KAO_ANALYSE_LIVENESS], &least);
    for (size_t i = 0; i < p->n_chosen; i++) {
        const size_t k = p->chosen[i];
        const kao_status st = look_at(w, p, k, err);

        if (st)
            return st;
        if (!(p->facts[k].told >> KAO_ANALYSE_LIVENESS & 1))
            continue;
        first = first ? first : &p->facts[k];
        if (p->facts[k].live >= least) {
            p->chosen[kept] = k;
            p->in_file[kept++] = p->in_file[i];
        }
    }
    p->n_chosen = kept;
    return kept ? KAO_OK : not_live(w, first, least, err);
}

/* Of --faces all, those that cannot be used are left out; of one, that is the outcome. */
static kao_status cut_chips(cli_worker *w, cli_photo *p, kao_image *chips,
                            kao_error *err)
{
    const kao_view view = kao_image_view(&p->image);
    size_t kept = 0;
    kao_status st = KAO_OK;

    for (size_t i = 0; i < p->n_chosen; i++) {
        st = kao_align(w->ctx, &view, &p->faces[p->chosen[i]],
                       kao_embedder_template(w->embedder), &chips[kept], err);
        if (st && (p->n_chosen == 1 || cli_status_of(st) != CLI_NO_FACE))
            return st;
        if (st)
            continue;
        p->chosen[kept] = p->chosen[i];
        p->in_file[kept++] = p->in_file[i];
    }
    p->n_chosen = kept;
    return kept ? KAO_OK : st;
}

static kao_status embed_chips(cli_worker *w, cli_photo *p, const kao_image *chips,
                              size_t n, kao_error *err)
{
    const kao_tta tta = w->tta;
    kao_view *views = calloc(n, sizeof *views);
    kao_status st = KAO_OK;

    p->dim = kao_embedder_dim(w->embedder, tta);
    p->vectors = calloc(n, p->dim * sizeof *p->vectors);
    p->norms = calloc(n, sizeof *p->norms);
    if (!p->vectors || !views || !p->norms)
        st = kao_fail(err, KAO_E_NOMEM, "out of memory");
    for (size_t i = 0; !st && i < n; i++)
        views[i] = kao_image_view(&chips[i]);
    if (!st)
        st = kao_embed_norms(w->embedder, views, n, tta, p->vectors, p->norms, err);
    for (size_t i = 0; !st && w->options->quality && p->facts && i < n; i++)
        kao_quality_norm(&p->facts[p->chosen[i]].picture, w->embedder, p->norms[i]);
    free(views);
    return st;
}

/* The faces meant, of those found. */
static kao_status embed_found(cli_worker *w, const char *name, cli_photo *p,
                              kao_error *err)
{
    kao_status st = cli_photo_choose(w, name, p, err);

    if (st)
        return st;
    if (w->options->liveness)
        st = veto(w, p, err);
    if (st)
        return kao_error_prefix(err, st, "%s", name);
    const size_t n = p->n_chosen;
    kao_image *chips = calloc(n, sizeof *chips);

    st = chips ? cut_chips(w, p, chips, err)
               : kao_fail(err, KAO_E_NOMEM, "out of memory");
    for (size_t i = 0; !st && i < p->n_chosen; i++)
        st = measure(w, p, p->chosen[i], err);
    if (!st)
        st = embed_chips(w, p, chips, p->n_chosen, err);
    for (size_t i = 0; chips && i < n; i++)
        kao_image_free(w->ctx, &chips[i]);
    free(chips);
    return st ? kao_error_prefix(err, st, "%s", name) : KAO_OK;
}

static kao_status embed_faces(cli_worker *w, const char *path, kao_search search,
                              cli_photo *p, kao_error *err)
{
    const kao_status st = cli_photo_detect(w, path, search, false, p, err);

    return st ? st : embed_found(w, path, p, err);
}

kao_status cli_photo_embed_bytes(cli_worker *w, const char *name, kao_span bytes,
                                 kao_search search, cli_photo *p, kao_error *err)
{
    const kao_status st = detect_in(w, name, bytes, search, false, p, err);

    return st ? st : embed_found(w, name, p, err);
}

kao_status cli_photo_detect_bytes(cli_worker *w, const char *name, kao_span bytes,
                                  cli_photo *p, kao_error *err)
{
    return detect_in(w, name, bytes, KAO_SEARCH_ALL, false, p, err);
}

/* The picture is a chip, or taken whole. */
static kao_status embed_picture(cli_worker *w, const char *path, cli_photo *p,
                                kao_error *err)
{
    kao_file f = { 0 };
    kao_mem mem;

    kao_mem_init(&mem, NULL);
    kao_status st = cli_read(&f, &mem, path, KAO_IMAGE_MAX_BYTES, err);

    if (!st)
        st = decode(w, path, f.bytes, 0, &p->image, err);
    kao_file_close(&f);
    if (st)
        return st;
    p->n_chosen = 1;
    st = embed_chips(w, p, &p->image, 1, err);
    return st ? kao_error_prefix(err, st, "%s", path) : KAO_OK;
}

kao_status cli_photo_embed(cli_worker *w, const char *path, kao_search search,
                           cli_photo *p, kao_error *err)
{
    const double begin = cli_now_ms();
    const kao_status st = w->detector ? embed_faces(w, path, search, p, err)
                                      : embed_picture(w, path, p, err);

    p->ms = cli_now_ms() - begin;
    return st;
}

void cli_photo_drop_image(cli_worker *w, cli_photo *p)
{
    kao_image_free(w->ctx, &p->image);
}

void cli_photo_free(cli_worker *w, cli_photo *p)
{
    kao_image_free(w->ctx, &p->image);
    cli_facts_free(p->facts, p->n_faces);
    free(p->faces);
    free(p->chosen);
    free(p->in_file);
    free(p->vectors);
    free(p->norms);
    *p = (cli_photo){ .faces = NULL };
}
