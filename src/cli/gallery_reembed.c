/* See gallery_reembed.h.
 *
 * A sample's face is its chip, where one is kept that is aligned as all new models want it; else it
 * is looked for on the picture that the sample came from: the face that the former first model
 * finds the same, or, where that model is not at hand, the only one. */
#include "cli/gallery_reembed.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/suits.h"
#include "cli/gallery_chips.h"
#include "cli/room.h"

/* The same face of the same picture, by the former model, found anew. */
#define SAME_FROM .98f

typedef struct network {
    kao_model *model;
    kao_embedder *embedder;
    kao_tta tta;
    size_t dim;
} network;

typedef struct item {
    char id[KAO_UUID_BYTES];
    char *source; /* or NULL */
    const float *vectors[KAO_GALLERY_MODELS];
    float *numbers; /* NULL: none could be made */
} item;

typedef struct job {
    cli_gallery *u;
    cli_crew crew; /* with a detector */
    network networks[KAO_GALLERY_MODELS], old;
    size_t n_networks, dims;
    float *old_vector;
    item *items;
    size_t n, cap;
    bool failed; /* memory ran out */
    cli_reembedding *told;
} job;

/* ---- models ---- */

static kao_status open_network(job *j, const char *name, network *to, kao_error *err)
{
    cli_model found;
    kao_status st = cli_find_model(name, &found, err);

    if (!st)
        st = cli_open_model(j->crew.ctx, &found, NULL, &to->model, err);
    if (!st)
        st = kao_embedder_create(to->model, &to->embedder, NULL, err);
    if (!st)
        to->tta = kao_embedder_tta(to->embedder);
    if (!st)
        to->dim = kao_embedder_dim(to->embedder, to->tta);
    return st;
}

static void close_network(network *n)
{
    kao_embedder_destroy(n->embedder);
    kao_model_release(n->model);
    *n = (network){ .model = NULL };
}

/* The former first model, if it is at hand as it was. */
static kao_status open_old(job *j, kao_error *err)
{
    kao_gallery_model m = { .size = sizeof m };
    char id[KAO_ID_BYTES];
    kao_error own = { 0 };

    if (!kao_gallery_model_at(j->u->g, 0, &m))
        return kao_fail(err, KAO_E_NOT_FOUND, "%s: nobody is in this gallery",
                        j->u->shown);
    kao_status st = open_network(j, m.name, &j->old, &own);

    if (!st)
        st = kao_embedder_id(j->old.embedder, m.tta, id, &own);
    if (!st && strcmp(id, m.id) == 0) {
        j->old.tta = m.tta;
        j->old.dim = m.dim;
    } else {
        close_network(&j->old);
    }
    if (st == KAO_E_NOMEM)
        return kao_fail(err, st, "out of memory");
    j->old_vector = calloc(m.dim, sizeof *j->old_vector);
    return j->old_vector ? KAO_OK : kao_fail(err, KAO_E_NOMEM, "out of memory");
}

static kao_status open_all(job *j, const cli_gallery_options *o, kao_error *err)
{
    static const char *const own[] = { CLI_BUNDLED_EMBEDDER, "kao-face-mask" };
    const size_t n = o->models.n ? o->models.n : 2;

    if (n > KAO_GALLERY_MODELS)
        return kao_fail(err, KAO_E_LIMIT, "a gallery has %d models at most",
                        KAO_GALLERY_MODELS);
    kao_status st = cli_crew_open(&j->crew, &o->photo, 1, false, err);

    if (st) {
        j->crew = (cli_crew){ .ctx = NULL };
        return st;
    }
    for (size_t i = 0; !st && i < n; i++) {
        network *to = &j->networks[j->n_networks++];

        st = open_network(j, o->models.n ? o->models.items[i] : own[i], to, err);
        if (!st)
            st = kao_suits(j->crew.workers[0].detector, to->embedder, err);
        j->dims += to->dim;
    }
    return st ? st : open_old(j, err);
}

