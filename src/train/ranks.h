/* Processes that train one network together, started by mpirun: rank 0, 1, ... of so many.
 *
 * All make the same collective calls in the same order. What fails (a rank that is gone, a
 * connection that broke) fails for good: later calls do nothing, kao_ranks_check tells it, so
 * that one look after several calls is enough. Waiting polls; ranks on the same machine are
 * looked after by their process numbers, so that nobody waits for one that was killed.
 *
 * NULL is one process alone: every call is allowed and does nothing. A build without MPI knows
 * no other (ranks_alone.c). One thread calls. */
#ifndef KAO_TRAIN_RANKS_H
#define KAO_TRAIN_RANKS_H

#include "base/cancel.h"
#include "base/error.h"

typedef struct kao_ranks kao_ranks;

/* *out: NULL where the process was not started by mpirun, or as the only one. cancel: where it
 * is requested, others that are out of sight have GRACE seconds (ranks.c) to answer. Errors:
 * KAO_E_UNSUPPORTED (one of several processes, in a build without MPI), KAO_E_NOMEM, KAO_E_IO. */
kao_status kao_ranks_begin(kao_ranks **out, kao_mem *mem, const kao_cancel *cancel,
                           kao_error *err);
/* st: how the work ended. A failure that the others do not share leaves them: mpirun ends them
 * when this process ends with a status other than 0. */
void kao_ranks_end(kao_ranks *r, kao_status st);

uint32_t kao_ranks_count(const kao_ranks *r);
uint32_t kao_ranks_index(const kao_ranks *r);
/* Rank 0, or the lowest that is still there: who tells people, and writes files. */
bool kao_ranks_leads(const kao_ranks *r);

/* Begun: x is the sum over all ranks after kao_ranks_wait, and not to be touched before. */
void kao_ranks_sum_begin(kao_ranks *r, float *x, size_t n);
/* Begun: p is rank `from`'s. */
void kao_ranks_share_begin(kao_ranks *r, void *p, size_t bytes, uint32_t from);
/* Go on with what was begun, without waiting. */
void kao_ranks_poll(kao_ranks *r);
void kao_ranks_wait(kao_ranks *r);

/* At once, over all ranks. */
void kao_ranks_sum(kao_ranks *r, double *x, size_t n);
void kao_ranks_max(kao_ranks *r, double *x, size_t n);
/* Rank k has piece k of p, of so many bytes each; afterwards all have all. */
void kao_ranks_gather(kao_ranks *r, void *p, size_t bytes);

/* What failed between the ranks; KAO_OK: nothing. */
kao_status kao_ranks_check(const kao_ranks *r, kao_error *err);
/* The failure of the lowest rank that has one becomes everybody's. */
kao_status kao_ranks_agree(kao_ranks *r, kao_status st, kao_error *err);

#endif
