/* Views: the formats that cameras, decoders and other libraries hand over.
 *
 * Y, U, V to R, G, B, with y, u, v from the middle (ITU-R BT.601-7 2.5, BT.709-6 3):
 *
 *     R = ky*y + rv*v     G = ky*y - gu*u - gv*v     B = ky*y + bu*u
 *
 * ky = 1 and u, v as they are for full range; 255/219 and 255/224 for video range, where y
 * counts from 16. 16-bit fixed point, rounded: at most one step from the real number. */
#include "image/view.h"

#include <string.h>

/* What a pixel takes: bytes of plane 0 in a row, and by how much U and V are halved. */
typedef struct layout {
    uint32_t n_planes;
    uint32_t bytes;          /* of plane 0 for a pixel */
    uint32_t half_x, half_y; /* shifts of planes 1 and 2 */
    uint32_t chroma_bytes;   /* of planes 1 and 2 for one of their samples */
} layout;

static const layout layouts[] = {
    [KAO_PIXELS_RGB] = { .n_planes = 1, .bytes = 3 },
    [KAO_PIXELS_BGR] = { .n_planes = 1, .bytes = 3 },
    [KAO_PIXELS_RGBA] = { .n_planes = 1, .bytes = 4 },
    [KAO_PIXELS_BGRA] = { .n_planes = 1, .bytes = 4 },
    [KAO_PIXELS_GREY] = { .n_planes = 1, .bytes = 1 },
    [KAO_PIXELS_NV12] = { .n_planes = 2,
                          .bytes = 1,
                          .half_x = 1,
                          .half_y = 1,
                          .chroma_bytes = 2 },
    [KAO_PIXELS_YUV420] = { .n_planes = 3,
                            .bytes = 1,
                            .half_x = 1,
                            .half_y = 1,
                            .chroma_bytes = 1 },
    [KAO_PIXELS_YUV422] = { .n_planes = 3, .bytes = 1, .half_x = 1, .chroma_bytes = 1 },
    [KAO_PIXELS_YUYV] = { .n_planes = 1, .bytes = 2, .half_x = 1 },
};

static uint64_t magnitude(ptrdiff_t stride)
{
    return stride < 0 ? (uint64_t)0 - (uint64_t)stride : (uint64_t)stride;
}

kao_status kao_view_check(const kao_view *v, const char *role, kao_error *err)
{
    if (!v || !v->plane[0] || v->width == 0 || v->height == 0)
        return kao_fail(err, KAO_E_ARG, "%s: an empty picture", role);
    if (v->width > KAO_IMAGE_MAX_SIDE || v->height > KAO_IMAGE_MAX_SIDE)
        return kao_fail(err, KAO_E_ARG, "%s: %u x %u pixels, at most %u a side", role,
                        v->width, v->height, KAO_IMAGE_MAX_SIDE);
    if ((unsigned)v->format >= sizeof layouts / sizeof layouts[0])
        return kao_fail(err, KAO_E_ARG, "%s: pixel format %d", role, (int)v->format);
    if ((unsigned)v->yuv > KAO_YUV_709_FULL)
        return kao_fail(err, KAO_E_ARG, "%s: YUV matrix %d", role, (int)v->yuv);
    if (v->rotation % 90 || v->rotation > 270)
        return kao_fail(err, KAO_E_ARG, "%s: rotation %u: 0, 90, 180 or 270", role,
                        v->rotation);
    const layout *l = &layouts[v->format];
    const uint64_t samples = ((uint64_t)v->width + l->half_x) >> l->half_x;

    if (v->format == KAO_PIXELS_YUYV && v->width % 2)
        return kao_fail(err, KAO_E_ARG, "%s: YUYV of odd width %u", role, v->width);
    for (uint32_t i = 0; i < l->n_planes; i++) {
        const uint64_t need =
            i ? samples * l->chroma_bytes : (uint64_t)v->width * l->bytes;

        if (!v->plane[i])
            return kao_fail(err, KAO_E_ARG, "%s: plane %u is missing", role, i);
        if (v->height > 1 && magnitude(v->stride[i]) < need)
            return kao_fail(err, KAO_E_ARG,
                            "%s: rows of %lld bytes in plane %u, %llu are needed", role,
                            (long long)v->stride[i], i, (unsigned long long)need);
        if (magnitude(v->stride[i]) > KAO_IMAGE_MAX_ROW_BYTES)
            return kao_fail(err, KAO_E_LIMIT,
                            "%s: rows of %lld bytes in plane %u, at most %u", role,
                            (long long)v->stride[i], i, KAO_IMAGE_MAX_ROW_BYTES);
    }
    return KAO_OK;
}

void kao_view_upright_size(const kao_view *v, uint32_t *width, uint32_t *height)
{
    const int swap = v->rotation % 180 != 0;

    *width = swap ? v->height : v->width;
    *height = swap ? v->width : v->height;
}

kao_view kao_view_part(const kao_view *v, uint32_t x, uint32_t y, uint32_t width,
                       uint32_t height)
{
    const layout *l = &layouts[v->format];
    kao_view part = *v;

    part.width = width;
    part.height = height;
    part.plane[0] += (ptrdiff_t)y * v->stride[0] + (ptrdiff_t)((size_t)x * l->bytes);
    for (uint32_t i = 1; i < l->n_planes; i++)
        part.plane[i] += (ptrdiff_t)(y >> l->half_y) * v->stride[i] +
                         (ptrdiff_t)((size_t)(x >> l->half_x) * l->chroma_bytes);
    return part;
}

