"""Values for tests/eval/test_track_score.c: figures of tracking by NumPy, each from its definition in
src/eval/track_score.h, all assignments tried, on small random videos.

    python3 tests/data/make_tracks.py >tests/data/expected_tracks.h      (Debian: python3-numpy)
"""
import itertools

import numpy as np

FRAMES, OVERLAP = 14, .5
ALPHAS = np.arange(1, 20) / 20


def video(seed):
    """People who walk through each other, and boxes found: shifted, missing, false, of changing
    identity. Rows of frame, id, x, y, width, height, the last four in tenths of a pixel."""
    r = np.random.default_rng(seed)
    n = int(r.integers(2, 5))
    start, speed = r.uniform(0, 300, n), r.uniform(-12, 12, n)
    name = list(r.permutation(9)[:n] + 1)
    truth, found = [], []
    for t in range(1, FRAMES + 1):
        if r.random() < .25 and n > 1:  # two swap their tracks
            a, b = r.permutation(n)[:2]
            name[a], name[b] = name[b], name[a]
        if r.random() < .15:
            name[int(r.integers(n))] = int(max(name) + 1)
        for i in range(n):
            box = np.array([start[i] + speed[i] * t, 50 + 5 * i, 60, 80]) * 10
            there = r.random() > .12
            if there:
                truth.append([t, 10 * i + 3, *np.rint(box).astype(int)])
            if r.random() > .2 and (there or r.random() < .3):
                found.append([t, int(name[i]), *np.rint(box + r.normal(0, 60, 4)).astype(int)])
        if r.random() < .2:
            found.append([t, 77, *r.integers(100, 900, 4)])
    return [truth[i] for i in r.permutation(len(truth))], [found[i] for i in r.permutation(len(found))]


def overlap(a, b):
    x = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    y = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    both = x * y if x > 0 and y > 0 else 0
    return both / (a[2] * a[3] + b[2] * b[3] - both)


def assignments(n, m):
    """All sets of pairs of n rows and m columns, each in one pair at most."""
    for k in range(min(n, m) + 1):
        for rows in itertools.combinations(range(n), k):
            for cols in itertools.permutations(range(m), k):
                yield list(zip(rows, cols))


def by_frame(rows, t):
    return {row[1]: row[2:] for row in rows if row[0] == t}


def frames(truth, found):
    for t in range(1, FRAMES + 1):
        a, b = by_frame(truth, t), by_frame(found, t)
        yield t, sorted(a), sorted(b), np.array([[overlap(a[i], b[k]) for k in sorted(b)] for i in sorted(a)])


def clear(truth, found):
    history = {}  # of each person: a list of the tracks that it is matched with, None where it is missed
    overlaps, last = [], {}
    for t, people, tracks, o in frames(truth, found):
        pairs = {p: last[p] for p in people if last.get(p) in tracks and
                 o[people.index(p), tracks.index(last[p])] >= OVERLAP}
        left = [p for p in people if p not in pairs]
        free = [k for k in tracks if k not in pairs.values()]
        best, best_value = [], (-1, 0)
        for some in assignments(len(left), len(free)):
            values = [o[people.index(left[i]), tracks.index(free[k])] for i, k in some]
            if all(v >= OVERLAP for v in values) and (len(some), sum(values)) > best_value:
                best, best_value = some, (len(some), sum(values))
        pairs.update({left[i]: free[k] for i, k in best})
        overlaps += [o[people.index(p), tracks.index(k)] for p, k in pairs.items()]
        for p in people:
            history.setdefault(p, []).append(pairs.get(p))
        last = pairs
    switches = fragments = tracked = lost = 0
    for of in history.values():
        matched = [k for k in of if k is not None]
        switches += sum(a != b for a, b in zip(matched, matched[1:]))
        runs = [k for k, _ in itertools.groupby(of, lambda k: k is not None)]
        fragments += max(sum(runs) - 1, 0)
        tracked += len(matched) >= .8 * len(of)
        lost += len(matched) < .2 * len(of)
    n, wrong = len(overlaps), len(truth) + len(found) - 2 * len(overlaps) + switches
    return [n, switches, fragments, tracked, lost], [1 - wrong / len(truth), np.mean(overlaps)]


