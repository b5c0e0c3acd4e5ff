/* See compose.h. GLib is looked for when there is such a name (dlopen); of it two plain functions are needed.
 *
 * Source: docs.gtk.org/glib (g_utf8_normalize); Unicode Standard Annex 15. */
#include "base/compose.h"

#include <stdbool.h>
#include <string.h>
#include <sys/types.h>

#include "base/library.h"

enum { COMPOSED = 1 }; /* G_NORMALIZE_DEFAULT_COMPOSE */

static bool is_ascii(const char *text)
{
    while (*text && !((unsigned char)*text & 0x80))
        text++;
    return !*text;
}

void kao_text_compose(char *text, size_t cap)
{
    char *(*normalize)(const char *text, ssize_t n, int mode);
    void (*release)(void *memory);
    void *library = is_ascii(text) ? NULL : kao_library_open("libglib-2.0.so.0");

    if (!library || !kao_library_find(library, "g_utf8_normalize", &normalize) ||
        !kao_library_find(library, "g_free", &release))
        return;
    char *composed = normalize(text, -1, COMPOSED);

    const size_t n = composed ? strlen(composed) + 1 : 0;

    if (n && n <= cap)
        memcpy(text, composed, n);
    release(composed);
}
