/* kao watch: who is in this video? Faces are found, followed and named; events come as lines. */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/address.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/event_json.h"
#include "base/file.h"
#include "cli/commands.h"
#include "cli/watch_draw.h"
#include "cli/watch_mqtt.h"
#include "cli/watch_tell.h"
#include "cli/watch_use.h"
#include "cli/watch_window.h"
#include "media/video.h"
#include "media/video_out.h"

typedef struct watch_args {
    cli_watch_options w;
    const char *output, *tracks, *mqtt, *camera;
    float fps, seconds;
    bool no_panel, once, json, window;
} watch_args;

const cli_option cli_watch_options_table[] = {
    CLI_WATCH_GALLERY_OPTIONS(watch_args),
    { "remember", 0, CLI_FLAG, offsetof(watch_args, w.remember), NULL,
      "strangers are enrolled, without a name: they keep their number in later "
      "videos" },
    { "output", 'o', CLI_TEXT, offsetof(watch_args, output), "VIDEO",
      "write the video with boxes, names and a panel of people: .mp4, .mkv, .." },
    { "no-panel", 0, CLI_FLAG, offsetof(watch_args, no_panel), NULL,
      "-o, --window: boxes and names alone" },
    { "window", 'w', CLI_FLAG, offsetof(watch_args, window), NULL,
      "show it in a window, a file at its own pace; Escape or q ends" },
    { "tracks", 0, CLI_TEXT, offsetof(watch_args, tracks), "FILE",
      "write every box as a line frame,id,x,y,w,h,score,-1,-1,-1 (MOT form)" },
    CLI_WATCH_LIMIT_OPTIONS(watch_args),
    { "same", 0, CLI_COSINE, offsetof(watch_args, w.same), "X",
      "seen before in this video from this similarity on [by the calibration]" },
    { "lost", 0, CLI_SECONDS, offsetof(watch_args, w.lost), "S",
      "who is not seen for so many seconds has left [2]" },
    { "rule", 0, CLI_WORD, offsetof(watch_args, w.rule), "kao|ailia",
      "ailia: follow by that sample's rule, for comparison [kao]" },
    { "fps", 0, CLI_SECONDS, offsetof(watch_args, fps), "N",
      "of a folder of pictures: so many a second [25]" },
    { "seconds", 0, CLI_SECONDS, offsetof(watch_args, seconds), "S",
      "stop after so many seconds of video [at its end]" },
    { "once", 0, CLI_FLAG, offsetof(watch_args, once), NULL,
      "a stream that ends is not opened again" },
    { "mqtt", 0, CLI_TEXT, offsetof(watch_args, mqtt), "URL",
      "tell a broker, too: mqtt://[USER[:PASSWORD]@]HOST[:PORT][/PREFIX] [KAO_MQTT]" },
    { "camera", 0, CLI_TEXT, offsetof(watch_args, camera), "NAME",
      "--mqtt: what topics call the source [by its name]" },
    CLI_WATCH_NETWORK_OPTIONS(watch_args, "0.6"),
    { "json", 0, CLI_FLAG, offsetof(watch_args, json), NULL,
      "one JSON object an event" },
    { .name = NULL },
};

typedef struct job {
    const watch_args *args;
    const char *source, *shown; /* as it is told: an address without a password */
    cli_watch w;
    kao_video *video;
    cli_panel *panel;
    kao_video_out *out;
    cli_mot *mot;
    cli_mqtt *mqtt;
    cli_window *window;
    double first_shown; /* the clock less the video's time, at its first frame */
    uint64_t frame;
    double time; /* of the frame */
} job;

/* ---- opening ---- */

static void lost(void *user, const char *reason)
{
    const job *j = user;

    if (!reason) {
        fprintf(stderr, "kao watch: %s: it is there again\n", j->shown);
        return;
    }
    kao_error err;

    kao_fail(&err, KAO_E_IO, "%s", reason);
    kao_address_hide(j->source, &err);
    fprintf(stderr, "kao watch: %s; trying again\n", err.msg);
}

static kao_status open_out(job *j, kao_error *err)
{
    const kao_video_info *info = kao_video_info_of(j->video);
    kao_video_out_options o = { .fps = info->live ? 25 : info->fps,
                                .sound = info->sound && !info->live ? j->source : NULL,
                                .sound_start = info->start };

    if (!j->args->output && !j->args->window)
        return KAO_OK;
    j->panel = cli_panel_open(j->w.ctx, info->width, info->height, !j->args->no_panel);
    if (!j->panel)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    cli_panel_size(j->panel, &o.width, &o.height);
    const kao_status st =
        j->args->window ? cli_window_open(&j->window, j->shown, o.width, o.height, err)
                        : KAO_OK;

    return st || !j->args->output
               ? st
               : kao_video_out_open(j->w.ctx, &j->out, j->args->output, &o, err);
}

