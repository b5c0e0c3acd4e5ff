/* kao verify: are these the same person? Two pictures, or a file of pairs. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/odds.h"
#include "cli/pairs.h"
#include "cli/photo.h"

typedef struct verify_args {
    cli_photo_options photo;
    float threshold;
    double far;
    int far_of; /* cli_far_of */
    const char *pairs, *draw;
} verify_args;

const cli_option cli_verify_options[] = {
    { "threshold", 0, CLI_COSINE, offsetof(verify_args, threshold), "X",
      "same from this similarity on, -1..1 [by --far]" },
    { "far", 0, CLI_RATE, offsetof(verify_args, far), "X",
      "same where so many pairs of strangers at most look as alike: the false-accept "
      "rate [0.0001; a model without a calibration: its card's threshold]" },
    { "far-of", 0, CLI_WORD, offsetof(verify_args, far_of), "all|worst",
      "whose rate --far is: all pairs', or that of the group of people whose strangers "
      "look most alike [all]" },
    { "pairs", 0, CLI_TEXT, offsetof(verify_args, pairs), "FILE",
      "compare many: two paths a line, a tab (or a space) between" },
    { "draw", 0, CLI_TEXT, offsetof(verify_args, draw), "FILE",
      "write both pictures with their faces marked (.png, .jpg)" },
    CLI_FACES_OPTION(verify_args,
                     "which face of a picture; all: the best pair [largest]"),
    { "liveness", 0, CLI_TEXT, offsetof(verify_args, photo.liveness), "MODEL",
      "refuse faces that this network takes for a print or a screen" },
    { "live-threshold", 0, CLI_SCORE, offsetof(verify_args, photo.live_threshold), "X",
      "... those below this probability of a living one [the card's]" },
    { "no-detect", 0, CLI_FLAG, offsetof(verify_args, photo.no_detect), NULL,
      "the pictures are aligned chips already" },
    CLI_EMBEDDER_OPTIONS(verify_args),
    CLI_PRESET_OPTION(verify_args),
    CLI_DETECTOR_OPTIONS(verify_args),
    CLI_MACHINE_OPTIONS(verify_args),
    { .name = NULL },
};

typedef struct picture {
    const char *path;
    cli_photo photo;
    kao_error err;
    kao_status st;
} picture;

typedef struct job {
    const verify_args *args;
    cli_crew crew;
    cli_pairs list;
    picture *pictures; /* of list.paths */
    size_t next_pair;
    cli_limit limit;
} job;

/* ---- the verdict ---- */

typedef struct verdict {
    float similarity, threshold;
    size_t a, b;       /* which of the chosen faces */
    size_t n_compared; /* of them the most alike are these */
} verdict;

static verdict compare(const job *j, const picture *a, const picture *b)
{
    const size_t n = a->photo.n_chosen * b->photo.n_chosen;
    verdict best = { .similarity = NAN,
                     .threshold = cli_limit_for(&j->limit, n),
                     .n_compared = n };

    for (size_t i = 0; i < a->photo.n_chosen; i++)
        for (size_t k = 0; k < b->photo.n_chosen; k++) {
            const float s =
                kao_similarity(a->photo.vectors + i * a->photo.dim,
                               b->photo.vectors + k * b->photo.dim, a->photo.dim);

            if (!(s <= best.similarity)) {
                best.similarity = s;
                best.a = i;
                best.b = k;
            }
        }
    return best;
}

static kao_json *face_of(const picture *p, size_t i)
{
    if (!p->photo.in_file)
        return kao_json_null();
    kao_json *face = kao_face_json(&p->photo.in_file[i], p->photo.turned);

    if (p->photo.facts)
        cli_facts_set(face, &p->photo.facts[p->photo.chosen[i]]);
    return face;
}

static kao_json *to_json(const job *j, const picture *a, const picture *b,
                         const verdict *v, const kao_error *err)
{
    kao_json *o = kao_json_object();

    kao_json_set(o, "a", kao_json_string(a->path));
    kao_json_set(o, "b", kao_json_string(b->path));
    kao_json_set(o, "similarity",
                 err ? kao_json_null() : kao_json_float(v->similarity));
    if (err) {
        kao_json_set(o, "error", cli_error_json(err));
    } else {
        kao_json *faces = kao_json_array();

        kao_json_add(faces, face_of(a, v->a));
        kao_json_add(faces, face_of(b, v->b));
        const kao_odds odds = kao_odds_of(j->limit.calibration, j->limit.tta,
                                          v->similarity, v->n_compared);

        kao_json_set(o, "threshold", kao_json_float(v->threshold));
        kao_odds_set(o, &odds);
        kao_json_set(o, "compared", kao_json_integer((int64_t)v->n_compared));
        kao_json_set(o, "same", kao_json_bool(v->similarity >= v->threshold));
        kao_json_set(o, "faces", faces);
    }
    kao_json_set(o, "model", kao_json_string(j->crew.found[CLI_EMBEDDER].path));
    kao_json_set(o, "detector",
                 j->crew.detector ? kao_json_string(j->crew.found[CLI_DETECTOR].path)
                                  : kao_json_null());
    kao_json_set(o, "ms",
                 kao_json_number(round((a->photo.ms + b->photo.ms) * 100) / 100));
    return o;
}

