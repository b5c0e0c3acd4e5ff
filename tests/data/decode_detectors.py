#!/usr/bin/env python3
"""Every detector family decoded a second time, in NumPy, and set beside `kao detect`.

    decode_detectors.py KAO MODEL... -- PICTURE...

Pictures are reduced by Pillow (its bilinear filter is another one than kao's), brought to each
network's input here, run as bare tensors by `kao model run`, decoded and joined here by the
published formulas. Prints, for each model and picture, how many faces each found, how many of
them are the same (overlap of at least .6), and the mean overlap and difference of scores of those;
the last line says in how many cases the numbers differ by more than one. Models are told apart by
their files' names. MTCNN: give its first stage; the others lie beside it. Networks of
`kao model make yolov3_face[_tiny]` have no trained answers: they are compared from .3 up.
"""
import json
import os
import subprocess
import sys
import tempfile

import numpy as np
from PIL import Image, ImageOps

# name begins: colours, mean, scale, fit, fill, size (None: free), least score, overlap
FORMS = {
    "yunet_2022": ("bgr", 0, 1, "pad", 0, None, 0.6, 0.3),
    "yunet_": ("bgr", 0, 1, "pad", 0, None, 0.6, 0.3),
    "face_detection_yunet": ("bgr", 0, 1, "pad", 0, (640, 640), 0.6, 0.3),
    "scrfd_500m": ("rgb", 127.5, 1 / 128, "pad", 0, None, 0.5, 0.4),
    "scrfd_2.5g": ("rgb", 127.5, 1 / 128, "pad", 0, (640, 640), 0.5, 0.4),
    "retinaface_mnet025_dynamic": ("bgr", (104, 117, 123), 1, "pad", 0, None, 0.5, 0.4),
    "retinaface_mnet025_640": ("bgr", (104, 117, 123), 1, "pad", 0, (640, 640), 0.5, 0.4),
    "ultraface_rfb_640": ("rgb", 127, 1 / 128, "stretch", 0, (640, 480), 0.7, 0.3),
    "ultraface_": ("rgb", 127, 1 / 128, "stretch", 0, (320, 240), 0.7, 0.3),
    "blazeface_front": ("rgb", 127.5, 1 / 127.5, "middle", 0, (128, 128), 0.75, 0.3),
    "blazeface_back": ("rgb", 127.5, 1 / 127.5, "middle", 0, (256, 256), 0.65, 0.3),
    "yolov5face": ("rgb", 0, 1 / 255, "middle", 114, (320, 320), 0.6, 0.5),
    "yolov8": ("rgb", 0, 1 / 255, "middle", 114, (640, 640), 0.45, 0.5),
    "yolov3_face": ("rgb", 0, 1 / 255, "middle", 128, None, 0.3, 0.4),
    "mtcnn": ("rgb", 127.5, 1 / 128, "", 0, None, 0.7, 0.7),
}


def form_of(path):
    name = os.path.basename(path)
    for begin in sorted(FORMS, key=len, reverse=True):
        if name.startswith(begin):
            return begin, FORMS[begin]
    sys.exit("no form known for " + name)


def sigmoid(v):
    return 1 / (1 + np.exp(-np.clip(v, -80, 80)))


class Net:
    def __init__(self, kao, path, folder):
        self.kao, self.path, self.folder = kao, path, folder
        info = subprocess.run([kao, "model", "info", path, "--json"], capture_output=True, check=True)
        self.input = json.loads(info.stdout)["inputs"][0]["name"]

    def run(self, x):
        np.save(self.folder + "/x.npy", np.ascontiguousarray(x, np.float32))
        out = subprocess.run([self.kao, "model", "run", self.path, "--input", self.input + "=" + self.folder + "/x.npy",
                              "-o", self.folder], capture_output=True, check=True, text=True).stdout
        return [np.load(line.split("\t")[4]).astype(np.float64) for line in out.splitlines()]


# ---- formulas: each gives rows x1 y1 x2 y2 score in pixels of the input ----

def cells(h, w):
    r, c = np.mgrid[0:h, 0:w]
    return c.reshape(-1).astype(float), r.reshape(-1).astype(float)


