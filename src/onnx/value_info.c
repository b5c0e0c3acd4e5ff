/* ValueInfoProto: name, element type and shape of a graph's input or output. */
#include "onnx/parser.h"

static kao_status parse_dim(kao_onnx_parser *p, kao_onnx_input *in, kao_span bytes)
{
    kao_reader r = kao_reader_of(bytes);
    kao_pb_field f;
    const int32_t at = in->rank;
    kao_status st = KAO_OK;

    if (at == KAO_MAX_RANK)
        return kao_fail(p->err, KAO_E_LIMIT, "more than %d dimensions", KAO_MAX_RANK);
    in->rank++;
    in->dims[at] = -1;
    while (!st && kao_pb_next(&r, &f)) {
        if (f.number == 1 && f.type == KAO_PB_VARINT)
            in->dims[at] = f.value > INT64_MAX ? -1 : (int64_t)f.value;
        else if (f.number == 2)
            st = kao_onnx_str_field(p, &f, &in->dim_names[at]);
    }
    if (st)
        return st;
    return r.bad ? kao_fail(p->err, KAO_E_FORMAT, "malformed shape") : KAO_OK;
}

static kao_status parse_tensor_type(kao_onnx_parser *p, kao_onnx_input *in,
                                    kao_span bytes)
{
    kao_status st = KAO_OK;
    kao_reader r = kao_reader_of(bytes);
    kao_pb_field f, d;

    while (!st && kao_pb_next(&r, &f)) {
        if (f.number == 1 && f.type == KAO_PB_VARINT)
            in->dtype = f.value > 1000 ? 1000 : (int32_t)f.value;
        if (f.number != 2 || f.type != KAO_PB_BYTES)
            continue;
        kao_reader dims = kao_reader_of(f.bytes);

        in->rank = 0;
        while (!st && kao_pb_next(&dims, &d))
            if (d.number == 1)
                st = parse_dim(p, in, d.bytes);
        if (!st && dims.bad)
            st = kao_fail(p->err, KAO_E_FORMAT, "malformed shape");
    }
    if (!st && r.bad)
        st = kao_fail(p->err, KAO_E_FORMAT, "malformed type");
    return st;
}

kao_status kao_onnx_parse_value_info(kao_onnx_parser *p, kao_onnx_input *in,
                                     kao_span bytes)
{
    kao_status st = KAO_OK;
    kao_reader r = kao_reader_of(bytes);
    kao_pb_field f, t;
    kao_span name = { 0 };

    *in = (kao_onnx_input){ .value = KAO_NO_VALUE, .rank = -1 };
    while (!st && kao_pb_next(&r, &f)) {
        if (f.number == 1 && f.type == KAO_PB_BYTES)
            name = f.bytes;
        if (f.number != 2 || f.type != KAO_PB_BYTES)
            continue;
        kao_reader type = kao_reader_of(f.bytes);

        while (!st && kao_pb_next(&type, &t))
            if (t.number == 1)
                st = parse_tensor_type(p, in, t.bytes);
        if (!st && type.bad)
            st = kao_fail(p->err, KAO_E_FORMAT, "malformed type");
    }
    if (!st && (r.bad || !name.p))
        st = kao_fail(p->err, KAO_E_FORMAT, "malformed input or output");
    return st ? st : kao_onnx_value_of(p, name, &in->value);
}
