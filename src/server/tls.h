/* GnuTLS, of which certificates are made, looked for when a server starts that others reach (dlopen): linked, it
 * and the half dozen libraries that it needs would be loaded at the start of every run, and only such a server
 * needs them. libmicrohttpd brings the same library for the connections. Its headers are needed where kao is
 * built; in a build without them other addresses are served in plain HTTP alone (--plain). */
#ifndef KAO_SERVER_TLS_H
#define KAO_SERVER_TLS_H

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "kao/status.h"

/* clang-format off */
#define KAO_TLS_CALLS(X)                                                                      \
    X(gnutls_strerror) X(gnutls_x509_crt_check_hostname) X(gnutls_x509_crt_deinit)            \
    X(gnutls_x509_crt_export) X(gnutls_x509_crt_get_expiration_time)                          \
    X(gnutls_x509_crt_get_fingerprint) X(gnutls_x509_crt_get_key_id)                          \
    X(gnutls_x509_crt_get_name_constraints) X(gnutls_x509_crt_import) X(gnutls_x509_crt_init) \
    X(gnutls_x509_crt_set_activation_time) X(gnutls_x509_crt_set_authority_key_id)            \
    X(gnutls_x509_crt_set_basic_constraints) X(gnutls_x509_crt_set_dn_by_oid)                 \
    X(gnutls_x509_crt_set_expiration_time) X(gnutls_x509_crt_set_key)                         \
    X(gnutls_x509_crt_set_key_purpose_oid) X(gnutls_x509_crt_set_key_usage)                   \
    X(gnutls_x509_crt_set_name_constraints) X(gnutls_x509_crt_set_serial)                     \
    X(gnutls_x509_crt_set_subject_alt_name) X(gnutls_x509_crt_set_subject_key_id)             \
    X(gnutls_x509_crt_set_version) X(gnutls_x509_crt_sign2) X(gnutls_x509_crt_verify)         \
    X(gnutls_x509_name_constraints_add_permitted) X(gnutls_x509_name_constraints_check)       \
    X(gnutls_x509_name_constraints_deinit) X(gnutls_x509_name_constraints_init)               \
    X(gnutls_x509_privkey_deinit) X(gnutls_x509_privkey_export)                               \
    X(gnutls_x509_privkey_generate) X(gnutls_x509_privkey_get_key_id)                         \
    X(gnutls_x509_privkey_import) X(gnutls_x509_privkey_init)
/* clang-format on */

typedef struct kao_tls {
#define KAO_TLS_FIELD(name) __typeof__(name) *name;
    KAO_TLS_CALLS(KAO_TLS_FIELD)
#undef KAO_TLS_FIELD
} kao_tls;

/* KAO_E_UNSUPPORTED where the machine lacks it; the line says which package has it. */
kao_status kao_tls_open(kao_tls *t, kao_error *err);

#endif
