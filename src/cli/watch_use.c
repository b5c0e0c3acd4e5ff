/* See watch_use.h. */
#include "cli/watch_use.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"

/* ---- stopping ---- */

static kao_cancel *stop; /* for the signal handler */
static volatile sig_atomic_t stopped_by;

static void on_signal(int number)
{
    stopped_by = number;
    kao_cancel_request(stop);
}

static kao_status stop_on_signals(cli_watch *w, kao_error *err)
{
    const struct sigaction action = { .sa_handler = on_signal };
    const kao_status st = kao_cancel_create(w->ctx, &stop, err);

    if (st)
        return st;
    w->cancel = stop;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    return KAO_OK;
}

/* ---- opening ---- */

static kao_status open_people(cli_watch *w, const cli_watch_options *o, kao_error *err)
{
    const bool named = !o->no_gallery &&
                       (o->use.gallery || o->remember || cli_gallery_exists(&o->use));
    kao_status st = KAO_OK;

    if (!named && o->use.models.n > 1)
        return kao_fail(err, KAO_E_ARG, "several --model: for which --gallery?");
    if (named) {
        st = cli_gallery_open(&w->use, &o->use,
                              o->remember ? CLI_GALLERY_CREATE : CLI_GALLERY_READ, true,
                              err);
    } else {
        w->photo = o->use.photo;
        w->photo.model = o->use.models.n ? o->use.models.items[0] : NULL;
        st = cli_crew_open(&w->crew, &w->photo, 1, true, err);
        if (!st) {
            st = cli_check_faces(&w->crew, "could be followed", err);
            if (st)
                cli_crew_close(&w->crew);
        }
    }
    if (st)
        return st;
    w->ctx = named ? w->use.crew.ctx : w->crew.ctx;
    w->worker = named ? &w->use.crew.workers[0] : &w->crew.workers[0];
    return KAO_OK;
}

static kao_status open_watcher(cli_watch *w, const cli_watch_options *options,
                               kao_error *err)
{
    const kao_watch_options o = {
        .rule = (kao_watch_rule)options->rule,
        .min_score = options->use.photo.min_score,
        .known = isnan(options->threshold) ? 0 : options->threshold,
        .same = isnan(options->same) ? 0 : options->same,
        .fpir = isnan(options->fpir) ? 0 : options->fpir,
        .lost_seconds = (double)options->lost,
        .search = options->fine ? KAO_SEARCH_ALL : KAO_SEARCH_QUICK,
        .unsure = options->unsure,
        .remember = options->remember,
        .with_ignored = options->with_ignored,
    };
    const bool named = w->use.g != NULL;
    kao_embedder *const *embedders = named ? w->use.embedders : &w->worker->embedder;

    if (named && w->use.n == 0)
        return kao_fail(err, KAO_E_NOT_FOUND,
                        "%s: nobody is in this gallery (--no-gallery does without)",
                        w->use.shown);
    const kao_status st =
        kao_watcher_create(w->ctx, &w->watcher, w->worker->detector, embedders,
                           named ? w->use.n : 1, w->use.g, &o, err);

    if (!st)
        w->limit = (cli_limit){ .calibration = kao_embedder_calibration(embedders[0]),
                                .tta = kao_embedder_tta(embedders[0]) };
    return st;
}

kao_status cli_watch_open(cli_watch *w, const cli_watch_options *o, kao_error *err)
{
    *w = (cli_watch){ .ctx = NULL };
    if (o->threshold <= 0 || o->same <= 0) /* no NaN */
        return kao_fail(err, KAO_E_ARG, "a similarity of strangers: wanted above 0");
    if (o->remember && o->no_gallery)
        return kao_fail(err, KAO_E_ARG,
                        "--remember: into which gallery? --no-gallery wants none");
    kao_status st = cli_check_one_limit(o->threshold, o->fpir, err);

    if (!st)
        st = open_people(w, o, err);
    if (st)
        return st;
    st = stop_on_signals(w, err);
    if (!st)
        st = open_watcher(w, o, err);
    if (st)
        cli_watch_close(w);
    return st;
}

void cli_watch_close(cli_watch *w)
{
    if (!w->ctx)
        return;
    kao_watcher_destroy(w->watcher);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    kao_cancel_destroy(stop);
    stop = NULL;
    if (w->use.g)
        cli_gallery_close(&w->use);
    else
        cli_crew_close(&w->crew);
    free(w->name);
    *w = (cli_watch){ .ctx = NULL };
}

void cli_watch_end(cli_watch *w)
{
    cli_flush();
    cli_watch_close(w);
    raise(stopped_by);
}

const char *cli_watch_name(void *user, int64_t person)
{
    cli_watch *w = user;

    free(w->name);
    w->name = NULL;
    if (person && w->use.g)
        cli_person_name(&w->use, person, &w->name, NULL);
    return w->name;
}

/* ---- progress ---- */

cli_video_progress cli_video_progress_begin(const char *what, double seconds)
{
    return (cli_video_progress){ .what = what,
                                 .seconds = seconds,
                                 .begun_ms = cli_now_ms(),
                                 .wanted =
                                     isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO) };
}

void cli_video_progress_show(cli_video_progress *p, uint64_t frame, double time)
{
    const double passed = cli_now_ms() - p->begun_ms;

    if (!p->wanted || passed < 1000 || frame % 5)
        return;
    p->shown = true;
    fprintf(stderr, "\r%s %.1f s", p->what, time);
    if (p->seconds > 0) /* no NaN */
        fprintf(stderr, " of %.1f", p->seconds);
    fprintf(stderr, ", %.1f frames a second ", (double)frame * 1000 / passed);
}

void cli_video_progress_end(cli_video_progress *p)
{
    if (p->shown)
        fprintf(stderr, "\r%60s\r", "");
    p->shown = false;
}
