/* kao watch: who is in this video? Faces are found, followed and named; events come as lines. */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/gallery_use.h"
#include "cli/watch_draw.h"
#include "cli/watch_tell.h"
#include "kao/watch.h"
#include "media/video.h"
#include "media/video_out.h"

typedef struct watch_args {
    cli_gallery_options use;
    const char *output, *tracks;
    float threshold, same, fps, seconds, lost;
    double fpir;
    int rule;
    bool no_gallery, no_panel, remember, fine, once, json;
} watch_args;

const cli_option cli_watch_options[] = {
    { "gallery", 'g', CLI_TEXT, offsetof(watch_args, use.gallery), "FILE",
      "who is known [the usual gallery, where there is one]" },
    { "no-gallery", 0, CLI_FLAG, offsetof(watch_args, no_gallery), NULL,
      "name nobody: follow people by their number" },
    { "remember", 0, CLI_FLAG, offsetof(watch_args, remember), NULL,
      "strangers are enrolled, without a name: they keep their number in later "
      "videos" },
    { "output", 'o', CLI_TEXT, offsetof(watch_args, output), "VIDEO",
      "write the video with boxes, names and a panel of people: .mp4, .mkv, .." },
    { "no-panel", 0, CLI_FLAG, offsetof(watch_args, no_panel), NULL,
      "-o: boxes and names alone" },
    { "tracks", 0, CLI_TEXT, offsetof(watch_args, tracks), "FILE",
      "write every box as a line frame,id,x,y,w,h,score,-1,-1,-1 (MOT form)" },
    { "threshold", 0, CLI_COSINE, offsetof(watch_args, threshold), "X",
      "known from this similarity on, -1..1 [by --fpir]" },
    { "fpir", 0, CLI_RATE, offsetof(watch_args, fpir), "X",
      "so many strangers may be taken for somebody of the gallery [0.01]" },
    { "same", 0, CLI_COSINE, offsetof(watch_args, same), "X",
      "seen before in this video from this similarity on [by the calibration]" },
    { "lost", 0, CLI_SECONDS, offsetof(watch_args, lost), "S",
      "who is not seen for so many seconds has left [2]" },
    { "fine", 0, CLI_FLAG, offsetof(watch_args, fine), NULL,
      "look for small faces too: five times as slow" },
    { "rule", 0, CLI_WORD, offsetof(watch_args, rule), "kao|ailia",
      "ailia: follow by that sample's rule, for comparison [kao]" },
    { "fps", 0, CLI_SECONDS, offsetof(watch_args, fps), "N",
      "of a folder of pictures: so many a second [25]" },
    { "seconds", 0, CLI_SECONDS, offsetof(watch_args, seconds), "S",
      "stop after so many seconds of video [at its end]" },
    { "once", 0, CLI_FLAG, offsetof(watch_args, once), NULL,
      "a stream that ends is not opened again" },
    { "model", 'm', CLI_LIST, offsetof(watch_args, use.models), "MODEL",
      "embedder, without a gallery or of a new one: a path or a name "
      "[" CLI_BUNDLED_EMBEDDER "]" },
    { "detector", 'd', CLI_TEXT, offsetof(watch_args, use.photo.detector), "MODEL",
      "detector: a path or a name [" CLI_BUNDLED_DETECTOR "]" },
    { "min-score", 0, CLI_SCORE, offsetof(watch_args, use.photo.min_score), "X",
      "a face with this detector score begins a track [0.6]" },
    { "threads", 't', CLI_COUNT, offsetof(watch_args, use.photo.threads), "N",
      "threads [all CPUs]" },
    { "cpu", 0, CLI_TEXT, offsetof(watch_args, use.photo.cpu), KAO_CPU_CHOICES,
      "widest kernels to use [native; KAO_CPU]" },
    { "json", 0, CLI_FLAG, offsetof(watch_args, json), NULL,
      "one JSON object an event" },
    { .name = NULL },
};

typedef struct job {
    const watch_args *args;
    const char *source;
    cli_gallery use; /* with a gallery */
    cli_crew crew;   /* without one */
    cli_limit limit; /* for rates */
    kao_video *video;
    kao_watcher *watcher;
    cli_panel *panel;
    kao_video_out *out;
    cli_mot *mot;
    char *name; /* the last one asked for */
    uint64_t frame;
    double begun_ms;
    bool progress;
} job;

/* ---- stopping ---- */

static kao_cancel *stop; /* for the signal handler */

static void on_signal(int number)
{
    (void)number;
    kao_cancel_request(stop);
}

/* ---- opening ---- */

static kao_context *context_of(const job *j)
{
    return j->use.g ? j->use.crew.ctx : j->crew.ctx;
}

