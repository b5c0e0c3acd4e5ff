/* Whole files: read, mapped, and written so that a crash leaves the old one or the new. */
#ifndef KAO_BASE_FILE_H
#define KAO_BASE_FILE_H

#include "base/error.h"
#include "base/mem.h"
#include "base/reader.h"

enum { KAO_MAP_FROM = 64 << 20 }; /* files from this size on are mapped, not read */

typedef struct kao_file {
    kao_span bytes; /* the content; stays until kao_file_close */
    kao_mem *mem;   /* of the read block; NULL: mapped */
} kao_file;

/* Read (or map, see KAO_MAP_FROM) a regular file of at most limit bytes. A mapped file that
 * another program cuts while it is open ends this process: do not edit models in place. */
kao_status kao_file_open(kao_file *f, kao_mem *mem, const char *path, size_t limit,
                         kao_error *err);
/* Read an open file, pipe or terminal to its end; name: for messages. */
kao_status kao_file_drain(kao_file *f, kao_mem *mem, int fd, const char *name,
                          size_t limit, kao_error *err);
void kao_file_close(kao_file *f); /* {0} is fine */

/* Write a file so that after a failure or a crash path is the old file or the new one,
 * whole: the bytes go to a file beside it, to the disk, and then take its name; the
 * folder's change goes to the disk too (unless the folder cannot be read). An existing
 * file's permissions are kept, a new one's follow the umask; owner, ACL and attributes are
 * not kept, and other hard links stay with the old content. A symbolic link stays: what it
 * points to is written. A pipe, a device or a descriptor (/dev/stdout) is written in
 * place, at its end. KAO_E_IO after the name was taken (the folder cannot be synced) says
 * so. */
kao_status kao_file_write(kao_mem *mem, const char *path, const void *bytes, size_t n,
                          kao_error *err);

/* The same of what is its owner's business alone: the file's permissions are then 0600, whatever an
 * old one's were. */
kao_status kao_file_write_secret(kao_mem *mem, const char *path, const void *bytes,
                                 size_t n, kao_error *err);

bool kao_is_folder(const char *path);                /* links are followed */
bool kao_is_same_file(const char *a, const char *b); /* likewise; both are there */
/* The folder at path and those above it, where they are missing; their permissions are mode
 * less the umask. */
kao_status kao_folder_make(const char *path, unsigned mode, kao_error *err);

#endif
