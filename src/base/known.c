/* See known.h. */
#include "base/known.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/room.h"
#include "kao/enrol.h"

void kao_known_free(kao_known *k)
{
    for (size_t i = 0; i < k->n_people; i++)
        kao_free(k->mem, k->people[i].name);
    for (size_t i = 0; i < k->n; i++)
        kao_free(k->mem, k->samples[i].source);
    kao_free(k->mem, k->people);
    kao_free(k->mem, k->samples);
    kao_free(k->mem, k->vectors);
    *k = (kao_known){ .mem = k->mem };
}

/* ---- reading ---- */

static int take_person(void *user, const kao_person *p)
{
    kao_known *k = user;
    kao_known_person one = { .number = p->number, .ignored = p->ignored != 0 };

    k->failed = !kao_room(k->mem, &k->people, &k->cap_people, k->n_people + 1,
                          sizeof *k->people) ||
                (p->name && !(one.name = kao_strdup(k->mem, p->name)));
    if (!k->failed)
        k->people[k->n_people++] = one;
    return k->failed;
}

size_t kao_known_index(const kao_known *k, int64_t person)
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
    kao_known *k = user;
    kao_known_sample one = { .person = kao_known_index(k, s->person) };

    if (one.person == k->n_people)
        return 0;
    k->failed = !kao_room(k->mem, &k->samples, &k->cap, k->n + 1, sizeof *k->samples) ||
                !kao_room(k->mem, &k->vectors, &k->cap_vectors, k->n + 1,
                          k->dim * sizeof *k->vectors) ||
                (s->source && !(one.source = kao_strdup(k->mem, s->source)));
    if (k->failed)
        return 1;
    memcpy(k->vectors + k->n * k->dim, vector, k->dim * sizeof *vector);
    memcpy(one.id, s->id, sizeof one.id);
    k->samples[k->n++] = one;
    return 0;
}

kao_status kao_known_read(kao_known *k, kao_mem *mem, kao_gallery *g, kao_error *err)
{
    kao_gallery_model m = { .size = sizeof m };

    *k = (kao_known){ .mem = mem };
    if (!kao_gallery_model_at(g, 0, &m))
        return KAO_OK;
    k->dim = m.dim;
    kao_status st = kao_gallery_people(g, NULL, take_person, k, err);

    if (!st && !k->failed)
        st = kao_gallery_vectors(g, 0, take_sample, k, err);
    return st ? st : k->failed ? kao_fail(err, KAO_E_NOMEM, "out of memory") : KAO_OK;
}

void kao_known_drop_ignored(kao_known *k)
{
    size_t kept = 0;

    for (size_t i = 0; i < k->n; i++) {
        if (k->people[k->samples[i].person].ignored) {
            kao_free(k->mem, k->samples[i].source);
            continue;
        }
        memmove(k->vectors + kept * k->dim, k->vectors + i * k->dim,
                k->dim * sizeof *k->vectors);
        k->samples[kept++] = k->samples[i];
    }
    k->n = kept;
}

/* ---- sources ---- */

static int by_source(const void *a, const void *b)
{
    const kao_known_source *x = a, *y = b;
    const int c = strcmp(x->source, y->source);

    return c ? c : (x->sample > y->sample) - (x->sample < y->sample);
}

kao_status kao_known_list(const kao_known *k, kao_known_source **out, size_t *n,
                          kao_error *err)
{
    kao_known_source *list = kao_calloc(k->mem, k->n + 1, sizeof *list);

    *n = 0;
    *out = list;
    if (!list)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    for (size_t i = 0; i < k->n; i++)
        if (k->samples[i].source)
            list[(*n)++] = (kao_known_source){ k->samples[i].source, i };
    qsort(list, *n, sizeof *list, by_source);
    return KAO_OK;
}

static size_t find_source(const kao_known_source *list, size_t n, const char *source)
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

size_t kao_known_same(const kao_known *k, const kao_known_source *list, size_t n,
                      const char *source, const float *vector)
{
    float best = KAO_DUPLICATE_FROM;
    size_t found = SIZE_MAX;

    for (size_t s = find_source(list, n, source);
         s < n && strcmp(list[s].source, source) == 0; s++) {
        const float alike =
            kao_similarity(vector, k->vectors + list[s].sample * k->dim, k->dim);

        if (!(alike >= best))
            continue;
        best = alike;
        found = list[s].sample;
    }
    return found;
}

/* What kao watch and the app's camera write, and standard input and pipes: a source, but no one
 * picture. */
static bool is_picture(const char *source)
{
    return strcmp(source, "watch") != 0 && strcmp(source, "live") != 0 &&
           strcmp(source, "-") != 0 && strncmp(source, "/dev/", 5) != 0;
}

kao_status kao_known_sources(const kao_known *k, uint32_t *numbers, kao_error *err)
{
    size_t n = 0;
    uint32_t number = 0;
    kao_known_source *list = NULL;
    const kao_status st = kao_known_list(k, &list, &n, err);

    if (st)
        return st;
    memset(numbers, 0, k->n * sizeof *numbers);
    for (size_t i = 0; i < n; i++) {
        if (i == 0 || strcmp(list[i].source, list[i - 1].source) != 0)
            number++;
        if (is_picture(list[i].source))
            numbers[list[i].sample] = number;
    }
    kao_free(k->mem, list);
    return KAO_OK;
}

/* ---- what somebody has said ---- */

typedef struct pairing {
    const kao_known *k;
    uint32_t *pairs;
    size_t n, cap;
    bool failed;
} pairing;

/* A sample of a person, or the one of that id; k->n: there is none. */
static size_t sample_of(const kao_known *k, int64_t person, const char *id)
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
    p->failed =
        !kao_room(p->k->mem, &p->pairs, &p->cap, 2 * (p->n + 1), sizeof *p->pairs);
    if (p->failed)
        return 1;
    p->pairs[2 * p->n] = (uint32_t)a;
    p->pairs[2 * p->n++ + 1] = (uint32_t)b;
    return 0;
}

kao_status kao_known_apart(const kao_known *k, kao_gallery *g, uint32_t **pairs,
                           size_t *n, kao_error *err)
{
    pairing p = { .k = k };
    const kao_status st = kao_gallery_facts(g, take_fact, &p, err);

    *pairs = p.pairs;
    *n = p.n;
    return st ? st : p.failed ? kao_fail(err, KAO_E_NOMEM, "out of memory") : KAO_OK;
}

/* ---- likeness ---- */

void kao_sum_add(kao_sum *s, const float *vector, size_t dim)
{
    for (size_t d = 0; d < dim; d++) {
        s->numbers[d] += vector[d];
        s->half += (double)vector[d] * (double)vector[d] / 2;
    }
    s->n++;
}

/* 1 - d * d / 2, where d * d is what the squares of both lengths come to, less twice the product. */
double kao_sums_alike(const kao_sum *a, const kao_sum *b, size_t dim)
{
    const double n_a = (double)a->n, n_b = (double)b->n;
    float dot = 0;

    for (size_t d = 0; d < dim; d++)
        dot += a->numbers[d] * b->numbers[d];
    return 1 - a->half / n_a - b->half / n_b + (double)dot / (n_a * n_b);
}

float kao_known_similarity(const kao_known *k, size_t a, size_t b)
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
