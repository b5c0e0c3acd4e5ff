/* See job_album.h: gathering faces, grouping them, telling the groups. */
#include "server/job_album.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/context.h"
#include "base/error.h"
#include "base/face_json.h"
#include "base/known.h"
#include "base/odds.h"
#include "base/room.h"
#include "kao/cluster.h"
#include "server/album_review.h"

/* ---- gathering ---- */

kao_album *kao_album_create(kao_mem *mem)
{
    kao_album *a = kao_calloc(mem, 1, sizeof *a);

    if (a)
        *a = (kao_album){ .mem = mem, .threshold = NAN };
    return a;
}

static void close_album(kao_job *j)
{
    kao_album *a = j->data;

    for (size_t i = 0; i < a->n; i++)
        kao_taken_free(a->mem, &a->faces[i].taken);
    for (size_t i = 0; i < a->n_pictures; i++)
        kao_free(a->mem, a->pictures[i]);
    kao_free(a->mem, (void *)a->pictures);
    kao_free(a->mem, a->faces);
    kao_free(a->mem, a->persons);
    kao_free(a->mem, a->apart);
    kao_spool_close(a->zip);
    kao_free(a->mem, a);
}

kao_status kao_album_add(kao_album *a, const char *name, kao_album_found *f,
                         kao_error *err)
{
    const size_t n = f->n;

    if (a->n_pictures == ALBUM_PICTURES_MOST || n > ALBUM_FACES_MOST - a->n)
        return kao_fail(err, KAO_E_LIMIT,
                        "an album of more than %d faces, or %d pictures",
                        ALBUM_FACES_MOST, ALBUM_PICTURES_MOST);
    char *copy = kao_strdup(a->mem, name);

    if (!copy ||
        !kao_room(a->mem, &a->pictures, &a->cap_pictures, a->n_pictures + 1,
                  sizeof *a->pictures) ||
        !kao_room(a->mem, &a->faces, &a->cap, a->n + n, sizeof *a->faces)) {
        kao_free(a->mem, copy);
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    }
    for (size_t i = 0; i < n; i++) {
        f->faces[i].picture = (uint32_t)a->n_pictures;
        a->faces[a->n++] = f->faces[i];
    }
    f->n = 0;
    a->pictures[a->n_pictures++] = copy;
    return KAO_OK;
}

/* ---- grouping ---- */

typedef struct grouping { /* of all samples of the gallery, then all faces */
    kao_album *a;
    kao_known known;
    float *vectors;
    uint32_t *picture, *group;
    int32_t *fixed;
    size_t n, dim, n_groups;
} grouping;

static kao_status lay_out(grouping *g, kao_error *err)
{
    kao_album *a = g->a;
    kao_mem *mem = a->mem;

    g->n = g->known.n + a->n;
    g->vectors = kao_calloc(mem, g->n + 1, g->dim * sizeof *g->vectors);
    g->picture = kao_calloc(mem, g->n + 1, sizeof *g->picture);
    g->group = kao_calloc(mem, g->n + 1, sizeof *g->group);
    g->fixed = kao_calloc(mem, g->n + 1, sizeof *g->fixed);
    if (!g->vectors || !g->picture || !g->group || !g->fixed)
        return kao_fail(err, KAO_E_NOMEM, "out of memory for %zu faces", g->n);
    if (g->known.n)
        memcpy(g->vectors, g->known.vectors, g->known.n * g->dim * sizeof *g->vectors);
    for (size_t i = 0; i < g->known.n; i++)
        g->fixed[i] = (int32_t)g->known.samples[i].person + 1;
    for (size_t i = 0; i < a->n; i++) {
        memcpy(g->vectors + (g->known.n + i) * g->dim, a->faces[i].taken.vectors,
               g->dim * sizeof *g->vectors);
        g->picture[g->known.n + i] = a->faces[i].picture + 1;
    }
    return KAO_OK;
}

