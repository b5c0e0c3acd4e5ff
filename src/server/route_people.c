/* The gallery's people and samples, over HTTP. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/gallery_json.h"
#include "server/camera.h"
#include "server/enrol.h"
#include "server/routes.h"

static bool ask_person(kao_call *c, const char *text, int64_t *person)
{
    char *end = NULL;

    errno = 0;
    const long long n = strtoll(text, &end, 10);

    if (errno || end == text || *end || n < 1) {
        kao_answer_bad(c, "person", "a person's number");
        return false;
    }
    *person = n;
    return true;
}

/* ---- reading ---- */

static int add_person(void *user, const kao_person *p)
{
    kao_json_add(user, kao_person_json(p));
    return 0;
}

typedef struct page { /* of people, by number */
    kao_json *list;
    const char *group;
    int64_t after, limit, n, last; /* limit 0: all */
    bool more;
} page;

/* Whether a name is one of these, a line each. */
static bool is_in(const char *groups, const char *name)
{
    const size_t n = strlen(name);

    for (const char *s = groups; s && *s; s += strcspn(s, "\n"), s += *s == '\n')
        if (strcspn(s, "\n") == n && strncmp(s, name, n) == 0)
            return true;
    return false;
}

static int add_to_page(void *user, const kao_person *p)
{
    page *g = user;

    if (p->number <= g->after || (g->group && !is_in(p->groups, g->group)))
        return 0;
    g->more = g->limit && g->n == g->limit;
    if (g->more)
        return 1;
    g->n++;
    g->last = p->number;
    return add_person(g->list, p);
}

void kao_route_people(kao_worker *w, kao_call *c)
{
    const char *name = kao_call_query(c, "name");
    page g = { .group = kao_call_query(c, "group") };
    kao_error err = { 0 };
    bool bad = false;

    kao_call_integer(c, "after", &g.after, &bad);
    kao_call_integer(c, "limit", &g.limit, &bad);
    if (bad || g.after < 0 || g.limit < 0) {
        kao_answer_bad(c, "after, limit", "a person's number, and how many at most");
        return;
    }
    g.list = kao_json_array();
    kao_json *o = kao_json_object();
    const kao_status st = kao_gallery_people(w->gallery, name, add_to_page, &g, &err);

    kao_json_set(o, "people", g.list);
    kao_json_set(o, "next", g.more ? kao_json_integer(g.last) : kao_json_null());
    kao_answer(c, st, &err, 200, o);
}

static void answer_person(kao_worker *w, kao_call *c, unsigned status, int64_t person)
{
    kao_json *list = kao_json_array();
    kao_error err = { 0 };
    const kao_status st =
        kao_gallery_person(w->gallery, person, add_person, list, &err);
    kao_json *o = kao_json_object();

    kao_json_set(o, "people", list);
    kao_answer(c, st, &err, status, o);
}

void kao_route_person(kao_worker *w, kao_call *c)
{
    int64_t person = 0;

    if (ask_person(c, c->vars[0], &person))
        answer_person(w, c, 200, person);
}

static int add_sample(void *user, const kao_sample *s)
{
    kao_json_add(user, kao_sample_json(s));
    return 0;
}

void kao_route_samples(kao_worker *w, kao_call *c)
{
    kao_json *o = kao_json_object(), *list = kao_json_array();
    kao_error err = { 0 };
    int64_t person = 0;

    kao_json_set(o, "samples", list);
    if (ask_person(c, c->vars[0], &person)) {
        const kao_status st =
            kao_gallery_samples(w->gallery, person, add_sample, list, &err);

        if (!st) {
            kao_answer_json(c, 200, o);
            return;
        }
        kao_answer_status(c, st, &err);
    }
    kao_json_free(o);
}

/* ---- people ---- */

static void answer_change(kao_worker *w, kao_call *c, kao_status st,
                          const kao_error *err, int64_t person)
{
    if (st)
        kao_answer_status(c, st, err);
    else
        answer_person(w, c, 200, person);
}

static void answer_done(kao_call *c, kao_status st, const kao_error *err, kao_json *o)
{
    kao_json_set(o, "done", kao_json_bool(true));
    kao_answer(c, st, err, 200, o);
}

