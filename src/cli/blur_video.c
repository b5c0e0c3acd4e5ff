/* Videos for kao blur: looked through once, to know who is where, and drawn in a second run, when
 * it is known who they are. */
#include <stdio.h>

#include "base/context.h"
#include "base/error.h"
#include "cli/blur.h"
#include "media/hide_video.h"

/* ---- who is where? ---- */

static kao_status out_of_memory(kao_error *err)
{
    return kao_fail(err, KAO_E_NOMEM, "out of memory");
}

/* Names, and who is to be hidden. */
static kao_status decide(cli_blur *b, kao_hide_plan *p, kao_error *err)
{
    for (size_t i = 0; i < p->n; i++) {
        kao_hide_track *t = &p->tracks[i];
        const char *name = t->person ? cli_watch_name(&b->w, t->person) : NULL;

        t->hide = cli_blur_hides(b, t->person, name);
        if (!name)
            continue;
        t->name = kao_strdup(p->mem, name);
        if (!t->name)
            return out_of_memory(err);
    }
    return KAO_OK;
}

static kao_status look_through(cli_blur *b, kao_video *v, const char *source,
                               kao_hide_plan *p, kao_error *err)
{
    const kao_video_info *info = kao_video_info_of(v);
    cli_video_progress progress = cli_video_progress_begin("looking:", info->seconds);
    kao_video_frame frame = { .cut = NULL };
    kao_watched seen = KAO_WATCHED_INIT;
    kao_status st = KAO_OK;

    *p = (kao_hide_plan){ .mem = &b->w.ctx->mem,
                          .width = info->width,
                          .height = info->height,
                          .fps = info->fps };
    while (!st) {
        bool more = true;

        st = kao_video_next(v, &frame, &more, err);
        if (st || !more)
            break;
        st = kao_watch(b->w.watcher, &frame.view, frame.time, &seen, err);
        if (!st)
            st = kao_hide_take(p, &seen, &frame, err);
        cli_video_progress_show(&progress, frame.number, frame.time);
    }
    cli_video_progress_end(&progress);
    if (!st && frame.cut)
        fprintf(stderr, "kao blur: %s: %s\n", source, frame.cut);
    return st ? st : decide(b, p, err);
}

/* ---- drawing ---- */

static void show(void *user, uint64_t frame, double time)
{
    cli_video_progress_show(user, frame, time);
}

static kao_status draw(const cli_blur *b, const kao_hide_plan *p, kao_video *v,
                       const char *source, kao_error *err)
{
    cli_video_progress progress =
        cli_video_progress_begin("writing:", kao_video_info_of(v)->seconds);
    const kao_hide_drawing how = { .mode = (kao_hide_mode)b->args->mode,
                                   .source = source,
                                   .output = b->args->output,
                                   .fd = -1,
                                   .told = show,
                                   .user = &progress };
    const kao_status st = kao_hide_draw(b->w.ctx, p, v, &how, err);

    cli_video_progress_end(&progress);
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

static kao_status make_plan(cli_blur *b, const char *source, kao_hide_plan *p,
                            kao_error *err)
{
    kao_video *v = NULL;
    kao_status st = open_source(b, &v, source, err);

    if (!st)
        st = look_through(b, v, source, p, err);
    kao_video_close(v);
    if (st || !b->args->plan)
        return st;
    b->writes = true;
    st = kao_hide_plan_write(p, b->args->plan, source, err);
    b->writes = st != KAO_OK;
    return st;
}

kao_status cli_blur_video(cli_blur *b, const char *source, size_t *n_tracks,
                          size_t *n_hidden, kao_error *err)
{
    kao_hide_plan p = { .mem = &b->w.ctx->mem };
    kao_video *v = NULL;
    kao_status st = b->args->from ? kao_hide_plan_read(&p, b->args->from, err)
                                  : make_plan(b, source, &p, err);

    if (!st)
        st = open_source(b, &v, source, err);
    if (!st && (kao_video_info_of(v)->width != p.width ||
                kao_video_info_of(v)->height != p.height))
        st = kao_fail(err, KAO_E_ARG, "%s: %s is of a video of %u x %u", source,
                      b->args->from, p.width, p.height);
    b->writes = b->writes || st == KAO_OK;
    if (!st && b->args->output)
        st = draw(b, &p, v, source, err);
    kao_video_close(v);
    *n_tracks = p.n;
    *n_hidden = 0;
    for (size_t i = 0; i < p.n; i++)
        *n_hidden += p.tracks[i].hide;
    kao_hide_plan_free(&p);
    return st;
}
