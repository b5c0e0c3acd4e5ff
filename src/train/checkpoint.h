/* What a run goes on from: weights, moments, running means, counters. It is the same for any
 * number of ranks: what they have parts of is gathered. */
#ifndef KAO_TRAIN_CHECKPOINT_H
#define KAO_TRAIN_CHECKPOINT_H

#include "train/optimizer.h"
#include "train/recipe.h"

typedef struct kao_checkpoint {
    kao_mem *mem;
    const kao_recipe *r;
    kao_optimizer *opt;
    double seconds;  /* trained so far, in all sessions */
    uint64_t before; /* views that the first weights were trained on; 01: none */
} kao_checkpoint;

/* KAO_E_LIMIT: it is too large to be kept. Of a run that begins, before it has trained in vain. */
kao_status kao_checkpoint_fits(const kao_checkpoint *c, const char *path,
                               kao_error *err);
/* All ranks call; the one that leads writes. */
kao_status kao_checkpoint_write(const kao_checkpoint *c, const char *path,
                                kao_error *err);
/* Nothing at path is the beginning, and fine; another recipe's is refused. */
kao_status kao_checkpoint_read(kao_checkpoint *c, const char *path, kao_error *err);

#endif
