/* See gallery_json.h. */
#include "base/gallery_json.h"

#include <stdio.h>
#include <string.h>

#include "base/text.h"

kao_json *kao_time_json(int64_t seconds)
{
    char when[KAO_TIME_BYTES];

    return kao_json_string(kao_time_text(seconds, when));
}

kao_json *kao_groups_json(const char *groups)
{
    kao_json *all = kao_json_array();
    char name[KAO_NAME_MAX_BYTES + 1];

    while (groups && *groups) {
        const size_t n = strcspn(groups, "\n");

        snprintf(name, sizeof name, "%.*s", (int)n, groups);
        kao_json_add(all, kao_json_string(name));
        groups += groups[n] ? n + 1 : n;
    }
    return all;
}

kao_json *kao_person_json(const kao_person *p)
{
    kao_json *o = kao_json_object();

    kao_json_set(o, "person", kao_json_integer(p->number));
    kao_json_set(o, "name", kao_json_string(p->name));
    kao_json_set(o, "external", kao_json_string(p->external));
    kao_json_set(o, "note", kao_json_string(p->note));
    kao_json_set(o, "groups", kao_groups_json(p->groups));
    kao_json_set(o, "ignored", kao_json_bool(p->ignored));
    kao_json_set(o, "created", kao_time_json(p->created));
    kao_json_set(o, "n_samples", kao_json_integer(p->n_samples));
    return o;
}

kao_json *kao_sample_json(const kao_sample *s)
{
    kao_json *o = kao_json_object();

    kao_json_set(o, "sample", kao_json_string(s->id));
    kao_json_set(o, "person", kao_json_integer(s->person));
    kao_json_set(o, "time", kao_time_json(s->time));
    kao_json_set(o, "source", kao_json_string(s->source));
    kao_json_set(o, "quality", kao_json_float(s->quality));
    return o;
}

kao_json *kao_fact_json(const kao_fact *f)
{
    const bool apart = f->kind == KAO_FACT_APART;
    kao_json *o = kao_json_object();

    kao_json_set(o, "fact", kao_json_integer(f->number));
    kao_json_set(o, "time", kao_time_json(f->time));
    kao_json_set(o, "kind", kao_json_string(apart ? "apart" : "not"));
    kao_json_set(o, "person", kao_json_integer(f->person));
    kao_json_set(o, "other", apart ? kao_json_integer(f->other) : kao_json_null());
    kao_json_set(o, "sample", apart ? kao_json_null() : kao_json_string(f->sample));
    return o;
}
