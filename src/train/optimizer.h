/* AdamW or SGD with momentum, and a running mean of the weights. With g the gradient:
 *
 *   AdamW
 *   m = b1*m + (1-b1)*g      v = b2*v + (1-b2)*g^2
 *   w = w - rate * (m / (1-b1^t) / (sqrt(v / (1-b2^t)) + eps) + decay * w)
 *   SGD
 *   m = momentum * m + g + decay * w      w = w - rate * m
 *
 * Kingma and Ba, arXiv:1412.6980; Loshchilov and Hutter, arXiv:1711.05101. Decay falls on
 * weights alone, not on biases, normalisations and slopes. */
#ifndef KAO_TRAIN_OPTIMIZER_H
#define KAO_TRAIN_OPTIMIZER_H

#include "nn/tape.h"
#include "train/ranks.h"

typedef enum kao_optimizer_kind { KAO_ADAMW, KAO_SGD } kao_optimizer_kind;

typedef struct kao_optimizer {
    kao_optimizer_kind kind;
    kao_mem *mem;
    kao_param *params; /* the tape's */
    uint32_t n_params;
    float **m, **v, **mean; /* by parameter; mean: of its data, over steps */
    float **sums;           /* of gradients so far; NULL: a step has one backward run */
    /* Of those, rows that took part in one of them; NULL: as sums, or all rows do. */
    uint8_t **live;
    uint64_t step;
    float beta1, beta2, epsilon, momentum, decay, mean_decay;
    kao_ranks *ranks; /* that have parts of parameters; NULL: none */
    float clip;       /* largest norm of all gradients together; 0: none */
} kao_optimizer;

/* gathers: gradients of several backward runs make a step. */
kao_status kao_optimizer_init(kao_optimizer *o, kao_tape *t, bool gathers,
                              kao_error *err);
void kao_optimizer_fini(kao_optimizer *o);
/* After backward run k of n: the gradients become the mean of all n at the last one. */
void kao_optimizer_gather(kao_optimizer *o, int k, int n);
/* One step; gives the norm of the gradients before clipping. */
double kao_optimizer_step(kao_optimizer *o, float rate);
/* The parameters' data and their running means change places. */
void kao_optimizer_swap_mean(kao_optimizer *o);

#endif
