/* See tls.h. */
#include "server/tls.h"

#include <stdbool.h>

#include "base/error.h"
#include "base/library.h"

kao_status kao_tls_open(kao_tls *t, kao_error *err)
{
    void *library = kao_library_open("libgnutls.so.30");
    bool found = library != NULL;

#define FIND(name) found = found && kao_library_find(library, #name, &t->name);
    KAO_TLS_CALLS(FIND)
#undef FIND
    return found ? KAO_OK
                 : kao_fail(err, KAO_E_UNSUPPORTED,
                            "HTTPS needs GnuTLS, which is not on this machine; Debian: "
                            "apt-get install libgnutls30");
}
