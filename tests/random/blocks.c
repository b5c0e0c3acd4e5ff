/* Makers of what networks repeat, so that each pass finds what it looks for: blocks with
 * norms, activations and shortcuts, heads, shuffles, parts of a Concat, projections. */
#include <stdio.h>
#include <string.h>

#include "random/makers.h"

/* A convolution of the last value, or of the one given. */
static const random_value *conv(random_graph *t, const random_value *x, int64_t oc,
                                int64_t kernel, bool depthwise)
{
    const int64_t groups = depthwise ? x->dims[1] : 1;
    const int64_t out[4] = { x->dims[0], depthwise ? groups : oc, x->dims[2],
                             x->dims[3] };
    const int64_t shape[4] = { out[1], x->dims[1] / groups, kernel, kernel };
    const int64_t k = shape[1] * kernel * kernel;
    const double m = x->m + 0.25;
    char attributes[64];

    if (!fits_graph(t, out, 4) || product(out, 4) * k > MAX_WORK)
        return NULL;
    const char *w = weights(t, 4, shape, out[1], false);
    const char *b = once_in(t, 2) ? "" : constant(t, KAO_F32, 1, out + 1, -0.25, 0.25);

    snprintf(attributes, sizeof attributes, "pads=[%d,%d,%d,%d] group=%d",
             (int)kernel / 2, (int)kernel / 2, (int)kernel / 2, (int)kernel / 2,
             (int)groups);
    const double error = conv_error(t, shape[1], shape + 2);
    const random_value *y = push(t, KAO_F32, 4, out, m, x->e + error * ROUNDING * m);

    emit3(t, "Conv", x->name, w, b, y->name, attributes);
    return y;
}

static const random_value *pick_picture(random_graph *t)
{
    const random_value *x = pick(t, KAO_T_F32, 4, 4);

    return x && x->m <= MAX_M && product(x->dims, 4) > 0 ? x : NULL;
}

static const random_value *add(random_graph *t, const random_value *a,
                               const random_value *b)
{
    const double m = a->m + b->m;

    if (!fits_graph(t, a->dims, a->rank))
        return NULL;
    const random_value *y = push_like(t, a, m, rounded(a->e + b->e, m));

    emit3(t, "Add", a->name, b->name, "", y->name, "");
    return y;
}

/* conv, norm, activation, Add, activation: each but the first may be missing. */
static bool make_residual(random_graph *t)
{
    const random_value *x = pick_picture(t);
    const random_value *y =
        x ? conv(t, x, x->dims[1], once_in(t, 2) ? 3 : 1, once_in(t, 3)) : NULL;

    if (!y)
        return false;
    if (once_in(t, 3))
        make_norm(t);
    if (once_in(t, 2))
        make_activation(t);
    y = last_value(t);
    if (y->dtype == KAO_F32 && y->rank == 4 &&
        memcmp(y->dims, x->dims, sizeof x->dims[0] * 4) == 0)
        y = once_in(t, 2) ? add(t, y, x) : add(t, x, y);
    if (y && once_in(t, 2))
        make_activation(t);
    return true;
}

static bool make_silu(random_graph *t)
{
    const random_value *x = pick_picture(t);

    if (!x || t->special) /* -inf: the kernel gives its limit, the two nodes NaN */
        return false;
    if (once_in(t, 2) && !(x = conv(t, x, 8, 1, false)))
        return false;
    if (!fits_graph(t, x->dims, 4))
        return false;
    const random_value *gate = push_like(t, x, 1, x->e / 4 + 16 * ROUNDING);
    const random_value *y =
        push_like(t, x, x->m, 1.1 * x->e + x->m * (x->e / 4 + 20 * ROUNDING));

    emit(t, "Sigmoid", x->name, gate->name, "");
    if (once_in(t, 2))
        emit3(t, "Mul", x->name, gate->name, "", y->name, "");
    else
        emit3(t, "Mul", gate->name, x->name, "", y->name, "");
    return true;
}

