/* See watch_draw.h. */
#include "cli/watch_draw.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "cli/photo.h"

enum {
    THUMB = 32,  /* pixels of a small picture's side */
    THUMBS = 15, /* in a row */
    ROW = 64,    /* a person's height: a line of text, a line of pictures */
    ROWS_MOST = 256,
    HEIGHT_LEAST = 512,
};

static const double thumb_seconds = .25;

typedef struct row { /* of a person */
    int64_t id, person;
    float similarity;
    double last, pictured;    /* seen; a picture was taken */
    kao_image thumbs[THUMBS]; /* oldest first */
    size_t n;
    bool here;
} row;

struct cli_panel {
    kao_context *ctx;
    bool panel;
    uint32_t width, height; /* of the frames */
    kao_image canvas;
    row *rows; /* ROWS_MOST */
    size_t n;
};

/* ---- opening ---- */

void cli_panel_size(const cli_panel *p, uint32_t *width, uint32_t *height)
{
    *width = p->width + (p->panel ? THUMBS * THUMB : 0);
    *height = p->panel && p->height < HEIGHT_LEAST ? HEIGHT_LEAST : p->height;
    *width += *width & 1; /* video wants even sides */
    *height += *height & 1;
}

cli_panel *cli_panel_open(kao_context *ctx, uint32_t width, uint32_t height, bool panel)
{
    cli_panel *p = calloc(1, sizeof *p);

    if (!p)
        return NULL;
    *p = (cli_panel){ .ctx = ctx, .panel = panel, .width = width, .height = height };
    p->rows = calloc(ROWS_MOST, sizeof *p->rows);
    if (!p->rows) {
        free(p);
        return NULL;
    }
    return p;
}

static void row_free(cli_panel *p, row *r)
{
    for (size_t i = 0; i < r->n; i++)
        kao_image_free(p->ctx, &r->thumbs[i]);
    r->n = 0;
}

void cli_panel_close(cli_panel *p)
{
    if (!p)
        return;
    for (size_t i = 0; i < p->n; i++)
        row_free(p, &p->rows[i]);
    kao_image_free(p->ctx, &p->canvas);
    free(p->rows);
    free(p);
}

/* ---- drawing ---- */

/* One of 16 hues. */
static kao_color color_of(int64_t id)
{
    const double h = (double)(id % 16) / 16 * 6;
    const double x = 1 - fabs(fmod(h, 2) - 1);
    const double rgb[6][3] = { { 1, x, 0 }, { x, 1, 0 }, { 0, 1, x },
                               { 0, x, 1 }, { x, 0, 1 }, { 1, 0, x } };
    const double *c = rgb[(int)h % 6];

    return (kao_color){ (uint8_t)(55 + 200 * c[0]), (uint8_t)(55 + 200 * c[1]),
                        (uint8_t)(55 + 200 * c[2]) };
}

static void title(const row *r, cli_name_of *name, void *user, bool with_similarity,
                  char *to, size_t cap)
{
    const char *who = r->person ? name(user, r->person) : NULL;
    int n = 0;

    if (who)
        n = snprintf(to, cap, "%s", who);
    else if (r->person)
        n = snprintf(to, cap, "#%lld", (long long)r->person);
    else
        n = snprintf(to, cap, "ID %lld", (long long)r->id);
    if (with_similarity && r->person && !isnan(r->similarity) && n > 0 &&
        (size_t)n < cap)
        snprintf(to + n, cap - (size_t)n, "  %.3f", (double)r->similarity);
}

/* The row of a track; the one that was seen longest ago makes room. */
static row *row_of(cli_panel *p, const kao_track *t)
{
    size_t at = 0;

    for (size_t i = 0; i < p->n; i++)
        if (p->rows[i].id == t->id || (t->person && p->rows[i].person == t->person)) {
            p->rows[i].id = t->id;
            return &p->rows[i];
        }
    if (p->n < ROWS_MOST) {
        at = p->n++;
    } else {
        for (size_t i = 1; i < p->n; i++)
            if (p->rows[i].last < p->rows[at].last)
                at = i;
        row_free(p, &p->rows[at]);
    }
    p->rows[at] = (row){ .id = t->id, .pictured = -1 };
    return &p->rows[at];
}

