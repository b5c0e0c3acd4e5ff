/* See pairs.h. Pairs of people are in people.c. */
#include "eval/pairs.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "eval/pairs_parts.h"

enum { FIELDS_MAX = 5 };
#define TEXT_MAX  ((size_t)1 << 30)
#define PAIRS_MAX ((size_t)1 << 26)

void kao_pairs_free(kao_pairs *p)
{
    if (p->mem) {
        kao_free(p->mem, p->pairs);
        kao_name_table_fini(&p->names);
    }
    *p = (kao_pairs){ .mem = NULL };
}

void kao_pairs_begin(kao_pairs *p, kao_mem *mem)
{
    *p = (kao_pairs){ .mem = mem };
    kao_name_table_init(&p->names, mem);
}

bool kao_pairs_add(kao_pairs *p, uint32_t a, uint32_t b, bool same)
{
    if (p->n == p->cap) {
        const size_t cap = p->cap ? 2 * p->cap : 1024;
        kao_pair *bigger = cap > PAIRS_MAX
                               ? NULL
                               : kao_grow(p->mem, p->pairs, p->n * sizeof *bigger,
                                          cap * sizeof *bigger);

        if (!bigger)
            return false;
        p->pairs = bigger;
        p->cap = cap;
    }
    p->pairs[p->n++] = (kao_pair){ a, b, same };
    return true;
}

kao_status kao_pairs_of_set(kao_pairs *p, kao_mem *mem, const bool *same, size_t n,
                            kao_error *err)
{
    bool fine = true;

    kao_pairs_begin(p, mem);
    for (size_t i = 0; fine && i < n; i++) {
        uint32_t at[2] = { 0, 0 };

        for (size_t side = 0; fine && side < 2; side++) {
            char name[32];

            snprintf(name, sizeof name, "%zu", 2 * i + side);
            fine = kao_name_number(&p->names, name, &at[side]);
        }
        fine = fine && kao_pairs_add(p, at[0], at[1], same[i]);
    }
    if (fine)
        return KAO_OK;
    kao_pairs_free(p);
    return kao_fail(err, KAO_E_NOMEM, "%zu pairs: out of memory", n);
}

/* ---- lines ---- */

typedef struct list {
    kao_pairs *p;
    const char *file;
    size_t line;        /* counted from 1 */
    size_t folds, half; /* of the LFW head; 0: a list of two paths and a truth */
    size_t n_data;      /* lines that count, the head not */
    kao_error *err;
} list;

static kao_status wrong(const list *l, const char *why)
{
    return kao_fail(l->err, KAO_E_FORMAT, "%s: line %zu: %s", l->file, l->line, why);
}

static bool whole_number(const char *s, size_t most, size_t *v)
{
    *v = 0;
    if (!*s)
        return false;
    for (; *s; s++) {
        if (*s < '0' || *s > '9' || *v > most)
            return false;
        *v = 10 * *v + (size_t)(*s - '0');
    }
    return *v <= most;
}

static kao_status add(list *l, const char *a, const char *b, bool same)
{
    uint32_t x = 0, y = 0;

    if (strcmp(a, b) == 0)
        return wrong(l, "the same picture twice");
    if (l->p->n == PAIRS_MAX)
        return kao_fail(l->err, KAO_E_LIMIT, "%s: line %zu: more than %zu pairs",
                        l->file, l->line, PAIRS_MAX);
    if (!kao_name_number(&l->p->names, a, &x) ||
        !kao_name_number(&l->p->names, b, &y) || !kao_pairs_add(l->p, x, y, same))
        return kao_fail(l->err, KAO_E_NOMEM, "%s: line %zu: out of memory", l->file,
                        l->line);
    return KAO_OK;
}

static kao_status lfw_name(const list *l, const char *person, const char *number,
                           char *to, size_t cap)
{
    size_t v = 0;

    if (!whole_number(number, 9999, &v) || v == 0)
        return kao_fail(l->err, KAO_E_FORMAT,
                        "%s: line %zu: \"%s\" is no number of a picture, 1 to 9999",
                        l->file, l->line, number);
    if ((size_t)snprintf(to, cap, "%s/%s_%04zu.jpg", person, person, v) >= cap)
        return wrong(l, "a name that is too long");
    return KAO_OK;
}

