/* See events.h. */
#include "server/events.h"

#include <stdio.h>
#include <string.h>

#include "base/context.h"
#include "base/error.h"

enum { READ_MOST = 1000 };

typedef struct kept { /* an event as the gallery has it */
    int64_t number, person;
    char *text;
} kept;

typedef struct page {
    kao_mem *mem;
    kept *list;
    size_t n;
    bool failed;
} page;

static int keep(void *user, const kao_event *e)
{
    page *p = user;
    kept *k = &p->list[p->n];

    *k = (kept){ .number = e->number,
                 .person = e->person,
                 .text = kao_strdup(p->mem, e->text) };
    p->failed = !k->text;
    p->n += !p->failed;
    return p->failed;
}

static kao_status tell(kao_worker *w, const kept *k, kao_event_take *take, void *user,
                       kao_error *err)
{
    kao_named who = { .name = NULL };
    kao_json *o = NULL;
    kao_status st = kao_json_parse(&o, k->text, strlen(k->text), "an event", err);

    if (st == KAO_E_FORMAT)
        return KAO_OK;
    if (!st) /* removed, or merged into another: told as nobody known */
        st = kao_person_named(w, k->person, &who, err);
    if (st || who.ignored) {
        kao_json_free(who.name);
        kao_json_free(o);
        return st;
    }
    kao_json_set(o, "person",
                 who.person ? kao_json_integer(who.person) : kao_json_null());
    kao_json_set(o, "name", who.name ? who.name : kao_json_null());
    kao_json_set(o, "id", kao_json_integer(k->number));
    return take(user, k->number, o, err);
}

kao_status kao_events_read(kao_worker *w, int64_t *after, size_t most,
                           kao_event_take *take, void *user, kao_error *err)
{
    page p = { .mem = &w->ctx->mem };

    most = most < READ_MOST ? most : READ_MOST;
    p.list = kao_calloc(p.mem, most ? most : 1, sizeof *p.list);
    if (!p.list)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    kao_status st = kao_gallery_events(w->gallery, *after, most, keep, &p, err);

    if (!st && p.failed)
        st = kao_fail(err, KAO_E_NOMEM, "out of memory");
    for (size_t i = 0; !st && i < p.n; i++) {
        st = tell(w, &p.list[i], take, user, err);
        if (!st)
            *after = p.list[i].number;
    }
    for (size_t i = 0; i < p.n; i++)
        kao_free(p.mem, p.list[i].text);
    kao_free(p.mem, p.list);
    return st;
}

/* JSON has no line ends of its own. */
static kao_status put(void *user, int64_t number, kao_json *event, kao_error *err)
{
    kao_bytes *to = user;
    const char *kind = "";
    char head[96];

    kao_json_as_text(kao_json_get(event, "event"), &kind);
    const int n = snprintf(head, sizeof head,
                           "id: %lld\nevent: %.32s\ndata: ", (long long)number, kind);
    const bool fine = kao_bytes_add(to, head, (size_t)n);

    if (!kao_json_put(event, to) || !fine || !kao_bytes_add(to, "\n\n", 2))
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    return KAO_OK;
}

kao_status kao_events_text(kao_worker *w, int64_t *after, size_t most, kao_bytes *to,
                           kao_error *err)
{
    return kao_events_read(w, after, most, put, to, err);
}
