/* See certificate.h. */
#include "server/certificate.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "server/certify.h"

typedef struct work {
    kao_tls tls;
    kao_certified ca, server;
    kao_mem *mem;
    const char *folder;
} work;

static kao_status path_of(const work *w, const char *name, char path[4096],
                          kao_error *err)
{
    return (size_t)snprintf(path, 4096, "%s/%s", w->folder, name) < 4096
               ? KAO_OK
               : kao_fail(err, KAO_E_ARG, "%.100s: too long", w->folder);
}

/* *there: it is; it may be read then. */
static kao_status read_text(const work *w, const char *name, char to[CERTIFY_PEM],
                            bool *there, kao_error *err)
{
    char path[4096];
    kao_file file;
    kao_error trouble = { 0 };
    kao_status st = path_of(w, name, path, err);

    *there = false;
    if (st)
        return st;
    st = kao_file_open(&file, w->mem, path, CERTIFY_PEM - 1, &trouble);
    if (st == KAO_E_IO && trouble.sys == ENOENT)
        return KAO_OK;
    if (st) {
        if (err)
            *err = trouble;
        return st;
    }
    if (file.bytes.n)
        memcpy(to, file.bytes.p, file.bytes.n);
    to[file.bytes.n] = '\0';
    kao_file_close(&file);
    *there = true;
    return KAO_OK;
}

static kao_status read_both(const work *w, const char *key, const char *certificate,
                            kao_certified *to, bool *there, kao_error *err)
{
    bool both = false;
    kao_status st = read_text(w, key, to->key, there, err);

    if (!st)
        st = read_text(w, certificate, to->certificate, &both, err);
    *there = *there && both;
    return st;
}

/* The key is its owner's alone; a certificate is for everybody. */
static kao_status write_both(const work *w, const char *key, const char *certificate,
                             const kao_certified *from, kao_error *err)
{
    char path[4096];
    kao_status st = path_of(w, key, path, err);

    if (!st)
        st = kao_file_write_secret(w->mem, path, from->key, strlen(from->key), err);
    if (!st)
        st = path_of(w, certificate, path, err);
    if (!st)
        st = kao_file_write(w->mem, path, from->certificate, strlen(from->certificate),
                            err);
    return st;
}

/* With the file's name: which one is damaged. */
static kao_status of_file(const work *w, const char *name, kao_status st,
                          kao_error *err)
{
    kao_error inner = err ? *err : (kao_error){ 0 };

    return st == KAO_E_FORMAT
               ? kao_fail(err, st,
                          "%.80s/%s: %.60s; without both files new ones are made",
                          w->folder, name, inner.msg)
               : st;
}

static kao_status bring_ca(work *w, const kao_hosts *hosts, int64_t now, bool *made,
                           kao_error *err)
{
    bool there = false, good = false;
    kao_status st = read_both(w, "ca.key", "ca.crt", &w->ca, &there, err);

    if (!st && there) {
        st = kao_certify_check_ca(&w->tls, &w->ca, hosts, now, &good, err);
        st = of_file(w, "ca.key, ca.crt", st, err);
    }
    *made = !good;
    if (!st && !good) {
        st = kao_certify_ca(&w->tls, hosts, now, &w->ca, err);
        if (!st)
            st = write_both(w, "ca.key", "ca.crt", &w->ca, err);
    }
    return st;
}

static kao_status bring_server(work *w, const kao_hosts *hosts, int64_t now,
                               kao_error *err)
{
    bool there = false, good = false;
    kao_status st = read_both(w, "server.key", "server.crt", &w->server, &there, err);

    if (!st && there) {
        st = kao_certify_check_server(&w->tls, &w->ca, &w->server, hosts, now, &good,
                                      err);
        st = of_file(w, "server.key, server.crt", st, err);
    }
    if (!st && !good) {
        st = kao_certify_server(&w->tls, &w->ca, hosts, now, &w->server, err);
        if (!st)
            st = write_both(w, "server.key", "server.crt", &w->server, err);
    }
    return st;
}

kao_status kao_certificate_ready(kao_error *err)
{
    kao_tls found;

    return kao_tls_open(&found, err);
}

kao_status kao_certificate_open(kao_certificate *c, kao_mem *mem, const char *folder,
                                const kao_hosts *hosts, int64_t now, kao_error *err)
{
    work *w = kao_calloc(mem, 1, sizeof *w);

    *c = (kao_certificate){ .mem = mem };
    if (!w)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    w->mem = mem;
    w->folder = folder;
    kao_status st = kao_tls_open(&w->tls, err);

    if (!st)
        st = kao_folder_make(folder, 0700, err);
    if (!st)
        st = bring_ca(w, hosts, now, &c->new_ca, err);
    if (!st)
        st = bring_server(w, hosts, now, err);
    if (!st)
        st = kao_certify_fingerprint(&w->tls, w->ca.certificate, c->fingerprint, err);
    if (!st) {
        c->key = kao_strdup(mem, w->server.key);
        c->certificate = kao_strdup(mem, w->server.certificate);
        c->ca = kao_strdup(mem, w->ca.certificate);
        if (!c->key || !c->certificate || !c->ca)
            st = kao_fail(err, KAO_E_NOMEM, "out of memory");
    }
    kao_free(mem, w);
    if (st)
        kao_certificate_close(c);
    return st;
}

void kao_certificate_close(kao_certificate *c)
{
    if (c->mem) {
        kao_free(c->mem, c->key);
        kao_free(c->mem, c->certificate);
        kao_free(c->mem, c->ca);
    }
    *c = (kao_certificate){ 0 };
}
