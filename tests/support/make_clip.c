/* Make a short video of the people of examples/pictures, and the truth about it:
 *
 *     make_clip SCENE OUT.y4m TRUTH.txt
 *
 * The video is YUV4MPEG2, 640 x 360, 4:2:0; the truth is a MOT file, frames and lines as in
 * examples/pictures/clip.gt.txt: the boxes of faces, cut at the picture's edge, where at least
 * half of the face's box is visible; identities 1 ana, 2 ben, 3 chen, 4 dora, 5 emil. Scenes are
 * in clip_scenes.c. Each head is cut out of a picture with a soft ellipse, resized, and laid
 * over a generated background; the same bytes come out each time. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"
#include "kao/image.h"
#include "support/clip_scenes.h"

enum { PEOPLE = 5, PICTURES_EACH = 4, ACTS_MAX = 16, GRID_X = 7, GRID_Y = 5 };

/* Faces in the pictures, by `kao detect` (kao-detect), rounded. */
static const struct {
    const char *name;
    float box[PICTURES_EACH][4]; /* x, y, width, height */
} people[PEOPLE] = {
    { "ana",
      { { 189, 172, 286, 370 },
        { 207, 176, 281, 364 },
        { 174, 169, 287, 376 },
        { 168, 168, 296, 381 } } },
    { "ben",
      { { 167, 153, 298, 414 },
        { 166, 170, 279, 393 },
        { 185, 159, 297, 409 },
        { 186, 170, 291, 397 } } },
    { "chen",
      { { 176, 171, 303, 408 },
        { 173, 177, 276, 380 },
        { 189, 174, 302, 396 },
        { 173, 162, 309, 406 } } },
    { "dora",
      { { 178, 162, 288, 381 },
        { 184, 163, 293, 380 },
        { 175, 178, 269, 359 },
        { 184, 171, 282, 370 } } },
    { "emil",
      { { 171, 158, 315, 420 },
        { 156, 171, 317, 410 },
        { 172, 173, 303, 414 },
        { 162, 168, 318, 415 } } },
};

/* The ellipse of a head, in sizes of the face's box about its middle; from SOFT of its radius
 * on it fades. */
#define HEAD_WIDE .78f
#define HEAD_HIGH .68f
#define SOFT      .85f

typedef struct head { /* of one act */
    kao_image image;  /* resized, so that the act's largest face is as large in it */
    float x, y, width, height; /* the face's box in image: its middle, its size */
} head;

typedef struct shown { /* a head in one frame */
    const head *h;
    clip_person who;
    bool flip;
    float x, y, zoom; /* the face's middle; the frame's pixels to one of image */
} shown;

typedef struct clip {
    kao_context *ctx;
    const clip_scene *scene;
    kao_image frame, background;
    head heads[ACTS_MAX];
    shown shown[ACTS_MAX]; /* those in front come last */
    size_t n_shown;
    FILE *video, *truth;
} clip;

/* ---- pictures ---- */

static kao_status load_head(clip *c, const clip_act *a, head *h, kao_error *err)
{
    const float *box = people[a->who - 1].box[a->picture - 1];
    const float high = a->begin.high > a->end.high ? a->begin.high : a->end.high,
                scale = high / box[3];
    char path[4096];
    kao_image photo = { 0 };

    snprintf(path, sizeof path, "%s/%s_%d.jpg", PICTURES, people[a->who - 1].name,
             a->picture);
    kao_status st = kao_image_load(c->ctx, path, NULL, &photo, err);

    if (!st)
        st = kao_image_create(c->ctx, (uint32_t)((float)photo.width * scale + .5f),
                              (uint32_t)((float)photo.height * scale + .5f), &h->image,
                              err);
    if (!st) {
        const kao_view view = kao_image_view(&photo);
        const float sx = (float)h->image.width / (float)photo.width,
                    sy = (float)h->image.height / (float)photo.height;

        h->x = (box[0] + box[2] / 2) * sx;
        h->y = (box[1] + box[3] / 2) * sy;
        h->width = box[2] * sx;
        h->height = box[3] * sy;
        st = kao_image_resize(c->ctx, &view, &h->image, err);
    }
    kao_image_free(c->ctx, &photo);
    return st;
}

