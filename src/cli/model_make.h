/* The part of `kao model` that writes architectures. */
#ifndef KAO_CLI_MODEL_MAKE_H
#define KAO_CLI_MODEL_MAKE_H

#include "cli/command.h"

/* items: NAME and FILE.onnx. Gives the exit status. */
int cli_model_make(kao_context *ctx, char *const *items, int n, uint32_t seed);

#endif
