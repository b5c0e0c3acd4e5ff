/* In a build without libmicrohttpd there is no server. */
#include "base/error.h"
#include "server/server.h"

kao_status kao_server_ready(kao_error *err)
{
    return kao_fail(err, KAO_E_UNSUPPORTED,
                    "this build has no server (it was made without libmicrohttpd "
                    "or SQLite)");
}

kao_status kao_server_start(kao_context *ctx, kao_server **out,
                            const kao_server_options *options, kao_error *err)
{
    (void)ctx, (void)options;
    *out = NULL;
    return kao_server_ready(err);
}

uint16_t kao_server_port(const kao_server *server)
{
    (void)server;
    return 0;
}

void kao_server_code(kao_server *server, char to[KAO_SERVER_CODE_BYTES])
{
    (void)server;
    to[0] = '\0';
}

bool kao_server_stop(kao_server *server)
{
    (void)server;
    return true;
}
