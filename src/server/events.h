/* What cameras have seen, as clients get it: from the gallery, with the names that people have now. */
#ifndef KAO_SERVER_EVENTS_H
#define KAO_SERVER_EVENTS_H

#include "server/worker.h"

/* The object is the taker's. */
typedef kao_status kao_event_take(void *user, int64_t number, kao_json *event,
                                  kao_error *err);

/* At most so many events behind number *after, which is that of the last one then. Those of people
 * who are ignored are left out, and what is no JSON, which another program has written. Of w its gallery is used. Ends where take fails. */
kao_status kao_events_read(kao_worker *w, int64_t *after, size_t most,
                           kao_event_take *take, void *user, kao_error *err);
/* The same as the text of a stream of server-sent events, behind what `to` has. */
kao_status kao_events_text(kao_worker *w, int64_t *after, size_t most, kao_bytes *to,
                           kao_error *err);

#endif
