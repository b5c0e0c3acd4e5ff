/* HTTP/1.1 by libmicrohttpd: connections in, calls out (call.h), answers back. The one place that
 * knows that library is http.c, with http_body.c.
 *
 * One thread of its own waits for all connections, so that slow ones cost a socket and some memory,
 * no thread. What a request sends is held in memory and counted: of one request, and of all
 * together. Where a route says so it goes to a file without a name instead (spool.h); nothing else
 * that is sent touches the disk. */
#ifndef KAO_SERVER_HTTP_H
#define KAO_SERVER_HTTP_H

#include "server/call.h"

typedef struct kao_http kao_http;

typedef struct kao_http_options {
    const char *address;                   /* "127.0.0.1", "::1", .. */
    uint16_t port;                         /* 0: a free one */
    const char *tls_key, *tls_certificate; /* PEM; NULL: plain */
    size_t max_body;                       /* bytes of a request; more is 413 */
    size_t max_held;                       /* of all requests together; more is 503 */
    struct kao_spools *spools; /* for bodies that go to a file (kao_call.to_file) */
    uint32_t max_connections, idle_seconds;
    /* The head is there, of the body nothing. It finds the route; what it answers already is sent
     * without reading on. In the thread of the connections: it must not wait for anything. */
    void (*begin)(void *user, kao_call *c);
    /* The request is whole. It answers, now or later in any thread, by kao_http_answer. */
    void (*take)(void *user, kao_call *c);
    /* It is over: the answer was sent, or the client has gone. */
    void (*done)(void *user, const kao_call *c);
    void *user;
} kao_http_options;

/* KAO_E_IO (the port is taken, not allowed), KAO_E_ARG (no address), KAO_E_NOMEM,
 * KAO_E_UNSUPPORTED (no library). */
kao_status kao_http_start(kao_mem *mem, kao_http **out, const kao_http_options *o,
                          kao_error *err);
uint16_t kao_http_port(const kao_http *h);
/* The call has its answer. Any thread. */
void kao_http_answer(kao_call *c);
/* No further connections are taken; those that are there go on. */
void kao_http_quiesce(kao_http *h);
/* All calls must have been answered; what is not sent within two seconds is lost. NULL is fine. */
void kao_http_stop(kao_http *h);

#endif
