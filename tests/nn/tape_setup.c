/* See tape_setup.h. */
#include "tape_setup.h"

#include "support/unit.h"

float *tape_at(const kao_tensor *t, float *data, size_t i)
{
    size_t offset = 0;

    for (int32_t d = t->rank; d-- > 0;) {
        offset += i % (size_t)t->dims[d] * (size_t)t->strides[d];
        i /= (size_t)t->dims[d];
    }
    return data + offset;
}

tape_setup tape_make(const pb *file, const kao_tensor *in, uint32_t threads,
                     const char *cpu)
{
    const kao_context_options o = { .n_threads = threads, .cpu = cpu };
    tape_setup s = { NULL, NULL, NULL };
    kao_error err = { 0 };

    assert_int_equal(kao_context_create(&s.ctx, &o, NULL), KAO_OK);
    assert_int_equal(
        kao_network_parse(s.ctx, &s.net, (kao_span){ file->p, file->n }, "small", &err),
        KAO_OK);
    if (kao_tape_create(&s.t, s.net, in, &err))
        fail_msg("%s", err.msg);
    kao_tensor x = s.t->values[s.net->onnx.inputs[0].value].t;

    for (size_t i = 0; i < (size_t)kao_tensor_count(in); i++)
        *tape_at(&x, kao_tape_input(s.t), i) = noise(99, (uint32_t)i);
    return s;
}

void tape_end(tape_setup *s)
{
    kao_tape_destroy(s->t);
    kao_network_destroy(s->net);
    kao_context_destroy(s->ctx);
}

void tape_fill_gradient(kao_tape *t, uint32_t k)
{
    const kao_tensor *out = kao_tape_output(t, k);
    float *g = kao_tape_output_grad(t, k);

    for (size_t i = 0; i < (size_t)kao_tensor_count(out); i++)
        *tape_at(out, g, i) = noise(100 + k, (uint32_t)i);
}

void tape_same_params(const kao_tape *a, const kao_tape *b)
{
    for (uint32_t i = 0; i < a->n_params; i++) {
        const size_t bytes = a->params[i].n * sizeof(float);

        assert_memory_equal(a->params[i].grad, b->params[i].grad, bytes);
        assert_memory_equal(a->params[i].data, b->params[i].data, bytes);
    }
}
