/* Add, Sub, Mul, Div, Pow, Mod, And, Or, Xor, and comparisons: two operands broadcast
 * against each other (ONNX, "Broadcasting in ONNX"). Integers wrap, but for Pow, which goes
 * through double and is clamped; an integer division by zero gives 0 (ONNX leaves it open).
 * In opset 6 the second operand is placed by the attributes broadcast and axis instead. */
#include <math.h>

#include "nn/lower.h"
#include "nn/ops/ops.h"

kao_status kao_op_binary6_load(kao_op_loader *l)
{
    kao_binary_param *p = l->param;
    kao_status st = kao_attr_int(l, "broadcast", 0, &p->broadcast);

    p->legacy = true;
    p->has_axis = kao_onnx_attr_find(l->node, "axis") != NULL;
    return st ? st : kao_attr_int(l, "axis", 0, &p->axis);
}

/* Where opset 6 puts B: its dimensions begin at axis, or end with A's. */
static kao_status legacy_place(kao_op_infer *x, const kao_binary_param *p,
                               kao_binary_state *s)
{
    const kao_tensor *a = &x->in[0], *b = &x->in[1];
    int32_t axis = 0;

    if (!p->broadcast && !kao_tensor_same_dims(a, b))
        return kao_fail(x->err, KAO_E_FORMAT, "shapes differ and broadcast is 0");
    if (!p->broadcast || !p->has_axis)
        return KAO_OK;
    const kao_status st = kao_infer_axis(x, p->axis, a->rank, &axis);

    if (st)
        return st;
    s->trailing = a->rank - axis - b->rank;
    if (s->trailing < 0)
        return kao_fail(x->err, KAO_E_FORMAT, "axis %d leaves no room for input 1",
                        axis);
    return KAO_OK;
}

static kao_tensor second(const kao_tensor *b, int32_t trailing)
{
    kao_tensor t = *b;

    for (int32_t i = 0; i < trailing; i++) {
        t.dims[t.rank] = 1;
        t.strides[t.rank++] = 0;
    }
    return t;
}

/* The output has the type of the first operand. */
static kao_status infer_pair(kao_op_infer *x)
{
    const kao_binary_param *p = x->param;
    kao_binary_state *s = x->state;
    const kao_status st = p->legacy ? legacy_place(x, p, s) : KAO_OK;

    if (st)
        return st;
    const kao_tensor b = second(&x->in[1], s->trailing);

    kao_infer_like(x, 0);
    return kao_infer_broadcast(x, &b);
}

kao_status kao_op_binary_infer(kao_op_infer *x)
{
    const kao_status st = kao_infer_type_is(x, 1, x->in[0].dtype);

    return st ? st : infer_pair(x);
}

kao_status kao_op_pow_infer(kao_op_infer *x)
{
    if (!(kao_type_bit(x->in[1].dtype) & KAO_T_NUM))
        return kao_fail(x->err, KAO_E_UNSUPPORTED, "exponent of type %s",
                        kao_dtype_name((int)x->in[1].dtype));
    return infer_pair(x);
}

/* out = f(in 0, in 1), elements broadcast against each other. Floats go through double:
 * a sum, product or quotient of two of them, rounded twice, is what rounding once gives. */
static inline void map_pairs(const kao_op_call *c, double (*f)(double a, double b),
                             int64_t (*f_int)(int64_t a, int64_t b))
{
    const kao_binary_state *s = c->state;
    const kao_tensor *out = &c->out[0], *a = &c->in[0],
                     b = second(&c->in[1], s->trailing);
    const kao_tensor *const ops[] = { out, a, &b };
    kao_walk w;

    kao_walk_init(&w, ops, 3);
    for (bool ok = w.n > 0; ok; ok = kao_walk_next(&w))
        for (int64_t i = 0; i < w.n; i++) {
            const int64_t to = w.at[0] + i * w.step[0], at = w.at[1] + i * w.step[1],
                          bt = w.at[2] + i * w.step[2];

            if (out->dtype == KAO_F32)
                ((float *)out->data)[to] =
                    (float)f((double)((const float *)a->data)[at],
                             (double)((const float *)b.data)[bt]);
            else if (out->dtype == KAO_F64)
                ((double *)out->data)[to] =
                    f(((const double *)a->data)[at], ((const double *)b.data)[bt]);
            else
                kao_tensor_set_int(
                    out, to,
                    f_int(kao_tensor_int_at(a, at), kao_tensor_int_at(&b, bt)));
        }
}

