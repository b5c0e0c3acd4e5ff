/* See quantise.h. */
#include "gallery/quantise.h"

#include <math.h>

#include "kernels/kernels.h"

#define SLACK   (16.0 / 16777216) /* 16 * 2^-24 */
#define LONGEST 1e15

size_t kao_quantised_size(size_t dim)
{
    return (dim + KAO_SCAN_ALIGN - 1) / KAO_SCAN_ALIGN * KAO_SCAN_ALIGN;
}

/* A float that is not less: rounding takes 6e-8 of it at most. */
static float up(double x)
{
    return (float)(x * (1 + 1e-6));
}

typedef struct parts {
    float scale;
    double norm, residual, length; /* |s*a|, |r|, |x| */
} parts;

static bool split(const float *x, size_t dim, int8_t *to, parts *p)
{
    float most = 0;
    double norm = 0, residual = 0, length = 0;

    for (size_t i = 0; i < dim; i++) {
        if (!isfinite((double)x[i]))
            return false;
        most = fabsf(x[i]) > most ? fabsf(x[i]) : most;
    }
    const float scale = most / 127;
    const double s = (double)scale, inverse = scale > 0 ? 1 / s : 0;

    for (size_t i = 0; i < dim; i++) {
        const double v = (double)x[i], scaled = v * inverse,
                     a = fmin(fmax(scaled < 0 ? ceil(scaled - .5) : floor(scaled + .5),
                                   -127),
                              127),
                     r = v - s * a;

        to[i] = (int8_t)a;
        norm += a * a;
        residual += r * r;
        length += v * v;
    }
    *p = (parts){ scale, s * sqrt(norm), sqrt(residual), sqrt(length) };
    return true;
}

bool kao_quantise_row(const float *x, size_t dim, uint8_t *to, kao_quantised *terms)
{
    const size_t n = kao_quantised_size(dim);
    int8_t *a = (int8_t *)to;
    parts p;

    if (!split(x, dim, a, &p))
        return false;
    for (size_t i = 0; i < n; i++)
        to[i] = (uint8_t)((i < dim ? a[i] : 0) + 128);
    *terms = (kao_quantised){
        .scale = p.scale,
        .norm = up(p.norm),
        .residual = up(p.residual),
        /* a float that is not less */
        .offset = (float)(-p.length * p.length / 2 * (1 - SLACK) * (1 - 1e-6)),
    };
    if (p.length > LONGEST)
        *terms = (kao_quantised){ .offset = INFINITY };
    return true;
}

void kao_quantise_query(const float *y, size_t dim, int8_t *to, kao_quantised_query *q)
{
    const size_t n = kao_quantised_size(dim);
    parts p = { 0 };

    *q = (kao_quantised_query){ .is_long = !split(y, dim, to, &p) };
    for (size_t i = dim; i < n; i++)
        to[i] = 0;
    q->is_long |= p.length > LONGEST;
    if (q->is_long)
        return;
    q->scale = p.scale;
    q->error = up(p.residual * (1 + SLACK) + p.norm * SLACK);
    q->norm = up(p.length * (1 + SLACK));
    q->half = p.length * p.length / 2;
}

float kao_quantised_limit(const kao_quantised_query *q, float least)
{
    if (q->is_long || !(least > -1))
        return -INFINITY;
    const double l = (double)least, limit = l - 1 + q->half;

    return (float)(limit - SLACK * (fabs(l) + 1 + q->half) - 1e-7 - fabs(limit) * 1e-6);
}
