/* The one place that includes jansson.h. */
#include "base/json.h"

#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

static kao_json *wrap(json_t *j)
{
    return (kao_json *)(void *)j;
}

static json_t *unwrap(kao_json *j)
{
    return (json_t *)(void *)j;
}

kao_json *kao_json_object(void)
{
    return wrap(json_object());
}

kao_json *kao_json_array(void)
{
    return wrap(json_array());
}

kao_json *kao_json_string(const char *s)
{
    if (!s)
        return kao_json_null();
    json_t *j = json_string(s); /* NULL for malformed UTF-8 too */

    if (j)
        return wrap(j);
    char *clean = malloc(3 * strlen(s) + 1), *to = clean;

    if (!clean)
        return NULL;
    for (const unsigned char *p = (const unsigned char *)s; *p;) {
        const size_t n = kao_utf8_length(p);

        memcpy(to, n ? (const char *)p : "\xef\xbf\xbd", n ? n : 3);
        to += n ? n : 3;
        p += n ? n : 1;
    }
    *to = '\0';
    j = json_string(clean);
    free(clean);
    return wrap(j);
}

kao_json *kao_json_integer(int64_t v)
{
    return wrap(json_integer(v));
}

kao_json *kao_json_number(double v)
{
    char text[32];

    snprintf(text, sizeof text, "%.9g", v);
    return wrap(isfinite(v) ? json_real(strtod(text, NULL)) : json_null());
}

kao_json *kao_json_wall(double seconds)
{
    return wrap(isfinite(seconds) ? json_real(round(seconds * 1000) / 1000)
                                  : json_null());
}

kao_json *kao_json_float(float v)
{
    char text[32] = "";

    for (int digits = 6; digits <= 9 && isfinite(v); digits++) {
        snprintf(text, sizeof text, "%.*g", digits, (double)v);
        if (strtof(text, NULL) == v)
            break;
    }
    return isfinite(v) ? kao_json_number(strtod(text, NULL)) : kao_json_null();
}

kao_json *kao_json_bool(bool v)
{
    return wrap(json_boolean(v));
}

kao_json *kao_json_null(void)
{
    return wrap(json_null());
}

/* A tree that lost a part gets one that cannot be written: a string that is no UTF-8. So the
 * loss shows in kao_json_text, and callers need no check for each part. (Not a name: jansson
 * writes on behind one that failed.) */
static const char unwritable[] = "\xff";

void kao_json_set(kao_json *object, const char *key, kao_json *child)
{
    if (json_object_set_new(unwrap(object), key, unwrap(child)) != 0)
        json_object_set_new_nocheck(unwrap(object), key,
                                    json_string_nocheck(unwritable));
}

void kao_json_add(kao_json *array, kao_json *child)
{
    if (json_array_append_new(unwrap(array), unwrap(child)) != 0)
        json_array_append_new(unwrap(array), json_string_nocheck(unwritable));
}

typedef struct text {
    char *p;
    size_t n, cap;
    bool failed;
    json_malloc_t alloc; /* jansson's, which tests break */
    json_free_t free;
} text;

/* n bytes more. jansson does not look whether a key was written: once one part is missing,
 * none behind it is taken. */
static int put(const char *s, size_t n, void *opaque)
{
    text *t = opaque;

    if (!t->failed && n > t->cap - t->n) {
        const size_t cap = 2 * (t->n + n);
        char *p = t->alloc(cap);

        if (p && t->n)
            memcpy(p, t->p, t->n);
        if (p)
            t->free(t->p);
        t->p = p ? p : t->p;
        t->cap = p ? cap : t->cap;
        t->failed = !p;
    }
    if (t->failed)
        return -1;
    memcpy(t->p + t->n, s, n);
    t->n += n;
    return 0;
}

