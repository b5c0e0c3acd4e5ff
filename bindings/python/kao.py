"""kao for Python: faces found, compared, turned into vectors, by libkao. One file, ctypes alone.

    import kao

    k = kao.Kao()                                   # the models inside the library
    v = k.verify("a.jpg", "b.jpg")
    print(v.similarity, v.same, v.far)
    for face in k.detect("group.jpg"):
        print(face.box, face.score, face.points)
    vector = k.embed("a.jpg")                       # unit length; kao.similarity(vector, other)

A picture is a path, the bytes of a picture file, or an array of unsigned bytes that has an
__array_interface__ (NumPy's, for instance): height x width x 3 (R, G, B; color="bgr" for OpenCV's
order), x 4 (with an alpha that is not looked at), or height x width (grey). Arrays are read where
they lie, also mirrored, cut and upside down ones as long as a pixel's bytes are side by side.

Failures raise kao.Error, whose .status is a word: "no_face", "several_faces", "too_small",
"bad_format", "io" ... (kao/status.h). Where NumPy is there, vectors are its float32 arrays, else array.array.

Threads: a Kao does one call at a time (others wait); make one per thread for more.

The library is looked for in $KAO_LIBRARY (a file), beside this file's repository (build/), and
where the system has its libraries.
"""
import array
import ctypes
import ctypes.util
import math
import os
import threading
from collections import namedtuple
from ctypes import (POINTER, Structure, byref, c_char, c_char_p, c_double, c_float, c_int, c_int32, c_size_t,
                    c_ssize_t, c_uint8, c_uint32, c_uint64, c_void_p, cast)

try:
    import numpy
except ImportError:
    numpy = None

__all__ = ["Kao", "Error", "Face", "Verdict", "similarity", "version"]

# x, y: of the box's top left corner. points: left eye, right eye, nose, corners of the mouth, as
# seen when the face is upright, each (x, y); () where the detector gives none. turned: the picture
# lay so many degrees off; turned clockwise by them the face is upright.
Face = namedtuple("Face", "box score points turned")
Face.__doc__ = "box: (x, y, width, height) in pixels of the picture; score: the detector's, 0..1; points; turned."

Verdict = namedtuple("Verdict", "similarity threshold same far far_is far_worst_group worst_group likelihood_ratio")
Verdict.__doc__ = """similarity: cosine, 1.0 at most. same: similarity >= threshold.
far: the share of pairs of strangers that look as alike, None without a calibration; far_is: "counted",
"extrapolated", "at_most" or "at_least"; far_worst_group, worst_group: the highest rate of a group (or what it is at
least, at low similarities), where one was counted that far; likelihood_ratio: how many times more often the same person's pairs are as alike. docs/scores.md."""

TTA = {"none": 0, "concat": 1, "sum": 2}
CHOICE = {"largest": 0, "center": 1, "best": 2, "error": 3}
_FORMATS = {("rgb", 3): 0, ("bgr", 3): 1, ("rgb", 4): 2, ("bgr", 4): 3}
_GREY = 4
_USUAL_FAR = 1e-4
_ENOUGH_PIXELS = 2560  # a JPEG with longer sides is decoded at a half, a quarter or an eighth, as kao verify does


class Error(Exception):
    """status: the word of kao/status.h, as "no_face"."""

    def __init__(self, status, message):
        super().__init__(message)
        self.status = status


# ---- the C side: include/kao/*.h ----

class _Error(Structure):
    _fields_ = [("code", c_int), ("sys", c_int), ("offset", c_uint64), ("msg", c_char * 256)]


class _Point(Structure):
    _fields_ = [("x", c_float), ("y", c_float)]


class _Face(Structure):  # its first fields; the next face is face_size bytes on
    _fields_ = [("size", c_uint32), ("x", c_float), ("y", c_float), ("width", c_float), ("height", c_float),
                ("score", c_float), ("n_points", c_uint32), ("points", _Point * 5)]