/* A square about the face, 32 x 32. */
static void picture(cli_panel *p, row *r, const kao_face *f, double time)
{
    const float side = (f->width > f->height ? f->width : f->height) * 1.2f;
    const float left = f->x + f->width / 2 - side / 2,
                top = f->y + f->height / 2 - side / 2;
    const float x1 = fmaxf(left, 0), y1 = fmaxf(top, 0);
    const float x2 = fminf(left + side, (float)p->width),
                y2 = fminf(top + side, (float)p->height);
    kao_image thumb = { 0 };

    if (time - r->pictured < thumb_seconds || x2 - x1 < 4 || y2 - y1 < 4)
        return;
    const kao_view part = {
        .format = KAO_PIXELS_RGB,
        .width = (uint32_t)(x2 - x1),
        .height = (uint32_t)(y2 - y1),
        .plane = { p->canvas.rgb + (size_t)y1 * p->canvas.row_bytes + 3 * (size_t)x1 },
        .stride = { (ptrdiff_t)p->canvas.row_bytes }
    };

    if (kao_image_create(p->ctx, THUMB, THUMB, &thumb, NULL) ||
        kao_image_resize(p->ctx, &part, &thumb, NULL)) {
        kao_image_free(p->ctx, &thumb);
        return; /* no picture of it this time */
    }
    if (r->n == THUMBS) {
        kao_image_free(p->ctx, &r->thumbs[0]);
        memmove(r->thumbs, r->thumbs + 1, (THUMBS - 1) * sizeof r->thumbs[0]);
        r->n--;
    }
    r->thumbs[r->n++] = thumb;
    r->pictured = time;
}

static void copy(const kao_image *to, uint32_t x, uint32_t y, const kao_image *from)
{
    for (uint32_t i = 0; i < from->height && y + i < to->height; i++)
        memcpy(to->rgb + (size_t)(y + i) * to->row_bytes + 3 * (size_t)x,
               from->rgb + (size_t)i * from->row_bytes, 3 * (size_t)from->width);
}

/* Whoever is here first, then who was here last. */
static int by_presence(const void *a, const void *b)
{
    const row *x = a, *y = b;

    if (x->here != y->here)
        return x->here ? -1 : 1;
    if (x->here)
        return (x->id > y->id) - (x->id < y->id);
    return (x->last < y->last) - (x->last > y->last);
}

static void draw_panel(cli_panel *p, cli_name_of *name, void *user)
{
    const kao_color ink = { 240, 240, 240 }, ground = { 24, 24, 28 };
    const size_t room = p->canvas.height / ROW;

    qsort(p->rows, p->n, sizeof *p->rows, by_presence);
    for (size_t i = 0; i < p->n && i < room; i++) {
        const row *r = &p->rows[i];
        const uint32_t y = (uint32_t)i * ROW;
        const float left = (float)p->width, top = (float)y;
        char line[KAO_NAME_MAX_BYTES + 32];

        for (size_t k = 0; k < r->n; k++)
            copy(&p->canvas, p->width + (uint32_t)k * THUMB, y + ROW - THUMB,
                 &r->thumbs[k]);
        title(r, name, user, r->here, line, sizeof line);
        kao_image_draw_label(p->ctx, &p->canvas, left, top + ROW - THUMB, line, 16, ink,
                             ground, NULL, NULL);
        kao_image_draw_box(&p->canvas, left + 1, top + 1,
                           left + (float)(THUMBS * THUMB) - 2, top + ROW - 2,
                           r->here ? 2 : 1, color_of(r->id));
    }
}

