/* What --source says: a camera's name and its source. */
#ifndef KAO_SERVER_CAMERA_SOURCE_H
#define KAO_SERVER_CAMERA_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum { CAMERA_NAME = 65 };

/* "NAME=SOURCE" or "SOURCE". A name has letters of any script, digits, '-' and '_', and does not
 * begin with a digit, so that it is no number; "" where there is none. KAO_E_ARG: no source, or a
 * name that is too long. */
kao_status kao_source_split(const char *text, char name[CAMERA_NAME],
                            const char **source, kao_error *err);

#endif
