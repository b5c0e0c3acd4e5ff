/* See http_request.h: an answer without an end, by libmicrohttpd's callback. A connection whose
 * stream has nothing to send is suspended, so that no thread goes round for it. */
#include "server/http_request.h"
#include "server/stream.h"

enum { PIECE_BYTES = 16 << 10 };

static void wait(void *user)
{
    const request *r = user;

    r->http->mhd.MHD_suspend_connection(r->connection);
}

static void wake(void *user)
{
    const request *r = user;

    r->http->mhd.MHD_resume_connection(r->connection);
}

static ssize_t read_on(void *user, uint64_t at, char *to, size_t most)
{
    const request *r = user;

    (void)at;
    return (ssize_t)kao_stream_read(r->call.stream, to,
                                    most); /* -1: the end, to both */
}

_Static_assert(MHD_CONTENT_READER_END_OF_STREAM == -1, "as kao_stream_read has it");

struct MHD_Response *kao_request_stream(request *r)
{
    kao_stream_connect(r->call.stream, wait, wake, r);
    return r->http->mhd.MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, PIECE_BYTES,
                                                          read_on, r, NULL);
}
