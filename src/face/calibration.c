/* Calibration curves: points (similarity, log10 FAR), straight lines between them.
 *
 * A tail of false accepts falls nearly exponentially with the similarity, so the logarithm of
 * the rate is what is interpolated. In a card a curve is one line,
 *
 *     calibration.concat = 0.21:-1 0.33:-2 0.45:-3 0.55:-4 0.63:-5~
 *
 * similarity:log10, similarities rising and rates falling; points marked ~ come from a fitted
 * tail. calibration.concat.GROUP is the curve within a group. */
#include "face/calibration.h"

#include <math.h>
#include <string.h>

#include "base/text.h"

enum { CURVES_MAX = 96, POINTS_MAX = 64 };

typedef struct point {
    double similarity, log_far;
    bool fitted;
} point;

typedef struct curve {
    kao_tta tta;
    const char *group; /* "": all pairs; borrowed from the card */
    point points[POINTS_MAX];
    size_t n;
} curve;

struct kao_calibration {
    kao_mem *mem;
    size_t n;
    curve curves[];
};

static const char *const tta_names[] = { "none", "concat", "sum" };

/* "calibration.TTA" or "calibration.TTA.GROUP"; false: another key. Keys are printed, so a
 * group's name is clean text. */
static bool parse_key(const char *key, kao_tta *tta, const char **group)
{
    if (strncmp(key, "calibration.", 12) != 0)
        return false;
    const char *s = key + 12;

    for (size_t i = 0; i < sizeof tta_names / sizeof tta_names[0]; i++) {
        const size_t n = strlen(tta_names[i]);

        if (strncmp(s, tta_names[i], n) == 0 &&
            (!s[n] || (s[n] == '.' && s[n + 1] && kao_text_is_clean(s)))) {
            *tta = (kao_tta)i;
            *group = s[n] ? s + n + 1 : "";
            return true;
        }
    }
    return false;
}

bool kao_calibration_is_key(const char *key)
{
    kao_tta tta;
    const char *group = NULL;

    return parse_key(key, &tta, &group);
}

static bool parse_point(const char **s, point *p)
{
    if (!kao_text_number(s, &p->similarity) || **s != ':')
        return false;
    (*s)++;
    if (!kao_text_number(s, &p->log_far))
        return false;
    p->fitted = **s == '~';
    *s += p->fitted;
    return **s == ' ' || **s == '\0';
}

/* Behind the one before: further right, lower, and fitted if that one was. */
static bool follows(const point *a, const point *b)
{
    return b->similarity > a->similarity && b->log_far < a->log_far &&
           (b->fitted || !a->fitted);
}

static bool parse_curve(curve *c, const char *s)
{
    c->n = 0;
    while (*s) {
        point p;

        if (c->n == POINTS_MAX || !parse_point(&s, &p) || p.similarity < -1 ||
            p.similarity > 1 || p.log_far > 0 ||
            (c->n && !follows(&c->points[c->n - 1], &p)))
            return false;
        c->points[c->n++] = p;
        while (*s == ' ')
            s++;
    }
    return c->n >= 2;
}

kao_status kao_calibration_build(kao_calibration **out, kao_mem *mem,
                                 const kao_card *card, const char *name, kao_error *err)
{
    const char *key = NULL, *value = NULL, *group = NULL;
    kao_tta tta;
    size_t n = 0;

    *out = NULL;
    for (size_t i = 0; kao_card_row(card, i, &key, NULL, NULL); i++)
        n += parse_key(key, &tta, &group);
    if (n > CURVES_MAX)
        return kao_fail(err, KAO_E_LIMIT,
                        "%s: card: %zu calibration curves, at most %d", name, n,
                        CURVES_MAX);
    kao_calibration *c = kao_calloc(mem, 1, sizeof *c + n * sizeof c->curves[0]);

    if (!c)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", name);
    c->mem = mem;
    for (size_t i = 0; kao_card_row(card, i, &key, &value, NULL); i++) {
        if (!parse_key(key, &tta, &group))
            continue;
        curve *at = &c->curves[c->n++];

        at->tta = tta;
        at->group = group;
        if (!parse_curve(at, value)) {
            kao_calibration_destroy(c);
            return kao_fail(err, KAO_E_FORMAT,
                            "%s: card: %s: wanted similarity:log10(FAR) points, "
                            "rising and falling",
                            name, key);
        }
    }
    *out = c;
    return KAO_OK;
}

void kao_calibration_destroy(kao_calibration *c)
{
    if (c)
        kao_free(c->mem, c);
}

/* ---- looking up ---- */

static const curve *find(const kao_calibration *c, kao_tta tta, const char *group)
{
    for (size_t i = 0; c && i < c->n; i++)
        if (c->curves[i].tta == tta &&
            strcmp(c->curves[i].group, group ? group : "") == 0)
            return &c->curves[i];
    return NULL;
}

/* A caller that knows less than the first kao_rate had is wrong. */
static bool has_room(const kao_rate *rate)
{
    return rate && (rate->size == 0 || rate->size >= sizeof *rate);
}

static void give(kao_rate *rate, double similarity, double log_far, bool fitted)
{
    rate->extrapolated = fitted;
    rate->far = pow(10, log_far);
    rate->similarity = (float)similarity;
}

/* A similarity is a float, a curve's points are decimal numbers: the float nearest to a point
 * is that point. */
static double on_curve(const curve *k, float similarity)
{
    for (size_t i = 0; i < k->n; i++)
        if ((float)k->points[i].similarity == similarity)
            return k->points[i].similarity;
    return (double)similarity;
}

int kao_calibration_threshold(const kao_calibration *c, kao_tta tta, double far,
                              const char *group, kao_rate *rate)
{
    const curve *k = find(c, tta, group);
    const double want = far > 0 && far < 1 ? log10(far) : 1;

    if (!k || !has_room(rate) || want > k->points[0].log_far)
        return 0;
    for (size_t i = 1; i < k->n; i++) {
        const point *a = &k->points[i - 1], *b = &k->points[i];

        if (want < b->log_far)
            continue;
        const double part = (a->log_far - want) / (a->log_far - b->log_far);

        give(rate, a->similarity + part * (b->similarity - a->similarity), want,
             b->fitted && part > 0);
        return 1;
    }
    return 0;
}

int kao_calibration_far(const kao_calibration *c, kao_tta tta, float similarity,
                        const char *group, kao_rate *rate)
{
    const curve *k = find(c, tta, group);
    const double want = k ? on_curve(k, similarity) : 0;

    if (!k || !has_room(rate) || !(want >= k->points[0].similarity))
        return 0;
    for (size_t i = 1; i < k->n; i++) {
        const point *a = &k->points[i - 1], *b = &k->points[i];

        if (want > b->similarity)
            continue;
        const double part = (want - a->similarity) / (b->similarity - a->similarity);

        give(rate, want, a->log_far + part * (b->log_far - a->log_far),
             b->fitted && part > 0);
        return 1;
    }
    return 0;
}

const char *kao_calibration_group(const kao_calibration *c, kao_tta tta, size_t i)
{
    for (size_t k = 0; c && k < c->n; k++)
        if (c->curves[k].tta == tta && c->curves[k].group[0] && i-- == 0)
            return c->curves[k].group;
    return NULL;
}
