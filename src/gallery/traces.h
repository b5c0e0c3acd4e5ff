/* Looking through a gallery's files, byte by byte, for what is to be gone from them: the beginnings of vectors,
 * as floats and as an index has them in 8 bits, pieces of chips, texts. */
#ifndef KAO_GALLERY_TRACES_H
#define KAO_GALLERY_TRACES_H

#include "gallery/gallery.h"

typedef enum kao_trace_kind {
    KAO_TRACE_TEXT,
    KAO_TRACE_FLOATS,
    KAO_TRACE_QUANTISED,
    KAO_TRACE_CHIP
} kao_trace_kind;

typedef struct kao_trace {
    uint8_t *bytes;
    size_t n;
    kao_trace_kind kind;
    uint32_t next; /* 1 + the next one that begins with the same two bytes; 0: none */
    bool is_found; /* in the file that is looked through */
} kao_trace;

typedef struct kao_traces { /* {.mem} is an empty one */
    kao_mem *mem;
    kao_trace *items;
    size_t n, cap;
    uint32_t *first; /* 1 + a trace by its first two bytes; 0: none */
    bool failed;     /* memory ran out */
    bool is_inside;  /* what was found is in the database, and its log was empty */
} kao_traces;

/* A text of so many bytes at least; shorter ones are left out. NULL is fine. */
void kao_traces_add_text(kao_traces *t, const char *text, size_t least);
enum { KAO_TRACE_TEXT_LEAST = 4 };
void kao_traces_add_vector(kao_traces *t, kao_span vector);
/* Four pieces from inside: all chips begin alike, and a file's pages cut them. */
void kao_traces_add_chip(kao_traces *t, kao_span chip);
/* The beginning of bytes that nothing is known of. */
void kao_traces_add_bytes(kao_traces *t, kao_span bytes);
void kao_traces_free(kao_traces *t);

/* Before the search, once. */
kao_status kao_traces_index(kao_traces *t, kao_gallery *g, kao_error *err);
/* In all files of the gallery that can be reached. n_traces and n_bytes_searched of the receipt; KAO_E_IO where
 * there are traces: "PATH: DONE, but 3 traces are left in ...". */
kao_status kao_traces_search(kao_traces *t, kao_gallery *g, const char *done,
                             kao_receipt *r, kao_error *err);

#endif
