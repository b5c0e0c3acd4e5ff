/* See detect_loss.h. */
#include "train/detect_loss.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

static const float BEND = 0.1f;               /* of smooth L1 */
static const float BOX = 1.0f, POINTS = 0.5f; /* weights of the parts */
static const float KNOWN_BOX = 2.0f;
static const double LARGEST = 8; /* logarithm of a box's size in strides */

static float smooth_l1(float d, float weight, double *loss)
{
    const float a = fabsf(d);

    *loss += (double)(weight * (a < BEND ? a * a / (2 * BEND) : a - BEND / 2));
    return weight * (a < BEND ? d / BEND : d > 0 ? 1 : -1);
}

float kao_focal(float z, float y, double *loss)
{
    const float p = 1 / (1 + expf(-z));
    /* -log p and -log(1 - p) without cancellation */
    const float soft = z > 0 ? z + log1pf(expf(-z)) : log1pf(expf(z));
    const float entropy = soft - y * z, d = p - y;

    *loss += (double)(d * d * entropy);
    return d * d * d + 2 * d * p * (1 - p) * entropy;
}

/* One axis: a box [low, high] against [low_w, high_w]; and what changes with its ends. */
typedef struct axis {
    double low, high, both, hull; /* both: 0 where they do not meet */
    double both_low, both_high, hull_low, hull_high; /* derivatives by the ends */
} axis;

static axis axis_of(double c, double size, double c_w, double size_w)
{
    const double low = c - size / 2, high = c + size / 2, low_w = c_w - size_w / 2,
                 high_w = c_w + size_w / 2;
    const double both = fmin(high, high_w) - fmax(low, low_w);

    return (axis){ .low = low,
                   .high = high,
                   .both = fmax(both, 0),
                   .hull = fmax(high, high_w) - fmin(low, low_w),
                   .both_low = both > 0 && low > low_w ? -1 : 0,
                   .both_high = both > 0 && high < high_w ? 1 : 0,
                   .hull_low = low < low_w ? -1 : 0,
                   .hull_high = high > high_w ? 1 : 0 };
}

typedef struct fit {
    axis x, y;
    double inter, joint, diagonal, distance; /* the last two: squares */
} fit;

/* Derivative of the loss by one end of the box on axis a; o: the other axis; off: how far the
 * centres are apart on a. */
static double by_end(const fit *f, const axis *a, const axis *o, double off, bool high)
{
    const double length = o->high - o->low;
    const double inter_by = (high ? a->both_high : a->both_low) * o->both,
                 joint_by = (high ? length : -length) - inter_by,
                 diagonal_by = 2 * a->hull * (high ? a->hull_high : a->hull_low);

    return (off * f->diagonal - f->distance * diagonal_by) /
               (f->diagonal * f->diagonal) -
           (inter_by * f->joint - f->inter * joint_by) / (f->joint * f->joint);
}

double kao_diou(const float box[4], const float want[4], float gradient[4],
                float *overlap)
{
    const double w = exp(fmin((double)box[2], LARGEST)),
                 h = exp(fmin((double)box[3], LARGEST)), want_w = exp((double)want[2]),
                 want_h = exp((double)want[3]);
    const double off_x = (double)box[0] - (double)want[0],
                 off_y = (double)box[1] - (double)want[1];
    fit f = { .x = axis_of((double)box[0], w, (double)want[0], want_w),
              .y = axis_of((double)box[1], h, (double)want[1], want_h),
              .distance = off_x * off_x + off_y * off_y };

    f.inter = f.x.both * f.y.both;
    f.joint = w * h + want_w * want_h - f.inter;
    f.diagonal = f.x.hull * f.x.hull + f.y.hull * f.y.hull;
    const double left = by_end(&f, &f.x, &f.y, off_x, false),
                 right = by_end(&f, &f.x, &f.y, off_x, true),
                 top = by_end(&f, &f.y, &f.x, off_y, false),
                 bottom = by_end(&f, &f.y, &f.x, off_y, true);

    gradient[0] = (float)(left + right);
    gradient[1] = (float)(top + bottom);
    gradient[2] = (float)((right - left) * w / 2);
    gradient[3] = (float)((bottom - top) * h / 2);
    *overlap = (float)(f.inter / f.joint);
    return 1 - f.inter / f.joint + f.distance / f.diagonal;
}

static bool is_taken(const float *want)
{
    return want[0] >= KAO_CELL_TAKEN;
}

static double score_of(float z)
{
    return 1 / (1 + exp(-(double)z));
}

void kao_detect_count(const float *z, const float *want, size_t n,
                      kao_detect_sums *sums)
{
    for (size_t c = 0; c < n; c++) {
        if (is_taken(want)) {
            sums->taken++;
            sums->weight += score_of(z[0]);
        } else {
            sums->scores += want[0] > KAO_DETECT_FACE ? (double)want[0] : 0;
        }
        z += KAO_DETECT_CHANNELS;
        want += KAO_DETECT_CHANNELS;
    }
}

static void points_loss(const float *z, const float *want, float weight, float *g,
                        double *loss)
{
    for (int k = 5; k < KAO_DETECT_CHANNELS; k++)
        g[k] = weight > 0 ? smooth_l1(z[k] - want[k], weight * POINTS, loss) : 0;
}

/* A cell whose box is known. by: of the batch; known: of the boxes' weights. */
static void known_loss(const float *z, const float *want, float by, double known,
                       float *g, double parts[3])
{
    const double weight = (double)KNOWN_BOX * known * score_of(z[0]);
    double score = 0;
    float overlap = 0;

    parts[1] += weight * kao_diou(z + 1, want + 1, g + 1, &overlap);
    for (int k = 1; k < 5; k++)
        g[k] *= (float)weight;
    g[0] = by * kao_focal(z[0], overlap, &score);
    parts[0] += score * (double)by;
    points_loss(z, want, isnan(want[5]) ? 0 : by, g, &parts[2]);
}

static void taught_loss(const float *z, const float *want, float by, float *g,
                        double parts[3])
{
    const float y = want[0], weight = y > KAO_DETECT_FACE ? y * by : 0;
    double loss = 0;

    g[0] = by * kao_focal(z[0], y, &loss);
    parts[0] += loss * (double)by;
    for (int k = 1; k < 5; k++)
        g[k] = weight > 0 ? smooth_l1(z[k] - want[k], weight * BOX, &parts[1]) : 0;
    points_loss(z, want, weight, g, &parts[2]);
}

void kao_detect_judge(const float *z, const float *want, size_t n,
                      const kao_detect_sums *sums, float *g, double parts[3])
{
    const double positives = fmax(sums->scores + sums->taken, 1);
    const double known =
        sums->taken > 0 ? sums->taken / positives / fmax(sums->weight, 1e-6) : 0;
    const float by = (float)(1 / positives);

    for (size_t c = 0; c < n; c++) {
        if (is_taken(want))
            known_loss(z, want, by, known, g, parts);
        else if (want[0] < 0)
            memset(g, 0, KAO_DETECT_CHANNELS * sizeof *g);
        else
            taught_loss(z, want, by, g, parts);
        z += KAO_DETECT_CHANNELS;
        want += KAO_DETECT_CHANNELS;
        g += KAO_DETECT_CHANNELS;
    }
}
