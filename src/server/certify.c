/* See certify.h. */
#include "server/certify.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "base/secret.h"

enum { DAY = 86400, KEY_ID = 32 };

/* A key with its certificate, as the library has them. */
typedef struct pair {
    const kao_tls *t;
    gnutls_x509_privkey_t key;
    gnutls_x509_crt_t crt;
} pair;

static kao_status fail(const kao_tls *t, kao_status st, int code, const char *what,
                       kao_error *err)
{
    return kao_fail(err, st, "%s: %s", what, t->gnutls_strerror(code));
}

static void pair_fini(pair *p)
{
    if (p->key)
        p->t->gnutls_x509_privkey_deinit(p->key);
    if (p->crt)
        p->t->gnutls_x509_crt_deinit(p->crt);
}

static kao_status pair_init(pair *p, const kao_tls *t, kao_error *err)
{
    *p = (pair){ .t = t };
    int e = t->gnutls_x509_privkey_init(&p->key);

    if (e >= 0)
        e = t->gnutls_x509_crt_init(&p->crt);
    if (e >= 0)
        return KAO_OK;
    pair_fini(p);
    return fail(t, KAO_E_NOMEM, e, "certificate", err);
}

static kao_status read_crt(const kao_tls *t, gnutls_x509_crt_t crt, const char *text,
                           kao_error *err)
{
    const gnutls_datum_t pem = { (unsigned char *)(uintptr_t)text,
                                 (unsigned)strlen(text) }; /* only read */
    const int e = t->gnutls_x509_crt_import(crt, &pem, GNUTLS_X509_FMT_PEM);

    return e < 0 ? fail(t, KAO_E_FORMAT, e, "no certificate", err) : KAO_OK;
}

static kao_status pair_read(pair *p, const kao_tls *t, const kao_certified *from,
                            kao_error *err)
{
    const gnutls_datum_t key = { (unsigned char *)(uintptr_t)from->key,
                                 (unsigned)strlen(from->key) };
    kao_status st = pair_init(p, t, err);

    if (st)
        return st;
    const int e = t->gnutls_x509_privkey_import(p->key, &key, GNUTLS_X509_FMT_PEM);

    st = e < 0 ? fail(t, KAO_E_FORMAT, e, "no private key", err)
               : read_crt(t, p->crt, from->certificate, err);
    if (st)
        pair_fini(p);
    return st;
}

static kao_status pair_write(const pair *p, kao_certified *to, kao_error *err)
{
    size_t n = sizeof to->key - 1, n_crt = sizeof to->certificate - 1;
    int e = p->t->gnutls_x509_privkey_export(p->key, GNUTLS_X509_FMT_PEM, to->key, &n);

    if (e >= 0)
        e = p->t->gnutls_x509_crt_export(p->crt, GNUTLS_X509_FMT_PEM, to->certificate,
                                         &n_crt);
    if (e < 0)
        return fail(p->t, KAO_E_LIMIT, e, "certificate", err);
    to->key[n] = to->certificate[n_crt] = '\0';
    return KAO_OK;
}

/* ---- making ---- */

/* A new key, and what all certificates have. */
static int begin(const pair *p, const char *name, int64_t now, int64_t end)
{
    const kao_tls *t = p->t;
    uint8_t serial[16];
    int e = t->gnutls_x509_privkey_generate(
        p->key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);

    kao_secret_random(serial, sizeof serial);
    serial[0] = (uint8_t)((serial[0] & 0x3f) | 0x40); /* positive, of 16 bytes */
    if (e >= 0)
        e = t->gnutls_x509_crt_set_version(p->crt, 3);
    if (e >= 0)
        e = t->gnutls_x509_crt_set_serial(p->crt, serial, sizeof serial);
    if (e >= 0) /* clocks of devices differ */
        e = t->gnutls_x509_crt_set_activation_time(p->crt, (time_t)(now - DAY));
    if (e >= 0)
        e = t->gnutls_x509_crt_set_expiration_time(p->crt, (time_t)end);
    if (e >= 0)
        e = t->gnutls_x509_crt_set_key(p->crt, p->key);
    if (e >= 0)
        e = t->gnutls_x509_crt_set_dn_by_oid(p->crt, GNUTLS_OID_X520_COMMON_NAME, 0,
                                             name, (unsigned)strlen(name));
    return e;
}

