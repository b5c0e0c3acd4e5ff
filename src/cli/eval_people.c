/* See eval_people.h. */
#include "cli/eval_people.h"

#include <stdio.h>
#include <string.h>

#include "base/error.h"

#define LIST_MAX_BYTES ((size_t)1 << 30)
enum { PEOPLE_MAX = 1 << 24 };

static kao_status read_list(eval_people *p, const eval_args *args, kao_error *err)
{
    kao_file f = { 0 };
    kao_error own = { 0 };
    kao_status st = kao_file_open(&f, &p->mem, p->list, LIST_MAX_BYTES, err);

    if (st)
        return st;
    st = kao_groups_read(&p->people, &p->mem, f.bytes, p->list,
                         args->by ? args->by : "identity", PEOPLE_MAX, &own);
    if (st == KAO_E_ARG && !args->by) /* no such field is named */
        st = kao_groups_read(&p->people, &p->mem, f.bytes, p->list, NULL, PEOPLE_MAX,
                             &own);
    kao_file_close(&f);
    if (st && err)
        *err = own;
    return st;
}

/* "person/picture": the person is all before the last slash. */
static kao_status read_folders(eval_people *p, kao_error *err)
{
    kao_names all = { 0 };
    kao_groups *g = &p->people;
    kao_status st = kao_pictures_list(&p->pictures, &all, err);

    *g = (kao_groups){ .mem = &p->mem };
    kao_name_table_init(&g->pictures, &p->mem);
    kao_name_table_init(&g->groups, &p->mem);
    g->group = kao_calloc(&p->mem, all.n, sizeof *g->group);
    if (!st && !g->group)
        st = kao_fail(err, KAO_E_NOMEM, "out of memory");
    for (size_t i = 0; !st && i < all.n; i++) {
        const char *slash = strrchr(all.names[i], '/');
        char person[4096];
        uint32_t number;

        if (!slash || slash == all.names[i] ||
            (size_t)(slash - all.names[i]) >= sizeof person)
            st = kao_fail(err, KAO_E_FORMAT,
                          "%s: %s: no folder of a person; wanted person/picture, or a "
                          "list",
                          p->pictures.path, all.names[i]);
        else if (snprintf(person, sizeof person, "%.*s", (int)(slash - all.names[i]),
                          all.names[i]) < 0 ||
                 !kao_name_number(&g->pictures, all.names[i], &number) ||
                 !kao_name_number(&g->groups, person, &g->group[i]))
            st = kao_fail(err, KAO_E_NOMEM, "out of memory");
    }
    kao_names_free(&all);
    return st;
}

kao_status eval_people_open(eval_people *p, const eval_args *args, char **files, int n,
                            kao_error *err)
{
    *p = (eval_people){ .n_nobody = 0 };
    kao_mem_init(&p->mem, NULL);
    kao_status st = kao_pictures_open(&p->pictures, &p->mem, files[0], err);

    if (!st && p->pictures.pickle.n)
        st = kao_fail(err, KAO_E_ARG, "%s has pairs alone, no people", files[0]);
    p->list = n == 2 ? files[1] : NULL;
    if (!st)
        st = p->list ? read_list(p, args, err) : read_folders(p, err);
    if (st)
        return st;
    const size_t n_pictures = p->people.pictures.n;

    p->names = kao_calloc(&p->mem, n_pictures, sizeof *p->names);
    p->person = kao_calloc(&p->mem, n_pictures, sizeof *p->person);
    if (!p->names || !p->person)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    for (size_t i = 0; i < n_pictures; i++) {
        const uint32_t who = p->people.group[i];
        const bool known = strcmp(kao_name_at(&p->people.groups, who), "-") != 0;

        p->names[i] = kao_name_at(&p->people.pictures, i);
        p->person[i] = known ? who : (uint32_t)p->people.groups.n;
        p->n_nobody += !known;
    }
    return KAO_OK;
}

void eval_people_close(eval_people *p)
{
    kao_free(&p->mem, p->person);
    kao_free(&p->mem, (void *)p->names);
    kao_groups_free(&p->people);
    kao_pictures_close(&p->pictures);
}