/* ---- rows ---- */

enum { ONE = 1 << 16, HALF = 1 << 15 };

typedef struct matrix {
    int32_t ky, rv, gu, gv, bu, black;
} matrix;

#define FIXED(x) ((int32_t)((x)*65536 + 0.5))
#define FULL(kr, kb)                                                                   \
 {                                                                                     \
  .ky = ONE, .rv = FIXED(2 * (1 - (kr))), .bu = FIXED(2 * (1 - (kb))),                 \
  .gu = FIXED(2 * (1 - (kb)) * (kb) / (1 - (kr) - (kb))),                              \
  .gv = FIXED(2 * (1 - (kr)) * (kr) / (1 - (kr) - (kb))),                              \
 }
#define VIDEO(kr, kb)                                                                  \
 {                                                                                     \
  .ky = FIXED(255.0 / 219), .rv = FIXED(2 * (1 - (kr)) * 255 / 224),                   \
  .bu = FIXED(2 * (1 - (kb)) * 255 / 224),                                             \
  .gu = FIXED(2 * (1 - (kb)) * (kb) / (1 - (kr) - (kb)) * 255 / 224),                  \
  .gv = FIXED(2 * (1 - (kr)) * (kr) / (1 - (kr) - (kb)) * 255 / 224), .black = 16,     \
 }

static const matrix matrices[] = {
    [KAO_YUV_601] = VIDEO(0.299, 0.114),
    [KAO_YUV_601_FULL] = FULL(0.299, 0.114),
    [KAO_YUV_709] = VIDEO(0.2126, 0.0722),
    [KAO_YUV_709_FULL] = FULL(0.2126, 0.0722),
};

static uint8_t to_byte(int32_t fixed)
{
    return fixed < 0 ? 0 : fixed >= 256 * ONE ? 255 : (uint8_t)(fixed >> 16);
}

static void put_yuv(uint8_t *out, const matrix *m, int32_t y, int32_t u, int32_t v)
{
    const int32_t light = (y - m->black) * m->ky + HALF;

    u -= 128;
    v -= 128;
    out[0] = to_byte(light + m->rv * v);
    out[1] = to_byte(light - m->gu * u - m->gv * v);
    out[2] = to_byte(light + m->bu * u);
}

static const uint8_t *row_of(const kao_view *v, int plane, uint32_t y)
{
    return v->plane[plane] + (ptrdiff_t)y * v->stride[plane];
}

static void yuv_row(const kao_view *v, uint32_t x, uint32_t y, uint32_t n, uint8_t *out)
{
    const matrix *m = &matrices[v->yuv];
    const layout *l = &layouts[v->format];
    const uint8_t *luma = row_of(v, 0, y);

    if (v->format == KAO_PIXELS_YUYV) {
        for (uint32_t i = x; i < x + n; i++, out += KAO_RGB) {
            const uint8_t *pair = luma + (size_t)(i / 2) * 4;

            put_yuv(out, m, pair[i % 2 * 2], pair[1], pair[3]);
        }
        return;
    }
    const bool joined = v->format == KAO_PIXELS_NV12;
    const uint8_t *us = row_of(v, 1, y >> l->half_y);
    const uint8_t *vs = joined ? us + 1 : row_of(v, 2, y >> l->half_y);

    for (uint32_t i = x; i < x + n; i++, out += KAO_RGB) {
        const size_t at = (size_t)(i >> l->half_x) * l->chroma_bytes;

        put_yuv(out, m, luma[i], us[at], vs[at]);
    }
}

void kao_view_row(const kao_view *v, uint32_t x, uint32_t y, uint32_t n, uint8_t *rgb)
{
    const uint32_t step = layouts[v->format].bytes;
    const uint8_t *p = row_of(v, 0, y) + (size_t)x * step;

    switch (v->format) {
    case KAO_PIXELS_RGB:
        memcpy(rgb, p, (size_t)n * KAO_RGB);
        break;
    case KAO_PIXELS_RGBA:
        for (uint32_t i = 0; i < n; i++, p += step, rgb += KAO_RGB) {
            rgb[0] = p[0];
            rgb[1] = p[1];
            rgb[2] = p[2];
        }
        break;
    case KAO_PIXELS_BGR:
    case KAO_PIXELS_BGRA:
        for (uint32_t i = 0; i < n; i++, p += step, rgb += KAO_RGB) {
            rgb[0] = p[2];
            rgb[1] = p[1];
            rgb[2] = p[0];
        }
        break;
    case KAO_PIXELS_GREY:
        kao_grey_to_rgb(rgb, p, n);
        break;
    default:
        yuv_row(v, x, y, n, rgb);
        break;
    }
}

kao_view kao_image_view(const kao_image *image)
{
    return (kao_view){ .format = KAO_PIXELS_RGB,
                       .width = image->width,
                       .height = image->height,
                       .plane = { image->rgb },
                       .stride = { (ptrdiff_t)image->row_bytes },
                       .reduction = image->reduction };
}