void kao_route_add_person(kao_worker *w, kao_call *c)
{
    const char *name = NULL;
    kao_error err = { 0 };
    int64_t person = 0;
    bool bad = false;

    kao_call_text(c, "name", &name, &bad);
    if (bad) {
        kao_answer_bad(c, "name", "a text");
        return;
    }
    const kao_status st = kao_gallery_add_person(
        w->gallery, name && name[0] ? name : NULL, &person, &err);

    if (st)
        kao_answer_status(c, st, &err);
    else
        answer_person(w, c, 201, person);
}

void kao_route_change_person(kao_worker *w, kao_call *c)
{
    static const struct {
        const char *name;
        kao_status (*set)(kao_gallery *, int64_t, const char *, kao_error *);
    } fields[] = {
        { "name", kao_gallery_rename },
        { "note", kao_gallery_set_note },
        { "external", kao_gallery_set_external },
    };
    kao_error err = { 0 };
    int64_t person = 0;
    kao_status st = KAO_OK;
    bool any = false;

    if (!ask_person(c, c->vars[0], &person))
        return;
    for (size_t i = 0; !st && i < sizeof fields / sizeof fields[0]; i++) {
        const char *text = NULL;
        bool bad = false;

        if (!kao_call_text(c, fields[i].name, &text, &bad) && !bad)
            continue;
        if (bad) {
            kao_answer_bad(c, fields[i].name, "a text");
            return;
        }
        any = true;
        st = fields[i].set(w->gallery, person, text[0] ? text : NULL, &err);
    }
    any |= !st && kao_person_set_groups(w, c, person, &st, &err);
    any |= !st && kao_person_set_ignored(w, c, person, &st, &err);
    if (!any)
        kao_answer_bad(c, "name, note, external, groups, ignored", "one of them");
    else
        answer_change(w, c, st, &err, person);
}

/* ?forget=true: nothing is left of the person, and nothing brings them back. */
void kao_route_remove_person(kao_worker *w, kao_call *c)
{
    kao_receipt receipt = { .size = sizeof receipt };
    kao_json *o = kao_json_object();
    kao_error err = { 0 };
    kao_status st = KAO_OK;
    int64_t person = 0;
    bool forget = false, bad = false;

    kao_call_flag(c, "forget", &forget, &bad);
    if (bad || !ask_person(c, c->vars[0], &person)) {
        if (bad)
            kao_answer_bad(c, "forget", "true or false");
        kao_json_free(o);
        return;
    }
    st = forget ? kao_gallery_forget(w->gallery, person, &receipt, &err)
                : kao_gallery_remove_person(w->gallery, person, &err);
    if (forget) /* whatever came of it: a failure may be one of the search behind it */
        kao_cameras_drop_pictures(w->cameras);
    kao_json_set(o, "person", kao_json_integer(person));
    if (!st && forget) {
        kao_json *r = kao_json_object();

        kao_json_set(r, "samples", kao_json_integer(receipt.n_samples));
        kao_json_set(r, "bytes_searched",
                     kao_json_integer((int64_t)receipt.n_bytes_searched));
        kao_json_set(r, "pieces", kao_json_integer(receipt.n_pieces));
        kao_json_set(r, "traces", kao_json_integer(receipt.n_traces));
        kao_json_set(r, "time", kao_time_json(receipt.time));
        kao_json_set(o, "receipt", r);
    }
    answer_done(c, st, &err, o);
}

void kao_route_merge_people(kao_worker *w, kao_call *c)
{
    kao_error err = { 0 };
    int64_t into = 0, from = 0;
    bool bad = false;

    if (!ask_person(c, c->vars[0], &into))
        return;
    if (!kao_call_integer(c, "from", &from, &bad) || from < 1) {
        kao_answer_bad(c, "from", "a person's number");
        return;
    }
    const kao_status st = kao_gallery_merge(w->gallery, into, from, &err);

    answer_change(w, c, st, &err, into);
}

