/* See address.h. */
#include "base/address.h"

#include <stdio.h>
#include <string.h>

void kao_address_show(const char *source, char to[KAO_ADDRESS_SHOWN])
{
    const char *host = strstr(source, "://");

    if (!host) {
        snprintf(to, KAO_ADDRESS_SHOWN, "%s", source);
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
    snprintf(to, KAO_ADDRESS_SHOWN, "%.*s%.*s", scheme, source,
             (int)(n < 160 ? n : 160), host);
}

void kao_address_hide(const char *source, kao_error *err)
{
    const size_t n = strlen(source);
    const char *at = strstr(err->msg, source);
    char shown[KAO_ADDRESS_SHOWN], rest[sizeof err->msg];

    if (!strstr(source, "://"))
        return;
    kao_address_show(source, shown);
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
