/* See motion.h. */
#include "track/motion.h"

#include <math.h>

/* Deviations, in sizes of the face and seconds. A detector's boxes shake by some hundredths of
 * their side; heads start to move at some sizes a second. */
static const double seen_at = .06, seen_size = .08; /* of what is measured */
static const double starts_at = 4, starts_size = 1; /* of unknown speeds */
static const double turns_at = 12, turns_size = 3;  /* accelerations */
static const double fades = .5;  /* seconds in which a hidden face's speed halves */
static const double lost_at = 3; /* deviations grow no further than so many sizes */

static double size_of(const kao_face *f)
{
    const double area = (double)f->width * (double)f->height;

    return area > 1 ? sqrt(area) : 1;
}

static double center_x(const kao_face *f)
{
    return (double)f->x + (double)f->width / 2;
}

static double center_y(const kao_face *f)
{
    return (double)f->y + (double)f->height / 2;
}

static void begin(kao_axis *a, double at, double deviation, double speed)
{
    *a = (kao_axis){ .at = at, .pp = deviation * deviation, .vv = speed * speed };
}

void kao_motion_begin(kao_motion *m, const kao_face *face)
{
    const double s = size_of(face);

    begin(&m->x, center_x(face), seen_at * s, starts_at * s);
    begin(&m->y, center_y(face), seen_at * s, starts_at * s);
    begin(&m->size, log(s), seen_size, starts_size);
    m->aspect = face->height > 0 ? (double)(face->width / face->height) : 1;
}

static void predict(kao_axis *a, double dt, double acceleration, double keeps,
                    double most)
{
    const double q = acceleration * acceleration;

    a->at += a->speed * dt;
    a->speed *= keeps;
    a->pp += 2 * dt * a->pv + dt * dt * a->vv + q * dt * dt * dt * dt / 4;
    a->pv = keeps * (a->pv + dt * a->vv) + q * dt * dt * dt / 2;
    a->vv = keeps * keeps * a->vv + q * dt * dt;
    if (a->pp > most * most) { /* the whole covariance, so that it stays one */
        const double share = most * most / a->pp;

        a->pp *= share;
        a->pv *= share;
        a->vv *= share;
    }
}

void kao_motion_predict(kao_motion *m, double dt, int hidden)
{
    const double s = exp(m->size.at), keeps = hidden ? exp2(-dt / fades) : 1;

    predict(&m->x, dt, turns_at * s, keeps, lost_at * s);
    predict(&m->y, dt, turns_at * s, keeps, lost_at * s);
    predict(&m->size, dt, turns_size, keeps, lost_at);
}

static double distance(const kao_axis *a, double at, double deviation)
{
    const double d = at - a->at;

    return d * d / (a->pp + deviation * deviation);
}

double kao_motion_distance(const kao_motion *m, const kao_face *face)
{
    const double s = exp(m->size.at);

    return distance(&m->x, center_x(face), seen_at * s) +
           distance(&m->y, center_y(face), seen_at * s) +
           distance(&m->size, log(size_of(face)), seen_size);
}

static void update(kao_axis *a, double at, double deviation)
{
    const double all = a->pp + deviation * deviation;
    const double gain = a->pp / all, gain_speed = a->pv / all, d = at - a->at;

    a->at += gain * d;
    a->speed += gain_speed * d;
    a->vv -= gain_speed * a->pv;
    a->pv *= 1 - gain;
    a->pp *= 1 - gain;
}

void kao_motion_update(kao_motion *m, const kao_face *face)
{
    const double s = size_of(face);

    update(&m->x, center_x(face), seen_at * s);
    update(&m->y, center_y(face), seen_at * s);
    update(&m->size, log(s), seen_size);
    if (face->height > 0)
        m->aspect = (double)(face->width / face->height);
}

void kao_motion_place(const kao_motion *m, kao_face *face)
{
    const double s = exp(m->size.at), height = s / sqrt(m->aspect);
    const double old_x = center_x(face), old_y = center_y(face);
    const double grows = s / size_of(face);

    for (uint32_t i = 0; i < face->n_points && i < KAO_FACE_POINTS; i++) {
        face->points[i].x =
            (float)(m->x.at + ((double)face->points[i].x - old_x) * grows);
        face->points[i].y =
            (float)(m->y.at + ((double)face->points[i].y - old_y) * grows);
    }
    face->width = (float)(height * m->aspect);
    face->height = (float)height;
    face->x = (float)(m->x.at - height * m->aspect / 2);
    face->y = (float)(m->y.at - height / 2);
}
