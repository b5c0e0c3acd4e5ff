/* The server's log: lines with the time before them, to whoever started it. */
#ifndef KAO_SERVER_LOG_H
#define KAO_SERVER_LOG_H

#include "server/server.h"

/* printf form; control characters show as '?'. Any thread. */
void kao_log(const kao_server_options *o, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
