#!/usr/bin/env python3
"""Write expected_tiny.h: what the networks of tests/support/models.c give.

The networks are written down a second time here, in numpy and double precision, from the
operators' definitions; so are YuNet's decoding, the detector's passes and their union. The
C code is not read. Run by hand after a change of models.c:

    python3 tests/data/make_expected.py > tests/data/expected_tiny.h
"""
import math

import numpy as np


def noise(seed, n):
    """Numbers 0..n-1 of stream seed; the same bits as noise() of builder.c."""
    i = np.arange(n, dtype=np.uint32)
    u = np.uint32(seed * 0x9E3779B9 & 0xFFFFFFFF) + i * np.uint32(0x85EBCA6B) + np.uint32(1)
    u = (u ^ u >> np.uint32(16)) * np.uint32(0x85EBCA6B)
    u = (u ^ u >> np.uint32(13)) * np.uint32(0xC2B2AE35)
    u = u ^ u >> np.uint32(16)
    return (u >> np.uint32(8)).astype(np.float32) / np.float32(8388608) - np.float32(1)


def weights(shape, seed, scale, offset=0):
    v = np.float32(scale) * noise(seed, int(np.prod(shape))) + np.float32(offset)
    return v.reshape(shape).astype(np.float64)


# ---- operators (NCHW) ----

def conv2d(x, w, b=None, stride=1, pad=0, group=1):
    n, c, h, wd = x.shape
    oc, cg, kh, kw = w.shape
    x = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)))
    oh, ow = (h + 2 * pad - kh) // stride + 1, (wd + 2 * pad - kw) // stride + 1
    out = np.zeros((n, oc, oh, ow))
    per = oc // group
    for o in range(oc):
        first = o // per * cg
        for ky in range(kh):
            for kx in range(kw):
                part = x[:, first:first + cg, ky:ky + oh * stride:stride,
                         kx:kx + ow * stride:stride][:, :, :oh, :ow]
                out[:, o] += np.einsum('ncyx,c->nyx', part, w[o, :, ky, kx])
    return out if b is None else out + b.reshape(1, -1, 1, 1)


