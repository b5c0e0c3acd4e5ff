/* See known.h. */
#include "cli/known.h"
#include "cli/room.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "kao/enrol.h"

void cli_known_free(cli_known *k)
{
    for (size_t i = 0; i < k->n_people; i++)
        free(k->people[i].name);
    for (size_t i = 0; i < k->n; i++)
        free(k->samples[i].source);
    free(k->people);
    free(k->samples);
    free(k->vectors);
    *k = (cli_known){ .n = 0 };
}

/* ---- reading ---- */

static int take_person(void *user, const kao_person *p)
{
    cli_known *k = user;
    cli_known_person one = { .number = p->number, .ignored = p->ignored != 0 };

    k->failed =
        !cli_room(&k->people, &k->cap_people, k->n_people + 1, sizeof *k->people) ||
        (p->name && !(one.name = strdup(p->name)));
    if (!k->failed)
        k->people[k->n_people++] = one;
    return k->failed;
}

size_t cli_known_index(const cli_known *k, int64_t person)
{
    size_t low = 0, high = k->n_people;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (k->people[middle].number < person)
            low = middle + 1;
        else
            high = middle;
    }
    return low < k->n_people && k->people[low].number == person ? low : k->n_people;
}

/* One of a person who came since the people were read is left out. */
static int take_sample(void *user, const kao_sample *s, const float *vector)
{
    cli_known *k = user;
    cli_known_sample one = { .person = cli_known_index(k, s->person) };

    if (one.person == k->n_people)
        return 0;
    k->failed = !cli_room(&k->samples, &k->cap, k->n + 1, sizeof *k->samples) ||
                !cli_room(&k->vectors, &k->cap_vectors, k->n + 1,
                          k->dim * sizeof *k->vectors) ||
                (s->source && !(one.source = strdup(s->source)));
    if (k->failed)
        return 1;
    memcpy(k->vectors + k->n * k->dim, vector, k->dim * sizeof *vector);
    memcpy(one.id, s->id, sizeof one.id);
    k->samples[k->n++] = one;
    return 0;
}

kao_status cli_known_read(cli_known *k, cli_gallery *use, kao_error *err)
{
    kao_gallery_model m = { .size = sizeof m };

    *k = (cli_known){ .n = 0 };
    if (!kao_gallery_model_at(use->g, 0, &m))
        return KAO_OK;
    k->dim = m.dim;
    kao_status st = kao_gallery_people(use->g, NULL, take_person, k, err);

    if (!st && !k->failed)
        st = kao_gallery_vectors(use->g, 0, take_sample, k, err);
    return st ? st : k->failed ? kao_fail(err, KAO_E_NOMEM, "out of memory") : KAO_OK;
}

void cli_known_drop_ignored(cli_known *k)
{
    size_t kept = 0;

    for (size_t i = 0; i < k->n; i++) {
        if (k->people[k->samples[i].person].ignored) {
            free(k->samples[i].source);
            continue;
        }
        memmove(k->vectors + kept * k->dim, k->vectors + i * k->dim,
                k->dim * sizeof *k->vectors);
        k->samples[kept++] = k->samples[i];
    }
    k->n = kept;
}

/* ---- sources ---- */

typedef struct sourced {
    const char *source;
    size_t sample;
} sourced;

static int by_source(const void *a, const void *b)
{
    const sourced *x = a, *y = b;
    const int c = strcmp(x->source, y->source);

    return c ? c : (x->sample > y->sample) - (x->sample < y->sample);
}

/* Samples that have a source, by it; *n: how many. NULL: no memory. */
static sourced *list_sources(const cli_known *k, size_t *n)
{
    sourced *list = calloc(k->n + 1, sizeof *list);

    *n = 0;
    for (size_t i = 0; list && i < k->n; i++)
        if (k->samples[i].source)
            list[(*n)++] = (sourced){ k->samples[i].source, i };
    if (list)
        qsort(list, *n, sizeof *list, by_source);
    return list;
}

static size_t find_source(const sourced *list, size_t n, const char *source)
{
    size_t low = 0, high = n;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (strcmp(list[middle].source, source) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

kao_status cli_known_mark(const cli_known *k, cli_album *a, kao_error *err)
{
    size_t n = 0;
    sourced *list = list_sources(k, &n);

    if (!list)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    for (size_t i = 0; i < a->n_faces; i++) {
        const char *path = a->files[a->faces[i].file].path;
        float best = KAO_DUPLICATE_FROM;

        for (size_t s = find_source(list, n, path);
             s < n && strcmp(list[s].source, path) == 0; s++) {
            const size_t sample = list[s].sample;
            const float alike = kao_similarity(a->vectors + i * a->dim,
                                               k->vectors + sample * k->dim, k->dim);

            if (!(alike >= best))
                continue;
            best = alike;
            a->faces[i].is_there = true;
            a->faces[i].person = k->people[k->samples[sample].person].number;
        }
    }
    free(list);
    return KAO_OK;
}

kao_status cli_known_sources(const cli_known *k, uint32_t *numbers, kao_error *err)
{
    size_t n = 0;
    uint32_t number = 0;
    sourced *list = list_sources(k, &n);

    if (!list)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    memset(numbers, 0, k->n * sizeof *numbers);
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || strcmp(list[i].source, list[i - 1].source) != 0)
            number++;
        numbers[list[i].sample] = number;
    }
    free(list);
    return KAO_OK;
}

/* ---- what somebody has said ---- */

typedef struct pairing {
    const cli_known *k;
    uint32_t *pairs;
    size_t n, cap;
    bool failed;
} pairing;

/* A sample of a person, or the one of that id; k->n: there is none. */
static size_t sample_of(const cli_known *k, int64_t person, const char *id)
{
    for (size_t i = 0; i < k->n; i++)
        if (id ? strcmp(k->samples[i].id, id) == 0
               : k->people[k->samples[i].person].number == person)
            return i;
    return k->n;
}

static int take_fact(void *user, const kao_fact *f)
{
    pairing *p = user;
    const bool apart = f->kind == KAO_FACT_APART;
    const size_t a = sample_of(p->k, f->person, NULL),
                 b = sample_of(p->k, f->other, apart ? NULL : f->sample);

    if (a == p->k->n || b == p->k->n)
        return 0;
    p->failed = !cli_room(&p->pairs, &p->cap, 2 * (p->n + 1), sizeof *p->pairs);
    if (p->failed)
        return 1;
    p->pairs[2 * p->n] = (uint32_t)a;
    p->pairs[2 * p->n++ + 1] = (uint32_t)b;
    return 0;
}

kao_status cli_known_apart(const cli_known *k, cli_gallery *use, uint32_t **pairs,
                           size_t *n, kao_error *err)
{
    pairing p = { .k = k };
    const kao_status st = kao_gallery_facts(use->g, take_fact, &p, err);

    *pairs = p.pairs;
    *n = p.n;
    return st ? st : p.failed ? kao_fail(err, KAO_E_NOMEM, "out of memory") : KAO_OK;
}

/* ---- likeness ---- */

float cli_known_similarity(const cli_known *k, size_t a, size_t b)
{
    double sum = 0;
    size_t n = 0;

    for (size_t i = 0; i < k->n; i++)
        for (size_t j = 0; k->samples[i].person == a && j < k->n; j++)
            if (k->samples[j].person == b) {
                sum += (double)kao_similarity(k->vectors + i * k->dim,
                                              k->vectors + j * k->dim, k->dim);
                n++;
            }
    return (float)(n ? sum / (double)n : 0);
}
