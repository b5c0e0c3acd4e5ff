/* Pairs of a folder a person: see kao_pairs_of_people in pairs.h. Different pairs are drawn
 * without repeats: where most of them are wanted by going through all, else by drawing and
 * drawing again what came twice. */
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "eval/pairs_parts.h"

#define MOST ((size_t)1 << 25)

typedef struct picture {
    const char *name;
    size_t n_person; /* bytes of its person's name: up to the last slash */
} picture;

typedef struct people {
    kao_pairs *p;
    picture *pictures; /* by person, then by name */
    uint32_t *person;  /* of each picture: its number */
    size_t n;
    size_t n_same, n_different; /* all there are */
    kao_random random;
} people;

static int by_person(const void *a, const void *b)
{
    const picture *x = a, *y = b;
    const size_t n = x->n_person < y->n_person ? x->n_person : y->n_person;
    const int c = memcmp(x->name, y->name, n);

    return c                            ? c
           : x->n_person != y->n_person ? (x->n_person > y->n_person ? 1 : -1)
                                        : strcmp(x->name, y->name);
}

static int by_key(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static kao_status sort_pictures(people *w, const char *const *names, const char *where,
                                kao_error *err)
{
    for (size_t i = 0; i < w->n; i++) {
        const char *slash = strrchr(names[i], '/');

        if (!slash || slash == names[i])
            return kao_fail(err, KAO_E_FORMAT,
                            "%s: %s: no folder of a person; wanted person/picture",
                            where, names[i]);
        w->pictures[i] = (picture){ names[i], (size_t)(slash - names[i]) };
    }
    qsort(w->pictures, w->n, sizeof *w->pictures, by_person);
    size_t of_person = 0;

    for (size_t i = 0; i < w->n; i++) {
        const picture *x = &w->pictures[i], *y = i ? x - 1 : x;
        const bool more = i && x->n_person == y->n_person &&
                          memcmp(x->name, y->name, x->n_person) == 0;

        of_person = more ? of_person + 1 : 0;
        w->person[i] = i == 0 ? 0 : w->person[i - 1] + !more;
        w->n_same += of_person;
    }
    w->n_different = w->n * (w->n - 1) / 2 - w->n_same;
    return KAO_OK;
}

static bool add_same(people *w)
{
    for (size_t i = 0; i < w->n; i++)
        for (size_t k = i; k > 0 && w->person[k - 1] == w->person[i]; k--)
            if (!kao_pairs_add(w->p, (uint32_t)(k - 1), (uint32_t)i, true))
                return false;
    return true;
}

/* Each of all pairs is taken with the chance that leaves the right number (Knuth, The Art of
 * Computer Programming 2, 3.4.2, algorithm S). */
static bool pick_most(people *w, size_t want)
{
    size_t left = w->n_different;

    for (uint32_t i = 0; i < w->n; i++)
        for (uint32_t k = i + 1; k < w->n; k++) {
            if (w->person[i] == w->person[k])
                continue;
            if (kao_random_below(&w->random, (uint32_t)left--) >= want)
                continue;
            want--;
            if (!kao_pairs_add(w->p, i, k, false))
                return false;
        }
    return true;
}

static uint64_t draw(people *w)
{
    const uint32_t n = (uint32_t)w->n;

    for (;;) {
        const uint32_t i = kao_random_below(&w->random, n),
                       k = kao_random_below(&w->random, n);

        if (w->person[i] != w->person[k])
            return i < k ? (uint64_t)i << 32 | k : (uint64_t)k << 32 | i;
    }
}

static bool pick_few(people *w, size_t want)
{
    uint64_t *keys = kao_calloc(w->p->mem, want, sizeof *keys);
    bool fine = keys != NULL;

    for (size_t n = 0; fine && n < want;) {
        size_t kept = 0;

        while (n < want)
            keys[n++] = draw(w);
        qsort(keys, n, sizeof *keys, by_key);
        for (size_t i = 0; i < n; i++)
            if (i == 0 || keys[i] != keys[i - 1])
                keys[kept++] = keys[i];
        n = kept;
    }
    for (size_t i = 0; fine && i < want; i++)
        fine = kao_pairs_add(w->p, (uint32_t)(keys[i] >> 32), (uint32_t)keys[i], false);
    kao_free(w->p->mem, keys);
    return fine;
}

/* So that every part of the list has pairs of both kinds and of many people. */
static void shuffle(people *w)
{
    kao_pair *p = w->p->pairs;

    for (size_t i = w->p->n; i > 1; i--) {
        const size_t k = kao_random_below(&w->random, (uint32_t)i);
        const kao_pair last = p[i - 1];

        p[i - 1] = p[k];
        p[k] = last;
    }
}

static kao_status make(people *w, uint32_t times, const char *where, kao_error *err)
{
    if (w->n_same == 0 || w->n_different == 0)
        return kao_fail(err, KAO_E_FORMAT,
                        "%s: %zu pairs of the same person, %zu of different ones: "
                        "wanted both",
                        where, w->n_same, w->n_different);
    const uint64_t asked = w->n_same <= MOST ? (uint64_t)w->n_same * times : UINT64_MAX;
    const size_t want = asked < w->n_different ? (size_t)asked : w->n_different;

    if (w->n_same > MOST || want > MOST - w->n_same)
        return kao_fail(err, KAO_E_LIMIT,
                        "%s: %zu pairs of the same person and %zu of different ones: "
                        "more than %zu",
                        where, w->n_same, want, MOST);
    bool fine = true;
    uint32_t number = 0;

    for (size_t i = 0; fine && i < w->n; i++)
        fine = kao_name_number(&w->p->names, w->pictures[i].name, &number);
    fine = fine && add_same(w) &&
           (want > w->n_different / 2 ? pick_most(w, want) : pick_few(w, want));
    if (!fine)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", where);
    shuffle(w);
    return KAO_OK;
}

kao_status kao_pairs_of_people(kao_pairs *p, kao_mem *mem, const char *const *names,
                               size_t n, uint32_t times, uint64_t seed,
                               const char *where, kao_error *err)
{
    people w = { .p = p, .n = n, .random = kao_random_stream(seed, 0, 0) };
    kao_status st = KAO_OK;

    kao_pairs_begin(p, mem);
    if (n > MOST)
        return kao_fail(err, KAO_E_LIMIT, "%s: %zu pictures, at most %zu", where, n,
                        MOST);
    w.pictures = kao_calloc(mem, n, sizeof *w.pictures);
    w.person = kao_calloc(mem, n, sizeof *w.person);
    if (!w.pictures || !w.person)
        st = kao_fail(err, KAO_E_NOMEM, "%s: out of memory", where);
    if (!st)
        st = sort_pictures(&w, names, where, err);
    if (!st)
        st = make(&w, times, where, err);
    kao_free(mem, w.pictures);
    kao_free(mem, w.person);
    if (st)
        kao_pairs_free(p);
    return st;
}
