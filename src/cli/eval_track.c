/* kao eval track: people followed through a video, against the truth: MOTA, IDF1, HOTA and what
 * stands behind them. One truth, any number of results. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/eval_embed.h"
#include "eval/track_score.h"

#define FILE_MAX_BYTES ((size_t)1 << 30)

typedef struct job {
    const eval_args *args;
    const char *truth_path;
    kao_mem mem;
    kao_mot truth;
    int width; /* of the column of names */
    bool begun;
} job;

static kao_status read_file(job *j, const char *path, bool is_truth, kao_mot *m,
                            kao_error *err)
{
    kao_file f = { 0 };
    kao_status st = cli_read(&f, &j->mem, path, FILE_MAX_BYTES, err);

    if (!st)
        st = kao_mot_read(m, &j->mem, f.bytes, path, is_truth, err);
    kao_file_close(&f);
    return st;
}

/* ---- out ---- */

static void print_share(double v)
{
    if (isnan(v))
        printf(" %7s", "-");
    else
        printf(" %7.4f", v);
}

static void print_head(const job *j)
{
    printf("%-18s%s\n", "truth from", j->truth_path);
    if (j->args->note)
        printf("%-18s%s\n", "note", j->args->note);
    printf("%-18s%zu of %zu people; %zu more do not count\n", "boxes", j->truth.n,
           j->truth.n_ids, j->truth.n_ignored);
    printf("%-18s%g (intersection over union)\n\n", "overlap", (double)j->args->iou);
    printf("%-*s %6s %6s %5s %7s %7s %6s %5s %5s %7s %7s %7s %7s %7s %7s %7s %7s %4s "
           "%4s\n",
           j->width, "result", "frames", "boxes", "ids", "recall", "prec.", "false",
           "IDSW", "frag", "MOTA", "MOTP", "IDF1", "IDP", "IDR", "HOTA", "DetA", "AssA",
           "MT", "ML");
}

static void print_row(const job *j, const char *path, const kao_track_score *s)
{
    const double shares[] = { s->mota, s->motp, s->idf1,  s->idp,
                              s->idr,  s->hota, s->det_a, s->ass_a };

    printf("%-*s %6u %6zu %5zu", j->width, path, s->n_frames, s->n_found, s->n_tracks);
    print_share(s->recall);
    print_share(s->precision);
    printf(" %6zu %5zu %5zu", s->n_found - s->n_matched, s->n_switches, s->n_fragments);
    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++)
        print_share(shares[i]);
    printf(" %4zu %4zu\n", s->n_mostly_tracked, s->n_mostly_lost);
}

static int print_json(const job *j, const char *path, const kao_track_score *s)
{
    const struct {
        const char *name;
        size_t v;
    } numbers[] = {
        { "frames", s->n_frames },
        { "boxes", s->n_true },
        { "people", s->n_people },
        { "boxes_ignored", j->truth.n_ignored },
        { "boxes_found", s->n_found },
        { "tracks", s->n_tracks },
        { "matched", s->n_matched },
        { "missed", s->n_true - s->n_matched },
        { "false", s->n_found - s->n_matched },
        { "id_switches", s->n_switches },
        { "fragments", s->n_fragments },
        { "mostly_tracked", s->n_mostly_tracked },
        { "mostly_lost", s->n_mostly_lost },
        { "id_matched", s->n_common },
    };
    const struct {
        const char *name;
        double v;
    } shares[] = {
        { "recall", s->recall }, { "precision", s->precision }, { "mota", s->mota },
        { "motp", s->motp },     { "idf1", s->idf1 },           { "idp", s->idp },
        { "idr", s->idr },       { "hota", s->hota },           { "det_a", s->det_a },
        { "ass_a", s->ass_a },
    };
    kao_json *o = kao_json_object();

    kao_json_set(o, "truth_from", kao_json_string(j->truth_path));
    kao_json_set(o, "result_from", kao_json_string(path));
    kao_json_set(o, "note", kao_json_string(j->args->note));
    kao_json_set(o, "iou", kao_json_float(j->args->iou));
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        kao_json_set(o, numbers[i].name, kao_json_integer((int64_t)numbers[i].v));
    for (size_t i = 0; i < sizeof shares / sizeof shares[0]; i++)
        kao_json_set(o, shares[i].name, kao_json_number(shares[i].v));
    return cli_print_json("eval", o);
}

/* ---- the form ---- */

static int score(job *j, const char *path)
{
    kao_error err = { 0 };
    kao_mot found = { 0 };
    kao_track_score s;
    kao_status st = read_file(j, path, false, &found, &err);

    if (!st) {
        st = kao_score_tracks(&s, &j->mem, &j->truth, &found, j->args->iou, &err);
        if (st)
            kao_error_prefix(&err, st, "%s", path);
    }
    kao_mot_free(&found);
    if (st)
        return cli_report_object("eval", "result_from", path, j->args->photo.json, st,
                                 &err);
    if (j->args->photo.json)
        return print_json(j, path, &s);
    if (!j->begun)
        print_head(j);
    j->begun = true;
    print_row(j, path, &s);
    return CLI_YES;
}

int eval_track(const eval_args *args, char **files, int n)
{
    job j = { .args = args, .truth_path = files[0], .width = 6 };
    kao_error err = { 0 };

    kao_mem_init(&j.mem, NULL);
    const kao_status st = read_file(&j, files[0], true, &j.truth, &err);
    int status = st ? cli_report("eval", st, &err) : CLI_YES;

    for (int i = 1; i < n; i++)
        if ((int)strlen(files[i]) > j.width)
            j.width = (int)strlen(files[i]);
    for (int i = 1; !st && i < n; i++) {
        const int one = score(&j, files[i]);

        status = one > status ? one : status;
    }
    kao_mot_free(&j.truth);
    return status;
}
