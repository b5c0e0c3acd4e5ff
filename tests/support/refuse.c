/* Preloaded into a program (LD_PRELOAD): allocation number REFUSE (from 0) of the C library's
 * is refused, once, and a byte written to descriptor 9 tells that it came to that. glibc. */
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

extern void *__libc_malloc(size_t n);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *p, size_t n);
extern void *__libc_memalign(size_t align, size_t n);

static atomic_long until_refused;

__attribute__((constructor)) static void begin(void)
{
    const char *n = getenv("REFUSE");

    atomic_store(&until_refused, n ? strtol(n, NULL, 10) : -1);
}

static int refused(void)
{
    if (atomic_fetch_sub(&until_refused, 1) != 0)
        return 0;
    errno = write(9, "x", 1) < 0 ? EBADF : ENOMEM;
    return 1;
}

void *malloc(size_t n)
{
    return refused() ? NULL : __libc_malloc(n);
}

void *calloc(size_t count, size_t size)
{
    return refused() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *p, size_t n)
{
    return refused() ? NULL : __libc_realloc(p, n);
}

int posix_memalign(void **p, size_t align, size_t n)
{
    *p = refused() ? NULL : __libc_memalign(align, n);
    return *p ? 0 : ENOMEM;
}
