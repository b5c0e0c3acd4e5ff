/* ModelProto -> kao_onnx_model, in walks over the graph: the first counts, so that every
 * array is allocated once; the others fill, a kind each.
 *
 *   file bytes ── model fields ──> graph span ── count ──> arrays
 *                                      └────── fill: initialisers, inputs, nodes, outputs
 *
 * Each value has one maker: an input, an initialiser or a node that stands before its
 * readers (ONNX IR, "Graphs": nodes are topologically sorted). That check refuses cycles,
 * missing inputs and double definitions at once. */
#include "onnx/parser.h"

#include <string.h>

kao_status kao_onnx_no_memory(kao_onnx_parser *p)
{
    return kao_fail(p->err, KAO_E_NOMEM, "graph: out of memory");
}

kao_status kao_onnx_str_field(kao_onnx_parser *p, const kao_pb_field *f,
                              const char **out)
{
    if (f->type != KAO_PB_BYTES)
        return kao_fail(p->err, KAO_E_FORMAT, "field %u is no string", f->number);
    *out = kao_arena_str(p->arena, f->bytes.p, f->bytes.n);
    return *out ? KAO_OK : kao_onnx_no_memory(p);
}

kao_status kao_onnx_value_of(kao_onnx_parser *p, kao_span name, uint32_t *out)
{
    if (kao_names_add(&p->names, name, out))
        return KAO_OK;
    return kao_names_collide(&p->names)
               ? kao_fail(p->err, KAO_E_LIMIT, "too many names of one hash")
               : kao_onnx_no_memory(p);
}

kao_status kao_onnx_define(kao_onnx_parser *p, uint32_t value)
{
    if (p->defined[value])
        return kao_fail(p->err, KAO_E_FORMAT, "value \"%s\" is defined twice",
                        p->names.list[value]);
    p->defined[value] = 1;
    return KAO_OK;
}

/* ---- the graph ---- */

static kao_status count_graph(kao_onnx_parser *p, kao_span graph)
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
        return kao_fail(p->err, KAO_E_LIMIT, "more than %d names", KAO_MAX_VALUES);
    m->nodes = kao_arena_calloc(p->arena, (size_t)nodes, sizeof *m->nodes);
    m->inputs = kao_arena_calloc(p->arena, (size_t)ins, sizeof *m->inputs);
    m->outputs = kao_arena_calloc(p->arena, (size_t)outs, sizeof *m->outputs);
    m->constants = kao_arena_calloc(p->arena, (size_t)names, sizeof *m->constants);
    p->defined = kao_arena_calloc(p->arena, (size_t)names, 1);
    if (!kao_names_init(&p->names, p->arena, (uint32_t)names) || !m->nodes ||
        !m->inputs || !m->outputs || !m->constants || !p->defined)
        return kao_onnx_no_memory(p);
    return KAO_OK;
}

static kao_status parse_initializer(kao_onnx_parser *p, kao_span bytes)
{
    kao_onnx_tensor *t = kao_arena_calloc(p->arena, 1, sizeof *t);
    uint32_t value = 0;

    if (!t)
        return kao_onnx_no_memory(p);
    kao_status st = kao_onnx_tensor_parse(t, bytes, p->arena, p->external, p->err);

    if (!st)
        st = kao_onnx_value_of(
            p, (kao_span){ (const uint8_t *)t->name, strlen(t->name) }, &value);
    if (!st)
        st = kao_onnx_define(p, value);
    if (!st)
        p->m->constants[value] = t;
    return st;
}

static kao_status parse_input(kao_onnx_parser *p, kao_span bytes)
{
    kao_onnx_input in;
    kao_status st = kao_onnx_parse_value_info(p, &in, bytes);

    if (st || p->m->constants[in.value]) /* IR below 4 lists initialisers as inputs */
        return st;
    st = kao_onnx_define(p, in.value);
    if (!st)
        p->m->inputs[p->m->n_inputs++] = in;
    return st;
}