/* ---- a face ---- */

static kao_status embed_chip(const network *n, const kao_image *chip, float *to,
                             kao_error *err)
{
    const kao_view view = kao_image_view(chip);

    return kao_embed(n->embedder, &view, 1, n->tta, to, err);
}

static kao_status embed_face(job *j, const network *n, const cli_photo *p, size_t face,
                             float *to, kao_error *err)
{
    const kao_view view = kao_image_view(&p->image);
    kao_image chip = { 0 };
    kao_status st = kao_align(j->crew.ctx, &view, &p->faces[face],
                              kao_embedder_template(n->embedder), &chip, err);

    if (!st)
        st = embed_chip(n, &chip, to, err);
    kao_image_free(j->crew.ctx, &chip);
    return st;
}

static kao_status by_chip(job *j, const item *it, float *to, bool *made, kao_error *err)
{
    kao_mem mem;
    char kept[KAO_CHIP_FORM_BYTES], form[KAO_CHIP_FORM_BYTES];
    kao_image chip = { 0 };
    float *at = to;

    *made = false;
    kao_mem_init(&mem, NULL);
    kao_bytes b = { .mem = &mem, .max = KAO_CHIP_MAX_BYTES };
    kao_status st = kao_chip_of(j->u->g, it->id, &b, kept, err);
    bool fits = !st && b.n;

    if (st) {
        kao_bytes_free(&b);
        return st;
    }
    for (size_t i = 0; fits && i < j->n_networks; i++) {
        cli_gallery_form(j->networks[i].embedder, form);
        fits = strcmp(form, kept) == 0;
    }
    if (fits)
        st = kao_image_decode(j->crew.ctx, b.p, b.n, NULL, &chip, err);
    for (size_t i = 0; !st && fits && i < j->n_networks; at += j->networks[i++].dim)
        st = embed_chip(&j->networks[i], &chip, at, err);
    *made = !st && fits;
    kao_image_free(j->crew.ctx, &chip);
    kao_bytes_free(&b);
    return st == KAO_E_NOMEM ? st : KAO_OK; /* else the face cannot be used */
}

/* Which face of the picture the sample is; n_faces: none. */
static kao_status choose_face(job *j, const item *it, const cli_photo *p, size_t *face,
                              kao_error *err)
{
    kao_error own = { 0 };
    float best = SAME_FROM;
    kao_status st = KAO_OK;

    *face = p->n_faces;
    if (!j->old.embedder ||
        kao_gallery_vector(j->u->g, it->id, 0, j->old_vector, &own)) {
        *face = p->n_faces == 1 ? 0 : p->n_faces;
        return KAO_OK;
    }
    float *v = calloc(j->old.dim, sizeof *v);

    if (!v)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    for (size_t i = 0; !st && i < p->n_faces; i++) {
        st = embed_face(j, &j->old, p, i, v, err);
        if (!st && kao_similarity(v, j->old_vector, j->old.dim) >= best) {
            best = kao_similarity(v, j->old_vector, j->old.dim);
            *face = i;
        }
        st = st == KAO_E_NOMEM ? st : KAO_OK;
    }
    free(v);
    return st;
}

static kao_status by_source(job *j, const item *it, float *to, bool *made,
                            kao_error *err)
{
    cli_worker *w = &j->crew.workers[0];
    cli_photo p = { .faces = NULL };
    size_t face = 0;

    *made = false;
    if (!it->source || cli_is_stream(it->source))
        return KAO_OK;
    kao_status st = cli_photo_detect(w, it->source, KAO_SEARCH_ALL, false, &p, err);

    if (!st)
        st = choose_face(j, it, &p, &face, err);
    const bool found = !st && face < p.n_faces;

    for (size_t i = 0; !st && found && i < j->n_networks; to += j->networks[i++].dim)
        st = embed_face(j, &j->networks[i], &p, face, to, err);
    *made = !st && found;
    cli_photo_free(w, &p);
    return st == KAO_E_NOMEM ? st : KAO_OK; /* else the face cannot be used */
}

