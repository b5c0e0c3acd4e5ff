/* Names as they are typed. File managers of macOS, and zips made by them, take letters apart: "é" is an "e" and an
 * accent, a kana and its voicing mark are two. Such a name looks like the typed one and is another. */
#ifndef KAO_BASE_COMPOSE_H
#define KAO_BASE_COMPOSE_H

#include <stddef.h>

/* UTF-8 text in Unicode's composed form (NFC), in place. It stays as it is where it is no UTF-8, where the result
 * has no room in cap bytes, and on a machine without GLib, which comes with Pango and gdk-pixbuf. */
void kao_text_compose(char *text, size_t cap);

#endif
