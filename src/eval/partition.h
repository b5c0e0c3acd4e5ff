/* How well groups of faces are the people: by pairs and by entropy. Pure functions.
 *
 *     precision     share of pairs within groups that are of one person
 *     recall        share of pairs of one person that are within a group
 *     F             their harmonic mean
 *     homogeneity   1 - H(person | group) / H(person): a group tells the person
 *     completeness  1 - H(group | person) / H(group): a person is in one group
 *     V             their harmonic mean (Rosenberg and Hirschberg 2007, beta 1)
 *
 * A share of no pairs, and a part of no entropy, is 1. */
#ifndef KAO_EVAL_PARTITION_H
#define KAO_EVAL_PARTITION_H

#include "base/error.h"
#include "base/mem.h"

typedef struct kao_partition_figures {
    size_t n_groups;
    double precision, recall, f;
    double homogeneity, completeness, v;
} kao_partition_figures;

/* group[i], person[i]: numbers of face i, any. KAO_E_NOMEM. */
kao_status kao_partition_measure(kao_partition_figures *f, kao_mem *mem,
                                 const uint32_t *group, const uint32_t *person,
                                 size_t n, kao_error *err);

/* DBSCAN for comparison, with two points (minPts 2, the face itself among them): every face with
 * another one within eps is a core, so that groups are what hangs together by pairs that are at
 * least so alike. All eps at once: a tree of the most alike pairs that join everything. */
typedef struct kao_alike_pair {
    float similarity;
    uint32_t a, b;
} kao_alike_pair;

/* n - 1 pairs of n vectors of dim floats, most alike first. KAO_E_NOMEM. */
kao_status kao_alike_tree(kao_alike_pair *tree, kao_mem *mem, const float *vectors,
                          size_t n, size_t dim, kao_error *err);
/* The groups of DBSCAN where similarity is at least least: group[i] is the number of one of the
 * group's faces. */
void kao_alike_cut(const kao_alike_pair *tree, size_t n, float least, uint32_t *group);

#endif
