/* The samples of one model as a search reads them: rows in blocks of bytes, in a file beside the
 * gallery that all processes map, or in memory of one's own. Nothing here knows the database;
 * index.h keeps a store in step with it.
 *
 *   head | chunk | chunk | ...      a chunk has KAO_STORE_ROWS rows:
 *
 *     bytes of the rows, 128 added      what a scan reads (quantise.h)
 *     scale, norm, residual, offset     float each
 *     floats                            the vectors themselves
 *     sample, person, born, died        int64_t each
 *     check                             uint32_t, over a row's floats and numbers
 *
 * A row is written once and stays. It counts for whoever looks at the gallery as it is after
 * change c if born <= c < died: so a sample that is given to another person is a new row, and
 * those who are in the middle of a search are not disturbed. Who writes has the file's lock;
 * all others read without one.
 *
 * What holds is one of two states in the head, by turns; `generation` says which, and is written
 * last. Rows behind a state's n_rows and `died` after its `seen` are what a writer left that came
 * to no end: the next one begins by taking them back. Bytes are erased in place, `erasures` being
 * odd meanwhile; a search that finds it other at its end than at its beginning is made again.
 *
 * The mapping is in memory that the kernel keeps, so a killed process leaves what it wrote. Only
 * when the machine itself stops may parts be missing on the disk: a state tells under which
 * start of the machine it was written, and whether all went to the disk after it. */
#ifndef KAO_GALLERY_STORE_H
#define KAO_GALLERY_STORE_H

#include "base/shared.h"
#include "gallery/quantise.h"
#include "kao/embedder.h"

enum { KAO_STORE_ROWS = 1024 };

typedef struct kao_store_state {
    uint64_t generation, n_rows, n_live;
    int64_t seen,
        token; /* the change that it stands for, and that change's random number */
    int64_t last_sample; /* the highest number of a sample that has had a row */
    uint64_t synced;     /* 1: on the disk */
    char boot[KAO_BOOT_BYTES];
    uint64_t check;
} kao_store_state;

typedef struct kao_store_head kao_store_head;

typedef struct kao_chunk { /* where the arrays of one chunk begin */
    uint8_t *bytes;
    float *scale, *norm, *residual, *offset, *floats;
    int64_t *sample, *person;
    int64_t *born;
    _Atomic int64_t *died;
    uint32_t *check;
} kao_chunk;

typedef struct kao_store {
    kao_mem *mem;
    char model[KAO_ID_BYTES];
    uint32_t dim;
    size_t size;        /* bytes of a row */
    size_t chunk_bytes; /* a multiple of 64 KiB */
    kao_shared file;
    char *path;           /* of the file; NULL: in memory */
    kao_store_head *head; /* NULL: the store is not there */
    kao_chunk *chunks;
    size_t n_chunks, cap_chunks;
    bool changed; /* by this process since it was synced */
    /* while it is written: */
    kao_store_state next;
    /* live rows by sample, open addressing: 1 + row; made when it is first needed, for the state
     * that it was made of */
    uint64_t *slots;
    size_t n_slots, n_slotted;
    uint64_t slots_of;
} kao_store;

enum { KAO_NO_ROW = -1 };

/* An empty store, not there yet: no failure. */
void kao_store_init(kao_store *b, kao_mem *mem, const char *model, uint32_t dim);
/* In memory, without rows, seen -1. */
kao_status kao_store_in_memory(kao_store *b, kao_error *err);
/* Map the file of this name. KAO_E_NOT_FOUND; KAO_E_FORMAT: it is damaged, of another model or
 * form, not finished, or was not on the disk when the machine stopped; then it is discarded or
 * closed. KAO_E_IO, KAO_E_NOMEM. */
kao_status kao_store_open(kao_store *b, const char *path, bool writable,
                          kao_error *err);
/* A new file, locked and begun. It is one that is not finished until it is published.
 * KAO_E_CONFLICT: there is one. */
kao_status kao_store_create(kao_store *b, const char *path, kao_error *err);
/* Remove the file that was opened, with its content, and close it; generation: of the state in
 * it that is of no use, 0: it has none. It stays where somebody made it another one meanwhile.
 * KAO_E_IO: somebody else has its lock, or it cannot be overwritten. */
kao_status kao_store_discard(kao_store *b, uint64_t generation, uint32_t wait_ms,
                             kao_error *err);
/* To the disk, where this process has changed it and nobody writes. */
void kao_store_settle(kao_store *b);
/* Not there any more; a file stays as it is. */
void kao_store_close(kao_store *b);

/* ---- reading ---- */

/* The state that holds; its rows are then mapped. KAO_E_CONFLICT: the file was removed;
 * KAO_E_FORMAT: it is damaged; KAO_E_IO, KAO_E_NOMEM. */
kao_status kao_store_read(kao_store *b, kao_store_state *state, kao_error *err);
/* Odd: bytes are being erased, or were when their process ended; 0: the store was removed. */
uint64_t kao_store_erasures(const kao_store *b);
/* Whether nobody has written, or begun to, since that state was read. */
bool kao_store_is_at_rest(const kao_store *b, const kao_store_state *state);
/* Whether the floats and numbers of a row are what was written. */
bool kao_store_row_is_whole(const kao_store *b, size_t row);
/* The same, and the bytes and terms. */
bool kao_store_row_is_right(const kao_store *b, size_t row);

static inline const kao_chunk *kao_store_chunk(const kao_store *b, size_t row)
{
    return &b->chunks[row / KAO_STORE_ROWS];
}

/* ---- writing ---- */

/* For the one writer; then b->next is what holds. KAO_E_CONFLICT: the name has gone to another
 * file; KAO_E_IO: somebody else writes all the time; KAO_E_FORMAT: damaged. Ended by end. */
kao_status kao_store_begin(kao_store *b, uint32_t wait_ms, kao_error *err);
/* The live row of a sample, or KAO_NO_ROW. KAO_E_NOMEM. */
kao_status kao_store_find(kao_store *b, int64_t sample, int64_t *row, kao_error *err);
/* KAO_E_FORMAT: the vector is not finite; KAO_E_IO: no room on the disk; KAO_E_NOMEM. */
kao_status kao_store_add(kao_store *b, int64_t sample, int64_t person, int64_t born,
                         const float *vector, kao_error *err);
void kao_store_end_row(kao_store *b, size_t row, int64_t died);
/* End all rows of these samples (ascending), and zero what they held, on the disk too. */
kao_status kao_store_erase(kao_store *b, const int64_t *samples, size_t n, int64_t died,
                           kao_error *err);
/* From here on the rows are those of change `seen`. */
void kao_store_publish(kao_store *b, int64_t seen, int64_t token);
/* What was not published is as if it had not been. */
void kao_store_end(kao_store *b);

#endif
