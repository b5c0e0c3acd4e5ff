/* People of the gallery who may be one, to ask somebody about: GET /v1/review. */
#include <math.h>

#include "base/context.h"
#include "base/error.h"
#include "base/known_pairs.h"
#include "base/odds.h"
#include "server/routes.h"

enum {
    PAIRS = 20,
    PAIRS_MOST = 200,
    SAMPLES_MOST = 200000, /* all of them are taken into memory */
};

static void add_person(kao_json *o, const char *key, const char *name_key,
                       const kao_known_person *p)
{
    kao_json_set(o, key, kao_json_integer(p->number));
    kao_json_set(o, name_key, kao_json_string(p->name));
}

static kao_status find(kao_worker *w, size_t most, float threshold, kao_json *to,
                       kao_error *err)
{
    kao_known_pair pairs[PAIRS_MOST];
    kao_gallery_stats s = { .size = sizeof s };
    kao_known k = { .mem = &w->ctx->mem };
    size_t n = 0;
    kao_status st = kao_gallery_stats_of(w->gallery, &s, err);

    if (!st && s.n_samples > SAMPLES_MOST)
        st = kao_fail(err, KAO_E_LIMIT,
                      "more than %d samples: kao cluster --gallery does this",
                      SAMPLES_MOST);
    if (!st)
        st = kao_known_read(&k, k.mem, w->gallery, err);
    if (!st)
        st = kao_limit_for_groups(w->embedders[0], w->ttas[0], threshold, k.n,
                                  &threshold, err);
    if (!st)
        st = kao_known_pairs(&k, w->gallery, threshold, pairs, most, &n, err);
    for (size_t i = 0; !st && i < n; i++) {
        kao_json *o = kao_json_object();

        add_person(o, "into", "into_name", &k.people[pairs[i].a]);
        add_person(o, "from", "from_name", &k.people[pairs[i].b]);
        kao_json_set(o, "similarity", kao_json_float(pairs[i].similarity));
        kao_json_add(to, o);
    }
    kao_known_free(&k);
    return st;
}

void kao_route_review(kao_worker *w, kao_call *c)
{
    double threshold = (double)NAN;
    int64_t limit = PAIRS;
    bool bad = false;

    kao_call_number(c, "threshold", &threshold, &bad);
    kao_call_integer(c, "limit", &limit, &bad);
    if (bad || limit < 1 || limit > PAIRS_MOST || threshold < -1 || threshold > 1) {
        kao_answer_bad(c, "limit, threshold", "1 to 200, and -1 to 1");
        return;
    }
    kao_json *o = kao_json_object(), *list = kao_json_array();
    kao_error err = { 0 };

    kao_json_set(o, "pairs", list);
    const kao_status st = find(w, (size_t)limit, (float)threshold, list, &err);

    kao_answer(c, st, &err, 200, o);
}
