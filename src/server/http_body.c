/* See http_request.h: bodies, in memory, in parts, or into a file. */
#include <errno.h>

#include "base/error.h"
#include "server/http_request.h"
#include "server/spool.h"

enum { FIELD_MOST = 64 << 10 }; /* of a form whose file goes to the disk */

uint64_t kao_request_length(const request *r)
{
    const kao_http *h = r->http;
    const char *s = h->mhd.MHD_lookup_connection_value(r->connection, MHD_HEADER_KIND,
                                                       MHD_HTTP_HEADER_CONTENT_LENGTH);
    uint64_t n = 0;

    for (; s && *s >= '0' && *s <= '9'; s++)
        n = n > UINT64_MAX / 16 ? n : 10 * n + (uint64_t)(*s - '0');
    return n;
}

static void refuse(request *r, unsigned status, const char *code, const char *message)
{
    if (!r->refused)
        kao_answer_error(&r->call, status, code, message);
    r->refused = true;
}

/* A file could not be begun, or take more. */
static void refuse_file(request *r, const kao_error *err)
{
    const bool full = err->code == KAO_E_IO && kao_spool_is_full(err);

    refuse(r,
           err->code == KAO_E_LIMIT ? 413
           : full                   ? 507
           : err->code == KAO_E_IO  ? 500
                                    : 503,
           err->code == KAO_E_LIMIT ? "too_large"
           : full                   ? "no_space"
           : err->code == KAO_E_IO  ? "io"
                                    : "out_of_memory",
           err->msg);
}

/* Bytes that this request may have. */
static size_t body_most(const request *r)
{
    const size_t most = r->http->o.max_body;

    return r->call.max_body && r->call.max_body < most ? r->call.max_body : most;
}

/* Count n more bytes of this request; false: they are too many. */
static bool hold(request *r, size_t n)
{
    kao_http *h = r->http;

    if (n > body_most(r) - r->held) {
        refuse(r, 413, "too_large", "the request's body is too large");
        return false;
    }
    r->held += n;
    if (atomic_fetch_add(&h->held, n) + n > h->o.max_held) {
        refuse(r, 503, "busy", "too much is being sent at once");
        r->call.retry_after = 1;
        return false;
    }
    return true;
}

static kao_part *part_of(request *r, const char *name, const char *file, uint64_t at)
{
    kao_call *c = &r->call;

    if (at > 0 && c->n_parts)
        return &c->parts[c->n_parts - 1];
    if (c->n_parts == CALL_PARTS) {
        refuse(r, 400, "invalid_form", "too many fields in a form");
        return NULL;
    }
    kao_part *p = &c->parts[c->n_parts++];

    *p = (kao_part){ .name = kao_strdup(c->mem, name ? name : ""),
                     .file = file ? kao_strdup(c->mem, file) : NULL,
                     .bytes = { .mem = c->mem,
                                .max = c->to_file ? FIELD_MOST
                                                  : r->http->o.max_body + 1 } };
    return p->name && (p->file || !file) ? p : NULL;
}

/* A piece of a body that goes to a file. */
static void spool(request *r, const char *data, size_t n)
{
    kao_error err = { 0 };

    if (kao_spool_add(r->call.spool, data, n, &err))
        refuse_file(r, &err);
}

/* A piece of such a form's file. There is one. */
static void spool_part(request *r, const char *file, const char *data, uint64_t at,
                       size_t n)
{
    kao_call *c = &r->call;

    if (at == 0 && c->spool_name) {
        refuse(r, 400, "invalid_form", "more than one file");
        return;
    }
    if (at == 0)
        c->spool_name = kao_strdup(c->mem, file);
    if (at == 0 && !c->spool_name)
        refuse(r, 503, "out_of_memory", "out of memory");
    else
        spool(r, data, n);
}

/* A piece of a form's field; at: where in the field. A text ends with a NUL that does not count. */
static enum MHD_Result take_part(void *user, enum MHD_ValueKind kind, const char *name,
                                 const char *file, const char *type,
                                 const char *encoding, const char *data, uint64_t at,
                                 size_t n)
{
    request *r = user;

    (void)kind, (void)type, (void)encoding;
    if (r->refused)
        return MHD_YES;
    if (r->call.to_file && file) {
        spool_part(r, file, data, at, n);
        return MHD_YES;
    }
    kao_part *p = part_of(r, name, file, at);

    if (r->refused)
        return MHD_YES;
    if (!p || !p->name || !kao_bytes_add(&p->bytes, data, n) ||
        !kao_bytes_add(&p->bytes, "", 1)) {
        refuse(r, 503, "out_of_memory", "out of memory");
        return MHD_YES;
    }
    p->bytes.n--;
    return MHD_YES;
}

void kao_request_expect(request *r)
{
    const kao_http *h = r->http;
    kao_call *c = &r->call;
    const char *type = kao_call_header(c, "content-type");
    kao_error err = { 0 };

    if (c->to_file) {
        if (kao_spool_open(h->o.spools, kao_request_length(r), &c->spool, &err)) {
            refuse_file(r, &err);
            return;
        }
    } else if (kao_request_length(r) > body_most(r)) {
        kao_answer_error(c, 413, "too_large", "the request's body is too large");
        return;
    }
    r->is_json = !c->to_file && kao_begins(type, "application/json");
    /* a body without a type comes as x-www-form-urlencoded from curl: it is taken as it is */
    if (kao_begins(type, "multipart/form-data")) {
        r->form = h->mhd.MHD_create_post_processor(r->connection, CONNECTION_BYTES / 4,
                                                   take_part, r);
        if (!r->form)
            kao_answer_error(c, 400, "invalid_form", "a form without its boundary");
    }
}

enum MHD_Result kao_request_take(request *r, const char *data, size_t n)
{
    const kao_http *h = r->http;

    if (r->refused) {
        r->dropped += n; /* who goes on for long after a refusal is cut off */
        return r->dropped / 4 > r->http->o.max_body ? MHD_NO : MHD_YES;
    }
    if (!r->call.to_file && !hold(r, n))
        return MHD_YES;
    if (r->form) {
        if (h->mhd.MHD_post_process(r->form, data, n) == MHD_NO)
            refuse(r, 400, "invalid_form", "the form is damaged");
    } else if (r->call.to_file) {
        spool(r, data, n);
    } else if (!kao_bytes_add(&r->call.body, data, n)) {
        refuse(r, 503, "out_of_memory", "out of memory");
    }
    return MHD_YES;
}

void kao_request_end(request *r)
{
    const kao_http *h = r->http;
    kao_call *c = &r->call;
    kao_error err = { 0 };

    if (r->form && h->mhd.MHD_destroy_post_processor(r->form) == MHD_NO && !r->refused)
        refuse(r, 400, "invalid_form", "the form has no end");
    r->form = NULL;
    if (r->refused || !r->is_json || c->body.n == 0)
        return;
    if (kao_json_parse(&c->json, (const char *)c->body.p, c->body.n, "body", &err))
        kao_answer_error(c, err.code == KAO_E_NOMEM ? 503 : 400, "invalid_json",
                         err.msg);
    kao_bytes_free(&c->body);
}