/* The key's own identifier, and that of the CA's key. */
static int set_key_ids(const pair *p, const pair *ca)
{
    unsigned char id[KEY_ID];
    size_t n = sizeof id;
    int e = p->t->gnutls_x509_crt_get_key_id(p->crt, 0, id, &n);

    if (e >= 0)
        e = p->t->gnutls_x509_crt_set_subject_key_id(p->crt, id, n);
    n = sizeof id;
    if (e >= 0)
        e = p->t->gnutls_x509_crt_get_key_id(ca->crt, 0, id, &n);
    return e < 0 ? e : p->t->gnutls_x509_crt_set_authority_key_id(p->crt, id, n);
}

/* The bytes of an address; 0: it is a name. */
static unsigned address_bytes(const char *name, uint8_t to[16])
{
    return inet_pton(AF_INET, name, to) == 1    ? 4
           : inet_pton(AF_INET6, name, to) == 1 ? 16
                                                : 0;
}

static int permit_range(const kao_tls *t, gnutls_x509_name_constraints_t nc,
                        const char *address, unsigned bits)
{
    uint8_t range[32] = { 0 }; /* the address, then its mask */
    const unsigned n = address_bytes(address, range);
    const gnutls_datum_t d = { range, 2 * n };

    for (unsigned i = 0; i < bits; i++)
        range[n + i / 8] |= (uint8_t)(0x80 >> i % 8);
    return t->gnutls_x509_name_constraints_add_permitted(nc, GNUTLS_SAN_IPADDRESS, &d);
}

static int permit_name(const kao_tls *t, gnutls_x509_name_constraints_t nc,
                       const char *name)
{
    const gnutls_datum_t d = { (unsigned char *)(uintptr_t)name,
                               (unsigned)strlen(name) };

    return t->gnutls_x509_name_constraints_add_permitted(nc, GNUTLS_SAN_DNSNAME, &d);
}

/* Whether they let this host pass. */
static bool is_permitted(const kao_tls *t, gnutls_x509_name_constraints_t nc,
                         const char *host)
{
    uint8_t bytes[16];
    char name[HOST_BYTES];
    const unsigned n = address_bytes(host, bytes);
    const gnutls_datum_t d = { n ? bytes : (unsigned char *)name,
                               n ? n : (unsigned)strlen(host) };

    snprintf(name, sizeof name, "%s", host);
    return t->gnutls_x509_name_constraints_check(
               nc, n ? GNUTLS_SAN_IPADDRESS : GNUTLS_SAN_DNSNAME, &d) != 0;
}

/* Addresses that no public host has (RFC 1918, 3927, 4193, 4291, 6598), names that no public DNS has
 * (RFC 6761, 6762, 8375; "internal" and "lan" by custom). */
static int permit(const kao_tls *t, gnutls_x509_name_constraints_t nc,
                  const kao_hosts *hosts)
{
    static const struct {
        const char *address;
        unsigned bits;
    } ranges[] = { { "10.0.0.0", 8 },     { "100.64.0.0", 10 }, { "127.0.0.0", 8 },
                   { "169.254.0.0", 16 }, { "172.16.0.0", 12 }, { "192.168.0.0", 16 },
                   { "::1", 128 },        { "fc00::", 7 },      { "fe80::", 10 } };
    static const char *const names[] = { "localhost", "local", "home.arpa", "internal",
                                         "lan" };
    uint8_t bytes[16];
    int e = 0;

    for (size_t i = 0; e >= 0 && i < sizeof ranges / sizeof ranges[0]; i++)
        e = permit_range(t, nc, ranges[i].address, ranges[i].bits);
    for (size_t i = 0; e >= 0 && i < sizeof names / sizeof names[0]; i++)
        e = permit_name(t, nc, names[i]);
    for (size_t i = 0; e >= 0 && i < hosts->n; i++) {
        const unsigned n = address_bytes(hosts->name[i], bytes);

        if (is_permitted(t, nc, hosts->name[i]))
            continue;
        e = n ? permit_range(t, nc, hosts->name[i], 8 * n)
              : permit_name(t, nc, hosts->name[i]);
    }
    return e;
}

