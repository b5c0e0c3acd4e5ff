/* See odds.h. */
#include "base/odds.h"

#include <math.h>

#include "base/error.h"

/* Of groups: strangers as alike as the threshold that a face meets, and the highest rate of a pair,
 * for few faces. Chosen on labelled faces. */
#define STRANGERS_MET 2.
#define FAR_OF_GROUPS .01

double kao_of_best(double far, double n)
{
    return far >= 1 ? 1 : -expm1(n * log1p(-far));
}

kao_odds kao_odds_of(const kao_calibration *c, kao_tta tta, float similarity, size_t n)
{
    kao_rate all = { .size = sizeof all }, worst = { .size = sizeof worst };
    kao_odds o = { .known = kao_calibration_far(c, tta, similarity, NULL, &all) };
    double log_ratio = 0;

    o.worst_known = kao_calibration_worst(c, tta, similarity, &worst, &o.worst);
    o.ratio_known = kao_calibration_likelihood(c, tta, similarity, &log_ratio);
    if (o.known) {
        o.far = kao_of_best(all.far, (double)n);
        o.extrapolated = all.extrapolated;
        o.bound = all.bound;
    }
    if (o.worst_known) {
        o.far_worst = kao_of_best(worst.far, (double)n);
        o.worst_extrapolated = worst.extrapolated;
        o.worst_bound = worst.bound;
    }
    if (o.ratio_known)
        o.ratio = exp(log_ratio) / (double)n;
    return o;
}

/* How far a rate is to be trusted. */
static const char *word_of(int bound, bool extrapolated)
{
    return bound > 0      ? "at_most"
           : bound < 0    ? "at_least"
           : extrapolated ? "extrapolated"
                          : "counted";
}

static void set_rate(kao_json *to, const char *key, const char *is_key, bool known,
                     double far, const char *is)
{
    kao_json_set(to, key, known ? kao_json_number(far) : kao_json_null());
    kao_json_set(to, is_key, known ? kao_json_string(is) : kao_json_null());
}

void kao_odds_set(kao_json *to, const kao_odds *o)
{
    set_rate(to, "far", "far_is", o->known, o->far, word_of(o->bound, o->extrapolated));
    set_rate(to, "far_worst_group", "far_worst_is", o->worst_known, o->far_worst,
             word_of(o->worst_bound, o->worst_extrapolated));
    kao_json_set(to, "worst_group",
                 o->worst_known ? kao_json_string(o->worst) : kao_json_null());
    kao_json_set(to, "likelihood_ratio",
                 o->ratio_known ? kao_json_number(o->ratio) : kao_json_null());
}

kao_status kao_limit_for_groups(const kao_embedder *e, kao_tta tta, float given,
                                size_t n, float *threshold, kao_error *err)
{
    const double by_size = n ? STRANGERS_MET / (double)n : 1,
                 far = by_size < FAR_OF_GROUPS ? by_size : FAR_OF_GROUPS;
    kao_rate rate = { .size = sizeof rate };

    *threshold = given;
    if (!isnan(given))
        return KAO_OK;
    if (kao_calibration_threshold(kao_embedder_calibration(e), tta, far, NULL, &rate)) {
        *threshold = rate.similarity;
        return KAO_OK;
    }
    return kao_embedder_threshold(e, threshold)
               ? KAO_OK
               : kao_fail(err, KAO_E_ARG,
                          "%s: its card has neither a calibration for this nor a "
                          "threshold: give --threshold",
                          kao_model_name(kao_embedder_model(e)));
}
