/* Memory and the two ways to break it in tests.
 *
 * A kao_mem is the allocator of one context: every block of the library comes from it, so
 * that blocks can be counted, replaced by the caller's own allocator, and made to fail. (Not
 * what libjpeg, libwebp, libexpat, libheif, gdk-pixbuf, Pango, SQLite and libpq take for themselves.)
 * It carries the fault counter of file reads and writes too (base/file.c asks it), so that
 * one loop in a test can break either kind at its n-th call.
 *
 * Threads: all calls are safe in any thread; arming faults is for tests with one thread. */
#ifndef KAO_BASE_MEM_H
#define KAO_BASE_MEM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kao/context.h"

enum { KAO_ALIGN = 64 }; /* every block: a cache line, a 512-bit vector */

typedef enum kao_fault { KAO_FAULT_ALLOC, KAO_FAULT_IO, KAO_FAULT_COUNT } kao_fault;

typedef struct kao_mem {
    kao_allocator hooks;
    atomic_size_t live;                      /* blocks given out and not yet freed */
    atomic_llong countdown[KAO_FAULT_COUNT]; /* calls until it fails; < 0: not armed */
    atomic_bool fired[KAO_FAULT_COUNT];
} kao_mem;

/* hooks NULL: the C library. The kao_mem must outlive all its blocks. */
void kao_mem_init(kao_mem *mem, const kao_allocator *hooks);

/* n GiB, or what a machine of 32 bits can have at most. */
static inline size_t kao_gib(uint64_t n)
{
    return n << 30 < PTRDIFF_MAX ? (size_t)(n << 30) : PTRDIFF_MAX;
}

/* 64-byte aligned, contents undefined. n = 0 gives a block too. NULL when out of memory. */
void *kao_alloc(kao_mem *mem, size_t n);
/* count * size bytes of zeros; NULL also where the product overflows. */
void *kao_calloc(kao_mem *mem, size_t count, size_t size);
/* A bigger block with the old one's first old_n bytes; on failure NULL, old stays. */
void *kao_grow(kao_mem *mem, void *old, size_t old_n, size_t new_n);
char *kao_strdup(kao_mem *mem, const char *s);
void kao_free(kao_mem *mem, void *p); /* NULL is fine */

/* Let call number n (0 = the next) of this kind fail, once. */
void kao_fault_arm(kao_mem *mem, kao_fault kind, long long n);
/* Disarm; true if the failure has happened. */
bool kao_fault_disarm(kao_mem *mem, kao_fault kind);
/* Asked by the allocator before each call. */
bool kao_fault_now(kao_mem *mem, kao_fault kind);
/* The same of KAO_FAULT_IO, asked before files are opened, read, written and the like; errno is
 * EIO then. */
bool kao_fault_io(kao_mem *mem);

#endif