void kao_route_clear(kao_worker *w, kao_call *c)
{
    kao_json *o = kao_json_object();
    kao_error err = { 0 };
    uint64_t n = 0;
    kao_status st = kao_gallery_clear(w->gallery, &n, &err);

    if (st == KAO_E_NOT_FOUND) /* there is nobody: so it is done */
        st = KAO_OK;
    kao_json_set(o, "removed", kao_json_integer((int64_t)n));
    answer_done(c, st, &err, o);
}

/* ---- samples ---- */

typedef struct enrolling {
    kao_photo photo;
    size_t face;
    float *vectors, norm;
    kao_quality quality;
    int64_t person;
    const char *name;
    bool force;
    kao_verdict verdict;
} enrolling;

/* Which face: the one nearest to ?x=&y= (pixels of the picture), else the one that is there. */
static kao_status choose(kao_call *c, enrolling *e, kao_error *err)
{
    const kao_image *image = &e->photo.image;
    double x = 0, y = 0, best = (double)INFINITY;
    bool bad = false;
    const bool at = kao_call_number(c, "x", &x, &bad) && /* the one without the other */
                    kao_call_number(c, "y", &y, &bad);   /* is none */

    if (bad)
        return kao_fail(err, KAO_E_ARG, "x, y: wanted pixels of the picture");
    if (!at)
        return kao_face_choose(&e->photo.faces, KAO_CHOOSE_ERROR, image->width,
                               image->height, &e->face, err);
    for (size_t i = 0; i < e->photo.faces.n; i++) {
        const kao_face f = kao_photo_in_file(&e->photo, i);
        const double d =
            hypot((double)(f.x + f.width / 2) - x, (double)(f.y + f.height / 2) - y);

        if (d < best && d <= (double)(f.width > f.height ? f.width : f.height)) {
            best = d;
            e->face = i;
        }
    }
    return isfinite(best) ? KAO_OK
                          : kao_fail(err, KAO_E_NO_FACE, "no face is at that place");
}

static void rate(kao_worker *w, enrolling *e)
{
    const kao_view view = kao_image_view(&e->photo.image);

    e->quality = (kao_quality)KAO_QUALITY_INIT;
    if (kao_quality_of(w->ctx, &view, kao_face_at(&e->photo.faces, e->face),
                       &e->quality, NULL) != KAO_OK) {
        e->quality.score = NAN;
        return;
    }
    kao_quality_norm(&e->quality, w->embedders[0], e->norm);
    if (!e->force)
        kao_refuse_poor(&e->verdict, e->quality.outcomes);
}

static kao_status store(kao_worker *w, const char *source, enrolling *e, kao_json *o,
                        kao_error *err)
{
    const float *list[KAO_GALLERY_MODELS];
    kao_new_sample s = {
        .size = sizeof s, .vectors = list, .source = source, .quality = e->quality.score
    };

    for (size_t m = 0; m < w->n; m++)
        list[m] = e->vectors + kao_worker_offset(w, m);
    const kao_status st =
        kao_gallery_enrol(w->gallery, &e->person, e->name, &s, 1, err);

    if (!st)
        kao_json_set(o, "sample", kao_json_string(s.id));
    return st;
}

/* Whose: the path's person; "new": a new one, of ?name= (none: a stranger who keeps a number). */
static bool ask_whose(kao_call *c, enrolling *e)
{
    bool bad = false;

    if (strcmp(c->vars[0], "new") != 0 && !ask_person(c, c->vars[0], &e->person))
        return false;
    kao_call_text(c, "name", &e->name, &bad);
    kao_call_flag(c, "force", &e->force, &bad);
    if (e->name && !e->name[0])
        e->name = NULL;
    if (bad)
        kao_answer_bad(c, "name, force", "a text; true or false");
    return !bad;
}