/* Faces that are samples already, from a picture of the same name. */
static kao_status mark_samples(grouping *g, kao_error *err)
{
    kao_known_source *list = NULL;
    size_t n = 0;
    const kao_status st = kao_known_list(&g->known, &list, &n, err);

    for (size_t i = 0; !st && i < g->a->n; i++) {
        kao_album_face *f = &g->a->faces[i];
        const size_t same =
            kao_known_same(&g->known, list, n, g->a->pictures[f->picture],
                           g->vectors + (g->known.n + i) * g->dim);

        if (same == SIZE_MAX)
            continue;
        memcpy(f->taken.id, g->known.samples[same].id, sizeof f->taken.id);
        g->fixed[g->known.n + i] = (int32_t)g->known.samples[same].person + 1;
    }
    kao_free(g->a->mem, list);
    return st;
}

/* The album's groups, and whose they are. */
static kao_status take_groups(grouping *g, kao_error *err)
{
    kao_album *a = g->a;

    if (!kao_room(a->mem, &a->persons, &a->cap_groups, g->n_groups + 1,
                  sizeof *a->persons))
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    a->n_groups = g->n_groups;
    memset(a->persons, 0, g->n_groups * sizeof *a->persons);
    for (size_t i = 0; i < g->n; i++)
        if (g->fixed[i] > 0)
            a->persons[g->group[i]] = g->known.people[g->fixed[i] - 1].number;
    for (size_t i = 0; i < a->n; i++)
        a->faces[i].group = g->group[g->known.n + i];
    return KAO_OK;
}

/* Below the groups' threshold somebody is asked: down to where one of twenty pairs of strangers is
 * as alike. */
static float ask_from(const kao_worker *w, float threshold)
{
    kao_rate rate = { .size = sizeof rate };

    return kao_calibration_threshold(kao_embedder_calibration(w->embedders[0]),
                                     w->ttas[0], .05, NULL, &rate) &&
                   rate.similarity < threshold
               ? rate.similarity
               : threshold - .1f;
}

static kao_status group(kao_album *a, kao_worker *w, kao_error *err)
{
    grouping g = { .a = a, .dim = kao_embedder_dim(w->embedders[0], w->ttas[0]) };
    kao_cluster_options o = { .size = sizeof o };
    uint32_t *apart = NULL;
    kao_status st = kao_known_read(&g.known, a->mem, w->gallery, err);

    if (!st)
        st = lay_out(&g, err);
    if (!st)
        st = mark_samples(&g, err);
    if (!st)
        st = kao_limit_for_groups(w->embedders[0], w->ttas[0], a->threshold, g.n,
                                  &a->threshold, err);
    if (!st)
        st = kao_known_apart(&g.known, w->gallery, &apart, &o.n_apart, err);
    o.threshold = a->threshold;
    o.picture = g.picture;
    o.fixed = g.fixed;
    o.apart = apart;
    if (!st)
        st = kao_cluster(w->ctx, g.vectors, g.n, g.dim, &o, g.group, &g.n_groups, err);
    if (!st)
        st = take_groups(&g, err);
    a->ask_from = ask_from(w, a->threshold);
    kao_free(a->mem, apart);
    kao_free(a->mem, g.vectors);
    kao_free(a->mem, g.picture);
    kao_free(a->mem, g.group);
    kao_free(a->mem, g.fixed);
    kao_known_free(&g.known);
    return st;
}

static kao_status run_album(kao_job *j, kao_worker *w, kao_error *err)
{
    kao_album *a = j->data;
    const kao_status st = a->zip ? kao_album_unpack(a, j, w, err) : KAO_OK;

    return st ? st : group(a, w, err);
}

/* ---- telling ---- */

typedef struct size_of {
    uint32_t group;
    size_t n, first; /* faces, and the first of them */
} size_of;

static int by_size(const void *a, const void *b)
{
    const size_of *x = a, *y = b;

    return x->n != y->n ? (x->n < y->n) - (x->n > y->n)
                        : (x->first > y->first) - (x->first < y->first);
}