static kao_status take_lfw(list *l, char **f, size_t n)
{
    const bool same = l->n_data % (2 * l->half) < l->half;
    char a[512], b[512];

    if (l->n_data == 2 * l->half * l->folds)
        return kao_fail(l->err, KAO_E_FORMAT,
                        "%s: line %zu: more than the %zu pairs that line 1 states",
                        l->file, l->line, l->n_data);
    if (n != (same ? 3u : 4u))
        return kao_fail(
            l->err, KAO_E_FORMAT,
            "%s: line %zu: %zu fields; wanted \"%s\" (pair %zu of fold %zu)", l->file,
            l->line, n, same ? "name n m" : "name n name m",
            l->n_data % (2 * l->half) + 1, l->n_data / (2 * l->half) + 1);
    kao_status st = lfw_name(l, f[0], f[1], a, sizeof a);

    if (!st)
        st = lfw_name(l, f[same ? 0 : 2], f[same ? 2 : 3], b, sizeof b);
    if (!st && !same && strcmp(f[0], f[2]) == 0)
        st = wrong(l, "the same name twice where different people are listed");
    l->n_data++;
    return st ? st : add(l, a, b, same);
}

static kao_status take_labelled(list *l, char **f, size_t n)
{
    if (n != 3 || strlen(f[2]) != 1 || (f[2][0] != '0' && f[2][0] != '1'))
        return wrong(l, "wanted two paths and 1 (same) or 0 (different), with tabs or "
                        "blanks between");
    l->n_data++;
    return add(l, f[0], f[1], f[2][0] == '1');
}

/* "10 300", or "500" for one fold: then the official form. */
static bool take_head(list *l, char **f, size_t n)
{
    size_t folds = 1, half = 0;

    if (n < 1 || n > 2 || !whole_number(f[n - 1], PAIRS_MAX, &half) || half == 0 ||
        (n == 2 && (!whole_number(f[0], 64, &folds) || folds == 0)))
        return false;
    l->folds = folds;
    l->half = half;
    return true;
}

static kao_status take_line(list *l, char *line, bool *first)
{
    char *f[FIELDS_MAX];
    size_t length = strlen(line);

    while (length > 0 && line[length - 1] == '\r')
        line[--length] = '\0';
    if (line[0] == '#')
        return KAO_OK;
    const size_t n = kao_text_fields(line, f, FIELDS_MAX);

    if (n == 0)
        return KAO_OK;
    if (*first) {
        *first = false;
        if (take_head(l, f, n))
            return KAO_OK;
    }
    return l->half ? take_lfw(l, f, n) : take_labelled(l, f, n);
}

static kao_status take_lines(list *l, char *text)
{
    bool first = true;

    for (char *line = kao_text_begin(text), *next = NULL; line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        l->line++;
        const kao_status st = take_line(l, line, &first);

        if (st)
            return st;
    }
    if (l->n_data == 0)
        return kao_fail(l->err, KAO_E_FORMAT, "%s: no pairs in it", l->file);
    if (l->half && l->n_data != 2 * l->half * l->folds)
        return kao_fail(l->err, KAO_E_FORMAT,
                        "%s: %zu pairs; line 1 states %zu folds of %zu and %zu",
                        l->file, l->n_data, l->folds, l->half, l->half);
    l->p->n_folds = (uint32_t)l->folds;
    return KAO_OK;
}

kao_status kao_pairs_read(kao_pairs *p, kao_mem *mem, kao_span text, const char *file,
                          kao_error *err)
{
    list l = { .p = p, .file = file, .err = err };
    kao_status st = KAO_OK;

    kao_pairs_begin(p, mem);
    if (text.n > TEXT_MAX)
        return kao_fail(err, KAO_E_LIMIT, "%s: more than %zu bytes", file, TEXT_MAX);
    char *copy = kao_calloc(mem, text.n + 1, 1);

    if (!copy) {
        st = kao_fail(err, KAO_E_NOMEM, "%s: out of memory", file);
    } else {
        if (text.n)
            memcpy(copy, text.p, text.n);
        st = strlen(copy) == text.n
                 ? take_lines(&l, copy)
                 : kao_fail(err, KAO_E_FORMAT, "%s: not a text file", file);
    }
    kao_free(mem, copy);
    if (st)
        kao_pairs_free(p);
    return st;
}
