/* See calibrate.h: a calibration as lines of a card. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "cli/calibrate.h"
#include "eval/plot.h"

#define CARD_MAX_BYTES  ((size_t)64 << 10)
#define MODEL_MAX_BYTES ((size_t)2 << 30)

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
    static const char mark[] = "\xef\xbb\xbf"; /* a byte order mark, of editors */
    const bool marked = old.n >= 3 && memcmp(old.p, mark, 3) == 0;
    bool fine = true;

    for (size_t at = marked ? 3 : 0; fine && at < old.n;) {
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
    const char *note = c->args->note ? c->args->note : ""; /* of any length */
    bool fine = true;

    if (calibrate_has_people(c)) {
        fine = kao_put(b, "calibrated.%s = ", tta) &&
               kao_bytes_add(b, note, strlen(note)) &&
               kao_put(b, "%s%llu pairs of different people, %zu pictures\n",
                       c->args->note ? "; " : "",
                       (unsigned long long)c->strangers.n_different,
                       c->people.n - c->people.vectors.n_unusable) &&
               kao_put(b, "calibration.%s = ", tta) && kao_curve_put(b, &c->curve) &&
               kao_put(b, "\n");
        /* of a network to which strangers look more alike a card tells none */
        if (fine && c->has_likelihood && c->likelihood.l.slope >= .001)
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

/* Whether anything was measured that a card can tell. */
static bool has_curve(const calibrate *c)
{
    bool has = calibrate_has_people(c);

    for (size_t i = 0; !has && i < c->n_groups; i++)
        has = c->groups[i].has_curve;
    return has;
}

/* Beside this model the card is read as its sidecar: what kao would refuse then is not written. */
static kao_status check_card(const calibrate *c, kao_bytes *b, kao_error *err)
{
    const eval_vectors *v = c->people.n ? &c->people.vectors : &c->others.vectors;
    const cli_model *found = &v->crew.found[CLI_EMBEDDER];
    kao_file f = { .bytes = { found->bytes, found->n_bytes } };
    kao_model *m = NULL;
    struct stat info;

    if (!kao_bytes_add(b, "", 1))
        return kao_fail(err, KAO_E_LIMIT, "more than %zu bytes", CARD_MAX_BYTES);
    b->n--;
    if (!found->bytes && (stat(found->path, &info) != 0 || !S_ISREG(info.st_mode)))
        return KAO_OK; /* a pipe is read once */
    kao_status st = KAO_OK;

    if (!found->bytes)
        st = kao_file_open(&f, b->mem, found->path, MODEL_MAX_BYTES, err);
    if (!st)
        st = kao_model_open_bytes(v->crew.ctx, &m, f.bytes.p, f.bytes.n, found->path,
                                  (const char *)b->p, err);
    kao_model_release(m);
    if (!found->bytes)
        kao_file_close(&f);
    return st;
}

/* The new card; the lines that stay are of f. */
static kao_status make_card(const calibrate *c, kao_bytes *b, const kao_file *f,
                            kao_error *err)
{
    if (!has_curve(c))
        return kao_fail(err, KAO_E_FORMAT, "no group has pairs enough for a curve");
    if (!keep_lines(c, b, f->bytes) || !put_curves(c, b))
        return b->over
                   ? kao_fail(err, KAO_E_LIMIT, "more than %zu bytes", CARD_MAX_BYTES)
                   : kao_fail(err, KAO_E_NOMEM, "out of memory");
    return check_card(c, b, err);
}

/* Whether there is a card that is to be changed. A pipe has none, and reading standard output, which
 * --card /dev/stdout names, would wait for what this program writes itself. */
static bool is_card(const char *path)
{
    struct stat info, out;

    return stat(path, &info) != 0 || /* opening it says why */
           (S_ISREG(info.st_mode) &&
            !(fstat(STDOUT_FILENO, &out) == 0 && info.st_dev == out.st_dev &&
              info.st_ino == out.st_ino));
}

int calibrate_write_card(calibrate *c)
{
    kao_bytes b = { .mem = &c->mem, .max = CARD_MAX_BYTES };
    kao_file f = { 0 };
    kao_error err = { 0 };
    kao_status st = KAO_OK;

    if (is_card(c->args->card))
        st = kao_file_open(&f, b.mem, c->args->card, CARD_MAX_BYTES, &err);

    if (st && !(st == KAO_E_IO && err.sys == ENOENT))
        return cli_report("calibrate", st, &err);
    st = make_card(c, &b, &f, &err);
    kao_file_close(&f);
    if (!st)
        return eval_write(c->args, &b, c->args->card, true);
    kao_bytes_free(&b);
    kao_error_prefix(&err, st, "%s: not written", c->args->card);
    return cli_report("calibrate", st, &err);
}
