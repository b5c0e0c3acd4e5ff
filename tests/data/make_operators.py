#!/usr/bin/env python3
"""Write tests/data/operators.h: random cases for every operator, computed here in NumPy from
the formulas of the ONNX operator specification, in double where there are sums.

usage: make_operators.py > tests/data/operators.h    (the same numbers each time)

A case: operator, opset, attributes as tests/support/builder.h reads them, inputs, outputs, and
how far an output may be off: (K + 8) u times the largest sum of magnitudes, K products a sum.
"""
import itertools
import math

import numpy as np

R = np.random.RandomState(20)
U = 2.0 ** -24
TYPES = {"float32": 1, "uint8": 2, "int8": 3, "int32": 6, "int64": 7, "bool": 9, "float64": 11}
numbers, cases = [], []


def floats(*dims):
    """Multiples of 1/16 from -2 to 2: exact, and short as text."""
    return (R.randint(-32, 33, dims) / 16).astype(np.float32)


def ints(lo, hi, *dims, dtype=np.int64):
    return R.randint(lo, hi, dims).astype(dtype)


def word(v, digits):
    if not isinstance(v, float):
        return "%d" % v
    return "(double)NAN" if math.isnan(v) else "%sHUGE_VAL" % "-"[v > 0:] if math.isinf(v) else digits % v


def tensor(a, fixed):
    a = np.asarray(a)
    at = len(numbers)
    digits = "%.17g" if a.dtype == np.float64 else "%.9g"
    numbers.extend(word(v, digits) for v in a.reshape(-1).tolist())
    dims = ",".join(str(d) for d in a.shape)
    return '{ %d, "%s", %d, %d }' % (TYPES[str(a.dtype)], dims, at, fixed)


def both(op, opset, attributes, inputs, outputs, *more):
    """A case in float32, outputs rounded here, and one in float64."""
    def of(dtype, a):
        return np.asarray(a, dtype) if np.asarray(a).dtype in (np.float32, np.float64) else a
    for dtype in np.float32, np.float64:
        case(op, opset, attributes, [of(dtype, a) for a in inputs], [of(dtype, a) for a in outputs], *more)


def case(op, opset, attributes, inputs, outputs, k=1, magnitude=None, fixed=()):
    """fixed: inputs that decide shapes. An input None is left out."""
    outputs = [np.asarray(o) for o in outputs]
    if magnitude is None:
        finite = [np.abs(o[np.isfinite(o)].astype(np.float64)) for o in outputs]
        magnitude = max([float(o.max()) for o in finite if o.size] + [0])
    unit = {"float32": U, "float64": 2.0 ** -53}.get(str(outputs[0].dtype), 0)
    off = (k + 8) * unit * magnitude
    text = ["{ 0 }" if x is None else tensor(x, i in fixed) for i, x in enumerate(inputs)]
    made = [tensor(o, 0) for o in outputs]
    cases.append('{ "%s", %d, "%s", %d, { %s }, %d, { %s }, %.3g },' % (
        op, opset, attributes, len(inputs), ", ".join(text) or "{ 0 }", len(outputs), ", ".join(made), off))


def f32(a):
    return np.asarray(a, np.float64).astype(np.float32)


def text(values):
    return "[" + ",".join(str(v) for v in values) + "]"


# ---- element by element ----

