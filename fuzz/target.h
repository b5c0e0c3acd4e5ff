/* What each fuzz target gives: libFuzzer calls it, and so does replay.c.
 *
 * A target must come back for any bytes, free what it takes, and trap where a rule of
 * the library is broken (a failure without a message, a block not given back). */
#ifndef KAO_FUZZ_TARGET_H
#define KAO_FUZZ_TARGET_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* The rule holds, or the process traps: both drivers report that. */
#define FUZZ_CHECK(rule) ((rule) ? (void)0 : __builtin_trap())

#endif
