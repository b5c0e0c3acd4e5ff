/* What the server has done, for /metrics. Counters are added to by one thread and read by others. */
#ifndef KAO_SERVER_STATS_H
#define KAO_SERVER_STATS_H

#include <stdatomic.h>
#include <stdint.h>

enum { STATS_BUCKETS = 9 };

typedef struct kao_stats {
    atomic_uint_fast64_t answered[6]; /* by the hundreds of their status */
    atomic_uint_fast64_t within[STATS_BUCKETS], all, microseconds; /* of /v1 */
    atomic_uint_fast64_t waiting, working;                         /* now */
} kao_stats;

/* Seconds, upper ends of within. */
static const double kao_stats_ends[STATS_BUCKETS] = { .002, .005, .01, .025, .05,
                                                      .1,   .25,  1,   5 };

#endif