/* The host of an address, a file without its folders and its ending. */
static void source_name(const char *source, char *to, size_t cap)
{
    const char *host = strstr(source, "://");
    size_t n;

    if (host) {
        host += 3;
        source = host + (*host == '['); /* of IPv6 */
        n = strcspn(source, *host == '[' ? "]/?#" : ":/?#");
    } else {
        for (const char *slash = strchr(source, '/'); slash && slash[1];
             slash = strchr(source, '/'))
            source = slash + 1;
        n = strcspn(source, "/");
        for (size_t i = n; i-- > 1;)
            if (source[i] == '.') {
                n = i;
                break;
            }
    }
    snprintf(to, cap, "%.*s", (int)(n < cap ? n : cap - 1), source);
}

static kao_status open_mqtt(job *j, kao_error *err)
{
    char name[256];
    const char *given = j->args->mqtt ? j->args->mqtt : getenv("KAO_MQTT");

    if (!given || !*given)
        return KAO_OK;
    source_name(j->shown, name, sizeof name);
    return cli_mqtt_open(
        &j->mqtt,
        &(cli_mqtt_options){ .url = given,
                             .camera = j->args->camera ? j->args->camera : name,
                             .cancel = j->w.cancel },
        err);
}

static kao_status open_all(job *j, kao_error *err)
{
    const watch_args *a = j->args;
    kao_status st = cli_watch_open(&j->w, &a->w, err);
    const kao_video_options o = { .fps = (double)a->fps,
                                  .cancel = j->w.cancel,
                                  .once = a->once,
                                  .changed = lost,
                                  .user = j };

    if (!st) {
        st = kao_video_open(j->w.ctx, &j->video, j->source, &o, err);
        if (st)
            kao_address_hide(j->source, err);
    }
    if (!st)
        st = open_out(j, err);
    if (!st)
        st = open_mqtt(j, err);
    if (!st && a->tracks) {
        j->mot = cli_mot_open();
        if (!j->mot)
            st = kao_fail(err, KAO_E_NOMEM, "out of memory");
    }
    return st;
}

static void close_all(job *j)
{
    cli_mqtt_close(j->mqtt);
    cli_window_close(j->window);
    kao_video_out_close(j->out);
    kao_video_close(j->video);
    cli_panel_close(j->panel);
    cli_mot_close(j->mot);
    cli_watch_close(&j->w);
}

/* ---- frames ---- */

static bool tell_event(job *j, const kao_track_event *e, double wall)
{
    const char *name = cli_watch_name(&j->w, e->person);

    return cli_mqtt_event(
        j->mqtt,
        kao_event_json(e, j->frame, wall, name, j->w.limit.calibration, j->w.limit.tta),
        e, name);
}

static bool tell_people(job *j, const kao_watched *seen)
{
    kao_json *people = kao_json_array();

    for (size_t i = 0; i < seen->n_tracks; i++) {
        const kao_track *t = kao_track_at(seen, i);
        kao_json *one = kao_json_object();

        kao_json_set(one, "track", kao_json_integer(t->id));
        kao_json_set(one, "person",
                     t->person ? kao_json_integer(t->person) : kao_json_null());
        kao_json_set(one, "name", kao_json_string(cli_watch_name(&j->w, t->person)));
        kao_json_set(one, "similarity",
                     t->person ? kao_json_float(t->similarity) : kao_json_null());
        kao_json_add(people, one);
    }
    return cli_mqtt_people(j->mqtt, j->time, people);
}

static int tell(job *j, const kao_watched *seen)
{
    const bool live = kao_video_info_of(j->video)->live;
    int status = CLI_YES;

    for (size_t i = 0; i < seen->n_events; i++) {
        const kao_track_event *e = kao_track_event_at(seen, i);
        const double wall = live ? kao_clock_wall() - (j->time - e->time) : (double)NAN;
        const int s =
            cli_watch_event(e, j->frame, wall, cli_watch_name(&j->w, e->person),
                            &j->w.limit, j->args->json);

        status = s > status ? s : status;
        if (j->mot && e->kind == KAO_TRACK_RENAMED &&
            !cli_mot_rename(j->mot, e->was, e->id))
            status = CLI_FAULT;
        if (j->mqtt && !tell_event(j, e, wall))
            status = CLI_FAULT;
    }
    if (j->mqtt && seen->n_events && !tell_people(j, seen))
        status = CLI_FAULT;
    if (seen->n_events && !cli_flush()) /* events are of now */
        status = CLI_FAULT;
    return status;
}

