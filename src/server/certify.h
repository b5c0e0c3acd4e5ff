/* Certificates (X.509, RFC 5280) in memory: a CA of this machine's own, and one of the server's for its names.
 *
 * A device that trusts the CA is to be in no danger from it elsewhere: name constraints, which are critical,
 * keep it to addresses of private networks, names that only a local network has, and this machine's own. Keys
 * are ECDSA on P-256, which every browser takes. now: seconds since 1970. */
#ifndef KAO_SERVER_CERTIFY_H
#define KAO_SERVER_CERTIFY_H

#include <stdint.h>

#include "server/hosts.h"
#include "server/tls.h"

enum {
    CERTIFY_PEM =
        48 << 10, /* HOSTS_MOST names of HOST_BYTES, and what stands around them */
    CERTIFY_FINGERPRINT = 96,
    CERTIFY_CA_DAYS = 3650,
    CERTIFY_DAYS = 397,      /* browsers refuse what is good for longer */
    CERTIFY_AHEAD_DAYS = 30, /* renewed so long before its end */
};

typedef struct kao_certified { /* PEM; terminated */
    char key[CERTIFY_PEM], certificate[CERTIFY_PEM];
} kao_certified;

kao_status kao_certify_ca(const kao_tls *t, const kao_hosts *hosts, int64_t now,
                          kao_certified *ca, kao_error *err);
/* By the CA, for these hosts. */
kao_status kao_certify_server(const kao_tls *t, const kao_certified *ca,
                              const kao_hosts *hosts, int64_t now,
                              kao_certified *server, kao_error *err);

/* *good: it stays so for 30 days, and may be for all these hosts. KAO_E_FORMAT: what is there is damaged. */
kao_status kao_certify_check_ca(const kao_tls *t, const kao_certified *ca,
                                const kao_hosts *hosts, int64_t now, bool *good,
                                kao_error *err);
/* The same of a certificate that is for all these hosts, by this CA. */
kao_status kao_certify_check_server(const kao_tls *t, const kao_certified *ca,
                                    const kao_certified *server, const kao_hosts *hosts,
                                    int64_t now, bool *good, kao_error *err);
/* SHA-256, as devices show it: "0A:1B:.." */
kao_status kao_certify_fingerprint(const kao_tls *t, const char *certificate,
                                   char to[CERTIFY_FINGERPRINT], kao_error *err);

#endif
