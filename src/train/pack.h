/* Packs of pictures: a tar with a list of its pictures, kept in memory decoded.
 *
 * A tar is plain ustar. A list has a line a picture, its path first, fields by tabs (where a
 * line has one) or spaces; # begins a comment. Which lines are taken is told by classes of
 * the third field (licences), so that what a model may learn from is said in the recipe. */
#ifndef KAO_TRAIN_PACK_H
#define KAO_TRAIN_PACK_H

#include "base/context.h"
#include "kao/image.h"

typedef struct kao_pack_picture {
    kao_image image;
    uint32_t tag;  /* of the caller; 0 */
    char kind[16]; /* the last field of its line */
} kao_pack_picture;

typedef struct kao_pack {
    kao_context *ctx;
    kao_pack_picture *pictures;
    size_t n, skipped; /* skipped: broken pictures */
    size_t bytes;      /* of pixels */
} kao_pack;

typedef struct kao_pack_options {
    const char *classes; /* "cc-by,public-domain": taken; NULL: all */
    bool class_field;    /* the list has classes */
    size_t most;         /* pictures; 0: all */
} kao_pack_options;

/* Add the pictures of a tar and its list. Errors: KAO_E_IO, KAO_E_FORMAT (the tar, the list),
 * KAO_E_NOMEM; a picture that cannot be read is counted and left out. */
kao_status kao_pack_load(kao_pack *p, kao_context *ctx, const char *tar,
                         const char *list, const kao_pack_options *options,
                         kao_error *err);
/* Packs by name, separated by commas: NAME.tar and NAME_list.txt of a folder. classes as in
 * the options; "" all. The list of a pack whose pictures are all of one kind has no classes. */
kao_status kao_pack_load_named(kao_pack *p, kao_context *ctx, const char *folder,
                               const char *names, const char *classes, kao_error *err);
void kao_pack_free(kao_pack *p);

#endif
