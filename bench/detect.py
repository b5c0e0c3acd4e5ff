#!/usr/bin/env python3
"""How many faces detectors find in street photographs, by the size of the faces.

usage: bench/detect.py KAO SHARED [NAME...]

KAO: the program. SHARED: the folder with data/detect and models. NAME: detectors there, without
.onnx; without: every one (of MTCNN its first stage), the one inside the program first. Each
searches as `kao detect` does by default, boxes from a score of .1 up; two more rows are YuNet n
in one plain pass, at the pictures' own size and at 640 pixels, run as a bare network and decoded in
NumPy (tests/data/decode_detectors.py).

Writes bench/results/detect.csv (average precision, recall at 72, 150 and 293 false boxes in all
pictures, at overlaps of .5 and .4; at 72 by the faces' shorter side) and docs/images/detection.svg,
and prints the table of docs/detectors.md. A hit is what `kao eval detect --min-size 12` counts as
one (src/eval/boxes.h). With names, only their rows of the CSV are renewed.
"""
import csv
import json
import os
import subprocess
import sys
import tarfile
import tempfile

import numpy as np
from PIL import Image

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "tests", "data"))
import decode_detectors as plain  # noqa: E402

FALSE = (72, 150, 293)
SIZES = (12, 24, 48, 96)
OTHER = ("face_quality", "dlib", "mobileface", "mtcnn_r", "mtcnn_o", "landmark", "liveness", "pose")
OWN, AT_640 = "yunet_n_dynamic, one pass, own size", "yunet_n_dynamic, one pass, 640"
COLUMNS = ["detector", "overlap", "ap"] + ["recall_%d" % n for n in FALSE] + ["recall_72_from_%d_px" % s for s in SIZES]
BASE = os.path.join(HERE, "results", "detect.csv")


# ---- boxes that are there ----

def truth(path):
    lines = [s.strip() for s in open(path) if s.strip()]
    out, i = {}, 0
    while i < len(lines):
        name, n = lines[i], int(lines[i + 1])
        rows = [[float(v) for v in s.split()] for s in lines[i + 2:i + 2 + n]]
        out[name] = np.array([r[:4] + [r[7]] for r in rows]).reshape(-1, 5)
        i += 2 + n
        if n == 0 and i < len(lines) and set(lines[i].split()) == {"0"} and " " in lines[i]:
            i += 1
    return out


# ---- boxes that are found: rows x y width height score ----

def by_search(kao, model, paths):
    found = {}
    for i in range(0, len(paths), 100):
        made = subprocess.run([kao, "detect", "--json", "--min-score", ".1", "-d", model, "--", *paths[i:i + 100]],
                              capture_output=True, text=True, check=True)
        for line in made.stdout.splitlines():
            o = json.loads(line)
            found[o["file"]] = np.array([f["box"] + [f["score"]] for f in o["faces"]]).reshape(-1, 5)
    return [found[p] for p in paths]


def by_one_pass(kao, model, paths, side):
    begin, form = plain.form_of(model)
    found = []
    with tempfile.TemporaryDirectory() as folder:
        net = plain.Net(kao, model, folder)
        for path in paths:
            image = Image.open(path).convert("RGB")
            paper, k, at = plain.lay(image, form, side or max(image.size))
            rows = plain.decode(begin, model, net.run(plain.tensor(paper, form)[None].transpose(0, 3, 1, 2)), *paper.size)
            rows = plain.join(rows[rows[:, 4] >= .1], form[7])
            rows[:, :4] = (rows[:, :4] - (*at, *at)) * (*k, *k)
            rows[:, 2:4] -= rows[:, :2]
            found.append(rows)
    return found


# ---- the figures ----

def shares(box, boxes):
    left, top = np.maximum(box[:2], boxes[:, :2]).T
    right, below = np.minimum(box[:2] + box[2:4], boxes[:, :2] + boxes[:, 2:4]).T
    both = np.maximum(right - left, 0) * np.maximum(below - top, 0)
    return both / (box[2] * box[3] + boxes[:, 2] * boxes[:, 3] - both)


def figures(found, wanted, overlap):
    outcomes, n, n_of = [], 0, np.zeros(len(SIZES))
    for rows, faces in zip(found, wanted):
        shorter = np.minimum(faces[:, 2], faces[:, 3])
        free = (faces[:, 4] == 0) & (shorter >= SIZES[0])
        ignored, size = ~free, np.searchsorted(SIZES, shorter, "right") - 1
        n += free.sum()
        n_of += [(free & (size == k)).sum() for k in range(len(SIZES))]
        for row in rows[np.argsort(-rows[:, 4], kind="stable")]:
            share = shares(row, faces) if len(faces) else np.zeros(0)
            best = np.where(free, share, -1)
            if len(faces) and best.max() >= overlap:
                free[best.argmax()] = False
                outcomes.append((row[4], 1, size[best.argmax()]))
            elif min(row[2:4]) >= SIZES[0] and not (len(faces) and np.where(ignored, share, -1).max() >= overlap):
                outcomes.append((row[4], 0, 0))
    outcomes.sort(key=lambda o: (-o[0], o[1]))
    hit, size = np.array([o[1] for o in outcomes]), np.array([o[2] for o in outcomes])
    hits, false = np.cumsum(hit), np.cumsum(1 - hit)
    precision = np.maximum.accumulate((hits / (hits + false))[::-1])[::-1]
    ends = [(false <= f).sum() for f in FALSE]
    of = [(hit * (size == k))[:ends[0]].sum() / n_of[k] for k in range(len(SIZES))]
    return [(precision * hit).sum() / n] + [hit[:e].sum() / n for e in ends] + of


