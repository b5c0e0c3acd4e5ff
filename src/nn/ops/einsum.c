/* Einsum: each letter of the equation is an axis; the output sums the products of the operands
 * over the letters that it does not name. "..." are axes of their own, broadcast.
 *
 * Each operand is seen with the axes of all letters, a stride of 0 where it has not that
 * one, the sum of strides where it has it twice. */
#include <string.h>

#include "nn/ops/ops.h"

enum { ELLIPSIS = '.' };

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* The letters of one term, "..." as one dot; the end, or NULL where it is malformed. */
static const char *read_term(const char *s, kao_einsum_term *t)
{
    for (; *s && *s != ',' && *s != '-'; s++) {
        if (*s == ' ')
            continue;
        if (t->n == KAO_MAX_RANK + 1 || (!is_letter(*s) && strncmp(s, "...", 3) != 0))
            return NULL;
        if (*s == ELLIPSIS) {
            if (memchr(t->letter, ELLIPSIS, t->n))
                return NULL;
            s += 2;
        }
        t->letter[t->n++] = *s;
    }
    return s;
}

static size_t count_letter(const kao_einsum_param *p, char c)
{
    size_t n = 0;

    for (size_t i = 0; i < p->n_in; i++)
        for (size_t k = 0; k < p->in[i].n; k++)
            n += p->in[i].letter[k] == c;
    return n;
}

/* Without "->": the ellipsis, then each letter that stands once, in the order of letters. */
static bool default_output(kao_einsum_param *p)
{
    if (count_letter(p, ELLIPSIS))
        p->out.letter[p->out.n++] = ELLIPSIS;
    for (int c = 'A'; c <= 'z'; c++) {
        if (!is_letter((char)c) || count_letter(p, (char)c) != 1)
            continue;
        if (p->out.n == KAO_MAX_RANK)
            return false;
        p->out.letter[p->out.n++] = (char)c;
    }
    return true;
}

static bool read_equation(kao_einsum_param *p, const char *s)
{
    do {
        if (p->n_in == KAO_EINSUM_OPERANDS)
            return false;
        s = read_term(s, &p->in[p->n_in++]);
    } while (s && *s == ',' && s++);
    if (s && *s == '\0')
        return default_output(p);
    if (!s || strncmp(s, "->", 2) != 0)
        return false;
    s = read_term(s + 2, &p->out);
    for (size_t k = 0; s && k < p->out.n; k++)
        if ((p->out.letter[k] != ELLIPSIS && !count_letter(p, p->out.letter[k])) ||
            memchr(p->out.letter, p->out.letter[k], k))
            return false;
    return s && *s == '\0';
}

kao_status kao_op_einsum_load(kao_op_loader *l)
{
    kao_einsum_param *p = l->param;
    const char *s = NULL;
    const kao_status st = kao_attr_string(l, "equation", "", &s);

    if (st)
        return st;
    if (!read_equation(p, s))
        return kao_fail(l->err, KAO_E_UNSUPPORTED, "equation %s", s);
    if (p->n_in != l->node->n_in)
        return kao_fail(l->err, KAO_E_FORMAT, "%u inputs, equation %s", l->node->n_in,
                        s);
    return KAO_OK;
}

/* ---- axes ---- */

/* The axis of a letter, new where it has none; axes of an ellipsis are 0 .. n_dots - 1. */
static int32_t axis_of(kao_einsum_state *s, char letter)
{
    for (int32_t i = s->n_dots; i < s->n_axes; i++)
        if (s->letter[i] == letter)
            return i;
    if (s->n_axes == KAO_EINSUM_AXES)
        return -1;
    s->letter[s->n_axes] = letter;
    s->dims[s->n_axes] = 1;
    return s->n_axes++;
}

/* Axes of operand t that its ellipsis stands for. */
static int32_t dots_of(const kao_einsum_term *term, int32_t rank)
{
    return memchr(term->letter, ELLIPSIS, term->n) ? rank - (int32_t)term->n + 1 : 0;
}

static kao_status set_axis(kao_op_infer *x, int32_t axis, int64_t d)
{
    kao_einsum_state *s = x->state;

    if (axis < 0)
        return kao_fail(x->err, KAO_E_UNSUPPORTED, "more than %d letters",
                        KAO_EINSUM_AXES);
    if (d != s->dims[axis] && d != 1 && s->dims[axis] != 1)
        return kao_fail(x->err, KAO_E_FORMAT, "%lld and %lld for one letter",
                        (long long)s->dims[axis], (long long)d);
    s->dims[axis] = s->dims[axis] == 1 ? d : s->dims[axis];
    return KAO_OK;
}

static kao_status infer_operand(kao_op_infer *x, uint32_t i)
{
    const kao_einsum_param *p = x->param;
    kao_einsum_state *s = x->state;
    const kao_einsum_term *term = &p->in[i];
    const kao_tensor *t = &x->in[i];
    const int32_t dots = dots_of(term, t->rank);
    int32_t d = 0;
    kao_status st = kao_infer_type_is(x, i, x->in[0].dtype);

    if (!st && (dots < 0 || dots > s->n_dots ||
                (!dots && !memchr(term->letter, ELLIPSIS, term->n) &&
                 t->rank != (int32_t)term->n)))
        st = kao_fail(x->err, KAO_E_FORMAT, "input %u of rank %d does not fit its term",
                      i, t->rank);
    for (size_t k = 0; !st && k < term->n; k++) {
        if (term->letter[k] != ELLIPSIS) {
            const int32_t axis = axis_of(s, term->letter[k]);

            st = set_axis(x, axis, t->dims[d]);
            if (!st)
                s->axis[i][d++] = (int8_t)axis;
            continue;
        }
        for (int32_t j = 0; !st && j < dots; j++) {
            st = set_axis(x, s->n_dots - dots + j, t->dims[d]);
            s->axis[i][d++] = (int8_t)(s->n_dots - dots + j);
        }
    }
    return st;
}