def identity(truth, found):
    people, tracks = sorted({r[1] for r in truth}), sorted({r[1] for r in found})
    common = np.zeros((len(people), len(tracks)), int)
    for _, ps, ks, o in frames(truth, found):
        for (i, p), (j, k) in itertools.product(enumerate(ps), enumerate(ks)):
            common[people.index(p), tracks.index(k)] += o[i, j] >= OVERLAP
    best = max(sum(common[i, k] for i, k in some) for some in assignments(*common.shape))
    return best, 2 * best / (len(truth) + len(found))


def hota(truth, found):
    people, tracks = sorted({r[1] for r in truth}), sorted({r[1] for r in found})
    of_person = np.array([sum(r[1] == p for r in truth) for p in people])[:, None]
    of_track = np.array([sum(r[1] == k for r in found) for k in tracks])[None, :]
    s = np.zeros((len(people), len(tracks)))
    for _, ps, ks, o in frames(truth, found):
        for (i, p), (j, k) in itertools.product(enumerate(ps), enumerate(ks)):
            if o[i, j] > 0:
                s[people.index(p), tracks.index(k)] += o[i, j] / (o[i].sum() + o[:, j].sum() - o[i, j])
    alignment = s / (of_person + of_track - s)
    matches = []
    for _, ps, ks, o in frames(truth, found):
        worth = [[o[i, j] * alignment[people.index(p), tracks.index(k)] for j, k in enumerate(ks)]
                 for i, p in enumerate(ps)]
        best = max(assignments(len(ps), len(ks)), key=lambda some: sum(worth[i][j] for i, j in some))
        matches += [(people.index(ps[i]), tracks.index(ks[j]), o[i, j]) for i, j in best]
    det, ass = [], []
    for alpha in ALPHAS:
        n = np.zeros(s.shape)
        for i, k, v in matches:
            n[i, k] += v >= alpha
        det.append(n.sum() / (len(truth) + len(found) - n.sum()))
        ass.append((n * n / (of_person + of_track - n)).sum() / n.sum() if n.sum() else 0)
    return [np.mean(np.sqrt(np.array(det) * ass)), np.mean(det), np.mean(ass)]


def rows(name, values):
    print('static const short %s[][6] = {' % name)
    for i in range(0, len(values), 4):
        print('    ' + ' '.join('{ %s },' % ', '.join(map(str, v)) for v in values[i:i + 4]))
    print('};')


print('/* Written by make_tracks.py; do not edit. */')
print('#ifndef KAO_TESTS_EXPECTED_TRACKS_H\n#define KAO_TESTS_EXPECTED_TRACKS_H\n')
out = []
for seed in range(6):
    truth, found = video(seed)
    rows('truth_%d' % seed, truth)
    rows('found_%d' % seed, found)
    (n, *counts), (mota, motp) = clear(truth, found)
    common, idf1 = identity(truth, found)
    out.append('    { truth_%d, %d, found_%d, %d, { %s }, { %s } },' % (
        seed, len(truth), seed, len(found), ', '.join(map(str, [n, *counts, common])),
        ', '.join('%.12g' % v for v in [mota, motp, idf1, *hota(truth, found)])))
print('''/* matched, switches, fragments, mostly tracked, mostly lost, in common; MOTA, MOTP, IDF1, HOTA, DetA, AssA */
static const struct {
    const short (*truth)[6];
    int n_true;
    const short (*found)[6];
    int n_found, counts[6];
    double shares[6];
} tracked[] = {''')
print('\n'.join(out))
print('};\n\n#endif')