static int set_constraints(const pair *p, const kao_hosts *hosts)
{
    gnutls_x509_name_constraints_t nc;
    int e = p->t->gnutls_x509_name_constraints_init(&nc);

    if (e < 0)
        return e;
    e = permit(p->t, nc, hosts);
    if (e >= 0)
        e = p->t->gnutls_x509_crt_set_name_constraints(p->crt, nc, 1);
    p->t->gnutls_x509_name_constraints_deinit(nc);
    return e;
}

kao_status kao_certify_ca(const kao_tls *t, const kao_hosts *hosts, int64_t now,
                          kao_certified *ca, kao_error *err)
{
    char machine[32] = "", name[64];
    pair p;
    kao_status st = pair_init(&p, t, err);

    if (st)
        return st;
    /* a name that people find in their devices' lists */
    if (gethostname(machine, sizeof machine - 1) != 0)
        machine[0] = '\0';
    snprintf(name, sizeof name, "kao (%s)", machine);
    int e = begin(&p, name, now, now + (int64_t)CERTIFY_CA_DAYS * DAY);

    if (e >= 0)
        e = t->gnutls_x509_crt_set_basic_constraints(p.crt, 1, 0);
    if (e >= 0)
        e = t->gnutls_x509_crt_set_key_usage(p.crt, GNUTLS_KEY_KEY_CERT_SIGN |
                                                        GNUTLS_KEY_CRL_SIGN);
    if (e >= 0)
        e = set_constraints(&p, hosts);
    if (e >= 0)
        e = set_key_ids(&p, &p);
    if (e >= 0)
        e = t->gnutls_x509_crt_sign2(p.crt, p.crt, p.key, GNUTLS_DIG_SHA256, 0);
    st = e < 0 ? fail(t, KAO_E_IO, e, "CA", err) : pair_write(&p, ca, err);
    pair_fini(&p);
    return st;
}

static int set_hosts(const pair *p, const kao_hosts *hosts)
{
    uint8_t bytes[16];
    int e = 0;

    for (size_t i = 0; e >= 0 && i < hosts->n; i++) {
        const unsigned n = address_bytes(hosts->name[i], bytes);

        e = p->t->gnutls_x509_crt_set_subject_alt_name(
            p->crt, n ? GNUTLS_SAN_IPADDRESS : GNUTLS_SAN_DNSNAME,
            n ? (const void *)bytes : hosts->name[i],
            n ? n : (unsigned)strlen(hosts->name[i]), GNUTLS_FSAN_APPEND);
    }
    return e;
}

kao_status kao_certify_server(const kao_tls *t, const kao_certified *ca,
                              const kao_hosts *hosts, int64_t now,
                              kao_certified *server, kao_error *err)
{
    pair p, by;
    kao_status st = pair_read(&by, t, ca, err);

    if (st)
        return st;
    st = pair_init(&p, t, err);
    if (st) {
        pair_fini(&by);
        return st;
    }
    const int64_t last = (int64_t)t->gnutls_x509_crt_get_expiration_time(by.crt),
                  end = now + (int64_t)CERTIFY_DAYS * DAY;
    int e = begin(&p, "kao", now, end < last ? end : last);

    if (e >= 0)
        e = t->gnutls_x509_crt_set_basic_constraints(p.crt, 0, -1);
    if (e >= 0)
        e = t->gnutls_x509_crt_set_key_usage(p.crt, GNUTLS_KEY_DIGITAL_SIGNATURE);
    if (e >= 0)
        e = t->gnutls_x509_crt_set_key_purpose_oid(p.crt, GNUTLS_KP_TLS_WWW_SERVER, 0);
    if (e >= 0)
        e = set_hosts(&p, hosts);
    if (e >= 0)
        e = set_key_ids(&p, &by);
    if (e >= 0)
        e = t->gnutls_x509_crt_sign2(p.crt, by.crt, by.key, GNUTLS_DIG_SHA256, 0);
    st = e < 0 ? fail(t, KAO_E_IO, e, "certificate", err) : pair_write(&p, server, err);
    pair_fini(&p);
    pair_fini(&by);
    return st;
}

