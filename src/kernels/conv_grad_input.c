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

/* Calls fn for every phase. */
typedef void phase_fn(void *arg, const phases *p, int32_t at_y, int32_t at_x);

static void each_phase(const kao_conv *d, phase_fn *fn, void *arg)
{
    for (int32_t y = 0; y < d->sy; y++)
        for (int32_t x = 0; x < d->sx; x++) {
            const phases p = phases_of(d, y, x);

            fn(arg, &p, y, x);
        }
}

static kao_conv_plan plan_of(const kao_kernels *k, const kao_conv *d, const phases *p)
{
    const kao_conv back = backward_of(d, p);
    kao_conv_plan plan;

    kao_conv_plan_init(&plan, k, &back);
    return plan;
}

/* Floats of the packed weights of a phase. */
static size_t packed_floats(const kao_conv_plan *p)
{
    return kao_round_up(p->packed_bytes / sizeof(float) + 1, KAO_CONV_PAD);
}

typedef struct sizes { /* in floats: packed of all phases, the rest of the largest */
    const kao_kernels *k;
    const kao_conv *d;
    size_t packed, apart, thread;
} sizes;

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static void add_sizes(void *arg, const phases *p, int32_t at_y, int32_t at_x)
{
    sizes *s = arg;

    (void)at_y;
    (void)at_x;
    if (is_nothing(p))
        return;
    const kao_conv_plan plan = plan_of(s->k, s->d, p);
    const kao_conv *back = &plan.d;

    s->packed += packed_floats(&plan);
    s->thread = larger(s->thread, plan.thread_bytes / sizeof(float));
    if (has_phases(s->d))
        s->apart = larger(s->apart, (size_t)back->n * (size_t)back->oh *
                                        (size_t)back->ow * (size_t)back->oc);
}

static sizes sizes_of(const kao_kernels *k, const kao_conv *d)
{
    sizes s = { .k = k, .d = d };

    each_phase(d, add_sizes, &s);
    s.apart = kao_round_up(s.apart, KAO_CONV_PAD);
    return s;
}

size_t kao_conv_grad_packed(const kao_kernels *k, const kao_conv *d)
{
    return sizes_of(k, d).packed;
}

size_t kao_conv_grad_turned(const kao_conv *d)
{
    return kao_round_up((size_t)d->kh * (size_t)d->kw * (size_t)(d->c / d->groups) *
                            (size_t)d->oc,
                        KAO_CONV_PAD);
}

size_t kao_conv_grad_back_room(const kao_kernels *k, const kao_conv *d,
                               uint32_t n_threads)
{
    const sizes s = sizes_of(k, d);

    return s.apart + kao_round_up(s.thread * n_threads, KAO_CONV_PAD);
}

size_t kao_conv_grad_input_scratch(const kao_kernels *k, const kao_conv *d,
                                   uint32_t n_threads)
{
    return (kao_conv_grad_packed(k, d) + kao_conv_grad_turned(d) +
            kao_conv_grad_back_room(k, d, n_threads)) *
           sizeof(float);
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

typedef struct pack_job {
    const kao_kernels *k;
    const kao_conv *d;
    const float *w;
    float *packed, *turned;
} pack_job;

static void pack_phase(void *arg, const phases *p, int32_t at_y, int32_t at_x)
{
    pack_job *j = arg;

    (void)at_y;
    (void)at_x;
    if (is_nothing(p))
        return;
    const kao_conv_plan plan = plan_of(j->k, j->d, p);

    turn_weights(j->d, p, j->w, j->turned);
    kao_conv_pack(j->k, &plan, j->turned, NULL, NULL, j->packed);
    j->packed += packed_floats(&plan);
}

void kao_conv_grad_pack(const kao_kernels *k, const kao_conv *d, const float *w,
                        float *packed, float *turned)
{
    pack_job j = { k, d, w, packed, turned };

    each_phase(d, pack_phase, &j);
}

typedef struct back_job {
    const kao_kernels *k;
    const kao_pool *pool;
    const kao_conv *d;
    const float *packed, *g;
    float *din, *apart, *run;
} back_job;

static void run_phase(void *arg, const phases *p, int32_t at_y, int32_t at_x)
{
    back_job *j = arg;
    const kao_conv *d = j->d;
    place_job to = { .d = d, .p = p, .at_y = at_y, .at_x = at_x, .din = j->din };

    if (!is_nothing(p)) {
        const kao_conv_plan plan = plan_of(j->k, d, p);

        to.from = has_phases(d) ? j->apart : j->din;
        kao_conv_run(j->k, j->pool, &plan, j->packed, j->g, NULL,
                     has_phases(d) ? j->apart : j->din, j->run);
        j->packed += packed_floats(&plan);
    }
    if (to.from != j->din)
        kao_pool_run(j->pool, place_row, &to, (size_t)d->n * (size_t)p->y.n_pixels);
}

void kao_conv_grad_back(const kao_kernels *k, const kao_pool *pool, const kao_conv *d,
                        const float *packed, const float *g, float *din, float *room)
{
    back_job j = { .k = k,
                   .pool = pool,
                   .d = d,
                   .packed = packed,
                   .g = g,
                   .din = din,
                   .apart = room,
                   .run = room + sizes_of(k, d).apart };

    each_phase(d, run_phase, &j);
}

void kao_conv_grad_input(const kao_kernels *k, const kao_pool *pool, const kao_conv *d,
                         const float *w, const float *g, float *din, void *scratch)
{
    float *packed = scratch, *turned = packed + kao_conv_grad_packed(k, d);

    kao_conv_grad_pack(k, d, w, packed, turned);
    kao_conv_grad_back(k, pool, d, packed, g, din, turned + kao_conv_grad_turned(d));
}
