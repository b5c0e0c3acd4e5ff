/* The certificates of a server that others reach, in a folder: ca.key, ca.crt, server.key, server.crt. They are made
 * where there are none; the server's anew where it is for other names than those that the machine has now, or
 * ends within 30 days; the CA's where it may not be for these names, or ends. */
#ifndef KAO_SERVER_CERTIFICATE_H
#define KAO_SERVER_CERTIFICATE_H

#include <stdint.h>

#include "base/error.h"
#include "base/mem.h"
#include "server/hosts.h"

typedef struct kao_certificate {
    kao_mem *mem;
    char *key, *certificate, *ca; /* PEM */
    char fingerprint[96];         /* of the CA */
    bool new_ca;                  /* devices have to trust it first */
} kao_certificate;

/* Whether this build and machine can make them; err: why not. */
kao_status kao_certificate_ready(kao_error *err);
/* now: seconds since 1970. KAO_E_UNSUPPORTED (a build without TLS, a machine without its library),
 * KAO_E_FORMAT (a file there is damaged), KAO_E_IO, KAO_E_NOMEM. Nothing is then held. */
kao_status kao_certificate_open(kao_certificate *c, kao_mem *mem, const char *folder,
                                const kao_hosts *hosts, int64_t now, kao_error *err);
void kao_certificate_close(kao_certificate *c); /* {0} is fine */

#endif
