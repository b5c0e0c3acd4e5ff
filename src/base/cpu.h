/* What the processor can do, and what the user lets kao use of it. */
#ifndef KAO_BASE_CPU_H
#define KAO_BASE_CPU_H

#include <stdbool.h>
#include <stdint.h>

enum {
    KAO_CPU_AVX2 = 1u << 0,   /* AVX2 and FMA */
    KAO_CPU_AVX512 = 1u << 1, /* AVX-512 F, BW, DQ, VL (and AVX2) */
    KAO_CPU_VNNI = 1u << 2,   /* AVX512_VNNI */
    KAO_CPU_BF16 = 1u << 3,   /* AVX512_BF16 */
};

/* Features of this machine; a register set counts only if the system saves it. */
uint32_t kao_cpu_detect(void);
/* "ref" -> 0, "avx2", "avx512" -> those bits of have, "native" or NULL -> have.
 * False: unknown name, or wider than have. */
bool kao_cpu_mask(const char *name, uint32_t have, uint32_t *mask);
/* The widest level in mask: "ref", "avx2", "avx512". */
const char *kao_cpu_name(uint32_t mask);
/* CPUs that this process may run on, 1 at least. */
uint32_t kao_cpu_count(void);

#endif
