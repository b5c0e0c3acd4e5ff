/* In a build without libcurl there are no webhooks. */
#include "base/error.h"
#include "server/webhook.h"

kao_status kao_webhooks_start(kao_context *ctx, const kao_server_options *o,
                              kao_streams *streams, kao_webhooks **out, kao_error *err)
{
    (void)ctx, (void)streams;
    *out = NULL;
    return o->n_webhooks || o->webhook_ca
               ? kao_fail(err, KAO_E_UNSUPPORTED,
                          "--webhook: this build has no webhooks (it was "
                          "made without libcurl)")
               : KAO_OK;
}

void kao_webhooks_stop(kao_webhooks *all)
{
    (void)all;
}
