/* A file that several processes have in their memory at the same time, and grow. What one writes
 * into a mapping the others see at once; who writes holds the file's lock, which goes with its
 * process. It is for what can be made anew: nothing is on the disk before a sync. */
#ifndef KAO_BASE_SHARED_H
#define KAO_BASE_SHARED_H

#include <stdbool.h>

#include "base/error.h"
#include "base/mem.h"

typedef struct kao_shared {
    kao_mem *mem;
    int fd; /* -1: none */
    bool writable;
} kao_shared;

typedef enum kao_shared_how {
    KAO_SHARED_READ,
    KAO_SHARED_WRITE,
    KAO_SHARED_NEW /* for its owner alone; KAO_E_CONFLICT where there is one */
} kao_shared_how;

/* A regular file, no link. KAO_E_NOT_FOUND, KAO_E_IO. *f is then {mem, -1}. */
kao_status kao_shared_open(kao_shared *f, kao_mem *mem, const char *path,
                           kao_shared_how how, kao_error *err);
void kao_shared_close(kao_shared *f); /* its lock goes with it */

/* Wait for the lock so long; false: somebody else has it still. Not twice by one kao_shared. */
bool kao_shared_lock(kao_shared *f, uint32_t wait_ms);
void kao_shared_unlock(kao_shared *f);
/* Whether this file is the one that has the name. */
bool kao_shared_has_name(const kao_shared *f, const char *path);

uint64_t kao_shared_bytes(const kao_shared *f); /* 0 where that cannot be told */
/* Room on the disk up to so many bytes. */
kao_status kao_shared_grow(kao_shared *f, uint64_t bytes, const char *path,
                           kao_error *err);
/* offset: a multiple of 64 KiB; NULL: errno says why not. */
void *kao_shared_map(kao_shared *f, uint64_t offset, size_t n);
void kao_shared_unmap(void *p, size_t n);
/* What was written into mappings goes to the disk. */
bool kao_shared_sync(kao_shared *f);

/* Zeros over all of it, to the disk, and its name away. A mapping elsewhere sees the zeros, the
 * first bytes' first. */
kao_status kao_shared_wipe(kao_shared *f, const char *path, kao_error *err);

/* A text that is another one after the machine has started again; "" where none can be told. */
enum { KAO_BOOT_BYTES = 40 };
void kao_shared_boot(char to[KAO_BOOT_BYTES]);

#endif
