/* Calibration curves: points (similarity, log10 FAR), straight lines between them.
 *
 * A tail of false accepts falls nearly exponentially with the similarity, so the logarithm of
 * the rate is what is interpolated. In a card a curve is one line,
 *
 *     calibration.concat = 0.21:-1 0.33:-2 0.45:-3 0.55:-4 0.63:-5~
 *
 * similarity:log10, similarities rising and rates falling; points marked ~ come from a fitted
 * tail. calibration.concat.GROUP is the curve within a group. Beside them stand
 *
 *     likelihood.concat = 15.2 -5.4 17        logarithm = 15.2 * similarity - 5.4, within +-17
 *     same.concat = 8131 0.21:0.01 ..         pairs of the same person; shares below (same.h)
 *     calibrated.concat = what it was measured on
 *
 * All for one use of the mirrored picture come from one source of the card (a sidecar, say): a
 * user's own curves are not mixed with those that the model came with. */
#include "face/calibration.h"

#include <math.h>
#include <string.h>

#include "base/text.h"
#include "face/same.h"

enum { CURVES_MAX = 96, POINTS_MAX = 64 };

static const double least_log_far = -300; /* a lower rate is no number that is not 0 */
static const double most_log_ratio = 700; /* e to more is no number */

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

typedef struct likelihood {
    double slope, offset, most;
} likelihood;

enum { TTAS = KAO_TTA_SUM + 1 };

struct kao_calibration {
    kao_mem *mem;
    bool has_likelihood[TTAS];
    likelihood likelihood[TTAS];
    const char *measured_on[TTAS]; /* borrowed from the card */
    kao_same same[TTAS];
    size_t n;
    curve curves[];
};

static const char *const tta_names[] = { "none", "concat", "sum" };

typedef enum kind { CURVE, LIKELIHOOD, MEASURED_ON, SAME } kind;

typedef struct name {
    kind kind;
    kao_tta tta;
    const char *group; /* of a curve */
} name;

/* "calibration.TTA", "calibration.TTA.GROUP", "likelihood.TTA", "calibrated.TTA", "same.TTA";
 * false: another key. Keys are printed, so a group's name is clean text. */
static bool parse_key(const char *key, name *to)
{
    static const char *const kinds[] = { "calibration.", "likelihood.", "calibrated.",
                                         "same." };

    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        const size_t head = strlen(kinds[k]);

        if (strncmp(key, kinds[k], head) != 0)
            continue;
        const char *s = key + head;

        for (size_t i = 0; i < TTAS; i++) {
            const size_t n = strlen(tta_names[i]);

            if (strncmp(s, tta_names[i], n) == 0 &&
                (!s[n] ||
                 (k == CURVE && s[n] == '.' && s[n + 1] && kao_text_is_clean(s)))) {
                *to = (name){ .kind = (kind)k,
                              .tta = (kao_tta)i,
                              .group = s[n] ? s + n + 1 : "" };
                return true;
            }
        }
    }
    return false;
}

bool kao_calibration_is_key(const char *key)
{
    name n;

    return parse_key(key, &n);
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
            p.similarity > 1 || p.log_far > 0 || p.log_far < least_log_far ||
            (c->n && !follows(&c->points[c->n - 1], &p)))
            return false;
        c->points[c->n++] = p;
        while (*s == ' ')
            s++;
    }
    return c->n >= 2;
}

static bool parse_likelihood(likelihood *l, const char *s)
{
    double *const to[] = { &l->slope, &l->offset, &l->most };

    for (size_t i = 0; i < 3; i++) {
        while (*s == ' ')
            s++;
        if (!kao_text_number(&s, to[i]) || (*s && *s != ' '))
            return false;
    }
    return !*s && l->slope > 0 && l->most > 0 && l->most <= most_log_ratio;
}

