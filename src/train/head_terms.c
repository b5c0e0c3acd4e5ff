/* See head_terms.h. */
#include "train/head_terms.h"

#include <math.h>

#include "kernels/dot.h"

static const double PI = 3.14159265358979323846;

static double cosine_of(const float *a, const float *b, size_t n)
{
    return fmin(fmax(kao_dot_f64(a, b, n), -1), 1);
}

static void add(float *to, const float *from, double weight, size_t n)
{
    for (size_t i = 0; i < n; i++)
        to[i] += (float)(weight * (double)from[i]);
}

/* Slope of the angle by its cosine, bounded. */
static double angle_slope(double c)
{
    return -1 / sqrt(1 - fmin(c * c, 1 - 1e-6));
}

double kao_head_intra(double cosine, double weight, float *gradient)
{
    const double c = fmin(fmax(cosine, -1), 1);

    *gradient += (float)(weight * angle_slope(c) / PI);
    return weight * acos(c) / PI;
}

double kao_head_inter(const float *rows, size_t n, size_t dim, size_t own, size_t step,
                      double weight, float *gradient)
{
    const double each = weight / (PI * fmax((double)(n / step) - 1, 1));
    const float *mine = rows + own * dim;
    double loss = 0;

    for (size_t j = 0; j < n; j += step) {
        const float *other = rows + j * dim;

        if (j == own)
            continue;
        const double c = cosine_of(mine, other, dim), by_c = -each * angle_slope(c);

        loss -= each * acos(c);
        add(gradient + own * dim, other, by_c, dim);
        add(gradient + j * dim, mine, by_c, dim);
    }
    return loss;
}

double kao_head_triplet(const float *x, const uint32_t *labels, size_t n, size_t dim,
                        double weight, double margin, float *gradient)
{
    double loss = 0;

    for (size_t i = 0; i < n; i++) {
        size_t far = n, near = n;
        double lowest = 2, highest = -2;

        for (size_t j = 0; j < n; j++) {
            const double c = cosine_of(x + i * dim, x + j * dim, dim);

            if (j != i && labels[j] == labels[i] && c < lowest) {
                lowest = c;
                far = j;
            } else if (labels[j] != labels[i] && c > highest) {
                highest = c;
                near = j;
            }
        }
        if (far == n || near == n)
            continue;
        const double gap = acos(lowest) + margin - acos(highest);
        const double up = weight * angle_slope(lowest) / (double)n,
                     down = -weight * angle_slope(highest) / (double)n;

        if (gap <= 0)
            continue;
        loss += weight * gap / (double)n;
        add(gradient + i * dim, x + far * dim, up, dim);
        add(gradient + far * dim, x + i * dim, up, dim);
        add(gradient + i * dim, x + near * dim, down, dim);
        add(gradient + near * dim, x + i * dim, down, dim);
    }
    return loss;
}
