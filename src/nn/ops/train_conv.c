/* Conv and Gemm in training: the convolution's kernels and its gradients. A Gemm is a 1x1
 * convolution whose pixels are the rows. */
#include <string.h>

#include "base/reader.h"
#include "kernels/conv_grad.h"
#include "nn/ops/train_parts.h"

typedef struct conv_detail {
    kao_conv_plan plan; /* of all pictures */
    kao_param *w, *b;
    size_t packed; /* floats: of scratch, forward; then, of each worker */
    size_t thread;
    /* The way back in parts. Of scratch, in floats: weights packed for the gradient by the
     * input, a row of sums for each piece, and of each worker room for both gradients. */
    size_t back_packed, sums, room;
} conv_detail;

static bool is_one(float v)
{
    return !(v < 1) && !(v > 1);
}

static void conv_pack(kao_tape *t, const kao_tape_step *s)
{
    const conv_detail *c = s->detail;

    kao_conv_pack(kernels(t), &c->plan, c->w->data, c->b ? c->b->data : NULL, NULL,
                  t->scratch);
}

/* Of the pictures that t has. */
static kao_conv conv_of(const kao_tape *t, const kao_tape_step *s)
{
    kao_conv d = ((const conv_detail *)s->detail)->plan.d;

    if (t->is_part)
        d.n = (int32_t)t->values[s->out].t.dims[0];
    return d;
}

static void conv_forward(kao_tape *t, const kao_tape_step *s)
{
    const conv_detail *c = s->detail;
    const kao_conv d = conv_of(t, s);
    kao_conv_plan plan = c->plan;

    if (t->is_part)
        kao_conv_plan_init(&plan, kernels(t), &d);
    kao_conv_run(kernels(t), t->pool, &plan, t->scratch, data_of(t, s->in), NULL,
                 data_of(t, s->out), t->scratch + c->packed + t->worker * c->thread);
}

static void conv_backward(kao_tape *t, const kao_tape_step *s)
{
    const conv_detail *c = s->detail;
    const float *g = t->values[s->out].grad;
    float *to = kao_tape_grad_to(t, s->in);

    kao_conv_grad_weights(kernels(t), t->pool, &c->plan.d, data_of(t, s->in), g,
                          c->w->grad, c->b ? c->b->grad : NULL, t->scratch);
    if (!to)
        return;
    kao_conv_grad_input(kernels(t), t->pool, &c->plan.d, c->w->data, g, to, t->scratch);
    kao_tape_grad_done(t, s->in, to);
}

/* ---- the way back in parts ---- */

static float *sums_of(const kao_tape *t, const conv_detail *c)
{
    return t->scratch + c->back_packed;
}

/* What is turned lies for the while where sums will be. */
static void parts_settle(kao_tape *t, const kao_tape_step *s)
{
    const conv_detail *c = s->detail;

    if (kao_tape_wants_grad(t, s->in))
        kao_conv_grad_pack(kernels(t), &c->plan.d, c->w->data, t->scratch,
                           sums_of(t, c));
}

static void parts_backward(kao_tape *t, const kao_tape_step *s)
{
    const conv_detail *c = s->detail;
    const kao_conv d = conv_of(t, s);
    const float *g = t->values[s->out].grad;
    float *sums = sums_of(t, c) + t->piece * c->sums;
    float *room = sums_of(t, c) + t->n_pieces * c->sums + t->worker * c->room;
    float *to = kao_tape_grad_to(t, s->in);

    if (t->begins_piece)
        memset(sums, 0, c->sums * sizeof *sums);
    kao_conv_grad_add(kernels(t), &d, data_of(t, s->in), g, c->b != NULL, sums, room);
    if (!to)
        return;
    kao_conv_grad_back(kernels(t), NULL, &d, t->scratch, g, to, room);
    kao_tape_grad_done(t, s->in, to);
}

static void parts_finish(kao_tape *t, const kao_tape_step *s)
{
    const conv_detail *c = s->detail;

    kao_conv_grad_gather(&c->plan.d, sums_of(t, c), t->n_pieces, c->w->grad,
                         c->b ? c->b->grad : NULL);
}

/* Sums of a piece are worth their memory where it has pixels enough. */
enum { LEAST_PIXELS = 128 };

static void plan_parts(kao_tape *t, kao_tape_step *s)
{
    const kao_kernels *k = kernels(t);
    conv_detail *c = s->detail;
    kao_conv d = c->plan.d;

    d.n = (int32_t)t->piece_pictures;
    const size_t pixels = (size_t)d.n * (size_t)d.oh * (size_t)d.ow;

    if (!kao_tape_is_by_picture(t, s) ||
        (pixels < LEAST_PIXELS && !kao_conv_is_depthwise(&d)))
        return;
    const bool wants = kao_tape_wants_grad(t, s->in);
    const size_t add = kao_conv_grad_room(&d),
                 back = wants ? kao_conv_grad_back_room(k, &d, 1) : 0;

    s->in_parts[1] = true;
    s->settle[1] = parts_settle;
    s->call[KAO_TAPE_BACKWARD] = parts_backward;
    s->finish = parts_finish;
    c->back_packed = wants ? kao_conv_grad_packed(k, &d) : 0;
    c->sums = kao_conv_grad_sums(&d);
    c->room = kao_round_up(add > back ? add : back, KAO_ALIGN / sizeof(float));
    kao_tape_need_scratch(
        t, 0, c->back_packed + t->n_pieces * c->sums + kao_tape_workers(t) * c->room);
}

