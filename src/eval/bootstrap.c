/* See bootstrap.h. */
#include "eval/bootstrap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/random.h"

enum { PURPOSE = 11 }; /* of the stream */

void kao_bootstrap_draw(uint64_t seed, uint32_t round, uint32_t *times, size_t n)
{
    kao_random r = kao_random_stream(seed, round, PURPOSE);

    memset(times, 0, n * sizeof *times);
    for (size_t i = 0; i < n; i++)
        times[kao_random_below(&r, (uint32_t)n)]++;
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static double percentile(const double *sorted, size_t n, double share)
{
    const double at = share * (double)(n - 1);
    const size_t i = (size_t)at;
    const double next = i + 1 < n ? sorted[i + 1] : sorted[i];

    return sorted[i] + (at - (double)i) * (next - sorted[i]);
}

kao_interval kao_bootstrap_interval(double *values, size_t n)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++)
        if (!isnan(values[i]))
            values[kept++] = values[i];
    if (kept == 0)
        return (kao_interval){ (double)NAN, (double)NAN };
    qsort(values, kept, sizeof *values, by_value);
    return (kao_interval){ percentile(values, kept, .025),
                           percentile(values, kept, .975) };
}
