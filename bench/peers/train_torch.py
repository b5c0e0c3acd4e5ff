#!/usr/bin/env python3
"""The steps of bench_train in PyTorch: forward, backward, AdamW, on noise.

    python3 bench/peers/train_torch.py mobilefacenet 64 8 [THREADS]      (Debian: python3-torch)
    python3 bench/peers/train_torch.py iresnet18 32 5 [THREADS]

Median of the steps, each timed by itself after one that is not counted. The networks are those
of src/train/arch_field.c: their numbers of parameters are checked.
"""
import resource
import statistics
import sys
import time

import torch
from torch import nn


def unit(c, oc, k, stride=1, groups=1, act=True, pad=None):
    layers = [nn.Conv2d(c, oc, k, stride, k // 2 if pad is None else pad, groups=groups, bias=False),
              nn.BatchNorm2d(oc)]
    return nn.Sequential(*layers, nn.PReLU(oc)) if act else nn.Sequential(*layers)


class Sum(nn.Module):
    """inner(x) + side(x)"""

    def __init__(self, inner, side):
        super().__init__()
        self.inner, self.side = inner, side

    def forward(self, x):
        return self.inner(x) + self.side(x)


def mobilefacenet():
    layers = [unit(3, 64, 3, 2), unit(64, 64, 3, 1, 64)]
    c = 64
    for times, oc, n, stride in ((2, 64, 5, 2), (4, 128, 1, 2), (2, 128, 6, 1), (4, 128, 1, 2),
                                 (2, 128, 2, 1)):
        for i in range(n):
            s, inner = stride if i == 0 else 1, times * c
            block = nn.Sequential(unit(c, inner, 1), unit(inner, inner, 3, s, inner),
                                  unit(inner, oc, 1, act=False))
            layers.append(Sum(block, nn.Identity()) if s == 1 and c == oc else block)
            c = oc
    return nn.Sequential(*layers, unit(c, 512, 1), unit(512, 512, 7, 1, 512, False, 0),
                         unit(512, 128, 1, act=False), nn.Flatten())


def iresnet18():
    layers = [unit(3, 64, 3)]
    c = 64
    for stage in range(4):
        for i in range(2):
            oc, s = 64 << stage, 2 if i == 0 else 1
            inner = nn.Sequential(nn.BatchNorm2d(c), unit(c, oc, 3), unit(oc, oc, 3, s, act=False))
            layers.append(Sum(inner, unit(c, oc, 1, s, act=False) if i == 0 else nn.Identity()))
            c = oc
    return nn.Sequential(*layers, nn.BatchNorm2d(512), nn.Flatten(), nn.Linear(25088, 512),
                         nn.BatchNorm1d(512))


NETWORKS = {'mobilefacenet': (mobilefacenet, 1003136, 128), 'iresnet18': (iresnet18, 24025600, 512)}


def main():
    name, batch, steps = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    torch.set_num_threads(int(sys.argv[4]) if len(sys.argv) > 4 else 1)
    torch.manual_seed(1)
    make, parameters, dim = NETWORKS[name]
    net = make().train()
    assert sum(p.numel() for p in net.parameters()) == parameters
    optimizer = torch.optim.AdamW(net.parameters(), lr=1e-3)
    x, g = torch.rand(batch, 3, 112, 112) * 2 - 1, torch.rand(batch, dim) * 2 - 1
    seconds = []
    for _ in range(steps + 1):
        begin = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        net(x).backward(g)
        optimizer.step()
        seconds.append(time.perf_counter() - begin)
    s = statistics.median(seconds[1:])
    print(f'{name}, batch {batch}, {torch.get_num_threads()} threads, torch {torch.__version__}, '
          f'median of {steps} steps (fastest {min(seconds[1:]):.3f} s, slowest {max(seconds[1:]):.3f} s)')
    print(f'  {batch / s:.2f} images/s   {s:.3f} s   memory '
          f'{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB at most')


main()
