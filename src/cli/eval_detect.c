/* kao eval detect: faces found against annotated ones: AP, and recall at numbers of false
 * boxes. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpus.h"
#include "base/error.h"
#include "base/text.h"
#include "cli/eval_embed.h"
#include "eval/boxes.h"

enum { FALSE_MAX = 16 };
#define LIST_MAX_BYTES ((size_t)1 << 30)

typedef struct job {
    const eval_args *args;
    const char *annotations;
    kao_mem mem;
    kao_pictures pictures;
    kao_boxes boxes;
    const char **names;
    cli_photo_options photo;
    cli_crew crew;
    kao_box_rules rules;
    kao_box_tally tally;
    size_t n_false[FALSE_MAX], n_points, n_unusable;
} job;

/* ---- what is asked ---- */

/* "72,150,293"; without: a tenth, half and all of the number of pictures. */
static kao_status set_points(job *j, kao_error *err)
{
    const size_t n = j->boxes.pictures.n, usual[] = { n / 10, n / 2, n };

    for (size_t i = 0; !j->args->n_false && i < 3; i++)
        j->n_false[j->n_points++] = usual[i];
    for (const char *s = j->args->n_false; s && *s; s += *s == ',') {
        double v = 0;

        if (j->n_points == FALSE_MAX || !kao_text_number(&s, &v) || v < 0 || v > 1e9 ||
            v != floor(v) || (*s && *s != ','))
            return kao_fail(err, KAO_E_ARG,
                            "--false %s: wanted whole numbers with commas between, %d "
                            "at most",
                            j->args->n_false, FALSE_MAX);
        j->n_false[j->n_points++] = (size_t)v;
    }
    return KAO_OK;
}

static kao_status open_list(job *j, char **files, kao_error *err)
{
    kao_file f = { 0 };

    j->annotations = files[1];
    kao_status st = kao_pictures_open(&j->pictures, &j->mem, files[0], err);

    if (!st)
        st = kao_file_open(&f, &j->mem, files[1], LIST_MAX_BYTES, err);
    if (!st)
        st = kao_boxes_read(&j->boxes, &j->mem, f.bytes, files[1], err);
    kao_file_close(&f);
    if (st)
        return st;
    j->names = kao_calloc(&j->mem, j->boxes.pictures.n, sizeof *j->names);
    if (!j->names)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    for (size_t i = 0; i < j->boxes.pictures.n; i++)
        j->names[i] = kao_name_at(&j->boxes.pictures, i);
    return set_points(j, err);
}

/* ---- a picture ---- */

typedef struct result {
    kao_found_box *found;
    size_t n;
    kao_status st;
    kao_error err;
} result;

static void *work(void *worker, void *user, size_t i)
{
    const job *j = user;
    cli_worker *w = worker;
    result *r = calloc(1, sizeof *r);
    kao_picture bytes = { 0 };
    cli_photo photo = { 0 };

    if (!r)
        return NULL;
    r->st = kao_pictures_read(&j->pictures, j->names[i], &bytes, &r->err);
    if (!r->st)
        r->st = cli_photo_detect_bytes(w, j->names[i], bytes.bytes, &photo, &r->err);
    if (!r->st) {
        r->found = calloc(photo.n_faces + 1, sizeof *r->found);
        if (!r->found)
            r->st = kao_fail(&r->err, KAO_E_NOMEM, "out of memory");
    }
    for (; !r->st && r->n < photo.n_faces; r->n++) {
        const kao_face f = kao_face_in_file(&photo.image, &photo.faces[r->n]);

        r->found[r->n] = (kao_found_box){ { f.x, f.y, f.width, f.height }, f.score };
    }
    cli_photo_free(w, &photo);
    kao_picture_close(&bytes);
    return r;
}