/* Muted colours on a coarse grid, and a smooth surface through them. */
static void paint_background(kao_image *to, uint64_t seed)
{
    kao_random random = kao_random_stream(seed, 360, 1);
    float grid[GRID_Y][GRID_X][3];

    for (int y = 0; y < GRID_Y; y++)
        for (int x = 0; x < GRID_X; x++) {
            const float grey = kao_random_float(&random, 70, 180);

            for (int i = 0; i < 3; i++)
                grid[y][x][i] = grey + kao_random_float(&random, -25, 25);
        }
    for (uint32_t y = 0; y < to->height; y++)
        for (uint32_t x = 0; x < to->width; x++) {
            const float gx = (float)(x * (GRID_X - 1)) / (float)to->width,
                        gy = (float)(y * (GRID_Y - 1)) / (float)to->height;
            const int ix = (int)gx, iy = (int)gy;
            float u = gx - (float)ix, v = gy - (float)iy;

            u *= u * (3 - 2 * u);
            v *= v * (3 - 2 * v);
            for (int i = 0; i < 3; i++)
                to->rgb[y * to->row_bytes + 3 * x + (uint32_t)i] =
                    (uint8_t)((grid[iy][ix][i] * (1 - u) + grid[iy][ix + 1][i] * u) *
                                  (1 - v) +
                              (grid[iy + 1][ix][i] * (1 - u) +
                               grid[iy + 1][ix + 1][i] * u) *
                                  v);
        }
}

/* ---- a frame ---- */

/* How much of a pixel a head covers, 0..1. */
static float cover(const shown *s, float x, float y)
{
    const float dx = (x - s->x) / (s->h->width * s->zoom * HEAD_WIDE),
                dy = (y - s->y) / (s->h->height * s->zoom * HEAD_HIGH),
                r = sqrtf(dx * dx + dy * dy);

    return r <= SOFT ? 1 : r >= 1 ? 0 : (1 - r) / (1 - SOFT);
}

static float clamp(float v, float most)
{
    return v < 0 ? 0 : v > most ? most : v;
}

/* Between four pixels; outside, the edge. */
static void sample(const kao_image *from, float x, float y, float rgb[3])
{
    x = clamp(x, (float)from->width - 1.001f);
    y = clamp(y, (float)from->height - 1.001f);
    const uint32_t ix = (uint32_t)x, iy = (uint32_t)y;
    const float u = x - (float)ix, v = y - (float)iy;
    const uint8_t *p = from->rgb + iy * from->row_bytes + 3 * (size_t)ix,
                  *q = p + from->row_bytes;

    for (int i = 0; i < 3; i++)
        rgb[i] = ((float)p[i] * (1 - u) + (float)p[i + 3] * u) * (1 - v) +
                 ((float)q[i] * (1 - u) + (float)q[i + 3] * u) * v;
}

static void paint_head(kao_image *to, const shown *s)
{
    for (uint32_t y = 0; y < to->height; y++)
        for (uint32_t x = 0; x < to->width; x++) {
            const float part = cover(s, (float)x, (float)y);
            uint8_t *p = to->rgb + y * to->row_bytes + 3 * (size_t)x;
            float rgb[3];

            if (part <= 0)
                continue;
            sample(&s->h->image,
                   s->h->x + ((float)x - s->x) / (s->flip ? -s->zoom : s->zoom),
                   s->h->y + ((float)y - s->y) / s->zoom, rgb);
            for (int i = 0; i < 3; i++)
                p[i] = (uint8_t)((float)p[i] * (1 - part) + rgb[i] * part + .5f);
        }
}

static bool in_bar(const clip_scene *s, uint32_t x)
{
    return x >= (uint32_t)s->bar_x && x < (uint32_t)(s->bar_x + s->bar_width);
}

