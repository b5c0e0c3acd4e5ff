#!/usr/bin/env python3
"""Values for tests/image/test_grey.c: grey planes as OpenCV makes them.

    python3 tests/data/make_grey.py >tests/data/expected_grey.h      (Debian: python3-opencv, python3-pil)

Pictures in memory follow a formula that the test repeats; picture files stand in the header.
"""
import io
import struct
import zlib

import cv2
import numpy as np
from PIL import Image


def picture(w, h):
    x, y = np.arange(w)[None, :], np.arange(h)[:, None]
    return np.stack([(x * 37 + y * 91 + x * y * 13 + c * 101) % 256 for c in range(3)],
                    axis=-1).astype(np.uint8)


def plane(grey, w, h):
    return cv2.resize(grey, (w, h))


SIZES = [(16, 12, 16, 12), (300, 257, 12, 10), (5, 7, 12, 10), (24, 20, 12, 10), (1, 1, 3, 2),
         (13, 200, 12, 10)]


def chunk(kind, content):
    return struct.pack('>I', len(content)) + kind + content + struct.pack('>I', zlib.crc32(kind + content))


def png(image, *chunks):
    b = io.BytesIO()
    image.save(b, 'PNG')
    b = b.getvalue()
    return b[:33] + b''.join(chunk(k, c) for k, c in chunks) + b[33:]


def png16(colour, alpha):
    """16-bit RGBA, which Pillow does not write."""
    h, w, _ = colour.shape
    rows = b''
    for y in range(h):
        rows += b'\0'
        for x in range(w):
            for c in range(3):
                rows += bytes([colour[y, x, c], (x * 50 + y) % 256])
            rows += bytes([alpha, 0])
    return (b'\x89PNG\r\n\x1a\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', w, h, 16, 6, 0, 0, 0)) +
            chunk(b'IDAT', zlib.compress(rows)) + chunk(b'IEND', b''))


def jpeg(image, **how):
    b = io.BytesIO()
    image.save(b, 'JPEG', **how)
    return b.getvalue()


smooth = cv2.GaussianBlur(picture(16, 12), (5, 5), 1.2)
image = Image.fromarray(smooth)
files = {
    'jpeg': jpeg(image, quality=90),
    'jpeg_progressive': jpeg(image, quality=60, progressive=True),
    'jpeg_grey': jpeg(image.convert('L'), quality=90),
    'png': png(image),
    'png_gamma': png(image, (b'gAMA', struct.pack('>I', 45455))),
    'png_srgb': png(image, (b'sRGB', b'\0')),
    'png_palette': png(image.quantize(8)),
    'png_grey_bits': png(image.convert('1')),
    'png_rgba16': png16(smooth, 100),
}


def array(name, values):
    print('static const uint8_t %s[] = {' % name)
    for i in range(0, len(values), 16):
        print('    ' + ' '.join('%d,' % v for v in values[i:i + 16]))
    print('};')


print('/* Written by make_grey.py with OpenCV %s; do not edit. */' % cv2.__version__)
print('#ifndef KAO_TESTS_EXPECTED_GREY_H\n#define KAO_TESTS_EXPECTED_GREY_H\n')
print('#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n')
for i, (w, h, to_w, to_h) in enumerate(SIZES):
    small = plane(cv2.cvtColor(picture(w, h)[..., ::-1], cv2.COLOR_BGR2GRAY), to_w, to_h)
    array('grey_%d' % i, small.ravel())
    array('equal_%d' % i, cv2.equalizeHist(small).ravel())
print('static const struct {\n    uint32_t from_width, from_height, width, height;\n'
      '    const uint8_t *grey, *equal;\n} grey_planes[] = {')
for i, s in enumerate(SIZES):
    print('    { %d, %d, %d, %d, grey_%d, equal_%d },' % (*s, i, i))
print('};')
for name, content in files.items():
    array('file_' + name, content)
    array('file_' + name + '_in_grey', cv2.imdecode(np.frombuffer(content, np.uint8), 0).ravel())
print('/* each of 16 x 12 pixels */\nstatic const struct {\n    const char *name;\n    bool is_jpeg;\n    const uint8_t *bytes;\n'
      '    size_t n;\n    const uint8_t *grey;\n} grey_files[] = {')
for name in files:
    print('    { "{0}", {1}, file_{0}, sizeof file_{0}, file_{0}_in_grey },'
          .replace('{0}', name).replace('{1}', 'true' if name[0] == 'j' else 'false'))
print('};\n\n#endif')
