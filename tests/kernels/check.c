/* The harness: tables of this machine, numbers from a seed, blocks with a guard page. */
#define _DEFAULT_SOURCE /* MAP_ANONYMOUS */

#include "check.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cpu.h"

enum { MAX_BLOCKS = 64 };

static struct {
    void *at;
    size_t bytes;
} blocks[MAX_BLOCKS];
static int n_blocks;
static uint32_t state = 1;

int check_isas(check_isa isas[CHECK_MAX_ISAS])
{
    const uint32_t have = kao_cpu_detect();
    int n = 0;

    for (size_t i = 0; kao_cpu_level_at(i); i++) {
        const char *name = kao_cpu_level_at(i)->name;
        uint32_t mask;

        if (!kao_cpu_mask(name, have, &mask))
            continue;
        if (n == CHECK_MAX_ISAS)
            fail_msg("more than %d levels", CHECK_MAX_ISAS);
        isas[n].name = name;
        kao_kernels_init(&isas[n++].k, mask);
    }
    return n;
}

void check_seed(uint32_t seed)
{
    state = seed * 2654435761u + 1;
}

uint32_t check_random(void) /* xorshift32 */
{
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

int check_int(int lo, int hi)
{
    return lo + (int)(check_random() % (uint32_t)(hi - lo + 1));
}

float check_float(void)
{
    return (float)(int32_t)(check_random() >> 7) / 16777216.0f - 1.0f;
}

static float *guarded(size_t n)
{
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    const size_t bytes = (n * sizeof(float) + page - 1) / page * page;
    char *p = mmap(NULL, bytes + page, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (p == MAP_FAILED || n_blocks == MAX_BLOCKS ||
        mprotect(p + bytes, page, PROT_NONE) != 0)
        fail_msg("no guarded block of %zu floats", n);
    blocks[n_blocks].at = p;
    blocks[n_blocks++].bytes = bytes + page;
    return (float *)(void *)(p + bytes - n * sizeof(float));
}

float *check_floats(size_t n)
{
    float *p = guarded(n);

    for (size_t i = 0; i < n; i++)
        p[i] = check_float();
    return p;
}

void check_to_bf16(float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;

        memcpy(&bits, &x[i], sizeof bits);
        bits &= 0xffff0000u;
        memcpy(&x[i], &bits, sizeof bits);
    }
}

float *check_canaries(size_t n)
{
    float *p = guarded(n);
    const int32_t c = CHECK_CANARY;

    for (size_t i = 0; i < n; i++)
        memcpy(&p[i], &c, sizeof c);
    return p;
}

int check_is_canary(float x)
{
    int32_t bits;

    memcpy(&bits, &x, sizeof bits);
    return bits == CHECK_CANARY;
}

void check_free_all(void)
{
    while (n_blocks > 0) {
        n_blocks--;
        munmap(blocks[n_blocks].at, blocks[n_blocks].bytes);
    }
}
