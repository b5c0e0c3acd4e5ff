/* The part of `kao model` that puts a card into a model file. */
#ifndef KAO_CLI_MODEL_CARD_H
#define KAO_CLI_MODEL_CARD_H

#include "cli/command.h"

/* items: FILE.onnx, CARD and OUT.onnx. Gives the exit status. */
int cli_model_card(kao_context *ctx, char *const *items, int n);

#endif
