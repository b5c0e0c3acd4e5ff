/* CPU detection. GCC's and Clang's __builtin_cpu_supports asks CPUID and XGETBV, so a
 * register set that the system does not save counts as not there. It does not know SHA in
 * all of their versions: CPUID leaf 7, EBX bit 29 (Intel SDM 2A, CPUID). On arm64 the kernel
 * tells, by the bits of AT_HWCAP. */
#include "base/cpu.h"

#if defined(__x86_64__)
# include <cpuid.h>
#elif defined(__aarch64__)
# include <sys/auxv.h>
#endif
#include <stdio.h>
#include <string.h>

#define LEVEL(name, needs, uses) { #name, needs, uses },
static const kao_cpu_level levels[] = { KAO_CPU_LEVELS(LEVEL) };

enum { N_LEVELS = sizeof levels / sizeof levels[0] };

#if defined(__x86_64__)
static bool has_sha(void)
{
    unsigned a = 0, b = 0, c = 0, d = 0;

    return __builtin_cpu_supports("ssse3") && __builtin_cpu_supports("sse4.1") &&
           __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & 1u << 29);
}
#endif

uint32_t kao_cpu_detect(void)
{
    uint32_t mask = 0;
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        mask |= KAO_CPU_AVX2;
    if ((mask & KAO_CPU_AVX2) && __builtin_cpu_supports("avx512f") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512vl"))
        mask |= KAO_CPU_AVX512;
    if ((mask & KAO_CPU_AVX512) && __builtin_cpu_supports("avx512vnni"))
        mask |= KAO_CPU_VNNI;
    if ((mask & KAO_CPU_AVX512) && __builtin_cpu_supports("avx512bf16"))
        mask |= KAO_CPU_BF16;
    if (has_sha())
        mask |= KAO_CPU_SHA;
#elif defined(__aarch64__)
    mask |= KAO_CPU_NEON;
    if (getauxval(AT_HWCAP) & HWCAP_ASIMDDP)
        mask |= KAO_CPU_DOTPROD;
#endif
    return mask;
}

const kao_cpu_level *kao_cpu_level_at(size_t i)
{
    return i < N_LEVELS ? &levels[i] : NULL;
}

static bool has(uint32_t mask, const kao_cpu_level *l)
{
    return (mask & l->needs) == l->needs;
}

bool kao_cpu_mask(const char *name, uint32_t have, uint32_t *mask)
{
    if (!name || strcmp(name, "native") == 0) {
        *mask = have;
        return true;
    }
    for (size_t i = 0; i < N_LEVELS; i++)
        if (strcmp(name, levels[i].name) == 0 && has(have, &levels[i])) {
            *mask = have & (levels[i].needs | levels[i].uses);
            return true;
        }
    return false;
}

const char *kao_cpu_name(uint32_t mask)
{
    size_t i = N_LEVELS - 1;

    while (i > 0 && !has(mask, &levels[i]))
        i--;
    return levels[i].name;
}

char *kao_cpu_names(uint32_t have, char *text, size_t size)
{
    size_t n = 0;

    text[0] = '\0';
    for (size_t i = 0; i < N_LEVELS && n < size; i++)
        if (has(have, &levels[i]))
            n += (size_t)snprintf(text + n, size - n, "%s%s", i ? ", " : "",
                                  levels[i].name);
    return text;
}
