/* Choices from a seed or from bytes, the list of values, and what makers build graphs with. */
#include "random/random_graph.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "random/makers.h"

/* ---- choices ---- */

choices choices_of_seed(uint64_t seed)
{
    return (choices){ .state = seed };
}

choices choices_of_bytes(const uint8_t *bytes, size_t n)
{
    return (choices){ .bytes = bytes, .n = n };
}

static uint64_t next_random(choices *c) /* splitmix64 */
{
    uint64_t z = c->state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

uint32_t draw(random_graph *t, uint32_t below)
{
    choices *c = &t->c;

    if (!c->bytes)
        return (uint32_t)((next_random(c) >> 32) * below >> 32);
    return c->at < c->n ? c->bytes[c->at++] % below : 0; /* past the end: zeros */
}

bool once_in(random_graph *t, uint32_t n)
{
    return draw(t, n) == n - 1;
}

kao_dtype draw_type(random_graph *t)
{
    static const kao_dtype types[] = { KAO_F32,  KAO_I64, KAO_I32, KAO_U8,  KAO_I8,
                                       KAO_BOOL, KAO_I16, KAO_U16, KAO_U32, KAO_U64 };

    return types[draw(t, 10)];
}

/* ---- values ---- */

const char *fresh_name(random_graph *t)
{
    static _Thread_local char text[16][12];
    char *to = text[t->n_names % 16];

    snprintf(to, sizeof text[0], "c%u", t->n_names++);
    return to;
}

const char *text_of(const int64_t *dims, int32_t rank, char buf[DIMS_TEXT])
{
    size_t n = 0;

    buf[0] = '\0';
    for (int32_t i = 0; i < rank; i++)
        n += (size_t)snprintf(buf + n, DIMS_TEXT - n, "%s%lld", i ? "," : "",
                              (long long)dims[i]);
    return buf;
}

int64_t product(const int64_t *dims, int32_t rank)
{
    int64_t n = 1;

    for (int32_t i = 0; i < rank; i++) {
        if (dims[i] > MAX_COUNT)
            return MAX_COUNT + 1;
        n = n * dims[i] > MAX_COUNT ? MAX_COUNT + 1 : n * dims[i];
    }
    return n;
}

const random_value *pick(random_graph *t, uint32_t types, int32_t lo, int32_t hi)
{
    for (int tries = 0; tries < 8 && t->n; tries++) {
        const int back = draw(t, 3) ? (int)draw(t, 3) : (int)draw(t, (uint32_t)t->n);
        const random_value *v = &t->v[t->n - 1 - (back < t->n ? back : 0)];

        if (v->rank >= lo && v->rank <= hi && (kao_type_bit(v->dtype) & types))
            return v;
    }
    return NULL;
}

const random_value *last_value(const random_graph *t)
{
    return &t->v[t->n - 1];
}

bool fits_graph(const random_graph *t, const int64_t *dims, int32_t rank)
{
    return rank <= KAO_MAX_RANK && product(dims, rank) <= MAX_COUNT &&
           t->n + 8 < MAX_VALUES;
}

const random_value *push(random_graph *t, kao_dtype dtype, int32_t rank,
                         const int64_t *dims, double m, double e)
{
    random_value *v = &t->v[t->n++];

    *v = (random_value){ .dtype = dtype, .rank = rank, .m = m, .e = e };
    if (rank)
        memcpy(v->dims, dims, (size_t)rank * sizeof *dims);
    snprintf(v->name, sizeof v->name, "v%u", t->n_names++);
    return v;
}

const random_value *push_like(random_graph *t, const random_value *x, double m,
                              double e)
{
    return push(t, x->dtype, x->rank, x->dims, m, e);
}

/* ---- nodes ---- */

static void note(random_graph *t, const char *op)
{
    size_t n = 0;
    bool known = false;
    const kao_op *rows = kao_op_rows(&n), *row = kao_op_find(op, t->opset, &known);

    if (!row || n > MAX_ROWS)
        abort(); /* a maker asks for what the opset does not have */
    t->made[row - rows]++;
}

void emit(random_graph *t, const char *op, const char *in, const char *out,
          const char *attributes)
{
    note(t, op);
    graph_node(&t->g, op, in, out, attributes);
    if (once_in(t, 48)) { /* the same again for nobody: outputs may be without a name */
        char nobody[64];
        size_t n = 0;

        for (; *out && n + 3 < sizeof nobody; out++)
            if (*out != ' ' && (out[1] == ' ' || out[1] == '\0'))
                n += (size_t)snprintf(nobody + n, sizeof nobody - n, "- ");
        graph_node(&t->g, op, in, nobody, attributes);
    }
}

void emit3(random_graph *t, const char *op, const char *a, const char *b, const char *c,
           const char *out, const char *attributes)
{
    char in[64];

    snprintf(in, sizeof in, "%s %s %s", a, b, c);
    emit(t, op, in, out, attributes);
}

/* ---- constants and inputs ---- */

static double number(uint32_t seed, uint32_t i, double lo, double hi)
{
    return lo + (hi - lo) * ((double)noise(seed, i) + 1) / 2;
}

static void *fill(random_graph *t, kao_dtype dtype, int64_t n, double lo, double hi)
{
    const uint32_t high = draw(t, 256), seed = high << 8 | draw(t, 256);
    const size_t size = kao_dtype_size((int)dtype);
    uint8_t *p = malloc((size_t)n * size + 8);

    if (!p)
        abort();
    for (int64_t i = 0; i < n; i++) {
        const double v = number(seed, (uint32_t)i, lo, hi);
        const int64_t whole = (int64_t)floor(v + 0.5);

        if (dtype == KAO_F32)
            ((float *)(void *)p)[i] = (float)v;
        else if (dtype == KAO_BOOL)
            p[i] = v > (lo + hi) / 2;
        else
            memcpy(p + (size_t)i * size, &whole, size); /* its low bytes */
    }
    return p;
}

static bool add_input(random_graph *t, const char *name, kao_dtype dtype, int32_t rank,
                      const int64_t *dims, void *data)
{
    char text[DIMS_TEXT];

    if (t->n_in == MAX_RANDOM_INPUTS)
        return false;
    kao_tensor *in = &t->in[t->n_in++];

    *in = (kao_tensor){ .dtype = dtype, .rank = rank, .data = data };
    if (rank)
        memcpy(in->dims, dims, (size_t)rank * sizeof *dims);
    kao_tensor_set_dense(in);
    graph_input(&t->g, name, (int)dtype,
                once_in(t, 3) ? NULL : text_of(dims, rank, text));
    return true;
}

static const char *add_constant(random_graph *t, kao_dtype dtype, int32_t rank,
                                const int64_t *dims, void *data, bool may_be_input)
{
    const char *name = fresh_name(t);
    char text[DIMS_TEXT];

    if (may_be_input && once_in(t, 16) && add_input(t, name, dtype, rank, dims, data))
        return name; /* it keeps data */
    text_of(dims, rank, text);
    if (once_in(t, 8)) {
        pb message = tensor_proto("", (int)dtype, text, data);

        note(t, "Constant");
        graph_node_tensor(&t->g, "Constant", "", name, "value", &message);
    } else {
        graph_tensor(&t->g, name, (int)dtype, text, data);
    }
    free(data);
    return name;
}

const char *constant(random_graph *t, kao_dtype dtype, int32_t rank,
                     const int64_t *dims, double lo, double hi)
{
    const int64_t n = product(dims, rank);

    if (n > MAX_COUNT)
        abort(); /* a maker asks for more than it may: fits_graph tells before */
    return add_constant(t, dtype, rank, dims, fill(t, dtype, n, lo, hi), true);
}

static void *copy_of(const void *from, size_t n)
{
    void *p = malloc(n + 8);

    if (!p)
        abort();
    if (n)
        memcpy(p, from, n);
    return p;
}

const char *integers(random_graph *t, const int64_t *v, size_t n)
{
    const int64_t dims[1] = { (int64_t)n };

    return add_constant(t, KAO_I64, 1, dims, copy_of(v, n * sizeof *v), false);
}

const char *floats(random_graph *t, const float *v, size_t n)
{
    const int64_t dims[1] = { (int64_t)n };

    return add_constant(t, KAO_F32, 1, dims, copy_of(v, n * sizeof *v), false);
}

const char *weights(random_graph *t, int32_t rank, const int64_t *dims, int64_t rows,
                    bool transposed)
{
    int64_t n = 1;

    for (int32_t i = 0; i < rank; i++)
        n *= dims[i];
    const int64_t columns = rows ? n / rows : 0;
    float *w = fill(t, KAO_F32, n, -1, 1);
    const int64_t row_step = transposed ? 1 : columns, step = transposed ? rows : 1;

    for (int64_t r = 0; r < rows; r++) {
        double sum = 1e-9;

        for (int64_t i = 0; i < columns; i++)
            sum += fabs((double)w[r * row_step + i * step]);
        for (int64_t i = 0; i < columns; i++)
            w[r * row_step + i * step] =
                (float)((double)w[r * row_step + i * step] * 0.999 / sum);
    }
    return add_constant(t, KAO_F32, rank, dims, w, true);
}

/* ---- graphs ---- */

static void add_specials(const kao_tensor *in)
{
    static const float values[] = { NAN, INFINITY, -INFINITY, -0.0f, 1e-40f };
    const int64_t n = kao_tensor_count(in);

    for (int64_t i = 0; i < n; i++)
        if (noise(77, (uint32_t)i) > 0.95f)
            ((float *)in->data)[i] =
                values[(uint64_t)i % (sizeof values / sizeof values[0])];
}

static void start_picture(random_graph *t)
{
    static const int64_t channels[] = { 3, 1, 2, 4, 5, 8, 16, 17, 20, 24, 33, 40 };
    static const int64_t sides[] = { 4, 1, 2, 3, 5, 6, 7, 8, 9, 11, 13 };
    int64_t dims[4] = { 1, 1, 1, 1 };

    if (once_in(t, 4))
        dims[0] = 2 + draw(t, 2);
    dims[1] = channels[draw(t, 12)];
    dims[2] = sides[draw(t, 11)];
    dims[3] = sides[draw(t, 11)];
    while (product(dims, 4) > MAX_COUNT)
        dims[3] = (dims[3] + 1) / 2, dims[1] = (dims[1] + 1) / 2;
    if (once_in(t, 60))
        dims[draw(t, 4)] = 0;
    const random_value *v = push(t, KAO_F32, 4, dims, 1, 0);

    add_input(t, v->name, KAO_F32, 4, dims, fill(t, KAO_F32, product(dims, 4), -1, 1));
    if (t->special)
        add_specials(&t->in[t->n_in - 1]);
}

static void start_list(random_graph *t)
{
    const kao_dtype dtype = draw_type(t);
    const int32_t rank = (int32_t)draw(t, 6);
    int64_t dims[6] = { 1 };

    for (int32_t i = 0; i < rank; i++)
        dims[i] = 1 + draw(t, 7);
    if (product(dims, rank) > MAX_COUNT)
        dims[0] = dims[1] = 1;
    const double m = dtype == KAO_F32 ? 1 : is_unsigned(dtype) ? 200 : 9;
    const random_value *v = push(t, dtype, rank, dims, m, 0);

    add_input(t, v->name, dtype, rank, dims,
              fill(t, dtype, product(dims, rank), is_unsigned(dtype) ? 0 : -m, m));
}

static void choose_outputs(random_graph *t, choices late)
{
    int last = t->n - 1;

    t->c = late; /* of their own stream: the same for a shorter graph */
    t->out[t->n_out++] = last;
    for (int i = 0; i < t->n && t->n_out < MAX_OUTPUTS; i++)
        if (once_in(t, 6))
            t->out[t->n_out++] = once_in(t, 8) ? last : i;
    for (uint32_t i = 0; i < t->n_out; i++)
        graph_output(&t->g, t->v[t->out[i]].name, (int)t->v[t->out[i]].dtype, NULL);
}

pb random_graph_make(random_graph *t, choices c, int n_layers)
{
    static const kao_winograd_use uses[] = { KAO_WINOGRAD_BY_4, KAO_WINOGRAD_BY_2,
                                             KAO_WINOGRAD_NEVER, KAO_WINOGRAD_NEVER };
    static const int opsets[] = { 13, 6, 7, 8, 9, 10, 11, 12, 15, 18, 19, 21, 24 };
    static random_maker *const *const lists[] = {
        element_makers, window_makers, shape_makers, block_makers, function_makers,
        axis_makers,    spread_makers, index_makers, sum_makers,
    };
    choices late = c;

    late.state ^= 0x5bd1e995u;
    late.at = late.n / 2; /* of bytes: from the middle */
    *t = (random_graph){ .c = late };
    const kao_winograd_use winograd = uses[draw(t, 4)];

    t->c = c;
    t->opset = opsets[draw(t, 13)];
    t->special = once_in(t, 10);
    t->winograd = t->special ? KAO_WINOGRAD_NEVER : winograd;
    graph_init(&t->g, t->opset);
    if (once_in(t, 3))
        start_list(t);
    start_picture(t);
    for (int i = 0; i < n_layers && t->n + 24 < MAX_VALUES; i++) {
        random_maker *const *list = lists[draw(t, 9)];
        uint32_t n = 0;

        while (list[n])
            n++;
        list[draw(t, n)](t);
    }
    choose_outputs(t, late);
    return graph_file(&t->g);
}

void random_graph_free(random_graph *t)
{
    for (uint32_t i = 0; i < t->n_in; i++)
        free(t->in[i].data);
}
