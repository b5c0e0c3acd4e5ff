/* Text from files and command lines: characters, numbers free of the locale, fields. */
#ifndef KAO_BASE_TEXT_H
#define KAO_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of the UTF-8 character at s (RFC 3629), 0 where there is none. s is terminated: a
 * character that a NUL cuts short is none. */
size_t kao_utf8_length(const unsigned char *s);
/* Bytes of s, `most` at most, that end with a whole character. */
size_t kao_utf8_cut(const char *s, size_t most);

/* Control characters (C1 too) and bytes that are no character become '?', in place, so that
 * text from a file can neither break a line nor steer a terminal; gives text. */
char *kao_text_clean(char *text);
/* Whether that would leave it as it is. */
bool kao_text_is_clean(const char *text);

/* A decimal number at *s: a sign, digits, one point, an exponent; no blanks, no locale.
 * True: *value is finite and *s stands behind it. False: there is none. */
bool kao_text_number(const char **s, double *value);

/* Behind a byte order mark, if text begins with one (editors put it there). */
char *kao_text_begin(char *text);

/* Without the blanks and tabs around a line, and without a carriage return at its end. In place. */
char *kao_text_trim(char *line);

/* Without what stands in round brackets, and they: "identity(or -)" is "identity". In place. */
void kao_text_drop_brackets(char *text);

/* Cut a line into fields in place, at tabs where it has one, else at spaces; several count as
 * one, and a carriage return as well. Gives their number; `most`: there may be more. */
size_t kao_text_fields(char *line, char **fields, size_t most);

/* "2026-11-29T07:00:00Z" of seconds since 1970; gives to. */
enum { KAO_TIME_BYTES = 32 };
const char *kao_time_text(int64_t seconds, char to[KAO_TIME_BYTES]);

#endif
