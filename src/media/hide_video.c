/* See hide_video.h. */
#include "media/hide_video.h"

#include "base/error.h"
#include "media/video_out.h"

static kao_status out_of_memory(kao_error *err)
{
    return kao_fail(err, KAO_E_NOMEM, "out of memory");
}

kao_status kao_hide_take(kao_hide_plan *p, const kao_watched *seen,
                         const kao_video_frame *frame, kao_error *err)
{
    const kao_view *v = &frame->view;
    const bool turned = v->rotation % 180 != 0;
    const float by_x = (float)p->width / (float)(turned ? v->height : v->width),
                by_y = (float)p->height / (float)(turned ? v->width : v->height);

    for (size_t i = 0; i < seen->n_tracks; i++) {
        const kao_track *k = kao_track_at(seen, i);
        kao_hide_track *t = kao_hide_plan_track(p, k->id);
        const kao_hide_rect box = { by_x * k->face.x, by_y * k->face.y,
                                    by_x * k->face.width, by_y * k->face.height };

        if (!t || (k->seen && !kao_hide_track_add(p, t, (int64_t)frame->number, box)))
            return out_of_memory(err);
        t->person = k->person ? k->person : t->person;
    }
    for (size_t i = 0; i < seen->n_events; i++) {
        const kao_track_event *e = kao_track_event_at(seen, i);

        if (e->kind == KAO_TRACK_RENAMED && !kao_hide_plan_join(p, e->was, e->id))
            return out_of_memory(err);
    }
    return KAO_OK;
}

static kao_status draw_frame(kao_context *ctx, const kao_hide_plan *p,
                             const kao_video_frame *frame, kao_hide_mode mode,
                             kao_image *image, kao_error *err)
{
    kao_status st = kao_image_resize(ctx, &frame->view, image, err);
    kao_hide_rect box;

    for (size_t i = 0; !st && i < p->n; i++)
        for (size_t k = 0; !st && kao_hide_track_at(p, &p->tracks[i],
                                                    (int64_t)frame->number, k, &box);
             k++)
            st = kao_hide(ctx, image, box, mode, err);
    return st;
}

kao_status kao_hide_draw(kao_context *ctx, const kao_hide_plan *p, kao_video *v,
                         const kao_hide_drawing *how, kao_error *err)
{
    const kao_video_info *info = kao_video_info_of(v);
    const kao_video_out_options o = { .width = info->width,
                                      .height = info->height,
                                      .fps = info->fps,
                                      .sound = info->sound ? how->source : NULL,
                                      .sound_start = info->start,
                                      .into = how->fd >= 0,
                                      .fd = how->fd };
    kao_video_frame frame = { .cut = NULL };
    kao_video_out *out = NULL;
    kao_image image = { 0 };
    kao_status st = kao_image_create(ctx, o.width, o.height, &image, err);

    if (!st)
        st = kao_video_out_open(ctx, &out, how->output, &o, err);
    while (!st) {
        bool more = true;

        st = kao_video_next(v, &frame, &more, err);
        if (st || !more)
            break;
        st = draw_frame(ctx, p, &frame, how->mode, &image, err);
        if (!st)
            st = kao_video_out_frame(out, &image, frame.time, err);
        if (how->told)
            how->told(how->user, frame.number, frame.time);
    }
    if (!st)
        st = kao_video_out_finish(out, err);
    kao_video_out_close(out);
    kao_image_free(ctx, &image);
    return st;
}