/* A picture that cannot be used: left out, or (reject) nothing found in it. */
static int emit(void *user, size_t i, void *value)
{
    job *j = user;
    result *r = value;
    const size_t first = j->boxes.first[i], n = j->boxes.first[i + 1] - first;
    int status = CLI_YES;

    if (r && r->st)
        eval_say(j->args, j->n_unusable++, r->err.msg);
    if (!r || r->st == KAO_E_NOMEM)
        status = CLI_FAULT;
    else if ((!r->st || j->args->unusable == EVAL_REJECT) &&
             !kao_box_tally_add(&j->tally, &j->rules, j->boxes.boxes + first, n,
                                r->found, r->n))
        status = CLI_FAULT;
    if (status)
        fprintf(stderr, "kao eval: out of memory\n");
    free(r ? r->found : NULL);
    free(r);
    return status;
}

/* ---- out ---- */

/* "12..24", or "96.." */
static const char *size_name(const job *j, size_t i, char *to, size_t cap)
{
    const double low = fmax((double)kao_box_sizes[i], (double)j->rules.min_size);

    if (i + 1 < KAO_BOX_SIZES)
        snprintf(to, cap, "%g..%g", low, (double)kao_box_sizes[i + 1]);
    else
        snprintf(to, cap, "%g..", low);
    return to;
}

/* A share of faces that there are none of is none. */
static const char *share_text(double share, char to[16])
{
    if (isnan(share))
        return "-";
    snprintf(to, 16, "%.4f", share);
    return to;
}

static void print_table(const job *j)
{
    char name[32], share[16];

    printf("%-18s%s\n%-18s%s\n", "pictures from", j->pictures.path, "boxes from",
           j->annotations);
    if (j->args->note)
        printf("%-18s%s\n", "note", j->args->note);
    printf("%-18s%s\n", "detector", j->crew.found[CLI_DETECTOR].path);
    printf("%-18s%zu; %zu unusable\n", "pictures", j->boxes.pictures.n, j->n_unusable);
    printf("%-18s%zu; %zu more do not count (marked, or a side below %g pixels)\n",
           "faces", j->tally.n_faces, j->tally.n_ignored, (double)j->rules.min_size);
    printf("%-18s%g (intersection over union), scores from %g up\n", "overlap",
           (double)j->rules.overlap, (double)j->photo.min_score);
    printf("%-18s%s\n\n%-12s %-9s %-7s", "AP",
           share_text(kao_box_average_precision(&j->tally), share), "false boxes",
           "score", "recall");
    for (size_t i = 0; i < KAO_BOX_SIZES; i++)
        if (j->tally.n_faces_of[i])
            printf("  %s px (%zu)", size_name(j, i, name, sizeof name),
                   j->tally.n_faces_of[i]);
    printf("\n");
    for (size_t k = 0; k < j->n_points; k++) {
        const kao_box_recall r = kao_box_recall_at(&j->tally, j->n_false[k]);

        printf("%-12zu %-9.3f %-7s", j->n_false[k], (double)r.threshold,
               share_text(r.recall, share));
        for (size_t i = 0; i < KAO_BOX_SIZES; i++)
            if (j->tally.n_faces_of[i])
                printf("  %-14.4f", r.recall_of[i]);
        printf("\n");
    }
}

static kao_json *point_json(const job *j, size_t n_false)
{
    const kao_box_recall r = kao_box_recall_at(&j->tally, n_false);
    kao_json *o = kao_json_object(), *sizes = kao_json_array();

    kao_json_set(o, "false_allowed", kao_json_integer((int64_t)n_false));
    kao_json_set(o, "false", kao_json_integer((int64_t)r.n_false));
    kao_json_set(o, "score", kao_json_float(r.threshold));
    kao_json_set(o, "recall", kao_json_number(r.recall));
    for (size_t i = 0; i < KAO_BOX_SIZES; i++)
        kao_json_add(sizes, kao_json_number(r.recall_of[i]));
    kao_json_set(o, "recall_by_size", sizes);
    return o;
}

