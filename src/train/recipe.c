/* See recipe.h. One row a key. */
#include "train/recipe.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/text.h"

typedef struct key {
    const char *name;
    size_t offset, size; /* size 0: a number */
    double least, most, usual;
    const char *text; /* usual one of a text */
    bool outside;     /* steps do not depend on it */
    bool whole;       /* a number of things */
} key;

#define TEXT(FIELD, USUAL)                                                             \
 .name = #FIELD, .offset = offsetof(kao_recipe, FIELD),                                \
 .size = sizeof(((kao_recipe *)0)->FIELD), .text = (USUAL)
#define NUMBER(FIELD, LEAST, MOST, USUAL)                                              \
 .name = #FIELD, .offset = offsetof(kao_recipe, FIELD), .least = (LEAST),              \
 .most = (MOST), .usual = (USUAL)
#define OUTSIDE .outside = true
#define WHOLE   .whole = true

static const key keys[] = {
    { TEXT(task, "detector") },
    { TEXT(name, "kao-detect") },
    { TEXT(data, ""), OUTSIDE },
    { TEXT(scenes, "scenes") },
    { TEXT(faces, "") },
    { TEXT(boxes, "") },
    { TEXT(pictures, "") },
    { TEXT(classes, "") },
    { TEXT(teacher, ""), OUTSIDE },
    { TEXT(license, ""), OUTSIDE },
    { TEXT(note, ""), OUTSIDE },
    { NUMBER(threshold, 0, 1, 0), OUTSIDE },
    { NUMBER(halves, 0, 1, 0), OUTSIDE },
    { NUMBER(restate, 0, 1e6, 0), WHOLE, OUTSIDE },
    { TEXT(loss, "combined") },
    { TEXT(guard, "hard") },
    { TEXT(gradient, "exact") },
    { NUMBER(scale, 0.1, 1000, 64) },
    { NUMBER(m1, 0.1, 4, 1) },
    { NUMBER(m2, 0, 3, 0) },
    { NUMBER(m3, 0, 2, 0) },
    { NUMBER(margin_warm_up, 0, 1e9, 0) },
    { NUMBER(centers, 1, 100, 1), WHOLE },
    { NUMBER(partial, 0.0001, 1, 1) },
    { NUMBER(intra, 0, 1e6, 0) },
    { NUMBER(inter, 0, 1e6, 0) },
    { NUMBER(triplet, 0, 1e6, 0) },
    { NUMBER(triplet_margin, 0, 3, 0.35) },
    { NUMBER(least_pictures, 1, 1e6, 2), WHOLE },
    { NUMBER(dim, 2, 4096, 192), WHOLE },
    { NUMBER(relation, 0, 1e6, 0) },
    { NUMBER(masks, 0, 1, 0) },
    { NUMBER(mirror_from, 0, 1e9, 0) },
    { NUMBER(width, 4, 256, 16), WHOLE },
    { NUMBER(size, 64, 1024, 320), WHOLE },
    { NUMBER(batch, 1, 1024, 32), WHOLE },
    { NUMBER(accumulate, 1, 1024, 1), WHOLE },
    { NUMBER(norm_group, 0, 1024, 0), WHOLE },
    { TEXT(precision, "float32") },
    { TEXT(optimizer, "adamw") },
    { TEXT(schedule, "constant") },
    { TEXT(drops, "") },
    { NUMBER(momentum, 0, 1, 0.9) },
    { NUMBER(rate, 0, 10, 2e-3) },
    { NUMBER(warm_up, 0, 1e9, 500) },
    { NUMBER(decay, 0, 1, 1e-4) },
    { NUMBER(clip, 0, 1e9, 5) },
    { NUMBER(mean_decay, 0, 1, 0.999) },
    { NUMBER(steps, 1, 1e9, 30000), WHOLE, OUTSIDE },
    { NUMBER(cool_down, 0, 1, 0.15), OUTSIDE },
    { NUMBER(seed, 0, 4294967295.0, 1), WHOLE },
    { NUMBER(checkpoint_minutes, 0.01, 1e4, 10), OUTSIDE },
};

enum { N_KEYS = sizeof keys / sizeof keys[0] };

/* Letters to change, add or drop (Levenshtein), to name the key that may be meant. */
static size_t distance(const char *a, const char *b)
{
    size_t row[64];
    const size_t n = strlen(b) < 63 ? strlen(b) : 63;

    for (size_t i = 0; i <= n; i++)
        row[i] = i;
    for (size_t y = 1; *a; a++, y++) {
        size_t corner = row[0];

        row[0] = y;
        for (size_t i = 1; i <= n; i++) {
            const size_t change = corner + (a[0] != b[i - 1]);
            const size_t least = row[i] < row[i - 1] ? row[i] + 1 : row[i - 1] + 1;

            corner = row[i];
            row[i] = change < least ? change : least;
        }
    }
    return row[n];
}

