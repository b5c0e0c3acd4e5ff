/* See groups.h. */
#include "eval/groups.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "kao/embedder.h"

enum { FIELDS_MAX = 256, NAME_BYTES = 512 };

typedef struct list {
    kao_groups *g;
    const char *file, *by;
    size_t line;
    size_t chosen[FIELDS_MAX]; /* fields that make a group, counted from 0 */
    size_t n_chosen, most;     /* groups */
    kao_error *err;
} list;

static kao_status wrong(const list *l, const char *why)
{
    return kao_fail(l->err, KAO_E_FORMAT, "%s: line %zu: %s", l->file, l->line, why);
}

/* ---- which fields ---- */

static bool is_word(const char *word, size_t n, const char *text)
{
    return strncmp(word, text, n) == 0 && text[n] == '\0';
}

/* The fields of a line; a gap of two tabs, which a table has where a value is missing, would shift those
 * behind it, and one at the end lose the last. */
static kao_status split(const list *l, char *line, char *f[FIELDS_MAX + 1], size_t *n)
{
    const size_t end = strcspn(line, "\r");

    if (line[0] == '\t' || strstr(line, "\t\t") || (end && line[end - 1] == '\t'))
        return wrong(l, "an empty field: - may stand where there is nothing");
    *n = kao_text_fields(line, f, FIELDS_MAX + 1);
    return *n <= FIELDS_MAX
               ? KAO_OK
               : kao_fail(l->err, KAO_E_LIMIT, "%s: line %zu: more than %d fields",
                          l->file, l->line, FIELDS_MAX);
}

/* A field by number or, where the list names them, by name; FIELDS_MAX: neither. */
static size_t field_of(const char *word, size_t n, char **names, size_t n_names)
{
    size_t v = 0;

    for (size_t i = 0; i < n_names; i++)
        if (is_word(word, n, names[i]))
            return i;
    for (size_t i = 0; i < n; i++) {
        if (word[i] < '0' || word[i] > '9' || v > FIELDS_MAX)
            return FIELDS_MAX;
        v = 10 * v + (size_t)(word[i] - '0');
    }
    return v >= 2 && v <= FIELDS_MAX ? v - 1 : FIELDS_MAX;
}

static kao_status choose(list *l, char **names, size_t n_names)
{
    l->n_chosen = 0;
    for (const char *s = l->by; s; s = strchr(s, ',') ? strchr(s, ',') + 1 : NULL) {
        const size_t n = strcspn(s, ","), field = field_of(s, n, names, n_names);

        if (n == 0 || field == FIELDS_MAX || l->n_chosen == FIELDS_MAX)
            return kao_fail(l->err, KAO_E_ARG,
                            "%s: no field \"%.*s\": wanted numbers from 2 on, or names "
                            "that a first line beginning with # gives",
                            l->file, (int)n, s);
        l->chosen[l->n_chosen++] = field;
    }
    return KAO_OK;
}

/* ---- lines ---- */

static kao_status join(const list *l, char **f, size_t n, char to[NAME_BYTES])
{
    const size_t count = l->by ? l->n_chosen : n - 1;
    size_t at = 0;

    for (size_t i = 0; i < count; i++) {
        const size_t field = l->by ? l->chosen[i] : i + 1;

        if (field >= n)
            return kao_fail(l->err, KAO_E_FORMAT,
                            "%s: line %zu: %zu fields; field %zu is wanted", l->file,
                            l->line, n, field + 1);
        at +=
            (size_t)snprintf(to + at, NAME_BYTES - at, "%s%s", i ? " " : "", f[field]);
        if (at >= NAME_BYTES)
            return wrong(l, "a group's name that is too long");
    }
    return KAO_OK;
}

static bool widen(kao_groups *g)
{
    const size_t cap = g->cap ? 2 * g->cap : 512;
    uint32_t *bigger =
        kao_grow(g->mem, g->group, g->cap * sizeof *bigger, cap * sizeof *bigger);

    if (bigger) {
        g->group = bigger;
        g->cap = cap;
    }
    return bigger != NULL;
}

static kao_status take_line(list *l, char *line)
{
    kao_groups *g = l->g;
    char *f[FIELDS_MAX + 1], name[NAME_BYTES] = "";
    uint32_t picture = 0, group = 0;
    const size_t n_before = g->pictures.n;
    size_t n = 0;
    kao_status st = split(l, line, f, &n);

    if (st || n == 0)
        return st;
    if (n < 2)
        return wrong(l, "wanted a path and at least one field");
    st = join(l, f, n, name);
    if (st)
        return st;
    if ((g->pictures.n == g->cap && !widen(g)) ||
        !kao_name_number(&g->pictures, f[0], &picture) ||
        !kao_name_number(&g->groups, name, &group))
        return kao_fail(l->err, KAO_E_NOMEM, "%s: out of memory", l->file);
    if (g->pictures.n == n_before)
        return wrong(l, "a picture that has a line already");
    if (g->groups.n > l->most)
        return kao_fail(l->err, KAO_E_LIMIT, "%s: line %zu: more than %zu groups",
                        l->file, l->line, l->most);
    g->group[picture] = group;
    return KAO_OK;
}

static kao_status take_lines(list *l, char *text)
{
    bool named = false;
    kao_status st = choose(l, NULL, 0);
    kao_status by_number = st; /* names may still come */

    for (char *line = kao_text_begin(text), *next = NULL; line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        l->line++;
        if (line[0] == '#' && !named) {
            char *names[FIELDS_MAX + 1];
            size_t n = 0;

            named = true;
            kao_text_drop_brackets(line);
            st = split(l, line + 1, names, &n);
            if (st)
                return st;
            by_number = choose(l, names, n);
        }
        if (line[0] == '#')
            continue;
        st = by_number ? by_number : take_line(l, line);
        if (st)
            return st;
    }
    return l->g->pictures.n
               ? KAO_OK
               : kao_fail(l->err, KAO_E_FORMAT, "%s: no pictures in it", l->file);
}

kao_status kao_groups_read(kao_groups *g, kao_mem *mem, kao_span text, const char *file,
                           const char *by, size_t most, kao_error *err)
{
    list l = { .g = g, .file = file, .by = by, .most = most, .err = err };
    char *copy = kao_calloc(mem, text.n + 1, 1);
    kao_status st = KAO_OK;

    *g = (kao_groups){ .mem = mem };
    kao_name_table_init(&g->pictures, mem);
    kao_name_table_init(&g->groups, mem);
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
        kao_groups_free(g);
    return st;
}

void kao_groups_free(kao_groups *g)
{
    if (g->mem) {
        kao_name_table_fini(&g->pictures);
        kao_name_table_fini(&g->groups);
        kao_free(g->mem, g->group);
    }
    *g = (kao_groups){ .mem = NULL };
}

/* ---- matches ---- */

void kao_count_matches(const float *vectors, size_t dim, const uint32_t *group,
                       const bool *usable, bool reject, size_t n, float threshold,
                       size_t n_groups, kao_match_count *cells)
{
    memset(cells, 0, n_groups * n_groups * sizeof *cells);
    for (size_t i = 0; i < n; i++)
        for (size_t k = i + 1; k < n; k++) {
            const bool both = usable[i] && usable[k];

            if (!both && !reject)
                continue;
            const size_t a = group[i] < group[k] ? group[i] : group[k],
                         b = group[i] < group[k] ? group[k] : group[i];
            kao_match_count *c = &cells[a * n_groups + b];

            c->pairs++;
            c->matches += both && kao_similarity(vectors + i * dim, vectors + k * dim,
                                                 dim) >= threshold;
        }
}
