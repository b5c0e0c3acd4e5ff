/* See camera.h: what a camera sees, to be looked at. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "server/camera.h"

enum { WIDTH_MOST = 640, QUALITY = 80 };

static const kao_color known = { 40, 200, 90 }, stranger = { 240, 170, 30 },
                       ink = { 255, 255, 255 }, ground = { 20, 20, 20 };

/* Its name, or its number in the gallery. A label that cannot be drawn is left out. */
static kao_status label(kao_worker *w, const kao_image *image, const kao_track *t,
                        float x, float y, kao_error *err)
{
    kao_named who = { .name = NULL };
    const char *name = NULL;
    char number[32];
    const kao_status st = kao_person_named(w, t->person, &who, err);

    if (st || !who.person)
        return st;
    snprintf(number, sizeof number, "#%lld", (long long)who.person);
    kao_json_as_text(who.name, &name);
    kao_image_draw_label(w->ctx, image, x, y, name ? name : number, 0, ink, ground,
                         NULL, NULL);
    kao_json_free(who.name);
    return KAO_OK;
}

static kao_status draw(kao_worker *w, const kao_image *image, float scale,
                       const kao_watched *seen, kao_error *err)
{
    kao_status st = KAO_OK;

    for (size_t i = 0; !st && i < seen->n_tracks; i++) {
        const kao_track *t = kao_track_at(seen, i);
        const float x = t->face.x * scale, y = t->face.y * scale;

        if (!t->seen)
            continue;
        kao_image_draw_box(image, x, y, x + t->face.width * scale,
                           y + t->face.height * scale, 0, t->person ? known : stranger);
        if (t->person)
            st = label(w, image, t, x, y, err);
    }
    return st;
}

kao_status kao_camera_draw(kao_worker *w, const kao_view *frame,
                           const kao_watched *seen, kao_bytes *jpeg, kao_error *err)
{
    const bool turned = frame->rotation % 180 != 0;
    const uint32_t width = turned ? frame->height : frame->width,
                   height = turned ? frame->width : frame->height;
    const uint32_t small = width < WIDTH_MOST ? width : WIDTH_MOST;
    const uint64_t tall = (uint64_t)height * small / (width ? width : 1);
    kao_image image = { 0 };
    uint8_t *bytes = NULL;
    size_t n = 0;
    kao_status st = kao_image_create(w->ctx, small,
                                     tall > 4 * WIDTH_MOST ? 4 * WIDTH_MOST
                                     : tall                ? (uint32_t)tall
                                                           : 1,
                                     &image, err);

    if (!st)
        st = kao_image_resize(w->ctx, frame, &image, err);
    if (!st)
        st = draw(w, &image, (float)small / (float)width, seen, err);
    if (!st)
        st = kao_image_encode(w->ctx, &image, KAO_IMAGE_JPEG, QUALITY, &bytes, &n, err);
    jpeg->n = 0;
    if (!st && !kao_bytes_add(jpeg, bytes, n))
        st = kao_fail(err, KAO_E_NOMEM, "out of memory");
    kao_image_free_bytes(w->ctx, bytes);
    kao_image_free(w->ctx, &image);
    return st;
}

bool kao_camera_part(const kao_bytes *jpeg, kao_bytes *to)
{
    char head[128];
    const int n = snprintf(head, sizeof head,
                           "--" CAMERA_EDGE "\r\nContent-Type: image/jpeg\r\n"
                           "Content-Length: %zu\r\n\r\n",
                           jpeg->n);

    return kao_bytes_add(to, head, (size_t)n) && kao_bytes_add(to, jpeg->p, jpeg->n) &&
           kao_bytes_add(to, "\r\n", 2);
}