static const key *nearest(const char *name)
{
    const key *best = &keys[0];

    for (int i = 1; i < N_KEYS; i++)
        if (distance(name, keys[i].name) < distance(name, best->name))
            best = &keys[i];
    return best;
}

static kao_status set(kao_recipe *r, const char *name, const char *value,
                      const char *where, kao_error *err)
{
    const key *k = NULL;
    double v = 0;

    for (int i = 0; i < N_KEYS; i++)
        if (strcmp(keys[i].name, name) == 0)
            k = &keys[i];
    if (!k)
        return kao_fail(err, KAO_E_FORMAT, "%s: unknown key \"%.40s\": %s is one",
                        where, name, nearest(name)->name);
    if (k->size) {
        if (strlen(value) >= k->size)
            return kao_fail(err, KAO_E_LIMIT, "%s: %s has more than %zu characters",
                            where, name, k->size - 1);
        memcpy((char *)r + k->offset, value, strlen(value) + 1);
        return KAO_OK;
    }
    const char *p = value;

    if (!kao_text_number(&p, &v) || *p || v < k->least || v > k->most ||
        (k->whole && v > floor(v)))
        return kao_fail(err, KAO_E_FORMAT,
                        "%s: %s = %.40s: wanted a %snumber from %g to %g", where, name,
                        value, k->whole ? "whole " : "", k->least, k->most);
    memcpy((char *)r + k->offset, &v, sizeof v);
    return KAO_OK;
}

/* "key = value" in place. */
static kao_status set_line(kao_recipe *r, char *line, const char *where, kao_error *err)
{
    char *equals = strchr(line, '=');

    if (!equals)
        return kao_fail(err, KAO_E_FORMAT, "%s is not \"key = value\"", where);
    *equals = '\0';
    return set(r, kao_text_trim(line), kao_text_trim(equals + 1), where, err);
}

static void set_usual(kao_recipe *r)
{
    memset(r, 0, sizeof *r);
    for (int i = 0; i < N_KEYS; i++)
        if (keys[i].size)
            memcpy((char *)r + keys[i].offset, keys[i].text, strlen(keys[i].text) + 1);
        else
            memcpy((char *)r + keys[i].offset, &keys[i].usual, sizeof keys[i].usual);
}

kao_status kao_recipe_read(kao_recipe *r, kao_mem *mem, const char *path,
                           kao_error *err)
{
    kao_file f = { 0 };
    kao_status st = kao_file_open(&f, mem, path, 1 << 20, err);

    set_usual(r);
    if (st)
        return st;
    char *text = kao_calloc(mem, f.bytes.n + 1, 1);
    int number = 0;

    if (!text)
        st = kao_fail(err, KAO_E_NOMEM, "%s: out of memory", path);
    else
        memcpy(text, f.bytes.p, f.bytes.n);
    for (char *line = text ? kao_text_begin(text) : NULL, *next = NULL; !st && line;
         line = next) {
        char where[128];

        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        snprintf(where, sizeof where, "%.90s: line %d", path, ++number);
        line = kao_text_trim(line);
        if (line[0] && line[0] != '#')
            st = set_line(r, line, where, err);
    }
    kao_free(mem, text);
    kao_file_close(&f);
    return st;
}

kao_status kao_recipe_set(kao_recipe *r, const char *assignment, kao_error *err)
{
    char line[KAO_RECIPE_TEXT + 64];

    if (strlen(assignment) >= sizeof line)
        return kao_fail(err, KAO_E_LIMIT, "%.40s: too long", assignment);
    memcpy(line, assignment, strlen(assignment) + 1);
    return set_line(r, line, assignment, err);
}

bool kao_recipe_is_bf16(const kao_recipe *r)
{
    return strcmp(r->precision, "bfloat16") == 0;
}

void kao_recipe_hash(const kao_recipe *r, char text[KAO_SHA256_TEXT])
{
    char all[6 * KAO_RECIPE_TEXT + N_KEYS * 64];
    size_t n = 0;

    for (int i = 0; i < N_KEYS; i++) {
        const key *k = &keys[i];
        const char *at = (const char *)r + k->offset;
        double v = 0;

        if (!k->size)
            memcpy(&v, at, sizeof v);
        if (k->outside ||
            (k->size ? strcmp(at, k->text) == 0 : !(v < k->usual || v > k->usual)))
            continue;
        n +=
            (size_t)(k->size
                         ? snprintf(all + n, sizeof all - n, "%s=%s\n", k->name, at)
                         : snprintf(all + n, sizeof all - n, "%s=%.17g\n", k->name, v));
    }
    kao_sha256((kao_span){ (const uint8_t *)all, n }, text);
}
