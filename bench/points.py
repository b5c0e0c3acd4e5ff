#!/usr/bin/env python3
"""How far one detector's five points are from another's, in parts of the distance of the eyes.

usage: bench/points.py KAO REFERENCE PICTURES DETECTOR...

KAO: the program. REFERENCE, DETECTOR: models. PICTURES: a folder. A face counts where both
detectors find it (overlap .5 and more, best pairs first) and the reference is sure of it
(score .5). Prints by the reference's distance of the eyes: faces, median and mean distance of a
point, and of each of the five the median.
"""
import json
import math
import os
import statistics
import subprocess
import sys

SIZES = ((0, 12), (12, 24), (24, 48), (48, 1e9), (12, 1e9))


def faces(kao, model, pictures):
    made = subprocess.run([kao, "detect", "--json", "--upright", "-d", model, "--", *pictures],
                          capture_output=True, text=True, check=False)
    if made.returncode not in (0, 3):
        sys.exit(made.stderr)
    return {d["file"]: d["faces"] for d in map(json.loads, made.stdout.splitlines())
            if "faces" in d}


def overlap(a, b):
    w = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    h = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    both = max(w, 0) * max(h, 0)
    return both / (a[2] * a[3] + b[2] * b[3] - both)


def pairs(reference, other):
    order = sorted(((overlap(r["box"], o["box"]), i, j)
                    for i, r in enumerate(reference) for j, o in enumerate(other)), reverse=True)
    left, right = set(), set()
    for share, i, j in order:
        if share < .5:
            return
        if i not in left and j not in right:
            left.add(i)
            right.add(j)
            yield reference[i]["landmarks"], other[j]["landmarks"]


def main():
    if len(sys.argv) < 5:
        sys.exit(__doc__.strip())
    kao, model, folder, *others = sys.argv[1:]
    pictures = sorted(os.path.join(folder, n) for n in os.listdir(folder))
    reference = {f: [x for x in found if x["score"] >= .5]
                 for f, found in faces(kao, model, pictures).items()}
    print("| detector | distance of the eyes, pixels | faces | median | mean | eyes, nose, mouth |")
    print("|---|---|---|---|---|---|")
    for other in others:
        found = faces(kao, other, pictures)
        errors = []
        for file, sure in reference.items():
            for a, b in pairs(sure, found.get(file, [])):
                eyes = math.dist(a[0], a[1])
                if eyes > 0:
                    errors.append((eyes, [math.dist(p, q) / eyes for p, q in zip(a, b)]))
        for low, high in SIZES:
            of = [e for eyes, e in errors if low <= eyes < high]
            if not of:
                continue
            every = [x for e in of for x in e]
            print("| %s | %s | %d | %.2f %% | %.2f %% | %s |" % (
                os.path.basename(other), f"{low:g} to {high:g}" if high < 1e9 else f"{low:g} and more",
                len(of), 100 * statistics.median(every), 100 * statistics.mean(every),
                " ".join("%.1f" % (100 * statistics.median(e[k] for e in of)) for k in range(5))))


main()
