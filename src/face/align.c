/* Alignment by five points, or four; and cutting chips out, by whatever matrix.
 *
 * In two dimensions the least-squares similarity (Umeyama, PAMI 13(4), 1991, eq. 40-42) has
 * a closed form. With both point sets centred, (x, y) -> (u, v), Q = sum(x^2 + y^2):
 *     a = sum(x*u + y*v) / Q,  b = sum(x*v - y*u) / Q,  M = [a -b tx; b a ty]
 * A mirrored face has no good similarity: the fit shrinks it to a dot. Such a fit leaves
 * residuals of many pixels, a real face's about four, so the residual tells them apart. */
#include "face/align.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "face/crop.h"
#include "image/resize.h"
#include "image/warp.h"

/* In template pixels of 112. Upright faces of LFW: median 3.2, at most 7.8 (154 pictures,
 * three detectors); points invented on faces that lie on their side reach 15, mirrored ones
 * 20 and more. */
static const double worst_residual_px = 10;

double kao_fit_similarity(const kao_point *from, const kao_point *to, int n,
                          double m[6])
{
    double cx = 0, cy = 0, cu = 0, cv = 0, q = 0, a = 0, b = 0, rest = 0;

    for (int i = 0; i < n; i++) {
        cx += (double)from[i].x / n;
        cy += (double)from[i].y / n;
        cu += (double)to[i].x / n;
        cv += (double)to[i].y / n;
    }
    for (int i = 0; i < n; i++) {
        const double x = (double)from[i].x - cx, y = (double)from[i].y - cy;
        const double u = (double)to[i].x - cu, v = (double)to[i].y - cv;

        q += x * x + y * y;
        a += x * u + y * v;
        b += x * v - y * u;
    }
    if (!(q > 0) || !isfinite(q) || !isfinite(a) || !isfinite(b))
        return -1;
    a /= q;
    b /= q;
    m[0] = a;
    m[1] = -b;
    m[2] = cu - a * cx + b * cy;
    m[3] = b;
    m[4] = a;
    m[5] = cv - b * cx - a * cy;
    for (int i = 0; i < n; i++) {
        const double x = (double)from[i].x, y = (double)from[i].y;
        const double dx = m[0] * x + m[1] * y + m[2] - (double)to[i].x;
        const double dy = m[3] * x + m[4] * y + m[5] - (double)to[i].y;

        rest += dx * dx + dy * dy;
    }
    return sqrt(rest / n);
}

/* deepinsight/insightface, python-package utils/face_align.py, for 112 x 112 */
static const kao_point arcface[KAO_FACE_POINTS] = {
    { 38.2946f, 51.6963f }, { 73.5318f, 51.5014f }, { 56.0252f, 71.7366f },
    { 41.5493f, 92.3655f }, { 70.7299f, 92.2041f },
};

/* By name: the square that the chip shows, in the plane of the 112 pixels above. dlib's chips
 * begin above the eyebrows and end below the chin. */
static const struct {
    const char *name;
    float x, y, side; /* side 0: not by points */
    float margin;
    uint32_t whole;
    kao_crop crop;
} templates[] = {
    { .name = "arcface-112", .side = 112 },
    { .name = "dlib-150", .x = 6.69f, .y = 22.75f, .side = 98.6f },
    { .name = "square", .margin = 1, .crop = KAO_CROP_SQUARE },
    { .name = "box", .margin = 1, .crop = KAO_CROP_BOX },
    { .name = "inside", .margin = 1, .crop = KAO_CROP_INSIDE },
    { .name = "picture", .whole = 1 },
};

enum { N_TEMPLATES = sizeof templates / sizeof templates[0] };

