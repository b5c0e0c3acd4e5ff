/* See http.h.
 *
 * libmicrohttpd calls `access` for a request several times: with its head, with pieces of the body,
 * and when it is whole. A whole one is suspended until somebody has answered it; being resumed, it
 * comes to `access` once more, which sends the answer. */
#include "server/http.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/clock.h"
#include "server/listen.h"
#include "server/mhd.h"
#include "server/spool.h"

enum {
    CONNECTION_BYTES = 64 << 10, /* head of a request, and what is read at once */
    ANSWER_MOST = 64 << 20,
    FIELD_MOST = 64 << 10, /* of a form whose file goes to the disk */
};

static const char TLS_VERSIONS[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";

struct kao_http {
    kao_mhd mhd;
    kao_mem *mem;
    kao_http_options o;
    struct MHD_Daemon *daemon;
    uint16_t port;
    atomic_uint_fast64_t numbers;
    atomic_size_t held; /* bytes of bodies */
    atomic_uint taken;  /* requests handed out whose answer is not sent yet */
    int quiesced;       /* the listening socket after kao_http_quiesce; -1 */
};

typedef struct request {
    kao_call call; /* first: a call is its request */
    kao_http *http;
    struct MHD_Connection *connection;
    struct MHD_PostProcessor *form;
    size_t held, dropped; /* bytes of the body: in memory; read after a refusal */
    bool has_body, is_json, whole, refused, taken;
} request;

/* ---- copies of what the library has ---- */

typedef struct collecting {
    kao_mem *mem;
    kao_pair *pairs;
    size_t *n;
    bool failed, full;
} collecting;

static enum MHD_Result take_pair(void *user, enum MHD_ValueKind kind, const char *name,
                                 const char *value)
{
    collecting *k = user;

    (void)kind;
    if (*k->n == CALL_PAIRS) {
        k->full = true;
        return MHD_NO;
    }
    kao_pair *p = &k->pairs[*k->n];

    p->name = kao_strdup(k->mem, name);
    p->value = kao_strdup(k->mem, value ? value : "");
    ++*k->n;
    k->failed = !p->name || !p->value;
    return k->failed ? MHD_NO : MHD_YES;
}

static bool is_wanted(const char *name)
{
    static const char *const names[] = {
        "accept-language", "authorization", "content-type",
        "cookie",          "host",          "if-none-match",
        "last-event-id",   "origin",        "sec-fetch-dest",
        "sec-fetch-site",  "x-api-key"
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcasecmp(names[i], name) == 0)
            return true;
    return false;
}

static enum MHD_Result take_header(void *user, enum MHD_ValueKind kind,
                                   const char *name, const char *value)
{
    return is_wanted(name) ? take_pair(user, kind, name, value) : MHD_YES;
}

/* ---- the head ---- */

static enum MHD_Result take_part(void *user, enum MHD_ValueKind kind, const char *name,
                                 const char *file, const char *type,
                                 const char *encoding, const char *data, uint64_t at,
                                 size_t n);

static bool begins(const char *s, const char *with)
{
    return s && strncasecmp(s, with, strlen(with)) == 0;
}

static uint64_t content_length(const request *r)
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

static void expect_body(request *r)
{
    const kao_http *h = r->http;
    kao_call *c = &r->call;
    const char *type = kao_call_header(c, "content-type");
    kao_error err = { 0 };

    if (c->to_file) {
        if (kao_spool_open(h->o.spools, content_length(r), &c->spool, &err)) {
            refuse_file(r, &err);
            return;
        }
    } else if (content_length(r) > body_most(r)) {
        kao_answer_error(c, 413, "too_large", "the request's body is too large");
        return;
    }
    r->is_json = !c->to_file && begins(type, "application/json");
    /* a body without a type comes as x-www-form-urlencoded from curl: it is taken as it is */
    if (begins(type, "multipart/form-data")) {
        r->form = h->mhd.MHD_create_post_processor(r->connection, CONNECTION_BYTES / 4,
                                                   take_part, r);
        if (!r->form)
            kao_answer_error(c, 400, "invalid_form", "a form without its boundary");
    }
}

static bool fill(request *r, const char *url, const char *method)
{
    const kao_http *h = r->http;
    kao_call *c = &r->call;
    collecting query = { .mem = c->mem, .pairs = c->query, .n = &c->n_query };
    collecting headers = { .mem = c->mem, .pairs = c->headers, .n = &c->n_headers };

    c->path = kao_strdup(c->mem, url);
    snprintf(c->method, sizeof c->method, "%s", method);
    h->mhd.MHD_get_connection_values(r->connection, MHD_GET_ARGUMENT_KIND, take_pair,
                                     &query);
    h->mhd.MHD_get_connection_values(r->connection, MHD_HEADER_KIND, take_header,
                                     &headers);
    if (query.full || headers.full)
        kao_answer_error(c, 400, "invalid_argument", "too many parameters");
    return c->path && !query.failed && !headers.failed;
}

static request *begin(kao_http *h, struct MHD_Connection *connection, const char *url,
                      const char *method)
{
    request *r = kao_calloc(h->mem, 1, sizeof *r);

    if (!r)
        return NULL;
    r->http = h;
    r->connection = connection;
    r->call.mem = h->mem;
    r->call.number = atomic_fetch_add(&h->numbers, 1) + 1;
    r->call.begun_ns = kao_clock_ns();
    r->call.body = (kao_bytes){ .mem = h->mem, .max = h->o.max_body };
    r->call.out = (kao_bytes){ .mem = h->mem, .max = ANSWER_MOST };
    const union MHD_ConnectionInfo *from =
        h->mhd.MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

    kao_address_text(from ? from->client_addr : NULL, r->call.client,
                     sizeof r->call.client);
    if (!fill(r, url, method)) {
        kao_call_fini(&r->call);
        kao_free(h->mem, r);
        return NULL;
    }
    r->has_body = content_length(r) > 0 ||
                  h->mhd.MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
                                                     MHD_HTTP_HEADER_TRANSFER_ENCODING);
    if (!r->call.status)
        h->o.begin(h->o.user, &r->call);
    if (!r->call.status)
        expect_body(r);
    return r;
}