static kao_status enrol(kao_worker *w, kao_call *c, enrolling *e, kao_json *o,
                        kao_error *err)
{
    const char *source = NULL;
    bool bad = false;
    kao_status st = kao_photo_take(w, c, "image", KAO_SEARCH_ALL, &e->photo, err);

    kao_call_text(c, "source", &source, &bad);
    e->vectors = kao_calloc(c->mem, kao_worker_dims(w), sizeof *e->vectors);
    if (!st && !e->vectors)
        st = kao_fail(err, KAO_E_NOMEM, "out of memory");
    if (!st)
        st = choose(c, e, err);
    if (!st)
        st =
            kao_photo_embed(w, &e->photo, e->face, SIZE_MAX, e->vectors, &e->norm, err);
    if (!st) {
        kao_json_set(o, "face", kao_photo_face_json(&e->photo, e->face));
        rate(w, e);
        kao_json_set(o, "quality", kao_json_float(e->quality.score));
        st = kao_judge(w, e->vectors, e->person, e->force, &e->verdict, err);
    }
    if (!st && !e->verdict.refused)
        st = store(w, source, e, o, err);
    return st;
}

void kao_route_enrol(kao_worker *w, kao_call *c)
{
    kao_json *o = kao_json_object();
    enrolling e = { .verdict = kao_verdict_begin(o) };
    kao_error err = { 0 };

    if (!ask_whose(c, &e)) {
        kao_json_free(o);
        return;
    }
    const kao_status st = enrol(w, c, &e, o, &err);

    kao_photo_free(w, &e.photo);
    kao_free(c->mem, e.vectors);
    kao_json_set(o, "status",
                 kao_json_string(e.verdict.refused ? "refused" : "enrolled"));
    kao_json_set(o, "person", e.person ? kao_json_integer(e.person) : kao_json_null());
    kao_answer(c, st, &err, e.verdict.refused ? 409 : 201, o);
}

void kao_route_remove_sample(kao_worker *w, kao_call *c)
{
    kao_json *o = kao_json_object();
    kao_error err = { 0 };
    const kao_status st = kao_gallery_remove_sample(w->gallery, c->vars[0], &err);

    kao_json_set(o, "sample", kao_json_string(c->vars[0]));
    answer_done(c, st, &err, o);
}

void kao_route_move_sample(kao_worker *w, kao_call *c)
{
    kao_error err = { 0 };
    int64_t person = 0;
    bool bad = false;

    kao_call_integer(c, "person", &person, &bad);
    if (bad || person < 0) {
        kao_answer_bad(c, "person", "a person's number, or none for a new one");
        return;
    }
    const kao_status st =
        kao_gallery_move_sample(w->gallery, c->vars[0], &person, &err);

    answer_change(w, c, st, &err, person);
}

/* ---- what was changed ---- */

enum { CHANGES_TOLD = 200 };

typedef struct changes {
    kao_json *list;
    size_t n;
} changes;

static int add_change(void *user, const kao_change *h)
{
    changes *k = user;
    kao_json *o = kao_json_object();

    kao_json_set(o, "change", kao_json_integer(h->number));
    kao_json_set(o, "time", kao_time_json(h->time));
    kao_json_set(o, "action", kao_json_string(h->action));
    kao_json_set(o, "detail", kao_json_string(h->detail));
    kao_json_set(o, "undone", kao_json_bool(h->undone));
    kao_json_add(k->list, o);
    return ++k->n == CHANGES_TOLD;
}

void kao_route_history(kao_worker *w, kao_call *c)
{
    changes k = { .list = kao_json_array() };
    kao_json *o = kao_json_object();
    kao_error err = { 0 };
    const kao_status st = kao_gallery_history(w->gallery, add_change, &k, &err);

    kao_json_set(o, "changes", k.list);
    kao_answer(c, st, &err, 200, o);
}

void kao_route_undo(kao_worker *w, kao_call *c)
{
    kao_json *o = kao_json_object();
    kao_error err = { 0 };
    int64_t number = 0, undone = 0;
    bool bad = false;

    kao_call_integer(c, "change", &number, &bad);
    if (bad || number < 0) {
        kao_json_free(o);
        kao_answer_bad(c, "change", "a change's number, or none for the last one");
        return;
    }
    const kao_status st = kao_gallery_undo(w->gallery, number, &undone, &err);

    kao_json_set(o, "change", kao_json_integer(undone));
    answer_done(c, st, &err, o);
}