kao_status kao_template_find(kao_template *out, const char *name, uint32_t width,
                             uint32_t height, kao_error *err)
{
    size_t k = 0;

    if (!out || !name || width == 0 || width > KAO_IMAGE_MAX_SIDE)
        return kao_fail(err, KAO_E_ARG, "template: no name, result or size");
    while (k < N_TEMPLATES && strcmp(name, templates[k].name) != 0)
        k++;
    if (k == N_TEMPLATES)
        return kao_fail(
            err, KAO_E_UNSUPPORTED,
            "template = %.40s: arcface-112, dlib-150, square, box, inside or "
            "picture",
            name);
    if (width != height &&
        (templates[k].side > 0 ||
         (templates[k].margin > 0 && templates[k].crop == KAO_CROP_SQUARE)))
        return kao_fail(err, KAO_E_UNSUPPORTED,
                        "template = %.40s at %u x %u pixels: it is square", name, width,
                        height);
    if (height == 0 || height > KAO_IMAGE_MAX_SIDE)
        return kao_fail(err, KAO_E_ARG, "template: no name, result or size");
    *out = (kao_template){ .size = sizeof *out,
                           .width = width,
                           .height = height,
                           .margin = templates[k].margin,
                           .whole = templates[k].whole,
                           .crop = templates[k].crop };
    for (int i = 0; templates[k].side > 0 && i < KAO_FACE_POINTS; i++) {
        out->points[i].x =
            (arcface[i].x - templates[k].x) * (float)width / templates[k].side;
        out->points[i].y =
            (arcface[i].y - templates[k].y) * (float)height / templates[k].side;
    }
    return KAO_OK;
}

static kao_status check_face(const kao_face *f, kao_error *err)
{
    if (f->size && f->size < offsetof(kao_face, points) + sizeof f->points)
        return kao_fail(err, KAO_E_ARG, "a face of %u bytes", f->size);
    if (f->n_points != KAO_FACE_POINTS && f->n_points != KAO_FACE_POINTS - 1)
        return kao_fail(err, KAO_E_NO_FACE,
                        "a face with %u points, which the template needs: take a "
                        "detector that gives points, or an embedder whose card says "
                        "template = square",
                        f->n_points);
    for (uint32_t i = 0; i < f->n_points; i++)
        if (!isfinite(f->points[i].x) || !isfinite(f->points[i].y))
            return kao_fail(err, KAO_E_NO_FACE,
                            "a face with points that are no numbers");
    return KAO_OK;
}

static bool is_whole(const kao_template *t)
{
    return t->size >= offsetof(kao_template, whole) + sizeof t->whole && t->whole;
}

kao_status kao_face_fit(const kao_face *face, const kao_template *to, double m[6],
                        kao_error *err)
{
    kao_point target[KAO_FACE_POINTS];

    if (is_whole(to))
        return kao_fail(err, KAO_E_ARG,
                        "the template is a whole picture: no face is cut out for it");
    const kao_status st = check_face(face, err);

    if (st)
        return st;
    memcpy(target, to->points, sizeof target);
    if (face->n_points == KAO_FACE_POINTS - 1) {
        target[3].x = (target[3].x + target[4].x) / 2;
        target[3].y = (target[3].y + target[4].y) / 2;
    }
    const double unit = ((double)target[1].x - (double)target[0].x) / 35.2372;
    const double rms = kao_fit_similarity(face->points, target, (int)face->n_points, m);

    if (rms < 0)
        return kao_fail(err, KAO_E_NO_FACE, "a face whose points coincide");
    if (rms > worst_residual_px * unit)
        return kao_fail(err, KAO_E_NO_FACE,
                        "the points are no upright face's (%.0f pixels off)", rms);
    return KAO_OK;
}

/* ---- chips ---- */

/* m takes points of the upright view; now of the view as it lies. (x, y) upright is, with
 * (u, v) lying in w x h pixels:
 *     90: x = h - 1 - v, y = u;   180: x = w - 1 - u, y = h - 1 - v;   270: x = v, y = w - 1 - u */
static void lay_down(const kao_view *v, double m[6])
{
    const double w = v->width, h = v->height;
    const double a = m[0], b = m[1], c = m[3], d = m[4];

    switch (v->rotation) {
    case 90:
        m[2] += a * (h - 1);
        m[5] += c * (h - 1);
        m[0] = b;
        m[1] = -a;
        m[3] = d;
        m[4] = -c;
        break;
    case 180:
        m[2] += a * (w - 1) + b * (h - 1);
        m[5] += c * (w - 1) + d * (h - 1);
        m[0] = -a;
        m[1] = -b;
        m[3] = -c;
        m[4] = -d;
        break;
    case 270:
        m[2] += b * (w - 1);
        m[5] += d * (w - 1);
        m[0] = -b;
        m[1] = a;
        m[3] = -d;
        m[4] = c;
        break;
    default:
        break;
    }
}

