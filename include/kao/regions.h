/* kao/regions.h: names that other programs have written into pictures, and names for them.
 *
 * digiKam, Lightroom, Picasa's heirs and many others keep who is on a picture as regions of its XMP
 * packet, inside the picture or in a file beside it. They are read here, and new ones are added; all
 * else that a packet says stays as it is, to the byte.
 *
 *     kao_regions found = { .size = sizeof found };
 *     if (kao_regions_read(ctx, photo, n_photo, NULL, 0, &found, &err) == KAO_OK)
 *         for (size_t i = 0; i < found.n; i++)
 *             printf("%s\n", found.list[i].name);
 *     kao_regions_free(ctx, &found);
 *
 * Source: Metadata Working Group, Guidelines for Handling Image Metadata 2.0, 5.9; XMP Specification
 * part 1 (ISO 16684-1) and part 3. Regions are of the picture as it lies in the file; what is read and
 * given here is of the upright one.
 *
 * Threads: as kao/image.h. A build without expat (option xmp) has KAO_E_UNSUPPORTED for all of it. */
#ifndef KAO_REGIONS_H
#define KAO_REGIONS_H

#include <stddef.h>
#include <stdint.h>

#include "kao/context.h"

#ifdef __cplusplus
extern "C" {
#endif

#define KAO_REGIONS_MOST 1000 /* more of a packet are not read */

/* A face region. Parts of the upright picture's width and height, 0 to 1. */
typedef struct kao_region {
    const char *name; /* UTF-8; "" where it has none */
    float x, y;       /* its middle */
    float width, height;
} kao_region;

typedef struct kao_regions {
    uint32_t size; /* sizeof(kao_regions); set before the call */
    size_t n;
    kao_region *list;
    void *owned; /* the library's */
} kao_regions;

/* The face regions of a picture.
 *
 * picture  a file's content: JPEG, PNG (its texts may be compressed, and ImageMagick's "Raw profile type
 *          xmp" is one of them; of over 512 KiB only plain ones) or WebP; of other formats nothing is
 *          read but the sidecar, and of a TIFF how it lies
 * sidecar  the content of an XMP file beside it, which comes first where it has regions; NULL: none
 *
 * No regions are no failure: n is 0. Errors: KAO_E_FORMAT (a sidecar that is no XML), KAO_E_LIMIT,
 * KAO_E_NOMEM, KAO_E_UNSUPPORTED, KAO_E_ARG. */
KAO_API kao_status kao_regions_read(kao_context *ctx, const void *picture,
                                    size_t n_picture, const void *sidecar,
                                    size_t n_sidecar, kao_regions *out, kao_error *err);
KAO_API void kao_regions_free(kao_context *ctx, kao_regions *regions);

/* An XMP file for beside the picture: the sidecar that is there (or, without one, what the picture
 * has), with these regions added to those that it has; to a sidecar without any, which hid none, also
 * the picture's own, which it hides from then on.
 *
 * width, height  of the upright picture
 * *out           out: its content, to be freed with kao_image_free_bytes
 *
 * Errors: as above; KAO_E_FORMAT also where a packet is no whole XML: it is not replaced. */
KAO_API kao_status kao_regions_write(kao_context *ctx, const void *picture,
                                     size_t n_picture, const void *sidecar,
                                     size_t n_sidecar, const kao_region *list, size_t n,
                                     uint32_t width, uint32_t height, uint8_t **out,
                                     size_t *n_out, kao_error *err);
/* The picture's own content with them, JPEG or PNG (KAO_E_UNSUPPORTED: another format, a JPEG
 * whose regions stand in a second packet, of what had no room in the first, or one of several pictures
 * whose index (MPF) stands before the packet); pixels and all else stay.
 * A PNG's packet stands plainly in an iTXt then, whatever it was in.
 * KAO_E_LIMIT: a JPEG's packet of more than 65,504 bytes. */
KAO_API kao_status kao_regions_embed(kao_context *ctx, const void *picture,
                                     size_t n_picture, const kao_region *list, size_t n,
                                     uint32_t width, uint32_t height, uint8_t **out,
                                     size_t *n_out, kao_error *err);

#ifdef __cplusplus
}
#endif

#endif