class _Faces(Structure):
    _fields_ = [("size", c_uint32), ("face_size", c_uint32), ("n", c_size_t), ("first", c_void_p),
                ("turned", c_uint32)]


class _Image(Structure):
    _fields_ = [("rgb", c_void_p), ("width", c_uint32), ("height", c_uint32), ("row_bytes", c_size_t),
                ("full_width", c_uint32), ("full_height", c_uint32), ("reduction", c_uint32), ("skip_x", c_uint32),
                ("skip_y", c_uint32), ("warning", c_char_p), ("owned", c_void_p)]


class _ImageOptions(Structure):
    _fields_ = [("max_side", c_uint32)]


class _View(Structure):
    _fields_ = [("format", c_int), ("yuv", c_int), ("width", c_uint32), ("height", c_uint32), ("plane", c_void_p * 3),
                ("stride", c_ssize_t * 3), ("rotation", c_uint32), ("reduction", c_uint32)]


class _Rate(Structure):
    _fields_ = [("size", c_uint32), ("extrapolated", c_uint32), ("far", c_double), ("similarity", c_float),
                ("bound", c_int32)]


class _ContextOptions(Structure):
    _fields_ = [("allocator", c_void_p), ("n_threads", c_uint32), ("cpu", c_char_p), ("parallel_for", c_void_p),
                ("parallel_user", c_void_p)]


class _DetectOptions(Structure):
    _fields_ = [("size", c_uint32), ("min_score", c_float), ("search", c_int), ("upright", c_uint32),
                ("pyramid", c_void_p)]


_ERR = POINTER(_Error)
_OUT = POINTER(c_void_p)
_SIGNATURES = {  # name: (result, arguments)
    "kao_version": (c_char_p, []),
    "kao_status_name": (c_char_p, [c_int]),
    "kao_context_create": (c_int, [_OUT, POINTER(_ContextOptions), _ERR]),
    "kao_context_destroy": (None, [c_void_p]),
    "kao_model_open": (c_int, [c_void_p, _OUT, c_char_p, _ERR]),
    "kao_model_open_bundled": (c_int, [c_void_p, _OUT, c_char_p, _ERR]),
    "kao_model_release": (None, [c_void_p]),
    "kao_detector_create": (c_int, [c_void_p, _OUT, c_void_p, _ERR]),
    "kao_detector_destroy": (None, [c_void_p]),
    "kao_detect": (c_int, [c_void_p, POINTER(_View), POINTER(_DetectOptions), POINTER(_Faces), _ERR]),
    "kao_embedder_create": (c_int, [c_void_p, _OUT, c_void_p, _ERR]),
    "kao_embedder_destroy": (None, [c_void_p]),
    "kao_embedder_template": (c_void_p, [c_void_p]),
    "kao_embedder_calibration": (c_void_p, [c_void_p]),
    "kao_embedder_threshold": (c_int, [c_void_p, POINTER(c_float)]),
    "kao_embedder_dim": (c_size_t, [c_void_p, c_int]),
    "kao_embed": (c_int, [c_void_p, POINTER(_View), c_size_t, c_int, POINTER(c_float), _ERR]),
    "kao_face_choose": (c_int, [POINTER(_Faces), c_int, c_uint32, c_uint32, POINTER(c_size_t), _ERR]),
    "kao_align": (c_int, [c_void_p, POINTER(_View), c_void_p, c_void_p, POINTER(_Image), _ERR]),
    "kao_image_load": (c_int, [c_void_p, c_char_p, POINTER(_ImageOptions), POINTER(_Image), _ERR]),
    "kao_image_decode": (c_int, [c_void_p, c_char_p, c_size_t, POINTER(_ImageOptions), POINTER(_Image), _ERR]),
    "kao_image_free": (None, [c_void_p, POINTER(_Image)]),
    "kao_image_view": (_View, [POINTER(_Image)]),
    "kao_image_full_point": (None, [POINTER(_Image), c_float, c_float, POINTER(c_float), POINTER(c_float)]),
    "kao_similarity": (c_float, [POINTER(c_float), POINTER(c_float), c_size_t]),
    "kao_calibration_threshold": (c_int, [c_void_p, c_int, c_double, c_char_p, POINTER(_Rate)]),
    "kao_calibration_far": (c_int, [c_void_p, c_int, c_float, c_char_p, POINTER(_Rate)]),
    "kao_calibration_worst": (c_int, [c_void_p, c_int, c_float, POINTER(_Rate), POINTER(c_char_p)]),
    "kao_calibration_worst_threshold": (c_int, [c_void_p, c_int, c_double, POINTER(_Rate), POINTER(c_char_p)]),
    "kao_calibration_likelihood": (c_int, [c_void_p, c_int, c_float, POINTER(c_double)]),
}


