/* CPU detection. GCC's and Clang's __builtin_cpu_supports asks CPUID and XGETBV, so a
 * kernel that does not save the wide registers counts as not having them. */
#include "base/cpu.h"

#include <string.h>
#include <unistd.h>

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
#endif
    return mask;
}

bool kao_cpu_mask(const char *name, uint32_t have, uint32_t *mask)
{
    uint32_t want = 0;

    if (!name || strcmp(name, "native") == 0) {
        *mask = have;
        return true;
    }
    if (strcmp(name, "ref") == 0)
        want = 0;
    else if (strcmp(name, "avx2") == 0)
        want = KAO_CPU_AVX2;
    else if (strcmp(name, "avx512") == 0)
        want = KAO_CPU_AVX2 | KAO_CPU_AVX512;
    else
        return false;
    if ((want & have) != want)
        return false;
    if (want & KAO_CPU_AVX512)
        want |= have & (KAO_CPU_VNNI | KAO_CPU_BF16);
    *mask = want;
    return true;
}

const char *kao_cpu_name(uint32_t mask)
{
    return mask & KAO_CPU_AVX512 ? "avx512" : mask & KAO_CPU_AVX2 ? "avx2" : "ref";
}

uint32_t kao_cpu_count(void)
{
    const long n = sysconf(_SC_NPROCESSORS_ONLN);

    return n < 1 ? 1 : (uint32_t)n;
}
