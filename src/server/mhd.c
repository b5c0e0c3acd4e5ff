/* See mhd.h. */
#include "server/mhd.h"

#include <stdbool.h>

#include "base/error.h"
#include "base/library.h"

kao_status kao_mhd_open(kao_mhd *m, kao_error *err)
{
    void *library = kao_library_open("libmicrohttpd.so.12");
    bool found = library != NULL;

#define FIND(name) found = found && kao_library_find(library, #name, &m->name);
    KAO_MHD_CALLS(FIND)
#undef FIND
    return found ? KAO_OK
                 : kao_fail(
                       err, KAO_E_UNSUPPORTED,
                       "the server needs libmicrohttpd, which is not on this machine; "
                       "Debian: apt-get install libmicrohttpd12");
}

static int digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

size_t kao_mhd_unescape(void *user, struct MHD_Connection *connection, char *s)
{
    char *to = s;

    (void)user, (void)connection;
    for (const char *from = s; *from; to++) {
        const int high = *from == '%' ? digit(from[1]) : -1,
                  low = high >= 0 ? digit(from[2]) : -1;

        if (low >= 0 && high + low > 0) {
            *to = (char)(16 * high + low);
            from += 3;
        } else {
            *to = *from++;
        }
    }
    *to = '\0';
    return (size_t)(to - s);
}