static kao_status embed_item(job *j, item *it, kao_error *err)
{
    bool chip = false, source = false;
    float *numbers = calloc(j->dims, sizeof *numbers);

    if (!numbers)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    kao_status st = by_chip(j, it, numbers, &chip, err);

    if (!st && !chip)
        st = by_source(j, it, numbers, &source, err);
    if (st || (!chip && !source)) {
        free(numbers);
        if (st)
            return st;
        j->told->missing++;
        fprintf(stderr,
                "kao gallery: sample %s (%s): no chip, and not on its picture\n",
                it->id, it->source ? it->source : "no source");
        return KAO_OK;
    }
    j->told->by_chip += chip;
    j->told->by_source += source;
    it->numbers = numbers;
    for (size_t i = 0; i < j->n_networks; numbers += j->networks[i++].dim)
        it->vectors[i] = numbers;
    return KAO_OK;
}

/* ---- all ---- */

static int take_item(void *user, const kao_sample *s)
{
    job *j = user;
    item one = { .source = NULL };

    memcpy(one.id, s->id, sizeof one.id);
    j->failed = !cli_room(&j->items, &j->cap, j->n + 1, sizeof *j->items) ||
                (s->source && !(one.source = strdup(s->source)));
    if (!j->failed)
        j->items[j->n++] = one;
    return j->failed;
}

static kao_status replace(job *j, bool drop, kao_error *err)
{
    const kao_embedder *embedders[KAO_GALLERY_MODELS];
    kao_tta ttas[KAO_GALLERY_MODELS];
    kao_reembedded *list = calloc(j->n + 1, sizeof *list);
    size_t n = 0;

    if (!list)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    for (size_t i = 0; i < j->n_networks; i++) {
        embedders[i] = j->networks[i].embedder;
        ttas[i] = j->networks[i].tta;
    }
    for (size_t i = 0; i < j->n; i++)
        if (j->items[i].numbers)
            list[n++] = (kao_reembedded){ .size = sizeof *list,
                                          .id = j->items[i].id,
                                          .vectors = j->items[i].vectors };
    const kao_status st = kao_gallery_replace_models(j->u->g, embedders, ttas,
                                                     j->n_networks, list, n, drop, err);

    free(list);
    return st;
}

static void close_all(job *j)
{
    for (size_t i = 0; i < j->n; i++) {
        free(j->items[i].source);
        free(j->items[i].numbers);
    }
    free(j->items);
    free(j->old_vector);
    close_network(&j->old);
    for (size_t i = 0; i < j->n_networks; i++)
        close_network(&j->networks[i]);
    if (j->crew.ctx)
        cli_crew_close(&j->crew);
}

kao_status cli_gallery_reembed(cli_gallery *u, const cli_gallery_options *o, bool drop,
                               cli_reembedding *r, kao_error *err)
{
    job j = { .u = u, .told = r };

    *r = (cli_reembedding){ .missing = 0 };
    kao_status st = open_all(&j, o, err);

    if (!st)
        st = kao_gallery_every_sample(u->g, take_item, &j, err);
    if (!st && j.failed)
        st = kao_fail(err, KAO_E_NOMEM, "out of memory");
    for (size_t i = 0; !st && i < j.n; i++)
        st = embed_item(&j, &j.items[i], err);
    if (!st && r->missing && !drop)
        st = kao_fail(
            err, KAO_E_CONFLICT,
            "%s: %zu of %zu samples can be made from neither chip nor picture: "
            "it stays as it is (--drop-missing forgets them)",
            u->shown, r->missing, j.n);
    if (!st)
        st = replace(&j, drop, err);
    close_all(&j);
    return st;
}