static kao_status parse_row(kao_calibration *c, const name *n, const char *key,
                            const char *value, const char *model, kao_error *err)
{
    if (n->kind == MEASURED_ON) {
        c->measured_on[n->tta] = value;
        return KAO_OK;
    }
    if (n->kind == LIKELIHOOD) {
        c->has_likelihood[n->tta] = true;
        return parse_likelihood(&c->likelihood[n->tta], value)
                   ? KAO_OK
                   : kao_fail(err, KAO_E_FORMAT,
                              "%s: card: %s: wanted slope, offset and the largest "
                              "logarithm; slope and that above 0, that 700 at most",
                              model, key);
    }
    if (n->kind == SAME)
        return kao_same_parse(&c->same[n->tta], value)
                   ? KAO_OK
                   : kao_fail(err, KAO_E_FORMAT,
                              "%s: card: %s: wanted the number of pairs and "
                              "similarity:share points, both rising, shares 0 to 1",
                              model, key);
    curve *at = &c->curves[c->n++];

    at->tta = n->tta;
    at->group = n->group;
    return parse_curve(at, value)
               ? KAO_OK
               : kao_fail(err, KAO_E_FORMAT,
                          "%s: card: %s: wanted similarity:log10(FAR) points, "
                          "rising and falling",
                          model, key);
}

/* For each use of the mirrored picture the source of its first row, and how many curves there
 * are. */
static size_t find_sources(const kao_card *card, const char *sources[TTAS])
{
    const char *key = NULL, *source = NULL;
    name is;
    size_t n = 0;

    for (size_t i = 0; kao_card_row(card, i, &key, NULL, &source); i++) {
        if (!parse_key(key, &is))
            continue;
        if (!sources[is.tta])
            sources[is.tta] = source;
        n += is.kind == CURVE;
    }
    return n;
}

kao_status kao_calibration_build(kao_calibration **out, kao_mem *mem,
                                 const kao_card *card, const char *name_of_model,
                                 kao_error *err)
{
    const char *key = NULL, *value = NULL, *source = NULL, *sources[TTAS] = { NULL };
    const size_t n = find_sources(card, sources);
    kao_status st = KAO_OK;
    name is;

    *out = NULL;
    if (n > CURVES_MAX)
        return kao_fail(err, KAO_E_LIMIT,
                        "%s: card: %zu calibration curves, at most %d", name_of_model,
                        n, CURVES_MAX);
    kao_calibration *c = kao_calloc(mem, 1, sizeof *c + n * sizeof c->curves[0]);

    if (!c)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", name_of_model);
    c->mem = mem;
    for (size_t i = 0; !st && kao_card_row(card, i, &key, &value, &source); i++)
        if (parse_key(key, &is) && strcmp(source, sources[is.tta]) == 0)
            st = parse_row(c, &is, key, value, name_of_model, err);
    if (st) {
        kao_calibration_destroy(c);
        return st;
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
    return rate && (rate->size == 0 || rate->size >= offsetof(kao_rate, bound));
}

static bool knows_bound(const kao_rate *rate)
{
    return rate->size >= offsetof(kao_rate, bound) + sizeof rate->bound;
}

static void give(kao_rate *rate, double similarity, double log_far, bool fitted)
{
    rate->extrapolated = fitted;
    rate->far = pow(10, log_far);
    rate->similarity = (float)similarity;
    if (knows_bound(rate))
        rate->bound = 0;
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
             part > 0 ? b->fitted : a->fitted);
        return 1;
    }
    return 0;
}

/* Beyond the curve's end at p. */
static int give_bound(kao_rate *rate, double similarity, const point *p, int32_t bound)
{
    if (!knows_bound(rate))
        return 0;
    give(rate, similarity, p->log_far, p->fitted);
    rate->bound = bound;
    return 1;
}

int kao_calibration_far(const kao_calibration *c, kao_tta tta, float similarity,
                        const char *group, kao_rate *rate)
{
    const curve *k = find(c, tta, group);
    const double want = k ? on_curve(k, similarity) : 0;

    if (!k || !has_room(rate) || isnan(want))
        return 0;
    if (want < k->points[0].similarity)
        return give_bound(rate, want, &k->points[0], -1);
    for (size_t i = 1; i < k->n; i++) {
        const point *a = &k->points[i - 1], *b = &k->points[i];

        if (want > b->similarity)
            continue;
        const double part = (want - a->similarity) / (b->similarity - a->similarity);

        give(rate, want, a->log_far + part * (b->log_far - a->log_far),
             part > 0 ? b->fitted : a->fitted);
        return 1;
    }
    return give_bound(rate, want, &k->points[k->n - 1], 1);
}

