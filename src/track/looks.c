/* See track.h. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "track/track.h"

kao_status kao_looks_init(kao_looks *l, kao_mem *mem, size_t dim, kao_error *err)
{
    *l =
        (kao_looks){ .vectors = kao_calloc(mem, (KAO_LOOKS + 1) * dim, sizeof(float)) };
    return l->vectors ? KAO_OK : kao_fail(err, KAO_E_NOMEM, "tracks: out of memory");
}

void kao_looks_free(kao_looks *l, kao_mem *mem)
{
    kao_free(mem, l->vectors);
    *l = (kao_looks){ .n = 0 };
}

static double length_of(const float *v, size_t dim)
{
    double square = 0;

    for (size_t k = 0; k < dim; k++)
        square += (double)v[k] * (double)v[k];
    return sqrt(square);
}

/* The mean of those that are kept, as long as they are on the mean: good ones count for more. */
static void renew_mean(kao_looks *l, size_t dim)
{
    float *mean = l->vectors + KAO_LOOKS * dim;
    double lengths = 0, weights = 0;

    memset(mean, 0, dim * sizeof *mean);
    for (uint32_t i = 0; i < l->n; i++) {
        const float weight = l->quality[i] + .05f, *v = l->vectors + i * dim;

        lengths += (double)weight * length_of(v, dim);
        weights += (double)weight;
        for (size_t k = 0; k < dim; k++)
            mean[k] += weight * v[k];
    }
    const double length = length_of(mean, dim) * weights;

    for (size_t k = 0; length > 0 && k < dim; k++)
        mean[k] = (float)((double)mean[k] * lengths / length);
}

static void put(kao_looks *l, size_t dim, const float *vector, float quality)
{
    uint32_t at = 0;

    l->best = quality > l->best ? quality : l->best;
    if (l->n < KAO_LOOKS) {
        at = l->n++;
    } else {
        for (uint32_t i = 1; i < l->n; i++)
            if (l->quality[i] < l->quality[at])
                at = i;
        if (quality <= l->quality[at])
            return;
    }
    l->quality[at] = quality;
    memcpy(l->vectors + at * dim, vector, dim * sizeof *vector);
}

void kao_looks_add(kao_looks *l, size_t dim, const float *vector, float quality)
{
    put(l, dim, vector, quality);
    l->made++;
    renew_mean(l, dim);
}

void kao_looks_join(kao_looks *l, size_t dim, const kao_looks *other)
{
    for (uint32_t i = 0; i < other->n; i++)
        put(l, dim, other->vectors + i * dim, other->quality[i]);
    l->made += other->made;
    if (l->n)
        renew_mean(l, dim);
}

const float *kao_looks_mean(const kao_looks *l, size_t dim)
{
    return l->n ? l->vectors + KAO_LOOKS * dim : NULL;
}

float kao_looks_alike(const kao_looks *l, size_t dim, const float *vector)
{
    return l->n ? kao_similarity(l->vectors + KAO_LOOKS * dim, vector, dim) : NAN;
}