/* Only the surroundings of the face are needed: their place, and m moved to it. False: m
 * cannot be inverted. A face outside the picture gets some pixels of its edge. */
static bool surroundings(const kao_view *v, double *m, const kao_template *to,
                         kao_place *place)
{
    const double w = v->width, h = v->height;
    double inverse[6], left = w, top = h, right = 0, bottom = 0;

    if (!kao_warp_invert(m, inverse))
        return false;
    for (int i = 0; i < 4; i++) { /* the chip's corners in the picture, with a margin */
        const double u = i & 1 ? (double)to->width + 8 : -9,
                     t = i & 2 ? (double)to->height + 8 : -9;
        const double x = inverse[0] * u + inverse[1] * t + inverse[2];
        const double y = inverse[3] * u + inverse[4] * t + inverse[5];

        left = fmin(left, x);
        right = fmax(right, x);
        top = fmin(top, y);
        bottom = fmax(bottom, y);
    }
    place->x = (uint32_t)fmin(fmax(left, 0), w - 1);
    place->y = (uint32_t)fmin(fmax(top, 0), h - 1);
    place->width = (uint32_t)fmin(fmax(right + 1, place->x + 1), w) - place->x;
    place->height = (uint32_t)fmin(fmax(bottom + 1, place->y + 1), h) - place->y;
    m[2] += m[0] * place->x + m[1] * place->y;
    m[5] += m[3] * place->x + m[4] * place->y;
    return true;
}

/* The place as RGB: where it stands, or in a picture of its own. */
static kao_status take_place(kao_mem *mem, const kao_view *v, kao_place place,
                             kao_image *own, kao_view *out, kao_error *err)
{
    if (v->format == KAO_PIXELS_RGB) {
        *out = *v;
        out->plane[0] = kao_view_rgb(v, place.x, place.y);
        out->width = place.width;
        out->height = place.height;
        out->rotation = 0;
        return KAO_OK;
    }
    const kao_status st = kao_image_alloc(mem, place.width, place.height, own, err);

    if (st)
        return st;
    for (uint32_t y = 0; y < place.height; y++)
        kao_view_row(v, place.x, place.y + y, place.width, kao_image_row(own, y));
    *out = kao_image_view(own);
    return KAO_OK;
}

/* Warping samples four pixels a point. A face of more than 2.7 chips is reduced first, to
 * 1.3 to 2, so that none of its pixels is skipped; of one between 2 and 2.7, which is not,
 * up to a quarter of the rows and columns may be. */
static kao_status shrink(kao_mem *mem, kao_pool *pool, kao_view *v, double *m,
                         kao_image *small, kao_error *err)
{
    const double scale = fmax(hypot(m[0], m[3]), hypot(m[1], m[4]));
    const double times = scale < 0.5 ? fmin(0.75 / scale, KAO_IMAGE_MAX_SIDE) : 1;
    const uint32_t k = (uint32_t)times;

    if (k < 2 || v->width / k < 2 || v->height / k < 2)
        return KAO_OK;
    kao_status st = kao_image_alloc(mem, v->width / k, v->height / k, small, err);

    if (!st)
        st = kao_resize(mem, pool, v, small, err);
    if (st)
        return st;
    /* m takes points of v; x = kx * (x' + .5) - .5 takes those of small to v's */
    const double kx = (double)v->width / small->width;
    const double ky = (double)v->height / small->height;

    m[2] += m[0] * (kx / 2 - 0.5) + m[1] * (ky / 2 - 0.5);
    m[5] += m[3] * (kx / 2 - 0.5) + m[4] * (ky / 2 - 0.5);
    m[0] *= kx;
    m[1] *= ky;
    m[3] *= kx;
    m[4] *= ky;
    *v = kao_image_view(small);
    return KAO_OK;
}