def _find_library():
    given = os.environ.get("KAO_LIBRARY")
    if given:
        return given
    built = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "build", "libkao.so.0")
    found = built if os.path.exists(built) else ctypes.util.find_library("kao")
    if not found:
        raise ImportError("libkao is not there: build kao (./run), install it, or set KAO_LIBRARY to its file")
    return found


def _open_library():
    lib = ctypes.CDLL(_find_library())
    for name, (result, arguments) in _SIGNATURES.items():
        function = getattr(lib, name)
        function.restype, function.argtypes = result, arguments
    return lib


_lib = _open_library()


def version():
    """The library's, as "0.1.0"."""
    return _lib.kao_version().decode()


def _check(status, error):
    if status:
        raise Error(_lib.kao_status_name(status).decode(), error.msg.decode("utf-8", "replace"))


def _path_bytes(path):
    return os.fsencode(path)


def _view_of_array(picture, color):
    """A view of the array's memory. The array must outlive it."""
    a = picture.__array_interface__
    shape, data = a["shape"], a["data"][0]
    if a["typestr"] not in ("|u1", "|B", "u1") or len(shape) not in (2, 3) or (len(shape) == 3 and shape[2] not in (1, 3, 4)):
        raise Error("bad_argument", "array of shape %s, type %s: wanted unsigned bytes, height x width [x 3 or 4]"
                    % (tuple(shape), a["typestr"]))
    n = shape[2] if len(shape) == 3 else 1
    strides = a.get("strides") or ((shape[1] * n, n, 1) if len(shape) == 3 else (shape[1], 1))
    if strides[1] != n or (len(strides) == 3 and strides[2] != 1):
        raise Error("bad_argument", "array whose pixels do not lie side by side: make a copy of it first")
    if n != 1 and (color, n) not in _FORMATS:
        raise Error("bad_argument", 'color="%s": wanted "rgb" or "bgr"' % color)
    view = _View(format=_GREY if n == 1 else _FORMATS[color, n], width=shape[1], height=shape[0])
    view.plane[0] = data
    view.stride[0] = strides[0]
    return view


class _Picture:
    """A view, and what keeps its pixels; of a file, where its points are in the file's pixels."""

    def __init__(self, owner, picture, color):
        self.owner, self.image, self.kept = owner, None, picture
        error = _Error()
        if hasattr(picture, "__array_interface__"):
            self.view = _view_of_array(picture, color)
            return
        self.image = _Image()
        options = _ImageOptions(_ENOUGH_PIXELS)
        if isinstance(picture, (bytes, bytearray, memoryview)):
            data = bytes(picture)
            status = _lib.kao_image_decode(owner._context, data, len(data), byref(options), byref(self.image), byref(error))
        else:
            status = _lib.kao_image_load(owner._context, _path_bytes(picture), byref(options), byref(self.image), byref(error))
        _check(status, error)
        self.view = _lib.kao_image_view(byref(self.image))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.image is not None:
            _lib.kao_image_free(self.owner._context, byref(self.image))

    def point(self, x, y):
        if self.image is None:
            return x, y
        fx, fy = c_float(), c_float()
        _lib.kao_image_full_point(byref(self.image), x, y, byref(fx), byref(fy))
        return fx.value, fy.value


