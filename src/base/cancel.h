/* The inside of kao_cancel. */
#ifndef KAO_BASE_CANCEL_H
#define KAO_BASE_CANCEL_H

#include <stdatomic.h>

#include "base/mem.h"

struct kao_cancel {
    kao_mem *mem;
    atomic_bool requested;
};

static inline bool kao_cancelled(const kao_cancel *c) /* NULL: no */
{
    return c && atomic_load_explicit(&c->requested, memory_order_relaxed);
}

#endif