/* The rows of tracks that turned out to be somebody seen before are theirs. */
static void join_rows(cli_panel *p, const kao_watched *seen)
{
    for (size_t i = 0; i < seen->n_events; i++) {
        const kao_track_event *e = kao_track_event_at(seen, i);
        row *was = NULL, *now = NULL;

        for (size_t k = 0; k < p->n; k++) {
            was = p->rows[k].id == e->was ? &p->rows[k] : was;
            now = p->rows[k].id == e->id ? &p->rows[k] : now;
        }
        if (e->kind != KAO_TRACK_RENAMED || !was)
            continue;
        if (now) {
            row_free(p, was);
            *was = p->rows[--p->n];
        } else {
            was->id = e->id;
        }
    }
}

static void draw_face(cli_panel *p, const row *r, const kao_track *t, cli_name_of *name,
                      void *user)
{
    const kao_color color = color_of(t->id), ink = { 0, 0, 0 };
    kao_image frame = p->canvas; /* labels do not reach into the panel */
    char line[KAO_NAME_MAX_BYTES + 32];

    frame.width = p->width;
    frame.height = p->height;
    kao_image_draw_box(&frame, t->face.x, t->face.y, t->face.x + t->face.width,
                       t->face.y + t->face.height, 2, color);
    title(r, name, user, true, line, sizeof line);
    kao_image_draw_label(p->ctx, &frame, t->face.x, t->face.y - 2, line, 15, ink, color,
                         NULL, NULL);
}

/* The frame into the canvas's left part, reduced if it is larger than the first one was. */
static kao_status draw_frame(cli_panel *p, const kao_view *frame, float *scale,
                             kao_error *err)
{
    const bool turned = frame->rotation % 180 != 0;
    const uint32_t w = turned ? frame->height : frame->width,
                   h = turned ? frame->width : frame->height;
    const double sx = (double)p->width / w, sy = (double)p->height / h;
    const double s = sx < sy ? sx : sy;
    kao_image to = p->canvas;

    memset(p->canvas.rgb, 24, p->canvas.row_bytes * p->canvas.height);
    to.width = (uint32_t)fmax(1, floor(w * s + 1e-6));
    to.height = (uint32_t)fmax(1, floor(h * s + 1e-6));
    *scale = (float)s;
    return kao_image_resize(p->ctx, frame, &to, err);
}

kao_status cli_panel_draw(cli_panel *p, const kao_view *frame, double time,
                          const kao_watched *seen, cli_name_of *name, void *user,
                          const kao_image **out, kao_error *err)
{
    uint32_t width = 0, height = 0;
    float scale = 1;
    kao_status st = KAO_OK;

    cli_panel_size(p, &width, &height);
    if (!p->canvas.rgb)
        st = kao_image_create(p->ctx, width, height, &p->canvas, err);
    if (!st)
        st = draw_frame(p, frame, &scale, err);
    if (st)
        return st;
    join_rows(p, seen);
    for (size_t i = 0; i < p->n; i++)
        p->rows[i].here = false;
    for (size_t i = 0; i < seen->n_tracks;
         i++) { /* pictures before boxes lie on them */
        const kao_track *t = kao_track_at(seen, i);
        const kao_face f = cli_face_scaled(&t->face, scale, scale);
        row *r = row_of(p, t);

        r->person = t->person;
        r->similarity = t->similarity;
        r->here = true;
        r->last = time;
        if (t->seen)
            picture(p, r, &f, time);
    }
    for (size_t i = 0; i < seen->n_tracks; i++) {
        kao_track t = *kao_track_at(seen, i);

        t.face = cli_face_scaled(&t.face, scale, scale);
        if (t.seen)
            draw_face(p, row_of(p, &t), &t, name, user);
    }
    if (p->panel)
        draw_panel(p, name, user);
    *out = &p->canvas;
    return KAO_OK;
}
