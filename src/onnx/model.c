/* ModelProto -> kao_onnx_model, in two walks over the graph: the first counts, so that
 * every array is allocated once; the second fills.
 *
 *   file bytes ── model fields ──> graph span ── count ──> arrays
 *                                      └────── fill: initialisers, inputs, nodes, outputs
 *
 * Each value has one maker: an input, an initialiser or a node that stands before its
 * readers (ONNX IR, "Graphs": nodes are topologically sorted). That check refuses cycles,
 * missing inputs and double definitions at once. */
#include "onnx/model.h"

#include <stdlib.h>
#include <string.h>

#include "onnx/names.h"
#include "onnx/wire.h"

typedef struct parser {
    kao_onnx_model *m;
    kao_arena *arena;
    const kao_onnx_external *external;
    kao_names names;
    uint8_t *defined;      /* by value */
    uint32_t n_init, n_in; /* as counted; inputs with those that have an initialiser */
    kao_error *err;
} parser;

static kao_status no_memory(parser *p)
{
    return kao_fail(p->err, KAO_E_NOMEM, "graph: out of memory");
}

static kao_status str_field(parser *p, const kao_pb_field *f, const char **out)
{
    if (f->type != KAO_PB_BYTES)
        return kao_fail(p->err, KAO_E_FORMAT, "field %u is no string", f->number);
    *out = kao_arena_str(p->arena, f->bytes.p, f->bytes.n);
    return *out ? KAO_OK : no_memory(p);
}

static kao_status value_of(parser *p, kao_span name, uint32_t *out)
{
    if (kao_names_add(&p->names, name, out))
        return KAO_OK;
    return kao_names_collide(&p->names)
               ? kao_fail(p->err, KAO_E_LIMIT, "too many names of one hash")
               : no_memory(p);
}

static kao_status define(parser *p, uint32_t value)
{
    if (p->defined[value])
        return kao_fail(p->err, KAO_E_FORMAT, "value \"%s\" is defined twice",
                        p->names.list[value]);
    p->defined[value] = 1;
    return KAO_OK;
}

/* ---- attributes ---- */

typedef struct attr_counts {
    size_t floats, ints;
    bool f, i, s, t, other;
    int64_t type;
} attr_counts;

static size_t varints_in(kao_span s)
{
    size_t n = 0;

    for (size_t i = 0; i < s.n; i++)
        n += !(s.p[i] & 0x80);
    return n;
}

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
        c->ints += f->type == KAO_PB_BYTES ? varints_in(f->bytes) : 1;
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

static kao_status fill_floats(parser *p, const kao_pb_field *f, float *to, size_t *n)
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

static kao_status fill_ints(parser *p, const kao_pb_field *f, int64_t *to, size_t *n)
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

