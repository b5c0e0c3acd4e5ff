/* What a search reads, kept in step with the database: for each model a store of rows (store.h),
 * in a file beside the gallery from some thousand samples on.
 *
 * The database is the truth. A file is used only if it stands for a change that the database has,
 * told by the change's number and its random token, so that a gallery that was put back from a
 * copy is not taken for what it was; what came after that change is then taken in, under the
 * file's lock, by whoever asks first. A file that is damaged or of another history is overwritten,
 * removed and made anew; where no file can be written or locked, the store is in memory, for this
 * handle alone, and answers are the same. */
#ifndef KAO_GALLERY_INDEX_H
#define KAO_GALLERY_INDEX_H

#include "base/context.h"
#include "gallery/store.h"
#include "kao/gallery.h"
#include "kernels/kernels.h"

enum {
    KAO_INDEX_FILE_FROM = 4096
}; /* samples; kao_context.index_from where that is not 0 */

typedef struct kao_index {
    kao_context *ctx;
    kao_kernels kernels;
    kao_store stores[KAO_GALLERY_MODELS];
    bool is_there[KAO_GALLERY_MODELS]; /* the store has rows, or an empty beginning */
    bool alone[KAO_GALLERY_MODELS];    /* in memory from now on */
    bool
        is_fixed; /* its files lie beside a gallery that is only read: they stay as they are */
} kao_index;

typedef struct kao_moment { /* the gallery after this change */
    int64_t seen, token;
} kao_moment;

void kao_index_init(kao_index *x, kao_context *ctx);
void kao_index_fini(kao_index *x);

/* The last change, inside a transaction: what it is of. */
kao_status kao_index_moment(kao_gallery *g, kao_moment *at, kao_error *err);
/* Inside a transaction for reading: its moment, and the model's store as it was then. *again:
 * the store is of a later one by now; end the transaction, and begin another. */
kao_status kao_index_bring(kao_gallery *g, size_t model, kao_moment *at, bool *again,
                           kao_error *err);
/* The store is of no use: read wrong, or never at rest. Memory of its own takes its place if
 * `alone`, else it is made anew. */
void kao_index_drop(kao_gallery *g, size_t model, bool alone);

/* Whether its stores may lie in files. */
bool kao_index_has_files(const kao_gallery *g);
/* The name of a model's file; NULL: out of memory. */
char *kao_index_path(kao_gallery *g, size_t model);
/* After somebody was forgotten: out of the files of all models, too. */
kao_status kao_index_forget(kao_gallery *g, kao_error *err);
/* Remove the files of these models, which are the gallery's no more. */
kao_status kao_index_remove(kao_gallery *g, const kao_gallery_model *models, size_t n,
                            kao_error *err);
/* Overwrite and remove all files that may be an index of it, whatever is in them. */
kao_status kao_index_wipe(kao_gallery *g, kao_error *err);
/* Hold the files against the database, row by row; one that differs is removed. */
kao_status kao_index_verify(kao_gallery *g, kao_error *err);

#endif
