/* What somebody has said of the gallery's people, over HTTP: facts, groups, whom to leave out. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/gallery_json.h"
#include "server/routes.h"

static int add_fact(void *user, const kao_fact *f)
{
    kao_json_add(user, kao_fact_json(f));
    return 0;
}

static kao_json *facts_json(kao_worker *w, kao_status *st, kao_error *err)
{
    kao_json *list = kao_json_array(), *o = kao_json_object();

    kao_json_set(o, "facts", list);
    if (!*st)
        *st = kao_gallery_facts(w->gallery, add_fact, list, err);
    return o;
}

void kao_route_facts(kao_worker *w, kao_call *c)
{
    kao_error err = { 0 };
    kao_status st = KAO_OK;
    kao_json *o = facts_json(w, &st, &err);

    kao_answer(c, st, &err, 200, o);
}

/* Two people are two, or a sample is not of a person. */
void kao_route_say_fact(kao_worker *w, kao_call *c)
{
    const char *kind = NULL, *sample = NULL;
    int64_t person = 0, other = 0, owner = 0;
    kao_error err = { 0 };
    bool bad = false;

    kao_call_text(c, "kind", &kind, &bad);
    kao_call_text(c, "sample", &sample, &bad);
    kao_call_integer(c, "person", &person, &bad);
    kao_call_integer(c, "other", &other, &bad);
    const bool apart = kind && strcmp(kind, "apart") == 0;

    if (bad || !kind || (!apart && strcmp(kind, "not") != 0)) {
        kao_answer_bad(c, "kind", "apart (person, other) or not (person, sample)");
        return;
    }
    if (person < 1 || (apart ? other < 1 : !sample)) {
        kao_answer_bad(c, apart ? "person, other" : "person, sample",
                       apart ? "the numbers of two people"
                             : "a person's number and a sample's id");
        return;
    }
    kao_status st = apart ? kao_gallery_keep_apart(w->gallery, person, other, &err)
                          : kao_gallery_not(w->gallery, sample, person, &owner, &err);
    kao_json *o = facts_json(w, &st, &err);

    if (!apart)
        kao_json_set(o, "owner", kao_json_integer(owner));
    kao_answer(c, st, &err, 201, o);
}

void kao_route_drop_fact(kao_worker *w, kao_call *c)
{
    char *end = NULL;
    kao_error err = { 0 };

    errno = 0;
    const long long n = strtoll(c->vars[0], &end, 10);

    if (errno || *end || n < 1) {
        kao_answer_bad(c, "fact", "a fact's number");
        return;
    }
    kao_status st = kao_gallery_drop_fact(w->gallery, n, &err);
    kao_json *o = facts_json(w, &st, &err);

    kao_answer(c, st, &err, 200, o);
}

/* ---- groups ---- */

static int add_group(void *user, const char *group, uint32_t n_people)
{
    kao_json *o = kao_json_object();

    kao_json_set(o, "group", kao_json_string(group));
    kao_json_set(o, "people", kao_json_integer(n_people));
    kao_json_add(user, o);
    return 0;
}

void kao_route_groups(kao_worker *w, kao_call *c)
{
    kao_json *list = kao_json_array(), *o = kao_json_object();
    kao_error err = { 0 };

    kao_json_set(o, "groups", list);
    const kao_status st = kao_gallery_groups(w->gallery, add_group, list, &err);

    kao_answer(c, st, &err, 200, o);
}

bool kao_person_set_groups(kao_worker *w, kao_call *c, int64_t person, kao_status *st,
                           kao_error *err)
{
    const kao_json *given = kao_json_get(c->json, "groups");
    const char *names[KAO_GROUPS_MOST];
    const size_t n = kao_json_length(given);
    bool fine = kao_json_is_array(given) && n <= KAO_GROUPS_MOST;

    *st = KAO_OK;
    if (!given)
        return false;
    for (size_t i = 0; fine && i < n; i++)
        fine = kao_json_as_text(kao_json_at(given, i), &names[i]);
    *st = fine ? kao_gallery_set_groups(w->gallery, person, names, n, err)
               : kao_fail(err, KAO_E_ARG, "groups: wanted a list of %d names at most",
                          KAO_GROUPS_MOST);
    return true;
}

bool kao_person_set_ignored(kao_worker *w, kao_call *c, int64_t person, kao_status *st,
                            kao_error *err)
{
    bool ignored = false, bad = false;
    const bool given = kao_call_flag(c, "ignored", &ignored, &bad);

    *st = KAO_OK;
    if (bad)
        *st = kao_fail(err, KAO_E_ARG, "ignored: wanted true or false");
    else if (given)
        *st = kao_gallery_set_ignored(w->gallery, person, ignored, err);
    return given || bad;
}
