/* Sliding windows: attributes of Conv and the pools, padding rules, output sizes.
 *
 * Output size (ONNX, Conv and MaxPool):  floor or ceil of
 *   (in + pad_begin + pad_end - ((kernel - 1) * dilation + 1)) / stride + 1
 * With ceil_mode a last window that would start in the padding after the input is dropped
 * (MaxPool 11 and later say so; earlier exporters meant it). */
#include "nn/ops/ops.h"

#include <string.h>

enum { WINDOW_LIMIT = 1 << 20 }; /* kernel, stride, dilation, pad: far above sense */

static kao_status load_numbers(kao_op_loader *l, const char *name, int64_t *to,
                               size_t cap, int64_t low, size_t *n)
{
    const kao_status st = kao_attr_ints(l, name, to, cap, n);

    if (st)
        return st;
    for (size_t i = 0; i < *n; i++)
        if (to[i] < low || to[i] > WINDOW_LIMIT)
            return kao_fail(l->err, KAO_E_UNSUPPORTED, "%s %lld", name,
                            (long long)to[i]);
    return KAO_OK;
}

static kao_status load_auto_pad(kao_op_loader *l, kao_window_param *p)
{
    static const char *const names[] = { "NOTSET", "SAME_UPPER", "SAME_LOWER",
                                         "VALID" };
    const char *s = NULL;
    const kao_status st = kao_attr_string(l, "auto_pad", "NOTSET", &s);

    if (st)
        return st;
    for (int i = 0; i < 4; i++)
        if (strcmp(s, names[i]) == 0) {
            p->auto_pad = (kao_auto_pad)i;
            return KAO_OK;
        }
    return kao_fail(l->err, KAO_E_UNSUPPORTED, "auto_pad %s", s);
}

kao_status kao_op_window_load(kao_op_loader *l, kao_window_param *p)
{
    size_t n_kernel = 0, n_stride = 0, n_dilation = 0, n_pads = 0;
    kao_status st = load_numbers(l, "kernel_shape", p->kernel, 2, 1, &n_kernel);

    if (!st)
        st = load_numbers(l, "strides", p->stride, 2, 1, &n_stride);
    if (!st)
        st = load_numbers(l, "dilations", p->dilation, 2, 1, &n_dilation);
    if (!st)
        st = load_numbers(l, "pads", p->pads, 4, 0, &n_pads);
    if (!st)
        st = kao_attr_int(l, "ceil_mode", 0, &p->ceil_mode);
    if (!st)
        st = load_auto_pad(l, p);
    if (st)
        return st;
    const size_t n = n_kernel     ? n_kernel
                     : n_stride   ? n_stride
                     : n_dilation ? n_dilation
                                  : n_pads / 2;

    if ((n_kernel && n_kernel != n) || (n_stride && n_stride != n) ||
        (n_dilation && n_dilation != n) || (n_pads && n_pads != 2 * n))
        return kao_fail(l->err, KAO_E_FORMAT,
                        "kernel_shape, strides, dilations and pads do not agree");
    p->n_axes = (int32_t)n;
    p->has_kernel = n_kernel > 0;
    for (int i = 0; i < 2; i++) {
        p->stride[i] = n_stride ? p->stride[i] : 1;
        p->dilation[i] = n_dilation ? p->dilation[i] : 1;
    }
    if (n == 1) { /* a 1-D window is a 2-D one of height 1 */
        p->kernel[1] = p->kernel[0];
        p->kernel[0] = 1;
        p->stride[1] = p->stride[0];
        p->dilation[1] = p->dilation[0];
        p->stride[0] = p->dilation[0] = 1;
        p->pads[3] = p->pads[1];
        p->pads[1] = p->pads[0];
        p->pads[0] = p->pads[2] = 0;
    }
    return KAO_OK;
}

/* The taps of a window of n_taps, `dilation` apart, that fall on 0..size-1 where its first
 * one is at `start`: *begin <= tap < *end. */
static void taps_along(int64_t start, int64_t n_taps, int64_t dilation, int64_t size,
                       int64_t *begin, int64_t *end)
{
    *begin = start < 0 ? (-start + dilation - 1) / dilation : 0;
    *end = start < size ? (size - start + dilation - 1) / dilation : 0;
    if (*end > n_taps)
        *end = n_taps;
    if (*begin > *end)
        *begin = *end;
}

kao_taps kao_window_taps(const kao_window *w, int64_t y, int64_t x)
{
    kao_taps t = { .top = y * w->stride[0] - w->pad_begin[0],
                   .left = x * w->stride[1] - w->pad_begin[1] };

    taps_along(t.top, w->kernel[0], w->dilation[0], w->in[0], &t.y0, &t.y1);
    taps_along(t.left, w->kernel[1], w->dilation[1], w->in[1], &t.x0, &t.x1);
    return t;
}