static kao_status open_people(job *j, kao_error *err)
{
    const watch_args *a = j->args;
    const bool named = !a->no_gallery &&
                       (a->use.gallery || a->remember || cli_gallery_exists(&a->use));
    cli_photo_options photo = a->use.photo;

    if (named)
        return cli_gallery_open(&j->use, &a->use,
                                a->remember ? CLI_GALLERY_CREATE : CLI_GALLERY_READ,
                                true, err);
    photo.model = a->use.models.n ? a->use.models.items[0] : NULL;
    return cli_crew_open(&j->crew, &photo, 1, true, err);
}

static kao_status open_watcher(job *j, kao_error *err)
{
    const watch_args *a = j->args;
    cli_worker *w = j->use.g ? &j->use.crew.workers[0] : &j->crew.workers[0];
    const kao_watch_options o = {
        .rule = (kao_watch_rule)a->rule,
        .min_score = a->use.photo.min_score,
        .known = isnan(a->threshold) ? 0 : a->threshold,
        .same = isnan(a->same) ? 0 : a->same,
        .fpir = isnan(a->fpir) ? 0 : a->fpir,
        .lost_seconds = (double)a->lost,
        .search = a->fine ? KAO_SEARCH_ALL : KAO_SEARCH_QUICK,
        .remember = a->remember,
    };
    /* an empty gallery has no models yet: nobody is in it */
    const bool people = j->use.g && j->use.n;
    kao_embedder *const *embedders = people ? j->use.embedders : &w->embedder;
    kao_status st = KAO_OK;

    if (!people && !w->embedder) {
        st = kao_fail(err, KAO_E_NOT_FOUND,
                      "%s: nobody is in this gallery (--no-gallery watches without)",
                      j->use.path);
        return st;
    }
    st = kao_watcher_create(context_of(j), &j->watcher, w->detector, embedders,
                            people ? j->use.n : 1, people ? j->use.g : NULL, &o, err);
    if (!st)
        j->limit = (cli_limit){ .calibration = kao_embedder_calibration(embedders[0]),
                                .tta = kao_embedder_tta(embedders[0]) };
    return st;
}

static void lost(void *user, const char *reason)
{
    const job *j = user;

    if (reason)
        fprintf(stderr, "kao watch: %s; trying again\n", reason);
    else
        fprintf(stderr, "kao watch: %s: it is there again\n", j->source);
}

static kao_status open_out(job *j, kao_error *err)
{
    const kao_video_info *info = kao_video_info_of(j->video);
    kao_video_out_options o = { .fps = info->live ? 25 : info->fps,
                                .sound = info->sound && !info->live ? j->source : NULL,
                                .sound_start = info->start };

    if (!j->args->output)
        return KAO_OK;
    j->panel =
        cli_panel_open(context_of(j), info->width, info->height, !j->args->no_panel);
    if (!j->panel)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    cli_panel_size(j->panel, &o.width, &o.height);
    return kao_video_out_open(context_of(j), &j->out, j->args->output, &o, err);
}

static kao_status open_all(job *j, kao_error *err)
{
    const watch_args *a = j->args;
    kao_status st = open_people(j, err);

    if (!st)
        st = kao_cancel_create(context_of(j), &stop, err);
    if (st)
        return st;
    const struct sigaction action = { .sa_handler = on_signal };

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    const kao_video_options o = { .fps = (double)a->fps,
                                  .cancel = stop,
                                  .once = a->once,
                                  .changed = lost,
                                  .user = j };

    st = open_watcher(j, err);
    if (!st)
        st = kao_video_open(context_of(j), &j->video, j->source, &o, err);
    if (!st)
        st = open_out(j, err);
    if (!st && a->tracks) {
        j->mot = cli_mot_open();
        if (!j->mot)
            st = kao_fail(err, KAO_E_NOMEM, "out of memory");
    }
    return st;
}

static void close_all(job *j)
{
    kao_context *ctx = context_of(j);

    kao_video_out_close(j->out);
    kao_video_close(j->video);
    cli_panel_close(j->panel);
    cli_mot_close(j->mot);
    kao_watcher_destroy(j->watcher);
    free(j->name);
    if (ctx) {
        signal(SIGINT, SIG_DFL);
        signal(SIGTERM, SIG_DFL);
        kao_cancel_destroy(stop);
        stop = NULL;
    }
    if (j->use.g)
        cli_gallery_close(&j->use);
    else
        cli_crew_close(&j->crew);
}

/* ---- frames ---- */

static const char *name_of(void *user, int64_t person)
{
    job *j = user;

    free(j->name);
    j->name = NULL;
    if (person && j->use.g)
        cli_person_name(&j->use, person, &j->name, NULL);
    return j->name;
}

