#!/usr/bin/env python3
"""Fit the quality score's numbers (src/face/quality.c) to what a picture's faults cost of its similarity.

usage: fit.py KAO DATA [FOLDER]

KAO: the program; its embedder inside is what is fitted to. DATA: a folder with train/ (web, free, ident and celeba packs).
FOLDER: for the pictures and answers in between, kept; a temporary one where it is left out. Some minutes.
Needs NumPy and Pillow. The same numbers each time.

Two kinds of pictures: faces made worse (blurred, reduced, dark, over-lit, noisy, compressed), whose target is the similarity
to the picture as it was; labelled ones, whose target is the similarity to the mean of the person's others. A logistic
model over the facts, least squares in similarity.
"""
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile

import numpy as np
from PIL import Image, ImageFilter

CARD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "models", "cards", "kao-face.card")
FACES, VERSIONS, PEOPLE, PICTURES_OF = 1200, 3, 320, 9
NAMES = ("one", "fine", "middle", "coarse", "deviation", "mean", "mean2", "blown", "yaw", "pitch")


def read_list(data, pack):
    with open(os.path.join(data, "train", pack + "_128_list.txt"), encoding="utf-8") as f:
        return [line.split() for line in f if not line.startswith("#")]


def left_out(data, name):
    """Pictures that may show people of an evaluation."""
    path = os.path.join(data, "train", name)
    if not os.path.exists(path):
        return set()
    with open(path, encoding="utf-8") as f:
        return {word for line in f for word in line.split()}


def pictures(data, pack, wanted):
    wanted = set(wanted)
    with tarfile.open(os.path.join(data, "train", pack + "_128.tar")) as tar:
        for entry in tar:
            if entry.name in wanted:
                yield entry.name, Image.open(io.BytesIO(tar.extractfile(entry).read())).convert("RGB")


# ---- pictures made worse ----

def blurred(rng, im):
    return im.filter(ImageFilter.GaussianBlur(float(rng.uniform(.5, 3.5))))


def reduced(rng, im):
    side = int(rng.integers(14, 90))
    return im.resize((side, side), Image.BILINEAR).resize(im.size, Image.BICUBIC)


def by_table(im, f):
    return Image.fromarray(np.clip(f(np.asarray(im, dtype=np.float64)), 0, 255).round().astype(np.uint8))


def dark(rng, im):
    factor, noise = float(rng.uniform(.04, .5)), float(rng.uniform(0, 4))
    return by_table(im, lambda x: x * factor + rng.normal(0, noise, x.shape))


def over_lit(rng, im):
    factor, more = float(rng.uniform(1.2, 3)), float(rng.uniform(0, 60))
    return by_table(im, lambda x: x * factor + more)


def noisy(rng, im):
    deviation = float(rng.uniform(4, 40))
    return by_table(im, lambda x: x + rng.normal(0, deviation, x.shape))


def compressed(rng, im):
    to = io.BytesIO()
    im.save(to, "JPEG", quality=int(rng.integers(4, 40)))
    return Image.open(to).convert("RGB")


WORSE = (blurred, reduced, dark, over_lit, noisy, compressed)


def make_worse(rng, im):
    ways = rng.choice(len(WORSE), size=2, replace=False)
    for way in ways[:int(rng.integers(1, 3))]:
        im = WORSE[way](rng, im)
    return im


# ---- what kao says ----

def save(im, folder, name):
    """In the middle of a grey picture: the search wants to see a face whole."""
    canvas = Image.new("RGB", (256, 256), (128, 128, 128))
    canvas.paste(im, (64, 64))
    canvas.save(os.path.join(folder, name))