/* Not before its time: a file is read faster than people look. */
static void keep_pace(job *j, double time)
{
    const double now = kao_clock_seconds();

    if (isnan(j->first_shown) || kao_video_info_of(j->video)->live)
        j->first_shown = now - time;
    const double wait = j->first_shown + time - now;

    if (wait > 0) {
        const struct timespec t = { (time_t)wait,
                                    (long)((wait - floor(wait)) * 999999999) };

        nanosleep(&t, NULL); /* a signal may end it */
    }
}

/* *more: false where the window was closed. */
static kao_status show(job *j, const kao_video_frame *frame, const kao_watched *seen,
                       bool *more, kao_error *err)
{
    const kao_image *image = NULL;
    kao_status st = KAO_OK;

    for (size_t i = 0; j->mot && i < seen->n_tracks; i++)
        if (kao_track_at(seen, i)->seen &&
            !cli_mot_add(j->mot, frame->number, kao_track_at(seen, i)))
            return kao_fail(err, KAO_E_NOMEM, "out of memory");
    if (!j->panel)
        return KAO_OK;
    st = cli_panel_draw(j->panel, &frame->view, frame->time, seen, cli_watch_name,
                        &j->w, &image, err);
    if (!st && j->window) {
        keep_pace(j, frame->time);
        *more = cli_window_show(j->window, image);
    }
    return st || !j->out ? st : kao_video_out_frame(j->out, image, frame->time, err);
}

/* Until the end, or until it is stopped. */
static kao_status watch_frames(job *j, int *status, kao_error *err)
{
    kao_video_frame frame = { .cut = NULL };
    kao_watched seen = KAO_WATCHED_INIT;
    bool more = true;
    kao_status st = KAO_OK;

    cli_video_progress progress =
        cli_video_progress_begin("", kao_video_info_of(j->video)->seconds);

    while (!st) {
        st = kao_video_next(j->video, &frame, &more, err);
        if (st)
            kao_address_hide(j->source, err);
        if (st || !more)
            break;
        if (j->args->seconds > 0 && frame.time >= (double)j->args->seconds)
            break;
        j->frame = frame.number;
        j->time = frame.time;
        st = kao_watch(j->w.watcher, &frame.view, frame.time, &seen, err);
        const int s = tell(j, &seen);

        *status = s > *status ? s : *status;
        if (!st)
            st = show(j, &frame, &seen, &more, err);
        cli_video_progress_show(&progress, j->frame, frame.time);
        if (*status == CLI_FAULT || !more)
            break;
    }
    cli_video_progress_end(&progress);
    if (!st && frame.cut)
        fprintf(stderr, "kao watch: %s: %s; %llu frames were read\n", j->shown,
                frame.cut, (unsigned long long)j->frame);
    return st;
}

static kao_status finish(job *j, int *status, kao_error *err)
{
    kao_watched seen = KAO_WATCHED_INIT;
    kao_status st = kao_watch_end(j->w.watcher, &seen, err);
    const int s = tell(j, &seen);

    *status = s > *status ? s : *status;
    if (!st && j->out && j->frame)
        st = kao_video_out_finish(j->out, err);
    if (!st && j->mot)
        st = cli_mot_write(j->mot, j->args->tracks, err);
    return st;
}

/* SIGPIPE would leave the video that is being written beside its name. It waits: the write that caused it
 * fails, which ends watching. Threads that are made from here on have it so, too. */
static void hold_sigpipe(sigset_t *was)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &set, was);
}

int cli_watch_run(int argc, char **argv)
{
    watch_args args = { .w = CLI_WATCH_DEFAULTS };
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
    for (int i = 0; i < 2; i++) {
        const char *to = i ? args.tracks : args.output;

        if (to && kao_is_same_file(to, rest.items[0]) && !cli_is_stream(to)) {
            fprintf(stderr, "kao watch: %s: would be written over: %s another file\n",
                    rest.items[0], i ? "--tracks:" : "-o:");
            return CLI_BAD;
        }
    }
    job j = { .args = &args, .source = rest.items[0], .first_shown = (double)NAN };
    char address[KAO_ADDRESS_SHOWN];

    kao_address_show(j.source, address);
    j.shown = strstr(j.source, "://") ? address : j.source;
    sigset_t signals;

    hold_sigpipe(&signals);
    kao_status st = open_all(&j, &err);

    const bool stopped = st == KAO_E_CANCELLED; /* before there was anything */
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
    if (st && !stopped) {
        int s = cli_report("watch", st, &err);

        if (st == KAO_E_IO && (end || (args.output && !j.out && j.panel)))
            s = CLI_FAULT; /* what could not be written, not read */
        status = s > status ? s : status;
    }
    close_all(&j);
    pthread_sigmask(SIG_SETMASK, &signals, NULL); /* one that waited ends the program */
    if (stopped)
        cli_watch_end(&j.w);
    return cli_finish("watch", status);
}
