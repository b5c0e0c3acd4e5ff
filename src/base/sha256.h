/* The inner loop of SHA-256, in C and by the CPU's instructions. Private to base/hash.c. */
#ifndef KAO_BASE_SHA256_H
#define KAO_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { KAO_SHA256_BLOCK = 64 }; /* bytes */

/* FIPS 180-4, 4.2.2: the constants of the 64 rounds. */
extern const uint32_t kao_sha256_k[64];

/* Take n_blocks of bytes into the state (a .. h). */
typedef void kao_sha256_blocks_fn(uint32_t state[8], const uint8_t *p, size_t n_blocks);

#if defined(__x86_64__)
kao_sha256_blocks_fn kao_sha256_blocks_ni; /* needs KAO_CPU_SHA */
#endif

#endif
