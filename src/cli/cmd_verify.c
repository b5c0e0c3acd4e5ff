/* kao verify: are these the same person? Two pictures, or a file of pairs. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/odds.h"
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
    { "no-detect", 0, CLI_FLAG, offsetof(verify_args, photo.no_detect), NULL,
      "the pictures are aligned chips already" },
    CLI_EMBEDDER_OPTIONS(verify_args),
    CLI_PRESET_OPTION(verify_args),
    CLI_DETECTOR_OPTIONS(verify_args),
    CLI_MACHINE_OPTIONS(verify_args),
    { .name = NULL },
};

typedef struct pair {
    uint32_t a, b; /* numbers of pictures */
} pair;

typedef struct picture {
    const char *path;
    cli_photo photo;
    kao_error err;
    kao_status st;
} picture;

typedef struct job {
    const verify_args *args;
    cli_crew crew;
    picture *pictures; /* in the order of their first appearance */
    pair *pairs;
    size_t n_pictures, n_pairs, next_pair;
    cli_limit limit;
    char *text; /* of the pairs file, cut into paths */
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
    return p->photo.in_file ? cli_face_json(&p->photo.in_file[i], p->photo.turned)
                            : kao_json_null();
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
        const cli_odds odds = cli_odds_of(&j->limit, v->similarity, v->n_compared);

        kao_json_set(o, "threshold", kao_json_float(v->threshold));
        cli_odds_set(o, &odds);
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
static int emit_pair(const job *j, const pair *p)
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
        const cli_odds odds = cli_odds_of(&j->limit, v.similarity, v.n_compared);

        cli_odds_print(&odds);
    }
    return same ? CLI_YES : CLI_NO;
}

/* ---- pictures ---- */

static void *work(void *worker, void *user, size_t i)
{
    job *j = user;
    picture *p = &j->pictures[i];
    const cli_faces *faces = &j->args->photo.faces;
    const bool largest =
        faces->choice == KAO_CHOOSE_LARGEST && !faces->all && !faces->nth;

    p->st =
        cli_photo_embed(worker, p->path, largest ? KAO_SEARCH_LARGEST : KAO_SEARCH_ALL,
                        &p->photo, &p->err);
    if (!j->args->draw)
        cli_photo_drop_image(worker, &p->photo);
    return p;
}

/* Picture i is done, and all before it: so are the pairs that need no later one. */
static int emit(void *user, size_t i, void *result)
{
    job *j = user;
    int status = CLI_YES;

    if (((const picture *)result)->st) /* once a picture, however many pairs have it */
        fprintf(stderr, "kao verify: %s\n", ((const picture *)result)->err.msg);
    for (; j->next_pair < j->n_pairs; j->next_pair++) {
        const pair *p = &j->pairs[j->next_pair];

        if (p->a > i || p->b > i)
            break;
        const int s = emit_pair(j, p);

        status = s > status ? s : status;
    }
    return status;
}

/* ---- pairs ---- */

typedef struct mention { /* of a path in the list of pairs */
    const char *path;
    size_t at; /* 2 * pair + side */
} mention;

static int by_path(const void *a, const void *b)
{
    const mention *x = a, *y = b;
    const int c = strcmp(x->path, y->path);

    return c ? c : x->at < y->at ? -1 : 1;
}

static int by_place(const void *a, const void *b)
{
    const mention *x = a, *y = b;

    return x->at < y->at ? -1 : 1;
}

/* Give each path one number, counted by first appearance. */
static kao_status number_pictures(job *j, mention *m, kao_error *err)
{
    const size_t n = 2 * j->n_pairs;
    mention *firsts = calloc(n, sizeof *firsts);
    size_t *rank = calloc(n, sizeof *rank);

    j->pictures = calloc(n, sizeof *j->pictures);
    if (!firsts || !rank || !j->pictures) {
        free(firsts);
        free(rank);
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    }
    qsort(m, n, sizeof *m, by_path);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || strcmp(m[i].path, m[i - 1].path) != 0)
            firsts[j->n_pictures++] = m[i];
    qsort(firsts, j->n_pictures, sizeof *firsts, by_place);
    for (size_t k = 0; k < j->n_pictures; k++) {
        j->pictures[k].path = firsts[k].path;
        rank[firsts[k].at] = k;
    }
    for (size_t i = 0, first = 0; i < n; i++) {
        if (i == 0 || strcmp(m[i].path, m[first].path) != 0)
            first = i;
        const uint32_t number = (uint32_t)rank[m[first].at];

        if (m[i].at % 2)
            j->pairs[m[i].at / 2].b = number;
        else
            j->pairs[m[i].at / 2].a = number;
    }
    free(firsts);
    free(rank);
    return KAO_OK;
}

static size_t count_lines(const char *text)
{
    size_t n = 1;

    for (; *text; text++)
        n += *text == '\n';
    return n;
}