/* ---- the body ---- */

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

static enum MHD_Result take_body(request *r, const char *data, size_t n)
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

static void end_body(request *r)
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

/* ---- the answer ---- */

static void add_headers(const kao_http *h, struct MHD_Response *response,
                        const kao_call *c)
{
    char text[32];

    snprintf(text, sizeof text, "%016" PRIx64, c->number);
    h->mhd.MHD_add_response_header(response, "X-Request-Id", text);
    h->mhd.MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    h->mhd.MHD_add_response_header(response, "Referrer-Policy", "no-referrer");
    h->mhd.MHD_add_response_header(response, "Cross-Origin-Resource-Policy",
                                   "same-origin");
    h->mhd.MHD_add_response_header(response, "Cross-Origin-Opener-Policy",
                                   "same-origin");
    if (c->type)
        h->mhd.MHD_add_response_header(response, "Content-Type", c->type);
    h->mhd.MHD_add_response_header(response, "Cache-Control",
                                   c->etag ? "no-cache" : "no-store");
    if (c->etag)
        h->mhd.MHD_add_response_header(response, "ETag", c->etag);
    if (c->location)
        h->mhd.MHD_add_response_header(response, "Location", c->location);
    if (c->retry_after) {
        snprintf(text, sizeof text, "%u", c->retry_after);
        h->mhd.MHD_add_response_header(response, "Retry-After", text);
    }
    if (c->status == 401)
        h->mhd.MHD_add_response_header(response, "WWW-Authenticate",
                                       "Bearer realm=\"kao\"");
    if (c->set_cookie[0])
        h->mhd.MHD_add_response_header(response, "Set-Cookie", c->set_cookie);
    if (begins(c->type, "text/html"))
        h->mhd.MHD_add_response_header(
            response, "Content-Security-Policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' "
            "blob: "
            "data:; media-src 'self' blob:; connect-src 'self'; manifest-src 'self'; "
            "worker-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors "
            "'none'");
}

static struct MHD_Response *make_response(request *r)
{
    const kao_http *h = r->http;
    kao_call *c = &r->call;
    /* only read, whatever the type says */
    void *bytes = c->still ? (void *)(uintptr_t)c->still : c->out.p;

    if (!c->has_file)
        return h->mhd.MHD_create_response_from_buffer(c->still ? c->n_still : c->out.n,
                                                      bytes, MHD_RESPMEM_PERSISTENT);
    struct MHD_Response *response =
        h->mhd.MHD_create_response_from_fd64(c->n_file, c->file);

    if (response) {
        c->has_file = false; /* it is the response's */
        h->mhd.MHD_add_response_header(response, "Content-Disposition", "attachment");
    }
    return response;
}

static enum MHD_Result send_answer(request *r)
{
    const kao_http *h = r->http;
    const kao_call *c = &r->call;
    struct MHD_Response *response = make_response(r);

    if (!response)
        return MHD_NO;
    add_headers(h, response, c);
    const enum MHD_Result sent =
        h->mhd.MHD_queue_response(r->connection, c->status, response);

    h->mhd.MHD_destroy_response(response);
    return sent;
}