kao_status kao_op_einsum_infer(kao_op_infer *x)
{
    const kao_einsum_param *p = x->param;
    kao_einsum_state *s = x->state;
    kao_tensor *out = &x->out[0];
    kao_status st = KAO_OK;

    for (uint32_t i = 0; i < x->n_in; i++) {
        const int32_t dots = dots_of(&p->in[i], x->in[i].rank);

        s->n_dots = dots > s->n_dots ? dots : s->n_dots;
    }
    s->n_axes = s->n_dots;
    for (int32_t k = 0; k < s->n_dots; k++)
        s->dims[k] = 1;
    for (uint32_t i = 0; !st && i < x->n_in; i++)
        st = infer_operand(x, i);
    if (st)
        return st;
    *out = (kao_tensor){ .dtype = x->in[0].dtype };
    for (size_t k = 0; k < p->out.n; k++) {
        const bool dots = p->out.letter[k] == ELLIPSIS;
        const int32_t first = dots ? 0 : axis_of(s, p->out.letter[k]),
                      n = dots ? s->n_dots : 1;

        for (int32_t a = first; a < first + n; a++) {
            if (out->rank == KAO_MAX_RANK)
                return kao_fail(x->err, KAO_E_LIMIT, "more than %d dimensions",
                                KAO_MAX_RANK);
            s->kept[a] = true;
            s->out[out->rank] = (int8_t)a;
            out->dims[out->rank++] = s->dims[a];
        }
    }
    return KAO_OK;
}

uint64_t kao_op_einsum_work(const kao_tensor *in, const void *param, const void *state)
{
    const kao_einsum_param *p = param;
    const kao_einsum_state *s = state;
    uint64_t n = p->n_in;

    (void)in;
    for (int32_t a = 0; a < s->n_axes; a++)
        if (!s->kept[a] && __builtin_mul_overflow(n, (uint64_t)s->dims[a], &n))
            return UINT64_MAX;
    return n;
}

/* ---- run ---- */

/* Operand t along the axes that are kept, or those that are summed. */
static kao_tensor seen(const kao_einsum_state *s, const kao_tensor *t,
                       const int8_t *axis, bool kept)
{
    int64_t strides[KAO_EINSUM_AXES] = { 0 };
    kao_tensor v = { .dtype = t->dtype, .data = t->data };

    for (int32_t d = 0; d < t->rank; d++)
        strides[axis[d]] += t->dims[d] == 1 ? 0 : t->strides[d];
    for (int32_t a = 0; a < s->n_axes; a++)
        if (s->kept[a] == kept) {
            v.dims[v.rank] = s->dims[a];
            v.strides[v.rank++] = strides[a];
        }
    return v;
}

static double sum_products(const kao_op_call *c, const kao_tensor *inner,
                           const int64_t *base)
{
    const kao_tensor *ops[KAO_EINSUM_OPERANDS];
    double sum = 0;
    kao_walk w;

    for (uint32_t i = 0; i < c->n_in; i++)
        ops[i] = &inner[i];
    kao_walk_init(&w, ops, (int32_t)c->n_in);
    for (bool ok = w.n > 0; ok; ok = kao_walk_next(&w))
        for (int64_t k = 0; k < w.n; k++) {
            double v = 1;

            for (uint32_t i = 0; i < c->n_in; i++)
                v *= kao_tensor_number_at(&c->in[i], base[i] + w.at[i] + k * w.step[i]);
            sum += v;
        }
    return sum;
}

void kao_op_einsum_run(const kao_op_call *c)
{
    const kao_einsum_state *s = c->state;
    kao_tensor outer[KAO_EINSUM_OPERANDS + 1], inner[KAO_EINSUM_OPERANDS];
    const kao_tensor *ops[KAO_EINSUM_OPERANDS + 1];
    kao_walk w;

    outer[0] = seen(s, &c->out[0], s->out, true);
    for (uint32_t i = 0; i < c->n_in; i++) {
        outer[i + 1] = seen(s, &c->in[i], s->axis[i], true);
        inner[i] = seen(s, &c->in[i], s->axis[i], false);
    }
    for (uint32_t i = 0; i < c->n_in + 1; i++)
        ops[i] = &outer[i];
    kao_walk_init(&w, ops, (int32_t)c->n_in + 1);
    for (bool ok = w.n > 0; ok; ok = kao_walk_next(&w))
        for (int64_t k = 0; k < w.n; k++) {
            int64_t base[KAO_EINSUM_OPERANDS];

            for (uint32_t i = 0; i < c->n_in; i++)
                base[i] = w.at[i + 1] + k * w.step[i + 1];
            kao_tensor_set_number(&c->out[0], w.at[0] + k * w.step[0],
                                  sum_products(c, inner, base));
        }
}
