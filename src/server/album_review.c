/* See album_review.h. */
#include "server/album_review.h"

#include <stdlib.h>
#include <string.h>

#include "base/context.h"
#include "base/error.h"
#include "base/known_pairs.h"
#include "base/room.h"

enum {
    ASKED_MOST = 20,     /* pairs told at a time */
    COMPARED_MOST = 600, /* groups, the largest: each is compared with each */
};

/* ---- what was said ---- */

static size_t first_of(const kao_album *a, int64_t group)
{
    for (size_t i = 0; group >= 0 && i < a->n; i++)
        if (a->faces[i].group == group)
            return i;
    return SIZE_MAX;
}

static kao_status find_both(const kao_album *a, int64_t group, int64_t other, size_t *x,
                            size_t *y, kao_error *err)
{
    *x = first_of(a, group);
    *y = first_of(a, other);
    if (*x == SIZE_MAX || *y == SIZE_MAX)
        return kao_fail(err, KAO_E_NOT_FOUND, "no such group");
    return group == other ? kao_fail(err, KAO_E_ARG, "one group twice") : KAO_OK;
}

static bool are_apart(const kao_album *a, uint32_t group, uint32_t other)
{
    for (size_t i = 0; i < a->n_apart; i++) {
        const uint32_t x = a->faces[a->apart[2 * i]].group,
                       y = a->faces[a->apart[2 * i + 1]].group;

        if ((x == group && y == other) || (x == other && y == group))
            return true;
    }
    return false;
}

static kao_status set_apart(kao_album *a, size_t x, size_t y, kao_error *err)
{
    if (!kao_room(a->mem, &a->apart, &a->cap_apart, 2 * (a->n_apart + 1),
                  sizeof *a->apart))
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    a->apart[2 * a->n_apart] = (uint32_t)x;
    a->apart[2 * a->n_apart++ + 1] = (uint32_t)y;
    return KAO_OK;
}

kao_status kao_album_merge(kao_album *a, int64_t group, int64_t other, kao_error *err)
{
    size_t x = 0, y = 0;
    const kao_status st = find_both(a, group, other, &x, &y, err);

    if (st)
        return st;
    if (a->persons[group] && a->persons[other] &&
        a->persons[group] != a->persons[other])
        return kao_fail(err, KAO_E_CONFLICT,
                        "they are two people of the gallery: merge those");
    if (are_apart(a, (uint32_t)group, (uint32_t)other))
        return kao_fail(err, KAO_E_CONFLICT,
                        "somebody has said that they are two people");
    for (size_t i = 0; i < a->n; i++)
        if (a->faces[i].group == other)
            a->faces[i].group = (uint32_t)group;
    if (!a->persons[group])
        a->persons[group] = a->persons[other];
    a->persons[other] = 0;
    return KAO_OK;
}

/* In the gallery, where both are people of it. */
static kao_status keep_apart(kao_worker *w, int64_t a, int64_t b, kao_error *err)
{
    const kao_status st =
        a && b && a != b ? kao_gallery_keep_apart(w->gallery, a, b, err) : KAO_OK;

    return st == KAO_E_NOT_FOUND ? KAO_OK : st; /* one was removed meanwhile */
}

kao_status kao_album_apart(kao_album *a, kao_worker *w, int64_t group, int64_t other,
                           kao_error *err)
{
    size_t x = 0, y = 0;
    kao_status st = find_both(a, group, other, &x, &y, err);

    if (!st)
        st = keep_apart(w, a->persons[group], a->persons[other], err);
    return st ? st : set_apart(a, x, y, err);
}

/* A face that is a sample of the group's person is not that person's in the gallery, either. */
kao_status kao_album_out(kao_album *a, kao_worker *w, int64_t face, kao_error *err)
{
    if (face < 0 || (uint64_t)face >= a->n)
        return kao_fail(err, KAO_E_NOT_FOUND, "no such face");
    kao_album_face *f = &a->faces[face];
    const uint32_t was = f->group;
    int64_t owner = 0;
    size_t other = SIZE_MAX;

    for (size_t i = 0; i < a->n && other == SIZE_MAX; i++)
        if (a->faces[i].group == was && &a->faces[i] != f)
            other = i;
    if (!kao_room(a->mem, &a->persons, &a->cap_groups, a->n_groups + 1,
                  sizeof *a->persons))
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    kao_status st = other == SIZE_MAX ? KAO_OK : set_apart(a, (size_t)face, other, err);

    if (!st && f->taken.id[0] && a->persons[was]) {
        st = kao_gallery_not(w->gallery, f->taken.id, a->persons[was], &owner, err);
        if (st == KAO_E_NOT_FOUND) { /* removed meanwhile */
            f->taken.id[0] = '\0';
            st = KAO_OK;
        }
    }
    if (st)
        return st;
    f->group = (uint32_t)a->n_groups;
    a->persons[a->n_groups++] = owner;
    return KAO_OK;
}

/* ---- whom to ask about ---- */

typedef struct summed { /* a group, by the sum of its vectors */
    uint32_t group;
    size_t n;
    kao_sum sum;
} summed;

static int by_number(const void *a, const void *b)
{
    const summed *x = a, *y = b;

    return x->n != y->n ? (x->n < y->n) - (x->n > y->n)
                        : (x->group > y->group) - (x->group < y->group);
}

