/* The one place that calls malloc: counting, aligning, failing on demand. */
#define _DEFAULT_SOURCE /* madvise */
#include "base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* Large blocks ask for huge pages: activations are walked end to end again and again, and
 * one fault fills 2 MiB instead of 4 KiB. */
enum { HUGE_FROM = 4 << 20, HUGE_PAGE = 2 << 20 };

static void *libc_alloc(void *user, size_t size, size_t align)
{
    const bool huge = size >= HUGE_FROM;
    void *p = NULL;

    (void)user;
    if (posix_memalign(&p, huge ? (size_t)HUGE_PAGE : align, size) != 0)
        return NULL;
#ifdef MADV_HUGEPAGE
    if (huge)
        (void)madvise(p, size, MADV_HUGEPAGE); /* a wish: no matter if it is refused */
#endif
    return p;
}

static void libc_free(void *user, void *block)
{
    (void)user;
    free(block);
}

void kao_mem_init(kao_mem *mem, const kao_allocator *hooks)
{
    static const kao_allocator libc_hooks = { libc_alloc, libc_free, NULL };

    mem->hooks = hooks ? *hooks : libc_hooks;
    atomic_init(&mem->live, 0);
    for (int k = 0; k < KAO_FAULT_COUNT; k++) {
        atomic_init(&mem->countdown[k], -1);
        atomic_init(&mem->fired[k], false);
    }
}

bool kao_fault_now(kao_mem *mem, kao_fault kind)
{
    if (atomic_load_explicit(&mem->countdown[kind], memory_order_relaxed) < 0)
        return false;
    if (atomic_fetch_sub(&mem->countdown[kind], 1) != 0)
        return false;
    atomic_store(&mem->fired[kind], true);
    return true;
}

bool kao_fault_io(kao_mem *mem)
{
    if (!kao_fault_now(mem, KAO_FAULT_IO))
        return false;
    errno = EIO;
    return true;
}

void kao_fault_arm(kao_mem *mem, kao_fault kind, long long n)
{
    atomic_store(&mem->fired[kind], false);
    atomic_store(&mem->countdown[kind], n);
}

bool kao_fault_disarm(kao_mem *mem, kao_fault kind)
{
    atomic_store(&mem->countdown[kind], -1);
    return atomic_load(&mem->fired[kind]);
}

void *kao_alloc(kao_mem *mem, size_t n)
{
    if (n > PTRDIFF_MAX || kao_fault_now(mem, KAO_FAULT_ALLOC))
        return NULL;
    void *p = mem->hooks.alloc(mem->hooks.user, n ? n : 1, KAO_ALIGN);

    if (p)
        atomic_fetch_add_explicit(&mem->live, 1, memory_order_relaxed);
    return p;
}

void *kao_calloc(kao_mem *mem, size_t count, size_t size)
{
    size_t n = 0;

    if (__builtin_mul_overflow(count, size, &n))
        return NULL;
    void *p = kao_alloc(mem, n);

    if (p)
        memset(p, 0, n);
    return p;
}

void *kao_grow(kao_mem *mem, void *old, size_t old_n, size_t new_n)
{
    void *p = kao_alloc(mem, new_n);

    if (!p)
        return NULL;
    if (old)
        memcpy(p, old, old_n < new_n ? old_n : new_n);
    kao_free(mem, old);
    return p;
}

char *kao_strdup(kao_mem *mem, const char *s)
{
    const size_t n = strlen(s) + 1;
    char *p = kao_alloc(mem, n);

    if (p)
        memcpy(p, s, n);
    return p;
}

void kao_free(kao_mem *mem, void *p)
{
    if (!p)
        return;
    atomic_fetch_sub_explicit(&mem->live, 1, memory_order_relaxed);
    mem->hooks.free(mem->hooks.user, p);
}
