/* Who may ask the server, and who did what.
 *
 * A request has to come under one of the machine's own names (Host: a page elsewhere may have had its name
 * made to lead here) and from no other site's page (Origin, Sec-Fetch-Site), whatever else it has. Where keys
 * are demanded it has to bring one: "Authorization: Bearer KEY", "x-api-key: KEY", or a browser's cookie, which
 * it gets for a key or for a one-time code. Without one there are the app's own files, health, and the way to
 * the cookie.
 *
 * The list of keys is read again when its file has changed, so that a key that was revoked is refused from
 * then on. Once keys are demanded they stay so until the server ends, also where the file goes. */
#ifndef KAO_SERVER_ACCESS_H
#define KAO_SERVER_ACCESS_H

#include "server/call.h"
#include "server/keys.h"
#include "server/server.h"

typedef struct kao_access kao_access;

enum { ACCESS_CODE_SECONDS = 600 };

/* o is borrowed. KAO_E_FORMAT, KAO_E_IO: the list of keys. */
kao_status kao_access_create(kao_access **out, kao_mem *mem,
                             const kao_server_options *o, kao_error *err);
void kao_access_destroy(kao_access *a); /* NULL is fine */
/* The cookie has the port in its name: browsers keep one set for all ports of a machine. */
void kao_access_set_port(kao_access *a, uint16_t port);

/* For the head of a request. False: it is answered. Any thread. */
bool kao_access_is_from_here(const kao_access *a, kao_call *c);
bool kao_access_allows(kao_access *a, kao_call *c);
/* Whether a key of this name ("": none) still opens the server, for an answer without an end. */
bool kao_access_holds(kao_access *a, const char *key);
/* Its answer is sent: a line for the log, where it has changed something by a key. */
void kao_access_log(kao_access *a, const kao_call *c);

/* A one-time code for a browser's session, good for ten minutes. */
void kao_access_code(kao_access *a, char to[SECRET_TEXT]);
/* The session that a key or a code gives; c->set_cookie has it. Of a code it has a key of its own, so that it can be
 * revoked alone. False: c is answered. */
bool kao_access_begin(kao_access *a, kao_call *c, const char *key, const char *code);
void kao_access_end(kao_access *a, kao_call *c);

#endif
