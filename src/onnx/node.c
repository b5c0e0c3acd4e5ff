/* NodeProto and AttributeProto. An attribute's fields are counted first, then filled; where
 * old files leave its type out, it follows from the field that is there. */
#include "onnx/parser.h"

#include <string.h>

/* ---- attributes ---- */

typedef struct attr_counts {
    size_t floats, ints;
    bool f, i, s, t, other;
    int64_t type;
} attr_counts;

static void count_attr_field(attr_counts *c, const kao_pb_field *f)
{
    switch (f->number) {
    case 2:
        c->f = true;
        break;
    case 3:
        c->i = true;
        break;
    case 4:
        c->s = true;
        break;
    case 5:
        c->t = true;
        break;
    case 7:
        c->floats += f->type == KAO_PB_BYTES ? f->bytes.n / 4 : 1;
        break;
    case 8:
        c->ints += f->type == KAO_PB_BYTES ? kao_pb_count_varints(f->bytes) : 1;
        break;
    case 6:
    case 9:
    case 10:
    case 11:
    case 21:
    case 22:
    case 23:
        c->other = true;
        break;
    case 20:
        c->type = (int64_t)f->value;
        break;
    default:
        break;
    }
}

/* Old files lack the type: it follows from the field that is there. */
static kao_attr_type attr_type(const attr_counts *c)
{
    if (c->other)
        return KAO_ATTR_OTHER;
    switch (c->type) {
    case KAO_ATTR_FLOAT:
    case KAO_ATTR_INT:
    case KAO_ATTR_STRING:
    case KAO_ATTR_FLOATS:
    case KAO_ATTR_INTS:
        return (kao_attr_type)c->type;
    case KAO_ATTR_TENSOR:
        return c->t ? KAO_ATTR_TENSOR : KAO_ATTR_OTHER;
    case 0:
        return c->t        ? KAO_ATTR_TENSOR
               : c->ints   ? KAO_ATTR_INTS
               : c->floats ? KAO_ATTR_FLOATS
               : c->s      ? KAO_ATTR_STRING
               : c->f      ? KAO_ATTR_FLOAT
               : c->i      ? KAO_ATTR_INT
                           : KAO_ATTR_OTHER;
    default:
        return KAO_ATTR_OTHER;
    }
}

static float float_bits(uint32_t u)
{
    float f;

    memcpy(&f, &u, 4);
    return f;
}

static kao_status fill_floats(kao_onnx_parser *p, const kao_pb_field *f, float *to,
                              size_t *n)
{
    if (f->type == KAO_PB_FIXED32) {
        to[(*n)++] = float_bits((uint32_t)f->value);
        return KAO_OK;
    }
    if (f->type != KAO_PB_BYTES || f->bytes.n % 4)
        return kao_fail(p->err, KAO_E_FORMAT, "malformed list of floats");
    for (size_t i = 0; i < f->bytes.n; i += 4)
        to[(*n)++] = float_bits(kao_le32(f->bytes.p + i));
    return KAO_OK;
}

static kao_status fill_ints(kao_onnx_parser *p, const kao_pb_field *f, int64_t *to,
                            size_t *n)
{
    if (f->type == KAO_PB_VARINT) {
        to[(*n)++] = (int64_t)f->value;
        return KAO_OK;
    }
    if (f->type != KAO_PB_BYTES)
        return kao_fail(p->err, KAO_E_FORMAT, "malformed list of integers");
    kao_reader r = kao_reader_of(f->bytes);

    while (kao_reader_left(&r) > 0) {
        const uint64_t v = kao_pb_varint(&r);

        if (r.bad)
            return kao_fail(p->err, KAO_E_FORMAT, "malformed list of integers");
        to[(*n)++] = (int64_t)v;
    }
    return KAO_OK;
}

static kao_status fill_attr_field(kao_onnx_parser *p, kao_onnx_attr *a,
                                  const kao_pb_field *f, float *floats,
                                  size_t *n_floats, int64_t *ints, size_t *n_ints)
{
    kao_onnx_tensor *t = NULL;

    switch (f->number) {
    case 1:
        return kao_onnx_str_field(p, f, &a->name);
    case 2:
        a->f = float_bits((uint32_t)f->value);
        return KAO_OK;
    case 3:
        a->i = (int64_t)f->value;
        return KAO_OK;
    case 4:
        return kao_onnx_str_field(p, f, &a->s);
    case 5:
        if (a->type != KAO_ATTR_TENSOR)
            return KAO_OK;
        t = kao_arena_calloc(p->arena, 1, sizeof *t);
        if (!t)
            return kao_onnx_no_memory(p);
        a->t = t;
        return kao_onnx_tensor_parse(t, f->bytes, p->arena, p->external, p->err);
    case 7:
        return fill_floats(p, f, floats, n_floats);
    case 8:
        return fill_ints(p, f, ints, n_ints);
    default:
        return KAO_OK;
    }
}

