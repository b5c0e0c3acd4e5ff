/* Addresses: the socket that a server listens on, and who is at the other end. */
#ifndef KAO_SERVER_LISTEN_H
#define KAO_SERVER_LISTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct sockaddr;

/* address: of this machine, IPv4 or IPv6; *port 0: a free one, which it then is. KAO_E_ARG: no address;
 * KAO_E_IO: the port is taken, not allowed. */
kao_status kao_listen(const char *address, uint16_t *port, int *listening,
                      kao_error *err);
/* As text; of an IPv4 address inside IPv6 the former; "" of any other kind. */
void kao_address_text(const struct sockaddr *from, char *to, size_t cap);

#endif
