/* Filling the table, level by level. */
#include "kernels/kernels.h"

#include "base/cpu.h"
#include "kernels/fill.h"

typedef struct level {
    uint32_t needs;
    void (*fill)(kao_kernels *k);
} level;

#define LEVEL(name, needs, uses) { needs, kao_kernels_fill_##name },
static const level levels[] = { KAO_CPU_LEVELS(LEVEL) };

void kao_kernels_init(kao_kernels *k, uint32_t cpu)
{
    /* The first, ref, needs nothing: from then on every slot can be called. */
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++)
        if ((cpu & levels[i].needs) == levels[i].needs)
            levels[i].fill(k);
#if defined(__x86_64__)
    if ((cpu & KAO_CPU_BF16) && (cpu & KAO_CPU_AVX512))
        kao_kernels_fill_bf16(k);
    if ((cpu & KAO_CPU_VNNI) && (cpu & KAO_CPU_AVX512))
        kao_kernels_fill_vnni(k);
#elif defined(__aarch64__)
    if (cpu & KAO_CPU_DOTPROD)
        kao_kernels_fill_dotprod(k);
#endif
    k->cpu = cpu;
}