def gather(data, folder):
    rng = np.random.default_rng(15)
    rows = []  # name, kind, group (of the picture as it was; of the person), is the first of it
    bare = []
    for pack in ("web", "free"):
        not_these = left_out(data, pack + "_128_lfw_overlap.txt")
        bare += [(pack, r[0]) for r in read_list(data, pack) if r[4] == "0" and float(r[5]) > .7 and r[0] not in not_these]
    chosen = [bare[i] for i in sorted(rng.choice(len(bare), FACES, replace=False))]
    for pack in ("web", "free"):
        for name, im in pictures(data, pack, [n for p, n in chosen if p == pack]):
            group = f"{pack}{len(rows):06}"
            for version in range(1 + VERSIONS):
                file = f"{group}_{version}.png"
                save(make_worse(rng, im) if version else im, folder, file)
                rows.append((file, "worse", group, version == 0))
    people = {}
    for pack, place in (("ident", (3, 0)), ("celeba", (1, 2))):
        for r in read_list(data, pack):
            people.setdefault((pack, r[place[0]]), []).append(r[place[1]])
    people = sorted((k, v) for k, v in people.items() if len(v) >= 5)
    chosen = [people[i] for i in sorted(rng.choice(len(people), min(PEOPLE, len(people)), replace=False))]
    of = {(k[0], n): k[1] for k, v in chosen for n in v[:PICTURES_OF]}
    for pack in ("ident", "celeba"):
        for name, im in pictures(data, pack, [n for p, n in of if p == pack]):
            file = f"{pack}{len(rows):06}.png"
            save(im, folder, file)
            rows.append((file, "labelled", pack + of[pack, name], False))
    with open(os.path.join(folder, "rows.json"), "w", encoding="utf-8") as f:
        json.dump(rows, f)


