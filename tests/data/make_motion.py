#!/usr/bin/env python3
"""Expected values for tests/track/test_motion.c: the filter of src/track/motion.h with whole
matrices in NumPy. Prints the header."""
import numpy as np

SEEN = (.06, .06, .08)
START = (4, 4, 1)
TURN = (12, 12, 3)


class Filter:
    def __init__(self, z, s):
        unit = (s, s, 1)
        self.x = [np.array([z[i], 0.0]) for i in range(3)]
        self.p = [np.diag([(SEEN[i] * unit[i]) ** 2, (START[i] * unit[i]) ** 2]) for i in range(3)]

    def predict(self, dt, hidden):
        s = np.exp(self.x[2][0])
        keeps = 2 ** (-dt / .5) if hidden else 1.0
        f = np.array([[1, dt], [0, keeps]])
        g = np.array([dt * dt / 2, dt])
        for i in range(3):
            unit = s if i < 2 else 1.0
            self.x[i] = f @ self.x[i]
            self.p[i] = f @ self.p[i] @ f.T + np.outer(g, g) * (TURN[i] * unit) ** 2
            most = (3 * unit) ** 2
            if self.p[i][0, 0] > most:
                self.p[i] = self.p[i] * most / self.p[i][0, 0]

    def distance(self, z):
        s = np.exp(self.x[2][0])
        return sum((z[i] - self.x[i][0]) ** 2 / (self.p[i][0, 0] + (SEEN[i] * (s if i < 2 else 1)) ** 2)
                   for i in range(3))

    def update(self, z, s):
        h = np.array([[1.0, 0.0]])
        for i in range(3):
            r = (SEEN[i] * (s if i < 2 else 1)) ** 2
            k = self.p[i] @ h.T / (h @ self.p[i] @ h.T + r)
            self.x[i] = self.x[i] + (k * (z[i] - self.x[i][0])).ravel()
            self.p[i] = (np.eye(2) - k @ h) @ self.p[i]


steps = [  # dt, x, y, w, h; w 0: hidden
    (0, 100, 80, 40, 50), (.04, 104, 80, 40, 50), (.04, 109, 81, 41, 50), (.04, 113, 82, 41, 51),
    (.2, 130, 86, 42, 53), (.2, 0, 0, 0, 0), (1.0, 0, 0, 0, 0), (3.0, 0, 0, 0, 0), (.04, 160, 100, 50, 60),
    (.04, 162, 100, 50, 60),
]
print("/* Made by make_motion.py. dt; x, y, width, height; distance before the update; centre, size after. */")
print("static const double motion_steps[][9] = {")
m = None
for dt, x, y, w, h in steps:
    z, s = (x + w / 2, y + h / 2, np.log(np.sqrt(w * h)) if w else 0), np.sqrt(w * h)
    d = 0.0
    if m is None:
        m = Filter(z, s)
    else:
        m.predict(dt, w == 0)
        if w:
            d = m.distance(z)
            m.update(z, s)
    print("    { %g, %g, %g, %g, %g, %.9g, %.9g, %.9g, %.9g }," %
          (dt, x, y, w, h, d, m.x[0][0], m.x[1][0], np.exp(m.x[2][0])))
print("};")