/* ---- checking ---- */

/* The key is the certificate's (a fault may have left an old one beside a new one), and it does not end soon. */
static bool is_usable(const pair *p, int64_t now)
{
    unsigned char key[KEY_ID], crt[KEY_ID];
    size_t n_key = sizeof key, n_crt = sizeof crt;

    return p->t->gnutls_x509_privkey_get_key_id(p->key, 0, key, &n_key) >= 0 &&
           p->t->gnutls_x509_crt_get_key_id(p->crt, 0, crt, &n_crt) >= 0 &&
           n_key == n_crt && memcmp(key, crt, n_key) == 0 &&
           (int64_t)p->t->gnutls_x509_crt_get_expiration_time(p->crt) >
               now + (int64_t)CERTIFY_AHEAD_DAYS * DAY;
}

kao_status kao_certify_check_ca(const kao_tls *t, const kao_certified *ca,
                                const kao_hosts *hosts, int64_t now, bool *good,
                                kao_error *err)
{
    gnutls_x509_name_constraints_t nc;
    unsigned critical = 0;
    pair p;
    const kao_status st = pair_read(&p, t, ca, err);

    *good = false;
    if (st)
        return st;
    if (t->gnutls_x509_name_constraints_init(&nc) < 0) {
        pair_fini(&p);
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    }
    *good = is_usable(&p, now) &&
            t->gnutls_x509_crt_get_name_constraints(p.crt, nc, 0, &critical) >= 0;
    for (size_t i = 0; *good && i < hosts->n; i++)
        *good = is_permitted(t, nc, hosts->name[i]);
    t->gnutls_x509_name_constraints_deinit(nc);
    pair_fini(&p);
    return KAO_OK;
}

kao_status kao_certify_check_server(const kao_tls *t, const kao_certified *ca,
                                    const kao_certified *server, const kao_hosts *hosts,
                                    int64_t now, bool *good, kao_error *err)
{
    unsigned troubles = 0;
    pair p, by;
    kao_status st = pair_read(&p, t, server, err);

    *good = false;
    if (st)
        return st;
    st = pair_read(&by, t, ca, err);
    if (!st)
        *good = is_usable(&p, now) &&
                t->gnutls_x509_crt_verify(p.crt, &by.crt, 1,
                                          GNUTLS_VERIFY_DISABLE_TIME_CHECKS,
                                          &troubles) >= 0 &&
                troubles == 0;
    for (size_t i = 0; *good && i < hosts->n; i++)
        *good = t->gnutls_x509_crt_check_hostname(p.crt, hosts->name[i]) != 0;
    if (!st)
        pair_fini(&by);
    pair_fini(&p);
    return st;
}

kao_status kao_certify_fingerprint(const kao_tls *t, const char *certificate,
                                   char to[CERTIFY_FINGERPRINT], kao_error *err)
{
    unsigned char hash[32];
    size_t n = sizeof hash;
    pair p;
    kao_status st = pair_init(&p, t, err);

    if (st)
        return st;
    st = read_crt(t, p.crt, certificate, err);
    const int e =
        st ? 0 : t->gnutls_x509_crt_get_fingerprint(p.crt, GNUTLS_DIG_SHA256, hash, &n);

    if (e < 0)
        st = fail(t, KAO_E_FORMAT, e, "certificate", err);
    for (size_t i = 0; !st && i < n; i++)
        snprintf(to + 3 * i, 4, "%02X%s", hash[i], i + 1 < n ? ":" : "");
    pair_fini(&p);
    return st;
}
