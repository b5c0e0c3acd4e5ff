/* See schedule.h. */
#include "train/schedule.h"

#include <math.h>
#include <string.h>

#include "base/text.h"

static bool is(const kao_recipe *r, const char *name)
{
    return strcmp(r->schedule, name) == 0;
}

double kao_schedule_rate(const kao_recipe *r, double step)
{
    const double cool = r->steps * r->cool_down, left = r->steps - step;
    const double share = fmin((step - r->warm_up) / fmax(r->steps - r->warm_up, 1), 1);
    const char *drop = r->drops;
    double rate = r->rate, at = 0;

    if (step < r->warm_up)
        return rate * (step + 1) / r->warm_up;
    if (is(r, "poly"))
        return rate * (1 - share);
    if (is(r, "cosine"))
        return rate * (1 + cos(3.14159265358979323846 * share)) / 2;
    if (is(r, "step")) {
        for (; kao_text_number(&drop, &at) && step >= at * r->steps;
             drop += *drop == ',')
            rate /= 10;
        return rate;
    }
    return cool > 0 && left < cool ? rate * left / cool : rate;
}

kao_status kao_schedule_check(const kao_recipe *r, kao_error *err)
{
    const char *drop = r->drops;
    double at = 0, last = 0;

    if (!is(r, "constant") && !is(r, "poly") && !is(r, "cosine") && !is(r, "step"))
        return kao_fail(err, KAO_E_ARG,
                        "schedule = %.40s: constant, poly, cosine or step",
                        r->schedule);
    while (*drop) {
        if (!kao_text_number(&drop, &at) || at <= last || at >= 1 ||
            (*drop && *drop != ','))
            return kao_fail(err, KAO_E_ARG,
                            "drops = %.40s: wanted shares of the run that rise",
                            r->drops);
        last = at;
        drop += *drop == ',';
    }
    return KAO_OK;
}
