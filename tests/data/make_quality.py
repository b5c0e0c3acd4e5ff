#!/usr/bin/env python3
"""Write expected_quality.h: facts of small pictures, for tests/face/test_quality.c. The formulas
stand here a second time, in numpy and double precision; the weights are those of the fit that
docs/quality.md tells of. Run by hand:

    python3 tests/data/make_quality.py > tests/data/expected_quality.h
"""
import numpy as np

SIDE = 112
Y, X = np.mgrid[:SIDE, :SIDE]
ARCFACE = np.array([[38.2946, 51.6963], [73.5318, 51.5014], [56.0252, 71.7366],
                    [41.5493, 92.3655], [70.7299, 92.2041]])


def stack(*c):
    return np.stack([np.broadcast_to(v, X.shape) for v in c], -1).astype(np.float64)


def pattern():
    return stack(*[(X * 7 + Y * 13 + c * 29 + X * Y // 4) % 256 for c in range(3)])


def skin():
    a = stack(190 + X % 4, 140 + Y % 5, 115 + (X + Y) % 3)
    lips = (X >= 44) & (X < 68) & (Y >= 88) & (Y < 97)
    a[lips] += [10, -40, -25]
    return a


def covered():
    a = skin()
    a[76:] = stack(150 + Y % 5, 180 + X % 3, 215 + Y % 2)[76:]
    return a


CHIPS = [  # test_quality.c draws the same
    ('noise', pattern()),
    ('gradients', stack(60 + X, 50 + Y, 40 + (X + Y) // 2)),
    ('dark', pattern() // 10),
    ('bare', skin()),
    ('covered', covered()),
    ('green', stack(20 + X % 4, 180 + Y % 5, 30)),
    ('blown', stack(*[np.minimum(150 + X, 255)] * 3)),
]


def luma(a):
    return a @ [.299, .587, .114]


def half(y):
    n = len(y) // 2
    return y.reshape(n, 2, n, 2).mean((1, 3))


def energy(y, x0, y0, x1, y1):
    c = y[y0:y1, x0:x1]
    lap = (4 * c - y[y0 - 1:y1 - 1, x0:x1] - y[y0 + 1:y1 + 1, x0:x1] - y[y0:y1, x0 - 1:x1 - 1]
           - y[y0:y1, x0 + 1:x1 + 1])
    return np.log1p((lap ** 2).mean())


LINEAR = [0.020583, -0.014508, -0.064159, -0.070363, -0.0027089, -0.1598, 0.079169, 0.13851,
          0.23359, 0.038619, -0.074828, -0.02443, 0.0020068, 0.083884, 0.0068502, 0.022772,
          0.04615, -0.066001, 0.019296, -0.062437]
SQUARE = [3.008e-05, -0.0001508, 0.0006589, 0.0003677, 0.0008624, 0.00582, -0.0004851, -0.002534,
          -0.003347, -8.694e-05, 0.0009012, -6.946e-05, 3.008e-05, -0.0001508, 0.0006589,
          1.413e-06, 0.0003928, 0.0004772, 0.0003433, 0.0006752]
BIAS = -3.3731


def masked(a):
    y = luma(a)
    c = np.stack([y, a[..., 2] - y, a[..., 0] - y], -1)

    def area(x0, y0, x1, y1):
        return c[y0:y1, x0:x1].reshape(-1, 3)
    cheeks = np.concatenate([area(30, 58, 48, 70), area(64, 58, 82, 70)])
    low, mouth, chin = area(38, 80, 74, 104), area(44, 86, 68, 98), area(44, 98, 68, 110)
    lips, above = area(46, 88, 66, 97)[:, 2], area(46, 76, 66, 82)[:, 2]
    if cheeks[:, 2].mean() < -20:
        return 0
    d = low.mean(0) - cheeks.mean(0)
    f = np.concatenate([d, low.std(0), cheeks.std(0), mouth.mean(0) - chin.mean(0), abs(d),
                        cheeks.mean(0), [lips.mean() - above.mean(), lips.max() - np.median(low[:, 2])]])
    return 1 / (1 + np.exp(-(BIAS + f @ LINEAR + f ** 2 @ SQUARE)))


def facts(a):
    y = luma(a)
    r = y[36:100, 28:84]
    fine, middle = energy(y, 28, 36, 84, 100), energy(half(y), 14, 18, 42, 50)
    coarse = energy(half(half(y)), 7, 9, 21, 25)
    z = (1.6657 - .7517 * fine + 1.3951 * middle + .1688 * coarse - 1.3971 * np.log(r.std() + 5)
         - .3945 * r.mean() / 100 + .0612 * (r.mean() / 100) ** 2 - 2.79 * (r > 245).mean())
    return [1 / (1 + np.exp(-z)), middle - coarse, r.mean() / 255, r.std() / 255, (r < 40).mean(),
            (r > 245).mean(), masked(a)]


def pose(p):
    """In the head's own axes: along the eyes, and from their middle to the mouth's."""
    p = p[:, 0] + 1j * p[:, 1]
    eyes = p[1] - p[0]
    q = (p - (p[0] + p[1]) / 2) / eyes  # eyes at -.5 and .5
    mouth, nose = (q[3] + q[4]) / 2, q[2]
    down = nose.imag / mouth.imag
    return [94.4 * (nose - down * mouth).real, -86.1 * (down - .603), np.degrees(np.angle(eyes))]


POSES = [('frontal', [0, 0], 0), ('to the right', [9, 0], 0), ('to the left', [-17, 0], 0),
         ('up', [0, -4], 0), ('down', [0, 4], 0), ('tilted', [0, 0], 20), ('tilted, aside', [-8, 2], -35)]

print('/* Made by make_quality.py. */\n\nstatic const chip_case chip_cases[] = {')
for name, a in CHIPS:
    print('    { "%s", { %s } },' % (name, ', '.join('%.7ff' % v for v in facts(a))))
print('};\n\nstatic const pose_case pose_cases[] = {')
for name, (dx, dy), roll in POSES:
    p = ARCFACE.copy()
    p[2] += [dx, dy]
    a = np.radians(roll)
    p = (p - 56) @ np.array([[np.cos(a), np.sin(a)], [-np.sin(a), np.cos(a)]]) + 56
    print('    { "%s", { %s }, { %s } },' % (name, ', '.join('%.4ff' % v for v in p.ravel()),
                                           ', '.join('%.4ff' % v for v in pose(p))))
print('};')