# ---- out ----

def write_plot(rows, path):
    """Two panels of dots, a line a detector: recall by false boxes, and at 72 by the faces' size."""
    rows = sorted(rows, key=lambda r: -float(r["recall_72"]))
    shades = ("#08519c", "#3182bd", "#9ecae1"), ("#fdbe85", "#fd8d3c", "#d94701", "#7f2704")
    left, wide, gap, top, step = 270, 330, 40, 62, 19
    high = top + step * len(rows) + 34
    out = ['<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">'
           % (left + 2 * wide + gap + 20, high), '<rect width="100%" height="100%" fill="#fff"/>']

    def text(x, y, words, anchor="start", more=""):
        out.append('<text x="%g" y="%g" text-anchor="%s"%s>%s</text>' % (x, y, anchor, more, words))

    panels = ((left, shades[0], ["recall_%d" % f for f in FALSE], "recall at so many false boxes in 280 pictures",
               ["%d" % f for f in FALSE]),
              (left + wide + gap, shades[1], COLUMNS[-4:], "recall at 72 false boxes, faces of so many pixels",
               ["12 to 24", "24 to 48", "48 to 96", "96 and more"]))
    for x0, colours, columns, title, names in panels:
        text(x0, 18, title, more=' font-weight="bold"')
        for k, name in enumerate(names):
            x = x0 + k * (82 if len(names) > 3 else 70)
            out.append('<circle cx="%g" cy="34" r="4.5" fill="%s"/>' % (x + 5, colours[k]))
            text(x + 13, 38, name)
        for tick in range(0, 11, 2):
            x = x0 + tick / 10 * wide
            out.append('<path d="M%g %gV%g" stroke="#ddd"/>' % (x, top - 10, high - 28))
            text(x, high - 12, "%g" % (tick / 10), "middle")
        for i, row in enumerate(rows):
            y, values = top + i * step, [float(row[c]) for c in columns]
            out.append('<path d="M%g %gH%g" stroke="#bbb"/>' % (x0 + min(values) * wide, y, x0 + max(values) * wide))
            out.extend('<circle cx="%g" cy="%g" r="4.5" fill="%s"/>' % (x0 + v * wide, y, c) for v, c in zip(values, colours))
    for i, row in enumerate(rows):
        ours = row["detector"] == "kao-detect"
        text(left - 14, top + i * step + 4, row["detector"], "end", ' font-weight="bold"' if ours else "")
    open(path, "w").write("\n".join(out) + "\n</svg>\n")


def read():
    return list(csv.DictReader(open(BASE))) if os.path.exists(BASE) else []


def write(name, of):
    rows = [r for r in read() if r["detector"] != name]
    rows += [dict(zip(COLUMNS, [name, o] + ["%.4f" % v for v in of[o]])) for o in of]
    rows.sort(key=lambda r: (r["overlap"] == ".4", r["detector"] != "kao-detect", r["detector"]))
    with open(BASE, "w", newline="") as f:
        out = csv.DictWriter(f, COLUMNS, lineterminator="\n")
        out.writeheader()
        out.writerows(rows)


def print_table():
    rows = [r for r in read() if r["overlap"] == ".5"]
    coarse = {r["detector"]: r for r in read() if r["overlap"] == ".4"}
    write_plot(rows, os.path.join(HERE, "..", "docs", "images", "detection.svg"))
    print("| file | AP | 72 | 150 | 293 | 72: 12..24 px (574) | 24..48 px (365) | 48..96 px (131) | 96.. px (66) | AP, .4 | 72 | 150 | 293 |")
    print("|---|" + "---|" * 12)
    for r in rows:
        other = coarse[r["detector"]]
        print("| " + " | ".join([r["detector"]] + [r[c] for c in COLUMNS[2:]] + [other[c] for c in COLUMNS[2:6]]) + " |")


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__.strip())
    kao, shared, *names = sys.argv[1:]
    models = os.path.join(shared, "models")
    if not names:
        names = ["kao-detect", OWN, AT_640] + sorted(n[:-5] for n in os.listdir(models)
                                                     if n.endswith(".onnx") and not n.startswith(OTHER))
    boxes = truth(os.path.join(shared, "data", "detect", "facemask_bbx_gt.txt"))
    with tempfile.TemporaryDirectory() as folder:
        with tarfile.open(os.path.join(shared, "data", "detect", "facemask_images.tar")) as tar:
            tar.extractall(folder)
        paths = [os.path.join(folder, n) for n in boxes]
        for name in names:
            file = os.path.join(models, name.split(",")[0] + ".onnx")
            if name in (OWN, AT_640):
                found = by_one_pass(kao, file, paths, 640 if name == AT_640 else None)
            else:
                found = by_search(kao, name if name == "kao-detect" else file, paths)
            write(name, {o: figures(found, list(boxes.values()), float(o)) for o in (".5", ".4")})
            print(name, file=sys.stderr, flush=True)
    print_table()


main()