static void paint_bar(kao_image *to, const clip_scene *s)
{
    for (uint32_t y = 0; y < to->height; y++)
        for (uint32_t x = 0; x < to->width; x++)
            if (in_bar(s, x))
                memset(to->rgb + y * to->row_bytes + 3 * (size_t)x,
                       60 + (int)(x - (uint32_t)s->bar_x) / 4, 3);
}

static void show_acts(clip *c, int frame)
{
    c->n_shown = 0;
    for (size_t i = 0; i < c->scene->n_acts; i++) {
        const clip_act *a = &c->scene->acts[i];
        const float t = (float)(frame - a->from) / (float)(a->to - a->from);

        if (frame < a->from || frame >= a->to)
            continue;
        c->shown[c->n_shown++] = (shown){
            .h = &c->heads[i],
            .who = a->who,
            .flip = a->flip,
            .x = a->begin.x + t * (a->end.x - a->begin.x),
            .y = a->begin.y + t * (a->end.y - a->begin.y),
            .zoom = (a->begin.high + t * (a->end.high - a->begin.high)) /
                    c->heads[i].height,
        };
    }
}

static void paint_frame(clip *c, int frame)
{
    bool cut = frame == 0;

    for (int i = 0; i < CLIP_CUTS_MAX; i++)
        cut = cut || frame == c->scene->cuts[i];
    if (cut)
        paint_background(&c->background, (uint64_t)frame + 1);
    memcpy(c->frame.rgb, c->background.rgb, c->frame.row_bytes * c->frame.height);
    for (size_t i = 0; i < c->n_shown; i++)
        paint_head(&c->frame, &c->shown[i]);
    paint_bar(&c->frame, c->scene);
}

/* ---- out ---- */

/* Is pixel (x, y) of head i the head's own? */
static bool is_seen(const clip *c, size_t i, int x, int y)
{
    if (x < 0 || y < 0 || x >= CLIP_WIDE || y >= CLIP_HIGH ||
        in_bar(c->scene, (uint32_t)x))
        return false;
    for (size_t k = i + 1; k < c->n_shown; k++)
        if (cover(&c->shown[k], (float)x, (float)y) >= .5f)
            return false;
    return true;
}

static void write_box(const clip *c, int frame, size_t i)
{
    const shown *s = &c->shown[i];
    const float width = s->h->width * s->zoom, height = s->h->height * s->zoom,
                x0 = s->x - width / 2, y0 = s->y - height / 2;
    int seen = 0, all = 0;

    for (int y = (int)floorf(y0); y < (int)(y0 + height); y++)
        for (int x = (int)floorf(x0); x < (int)(x0 + width); x++, all++)
            seen += is_seen(c, i, x, y);
    if (2 * seen < all)
        return;
    const float x = clamp(x0, CLIP_WIDE), y = clamp(y0, CLIP_HIGH),
                right = clamp(x0 + width, CLIP_WIDE),
                bottom = clamp(y0 + height, CLIP_HIGH);

    fprintf(c->truth, "%d,%d,%.1f,%.1f,%.1f,%.1f,1,-1,-1,-1\n", frame + 1, (int)s->who,
            (double)x, (double)y, (double)(right - x), (double)(bottom - y));
}

static void write_truth(const clip *c, int frame)
{
    for (int who = 1; who <= PEOPLE; who++)
        for (size_t i = 0; i < c->n_shown; i++)
            if ((int)c->shown[i].who == who)
                write_box(c, frame, i);
}