static kao_status parse_output(kao_onnx_parser *p, kao_span bytes)
{
    kao_onnx_input *out = &p->m->outputs[p->m->n_outputs++];
    const kao_status st = kao_onnx_parse_value_info(p, out, bytes);

    if (!st && !p->defined[out->value])
        return kao_fail(p->err, KAO_E_FORMAT, "output \"%s\" is made by no node",
                        p->names.list[out->value]);
    return st;
}

/* One walk a kind, in the order in which they depend on each other. */
static kao_status fill_graph(kao_onnx_parser *p, kao_span graph)
{
    static const struct {
        uint32_t number;
        kao_status (*parse)(kao_onnx_parser *p, kao_span bytes);
    } kinds[] = { { 5, parse_initializer },
                  { 11, parse_input },
                  { 1, kao_onnx_parse_node },
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

static kao_status parse_opset(kao_onnx_parser *p, kao_span bytes)
{
    kao_status st = KAO_OK;
    kao_reader r = kao_reader_of(bytes);
    kao_pb_field f;
    const char *domain = "";
    int64_t version = 0;

    while (!st && kao_pb_next(&r, &f)) {
        if (f.number == 1)
            st = kao_onnx_str_field(p, &f, &domain);
        else if (f.number == 2)
            version = (int64_t)f.value;
    }
    if (!st && r.bad)
        st = kao_fail(p->err, KAO_E_FORMAT, "malformed opset_import");
    if (!st && (domain[0] == '\0' || strcmp(domain, "ai.onnx") == 0))
        p->m->opset = version;
    return st;
}

static kao_status parse_meta(kao_onnx_parser *p, kao_span bytes)
{
    kao_status st = KAO_OK;
    kao_reader r = kao_reader_of(bytes);
    kao_pb_field f;
    kao_onnx_meta *meta = &p->m->meta[p->m->n_meta++];

    *meta = (kao_onnx_meta){ "", "" };
    while (!st && kao_pb_next(&r, &f)) {
        if (f.number == 1)
            st = kao_onnx_str_field(p, &f, &meta->key);
        else if (f.number == 2)
            st = kao_onnx_str_field(p, &f, &meta->value);
    }
    if (!st && r.bad)
        st = kao_fail(p->err, KAO_E_FORMAT, "malformed metadata");
    return st;
}

static kao_status parse_model_field(kao_onnx_parser *p, const kao_pb_field *f,
                                    kao_span *graph)
{
    switch (f->number) {
    case 1:
        p->m->ir_version = (int64_t)f->value;
        return KAO_OK;
    case 2:
        return kao_onnx_str_field(p, f, &p->m->producer);
    case 3:
        return kao_onnx_str_field(p, f, &p->m->producer_version);
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

static kao_status parse_model(kao_onnx_parser *p, kao_span bytes)
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
        return kao_onnx_no_memory(p);
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

kao_status kao_onnx_parse_model(kao_onnx_model *m, kao_span bytes,
                                const kao_onnx_external *external, kao_error *err)
{
    kao_onnx_parser p = {
        .m = m, .arena = &m->arena, .external = external, .err = err
    };

    m->producer = m->producer_version = "";
    m->n_bytes += bytes.n;
    return parse_model(&p, bytes);
}

kao_status kao_onnx_parse(kao_onnx_model *m, kao_mem *mem, kao_span bytes,
                          kao_error *err)
{
    *m = (kao_onnx_model){ 0 };
    kao_arena_init(&m->arena, mem, KAO_MAX_GRAPH_HEAP);
    const kao_status st = kao_onnx_parse_model(m, bytes, NULL, err);

    if (st)
        kao_onnx_free(m);
    return st;
}

const kao_onnx_attr *kao_onnx_attr_find(const kao_onnx_node *node, const char *name)
{
    for (uint32_t i = 0; i < node->n_attr; i++)
        if (strcmp(node->attr[i].name, name) == 0)
            return &node->attr[i];
    return NULL;
}