static enum MHD_Result access_it(void *user, struct MHD_Connection *connection,
                                 const char *url, const char *method,
                                 const char *version, const char *data, size_t *n,
                                 void **state)
{
    kao_http *h = user;
    request *r = *state;

    (void)version;
    if (!r) {
        r = begin(h, connection, url, method);
        *state = r;
        /* refused before its body is read, which ends the connection */
        return !r ? MHD_NO : r->call.status && r->has_body ? send_answer(r) : MHD_YES;
    }
    if (*n) {
        const enum MHD_Result go_on = take_body(r, data, *n);

        *n = 0;
        return go_on;
    }
    if (!r->whole) {
        r->whole = true;
        end_body(r);
        if (!r->call.status) {
            r->taken = true;
            atomic_fetch_add(&h->taken, 1);
            h->mhd.MHD_suspend_connection(connection);
            h->o.take(h->o.user, &r->call);
            return MHD_YES;
        }
    }
    return send_answer(r);
}

void kao_http_answer(kao_call *c)
{
    request *r = (request *)(void *)c;
    const kao_http *h = r->http;

    h->mhd.MHD_resume_connection(r->connection);
}

static void completed(void *user, struct MHD_Connection *connection, void **state,
                      enum MHD_RequestTerminationCode how)
{
    kao_http *h = user;
    request *r = *state;

    (void)connection, (void)how;
    if (!r)
        return;
    if (h->o.done)
        h->o.done(h->o.user, &r->call);
    if (r->form)
        h->mhd.MHD_destroy_post_processor(r->form);
    atomic_fetch_sub(&h->held, r->held);
    if (r->taken)
        atomic_fetch_sub(&h->taken, 1);
    kao_call_fini(&r->call);
    kao_free(h->mem, r);
    *state = NULL;
}

/* ---- starting and stopping ---- */

static void log_nothing(void *user, const char *format, va_list args)
{
    (void)user, (void)format, (void)args; /* what clients do wrong is no news */
}

kao_status kao_http_start(kao_mem *mem, kao_http **out, const kao_http_options *o,
                          kao_error *err)
{
    kao_http *h = kao_calloc(mem, 1, sizeof *h);

    *out = NULL;
    if (!h)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    h->mem = mem;
    h->o = *o;
    h->port = o->port;
    h->quiesced = -1;
    int fd = -1;
    kao_status st = kao_mhd_open(&h->mhd, err);
    struct MHD_OptionItem tls[] = {
        /* the texts are only read */
        { MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)o->tls_key },
        { MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)o->tls_certificate },
        { MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)TLS_VERSIONS },
        { MHD_OPTION_END, 0, NULL },
    };

    if (!o->tls_key)
        tls[0].option = MHD_OPTION_END;
    if (!st && o->tls_key &&
        h->mhd.MHD_is_feature_supported(MHD_FEATURE_TLS) != MHD_YES)
        st = kao_fail(err, KAO_E_UNSUPPORTED,
                      "this machine's libmicrohttpd was made without HTTPS");
    if (!st)
        st = kao_listen(o->address, &h->port, &fd, err);
    if (st) {
        kao_free(mem, h);
        return st;
    }
    h->daemon = h->mhd.MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC |
            MHD_USE_ERROR_LOG | (o->tls_key ? (unsigned)MHD_USE_TLS : 0),
        0, NULL, NULL, access_it, h, MHD_OPTION_EXTERNAL_LOGGER, log_nothing, NULL,
        MHD_OPTION_UNESCAPE_CALLBACK, kao_mhd_unescape, NULL, MHD_OPTION_LISTEN_SOCKET,
        fd, MHD_OPTION_NOTIFY_COMPLETED, completed, h,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)CONNECTION_BYTES,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)o->max_connections,
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)o->idle_seconds, MHD_OPTION_ARRAY, tls,
        MHD_OPTION_END);
    if (!h->daemon) {
        close(fd);
        kao_free(mem, h);
        return kao_fail(err, KAO_E_IO, "%s port %u: the server could not be started",
                        o->address, o->port);
    }
    *out = h;
    return KAO_OK;
}

uint16_t kao_http_port(const kao_http *h)
{
    return h->port;
}

void kao_http_quiesce(kao_http *h)
{
    h->quiesced = h->mhd.MHD_quiesce_daemon(h->daemon);
}

void kao_http_stop(kao_http *h)
{
    const struct timespec pause = { .tv_nsec = 5000000 };

    if (!h)
        return;
    for (int i = 0; i < 400 && atomic_load(&h->taken) > 0; i++)
        nanosleep(&pause, NULL);
    h->mhd.MHD_stop_daemon(h->daemon);
    if (h->quiesced >= 0)
        close(h->quiesced);
    kao_free(h->mem, h);
}
