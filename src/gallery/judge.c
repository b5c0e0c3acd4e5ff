/* Whether a face should become a sample: what is there already speaks for or against it. */
#include <math.h>
#include <stdbool.h>

#include "base/error.h"
#include "kao/enrol.h"

enum { LOOKED_AT = 8 }; /* people; this one is among them, or not near */

static int count_samples(void *user, const kao_person *p)
{
    *(uint32_t *)user = p->n_samples;
    return 0;
}

static void judge(const kao_match *m, size_t n, int64_t person, bool has_samples,
                  float threshold, kao_judgement *j)
{
    bool has_own = false;

    for (size_t i = 0; i < n; i++) {
        if (m[i].person == person) {
            has_own = true;
            j->own = m[i].similarity;
        } else if (!j->who) {
            j->who = m[i].person;
            j->other = m[i].similarity;
        }
    }
    if (has_own && j->own >= KAO_DUPLICATE_FROM)
        j->against |= KAO_AGAINST_DUPLICATE;
    if (j->who && j->other >= threshold && !(j->own > j->other))
        j->against |= KAO_AGAINST_LOOKS_LIKE;
    if (has_samples && !(j->own >= threshold))
        j->against |= KAO_AGAINST_UNLIKE;
}

kao_status kao_gallery_judge(kao_gallery *g, size_t model, const float *vector,
                             int64_t person, float threshold, kao_judgement *out,
                             kao_error *err)
{
    kao_match m[LOOKED_AT] = { { .size = sizeof m[0] } };
    kao_judgement j = { .own = NAN, .other = NAN };
    uint32_t n_samples = 0;
    size_t n = 0;

    if (!out || out->size < sizeof j || isnan(threshold))
        return kao_fail(err, KAO_E_ARG,
                        "gallery: no judgement of that size, or no threshold");
    j.size = out->size;
    kao_status st = kao_gallery_search(g, model, vector, LOOKED_AT, m, &n, err);

    if (!st && person)
        st = kao_gallery_person(g, person, count_samples, &n_samples, err);
    if (st)
        return st;
    judge(m, n, person, n_samples > 0, threshold, &j);
    *out = j;
    return KAO_OK;
}
