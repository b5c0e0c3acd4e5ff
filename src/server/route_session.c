/* What a browser of another machine begins with: the certificate to trust, and a session (a cookie, for a key that
 * was typed in or for a one-time code). */
#include <string.h>

#include "server/access.h"
#include "server/routes.h"

void kao_route_ca(kao_worker *w, kao_call *c)
{
    if (!w->o->ca) {
        kao_answer_error(c, 404, "not_found", "this server needs no certificate");
        return;
    }
    c->type = "application/x-x509-ca-cert"; /* devices offer to install it */
    c->still = w->o->ca;
    c->n_still = strlen(w->o->ca);
    c->status = 200;
}

void kao_route_session_begin(kao_worker *w, kao_call *c)
{
    const char *key = NULL, *code = NULL;
    bool bad = false;
    kao_json *o;

    kao_call_text(c, "key", &key, &bad);
    kao_call_text(c, "code", &code, &bad);
    if (bad || !key == !code || c->n_query) { /* addresses are kept in many places */
        kao_answer_bad(c, "key", "a key or a code, in the body");
        return;
    }
    if (!kao_access_begin(w->access, c, key, code))
        return;
    o = kao_json_object();
    kao_json_set(o, "key", kao_json_string(c->key));
    kao_answer_json(c, 201, o);
}

void kao_route_session_end(kao_worker *w, kao_call *c)
{
    kao_json *o = kao_json_object();

    kao_access_end(w->access, c);
    kao_json_set(o, "status", kao_json_string("ended"));
    kao_answer_json(c, 200, o);
}
