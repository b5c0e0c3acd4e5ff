/* See margin.h. */
#include "train/margin.h"

#include <math.h>

static const double PI = 3.14159265358979323846, CLOSE = 1e-4;

static double clamp(double v, double lo, double hi)
{
    return v < lo ? lo : v > hi ? hi : v;
}

static double combined(const kao_margin *m, double c, double *slope)
{
    const double t = acos(c),
                 turn = (PI - m->m2) / m->m1; /* the angle where it turns back */

    *slope = 1;
    if (m->guard == KAO_GUARD_EASY && c <= 0)
        return c - m->m3;
    if (m->guard == KAO_GUARD_HARD && t >= turn)
        return m->m1 < 1 || m->m1 > 1 ? c - cos(turn) - 1 - m->m3
                                      : c - m->m2 * sin(m->m2) - m->m3;
    const double at = acos(clamp(c, CLOSE - 1, 1 - CLOSE));

    if (m->m2 > 0 || m->m1 < 1 || m->m1 > 1) /* CosFace has the slope 1 exactly */
        *slope = m->m1 * sin(m->m1 * at + m->m2) / sin(at);
    return cos(m->m1 * t + m->m2) - m->m3;
}

/* psi(t) = (-1)^k cos(4 t) - 2 k, k = floor(4 t / pi): a cosine that falls all the way. */
static double sphere(double c, double lambda, double *slope)
{
    const double t = acos(c), k = fmin(floor(4 * t / PI), 3);
    const double sign = fmod(k, 2) > 0 ? -1 : 1;
    const double at = acos(clamp(c, CLOSE - 1, 1 - CLOSE));
    const double psi = sign * cos(4 * t) - 2 * k;

    *slope = (lambda + sign * 4 * sin(4 * at) / sin(at)) / (1 + lambda);
    return (lambda * c + psi) / (1 + lambda);
}

static double adaface(const kao_margin *m, double c, double q, double *slope)
{
    static const double EDGE = 1e-3;
    const double t = acos(c) - m->m2 * q, inside = clamp(t, EDGE, PI - EDGE);
    const double at = acos(clamp(c, CLOSE - 1, 1 - CLOSE));

    *slope = t < inside || t > inside ? 0 : sin(inside) / sin(at);
    return cos(inside) - (m->m2 + m->m2 * q);
}

double kao_margin_target(const kao_margin *m, double c, double quality, double lambda,
                         double *slope)
{
    double value = c;

    c = clamp(c, -1, 1);
    *slope = 1;
    if (m->kind == KAO_MARGIN_COMBINED)
        value = combined(m, c, slope);
    else if (m->kind == KAO_MARGIN_SPHERE)
        value = sphere(c, lambda, slope);
    else if (m->kind == KAO_MARGIN_ADAFACE)
        value = adaface(m, c, quality, slope);
    if (m->straight)
        *slope = 1;
    return value;
}

kao_margin kao_margin_part(const kao_margin *m, double share)
{
    kao_margin part = *m;

    part.m1 = 1 + share * (m->m1 - 1);
    part.m2 = share * m->m2;
    part.m3 = share * m->m3;
    return part;
}

double kao_margin_lambda(uint64_t step)
{
    return fmax(5, 1000 / (1 + 0.12 * (double)step));
}

double kao_margin_random_loss(const kao_margin *m, uint32_t classes)
{
    double slope = 0;
    const double z = m->kind == KAO_MARGIN_COMBINED || m->kind == KAO_MARGIN_ADAFACE
                         ? m->scale * kao_margin_target(m, 0, 0, 0, &slope)
                         : 0;

    /* log(e^z + classes - 1) - z */
    return z > 0 ? log1p((classes - 1) * exp(-z)) : log(exp(z) + classes - 1) - z;
}