int64_t kao_window_padded_taps(const kao_window *w, int axis, int64_t start)
{
    int64_t begin = 0, end = 0;

    taps_along(start, w->kernel[axis], w->dilation[axis],
               w->in[axis] + w->pad_end[axis], &begin, &end);
    return end; /* those before the picture are padding too */
}

uint64_t kao_window_work(const kao_window *w)
{
    uint64_t n = 1;

    for (int i = 0; i < 2; i++) {
        const int64_t taps = w->kernel[i] < w->in[i] ? w->kernel[i] : w->in[i];

        n *= taps ? (uint64_t)taps : 1;
    }
    return n;
}

bool kao_window_is_sane(const kao_window *w)
{
    enum { SIDE = 1 << 14 };

    for (int i = 0; i < 2; i++)
        if ((w->kernel[i] - 1) * w->dilation[i] >= SIDE || w->stride[i] >= SIDE ||
            w->pad_begin[i] >= SIDE || w->pad_end[i] >= SIDE ||
            w->in[i] >= INT32_MAX - 4 * SIDE)
            return false;
    return true;
}

kao_tensor kao_window_view(const kao_tensor *t)
{
    kao_tensor v = *t;

    if (t->rank == 3) {
        v.rank = 4;
        v.dims[3] = t->dims[2];
        v.strides[3] = t->strides[2];
        v.dims[2] = 1;
        v.strides[2] = 0;
    }
    return v;
}

static void place_pads(const kao_window_param *p, kao_window *w, int i)
{
    const int64_t reach = (w->kernel[i] - 1) * w->dilation[i] + 1;
    int64_t total = 0;

    w->pad_begin[i] = w->pad_end[i] = 0;
    if (p->auto_pad == KAO_PAD_NOTSET) {
        w->pad_begin[i] = p->pads[i];
        w->pad_end[i] = p->pads[i + 2];
        return;
    }
    if (p->auto_pad == KAO_PAD_VALID)
        return;
    const int64_t out = (w->in[i] + w->stride[i] - 1) / w->stride[i];

    total = (out - 1) * w->stride[i] + reach - w->in[i];
    if (total < 0)
        total = 0;
    w->pad_begin[i] = p->auto_pad == KAO_PAD_SAME_UPPER ? total / 2 : total - total / 2;
    w->pad_end[i] = total - w->pad_begin[i];
}

kao_status kao_op_window_infer(kao_op_infer *x, const kao_window_param *p,
                               const int64_t *kernel, kao_window *w)
{
    const kao_tensor *in = &x->in[0];
    char text[96];

    if (in->rank != 3 && in->rank != 4)
        return kao_fail(x->err, KAO_E_UNSUPPORTED,
                        "input of shape %s: 1-D and 2-D windows only",
                        kao_dims_text(in->dims, in->rank, text, sizeof text));
    w->n_axes = in->rank - 2;
    if (p->n_axes && p->n_axes != w->n_axes)
        return kao_fail(x->err, KAO_E_FORMAT, "a window of %d axes, input of rank %d",
                        p->n_axes, in->rank);
    const kao_tensor v = kao_window_view(in);

    for (int i = 0; i < 2; i++) {
        w->kernel[i] = p->has_kernel ? p->kernel[i] : kernel[i];
        w->stride[i] = p->stride[i];
        w->dilation[i] = p->dilation[i];
        w->in[i] = v.dims[i + 2];
        if (w->kernel[i] < 1 || w->kernel[i] > WINDOW_LIMIT)
            return kao_fail(x->err, KAO_E_UNSUPPORTED, "kernel of %lld",
                            (long long)w->kernel[i]);
        const int64_t reach = (w->kernel[i] - 1) * w->dilation[i] + 1;

        if (reach > INT32_MAX)
            return kao_fail(x->err, KAO_E_LIMIT,
                            "a window that reaches over %lld pixels, at most %d",
                            (long long)reach, INT32_MAX);
        place_pads(p, w, i);
        const int64_t room = w->in[i] + w->pad_begin[i] + w->pad_end[i] - reach;

        if (room < 0)
            return kao_fail(x->err, KAO_E_FORMAT,
                            "the window of %lld is larger than the "
                            "padded input of %lld",
                            (long long)reach, (long long)(room + reach));
        w->out[i] = (room + (p->ceil_mode ? w->stride[i] - 1 : 0)) / w->stride[i] + 1;
        if (p->ceil_mode &&
            (w->out[i] - 1) * w->stride[i] >= w->in[i] + w->pad_begin[i])
            w->out[i]--;
    }
    return KAO_OK;
}
