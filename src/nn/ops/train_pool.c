/* Pools and Resize by whole factors in training. */
#include <math.h>
#include <string.h>

#include "nn/ops/train_parts.h"

/* ---- MaxPool ---- */

typedef struct window_job {
    const kao_tape *t;
    const kao_tape_step *s;
    const kao_window *w;
    size_t c;
    float *to;
} window_job;

static void max_forward_rows(void *arg, size_t begin, size_t end, size_t piece)
{
    const window_job *j = arg;
    const kao_tensor *in = &j->t->values[j->s->in].t, *out = &j->t->values[j->s->out].t;

    (void)piece;
    for (size_t r = begin; r < end; r++) { /* output pixels */
        const pixel at = pixel_of(out, r);
        const kao_taps p = kao_window_taps(j->w, at.y, at.x);
        float *restrict to = (float *)out->data + r * j->c;

        for (size_t i = 0; i < j->c; i++)
            to[i] = -INFINITY;
        for (int64_t ky = p.y0; ky < p.y1; ky++)
            for (int64_t kx = p.x0; kx < p.x1; kx++) {
                const float *restrict from =
                    (const float *)in->data + pixel_at(in, at.n,
                                                       p.top + ky * j->w->dilation[0],
                                                       p.left + kx * j->w->dilation[1]);

                for (size_t i = 0; i < j->c; i++) /* NaN wins */
                    to[i] = from[i] > to[i] || from[i] != from[i] ? from[i] : to[i];
            }
    }
}

/* The first tap that has the maximum gets the gradient; images are pieces, since windows of
 * one may overlap. */
static void max_backward_image(const window_job *j, int64_t n, float *left)
{
    const kao_tensor *in = &j->t->values[j->s->in].t, *out = &j->t->values[j->s->out].t;
    const float *grad = j->t->values[j->s->out].grad;

    memset(j->to + pixel_at(in, n, 0, 0), 0,
           (size_t)(in->dims[2] * in->dims[3]) * j->c * sizeof(float));
    for (int64_t y = 0; y < out->dims[2]; y++)
        for (int64_t x = 0; x < out->dims[3]; x++) {
            const kao_taps p = kao_window_taps(j->w, y, x);
            const size_t at = pixel_at(out, n, y, x);
            const float *restrict best = (const float *)out->data + at;

            memcpy(left, grad + at, j->c * sizeof *left);
            for (int64_t ky = p.y0; ky < p.y1; ky++)
                for (int64_t kx = p.x0; kx < p.x1; kx++) {
                    const size_t q = pixel_at(in, n, p.top + ky * j->w->dilation[0],
                                              p.left + kx * j->w->dilation[1]);
                    const float *restrict from = (const float *)in->data + q;
                    float *restrict to = j->to + q;

                    for (size_t i = 0; i < j->c; i++) {
                        const float mine = from[i] == best[i] ? left[i] : 0;

                        to[i] += mine;
                        left[i] -= mine;
                    }
                }
        }
}

enum { POOL_CHANNELS = 4096 };

static void max_backward_piece(void *arg, size_t image, uint32_t worker)
{
    float left[POOL_CHANNELS];

    (void)worker;
    max_backward_image(arg, (int64_t)image, left);
}

static window_job window_of(const kao_tape *t, const kao_tape_step *s)
{
    return (window_job){ .t = t,
                         .s = s,
                         .w = &((const kao_pool_state *)s->s->state)->window,
                         .c = (size_t)t->values[s->in].t.dims[1] };
}

static void max_forward(kao_tape *t, const kao_tape_step *s)
{
    window_job j = window_of(t, s);

    kao_tape_rows(t, pixels_of(t, s->out), max_forward_rows, &j);
}

/* An image a piece, into the gradient of the input. */
static void window_backward(kao_tape *t, const kao_tape_step *s, window_job j,
                            kao_pool_fn *image)
{
    j.to = kao_tape_grad_to(t, s->in);
    if (!j.to)
        return;
    kao_pool_run(t->pool, image, &j, (size_t)t->values[s->in].t.dims[0]);
    kao_tape_grad_done(t, s->in, j.to);
}

static void max_backward(kao_tape *t, const kao_tape_step *s)
{
    window_backward(t, s, window_of(t, s), max_backward_piece);
}

kao_status kao_op_max_pool_train(kao_tape *t, kao_tape_step *s)
{
    const kao_tensor *in = &t->values[s->in].t;

    if (in->rank != 4 || in->dims[1] > POOL_CHANNELS || s->s->n_out > 1)
        return kao_fail(t->err, KAO_E_UNSUPPORTED, "a pool that is not trained");
    s->call[KAO_TAPE_FORWARD] = max_forward;
    s->call[KAO_TAPE_BACKWARD] = max_backward;
    s->in_parts[0] = s->in_parts[1] = true;
    s->reads_in = s->reads_out = true;
    return KAO_OK;
}

