/* See hide_plan.h. */
#include "media/hide_plan.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/room.h"

static const double gap_seconds = 2, margin_seconds = .4;

static const double fps_most = 1e6;

enum { PLAN_BYTES_MOST = 1 << 30 };

/* ---- tracks ---- */

void kao_hide_plan_free(kao_hide_plan *p)
{
    for (size_t i = 0; i < p->n; i++) {
        kao_free(p->mem, p->tracks[i].name);
        kao_free(p->mem, p->tracks[i].boxes);
    }
    kao_free(p->mem, p->tracks);
    *p = (kao_hide_plan){ .mem = p->mem };
}

static kao_hide_track *find(const kao_hide_plan *p, int64_t id)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->tracks[i].id == id)
            return &p->tracks[i];
    return NULL;
}

kao_hide_track *kao_hide_plan_track(kao_hide_plan *p, int64_t id)
{
    kao_hide_track *t = find(p, id);

    if (t)
        return t;
    if (!kao_room(p->mem, &p->tracks, &p->cap, p->n + 1, sizeof *p->tracks))
        return NULL;
    p->tracks[p->n] = (kao_hide_track){ .id = id };
    return &p->tracks[p->n++];
}

bool kao_hide_track_add(kao_hide_plan *p, kao_hide_track *t, int64_t frame,
                        kao_hide_rect box)
{
    if (!kao_room(p->mem, &t->boxes, &t->cap, t->n + 1, sizeof *t->boxes))
        return false;
    t->boxes[t->n++] = (kao_hide_box){ frame, box };
    return true;
}

static int by_frame(const void *a, const void *b)
{
    const int64_t x = ((const kao_hide_box *)a)->frame,
                  y = ((const kao_hide_box *)b)->frame;

    return (x > y) - (x < y);
}

static void sort(kao_hide_track *t)
{
    if (t->n)
        qsort(t->boxes, t->n, sizeof *t->boxes, by_frame);
}

bool kao_hide_plan_join(kao_hide_plan *p, int64_t was, int64_t id)
{
    if (!find(p, was) || was == id)
        return true;
    kao_hide_track *to = kao_hide_plan_track(p, id);
    kao_hide_track *from = find(p, was);

    if (!to)
        return false;
    for (size_t i = 0; i < from->n; i++)
        if (!kao_hide_track_add(p, to, from->boxes[i].frame, from->boxes[i].box))
            return false;
    sort(to);
    kao_free(p->mem, from->name);
    kao_free(p->mem, from->boxes);
    *from = p->tracks[--p->n];
    return true;
}

/* ---- writing ---- */

static kao_json *box_json(const kao_hide_box *b)
{
    const float sides[4] = { b->box.x, b->box.y, b->box.width, b->box.height };
    kao_json *o = kao_json_array();

    kao_json_add(o, kao_json_integer(b->frame));
    for (int i = 0; i < 4; i++)
        kao_json_add(o, kao_json_number(round((double)sides[i] * 10) / 10));
    return o;
}

static kao_json *track_json(const kao_hide_track *t)
{
    kao_json *o = kao_json_object(), *boxes = kao_json_array();

    for (size_t i = 0; i < t->n; i++)
        kao_json_add(boxes, box_json(&t->boxes[i]));
    kao_json_set(o, "track", kao_json_integer(t->id));
    kao_json_set(o, "person",
                 t->person ? kao_json_integer(t->person) : kao_json_null());
    kao_json_set(o, "name", kao_json_string(t->name));
    kao_json_set(o, "hide", kao_json_bool(t->hide));
    kao_json_set(o, "boxes", boxes);
    return o;
}

kao_status kao_hide_plan_write(const kao_hide_plan *p, const char *path,
                               const char *source, kao_error *err)
{
    kao_json *o = kao_json_object(), *tracks = kao_json_array();
    kao_bytes text = { .mem = p->mem, .max = PLAN_BYTES_MOST };

    for (size_t i = 0; i < p->n; i++)
        kao_json_add(tracks, track_json(&p->tracks[i]));
    kao_json_set(o, "source", kao_json_string(source));
    kao_json_set(o, "width", kao_json_integer(p->width));
    kao_json_set(o, "height", kao_json_integer(p->height));
    kao_json_set(o, "fps", kao_json_number(p->fps));
    kao_json_set(o, "tracks", tracks);
    const kao_status st = kao_json_put(o, &text)
                              ? kao_file_write(p->mem, path, text.p, text.n, err)
                              : kao_fail(err, KAO_E_NOMEM, "%s: out of memory", path);

    kao_bytes_free(&text);
    return st;
}

/* ---- reading ---- */

static bool take_box(kao_hide_plan *p, kao_hide_track *t, const kao_json *v)
{
    double n[4] = { 0 };
    int64_t frame = 0;
    bool fine = kao_json_length(v) == 5 &&
                kao_json_as_integer(kao_json_at(v, 0), &frame) && frame >= 1;

    for (size_t i = 0; i < 4; i++)
        fine = fine && kao_json_as_number(kao_json_at(v, i + 1), &n[i]) &&
               fabs(n[i]) < 1e6;
    return fine && n[2] >= 0 && n[3] >= 0 &&
           kao_hide_track_add(
               p, t, frame,
               (kao_hide_rect){ (float)n[0], (float)n[1], (float)n[2], (float)n[3] });
}

