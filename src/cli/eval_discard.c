/* See eval_discard.h. */
#include "cli/eval_discard.h"

#include <math.h>
#include <stdio.h>

#include "base/error.h"

static const double false_accepts = 1e-3;

static const char *const names[EVAL_QUALITIES] = {
    [EVAL_BY_PICTURE] = "picture", [EVAL_BY_NORM] = "norm", [EVAL_BY_SCORE] = "score"
};

kao_status eval_discard_measure(const kao_scores *s, const eval_vectors *first,
                                const eval_vectors *second, const uint32_t *a,
                                const uint32_t *b, eval_discard *out, kao_error *err)
{
    double *quality = kao_calloc(s->mem, s->n + 1, sizeof *quality);
    kao_roc_point at;
    kao_status st = KAO_OK;

    *out = (eval_discard){ .far = false_accepts };
    if (!quality)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    out->known = kao_roc_at(s, out->far, &at);
    out->threshold = out->known ? at.threshold : 0;
    out->reached = out->known ? at.far : 0;
    for (int k = 0; !st && out->known && k < EVAL_QUALITIES; k++) {
        for (size_t i = 0; i < s->n; i++)
            quality[i] =
                fmin((double)first->quality[a[i]][k], (double)second->quality[b[i]][k]);
        st = kao_discard_measure(s, quality, out->threshold, &out->curves[k], err);
    }
    kao_free(s->mem, quality);
    return st;
}

void eval_discard_print(const eval_discard *d)
{
    if (!d->known)
        return;
    printf("\nmissed at %.3f, where FAR is %.3g, when pairs of the worst pictures are "
           "left out, %%\n%-10s",
           d->threshold, d->reached, "left out");
    for (size_t i = 0; i < KAO_DISCARD_STEPS; i++)
        printf("%7.0f", 100 * kao_discard_share(i));
    for (int k = 0; k < EVAL_QUALITIES; k++) {
        printf("\n%-10s", names[k]);
        for (size_t i = 0; i < KAO_DISCARD_STEPS; i++)
            printf("%7.2f", 100 * kao_discard_fnmr(&d->curves[k], i));
    }
    printf("\n");
}

kao_json *eval_discard_json(const eval_discard *d)
{
    if (!d->known)
        return kao_json_null();
    kao_json *o = kao_json_object(), *shares = kao_json_array();

    for (size_t i = 0; i < KAO_DISCARD_STEPS; i++)
        kao_json_add(shares,
                     kao_json_number(round(1000 * kao_discard_share(i)) / 1000));
    kao_json_set(o, "far", kao_json_number(d->far));
    kao_json_set(o, "far_reached", kao_json_number(d->reached));
    kao_json_set(o, "threshold", kao_json_number(d->threshold));
    kao_json_set(o, "left_out", shares);
    for (int k = 0; k < EVAL_QUALITIES; k++) {
        kao_json *fnmr = kao_json_array();

        for (size_t i = 0; i < KAO_DISCARD_STEPS; i++)
            kao_json_add(fnmr, kao_json_number(kao_discard_fnmr(&d->curves[k], i)));
        kao_json_set(o, names[k], fnmr);
    }
    return o;
}

int eval_discard_write(const eval_args *args, kao_mem *mem, const eval_discard *d)
{
    kao_bytes b = { .mem = mem, .max = (size_t)1 << 20 };
    char title[64];

    snprintf(title, sizeof title, "Misses by what is left out, FAR %.3g", d->reached);
    return eval_write(args, &b, args->discard,
                      kao_discard_plot(&b, d->curves, names, EVAL_QUALITIES, title));
}