/* BT.601, 16..235; the colour of four pixels is their mean's. */
static void write_frame(const clip *c)
{
    static uint8_t luma[CLIP_HIGH * CLIP_WIDE], blue[CLIP_HIGH * CLIP_WIDE / 4],
        red[CLIP_HIGH * CLIP_WIDE / 4];

    for (size_t y = 0; y < CLIP_HIGH; y++)
        for (size_t x = 0; x < CLIP_WIDE; x++) {
            const uint8_t *p = c->frame.rgb + y * c->frame.row_bytes + 3 * x;

            luma[y * CLIP_WIDE + x] =
                (uint8_t)(16 + ((66 * p[0] + 129 * p[1] + 25 * p[2] + 128) >> 8));
        }
    for (size_t y = 0; y < CLIP_HIGH / 2; y++)
        for (size_t x = 0; x < CLIP_WIDE / 2; x++) {
            const uint8_t *p = c->frame.rgb + 2 * y * c->frame.row_bytes + 6 * x,
                          *q = p + c->frame.row_bytes;
            int rgb[3];

            for (int i = 0; i < 3; i++)
                rgb[i] = (p[i] + p[i + 3] + q[i] + q[i + 3] + 2) / 4;
            /* 128 and a half, times 256, keeps what is divided above 0 */
            blue[y * CLIP_WIDE / 2 + x] =
                (uint8_t)((-38 * rgb[0] - 74 * rgb[1] + 112 * rgb[2] + 32896) >> 8);
            red[y * CLIP_WIDE / 2 + x] =
                (uint8_t)((112 * rgb[0] - 94 * rgb[1] - 18 * rgb[2] + 32896) >> 8);
        }
    fputs("FRAME\n", c->video);
    fwrite(luma, 1, sizeof luma, c->video);
    fwrite(blue, 1, sizeof blue, c->video);
    fwrite(red, 1, sizeof red, c->video);
}

static kao_status compose(clip *c, kao_error *err)
{
    kao_status st = kao_image_create(c->ctx, CLIP_WIDE, CLIP_HIGH, &c->frame, err);

    if (!st)
        st = kao_image_create(c->ctx, CLIP_WIDE, CLIP_HIGH, &c->background, err);
    for (size_t i = 0; !st && i < c->scene->n_acts; i++)
        st = load_head(c, &c->scene->acts[i], &c->heads[i], err);
    if (st)
        return st;
    fprintf(c->video, "YUV4MPEG2 W%d H%d F%d:1 Ip A1:1 C420\n", CLIP_WIDE, CLIP_HIGH,
            c->scene->fps);
    for (int i = 0; i < c->scene->n_frames; i++) {
        show_acts(c, i);
        paint_frame(c, i);
        write_frame(c);
        write_truth(c, i);
    }
    return KAO_OK;
}

static int usage(void)
{
    const clip_scene *s;

    fprintf(stderr, "usage: make_clip SCENE OUT.y4m TRUTH.txt\nscenes:");
    for (size_t i = 0; (s = clip_scene_at(i)) != NULL; i++)
        fprintf(stderr, " %s", s->name);
    fprintf(stderr, "\n");
    return 3;
}

/* What was written is whole only once it is closed. */
static bool close_file(FILE *f)
{
    const bool fine = f && !ferror(f);

    return (!f || fclose(f) == 0) && fine;
}

int main(int argc, char **argv)
{
    kao_error err = { 0 };
    clip c = { .scene = argc == 4 ? clip_scene_find(argv[1]) : NULL };

    if (!c.scene)
        return usage();
    c.video = fopen(argv[2], "wb");
    c.truth = fopen(argv[3], "w");
    int status = c.video && c.truth ? 0 : 4;

    if (!status && (kao_context_create(&c.ctx, NULL, &err) || compose(&c, &err))) {
        fprintf(stderr, "make_clip: %s\n", err.msg);
        status = 4;
    }
    for (size_t i = 0; i < ACTS_MAX; i++)
        kao_image_free(c.ctx, &c.heads[i].image);
    kao_image_free(c.ctx, &c.frame);
    kao_image_free(c.ctx, &c.background);
    kao_context_destroy(c.ctx);
    const bool video = close_file(c.video), truth = close_file(c.truth);

    if ((!video || !truth) && !err.code) {
        fprintf(stderr, "make_clip: %s: not written\n", argv[video ? 3 : 2]);
        status = 4;
    }
    return status;
}
