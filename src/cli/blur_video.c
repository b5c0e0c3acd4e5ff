/* Videos for kao blur: looked through once, to know who is where, and drawn in a second run, when
 * it is known who they are. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "cli/blur.h"
#include "cli/hide_plan.h"
#include "media/video.h"
#include "media/video_out.h"

/* ---- who is where? ---- */

static kao_status out_of_memory(kao_error *err)
{
    return kao_fail(err, KAO_E_NOMEM, "out of memory");
}

static kao_status take_events(cli_hide_plan *p, const kao_watched *seen, kao_error *err)
{
    for (size_t i = 0; i < seen->n_events; i++) {
        const kao_track_event *e = kao_track_event_at(seen, i);

        if (e->kind == KAO_TRACK_RENAMED && !cli_hide_plan_join(p, e->was, e->id))
            return out_of_memory(err);
    }
    return KAO_OK;
}

static kao_status take_tracks(cli_hide_plan *p, const kao_watched *seen, int64_t frame,
                              kao_error *err)
{
    for (size_t i = 0; i < seen->n_tracks; i++) {
        const kao_track *k = kao_track_at(seen, i);
        cli_hide_track *t = cli_hide_plan_track(p, k->id);
        const cli_box box = { k->face.x, k->face.y, k->face.width, k->face.height };

        if (!t || (k->seen && !cli_hide_track_add(t, frame, box)))
            return out_of_memory(err);
        t->person = k->person ? k->person : t->person;
    }
    return KAO_OK;
}

/* Names, and who is to be hidden. */
static kao_status decide(cli_blur *b, cli_hide_plan *p, kao_error *err)
{
    for (size_t i = 0; i < p->n; i++) {
        cli_hide_track *t = &p->tracks[i];
        const char *name = t->person ? cli_watch_name(&b->w, t->person) : NULL;

        t->hide = cli_blur_hides(b, t->person, name);
        if (!name)
            continue;
        t->name = strdup(name);
        if (!t->name)
            return out_of_memory(err);
    }
    return KAO_OK;
}

static kao_status look_through(cli_blur *b, kao_video *v, const char *source,
                               cli_hide_plan *p, kao_error *err)
{
    const kao_video_info *info = kao_video_info_of(v);
    cli_video_progress progress = cli_video_progress_begin("looking:", info->seconds);
    kao_video_frame frame = { .cut = NULL };
    kao_watched seen = KAO_WATCHED_INIT;
    kao_status st = KAO_OK;

    *p = (cli_hide_plan){ .width = info->width,
                          .height = info->height,
                          .fps = info->fps };
    while (!st) {
        bool more = true;

        st = kao_video_next(v, &frame, &more, err);
        if (st || !more)
            break;
        st = kao_watch(b->w.watcher, &frame.view, frame.time, &seen, err);
        if (!st)
            st = take_tracks(p, &seen, (int64_t)frame.number, err);
        if (!st)
            st = take_events(p, &seen, err);
        cli_video_progress_show(&progress, frame.number, frame.time);
    }
    cli_video_progress_end(&progress);
    if (!st && frame.cut)
        fprintf(stderr, "kao blur: %s: %s\n", source, frame.cut);
    return st ? st : decide(b, p, err);
}

/* ---- drawing ---- */

static kao_status draw_frame(const cli_blur *b, const cli_hide_plan *p,
                             const kao_video_frame *frame, kao_image *image,
                             kao_error *err)
{
    kao_status st = kao_image_resize(b->w.ctx, &frame->view, image, err);
    cli_box box;

    for (size_t i = 0; !st && i < p->n; i++)
        if (cli_hide_track_at(p, &p->tracks[i], (int64_t)frame->number, &box))
            st = cli_hide(image, box, (cli_hide_mode)b->args->mode, err);
    return st;
}

static kao_status draw(const cli_blur *b, const cli_hide_plan *p, kao_video *v,
                       const char *source, kao_error *err)
{
    const kao_video_info *info = kao_video_info_of(v);
    const kao_video_out_options o = { .width = info->width,
                                      .height = info->height,
                                      .fps = info->fps,
                                      .sound = info->sound ? source : NULL,
                                      .sound_start = info->start };
    cli_video_progress progress = cli_video_progress_begin("writing:", info->seconds);
    kao_video_frame frame = { .cut = NULL };
    kao_video_out *out = NULL;
    kao_image image = { 0 };
    kao_status st = kao_image_create(b->w.ctx, o.width, o.height, &image, err);

    if (!st)
        st = kao_video_out_open(b->w.ctx, &out, b->args->output, &o, err);
    while (!st) {
        bool more = true;

        st = kao_video_next(v, &frame, &more, err);
        if (st || !more)
            break;
        st = draw_frame(b, p, &frame, &image, err);
        if (!st)
            st = kao_video_out_frame(out, &image, frame.time, err);
        cli_video_progress_show(&progress, frame.number, frame.time);
    }
    cli_video_progress_end(&progress);
    if (!st)
        st = kao_video_out_finish(out, err);
    kao_video_out_close(out);
    kao_image_free(b->w.ctx, &image);
    return st;
}

/* ---- both ---- */

static kao_status open_source(const cli_blur *b, kao_video **v, const char *source,
                              kao_error *err)
{
    const kao_video_options o = { .cancel = b->w.cancel };

    if (kao_video_is_live(source))
        return kao_fail(err, KAO_E_ARG, "%s: a stream cannot be looked through twice",
                        source);
    return kao_video_open(b->w.ctx, v, source, &o, err);
}

static kao_status make_plan(cli_blur *b, const char *source, cli_hide_plan *p,
                            kao_error *err)
{
    kao_video *v = NULL;
    kao_status st = open_source(b, &v, source, err);

    if (!st)
        st = look_through(b, v, source, p, err);
    kao_video_close(v);
    if (!st && b->args->plan)
        st = cli_hide_plan_write(p, b->args->plan, source, err);
    return st;
}

kao_status cli_blur_video(cli_blur *b, const char *source, size_t *n_tracks,
                          size_t *n_hidden, kao_error *err)
{
    cli_hide_plan p = { .n = 0 };
    kao_video *v = NULL;
    kao_status st = b->args->from ? cli_hide_plan_read(&p, b->args->from, err)
                                  : make_plan(b, source, &p, err);

    if (!st)
        st = open_source(b, &v, source, err);
    if (!st && (kao_video_info_of(v)->width != p.width ||
                kao_video_info_of(v)->height != p.height))
        st = kao_fail(err, KAO_E_ARG, "%s: %s is of a video of %u x %u", source,
                      b->args->from, p.width, p.height);
    if (!st && b->args->output)
        st = draw(b, &p, v, source, err);
    kao_video_close(v);
    *n_tracks = p.n;
    *n_hidden = 0;
    for (size_t i = 0; i < p.n; i++)
        *n_hidden += p.tracks[i].hide;
    cli_hide_plan_free(&p);
    return st;
}
