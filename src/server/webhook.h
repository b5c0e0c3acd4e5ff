/* Webhooks: events of cameras, sent by POST to addresses that the server's owner names when it is started, and
 * to no others.
 *
 * Each address has a thread of its own, which reads the gallery's events from the last one that the address has
 * taken on; that number is kept in the gallery, so that what could not be sent is sent after a new start. An
 * address that does not answer is tried again after a pause that grows, and holds up nothing: it misses only
 * what the gallery does not keep any more. */
#ifndef KAO_SERVER_WEBHOOK_H
#define KAO_SERVER_WEBHOOK_H

#include "server/stream.h"
#include "server/worker.h"

enum { WEBHOOKS_MOST = 8 };

typedef struct kao_webhooks kao_webhooks;

/* Those of o->webhooks. All are borrowed; streams tell when there is something new. KAO_E_ARG: no http:// or
 * https:// address, too many, o->webhook_ca without them or without a certificate; KAO_E_IO: it cannot be read;
 * KAO_E_UNSUPPORTED: this build or this machine has no libcurl. */
kao_status kao_webhooks_start(kao_context *ctx, const kao_server_options *o,
                              kao_streams *streams, kao_webhooks **out, kao_error *err);
/* What is being sent is broken off. The streams are closed. NULL is fine. */
void kao_webhooks_stop(kao_webhooks *all);

#endif