/* Sibling heads as detectors have them: 1x1, depthwise 3x3, rows. */
static bool make_heads(random_graph *t)
{
    static const int64_t channels[] = { 1, 4, 10, 1, 2, 16 };
    const random_value *x = pick_picture(t);
    const int n = 2 + (int)draw(t, 3);
    const bool deep = once_in(t, 2), rows = once_in(t, 2);

    if (!x || x->dims[1] < 1)
        return false;
    for (int i = 0; i < n; i++) {
        const int64_t oc = channels[draw(t, 6)];
        const random_value *y = conv(t, x, oc, 1, false);

        if (y && deep)
            y = conv(t, y, oc, 3, true);
        if (!y)
            return i > 0;
        if (once_in(t, 3))
            make_activation(t);
        y = last_value(t);
        if (!rows || y->dtype != KAO_F32 || y->rank != 4 || !fits_graph(t, y->dims, 4))
            continue;
        const int64_t last[4] = { y->dims[0], y->dims[2], y->dims[3], y->dims[1] },
                      list[3] = { last[0], -1, last[3] },
                      dims[3] = { last[0], last[1] * last[2], last[3] };
        const random_value *p = push(t, KAO_F32, 4, last, y->m, y->e);

        emit(t, "Transpose", y->name, p->name, "perm=[0,2,3,1]");
        emit3(t, "Reshape", p->name, integers(t, list, 3), "",
              push(t, KAO_F32, 3, dims, p->m, p->e)->name, "");
    }
    return true;
}

static bool make_shuffle(random_graph *t)
{
    const random_value *x = pick_picture(t);
    const char *a = fresh_name(t), *b = fresh_name(t);

    if (!x || x->dims[1] % 2 || !fits_graph(t, x->dims, 4))
        return false;
    const int64_t wide[5] = { x->dims[0], 2, x->dims[1] / 2, x->dims[2], x->dims[3] };

    emit3(t, "Reshape", x->name, integers(t, wide, 5), "", a, "");
    emit(t, "Transpose", a, b, "perm=[0,2,1,3,4]");
    emit3(t, "Reshape", b, integers(t, x->dims, 4), "",
          push_like(t, x, x->m, x->e)->name, "");
    return true;
}

/* Parts of 16 channels and the rest, each made by a step that can write in place. */
static bool make_joined(random_graph *t)
{
    static const int64_t channels[] = { 16, 16, 32, 8 };
    const random_value *x = pick_picture(t), *parts[3];
    const int n = 2 + (int)draw(t, 2);
    char in[64] = "";
    double m = 0, e = 0;
    int64_t dims[4];

    if (!x || x->dims[1] < 1 || x->dims[2] * x->dims[3] > 64)
        return false;
    memcpy(dims, x->dims, sizeof dims);
    dims[1] = 0;
    for (int i = 0; i < n; i++) {
        parts[i] = conv(t, x, channels[draw(t, 4)], once_in(t, 2) ? 3 : 1, false);
        if (!parts[i])
            return true;
        if (once_in(t, 4)) { /* a pool is as good */
            const random_value *y = push_like(t, parts[i], parts[i]->m, parts[i]->e);

            emit(t, "MaxPool", parts[i]->name, y->name,
                 "kernel_shape=[3,3] pads=[1,1,1,1]");
            parts[i] = y;
        }
        strcat(strcat(in, parts[i]->name), " ");
        dims[1] += parts[i]->dims[1];
        m = m > parts[i]->m ? m : parts[i]->m;
        e = e > parts[i]->e ? e : parts[i]->e;
    }
    if (!fits_graph(t, dims, 4))
        return true;
    emit(t, "Concat", in, push(t, KAO_F32, 4, dims, m, e)->name, "axis=1");
    if (once_in(t, 2))
        make_norm(t);
    return true;
}

/* A product of any rank and what follows it: norm, activation, Add. */
static bool make_projection(random_graph *t)
{
    if (!make_matmul(t))
        return false;
    if (once_in(t, 2))
        make_norm(t);
    if (once_in(t, 2))
        make_activation(t);
    if (once_in(t, 2))
        make_add(t);
    return true;
}

/* A value behind copies, with readers that nobody reads. */
static bool make_unread(random_graph *t)
{
    const random_value *x = pick_picture(t);
    const char *copy = fresh_name(t), *unread = fresh_name(t), *more = fresh_name(t);

    if (!x || !fits_graph(t, x->dims, 4))
        return false;
    emit(t, once_in(t, 2) ? "Dropout" : "Identity", x->name, copy, "");
    if (once_in(t, 2))
        emit(t, "Sigmoid", copy, unread, "");
    emit(t, "Relu", copy, push_like(t, x, x->m, x->e)->name, "");
    if (once_in(t, 2))
        emit3(t, "Mul", copy, copy, "", more, "");
    return true;
}

static bool make_conv_act(random_graph *t)
{
    return make_conv(t) && (once_in(t, 3) || make_norm(t)) && make_activation(t);
}

random_maker *const block_makers[] = {
    make_residual, make_residual, make_silu,     make_heads,
    make_shuffle,  make_joined,   make_joined,   make_projection,
    make_unread,   make_conv_act, make_conv_act, NULL,
};
