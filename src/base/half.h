/* IEEE 754 binary16, as bits, to and from float. */
#ifndef KAO_BASE_HALF_H
#define KAO_BASE_HALF_H

#include <stdint.h>
#include <string.h>

/* Exactly; by masks, without branches, so that compilers do several at a time. */
static inline float kao_half_to_float(uint16_t h)
{
    const uint32_t rest = h & 0x7fff, sign = (uint32_t)(h & 0x8000) << 16;
    const uint32_t is_small = -(uint32_t)(rest < 0x400), /* below 2^-14 */
        is_large = -(uint32_t)(rest >= 0x7c00);          /* infinite, or NaN */
    const float multiple = (float)(int32_t)rest * (1.0f / 16777216); /* of 2^-24 */
    uint32_t u = 0;
    float f;

    memcpy(&u, &multiple, 4);
    u = (u & is_small) |
        (((rest << 13) + (112u << 23) + (is_large & 112u << 23)) & ~is_small) | sign;
    memcpy(&f, &u, 4);
    return f;
}

/* The nearest one, of two the even; from 65520 on infinity. */
static inline uint16_t kao_float_to_half(float v)
{
    uint32_t u = 0;

    memcpy(&u, &v, 4);
    const uint32_t sign = u >> 16 & 0x8000;

    u &= 0x7fffffff;
    if (u > 0x7f800000)
        return (uint16_t)(sign | 0x7e00); /* NaN */
    if (u >= 0x47800000)
        return (uint16_t)(sign | 0x7c00); /* from 2^16 on */
    if (u < 0x38800000) {                 /* below 2^-14, the least normal one */
        float f = 0;

        memcpy(&f, &u, 4);
        f += 0.5f; /* whose last place is 2^-24: the sum rounds as it must */
        memcpy(&u, &f, 4);
        return (uint16_t)(sign | (u - 0x3f000000));
    }
    u += 0xfff + (u >> 13 & 1);
    return (uint16_t)(sign | ((u >> 13) - (112 << 10)));
}

#endif