static int print_json(const job *j)
{
    kao_json *o = kao_json_object(), *points = kao_json_array(),
             *sizes = kao_json_array();

    kao_json_set(o, "pictures_from", kao_json_string(j->pictures.path));
    kao_json_set(o, "boxes_from", kao_json_string(j->annotations));
    kao_json_set(o, "note", kao_json_string(j->args->note));
    kao_json_set(o, "detector", kao_json_string(j->crew.found[CLI_DETECTOR].path));
    kao_json_set(o, "pictures", kao_json_integer((int64_t)j->boxes.pictures.n));
    kao_json_set(o, "unusable", kao_json_integer((int64_t)j->n_unusable));
    kao_json_set(o, "overlap", kao_json_float(j->rules.overlap));
    kao_json_set(o, "min_size", kao_json_float(j->rules.min_size));
    kao_json_set(o, "min_score", kao_json_float(j->photo.min_score));
    kao_json_set(o, "faces", kao_json_integer((int64_t)j->tally.n_faces));
    kao_json_set(o, "faces_ignored", kao_json_integer((int64_t)j->tally.n_ignored));
    for (size_t i = 0; i < KAO_BOX_SIZES; i++) {
        kao_json *size = kao_json_object();

        kao_json_set(size, "from_px", kao_json_float(kao_box_sizes[i]));
        kao_json_set(size, "faces", kao_json_integer((int64_t)j->tally.n_faces_of[i]));
        kao_json_add(sizes, size);
    }
    kao_json_set(o, "sizes", sizes);
    kao_json_set(o, "ap", kao_json_number(kao_box_average_precision(&j->tally)));
    for (size_t k = 0; k < j->n_points; k++)
        kao_json_add(points, point_json(j, j->n_false[k]));
    kao_json_set(o, "recall_at", points);
    return cli_print_json("eval", o);
}

/* ---- the form ---- */

static int look(job *j)
{
    kao_error err = { 0 };

    j->photo = j->args->photo;
    j->photo.jobs = j->args->threads ? j->args->threads : kao_cpus_find("").usable;
    j->photo.threads = 1;
    if (j->photo.min_score == 0)
        j->photo.min_score = .1f; /* far below what is used: the curve needs its end */
    const kao_status st =
        cli_crew_open(&j->crew, &j->photo, j->boxes.pictures.n, false, &err);

    if (st)
        return cli_report("eval", st, &err);
    const cli_jobs jobs = { .n_items = j->boxes.pictures.n,
                            .n_workers = j->crew.n,
                            .workers = j->crew.workers,
                            .worker_bytes = sizeof *j->crew.workers,
                            .user = j,
                            .work = work,
                            .emit = emit,
                            .silent = true };

    return cli_jobs_run(&jobs, "eval");
}

static int run(job *j, char **files)
{
    kao_error err = { 0 };
    const kao_status st = open_list(j, files, &err);

    if (st)
        return cli_report("eval", st, &err);
    if (!eval_may_begin(j->args, &j->pictures, j->names, j->boxes.pictures.n))
        return CLI_BAD;
    const int status = look(j);

    if (status)
        return status;
    if (j->n_unusable && j->args->unusable == EVAL_REFUSE) {
        fprintf(stderr,
                "kao eval: %zu pictures cannot be used: refused; --unusable drop "
                "leaves them out, --unusable reject finds nothing in them\n",
                j->n_unusable);
        return CLI_BAD;
    }
    kao_box_tally_sort(&j->tally);
    if (j->args->photo.json)
        return print_json(j);
    print_table(j);
    return CLI_YES;
}

int eval_detect(const eval_args *args, char **files, int n)
{
    job j = { .args = args, .rules = { args->overlap, args->min_size } };

    (void)n;
    kao_mem_init(&j.mem, NULL);
    kao_box_tally_init(&j.tally, &j.mem);
    const int status = run(&j, files);

    cli_crew_close(&j.crew);
    kao_box_tally_fini(&j.tally);
    kao_free(&j.mem, (void *)j.names);
    kao_boxes_free(&j.boxes);
    kao_pictures_close(&j.pictures);
    return status;
}