/* The kernels count pixels and weights with 32 bits, and reach a tile beyond them. */
enum { MOST_PIXELS = INT32_MAX - 64 };

/* The step of a convolution with the weights of input 1 and the bias of input 2. Of a Gemm,
 * whose pictures are single pixels, all are taken at once. */
static kao_status conv_step(kao_tape *t, kao_tape_step *s, kao_conv d, bool is_conv)
{
    const kao_kernels *k = kernels(t);
    const uint32_t threads = kao_pool_threads(t->pool);
    const bool has_bias = s->s->n_in > 2 && s->s->in[2] != KAO_NO_VALUE;
    conv_detail *c = kao_arena_calloc(&t->arena, 1, sizeof *c);

    if (!c)
        return kao_tape_no_memory(t);
    d.in_stride = d.c;
    d.out_stride = d.oc;
    d.bf16 = t->net->bf16;
    kao_conv_plan_init(&c->plan, k, &d);
    c->w = kao_tape_param(t, s->s->in[1], KAO_PARAM_WEIGHT);
    if (c->w && has_bias)
        c->b = kao_tape_param(t, s->s->in[2], KAO_PARAM_BIAS);
    if (!c->w || (has_bias && !c->b))
        return t->err ? t->err->code : KAO_E_NOMEM;
    c->packed = kao_round_up(c->plan.packed_bytes, KAO_ALIGN) / sizeof(float);
    c->thread = c->plan.thread_bytes / sizeof(float);
    kao_tape_need_scratch(t, c->packed + c->thread * threads, 0);
    s->detail = c;
    s->settle[0] = conv_pack;
    s->call[KAO_TAPE_FORWARD] = conv_forward;
    s->call[KAO_TAPE_BACKWARD] = conv_backward;
    s->in_parts[0] = is_conv;
    s->reads_in = s->reads_in_first = true; /* for the weights */
    if (is_conv)
        plan_parts(t, s);
    if (s->in_parts[1])
        return KAO_OK;
    kao_tape_need_scratch(
        t, 0, kao_conv_grad_weights_scratch(k, &d, threads) / sizeof(float));
    if (kao_tape_wants_grad(t, s->in))
        kao_tape_need_scratch(
            t, 0, kao_conv_grad_input_scratch(k, &d, threads) / sizeof(float));
    return KAO_OK;
}

kao_status kao_op_conv_train(kao_tape *t, kao_tape_step *s)
{
    const kao_window *w = &((const kao_conv_state *)s->s->state)->window;
    const kao_tensor *in = &t->values[s->in].t, *out = &t->values[s->out].t;

    if (in->rank != 4 || !kao_window_is_sane(w))
        return kao_fail(t->err, KAO_E_UNSUPPORTED, "a window that is not trained");
    if (pixels_of(t, s->in) > MOST_PIXELS || pixels_of(t, s->out) > MOST_PIXELS ||
        kao_tensor_count(&t->g.values[s->s->in[1]].t) > MOST_PIXELS)
        return kao_fail(t->err, KAO_E_LIMIT, "more than %d pixels or weights",
                        MOST_PIXELS);
    return conv_step(
        t, s,
        kao_conv_of_window(w, ((const kao_conv_param *)s->s->param)->group, in, out),
        true);
}

/* Bias: one number a column, in the last of its dimensions. */
static bool is_bias_of(const kao_tape *t, const kao_step *s, int64_t columns)
{
    if (s->n_in < 3 || s->in[2] == KAO_NO_VALUE)
        return true;
    const kao_tensor *b = &t->g.values[s->in[2]].t;

    return b->rank > 0 && b->dims[b->rank - 1] == columns &&
           kao_tensor_count(b) == columns;
}

kao_status kao_op_gemm_train(kao_tape *t, kao_tape_step *s)
{
    const kao_gemm_param *p = s->s->param;
    const kao_tensor *in = &t->values[s->in].t, *out = &t->values[s->out].t;

    if (p->trans_a || !p->trans_b || !is_one(p->alpha) || !is_one(p->beta) ||
        !is_bias_of(t, s->s, out->dims[1]))
        return kao_fail(t->err, KAO_E_UNSUPPORTED,
                        "trained: transA 0, transB 1, alpha and beta 1, a bias by "
                        "column");
    if (in->dims[0] > MOST_PIXELS || in->dims[1] > MOST_PIXELS ||
        out->dims[1] > MOST_PIXELS)
        return kao_fail(t->err, KAO_E_LIMIT, "a matrix of more than %d rows or columns",
                        MOST_PIXELS);
    return conv_step(t, s, kao_conv_of_rows(in->dims[0], in->dims[1], out->dims[1]),
                     false);
}
