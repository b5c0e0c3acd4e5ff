/* JSON values, written and read (jansson stands behind it). Of the program, not of libkao.
 *
 * Values are trees; a child given to kao_json_set or kao_json_add belongs to its parent,
 * also when the call fails. When memory runs out a tree is broken, and kao_json_text gives
 * NULL: one check at the end is enough. */
#ifndef KAO_BASE_JSON_H
#define KAO_BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/bytes.h"
#include "kao/status.h"

typedef struct kao_json kao_json;

kao_json *kao_json_object(void);
kao_json *kao_json_array(void);
/* Bytes that are no UTF-8 become U+FFFD; NULL becomes null. */
kao_json *kao_json_string(const char *s);
kao_json *kao_json_integer(int64_t v);
/* Rounded to 9 significant digits; null where v is not finite. */
kao_json *kao_json_number(double v);
/* Seconds since 1970, to the millisecond; null where it is not finite. */
kao_json *kao_json_wall(double seconds);
/* The shortest number that reads back as this float; null where it is not finite. */
kao_json *kao_json_float(float v);
kao_json *kao_json_bool(bool v);
kao_json *kao_json_null(void);

void kao_json_set(kao_json *object, const char *key, kao_json *child);
void kao_json_add(kao_json *array, kao_json *child);

/* One line without a newline, to be freed with free(); NULL: out of memory. Frees json. */
char *kao_json_text(kao_json *json);
/* The same, behind what `to` has; false: out of memory, or it is full. Frees json. */
bool kao_json_put(kao_json *json, kao_bytes *to);
void kao_json_free(kao_json *json);
/* Another hold of the same value, which changes no more: freed as it is, or given away. */
kao_json *kao_json_hold(kao_json *json);

/* ---- reading ---- */

/* *json: the value that the text is, to be freed with kao_json_free. name: of the text, for
 * messages. KAO_E_FORMAT with line and column; KAO_E_NOMEM. */
kao_status kao_json_parse(kao_json **json, const char *bytes, size_t n,
                          const char *name, kao_error *err);
/* Each line of a text that has more than spaces, by number from 1; a byte order mark is skipped. Ends with the first that is no JSON
 * (KAO_E_FORMAT names it) or whose take is not KAO_OK. */
kao_status kao_json_lines(const char *bytes, size_t n, const char *name,
                          kao_status (*take)(void *user, const kao_json *v, size_t line,
                                             kao_error *err),
                          void *user, kao_error *err);
/* Parts, borrowed; NULL where there is none of that name or number, or it is no such thing. */
const kao_json *kao_json_get(const kao_json *object, const char *key);
const kao_json *kao_json_at(const kao_json *array, size_t i);
bool kao_json_is_array(const kao_json *v);
size_t kao_json_length(const kao_json *array); /* 0: none, or no array */
/* False, *to as it was, where it is no number that fits, no text, neither true nor false. */
bool kao_json_as_number(const kao_json *v, double *to);
bool kao_json_as_integer(const kao_json *v, int64_t *to);
bool kao_json_as_bool(const kao_json *v, bool *to);
bool kao_json_as_text(const kao_json *v, const char **to); /* borrowed */

#endif
