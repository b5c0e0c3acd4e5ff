/* See facts.h. */
#include "train/facts.h"

#include <stdio.h>
#include <string.h>

void kao_facts_add(kao_facts *f, const char *key, const char *value)
{
    if (f->n + 2 >= sizeof f->pairs / sizeof f->pairs[0])
        return;
    f->pairs[f->n++] = key;
    f->pairs[f->n++] = value;
    f->pairs[f->n] = NULL;
}

/* Without folders: a card names no place of a machine. */
static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

void kao_facts_begin(kao_facts *f, const kao_recipe *r, uint64_t views,
                     const kao_pack *const *packs)
{
    size_t n = 0;

    f->n = 0;
    snprintf(f->views, sizeof f->views, "%llu", (unsigned long long)views);
    for (size_t i = 0; packs[i]; i++) {
        char classes[KAO_FACTS_TEXT];

        if (packs[i]->n == 0)
            continue;
        n += (size_t)snprintf(f->trained_on + n, sizeof f->trained_on - n,
                              "%s%zu pictures (%s)", n ? "; " : "", packs[i]->n,
                              kao_pack_classes(packs[i], classes, sizeof classes));
        n = n < sizeof f->trained_on ? n : sizeof f->trained_on - 1;
    }
    if (r->teacher[0])
        snprintf(f->trained_on + n, sizeof f->trained_on - n, "; taught by %s",
                 base_name(r->teacher));
    snprintf(f->note, sizeof f->note, "recipe %s, %.0f steps of %.0f%s%s", r->name,
             r->steps, r->batch * r->accumulate, r->note[0] ? "; " : "", r->note);
    kao_facts_add(f, "kao.name", r->name);
    kao_facts_add(f, "kao.views", f->views);
    kao_facts_add(f, "kao.trained_on", f->trained_on);
    kao_facts_add(f, "kao.note", f->note);
    if (r->license[0])
        kao_facts_add(f, "kao.license", r->license);
}

void kao_facts_threshold(kao_facts *f, const char *key, double threshold)
{
    if (!(threshold > 0))
        return;
    snprintf(f->threshold, sizeof f->threshold, "%.3g", threshold);
    kao_facts_add(f, key, f->threshold);
}

void kao_facts_remark(kao_facts *f, const char *text)
{
    const size_t n = strlen(f->note);

    snprintf(f->note + n, sizeof f->note - n, "; %s", text);
}
