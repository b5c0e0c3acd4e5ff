/* A gallery in other forms, to be kept elsewhere or read by other programs. Of the program.
 *
 *   lines    .jsonl  all of it: a line about the models, then a line a person with samples and
 *                    vectors, then a line a fact (kao_fact)
 *   csv      .csv    a line a sample: person, name, sample, time, source, quality
 *   vectors  .npy    the first model's vectors, in the order of the csv */
#ifndef KAO_BASE_GALLERY_FORM_H
#define KAO_BASE_GALLERY_FORM_H

#include "base/bytes.h"
#include "kao/context.h"
#include "kao/embedder.h"
#include "kao/gallery.h"

enum { KAO_FORM_VERSION = 2, KAO_FORM_MOST = 1 << 30, KAO_CHIP_FORM_BYTES = 256 };

typedef enum kao_gallery_form {
    KAO_FORM_LINES = 0,
    KAO_FORM_CSV,
    KAO_FORM_VECTORS,
} kao_gallery_form;

/* The gallery's models; gives how many. */
size_t kao_form_models(kao_gallery *g, kao_gallery_model m[KAO_GALLERY_MODELS]);
/* The end of its files' names. */
const char *kao_form_end(kao_gallery_form form);

/* All of the gallery, behind what `to` has. KAO_E_NOT_FOUND: vectors of nobody;
 * KAO_E_LIMIT: it is more than `to` takes. */
kao_status kao_form_write(kao_gallery *g, kao_gallery_form form, kao_bytes *to,
                          kao_error *err);

typedef struct kao_moved {         /* what reading came to */
    size_t people, samples, known; /* new ones; samples that were there already */
} kao_moved;

/* Lines of a gallery of the same models; name: of the file, for errors. A sample whose vector is
 * there already is left out, and the rest of its person's go to whose it is; other people are new
 * ones. Who has no samples is one where nobody has that name, and is left out without a name.
 * embedders: of the gallery's models, in their order; a vector has to be of length 1 where theirs
 * are: everybody looks like a short one. NULL: lengths are not looked at. Whole people at a time: on
 * a failure those before it stay. KAO_E_FORMAT names the line; KAO_E_CONFLICT: other
 * models; KAO_E_CANCELLED (cancel: NULL is fine). */
kao_status kao_form_read(kao_mem *mem, kao_gallery *g, kao_embedder *const *embedders,
                         const char *name, const void *bytes, size_t n,
                         const kao_cancel *cancel, kao_moved *moved, kao_error *err);

/* A sample's chip behind what `to` has, and how it is aligned, in words; nothing where none is
 * kept. */
kao_status kao_chip_of(kao_gallery *g, const char *sample, kao_bytes *to,
                       char form[KAO_CHIP_FORM_BYTES], kao_error *err);

#endif
