#!/usr/bin/env python3
"""More parity: model files at sizes and batches that the stored numbers do not have.

    ORT_HOME=FOLDER-WITH-node_modules bench/peers/parity.py --models FOLDER

For each case, ONNX Runtime (optimisations off) and `kao model run` get the same seeded input;
every element must lie within 1e-4 * max(1, column) + 1e-3 * |expected|, the column being that
of the output's last axis. Needs python3-numpy. Prints the worst share of the bound.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile

import numpy as np

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
CASES = [
    ("yunet_n_dynamic", (1, 3, 640, 640), 0, 255), ("yunet_n_dynamic", (2, 3, 96, 416), 0, 255),
    ("yunet_s_dynamic", (1, 3, 1280, 960), 0, 255), ("yunet_2022_dynamic", (1, 3, 320, 320), 0, 255),
    ("scrfd_500m_kps_dynamic", (1, 3, 640, 640), -1, 1),
    ("scrfd_500m_kps_dynamic", (1, 3, 384, 1280), -1, 1),
    ("retinaface_mnet025_dynamic", (1, 3, 320, 448), -120, 130),
    ("mobilefacenet_192", (1, 3, 112, 112), -1, 1), ("mobilefacenet_192", (7, 3, 112, 112), -1, 1),
    ("mobilefacenet_128_relu6", (5, 3, 112, 112), -1, 1),
    ("mobileface_v3_256", (3, 3, 112, 112), 0, 255),
    ("dlib_resnet_128", (1, 3, 150, 150), -0.5, 0.5),
    ("mtcnn_pnet", (1, 120, 77, 3), -1, 1), ("mtcnn_rnet", (9, 24, 24, 3), -1, 1),
]


def worst(got, want):
    flat = want.reshape(-1, want.shape[-1]) if want.ndim else want.reshape(1, 1)
    top = np.maximum(1, np.abs(flat).max(axis=0))
    bound = 1e-4 * top + 1e-3 * np.abs(flat)
    return float((np.abs(got.reshape(flat.shape) - flat) / bound).max())


def run_case(a, folder, name, shape, low, high):
    data = np.random.default_rng(len(name)).uniform(low, high, shape).astype(np.float32)
    model = os.path.join(a.models, name + ".onnx")
    raw, npy = os.path.join(folder, "x.f32"), os.path.join(folder, "x.npy")
    data.tofile(raw)
    np.save(npy, data)
    lines = subprocess.run(["node", os.path.join(HERE, "ort_run.mjs"), model, raw,
                            "x".join(map(str, shape)), folder],
                           check=True, capture_output=True, text=True).stdout.split("\n")
    info = subprocess.run([a.program, "model", "info", "--json", model], check=True,
                          capture_output=True, text=True).stdout
    key = json.loads(info)["inputs"][0]["name"]
    out = subprocess.run([a.program, "model", "run", model, "--input", key + "=" + npy,
                          "--output-dir", os.path.join(folder, "kao"), "--passes", a.passes],
                         check=True, capture_output=True, text=True).stdout
    share = 0.0
    for line in out.strip().split("\n"):
        index, path = line.split("\t")[0], line.split("\t")[4]
        dims = [int(d) for d in lines[int(index)].split()[1].split("x")]
        want = np.fromfile(os.path.join(folder, index + ".f32"), np.float32).reshape(dims)
        got = np.load(path)
        if list(got.shape) != dims:
            sys.exit("%s output %s: shape %s, wanted %s" % (name, index, got.shape, dims))
        share = np.maximum(share, worst(got, want))  # NaN stays
    return share


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--models", default=os.environ.get("KAO_MODELS", "models"))
    p.add_argument("--program", default=os.path.join(ROOT, "build", "kao"))
    p.add_argument("--passes", default="all")
    a = p.parse_args()
    bad = 0
    for name, shape, low, high in CASES:
        with tempfile.TemporaryDirectory() as folder:
            share = run_case(a, folder, name, shape, low, high)
        print("%-28s %-18s %.4f of the bound" % (name, "x".join(map(str, shape)), share),
              flush=True)
        bad += not share <= 1
    print("%d of %d cases off" % (bad, len(CASES)))
    sys.exit(1 if bad else 0)


main()
