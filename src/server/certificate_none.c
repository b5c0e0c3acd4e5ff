/* In a build without GnuTLS there are no certificates. */
#include "server/certificate.h"

kao_status kao_certificate_ready(kao_error *err)
{
    return kao_fail(err, KAO_E_UNSUPPORTED,
                    "this build has no HTTPS (it was made without GnuTLS): --plain "
                    "serves others without it");
}

kao_status kao_certificate_open(kao_certificate *c, kao_mem *mem, const char *folder,
                                const kao_hosts *hosts, int64_t now, kao_error *err)
{
    (void)mem, (void)folder, (void)hosts, (void)now;
    *c = (kao_certificate){ 0 };
    return kao_certificate_ready(err);
}

void kao_certificate_close(kao_certificate *c)
{
    *c = (kao_certificate){ 0 };
}
