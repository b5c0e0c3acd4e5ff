"""Checks of kao eval that the shell cannot do. usage: check_eval.py WHAT ARGUMENT..."""
import io
import json
import math
import os
import pickle
import re
import subprocess
import sys
import tarfile
from xml.dom import minidom


def need(condition, *words):
    if not condition:
        sys.exit("    " + " ".join(str(w) for w in words))


def read_scores(path):
    rows = [line.rstrip("\n").split("\t") for line in open(path, encoding="utf-8")]
    return [(a, b, same == "1", float(score)) for a, b, same, score in rows]


def pack(folder, tar, bin_, pairs):
    """The folder's pictures as a plain tar, and the pairs of a list as an insightface set."""
    with tarfile.open(tar, "w", format=tarfile.USTAR_FORMAT) as t:
        for root, _, names in sorted(os.walk(folder)):
            for name in sorted(names):
                path = os.path.join(root, name)
                data = open(path, "rb").read()
                info = tarfile.TarInfo(os.path.relpath(path, folder))
                info.size = len(data)
                t.addfile(info, io.BytesIO(data))
    lines = [line.split() for line in open(pairs) if not line.startswith("#")]
    pictures = [open(os.path.join(folder, x), "rb").read() for a, b, _ in lines for x in (a, b)]
    pickle.dump((pictures, [s == "1" for _, _, s in lines]), open(bin_, "wb"), protocol=4)


def cosines(scores, folder, kao, *options):
    """Each similarity is that of the vectors which kao embed gives for the two crops."""
    rows = read_scores(scores)
    names = sorted({n for row in rows for n in row[:2]})
    out = subprocess.run([kao, "embed", "--no-detect", "--json", *options] + [os.path.join(folder, n) for n in names],
                         capture_output=True, check=True).stdout
    vectors = {n: json.loads(line)["embedding"] for n, line in zip(names, out.splitlines())}
    for a, b, _, score in rows:
        want = math.fsum(x * y for x, y in zip(vectors[a], vectors[b]))
        need(abs(score - want) < 2e-6, a, b, score, want)


def same_scores(a, b):
    """The same truths and similarities, whatever the pictures are called."""
    need([row[2:] for row in read_scores(a)] == [row[2:] for row in read_scores(b)], a, "is not", b)


def people(scores, folder, times):
    """All same pairs, so many times as many different ones, none twice."""
    rows = read_scores(scores)
    names = [os.path.relpath(os.path.join(r, n), folder) for r, _, ns in os.walk(folder) for n in ns]
    person = os.path.dirname
    all_same = {frozenset((a, b)) for a in names for b in names if a != b and person(a) == person(b)}
    all_pairs = [frozenset(row[:2]) for row in rows]
    need(len(set(all_pairs)) == len(all_pairs), "a pair twice")
    need({p for p, row in zip(all_pairs, rows) if row[2]} == all_same, "not all same pairs")
    need(all(row[2] == (person(row[0]) == person(row[1])) for row in rows), "a wrong truth")
    need(len(rows) == len(all_same) * (1 + int(times)), len(rows), "pairs")


def figures(path, scores, n_folds):
    """The figures in the JSON, computed again from the similarities."""
    o, rows = json.load(open(path)), read_scores(scores)
    need(o["pairs"] == len(rows) and o["same"] == sum(r[2] for r in rows), o["pairs"], o["same"])
    same = [r[3] for r in rows if r[2]]
    other = [r[3] for r in rows if not r[2]]
    auc = sum((a > b) + (a == b) / 2 for a in same for b in other) / len(same) / len(other)
    need(abs(o["auc"] - auc) < 1e-6, "auc", o["auc"], auc)

    def right(row, t):
        return (2 - 2 * row[3] < t) == row[2]
    n, k, grid = len(rows), int(n_folds), [i * .01 for i in range(400)]
    accuracy, begin = [], 0
    for i in range(k):
        end = begin + n // k + (i < n % k)
        rest, held = rows[:begin] + rows[end:], rows[begin:end]
        best = max(grid, key=lambda t: (sum(right(r, t) for r in rest), -t))
        accuracy.append(sum(right(r, best) for r in held) / len(held))
        begin = end
    need(len(o["folds"]["accuracy"]) == k, "folds", len(o["folds"]["accuracy"]))
    need(all(abs(a - b) < 1e-6 for a, b in zip(o["folds"]["accuracy"], accuracy)), o["folds"]["accuracy"], accuracy)
    need(abs(o["folds"]["mean"] - sum(accuracy) / k) < 1e-6, "mean", o["folds"]["mean"])


