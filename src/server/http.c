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
#include "server/http_request.h"
#include "server/listen.h"

enum {
    ANSWER_MOST = 64 << 20,
};

static const char TLS_VERSIONS[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";

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
    static const char *const names[] = { "accept",         "accept-language",
                                         "authorization",  "content-type",
                                         "cookie",         "host",
                                         "if-none-match",  "last-event-id",
                                         "origin",         "sec-fetch-dest",
                                         "sec-fetch-site", "x-api-key" };

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
    r->has_body = kao_request_length(r) > 0 ||
                  h->mhd.MHD_lookup_connection_value(connection, MHD_HEADER_KIND,
                                                     MHD_HTTP_HEADER_TRANSFER_ENCODING);
    if (!r->call.status)
        h->o.begin(h->o.user, &r->call);
    if (!r->call.status)
        kao_request_expect(r);
    return r;
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
    if (c->attached)
        h->mhd.MHD_add_response_header(response, "Content-Disposition", "attachment");
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
    if (kao_begins(c->type, "text/html"))
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

    if (c->stream)
        return kao_request_stream(r);
    if (!c->has_file)
        return h->mhd.MHD_create_response_from_buffer(c->still ? c->n_still : c->out.n,
                                                      bytes, MHD_RESPMEM_PERSISTENT);
    struct MHD_Response *response =
        h->mhd.MHD_create_response_from_fd64(c->n_file, c->file);

    c->has_file = !response; /* else it is the response's */
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
        const enum MHD_Result go_on = kao_request_take(r, data, *n);

        *n = 0;
        return go_on;
    }
    if (!r->whole) {
        r->whole = true;
        kao_request_end(r);
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
