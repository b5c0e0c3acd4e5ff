/* CompreFace's subjects, on kao's people. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "server/compreface.h"

/* ---- subjects ---- */

kao_json *kao_subject_json(const char *name, int64_t person)
{
    char number[24];

    snprintf(number, sizeof number, "#%lld", (long long)person);
    return kao_json_string(name ? name : number);
}

kao_status kao_subject_number(kao_worker *w, const char *subject, int64_t *person,
                              kao_error *err)
{
    kao_named who = { .name = NULL };
    char *end = NULL;
    kao_status st = kao_gallery_find(w->gallery, subject, person, err);

    if (st != KAO_E_NOT_FOUND)
        return st;
    *person = subject[0] == '#' ? strtoll(subject + 1, &end, 10) : 0;
    if (*person < 1 || !end || *end)
        *person = 0;
    st = kao_person_named(w, *person, &who, err);
    *person = who.name ? 0 : who.person; /* one with a name is asked for by it */
    kao_json_free(who.name);
    return st;
}

bool kao_subject_find(kao_worker *w, kao_call *c, const char *subject, int64_t *person)
{
    kao_error err = { 0 };
    char line[KAO_NAME_MAX_BYTES + 32];

    if (kao_cf_failed(c, kao_subject_number(w, subject, person, &err), &err))
        return false;
    if (*person)
        return true;
    snprintf(line, sizeof line, "Subject %s not found", subject);
    kao_compreface_error(c, 404, CF_NO_SUBJECT, line);
    return false;
}

/* The JSON body's subject; false: answered. */
static bool ask_subject(kao_call *c, const char **subject)
{
    bool bad = false;

    if (kao_call_text(c, "subject", subject, &bad) && (*subject)[0])
        return true;
    kao_compreface_error(c, 400, CF_EMPTY_FIELD, "Field subject cannot be empty");
    return false;
}

static void answer_subject(kao_call *c, unsigned status, const char *subject)
{
    kao_json *o = kao_json_object();

    kao_json_set(o, "subject", kao_json_string(subject));
    kao_answer_json(c, status, o);
}

void kao_route_cf_add_subject(kao_worker *w, kao_call *c)
{
    const char *subject = NULL;
    kao_error err = { 0 };
    int64_t person = 0;

    if (!kao_compreface_key(c) || !ask_subject(c, &subject) ||
        kao_cf_failed(c, kao_subject_number(w, subject, &person, &err), &err))
        return;
    if (person)
        kao_compreface_error(c, 400, CF_SUBJECT_EXISTS, "Subject already exists");
    else if (!kao_cf_failed(
                 c, kao_gallery_add_person(w->gallery, subject, &person, &err), &err))
        answer_subject(c, 201, subject);
}

static int add_subject(void *user, const kao_person *p)
{
    if (!p->ignored)
        kao_json_add(user, kao_subject_json(p->name, p->number));
    return 0;
}

void kao_route_cf_subjects(kao_worker *w, kao_call *c)
{
    kao_json *o = kao_json_object(), *list = kao_json_array();
    kao_error err = { 0 };
    kao_status st = KAO_OK;

    kao_json_set(o, "subjects", list);
    if (!kao_compreface_key(c)) {
        kao_json_free(o);
        return;
    }
    st = kao_gallery_people(w->gallery, NULL, add_subject, list, &err);
    kao_answer(c, st, &err, 200, o);
}

/* Another name; that of somebody who is there: the two become one. */
void kao_route_cf_rename_subject(kao_worker *w, kao_call *c)
{
    const char *subject = NULL;
    kao_error err = { 0 };
    int64_t from = 0, into = 0;

    if (!kao_compreface_key(c) || !ask_subject(c, &subject) ||
        !kao_subject_find(w, c, c->vars[0], &from) ||
        kao_cf_failed(c, kao_subject_number(w, subject, &into, &err), &err))
        return;
    const kao_status st = into == from ? KAO_OK
                          : into       ? kao_gallery_merge(w->gallery, into, from, &err)
                                 : kao_gallery_rename(w->gallery, from, subject, &err);

    if (kao_cf_failed(c, st, &err))
        return;
    kao_json *o = kao_json_object();

    kao_json_set(o, "updated", kao_json_bool(true));
    kao_answer_json(c, 200, o);
}

void kao_route_cf_remove_subject(kao_worker *w, kao_call *c)
{
    kao_error err = { 0 };
    int64_t person = 0;

    if (kao_compreface_key(c) && kao_subject_find(w, c, c->vars[0], &person) &&
        !kao_cf_failed(c, kao_gallery_remove_person(w->gallery, person, &err), &err))
        answer_subject(c, 200, c->vars[0]);
}

void kao_route_cf_clear(kao_worker *w, kao_call *c)
{
    kao_error err = { 0 };
    uint64_t n = 0;

    if (!kao_compreface_key(c))
        return;
    const kao_status st = kao_gallery_clear(w->gallery, &n, &err);

    if (!kao_cf_failed(c, st == KAO_E_NOT_FOUND ? KAO_OK : st, &err))
        kao_cf_answer_deleted(c, (int64_t)n);
}
