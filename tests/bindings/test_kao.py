"""bindings/python/kao.py against the program: the same answers from both. From meson: KAO, KAO_LIBRARY, PICTURES."""
import gc
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import unittest

here = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(here, "..", "..", "bindings", "python"))
os.environ.pop("KAO_MODELS", None)
import kao  # noqa: E402

try:
    import numpy
except ImportError:
    numpy = None
pictures, program = os.environ["PICTURES"], os.environ["KAO"]


def picture(name):
    return os.path.join(pictures, name)


def says(*words):
    done = subprocess.run([program, *words, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    return [json.loads(line) for line in done.stdout.decode().splitlines()]


class Answers(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        try:
            cls.k = kao.Kao(threads=2)
        except kao.Error as e:
            raise unittest.SkipTest("no models inside: %s" % e)

    @classmethod
    def tearDownClass(cls):
        cls.k.close()

    def test_verify(self):
        for a, b in (("ana_1.jpg", "ana_3.jpg"), ("ana_1.jpg", "ben_1.jpg"), ("mask_ana.jpg", "ana_2.jpg")):
            (want,) = says("verify", picture(a), picture(b))
            got = self.k.verify(picture(a), picture(b))
            self.assertAlmostEqual(got.similarity, want["similarity"], delta=1e-6)
            self.assertAlmostEqual(got.threshold, want["threshold"], delta=1e-6)
            self.assertIs(got.same, want["same"])
            self.assertEqual(got.far_is, want["far_is"])
            self.assertEqual(got.worst_group, want["worst_group"])
            for ours, theirs in ((got.far, want["far"]), (got.far_worst_group, want["far_worst_group"]),
                                 (got.likelihood_ratio, want["likelihood_ratio"])):
                self.assertEqual(ours is None, theirs is None)
                if ours is not None:
                    self.assertAlmostEqual(ours / theirs, 1, delta=1e-4)

    def test_a_rate_decides(self):
        answer = says("verify", picture("ana_1.jpg"), picture("ana_3.jpg"), "--far", "0.001")
        if not answer:
            self.skipTest("the model inside has no calibration")
        want = answer[0]
        self.assertAlmostEqual(self.k.verify(picture("ana_1.jpg"), picture("ana_3.jpg"), far=1e-3).threshold,
                               want["threshold"], delta=1e-6)
        with self.assertRaises(kao.Error):
            self.k.judge(.5, far=1e-15)
        self.assertIs(self.k.judge(.5, threshold=.6).same, False)
        self.assertIs(self.k.judge(.6, threshold=.5).same, True)

    def test_detect(self):
        for name in ("group.jpg", "ana_1.jpg", "mask_emil.jpg"):
            (want,) = says("detect", picture(name))
            got = self.k.detect(picture(name))
            self.assertEqual(len(got), len(want["faces"]))
            for g, w in zip(got, want["faces"]):
                self.assertAlmostEqual(g.score, w["score"], delta=1e-6)
                for ours, theirs in zip(g.box, w["box"]):
                    self.assertAlmostEqual(ours, theirs, delta=.02)
                self.assertEqual(len(g.points), len(w["landmarks"]))
                for (x, y), (wx, wy) in zip(g.points, w["landmarks"]):
                    self.assertAlmostEqual(x, wx, delta=.02)
                    self.assertAlmostEqual(y, wy, delta=.02)

    def test_embed(self):
        (want,) = says("embed", picture("chen_1.jpg"))
        got = self.k.embed(picture("chen_1.jpg"))
        self.assertEqual(len(got), len(want["embedding"]))
        for ours, theirs in zip(got, want["embedding"]):
            self.assertAlmostEqual(float(ours), theirs, delta=1e-6)
        self.assertEqual(len(self.k.embed(picture("group.jpg"), faces="all")), len(self.k.detect(picture("group.jpg"))))
        with open(picture("chen_1.jpg"), "rb") as f:
            data = f.read()
        for form in (data, bytearray(data), memoryview(data)):
            self.assertAlmostEqual(kao.similarity(got, self.k.embed(form)), 1, delta=1e-6)

    def test_failures(self):
        for what, status in (("gone 顔.jpg", "io"), (b"no picture", "bad_format"), (b"", "bad_format")):
            with self.assertRaises(kao.Error) as caught:
                self.k.embed(what)
            self.assertEqual(caught.exception.status, status)
            self.assertTrue(str(caught.exception))
        with self.assertRaises(kao.Error) as caught:
            self.k.embed(picture("group.jpg"), faces="error")
        self.assertEqual(caught.exception.status, "several_faces")
        for wrong in (lambda: self.k.embed(picture("ana_1.jpg"), faces="any"), lambda: kao.Kao(tta="twice"),
                      lambda: self.k.judge(.5, far_of="some"), lambda: kao.similarity([1, 0], [1]),
                      lambda: self.k.verify("a", "b", faces="all")):
            with self.assertRaises(kao.Error) as caught:
                wrong()
            self.assertEqual(caught.exception.status, "bad_argument")
        with self.assertRaises(kao.Error) as caught:
            kao.Kao(model="no-such-model")
        with self.assertRaises(kao.Error) as caught:
            kao.Kao(model="./gone.onnx")
        self.assertEqual(caught.exception.status, "io")

    def test_names(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "a picture 顔.jpg")
            shutil.copy(picture("ana_1.jpg"), path)
            self.assertEqual(len(self.k.detect(path)), 1)
            self.assertEqual(len(self.k.detect(os.fsencode(path).decode("utf-8", "surrogateescape"))), 1)

    def test_closed(self):
        with kao.Kao(threads=1) as k:
            self.assertEqual(len(k.detect(picture("ana_1.jpg"))), 1)
        with self.assertRaises(kao.Error):
            k.detect(picture("ana_1.jpg"))
        k.close()
        del k
        gc.collect()

    def test_threads(self):
        found = []
        threads = [threading.Thread(target=lambda: found.append(self.k.embed(picture("ben_1.jpg")))) for _ in range(4)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        self.assertEqual(len({bytes(memoryview(v).cast("B")) for v in found}), 1)

    @unittest.skipUnless(numpy, "no NumPy")
    def test_arrays(self):
        whole = numpy.random.default_rng(1).integers(0, 255, (200, 150, 3), dtype=numpy.uint8)
        want = self.k.detect(whole, min_score=.01)
        for same in (numpy.ascontiguousarray(whole[:, :, ::-1]), numpy.dstack([whole, whole[:, :, :1]])):
            color = "bgr" if same.shape[2] == 3 else "rgb"
            self.assertEqual(self.k.detect(same, min_score=.01, color=color), want)
        upside = numpy.ascontiguousarray(whole[::-1])[::-1]  # rows from the last one up
        self.assertLess(upside.strides[0], 0)
        self.assertEqual(self.k.detect(upside, min_score=.01), want)
        wide = numpy.zeros((200, 400, 3), numpy.uint8)
        wide[:, 50:200] = whole
        self.assertEqual(self.k.detect(wide[:, 50:200], min_score=.01), want)
        grey = whole[:, :, 0].copy()
        self.assertEqual(self.k.detect(grey, min_score=.01), self.k.detect(numpy.dstack([grey] * 3), min_score=.01))
        for wrong in (whole.astype(float), whole[:, ::2], whole[0, 0], numpy.zeros((4, 4, 2), numpy.uint8)):
            with self.assertRaises(kao.Error) as caught:
                self.k.detect(wrong)
            self.assertEqual(caught.exception.status, "bad_argument")


if __name__ == "__main__":
    unittest.main()
