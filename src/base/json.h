/* JSON values for output (jansson stands behind it). Of the program, not of libkao.
 *
 * Values are trees; a child given to kao_json_set or kao_json_add belongs to its parent,
 * also when the call fails. When memory runs out a tree is broken, and kao_json_text gives
 * NULL: one check at the end is enough. */
#ifndef KAO_BASE_JSON_H
#define KAO_BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>

typedef struct kao_json kao_json;

kao_json *kao_json_object(void);
kao_json *kao_json_array(void);
/* Bytes that are no UTF-8 become U+FFFD. */
kao_json *kao_json_string(const char *s);
kao_json *kao_json_integer(int64_t v);
/* Rounded to 9 significant digits; null where v is not finite. */
kao_json *kao_json_number(double v);
/* The shortest number that reads back as this float; null where it is not finite. */
kao_json *kao_json_float(float v);
kao_json *kao_json_bool(bool v);
kao_json *kao_json_null(void);

void kao_json_set(kao_json *object, const char *key, kao_json *child);
void kao_json_add(kao_json *array, kao_json *child);

/* One line without a newline, to be freed with free(); NULL: out of memory. Frees json. */
char *kao_json_text(kao_json *json);
void kao_json_free(kao_json *json);

#endif
