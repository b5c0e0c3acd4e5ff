/* The networks of test_tape.c; the first two as make_tape.py has them. */
#ifndef KAO_TESTS_TAPE_NETWORKS_H
#define KAO_TESTS_TAPE_NETWORKS_H

#include "support/builder.h"

/* Convolutions, normalisation with each activation, MaxPool, Resize: x (?,3,?,?) to a, p. */
pb tape_first(void);
/* Pools, gates, joins, rows, one slope twice: x (?,4,6,6) to e, o, l. */
pb tape_second(void);
/* y = dropout(x * w), w a number a channel. Dropout does not make the output itself, so that
 * only training keeps the step. */
pb tape_dropped(int64_t opset);

#endif
