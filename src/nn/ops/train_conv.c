/* Conv and Gemm in training: the convolution's kernels and its gradients. A Gemm is a 1x1
 * convolution whose pixels are the rows. */
#include "base/reader.h"
#include "kernels/conv_grad.h"
#include "nn/ops/train_parts.h"

typedef struct conv_detail {
    kao_conv_plan plan;
    kao_param *w, *b;
    size_t packed; /* floats */
} conv_detail;

static bool is_one(float v)
{
    return !(v < 1) && !(v > 1);
}

static void conv_forward(kao_tape *t, const kao_tape_step *s)
{
    const conv_detail *c = s->detail;

    kao_conv_pack(kernels(t), &c->plan, c->w->data, c->b ? c->b->data : NULL, NULL,
                  t->scratch);
    kao_conv_run(kernels(t), t->pool, &c->plan, t->scratch, data_of(t, s->in), NULL,
                 data_of(t, s->out), t->scratch + c->packed);
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

/* The kernels count pixels and weights with 32 bits, and reach a tile beyond them. */
enum { MOST_PIXELS = INT32_MAX - 64 };

/* The step of a convolution with the weights of input 1 and the bias of input 2. */
static kao_status conv_step(kao_tape *t, kao_tape_step *s, kao_conv d)
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
    c->packed = kao_round_up(c->plan.packed_bytes, KAO_ALIGN) / 4;
    kao_tape_need_scratch(t, c->packed + c->plan.thread_bytes / 4 * threads,
                          kao_conv_grad_weights_scratch(k, &d, threads) / 4);
    if (kao_tape_wants_grad(t, s->in))
        kao_tape_need_scratch(t, 0, kao_conv_grad_input_scratch(k, &d, threads) / 4);
    s->detail = c;
    s->forward = conv_forward;
    s->backward = conv_backward;
    s->reads_in = s->reads_in_first = true; /* for the weights */
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
        kao_conv_of_window(w, ((const kao_conv_param *)s->s->param)->group, in, out));
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
    return conv_step(t, s, kao_conv_of_rows(in->dims[0], in->dims[1], out->dims[1]));
}
