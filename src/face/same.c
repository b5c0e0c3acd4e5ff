/* See same.h. Between two neighbours among the points the pairs are taken as spread evenly:
 * nothing steeper is known of them, and beyond the points nothing but a bound. */
#include "face/same.h"

#include <math.h>

#include "base/text.h"

/* whole numbers up to here are exact */
static const double most_pairs = 9007199254740992;

static bool parse_count(const char **s, uint64_t *n)
{
    double v = 0;

    if (!kao_text_number(s, &v) || !(v >= 1 && v <= most_pairs) || v != floor(v))
        return false;
    *n = (uint64_t)v;
    return **s == ' ';
}

static bool parse_point(const char **s, kao_same_point *p)
{
    if (!kao_text_number(s, &p->similarity) || **s != ':')
        return false;
    (*s)++;
    return kao_text_number(s, &p->below) && (**s == ' ' || **s == '\0');
}

static bool may_follow(const kao_same *s, const kao_same_point *p)
{
    const kao_same_point *last = s->n ? &s->points[s->n - 1] : NULL;

    return p->similarity >= -1 && p->similarity <= 1 && p->below >= 0 &&
           p->below <= 1 &&
           (!last || (p->similarity > last->similarity && p->below > last->below));
}

bool kao_same_parse(kao_same *s, const char *text)
{
    s->n = 0;
    if (!parse_count(&text, &s->n_pairs))
        return false;
    for (;;) {
        kao_same_point p;

        while (*text == ' ')
            text++;
        if (!*text)
            return s->n >= 2;
        if (s->n == KAO_SAME_POINTS || !parse_point(&text, &p) || !may_follow(s, &p))
            return false;
        s->points[s->n++] = p;
    }
}

static bool give(double *share, int32_t *bound, double below, int32_t side)
{
    *share = below;
    if (bound)
        *bound = side;
    return true;
}

bool kao_same_below(const kao_same *s, float similarity, double *share, int32_t *bound)
{
    if (s->n < 2 || isnan(similarity))
        return false;
    const kao_same_point *first = &s->points[0], *last = &s->points[s->n - 1];

    /* the float nearest to a point is that point */
    if (similarity < (float)first->similarity)
        return give(share, bound, first->below, 1);
    for (size_t i = 1; i < s->n; i++) {
        const kao_same_point *a = &s->points[i - 1], *b = &s->points[i];

        if (similarity > (float)b->similarity)
            continue;
        double part =
            ((double)similarity - a->similarity) / (b->similarity - a->similarity);

        part = part < 0 ? 0 : part > 1 ? 1 : part;
        return give(share, bound, a->below + part * (b->below - a->below), 0);
    }
    return give(share, bound, last->below, -1);
}
