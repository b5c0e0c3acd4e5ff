/* Names in pictures (kao/regions.h) for the commands: which file has them, which face a region means. */
#ifndef KAO_CLI_REGIONS_USE_H
#define KAO_CLI_REGIONS_USE_H

#include "cli/photo.h"
#include "kao/regions.h"

/* Of the picture, or of PICTURE.xmp or STEM.xmp beside it. Errors name the file. */
kao_status cli_regions_read(kao_context *ctx, const char *path, kao_regions *out,
                            kao_error *err);
/* The region of a face, without a name. */
kao_region cli_region_of(const kao_image *image, const kao_face *in_file);
/* The face that a region of the picture means, of those that are not taken; the number of faces: none. */
size_t cli_region_face(const cli_photo *photo, const kao_region *region,
                       const bool *taken);
/* These names are added to those that the picture has: in the file beside it, PICTURE.xmp where there is
 * none, or in_place. *file: which one was written, to be freed; NULL: every face has its region already. */
kao_status cli_regions_add(kao_context *ctx, const char *path, const kao_image *image,
                           const kao_region *list, size_t n, bool in_place, char **file,
                           size_t *n_added, kao_error *err);

#endif