def ask(kao, folder):
    with open(os.path.join(folder, "rows.json"), encoding="utf-8") as f:
        names = [r[0] for r in json.load(f)]
    chips = os.path.join(folder, "chips")
    os.makedirs(chips, exist_ok=True)
    with open(os.path.join(folder, "said.jsonl"), "w", encoding="utf-8") as f:
        for i in range(0, len(names), 500):
            some = names[i:i + 500]
            run = subprocess.run([kao, "embed", "--json", "--quality", "--upright", *some], cwd=folder, stdout=f, stderr=subprocess.DEVNULL, check=False)
            if run.returncode not in (0, 2):
                sys.exit(f"kao embed: status {run.returncode}")
            subprocess.run([kao, "align", "--upright", "-f", "largest", "-o", chips, *some], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
            print(f"\r{i + len(some)} of {len(names)} pictures", end="", file=sys.stderr)
    print(file=sys.stderr)


# ---- facts of a chip, as src/face/quality.c computes them ----

def halve(v):
    return (v[::2, ::2] + v[::2, 1::2] + v[1::2, ::2] + v[1::2, 1::2]) / 4


def energy(v, x0, y0, x1, y1):
    inner = v[y0:y1, x0:x1]
    lap = 4 * inner - v[y0:y1, x0 - 1:x1 - 1] - v[y0:y1, x0 + 1:x1 + 1] - v[y0 - 1:y1 - 1, x0:x1] - v[y0 + 1:y1 + 1, x0:x1]
    return np.log1p(np.mean(lap * lap))


def facts_of(path, said):
    luma = np.asarray(Image.open(path).convert("RGB"), dtype=np.float64) @ [.299, .587, .114]
    face = luma[36:100, 28:84]
    half = halve(luma)
    quarter = halve(half)
    mean = face.mean() / 100
    middle, coarse = energy(half, 14, 18, 42, 50), energy(quarter, 7, 9, 21, 25)
    if abs(middle - coarse - said["detail"]) > .02:
        sys.exit(f"{path}: detail {middle - coarse:.4f}, kao says {said['detail']:.4f}")
    return (1, energy(luma, 28, 36, 84, 100), middle, coarse, np.log(face.std() + 5), mean, mean * mean, np.mean(face > 245),
            abs(said["yaw"]) / 30, abs(said["pitch"]) / 10)


def usual_norm():
    """Mean and deviation of the lengths, as the card has them."""
    with open(CARD, encoding="utf-8") as f:
        for line in f:
            key, _, value = line.partition("=")
            if key.strip() == "quality.norm":
                return [float(v) for v in value.split()]
    sys.exit(f"{CARD}: no quality.norm")


def samples(folder):
    with open(os.path.join(folder, "rows.json"), encoding="utf-8") as f:
        rows = json.load(f)
    said = {}
    with open(os.path.join(folder, "said.jsonl"), encoding="utf-8") as f:
        for line in f:
            s = json.loads(line)
            if s.get("embedding"):
                said[s["file"]] = s
    groups, x, y, kind, norms = {}, [], [], [], []
    for r in rows:
        if r[0] in said:
            groups.setdefault(r[2], []).append(r)
    for members in groups.values():
        vectors = np.array([said[m[0]]["embedding"] for m in members])
        for i, m in enumerate(members):
            if m[1] == "worse":
                if not members[0][3]:
                    continue  # the picture as it was has no face
                target = vectors[i] @ vectors[0]
            elif len(members) > 2:
                others = vectors.sum(0) - vectors[i]
                target = vectors[i] @ others / np.linalg.norm(others)
            else:
                continue
            facts = said[m[0]]["face"]["facts"]
            chip = os.path.join(folder, "chips", os.path.splitext(m[0])[0] + ".face1.png")
            if not os.path.exists(chip) or facts["yaw"] is None:
                continue
            x.append(facts_of(chip, facts))
            y.append(max(0, target))
            kind.append(m[1])
            norms.append(facts["norm"])
    mean, deviation = usual_norm()
    return np.array(x), np.array(y), np.array(kind), (np.array(norms) - mean) / deviation


# ---- the fit ----

def logistic(z):
    return 1 / (1 + np.exp(-z))


def fit(x, y, kind):
    """w of logistic(x w), by Levenberg-Marquardt. Two pictures of a person are less alike than a picture and itself made
    worse: of the labelled ones it foretells a share, which is fitted too. Both kinds count the same: each error in
    terms of its kind's variance."""
    labelled = kind == "labelled"
    weight = np.where(labelled, *(1 / (np.sum(k) * np.var(y[k])) for k in (labelled, ~labelled))) ** .5
    w, damp = np.append(np.zeros(x.shape[1]), .8), 1e-3

    def errors(w):
        return weight * (y - np.where(labelled, w[-1], 1) * logistic(x @ w[:-1]))

    loss = np.sum(errors(w) ** 2)
    for _ in range(500):
        p = logistic(x @ w[:-1])
        share = np.where(labelled, w[-1], 1)
        j = weight[:, None] * np.column_stack([x * (share * p * (1 - p))[:, None], np.where(labelled, p, 0)])
        h = j.T @ j
        step = np.linalg.solve(h + damp * np.diag(np.diag(h) + 1e-9), j.T @ errors(w))
        new = np.sum(errors(w + step) ** 2)
        if new < loss:
            done = loss - new < 1e-9 * loss
            w, loss, damp = w + step, new, damp / 3
            if done:
                break
        else:
            damp *= 4
    return w[:-1]


def show(title, x, y, kind):
    w = fit(x, y, kind)
    p = logistic(x @ w)
    worse, labelled = (np.corrcoef(p[kind == k], y[kind == k])[0, 1] for k in ("worse", "labelled"))
    print(f"{title}: correlation {worse:.3f} of those made worse, {labelled:.3f} of the labelled ones")
    for name, value in zip((*NAMES, "norm_factor"), w):
        print(f"    .{name} = {value:.4f}")


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    kao, data = os.path.abspath(sys.argv[1]), sys.argv[2]
    with tempfile.TemporaryDirectory() as own:
        folder = sys.argv[3] if len(sys.argv) == 4 else own
        os.makedirs(folder, exist_ok=True)
        if not os.path.exists(os.path.join(folder, "rows.json")):
            gather(data, folder)
        if not os.path.exists(os.path.join(folder, "said.jsonl")):
            ask(kao, folder)
        x, y, kind, norm = samples(folder)
    print(f"{len(y)} pictures, {np.sum(kind == 'labelled')} of them labelled")
    show("alone", x, y, kind)
    show("beside_norm", np.column_stack([x, norm]), y, kind)


if __name__ == "__main__":
    main()
