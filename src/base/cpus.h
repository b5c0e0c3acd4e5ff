/* How many CPUs this process may use: those of the machine, those it may be scheduled on,
 * and the share that its control group grants. */
#ifndef KAO_BASE_CPUS_H
#define KAO_BASE_CPUS_H

#include <stdint.h>

typedef struct kao_cpus {
    uint32_t online;  /* of the machine */
    uint32_t allowed; /* by the calling thread's affinity */
    double quota;     /* CPUs' worth of time, the least up the tree; 0: no limit */
    uint32_t
        usable; /* allowed, or the quota rounded up where that is less; 1 at least */
} kao_cpus;

/* root: where /proc and /sys are read, "" for the real ones. What cannot be read sets no
 * limit. */
kao_cpus kao_cpus_find(const char *root);

#endif
