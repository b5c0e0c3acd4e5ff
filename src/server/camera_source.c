/* See camera_source.h. */
#include "server/camera_source.h"

#include <stdio.h>
#include <string.h>

static bool is_of_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           c == '-' || c == '_' || (unsigned char)c >= 0x80;
}

kao_status kao_source_split(const char *text, char name[CAMERA_NAME],
                            const char **source, kao_error *err)
{
    size_t n = 0;

    while (is_of_name(text[n]))
        n++;
    name[0] = '\0';
    *source = text;
    if (n && text[n] == '=' && (text[0] < '0' || text[0] > '9')) {
        if (n >= CAMERA_NAME)
            return kao_fail(err, KAO_E_ARG, "--source %.40s..: the name is too long",
                            text);
        memcpy(name, text, n);
        name[n] = '\0';
        *source = text + n + 1;
    }
    return **source ? KAO_OK
                    : kao_fail(err, KAO_E_ARG, "--source %.80s: no source", text);
}
