/* Filling kao_error.
 *
 * Messages carry names from files (nodes, tensors, paths): they are untrusted bytes, so
 * control characters are replaced and a cut never splits a UTF-8 character. A line that is
 * too long loses its middle: the name's beginning and the reason at the end both stay. */
#include "base/error.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

static const char *const status_names[] = {
    [KAO_OK] = "ok",
    [KAO_E_ARG] = "bad_argument",
    [KAO_E_NOMEM] = "out_of_memory",
    [KAO_E_IO] = "io",
    [KAO_E_FORMAT] = "bad_format",
    [KAO_E_UNSUPPORTED] = "unsupported",
    [KAO_E_LIMIT] = "limit",
    [KAO_E_NO_FACE] = "no_face",
    [KAO_E_SEVERAL_FACES] = "several_faces",
    [KAO_E_TOO_SMALL] = "too_small",
    [KAO_E_BAD_EMBEDDING] = "bad_embedding",
    [KAO_E_UNKNOWN_MODEL] = "unknown_model",
    [KAO_E_CANCELLED] = "cancelled",
    [KAO_E_NOT_FOUND] = "not_found",
    [KAO_E_CONFLICT] = "conflict",
    [KAO_E_NOT_LIVE] = "not_live",
};

const char *kao_status_name(kao_status status)
{
    const size_t n = sizeof status_names / sizeof status_names[0];

    return (size_t)status < n ? status_names[status] : "unknown_status";
}

/* Of a line as it is put together: two of the longest paths that a system opens, and words. */
enum { LINE_BYTES = 2 * 4096 + 512 };
enum { TAIL_BYTES = 140 }; /* what stays of the end of one that is too long */

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xc0) == 0x80;
}

/* line into to, which holds cap bytes. */
static void put_line(char *to, size_t cap, const char *line)
{
    const size_t n = strlen(line);
    size_t head = n, tail = 0;

    if (n >= cap) {
        tail = TAIL_BYTES;
        head = kao_utf8_cut(line, cap - 1 - tail - 3);
        while (tail > 0 && is_continuation(line[n - tail]))
            tail--;
    }
    memcpy(to, line, head);
    if (tail) {
        memcpy(to + head, "...", 3);
        memcpy(to + head + 3, line + n - tail, tail);
        head += 3 + tail;
    }
    to[head] = '\0';
    kao_text_clean(to);
}

/* `most` bytes at most, which end with a whole character. */
__attribute__((format(printf, 3, 0))) static void
write_line(char line[LINE_BYTES], size_t most, const char *fmt, va_list ap)
{
    vsnprintf(line, LINE_BYTES, fmt, ap);
    line[kao_utf8_cut(line, most)] = '\0';
}

__attribute__((format(printf, 5, 0))) static kao_status
fill(kao_error *err, kao_status code, int sys, uint64_t offset, const char *fmt,
     va_list ap)
{
    if (!err)
        return code;
    char line[LINE_BYTES]; /* arguments may point into err itself */

    write_line(line, sizeof line - 128, fmt, ap);
    const size_t n = strlen(line);
    if (sys) {
        char reason[96];

        if (strerror_r(sys, reason, sizeof reason) == 0)
            snprintf(line + n, sizeof line - n, ": %s", reason);
    }
    put_line(err->msg, sizeof err->msg, line);
    err->code = code;
    err->sys = sys;
    err->offset = offset;
    return code;
}

kao_status kao_fail(kao_error *err, kao_status code, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    fill(err, code, 0, UINT64_MAX, fmt, ap);
    va_end(ap);
    return code;
}

kao_status kao_fail_sys(kao_error *err, kao_status code, int sys, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    fill(err, code, sys, UINT64_MAX, fmt, ap);
    va_end(ap);
    return code;
}

kao_status kao_fail_at(kao_error *err, kao_status code, uint64_t offset,
                       const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    fill(err, code, 0, offset, fmt, ap);
    va_end(ap);
    return code;
}

kao_status kao_error_prefix(kao_error *err, kao_status code, const char *fmt, ...)
{
    if (!err)
        return code;
    va_list ap;
    char line[LINE_BYTES];

    va_start(ap, fmt);
    write_line(line, sizeof line - sizeof err->msg - 2, fmt, ap);
    va_end(ap);
    const size_t n = strlen(line);

    snprintf(line + n, sizeof line - n, ": %s", err->msg);
    put_line(err->msg, sizeof err->msg, line);
    err->code = code;
    return code;
}
