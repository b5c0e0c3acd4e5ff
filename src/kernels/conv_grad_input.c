/* The gradient of convolution by its input: other convolutions, of g with turned weights.
 *
 * With a stride of s, input pixels fall into s x s phases: those at the same place of the
 * stride's grid are reached by the same taps. So each phase is a convolution of stride 1 with
 * those taps alone: of 3x3/2 they are 1, 2, 2 and 4 of the nine, and no product is with a
 * zero. It lands in a block of its own, whose pixels are then put to their places. */
#include <string.h>

#include "kernels/conv_grad.h"
#include "kernels/conv_parts.h"

/* Along one direction. Input pixel i*stride + at gets tap first + t*step of n,
 * which of the turned kernel is tap n-1-t, from an output pixel t*(dilation*step/stride) before
 * that of the first. */
typedef struct phase {
    int32_t n_pixels; /* of the input, in this phase */
    int32_t first, step, n;
    int32_t pad; /* of the convolution that does it */
} phase;

static int32_t common_divisor(int32_t a, int32_t b)
{
    while (b) {
        const int32_t rest = a % b;

        a = b;
        b = rest;
    }
    return a;
}

/* A tap k reaches input pixel v from output pixel y where y*stride + k*dilation = v + pad. */
static phase phase_of(int32_t at, int32_t size, int32_t taps, int32_t stride,
                      int32_t dilation, int32_t pad)
{
    phase p = { .n_pixels = at < size ? (size - at + stride - 1) / stride : 0,
                .step = stride / common_divisor(stride, dilation) };

    while (p.first < taps && (at + pad - p.first * dilation) % stride != 0)
        p.first++;
    p.n = p.first < taps ? (taps - p.first + p.step - 1) / p.step : 0;
    /* the first tap reads output pixel i + ahead, each later one dilation*step/stride less */
    const int32_t ahead = (at + pad - p.first * dilation) / stride;

    p.pad = (p.n - 1) * (dilation * p.step / stride) - ahead;
    return p;
}

typedef struct phases {
    phase y, x;
} phases;

static phases phases_of(const kao_conv *d, int32_t at_y, int32_t at_x)
{
    return (phases){ phase_of(at_y, d->h, d->kh, d->sy, d->dy, d->pad_top),
                     phase_of(at_x, d->w, d->kw, d->sx, d->dx, d->pad_left) };
}

/* The convolution that gives a phase of din from g. */
static kao_conv backward_of(const kao_conv *d, const phases *p)
{
    return (kao_conv){ .n = d->n,
                       .h = d->oh,
                       .w = d->ow,
                       .c = d->oc,
                       .oh = p->y.n_pixels,
                       .ow = p->x.n_pixels,
                       .oc = d->c,
                       .kh = p->y.n,
                       .kw = p->x.n,
                       .sy = 1,
                       .sx = 1,
                       .dy = d->dy * p->y.step / d->sy,
                       .dx = d->dx * p->x.step / d->sx,
                       .pad_top = p->y.pad,
                       .pad_left = p->x.pad,
                       .groups = d->groups,
                       .in_stride = d->oc,
                       .out_stride = d->c,
                       .bf16 = d->bf16 };
}

static bool is_nothing(const phases *p)
{
    return p->y.n == 0 || p->x.n == 0 || p->y.n_pixels == 0 || p->x.n_pixels == 0;
}

static bool has_phases(const kao_conv *d)
{
    return d->sy > 1 || d->sx > 1;
}

typedef struct input_parts { /* of scratch, in floats */
    size_t turned, packed, apart, run;
} input_parts;

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

