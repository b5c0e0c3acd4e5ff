/* See job_video.h: a video that was looked through, with people of it hidden. */
#include <unistd.h>

#include "base/context.h"
#include "base/error.h"
#include "server/job_video.h"

static void close_blur(kao_job *j)
{
    kao_blur_job *b = j->data;

    if (b->video)
        kao_job_put(b->all, b->video, false);
    kao_spool_close(b->out);
    kao_free(b->mem, b->hide);
    kao_free(b->mem, b);
}

static void told(void *user, uint64_t frame, double time)
{
    kao_job *j = user;

    (void)time;
    atomic_store(&j->now, frame);
}

/* What is drawn of the plan (boxes, hide) changes for nobody else: one job runs at a time. */
static kao_status run_blur(kao_job *j, kao_worker *w, kao_error *err)
{
    kao_blur_job *b = j->data;
    kao_video_job *v = b->video->data;
    const kao_video_options how = { .cancel = j->cancel, .contained = true };
    const kao_hide_drawing drawing = { .mode = b->mode,
                                       .source = v->spool->path,
                                       .output = "video.mp4",
                                       .fd = b->out->fd,
                                       .told = told,
                                       .user = j };
    kao_video *video = NULL;

    for (size_t i = 0; i < v->plan.n; i++)
        v->plan.tracks[i].hide = b->hide[i];
    atomic_store(&j->all, v->n_times);
    kao_status st = kao_video_open(w->ctx, &video, v->spool->path, &how, err);

    if (!st)
        st = kao_hide_draw(w->ctx, &v->plan, video, &drawing, err);
    kao_video_close(video);
    if (!st)
        st = kao_spool_written(b->out, err);
    kao_video_error(v->spool, err);
    return st;
}

static kao_status tell_blur(kao_job *j, kao_worker *w, kao_call *c, kao_json *to,
                            kao_error *err)
{
    const kao_blur_job *b = j->data;
    const kao_video_job *v = b->video->data;
    size_t n = 0;

    (void)w, (void)c, (void)err;
    for (size_t i = 0; i < v->plan.n; i++)
        n += b->hide[i];
    kao_json_set(to, "hidden", kao_json_integer((int64_t)n));
    kao_json_set(to, "tracks", kao_json_integer((int64_t)v->plan.n));
    kao_json_set(to, "bytes", kao_json_integer((int64_t)b->out->n));
    return KAO_OK;
}

const kao_job_kind kao_job_blur = { .name = "blur",
                                    .unreadable = "invalid_video",
                                    .bare = true,
                                    .run = run_blur,
                                    .tell = tell_blur,
                                    .close = close_blur };
