/* The thread that fills streams: events as they come, a sign of life where nothing comes; and ends
 * those whose key was revoked. */
#ifndef KAO_SERVER_FEED_H
#define KAO_SERVER_FEED_H

#include "server/access.h"
#include "server/camera.h"

typedef struct kao_feed kao_feed;

/* All are borrowed. KAO_E_IO, and those of kao_gallery_open. */
kao_status kao_feed_start(kao_context *ctx, const kao_server_options *o,
                          kao_access *access, kao_streams *streams,
                          kao_cameras *cameras, kao_feed **out, kao_error *err);
/* The streams are closed. NULL is fine. */
void kao_feed_stop(kao_feed *f);

#endif