def arithmetic():
    apply = {"Add": np.add, "Sub": np.subtract, "Mul": np.multiply}
    shapes = [((2, 3, 4, 5), (2, 3, 4, 5)), ((2, 3, 4, 5), (3, 1, 1)), ((3, 1), (2, 1, 7)), ((2, 3), ())]
    for op in "Add", "Sub", "Mul", "Div", "Pow":
        for a_dims, b_dims in shapes:
            a, b = floats(*a_dims), floats(*b_dims)
            if op == "Div":
                b = np.where(b == 0, np.float32(1), b).astype(np.float32)
                out = f32(a.astype(float) / b)
            elif op == "Pow":
                a, b = np.abs(a) + np.float32(0.5), np.round(b).astype(np.float32)
                out = f32(a.astype(float) ** b)
            else:
                out = apply[op](a, b)
            case(op, 13, "", [a, b], [out])
        for dtype in np.int64, np.int32, np.int8, np.uint8:
            a, b = ints(0, 12, 2, 5, dtype=dtype), ints(1, 4, 5, dtype=dtype)
            if dtype != np.uint8:
                a = (a - 6).astype(dtype)
            if op == "Div":  # towards zero
                out = (np.sign(a.astype(int)) * (np.abs(a.astype(int)) // b)).astype(dtype)
            elif op == "Pow":
                a = (a % 5).astype(dtype)
                out = a ** b
            else:
                out = apply[op](a, b)
            case(op, 14, "", [a, b], [out])
        a, b = np.abs(floats(2, 3, 2, 2)) + np.float32(0.5), np.array([1, 2, 3], np.float32)
        wide = b.reshape(3, 1, 1).astype(float)
        old = {"Add": a + wide, "Sub": a - wide, "Mul": a * wide, "Div": a / wide, "Pow": a.astype(float) ** wide}
        case(op, 6, "broadcast=1 axis=1", [a, b], [f32(old[op])])


def activations():
    x = floats(2, 3, 4, 3)
    d = x.astype(np.float64)
    case("Relu", 13, "", [x], [np.maximum(x, 0)])
    i = ints(-5, 5, 2, 7, dtype=np.int32)
    case("Relu", 14, "", [i], [np.maximum(i, 0)])
    both("LeakyRelu", 13, "alpha=0.25", [x], [np.where(x < 0, np.float32(0.25) * x, x)])
    case("LeakyRelu", 13, "", [x], [f32(np.where(x < 0, d * 0.01, d))])
    case("Sigmoid", 13, "", [x], [f32(1 / (1 + np.exp(-d)))])
    case("Exp", 13, "", [x], [f32(np.exp(d))])
    case("Identity", 13, "", [x], [x])
    both("Dropout", 10, "", [x], [x, np.ones(x.shape, bool)])
    for dims in (3, 1, 1), (3,), (1,), (4, 3), (2, 1, 4, 1):
        s = floats(*dims)
        both("PRelu", 9, "", [x, s], [np.where(x < 0, x * s, x)])
    s = floats(3)  # opset 6, and a slope that does not broadcast: one number a channel
    y = floats(2, 3, 4, 5)
    channel = np.where(x < 0, x * s.reshape(3, 1, 1), x)
    case("PRelu", 6, "", [x, s], [channel])
    case("PRelu", 11, "", [y, s], [np.where(y < 0, y * s.reshape(3, 1, 1), y)])
    for lo, hi in (-0.5, None), (None, 0.25), (-1.0, 1.0), (0.0, 6.0):
        out = x if lo is None else np.maximum(x, np.float32(lo))
        out = out if hi is None else np.minimum(out, np.float32(hi))
        words = [] if lo is None else ["min=%.2f" % lo]
        words += [] if hi is None else ["max=%.2f" % hi]
        case("Clip", 6, " ".join(words), [x], [out])
        case("Clip", 13, "", [x, None if lo is None else np.float32(lo), None if hi is None else np.float32(hi)], [out])
    case("Clip", 12, "", [i, np.int32(-2), np.int32(3)], [np.clip(i, -2, 3)])


def types():
    x = np.array([[-1.5, 2.75, 0, 100.5], [0.5, -0.25, 7, 3.99]], np.float32)
    for name in "float32", "int64", "int32", "int8", "uint8", "bool":
        source = np.abs(x) if name == "uint8" else x
        case("Cast", 13, "to=%d" % TYPES[name], [source], [source.astype(name)])
    i = ints(-100, 100, 2, 5)
    case("Cast", 9, "to=1", [i], [i.astype(np.float32)])
    q = ints(0, 255, 2, 3, 4, dtype=np.uint8)
    case("DequantizeLinear", 10, "", [q, np.float32(0.125), np.uint8(100)], [f32((q.astype(int) - 100) * 0.125)])
    s, z = np.abs(floats(3)) + np.float32(0.25), ints(-20, 20, 3, dtype=np.int8)
    q = ints(-128, 127, 2, 3, 4, dtype=np.int8)
    wide = (q.astype(int) - z.reshape(3, 1).astype(int)) * s.reshape(3, 1).astype(float)
    case("DequantizeLinear", 13, "axis=1", [q, s, z], [f32(wide)])


# ---- windows ----

def padded(x, pads, value):
    return np.pad(x.astype(np.float64), [(0, 0), (0, 0)] + list(pads), constant_values=value)


def placed(dims, kernel, stride, dilation, pads, ceil_mode):
    sizes = []
    for d, k, s, l, (b, e) in zip(dims, kernel, stride, dilation, pads):
        room = d + b + e - ((k - 1) * l + 1)
        n = (-(-room // s) if ceil_mode else room // s) + 1
        if ceil_mode and (n - 1) * s >= d + b:
            n -= 1
        sizes.append(n)
    return sizes


def patches(x, sizes, kernel, stride, dilation, pads, value):
    """For each output place: (place, the window's numbers as N x C x kernel)."""
    extra = [(b, e + s * 2) for (b, e), s in zip(pads, stride)]  # ceil_mode reaches beyond
    wide = padded(x, extra, value)
    for at in itertools.product(*[range(n) for n in sizes]):
        cut = tuple(slice(a * s, a * s + (k - 1) * l + 1, l) for a, s, k, l in zip(at, stride, kernel, dilation))
        yield at, wide[(slice(None), slice(None)) + cut]


def words(kernel, stride, dilation, pads, more=""):
    flat = [b for b, _ in pads] + [e for _, e in pads]
    t = "strides=%s pads=%s" % (text(stride), text(flat))
    if any(d > 1 for d in dilation):
        t += " dilations=" + text(dilation)
    return (t if kernel is None else "kernel_shape=%s " % text(kernel) + t) + more


def conv(x, w, b, stride, dilation, pads, group):
    sizes = placed(x.shape[2:], w.shape[2:], stride, dilation, pads, False)
    out = np.zeros((x.shape[0], w.shape[0]) + tuple(sizes))
    per_in, per_out = w.shape[1], w.shape[0] // group
    for at, p in patches(x, sizes, w.shape[2:], stride, dilation, pads, 0):
        for o in range(w.shape[0]):
            g = o // per_out
            part = p[:, g * per_in:(g + 1) * per_in]
            out[(slice(None), o) + at] = (part * w[o].astype(float)).reshape(len(x), -1).sum(1) + (0 if b is None else b[o])
    return out


def convolutions():
    rows = [  # channels, outputs, group, spatial, kernel, stride, dilation, pads, bias
        (3, 4, 1, (5, 6), (3, 3), (1, 1), (1, 1), ((1, 1), (1, 1)), True),
        (4, 6, 2, (5, 4), (3, 2), (2, 1), (1, 1), ((1, 0), (0, 1)), False),
        (5, 5, 5, (6, 5), (3, 3), (2, 2), (1, 1), ((1, 1), (1, 1)), True),
        (3, 6, 3, (7, 5), (3, 3), (1, 1), (2, 1), ((2, 2), (1, 1)), True),
        (17, 18, 1, (2, 3), (1, 1), (1, 1), (1, 1), ((0, 0), (0, 0)), True),
        (2, 3, 1, (9,), (3,), (2,), (2,), ((1, 2),), True),
    ]
    for c, oc, group, dims, kernel, stride, dilation, pads, bias in rows:
        x, w = floats(2, c, *dims), floats(oc, c // group, *kernel)
        b = floats(oc) if bias else None
        k = c // group * int(np.prod(kernel))
        large = conv(np.abs(x), np.abs(w), None if b is None else np.abs(b), stride, dilation, pads, group).max()
        both("Conv", 11, words(None, stride, dilation, pads, " group=%d" % group),
             [x, w] + ([b] if bias else []), [conv(x, w, b, stride, dilation, pads, group)], k, large)
    for mode, (b, e) in ("SAME_UPPER", (0, 1)), ("SAME_LOWER", (1, 0)):
        x, w = floats(1, 2, 5, 5), floats(3, 2, 2, 2)
        pads = ((b, e), (b, e))
        case("Conv", 11, "auto_pad=" + mode, [x, w], [f32(conv(x, w, None, (1, 1), (1, 1), pads, 1))], 8, 40)


def pools():
    rows = [  # spatial, kernel, stride, dilation, pads, ceil_mode
        ((6, 5), (2, 2), (2, 2), (1, 1), ((0, 0), (0, 0)), 0),
        ((6, 5), (3, 3), (2, 2), (1, 1), ((1, 1), (1, 1)), 0),
        ((6, 5), (3, 2), (2, 2), (1, 1), ((1, 0), (0, 1)), 1),
        ((7, 7), (3, 3), (3, 2), (1, 1), ((1, 1), (1, 1)), 1),
        ((8, 6), (2, 3), (1, 1), (2, 2), ((1, 1), (2, 0)), 0),
        ((9,), (3,), (2,), (1,), ((1, 1),), 1),
    ]
    for dims, kernel, stride, dilation, pads, ceil_mode in rows:
        x = floats(2, 3, *dims)
        sizes = placed(dims, kernel, stride, dilation, pads, ceil_mode)
        high, mean, mean_pad = (np.zeros((2, 3) + tuple(sizes)) for _ in range(3))
        where = np.zeros(high.shape, np.int64)
        inside, counted = np.ones((1, 1) + dims), np.ones((1, 1) + dims)
        counted = np.pad(counted, [(0, 0), (0, 0)] + list(pads), constant_values=1)
        none = [(0, 0)] * len(dims)
        args = (sizes, kernel, stride, dilation)
        index = np.arange(x.size).reshape(x.shape)
        for (at, p), (_, q), (_, r), (_, n), (_, i) in zip(
                patches(x, *args, pads, -np.inf), patches(x, *args, pads, 0), patches(inside, *args, pads, 0),
                patches(counted, *args, none, 0), patches(index, *args, pads, -1)):
            to = (slice(None), slice(None)) + at
            flat = p.reshape(2, 3, -1)
            high[to] = flat.max(2)
            where[to] = np.take_along_axis(i.reshape(2, 3, -1), flat.argmax(2)[..., None], 2)[..., 0]
            mean[to] = q.sum(axis=tuple(range(2, q.ndim))) / r.sum()
            mean_pad[to] = q.sum(axis=tuple(range(2, q.ndim))) / n.sum()
        t = words(kernel, stride, dilation, pads, " ceil_mode=1" if ceil_mode else "")
        k = int(np.prod(kernel))
        both("MaxPool", 12, t, [x], [high, where])
        both("AveragePool", 19, t, [x], [mean], k, 2)
        both("AveragePool", 19, t + " count_include_pad=1", [x], [mean_pad], k, 2)
    x = floats(2, 5, 3, 4)
    case("GlobalAveragePool", 13, "", [x], [f32(x.astype(float).mean((2, 3), keepdims=True))], 12, 2)
    q = ints(0, 255, 1, 2, 4, 4, dtype=np.uint8)
    case("MaxPool", 12, "kernel_shape=[2,2] strides=[2,2]", [q], [q.reshape(1, 2, 2, 2, 2, 2).max((3, 5))])


# ---- norms and products ----

def norms():
    for dims in (2, 3), (2, 3, 4), (2, 3, 4, 5):
        x, c = floats(*dims), dims[1]
        scale, b, mean, var = floats(c), floats(c), floats(c), np.abs(floats(c)) + np.float32(0.25)
        to = (c,) + (1,) * (len(dims) - 2)
        s, o, m, v = (a.astype(float).reshape(to) for a in (scale, b, mean, var))
        out = s * (x - m) / np.sqrt(v + float(np.float32(0.001))) + o
        both("BatchNormalization", 9, "epsilon=0.001", [x, scale, b, mean, var], [out], 4, 20)
    x = floats(2, 3, 4)
    d = x.astype(float)
    for axis in 0, 1, 2, -1:
        e = np.exp(d - d.max(axis, keepdims=True))
        case("Softmax", 13, "axis=%d" % axis, [x], [f32(e / e.sum(axis, keepdims=True))])
    for axis in 0, 1, 2:  # before opset 13 the axes from `axis` on are one
        flat = d.reshape(int(np.prod(x.shape[:axis])), -1)
        e = np.exp(flat - flat.max(1, keepdims=True))
        case("Softmax", 11, "axis=%d" % axis, [x], [f32((e / e.sum(1, keepdims=True)).reshape(x.shape))])
    for axis, p in (0, 1), (1, 2), (-1, 2):
        n = np.abs(d).sum(axis, keepdims=True) if p == 1 else np.sqrt((d * d).sum(axis, keepdims=True))
        case("LpNormalization", 13, "axis=%d p=%d" % (axis, p), [x], [f32(d / n)], 4, 1)
    for axes, keep in ((1,), 1), ((0, 2), 0), ((-1,), 0), ((0, 1, 2), 1):
        out = f32(d.mean(axes, keepdims=bool(keep)))
        case("ReduceMean", 13, "axes=%s keepdims=%d" % (text(axes), keep), [x], [out], 24, 2)
        case("ReduceMean", 18, "keepdims=%d" % keep, [x, np.array(axes)], [out], 24, 2, fixed=(1,))


def products():
    pairs = [((3, 4), (4, 5)), ((2, 3, 4), (4, 5)), ((2, 1, 3, 4), (3, 4, 2)), ((4,), (4, 3)), ((3, 4), (4,)), ((5,), (5,)),
             ((2, 3, 4), (2, 4, 3)), ((1, 18), (18, 33))]
    for a_dims, b_dims in pairs:
        a, b = floats(*a_dims), floats(*b_dims)
        large = np.matmul(np.abs(a).astype(float), np.abs(b)).max()
        case("MatMul", 13, "", [a, b], [f32(np.matmul(a.astype(float), b))], a_dims[-1], large)
    for ta, tb, alpha, beta, c_dims in (0, 0, 1, 1, (5,)), (1, 0, 0.5, 1, (3, 1)), (0, 1, 1, -2, (1, 5)), (1, 1, -1.5, 0.5, (3, 5)), (
            0, 1, 1, 1, ()), (0, 1, 2, 1, None):
        a, b = floats(*((4, 3) if ta else (3, 4))), floats(*((5, 4) if tb else (4, 5)))
        c = None if c_dims is None else floats(*c_dims)
        out = alpha * np.matmul((a.T if ta else a).astype(float), b.T if tb else b) + (0 if c is None else beta * c.astype(float))
        case("Gemm", 13, "transA=%d transB=%d alpha=%.2f beta=%.2f" % (ta, tb, alpha, beta),
             [a, b] + ([] if c is None else [c]), [f32(out)], 6, 30)


# ---- shapes ----

def shapes():
    x, i = floats(2, 3, 4), ints(-9, 9, 2, 3, 4)
    case("Shape", 13, "", [x], [np.array(x.shape)])
    case("Shape", 15, "start=1 end=-1", [x], [np.array([3])])
    for want, dims in ((4, 6), (4, 6)), ((-1, 2), (12, 2)), ((0, -1, 1, 2), (2, 6, 1, 2)):
        case("Reshape", 13, "", [i, np.array(want)], [i.reshape(dims)], fixed=(1,))
    for axis, dims in (0, (1, 24)), (1, (2, 12)), (2, (6, 4)), (3, (24, 1)):
        case("Flatten", 13, "axis=%d" % axis, [x], [x.reshape(dims)])
    for axes, dims in ((0,), (1, 2, 3, 4)), ((1, 4), (2, 1, 3, 4, 1)), ((-1,), (2, 3, 4, 1)):
        case("Unsqueeze", 11, "axes=" + text(axes), [x], [x.reshape(dims)])
        case("Unsqueeze", 13, "", [x, np.array(axes)], [x.reshape(dims)], fixed=(1,))
    for perm in itertools.permutations(range(3)):
        case("Transpose", 13, "perm=" + text(perm), [x], [x.transpose(perm)])
    case("Transpose", 13, "", [i], [i.T])
    case("Constant", 13, "value_floats=[1.5,-2.5]", [], [np.array([1.5, -2.5], np.float32)])
    case("ConstantOfShape", 13, "", [np.array([2, 3])], [np.zeros((2, 3), np.float32)], fixed=(0,))
    for axis in 0, 1, -1:
        y = x[:, :, :] if axis else x[:1]
        case("Concat", 13, "axis=%d" % axis, [x, y, x], [np.concatenate([x, y, x], axis)])
        cuts = np.split(i, [1, 2], axis) if i.shape[axis] > 2 else np.split(i, [1], axis)
        sizes = [c.shape[axis] for c in cuts]
        case("Split", 11, "axis=%d split=%s" % (axis, text(sizes)), [i], cuts)
        case("Split", 13, "axis=%d" % axis, [i, np.array(sizes)], cuts, fixed=(1,))
    case("Split", 18, "axis=2 num_outputs=2", [x], np.split(x, 2, 2))


def parts():
    x = floats(3, 4, 5)
    for starts, ends, axes, steps in ((1,), (3,), (1,), (1,)), ((-2, 0), (100, -1), (0, 2), (1, 2)), ((4, -1), (0, -100), (2, 1), (-2, -1)):
        cut = [slice(None)] * 3
        for s, e, a, t in zip(starts, ends, axes, steps):
            cut[a] = slice(s, e if e > -100 else None, t)
        out = x[tuple(cut)]
        case("Slice", 13, "", [x] + [np.array(v) for v in (starts, ends, axes, steps)], [out], fixed=(1, 2, 3, 4))
        if all(t == 1 for t in steps):
            case("Slice", 9, "starts=%s ends=%s axes=%s" % (text(starts), text(ends), text(axes)), [x], [out])
    for axis, index in (0, np.array([2, 0])), (1, np.array([[0, 3], [-1, 1]])), (2, np.array(3)), (-1, np.array([4, 4, 0], np.int32)):
        case("Gather", 13, "axis=%d" % axis, [x, index], [np.take(x, index.astype(int), axis)])
    for mode, pads in ("constant", (1, 0, 2, 0, 1, 1)), ("reflect", (1, 2, 0, 1, 3, 2)), ("edge", (2, 0, 1, 0, 3, 0)), (
            "wrap", (1, 2, 0, 2, 0, 4)), ("constant", (-1, 1, 0, 0, -2, 0)):
        both = list(zip(pads[:3], pads[3:]))
        grown = [(max(b, 0), max(e, 0)) for b, e in both]
        out = np.pad(x, grown, mode=mode, **({"constant_values": 1.5} if mode == "constant" else {}))
        out = out[tuple(slice(-min(b, 0), n + min(e, 0)) for (b, e), n in zip(both, out.shape))]
        if mode != "wrap":
            case("Pad", 9, "mode=%s pads=%s value=1.5" % (mode, text(pads)), [x], [out])
            case("Pad", 13, "mode=" + mode, [x, np.array(pads), np.float32(1.5)], [out], fixed=(1,))
        case("Pad", 19, "mode=" + mode, [x, np.array(pads), np.float32(1.5)], [out], fixed=(1,))


# ---- Resize ----

def source(coord, i, n_in, n_out, scale):
    if coord == "asymmetric":
        return i / scale
    if coord == "align_corners":
        return i * (n_in - 1) / (n_out - 1) if n_out > 1 else 0
    if coord == "pytorch_half_pixel" and n_out == 1:
        return 0
    return (i + 0.5) / scale - 0.5


def resized(x, axis, n_out, scale, mode, coord, rounding):
    n_in, parts = x.shape[axis], []
    for i in range(n_out):
        s = source(coord, i, n_in, n_out, scale)
        if mode == "linear":
            s = min(max(s, 0), n_in - 1)
            lo = int(np.floor(s))
            a, b = x.take(lo, axis), x.take(min(lo + 1, n_in - 1), axis)
            parts.append(a * (1 - (s - lo)) + b * (s - lo))
        else:
            k = {"floor": np.floor(s), "ceil": np.ceil(s), "round_prefer_floor": np.ceil(s - 0.5),
                 "round_prefer_ceil": np.floor(s + 0.5)}[rounding]
            parts.append(x.take(int(min(max(k, 0), n_in - 1)), axis))
    return np.stack(parts, axis)


def resizes():
    x = floats(1, 2, 3, 4)
    for mode, coord, rounding, scales in [
            ("nearest", "asymmetric", "floor", (2, 2)), ("nearest", "half_pixel", "round_prefer_floor", (2, 1.5)),
            ("nearest", "half_pixel", "round_prefer_ceil", (0.5, 2)), ("nearest", "align_corners", "ceil", (2, 3)),
            ("linear", "half_pixel", "floor", (2, 2)), ("linear", "align_corners", "floor", (3, 1.5)),
            ("linear", "asymmetric", "floor", (1.5, 2)), ("linear", "pytorch_half_pixel", "floor", (0.5, 0.25))]:
        sizes = [int(np.floor(n * s)) for n, s in zip(x.shape[2:], scales)]
        out = x.astype(float)
        by_size = x.astype(float)
        for a, (n, s) in enumerate(zip(sizes, scales)):
            out = resized(out, 2 + a, n, s, mode, coord, rounding)
            by_size = resized(by_size, 2 + a, n, n / x.shape[2 + a], mode, coord, rounding)
        all_scales = np.array((1, 1) + scales, np.float32)
        t = "mode=%s coordinate_transformation_mode=%s nearest_mode=%s" % (mode, coord, rounding)
        case("Resize", 13, t, [x, None, all_scales], [f32(out)], 4, 2, fixed=(2,))
        case("Resize", 11, t, [x, None, None, np.array([1, 2] + sizes)], [f32(by_size)], 4, 2, fixed=(3,))
        if coord == "asymmetric":
            short = "mode=" + mode
            case("Upsample", 7, short + " scales=[1.0,1.0,%.1f,%.1f]" % scales, [x], [f32(out)], 4, 2)
            case("Upsample", 9, short, [x, all_scales], [f32(out)], 4, 2, fixed=(1,))
            case("Resize", 10, short, [x, all_scales], [f32(out)], 4, 2, fixed=(1,))


def crops():
    """Outside the picture stands the attribute's value, whatever the type."""
    for dtype in (np.float32, np.float64, np.int64, np.int32, np.uint8, np.int8):
        x = np.array([[[[1, 2], [3, 4]]]], dtype)
        out = np.full((1, 1, 4, 4), 10, dtype)
        out[0, 0, 1:3, 1:3] = x[0, 0]  # positions -1, 0, 1, 2 of each axis
        roi = np.array([0, 0, -1, -1, 1, 1, 2, 2], np.float32)
        case("Resize", 13, "mode=nearest coordinate_transformation_mode=tf_crop_and_resize extrapolation_value=10.0",
             [x, roi, None, np.array([1, 1, 4, 4])], [out], fixed=(1, 3))


def filters():
    """Cubic and antialias: each axis by a matrix, whose rows are the filter around a place."""
    def matrix(n, m, scale, coord, cubic, a, antialias, exclude):
        out = np.zeros((m, n))
        for k in range(m):
            s = {"half_pixel": (k + 0.5) / scale - 0.5, "asymmetric": k / scale, "align_corners": k * (n - 1) / max(m - 1, 1)}[coord]
            wide = min(scale, 1) if antialias else 1
            for i in range(-8 * n, 9 * n):  # far more than a filter reaches
                d = abs(i - s) * wide
                w = max(1 - d, 0)
                if cubic:
                    w = (a + 2) * d ** 3 - (a + 3) * d ** 2 + 1 if d <= 1 else a * d ** 3 - 5 * a * d ** 2 + 8 * a * d - 4 * a if d < 2 else 0
                if not exclude or 0 <= i < n:
                    out[k, min(max(i, 0), n - 1)] += w
        return out / out.sum(1, keepdims=True)

    x = floats(1, 2, 5, 4)
    for cubic, coord, scales, a, antialias, exclude in [
            (1, "half_pixel", (2, 1.5), None, 0, 0), (1, "half_pixel", (0.6, 2), -0.5, 0, 0), (1, "asymmetric", (1.5, 0.5), None, 0, 1),
            (1, "align_corners", (2, 3), -0.5, 0, 1), (1, "half_pixel", (0.6, 0.5), None, 1, 0), (1, "half_pixel", (0.4, 2), -0.5, 1, 1),
            (0, "half_pixel", (0.6, 0.5), None, 1, 0), (0, "half_pixel", (0.2, 0.25), None, 1, 0), (0, "asymmetric", (0.4, 2), None, 1, 1),
            (0, "half_pixel", (2, 1.5), None, 0, 1)]:
        sizes = [int(np.floor(n * s + 1e-9)) for n, s in zip(x.shape[2:], scales)]
        real = [m / n for m, n in zip(sizes, x.shape[2:])]
        rows, cols = [matrix(n, m, s, coord, cubic, -0.75 if a is None else a, antialias, exclude)
                      for n, m, s in zip(x.shape[2:], sizes, real)]
        t = "mode=%s coordinate_transformation_mode=%s%s%s%s" % (
            "cubic" if cubic else "linear", coord, "" if a is None else " cubic_coeff_a=%g" % a,
            " antialias=1" if antialias else "", " exclude_outside=1" if exclude else "")
        for dtype in np.float32, np.float64:
            out = np.einsum("yh,xw,nchw->ncyx", rows, cols, x.astype(float)).astype(dtype)
            case("Resize", 18 if antialias else 13, t, [x.astype(dtype), None, None, np.array([1, 2] + sizes)], [out], 16, 8, fixed=(3,))


def suppressions():
    """Greedy, in the words of the specification; scores apart by more than a rounding."""
    def iou(p, q):
        h, w = [min(p[k + 2], q[k + 2]) - max(p[k], q[k]) for k in (0, 1)]
        both = max(h, 0) * max(w, 0)
        return both / ((p[2] - p[0]) * (p[3] - p[1]) + (q[2] - q[0]) * (q[3] - q[1]) - both)

    for n, most, overlap, least, centre in [(12, 4, 0.3, 0.25, 0), (12, 99, 0.5, None, 0), (9, 3, 0.0, 0.5, 1), (7, 0, 0.5, None, 0)]:
        corner = R.randint(0, 12, (2, n, 2)) / 4.0
        side = R.randint(2, 9, (2, n, 2)) / 4.0
        scores = R.permutation(2 * 3 * n).reshape(2, 3, n) / (6.0 * n)
        boxes = np.concatenate([corner, corner + side], 2)
        given = np.concatenate([corner + side / 2, side], 2)[:, :, [1, 0, 3, 2]] if centre else boxes.copy()
        if not centre:
            given[:, ::2] = given[:, ::2][:, :, [2, 1, 0, 3]]  # corners in another order
        found = []
        for b, c in itertools.product(range(2), range(3)):
            left = [i for i in np.argsort(-scores[b, c]) if least is None or scores[b, c, i] > np.float32(least)]
            taken = 0
            while left and taken < most:
                i = left.pop(0)
                found.append([b, c, i])
                taken += 1
                left = [j for j in left if iou(boxes[b, i], boxes[b, j]) <= np.float32(overlap)]
        inputs = [given.astype(np.float32), scores.astype(np.float32), np.int64(most), np.float32(overlap)]
        inputs += [] if least is None else [np.float32(least)]
        case("NonMaxSuppression", 11, "center_point_box=1" if centre else "", inputs,
             [np.array(found, np.int64).reshape(-1, 3)], fixed=(0, 1, 2, 3, 4))


# ---- element by element, by one function ----

def maps():
    x = floats(2, 3, 4)
    x[0, 0, :3] = 0, 0.5, -0.5
    d = x.astype(np.float64)
    erf = np.vectorize(math.erf)
    sigmoid = 1 / (1 + np.exp(-d))
    softplus = np.log(np.exp(d) + 1)
    large, alpha, gamma = np.abs(d) + 0.125, float(np.float32(1.67326319217681884765625)), float(np.float32(1.05070102214813232421875))
    inner, small = d / 2.25, np.abs(d) / 2.25  # in -1 .. 1
    rows = [
        ("Abs", 13, "", d, np.abs(d)), ("Neg", 13, "", d, -d), ("Sign", 13, "", d, np.sign(d)),
        ("Ceil", 13, "", d, np.ceil(d)), ("Floor", 13, "", d, np.floor(d)), ("Round", 11, "", d, np.round(d)),
        ("Reciprocal", 13, "", large, 1 / large), ("Sqrt", 13, "", large, np.sqrt(large)),
        ("Exp", 13, "", d, np.exp(d)), ("Log", 13, "", large, np.log(large)),
        ("Sin", 7, "", d, np.sin(d)), ("Cos", 7, "", d, np.cos(d)), ("Tan", 7, "", inner, np.tan(inner)),
        ("Asin", 7, "", inner, np.arcsin(inner)), ("Acos", 7, "", inner, np.arccos(inner)), ("Atan", 7, "", d, np.arctan(d)),
        ("Sinh", 9, "", d, np.sinh(d)), ("Cosh", 9, "", d, np.cosh(d)), ("Tanh", 13, "", d, np.tanh(d)),
        ("Asinh", 9, "", d, np.arcsinh(d)), ("Acosh", 9, "", large + 1, np.arccosh(large + 1)),
        ("Atanh", 9, "", small, np.arctanh(small)), ("Erf", 13, "", d, erf(d)), ("Sigmoid", 13, "", d, sigmoid),
        ("HardSigmoid", 6, "", d, np.clip(float(np.float32(0.2)) * d + 0.5, 0, 1)),
        ("HardSigmoid", 6, "alpha=0.5 beta=0.25", d, np.clip(0.5 * d + 0.25, 0, 1)),
        ("HardSwish", 14, "", d, d * np.clip(d / 6 + 0.5, 0, 1)),
        ("Swish", 24, "alpha=1.5", d, d / (1 + np.exp(-1.5 * d))),
        ("Elu", 6, "alpha=2.0", d, np.where(d < 0, 2 * (np.exp(d) - 1), d)),
        ("Celu", 12, "alpha=2.0", d, np.maximum(d, 0) + np.minimum(0, 2 * (np.exp(d / 2) - 1))),
        ("Selu", 6, "", d, gamma * np.where(d < 0, alpha * (np.exp(d) - 1), d)),
        ("Selu", 6, "alpha=2.0 gamma=3.0", d, 3 * np.where(d < 0, 2 * (np.exp(d) - 1), d)),
        ("Softplus", 1, "", d, softplus), ("Softsign", 1, "", d, d / (1 + np.abs(d))),
        ("Mish", 18, "", d, d * np.tanh(softplus)), ("Gelu", 20, "", d, 0.5 * d * (1 + erf(d / math.sqrt(2)))),
        ("Gelu", 20, "approximate=tanh", d, 0.5 * d * (1 + np.tanh(math.sqrt(2 / math.pi) * (d + 0.044715 * d ** 3)))),
        ("Shrink", 9, "bias=0.25 lambd=1.0", d, np.where(d < -1, d + 0.25, np.where(d > 1, d - 0.25, 0))),
        ("ThresholdedRelu", 10, "alpha=0.5", d, np.where(d > 0.5, d, 0)),
    ]
    for op, opset, attributes, a, _ in rows:
        single = a.astype(np.float32)
        out = [r for r in rows if r[0] == op and r[2] == attributes][0][4]
        if a is d:  # exact in float32: the same result serves both
            case(op, max(opset, 6), attributes, [single], [f32(out)])
            case(op, max(opset, 6), attributes, [a[1]], [out[1]], 8, 8)
        else:
            case(op, max(opset, 6), attributes, [a], [out], 8, 8)
            case(op, max(opset, 6), attributes, [single], [f32(out)], 8, 8)
    i = ints(-9, 9, 2, 5, dtype=np.int8)
    for op, out in ("Abs", np.abs(i)), ("Neg", -i), ("Sign", np.sign(i)):
        case(op, 13, "", [i], [out])
    b = ints(0, 2, 3, 4).astype(bool)
    case("Not", 6, "", [b], [~b])
    odd = np.array([1, -np.inf, np.nan, np.inf, 0], np.float32)
    case("IsNaN", 13, "", [odd], [np.isnan(odd)])
    case("IsInf", 10, "", [odd], [np.isinf(odd)])
    case("IsInf", 10, "detect_negative=0", [odd], [odd == np.inf])
    case("IsInf", 10, "detect_positive=0", [odd], [odd == -np.inf])


def logic():
    shapes = [((2, 3, 4), (2, 3, 4)), ((2, 3, 4), (3, 1)), ((3, 1), (2, 1, 4)), ((2, 3), ())]
    compare = {"Equal": np.equal, "Less": np.less, "LessOrEqual": np.less_equal, "Greater": np.greater,
               "GreaterOrEqual": np.greater_equal}
    for a_dims, b_dims in shapes:
        a, b = ints(0, 2, *a_dims).astype(bool), ints(0, 2, *b_dims).astype(bool)
        for op, f in ("And", np.logical_and), ("Or", np.logical_or), ("Xor", np.logical_xor):
            case(op, 7, "", [a, b], [f(a, b)])
        for dtype in np.float32, np.int64, np.float64:
            a, b = ints(-2, 3, *a_dims).astype(dtype), ints(-2, 3, *b_dims).astype(dtype)
            for op, f in compare.items():
                case(op, 13, "", [a, b], [f(a, b)])
            ternary = ints(0, 2, *b_dims).astype(bool)
            case("Where", 9, "", [ternary, a, b], [np.where(ternary, a, b)])
    odd = np.array([1, np.nan, np.nan, 2], np.float32), np.array([np.nan, np.nan, 0, 2], np.float32)
    for op, f in compare.items():
        case(op, 13, "", list(odd), [f(*odd)])
    for dtype in np.int32, np.int8:
        a, b = ints(-9, 10, 3, 5, dtype=dtype), np.array([3, -3, 2, 7, -1], dtype)
        case("Mod", 13, "", [a, b], [np.mod(a, b)])
        case("Mod", 13, "fmod=1", [a, b], [np.fmod(a, b)])
    a, b = floats(3, 5), np.array([1.5, -1.5, 0.75, -2, 3], np.float32)
    case("Mod", 13, "fmod=1", [a, b], [np.fmod(a, b)])
    case("Mod", 13, "fmod=1", [a.astype(float), b.astype(float)], [np.fmod(a.astype(float), b)])


def several():
    for dims in [((2, 3, 4), (2, 3, 4), (2, 3, 4)), ((3, 1), (2, 1, 4), ()), ((2, 3),), ((2, 3, 4), (4,))]:
        for dtype in np.float32, np.float64:
            x = [floats(*d).astype(dtype) for d in dims]
            total = sum(a.astype(float) for a in x)
            case("Sum", 13, "", x, [total.astype(dtype)], 3, 6)
            case("Mean", 13, "", x, [(total / len(x)).astype(dtype)], 3, 6)
        for dtype in np.float32, np.int64, np.int8:
            x = [(floats(*d) * 4).astype(dtype) for d in dims]
            for op, f in ("Max", np.maximum), ("Min", np.minimum):
                out = x[0]
                for a in x[1:]:
                    out = f(out, a)
                case(op, 13, "", x, [out])
    for op, f in ("Max", np.maximum), ("Min", np.minimum):
        a, b = np.array([np.nan, 1, np.nan], np.float32), np.array([1, np.nan, np.nan], np.float32)
        case(op, 13, "", [a, b], [f(a, b)])
    x, y = floats(2, 3), floats(2, 3)
    case("Sum", 6, "", [x, y], [x + y])


# ---- reductions ----

def reductions():
    functions = {
        "ReduceSum": lambda d, a, k: d.sum(a, keepdims=k), "ReduceMean": lambda d, a, k: d.mean(a, keepdims=k),
        "ReduceMax": lambda d, a, k: d.max(a, keepdims=k), "ReduceMin": lambda d, a, k: d.min(a, keepdims=k),
        "ReduceProd": lambda d, a, k: d.prod(a, keepdims=k), "ReduceL1": lambda d, a, k: np.abs(d).sum(a, keepdims=k),
        "ReduceL2": lambda d, a, k: np.sqrt((d * d).sum(a, keepdims=k)),
        "ReduceSumSquare": lambda d, a, k: (d * d).sum(a, keepdims=k),
        "ReduceLogSum": lambda d, a, k: np.log(d.sum(a, keepdims=k)),
        "ReduceLogSumExp": lambda d, a, k: np.log(np.exp(d).sum(a, keepdims=k)),
    }
    x = floats(2, 3, 4)
    for op, f in functions.items():
        y = np.abs(x) + np.float32(0.5) if op == "ReduceLogSum" else x
        newer = 13 if op == "ReduceSum" else 18
        for axes, keep in ((1,), 1), ((0, 2), 0), ((-1,), 0), ((0, 1, 2), 1):
            out = f32(f(y.astype(float), axes, bool(keep)))
            large = max(f(np.abs(y.astype(float)), axes, bool(keep)).max(), 1)
            case(op, 11, "axes=%s keepdims=%d" % (text(axes), keep), [y], [out], 24, large)
            case(op, newer, "keepdims=%d" % keep, [y, np.array(axes)], [out], 24, large, fixed=(1,))
        out = f(y.astype(float), None, True)
        case(op, 11, "", [y], [f32(out)], 24, max(large, 99))
        case(op, newer, "", [y.astype(float)], [out], 24, max(large, 99))
    case("ReduceSum", 13, "noop_with_empty_axes=1", [x], [x])
    for op in "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceSumSquare":
        i = ints(-9, 10, 2, 3, 4, dtype=np.int32)
        case(op, 11, "axes=[1]", [i], [functions[op](i, 1, True).astype(np.int32)])
    none = np.zeros((2, 0, 3), np.float32)
    for op, v in ("ReduceSum", 0), ("ReduceProd", 1), ("ReduceMax", -np.inf), ("ReduceMin", np.inf), ("ReduceLogSumExp", -np.inf):
        case(op, 20, "", [none, np.array([1])], [np.full((2, 1, 3), v, np.float32)], fixed=(1,))
    far = np.array([[1000, 1000.5], [-1000, -1001]], np.float32)  # exp(far) is no float
    d = far.astype(float)
    case("ReduceLogSumExp", 18, "", [far, np.array([1])],
         [f32(d.max(1, keepdims=True) + np.log(np.exp(d - d.max(1, keepdims=True)).sum(1, keepdims=True)))], fixed=(1,))
    q = ints(-2, 3, 3, 4, 5)
    for axis in 0, 1, -1:
        for keep in 0, 1:
            for op, f in ("ArgMax", np.argmax), ("ArgMin", np.argmin):
                put = (lambda a: np.expand_dims(a, axis)) if keep else (lambda a: a)
                t = "axis=%d keepdims=%d" % (axis, keep)
                case(op, 13, t, [q.astype(np.float32)], [put(f(q, axis))])
                last = q.shape[axis] - 1 - f(np.flip(q, axis), axis)
                case(op, 13, t + " select_last_index=1", [q], [put(last)])
    y = floats(2, 5, 3, 4)
    case("GlobalMaxPool", 13, "", [y], [y.max((2, 3), keepdims=True)])
    case("GlobalMaxPool", 13, "", [y[0]], [y[0].max(2, keepdims=True)])
    case("ReduceMax", 13, "axes=[2,3] keepdims=0", [y], [y.max((2, 3))])
    case("ReduceMean", 13, "axes=[2,3] keepdims=0", [y], [f32(y.astype(float).mean((2, 3)))], 12, 2)


def softmaxes():
    x = floats(2, 3, 4)
    for flat, opset, axes in (False, 13, (0, 1, -1)), (True, 11, (0, 1, 2)):
        for axis in axes:
            d = x.astype(float)
            d = d.reshape(int(np.prod(x.shape[:axis])), -1) if flat else np.moveaxis(d, axis, -1)
            back = (lambda a: a.reshape(x.shape)) if flat else (lambda a: np.moveaxis(a, -1, axis))
            e = np.exp(d - d.max(-1, keepdims=True))
            soft = e / e.sum(-1, keepdims=True)
            hard = np.zeros(d.shape)
            np.put_along_axis(hard, d.argmax(-1)[..., None], 1, -1)
            t = "axis=%d" % axis
            case("LogSoftmax", opset, t, [x], [f32(back(np.log(soft)))], 4)
            case("Hardmax", opset, t, [x], [f32(back(hard))])
            case("Softmax", opset, t, [x.astype(float)], [back(soft)], 4)


def spreads():
    x = floats(3, 1, 4)
    for want in (2, 3, 5, 4), (3, 5, 1), (1,), (3, 1, 4):
        case("Expand", 13, "", [x, np.array(want)], [x * np.ones(want, np.float32)], fixed=(1,))
    i = ints(0, 99, 2, 3)
    for times in (1, 2), (3, 1), (2, 2), (0, 1):
        case("Tile", 13, "", [i, np.array(times)], [np.tile(i, times)], fixed=(1,))
    y = floats(2, 8, 2, 3)
    n, c, h, w = y.shape
    dcr = y.reshape(n, 2, 2, c // 4, h, w).transpose(0, 3, 4, 1, 5, 2).reshape(n, c // 4, h * 2, w * 2)
    crd = y.reshape(n, c // 4, 2, 2, h, w).transpose(0, 1, 4, 2, 5, 3).reshape(n, c // 4, h * 2, w * 2)
    case("DepthToSpace", 13, "blocksize=2", [y], [dcr])
    case("DepthToSpace", 13, "blocksize=2 mode=CRD", [y], [crd])
    case("SpaceToDepth", 13, "blocksize=2", [dcr], [y])
    z = floats(1, 3, 1, 4)
    for axes, dims in ((0,), (3, 1, 4)), ((0, 2), (3, 4)), ((-2,), (1, 3, 4)):
        case("Squeeze", 11, "axes=" + text(axes), [z], [z.reshape(dims)])
        case("Squeeze", 13, "", [z, np.array(axes)], [z.reshape(dims)], fixed=(1,))
    case("Squeeze", 13, "", [z], [z.reshape(3, 4)])
    case("Size", 13, "", [z], [np.int64(12)])
    double = floats(2, 3).astype(float) / 3
    case("Add", 13, "", [double, double[0]], [double + double[0]])
    case("Div", 13, "", [double, double[1] + 5], [double / (double[1] + 5)])
    case("Pow", 13, "", [np.abs(double), np.float64(1.5)], [np.abs(double) ** 1.5])
    case("Clip", 13, "", [double, np.float64(-0.25), np.float64(0.3)], [np.clip(double, -0.25, 0.3)])
    case("Relu", 13, "", [double], [np.maximum(double, 0)])
    case("Cast", 13, "to=1", [double], [double.astype(np.float32)])
    single = floats(3)
    case("Cast", 13, "to=11", [single], [single.astype(np.float64)])
    case("Cast", 13, "to=6", [double * 9], [(double * 9).astype(np.int32)])


# ---- norms, and windows the other way ----

def more_norms():
    x = floats(2, 6, 2, 2)
    for dtype in np.float32, np.float64:
        d, s, b = x.astype(float), floats(6).astype(dtype), floats(6).astype(dtype)
        to, off = (6, 1, 1), 1e-3

        def norm(a, axes):
            return (a - a.mean(axes, keepdims=True)) / np.sqrt(a.var(axes, keepdims=True) + float(np.float32(off)))

        out = s.reshape(to).astype(float) * norm(d, (2, 3)) + b.reshape(to)
        case("InstanceNormalization", 6, "epsilon=0.001", [x.astype(dtype), s, b], [out.astype(dtype)], 24, 9)
        parts = norm(d.reshape(2, 3, 2, 2, 2), (2, 3, 4)).reshape(d.shape)
        out = s.reshape(to).astype(float) * parts + b.reshape(to)
        case("GroupNormalization", 21, "epsilon=0.001 num_groups=3", [x.astype(dtype), s, b], [out.astype(dtype)], 24, 9)
        wide = [np.repeat(a[:3].astype(float), 2).reshape(to) for a in (s, b)]
        case("GroupNormalization", 18, "epsilon=0.001 num_groups=3", [x.astype(dtype), s[:3], b[:3]],
             [(wide[0] * parts + wide[1]).astype(dtype)], 24, 9)
        for axis, dims in (-1, (2,)), (1, (6, 2, 2)), (2, (2, 1)):
            axes = tuple(range(axis % 4, 4))
            s, b = floats(*dims).astype(dtype), floats(*dims).astype(dtype)
            mean, var = d.mean(axes, keepdims=True), d.var(axes, keepdims=True)
            inverse = 1 / np.sqrt(var + float(np.float32(off)))
            t = "epsilon=0.001 axis=%d" % axis
            case("LayerNormalization", 17, t, [x.astype(dtype), s, b],
                 [((d - mean) * inverse * s + b).astype(dtype), mean.astype(dtype), inverse.astype(dtype)], 72, 40)
            case("LayerNormalization", 17, t, [x.astype(dtype), s], [((d - mean) * inverse * s).astype(dtype)], 72, 40)
    for size in 3, 4, 1, 20:
        out = np.zeros(x.shape)
        for c in range(6):
            near = d[:, max(0, c - (size - 1) // 2):c + size - 1 - (size - 1) // 2 + 1]
            out[:, c] = d[:, c] / (2 + 0.5 / size * (near ** 2).sum(1)) ** 0.75
        case("LRN", 13, "alpha=0.5 beta=0.75 bias=2.0 size=%d" % size, [x], [f32(out)], 8, 2)
    for dims, kernel, stride, pads in ((6, 5), (3, 2), (2, 1), ((1, 0), (0, 1))), ((9,), (3,), (2,), ((1, 1),)):
        y = floats(2, 3, *dims)
        sizes = placed(dims, kernel, stride, (1, 1), pads, False)
        for p in 1, 2, 3:
            out = np.zeros((2, 3) + tuple(sizes))
            for at, q in patches(y, sizes, kernel, stride, (1, 1), pads, 0):
                out[(slice(None), slice(None)) + at] = (np.abs(q) ** p).reshape(2, 3, -1).sum(2) ** (1 / p)
            both("LpPool", 18, words(kernel, stride, (1, 1), pads, " p=%d" % p), [y], [out], 12, 12)


def conv_transposes():
    rows = [  # channels, outputs a group, groups, spatial, kernel, stride, dilation, pads, more rows and columns
        (3, 4, 1, (3, 4), (3, 3), (1, 1), (1, 1), ((0, 0), (0, 0)), (0, 0)),
        (4, 3, 2, (3, 2), (3, 2), (2, 3), (1, 1), ((1, 0), (0, 1)), (1, 2)),
        (2, 2, 1, (4, 3), (2, 3), (2, 2), (2, 1), ((1, 1), (0, 2)), (0, 1)),
        (2, 3, 1, (5,), (3,), (2,), (1,), ((1, 1),), (1,)),
    ]
    for c, oc, group, dims, kernel, stride, dilation, pads, more in rows:
        x, w, b = floats(2, c, *dims), floats(c, oc, *kernel), floats(oc * group)
        full = [s * (n - 1) + m + (k - 1) * l + 1 for s, n, m, k, l in zip(stride, dims, more, kernel, dilation)]
        out, large = np.zeros((2, oc * group) + tuple(full)), np.zeros((2, oc * group) + tuple(full))
        for at in itertools.product(*[range(n) for n in dims]):
            for k in itertools.product(*[range(n) for n in kernel]):
                to = tuple(a * s + t * l for a, s, t, l in zip(at, stride, k, dilation))
                for i in range(c):
                    for o in range(oc):
                        v = x[(slice(None), i) + at].astype(float) * float(w[(i, o) + k])
                        out[(slice(None), i // (c // group) * oc + o) + to] += v
                        large[(slice(None), i // (c // group) * oc + o) + to] += np.abs(v)
        cut = (slice(None), slice(None)) + tuple(slice(q, n - e) for (q, e), n in zip(pads, full))
        t = words(None, stride, dilation, pads, " group=%d output_padding=%s" % (group, text(more)))
        out = out[cut] + b.reshape((-1,) + (1,) * len(dims))
        both("ConvTranspose", 11, t, [x, w, b], [out], 20, large.max() + 2)
    x, w = np.ones((1, 1, 2, 2), np.float32), np.arange(9, dtype=np.float32).reshape(1, 1, 3, 3)
    full = np.zeros((5, 5), np.float32)  # stride 2: one row and one column too many for 4 x 4
    for i, j in itertools.product(range(2), range(2)):
        full[2 * i:2 * i + 3, 2 * j:2 * j + 3] += w[0, 0]
    case("ConvTranspose", 11, "strides=[2,2] auto_pad=SAME_UPPER", [x, w], [full[None, None, :4, :4]], 9, 40)
    case("ConvTranspose", 11, "strides=[2,2] auto_pad=SAME_LOWER", [x, w], [full[None, None, 1:, 1:]], 9, 40)
    case("ConvTranspose", 11, "strides=[2,2] output_shape=[4,5]", [x, w], [full[None, None, 1:, :]], 9, 40)


# ---- places by number ----

def indices():
    x = floats(3, 4, 3)
    for axis in 0, 1, -1:
        dims = list(x.shape)
        dims[axis] = 2
        index = ints(-x.shape[axis], x.shape[axis], *dims)
        positive = np.where(index < 0, index + x.shape[axis], index)
        t = "axis=%d" % axis
        case("GatherElements", 13, t, [x, index], [np.take_along_axis(x, positive, axis)])
        update = floats(*dims)
        alone = np.argsort(floats(*x.shape), axis).take(range(2), axis)  # no place twice
        out = x.copy()
        np.put_along_axis(out, alone, update, axis)
        case("ScatterElements", 13, t, [x, alone, update], [out])
        case("Scatter", 9, t, [x, alone, update], [out])
        for how, f in ("add", np.add), ("mul", np.multiply), ("max", np.maximum), ("min", np.minimum):
            for dtype in (np.float32, np.int32) if axis else ():
                data, more = (x * 4).astype(dtype), (update * 4).astype(dtype)
                out = data.copy()
                for at in np.ndindex(*dims):
                    to = list(at)
                    to[axis] = positive[at]
                    out[tuple(to)] = f(out[tuple(to)], more[at])
                case("ScatterElements", 18, t + " reduction=" + how, [data, index, more], [out], 3, 200)
    case("GatherND", 13, "", [x, np.array([[0, 1], [2, 3]])], [x[[0, 2], [1, 3]]])
    case("GatherND", 13, "", [x, np.array([[[2]], [[-1]]], np.int32)], [x[[2, -1]][:, None]])
    case("GatherND", 13, "", [x, np.array([0, 1, -1])], [x[0, 1, -1]])
    y = floats(2, 3, 4)
    case("GatherND", 13, "batch_dims=1", [y, np.array([[1], [-3]])], [np.stack([y[0, 1], y[1, 0]])])
    places, update = np.array([[0, 1], [2, -1]]), floats(2, 3)
    out = x.copy()
    out[[0, 2], [1, -1]] = update
    case("ScatterND", 13, "", [x, places, update], [out])
    twice = np.array([[1, 2], [1, 2]])
    for how, f in ("add", np.add), ("mul", np.multiply), ("max", np.maximum), ("min", np.minimum):
        out = x.copy()
        for k in range(2):
            out[1, 2] = f(out[1, 2], update[k])
        case("ScatterND", 18, "reduction=" + how, [x, twice, update], [out], 3, 9)
    q = np.array([[1, 9], [-2, 0]])
    hot = np.array([[[0, 1, 0], [0, 0, 0]], [[0, 1, 0], [1, 0, 0]]])
    for axis, out in (-1, hot), (0, hot.transpose(2, 0, 1)), (1, hot.transpose(0, 2, 1)):
        case("OneHot", 11, "axis=%d" % axis, [q, np.int64(3), np.array([2, 5], np.float32)],
             [(2 + 3 * out).astype(np.float32)], fixed=(1,))
    for start, limit, delta in (3, 9, 3), (10, 4, -2), (5, 5, 1), (0, 5, 2):
        for dtype in np.int32, np.int64, np.float32, np.float64:
            v = [dtype(a) for a in (start, limit, delta)]
            case("Range", 11, "", v, [np.arange(*v).astype(dtype)], fixed=(0, 1, 2))
    i = ints(-9, 9, 2, 4, 5)
    for upper in 0, 1:
        for k in -1, 0, 2, 9:
            f = np.triu if upper else np.tril
            case("Trilu", 14, "upper=%d" % upper, [i, np.int64(k)], [np.stack([f(a, k) for a in i])])
    z = ints(0, 2, 3, 4).astype(np.float32)
    case("NonZero", 13, "", [z], [np.array(np.nonzero(z))])
    case("NonZero", 13, "", [z.astype(bool)], [np.array(np.nonzero(z))])
    for dtype in np.float32, np.float64, np.int32:
        a = (floats(2, 3, 4) * 4).astype(dtype)
        for axis in 0, 1, -1:
            plain, back = np.cumsum(a, axis), np.flip(np.cumsum(np.flip(a, axis), axis), axis)
            for t, out in ("", plain), ("reverse=1", back), ("exclusive=1", plain - a), ("exclusive=1 reverse=1", back - a):
                case("CumSum", 14, t, [a, np.int64(axis)], [out.astype(dtype)], 4, 24, fixed=(1,))
        for axis, k in (0, 1), (1, 2), (-1, 4):
            for largest in 1, 0:
                order = np.argsort(-a if largest else a, axis, kind="stable").take(range(k), axis)
                outs = [np.take_along_axis(a, order, axis), order]
                case("TopK", 11, "axis=%d largest=%d" % (axis, largest), [a, np.array([k])], outs, fixed=(1,))
                if largest:
                    case("TopK", 9, "axis=%d k=%d" % (axis, k), [a], outs)


def einsums():
    rows = [("ij,jk->ik", (2, 3), (3, 4)), ("bij,bjk->bik", (2, 3, 4), (2, 4, 5)), ("i,j->ij", (3,), (4,)), ("ij->ji", (2, 3)),
            ("ij->", (2, 3)), ("...ii->...i", (2, 3, 3)), ("...ij,...jk->...ik", (2, 1, 3, 4), (3, 4, 2)), ("ij,jk", (2, 3), (3, 4)),
            ("bhqd,bhkd->bhqk", (1, 2, 3, 4), (1, 2, 5, 4)), ("ij,jk,kl->il", (2, 3), (3, 2), (2, 4)), ("ii", (3, 3))]
    for equation, *dims in rows:
        x = [floats(*d) for d in dims]
        case("Einsum", 12, "equation=" + equation, x, [f32(np.einsum(equation, *[a.astype(float) for a in x]))], 8, 50)
        case("Einsum", 12, "equation=" + equation, [a.astype(float) for a in x],
             [np.asarray(np.einsum(equation, *[a.astype(float) for a in x]))], 8, 50)
    a, b, c = floats(3, 4).astype(float) / 3, floats(4, 5).astype(float) / 7, floats(5).astype(float)
    case("MatMul", 13, "", [a, b], [a @ b], 4, 8)
    case("Gemm", 13, "alpha=0.5", [a, b, c], [0.5 * (a @ b) + c], 6, 8)


# ---- whole numbers ----

def quantised():
    x = floats(2, 3, 4) * 3
    for dtype, lo, hi, zero in (np.uint8, 0, 255, 100), (np.int8, -128, 127, -5):
        q = lambda d, s, z: np.clip(np.round(d / s) + z, lo, hi).astype(dtype)
        case("QuantizeLinear", 13, "", [x, np.float32(0.03125), dtype(zero)], [q(x, np.float32(0.03125), zero)])
        s, z = np.array([0.03125, 0.0625, 0.5], np.float32), np.array([0, 7, zero], dtype)
        case("QuantizeLinear", 13, "axis=1", [x, s, z], [q(x, s.reshape(3, 1), z.reshape(3, 1).astype(int))])
        s, z = np.full((2, 3, 2), 0.0625, np.float32), ints(0, 9, 2, 3, 2, dtype=dtype)
        s[0, 1, 1] = 0.25
        case("QuantizeLinear", 21, "axis=2 block_size=2", [x, s, z], [q(x, s.repeat(2, 2), z.repeat(2, 2).astype(int))])
        case("DequantizeLinear", 21, "axis=2 block_size=2", [q(x, 0.5, 9), s, z],
             [f32((q(x, 0.5, 9).astype(int) - z.repeat(2, 2).astype(int)) * s.repeat(2, 2).astype(float))])
    case("QuantizeLinear", 13, "", [x, np.float32(0.0625)], [np.clip(np.round(x / 0.0625), 0, 255).astype(np.uint8)])
    for y in x, np.abs(x) + 1, -np.abs(x) - 1, x * 0:
        lo, hi = min(0, float(y.min())), max(0, float(y.max()))
        scale = np.float32((hi - lo) / 255)
        zero = np.uint8(np.clip(np.round(-np.float32(lo) / scale), 0, 255)) if scale else np.uint8(0)
        out = np.clip(np.round(y / scale) + float(zero), 0, 255).astype(np.uint8) if scale else y.astype(np.uint8)
        case("DynamicQuantizeLinear", 11, "", [y], [out])
    for a_type, b_type in (np.uint8, np.int8), (np.int8, np.int8), (np.uint8, np.uint8):
        def byte(dtype, *dims):
            return ints(0, 256, *dims, dtype=dtype) if dtype == np.uint8 else ints(-128, 128, *dims, dtype=dtype)
        a, b = byte(a_type, 2, 3, 4), byte(b_type, 4, 5)
        az, bz, cz = byte(a_type)[()], byte(b_type)[()], byte(b_type, 5)
        wide = a.astype(int) - int(az)
        case("MatMulInteger", 10, "", [a, b, az, bz], [(wide @ (b.astype(int) - int(bz))).astype(np.int32)])
        case("MatMulInteger", 10, "", [a, b, az, cz], [(wide @ (b.astype(int) - cz.astype(int))).astype(np.int32)])
        case("MatMulInteger", 10, "", [a, b], [(a.astype(int) @ b.astype(int)).astype(np.int32)])
        s = [np.float32(v) for v in (0.0078125, 0.015625, 2.0)]
        sums = wide @ (b.astype(int) - int(bz))
        out = np.clip(np.round(sums * (float(s[0]) * float(s[1]) / float(s[2]))) + 7,
                      *((0, 255) if a_type == np.uint8 else (-128, 127))).astype(a_type)
        case("QLinearMatMul", 10, "", [a, s[0], az, b, s[1], bz, s[2], a_type(7)], [out])
        x, w, wz = byte(a_type, 1, 4, 5, 4), byte(b_type, 6, 2, 3, 2), byte(b_type, 6)
        args = (2, 1), (1, 2), ((1, 1), (0, 2)), 2
        plain = conv(x.astype(int) - int(az), w.astype(int) - int(bz), None, *args)
        lists = conv(x.astype(int) - int(az), w.astype(int) - wz.reshape(6, 1, 1, 1).astype(int), None, *args)
        t = words(None, *args[:3], " group=2")
        case("ConvInteger", 10, t, [x, w, az, bz], [plain.astype(np.int32)])
        case("ConvInteger", 10, t, [x, w, az, wz], [lists.astype(np.int32)])
        ws, bias = (np.abs(floats(6)) + np.float32(0.25)) / 64, ints(-999, 999, 6, dtype=np.int32)
        scaled = (lists + bias.reshape(6, 1, 1)) * (0.0078125 * ws.astype(float).reshape(6, 1, 1) / 2.0)
        out = np.clip(np.round(scaled) + 7, *((0, 255) if a_type == np.uint8 else (-128, 127))).astype(a_type)
        case("QLinearConv", 10, t, [x, s[0], az, w, ws, wz, s[2], a_type(7), bias], [out])
    x = floats(3, 4)
    case("CastLike", 15, "", [x, np.int64(0)], [x.astype(np.int64)])
    case("CastLike", 15, "", [x, np.zeros(3)], [x.astype(np.float64)])


# ---- what an operator leaves out or adds at the edge of its definition ----

def edges():
    none = np.zeros((2, 0, 3), bool)
    for op, v in ("ReduceMax", False), ("ReduceMin", True):  # of nothing: the least and the greatest bool
        case(op, 20, "", [none, np.array([1])], [np.full((2, 1, 3), v)], fixed=(1,))
    at = np.array([1.5, -0.5, -1.25, 3.5, 0.999], np.float32)  # indices are cast to int64: 1 0 -1 (2) 3 0
    hot = np.array([[0, 1, 0], [1, 0, 0], [0, 0, 1], [0, 0, 0], [1, 0, 0]])
    case("OneHot", 11, "", [at, np.int64(3), np.array([2, 5], np.float32)], [(2 + 3 * hot).astype(np.float32)], fixed=(1,))
    old, new, where = np.array([1, 0, 1, 0], bool), np.array([1, 1, 0], bool), np.array([0, 1, 2])
    for reduction, op in ("add", np.add), ("mul", np.multiply), ("max", np.maximum), ("min", np.minimum):
        want = old.copy()
        op.at(want, where, new)  # true and true are true, not 2
        case("ScatterElements", 18, f"reduction={reduction}", [old, where, new], [want])
        case("ScatterND", 18, f"reduction={reduction}", [old, where[:, None], new], [want])


def main():
    for part in arithmetic, activations, types, convolutions, pools, norms, products, shapes, parts, resizes, maps, logic, several, reductions, \
            softmaxes, spreads, more_norms, conv_transposes, indices, einsums, quantised, crops, filters, suppressions, edges:
        part()
    print("/* Written by make_operators.py: do not edit. */\n/* clang-format off */")
    print("static const double operator_numbers[] = {")
    line = ""
    for v in numbers:
        if len(line) + len(v) > 117:
            print(line)
            line = ""
        line += v + ","
    print(line + "\n};\nstatic const operator_case operator_cases[] = {")
    print("\n".join(cases))
    print("};\n/* clang-format on */")


if __name__ == "__main__":
    main()