/* Integer arithmetic goes through unsigned: it wraps instead of overflowing. */
static double add(double a, double b)
{
    return a + b;
}

static int64_t add_int(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a + (uint64_t)b);
}

void kao_op_add_run(const kao_op_call *c)
{
    map_pairs(c, add, add_int);
}

static double sub(double a, double b)
{
    return a - b;
}

static int64_t sub_int(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a - (uint64_t)b);
}

void kao_op_sub_run(const kao_op_call *c)
{
    map_pairs(c, sub, sub_int);
}

static double mul(double a, double b)
{
    return a * b;
}

static int64_t mul_int(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a * (uint64_t)b);
}

void kao_op_mul_run(const kao_op_call *c)
{
    map_pairs(c, mul, mul_int);
}

static double divide(double a, double b)
{
    return a / b;
}

static int64_t div_int(int64_t a, int64_t b)
{
    if (b == 0)
        return 0;
    return b == -1 ? (int64_t)(0 - (uint64_t)a) : a / b;
}

static int64_t div_u64(int64_t a, int64_t b)
{
    return b == 0 ? 0 : (int64_t)((uint64_t)a / (uint64_t)b);
}

void kao_op_div_run(const kao_op_call *c)
{
    map_pairs(c, divide, c->in[0].dtype == KAO_U64 ? div_u64 : div_int);
}

void kao_op_pow_run(const kao_op_call *c)
{
    const kao_binary_state *s = c->state;
    const kao_tensor *out = &c->out[0], b2 = second(&c->in[1], s->trailing);
    const kao_tensor *const ops[] = { out, &c->in[0], &b2 };
    kao_walk w;

    kao_walk_init(&w, ops, 3);
    for (bool ok = w.n > 0; ok; ok = kao_walk_next(&w))
        for (int64_t i = 0; i < w.n; i++) {
            const double v =
                pow(kao_tensor_number_at(&c->in[0], w.at[1] + i * w.step[1]),
                    kao_tensor_number_at(&c->in[1], w.at[2] + i * w.step[2]));

            kao_tensor_set_number(out, w.at[0] + i * w.step[0], v);
        }
}

/* Mod: the sign of the divisor (fmod 0, integers), or of the dividend. */
kao_status kao_op_mod_load(kao_op_loader *l)
{
    return kao_attr_int(l, "fmod", 0, &((kao_binary_param *)l->param)->fmod);
}

kao_status kao_op_mod_infer(kao_op_infer *x)
{
    const kao_binary_param *p = x->param;

    if (kao_tensor_is_real(&x->in[0]) && !p->fmod)
        return kao_fail(x->err, KAO_E_FORMAT, "floats with fmod 0");
    return kao_op_binary_infer(x);
}

static int64_t rest_int(int64_t a, int64_t b)
{
    return b == 0 || b == -1 ? 0 : a % b;
}

