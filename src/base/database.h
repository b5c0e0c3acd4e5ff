/* A gallery's name: a file's, or a database's address, "postgresql://USER:PASSWORD@HOST:PORT/DATABASE?...".
 * An address may have a password, which no message tells. */
#ifndef KAO_BASE_DATABASE_H
#define KAO_BASE_DATABASE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/hash.h"

enum { KAO_DATABASE_SHOWN = 4096 };

/* "postgresql://..." or "postgres://...". */
bool kao_database_is_address(const char *name);
/* The name without a password, which may stand before the @, or behind the ? (password=, sslpassword=). A
 * file's is as it is. False: it is longer than that, or has an @ in a place where it would end the password
 * somewhere else (then only the beginning is told). */
bool kao_database_show(const char *name, char to[KAO_DATABASE_SHOWN]);
/* Letters and digits for an address: the same whatever its password. */
void kao_database_id(const char *address, char to[KAO_SHA256_TEXT]);

#endif
