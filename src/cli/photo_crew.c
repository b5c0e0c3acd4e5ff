/* The workers of commands that look at pictures: their models, opened once, and a detector, an
 * embedder and analysers of each worker's own. See photo.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/suits.h"
#include "cli/photo.h"

enum { WORKERS_MAX = 256 };

static kao_status open_model(cli_crew *c, cli_role role, const char *name,
                             const char *card, kao_model **model, kao_error *err)
{
    cli_model *m = &c->found[role];
    const kao_status st =
        name ? cli_find_model(name, m, err) : cli_find_default(role, m, err);

    return st ? st : cli_open_model(c->ctx, m, card, model, err);
}

/* The line of a card that --preset stands for, or NULL. */
static kao_status preset_card(const cli_photo_options *o, char line[64],
                              const char **card, kao_error *err)
{
    const char *word = CLI_PRESETS;

    *card = NULL;
    if (!o->preset)
        return KAO_OK;
    for (int i = 0; i < o->preset; i++)
        word = strchr(word, '|') + 1;
    const int n = (int)strcspn(word, "|");

    if (!o->model)
        return kao_fail(err, KAO_E_ARG, "--preset %.*s: for which --model?", n, word);
    snprintf(line, 64, "preset = %.*s", n, word);
    *card = line;
    return KAO_OK;
}

static kao_status open_embedder(cli_crew *c, const cli_photo_options *o, kao_error *err)
{
    char line[64];
    const char *card = NULL;
    const kao_status st = preset_card(o, line, &card, err);

    return st ? st : open_model(c, CLI_EMBEDDER, o->model, card, &c->embedder, err);
}

/* Whether there are faces to be found: pictures are no chips, and not taken whole. */
static bool wants_faces(const cli_crew *c, const cli_photo_options *o)
{
    const char *template =
        c->embedder ? kao_card_get(kao_model_card(c->embedder), "template") : NULL;

    return !o->no_detect && !(template && strcmp(template, "picture") == 0);
}

/* A network that needs points, and a detector that gives none: no face could be used. */
static kao_status check_points(const cli_worker *w, kao_error *err)
{
    const kao_status st =
        w->detector && w->embedder ? kao_suits(w->detector, w->embedder, err) : KAO_OK;

    if (st || !w->detector || kao_detector_points(w->detector) > 0)
        return st;
    const char *detector = kao_model_name(kao_detector_model(w->detector));

    for (int i = 0; i < CLI_ANALYSERS; i++)
        if (w->analysers[i] && kao_analyser_template(w->analysers[i])->margin == 0)
            return kao_fail(
                err, KAO_E_UNSUPPORTED,
                "%s gives faces without points, which %s needs: take another "
                "detector",
                detector, kao_model_name(kao_analyser_model(w->analysers[i])));
    return KAO_OK;
}

kao_status cli_check_faces(const cli_crew *c, const char *wish, kao_error *err)
{
    const cli_worker *w = &c->workers[0];

    if (w->detector)
        return KAO_OK;
    if (w->options->no_detect)
        return kao_fail(err, KAO_E_ARG, "--no-detect: no face is looked for that %s",
                        wish);
    return kao_fail(err, KAO_E_ARG,
                    "%s takes the whole picture (template = picture): no face is "
                    "looked for that %s",
                    kao_model_name(kao_embedder_model(w->embedder)), wish);
}

/* Which option wants something of the faces that are found, or NULL. A detector may be named
 * where none is needed: scripts do so for all their calls. */
static const char *wish_for_faces(const cli_photo_options *o)
{
    return cli_faces_given(&o->faces) ? "--faces could choose"
           : o->quality               ? "--quality could tell of"
           : o->min_score > 0         ? "--min-score could drop"
                                      : NULL;
}

kao_status cli_check_wishes(const cli_crew *c, kao_error *err)
{
    const char *wish = wish_for_faces(c->workers[0].options);

    return wish ? cli_check_faces(c, wish, err) : KAO_OK;
}

static kao_status open_worker(const cli_crew *c, const cli_photo_options *o,
                              cli_worker *w, uint32_t n_threads, kao_error *err)
{
    const kao_run_options run = { .n_threads = n_threads };
    kao_status st = KAO_OK;

    *w = (cli_worker){ .ctx = c->ctx, .options = o };
    if (c->detector)
        st = kao_detector_create(c->detector, &w->detector, &run, err);
    if (!st && c->embedder)
        st = kao_embedder_create(c->embedder, &w->embedder, &run, err);
    if (!st && w->embedder)
        w->tta = o->tta ? (kao_tta)(o->tta - 1) : kao_embedder_tta(w->embedder);
    for (int i = 0; !st && i < CLI_ANALYSERS; i++)
        if (c->analysers[i])
            st = kao_analyser_create(c->analysers[i], &w->analysers[i], &run, err);
    return st ? st : check_points(w, err);
}

void cli_crew_close(cli_crew *c)
{
    for (uint32_t i = 0; i < c->n; i++) {
        for (int k = 0; k < CLI_ANALYSERS; k++)
            kao_analyser_destroy(c->workers[i].analysers[k]);
        kao_embedder_destroy(c->workers[i].embedder);
        kao_detector_destroy(c->workers[i].detector);
    }
    free(c->workers);
    for (int k = 0; k < CLI_ANALYSERS; k++)
        kao_model_release(c->analysers[k]);
    kao_model_release(c->embedder);
    kao_model_release(c->detector);
    kao_context_destroy(c->ctx);
    *c = (cli_crew){ .n = 0 };
}

kao_status cli_crew_open(cli_crew *c, const cli_photo_options *o, size_t n_items,
                         bool embedder, kao_error *err)
{
    const uint32_t asked = o->jobs < WORKERS_MAX ? o->jobs : WORKERS_MAX;
    const uint32_t want = n_items < asked ? (uint32_t)n_items : asked ? asked : 1;
    /* --threads is for a file; without it the files at once share all CPUs */
    const uint32_t all =
        o->threads * want; /* at most 2^16 * 2^8; too many are refused */
    kao_status st = KAO_OK;

    *c = (cli_crew){ .workers = calloc(want, sizeof *c->workers) };
    if (!c->workers)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    st = cli_context(&c->ctx, all, o->cpu, err);
    if (!st && embedder)
        st = open_embedder(c, o, err);
    if (!st && wants_faces(c, o))
        st = open_model(c, CLI_DETECTOR, o->detector, NULL, &c->detector, err);
    if (!st)
        st = cli_facts_open(c->ctx, &o->with, o->liveness, c->analysers, err);
    const uint32_t threads = st ? 0 : kao_context_threads(c->ctx);

    for (; !st && c->n < want; c->n++)
        st = open_worker(c, o, &c->workers[c->n], threads < want ? 1 : threads / want,
                         err);
    if (st)
        cli_crew_close(c);
    return st;
}

int cli_crew_run(const cli_crew *c, const char *command, size_t n_items, void *user,
                 cli_work *work, cli_emit *emit)
{
    const cli_jobs jobs = { .n_items = n_items,
                            .n_workers = c->n,
                            .workers = c->workers,
                            .worker_bytes = sizeof *c->workers,
                            .user = user,
                            .work = work,
                            .emit = emit };

    return cli_finish(command, cli_jobs_run(&jobs, command));
}
