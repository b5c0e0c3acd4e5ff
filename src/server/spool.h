/* A file without a name: what is too large for memory, on the disk until it is closed. Nothing of it
 * is left after a crash either: no folder has ever listed it (O_TMPFILE; where the file system
 * cannot do that, its name is taken away as soon as it is made). */
#ifndef KAO_SERVER_SPOOL_H
#define KAO_SERVER_SPOOL_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/mem.h"

/* Bytes of one, of all together, and what has to stay free where they lie. */
#define SPOOL_MOST  ((uint64_t)4 << 30)
#define SPOOLS_MOST ((uint64_t)16 << 30)
#define SPOOL_FREE  ((uint64_t)256 << 20)

typedef struct kao_spools { /* those of a server */
    kao_mem *mem;
    const char *folder;        /* where they lie */
    atomic_uint_fast64_t held; /* bytes of all */
} kao_spools;

typedef struct kao_spool {
    kao_spools *all;
    int fd;
    uint64_t n;       /* bytes */
    uint64_t checked; /* so many of them were known to have room */
    char path[32];    /* by which this process opens it anew, at its beginning */
} kao_spool;

/* expected: bytes, as far as is known; 0: not told. Errors: KAO_E_LIMIT (more than SPOOL_MOST, or
 * than SPOOLS_MOST with the others'), KAO_E_IO (see kao_spool_is_full),
 * KAO_E_NOMEM. */
kao_status kao_spool_open(kao_spools *all, uint64_t expected, kao_spool **out,
                          kao_error *err);
/* The same errors. */
kao_status kao_spool_add(kao_spool *s, const void *bytes, size_t n, kao_error *err);
/* Somebody else has written it: its size is looked at. */
kao_status kao_spool_written(kao_spool *s, kao_error *err);
/* Whether an error says that there is no room. */
bool kao_spool_is_full(const kao_error *err);
void kao_spool_close(kao_spool *s); /* NULL is fine */

#endif
