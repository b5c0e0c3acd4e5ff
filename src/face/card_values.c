/* Typed access to a card's values: numbers, sizes, words. */
#include "face/card.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

/* A number, or a quotient of two: 1/128. */
static bool parse_quotient(const char **p, double *out)
{
    double below = 1;

    if (!kao_text_number(p, out))
        return false;
    if (**p != '/')
        return true;
    (*p)++;
    if (!kao_text_number(p, &below) || below == 0)
        return false;
    *out /= below;
    return true;
}

/* At most n numbers of a key; *read: how many. */
static kao_status read_floats(const kao_card *c, const char *key, float *to, size_t n,
                              bool one_for_all, size_t *read, kao_error *err)
{
    const char *value = kao_card_get(c, key), *p = value;
    bool ok = true;
    size_t k = 0;

    *read = 0;
    if (!value)
        return KAO_OK;
    for (; ok && k < n && *p; k++) {
        double v = 0;

        ok = parse_quotient(&p, &v) && fabs(v) <= (double)FLT_MAX &&
             (!*p || *p == ' ' || *p == ',');
        to[k] = ok ? (float)v : 0;
        p += strspn(p, " ,");
    }
    if (!ok || *p || (k != n && !(one_for_all && k == 1)))
        return kao_fail(err, KAO_E_FORMAT, "card: %s = %.60s: wanted %zu number%s", key,
                        value, n, n == 1 ? "" : "s");
    *read = k;
    return KAO_OK;
}

kao_status kao_card_floats(const kao_card *c, const char *key, float *to, size_t n,
                           kao_error *err)
{
    size_t read = 0;
    const kao_status st = read_floats(c, key, to, n, true, &read, err);

    for (size_t i = read; read && i < n; i++)
        to[i] = to[0];
    return st;
}

kao_status kao_card_each(const kao_card *c, const char *key, float *to, size_t n,
                         kao_error *err)
{
    size_t read = 0;

    return read_floats(c, key, to, n, false, &read, err);
}

kao_status kao_card_number(const kao_card *c, const char *key, double *to,
                           kao_error *err)
{
    const char *value = kao_card_get(c, key), *p = value;
    double v = 0;

    if (!value)
        return KAO_OK;
    if (!parse_quotient(&p, &v) || *p)
        return kao_fail(err, KAO_E_FORMAT, "card: %s = %.60s: wanted one number", key,
                        value);
    *to = v;
    return KAO_OK;
}

kao_status kao_card_share(const kao_card *c, const char *key, float least, float *to,
                          kao_error *err)
{
    float v = *to;
    const kao_status st = kao_card_floats(c, key, &v, 1, err);

    if (st || !kao_card_get(c, key))
        return st;
    if (v < least || v > 1)
        return kao_fail(err, KAO_E_FORMAT,
                        "card: %s = %.60s: wanted a number from %.0f to 1", key,
                        kao_card_get(c, key), (double)least);
    *to = v;
    return KAO_OK;
}

/* Digits alone: strtoul would take signs and spaces, too, and bring -18446744073709551504 to 112. */
static bool parse_side(const char **p, uint32_t *to)
{
    char *end = NULL;

    if (**p < '0' || **p > '9')
        return false;
    const unsigned long v = strtoul(*p, &end, 10);

    *p = end;
    *to = v <= 16384 ? (uint32_t)v : 0;
    return *to > 0;
}

bool kao_card_parse_size(const char *value, uint32_t *width, uint32_t *height)
{
    const char *p = value;
    bool ok = parse_side(&p, width);

    *height = *width;
    if (ok && *p == 'x') {
        p++;
        ok = parse_side(&p, height);
    }
    return ok && !*p;
}

kao_status kao_card_size(const kao_card *c, const char *key, uint32_t *width,
                         uint32_t *height, kao_error *err)
{
    const char *value = kao_card_get(c, key);
    uint32_t w = 0, h = 0;

    if (!value)
        return KAO_OK;
    if (!kao_card_parse_size(value, &w, &h))
        return kao_fail(err, KAO_E_FORMAT, "card: %s = %.60s: wanted WIDTHxHEIGHT", key,
                        value);
    *width = w;
    *height = h;
    return KAO_OK;
}

kao_status kao_card_word(const kao_card *c, const char *key, const char *const *words,
                         size_t n, int *index, kao_error *err)
{
    const char *value = kao_card_get(c, key);
    char list[120] = "";
    size_t at = 0;

    if (!value)
        return KAO_OK;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(value, words[i]) == 0) {
            *index = (int)i;
            return KAO_OK;
        }
        if (at < sizeof list)
            at += (size_t)snprintf(list + at, sizeof list - at, "%s%s", i ? ", " : "",
                                   words[i]);
    }
    return kao_fail(err, KAO_E_UNSUPPORTED, "card: %s = %.60s: one of %s", key, value,
                    list);
}