/* ---- AveragePool, GlobalAveragePool ---- */

typedef struct average_detail {
    kao_window w;
    bool include_pad;
} average_detail;

static float share_of(const average_detail *d, const kao_taps *p)
{
    const int64_t n = d->include_pad ? kao_window_padded_taps(&d->w, 0, p->top) *
                                           kao_window_padded_taps(&d->w, 1, p->left)
                                     : (p->y1 - p->y0) * (p->x1 - p->x0);

    return n ? 1 / (float)n : 0;
}

enum { AVERAGE_BLOCK = 64 }; /* channels whose sums are kept in double */

static void average_pixel(const window_job *j, int64_t n, const kao_taps *p,
                          float share, float *to)
{
    const kao_tensor *in = &j->t->values[j->s->in].t;

    for (size_t c = 0; c < j->c; c += AVERAGE_BLOCK) {
        const size_t here = j->c - c < AVERAGE_BLOCK ? j->c - c : AVERAGE_BLOCK;
        double sums[AVERAGE_BLOCK] = { 0 };

        for (int64_t ky = p->y0; ky < p->y1; ky++)
            for (int64_t kx = p->x0; kx < p->x1; kx++) {
                const float *restrict from =
                    (const float *)in->data + c +
                    pixel_at(in, n, p->top + ky * j->w->dilation[0],
                             p->left + kx * j->w->dilation[1]);

                for (size_t i = 0; i < here; i++)
                    sums[i] += (double)from[i];
            }
        for (size_t i = 0; i < here; i++)
            to[c + i] = (float)(sums[i] * (double)share);
    }
}

static void average_forward_rows(void *arg, size_t begin, size_t end, size_t piece)
{
    const window_job *j = arg;
    const kao_tensor *out = &j->t->values[j->s->out].t;

    (void)piece;
    for (size_t r = begin; r < end; r++) { /* output pixels */
        const pixel at = pixel_of(out, r);
        const kao_taps p = kao_window_taps(j->w, at.y, at.x);

        average_pixel(j, at.n, &p, share_of(j->s->detail, &p),
                      (float *)out->data + r * j->c);
    }
}

/* Images are pieces, since windows of one may overlap. */
static void average_backward_image(void *arg, size_t image, uint32_t worker)
{
    const window_job *j = arg;
    const kao_tensor *in = &j->t->values[j->s->in].t, *out = &j->t->values[j->s->out].t;
    const int64_t n = (int64_t)image;

    (void)worker;
    memset(j->to + pixel_at(in, n, 0, 0), 0,
           (size_t)(in->dims[2] * in->dims[3]) * j->c * sizeof(float));
    for (int64_t y = 0; y < out->dims[2]; y++)
        for (int64_t x = 0; x < out->dims[3]; x++) {
            const kao_taps p = kao_window_taps(j->w, y, x);
            const float share = share_of(j->s->detail, &p);
            const float *restrict g =
                j->t->values[j->s->out].grad + pixel_at(out, n, y, x);

            for (int64_t ky = p.y0; ky < p.y1; ky++)
                for (int64_t kx = p.x0; kx < p.x1; kx++) {
                    float *restrict to =
                        j->to + pixel_at(in, n, p.top + ky * j->w->dilation[0],
                                         p.left + kx * j->w->dilation[1]);

                    for (size_t i = 0; i < j->c; i++)
                        to[i] += share * g[i];
                }
        }
}

static window_job average_of(const kao_tape *t, const kao_tape_step *s)
{
    return (window_job){ .t = t,
                         .s = s,
                         .w = &((const average_detail *)s->detail)->w,
                         .c = (size_t)t->values[s->in].t.dims[1] };
}

static void average_forward(kao_tape *t, const kao_tape_step *s)
{
    window_job j = average_of(t, s);

    kao_tape_rows(t, pixels_of(t, s->out), average_forward_rows, &j);
}

static void average_backward(kao_tape *t, const kao_tape_step *s)
{
    window_backward(t, s, average_of(t, s), average_backward_image);
}

static kao_status average_step(kao_tape *t, kao_tape_step *s, const kao_window *w,
                               bool include_pad)
{
    average_detail *d = kao_arena_calloc(&t->arena, 1, sizeof *d);

    if (!d)
        return kao_tape_no_memory(t);
    *d = (average_detail){ *w, include_pad };
    s->detail = d;
    s->call[KAO_TAPE_FORWARD] = average_forward;
    s->call[KAO_TAPE_BACKWARD] = average_backward;
    s->in_parts[0] = s->in_parts[1] = true;
    return KAO_OK;
}

kao_status kao_op_average_pool_train(kao_tape *t, kao_tape_step *s)
{
    if (t->values[s->in].t.rank != 4)
        return kao_fail(t->err, KAO_E_UNSUPPORTED, "a pool that is not trained");
    return average_step(t, s, &((const kao_pool_state *)s->s->state)->window,
                        ((const kao_pool_param *)s->s->param)->count_include_pad != 0);
}