static kao_status fill_attr_field(parser *p, kao_onnx_attr *a, const kao_pb_field *f,
                                  float *floats, size_t *n_floats, int64_t *ints,
                                  size_t *n_ints)
{
    kao_onnx_tensor *t = NULL;

    switch (f->number) {
    case 1:
        return str_field(p, f, &a->name);
    case 2:
        a->f = float_bits((uint32_t)f->value);
        return KAO_OK;
    case 3:
        a->i = (int64_t)f->value;
        return KAO_OK;
    case 4:
        return str_field(p, f, &a->s);
    case 5:
        if (a->type != KAO_ATTR_TENSOR)
            return KAO_OK;
        t = kao_arena_calloc(p->arena, 1, sizeof *t);
        if (!t)
            return no_memory(p);
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

static kao_status parse_attr(parser *p, kao_onnx_attr *a, kao_span bytes)
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
        return no_memory(p);
    r = kao_reader_of(bytes);
    while (!st && kao_pb_next(&r, &f))
        st = fill_attr_field(p, a, &f, floats, &n_floats, ints, &n_ints);
    a->floats = floats;
    a->ints = ints;
    a->n = a->type == KAO_ATTR_FLOATS ? n_floats : n_ints;
    return st;
}

/* ---- nodes ---- */

static kao_status parse_node_arg(parser *p, const kao_pb_field *f, uint32_t *out)
{
    if (f->type != KAO_PB_BYTES)
        return kao_fail(p->err, KAO_E_FORMAT, "a node's argument is no name");
    *out = KAO_NO_VALUE;
    return f->bytes.n == 0 ? KAO_OK : value_of(p, f->bytes, out);
}

static kao_status check_node_args(parser *p, const kao_onnx_node *node)
{
    kao_status st = KAO_OK;

    for (uint32_t i = 0; i < node->n_in; i++)
        if (node->in[i] != KAO_NO_VALUE && !p->defined[node->in[i]])
            return kao_fail(p->err, KAO_E_FORMAT,
                            "input \"%s\" is made by nothing that stands before it",
                            p->names.list[node->in[i]]);
    for (uint32_t i = 0; !st && i < node->n_out; i++)
        if (node->out[i] != KAO_NO_VALUE)
            st = define(p, node->out[i]);
    return st;
}

static kao_status count_node(parser *p, kao_onnx_node *node, kao_span bytes)
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

static kao_status fill_node(parser *p, kao_onnx_node *node, kao_span bytes)
{
    kao_status st = KAO_OK;
    kao_reader r = kao_reader_of(bytes);
    kao_pb_field f;
    uint32_t n_in = 0, n_out = 0, n_attr = 0;
    uint32_t *in = kao_arena_calloc(p->arena, node->n_in, sizeof *in);
    uint32_t *out = kao_arena_calloc(p->arena, node->n_out, sizeof *out);
    kao_onnx_attr *attr = kao_arena_calloc(p->arena, node->n_attr, sizeof *attr);

    if (!in || !out || !attr)
        return no_memory(p);
    node->in = in;
    node->out = out;
    node->attr = attr;
    while (!st && kao_pb_next(&r, &f)) {
        if (f.number == 1)
            st = parse_node_arg(p, &f, &in[n_in++]);
        else if (f.number == 2)
            st = parse_node_arg(p, &f, &out[n_out++]);
        else if (f.number == 3)
            st = str_field(p, &f, &node->name);
        else if (f.number == 4)
            st = str_field(p, &f, &node->op);
        else if (f.number == 7)
            st = str_field(p, &f, &node->domain);
        else if (f.number == 5)
            st = parse_attr(p, &attr[n_attr++], f.bytes);
    }
    return st ? st : check_node_args(p, node);
}

static kao_status parse_node(parser *p, kao_span bytes)
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

/* ---- inputs and outputs ---- */

static kao_status parse_dim(parser *p, kao_onnx_input *in, kao_span bytes)
{
    kao_reader r = kao_reader_of(bytes);
    kao_pb_field f;
    const int32_t at = in->rank;

    if (at == KAO_MAX_RANK)
        return kao_fail(p->err, KAO_E_LIMIT, "more than %d dimensions", KAO_MAX_RANK);
    in->rank++;
    in->dims[at] = -1;
    while (kao_pb_next(&r, &f)) {
        if (f.number == 1 && f.type == KAO_PB_VARINT)
            in->dims[at] = f.value > INT64_MAX ? -1 : (int64_t)f.value;
        else if (f.number == 2 && str_field(p, &f, &in->dim_names[at]))
            return KAO_E_NOMEM;
    }
    return r.bad ? kao_fail(p->err, KAO_E_FORMAT, "malformed shape") : KAO_OK;
}

static kao_status parse_tensor_type(parser *p, kao_onnx_input *in, kao_span bytes)
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

static kao_status parse_value_info(parser *p, kao_onnx_input *in, kao_span bytes)
{
    kao_status st = KAO_OK;
    kao_reader r = kao_reader_of(bytes);
    kao_pb_field f, t;

    *in = (kao_onnx_input){ .value = KAO_NO_VALUE, .rank = -1 };
    while (!st && kao_pb_next(&r, &f)) {
        if (f.number == 1 && f.type == KAO_PB_BYTES)
            st = value_of(p, f.bytes, &in->value);
        if (f.number != 2 || f.type != KAO_PB_BYTES)
            continue;
        kao_reader type = kao_reader_of(f.bytes);

        while (!st && kao_pb_next(&type, &t))
            if (t.number == 1)
                st = parse_tensor_type(p, in, t.bytes);
        if (!st && type.bad)
            st = kao_fail(p->err, KAO_E_FORMAT, "malformed type");
    }
    if (!st && (r.bad || in->value == KAO_NO_VALUE))
        st = kao_fail(p->err, KAO_E_FORMAT, "malformed input or output");
    return st;
}

/* ---- the graph ---- */

static kao_status count_graph(parser *p, kao_span graph)
{
    kao_onnx_model *m = p->m;
    kao_reader r = kao_reader_of(graph);
    kao_pb_field f;
    uint64_t nodes = 0, names = 0, inits = 0, ins = 0, outs = 0;

    while (kao_pb_next(&r, &f)) {
        if (f.type != KAO_PB_BYTES)
            continue;
        nodes += f.number == 1;
        inits += f.number == 5;
        ins += f.number == 11;
        outs += f.number == 12;
        if (f.number == 15)
            return kao_fail(p->err, KAO_E_UNSUPPORTED, "sparse initialisers");
        if (f.number == 1) {
            kao_reader n = kao_reader_of(f.bytes);
            kao_pb_field a;

            while (kao_pb_next(&n, &a))
                names += a.number == 1 || a.number == 2;
        }
    }
    if (r.bad)
        return kao_fail(p->err, KAO_E_FORMAT, "graph is malformed at its byte %zu",
                        kao_reader_offset(&r));
    if (nodes > KAO_MAX_NODES)
        return kao_fail(p->err, KAO_E_LIMIT, "more than %d nodes", KAO_MAX_NODES);
    names += inits + ins + outs;
    if (outs > KAO_MAX_NODE_ARGS)
        return kao_fail(p->err, KAO_E_LIMIT, "more than %d outputs", KAO_MAX_NODE_ARGS);
    if (names > KAO_MAX_VALUES)
        return kao_fail(p->err, KAO_E_LIMIT, "more than %d values", KAO_MAX_VALUES);
    p->n_init = (uint32_t)inits;
    p->n_in = (uint32_t)ins;
    m->nodes = kao_arena_calloc(p->arena, nodes, sizeof *m->nodes);
    m->inputs = kao_arena_calloc(p->arena, ins, sizeof *m->inputs);
    m->outputs = kao_arena_calloc(p->arena, outs, sizeof *m->outputs);
    m->constants = kao_arena_calloc(p->arena, names, sizeof *m->constants);
    p->defined = kao_arena_calloc(p->arena, names, 1);
    if (!kao_names_init(&p->names, p->arena, (uint32_t)names) || !m->nodes ||
        !m->inputs || !m->outputs || !m->constants || !p->defined)
        return no_memory(p);
    return KAO_OK;
}

static kao_status parse_initializer(parser *p, kao_span bytes)
{
    kao_onnx_tensor *t = kao_arena_calloc(p->arena, 1, sizeof *t);
    uint32_t value = 0;

    if (!t)
        return no_memory(p);
    kao_status st = kao_onnx_tensor_parse(t, bytes, p->arena, p->external, p->err);

    if (!st)
        st = value_of(p, (kao_span){ (const uint8_t *)t->name, strlen(t->name) },
                      &value);
    if (!st)
        st = define(p, value);
    if (!st)
        p->m->constants[value] = t;
    return st;
}

static kao_status parse_input(parser *p, kao_span bytes)
{
    kao_onnx_input in;
    kao_status st = parse_value_info(p, &in, bytes);

    if (st || p->m->constants[in.value]) /* IR below 4 lists initialisers as inputs */
        return st;
    st = define(p, in.value);
    if (!st)
        p->m->inputs[p->m->n_inputs++] = in;
    return st;
}

static kao_status parse_output(parser *p, kao_span bytes)
{
    kao_onnx_input *out = &p->m->outputs[p->m->n_outputs++];
    const kao_status st = parse_value_info(p, out, bytes);

    if (!st && !p->defined[out->value])
        return kao_fail(p->err, KAO_E_FORMAT, "output \"%s\" is made by no node",
                        p->names.list[out->value]);
    return st;
}

/* One walk a kind, in the order in which they depend on each other. */
static kao_status fill_graph(parser *p, kao_span graph)
{
    static const struct {
        uint32_t number;
        kao_status (*parse)(parser *p, kao_span bytes);
    } kinds[] = { { 5, parse_initializer },
                  { 11, parse_input },
                  { 1, parse_node },
                  { 12, parse_output } };
    kao_status st = KAO_OK;
    kao_pb_field f;

    for (size_t k = 0; !st && k < sizeof kinds / sizeof kinds[0]; k++) {
        kao_reader r = kao_reader_of(graph);

        while (!st && kao_pb_next(&r, &f))
            if (f.number == kinds[k].number && f.type == KAO_PB_BYTES)
                st = kinds[k].parse(p, f.bytes);
    }
    p->m->n_values = p->names.n;
    p->m->value_names = p->names.list;
    return st;
}

/* ---- the model ---- */

static kao_status parse_opset(parser *p, kao_span bytes)
{
    kao_status st = KAO_OK;
    kao_reader r = kao_reader_of(bytes);
    kao_pb_field f;
    const char *domain = "";
    int64_t version = 0;

    while (!st && kao_pb_next(&r, &f)) {
        if (f.number == 1)
            st = str_field(p, &f, &domain);
        else if (f.number == 2)
            version = (int64_t)f.value;
    }
    if (!st && r.bad)
        st = kao_fail(p->err, KAO_E_FORMAT, "malformed opset_import");
    if (!st && (domain[0] == '\0' || strcmp(domain, "ai.onnx") == 0))
        p->m->opset = version;
    return st;
}

static kao_status parse_meta(parser *p, kao_span bytes)
{
    kao_status st = KAO_OK;
    kao_reader r = kao_reader_of(bytes);
    kao_pb_field f;
    kao_onnx_meta *meta = &p->m->meta[p->m->n_meta++];

    *meta = (kao_onnx_meta){ "", "" };
    while (!st && kao_pb_next(&r, &f)) {
        if (f.number == 1)
            st = str_field(p, &f, &meta->key);
        else if (f.number == 2)
            st = str_field(p, &f, &meta->value);
    }
    return st;
}

static kao_status parse_model_field(parser *p, const kao_pb_field *f, kao_span *graph)
{
    switch (f->number) {
    case 1:
        p->m->ir_version = (int64_t)f->value;
        return KAO_OK;
    case 2:
        return str_field(p, f, &p->m->producer);
    case 3:
        return str_field(p, f, &p->m->producer_version);
    case 7:
        if (graph->p)
            return kao_fail(p->err, KAO_E_FORMAT, "two graphs");
        if (f->type == KAO_PB_BYTES)
            *graph = f->bytes;
        return KAO_OK;
    case 8:
        return parse_opset(p, f->bytes);
    case 14:
        return parse_meta(p, f->bytes);
    default:
        return KAO_OK;
    }
}

static kao_status parse_model(parser *p, kao_span bytes)
{
    kao_status st = KAO_OK;
    kao_reader r = kao_reader_of(bytes);
    kao_pb_field f;
    kao_span graph = { 0 };
    size_t n_meta = 0;

    while (kao_pb_next(&r, &f))
        n_meta += f.number == 14;
    if (r.bad)
        return kao_fail_at(p->err, KAO_E_FORMAT, kao_reader_offset(&r),
                           "not an ONNX file, or damaged at byte %zu",
                           kao_reader_offset(&r));
    p->m->meta = kao_arena_calloc(p->arena, n_meta, sizeof *p->m->meta);
    if (!p->m->meta)
        return no_memory(p);
    r = kao_reader_of(bytes);
    while (!st && kao_pb_next(&r, &f))
        st = parse_model_field(p, &f, &graph);
    if (!st && !graph.p)
        st = kao_fail(p->err, KAO_E_FORMAT, "not an ONNX file: it has no graph");
    if (!st && p->m->opset < 1)
        st = kao_fail(p->err, KAO_E_FORMAT, "no opset_import of the default domain");
    if (!st)
        st = count_graph(p, graph);
    return st ? st : fill_graph(p, graph);
}

static kao_status parse_with(kao_onnx_model *m, kao_span bytes,
                             const kao_onnx_external *external, kao_error *err)
{
    parser p = { .m = m, .arena = &m->arena, .external = external, .err = err };

    m->producer = m->producer_version = m->graph_name = "";
    return parse_model(&p, bytes);
}

kao_status kao_onnx_parse(kao_onnx_model *m, kao_mem *mem, kao_span bytes,
                          kao_error *err)
{
    *m = (kao_onnx_model){ 0 };
    kao_arena_init(&m->arena, mem, KAO_MAX_GRAPH_HEAP);
    const kao_status st = parse_with(m, bytes, NULL, err);

    if (st)
        kao_onnx_free(m);
    return st;
}

/* ---- files ---- */

typedef struct fetcher {
    kao_onnx_model *m;
    const char *path; /* of the model */
} fetcher;

static bool is_safe_location(const char *s)
{
    if (s[0] == '/' || s[0] == '\0' || strchr(s, '\\'))
        return false;
    for (const char *p = s; p; p = strchr(p, '/') ? strchr(p, '/') + 1 : NULL)
        if (p[0] == '.' && p[1] == '.' && (p[2] == '/' || p[2] == '\0'))
            return false;
    return true;
}

/* The file of external data, opened once; KAO_OK and *number, or a failure. */
static kao_status open_external(fetcher *x, const char *location, size_t *number,
                                kao_error *err)
{
    kao_onnx_model *m = x->m;
    const char *slash = strrchr(x->path, '/');
    const size_t dir = slash ? (size_t)(slash - x->path) + 1 : 0, n = strlen(location);

    for (size_t i = 0; i < m->n_external; i++)
        if (strcmp(m->external_names[i], location) == 0) {
            *number = i;
            return KAO_OK;
        }
    if (m->n_external == KAO_MAX_EXTERNAL)
        return kao_fail(err, KAO_E_LIMIT, "more than %d files of external data",
                        KAO_MAX_EXTERNAL);
    char *full = kao_arena_alloc(&m->arena, dir + n + 1);

    if (!full)
        return kao_fail(err, KAO_E_NOMEM, "out of memory");
    memcpy(full, x->path, dir);
    memcpy(full + dir, location, n + 1);
    const kao_status st = kao_file_open(&m->external[m->n_external], m->arena.mem, full,
                                        KAO_MAX_FILE, err);

    if (st)
        return st;
    m->external_names[m->n_external] = location;
    *number = m->n_external++;
    return KAO_OK;
}

static kao_status fetch(void *user, const char *location, uint64_t offset,
                        uint64_t length, bool has_length, kao_span *out, kao_error *err)
{
    size_t number = 0;

    if (!is_safe_location(location))
        return kao_fail(err, KAO_E_FORMAT,
                        "external data in \"%s\": only files beside the model are read",
                        location);
    const kao_status st = open_external(user, location, &number, err);

    if (st)
        return st;
    const kao_span bytes = ((const fetcher *)user)->m->external[number].bytes;

    if (offset > bytes.n || (has_length && length > bytes.n - offset))
        return kao_fail(err, KAO_E_FORMAT,
                        "external data in \"%s\" ends after its %zu bytes", location,
                        bytes.n);
    out->p = bytes.p + offset;
    out->n = has_length ? (size_t)length : bytes.n - (size_t)offset;
    return KAO_OK;
}

kao_status kao_onnx_load(kao_onnx_model *m, kao_mem *mem, const char *path,
                         kao_error *err)
{
    *m = (kao_onnx_model){ 0 };
    kao_arena_init(&m->arena, mem, KAO_MAX_GRAPH_HEAP);
    kao_status st = kao_file_open(&m->file, mem, path, KAO_MAX_FILE, err);

    if (st)
        return st;
    fetcher x = { m, path };
    const kao_onnx_external external = { fetch, &x };

    st = parse_with(m, m->file.bytes, &external, err);
    if (st) {
        kao_onnx_free(m);
        return kao_error_prefix(err, st, "%s", path);
    }
    return KAO_OK;
}

void kao_onnx_free(kao_onnx_model *m)
{
    for (size_t i = 0; i < m->n_external; i++)
        kao_file_close(&m->external[i]);
    kao_file_close(&m->file);
    kao_arena_fini(&m->arena);
    *m = (kao_onnx_model){ 0 };
}

const kao_onnx_attr *kao_onnx_attr_find(const kao_onnx_node *node, const char *name)
{
    for (uint32_t i = 0; i < node->n_attr; i++)
        if (strcmp(node->attr[i].name, name) == 0)
            return &node->attr[i];
    return NULL;
}
