/* A tape of a network of tape_networks.h, with its input filled. */
#ifndef KAO_TESTS_TAPE_SETUP_H
#define KAO_TESTS_TAPE_SETUP_H

#include "nn/tape.h"
#include "tape_networks.h"

typedef struct tape_setup {
    kao_context *ctx;
    kao_network *net;
    kao_tape *t;
} tape_setup;

tape_setup tape_make(const pb *file, const kao_tensor *in, uint32_t threads,
                     const char *cpu);
void tape_end(tape_setup *s);
/* Element i, counted as NCHW, of a tensor that lies otherwise. */
float *tape_at(const kao_tensor *t, float *data, size_t i);
/* The gradient of output k: noise. */
void tape_fill_gradient(kao_tape *t, uint32_t k);
/* The same bits in numbers and gradients of all parameters. */
void tape_same_params(const kao_tape *a, const kao_tape *b);

#endif
