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

void kao_source_show(const char *source, char to[CAMERA_SHOWN])
{
    const char *host = strstr(source, "://");

    if (!host) {
        snprintf(to, CAMERA_SHOWN, "%s", source);
        return;
    }
    host += 3;
    size_t n = strcspn(host, "/?#");
    const int scheme = (int)(host - source);

    /* a password may have any of these unescaped: up to the last '@' it is no host */
    for (const char *at = strchr(host, '@'); at; at = strchr(at + 1, '@')) {
        host = at + 1;
        n = strcspn(host, "/?#");
    }
    n += strcspn(host + n, "?#=");
    if (host[n] == '=')
        while (n > 0 && host[n - 1] != '/')
            n--;
    snprintf(to, CAMERA_SHOWN, "%.*s%.*s", scheme, source, (int)(n < 160 ? n : 160),
             host);
}

void kao_source_hide(const char *source, kao_error *err)
{
    const size_t n = strlen(source);
    const char *at = strstr(err->msg, source);
    char shown[CAMERA_SHOWN], rest[sizeof err->msg];

    if (!strstr(source, "://"))
        return;
    kao_source_show(source, shown);
    if (!at) {
        if (strstr(err->msg, "://"))
            snprintf(err->msg, sizeof err->msg, "it cannot be read (%s)",
                     kao_status_name(err->code));
        return;
    }
    const size_t before = (size_t)(at - err->msg);

    snprintf(rest, sizeof rest, "%s", at + n);
    if (strstr(rest, source)) /* twice: rather no words than a password */
        snprintf(err->msg, sizeof err->msg, "it cannot be read (%s)",
                 kao_status_name(err->code));
    else
        snprintf(err->msg + before, sizeof err->msg - before, "%s%s", shown, rest);
}
