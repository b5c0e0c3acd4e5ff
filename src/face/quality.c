/* Facts of a face's picture, from an aligned chip and the five points, and the score.
 *
 * The score is a logistic model over the facts, fitted to how much of a face's similarity is left
 * (recipes/quality/fit.py): of pictures made worse (blurred, reduced, dark, over-lit, noisy,
 * compressed) to the picture as it was, and of labelled ones to the mean of the person's others;
 * kao-face, training packs. Numbers and measurements: docs/quality.md. */
#include "face/quality.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "base/error.h"
#include "face/card.h"
#include "face/crop.h"
#include "face/model.h"
#include "image/resize.h"

enum { SIDE = KAO_QUALITY_SIDE };

/* Thresholds of the outcomes, chosen on training packs (docs/quality.md). */
static const float blurred_below = -1.8f, dark_below = 30.0f / 255,
                   extreme_yaw = 40; /* degrees */

/* ---- brightness ---- */

typedef struct area { /* the face in a chip of some size: from here to there */
    int x0, y0, x1, y1;
} area;

static void take_luma(const kao_view *chip, float *luma)
{
    for (uint32_t y = 0; y < SIDE; y++)
        for (uint32_t x = 0; x < SIDE; x++) {
            const uint8_t *p = kao_view_rgb(chip, x, y);

            luma[y * SIDE + x] = 0.299f * p[0] + 0.587f * p[1] + 0.114f * p[2];
        }
}

/* Means of 2 x 2, in place: side is that of the larger one. */
static void halve(float *v, int side)
{
    const int half = side / 2;

    for (int y = 0; y < half; y++)
        for (int x = 0; x < half; x++) {
            const float *p = v + 2 * y * side + 2 * x;

            v[y * half + x] = (p[0] + p[1] + p[side] + p[side + 1]) / 4;
        }
}

/* ln(1 + mean square of the Laplacian) */
static double energy(const float *v, int side, area a)
{
    double sum = 0;

    for (int y = a.y0; y < a.y1; y++)
        for (int x = a.x0; x < a.x1; x++) {
            const float *p = v + y * side + x;
            const double l = 4 * (double)p[0] - (double)p[-1] - (double)p[1] -
                             (double)p[-side] - (double)p[side];

            sum += l * l;
        }
    return log1p(sum / ((a.x1 - a.x0) * (a.y1 - a.y0)));
}

typedef struct numbers {         /* what the score is made of */
    double fine, middle, coarse; /* energies of the chip, its half, its quarter */
    double mean, deviation, dark, blown;
} numbers;

static numbers measure(float *luma)
{
    const area face = { 28, 36, 84, 100 };
    const double n = (face.x1 - face.x0) * (face.y1 - face.y0);
    numbers m = { .fine = energy(luma, SIDE, face) };
    double squares = 0;

    for (int y = face.y0; y < face.y1; y++)
        for (int x = face.x0; x < face.x1; x++) {
            const double v = (double)luma[y * SIDE + x];

            m.mean += v / n;
            squares += v * v / n;
            m.dark += (v < 40) / n;
            m.blown += (v > 245) / n;
        }
    m.deviation = sqrt(fmax(squares - m.mean * m.mean, 0));
    halve(luma, SIDE);
    m.middle = energy(luma, SIDE / 2, (area){ 14, 18, 42, 50 });
    halve(luma, SIDE / 2);
    m.coarse = energy(luma, SIDE / 4, (area){ 7, 9, 21, 25 });
    return m;
}

/* ---- pose ---- */

/* Across the line from the eyes' middle to the mouth's: where the nose lies, in distances of the
 * eyes, tells the yaw; how far down, the pitch. Factors: least squares against a pose network on
 * 4,800 faces. Yaw correlates .93 with it, 4.8 degrees off; pitch .25 alone. */
static void set_pose(const kao_face *f, kao_quality *q)
{
    static const double yaw_factor = 94.4, pitch_factor = -86.1, level = 0.603;
    const kao_point *p = f->points;
    const double ex = (double)p[1].x - (double)p[0].x,
                 ey = (double)p[1].y - (double)p[0].y, d = hypot(ex, ey);
    const double ux = ex / d, uy = ey / d; /* along the eyes; (-uy, ux) is down */
    const double mx = ((double)p[0].x + (double)p[1].x) / 2,
                 my = ((double)p[0].y + (double)p[1].y) / 2;
    const double lx = ((double)p[3].x + (double)p[4].x) / 2 - mx,
                 ly = ((double)p[3].y + (double)p[4].y) / 2 - my;
    const double nx = (double)p[2].x - mx, ny = (double)p[2].y - my;
    const double down = (ny * ux - nx * uy) / (ly * ux - lx * uy);
    const double aside = ((nx - down * lx) * ux + (ny - down * ly) * uy) / d;

    if (!isfinite(aside) || !isfinite(down))
        return;
    q->yaw = (float)fmax(fmin(yaw_factor * aside, 90), -90);
    q->pitch = (float)fmax(fmin(pitch_factor * (down - level), 90), -90);
    q->roll = (float)(atan2(ey, ex) * (180 / 3.14159265358979323846));
}

/* ---- the score ---- */

typedef struct model {
    double one, fine, middle, coarse, deviation, mean, mean2, blown, yaw, pitch;
} model;

static const model alone = { .one = 1.6657,
                             .fine = -0.7517,
                             .middle = 1.3951,
                             .coarse = 0.1688,
                             .deviation = -1.3971,
                             .mean = -0.3945,
                             .mean2 = 0.0612,
                             .blown = -2.7900,
                             .yaw = -0.6751,
                             .pitch = -0.9181 };
