/* Addresses of cameras and servers as people are told them: those often hold a password. */
#ifndef KAO_BASE_ADDRESS_H
#define KAO_BASE_ADDRESS_H

#include "base/error.h"

enum { KAO_ADDRESS_SHOWN = 200 };

/* An address without user, password, and what stands behind '?', '#' or in a part of the path with
 * an '=' (cameras take passwords there); anything else as it is. */
void kao_address_show(const char *address, char to[KAO_ADDRESS_SHOWN]);
/* The same in a message about it; one that has only a piece of the address is left out. */
void kao_address_hide(const char *address, kao_error *err);

#endif
