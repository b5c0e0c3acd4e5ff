/* What the image layer's files share: checked sizes, fresh pixels, turning upright. */
#ifndef KAO_IMAGE_IMAGE_H
#define KAO_IMAGE_IMAGE_H

#include "base/context.h"
#include "base/error.h"
#include "base/reader.h"
#include "kao/image.h"

enum { KAO_RGB = 3 }; /* bytes a pixel */

/* KAO_OK, or KAO_E_LIMIT: the size of a picture to be handed out, before memory is taken
 * for it. An empty one is KAO_E_FORMAT. */
kao_status kao_image_check_size(uint64_t width, uint64_t height, kao_error *err);
/* The same for the size in the file of one that can be reduced while it is read. */
kao_status kao_image_check_file_size(uint64_t width, uint64_t height, kao_error *err);
/* at_least (1, 2, 4, 8) or so many doublings of it that the picture may be handed out:
 * 8 at most for a size that passed kao_image_check_file_size. */
uint32_t kao_image_reduction(uint32_t width, uint32_t height, uint32_t at_least);
/* KAO_OK; KAO_E_LIMIT for rows further apart than KAO_IMAGE_MAX_ROW_BYTES; KAO_E_ARG where
 * image does not describe pixels. role: "src" */
kao_status kao_image_check(const kao_image *image, const char *role, kao_error *err);
/* Pixels of undefined content, rows without padding, full_width and so on as the size.
 */
kao_status kao_image_alloc(kao_mem *mem, uint32_t width, uint32_t height,
                           kao_image *out, kao_error *err);
void kao_image_drop(kao_mem *mem, kao_image *image);
/* Turn a picture by its EXIF orientation 1 to 8, so that it is upright. On failure
 * (KAO_E_NOMEM) it is as before. */
kao_status kao_image_orient(kao_mem *mem, kao_image *image, uint8_t orientation,
                            kao_error *err);

/* to = from turned clockwise by 90, 180 or 270 degrees. Sizes are those of the result. */
void kao_image_turn(const kao_image *to, const kao_image *from, uint32_t degrees);

static inline uint8_t *kao_image_row(const kao_image *image, uint32_t y)
{
    return image->rgb + (size_t)y * image->row_bytes;
}

/* c over white by alpha a: exact rounding of (c*a + 255*(255 - a)) / 255. */
static inline uint8_t kao_over_white(uint32_t c, uint32_t a)
{
    return (uint8_t)((c * a + 255u * (255u - a) + 127u) / 255u);
}

/* The same of one that was multiplied by a already; where coding is lossy, it may be more than a. */
static inline uint8_t kao_add_white(uint32_t c, uint32_t a)
{
    return (uint8_t)(c < a ? c + 255u - a : 255u);
}

static inline void kao_grey_to_rgb(uint8_t *rgb, const uint8_t *grey, size_t n)
{
    for (size_t i = 0; i < n; i++, rgb += KAO_RGB)
        rgb[0] = rgb[1] = rgb[2] = grey[i];
}

#endif
