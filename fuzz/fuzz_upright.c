/* The first byte chooses where the notes stand; the rest are the notes. */
#include <stdlib.h>
#include <string.h>

#include "image/upright.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const keywords[] = { "XML:com.adobe.xmp",
                                            "Raw profile type exif",
                                            "Raw profile type APP1" };
    kao_upright u = { 0 };

    if (n == 0)
        return 0;
    char *copy = malloc(n); /* exactly: a sanitizer sees a read past it */

    if (!copy)
        return 0;
    memcpy(copy, data + 1, n - 1);
    if (data[0] % 4 == 3)
        kao_upright_app1(&u, (kao_span){ data + 1, n - 1 });
    else
        kao_upright_text(&u, keywords[data[0] % 4], copy, n - 1);
    free(copy);
    FUZZ_CHECK(u.exif <= 8 && u.xmp <= 8);
    FUZZ_CHECK(kao_upright_of(&u) >= 1 && kao_upright_of(&u) <= 8);
    return 0;
}
