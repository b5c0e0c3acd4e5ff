/* See calibrate.h: a calibration as lines of a card. */
#include <errno.h>
#include <string.h>

#include "base/error.h"
#include "cli/calibrate.h"
#include "eval/plot.h"

#define CARD_MAX_BYTES ((size_t)64 << 10)

/* Whether a line of the card is one that is put in anew. */
static bool is_replaced(const calibrate *c, const char *line, size_t n)
{
    static const char *const heads[] = { "calibration.", "calibrated.", "likelihood.",
                                         "same." };
    const char *tta =
        eval_mirror(c->people.n ? &c->people.vectors : &c->others.vectors);

    while (n && (*line == ' ' || *line == '\t')) {
        line++;
        n--;
    }
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        const size_t head = strlen(heads[i]), word = strlen(tta);

        if (n <= head + word || memcmp(line, heads[i], head) != 0 ||
            memcmp(line + head, tta, word) != 0 || !strchr(". =\t", line[head + word]))
            continue;
        const bool of_group = line[head + word] == '.';

        /* groups alone leave the curve of all pairs, and the other way round */
        return of_group ? c->n_groups > 0 : calibrate_has_people(c);
    }
    return false;
}

static bool keep_lines(const calibrate *c, kao_bytes *b, kao_span old)
{
    bool fine = true;

    for (size_t at = 0; fine && at < old.n;) {
        const char *line = (const char *)old.p + at,
                   *end = memchr(line, '\n', old.n - at);
        const size_t n = end ? (size_t)(end - line) + 1 : old.n - at;

        if (!is_replaced(c, line, n))
            fine = kao_bytes_add(b, line, n) && (end || kao_put(b, "\n"));
        at += n;
    }
    return fine;
}

static bool put_curves(const calibrate *c, kao_bytes *b)
{
    const char *tta =
        eval_mirror(c->people.n ? &c->people.vectors : &c->others.vectors);
    bool fine = true;

    if (calibrate_has_people(c)) {
        fine =
            kao_put(b,
                    "calibrated.%s = %s%s%llu pairs of different people, %zu "
                    "pictures\n",
                    tta, c->args->note ? c->args->note : "", c->args->note ? "; " : "",
                    (unsigned long long)c->strangers.n_different, c->people.n) &&
            kao_put(b, "calibration.%s = ", tta) && kao_curve_put(b, &c->curve) &&
            kao_put(b, "\n");
        if (fine && c->has_likelihood)
            fine = kao_put(b, "likelihood.%s = %.3f %.3f %.2f\n", tta,
                           c->likelihood.l.slope, c->likelihood.l.offset,
                           c->likelihood.most);
        if (fine && c->has_same)
            fine = kao_put(b, "same.%s = ", tta) && kao_quantiles_put(b, &c->same) &&
                   kao_put(b, "\n");
    }
    for (size_t i = 0; fine && i < c->n_groups; i++)
        if (c->groups[i].has_curve)
            fine = kao_put(b, "calibration.%s.%s = ", tta, c->groups[i].name) &&
                   kao_curve_put(b, &c->groups[i].curve) && kao_put(b, "\n");
    return fine;
}

int calibrate_write_card(calibrate *c)
{
    kao_bytes b = { .mem = &c->mem, .max = CARD_MAX_BYTES };
    kao_file f = { 0 };
    kao_error err = { 0 };
    const kao_status st = kao_file_open(&f, b.mem, c->args->card, CARD_MAX_BYTES, &err);

    if (st && !(st == KAO_E_IO && err.sys == ENOENT))
        return cli_report("calibrate", st, &err);
    const bool fine = (st || keep_lines(c, &b, f.bytes)) && put_curves(c, &b);

    kao_file_close(&f);
    return eval_write(c->args, &b, c->args->card, fine);
}