kao_status kao_op_global_pool_train(kao_tape *t, kao_tape_step *s)
{
    const kao_tensor *in = &t->values[s->in].t;

    if (in->rank != 4)
        return kao_fail(t->err, KAO_E_UNSUPPORTED, "a pool that is not trained");
    return average_step(t, s,
                        &(kao_window){ .n_axes = 2,
                                       .kernel = { in->dims[2], in->dims[3] },
                                       .stride = { 1, 1 },
                                       .dilation = { 1, 1 },
                                       .in = { in->dims[2], in->dims[3] },
                                       .out = { 1, 1 } },
                        false);
}

/* ---- Resize, nearest by whole factors ---- */

typedef struct resize_job {
    const kao_tape *t;
    const kao_tape_step *s;
    int64_t ky, kx;
    size_t c;
    float *to;
} resize_job;

static void nearest_rows(void *arg, size_t begin, size_t end, size_t piece)
{
    const resize_job *j = arg;
    const kao_tensor *in = &j->t->values[j->s->in].t, *out = &j->t->values[j->s->out].t;

    (void)piece;
    for (size_t r = begin; r < end; r++) {
        const pixel at = pixel_of(out, r);

        memcpy((float *)out->data + r * j->c,
               (const float *)in->data + pixel_at(in, at.n, at.y / j->ky, at.x / j->kx),
               j->c * sizeof(float));
    }
}

static void nearest_backward_rows(void *arg, size_t begin, size_t end, size_t piece)
{
    const resize_job *j = arg;
    const kao_tensor *in = &j->t->values[j->s->in].t, *out = &j->t->values[j->s->out].t;
    const float *g = j->t->values[j->s->out].grad;

    (void)piece;
    for (size_t r = begin; r < end; r++) { /* input pixels */
        const pixel at = pixel_of(in, r);
        float *restrict to = j->to + r * j->c;

        memset(to, 0, j->c * sizeof *to);
        for (int64_t k = 0; k < j->ky * j->kx; k++) {
            const float *restrict from =
                g +
                pixel_at(out, at.n, at.y * j->ky + k / j->kx, at.x * j->kx + k % j->kx);

            for (size_t i = 0; i < j->c; i++)
                to[i] += from[i];
        }
    }
}

static void nearest_forward(kao_tape *t, const kao_tape_step *s)
{
    resize_job j = *(const resize_job *)s->detail;

    j.t = t;
    kao_tape_rows(t, pixels_of(t, s->out), nearest_rows, &j);
}

static void nearest_backward(kao_tape *t, const kao_tape_step *s)
{
    resize_job j = *(const resize_job *)s->detail;

    j.t = t;
    j.to = kao_tape_grad_to(t, s->in);
    if (!j.to)
        return;
    kao_tape_rows(t, pixels_of(t, s->in), nearest_backward_rows, &j);
    kao_tape_grad_done(t, s->in, j.to);
}

/* Whether each of `in` pixels of an axis comes out so many times, in order: that depends on
 * how places are rounded, too. */
static bool repeats(const kao_resize_axis *a, int64_t in, int64_t out)
{
    bool ok = out % in == 0;

    for (int64_t k = 0; ok && k < out; k++)
        ok = a->from[k] == k / (out / in);
    return ok;
}

kao_status kao_op_resize_train(kao_tape *t, kao_tape_step *s)
{
    const kao_tensor *in = &t->values[s->in].t, *out = &t->values[s->out].t;
    const kao_resize_axis *axes = ((const kao_resize_state *)s->s->state)->axis;
    resize_job *j = kao_arena_calloc(&t->arena, 1, sizeof *j);

    if (!j)
        return kao_tape_no_memory(t);
    if (in->rank != 4 ||
        ((const kao_resize_param *)s->s->param)->mode != KAO_RESIZE_NEAREST ||
        in->dims[0] != out->dims[0] || in->dims[1] != out->dims[1] ||
        !repeats(&axes[0], in->dims[0], out->dims[0]) ||
        !repeats(&axes[1], in->dims[1], out->dims[1]) ||
        !repeats(&axes[2], in->dims[2], out->dims[2]) ||
        !repeats(&axes[3], in->dims[3], out->dims[3]))
        return kao_fail(t->err, KAO_E_UNSUPPORTED,
                        "trained: nearest, by whole factors");
    *j = (resize_job){ .s = s,
                       .ky = out->dims[2] / in->dims[2],
                       .kx = out->dims[3] / in->dims[3],
                       .c = (size_t)in->dims[1] };
    s->detail = j;
    s->call[KAO_TAPE_FORWARD] = nearest_forward;
    s->call[KAO_TAPE_BACKWARD] = nearest_backward;
    s->in_parts[0] = s->in_parts[1] = true;
    return KAO_OK;
}
