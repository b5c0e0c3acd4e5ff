/* Harness of the kernel checks: numbers from a fixed seed, buffers that end at a page
 * which may not be touched, tables for every CPU mask of this machine. */
#ifndef KAO_TESTS_KERNELS_CHECK_H
#define KAO_TESTS_KERNELS_CHECK_H

#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "kernels/kernels.h"

#define CHECK_U (0.5 * (double)FLT_EPSILON) /* half an ulp of 1 */

enum { CHECK_MAX_ISAS = 8, CHECK_CANARY = 0x7fa5a5a5 }; /* a NaN that no kernel makes */

typedef struct check_isa {
    const char *name;
    kao_kernels k;
} check_isa;

/* ref and every wider level of this machine; returns how many. */
int check_isas(check_isa isas[CHECK_MAX_ISAS]);

uint32_t check_random(void);    /* one sequence, from a fixed seed */
void check_seed(uint32_t seed); /* begin another */
int check_int(int lo, int hi);  /* lo..hi */
float check_float(void);        /* -1..1, 24 bits */

/* n floats, the byte after the last on a page without access. check_free_all gives all
 * back. */
float *check_floats(size_t n);          /* random */
void check_to_bf16(float *x, size_t n); /* towards zero: pairs of them are exact */
float *check_canaries(size_t n);
void check_free_all(void);
int check_is_canary(float x);

/* Fail with a printed reason. */
#define check_true(ok, ...)                                                            \
 do {                                                                                  \
  if (!(ok)) {                                                                         \
   print_error(__VA_ARGS__);                                                           \
   print_error("\n");                                                                  \
   fail();                                                                             \
  }                                                                                    \
 } while (0)

#endif
