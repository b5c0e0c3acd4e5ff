/* Who has tried wrong keys, and has to wait. Time is the caller's, in seconds from any beginning.
 *
 * Ten failures of a client's address (of IPv6 the first 64 bits, which one household has for itself) lock it
 * out for a minute, the next ten for two, up to an hour. A right key in between changes nothing: somebody who
 * has one could otherwise try others without end. What was long ago is forgotten. */
#ifndef KAO_SERVER_LOCKOUT_H
#define KAO_SERVER_LOCKOUT_H

#include <stdint.h>

enum {
    LOCKOUT_FAILURES = 10,
    LOCKOUT_SECONDS = 60,
    LOCKOUT_DOUBLINGS = 6, /* 64 minutes at most */
    LOCKOUT_FADES = 900,   /* seconds after which failures no longer count */
    LOCKOUT_FORGETS = 86400,
    LOCKOUT_PLACES =
        256, /* clients at once; the one whose last failure is oldest goes */
    LOCKOUT_CLIENT = 48,
};

typedef struct kao_lockout {
    struct lockout_place {
        char client[LOCKOUT_CLIENT];
        uint32_t failures, times;
        uint64_t last, until;
    } place[LOCKOUT_PLACES];
} kao_lockout;

/* What a client is known by: the first 64 bits of an IPv6 address; others as they are. */
void kao_lockout_client(const char *address, char to[LOCKOUT_CLIENT]);
/* Seconds that this client has to wait; 0: it may try. */
uint32_t kao_lockout_left(const kao_lockout *l, const char *client, uint64_t now);
/* It has tried a wrong one. Seconds of a lock-out that begins with it, or 0. */
uint32_t kao_lockout_failed(kao_lockout *l, const char *client, uint64_t now);

#endif
