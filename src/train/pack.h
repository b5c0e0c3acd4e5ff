/* Pictures to train on, from three kinds of sources: packs (a tar with a list of its pictures),
 * record files, and folders with a folder a person.
 *
 * Those of packs are kept in memory decoded; the others as they are in their files, and decoded
 * when they are looked at, so that a set of millions fits. All are decoded once while they are
 * loaded: broken ones are counted, named and left out.
 *
 * A pack's tar is plain ustar. Of its list the first line, which begins with #, names the columns; the
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
#include "base/file.h"
#include "kao/image.h"

#define KAO_PACK_NOBODY UINT32_MAX

typedef struct kao_pack_picture {
    kao_image image;   /* decoded; {0}: bytes are */
    kao_span bytes;    /* encoded */
    uint8_t *owned;    /* the block they are in, or NULL: a file's */
    uint32_t identity; /* 0 .. n_identities - 1, or KAO_PACK_NOBODY */
    uint32_t class;    /* of pack.classes */
    bool no_face;
} kao_pack_picture;

enum { KAO_PACK_CLASSES = 24 };

typedef struct kao_pack_class {
    char name[64]; /* its beginning, where it is longer; "" where a list states none */
    size_t n;      /* pictures */
} kao_pack_class;

/* What was left out: how many, and the first ones by name, for people. */
typedef struct kao_pack_left {
    size_t n;
    char names[144];
} kao_pack_left;

enum { KAO_PACK_FILES = 16 };

typedef struct kao_pack {
    kao_context *ctx;
    kao_pack_picture *pictures;
    size_t n, cap;
    kao_pack_left skipped, empty; /* missing and broken pictures; people without any */
    char **identities; /* names; those of different sources are different people */
    uint32_t n_identities, cap_identities;
    kao_file files[KAO_PACK_FILES]; /* whose bytes pictures are */
    size_t n_files;
    kao_pack_class classes[KAO_PACK_CLASSES]; /* what was taken, for a model's card */
    size_t n_classes;
} kao_pack;

/* Add the pictures of a tar and its list. classes: "cc-by,public-domain" are taken; "": all. A
 * list without that column is taken whole.
 * Errors: KAO_E_IO, KAO_E_FORMAT (the tar, the list), KAO_E_NOMEM; a picture that cannot be
 * read is counted and left out. */
kao_status kao_pack_load(kao_pack *p, kao_context *ctx, const char *tar,
                         const char *list, const char *classes, kao_error *err);
/* Sources by name, separated by commas, of a folder: NAME.rec is a record file (records.h;
 * NAME.idx beside it is used, and `property`, whose first number is that of the classes), a
 * folder NAME has a folder a person, else NAME.tar and NAME_list.txt are a pack. names "":
 * nothing. */
kao_status kao_pack_load_named(kao_pack *p, kao_context *ctx, const char *folder,
                               const char *names, const char *classes, kao_error *err);
/* Aligned faces: the same; names "": data itself is a record file or a folder of people. */
kao_status kao_pack_load_faces(kao_pack *p, kao_context *ctx, const char *data,
                               const char *names, const char *classes, kao_error *err);
void kao_pack_free(kao_pack *p);

/* Picture i to look at: borrowed, or decoded where the pack has its bytes. To be given back by
 * kao_image_free. Threads: any. */
kao_status kao_pack_picture_open(const kao_pack *p, size_t i, kao_image *out,
                                 kao_error *err);

/* "5993 cc-by, 921 public-domain, 3352 of no stated class" into to; gives to. */
const char *kao_pack_classes(const kao_pack *p, char *to, size_t cap);

/* Leave only people with `least` pictures and more, numbered 0 .. n_identities - 1; the rest,
 * and pictures of nobody, are freed. *gone: how many pictures went, and whose. KAO_E_NOMEM. */
kao_status kao_pack_keep_people(kao_pack *p, size_t least, kao_pack_left *gone,
                                kao_error *err);

#endif