static double wall_clock(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int tell(job *j, const kao_watched *seen)
{
    const bool live = kao_video_info_of(j->video)->live;
    int status = CLI_YES;

    for (size_t i = 0; i < seen->n_events; i++) {
        const kao_track_event *e = kao_track_event_at(seen, i);
        const int s = cli_watch_event(e, j->frame, live ? wall_clock() : (double)NAN,
                                      name_of(j, e->person), &j->limit, j->args->json);

        status = s > status ? s : status;
        if (j->mot && e->kind == KAO_TRACK_RENAMED &&
            !cli_mot_rename(j->mot, e->was, e->id))
            status = CLI_FAULT;
    }
    if (seen->n_events && !cli_flush()) /* events are of now */
        status = CLI_FAULT;
    return status;
}

static kao_status show(job *j, const kao_video_frame *frame, const kao_watched *seen,
                       kao_error *err)
{
    const kao_image *image = NULL;
    kao_status st = KAO_OK;

    for (size_t i = 0; j->mot && i < seen->n_tracks; i++)
        if (kao_track_at(seen, i)->seen &&
            !cli_mot_add(j->mot, frame->number, kao_track_at(seen, i)))
            return kao_fail(err, KAO_E_NOMEM, "out of memory");
    if (!j->out)
        return KAO_OK;
    st = cli_panel_draw(j->panel, &frame->view, frame->time, seen, name_of, j, &image,
                        err);
    return st ? st : kao_video_out_frame(j->out, image, frame->time, err);
}

static void show_progress(const job *j, double time)
{
    const kao_video_info *info = kao_video_info_of(j->video);
    const double passed = cli_now_ms() - j->begun_ms;

    if (!j->progress || passed < 1000 || j->frame % 5)
        return;
    fprintf(stderr, "\r%.1f s", time);
    if (info->seconds > 0) /* no NaN */
        fprintf(stderr, " of %.1f", info->seconds);
    fprintf(stderr, ", %.1f frames a second ", (double)j->frame * 1000 / passed);
}

/* Until the end, or until it is stopped. */
static kao_status watch_frames(job *j, int *status, kao_error *err)
{
    kao_video_frame frame = { .cut = NULL };
    kao_watched seen = KAO_WATCHED_INIT;
    bool more = true;
    kao_status st = KAO_OK;

    j->begun_ms = cli_now_ms();
    while (!st) {
        st = kao_video_next(j->video, &frame, &more, err);
        if (st || !more)
            break;
        if (j->args->seconds > 0 && frame.time >= (double)j->args->seconds)
            break;
        j->frame = frame.number;
        st = kao_watch(j->watcher, &frame.view, frame.time, &seen, err);
        const int s = tell(j, &seen);

        *status = s > *status ? s : *status;
        if (!st)
            st = show(j, &frame, &seen, err);
        show_progress(j, frame.time);
        if (*status == CLI_FAULT)
            break;
    }
    if (j->progress && cli_now_ms() - j->begun_ms >= 1000)
        fprintf(stderr, "\r%50s\r", "");
    if (!st && frame.cut)
        fprintf(stderr, "kao watch: %s: %s; %llu frames were read\n", j->source,
                frame.cut, (unsigned long long)j->frame);
    return st;
}

static kao_status finish(job *j, int *status, kao_error *err)
{
    kao_watched seen = KAO_WATCHED_INIT;
    kao_status st = kao_watch_end(j->watcher, &seen, err);
    const int s = tell(j, &seen);

    *status = s > *status ? s : *status;
    if (!st && j->out && j->frame)
        st = kao_video_out_finish(j->out, err);
    if (!st && j->mot)
        st = cli_mot_write(j->mot, j->args->tracks, err);
    return st;
}

int cli_watch_run(int argc, char **argv)
{
    watch_args args = { .threshold = NAN, .same = NAN, .fpir = (double)NAN };
    cli_operands rest;
    kao_error err = { 0 }, later = { 0 };
    int status = CLI_BAD;

    if (!cli_begin("watch", argc, argv, &args, &rest, &status))
        return status;
    if (rest.n != 1) {
        fprintf(stderr, rest.n ? "kao watch: one source at a time\n"
                               : "kao watch: no video given (see kao watch --help)\n");
        return CLI_BAD;
    }
    job j = { .args = &args,
              .source = rest.items[0],
              .progress = isatty(STDERR_FILENO) && !isatty(STDOUT_FILENO) };
    kao_status st = open_all(&j, &err);

    kao_status end = KAO_OK;

    status = CLI_YES;
    if (!st) {
        st = watch_frames(&j, &status, &err);
        if (st == KAO_E_CANCELLED) /* asked to stop: what there is, is kept */
            st = KAO_OK;
        end = finish(&j, &status, &later);
        if (!st && end) {
            st = end;
            err = later;
        }
    }
    if (st) {
        int s = cli_report("watch", st, &err);

        if (st == KAO_E_IO && (end || (args.output && !j.out && j.panel)))
            s = CLI_FAULT; /* what could not be written, not read */
        status = s > status ? s : status;
    }
    close_all(&j);
    return cli_finish("watch", status);
}
