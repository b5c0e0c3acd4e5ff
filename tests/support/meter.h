/* An allocator that counts, for tests of what a call takes, and that can fail once. */
#ifndef KAO_TESTS_METER_H
#define KAO_TESTS_METER_H

#include <stdatomic.h>
#include <stdbool.h>

#include "kao/context.h"

typedef struct meter {
    kao_allocator hooks; /* for kao_context_options */
    atomic_long live;
    atomic_size_t allocs; /* so far */
    long countdown;       /* of the call that fails; < 0: none does */
    bool fired;
} meter;

void *meter_alloc(void *user, size_t size, size_t align);
void meter_free(void *user, void *p);

/* meter m; meter_init(&m) before the context is made with &m.hooks. */
void meter_init(meter *m);

#endif