/* Whether a face of another group is on the same picture; those of a picture stand together. */
static bool has_beside(const kao_album *a, size_t i, uint32_t other)
{
    const uint32_t picture = a->faces[i].picture;

    for (size_t k = i; k-- > 0 && a->faces[k].picture == picture;)
        if (a->faces[k].group == other)
            return true;
    for (size_t k = i + 1; k < a->n && a->faces[k].picture == picture; k++)
        if (a->faces[k].group == other)
            return true;
    return false;
}

static bool share_picture(const kao_album *a, uint32_t group, uint32_t other)
{
    for (size_t i = 0; i < a->n; i++)
        if (a->faces[i].group == group && has_beside(a, i, other))
            return true;
    return false;
}

static void compare(const kao_album *a, const summed *list, size_t n, size_t dim,
                    kao_known_pair *found, size_t *n_found)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = i + 1; k < n; k++) {
            const summed *x = &list[i], *y = &list[k];

            if (a->persons[x->group] && a->persons[y->group])
                continue;
            const kao_known_pair one = { x->group, y->group,
                                         (float)kao_sums_alike(&x->sum, &y->sum, dim) };

            /* the rest looks through all faces: not for what would not be asked anyway */
            if (*n_found == ASKED_MOST &&
                one.similarity <= found[ASKED_MOST - 1].similarity)
                continue;
            if (one.similarity >= a->ask_from && !are_apart(a, x->group, y->group) &&
                !share_picture(a, x->group, y->group))
                kao_known_pair_put(found, ASKED_MOST, n_found, one);
        }
}

/* How many faces each group has, the largest first. */
static void count_faces(const kao_album *a, summed *list)
{
    for (size_t g = 0; g < a->n_groups; g++)
        list[g].group = (uint32_t)g;
    for (size_t i = 0; i < a->n; i++)
        list[a->faces[i].group].n++;
    qsort(list, a->n_groups, sizeof *list, by_number);
}

static void add_vectors(const kao_album *a, summed *s, size_t dim)
{
    for (size_t i = 0; i < a->n; i++)
        if (a->faces[i].group == s->group)
            kao_sum_add(&s->sum, a->faces[i].taken.vectors, dim);
}

kao_status kao_album_pairs(const kao_album *a, size_t dim, kao_json *to, kao_error *err)
{
    summed *list = kao_calloc(a->mem, a->n_groups + 1, sizeof *list);
    float *sums = kao_calloc(a->mem, COMPARED_MOST, dim * sizeof *sums);
    kao_known_pair found[ASKED_MOST];
    size_t n = 0, n_found = 0;
    kao_status st = list && sums ? KAO_OK : kao_fail(err, KAO_E_NOMEM, "out of memory");

    if (!st)
        count_faces(a, list);
    for (; !st && n < a->n_groups && n < COMPARED_MOST && list[n].n; n++) {
        list[n].sum.numbers = sums + n * dim;
        add_vectors(a, &list[n], dim);
    }
    if (!st)
        compare(a, list, n, dim, found, &n_found);
    for (size_t i = 0; i < n_found; i++) {
        kao_json *o = kao_json_object();

        kao_json_set(o, "group", kao_json_integer((int64_t)found[i].a));
        kao_json_set(o, "other", kao_json_integer((int64_t)found[i].b));
        kao_json_set(o, "similarity", kao_json_float(found[i].similarity));
        kao_json_add(to, o);
    }
    kao_free(a->mem, sums);
    kao_free(a->mem, list);
    return st;
}

/* ---- a group named ---- */

/* What was said of a group that is somebody now: other groups of that person are the same, and whom
 * it is not is kept in the gallery. */
static void settle(kao_album *a, kao_worker *w, uint32_t group)
{
    for (size_t g = 0; g < a->n_groups; g++) {
        kao_error err = { 0 };

        if (g != group && a->persons[g] == a->persons[group])
            kao_album_merge(a, group, (int64_t)g, &err);
        if (a->persons[g] && are_apart(a, group, (uint32_t)g) &&
            keep_apart(w, a->persons[group], a->persons[g], &err))
            return; /* the album still knows it */
    }
}

void kao_album_enrol(kao_job *j, kao_worker *w, kao_call *c, int64_t group)
{
    kao_album *a = j->data;
    kao_taken **faces = kao_calloc(a->mem, a->n + 1, sizeof(kao_taken *));
    const char **sources = kao_calloc(a->mem, a->n + 1, sizeof(char *));
    int64_t person = 0;
    size_t n = 0;

    for (size_t i = 0; faces && sources && i < a->n; i++)
        if (group >= 0 && a->faces[i].group == group) {
            faces[n] = &a->faces[i].taken;
            sources[n++] = a->pictures[a->faces[i].picture];
        }
    if (!faces || !sources) {
        kao_answer_error(c, 503, "out_of_memory", "out of memory");
    } else if (n == 0) {
        kao_answer_error(c, 404, "not_found", "no such group");
    } else if (kao_taken_enrol(w, c, faces, sources, n, &person)) {
        a->persons[group] = person;
        settle(a, w, (uint32_t)group);
    }
    kao_free(a->mem, (void *)sources);
    kao_free(a->mem, (void *)faces);
}
