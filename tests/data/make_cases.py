#!/usr/bin/env python3
"""Write expected_cases.h: what ONNX Runtime gives for the models of ../shared/data/cases that test_parity's
manifest has not, on the test picture of ../shared/models/README.md. The C code is not read.

    ORT_HOME=FOLDER-WITH-node_modules python3 tests/data/make_cases.py ../shared/data/cases/models \\
        > tests/data/expected_cases.h

(ORT_HOME: see bench/peers/compare.py.)
"""
import os
import subprocess
import sys
import tempfile

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
RUN = os.path.join(HERE, "../../bench/peers/ort_run.mjs")
# model, shape, mean, divisor
CASES = [("fp16_io32", (2, 3, 112, 112), 127.5, 127.5), ("pytorch_F_normalize", (2, 3, 112, 112), 127.5, 127.5),
         ("nhwc", (2, 160, 160, 3), 127.5, 128)]


def pattern(shape, last):
    n, h, w, c = shape if last else (shape[0], shape[2], shape[3], shape[1])
    i, y, x, k = (a.astype(np.uint32) for a in np.meshgrid(*map(np.arange, (n, h, w, c)), indexing="ij"))
    x = x + 1000 * i
    t = (x * np.uint32(73856093)) ^ (y * np.uint32(19349663)) ^ (k * np.uint32(83492791))
    t = (t ^ (t >> 13)) * np.uint32(0x5BD1E995)
    t ^= t >> 15
    v = (((x >> 3) * 7 + (y >> 3) * 11 + k * 29) % 192 + (t & 63)).astype(np.float32)
    return v if last else v.transpose(0, 3, 1, 2)


def main():
    print("/* Written by make_cases.py, of ONNX Runtime; do not edit. */\n"
          "#ifndef KAO_TESTS_EXPECTED_CASES_H\n#define KAO_TESTS_EXPECTED_CASES_H\n")
    with tempfile.TemporaryDirectory() as folder:
        for name, shape, mean, divisor in CASES:
            x = np.ascontiguousarray((pattern(shape, shape[3] == 3) - np.float32(mean)) / np.float32(divisor))
            x.tofile(folder + "/x.f32")
            subprocess.run(["node", RUN, os.path.join(sys.argv[1], name + ".onnx"), folder + "/x.f32",
                            "x".join(map(str, shape)), folder], check=True, stdout=subprocess.DEVNULL)
            y = np.fromfile(folder + "/0.f32", np.float32)
            print(f"static const float expected_{name}[{y.size}] = {{")
            for k in range(0, y.size, 6):
                print("    " + " ".join(f"{v:.8g}f," if "." in f"{v:.8g}" else f"{v:.8g}.0f," for v in y[k:k + 6]))
            print("};\n")
    print("#endif")


if __name__ == "__main__":
    main()
