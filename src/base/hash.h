/* SHA-256 of a block of bytes, in hexadecimal. */
#ifndef KAO_BASE_HASH_H
#define KAO_BASE_HASH_H

#include "base/reader.h"

enum { KAO_SHA256_TEXT = 65 };

void kao_sha256(kao_span bytes, char text[KAO_SHA256_TEXT]);

#endif
