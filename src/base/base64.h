/* Base64 (RFC 4648, with padding): bytes in a text. libsodium stands behind it. */
#ifndef KAO_BASE_BASE64_H
#define KAO_BASE_BASE64_H

#include "base/bytes.h"

/* False where memory ran out; room for the text and one byte more is taken. */
bool kao_base64_add(kao_bytes *b, const void *bytes, size_t n);
/* The bytes of a text, behind what is there. blanks: characters in it that do not count; NULL: none.
 * False where it is none, or memory ran out. */
bool kao_base64_read(kao_bytes *b, const char *text, const char *blanks);

#endif
