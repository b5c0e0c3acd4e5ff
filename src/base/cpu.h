/* What the processor can do, and what the user lets kao use of it. */
#ifndef KAO_BASE_CPU_H
#define KAO_BASE_CPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    KAO_CPU_AVX2 = 1u << 0,   /* AVX2 and FMA */
    KAO_CPU_AVX512 = 1u << 1, /* AVX-512 F, BW, DQ, VL (and AVX2) */
    KAO_CPU_VNNI = 1u << 2,   /* AVX512_VNNI */
    KAO_CPU_BF16 = 1u << 3,   /* AVX512_BF16 */
    KAO_CPU_SHA =
        1u << 4, /* SHA, SSSE3, SSE4.1; of no level, as it changes no result */
    KAO_CPU_NEON = 1u << 5,    /* Advanced SIMD: every arm64 has it */
    KAO_CPU_DOTPROD = 1u << 6, /* its products of 8-bit integers (FEAT_DotProd) */
};

/* The levels of kernels, each wider than those before it: X(name, bits that it needs, bits
 * that it uses where they are there). Names, --cpu and its help, error lines, and the kernel
 * tables (kao_kernels_fill_NAME) come from these rows. */
#if defined(__x86_64__)
# define KAO_CPU_LEVELS(X)                                                             \
  X(ref, 0, 0)                                                                         \
  X(avx2, KAO_CPU_AVX2, 0)                                                             \
  X(avx512, KAO_CPU_AVX2 | KAO_CPU_AVX512, KAO_CPU_VNNI | KAO_CPU_BF16)
#elif defined(__aarch64__)
# define KAO_CPU_LEVELS(X)                                                             \
  X(ref, 0, 0)                                                                         \
  X(neon, KAO_CPU_NEON, KAO_CPU_DOTPROD)
#else
# define KAO_CPU_LEVELS(X) X(ref, 0, 0)
#endif

/* "ref|avx2|...|native" */
#define KAO_CPU_CHOICE_(name, needs, uses) #name "|"
#define KAO_CPU_CHOICES                    KAO_CPU_LEVELS(KAO_CPU_CHOICE_) "native"

typedef struct kao_cpu_level {
    const char *name;
    uint32_t needs, uses;
} kao_cpu_level;

/* By number from 0; NULL behind the last. */
const kao_cpu_level *kao_cpu_level_at(size_t i);

/* Features of this machine; a register set counts only if the system saves it. */
uint32_t kao_cpu_detect(void);
/* A level's name -> its bits of have, "native" or NULL -> have. False: unknown name, or
 * wider than have. */
bool kao_cpu_mask(const char *name, uint32_t have, uint32_t *mask);
/* The widest level in mask. */
const char *kao_cpu_name(uint32_t mask);
/* The names of all levels in have, "ref, avx2"; gives text. */
char *kao_cpu_names(uint32_t have, char *text, size_t size);

#endif