char *kao_json_text(kao_json *json)
{
    const size_t flags = JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(13);
    text t = { .p = NULL };

    json_get_alloc_funcs(&t.alloc, &t.free);
    const bool ok = json && json_dump_callback(unwrap(json), put, &t, flags) == 0 &&
                    put("", 1, &t) == 0;

    kao_json_free(json);
    if (ok)
        return t.p;
    t.free(t.p);
    return NULL;
}

bool kao_json_put(kao_json *json, kao_bytes *to)
{
    char *line = kao_json_text(json);
    const bool fine = line && kao_bytes_add(to, line, strlen(line));

    free(line);
    return fine;
}

kao_json *kao_json_hold(kao_json *json)
{
    return wrap(json_incref(unwrap(json)));
}

void kao_json_free(kao_json *json)
{
    json_decref(unwrap(json));
}

/* ---- reading ---- */

static const json_t *look(const kao_json *j)
{
    return (const json_t *)(const void *)j;
}

static const kao_json *part(const json_t *j)
{
    return (const kao_json *)(const void *)j;
}

/* before: lines of the text that stand before these bytes. */
static kao_status parse(kao_json **json, const char *bytes, size_t n, const char *name,
                        size_t before, kao_error *err)
{
    json_error_t e;
    json_t *j = json_loadb(bytes, n, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &e);

    *json = wrap(j);
    if (j)
        return KAO_OK;
    if (json_error_code(&e) == json_error_out_of_memory)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", name);
    return kao_fail(err, KAO_E_FORMAT, "%s: line %zu, column %d: %s", name,
                    before + (size_t)e.line, e.column, e.text);
}

kao_status kao_json_parse(kao_json **json, const char *bytes, size_t n,
                          const char *name, kao_error *err)
{
    return parse(json, bytes, n, name, 0, err);
}

static bool is_blank(const char *line, size_t n)
{
    while (n > 0 && memchr(" \t\r", line[n - 1], 3))
        n--;
    return n == 0;
}

kao_status kao_json_lines(const char *bytes, size_t n, const char *name,
                          kao_status (*take)(void *user, const kao_json *v, size_t line,
                                             kao_error *err),
                          void *user, kao_error *err)
{
    kao_status st = KAO_OK;

    const size_t mark = n >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

    for (size_t at = mark, line = 1; !st && at < n; line++) {
        const char *end = memchr(bytes + at, '\n', n - at);
        const size_t length = end ? (size_t)(end - bytes) - at : n - at;
        kao_json *v = NULL;

        if (!is_blank(bytes + at, length)) {
            st = parse(&v, bytes + at, length, name, line - 1, err);
            if (!st)
                st = take(user, v, line, err);
            kao_json_free(v);
        }
        at += length + 1;
    }
    return st;
}

const kao_json *kao_json_get(const kao_json *object, const char *key)
{
    return object ? part(json_object_get(look(object), key)) : NULL;
}

const kao_json *kao_json_at(const kao_json *array, size_t i)
{
    return array ? part(json_array_get(look(array), i)) : NULL;
}

bool kao_json_is_array(const kao_json *v)
{
    return v && json_is_array(look(v));
}

size_t kao_json_length(const kao_json *array)
{
    return array ? json_array_size(look(array)) : 0;
}

bool kao_json_as_number(const kao_json *v, double *to)
{
    if (!v || !json_is_number(look(v)))
        return false;
    *to = json_number_value(look(v));
    return true;
}

bool kao_json_as_integer(const kao_json *v, int64_t *to)
{
    if (!v || !json_is_integer(look(v)))
        return false;
    *to = (int64_t)json_integer_value(look(v));
    return true;
}

bool kao_json_as_bool(const kao_json *v, bool *to)
{
    if (!v || !json_is_boolean(look(v)))
        return false;
    *to = json_is_true(look(v));
    return true;
}

bool kao_json_as_text(const kao_json *v, const char **to)
{
    if (!v || !json_is_string(look(v)))
        return false;
    *to = json_string_value(look(v));
    return true;
}