static kao_status parse_attr(kao_onnx_parser *p, kao_onnx_attr *a, kao_span bytes)
{
    kao_status st = KAO_OK;
    kao_reader r = kao_reader_of(bytes);
    attr_counts c = { 0 };
    kao_pb_field f;
    size_t n_floats = 0, n_ints = 0;

    *a = (kao_onnx_attr){ .name = "", .s = "" };
    while (kao_pb_next(&r, &f))
        count_attr_field(&c, &f);
    if (r.bad)
        return kao_fail(p->err, KAO_E_FORMAT, "malformed attribute");
    a->type = attr_type(&c);
    float *floats = kao_arena_calloc(p->arena, c.floats, sizeof *floats);
    int64_t *ints = kao_arena_calloc(p->arena, c.ints, sizeof *ints);

    if (!floats || !ints)
        return kao_onnx_no_memory(p);
    r = kao_reader_of(bytes);
    while (!st && kao_pb_next(&r, &f))
        st = fill_attr_field(p, a, &f, floats, &n_floats, ints, &n_ints);
    a->floats = floats;
    a->ints = ints;
    a->n = a->type == KAO_ATTR_FLOATS ? n_floats : n_ints;
    return st;
}

/* ---- nodes ---- */

static kao_status parse_node_arg(kao_onnx_parser *p, const kao_pb_field *f,
                                 uint32_t *out)
{
    if (f->type != KAO_PB_BYTES)
        return kao_fail(p->err, KAO_E_FORMAT, "a node's argument is no name");
    *out = KAO_NO_VALUE;
    return f->bytes.n == 0 ? KAO_OK : kao_onnx_value_of(p, f->bytes, out);
}

static kao_status check_node_args(kao_onnx_parser *p, const kao_onnx_node *node)
{
    kao_status st = KAO_OK;

    for (uint32_t i = 0; i < node->n_in; i++)
        if (node->in[i] != KAO_NO_VALUE && !p->defined[node->in[i]])
            return kao_fail(p->err, KAO_E_FORMAT,
                            "input \"%s\" is made by nothing that stands before it",
                            p->names.list[node->in[i]]);
    for (uint32_t i = 0; !st && i < node->n_out; i++)
        if (node->out[i] != KAO_NO_VALUE)
            st = kao_onnx_define(p, node->out[i]);
    return st;
}

static kao_status count_node(kao_onnx_parser *p, kao_onnx_node *node, kao_span bytes)
{
    kao_reader r = kao_reader_of(bytes);
    kao_pb_field f;

    while (kao_pb_next(&r, &f)) {
        node->n_in += f.number == 1;
        node->n_out += f.number == 2;
        node->n_attr += f.number == 5;
    }
    if (r.bad)
        return kao_fail(p->err, KAO_E_FORMAT, "malformed");
    if (node->n_in > KAO_MAX_NODE_ARGS || node->n_out > KAO_MAX_NODE_ARGS ||
        node->n_attr > KAO_MAX_NODE_ARGS)
        return kao_fail(p->err, KAO_E_LIMIT, "more than %d arguments",
                        KAO_MAX_NODE_ARGS);
    return KAO_OK;
}

static kao_status fill_node(kao_onnx_parser *p, kao_onnx_node *node, kao_span bytes)
{
    kao_status st = KAO_OK;
    kao_reader r = kao_reader_of(bytes);
    kao_pb_field f;
    uint32_t n_in = 0, n_out = 0, n_attr = 0;
    uint32_t *in = kao_arena_calloc(p->arena, node->n_in, sizeof *in);
    uint32_t *out = kao_arena_calloc(p->arena, node->n_out, sizeof *out);
    kao_onnx_attr *attr = kao_arena_calloc(p->arena, node->n_attr, sizeof *attr);

    if (!in || !out || !attr)
        return kao_onnx_no_memory(p);
    node->in = in;
    node->out = out;
    node->attr = attr;
    while (!st && kao_pb_next(&r, &f)) {
        if (f.number == 1)
            st = parse_node_arg(p, &f, &in[n_in++]);
        else if (f.number == 2)
            st = parse_node_arg(p, &f, &out[n_out++]);
        else if (f.number == 3)
            st = kao_onnx_str_field(p, &f, &node->name);
        else if (f.number == 4)
            st = kao_onnx_str_field(p, &f, &node->op);
        else if (f.number == 7)
            st = kao_onnx_str_field(p, &f, &node->domain);
        else if (f.number == 5)
            st = parse_attr(p, &attr[n_attr++], f.bytes);
    }
    return st ? st : check_node_args(p, node);
}

kao_status kao_onnx_parse_node(kao_onnx_parser *p, kao_span bytes)
{
    kao_onnx_node *node = &p->m->nodes[p->m->n_nodes++];

    *node = (kao_onnx_node){ .op = "", .domain = "", .name = "" };
    kao_status st = count_node(p, node, bytes);

    if (!st)
        st = fill_node(p, node, bytes);
    return st ? kao_error_prefix(p->err, st, "node %u \"%s\" (%s)", p->m->n_nodes - 1,
                                 node->name, node->op)
              : KAO_OK;
}