static const model beside_norm = { .one = 2.4998,
                                   .fine = -0.7179,
                                   .middle = 1.5736,
                                   .coarse = -0.3889,
                                   .deviation = -0.7173,
                                   .mean = -1.1572,
                                   .mean2 = 0.3019,
                                   .blown = -1.8249,
                                   .yaw = -0.0437,
                                   .pitch = -0.1891 };
static const double norm_factor = 0.7053; /* for each deviation above the usual one */

static double terms(const model *m, const numbers *v, const kao_quality *q)
{
    const double mean = v->mean / 100,
                 yaw = isnan(q->yaw) ? 0 : fabs((double)q->yaw) / 30,
                 pitch = isnan(q->pitch) ? 0 : fabs((double)q->pitch) / 10;

    return m->one + m->fine * v->fine + m->middle * v->middle + m->coarse * v->coarse +
           m->deviation * log(v->deviation + 5) + m->mean * mean +
           m->mean2 * mean * mean + m->blown * v->blown + m->yaw * yaw +
           m->pitch * pitch;
}

static float logistic(double z)
{
    return (float)(1 / (1 + exp(-z)));
}

void kao_quality_norm(kao_quality *q, const kao_embedder *embedder, float norm)
{
    float usual[2] = { 0 }; /* mean, deviation */

    if (!q || !embedder)
        return;
    q->norm = norm;
    if (kao_embedder_usual_norm(embedder, usual) && usual[1] > 0)
        q->score = logistic((double)q->terms + norm_factor *
                                                   ((double)norm - (double)usual[0]) /
                                                   (double)usual[1]);
}

/* ---- a face ---- */

/* A face of a caller who does not know of masks yet tells of none. */
static uint32_t mask_of(const kao_face *f)
{
    return f->size >= offsetof(kao_face, mask) + sizeof f->mask ? f->mask
                                                                : KAO_MASK_UNTOLD;
}

static void judge(const kao_view *chip, float *scratch, const kao_face *face,
                  kao_quality *q)
{
    const uint32_t mask = face ? mask_of(face) : KAO_MASK_UNTOLD;

    q->masked = mask != KAO_MASK_UNTOLD ? mask == KAO_MASK_WORN
                                        : kao_quality_masked(chip, scratch);
    take_luma(chip, scratch);
    const numbers v = measure(scratch);

    q->detail = (float)(v.middle - v.coarse);
    q->light = (float)(v.mean / 255);
    q->contrast = (float)(v.deviation / 255);
    q->dark = (float)v.dark;
    q->blown = (float)v.blown;
    q->score = logistic(terms(&alone, &v, q));
    q->terms = (float)terms(&beside_norm, &v, q);
    q->outcomes = (q->detail < blurred_below ? KAO_BLURRED : 0u) |
                  (q->light < dark_below ? KAO_DARK : 0u) |
                  (fabsf(q->yaw) > extreme_yaw ? KAO_EXTREME_POSE : 0u) |
                  (q->masked >= KAO_MASKED_FROM ? KAO_MASKED : 0u);
}

/* A chip of the right size: the view itself, or resized, or the face cut out. */
static kao_status take_chip(kao_context *ctx, const kao_view *view,
                            const kao_face *face, kao_image *chip, kao_error *err)
{
    kao_template t;

    (void)kao_template_find(&t, face && face->n_points < 4 ? "square" : "arcface-112",
                            SIDE, SIDE, NULL);
    if (face)
        return kao_align(ctx, view, face, &t, chip, err);
    const kao_status st = kao_image_create(ctx, SIDE, SIDE, chip, err);

    return st ? st : kao_image_resize(ctx, view, chip, err);
}

kao_status kao_quality_of(kao_context *ctx, const kao_view *view, const kao_face *face,
                          kao_quality *out, kao_error *err)
{
    kao_image chip = { 0 };

    if (!ctx || !out || out->size < sizeof *out)
        return kao_fail(err, KAO_E_ARG,
                        "quality: no context, or a result whose size is "
                        "not set");
    kao_status st = kao_view_check(view, "picture", err);

    *out = (kao_quality){ .size = sizeof *out,
                          .eye_distance_px = NAN,
                          .yaw = NAN,
                          .pitch = NAN,
                          .roll = NAN };
    if (st)
        return st;
    float *scratch = kao_calloc(&ctx->mem, (size_t)SIDE * SIDE, sizeof *scratch);

    st = scratch ? take_chip(ctx, view, face, &chip, err)
                 : kao_fail(err, KAO_E_NOMEM, "quality: out of memory");
    if (!st) {
        const kao_view shown = kao_image_view(&chip);

        if (face)
            out->eye_distance_px = kao_face_eye_distance_px(face) *
                                   (float)(view->reduction ? view->reduction : 1);
        if (face && face->n_points == KAO_FACE_POINTS)
            set_pose(face, out);
        judge(&shown, scratch, face, out);
    }
    kao_image_free(ctx, &chip);
    kao_free(&ctx->mem, scratch);
    return st;
}

const char *kao_outcome_name(kao_outcome outcome)
{
    switch (outcome) {
    case KAO_BLURRED:
        return "blurred";
    case KAO_DARK:
        return "dark";
    case KAO_EXTREME_POSE:
        return "extreme_pose";
    case KAO_MASKED:
        return "masked";
    }
    return NULL;
}
