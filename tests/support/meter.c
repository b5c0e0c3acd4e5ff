/* See meter.h. */
#include "support/meter.h"

#include <stdlib.h>

void *meter_alloc(void *user, size_t size, size_t align)
{
    meter *m = user;
    void *p = NULL;

    if (m->countdown >= 0 && m->countdown-- == 0) {
        m->fired = true;
        return NULL;
    }
    if (posix_memalign(&p, align, size))
        return NULL;
    atomic_fetch_add(&m->live, 1);
    atomic_fetch_add(&m->allocs, 1);
    return p;
}

void meter_free(void *user, void *p)
{
    atomic_fetch_sub(&((meter *)user)->live, 1);
    free(p);
}

void meter_init(meter *m)
{
    *m = (meter){ .hooks = { meter_alloc, meter_free, m }, .countdown = -1 };
}
