#include "kernels/kernels.h"

#include "base/cpu.h"
#include "kernels/fill.h"

void kao_kernels_init(kao_kernels *k, uint32_t cpu)
{
    kao_kernels_fill_ref(k); /* from here on every slot can be called */
    k->cpu = cpu;
#if defined(__x86_64__)
    if (cpu & KAO_CPU_AVX2)
        kao_kernels_fill_avx2(k);
    if (cpu & KAO_CPU_AVX512)
        kao_kernels_fill_avx512(k);
#endif
}
