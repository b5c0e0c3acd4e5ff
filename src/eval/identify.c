/* See identify.h. What is measured of the probes is in identify_figures.c. */
#include "eval/identify.h"

#include <math.h>
#include <string.h>

#include "base/random.h"
#include "kao/embedder.h"

enum { PURPOSE = 12 }; /* of the stream that draws strangers */
static const double NO_SIMILARITY = -2;

static kao_status no_memory(size_t n, kao_error *err)
{
    return kao_fail(err, KAO_E_NOMEM, "%zu pictures: out of memory", n);
}

/* ---- who is enrolled ---- */

/* The people with enough usable pictures, in random order; gives how many. */
static size_t draw_people(const kao_people_pictures *p, const kao_split_options *o,
                          const uint32_t *n_usable, uint32_t *order)
{
    kao_random r = kao_random_stream(o->seed, 0, PURPOSE);
    size_t n = 0;

    for (size_t i = 0; i < p->n_people; i++)
        if (n_usable[i] > o->enroll)
            order[n++] = (uint32_t)i;
    for (size_t i = n; i > 1; i--) {
        const size_t k = kao_random_below(&r, (uint32_t)i);
        const uint32_t last = order[i - 1];

        order[i - 1] = order[k];
        order[k] = last;
    }
    return n;
}

static kao_status give_roles(kao_role *role, const kao_people_pictures *p,
                             const kao_split_options *o, uint32_t *left,
                             uint32_t *order, kao_error *err)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->person[i] < p->n_people)
            left[p->person[i]] += p->usable[i];
    const size_t n = draw_people(p, o, left, order);
    const size_t aside = (size_t)(o->strangers * (double)n + .5);

    if (n == 0 || aside >= n)
        return kao_fail(err, KAO_E_FORMAT,
                        "%zu of %zu people have more than %u usable pictures, %zu of "
                        "them are to stay strangers: nobody can be enrolled",
                        n, p->n_people, o->enroll, aside < n ? aside : n);
    /* from here on: how many pictures of the entry are still to come; UINT32_MAX: none has it */
    for (size_t i = 0; i < p->n_people; i++)
        left[i] = UINT32_MAX;
    for (size_t i = aside; i < n; i++)
        left[order[i]] = o->enroll;
    for (size_t i = 0; i < p->n; i++) {
        uint32_t *entry = p->person[i] < p->n_people ? &left[p->person[i]] : NULL;

        if (!entry || (o->drop && !p->usable[i])) {
            role[i] = KAO_UNUSED;
        } else if (*entry == UINT32_MAX) {
            role[i] = KAO_STRANGER;
        } else if (*entry > 0 && p->usable[i]) {
            role[i] = KAO_GALLERY;
            --*entry;
        } else {
            role[i] = KAO_MATED;
        }
    }
    return KAO_OK;
}

kao_status kao_split_people(kao_role *role, kao_mem *mem, const kao_people_pictures *p,
                            const kao_split_options *o, kao_error *err)
{
    uint32_t *left = kao_calloc(mem, p->n_people, sizeof *left);
    uint32_t *order = kao_calloc(mem, p->n_people, sizeof *order);
    const kao_status st =
        left && order ? give_roles(role, p, o, left, order, err) : no_memory(p->n, err);

    kao_free(mem, left);
    kao_free(mem, order);
    return st;
}

/* ---- the search ---- */

typedef struct made { /* what an entry is made of */
    double lengths;
    size_t n;
} made;

typedef struct gallery {
    const kao_people_pictures *p;
    float *entries; /* n times dim */
    made *of;
    uint32_t *entry; /* of each person, from 1; 0: none */
    size_t n;
} gallery;

static double length_of(const float *v, size_t dim)
{
    double squares = 0;

    for (size_t k = 0; k < dim; k++)
        squares += (double)v[k] * (double)v[k];
    return sqrt(squares);
}

