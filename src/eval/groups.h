/* False matches by group: pictures of different people, each with a group (sex, age, ..), and
 * how many pairs a threshold takes for the same person within each group and across.
 *
 * A list has a line a picture: its path and fields, separated by a tab each where a line has one,
 * else by blanks; none is empty. A line that begins with # does not count; the first one may name the
 * fields: "# picture age sex(as labelled)"; what is in brackets is for people. */
#ifndef KAO_EVAL_GROUPS_H
#define KAO_EVAL_GROUPS_H

#include "base/error.h"
#include "base/reader.h"
#include "eval/names.h"

enum { KAO_GROUPS_MAX = 256 }; /* of which all pairs are counted */

typedef struct kao_groups {
    kao_mem *mem;
    kao_name_table pictures, groups;
    uint32_t *group; /* of each picture */
    size_t cap;
} kao_groups;

/* by: the fields that make a group, with commas between: by number (the path is 1) or by name;
 * NULL: all behind the path. most: so many groups at most. file: for messages, which name the line. Errors: KAO_E_FORMAT,
 * KAO_E_ARG (by), KAO_E_LIMIT (groups, 256 fields), KAO_E_NOMEM; then there is nothing to free. */
kao_status kao_groups_read(kao_groups *g, kao_mem *mem, kao_span text, const char *file,
                           const char *by, size_t most, kao_error *err);
void kao_groups_free(kao_groups *g); /* {0} is fine */

typedef struct kao_match_count {
    uint64_t pairs, matches;
} kao_match_count;

/* cells: n_groups * n_groups, filled where row <= column. vectors: n of dim floats, of length
 * 1 but for networks of distances; those not usable do not count or,
 * where reject says so, count as different from all others. A match: similarity >= threshold. */
void kao_count_matches(const float *vectors, size_t dim, const uint32_t *group,
                       const bool *usable, bool reject, size_t n, float threshold,
                       size_t n_groups, kao_match_count *cells);

#endif
