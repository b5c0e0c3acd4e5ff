/* The names and addresses under which others reach this machine: what a request's Host may be, and what a
 * certificate is for. */
#ifndef KAO_SERVER_HOSTS_H
#define KAO_SERVER_HOSTS_H

#include <stdbool.h>
#include <stddef.h>

enum { HOSTS_MOST = 48, HOST_BYTES = 254 };

typedef struct kao_hosts {
    size_t n;
    char name[HOSTS_MOST][HOST_BYTES]; /* IPv6 without brackets */
} kao_hosts;

/* One more, if it is not there yet. False: no name and no address, or there are too many. */
bool kao_hosts_add(kao_hosts *h, const char *name);
/* address: what the server listens on: itself, or of "0.0.0.0" and "::" those that the machine has in its
 * networks (no link-local ones). Then the machine's name under ".local" (another may be a new one each time, as containers'
 * are: a CA would have to be made for it), and its own addresses. */
void kao_hosts_of_machine(kao_hosts *h, const char *address);

/* Whether it is of this machine alone: "127.0.0.1", "::1", "localhost". */
bool kao_host_is_local(const char *name);
bool kao_host_is_address(const char *name);

#endif
