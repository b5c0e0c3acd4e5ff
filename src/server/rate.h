/* How many requests one client may send. Time is the caller's, in seconds from any beginning.
 *
 * A token bucket for each address (of IPv6 the first 64 bits): `rate` requests a second in the long
 * run, twice as many at once. One caller at a time. */
#ifndef KAO_SERVER_RATE_H
#define KAO_SERVER_RATE_H

#include "server/lockout.h"

enum {
    RATE_PLACES = 256
}; /* clients at once; the one that was here longest ago goes */

typedef struct kao_rate_limit {
    double rate; /* 0: no limit */
    struct rate_place {
        char client[LOCKOUT_CLIENT];
        double tokens, last;
    } place[RATE_PLACES];
} kao_rate_limit;

/* Seconds that this client has to wait; 0: it may go on, and that was one of its requests. */
unsigned kao_rate_take(kao_rate_limit *r, const char *client, double now);

#endif
