/* What somebody says of an album's groups, and which of them are to be asked about. */
#ifndef KAO_SERVER_ALBUM_REVIEW_H
#define KAO_SERVER_ALBUM_REVIEW_H

#include "server/job_album.h"

/* Pairs of groups that may be one person, the most alike first, into a list of {"group", "other",
 * "similarity"}: those whose mean similarity is below the groups' threshold, though not by much,
 * and that nothing tells apart: no picture with both, no two people of the gallery, nobody's word.
 * dim: numbers of a vector of the first model. */
kao_status kao_album_pairs(const kao_album *a, size_t dim, kao_json *list,
                           kao_error *err);
/* See kao_job_kind.enrol. Groups from which it was told apart are kept apart in the gallery, too. */
void kao_album_enrol(kao_job *j, kao_worker *w, kao_call *c, int64_t group);

#endif