def pool(x, how):
    n, c, h, w = x.shape
    x = x[:, :, :h // 2 * 2, :w // 2 * 2].reshape(n, c, h // 2, 2, w // 2, 2)
    return how(x, axis=(3, 5))


def relu(x):
    return np.maximum(x, 0)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def prelu(x, slope):
    return np.where(x < 0, x * slope.reshape(1, -1, 1, 1), x)


def norm(x, seed):
    k = x.shape[1]
    s = [weights((k,), seed + i, 0.5 if i == 3 else 0.2, 1 if i % 3 == 0 else 0)
         for i in range(4)]
    s = [v.reshape((1, k) + (1,) * (x.ndim - 2)) for v in s]
    return s[0] * (x - s[2]) / np.sqrt(s[3] + float(np.float32(1e-5))) + s[1]


def layer(x, shape, seed, scale, **how):
    return conv2d(x, weights(shape, seed, scale), weights(shape[:1], seed + 1, 0.1), **how)


# ---- the networks ----

HEADS = [('cls', 1), ('obj', 1), ('bbox', 4), ('kps', 10)]
POINTS = np.array([38.2946, 51.6963, 73.5318, 51.5014, 56.0252, 71.7366, 41.5493, 92.3655,
                   70.7299, 92.2041])


def detector(x):
    """BGR planes 0..255 -> the maps of 12 outputs, (kind, stride) -> rows."""
    s = relu(layer(x, (8, 3, 3, 3), 10, 0.002, stride=2, pad=1))
    s = layer(s, (8, 1, 3, 3), 12, 0.3, stride=2, pad=1, group=8)
    s = relu(layer(s, (8, 8, 1, 1), 14, 0.4))
    f8 = pool(s, np.max)
    f16 = relu(layer(pool(f8, np.max), (8, 8, 1, 1), 16, 0.4))
    f32 = pool(f16, np.max)
    g16 = f16 + f32.repeat(2, axis=2).repeat(2, axis=3)
    n, c, h, w = x.shape
    m8 = x.reshape(n, c, h // 8, 8, w // 8, 8).mean(axis=(3, 5)) / 255
    m16 = pool(m8, np.mean)
    m32 = pool(m16, np.mean)
    joined = [np.concatenate(p, axis=1) for p in ((f8, m8), (g16, m16), (f32, m32))]
    out = {}
    for level, j in enumerate(joined):
        for k, (kind, n_out) in enumerate(HEADS):
            seed = 100 + 10 * level + 2 * k
            w1 = np.zeros((n_out, 11, 1, 1))
            w1[:, :8, 0, 0] = weights((n_out, 8), seed, 0.02)
            b = np.zeros(n_out)
            if k < 2:
                w1[0, 8 + 2 - level] = 24
                b[:] = -12
            elif k == 2:
                b[:] = 0.5, 0.5, math.log(2.4), math.log(3.1)
            else:
                b[:] = 0.5 + (POINTS / 112 - 0.5) * 2.5
            dw = weights((n_out, 1, 3, 3), seed + 1, 0.002)
            dw[:, 0, 1, 1] = 1
            y = conv2d(conv2d(j, w1, b), dw, pad=1, group=n_out)
            y = y.transpose(0, 2, 3, 1).reshape(-1, n_out)
            out[kind, 8 << level] = sigmoid(y) if k < 2 else y
    return out


def embedder(x):
    a = prelu(norm(layer(x, (8, 3, 3, 3), 300, 0.4, stride=2, pad=1), 310),
              weights((8,), 320, 0.2, 0.25))
    s = prelu(layer(a, (8, 1, 3, 3), 330, 0.5, pad=1, group=8), weights((8,), 340, 0.2, 0.25))
    s = layer(s, (8, 8, 1, 1), 350, 0.5) + a
    s = layer(s, (8, 1, 3, 3), 360, 0.5, stride=2, pad=1, group=8)
    s = prelu(norm(layer(s, (16, 8, 1, 1), 370, 0.5), 380), weights((16,), 390, 0.2, 0.25))
    s = layer(s, (16, 1, 8, 8), 400, 0.3, group=16).reshape(len(x), 16)
    return norm(s @ weights((16, 16), 410, 0.5).T + weights((16,), 411, 0.1), 420)


# ---- the detector's passes ----

def far_from(value, threshold, margin):
    """Pictures are chosen so that no decision hangs on rounding."""
    assert abs(value - threshold) > margin, (value, threshold)


def doubled(p, axis):
    """Linear between pixel centres; exact where colours are multiples of 16."""
    p = np.moveaxis(p, axis, 0)
    before, after = np.concatenate([p[:1], p[:-1]]), np.concatenate([p[1:], p[-1:]])
    out = np.stack([0.25 * before + 0.75 * p, 0.75 * p + 0.25 * after], axis=1)
    return np.moveaxis(out.reshape((-1,) + p.shape[1:]), 0, axis)


def one_pass(picture, side, low, high, min_score):
    """picture: h x w x 3 RGB of flat areas that the reduction keeps whole."""
    h, w = picture.shape[:2]
    k = max(h, w) / side
    assert k == 0.5 or (k == int(k) and h % k == 0 and w % k == 0)
    small = doubled(doubled(picture, 0), 1) if k < 1 else picture[::int(k), ::int(k)]
    faces = []
    for y0, y1, top, bottom in tiles(small.shape[0]):
        for x0, x1, left, right in tiles(small.shape[1]):
            for f in one_canvas(small[y0:y1, x0:x1], low * side, high * side, min_score):
                x, y = f[0] + x0 + f[2] / 2, f[1] + y0 + f[3] / 2
                for value, ends in ((x, (left, right)), (y, (top, bottom))):
                    for end in ends:
                        far_from(value, end, 0.6)
                if left < x < right and top < y < bottom:
                    faces.append(in_picture(f, x0, y0, k))
    return faces


def in_picture(f, x, y, k):
    """f of a canvas that begins at (x, y), in pixels k times as large; centres at integers."""
    moved = [(v + (x, y)[i % 2] + 0.5) * k - 0.5 for i, v in enumerate(f[:2] + f[5:])]
    return moved[:2] + [f[2] * k, f[3] * k, f[4]] + moved[2:]


def tiles(n, most=1280, overlap=96):
    """Tiles along n pixels: begin, end, and between which centres its faces have theirs."""
    if n <= most:
        return [(0, n, -math.inf, math.inf)]
    many = math.ceil((n - overlap) / (most - overlap))
    span = math.ceil((n + (many - 1) * overlap) / many / 32) * 32
    begins = [i * (n - span) // (many - 1) for i in range(many)]
    assert all(b % 2 == 0 for b in begins)
    out = []
    for i, b in enumerate(begins):
        shared = [begins[j - 1] + span - begins[j] for j in (i, min(i + 1, many - 1)) if j]
        left = b + shared[0] * 7 / 16 if i else -math.inf
        right = b + span - shared[-1] * 7 / 16 if i + 1 < many else math.inf
        out.append((b, b + span, left, right))
    return out


def one_canvas(small, least, most, min_score):
    """Faces in the pixels of what is given."""
    ch, cw = -(-small.shape[0] // 32) * 32, -(-small.shape[1] // 32) * 32
    canvas = np.zeros((ch, cw, 3))
    canvas[:small.shape[0], :small.shape[1]] = small
    out = detector(canvas[:, :, ::-1].transpose(2, 0, 1)[None])
    faces = []
    for s in (8, 16, 32):
        for cell in range(len(out['cls', s])):
            score = math.sqrt(out['cls', s][cell, 0] * out['obj', s][cell, 0])
            far_from(score, min_score, 1e-3)
            if score < min_score:
                continue
            col, row = cell % (cw // s), cell // (cw // s)
            b, p = out['bbox', s][cell], out['kps', s][cell]
            fw, fh = math.exp(b[2]) * s, math.exp(b[3]) * s
            far_from(max(fw, fh), least, 0.05)
            far_from(max(fw, fh), most, 0.05)
            if not least <= max(fw, fh) <= most:
                continue
            box = [(col + b[0]) * s - fw / 2, (row + b[1]) * s - fh / 2, fw, fh]
            pts = [(c + p[i]) * s for i in range(10) for c in [(col, row)[i % 2]]]
            faces.append(box + [score] + pts)
    return faces


def shared(a, b):
    w = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    h = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    return w * h if w > 0 and h > 0 else 0


def same_eyes(a, b):
    """Both eyes as near as 3/10 of the smaller distance between the eyes."""
    apart = min(math.dist(f[5:7], f[7:9]) for f in (a, b))
    for k in (5, 7):
        far_from(math.dist(a[k:k + 2], b[k:k + 2]), 0.3 * apart, 1e-3)
    return all(math.dist(a[k:k + 2], b[k:k + 2]) <= 0.3 * apart for k in (5, 7))


def union_of(faces, joined):
    kept = []
    ranked = sorted(faces, key=lambda f: f[4])
    for low, high in zip(ranked, ranked[1:]):
        if math.dist(low[:4], high[:4]) > 1:  # else one face on the border of two tiles
            far_from(low[4], high[4], 3e-6)
    for f in sorted(faces, key=lambda f: -f[4]):
        for g in kept:
            s, areas = shared(f, g), (f[2] * f[3], g[2] * g[3])
            far_from(s / (sum(areas) - s), 0.3, 1e-3)
            far_from(s / min(areas), 0.7, 1e-3)
            far_from(min(areas) / max(areas), 0.4, 1e-3)
            if s / (sum(areas) - s) > 0.3:
                break
            if joined and s > 0.7 * min(areas) and (min(areas) >= 0.4 * max(areas)
                                                    or same_eyes(f, g)):
                break
        else:
            kept.append(f)
    return kept


def detect(picture, min_score=0.6):
    side = max(picture.shape[:2])
    main = min(2 * side, 640)
    fine = min(2 * side, 1280)
    passes = [(160, 0.35, 8)] if main > 160 else []
    passes += [(320, 0.12, 0.35)] if main > 320 else []
    passes.append((main, 0, 8))
    passes += [(fine, 0, 0.2)] if fine > main else []
    passes += [(side, 0, 64 / side)] if picture.size > 3 * 2000000 else []
    assert side <= 4000
    faces = []
    for p in passes:
        faces += one_pass(picture, *p, min_score)
    return union_of(faces, len(passes) > 1)


# ---- writing ----

def array(name, values, comment):
    print(f'\n/* {comment} */\nstatic const float {name}[{len(values)}] = {{')
    for i in range(0, len(values), 5):
        print('    ' + ' '.join(f'{v:.7g}f,' if '.' in f'{v:.7g}' or 'e' in f'{v:.7g}'
                                 else f'{v:.7g},' for v in values[i:i + 5]))
    print('};')


def pattern(h, w):
    y, x, c = np.mgrid[0:h, 0:w, 0:3]
    return (x * 7 + y * 13 + c * 29 + x * y // 4) % 256


# x, y, width, height, r, g, b, and what the brightness falls by from tile to tile (32 x 32
# pixels, row by row): equal tiles would fire equally, and rounding would rank them.
PICTURES = {
    'one_pass': ((80, 48), [(20, 12, 4, 4, 240, 0, 0, 0), (32, 24, 8, 8, 0, 208, 0, 0),
                            (0, 32, 16, 16, 0, 0, 192, 0)]),
    'enlarged': ((640, 640), [(128, 128, 32, 32, 0, 0, 192, 0),
                              (448, 320, 16, 16, 0, 208, 0, 0),
                              (384, 576, 4, 4, 208, 0, 0, 0)]),
    'reduced': ((1280, 960), [(256, 256, 256, 256, 0, 0, 170, 1),
                              (960, 640, 16, 16, 0, 205, 0, 0),
                              (896, 128, 8, 8, 190, 0, 0, 0)]),
    'tiles': ((2560, 896), [(1280, 512, 128, 128, 0, 0, 170, 0),
                            (400, 400, 16, 16, 0, 205, 0, 0),
                            (864, 400, 16, 16, 0, 210, 0, 0),
                            (1200, 640, 16, 16, 0, 215, 0, 0),
                            (2000, 128, 8, 8, 190, 0, 0, 0)]),
}


def paint(size, boxes):
    w, h = size
    picture = np.zeros((h, w, 3))
    for x, y, bw, bh, r, g, b, fall in boxes:
        for j in range(bh):
            for i in range(bw):
                tile = j // 32 * (-(-bw // 32)) + i // 32
                picture[y + j, x + i] = [max(v - fall * tile, 0) for v in (r, g, b)]
    return picture


def unit(v):
    return v / np.linalg.norm(v)


def main():
    print('/* Written by make_expected.py; do not edit. */\n#ifndef KAO_TESTS_EXPECTED_TINY_H'
          '\n#define KAO_TESTS_EXPECTED_TINY_H')
    out = detector(pattern(32, 64)[:, :, ::-1].transpose(2, 0, 1)[None].astype(float))
    for kind, _ in HEADS:
        for s in (8, 16, 32):
            array(f'tiny_{kind}_{s}', out[kind, s].ravel(),
                  f'output {kind}_{s} for a 64 x 32 picture of chip_at')
    chip = (pattern(32, 32).transpose(2, 0, 1)[None] - 127.5) / 128
    a, b = embedder(chip)[0], embedder(chip[:, :, :, ::-1])[0]
    array('tiny_embedding', unit(a), 'the test chip')
    array('tiny_concat', unit(np.concatenate([a, b])), 'the chip, then its mirrored image')
    array('tiny_sum', unit(a + b), 'their sum')
    print('\n/* x, y, width, height, score, five points; best first. */')
    for name, ((w, h), boxes) in PICTURES.items():
        picture = paint((w, h), boxes)
        faces = detect(picture)
        array(f'tiny_{name}', [v for f in faces for v in f], f'{len(faces)} faces')
    print('\n#endif')


if __name__ == "__main__":
    main()
