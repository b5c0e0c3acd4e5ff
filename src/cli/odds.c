/* See odds.h. */
#include "cli/odds.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"

#define USUAL_FAR 1e-4

static const char *const of_words[] = { "", " of the worst group" };

/* The threshold at a rate for one pair. */
static bool find_threshold(const cli_limit *l, double far, float *threshold)
{
    kao_rate rate = { .size = sizeof rate };
    const bool known =
        l->of == CLI_FAR_OF_WORST
            ? kao_calibration_worst_threshold(l->calibration, l->tta, far, &rate, NULL)
            : kao_calibration_threshold(l->calibration, l->tta, far, NULL, &rate);

    if (known)
        *threshold = rate.similarity;
    return known;
}

/* 1, 2 or 5 times a power of ten: the least such rate above far that is reached, else the greatest
 * below; 0: none. */
static double reached_rate(const cli_limit *l, double far)
{
    static const double steps[] = { 1, 2, 5 };
    double below = 0;
    float threshold = 0;

    for (int places = 300; places > 0; places--)
        for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
            const double rate = steps[i] / pow(10, places);

            if (!find_threshold(l, rate, &threshold))
                continue;
            if (rate > far)
                return rate;
            below = rate;
        }
    return below;
}

/* The rate that was asked for is beyond an end of the curve. */
static kao_status not_reached(const cli_limit *l, const char *name, const char *tta,
                              kao_error *err)
{
    const double rate = reached_rate(l, l->far);
    char other[32] = "";

    if (rate > 0)
        snprintf(other, sizeof other, ", but %g", rate);
    return kao_fail(err, KAO_E_ARG,
                    "%s: its calibration (--tta %s) does not reach a false-accept "
                    "rate%s of %g%s: give another rate, or --threshold",
                    name, tta, of_words[l->of], l->far, other);
}

static bool is_calibrated(const kao_calibration *c, kao_tta tta)
{
    kao_rate rate = { .size = sizeof rate };

    return kao_calibration_far(c, tta, 0, NULL, &rate);
}

kao_status cli_limit_choose(cli_limit *l, const kao_embedder *e, kao_tta tta,
                            float threshold, double far, cli_far_of of,
                            const char *name, kao_error *err)
{
    static const char *const ttas[] = { "none", "concat", "sum" };
    const bool by_rate = !isnan(far) || of != CLI_FAR_OF_ALL;

    *l = (cli_limit){ .calibration = kao_embedder_calibration(e),
                      .tta = tta,
                      .fixed = true,
                      .threshold = threshold,
                      .far = isnan(far) ? USUAL_FAR : far,
                      .of = of };
    if (!isnan(threshold))
        return by_rate ? kao_fail(err, KAO_E_ARG,
                                  "--threshold and a rate (--far, --far-of): one of "
                                  "both decides")
                       : KAO_OK;
    l->fixed = false;
    if (find_threshold(l, l->far, &l->threshold))
        return KAO_OK;
    if (is_calibrated(l->calibration, tta))
        return not_reached(l, name, ttas[tta], err);
    if (by_rate)
        return kao_fail(err, KAO_E_ARG,
                        "%s: its card has no calibration (for --tta %s) to find a rate "
                        "in: give --threshold, or see kao calibrate",
                        name, ttas[tta]);
    l->fixed = true;
    if (kao_embedder_threshold(e, &l->threshold))
        return KAO_OK;
    return kao_fail(err, KAO_E_ARG,
                    "%s: its card has no calibration (for --tta %s) and no threshold: "
                    "give --threshold, or see kao calibrate",
                    name, ttas[tta]);
}

float cli_limit_for(const cli_limit *l, size_t n)
{
    float threshold = l->threshold;

    if (l->fixed || n <= 1)
        return threshold;
    /* where the curve ends before so low a rate, nothing is alike enough */
    return find_threshold(l, kao_of_best(l->far, 1 / (double)n), &threshold) ? threshold
                                                                             : 1;
}

/* ---- in words ---- */

/* What is read where v stands with n places: 0 of "-0.000", too. */
static double as_printed(float v, int n)
{
    char text[32];
    const char *s = text;
    double read = 0;

    snprintf(text, sizeof text, "%.*f", n, (double)v);
    (void)kao_text_number(&s, &read);
    return read;
}

int cli_places_for(float similarity, float threshold)
{
    int n = 3;

    while (n < 9 && similarity != threshold &&
           as_printed(similarity, n) == as_printed(threshold, n))
        n++;
    return n;
}

static const double most_digits = 1e15; /* from there on not written out */

/* n, less than most_digits, with a comma before each three digits. */
static void with_commas(double n, char to[32])
{
    char digits[24];
    const size_t length = (size_t)snprintf(digits, sizeof digits, "%.0f", n);
    size_t k = 0;

    for (size_t i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            to[k++] = ',';
        to[k++] = digits[i];
    }
    to[k] = '\0';
}

/* "one in 43,000", "12 in 100": two digits say all that is known. */
static void put_share(double far, char to[48])
{
    char number[32];

    if (far >
        .1) { /* of a best pair, perhaps: "more than 100 in 100" is not to be had */
        snprintf(to, 48, "%.0f in 100", fmin(round(100 * far), 99));
        return;
    }
    const double n = 1 / far, digit = pow(10, floor(log10(n)) - 1);

    if (n >= most_digits) { /* a card's tail may go on for ever */
        snprintf(to, 48, "one in %.1e", n);
        return;
    }
    with_commas(round(n / digit) * digit, number);
    snprintf(to, 48, "one in %s", number);
}

static const char words[] = " pairs of strangers look this alike",
                  guess[] = " (extrapolated)";

static void print_all(const kao_odds *o)
{
    char share[48];

    put_share(o->far, share);
    printf("%s%c%s%s%s",
           o->bound > 0   ? "Fewer than "
           : o->bound < 0 ? "More than "
                          : "",
           o->bound || share[0] != 'o' ? share[0] : 'O', share + 1, words,
           o->extrapolated ? guess : "");
}

/* Behind what is said of all, or alone. */
static void print_worst(const kao_odds *o)
{
    char share[48];

    put_share(o->far_worst, share);
    printf("%smong %s, the worst group measured, %s%s%s%s", o->known ? "; a" : "A",
           o->worst, o->worst_bound ? "more than " : "", share, o->known ? "" : words,
           o->worst_extrapolated ? guess : "");
}

void cli_odds_print(const kao_odds *o)
{
    if (o->known)
        print_all(o);
    if (o->worst_known)
        print_worst(o);
    if (o->known || o->worst_known)
        printf(".\n");
}
