/* Filling kao_error. Every failing function of the library ends in one of these. */
#ifndef KAO_BASE_ERROR_H
#define KAO_BASE_ERROR_H

#include "kao/status.h"

/* Write the line (printf form; one that is too long loses its middle, control characters
 * show as '?') into err, which may be NULL, and give the code back. */
kao_status kao_fail(kao_error *err, kao_status code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* The same with the system's reason appended: "...: No such file or directory". */
kao_status kao_fail_sys(kao_error *err, kao_status code, int sys, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* The same with the byte offset in the input. */
kao_status kao_fail_at(kao_error *err, kao_status code, uint64_t offset,
                       const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* Put "PREFIX: " before the line that is in err: each layer adds where it stood. */
kao_status kao_error_prefix(kao_error *err, kao_status code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

#endif
