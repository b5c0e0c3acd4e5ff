/* SHA-256 of a block of bytes, in hexadecimal. */
#ifndef KAO_BASE_HASH_H
#define KAO_BASE_HASH_H

#include "base/reader.h"

enum { KAO_SHA256_TEXT = 65 };

void kao_sha256(kao_span bytes, char text[KAO_SHA256_TEXT]);
/* The same with what the mask allows (KAO_CPU_SHA of base/cpu.h), for tests. */
void kao_sha256_on(uint32_t cpu, kao_span bytes, char text[KAO_SHA256_TEXT]);

#endif