static kao_status cut(kao_mem *mem, kao_pool *pool, const kao_view *view, double *m,
                      const kao_template *to, const kao_image *chip, kao_error *err)
{
    kao_image own = { 0 }, small = { 0 };
    kao_place place;
    kao_view part;
    kao_status st = KAO_OK;

    lay_down(view, m);
    if (!surroundings(view, m, to, &place))
        return kao_fail(err, KAO_E_NO_FACE, "the points do not fit a face");
    st = take_place(mem, view, place, &own, &part, err);
    if (!st)
        st = shrink(mem, pool, &part, m, &small, err);
    if (!st && !kao_warp(&part, m, chip))
        st = kao_fail(err, KAO_E_NO_FACE, "the points do not fit a face");
    kao_image_drop(mem, &small);
    kao_image_drop(mem, &own);
    return st;
}

static kao_status check_sizes(const kao_template *to, const kao_image *chip,
                              kao_error *err)
{
    if ((to->size && to->size < offsetof(kao_template, points) + sizeof to->points) ||
        to->width == 0 || to->height == 0 || to->width > KAO_IMAGE_MAX_SIDE ||
        to->height > KAO_IMAGE_MAX_SIDE)
        return kao_fail(err, KAO_E_ARG, "align: a template of %u x %u pixels",
                        to->width, to->height);
    if (kao_image_check_size(to->width, to->height, err))
        return kao_error_prefix(err, KAO_E_LIMIT, "align: template");
    if (!chip->rgb)
        return KAO_OK;
    if (chip->width != to->width || chip->height != to->height)
        return kao_fail(err, KAO_E_ARG,
                        "align: a chip of %u x %u pixels, the template has %u x %u",
                        chip->width, chip->height, to->width, to->height);
    return kao_image_check(chip, "chip", err);
}

/* To a tenth, down: less than is wanted also where it is printed. */
static double tenths(float px)
{
    return floor((double)px * 10) / 10;
}

static kao_status check_eyes(const kao_view *view, const kao_face *face,
                             const kao_template *to, kao_error *err)
{
    const float reduction = view->reduction ? (float)view->reduction : 1;
    const float eyes = kao_face_eye_distance_px(face) * reduction,
                side = fmaxf(face->width, face->height) * reduction;
    const bool by_box = kao_template_margin(to) > 0;

    if (by_box && side < 2 * KAO_MIN_EYE_DISTANCE_PX)
        return kao_fail(err, KAO_E_TOO_SMALL,
                        "the face is too small: %.1f pixels, at least %.0f",
                        tenths(side), 2 * (double)KAO_MIN_EYE_DISTANCE_PX);
    if (by_box || !(eyes < KAO_MIN_EYE_DISTANCE_PX))
        return KAO_OK;
    return kao_fail(err, KAO_E_TOO_SMALL,
                    "the face is too small: %.1f pixels between the eyes, at least "
                    "%.0f",
                    tenths(eyes), (double)KAO_MIN_EYE_DISTANCE_PX);
}

kao_status kao_cut(kao_mem *mem, kao_pool *pool, const kao_view *view,
                   const double m[6], const kao_template *to, kao_image *chip,
                   kao_error *err)
{
    const bool fresh = !chip->rgb;
    double own[6];
    kao_status st = KAO_OK;

    memcpy(own, m, sizeof own);
    if (fresh)
        st = kao_image_alloc(mem, to->width, to->height, chip, err);
    if (!st)
        st = cut(mem, pool, view, own, to, chip, err);
    if (st && fresh)
        kao_image_drop(mem, chip);
    return st;
}

kao_status kao_align(kao_context *ctx, const kao_view *view, const kao_face *face,
                     const kao_template *to, kao_image *chip, kao_error *err)
{
    double m[6];

    if (!ctx || !face || !to || !chip)
        return kao_fail(err, KAO_E_ARG, "align: no context, face, template or chip");
    kao_status st = kao_view_check(view, "picture", err);

    if (!st)
        st = check_sizes(to, chip, err);
    if (!st)
        st = kao_template_margin(to) > 0
                 ? kao_crop_fit(face, to, view, kao_face_turn(face), m, err)
                 : kao_face_fit(face, to, m, err);
    if (!st)
        st = check_eyes(view, face, to, err);
    return st ? st : kao_cut(&ctx->mem, ctx->pool, view, m, to, chip, err);
}
