/* A job's zip, picture by picture. */
#ifndef KAO_SERVER_UNZIP_H
#define KAO_SERVER_UNZIP_H

#include "server/job.h"
#include "server/spool.h"
#include "server/zip.h"

/* read: KAO_OK, or why the picture could not be unpacked, which err tells. What it returns ends the
 * walk, unless it is KAO_OK. */
typedef kao_status kao_unzip_take(void *user, const char *name, kao_status read,
                                  const void *bytes, size_t n, kao_error *err);

/* Each picture of the zip, by name; the job's progress is told, and its cancelling ends it.
 * Errors: those of kao_zip_open and of take; KAO_E_CANCELLED. */
kao_status kao_unzip(kao_job *j, const kao_spool *zip, bool japanese,
                     kao_unzip_take *take, void *user, kao_error *err);

#endif
