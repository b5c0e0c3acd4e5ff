/* Who is in which picture, of a set with people: a folder a person, or a list. */
#ifndef KAO_CLI_EVAL_PEOPLE_H
#define KAO_CLI_EVAL_PEOPLE_H

#include "cli/eval_embed.h"
#include "eval/groups.h"

typedef struct eval_people {
    kao_mem mem;
    kao_pictures pictures;
    const char *list;   /* NULL: a folder a person */
    kao_groups people;  /* of the list, or made of the folders */
    const char **names; /* of the pictures */
    uint32_t *person;   /* people.groups.n: unknown */
    size_t n_nobody;    /* pictures of unknown people */
} eval_people;

/* files: the pictures, and for n = 2 the list. To be closed, after a failure too. */
kao_status eval_people_open(eval_people *p, const eval_args *args, char **files, int n,
                            kao_error *err);
void eval_people_close(eval_people *p);

#endif
