/* The networks of test_tape.c; the first two as make_tape.py has them. */
#ifndef KAO_TESTS_TAPE_NETWORKS_H
#define KAO_TESTS_TAPE_NETWORKS_H

#include "support/builder.h"

/* Convolutions, normalisation with each activation, MaxPool, Resize: x (?,3,?,?) to a, p. */
pb tape_first(void);
/* Pools, gates, joins, rows, one slope twice: x (?,4,6,6) to e, o, l. */
pb tape_second(void);
/* h = x * w, w a number a channel; y = dropout(h). Dropout does not make the output itself, so
 * that only training keeps the step. */
pb tape_dropped(int64_t opset);
/* Values with several readers, normalisations behind each other, activations alone, joins;
 * outputs a, b, c at different depths, the first two of which are read on: x (?,4,?,?). */
pb tape_branches(void);
/* So many convolutions of 8 channels, each with a normalisation and a PReLU: x (?,8,?,?). */
pb tape_chain(int blocks);

#endif
