/* What several codecs ask of a network's outputs. */
#include "face/detector_family.h"

bool kao_output_may_have(const kao_network *net, uint32_t i, int64_t width)
{
    const kao_onnx_input *o = &net->onnx.outputs[i];

    return o->rank < 0 || ((o->rank == 2 || o->rank == 3) &&
                           (o->dims[o->rank - 1] == width || o->dims[o->rank - 1] < 0));
}

const char *kao_output_maker(const kao_network *net, uint32_t i)
{
    const kao_onnx_model *m = &net->onnx;

    for (uint32_t n = 0; n < m->n_nodes; n++)
        for (uint32_t k = 0; k < m->nodes[n].n_out; k++)
            if (m->nodes[n].out[k] == m->outputs[i].value)
                return m->nodes[n].op;
    return "";
}

const char *kao_output_name(const kao_network *net, uint32_t i)
{
    return net->onnx.value_names[net->onnx.outputs[i].value];
}

bool kao_is_rows(const kao_tensor *t, int64_t n, int64_t width)
{
    return kao_tensor_count(t) == n * width && t->rank > 0 &&
           (width == 1 || t->dims[t->rank - 1] == width);
}
