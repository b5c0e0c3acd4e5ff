/* Where the pictures of an evaluation come from: a folder, a plain tar, or an insightface set
 * (told apart by content). Each has names; those of a set are "0", "1" .. in its order. */
#ifndef KAO_EVAL_PICTURES_H
#define KAO_EVAL_PICTURES_H

#include "base/tar.h"
#include "eval/pickle.h"

typedef struct kao_pictures {
    kao_mem *mem;
    const char *path; /* borrowed */
    bool is_folder;
    kao_tar tar;       /* of a tar */
    kao_file file;     /* of a set */
    kao_pickle pickle; /* of a set: n > 0 */
} kao_pictures;

typedef struct kao_picture { /* one picture's encoded bytes */
    kao_span bytes;
    kao_file file; /* of a folder's */
} kao_picture;

/* Errors: KAO_E_IO, KAO_E_FORMAT (neither of the three), what kao_tar_open and
 * kao_pickle_parse give; then there is nothing to close. */
kao_status kao_pictures_open(kao_pictures *p, kao_mem *mem, const char *path,
                             kao_error *err);
void kao_pictures_close(kao_pictures *p); /* {0} is fine */

/* Whether there is such a picture. A list that says .jpg means .jpeg, .png and .webp too. */
bool kao_pictures_has(const kao_pictures *p, const char *name);
/* Its bytes, until kao_picture_close. Errors: KAO_E_IO, KAO_E_LIMIT, KAO_E_NOMEM; the line
 * names source and picture. Threads: any. */
kao_status kao_pictures_read(const kao_pictures *p, const char *name, kao_picture *out,
                             kao_error *err);
void kao_picture_close(kao_picture *p); /* {0} is fine */

typedef struct kao_names {
    kao_mem *mem;
    const char **names; /* sorted */
    size_t n;
    char *text; /* what they point into */
} kao_names;

/* All pictures (by their ending: jpg, jpeg, png, webp, heic, heif, avif, gif, bmp, tif, tiff) of a
 * folder and its folders, or of a tar, a name once; hidden ones not; one at least. Errors: KAO_E_FORMAT (there is none), KAO_E_ARG (a set,
 * whose pictures are of nobody known), KAO_E_IO, KAO_E_LIMIT (folders deeper than 16),
 * KAO_E_NOMEM; then there is nothing to free. */
kao_status kao_pictures_list(const kao_pictures *p, kao_names *out, kao_error *err);
void kao_names_free(kao_names *n); /* {0} is fine */

#endif
