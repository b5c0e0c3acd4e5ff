/* What the outputs of networks that look at faces mean: a row and a function for each word of a
 * card's output.decode. */
#include "face/analyser.h"

#include <math.h>

#include "face/model.h"
#include "image/warp.h"

uint32_t kao_analyser_reads(const kao_analyser *a)
{
    return a->decoder->bins && a->model->net->onnx.n_outputs != 1 ? KAO_ANGLES : 1;
}

const float *kao_analyser_output(const kao_analyser *a, uint32_t i, size_t *n)
{
    const kao_tensor *t = kao_session_output(a->session, i);

    *n = (size_t)kao_tensor_count(t);
    return t->data;
}

/* unit: what one of the network's numbers is in pixels of the chip. */
static void decode_points(const kao_analyser *a, double unit_x, double unit_y,
                          double shift, const double m[6])
{
    size_t n = 0;
    const float *v = kao_analyser_output(a, 0, &n);
    double back[6];

    if (!kao_warp_invert(m, back)) /* a crop's never fails */
        return;
    for (size_t i = 0; i < a->n_points; i++) {
        const double x = (double)v[2 * i] * unit_x - shift,
                     y = (double)v[2 * i + 1] * unit_y - shift;

        a->points[i] = (kao_point){ (float)(back[0] * x + back[1] * y + back[2]),
                                    (float)(back[3] * x + back[4] * y + back[5]) };
    }
}

/* Shares of the chip, from its corner. */
static void decode_share(const kao_analyser *a, const double m[6], kao_analysis *out)
{
    decode_points(a, a->template.width, a->template.height, 0.5, m);
    out->points = a->points;
    out->n_points = a->n_points;
}

/* The chip's pixels. */
static void decode_pixels(const kao_analyser *a, const double m[6], kao_analysis *out)
{
    decode_points(a, 1, 1, 0, m);
    out->points = a->points;
    out->n_points = a->n_points;
}

static void decode_mean(const kao_analyser *a, const double m[6], kao_analysis *out)
{
    size_t n = 0;
    const float *v = kao_analyser_output(a, 0, &n);
    double sum = 0;

    (void)m;
    for (size_t i = 0; i < n; i++)
        sum += (double)v[i];
    out->quality = (float)(sum / (double)n);
}

/* The softmax of n logits, summed with weights of 0, 1 ..: the expected index; *p: of class k */
static double softmax_mean(const float *v, size_t n, size_t k, double *p)
{
    double most = (double)v[0], sum = 0, mean = 0;

    for (size_t i = 1; i < n; i++)
        most = fmax(most, (double)v[i]);
    for (size_t i = 0; i < n; i++) {
        const double e = exp((double)v[i] - most);

        sum += e;
        mean += (double)i * e;
        if (i == k)
            *p = e;
    }
    *p /= sum;
    return mean / sum;
}

static void set_angle(const kao_analyser *a, int i, double degrees, kao_analysis *out)
{
    float *const to[KAO_ANGLES] = { &out->yaw, &out->pitch, &out->roll };

    *to[a->angle[i]] = (float)degrees * a->sign[i];
}

/* A head for each angle, or one for all, in bins of some degrees. */
static void decode_bins(const kao_analyser *a, const double m[6], kao_analysis *out)
{
    const bool one = kao_analyser_reads(a) == 1;

    (void)m;
    for (int i = 0; i < KAO_ANGLES; i++) {
        size_t n = 0;
        const float *v = kao_analyser_output(a, one ? 0 : (uint32_t)i, &n);
        double p = 0;

        if (one) {
            n /= KAO_ANGLES;
            v += (size_t)i * n;
        }
        set_angle(a, i, (double)a->bin * softmax_mean(v, n, 0, &p) + (double)a->first,
                  out);
    }
}

static void decode_degrees(const kao_analyser *a, const double m[6], kao_analysis *out)
{
    size_t n = 0;
    const float *v = kao_analyser_output(a, 0, &n);

    (void)m;
    for (int i = 0; i < KAO_ANGLES; i++)
        set_angle(a, i, (double)v[i], out);
}

static void decode_softmax(const kao_analyser *a, const double m[6], kao_analysis *out)
{
    size_t n = 0;
    const float *v = kao_analyser_output(a, 0, &n);
    double p = 0;

    (void)m;
    (void)softmax_mean(v, n, a->live, &p);
    out->live = (float)p;
}

static void decode_probability(const kao_analyser *a, const double m[6],
                               kao_analysis *out)
{
    size_t n = 0;

    (void)m;
    out->live = kao_analyser_output(a, 0, &n)[a->live];
}

static const kao_analysis_decoder decoders[] = {
    { KAO_ANALYSE_LANDMARKS, "share", decode_share, 2, false, false },
    { KAO_ANALYSE_LANDMARKS, "pixels", decode_pixels, 2, false, false },
    { KAO_ANALYSE_QUALITY, "mean", decode_mean, 1, false, false },
    { KAO_ANALYSE_POSE, "bins", decode_bins, 1, true, false },
    { KAO_ANALYSE_POSE, "degrees", decode_degrees, 3, false, true },
    { KAO_ANALYSE_LIVENESS, "softmax", decode_softmax, 1, false, false },
    { KAO_ANALYSE_LIVENESS, "probability", decode_probability, 1, false, false },
};

const kao_analysis_decoder *kao_analysis_decoder_at(size_t i)
{
    return i < sizeof decoders / sizeof decoders[0] ? &decoders[i] : NULL;
}
