"""Values for tests/eval/test_scores.c: verification statistics by NumPy, each from its
definition, on 203 pairs with many ties.

    python3 tests/data/make_scores.py >tests/data/expected_scores.h      (Debian: python3-numpy)
"""
import math

import numpy as np

N = 203
same = np.array([(i * i + i // 7) % 3 != 0 for i in range(N)])
draw = np.array([(i * 7919 + i * i * 104729) % 1000003 / 1000003 for i in range(N)])
hundredths = np.round(np.where(same, 30, -10) + 70 * (draw - .4)).astype(int)
score = hundredths / 100.0


def folds(n):
    distance = 2 - 2 * score
    grid = np.arange(0, 4, .01)
    accuracy, threshold = [], []
    for held in np.array_split(np.arange(N), n):
        rest = np.setdiff1d(np.arange(N), held)
        right = [np.mean((distance[rest] < t) == same[rest]) for t in grid]
        t = grid[int(np.argmax(right))]
        threshold.append(1 - t / 2)
        accuracy.append(np.mean((distance[held] < t) == same[held]))
    return np.array(accuracy), np.array(threshold)


def tar(far):
    genuine, impostor = score[same], np.sort(score[~same])[::-1]
    k = math.floor(far * len(impostor) + 1e-9)
    t = impostor[k] if k < len(impostor) else -2
    return t, np.sum(genuine > t), np.sum(impostor > t)


def eer():
    """Both rates at every score, from the largest down; the first segment that crosses."""
    genuine, impostor = score[same], score[~same]
    points = [(None, 0., 1.)]
    points += [(t, np.mean(impostor >= t), np.mean(genuine < t)) for t in np.unique(score)[::-1]]
    for (t0, a0, r0), (t1, a1, r1) in zip(points, points[1:]):
        if a1 >= r1:
            part = (r0 - a0) / ((r0 - a0) + (a1 - r1))
            return a0 + part * (a1 - a0), t0 + part * (t1 - t0)


def array(kind, name, values, form):
    print('static const %s %s[] = {' % (kind, name))
    values = [form % v for v in values]
    for i in range(0, len(values), 16 if kind != 'double' else 4):
        print('    ' + ' '.join(v + ',' for v in values[i:i + (16 if kind != 'double' else 4)]))
    print('};')


print('/* Written by make_scores.py; do not edit. */')
print('#ifndef KAO_TESTS_EXPECTED_SCORES_H\n#define KAO_TESTS_EXPECTED_SCORES_H\n')
array('int', 'scored_hundredths', hundredths, '%d')
array('int', 'scored_same', same.astype(int), '%d')
for n in (10, 7):
    a, t = folds(n)
    array('double', 'folds_%d_accuracy' % n, a, '%.15g')
    array('double', 'folds_%d_threshold' % n, t, '%.15g')
    array('double', 'folds_%d_summary' % n, [a.mean(), a.std(), a.std(ddof=1) / math.sqrt(n)], '%.15g')
diff = score[same][:, None] - score[~same][None, :]
rate, at = eer()
array('double', 'curve_auc_eer_at', [np.mean(diff > 0) + np.mean(diff == 0) / 2, rate, at], '%.15g')
array('double', 'tar_fars', [0, .01, .1, .5, 1], '%.15g')
rows = [tar(f) for f in (0, .01, .1, .5, 1)]
array('double', 'tar_thresholds', [r[0] for r in rows], '%.15g')
array('int', 'tar_accepted', [r[1] for r in rows], '%d')
array('int', 'tar_false', [r[2] for r in rows], '%d')
array('int', 'histogram_7', np.histogram(score, bins=7, range=(-1, 1))[0], '%d')
print('\n#endif')
