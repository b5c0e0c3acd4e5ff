/* Plain tar files (ustar, POSIX.1-1988, and the names of pax, POSIX.1-2001), read whole;
 * members found by name. Of the program, not of libkao. */
#ifndef KAO_BASE_TAR_H
#define KAO_BASE_TAR_H

#include "base/file.h"

enum { KAO_TAR_NAME_BYTES = 257 }; /* prefix of 155, a slash, name of 100, the end */

typedef struct kao_tar_member {
    char name[KAO_TAR_NAME_BYTES];
    kao_span bytes; /* inside the file */
} kao_tar_member;

typedef struct kao_tar {
    kao_file file; /* of kao_tar_open */
    kao_mem *mem;
    kao_tar_member *members; /* regular files, by name */
    size_t n, cap;
} kao_tar;

/* Members of bytes that stay until kao_tar_close; name: for messages. A member "./a/b" counts
 * as "a/b". Errors: KAO_E_FORMAT (not a tar, or cut short), KAO_E_UNSUPPORTED (GNU tar's
 * longer names, pax names that do not fit, links), KAO_E_NOMEM; then there is nothing to close. */
kao_status kao_tar_parse(kao_tar *t, kao_mem *mem, kao_span bytes, const char *name,
                         kao_error *err);
/* The same for a file; KAO_E_IO, KAO_E_LIMIT too. */
kao_status kao_tar_open(kao_tar *t, kao_mem *mem, const char *path, kao_error *err);
void kao_tar_close(kao_tar *t); /* {0} is fine */

/* The last of that name, which was added in place of those before it, or NULL. */
const kao_tar_member *kao_tar_find(const kao_tar *t, const char *name);

#endif