static int64_t mod_int(int64_t a, int64_t b)
{
    const int64_t rest = rest_int(a, b);

    return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

static int64_t rest_u64(int64_t a, int64_t b)
{
    return b == 0 ? 0 : (int64_t)((uint64_t)a % (uint64_t)b);
}

void kao_op_mod_run(const kao_op_call *c)
{
    const kao_binary_param *p = c->param;

    map_pairs(c, fmod,
              c->in[0].dtype == KAO_U64 ? rest_u64
              : p->fmod                 ? rest_int
                                        : mod_int);
}

/* ---- logic and comparisons ---- */

/* table: bit 2 a + b is the result for a and b. */
static void map_bools(const kao_op_call *c, unsigned table)
{
    const kao_tensor *const ops[] = { &c->out[0], &c->in[0], &c->in[1] };
    const uint8_t *a = c->in[0].data, *b = c->in[1].data;
    uint8_t *out = c->out[0].data;
    kao_walk w;

    kao_walk_init(&w, ops, 3);
    for (bool ok = w.n > 0; ok; ok = kao_walk_next(&w))
        for (int64_t i = 0; i < w.n; i++) {
            const unsigned u = a[w.at[1] + i * w.step[1]] != 0,
                           v = b[w.at[2] + i * w.step[2]] != 0;

            out[w.at[0] + i * w.step[0]] = table >> (2 * u + v) & 1;
        }
}

void kao_op_and_run(const kao_op_call *c)
{
    map_bools(c, 8);
}

void kao_op_or_run(const kao_op_call *c)
{
    map_bools(c, 14);
}

void kao_op_xor_run(const kao_op_call *c)
{
    map_bools(c, 6);
}

kao_status kao_op_compare_infer(kao_op_infer *x)
{
    const kao_status st = kao_op_binary_infer(x);

    x->out[0].dtype = KAO_BOOL;
    return st;
}

enum { LESS = 1, EQUAL = 2, GREATER = 4 }; /* NaN is none of them */

static inline unsigned order_of(const kao_tensor *a, int64_t at, const kao_tensor *b,
                                int64_t bt)
{
    if (kao_tensor_is_real(a)) {
        const double u = kao_tensor_number_at(a, at), v = kao_tensor_number_at(b, bt);

        return u < v ? LESS : u > v ? GREATER : u == v ? EQUAL : 0;
    }
    const int64_t flip = kao_order_bit(a->dtype), u = kao_tensor_int_at(a, at) ^ flip,
                  v = kao_tensor_int_at(b, bt) ^ flip;

    return u < v ? LESS : u > v ? GREATER : EQUAL;
}

static void compare(const kao_op_call *c, unsigned wanted)
{
    const kao_tensor *const ops[] = { &c->out[0], &c->in[0], &c->in[1] };
    uint8_t *out = c->out[0].data;
    kao_walk w;

    kao_walk_init(&w, ops, 3);
    for (bool ok = w.n > 0; ok; ok = kao_walk_next(&w))
        for (int64_t i = 0; i < w.n; i++)
            out[w.at[0] + i * w.step[0]] =
                (order_of(&c->in[0], w.at[1] + i * w.step[1], &c->in[1],
                          w.at[2] + i * w.step[2]) &
                 wanted) != 0;
}

void kao_op_equal_run(const kao_op_call *c)
{
    compare(c, EQUAL);
}

void kao_op_less_run(const kao_op_call *c)
{
    compare(c, LESS);
}

void kao_op_less_or_equal_run(const kao_op_call *c)
{
    compare(c, LESS | EQUAL);
}

void kao_op_greater_run(const kao_op_call *c)
{
    compare(c, GREATER);
}

void kao_op_greater_or_equal_run(const kao_op_call *c)
{
    compare(c, GREATER | EQUAL);
}

/* ---- kernels ---- */

static bool are_f32(const kao_op_lower *x)
{
    return x->in[0].dtype == KAO_F32 && x->in[1].dtype == KAO_F32;
}

/* a op b in rows: one long row, or pixels with b a number, one a channel, or pixels too. */
static kao_status lower_binary(kao_op_lower *x, kao_binary op)
{
    const kao_tensor *a = &x->in[0], *b = &x->in[1], *out = &x->out[0];
    kao_binary_rows d = { .op = op, .lo = -INFINITY, .hi = INFINITY };
    kao_row_view ra, rb, ro;

    if (!are_f32(x) || !kao_tensor_same_dims(a, out))
        return KAO_OK;
    if (kao_tensor_is_dense(a) && kao_tensor_is_dense(out) &&
        (kao_tensor_count(b) == 1 ||
         (kao_tensor_same_dims(b, out) && kao_tensor_is_dense(b)))) {
        d.kind = kao_tensor_count(b) == 1 ? KAO_OPERAND_SCALAR : KAO_OPERAND_FULL;
        d.n_rows = 1;
        d.c = d.a_stride = d.b_stride = d.out_stride = (size_t)kao_tensor_count(out);
    } else if (kao_view_pixels(a, &ra) && kao_view_pixels(out, &ro)) {
        d.kind = kao_tensor_count(b) == 1     ? KAO_OPERAND_SCALAR
                 : kao_is_per_channel(b, out) ? KAO_OPERAND_CHANNEL
                                              : KAO_OPERAND_FULL;
        if (d.kind == KAO_OPERAND_FULL &&
            (!kao_tensor_same_dims(b, out) || !kao_view_pixels(b, &rb)))
            return KAO_OK;
        d.n_rows = ro.n;
        d.c = ro.c;
        d.a_stride = ra.pitch;
        d.b_stride = d.kind == KAO_OPERAND_FULL ? rb.pitch : 0;
        d.out_stride = ro.pitch;
    } else {
        return KAO_OK;
    }
    return kao_lower_to(x, KAO_KERNEL_BINARY, &d, sizeof d);
}

kao_status kao_op_add_lower(kao_op_lower *x)
{
    return lower_binary(x, KAO_BIN_ADD);
}

kao_status kao_op_sub_lower(kao_op_lower *x)
{
    return lower_binary(x, KAO_BIN_SUB);
}

kao_status kao_op_mul_lower(kao_op_lower *x)
{
    return lower_binary(x, KAO_BIN_MUL);
}