/* Cut the text into paths: two a line; empty lines do not count. */
static kao_status cut_lines(job *j, mention *m, const char *name, kao_error *err)
{
    size_t number = 0;

    for (char *line = kao_text_begin(j->text), *next = NULL; line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        number++;
        for (size_t n = strlen(line); n > 0 && line[n - 1] == '\r';)
            line[--n] = '\0';
        if (!line[0])
            continue;
        if (strchr(line, '\r')) /* all lines in one, perhaps */
            return kao_fail(
                err, KAO_E_FORMAT,
                "%s: line %zu has a carriage return inside: lines end in LF "
                "or CR LF",
                name, number);
        char *tab = strchr(line, '\t'), *gap = tab ? tab : strchr(line, ' ');

        if (!tab && gap && strchr(gap + 1, ' '))
            return kao_fail(err, KAO_E_FORMAT,
                            "%s: line %zu has no tab and several spaces: put a tab "
                            "between the two paths",
                            name, number);
        if (!gap || gap == line || !gap[1] || strchr(gap + 1, '\t'))
            return kao_fail(
                err, KAO_E_FORMAT,
                "%s: line %zu is not two paths with a tab (or one space) between", name,
                number);
        *gap = '\0';
        m[2 * j->n_pairs] = (mention){ line, 2 * j->n_pairs };
        m[2 * j->n_pairs + 1] = (mention){ gap + 1, 2 * j->n_pairs + 1 };
        j->n_pairs++;
    }
    return j->n_pairs ? KAO_OK
                      : kao_fail(err, KAO_E_FORMAT, "%s: no pairs in it", name);
}

static kao_status read_pairs(job *j, const char *path, kao_error *err)
{
    kao_mem mem;
    kao_file f = { 0 };

    kao_mem_init(&mem, NULL);
    kao_status st = cli_read(&f, &mem, path, (size_t)1 << 30, err);

    if (st)
        return st;
    j->text = calloc(f.bytes.n + 1, 1);
    if (j->text && f.bytes.n)
        memcpy(j->text, f.bytes.p, f.bytes.n);
    const size_t n = f.bytes.n;

    kao_file_close(&f);
    const size_t lines = j->text ? count_lines(j->text) : 0;
    mention *m = calloc(2 * lines + 1, sizeof *m);

    j->pairs = calloc(lines + 1, sizeof *j->pairs);
    if (!m || !j->pairs || !j->text)
        st = kao_fail(err, KAO_E_NOMEM, "out of memory");
    else if (strlen(j->text) != n)
        st = kao_fail(err, KAO_E_FORMAT, "%s: not a text file", path);
    else
        st = cut_lines(j, m, path, err);
    if (!st)
        st = number_pictures(j, m, err);
    free(m);
    return st;
}

/* The two operands, as a list of one pair. */
static kao_status take_operands(job *j, char **items, kao_error *err)
{
    const bool twice = strcmp(items[0], items[1]) == 0;

    j->pictures = calloc(2, sizeof *j->pictures);
    j->pairs = calloc(1, sizeof *j->pairs);
    if (!j->pictures || !j->pairs)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    j->pictures[0].path = items[0];
    j->pictures[1].path = items[1];
    j->pairs[0] = (pair){ 0, twice ? 0 : 1 };
    j->n_pictures = twice ? 1 : 2;
    j->n_pairs = 1;
    return KAO_OK;
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
    kao_face f = p->photo.faces[p->photo.chosen[face]];
    const float kx = (float)out->width / (float)image->width;
    const float ky = (float)out->height / (float)image->height;

    f.x *= kx;
    f.y *= ky;
    f.width *= kx;
    f.height *= ky;
    for (uint32_t i = 0; i < f.n_points; i++) {
        f.points[i].x *= kx;
        f.points[i].y *= ky;
    }
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
    const picture *a = &j->pictures[j->pairs[0].a], *b = &j->pictures[j->pairs[0].b];
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
    if (!st)
        return CLI_YES;
    const int status = cli_report("verify", st, &err);

    return st == KAO_E_IO ? CLI_FAULT : status;
}

/* ---- the command ---- */

static kao_status set_limit(job *j, kao_error *err)
{
    return cli_limit_choose(&j->limit, j->crew.workers[0].embedder,
                            j->crew.workers[0].tta, j->args->threshold, j->args->far,
                            (cli_far_of)j->args->far_of,
                            j->crew.found[CLI_EMBEDDER].path, err);
}

static int run_jobs(job *j)
{
    int status = cli_crew_run(&j->crew, "verify", j->n_pictures, j, work, emit);

    if (j->args->draw && status < CLI_NO_FACE) {
        const int drawn = draw(j);

        status = drawn > status ? drawn : status;
    }
    for (size_t i = 0; i < j->n_pictures; i++)
        cli_photo_free(&j->crew.workers[0], &j->pictures[i].photo);
    return status;
}

int cli_verify_run(int argc, char **argv)
{
    verify_args args = { .threshold = NAN, .far = NAN };
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
    kao_status st = args.pairs ? read_pairs(&j, args.pairs, &err)
                               : take_operands(&j, rest.items, &err);

    if (!st)
        st = cli_crew_open(&j.crew, &args.photo, j.n_pictures, true, &err);
    if (!st)
        st = set_limit(&j, &err);
    status = st ? cli_report("verify", st, &err) : run_jobs(&j);
    cli_crew_close(&j.crew);
    free(j.pictures);
    free(j.pairs);
    free(j.text);
    return status;
}
