/* kao/align.h: cutting a face out of a picture, upright and at the size a network wants.
 *
 *     kao_image chip = { 0 };
 *     if (kao_align(ctx, &view, face, kao_embedder_template(e), &chip, &err) == KAO_OK)
 *         ...
 *     kao_image_free(ctx, &chip); */
#ifndef KAO_ALIGN_H
#define KAO_ALIGN_H

#include "kao/face.h"
#include "kao/image.h"
#include "kao/view.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a chip shows that goes by the face's box. */
typedef enum kao_crop {
    KAO_CROP_SQUARE = 0, /* a square of the box's longer side, times the margin */
    KAO_CROP_BOX = 1,    /* the box times the margin, stretched to the chip's shape */
    KAO_CROP_INSIDE =
        2, /* the same, but smaller where it would not fit into the picture,
                            and moved inside it */
} kao_crop;

/* Where the five points of a face have to lie in a chip of width x height pixels; or, with a
 * margin, how much about the face's box the chip shows, whatever its points are. */
typedef struct kao_template {
    uint32_t size; /* sizeof(kao_template), or 0: the fields up to points */
    uint32_t width, height;
    kao_point points[KAO_FACE_POINTS];
    float margin; /* 0: by points; else the box's sides are taken times it */
    uint32_t
        whole; /* 1: the chip is a whole picture, nothing is cut out: kao_embed takes
                       the photograph itself */
    uint32_t crop; /* kao_crop, where there is a margin */
} kao_template;

/* The template of a name, scaled to width x height pixels: "arcface-112", "dlib-150" (dlib's
 * face recognition network: less of the forehead, more of the chin), "square", "box" or "inside"
 * (with a margin of 1, which may be changed), or "picture" (the whole of it).
 * Errors: KAO_E_UNSUPPORTED (no such name, or another shape of chip), KAO_E_ARG. */
KAO_API kao_status kao_template_find(kao_template *out, const char *name,
                                     uint32_t width, uint32_t height, kao_error *err);

/* The face's five points are brought onto the template by a similarity transform (least
 * squares; Umeyama, PAMI 13(4), 1991), sampled bilinearly, black outside the picture. Of four
 * points the last comes between the template's corners of the mouth.
 *
 * A square crop is centred on the box; where it passes the picture's left or upper border it is
 * moved inside. It is as upright as the face, by quarter turns: where that has points, the line of
 * its eyes says how it lies, and the borders are those of the picture so turned.
 *
 * view  any format and rotation; only the face's surroundings are read.
 * face  in pixels of the upright view, as kao_detect gives it.
 * chip  in: {0}, or a picture of the template's size: then its pixels are replaced and
 *       nothing is allocated where the view is RGB and the face not larger than two chips.
 *       out: the chip, to be freed with kao_image_free; {0} after a failure if it was {0}.
 *
 * Errors: KAO_E_NO_FACE (a face without points where the template needs them, or points that are no upright face's: they
 * coincide, are mirrored, or lie otherwise than a face's can), KAO_E_TOO_SMALL (eyes nearer than
 * KAO_MIN_EYE_DISTANCE_PX in the photograph; by the box, one whose longer side is less than twice that), KAO_E_ARG (also a template that is
 * the whole picture), KAO_E_LIMIT (rows too far apart, a
 * template of more than KAO_IMAGE_MAX_PIXELS), KAO_E_NOMEM. Threads: any. */
KAO_API kao_status kao_align(kao_context *ctx, const kao_view *view,
                             const kao_face *face, const kao_template *to,
                             kao_image *chip, kao_error *err);

#ifdef __cplusplus
}
#endif
#endif