def _vector(floats, n):
    if numpy is not None:
        return numpy.ctypeslib.as_array(floats, shape=(n,)).copy()
    return array.array("f", floats[:n])


def _floats(vector):
    values = [float(v) for v in vector]
    return (c_float * len(values))(*values)


def similarity(a, b):
    """Cosine of two unit vectors of one model, -1..1."""
    if len(a) != len(b):
        raise Error("bad_argument", "vectors of %d and %d numbers" % (len(a), len(b)))
    return _lib.kao_similarity(_floats(a), _floats(b), len(a))


# ---- the whole ----

class Kao:
    """A detector and an embedder, with threads of their own. Close it, or use it with `with`."""

    def __init__(self, model="kao-face", detector="kao-detect", threads=0, cpu=None, tta="none"):
        """model, detector: a path of an ONNX file, or the name of one inside the library.
        threads: for one call, 0: one a CPU. tta: "none", "concat" or "sum", what is done with the
        mirrored picture."""
        if tta not in TTA:
            raise Error("bad_argument", 'tta="%s": wanted "none", "concat" or "sum"' % tta)
        self._lock, self._tta = threading.Lock(), TTA[tta]
        self._context, self._detector, self._embedder = c_void_p(), c_void_p(), c_void_p()
        error = _Error()
        options = _ContextOptions(n_threads=threads, cpu=cpu.encode() if cpu else None)
        try:
            _check(_lib.kao_context_create(byref(self._context), byref(options), byref(error)), error)
            self._open(detector, _lib.kao_detector_create, self._detector)
            self._open(model, _lib.kao_embedder_create, self._embedder)
        except Error:
            self.close()
            raise
        self._dim = _lib.kao_embedder_dim(self._embedder, self._tta)
        self._calibration = _lib.kao_embedder_calibration(self._embedder)

    def _open(self, name, create, to):
        handle, error = c_void_p(), _Error()
        bundled = isinstance(name, str) and "/" not in name and not os.path.exists(name)
        how = _lib.kao_model_open_bundled if bundled else _lib.kao_model_open
        _check(how(self._context, byref(handle), _path_bytes(name), byref(error)), error)
        status = create(handle, byref(to), None, byref(error))
        _lib.kao_model_release(handle)
        _check(status, error)

    def close(self):
        """Give everything back; the object cannot be used afterwards."""
        if self._context:
            _lib.kao_embedder_destroy(self._embedder)
            _lib.kao_detector_destroy(self._detector)
            _lib.kao_context_destroy(self._context)
        self._context, self._detector, self._embedder = c_void_p(), c_void_p(), c_void_p()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def __del__(self):
        if getattr(self, "_context", None):
            self.close()

    def _live(self):
        if not self._context:
            raise Error("bad_argument", "this Kao is closed")

    def _find(self, picture, min_score=0.0, upright=False, largest=False):
        faces, error = _Faces(size=ctypes.sizeof(_Faces)), _Error()
        options = _DetectOptions(size=ctypes.sizeof(_DetectOptions), min_score=min_score, search=int(largest),
                                 upright=int(upright))
        _check(_lib.kao_detect(self._detector, byref(picture.view), byref(options), byref(faces), byref(error)), error)
        return faces

    def detect(self, picture, min_score=0.0, upright=False, color="rgb"):
        """The faces of a picture, best score first; an empty list where there is none."""
        with self._lock:
            self._live()
            with _Picture(self, picture, color) as p:
                faces, found = self._find(p, min_score, upright), []
                for i in range(faces.n):
                    f = cast(faces.first + i * faces.face_size, POINTER(_Face)).contents
                    x1, y1 = p.point(f.x, f.y)
                    x2, y2 = p.point(f.x + f.width, f.y + f.height)
                    points = tuple(p.point(f.points[k].x, f.points[k].y) for k in range(f.n_points))
                    found.append(Face((x1, y1, x2 - x1, y2 - y1), f.score, points, faces.turned))
                return found

    def embed(self, picture, faces="largest", color="rgb"):
        """The unit vector of a face: of the "largest", the one nearest to the "center", the "best" by
        score, the only one ("error" otherwise); of "all" a list of vectors, best score first."""
        if faces != "all" and faces not in CHOICE:
            raise Error("bad_argument", 'faces="%s": wanted "all" or one of %s' % (faces, ", ".join(CHOICE)))
        with self._lock:
            self._live()
            with _Picture(self, picture, color) as p:
                found, error = self._find(p, largest=faces == "largest"), _Error()
                if faces == "all":
                    return [self._embed_face(p, found, i) for i in range(found.n)]
                which = c_size_t()
                _check(_lib.kao_face_choose(byref(found), CHOICE[faces], p.view.width, p.view.height, byref(which),
                                            byref(error)), error)
                return self._embed_face(p, found, which.value)

    def _embed_face(self, p, faces, i):
        chip, error = _Image(), _Error()
        out = (c_float * self._dim)()
        face = c_void_p(faces.first + i * faces.face_size)
        try:
            _check(_lib.kao_align(self._context, byref(p.view), face, _lib.kao_embedder_template(self._embedder),
                                  byref(chip), byref(error)), error)
            view = _lib.kao_image_view(byref(chip))
            _check(_lib.kao_embed(self._embedder, byref(view), 1, self._tta, out, byref(error)), error)
        finally:
            _lib.kao_image_free(self._context, byref(chip))
        return _vector(out, self._dim)

    def verify(self, a, b, threshold=None, far=None, far_of="all", faces="largest", color="rgb"):
        """Are two pictures of the same person? By the threshold, or where strangers look as alike at the
        rate `far` (1e-4; far_of="worst": the worst group's rate)."""
        if faces == "all":
            raise Error("bad_argument", 'faces="all" has several answers: compare the vectors of embed')
        return self.judge(similarity(self.embed(a, faces, color), self.embed(b, faces, color)), threshold, far, far_of)

    def judge(self, s, threshold=None, far=None, far_of="all"):
        """What a similarity of this model is worth, as a Verdict."""
        if threshold is None:
            threshold = self._threshold(far, far_of)
        rate, worst = _Rate(size=ctypes.sizeof(_Rate)), _Rate(size=ctypes.sizeof(_Rate))
        group, ratio = c_char_p(), c_double()
        known = _lib.kao_calibration_far(self._calibration, self._tta, s, None, byref(rate))
        of_group = _lib.kao_calibration_worst(self._calibration, self._tta, s, byref(worst), byref(group))
        has_ratio = _lib.kao_calibration_likelihood(self._calibration, self._tta, s, byref(ratio))
        how = {1: "at_most", -1: "at_least"}.get(rate.bound, "extrapolated" if rate.extrapolated else "counted")
        return Verdict(s, threshold, s >= threshold, rate.far if known else None, how if known else None,
                       worst.far if of_group else None, group.value.decode() if of_group else None,
                       math.exp(ratio.value) if has_ratio else None)

    def _threshold(self, far, far_of):
        rate, wanted = _Rate(size=ctypes.sizeof(_Rate)), _USUAL_FAR if far is None else far
        if far_of == "worst":
            known = _lib.kao_calibration_worst_threshold(self._calibration, self._tta, wanted, byref(rate), None)
        elif far_of == "all":
            known = _lib.kao_calibration_threshold(self._calibration, self._tta, wanted, None, byref(rate))
        else:
            raise Error("bad_argument", 'far_of="%s": wanted "all" or "worst"' % far_of)
        if known:
            return rate.similarity
        plain = c_float()
        any_rate = _lib.kao_calibration_far(self._calibration, self._tta, 0.0, None, byref(rate))
        if far is None and far_of == "all" and not any_rate and _lib.kao_embedder_threshold(self._embedder, byref(plain)):
            return plain.value
        raise Error("bad_argument", "no threshold for a false-accept rate of %g: the model's calibration does not say; give one"
                    % wanted)
