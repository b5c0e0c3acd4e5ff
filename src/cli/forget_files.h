/* kao forget --from: somebody taken out of what kao watch and kao blur have written elsewhere. */
#ifndef KAO_CLI_FORGET_FILES_H
#define KAO_CLI_FORGET_FILES_H

#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"

/* path: a log of kao watch --json, or a plan of kao blur. people: the person, by all numbers that it had.
 *
 * A log: the lines of every stay of the person, from "appear" to "leave", become spaces where they stand, so
 * that a kao watch that goes on writing is not disturbed. A plan: the person's tracks lose number and name; they
 * stay hidden or not, as they are.
 *
 * *n: lines or tracks. KAO_E_IO, KAO_E_FORMAT (neither of the two: nothing was written), KAO_E_NOMEM. */
kao_status cli_forget_in(kao_mem *mem, const char *path, const int64_t *people,
                         size_t n_people, size_t *n, kao_error *err);
/* Whether it is one of the two, before anything is forgotten. */
kao_status cli_forget_check(kao_mem *mem, const char *path, kao_error *err);

#endif
