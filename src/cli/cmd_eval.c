/* kao eval: how good is a model, by the field's protocols. A workshop command; each form has a
 * file of its own. */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "cli/commands.h"
#include "cli/eval_embed.h"

const cli_option cli_eval_options[] = {
    { "photos", 0, CLI_FLAG, offsetof(eval_args, photos), NULL,
      "whole photographs: detect and align on the way [aligned crops]" },
    CLI_FACES_OPTION(eval_args, "with --photos: which face [largest]"),
    CLI_EMBEDDER_OPTIONS(eval_args),
    CLI_DETECTOR_OPTIONS(eval_args),
    { "unusable", 0, CLI_WORD, offsetof(eval_args, unusable), "refuse|drop|reject",
      "pictures that are missing, broken, without a face: give no figures; leave their "
      "pairs out; count those as different [refuse]" },
    { "masked", 0, CLI_WORD, offsetof(eval_args, masked), "none|second|both",
      "verify, identify: draw masks on the second pictures of the pairs, on the "
      "probes; "
      "or on all; crops alone [none]" },
    { "threshold", 0, CLI_COSINE, offsetof(eval_args, threshold), "X",
      "same from this similarity on: say what it does, too [the card's]" },
    { "times", 0, CLI_COUNT, offsetof(eval_args, times), "N",
      "verify, a folder a person: N times as many different pairs as same ones [1]" },
    { "seed", 0, CLI_COUNT, offsetof(eval_args, seed), "N",
      "draws: different pairs of a folder a person, strangers, masks, people of a "
      "bootstrap [1]" },
    { "enroll", 0, CLI_COUNT, offsetof(eval_args, enroll), "N",
      "identify: pictures of a person in the gallery, of which the mean is taken [1]" },
    { "strangers", 0, CLI_SCORE, offsetof(eval_args, strangers), "X",
      "identify: share of the people with more than N pictures who are not enrolled "
      "[0.3]" },
    { "dbscan", 0, CLI_FLAG, offsetof(eval_args, dbscan), NULL,
      "cluster: average linkage and DBSCAN at their best thresholds, too" },
    { "by", 0, CLI_TEXT, offsetof(eval_args, by), "FIELDS",
      "groups, identify, cluster: the fields of the list that make a group or name a "
      "person, by "
      "number (the path is 1) or name, with commas [groups: all; others: identity, "
      "else all]" },
    { "overlap", 0, CLI_SCORE, offsetof(eval_args, overlap), "X",
      "detect: a hit overlaps a face by X, intersection over union [0.5]" },
    { "min-size", 0, CLI_PIXELS, offsetof(eval_args, min_size), "N",
      "detect: faces with a side below N pixels are neither hit nor missed [0]" },
    { "false", 0, CLI_TEXT, offsetof(eval_args, n_false), "N,N",
      "detect: recall at so many false boxes [a tenth, half, all of the pictures' "
      "number]" },
    { "iou", 0, CLI_SCORE, offsetof(eval_args, iou), "X",
      "track: boxes match from this intersection over union on [0.5]" },
    { "note", 0, CLI_TEXT, offsetof(eval_args, note), "TEXT",
      "stands beside the figures, wherever they go" },
    { "scores", 0, CLI_TEXT, offsetof(eval_args, scores), "FILE",
      "verify, identify: write each pair and its similarity, each picture and what was "
      "found, with tabs between" },
    { "report", 0, CLI_TEXT, offsetof(eval_args, report), "FILE.html",
      "verify, identify: write a page with figures and plots" },
    { "discard", 0, CLI_TEXT, offsetof(eval_args, discard), "FILE.svg",
      "verify: leave out the pairs of the worst pictures, step by step: how many are "
      "missed then; with a plot" },
    { "threads", 't', CLI_COUNT, offsetof(eval_args, threads), "N",
      "pictures at once [all CPUs]" },
    { "cpu", 0, CLI_TEXT, offsetof(eval_args, photo.cpu), KAO_CPU_CHOICES,
      "widest kernels to use [native; KAO_CPU]" },
    { "json", 0, CLI_FLAG, offsetof(eval_args, photo.json), NULL,
      "one JSON object; track: one a line" },
    { .name = NULL },
};

int cli_eval_run(int argc, char **argv)
{
    static const struct {
        const char *name;
        int least, most; /* files */
        int (*run)(const eval_args *args, char **files, int n);
    } forms[] = {
        { "verify", 1, 2, eval_verify },   { "identify", 1, 2, eval_identify },
        { "cluster", 1, 2, eval_cluster }, { "groups", 2, 2, eval_groups },
        { "detect", 2, 2, eval_detect },   { "track", 2, INT_MAX, eval_track },
    };
    eval_args args = { .command = "eval",
                       .threshold = NAN,
                       .times = 1,
                       .seed = 1,
                       .enroll = 1,
                       .strangers = .3f,
                       .overlap = .5f,
                       .iou = .5f,
                       .min_size = 0 };
    cli_operands rest;
    int status = CLI_BAD;

    if (!cli_begin("eval", argc, argv, &args, &rest, &status))
        return status;
    const char *form = rest.n ? rest.items[0] : "";
    const bool verify = strcmp(form, "verify") == 0,
               identify = strcmp(form, "identify") == 0;

    if (!eval_may_choose(&args, strcmp(form, "detect") == 0))
        return CLI_BAD;
    if (args.masked && (args.photos || (!verify && !identify))) {
        fprintf(stderr,
                "kao eval: --masked is for verify and identify on aligned crops\n");
        return CLI_BAD;
    }
    /* a file that nobody would write */
    if (args.discard && !verify) {
        fprintf(stderr, "kao eval: --discard is for verify\n");
        return CLI_BAD;
    }
    if ((args.scores || args.report) && !verify && !identify) {
        fprintf(stderr,
                "kao eval: --scores and --report are for verify and identify\n");
        return CLI_BAD;
    }
    for (size_t i = 0; rest.n && i < sizeof forms / sizeof forms[0]; i++)
        if (strcmp(rest.items[0], forms[i].name) == 0 && rest.n - 1 >= forms[i].least &&
            rest.n - 1 <= forms[i].most)
            return cli_finish("eval", forms[i].run(&args, rest.items + 1, rest.n - 1));
    fprintf(stderr,
            "kao eval: wanted verify PICTURES [PAIRS], identify PICTURES [PEOPLE], "
            "cluster PICTURES [PEOPLE], groups PICTURES LABELS, detect PICTURES BOXES "
            "or track TRUTH RESULT... (see kao eval "
            "--help)\n");
    return CLI_BAD;
}
