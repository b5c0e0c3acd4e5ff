/* Test data that does not travel with the repository: model files, conformance packs,
 * pictures of people. KAO_SHARED names the folder; tests that need it say SKIP without.
 */
#ifndef KAO_TESTS_SHARED_H
#define KAO_TESTS_SHARED_H

#include <stdbool.h>
#include <stddef.h>

#include "nn/tensor.h"

enum { SKIPPED = 77 }; /* meson's exit code */

/* The folder, or NULL after printing why the test is skipped. */
const char *shared_dir(const char *what);

/* "base/name" into buf; aborts where it does not fit. */
const char *path_of(char *buf, size_t cap, const char *base, const char *name);

/* The test picture of ../shared/models/README.md: a number 0..254 for each place. */
int pattern_at(unsigned picture, unsigned x, unsigned y, unsigned channel);

/* Fill t (f32, N H W C or N C H W as nhwc says) with the pattern after the named
 * transform of expected/manifest.tsv; false: unknown transform. */
bool pattern_fill(const kao_tensor *t, bool nhwc, const char *transform);

#endif