/* One pair: its line or lines, and its exit status. Where both pictures failed, the one of the
 * higher status is told. */
static int emit_pair(const job *j, const cli_pair *p)
{
    const picture *a = &j->pictures[p->a], *b = &j->pictures[p->b];
    const picture *worse = cli_status_of(b->st) > cli_status_of(a->st) ? b : a;
    const picture *bad = worse->st ? worse : NULL;
    const verdict v = bad ? (verdict){ .similarity = NAN } : compare(j, a, b);
    const bool same = v.similarity >= v.threshold; /* a NaN is never "same" */

    if (j->args->photo.json) {
        const int s =
            cli_print_json("verify", to_json(j, a, b, &v, bad ? &bad->err : NULL));

        if (s)
            return s;
    }
    if (bad)
        return cli_status_of(bad->st);
    if (!j->args->photo.json) {
        const int n = cli_places_for(v.similarity, v.threshold);

        printf("Similarity of (%s, %s) : %.*f\n", a->path, b->path, n,
               (double)v.similarity);
        printf(same ? "They are the same face!\n" : "They are not the same face!\n");
        printf("Threshold : %.*f\n", n, (double)v.threshold);
        const kao_odds odds =
            kao_odds_of(j->limit.calibration, j->limit.tta, v.similarity, v.n_compared);

        cli_odds_print(&odds);
    }
    return same ? CLI_YES : CLI_NO;
}

/* ---- pictures ---- */

static void *work(void *worker, void *user, size_t i)
{
    job *j = user;
    picture *p = &j->pictures[i];

    p->st = cli_photo_embed(worker, p->path, cli_search_for(&j->args->photo.faces),
                            &p->photo, &p->err);
    if (!j->args->draw)
        cli_photo_drop_image(worker, &p->photo);
    return p;
}

static void warn(const job *j, const picture *p)
{
    for (size_t i = 0; !p->st && p->photo.facts && i < p->photo.n_chosen; i++)
        cli_facts_warn("verify", p->path, j->crew.found[CLI_EMBEDDER].path,
                       &p->photo.facts[p->photo.chosen[i]]);
}

/* Picture i is done, and all before it: so are the pairs that need no later one. */
static int emit(void *user, size_t i, void *result)
{
    job *j = user;
    int status = CLI_YES;

    if (((const picture *)result)->st) /* once a picture, however many pairs have it */
        fprintf(stderr, "kao verify: %s\n", ((const picture *)result)->err.msg);
    warn(j, result);
    for (; j->next_pair < j->list.n_pairs; j->next_pair++) {
        const cli_pair *p = &j->list.pairs[j->next_pair];

        if (p->a > i || p->b > i)
            break;
        const int s = emit_pair(j, p);

        status = s > status ? s : status;
    }
    return status;
}

/* ---- --draw ---- */

enum { DRAWN_HEIGHT = 480 };

/* A picture at the drawn height with its face marked, into canvas from column x on. */
static kao_status draw_half(cli_worker *w, const picture *p, size_t face,
                            kao_color color, kao_image *out, kao_error *err)
{
    const kao_image *image = &p->photo.image;
    const double width = (double)image->width * DRAWN_HEIGHT / image->height;
    kao_status st = kao_image_create(w->ctx, width < 1 ? 1 : (uint32_t)width,
                                     DRAWN_HEIGHT, out, err);

    const kao_view view = kao_image_view(image);

    if (!st)
        st = kao_image_resize(w->ctx, &view, out, err);
    if (st || !p->photo.faces)
        return st;
    const kao_face f = cli_face_scaled(&p->photo.faces[p->photo.chosen[face]],
                                       (float)out->width / (float)image->width,
                                       (float)out->height / (float)image->height);

    cli_draw_face(out, &f, color);
    return KAO_OK;
}

static void paste(const kao_image *canvas, const kao_image *from, uint32_t x)
{
    for (uint32_t y = 0; y < from->height; y++)
        memcpy(canvas->rgb + y * canvas->row_bytes + (size_t)x * 3,
               from->rgb + y * from->row_bytes, (size_t)from->width * 3);
}

