/* Answers without an end: server-sent events, and the pictures of a camera.
 *
 * A stream has one piece to send at a time. Whoever fills streams gives a piece to those that have
 * sent theirs, so that a client that reads slowly costs that piece and nothing more: of pictures it
 * gets fewer, events it reads from the gallery when it comes to them. No thread waits for a client.
 *
 * All calls are safe in any thread, but for a stream's own: between open and close it belongs to a
 * request. */
#ifndef KAO_SERVER_STREAM_H
#define KAO_SERVER_STREAM_H

#include <stdbool.h>

#include "base/error.h"
#include "base/mem.h"

enum {
    STREAMS_MOST = 64,
    STREAM_BEAT_SECONDS = 15, /* after so long without a piece one is due */
    STREAM_KEY = 65,
};

typedef struct kao_streams kao_streams;
typedef struct kao_stream kao_stream;

kao_streams *kao_streams_create(kao_mem *mem); /* NULL: out of memory */
void kao_streams_destroy(kao_streams *all);    /* none may be open. NULL is fine */
/* All of them end, and no more are opened. */
void kao_streams_close(kao_streams *all);

/* of: 0: events, else a camera's number. at: of events the last number that the client has. key: the
 * name of the key that it came with. KAO_E_LIMIT: there are too many; KAO_E_CANCELLED: the server
 * stops. */
kao_status kao_stream_open(kao_streams *all, size_t of, int64_t at, const char *key,
                           kao_stream **out, kao_error *err);
void kao_stream_close(kao_stream *s); /* NULL is fine */

/* ---- who sends it ---- */

typedef void kao_stream_turn(void *user);

/* Before the first read. Both are called under the streams' lock. */
void kao_stream_connect(kao_stream *s, kao_stream_turn *wait, kao_stream_turn *wake,
                        void *user);
/* Bytes to send; 0: none now: wait was called, and wake will be; -1: it has ended. */
int64_t kao_stream_read(kao_stream *s, void *to, size_t most);

/* ---- who fills it ---- */

typedef struct kao_stream_look {
    uint64_t id;
    size_t of;
    int64_t at;
    double idle; /* seconds since its last piece */
    bool ready;  /* it has sent that */
    char key[STREAM_KEY];
} kao_stream_look;

/* What is at a place, 0 to STREAMS_MOST - 1; false: nothing. */
bool kao_streams_look(kao_streams *all, size_t place, kao_stream_look *look);
/* A piece for the stream of that id, where it is there still and ready. */
void kao_streams_put(kao_streams *all, size_t place, uint64_t id, const void *bytes,
                     size_t n, int64_t at);
/* The same piece for each of a camera's that is ready. */
void kao_streams_put_all(kao_streams *all, size_t of, const void *bytes, size_t n);
/* It ends when it has sent what it has. */
void kao_streams_end(kao_streams *all, size_t place, uint64_t id);
void kao_streams_end_all(kao_streams *all, size_t of);
size_t kao_streams_count(kao_streams *all, size_t of);

/* There are new events. */
void kao_streams_news(kao_streams *all);
/* Until there are, or a stream was opened, or one of events is ready, or so many seconds have passed.
 * seen: what the caller has seen of it, 0 at first. False: closed. */
bool kao_streams_wait(kao_streams *all, uint64_t *seen, double seconds);
/* The same for who has no streams to look after: for events alone. */
bool kao_streams_wait_events(kao_streams *all, uint64_t *seen, double seconds);

#endif
