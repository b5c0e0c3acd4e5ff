#!/usr/bin/env python3
"""The still mode of the ailia SDK's ArcFace sample, run a second time with OpenCV and NumPy, and
set beside `kao verify --preset ailia-arcface`.

    rerun_sample.py KAO MODEL PICTURE...      (Debian: python3-opencv)

MODEL: of that architecture, as `kao model make resnet_face18` makes one with seeded weights; with
"eq_" in its name the histogram is equalised. Pictures are read, resized, mirrored and scaled here;
the network alone is kao's (`kao model run`). Prints how many samples of the network's input
differ from kao's in any bit, and for each pair the two similarities; ends with status 1 where any
sample differs or a similarity by more than 1e-5.
"""
import json
import os
import subprocess
import sys
import tempfile

import cv2
import numpy as np


def sample_input(path, equalise):
    grey = cv2.imread(path, 0)
    if grey is None:
        sys.exit(path + ": OpenCV cannot read it")
    grey = cv2.resize(grey, (128, 128))
    if equalise:
        grey = cv2.equalizeHist(grey)
    pair = np.stack([grey, np.fliplr(grey)])[:, np.newaxis]
    return pair.astype(np.float32) / 127.5 - 1.0


def field(number, content):
    if isinstance(content, int):
        return bytes([number << 3]) + varint(content)
    return bytes([number << 3 | 2]) + varint(len(content)) + content


def varint(n):
    out = b''
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def flat_model(path):
    """A network that hands out what it is given."""
    dims = b''.join(field(1, field(1, d)) for d in (1, 1, 128, 128))
    value = field(1, b'x') + field(2, field(1, field(1, 1) + field(2, dims)))
    node = field(1, b'x') + field(2, b'y') + field(4, b'Flatten')
    graph = field(1, node) + field(11, value) + field(12, field(1, b'y'))
    with open(path, 'wb') as f:
        f.write(field(1, 8) + field(7, graph) + field(8, field(2, 13)))


def run(*command):
    p = subprocess.run(command, capture_output=True, text=True)
    if p.returncode not in (0, 1):
        sys.exit(p.stderr)
    return p.stdout


def main():
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    kao, model, pictures = sys.argv[1], sys.argv[2], sys.argv[3:]
    equalise = 'eq_' in os.path.basename(model)
    preset = 'ailia-arcface-eq' if equalise else 'ailia-arcface'
    name = json.loads(run(kao, 'model', 'info', model, '--json'))['inputs'][0]['name']
    wrong, worst, features = 0, 0.0, []
    with tempfile.TemporaryDirectory() as folder:
        def at(file):
            return os.path.join(folder, file)

        flat_model(at('flat.onnx'))
        with open(at('flat.onnx.card'), 'w') as f:
            f.write('metric = euclidean\ntta = none\npreset = %s\n' % preset)
        for path in pictures:
            x = sample_input(path, equalise)
            run(kao, 'embed', path, '--model', at('flat.onnx'), '--npy', at('seen.npy'))
            seen = np.load(at('seen.npy')).reshape(128, 128)
            differ = int((seen.view(np.uint32) != x[0, 0].view(np.uint32)).sum())
            print('%s: %d of 16384 samples differ' % (path, differ))
            wrong += differ
            np.save(at('x.npy'), x)
            run(kao, 'model', 'run', model, '--input', name + '=' + at('x.npy'), '--output-dir', at('out'))
            out = [f for f in os.listdir(at('out')) if f.endswith('.npy')]
            features.append(np.load(os.path.join(at('out'), out[0])).reshape(-1))
        for i in range(len(pictures)):
            for k in range(i + 1, len(pictures)):
                a, b = features[i], features[k]
                want = float(np.dot(a, b) / (np.linalg.norm(a) * np.linalg.norm(b)))
                got = json.loads(run(kao, 'verify', pictures[i], pictures[k], '--preset', preset, '--model',
                                     model, '--json'))['similarity']
                print('%s, %s: %.7f, kao %.7f' % (pictures[i], pictures[k], want, got))
                worst = max(worst, abs(want - got))
    print('%d samples differ; similarities by %.1e at most' % (wrong, worst))
    return 1 if wrong or worst > 1e-5 else 0


if __name__ == '__main__':
    sys.exit(main())