/* What the phases need at most. */
static input_parts parts_of(const kao_kernels *k, const kao_conv *d, uint32_t n_threads)
{
    input_parts most = { 0 };

    for (int32_t y = 0; y < d->sy; y++)
        for (int32_t x = 0; x < d->sx; x++) {
            const phases p = phases_of(d, y, x);
            const kao_conv back = backward_of(d, &p);
            kao_conv_plan plan;

            if (is_nothing(&p))
                continue;
            kao_conv_plan_init(&plan, k, &back);
            most.packed = larger(most.packed, plan.packed_bytes / sizeof(float) + 1);
            most.run = larger(most.run, plan.thread_bytes / sizeof(float) * n_threads);
            if (has_phases(d))
                most.apart = larger(most.apart, (size_t)back.n * (size_t)back.oh *
                                                    (size_t)back.ow * (size_t)back.oc);
        }
    return (input_parts){
        .turned = kao_round_up((size_t)d->kh * (size_t)d->kw *
                                   (size_t)(d->c / d->groups) * (size_t)d->oc,
                               KAO_CONV_PAD),
        .packed = kao_round_up(most.packed, KAO_CONV_PAD),
        .apart = kao_round_up(most.apart, KAO_CONV_PAD),
        .run = kao_round_up(most.run, KAO_CONV_PAD),
    };
}

size_t kao_conv_grad_input_scratch(const kao_kernels *k, const kao_conv *d,
                                   uint32_t n_threads)
{
    const input_parts p = parts_of(k, d, n_threads);

    return (p.turned + p.packed + p.apart + p.run) * sizeof(float);
}

/* Taps of w[o,i,..] of each group to turned[i,o,..], the last of the phase first. */
static void turn_weights(const kao_conv *d, const phases *p, const float *w,
                         float *turned)
{
    const size_t c = (size_t)(d->c / d->groups), oc = (size_t)(d->oc / d->groups);
    const size_t taps = (size_t)d->kh * (size_t)d->kw;

    for (size_t g = 0; g < (size_t)d->groups; g++)
        for (size_t i = 0; i < c; i++)
            for (size_t o = 0; o < oc; o++) {
                const float *from = w + ((g * oc + o) * c + i) * taps;

                for (int32_t y = p->y.n; y-- > 0;)
                    for (int32_t x = p->x.n; x-- > 0;)
                        *turned++ = from[(p->y.first + y * p->y.step) * d->kw +
                                         p->x.first + x * p->x.step];
            }
}

typedef struct place_job {
    const kao_conv *d;
    const phases *p;
    int32_t at_y, at_x;
    const float *from; /* NULL: zeros */
    float *din;
} place_job;

/* One row of a phase to its places. */
static void place_row(void *arg, size_t row, uint32_t worker)
{
    const place_job *j = arg;
    const kao_conv *d = j->d;
    const size_t c = (size_t)d->c, rows = (size_t)j->p->y.n_pixels;
    const size_t n = (size_t)j->p->x.n_pixels;
    const size_t v = row % rows * (size_t)d->sy + (size_t)j->at_y;
    float *to =
        j->din + ((row / rows * (size_t)d->h + v) * (size_t)d->w + (size_t)j->at_x) * c;

    (void)worker;
    for (size_t i = 0; i < n; i++, to += (size_t)d->sx * c)
        if (j->from)
            memcpy(to, j->from + (row * n + i) * c, c * sizeof *to);
        else
            memset(to, 0, c * sizeof *to);
}

void kao_conv_grad_input(const kao_kernels *k, const kao_pool *pool, const kao_conv *d,
                         const float *w, const float *g, float *din, void *scratch)
{
    const input_parts at = parts_of(k, d, kao_pool_threads(pool));
    float *turned = scratch, *packed = turned + at.turned, *apart = packed + at.packed,
          *run = apart + at.apart;

    for (int32_t y = 0; y < d->sy; y++)
        for (int32_t x = 0; x < d->sx; x++) {
            const phases p = phases_of(d, y, x);
            const kao_conv back = backward_of(d, &p);
            place_job j = { .d = d, .p = &p, .at_y = y, .at_x = x, .din = din };

            if (!is_nothing(&p)) {
                kao_conv_plan plan;

                kao_conv_plan_init(&plan, k, &back);
                turn_weights(d, &p, w, turned);
                kao_conv_pack(k, &plan, turned, NULL, NULL, packed);
                j.from = has_phases(d) ? apart : din;
                kao_conv_run(k, pool, &plan, packed, g, NULL,
                             has_phases(d) ? apart : din, run);
            }
            if (j.from != din)
                kao_pool_run(pool, place_row, &j, (size_t)d->n * (size_t)p.y.n_pixels);
        }
}
