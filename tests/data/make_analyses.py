#!/usr/bin/env python3
"""Write expected_analyses.h: what networks that look at faces say, for tests/face/test_analyser.c.

Two tables. Small networks with seeded weights on a picture of straight gradients, written down
here a second time in numpy and double precision with the crops and the decoding, from
docs/cards.md. And with MODELS (a folder; needs onnxruntime and PIL) the published files on
photographs, cropped by PIL. The C code is not read. Run by hand:

    python3 tests/data/make_analyses.py [MODELS] > tests/data/expected_analyses.h
"""
import os
import sys

import numpy as np

WIDTH, HEIGHT = 60, 50  # of the picture of gradients
ARCFACE = np.array([[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366],
                    [41.5493, 92.3655], [70.7299, 92.2041]])


def picture():
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    return np.stack([x + 2 * y + 20, 2 * x + y + 10, 3 * y + x // 2], axis=2).astype(np.float64)


def noise(seed, n):
    """Numbers 0..n-1 of stream seed; the same bits as noise() of builder.c."""
    i = np.arange(n, dtype=np.uint32)
    u = np.uint32(seed * 0x9E3779B9 & 0xFFFFFFFF) + i * np.uint32(0x85EBCA6B) + np.uint32(1)
    u = (u ^ u >> np.uint32(16)) * np.uint32(0x85EBCA6B)
    u = (u ^ u >> np.uint32(13)) * np.uint32(0xC2B2AE35)
    u = u ^ u >> np.uint32(16)
    return (u >> np.uint32(8)).astype(np.float32) / np.float32(8388608) - np.float32(1)


# ---- crops: a matrix from the picture's points to the chip's ----

def turn(points, degrees, w, h):
    x, y = points[..., 0], points[..., 1]
    return {0: points, 90: np.stack([h - 1 - y, x], -1),
            180: np.stack([w - 1 - x, h - 1 - y], -1),
            270: np.stack([y, w - 1 - x], -1)}[degrees]


def shown(box, how, margin, w, h):
    """Left, top, width, height of what a crop shows; from the picture's corner."""
    x, y, bw, bh = box[0] + .5, box[1] + .5, box[2], box[3]
    cx, cy = x + bw / 2, y + bh / 2
    bw, bh = bw * margin, bh * margin
    if how == 'square':
        bw = bh = max(bw, bh)
    if how == 'inside':
        k = min(1, w / bw, h / bh)
        bw, bh = bw * k, bh * k
    x, y = cx - bw / 2, cy - bh / 2
    if how == 'inside':
        x, y = min(x, w - bw), min(y, h - bh)
    if how != 'box':
        x, y = max(x, 0), max(y, 0)
    return x, y, bw, bh


def similarity(a, b):
    """Least squares: a -> b by scaling, turning, moving, through complex numbers."""
    p, q = a[:, 0] + 1j * a[:, 1], b[:, 0] + 1j * b[:, 1]
    p0, q0 = p.mean(), q.mean()
    z = (np.conj(p - p0) * (q - q0)).sum() / (abs(p - p0) ** 2).sum()
    return z, q0 - z * p0


def back(case, w, h):
    """The function that takes the chip's points to the picture's; the turn."""
    cw, ch = case['size']
    if case['template'] == 'arcface-112':
        z, t = similarity(np.array(case['points']), ARCFACE * cw / 112)

        def f(u, v):
            p = (u + 1j * v - t) / z
            return np.real(p), np.imag(p)
        return f, np.degrees(np.angle(z))
    degrees = 0
    if case['points']:
        dx, dy = np.subtract(case['points'][1], case['points'][0])
        degrees = (180 if dx < 0 else 0) if abs(dx) >= abs(dy) else (90 if dy < 0 else 270)
    x, y, bw, bh = case['box']
    corners = turn(np.array([[x, y], [x + bw, y + bh]]), degrees, w, h)
    low, high = corners.min(0), corners.max(0)
    tw, th = (h, w) if degrees % 180 else (w, h)
    x, y, bw, bh = shown([*low, *(high - low)], case['template'], case['margin'], tw, th)

    def f(u, v):
        p = np.stack([x + (u + .5) * bw / cw - .5, y + (v + .5) * bh / ch - .5], -1)
        p = turn(p, (360 - degrees) % 360, tw, th)
        return p[..., 0], p[..., 1]
    return f, degrees


def sample(image, x, y):
    """Linear between four pixels; those outside are black; rounded as a chip is."""
    h, w, _ = image.shape
    x0, y0 = np.floor(x).astype(int), np.floor(y).astype(int)
    out = 0
    for dy in (0, 1):
        for dx in (0, 1):
            px, py = x0 + dx, y0 + dy
            ok = (px >= 0) & (px < w) & (py >= 0) & (py < h)
            v = image[np.clip(py, 0, h - 1), np.clip(px, 0, w - 1)] * ok[..., None]
            out = out + v * ((1 - abs(x - px)) * (1 - abs(y - py)))[..., None]
    return np.floor(out + .5)


def tensor(chip, color, mean, scale):
    chip = np.floor(chip + .5)
    if color == 'bgr':
        chip = chip[..., ::-1]
    if color == 'grey':
        chip = np.floor(chip @ [.299, .587, .114] + .5)[..., None]
        mean, scale = mean[:1], scale[:1]
    return ((chip - mean) * scale).transpose(2, 0, 1)


# ---- the network: 4x4 convolution in steps of 4, ReLU, a dense layer for each output ----

def weights(shape, seed, scale):
    return (np.float32(scale) * noise(seed, int(np.prod(shape)))).reshape(shape).astype(np.float64)


def network(x, case):
    c, h, w = x.shape
    seed = case['seed']
    k = weights((6, c, 4, 4), seed, .25)
    p = x.reshape(c, h // 4, 4, w // 4, 4)
    f = np.maximum(np.einsum('cyixj,ocij->oyx', p, k), 0).ravel()
    return [weights((n, f.size), seed + 1 + i, case['spread'] / f.size ** .5) @ f
            for i, n in enumerate(case['outputs'])]


# ---- decoding ----

def softmax(v):
    e = np.exp(v - v.max())
    return e / e.sum()


def wrap(a):
    return (a + 180) % 360 - 180


def decode(out, case, f, degrees):
    """points, quality, (yaw, pitch, roll), live"""
    d, (cw, ch) = case['decode'], case['size']
    points, quality, angles, live = [], 0, {'yaw': 0, 'pitch': 0, 'roll': 0}, 0
    if d in ('share', 'pixels'):
        v = out[0].reshape(-1, 2)
        v = v * [cw, ch] - .5 if d == 'share' else v
        points = np.stack(f(v[:, 0], v[:, 1]), -1)
    elif d == 'mean':
        quality = out[0].mean()
    elif d in ('bins', 'degrees'):
        if d == 'degrees' or len(out) == 1:
            out = np.split(out[0].ravel(), 3)
        for name, o in zip(case['angles'].replace(',', ' ').split(), out):
            a = o[0] if d == 'degrees' else (
                case['bins'][0] * (softmax(o.ravel()) @ np.arange(o.size)) + case['bins'][1])
            angles[name.lstrip('-')] = -a if name[0] == '-' else a
        angles['roll'] = wrap(angles['roll'] - degrees)
    else:
        live = (softmax(out[0].ravel()) if d == 'softmax' else out[0].ravel())[case['live']]
    return points, quality, angles, live


# ---- the cases ----

UPRIGHT = [[23, 18], [35, 19], [29, 25], [24, 31], [34, 31.5]]


def turned_case(degrees):
    """A face that lies so in the picture: turned clockwise by `degrees` it is upright."""
    w, h = (HEIGHT, WIDTH) if degrees % 180 else (WIDTH, HEIGHT)
    points = turn(np.array(UPRIGHT, float) - [5, 2], (360 - degrees) % 360, w, h)
    low, high = points.min(0) - 6, points.max(0) + 6
    return dict(points=points.tolist(), box=[*low, *(high - low)])


BASE = dict(kind='quality', color='rgb', mean=[127.5] * 3, scale=[1 / 128] * 3, size=(16, 16),
            template='box', margin=1, decode='mean', outputs=[10], seed=40, spread=20,
            box=[20, 12, 18, 24], points=[], angles='', bins=None, live=None)
CASES = [
    dict(BASE, kind='landmarks', color='grey', mean=[0] * 3, scale=[1 / 256] * 3, decode='share',
         outputs=[136], what='68 points as shares of a stretched box, of a grey face'),
    dict(BASE, kind='landmarks', decode='pixels', outputs=[10], size=(16, 24), margin=1.25, spread=90,
         what='five points in pixels of an upright rectangle'),
    dict(BASE, kind='landmarks', decode='share', outputs=[12], template='square', margin=.75,
         what='points of a square crop'),
    *[dict(BASE, kind='landmarks', decode='share', outputs=[12], size=(24, 16), seed=50, what='points of a face on its side, %d' % d,
           **turned_case(d)) for d in (90, 180, 270)],
    dict(BASE, template='arcface-112', size=(32, 32), points=UPRIGHT, what='quality of an aligned chip'),
    dict(BASE, box=[-6, 30, 22, 30], what='a box that passes the border: black beside'),
    dict(BASE, kind='pose', decode='bins', bins=(3, -99), outputs=[66, 66, 66], angles='yaw pitch roll',
         mean=[123.675, 116.28, 103.53], scale=[1 / 58.395, 1 / 57.12, 1 / 57.375], margin=1.5, spread=40,
         what='pose in three heads of bins'),
    dict(BASE, kind='pose', decode='bins', bins=(5, -60), outputs=[75], angles='roll -yaw pitch', spread=40,
         what='pose in one output, another order, a sign'),
    dict(BASE, kind='pose', decode='degrees', outputs=[3], angles='yaw, -pitch, roll', spread=400,
         **turned_case(90), what='pose in degrees, of a face on its side: roll is the picture\'s'),
    dict(BASE, kind='pose', decode='degrees', outputs=[3], angles='roll pitch yaw', spread=400,
         **turned_case(180), what='pose of a face on its head'),
    dict(BASE, kind='liveness', color='bgr', mean=[0] * 3, scale=[1 / 255] * 3, decode='softmax', outputs=[3],
         live=1, template='inside', margin=2.7, box=[30, 8, 16, 20], size=(32, 28), what='three classes, a crop that is moved inside'),
    dict(BASE, kind='liveness', decode='softmax', outputs=[2], live=0, template='inside', margin=2.7,
         box=[2, 1, 16, 20], size=(32, 32), what='two classes, at the other corner'),
    dict(BASE, kind='liveness', decode='softmax', outputs=[3], live=2, template='inside', margin=4,
         size=(40, 40), what='a crop that is made smaller'),
    dict(BASE, kind='liveness', decode='probability', outputs=[2], live=1, what='a probability'),
]


def card(c):
    lines = ['kind = %s' % c['kind'], 'input.color = %s' % c['color'],
             'input.mean = %s' % ' '.join('%.9g' % v for v in c['mean']),
             'input.scale = %s' % ' '.join('%.9g' % v for v in c['scale']),
             'input.size = %dx%d' % c['size'], 'template = %s' % c['template'],
             'output.decode = %s' % c['decode']]
    if c['template'] != 'arcface-112':
        lines.append('template.margin = %g' % c['margin'])
    if c['angles']:
        lines.append('output.angles = %s' % c['angles'])
    if c['bins']:
        lines.append('output.bins = %g %g' % c['bins'])
    if c['live'] is not None:
        lines.append('output.live = %d' % c['live'])
    return lines


def numbers(v):
    return ', '.join('%.6g' % x if x % 1 else '%d' % x for x in np.ravel(v))


def c_float(v):
    return ', '.join('%.6ff' % x for x in np.ravel(v))


def seeded():
    print('static const seeded_case seeded_cases[] = {')
    for c in CASES:
        w, h = c['size']
        f, degrees = back(c, WIDTH, HEIGHT)
        v, u = np.mgrid[:h, :w].astype(float)
        chip = sample(picture(), *f(u, v))
        out = network(tensor(chip, c['color'], np.array(c['mean']), np.array(c['scale'])), c)
        points, quality, angles, live = decode(out, c, f, degrees)
        print('    { .what = "%s",' % c['what'])
        print('      .card = %s,' % '\n              '.join('"%s\\n"' % l for l in card(c)))
        print('      .width = %d, .height = %d, .channels = %d, .seed = %d, .spread = %g,'
              % (w, h, 1 if c['color'] == 'grey' else 3, c['seed'], c['spread']))
        print('      .outputs = { %s },' % numbers(c['outputs']))
        print('      .box = { %s },' % c_float(c['box']))
        if c['points']:
            print('      .n_points = 5, .points = { %s },' % c_float(c['points']))
        print('      .n_landmarks = %d,' % len(points))
        if len(points):
            print('      .landmarks = { %s },' % c_float(points))
        print('      .quality = %.6ff, .angles = { %s }, .live = %.6ff },'
              % (quality, c_float([angles[k] for k in ('yaw', 'pitch', 'roll')]), live))
    print('};')


# ---- published files ----

# faces by another detector (SCRFD); boxes and points to a hundredth
FACES = {
    'ana_1': ([188.0, 170.0, 286.0, 370.0], [[272, 312], [404, 312], [341, 385], [278, 442], [391, 442]]),
    'ben_2': ([166.0, 170.0, 279.0, 393.0], [[226, 318], [349, 300], [311, 380], [252, 446], [355, 431]]),
}
FILES = {
    'landmark_68': dict(color='grey', mean=[0] * 3, scale=[1 / 256] * 3, size=(64, 64), template='box',
                        margin=1, decode='share'),
    'face_quality_112': dict(color='rgb', mean=[127.5] * 3, scale=[1 / 127.5] * 3, size=(112, 112),
                             template='arcface-112', margin=1, decode='mean'),
    'pose_224': dict(color='rgb', mean=[123.675, 116.28, 103.53], scale=[1 / 58.395, 1 / 57.12, 1 / 57.375],
                     size=(224, 224), template='box', margin=1.25, decode='bins', bins=(3, -99),
                     angles='-yaw pitch roll'),
    'liveness_128': dict(color='bgr', mean=[0] * 3, scale=[1] * 3, size=(128, 128), template='inside',
                         margin=2.7, decode='softmax', live=0),
}


def published(models):
    import onnxruntime
    from PIL import Image
    here = os.path.join(os.path.dirname(__file__), '..', '..', 'examples', 'pictures')
    print('\nstatic const published_case published_cases[] = {')
    for name, c in FILES.items():
        session = onnxruntime.InferenceSession(os.path.join(models, name + '.onnx'))
        for who, (box, points) in FACES.items():
            c = dict(c, box=box, points=points)
            image = np.asarray(Image.open(os.path.join(here, who + '.jpg')).convert('RGB')).astype(float)
            f, degrees = back(c, image.shape[1], image.shape[0])
            w, h = c['size']
            k = 8  # a pixel of the chip is the mean of 64 points
            v, u = np.mgrid[:h * k, :w * k] / k - .5 + .5 / k
            chip = sample(image, *f(u, v)).reshape(h, k, w, k, 3).mean((1, 3))
            x = tensor(chip, c['color'], np.array(c['mean']), np.array(c['scale']))
            out = session.run(None, {session.get_inputs()[0].name: x[None].astype(np.float32)})
            points68, quality, angles, live = decode(out, c, f, degrees)
            print('    { .model = "%s", .picture = "%s.jpg",' % (name, who))
            print('      .box = { %s }, .points = { %s },' % (c_float(box), c_float(points)))
            if len(points68):
                print('      .n_landmarks = %d, .landmarks = { %s },' % (len(points68), c_float(points68)))
            print('      .quality = %.6ff, .angles = { %s }, .live = %.6ff },'
                  % (quality, c_float([angles[k] for k in ('yaw', 'pitch', 'roll')]), live))
    print('};')


print('/* Made by make_analyses.py. */\n')
seeded()
if len(sys.argv) > 1:
    published(sys.argv[1])