/* Of length 1 where vectors are; those of a network for distances are as long as they are. */
static void enroll(gallery *g, const kao_role *role)
{
    const size_t dim = g->p->dim;

    for (size_t i = 0; i < g->p->n; i++) {
        if (role[i] != KAO_GALLERY)
            continue;
        uint32_t *entry = &g->entry[g->p->person[i]];

        if (!*entry)
            *entry = (uint32_t)++g->n;
        const float *v = g->p->gallery + i * dim;

        for (size_t k = 0; k < dim; k++)
            g->entries[(*entry - 1) * dim + k] += v[k];
        g->of[*entry - 1].lengths += length_of(v, dim);
        g->of[*entry - 1].n++;
    }
    for (size_t i = 0; i < g->n; i++) {
        float *v = g->entries + i * dim;
        const double length = length_of(v, dim),
                     mean = g->of[i].lengths / (double)g->of[i].n;

        for (size_t k = 0; k < dim && length > 0; k++)
            v[k] = (float)((double)v[k] * mean / length);
    }
}

static kao_probe search_one(const gallery *g, size_t picture)
{
    const kao_people_pictures *p = g->p;
    const float *v = p->probes + picture * p->dim;
    const uint32_t own = g->entry[p->person[picture]];
    kao_probe x = { .picture = picture,
                    .person = p->person[picture],
                    .similarity = NO_SIMILARITY,
                    .other = NO_SIMILARITY,
                    .rank = SIZE_MAX };

    if (!p->usable[picture])
        return x;
    if (own) {
        x.similarity =
            (double)kao_similarity(v, g->entries + (own - 1) * p->dim, p->dim);
        x.rank = 1;
    }
    for (size_t i = 0; i < g->n; i++) {
        if (i + 1 == own)
            continue;
        const double s = (double)kao_similarity(v, g->entries + i * p->dim, p->dim);

        x.other = fmax(x.other, s);
        x.rank += own && s >= x.similarity;
    }
    if (!own)
        x.similarity = x.other;
    return x;
}

static void search_all(kao_identification *s, const gallery *g, const kao_role *role,
                       bool *is_stranger)
{
    for (size_t i = 0; i < g->p->n; i++) {
        if (role[i] == KAO_MATED)
            s->mated[s->n_mated++] = search_one(g, i);
        if (role[i] != KAO_STRANGER)
            continue;
        s->strangers[s->n_strangers++] = search_one(g, i);
        s->n_stranger_people += !is_stranger[g->p->person[i]];
        is_stranger[g->p->person[i]] = true;
    }
}

kao_status kao_identify_run(kao_identification *s, kao_mem *mem,
                            const kao_people_pictures *p, const kao_role *role,
                            kao_error *err)
{
    size_t counts[4] = { 0 };
    gallery g = { .p = p };

    for (size_t i = 0; i < p->n; i++)
        counts[role[i]]++;
    *s = (kao_identification){ .mem = mem, .n_people = p->n_people };
    g.entries = kao_calloc(mem, counts[KAO_GALLERY], p->dim * sizeof *g.entries);
    g.of = kao_calloc(mem, counts[KAO_GALLERY], sizeof *g.of);
    g.entry = kao_calloc(mem, p->n_people, sizeof *g.entry);
    bool *is_stranger = kao_calloc(mem, p->n_people, sizeof *is_stranger);

    s->mated = kao_calloc(mem, counts[KAO_MATED], sizeof *s->mated);
    s->strangers = kao_calloc(mem, counts[KAO_STRANGER], sizeof *s->strangers);
    const bool fine =
        g.entries && g.of && g.entry && is_stranger && s->mated && s->strangers;

    if (fine) {
        enroll(&g, role);
        s->n_entries = g.n;
        search_all(s, &g, role, is_stranger);
    } else {
        kao_identify_free(s);
    }
    kao_free(mem, g.entries);
    kao_free(mem, g.of);
    kao_free(mem, g.entry);
    kao_free(mem, is_stranger);
    return fine ? KAO_OK : no_memory(p->n, err);
}

void kao_identify_free(kao_identification *s)
{
    if (s->mem) {
        kao_free(s->mem, s->mated);
        kao_free(s->mem, s->strangers);
    }
    *s = (kao_identification){ .mem = NULL };
}
