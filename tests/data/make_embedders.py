#!/usr/bin/env python3
"""Write expected_embedders.h: what the small embedders of tests/nn/test_embedders.c give, computed
here in NumPy from the operators' definitions. The C code is not read.

    python3 tests/data/make_embedders.py > tests/data/expected_embedders.h
"""
import math

import numpy as np

from make_expected import array, conv2d, noise, relu, weights

OUT, CHANNELS = 5, 8
erf = np.vectorize(math.erf)


def whole(seed, *dims):
    """int8 numbers of the stream."""
    return np.floor(127 * noise(seed, int(np.prod(dims))).astype(float) + 0.5).reshape(dims)


def quantize(v, scale, zero, low, high):
    q = v / scale
    assert np.all(np.abs(q - np.floor(q) - 0.5) > 1e-4) or np.all(q * 65536 % 1 == 0), "near a tie: another seed"
    return np.clip(np.round(q) + zero, low, high)


def u8(v, scale, zero):
    return quantize(v, scale, zero, 0, 255)


def body(x):
    return conv2d(x, weights((CHANNELS, 3, 3, 3), 10, 0.3), weights((CHANNELS,), 11, 0.1), stride=2, pad=1)


def gelu(x):
    s = body(x)
    s = 0.5 * s * (1 + erf(s / float(np.float32(1.41421356))))
    return s.mean((2, 3)) @ weights((OUT, CHANNELS), 12, 0.5).T + weights((OUT,), 13, 0.1)


def normalized(x):
    v = relu(body(x)).mean((2, 3)) @ weights((CHANNELS, OUT), 14, 0.5)
    return v / np.sqrt(np.maximum((v * v).sum(1, keepdims=True), 1e-12))


W_SCALE = np.array([2.0 ** -(9 + o % 3) for o in range(CHANNELS)])


def quantized_conv(x):
    """In whole numbers times scales: the same for QDQ and QLinearConv but for the last rounding."""
    q = u8(x, 2.0 ** -7, 128) - 128
    bias = whole(21, CHANNELS)
    return conv2d(q, whole(20, CHANNELS, 3, 3, 3), bias, stride=2, pad=1) * (W_SCALE * 2.0 ** -7).reshape(1, -1, 1, 1)


def qdq(x):
    s = relu(quantized_conv(x))
    s = (u8(s, 0.01171875, 0) * 0.01171875).mean((2, 3))
    s = u8(s, 0.005859375, 0) * 0.005859375
    return s @ (whole(22, OUT, CHANNELS) * 2.0 ** -8).T + weights((OUT,), 23, 0.1)


def qlinear(x):
    s = (u8(quantized_conv(x), 0.01171875, 100) - 100) * 0.01171875
    s = u8(s.mean((2, 3)), 0.0029296875, 120) - 120
    s = s @ whole(24, CHANNELS, OUT) * (0.0029296875 * 2.0 ** -8)
    return (quantize(s, 0.0078125, 3, -128, 127) - 3) * 0.0078125 + weights((OUT,), 25, 0.1)


print("/* Written by make_embedders.py; do not edit. */\n#ifndef KAO_TESTS_EXPECTED_EMBEDDERS_H"
      "\n#define KAO_TESTS_EXPECTED_EMBEDDERS_H")
picture = noise(9, 192).astype(float).reshape(1, 3, 8, 8)
for f in gelu, normalized, qdq, qlinear:
    array("expected_" + f.__name__, f(picture).ravel(), f.__name__)
print("\n#endif")
