/* kao/cluster.h: faces, grouped by person, when nobody has said who they are.
 *
 *     uint32_t group[N];
 *     size_t n_groups = 0;
 *     const kao_cluster_options o = { .size = sizeof o, .threshold = .4f, .picture = picture };
 *
 *     if (kao_cluster(ctx, vectors, N, dim, &o, group, &n_groups, &err) == KAO_OK)
 *         ...
 *
 * Groups begin as single faces; the two with the highest mean similarity (of all pairs of a face
 * of one and a face of the other) become one, and so on while that mean is at least the threshold
 * (agglomerative clustering, average linkage). One odd picture that is like two people does
 * not join them, as it would where the most alike pair decides.
 *
 * What is known beforehand is kept: two faces of one picture are never one person, faces
 * that somebody has named stay with that name, and who is not whom stays so. */
#ifndef KAO_CLUSTER_H
#define KAO_CLUSTER_H

#include "kao/context.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { KAO_CLUSTER_MAX_FACES = 1 << 26, KAO_CLUSTER_MAX_NEIGHBOURS = 1024 };

typedef struct kao_cluster_options { /* fill with {0}, then size and threshold */
    uint32_t size;                   /* sizeof(kao_cluster_options) */
    float threshold; /* mean similarity from which on groups are one, -1..1 */
    /* So many of the most alike are kept for each face or group at a time; 0: 32. It bounds the
     * memory; where faces have more of them, groups may grow in another order. */
    uint32_t neighbours;
    /* n numbers, or NULL: faces with the same one are of one picture and are not joined; 0: is
     * not told. */
    const uint32_t *picture;
    /* n numbers, or NULL: faces with the same one are a group from the start, also where they are
     * unlike or of one picture. Groups of different positive ones are not joined, those of
     * negative ones may be; 0: is not known. */
    const int32_t *fixed;
    /* n_apart pairs of faces, or NULL: two groups that have a pair between them are not joined. A
     * group that has both from the start, by `fixed`, stays. */
    const uint32_t *apart;
    size_t n_apart;
} kao_cluster_options;

/* Group n vectors of dim floats, one behind the other (of length 1; others count as
 * kao_similarity has it: 1 - d * d / 2).
 *
 * groups    out: n of them, from 0 on: the largest group is 0, of equally large ones that with the
 *           first face.
 * n_groups  out: how many there are. n = 0 is none.
 *
 * At the end no two groups that may be joined have a mean similarity of threshold or more. Where no
 * face has more than `neighbours` others at threshold or above, groups are joined in exactly the
 * order told above; where some have, in that order of those that are kept. Equals go by index: the
 * result depends on the input alone, not on threads.
 *
 * Memory: a copy of the vectors, at most (20 * neighbours + 64) bytes a face, and 16 a pair. Time: n * n * dim
 * multiply-adds on the context's threads, then about n * neighbours * dim on one.
 *
 * Errors: KAO_E_ARG (no vectors or room for groups, a number of a vector that is not finite, or so
 * large that its square is not; a threshold that is no similarity; a pair of a face that is not
 * there), KAO_E_LIMIT (more faces,
 * neighbours or floats than above, 65536 floats a vector), KAO_E_NOMEM. */
KAO_API kao_status kao_cluster(kao_context *ctx, const float *vectors, size_t n,
                               size_t dim, const kao_cluster_options *options,
                               uint32_t *groups, size_t *n_groups, kao_error *err);

#ifdef __cplusplus
}
#endif
#endif