def page(path, *words):
    """A page that needs nothing beside it, with plots that are XML, and these words."""
    text = open(path, encoding="utf-8").read()
    plots = text.split("<svg ")[1:]
    need(len(plots) == (3 if "ROC" in text else 2), len(plots), "plots")
    for p in plots:
        minidom.parseString("<svg " + p[:p.index("</svg>") + 6])
    need("src=" not in text and "href=" not in text and "url(" not in text, "refers to something beside it")
    need("prefers-color-scheme" in text, "one screen alone")
    for w in words:
        need(w in text, "no", w)


def groups(path, folder, labels, kao, threshold):
    """Pairs and matches of each group, counted again from the vectors of kao embed."""
    o = json.load(open(path))
    of = dict(line.split()[:2] for line in open(labels) if not line.startswith("#"))
    names = list(of)
    out = subprocess.run([kao, "embed", "--no-detect", "--json"] + [os.path.join(folder, n) for n in names],
                         capture_output=True, check=True).stdout
    vectors = [json.loads(line)["embedding"] for line in out.splitlines()]
    want = {}
    for i, a in enumerate(names):
        for k in range(i + 1, len(names)):
            cell = want.setdefault(frozenset((of[a], of[names[k]])), [0, 0])
            cell[0] += 1
            cell[1] += math.fsum(x * y for x, y in zip(vectors[i], vectors[k])) >= float(threshold)
    got = {frozenset((g["group"], g.get("with", g["group"]))): [g["pairs"], g["matches"]]
           for g in o["groups"] + o["across"] if g["pairs"]}
    need(got == want, got, want)
    need(o["all"]["pairs"] == len(names) * (len(names) - 1) // 2, o["all"])


def alike(folder, kao, model, same):
    """The similarities of one person's pictures, or of different people's, largest first, from the vectors of kao embed."""
    names = sorted(os.path.relpath(os.path.join(r, n), folder) for r, _, ns in os.walk(folder) for n in ns)
    out = subprocess.run([kao, "embed", "--no-detect", "--json", "-m", model] + [os.path.join(folder, n) for n in names],
                         capture_output=True, check=True).stdout
    vectors = [json.loads(line)["embedding"] for line in out.splitlines()]
    pairs = [(math.fsum(x * y for x, y in zip(vectors[i], vectors[k])), names[i], names[k])
             for i in range(len(names)) for k in range(i)
             if (os.path.dirname(names[i]) == os.path.dirname(names[k])) is same]
    return sorted(pairs, reverse=True)


def strangers(folder, kao, model):
    return alike(folder, kao, model, False)


def counted(rows, all_pairs, most_off):
    """Each (similarity, rate): so many of the pairs reach it."""
    for similarity, rate in rows:
        reached = sum(p[0] >= similarity - 1e-6 for p in all_pairs)
        need(abs(reached - rate * len(all_pairs)) <= most_off, similarity, rate, reached, len(all_pairs))


def calibration(path, folder, kao, model):
    o, all_pairs = json.load(open(path)), strangers(folder, kao, model)
    need(o["different"] == len(all_pairs), o["different"])
    rows = [(p["similarity"], p["far"]) for p in o["curve"] if not p["extrapolated"]]
    need([round(f * len(all_pairs)) for _, f in rows] == [240, 76, 24, 10], rows)
    counted(rows, all_pairs, 1e-6)
    for got, want in zip(o["most_alike"], all_pairs):
        need(abs(got["similarity"] - want[0]) < 1e-5, got, want)
    need(len(o["most_alike"]) == 5)
    for r in o["rates"]:
        need(r["far_95"][0] < r["far"] < r["far_95"][1], r)
        need(0 <= r["tar"] <= 1, r)


def calibration_tail(path):
    rates = json.load(open(path))["rates"]
    fitted = [r["far_95"] for r in rates if r["extrapolated"]]
    need(fitted and all(x is None for x in fitted), rates)
    counted_ones = [r for r in rates if not r["extrapolated"] and r["far_95"]]
    need(counted_ones and all(r["far_95"][0] < r["far"] < r["far_95"][1] for r in counted_ones), rates)


def calibration_page(path, folder, kao, model):
    """The bars of the page are the shares of the pairs, by the vectors of kao embed; no tail was fitted."""
    text = open(path, encoding="utf-8").read()
    plot = "<svg " + text.split("<svg ")[2]
    tics = [(float(y), float(v)) for y, v in re.findall(r'y="([0-9.]+)" text-anchor="end">([0-9.]+)<', plot)]
    (y0, v0), (y1, v1) = tics[0], tics[-1]
    for kind, same in (("a", True), ("b", False)):
        drawn = re.search(r'class="%s filled" d="M([^"]*) Z"' % kind, plot).group(1).replace("L", "")
        bars = [v0 + (float(y) + 4 - y0) / (y1 - y0) * (v1 - v0) for y in drawn.split()[3:-2:4]]
        own = [p[0] for p in alike(folder, kao, model, same)]
        for i, bar in enumerate(bars):
            # a pair at the border of two bars may be in either
            most, least = (sum(-1 + i / 50 - by <= s < -1 + (i + 1) / 50 + by or i == 99 and s >= 1
                               for s in own) / len(own) for by in (1e-6, -1e-6))
            need(least - 2e-3 < bar < most + 2e-3, kind, i, bar, least, most)
        need(len(bars) == 100, len(bars))
    need("from a fitted tail" not in text)


def card_rows(path):
    return dict(line.rstrip("\n").split(" = ", 1) for line in open(path) if " = " in line)


def curve(text):
    return [tuple(float(x) for x in p.rstrip("~").split(":")) for p in text.split()]


def calibration_card(path, folder, kao, model):
    all_pairs = strangers(folder, kao, model)
    # four decimals of a similarity may pass a pair or two
    counted([(s, 10 ** f) for s, f in curve(card_rows(path)["calibration.none"])], all_pairs, 3)


def same_quantiles(path, card, folder, kao, model):
    """Of the same person's pairs so many are below, by the vectors of kao embed: output and card alike."""
    own, o = alike(folder, kao, model, True), json.load(open(path))
    first, *points = card_rows(card)["same.none"].split()
    need(int(first) == o["same"] == len(own), first, o["same"], len(own))
    card_points = [tuple(float(x) for x in p.split(":")) for p in points]
    rows = [(q["similarity"], q["below"]) for q in o["same_quantiles"]]
    need([round(s, 4) for s, _ in rows] == [s for s, _ in card_points], rows, card_points)
    need([b for _, b in rows] == [b for _, b in card_points], rows, card_points)
    need([b for _, b in rows] == [.1, .2, .3, .4, .5, .6, .7, .8, .9], rows)
    for similarity, share in rows:
        # to a bin of 1.2e-4: at its upper end the pair that is counted is below, another may be, too
        least = sum(p[0] < similarity - 2 / (1 << 14) - 1e-6 for p in own)
        most = sum(p[0] < similarity + 1e-6 for p in own)
        need(least <= share * len(own) + 1e-6 and most >= share * len(own) - 1e-6, similarity, share, least, most)


def calibration_groups(path, folder, labels, kao, model):
    o, all_pairs = json.load(open(path)), strangers(folder, kao, model)
    of = {l.split()[0]: l.split()[1].replace("_", " ") for l in open(labels) if not l.startswith("#")}
    need([g["group"] for g in o["groups"]] == ["A B", "C"], o["groups"])
    for g in o["groups"]:
        # each picture is another person there: a person's own two count, too
        own = [p for p in all_pairs if of[p[1]] == of[p[2]] == g["group"]]
        need(g["pairs"] == 190 and g["pictures"] == 20, g["pairs"])
        for r in g["rates"]:
            reached = sum(p[0] >= r["similarity"] - 1e-6 for p in own)
            n = None if r["far"] is None else r["far"] * g["pairs"]
            need(n is None or reached <= n + 1e-6 <= reached + 10 + 1e-5, r, reached)
            need(reached < 10 if n is None else n >= 10 - 1e-6, r, reached)


def odds(path, card, far, of):
    """Threshold, rate, the worst group's and the likelihood ratio, by hand from the card."""
    o, rows = json.load(open(path)), card_rows(card)

    def rate_at(points, s):
        for (s0, f0), (s1, f1) in zip(points, points[1:]):
            if s0 <= s <= s1:
                return 10 ** (f0 + (s - s0) / (s1 - s0) * (f1 - f0))
        return None

    def threshold_at(points, f):
        for (s0, f0), (s1, f1) in zip(points, points[1:]):
            if f0 >= f >= f1:
                return s0 + (f0 - f) / (f0 - f1) * (s1 - s0)

    every = curve(rows["calibration.none"])
    groups = {k.split(".", 2)[2]: curve(v) for k, v in rows.items() if k.startswith("calibration.none.")}
    want = [threshold_at(c, math.log10(float(far))) for c in (groups.values() if of == "worst" else [every])]
    need(abs(o["threshold"] - max(want)) < 1e-5, o["threshold"], want)
    need(o["same"] is (o["similarity"] >= o["threshold"]))
    s = o["similarity"]
    at = rate_at(every, s)
    need(o["far"] == 1e-6 and o["far_is"] == "at_most" if at is None else abs(o["far"] / at - 1) < 1e-4, o["far"], at)
    # a curve that begins above the similarity: so much at least
    worst = [(10 ** c[0][1] if s < c[0][0] else rate_at(c, s), g) for g, c in groups.items() if s <= c[-1][0]]
    need(o["far_worst_group"] is None if not worst else abs(o["far_worst_group"] / max(worst)[0] - 1) < 1e-4, o, worst)
    need(o["worst_group"] == (max(worst)[1] if worst else None), o["worst_group"])
    ratio = math.exp(max(-16, min(16, 10 * s - 3)))
    need(abs(o["likelihood_ratio"] / ratio - 1) < 1e-4, o["likelihood_ratio"], ratio)


def identify(path, scores, folder, kao, threshold):
    """Entries, similarities, ranks and rates again, from the vectors of kao embed."""
    o, t = json.load(open(path)), float(threshold)
    rows = [line.rstrip("\n").split("\t") for line in open(scores)]
    names = [row[0] for row in rows]
    out = subprocess.run([kao, "embed", "--no-detect", "--json"] + [os.path.join(folder, n) for n in names],
                         capture_output=True, check=True).stdout
    vectors = {n: json.loads(line)["embedding"] for n, line in zip(names, out.splitlines())}
    entries = {}
    for name, role, *_ in rows:
        person = os.path.dirname(name)
        if role == "gallery":
            need(len(entries.setdefault(person, [])) < o["enroll"], name, "is one too many")
            entries[person].append(vectors[name])
        elif role == "mated":
            need(len(entries[person]) == o["enroll"], name, "comes before its entry")
    for person, of in entries.items():
        need(len(of) == o["enroll"], person)
        mean = [math.fsum(x) for x in zip(*of)]
        entries[person] = [x / math.sqrt(math.fsum(y * y for y in mean)) for x in mean]
    found, strangers, left_out = [], [], 0
    for name, role, similarity, other, rank in rows:
        person = os.path.dirname(name)
        all_ = {p: math.fsum(x * y for x, y in zip(v, vectors[name])) for p, v in entries.items()}
        if role == "mated":
            mate = all_.pop(person)
            best = max(all_.values(), default=-2)
            need(abs(float(similarity) - mate) < 2e-6 and abs(float(other) - best) < 2e-6, name, mate, best)
            need(int(rank) == 1 + sum(x >= mate for x in all_.values()), name, rank)
            found.append((float(similarity), int(rank)))
        elif role == "stranger":
            need(person not in entries, person, "is no stranger")
            need(abs(float(similarity) - max(all_.values())) < 2e-6, name, similarity)
            strangers.append(float(similarity))
        left_out += role == "unused"
    need((o["gallery"], o["mated_probes"], o["stranger_probes"], o["of_unknown_people"]) ==
         (len(entries), len(found), len(strangers), left_out), o, len(entries), len(found), len(strangers))
    for r in o["ranks"]:
        need(abs(r["hit"] - sum(rank <= r["rank"] for _, rank in found) / len(found)) < 1e-9, r)
        need(r["hit_95"][0] <= r["hit"] <= r["hit_95"][1], r)
    for r in o["fnir_at_fpir"]:
        allowed = int(r["fpir"] * len(strangers) + 1e-9)
        need((r["fnir"] is not None) == (allowed >= 1), r)
        if allowed:
            at = sorted(strangers)[-allowed - 1]
            need(abs(r["fnir"] - sum(s <= at for s, _ in found) / len(found)) < 1e-9, r)
            need(abs(r["fnir_rank_1"] - sum(s <= at or k > 1 for s, k in found) / len(found)) < 1e-9, r)
    at = o["at"]
    need(abs(at["fpir"] - sum(s >= t for s in strangers) / len(strangers)) < 1e-9, at, strangers)
    need(abs(at["fnir"] - sum(s < t for s, _ in found) / len(found)) < 1e-9, at, found)


def first_fold(pairs, expected, to):
    """The first fold of LFW's list as a list of its own."""
    lines = open(pairs).read().splitlines()
    open(to, "w").write("\n".join(["1\t300"] + lines[1:601]) + "\n")
    need(os.path.exists(expected), expected)


def lfw(scores, expected, column):
    """Similarities against those that ONNX Runtime gives, in the order of the list."""
    lines = [line.rstrip("\n").split("\t") for line in open(expected) if not line.startswith("#")]
    at, got = lines[0].index(column), read_scores(scores)
    need(len(got) == 600, len(got))
    for row, want in zip(got, lines[1:]):
        need(abs(row[3] - float(want[at])) < 2e-5, row, want[at])


def found_by(kao, folder, names):
    """Scores and boxes by kao detect, from .1 up."""
    out = subprocess.run([kao, "detect", "--json", "--min-score", ".1"] + [os.path.join(folder, n) for n in names],
                         capture_output=True, check=True).stdout
    return {n: [(f["score"], f["box"]) for f in json.loads(line)["faces"]]
            for n, line in zip(names, out.splitlines())}


def annotate(to, kao, folder, *names):
    """Boxes of kao detect as the truth, but each third one moved far away, with a face of 5
    pixels and a marked one in every picture."""
    with open(to, "w") as f:
        count = 0
        for n, faces in found_by(kao, folder, names).items():
            f.write("%s\n%d\n900 900 5 5 0 0 0 0 0 0\n800 800 60 60 0 0 0 1 0 0\n" % (n, len(faces) + 2))
            for _, (x, y, w, h) in faces:
                count += 1
                f.write("%g %g %g %g 0 0 0 0 0 0\n" % (x + (400 if count % 3 == 0 else 1), y, w, h))


def read_boxes(path):
    lines = [line.strip() for line in open(path) if line.strip()]
    boxes, i = {}, 0
    while i < len(lines):
        n = int(lines[i + 1])
        boxes[lines[i]] = [list(map(float, line.split())) for line in lines[i + 2:i + 2 + n]]
        i += 2 + n
    return boxes


def overlap(a, b):
    x = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    y = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    both = x * y if x > 0 and y > 0 else 0
    return both / (a[2] * a[3] + b[2] * b[3] - both)


def detections(path, annotations, folder, kao, most):
    """Recall and AP again, from the boxes of kao detect; so many hits may differ, since those
    boxes are rounded to hundredths of a pixel."""
    o, truth = json.load(open(path)), read_boxes(annotations)
    found, outcomes, n = found_by(kao, folder, list(truth)), [], 0
    for picture, boxes in truth.items():
        count = [min(b[2:4]) >= o["min_size"] and not (len(b) > 7 and b[7]) for b in boxes]
        n += sum(count)
        free = set(range(len(boxes)))
        for score, box in sorted(found[picture], reverse=True):
            best = max(((overlap(box, boxes[i]), i) for i in free if count[i]), default=(0, None))
            if best[0] >= o["overlap"]:
                free.discard(best[1])
                outcomes.append((score, 1))
            elif min(box[2:]) >= o["min_size"] and not any(
                    overlap(box, b) >= o["overlap"] for b, c in zip(boxes, count) if not c):
                outcomes.append((score, 0))
    need(o["faces"] == n, o["faces"], "faces, wanted", n)
    outcomes.sort(key=lambda x: (-x[0], x[1]))
    ends = [i for i in range(len(outcomes)) if i + 1 == len(outcomes) or outcomes[i + 1][0] < outcomes[i][0]]
    hits = [sum(hit for _, hit in outcomes[:i + 1]) for i in range(len(outcomes))]
    for point in o["recall_at"]:
        want = max((hits[i] for i in ends if i + 1 - hits[i] <= point["false_allowed"]), default=0)
        need(abs(point["recall"] * n - want) <= int(most) + 1e-6, point, want / n)
    ap = sum(max(h / (k + 1) for k, h in enumerate(hits[i:], i)) for i in range(len(hits)) if outcomes[i][1]) / n
    need(abs(o["ap"] - ap) <= int(most) / n + 1e-6, "ap", o["ap"], ap)


globals()[sys.argv[1].replace("-", "_")](*sys.argv[2:])