static kao_status take_track(kao_hide_plan *p, const kao_json *v, size_t i,
                             const char *path, kao_error *err)
{
    const kao_json *boxes = kao_json_get(v, "boxes");
    const char *name = NULL;
    int64_t id = 0;
    bool hide = false;

    if (!kao_json_as_integer(kao_json_get(v, "track"), &id))
        return kao_fail(err, KAO_E_FORMAT, "%s: tracks[%zu]: no number \"track\"", path,
                        i);
    if (!kao_json_as_bool(kao_json_get(v, "hide"), &hide))
        return kao_fail(err, KAO_E_FORMAT,
                        "%s: tracks[%zu]: \"hide\" is neither true nor false", path, i);
    kao_hide_track *t = kao_hide_plan_track(p, id);

    if (!t)
        return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", path);
    t->hide |= hide;
    kao_json_as_integer(kao_json_get(v, "person"), &t->person);
    if (!t->name && kao_json_as_text(kao_json_get(v, "name"), &name)) {
        t->name = kao_strdup(p->mem, name);
        if (!t->name)
            return kao_fail(err, KAO_E_NOMEM, "%s: out of memory", path);
    }
    for (size_t k = 0; k < kao_json_length(boxes); k++)
        if (!take_box(p, t, kao_json_at(boxes, k)))
            return kao_fail(
                err, KAO_E_FORMAT,
                "%s: tracks[%zu].boxes[%zu]: wanted frame, x, y, width, height", path,
                i, k);
    sort(t);
    return KAO_OK;
}

static kao_status take_plan(kao_hide_plan *p, const kao_json *v, const char *path,
                            kao_error *err)
{
    const kao_json *tracks = kao_json_get(v, "tracks");
    int64_t width = 0, height = 0;
    kao_status st = KAO_OK;

    if (!tracks || !kao_json_as_integer(kao_json_get(v, "width"), &width) ||
        !kao_json_as_integer(kao_json_get(v, "height"), &height) || width < 1 ||
        height < 1 || width > KAO_IMAGE_MAX_SIDE || height > KAO_IMAGE_MAX_SIDE)
        return kao_fail(err, KAO_E_FORMAT,
                        "%s: no \"width\", \"height\" and \"tracks\"", path);
    p->width = (uint32_t)width;
    p->height = (uint32_t)height;
    const kao_json *fps = kao_json_get(v, "fps");

    if (fps && (!kao_json_as_number(fps, &p->fps) || p->fps < 0 || p->fps > fps_most))
        return kao_fail(err, KAO_E_FORMAT, "%s: \"fps\" is no number from 0 to %.0f",
                        path, fps_most);
    for (size_t i = 0; !st && i < kao_json_length(tracks); i++)
        st = take_track(p, kao_json_at(tracks, i), i, path, err);
    return st;
}

kao_status kao_hide_plan_read(kao_hide_plan *p, const char *path, kao_error *err)
{
    kao_file f = { 0 };
    kao_json *v = NULL;

    *p = (kao_hide_plan){ .mem = p->mem };
    kao_status st = kao_file_open(&f, p->mem, path, PLAN_BYTES_MOST, err);

    if (!st)
        st = kao_json_parse(&v, (const char *)f.bytes.p, f.bytes.n, path, err);
    kao_file_close(&f);
    if (!st)
        st = take_plan(p, v, path, err);
    kao_json_free(v);
    if (st)
        kao_hide_plan_free(p);
    return st;
}

/* ---- where? ---- */

static kao_hide_rect between(const kao_hide_box *a, const kao_hide_box *b,
                             int64_t frame)
{
    const float s = (float)(frame - a->frame) / (float)(b->frame - a->frame);

    return (kao_hide_rect){ a->box.x + s * (b->box.x - a->box.x),
                            a->box.y + s * (b->box.y - a->box.y),
                            a->box.width + s * (b->box.width - a->box.width),
                            a->box.height + s * (b->box.height - a->box.height) };
}

bool kao_hide_track_at(const kao_hide_plan *p, const kao_hide_track *t, int64_t frame,
                       size_t k, kao_hide_rect *box)
{
    const double fps = p->fps > 0 ? p->fps : 25;
    const int64_t gap = (int64_t)(gap_seconds * fps),
                  margin = (int64_t)(margin_seconds * fps);
    size_t low = 0, high = t->n; /* the first box behind the frame */

    if (!t->hide || t->n == 0)
        return false;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (t->boxes[middle].frame > frame)
            high = middle;
        else
            low = middle + 1;
    }
    if (k > 0) { /* further ones of that very frame */
        if (k >= low || t->boxes[low - 1 - k].frame != frame)
            return false;
        *box = t->boxes[low - 1 - k].box;
        return true;
    }
    const kao_hide_box *before = low ? &t->boxes[low - 1] : NULL;
    const kao_hide_box *after = low < t->n ? &t->boxes[low] : NULL;

    if (before && before->frame == frame) {
        *box = before->box;
    } else if (before && after && after->frame - before->frame <= gap) {
        *box = between(before, after, frame);
    } else if (before && frame - before->frame <= margin) {
        *box = before->box;
    } else if (after && after->frame - frame <= margin) {
        *box = after->box;
    } else {
        return false;
    }
    return true;
}