static kao_json *face_json(const kao_album *a, size_t i)
{
    const kao_album_face *f = &a->faces[i];
    kao_json *o = kao_json_object();

    kao_json_set(o, "face", kao_json_integer((int64_t)i));
    kao_json_set(o, "file", kao_json_string(a->pictures[f->picture]));
    kao_json_set(o, "number", kao_json_integer(f->number));
    kao_json_set(o, "box", kao_box_json(&f->box));
    kao_json_set(o, "quality", kao_json_float(f->taken.quality));
    kao_json_set(o, "outcomes", kao_outcomes_json(f->taken.outcomes));
    kao_json_set(o, "sample", kao_json_bool(f->taken.id[0] != '\0'));
    return o;
}

/* *told: not somebody who is ignored. */
static kao_status tell_group(kao_album *a, kao_worker *w, const size_of *s,
                             const size_t *next, kao_json *list, kao_error *err)
{
    kao_named who = { .name = NULL };
    const kao_status st = kao_person_named(w, a->persons[s->group], &who, err);

    if (!st)
        a->persons[s->group] = who.person;
    if (st || who.ignored) {
        kao_json_free(who.name);
        return st;
    }
    kao_json *o = kao_json_object(), *faces = kao_json_array();

    for (size_t i = s->first; i < a->n; i = next[i])
        kao_json_add(faces, face_json(a, i));
    kao_json_set(o, "group", kao_json_integer(s->group));
    kao_json_set(o, "person",
                 who.person ? kao_json_integer(who.person) : kao_json_null());
    kao_json_set(o, "name", who.name ? who.name : kao_json_null());
    kao_json_set(o, "faces", faces);
    kao_json_add(list, o);
    return KAO_OK;
}

/* Groups with their faces, the largest first. */
static kao_status tell_groups(kao_album *a, kao_worker *w, kao_json *list,
                              kao_error *err)
{
    size_of *sizes = kao_calloc(a->mem, a->n_groups + 1, sizeof *sizes);
    size_t *next = kao_calloc(a->mem, a->n + 1, sizeof *next);
    kao_status st =
        sizes && next ? KAO_OK : kao_fail(err, KAO_E_NOMEM, "out of memory");

    for (size_t g = 0; !st && g < a->n_groups; g++)
        sizes[g] = (size_of){ .group = (uint32_t)g, .first = SIZE_MAX };
    for (size_t i = a->n; !st && i-- > 0;) {
        size_of *s = &sizes[a->faces[i].group];

        next[i] = s->first;
        s->first = i;
        s->n++;
    }
    if (!st)
        qsort(sizes, a->n_groups, sizeof *sizes, by_size);
    for (size_t g = 0; !st && g < a->n_groups && sizes[g].n; g++)
        st = tell_group(a, w, &sizes[g], next, list, err);
    kao_free(a->mem, next);
    kao_free(a->mem, sizes);
    return st;
}

static kao_status tell_album(kao_job *j, kao_worker *w, kao_call *c, kao_json *to,
                             kao_error *err)
{
    kao_album *a = j->data;
    kao_json *groups = kao_json_array(), *pairs = kao_json_array();
    kao_status st = tell_groups(a, w, groups, err);

    (void)c;
    kao_json_set(to, "pictures", kao_json_integer((int64_t)a->n_pictures));
    kao_json_set(to, "unreadable", kao_json_integer((int64_t)a->n_bad));
    kao_json_set(to, "faces", kao_json_integer((int64_t)a->n));
    kao_json_set(to, "threshold", kao_json_float(a->threshold));
    kao_json_set(to, "groups", groups);
    kao_json_set(to, "pairs", pairs);
    if (!st)
        st = kao_album_pairs(a, kao_embedder_dim(w->embedders[0], w->ttas[0]), pairs,
                             err);
    return st;
}

static const kao_bytes *chip_of(kao_job *j, int64_t number)
{
    const kao_album *a = j->data;

    return number >= 0 && (uint64_t)number < a->n ? &a->faces[number].taken.chip : NULL;
}

const kao_job_kind kao_job_album = { .name = "album",
                                     .unreadable = "invalid_zip",
                                     .run = run_album,
                                     .tell = tell_album,
                                     .chip = chip_of,
                                     .enrol = kao_album_enrol,
                                     .close = close_album };
