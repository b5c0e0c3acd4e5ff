/* What moves numbers in training: Flatten, Reshape, Concat along channels. */
#include <string.h>

#include "nn/ops/train_parts.h"

/* ---- Flatten, Reshape ---- */

/* Maps lie channels last and rows in C order, so this is a transposition, not a view. The
 * other way, to permute the columns of the weights behind it and of their gradient, costs
 * more: iResNet-18 has 25,088 x 512 of them, and 25,088 numbers an image. */
static void reshape_forward(kao_tape *t, const kao_tape_step *s)
{
    kao_tensor_copy(&t->values[s->out].t, &t->values[s->in].t);
}

static void reshape_backward(kao_tape *t, const kao_tape_step *s)
{
    kao_tensor to = t->values[s->in].t, from = t->values[s->out].t;

    from.data = t->values[s->out].grad;
    to.data = kao_tape_grad_to(t, s->in);
    if (!to.data)
        return;
    kao_tensor_copy(&to, &from);
    kao_tape_grad_done(t, s->in, to.data);
}

kao_status kao_op_reshape_train(kao_tape *t, kao_tape_step *s)
{
    (void)t;
    s->call[KAO_TAPE_FORWARD] = reshape_forward;
    s->call[KAO_TAPE_BACKWARD] = reshape_backward;
    return KAO_OK;
}

/* ---- Concat along channels ---- */

typedef struct concat_job { /* of one part */
    const float *from;
    float *to;
    size_t from_pitch, to_pitch, n; /* floats a row; those copied */
} concat_job;

static void concat_rows(void *arg, size_t begin, size_t end, size_t piece)
{
    const concat_job *j = arg;

    (void)piece;
    for (size_t r = begin; r < end; r++)
        memcpy(j->to + r * j->to_pitch, j->from + r * j->from_pitch,
               j->n * sizeof *j->to);
}

static void concat_forward(kao_tape *t, const kao_tape_step *s)
{
    const size_t all = (size_t)t->values[s->out].t.dims[1];
    const size_t rows = count_of(t, s->out) / all;
    float *to = data_of(t, s->out);

    for (uint32_t i = 0; i < s->s->n_in; i++) {
        const uint32_t v = s->s->in[i];
        const size_t c = (size_t)t->values[v].t.dims[1];
        concat_job j = {
            .from = data_of(t, v), .to = to, .from_pitch = c, .to_pitch = all, .n = c
        };

        kao_tape_rows(t, rows, concat_rows, &j);
        to += c;
    }
}

static void concat_backward(kao_tape *t, const kao_tape_step *s)
{
    const size_t all = (size_t)t->values[s->out].t.dims[1];
    const size_t rows = count_of(t, s->out) / all;
    const float *from = t->values[s->out].grad;

    for (uint32_t i = 0; i < s->s->n_in; i++) {
        const uint32_t v = s->s->in[i];
        const size_t c = (size_t)t->values[v].t.dims[1];
        concat_job j = { .from = from,
                         .to = kao_tape_grad_to(t, v),
                         .from_pitch = all,
                         .to_pitch = c,
                         .n = c };

        from += c;
        if (!j.to)
            continue;
        kao_tape_rows(t, rows, concat_rows, &j);
        kao_tape_grad_done(t, v, j.to);
    }
}

kao_status kao_op_concat_train(kao_tape *t, kao_tape_step *s)
{
    const kao_tensor *out = &t->values[s->out].t;

    if ((out->rank != 4 && out->rank != 2) ||
        ((const kao_axis_state *)s->s->state)->axis != 1)
        return kao_fail(t->err, KAO_E_UNSUPPORTED, "trained: along channels");
    for (uint32_t i = 0; i < s->s->n_in; i++)
        if (!t->values[s->s->in[i]].is_made)
            return kao_fail(t->err, KAO_E_UNSUPPORTED, "input %u is a constant", i);
    s->call[KAO_TAPE_FORWARD] = concat_forward;
    s->call[KAO_TAPE_BACKWARD] = concat_backward;
    s->in_parts[0] = s->in_parts[1] = true;
    return KAO_OK;
}
