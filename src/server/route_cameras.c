/* Cameras of the server's own, and what they have seen. Nothing here changes them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "server/events.h"
#include "server/feed.h"
#include "server/routes.h"

enum { PAGE = 100, PAGE_MOST = 1000 };

void kao_route_cameras(kao_worker *w, kao_call *c)
{
    kao_json *o = kao_json_object(), *list = kao_json_array();

    kao_json_set(o, "cameras", list);
    for (size_t i = 1; i <= kao_cameras_count(w->cameras); i++)
        kao_json_add(list, kao_camera_json(w->cameras, i));
    kao_json_set(o, "webhooks", kao_json_integer((int64_t)w->o->n_webhooks));
    kao_answer_json(c, 200, o);
}

/* 0: there is none, which is answered. */
static size_t camera_of(const kao_worker *w, kao_call *c)
{
    const size_t number = kao_camera_find(w->cameras, c->vars[0]);

    if (!number)
        kao_answer_error(c, 404, "not_found", "no such camera");
    return number;
}

void kao_route_camera_picture(kao_worker *w, kao_call *c)
{
    const size_t number = camera_of(w, c);
    kao_error err = { 0 };
    bool goes_on = true;

    if (!number)
        return;
    const kao_status st =
        kao_camera_picture(w->cameras, number, &c->out, &goes_on, &err);

    if (st) {
        kao_answer_status(c, st, &err);
        return;
    }
    c->status = 200;
    c->type = "image/jpeg";
}

/* An answer without an end. */
static void begin_stream(kao_worker *w, kao_call *c, size_t of, int64_t at,
                         const char *type)
{
    kao_error err = { 0 };
    const kao_status st = kao_stream_open(w->streams, of, at, c->key, &c->stream, &err);

    if (st == KAO_E_LIMIT) {
        kao_answer_busy(c, 10, err.msg);
    } else if (st) {
        kao_answer_status(c, st, &err);
    } else {
        c->status = 200;
        c->type = type;
    }
}

void kao_route_camera_preview(kao_worker *w, kao_call *c)
{
    const size_t number = camera_of(w, c);

    if (number)
        begin_stream(w, c, number, 0,
                     "multipart/x-mixed-replace; boundary=" CAMERA_EDGE);
}

/* ---- events ---- */

static kao_status add_event(void *user, int64_t number, kao_json *event, kao_error *err)
{
    (void)number, (void)err;
    kao_json_add(user, event);
    return KAO_OK;
}

static void answer_page(kao_worker *w, kao_call *c, int64_t after, int64_t limit)
{
    kao_json *o = kao_json_object(), *list = kao_json_array();
    kao_error err = { 0 };

    kao_json_set(o, "events", list);
    const kao_status st =
        kao_events_read(w, &after, (size_t)limit, add_event, list, &err);

    kao_json_set(o, "next", kao_json_integer(after));
    kao_answer(c, st, &err, 200, o);
}

/* What a browser that has lost its stream has last; false: it says nothing. */
static bool last_of(const kao_call *c, int64_t *id)
{
    const char *text = kao_call_header(c, "last-event-id");
    char *end = NULL;

    if (!text || text[0] < '0' || text[0] > '9')
        return false;
    errno = 0;
    *id = strtoll(text, &end, 10);
    return !errno && !*end;
}

void kao_route_events(kao_worker *w, kao_call *c)
{
    const char *accept = kao_call_header(c, "accept");
    int64_t after = 0, limit = PAGE, last = 0;
    kao_error err = { 0 };
    bool bad = false;

    const bool told = kao_call_integer(c, "after", &after, &bad);

    kao_call_integer(c, "limit", &limit, &bad);
    if (bad || after < -KAO_EVENTS_MOST || limit < 1 || limit > PAGE_MOST) {
        kao_answer_bad(c, "after, limit", "an event's id, and 1 to 1000");
        return;
    }
    const kao_status st = kao_gallery_last_event(w->gallery, &last, &err);

    if (st) {
        kao_answer_status(c, st, &err);
        return;
    }
    if (after < 0) /* so many before the newest */
        after = last > -after ? last + after : 0;
    if (!accept || !strstr(accept, "text/event-stream")) {
        answer_page(w, c, after, limit);
        return;
    }
    /* what somebody has of another gallery, with higher numbers, says nothing here */
    if ((!last_of(c, &after) && !told) || after > last)
        after = last;
    begin_stream(w, c, 0, after, "text/event-stream");
}
