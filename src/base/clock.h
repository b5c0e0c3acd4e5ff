/* Time that only goes on, from a beginning of the system's choice. */
#ifndef KAO_BASE_CLOCK_H
#define KAO_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t kao_clock_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static inline double kao_clock_seconds(void)
{
    return (double)kao_clock_ns() * 1e-9;
}

/* Seconds since 1970, as people count time; it may be set, and go back. */
static inline double kao_clock_wall(void)
{
    struct timespec t;

    clock_gettime(CLOCK_REALTIME, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

#endif
