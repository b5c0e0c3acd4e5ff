/* Packs of pictures: a tar with a list of its pictures, kept in memory decoded.
 *
 * A tar is plain ustar. Of its list the first line, which begins with #, names the columns; the
 * others have a picture each. Fields are kept apart by tabs where the line has one, else by
 * spaces. These columns are known:
 *
 *   picture         the path in the tar
 *   licence_class   what may be done with it ("class" is the same): which lines are taken is
 *                   told by classes, so that a recipe says what a model may learn from
 *   identity        whose face it is; "-" unknown
 *   kind            "noface": a picture without faces */
#ifndef KAO_TRAIN_PACK_H
#define KAO_TRAIN_PACK_H

#include "base/context.h"
#include "kao/image.h"

#define KAO_PACK_NOBODY UINT32_MAX

typedef struct kao_pack_picture {
    kao_image image;
    uint32_t identity; /* 0 .. n_identities - 1, or KAO_PACK_NOBODY */
    uint32_t class;    /* of pack.classes */
    bool no_face;
} kao_pack_picture;

enum { KAO_PACK_CLASSES = 24 };

typedef struct kao_pack_class {
    char name[24]; /* "" where a list states none */
    size_t n;      /* pictures */
} kao_pack_class;

typedef struct kao_pack {
    kao_context *ctx;
    kao_pack_picture *pictures;
    size_t n, skipped; /* skipped: missing and broken pictures */
    size_t bytes;      /* of pixels */
    char **identities; /* names; those of different tars are different people */
    uint32_t n_identities;
    kao_pack_class classes[KAO_PACK_CLASSES]; /* what was taken, for a model's card */
    size_t n_classes;
} kao_pack;

/* Add the pictures of a tar and its list. classes: "cc-by,public-domain" are taken; "": all. A
 * list without that column is taken whole.
 * Errors: KAO_E_IO, KAO_E_FORMAT (the tar, the list), KAO_E_NOMEM; a picture that cannot be
 * read is counted and left out. */
kao_status kao_pack_load(kao_pack *p, kao_context *ctx, const char *tar,
                         const char *list, const char *classes, kao_error *err);
/* Packs by name, separated by commas: NAME.tar and NAME_list.txt of a folder. */
kao_status kao_pack_load_named(kao_pack *p, kao_context *ctx, const char *folder,
                               const char *names, const char *classes, kao_error *err);
void kao_pack_free(kao_pack *p);

/* "5993 cc-by, 921 public-domain, 3352 of no stated class" into to; gives to. */
const char *kao_pack_classes(const kao_pack *p, char *to, size_t cap);

/* Leave only people with `least` pictures and more, numbered 0 .. n_identities - 1; the rest,
 * and pictures of nobody, are freed. Gives how many pictures went. */
size_t kao_pack_keep_people(kao_pack *p, size_t least);

#endif
