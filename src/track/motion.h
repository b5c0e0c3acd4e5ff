/* Where a face will be: a Kalman filter of constant velocity for each of x, y (of the box's
 * centre) and the logarithm of its size (the square root of its area).
 *
 * Lengths are in sizes of the face, times in seconds, so that near and far faces, fast and slow
 * videos are alike to it. Process noise is an acceleration (white, integrated over the step).
 * Source: R. E. Kalman, J. Basic Eng. 82 (1960); the noise as in Bar-Shalom, Estimation with
 * Applications to Tracking and Navigation (2001), 6.2. */
#ifndef KAO_TRACK_MOTION_H
#define KAO_TRACK_MOTION_H

#include "kao/face.h"

typedef struct kao_axis {
    double at, speed;  /* of the position */
    double pp, pv, vv; /* their covariances */
} kao_axis;

typedef struct kao_motion {
    kao_axis x, y, size; /* pixels; size: its logarithm */
    double aspect;       /* width to height, of the last box */
} kao_motion;

void kao_motion_begin(kao_motion *m, const kao_face *face);
/* dt seconds on; hidden: the face was not seen, its speed fades. */
void kao_motion_predict(kao_motion *m, double dt, int hidden);
/* Squared distance in deviations (chi-squared with 3 degrees of freedom where it is the face's). */
double kao_motion_distance(const kao_motion *m, const kao_face *face);
void kao_motion_update(kao_motion *m, const kao_face *face);
/* The box where it should be now; its points are moved with it. */
void kao_motion_place(const kao_motion *m, kao_face *face);

#endif
