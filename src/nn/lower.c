/* Lowering: what the rows' functions share, and the copies between layouts.
 *
 * The kernels take rows of floats (pixels of c channels, or one long row); what does not
 * lie so keeps its generic form, which reads any strides. */
#include "nn/lower.h"

#include <string.h>

#include "nn/plan.h"

kao_status kao_lower_to(kao_op_lower *x, kao_kernel_id kernel, const void *detail,
                        size_t n)
{
    void *p = kao_arena_alloc(x->arena, n);

    if (!p)
        return kao_fail(x->err, KAO_E_NOMEM, "plan: out of memory");
    memcpy(p, detail, n);
    x->detail = p;
    x->kernel = kernel;
    return KAO_OK;
}

bool kao_view_pixels(const kao_tensor *t, kao_row_view *r)
{
    int64_t pitch = 0;

    if (t->rank != 4 || !kao_tensor_is_channels_last(t, &pitch))
        return false;
    *r = (kao_row_view){ (size_t)(t->dims[0] * t->dims[2] * t->dims[3]),
                         (size_t)t->dims[1], (size_t)pitch };
    return true;
}

bool kao_is_per_channel(const kao_tensor *t, const kao_tensor *out)
{
    if (out->rank != 4 || kao_tensor_count(t) != out->dims[1] ||
        !kao_tensor_is_dense(t))
        return false;
    for (int32_t i = 0; i < t->rank; i++)
        if (t->dims[i] != 1 && i + 4 - t->rank != 1)
            return false;
    return true;
}

bool kao_lower_rows(const kao_op_lower *x, kao_unary_args *u)
{
    const kao_tensor *in = &x->in[0], *out = &x->out[0];
    kao_row_view from, to;

    if (in->dtype != KAO_F32)
        return false;
    if (kao_view_pixels(in, &from) && kao_view_pixels(out, &to)) {
        u->n_rows = to.n;
        u->c = to.c;
        u->in_stride = (ptrdiff_t)from.pitch;
        u->out_stride = (ptrdiff_t)to.pitch;
        return true;
    }
    if (!kao_tensor_is_dense(in) || !kao_tensor_is_dense(out))
        return false;
    u->n_rows = 1;
    u->c = (size_t)kao_tensor_count(out);
    u->in_stride = u->out_stride = (ptrdiff_t)u->c;
    return true;
}

kao_status kao_lower_copy(kao_op_lower *x)
{
    const kao_tensor *in = &x->in[0], *out = &x->out[0];
    kao_row_view r;

    if (in->dtype != KAO_F32 || in->rank != 4 || !kao_tensor_same_dims(in, out) ||
        kao_tensor_count(in) == 0)
        return KAO_OK;
    const bool to_last = kao_tensor_is_dense(in) && kao_view_pixels(out, &r);

    if (!to_last && !(kao_view_pixels(in, &r) && kao_tensor_is_dense(out)))
        return KAO_OK;
    const kao_layout_call d = { .n = (size_t)in->dims[0],
                                .c = r.c,
                                .n_pixels = (size_t)(in->dims[2] * in->dims[3]),
                                .pitch = r.pitch };

    return kao_lower_to(x, to_last ? KAO_KERNEL_TO_NHWC : KAO_KERNEL_TO_NCHW, &d,
                        sizeof d);
}

kao_status kao_lower(kao_graph *g, const kao_step *s, kao_entry *e)
{
    kao_tensor *args = NULL;
    kao_status st = KAO_OK;

    if (s->kind != KAO_STEP_COPY && !s->op->lower)
        return KAO_OK;
    if (s->n_in == 0 || s->in[0] == KAO_NO_VALUE || s->out[0] == KAO_NO_VALUE)
        return KAO_OK;
    args = kao_arena_calloc(g->scratch, (size_t)s->n_in + s->n_out, sizeof *args);
    if (!args)
        return kao_graph_no_memory(g);
    kao_op_lower x = { .op = s->op,
                       .param = s->param,
                       .state = s->state,
                       .n_in = s->n_in,
                       .n_out = s->n_out,
                       .in = args,
                       .out = args + s->n_in,
                       .arena = g->keep,
                       .err = g->err,
                       .kernel = e->kernel };

    kao_graph_args(g, s, args, args + s->n_in);
    st = s->kind == KAO_STEP_COPY ? kao_lower_copy(&x) : s->op->lower(&x);
    e->kernel = x.kernel;
    e->detail = x.detail;
    return st;
}
