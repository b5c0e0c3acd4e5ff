/* The inside of http.c: a request on its way in, and its body (http_body.c). */
#ifndef KAO_SERVER_HTTP_REQUEST_H
#define KAO_SERVER_HTTP_REQUEST_H

#include <string.h>
#include <strings.h>

#include "server/http.h"
#include "server/mhd.h"

enum { CONNECTION_BYTES = 64 << 10 }; /* head of a request, and what is read at once */

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

typedef struct request { /* of one client, from its head to the end of its answer */
    kao_call call;       /* first: a call is its request */
    kao_http *http;
    struct MHD_Connection *connection;
    struct MHD_PostProcessor *form;
    size_t held, dropped; /* bytes of the body: in memory; read after a refusal */
    bool has_body, is_json, whole, refused, taken;
} request;

static inline bool kao_begins(const char *s, const char *with)
{
    return s && strncasecmp(s, with, strlen(with)) == 0;
}

/* Bytes of the body, as the head tells; 0: it does not. */
uint64_t kao_request_length(const request *r);
/* The head is there, and a body is to come; answers where it is too much. */
void kao_request_expect(request *r);
/* A piece of it. */
enum MHD_Result kao_request_take(request *r, const char *data, size_t n);
/* It is whole. */
void kao_request_end(request *r);
/* The answer of a call that has a stream (http_stream.c); NULL: out of memory. */
struct MHD_Response *kao_request_stream(request *r);

#endif
