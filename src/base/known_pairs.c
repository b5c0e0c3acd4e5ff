/* See known_pairs.h. */
#include "base/known_pairs.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"

typedef struct someone {
    size_t person, n; /* samples */
    kao_sum sum;
} someone;

typedef struct pairing {
    const kao_known *k;
    someone *people; /* n of them are compared */
    size_t n;
    someone **whose;   /* of all people; NULL: is not compared */
    uint32_t *picture; /* of the samples; 0: not known */
    uint32_t *apart;   /* pairs of samples */
    size_t n_apart;
} pairing;

static int by_samples(const void *a, const void *b)
{
    const someone *x = a, *y = b;

    return x->n != y->n ? (x->n < y->n) - (x->n > y->n)
                        : (x->person > y->person) - (x->person < y->person);
}

static bool are_these(const kao_known *k, const uint32_t *samples, size_t a, size_t b)
{
    const size_t x = k->samples[samples[0]].person, y = k->samples[samples[1]].person;

    return (x == a && y == b) || (x == b && y == a);
}

static bool share_picture(const pairing *p, size_t a, size_t b)
{
    const kao_known *k = p->k;

    for (size_t i = 0; i < k->n; i++)
        for (size_t j = 0; k->samples[i].person == a && p->picture[i] && j < k->n; j++)
            if (k->samples[j].person == b && p->picture[j] == p->picture[i])
                return true;
    return false;
}

static bool are_told_apart(const pairing *p, size_t a, size_t b)
{
    for (size_t i = 0; i < p->n_apart; i++)
        if (are_these(p->k, &p->apart[2 * i], a, b))
            return true;
    return share_picture(p, a, b);
}

void kao_known_pair_put(kao_known_pair *list, size_t most, size_t *n,
                        kao_known_pair one)
{
    size_t at = *n;

    while (at > 0 && list[at - 1].similarity < one.similarity)
        at--;
    if (at == most)
        return;
    *n += *n < most;
    memmove(&list[at + 1], &list[at], (*n - at - 1) * sizeof *list);
    list[at] = one;
}

/* Who has a name first, then who has more samples, then who came first. */
static kao_known_pair pair_of(const kao_known *k, const someone *x, const someone *y,
                              float similarity)
{
    const bool named = k->people[x->person].name != NULL,
               other_named = k->people[y->person].name != NULL;
    const bool is_first = named != other_named ? named : by_samples(x, y) < 0;

    return (kao_known_pair){ .a = is_first ? x->person : y->person,
                             .b = is_first ? y->person : x->person,
                             .similarity = similarity };
}

static void compare(const pairing *p, float least, kao_known_pair *pairs, size_t most,
                    size_t *n)
{
    for (size_t i = 0; i < p->n; i++)
        for (size_t j = i + 1; j < p->n; j++) {
            const someone *x = &p->people[i], *y = &p->people[j];
            const float alike = (float)kao_sums_alike(&x->sum, &y->sum, p->k->dim);

            /* the rest looks through all samples: not for what would not be told anyway */
            if (alike >= least && (*n < most || alike > pairs[most - 1].similarity) &&
                !are_told_apart(p, x->person, y->person))
                kao_known_pair_put(pairs, most, n, pair_of(p->k, x, y, alike));
        }
}

static void add_vectors(pairing *p, float *sums)
{
    const kao_known *k = p->k;

    for (size_t i = 0; i < p->n; i++) {
        p->people[i].sum.numbers = sums + i * k->dim;
        p->whose[p->people[i].person] = &p->people[i];
    }
    for (size_t s = 0; s < k->n; s++)
        if (p->whose[k->samples[s].person])
            kao_sum_add(&p->whose[k->samples[s].person]->sum, k->vectors + s * k->dim,
                        k->dim);
}

/* Those with samples, who are not ignored; of too many those with the most samples. */
static void choose(pairing *p)
{
    const kao_known *k = p->k;

    for (size_t i = 0; i < k->n_people; i++)
        p->people[i].person = i;
    for (size_t s = 0; s < k->n; s++)
        p->people[k->samples[s].person].n += !k->people[k->samples[s].person].ignored;
    qsort(p->people, k->n_people, sizeof *p->people, by_samples);
    while (p->n < k->n_people && p->n < KAO_PAIRS_COMPARED && p->people[p->n].n)
        p->n++;
}

kao_status kao_known_pairs(const kao_known *k, kao_gallery *g, float least,
                           kao_known_pair *pairs, size_t most, size_t *n,
                           kao_error *err)
{
    pairing p = { .k = k };
    float *sums = NULL;
    kao_status st = KAO_OK;

    *n = 0;
    if (k->n == 0 || most == 0)
        return KAO_OK;
    p.people = kao_calloc(k->mem, k->n_people, sizeof *p.people);
    p.whose = kao_calloc(k->mem, k->n_people, sizeof(someone *));
    p.picture = kao_calloc(k->mem, k->n, sizeof *p.picture);
    if (p.people)
        choose(&p);
    if (p.people)
        sums = kao_calloc(k->mem, p.n + 1, k->dim * sizeof *sums);
    if (!p.people || !p.whose || !p.picture || !sums)
        st = kao_fail(err, KAO_E_NOMEM, "out of memory");
    if (!st)
        st = kao_known_sources(k, p.picture, err);
    if (!st)
        st = kao_known_apart(k, g, &p.apart, &p.n_apart, err);
    if (!st) {
        add_vectors(&p, sums);
        compare(&p, least, pairs, most, n);
    }
    kao_free(k->mem, p.apart);
    kao_free(k->mem, sums);
    kao_free(k->mem, p.picture);
    kao_free(k->mem, (void *)p.whose);
    kao_free(k->mem, p.people);
    return st;
}