/* ---- groups ---- */

/* Whether a group's rate is the higher one: of two that are "so much at least", whose curve
 * begins at the higher similarity. */
static bool is_worse(const kao_rate *a, const curve *of_a, const kao_rate *b,
                     const curve *of_b)
{
    if (!of_b || a->far != b->far)
        return !of_b || a->far > b->far;
    return of_a->points[0].similarity > of_b->points[0].similarity;
}

int kao_calibration_worst(const kao_calibration *c, kao_tta tta, float similarity,
                          kao_rate *rate, const char **group)
{
    kao_rate worst = { .size = sizeof worst };
    const curve *of = NULL;

    for (size_t i = 0; has_room(rate) && c && i < c->n; i++) {
        const curve *k = &c->curves[i];
        kao_rate own = { .size = sizeof own };

        if (k->tta == tta && k->group[0] &&
            kao_calibration_far(c, tta, similarity, k->group, &own) && own.bound <= 0 &&
            is_worse(&own, k, &worst, of)) {
            worst = own;
            of = k;
        }
    }
    if (!of || !kao_calibration_far(c, tta, similarity, of->group, rate))
        return 0;
    if (group)
        *group = of->group;
    return 1;
}

int kao_calibration_worst_threshold(const kao_calibration *c, kao_tta tta, double far,
                                    kao_rate *rate, const char **group)
{
    const char *of = NULL;
    float highest = -2;

    for (size_t i = 0; has_room(rate) && c && i < c->n; i++) {
        kao_rate own = { .size = 0 };

        if (c->curves[i].tta != tta || !c->curves[i].group[0])
            continue;
        if (!kao_calibration_threshold(c, tta, far, c->curves[i].group, &own))
            return 0;
        if (own.similarity > highest) {
            highest = own.similarity;
            of = c->curves[i].group;
        }
    }
    if (!of)
        return 0;
    if (group)
        *group = of;
    return kao_calibration_threshold(c, tta, far, of, rate);
}

/* ---- what stands beside the curves ---- */

int kao_calibration_likelihood(const kao_calibration *c, kao_tta tta, float similarity,
                               double *log_ratio)
{
    if (!c || (unsigned)tta >= TTAS || !c->has_likelihood[tta] || isnan(similarity) ||
        !log_ratio)
        return 0;
    const likelihood *l = &c->likelihood[tta];
    const double z = l->slope * (double)similarity + l->offset;

    *log_ratio = z > l->most ? l->most : z < -l->most ? -l->most : z;
    return 1;
}

static const kao_same *same_of(const kao_calibration *c, kao_tta tta)
{
    static const kao_same none = { .n = 0 };

    return c && (unsigned)tta < TTAS ? &c->same[tta] : &none;
}

int kao_calibration_same_below(const kao_calibration *c, kao_tta tta, float similarity,
                               double *share, int32_t *bound)
{
    return share && kao_same_below(same_of(c, tta), similarity, share, bound);
}

int kao_calibration_same_point(const kao_calibration *c, kao_tta tta, size_t i,
                               float *similarity, double *share)
{
    const kao_same *s = same_of(c, tta);

    if (i >= s->n || !similarity || !share)
        return 0;
    *similarity = (float)s->points[i].similarity;
    *share = s->points[i].below;
    return 1;
}

uint64_t kao_calibration_same_pairs(const kao_calibration *c, kao_tta tta)
{
    return same_of(c, tta)->n_pairs;
}

const char *kao_calibration_source(const kao_calibration *c, kao_tta tta)
{
    return c && (unsigned)tta < TTAS ? c->measured_on[tta] : NULL;
}

const char *kao_calibration_group(const kao_calibration *c, kao_tta tta, size_t i)
{
    for (size_t k = 0; c && k < c->n; k++)
        if (c->curves[k].tta == tta && c->curves[k].group[0] && i-- == 0)
            return c->curves[k].group;
    return NULL;
}
