/* What --source says: a camera's name and its source, and how much of that is told. */
#ifndef KAO_SERVER_CAMERA_SOURCE_H
#define KAO_SERVER_CAMERA_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum { CAMERA_NAME = 65, CAMERA_SHOWN = 200 };

/* "NAME=SOURCE" or "SOURCE". A name has letters of any script, digits, '-' and '_', and does not
 * begin with a digit, so that it is no number; "" where there is none. KAO_E_ARG: no source, or a
 * name that is too long. */
kao_status kao_source_split(const char *text, char name[CAMERA_NAME],
                            const char **source, kao_error *err);
/* An address without user, password, and what stands behind '?', '#' or in a part of the path with
 * an '=' (cameras take passwords there); anything else as it is. */
void kao_source_show(const char *source, char to[CAMERA_SHOWN]);
/* The same in a message about it; one that has only a piece of the address is left out. */
void kao_source_hide(const char *source, kao_error *err);

#endif
