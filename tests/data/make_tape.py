"""Values for tests/nn/test_tape.c: one training step of two small networks, by PyTorch in double.

    python3 tests/data/make_tape.py >tests/data/expected_tape.h      (Debian: python3-torch)

Together they have every kind of step that is trained but Dropout; numbers come from noise(), as in
tests/support/builder.c.
"""
import numpy as np
import torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)


def noise(seed, n):
    i = np.arange(n, dtype=np.uint64)
    m = np.uint64(0xffffffff)
    u = (np.uint64(seed) * np.uint64(0x9e3779b9) + i * np.uint64(0x85ebca6b) + np.uint64(1)) & m
    u = ((u ^ u >> np.uint64(16)) * np.uint64(0x85ebca6b)) & m
    u = ((u ^ u >> np.uint64(13)) * np.uint64(0xc2b2ae35)) & m
    u ^= u >> np.uint64(16)
    return (u >> np.uint64(8)).astype(np.float64) / 8388608.0 - 1.0


PARAMS = {}


def param(name, shape, seed, scale, offset=0.0):
    # as the file has it: float32
    v = np.float32(np.float32(scale) * np.float32(noise(seed, int(np.prod(shape)))) + np.float32(offset))
    t = torch.tensor(v.astype(np.float64).reshape(shape), requires_grad=True)
    PARAMS[name] = t
    return t


def norm(x, name, c, seed, training):
    g, b = param(name + '.g', (c,), seed, 0.25, 1.0), param(name + '.b', (c,), seed + 1, 0.5)
    mean = torch.tensor(np.float32(0.5 * np.float32(noise(seed + 2, c))).astype(np.float64))
    var = torch.tensor((np.float32(0.25) * np.float32(noise(seed + 3, c)) + np.float32(1)).astype(np.float64))
    y = F.batch_norm(x, mean, var, g, b, training, 0.1, 1e-5)
    STATS[name] = (mean, var)
    return y


STATS = {}


def network(x, training=True):
    y = F.conv2d(x, param('c1.w', (8, 3, 3, 3), 1, 0.4), None, 2, 1)
    y = F.prelu(norm(y, 'n1', 8, 10, training), param('p1', (8, 1, 1), 20, 0.25, 0.25).reshape(8))
    z = F.conv2d(y, param('c2.w', (8, 8, 1, 1), 2, 0.4), param('c2.b', (8,), 3, 0.3))
    z = F.conv2d(z, param('c3.w', (8, 1, 3, 3), 4, 0.4), None, 1, 1, 1, 8)
    z = F.relu(norm(z, 'n2', 8, 30, training))
    y = y + z
    p = F.max_pool2d(y, 2, 2)
    p = F.leaky_relu(F.conv2d(p, param('c4.w', (8, 8, 3, 3), 5, 0.2), param('c4.b', (8,), 6, 0.3), 1, 1), 0.125)
    u = F.interpolate(p, scale_factor=2, mode='nearest')
    a = F.conv2d(y + u, param('c5.w', (5, 8, 1, 1), 7, 0.3), param('c5.b', (5,), 8, 0.3))
    return a, p


def second(x):
    """Pools, gates, joins, and what works on rows."""
    h = F.conv2d(x, param('d1.w', (8, 4, 3, 3), 201, 0.5), None, 1, 1)
    c = torch.clamp(h, -0.25, 0.5)
    gate = F.conv2d(c.mean((2, 3), keepdim=True), param('d2.w', (8, 8, 1, 1), 202, 0.9),
                    param('d2.b', (8,), 203, 0.5))
    m = torch.sigmoid(gate) * c
    cat = torch.cat([F.avg_pool2d(m, 3, 2, 1, count_include_pad=False),
                     F.avg_pool2d(h, 3, 2, 1, count_include_pad=True)], 1)
    slope = param('slope', (1,), 204, 0.125, 0.25)
    q = F.conv2d(F.prelu(cat, slope), param('d3.w', (6, 16, 1, 1), 205, 0.9), None)
    q = F.prelu(q, slope)
    q = q * torch.sigmoid(q)
    e = F.linear(q.flatten(1), param('e.w', (5, 54), 206, 0.5), param('e.b', (5,), 207, 0.5))
    e = F.normalize(norm(e, 'n3', 5, 210, True), dim=1)
    o = F.linear(q.reshape(4, -1), param('o.w', (3, 54), 208, 0.5))
    return e, o, F.normalize(q, dim=1)


def array(name, values):
    v = np.asarray(values, dtype=np.float64).ravel()
    print(f'\nstatic const float {name}[{v.size}] = {{')
    for i in range(0, v.size, 6):
        print('    ' + ' '.join(f'{x:.7e}f,' for x in v[i:i + 6]))
    print('};')


def noise_like(seed, shape):
    return torch.tensor(np.float32(noise(seed, int(np.prod(shape)))).astype(np.float64).reshape(shape))


def backward(outputs):
    sum((v * noise_like(100 + i, v.shape)).sum() for i, v in enumerate(outputs)).backward()


def main():
    a, p = network(noise_like(99, (2, 3, 16, 24)))
    backward([a, p])
    print('/* Written by make_tape.py; do not edit. */\n#ifndef KAO_TESTS_EXPECTED_TAPE_H'
          '\n#define KAO_TESTS_EXPECTED_TAPE_H')
    array('tape_a', a.detach().numpy()[:, :, ::3, ::5])
    array('tape_p', p.detach().numpy()[:, :, ::2, ::3])
    more = second(noise_like(99, (4, 4, 6, 6)))
    backward(more)
    for name, v in zip(('e', 'o', 'q'), more):
        array(f'tape_{name}', v.detach().numpy())
    for name, t in PARAMS.items():
        array('grad_' + name.replace('.', '_'), t.grad.numpy())
    for name, (mean, var) in STATS.items():
        array(f'mean_{name}', mean.numpy())
        array(f'var_{name}', var.numpy())
    print('\n#endif')


main()
