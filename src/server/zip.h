/* Pictures in a zip that a client has sent, read by libzip, which is looked for when one comes
 * (dlopen; see tls.h). The zip lies in a file (spool.h); a picture of it is in memory while it is
 * worked on. */
#ifndef KAO_SERVER_ZIP_H
#define KAO_SERVER_ZIP_H

#include <stdbool.h>

#include "base/bytes.h"
#include "kao/status.h"

enum { ZIP_FILES_MOST = 100000, ZIP_NAME_BYTES = 1024 };

/* Bytes that all files of one may have when they are unpacked. */
#define ZIP_UNPACKED_MOST ((uint64_t)16 << 30)

typedef struct kao_zip kao_zip;

/* Whether a file's first bytes are those of a zip. */
bool kao_zip_is(const void *bytes, size_t n);

/* japanese: names that are no UTF-8 are Shift JIS (Windows's), else of code page 437. Errors:
 * KAO_E_FORMAT, KAO_E_LIMIT (more files than ZIP_FILES_MOST), KAO_E_UNSUPPORTED (this machine has no
 * libzip; the line says which package has it), KAO_E_NOMEM. */
kao_status kao_zip_open(kao_mem *mem, const char *path, bool japanese, kao_zip **out,
                        kao_error *err);
size_t kao_zip_n(const kao_zip *z);
/* The name of file i, folders and '/' before it. False: it is no picture by its name: a folder,
 * something hidden, another kind of file. */
bool kao_zip_picture(kao_zip *z, size_t i, char name[ZIP_NAME_BYTES]);
/* Its bytes behind what `to` has. KAO_E_FORMAT (damaged; the wrong sum), KAO_E_UNSUPPORTED
 * (encrypted, an unknown method), KAO_E_LIMIT (more than `to` takes; all together more than
 * ZIP_UNPACKED_MOST), KAO_E_NOMEM. */
kao_status kao_zip_read(kao_zip *z, size_t i, kao_bytes *to, kao_error *err);
void kao_zip_close(kao_zip *z); /* NULL is fine */

#endif