def yunet(o, w, h):
    rows = []
    for i, s in enumerate((8, 16, 32)):
        c, r = cells(h // s, w // s)
        cls, obj, box = (o[i + 3 * k][0] for k in range(3))
        score = np.sqrt(np.clip(cls[:, 0], 0, 1) * np.clip(obj[:, 0], 0, 1))
        x, y, bw, bh = (c + box[:, 0]) * s, (r + box[:, 1]) * s, np.exp(box[:, 2]) * s, np.exp(box[:, 3]) * s
        rows.append(np.stack([x - bw / 2, y - bh / 2, x + bw / 2, y + bh / 2, score], 1))
    return np.concatenate(rows)


def scrfd(o, w, h):
    rows = []
    for i, s in enumerate((8, 16, 32)):
        if o[i].ndim == 4:
            score, box = (o[i + 3 * k][0].reshape(2, n, -1).transpose(2, 0, 1).reshape(-1, n) for k, n in ((0, 1), (1, 4)))
            score = sigmoid(score)
        else:
            score, box = o[i].reshape(-1, 1), o[i + 3].reshape(-1, 4)
        c, r = cells(h // s, w // s)
        x, y = np.repeat(c * s, 2), np.repeat(r * s, 2)
        rows.append(np.stack([x - box[:, 0] * s, y - box[:, 1] * s, x + box[:, 2] * s, y + box[:, 3] * s, score[:, 0]], 1))
    return np.concatenate(rows)


def priors(w, h, levels, rule):
    p = []
    for s, sizes in levels:
        if rule == "down":
            n = [(v + 1) // 2 // 2 for v in (w, h)]
            n = [v // (s // 4) for v in n]
        else:
            n = [-(-v // s) for v in (w, h)]
        for r in range(n[1]):
            for c in range(n[0]):
                for m in sizes:
                    if rule == "even":
                        p.append(((c + .5) / n[0] * w, (r + .5) / n[1] * h, min(m, w), min(m, h)))
                    else:
                        p.append(((c + .5) * s, (r + .5) * s, m, m))
    return np.array(p, float)


FOUR = ((8, (10, 16, 24)), (16, (32, 48)), (32, (64, 96)), (64, (128, 192, 256)))
THREE = ((8, (16, 32)), (16, (64, 128)), (32, (256, 512)))


def ssd(p, loc, score):
    x, y = (p[:, i] + loc[:, i] * .1 * p[:, i + 2] for i in (0, 1))
    w, h = (p[:, i] * np.exp(.2 * loc[:, i]) for i in (2, 3))
    return np.stack([x - w / 2, y - h / 2, x + w / 2, y + h / 2, score], 1)


def retinaface(o, w, h):
    return ssd(priors(w, h, THREE, "up"), o[0][0], o[1][0][:, 1])


def yunet2022(o, w, h):
    c = o[1][0]
    return ssd(priors(w, h, FOUR, "down"), o[0][0], np.sqrt(sigmoid(c[:, 1] - c[:, 0]) * np.clip(o[2][0][:, 0], 0, 1)))


def ultraface(o, w, h, raw):
    score = o[0][0][:, 1:].max(1)
    if raw:
        return ssd(priors(w, h, FOUR, "even"), o[1][0], score)
    return np.concatenate([o[1][0] * (w, h, w, h), score[:, None]], 1)


def blazeface(o, w, h):
    rows = []
    for i, (n, a) in enumerate(((16, 2), (8, 6))):
        c, r = cells(n, n)
        x, y = np.repeat((c + .5) / n * w, a), np.repeat((r + .5) / n * h, a)
        b = o[2 + i][0]
        x, y = x + b[:, 0], y + b[:, 1]
        rows.append(np.stack([x - b[:, 2] / 2, y - b[:, 3] / 2, x + b[:, 2] / 2, y + b[:, 3] / 2, sigmoid(o[i][0][:, 0])], 1))
    return np.concatenate(rows)


def yolov5(o, w, h):
    r = o[0][0]
    return np.stack([r[:, 0] - r[:, 2] / 2, r[:, 1] - r[:, 3] / 2, r[:, 0] + r[:, 2] / 2, r[:, 1] + r[:, 3] / 2,
                     r[:, 4] * r[:, 15]], 1)


def yolov8(o, w, h):
    rows = []
    for t, s in zip(o, (8, 16, 32)):
        m = t[0].reshape(80, -1).T
        e = np.exp(m[:, :64].reshape(-1, 4, 16) - m[:, :64].reshape(-1, 4, 16).max(2, keepdims=True))
        d = (e / e.sum(2, keepdims=True) * np.arange(16)).sum(2)
        c, r = cells(h // s, w // s)
        rows.append(np.stack([(c + .5 - d[:, 0]) * s, (r + .5 - d[:, 1]) * s, (c + .5 + d[:, 2]) * s, (r + .5 + d[:, 3]) * s,
                              sigmoid(m[:, 64])], 1))
    return np.concatenate(rows)


def yolov3(o, w, h):
    tiny = len(o) == 2
    anchors = ({32: ((81, 82), (135, 169), (344, 319)), 16: ((10, 14), (23, 27), (37, 58))} if tiny else
               {32: ((116, 90), (156, 198), (373, 326)), 16: ((30, 61), (62, 45), (59, 119)), 8: ((10, 13), (16, 30), (33, 23))})
    rows = []
    for t in o:
        s = w // t.shape[3]
        c, r = cells(t.shape[2], t.shape[3])
        for k, (aw, ah) in enumerate(anchors[s]):
            m = t[0, 6 * k:6 * k + 6].reshape(6, -1)
            x, y = (sigmoid(m[0]) + c) * s, (sigmoid(m[1]) + r) * s
            bw, bh = aw * np.exp(m[2]), ah * np.exp(m[3])
            rows.append(np.stack([x - bw / 2, y - bh / 2, x + bw / 2, y + bh / 2, sigmoid(m[4]) * sigmoid(m[5])], 1))
    return np.concatenate(rows)


# ---- joining ----

def overlaps(a, b, least=False):
    w = np.minimum(a[2], b[:, 2]) - np.maximum(a[0], b[:, 0])
    h = np.minimum(a[3], b[:, 3]) - np.maximum(a[1], b[:, 1])
    s = np.clip(w, 0, None) * np.clip(h, 0, None)
    x, y = (a[2] - a[0]) * (a[3] - a[1]), (b[:, 2] - b[:, 0]) * (b[:, 3] - b[:, 1])
    return s / (np.minimum(x, y) if least else x + y - s)


def join(rows, overlap, average=False, extra=None):
    """Best first; a box that overlaps a kept one is dropped, or averaged into it. extra: rows beside."""
    order = np.argsort(-rows[:, 4], kind="stable")
    kept = []
    while len(order):
        best = rows[order[0]]
        over = overlaps(best, rows[order]) > overlap
        over[0] = True
        if average:
            g = rows[order[over]]
            best = np.append((g[:, :4] * g[:, 4:]).sum(0) / g[:, 4].sum(), best[4])
            kept.append(best)
        else:
            kept.append(order[0])
        order = order[~over]
    if average:
        return np.array(kept).reshape(-1, 5)
    return (rows[kept], extra[kept]) if extra is not None else rows[kept]


def merge(rows, overlap):
    """Of several passes: also one box inside another of a like size."""
    kept = []
    for r in rows[np.argsort(-rows[:, 4], kind="stable")]:
        k = np.array(kept).reshape(-1, 5)
        area, areas = (r[2] - r[0]) * (r[3] - r[1]), (k[:, 2] - k[:, 0]) * (k[:, 3] - k[:, 1])
        like = np.minimum(area, areas) >= .4 * np.maximum(area, areas)
        if not ((overlaps(r, k) > overlap) | ((overlaps(r, k, True) > .7) & like)).any():
            kept.append(r)
    return np.array(kept).reshape(-1, 5)


# ---- searching ----

def tensor(image, form):
    x = np.asarray(image, np.float32)
    if form[0] == "bgr":
        x = x[:, :, ::-1]
    return (x - np.array(form[1], np.float32)) * np.float32(form[2])


def lay(image, form, side):
    """The picture on its canvas, and what takes boxes back: scale x, y and offset x, y."""
    w, h = image.size
    size = form[5]
    if form[3] == "stretch":
        new = size
    else:
        k = side / max(w, h) if size is None else min(side / max(w, h), size[0] / w, size[1] / h)
        new = (max(1, int(w * k + 1e-9)), max(1, int(h * k + 1e-9)))
    canvas = size or tuple(-(-v // 32) * 32 for v in new)
    at = tuple((c - n) // 2 for c, n in zip(canvas, new)) if form[3] == "middle" else (0, 0)
    paper = Image.new("RGB", canvas, (form[4],) * 3)
    paper.paste(image.resize(new, Image.BILINEAR), at)
    return paper, (w / new[0], h / new[1]), at


def decode(begin, path, o, w, h):
    if begin == "yunet_2022":
        return yunet2022(o, w, h)
    if begin.startswith("ultraface"):
        return ultraface(o, w, h, "simplified" in path)
    for name, f in (("scrfd", scrfd), ("retina", retinaface), ("blaze", blazeface), ("yolov5", yolov5),
                    ("yolov8", yolov8), ("yolov3", yolov3)):
        if begin.startswith(name):
            return f(o, w, h)
    return yunet(o, w, h)


def passes(begin, form, size):
    """Sizes to look at, and the range of sizes kept of each (docs/detectors.md)."""
    side, fixed = max(size), form[5]
    if form[3] == "stretch":
        return [(max(fixed), 0, 9)]
    main = min(2 * side, min(fixed) if fixed else 416 if begin == "yolov3_face" else 640)
    list_ = [(main, 0, 9)]
    if begin.startswith(("blaze", "yolov3")):
        return list_
    fine, most, room = min(2 * side, 1280), min(side, 4000), min(fixed) if fixed else 1280
    list_ += [(160, .35, 9)] * (main > 160) + [(320, .12, .35)] * (main > 320)
    for small in [fine] * (fine > main) + [most] * (most > max(main, fine) and size[0] * size[1] > 2000000):
        list_.append((small, 0, min(.2, 64 / small) if small > room else .2))
    return list_


def along(n, most, step=32, overlap=96):
    """Tiles of n pixels: where each begins and ends, and between which centres its faces have theirs."""
    if n <= most:
        return [(0, n, -np.inf, np.inf)]
    many = -(-(n - overlap) // (most - overlap))
    span = -(-(n + (many - 1) * overlap) // many // step) * step
    begins = [i * (n - span) // (many - 1) for i in range(many)]
    middles = [-np.inf] + [(b + a + span) / 2 for a, b in zip(begins, begins[1:])] + [np.inf]
    return [(b, b + span, middles[i] - 6, middles[i + 1] + 6) for i, b in enumerate(begins)]


def parts(image, form, side):
    """The picture, or tiles of it at `side` pixels: each with where it begins and the centres that are its."""
    room = min(form[5]) if form[5] else 1280
    if form[3] == "stretch" or side <= room:
        yield image, side, (0, 0), (1, 1), (-np.inf, np.inf, -np.inf, np.inf)
        return
    level = image.resize([int(v * side / max(image.size) + 1e-9) for v in image.size], Image.BILINEAR)
    k = [a / b for a, b in zip(image.size, level.size)]
    for y0, y1, top, bottom in along(level.height, room):
        for x0, x1, left, right in along(level.width, room):
            yield level.crop((x0, y0, x1, y1)), max(x1 - x0, y1 - y0), (x0, y0), k, (left, right, top, bottom)


def look(net, begin, form, image):
    found, sizes = [np.zeros((0, 5))], passes(begin, form, image.size)
    for side, low, high in sizes:
        for part, longer, begins, scale, own in parts(image, form, side):
            paper, k, at = lay(part, form, longer)
            x = tensor(paper, form)[None]
            if not begin.startswith("blaze"):
                x = x.transpose(0, 3, 1, 2)
            rows = decode(begin, net.path, net.run(x), *paper.size)
            rows = rows[rows[:, 4] >= form[6]]
            if begin.startswith("blaze"):
                rows = join(rows, form[7], True)
            size = np.maximum(rows[:, 2] - rows[:, 0], rows[:, 3] - rows[:, 1])
            rows = rows[(size >= low * side) & (size <= high * side)]
            rows = (rows - (at[0], at[1], at[0], at[1], 0)) * (k[0], k[1], k[0], k[1], 1) + (*begins, *begins, 0)
            x, y = (rows[:, 0] + rows[:, 2]) / 2, (rows[:, 1] + rows[:, 3]) / 2
            rows = rows[(x >= own[0]) & (x <= own[1]) & (y >= own[2]) & (y <= own[3])]
            found.append(rows * (scale[0], scale[1], scale[0], scale[1], 1))
    rows = np.concatenate(found)
    return merge(rows, form[7]) if len(sizes) > 1 else join(rows, form[7])


def mtcnn(nets, form, image):
    """The cascade with a least face of 20 pixels, in the picture at 1280 at most."""
    scale = min(1, 1280 / max(image.size))
    base = image.resize((round(image.width * scale), round(image.height * scale)), Image.BILINEAR)
    rows, moves, s = [], [], 12 / 20
    while min(base.size) * s >= 12:
        size = tuple(int(np.ceil(v * s)) for v in base.size)
        x = tensor(base.resize(size, Image.BILINEAR), form)
        box, score = nets[0].run(x.transpose(1, 0, 2)[None])
        i, j = np.nonzero(score[0, :, :, 1] >= .6)
        kx, ky = base.width / size[0], base.height / size[1]
        r = np.stack([2 * i * kx, 2 * j * ky, (2 * i + 12) * kx, (2 * j + 12) * ky, score[0, i, j, 1]], 1)
        r, m = join(r, .5, extra=box[0, i, j])
        rows.append(r)
        moves.append(m)
        s *= .709
    rows, moves = join(np.concatenate(rows), .7, extra=np.concatenate(moves))
    for net, size, least in ((nets[1], 24, .7), (nets[2], 48, form[6])):
        w, h = rows[:, 2:3] - rows[:, 0:1], rows[:, 3:4] - rows[:, 1:2]
        r = rows[:, :4] + moves * np.concatenate([w, h, w, h], 1)
        c, side = (r[:, :2] + r[:, 2:]) / 2, np.maximum(r[:, 2] - r[:, 0], r[:, 3] - r[:, 1])[:, None]
        square = np.concatenate([c - side / 2, c + side / 2], 1)
        if not len(square):
            return rows
        x = np.stack([tensor(base.transform((size, size), Image.EXTENT, tuple(q), Image.BILINEAR) if q[2] - q[0] < 3 * size
                             else base.crop(tuple(np.round(q).astype(int))).resize((size, size), Image.BILINEAR), form)
                      for q in square])
        o = net.run(x.transpose(0, 2, 1, 3))
        score, moves = (next(t for t in o if t.shape[1] == n) for n in (2, 4))
        keep = score[:, 1] >= least
        rows = np.concatenate([square, score[:, 1:]], 1)[keep]
        moves = moves[keep]
        if size == 24:
            rows, moves = join(rows, .7, extra=moves)
    w, h = rows[:, 2:3] - rows[:, 0:1], rows[:, 3:4] - rows[:, 1:2]
    rows[:, :4] += moves * np.concatenate([w, h, w, h], 1)
    rows = merge(rows, form[7])
    rows[:, :4] /= scale
    return rows


def theirs(kao, path, picture, least):
    out = subprocess.run([kao, "detect", "--upright", "--json", "--min-score", str(least), "-d", path, picture],
                         capture_output=True, check=True, text=True).stdout
    return np.array([[b[0], b[1], b[0] + b[2], b[1] + b[3], f["score"]] for f in json.loads(out)["faces"]
                     for b in [f["box"]]]).reshape(-1, 5)


def main():
    split = sys.argv.index("--")
    kao, models, pictures = sys.argv[1], sys.argv[2:split], sys.argv[split + 1:]
    far = cases = 0
    print("model\tpicture\tNumPy\tkao\tsame\toverlap\tscores differ by")
    with tempfile.TemporaryDirectory() as folder:
        for path in models:
            begin, form = form_of(path)
            nets = [Net(kao, path, folder)]
            if begin == "mtcnn":
                nets += [Net(kao, path.replace("pnet", n), folder) for n in ("rnet", "onet")]
            for picture in pictures:
                image = ImageOps.exif_transpose(Image.open(picture)).convert("RGB")
                ours = mtcnn(nets, form, image) if begin == "mtcnn" else look(nets[0], begin, form, image)
                other = theirs(kao, path, picture, form[6])
                pairs = []
                for a in other:
                    v = overlaps(a, ours) if len(ours) else np.zeros(1)
                    if v.max(initial=0) >= .6:
                        pairs.append((v.max(), abs(ours[v.argmax(), 4] - a[4])))
                mean = np.mean(pairs, 0) if pairs else (np.nan, np.nan)
                print("%s\t%s\t%d\t%d\t%d\t%.3f\t%.3f" % (os.path.basename(path), os.path.basename(picture), len(ours),
                                                         len(other), len(pairs), *mean), flush=True)
                cases += 1
                far += abs(len(ours) - len(other)) > 1
    print("%d of %d cases differ by more than one face" % (far, cases))


if __name__ == "__main__":
    main()
