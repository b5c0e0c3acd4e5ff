/* Is the lower face covered? By its colours against the cheeks'.
 *
 * Twenty numbers of an aligned chip and their squares in a logistic model: means and deviations of
 * brightness and of two colour differences (B - Y, R - Y) under the eyes and around the mouth.
 * Fitted on 548 masked faces (mask12k) and 5,300 bare ones of the training packs, both sides
 * weighted alike; what it is worth on others stands in docs/quality.md. */
#include "face/quality.h"

#include <math.h>
#include <stdlib.h>

#include "image/view.h"

enum { SIDE = KAO_QUALITY_SIDE, CHANNELS = 3 };

typedef struct area { /* of the chip */
    uint8_t x0, y0, x1, y1;
} area;

static const area cheek_left = { 30, 58, 48, 70 }, cheek_right = { 64, 58, 82, 70 },
                  lower = { 38, 80, 74, 104 }, mouth = { 44, 86, 68, 98 },
                  chin = { 44, 98, 68, 110 }, lips = { 46, 88, 66, 97 },
                  lip_above = { 46, 76, 66, 82 };

typedef struct sums {
    double sum[CHANNELS], squares[CHANNELS], most_red;
    size_t n;
} sums;

/* Y, B - Y, R - Y */
static void color_at(const kao_view *chip, uint32_t x, uint32_t y, double c[CHANNELS])
{
    const uint8_t *p = kao_view_rgb(chip, x, y);

    c[0] = 0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2];
    c[1] = p[2] - c[0];
    c[2] = p[0] - c[0];
}

static void add_area(const kao_view *chip, area a, sums *s)
{
    if (s->n == 0)
        s->most_red = -255;
    for (uint32_t y = a.y0; y < a.y1; y++)
        for (uint32_t x = a.x0; x < a.x1; x++) {
            double c[CHANNELS];

            color_at(chip, x, y, c);
            for (int k = 0; k < CHANNELS; k++) {
                s->sum[k] += c[k];
                s->squares[k] += c[k] * c[k];
            }
            s->most_red = fmax(s->most_red, c[2]);
            s->n++;
        }
}

static double mean(const sums *s, int k)
{
    return s->sum[k] / (double)s->n;
}

static double deviation(const sums *s, int k)
{
    const double m = mean(s, k);

    return sqrt(fmax(s->squares[k] / (double)s->n - m * m, 0));
}

static int by_value(const void *a, const void *b)
{
    const float x = *(const float *)a, y = *(const float *)b;

    return (x > y) - (x < y);
}

static double median_red(const kao_view *chip, area a, float *scratch)
{
    size_t n = 0;

    for (uint32_t y = a.y0; y < a.y1; y++)
        for (uint32_t x = a.x0; x < a.x1; x++) {
            double c[CHANNELS];

            color_at(chip, x, y, c);
            scratch[n++] = (float)c[2];
        }
    qsort(scratch, n, sizeof *scratch, by_value);
    return ((double)scratch[n / 2 - 1] + (double)scratch[n / 2]) / 2;
}

enum { NUMBERS = 20 };

static const struct {
    float linear, square;
} weights[NUMBERS] = {
    { 0.020583f, 3.008e-05f },   /* luma, lower less cheeks */
    { -0.014508f, -0.0001508f }, /* blue */
    { -0.064159f, 0.0006589f },  /* red */
    { -0.070363f, 0.0003677f },  /* deviation in the lower face */
    { -0.0027089f, 0.0008624f }, /* blue */
    { -0.1598f, 0.00582f },      /* red */
    { 0.079169f, -0.0004851f },  /* deviation in the cheeks */
    { 0.13851f, -0.002534f },    /* blue */
    { 0.23359f, -0.003347f },    /* red */
    { 0.038619f, -8.694e-05f },  /* mouth less chin */
    { -0.074828f, 0.0009012f },  /* blue */
    { -0.02443f, -6.946e-05f },  /* red */
    { 0.0020068f, 3.008e-05f },  /* |lower less cheeks| */
    { 0.083884f, -0.0001508f },  /* blue */
    { 0.0068502f, 0.0006589f },  /* red */
    { 0.022772f, 1.413e-06f },   /* cheeks */
    { 0.04615f, 0.0003928f },    /* blue */
    { -0.066001f, 0.0004772f },  /* red */
    { 0.019296f, 0.0003433f },   /* lips less the lip above */
    { -0.062437f, 0.0006752f },  /* reddest of the mouth less the median */
};
static const float bias = -3.3731f;

/* R - Y of the cheeks: greener ones are no skin in any usual light, and nothing is told by them. */
static const double least_red = -20;

float kao_quality_masked(const kao_view *chip, float *scratch)
{
    sums cheeks = { .n = 0 }, low = { .n = 0 }, mid = { .n = 0 }, bottom = { .n = 0 },
         lip = { .n = 0 }, above = { .n = 0 };
    double f[NUMBERS], z = (double)bias;

    add_area(chip, cheek_left, &cheeks);
    add_area(chip, cheek_right, &cheeks);
    add_area(chip, lower, &low);
    add_area(chip, mouth, &mid);
    add_area(chip, chin, &bottom);
    add_area(chip, lips, &lip);
    add_area(chip, lip_above, &above);
    for (int k = 0; k < CHANNELS; k++) {
        f[k] = mean(&low, k) - mean(&cheeks, k);
        f[3 + k] = deviation(&low, k);
        f[6 + k] = deviation(&cheeks, k);
        f[9 + k] = mean(&mid, k) - mean(&bottom, k);
        f[12 + k] = fabs(f[k]);
        f[15 + k] = mean(&cheeks, k);
    }
    if (f[17] < least_red)
        return 0;
    f[18] = mean(&lip, 2) - mean(&above, 2);
    f[19] = lip.most_red - median_red(chip, lower, scratch);
    for (int i = 0; i < NUMBERS; i++)
        z += f[i] * ((double)weights[i].linear + f[i] * (double)weights[i].square);
    return (float)(1 / (1 + exp(-z)));
}
