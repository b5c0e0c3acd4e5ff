/* The curves of a training run: a page of plots from its log. */
#ifndef KAO_CLI_TRAIN_CURVES_H
#define KAO_CLI_TRAIN_CURVES_H

#include "kao/context.h"
#include "kao/status.h"

/* STATE/log.csv to STATE/curves.html: a plot of the loss, of its parts and of the rate over the
 * views. Errors: KAO_E_IO, KAO_E_FORMAT (the log), KAO_E_NOMEM. */
kao_status cli_train_curves(kao_context *ctx, const char *state, const char *title,
                            kao_error *err);

#endif
