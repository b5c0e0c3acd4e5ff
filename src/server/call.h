/* A request and its answer, as routes see them: no HTTP library in sight.
 *
 * http.c fills the request; a route's function reads it and answers by one of kao_answer_*. A call
 * belongs to one thread at a time: to http.c's until the request is whole, to a worker's while its
 * route runs, to http.c's again for the answer. */
#ifndef KAO_SERVER_CALL_H
#define KAO_SERVER_CALL_H

#include <stdbool.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/json.h"

enum {
    CALL_PAIRS = 32, /* of a query, of the headers that routes read; more are refused */
    CALL_PARTS = 64, /* of a form */
    CALL_VARS = 2,   /* in a route's pattern */
    CALL_CLIENT = 48,
    CALL_KEY = 65,
    CALL_COOKIE = 320,
};

typedef struct kao_pair {
    char *name, *value;
} kao_pair;

typedef struct kao_part { /* a field of a form */
    char *name, *file;    /* file: NULL where it has no file name */
    kao_bytes bytes;
} kao_part;

struct kao_route;
struct kao_spool;
struct kao_stream;

typedef struct kao_call {
    kao_mem *mem;
    uint64_t number, begun_ns;
    const struct kao_route *route;
    char client[CALL_CLIENT]; /* the address that asks */
    char key[CALL_KEY]; /* the name of the key that came with it; "": none had to */
    char method[8];
    char *path; /* decoded; without the query */
    kao_pair query[CALL_PAIRS], headers[CALL_PAIRS];
    size_t n_query, n_headers;
    const char
        *vars[CALL_VARS]; /* what stands for {..} in the route's pattern; in path */
    size_t max_body;      /* bytes; 0: the server's limit */
    kao_bytes body;       /* as it came, but for forms: */
    kao_part parts[CALL_PARTS];
    size_t n_parts;
    kao_json *json; /* the body, where it is JSON */
    /* The body, or the form's file of that route, goes to a file: spool, with the name that the form
     * gives it. */
    bool to_file;
    struct kao_spool *spool;
    char *spool_name; /* or NULL */

    unsigned status; /* of the answer; 0: none yet */
    const char *type;
    const char *etag;             /* or NULL */
    const char *location;         /* borrowed, or NULL */
    char set_cookie[CALL_COOKIE]; /* "": none */
    unsigned retry_after;         /* seconds; 0: not told */
    const void *still;            /* an answer that stays, instead of out */
    size_t n_still;
    kao_bytes out;
    bool attached; /* a browser is to keep it as a file */
    bool has_file; /* the answer is an open file's content: */
    int file;      /* the call's until it is sent */
    uint64_t n_file;
    struct kao_stream *stream; /* the answer has no end; the call's. NULL: it has one */
} kao_call;

/* ---- reading ---- */

const char *kao_call_query(const kao_call *c, const char *name); /* NULL: none */
/* name: any case of letters. */
const char *kao_call_header(const kao_call *c, const char *name);
/* Whether its client would rather have Japanese. */
bool kao_call_is_japanese(const kao_call *c);
/* Of a form, or NULL. */
const kao_part *kao_call_part(const kao_call *c, const char *name);
/* A parameter of the query, of a form's field, or of a JSON body, in this order. False, *to as it
 * was, where it is not there; *bad is set where it is, and is no such thing. */
bool kao_call_number(const kao_call *c, const char *name, double *to, bool *bad);
bool kao_call_integer(const kao_call *c, const char *name, int64_t *to, bool *bad);
bool kao_call_flag(const kao_call *c, const char *name, bool *to, bool *bad);
/* *to is borrowed from the call. */
bool kao_call_text(const kao_call *c, const char *name, const char **to, bool *bad);
/* A picture's bytes: the form's field of this name, or the JSON body's (base64), or the body itself
 * where the request is neither. bytes: in a block of the call's. KAO_E_ARG names the field that is
 * missing or no base64. */
kao_status kao_call_picture(kao_call *c, const char *name, kao_bytes *held,
                            const uint8_t **bytes, size_t *n, kao_error *err);

/* ---- answering ---- */

/* The JSON is the call's from here on; where memory ran out the answer is 503. */
void kao_answer_json(kao_call *c, unsigned status, kao_json *json);
/* {"error":{"code":..,"message":..},"request_id":..}; of another form below /api/v1, see
 * compreface.h. */
void kao_answer_error(kao_call *c, unsigned status, const char *code,
                      const char *message);
/* 503: there is too much of it just now; in so many seconds there may be less. */
void kao_answer_busy(kao_call *c, unsigned seconds, const char *message);
/* The word that says a status to clients. */
const char *kao_answer_code(kao_status st);
/* By the status: which answer it is to a client. */
void kao_answer_status(kao_call *c, kao_status st, const kao_error *err);
/* One or the other: the JSON, where st is KAO_OK, else kao_answer_status; the JSON is freed. */
void kao_answer(kao_call *c, kao_status st, const kao_error *err, unsigned status,
                kao_json *json);
/* "NAME: wanted what it says" */
void kao_answer_bad(kao_call *c, const char *name, const char *wanted);

void kao_call_fini(kao_call *c);

#endif