/* Green for the same person, red for different ones. */
static int draw(const job *j)
{
    cli_worker *w = &j->crew.workers[0];
    const picture *a = &j->pictures[j->list.pairs[0].a],
                  *b = &j->pictures[j->list.pairs[0].b];
    kao_image left = { 0 }, right = { 0 }, canvas = { 0 };
    kao_error err = { 0 };

    if (a->st || b->st)
        return CLI_YES; /* said already */
    const verdict v = compare(j, a, b);
    const kao_color color = v.similarity >= v.threshold ? (kao_color){ 40, 200, 80 }
                                                        : (kao_color){ 230, 60, 50 };
    kao_status st = draw_half(w, a, v.a, color, &left, &err);

    if (!st)
        st = draw_half(w, b, v.b, color, &right, &err);
    if (!st)
        st = kao_image_create(w->ctx, left.width + right.width + 8, DRAWN_HEIGHT,
                              &canvas, &err);
    if (st)
        kao_error_prefix(&err, st, "%s", j->args->draw);
    if (!st) {
        memset(canvas.rgb, 255, canvas.row_bytes * canvas.height);
        paste(&canvas, &left, 0);
        paste(&canvas, &right, left.width + 8);
        st = kao_image_save(w->ctx, j->args->draw, &canvas, &err);
    }
    kao_image_free(w->ctx, &left);
    kao_image_free(w->ctx, &right);
    kao_image_free(w->ctx, &canvas);
    return st ? cli_report_unwritten("verify", st, &err) : CLI_YES;
}

/* ---- the command ---- */

static kao_status set_limit(job *j, kao_error *err)
{
    return cli_limit_choose(&j->limit, j->crew.workers[0].embedder,
                            j->crew.workers[0].tta, j->args->threshold, j->args->far,
                            (cli_far_of)j->args->far_of,
                            j->crew.found[CLI_EMBEDDER].path, err);
}

static kao_status make_pictures(job *j, kao_error *err)
{
    j->pictures = calloc(j->list.n_paths, sizeof *j->pictures);
    if (!j->pictures)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    for (size_t i = 0; i < j->list.n_paths; i++)
        j->pictures[i].path = j->list.paths[i];
    return KAO_OK;
}

static kao_status check_liveness(const job *j, kao_error *err)
{
    const cli_worker *w = &j->crew.workers[0];
    const kao_analyser *a = w->analysers[KAO_ANALYSE_LIVENESS];
    float threshold = 0;

    const kao_status st =
        a ? cli_check_faces(&j->crew, "--liveness could look at", err) : KAO_OK;

    if (st || !a)
        return st;
    if (j->args->photo.live_threshold > 0 || kao_analyser_threshold(a, &threshold))
        return KAO_OK;
    return kao_fail(err, KAO_E_UNKNOWN_MODEL,
                    "%s: its card has no threshold.live: give --live-threshold",
                    kao_model_name(kao_analyser_model(a)));
}

static int run_jobs(job *j)
{
    int status = cli_crew_run(&j->crew, "verify", j->list.n_paths, j, work, emit);

    if (j->args->draw && status < CLI_NO_FACE) {
        const int drawn = draw(j);

        status = drawn > status ? drawn : status;
    }
    for (size_t i = 0; i < j->list.n_paths; i++)
        cli_photo_free(&j->crew.workers[0], &j->pictures[i].photo);
    return status;
}

int cli_verify_run(int argc, char **argv)
{
    verify_args args = { .threshold = NAN, .far = (double)NAN };
    cli_operands rest;
    job j = { .args = &args };
    kao_error err = { 0 };
    int status = CLI_BAD;

    if (!cli_begin("verify", argc, argv, &args, &rest, &status))
        return status;
    if (args.pairs ? rest.n != 0 || args.draw : rest.n != 2) {
        fprintf(stderr,
                "kao verify: wanted two pictures, or --pairs FILE without --draw "
                "(see kao verify --help)\n");
        return CLI_BAD;
    }
    if (args.photo.live_threshold > 0 && !args.photo.liveness) {
        fprintf(stderr, "kao verify: --live-threshold: by which network? Nothing is "
                        "looked at without --liveness\n");
        return CLI_BAD;
    }
    if (args.photo.liveness && args.photo.no_detect) {
        fprintf(stderr, "kao verify: --liveness looks at a face's surroundings, which "
                        "--no-detect leaves out\n");
        return CLI_BAD;
    }
    kao_status st = args.pairs ? cli_pairs_read(&j.list, args.pairs, &err)
                               : cli_pairs_of_two(&j.list, rest.items, &err);

    if (!st)
        st = make_pictures(&j, &err);

    if (!st)
        st = cli_crew_open(&j.crew, &args.photo, j.list.n_paths, true, &err);
    if (!st)
        st = cli_check_wishes(&j.crew, &err);
    if (!st)
        st = check_liveness(&j, &err);
    if (!st)
        st = set_limit(&j, &err);
    status = st ? cli_report("verify", st, &err) : run_jobs(&j);
    cli_crew_close(&j.crew);
    free(j.pictures);
    cli_pairs_free(&j.list);
    return status;
}
