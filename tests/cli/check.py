"""Checks that the shell cannot do. usage: check.py WHAT ARGUMENT..."""
import json
import math
import os
import signal
import struct
import subprocess
import sys
import zlib
import time


def objects(path):
    """One JSON object a line, in strict UTF-8."""
    text = open(path, "rb").read().decode("utf-8")
    assert text.endswith("\n"), "the last line is cut"

    def refuse(word):
        raise ValueError(word)
    return [json.loads(line, parse_constant=refuse) for line in text.splitlines()]


def need(condition, *words):
    if not condition:
        sys.exit("    " + " ".join(str(w) for w in words))


def number(v):
    return isinstance(v, (int, float)) and not isinstance(v, bool)


def is_face(f):
    need(set(f) == {"box", "score", "landmarks", "turned"}, "keys of a face:", sorted(f))
    need(f["turned"] in (0, 90, 180, 270), "turned", f["turned"])
    need(len(f["box"]) == 4 and all(map(number, f["box"])), "box", f["box"])
    need(number(f["score"]) and 0 < f["score"] <= 1, "score", f["score"])
    need(len(f["landmarks"]) == 5 and all(len(p) == 2 and all(map(number, p)) for p in f["landmarks"]),
         "landmarks", f["landmarks"])


def is_error(e):
    need(set(e) == {"code", "message"}, "keys of an error:", sorted(e))
    need(isinstance(e["code"], str) and isinstance(e["message"], str) and e["message"], e)


def verify(path, *words):
    """verify OUT: keys and types. Further words: KEY=VALUE that every object has."""
    for o in objects(path):
        for key in ("a", "b", "model"):
            need(isinstance(o[key], str), key, o[key])
        need(o["detector"] is None or isinstance(o["detector"], str), "detector", o["detector"])
        need(number(o["ms"]) and o["ms"] >= 0, "ms", o["ms"])
        if o["similarity"] is None:
            is_error(o["error"])
        else:
            need("error" not in o, "an error beside a similarity")
            need(number(o["similarity"]) and -1 <= o["similarity"] <= 1, o["similarity"])
            need(number(o["threshold"]), o["threshold"])
            need(o["far"] is None or 0 < o["far"] <= 1, "far", o["far"])
            need(o["same"] is (o["similarity"] >= o["threshold"]), "same", o)
            need(len(o["faces"]) == 2, "faces", o["faces"])
            for f in o["faces"]:
                f is None or is_face(f)
        for word in words:
            key, value = word.split("=", 1)
            got = o["error"]["code"] if key == "code" else o[key]
            need(got == {"null": None, "true": True, "false": False}.get(value, value), key, got)


def similarities(path, *wanted):
    """similarities OUT VALUE...: null, or within 0.0005."""
    got = [o["similarity"] for o in objects(path)]
    need(len(got) == len(wanted), len(got), "objects, wanted", len(wanted))
    for g, w in zip(got, wanted):
        need(g is None if w == "null" else g is not None and abs(g - float(w)) < 5e-4, got)


def without_ms(path):
    for o in objects(path):
        o.pop("ms")
        print(json.dumps(o, sort_keys=True))


def detect(path, *counts):
    """detect OUT COUNT...: keys and types, and how many faces each has."""
    all_ = objects(path)
    for o in all_:
        need(isinstance(o["file"], str), "file")
        if "error" in o:
            is_error(o["error"])
            continue
        need(set(o) - {"warning"} == {"file", "width", "height", "turned", "faces"}, sorted(o))
        need(isinstance(o["width"], int) and isinstance(o["height"], int), o)
        for f in o["faces"]:
            is_face(f)
        scores = [f["score"] for f in o["faces"]]
        need(scores == sorted(scores, reverse=True), "best first:", scores)
    if counts:
        got = [str(len(o["faces"])) if "faces" in o else o["error"]["code"] for o in all_]
        need(got == list(counts), "found", got, "wanted", list(counts))


def first_box(path):
    return objects(path)[0]["faces"][0]["box"]


def box(path, *wanted):
    """box OUT X Y W H TOLERANCE: the first face of the first picture."""
    got, (*want, tolerance) = first_box(path), map(float, wanted)
    need(all(abs(g - w) <= tolerance for g, w in zip(got, want)), "box", got, "wanted", want)


def size(path, width, height):
    o = objects(path)[0]
    need((o["width"], o["height"]) == (int(width), int(height)), o["width"], o["height"])


def turned_by(path, *degrees):
    """turned-by OUT D [D]: each picture's turn; an upright second one has the first's face."""
    got = [(o["turned"], [f["turned"] for f in o["faces"]]) for o in objects(path)]
    need(got == [(int(d), [int(d)]) for d in degrees], got, "wanted", degrees)
    if len(got) < 2:
        return
    lying, upright = objects(path)
    x, y, w, h = upright["faces"][0]["box"]
    for turn in range(0, int(degrees[0]), 90):  # the picture a quarter to the left
        # pixel centres are at integers: x -> y, y -> width - 1 - x
        width = upright["width"] if turn % 180 == 0 else upright["height"]
        x, y, w, h = y, width - 1 - x - w, h, w
    box = lying["faces"][0]["box"]
    need(all(abs(p - q) < 0.03 * max(w, h) for p, q in zip(box, (x, y, w, h))), box, x, y, w, h)


def not_turned(path):
    """not-turned OUT: no picture and no face in it is told to be turned."""
    for o in objects(path):
        need([o["turned"]] + [f["turned"] for f in o["faces"]] == [0] * (1 + len(o["faces"])), o)


def numbered(picture, kao):
    """Face N of embed is face N of detect."""
    found = json.loads(subprocess.run([kao, "detect", picture, "--json"], capture_output=True, check=True).stdout)
    for i, face in enumerate(found["faces"], 1):
        one = subprocess.run([kao, "embed", picture, "--json", "--faces", str(i)], capture_output=True, check=True)
        need(json.loads(one.stdout)["face"] == face, "face", i)


def largest(found, verified):
    faces = objects(found)[0]["faces"]
    want = max(faces, key=lambda f: f["box"][2] * f["box"][3])
    need(objects(verified)[0]["faces"][0] == want, "not the largest:", objects(verified)[0]["faces"][0])


def ratio(text):
    top, _, bottom = text.partition("/")
    return float(top) / float(bottom or 1)


def same_boxes(a, b, factor, tolerance):
    """Boxes of a, times factor, are those of b."""
    x, y = [f["box"] for f in objects(a)[0]["faces"]], [f["box"] for f in objects(b)[0]["faces"]]
    need(len(x) == len(y) > 0, len(x), len(y))
    for p, q in zip(x, y):
        need(all(abs(v * ratio(factor) - w) <= float(tolerance) for v, w in zip(p, q)), p, q)


def embed(path, dim, rows):
    all_ = objects(path)
    need(len(all_) == int(rows), len(all_), "rows")
    for o in all_:
        if "error" in o:
            need(o["embedding"] is None, "an embedding beside an error")
            is_error(o["error"])
            continue
        need(set(o) == {"file", "face", "embedding"}, sorted(o))
        o["face"] is None or is_face(o["face"])
        need(len(o["embedding"]) == int(dim), len(o["embedding"]), "numbers, wanted", dim)
        need(abs(math.fsum(v * v for v in o["embedding"]) - 1) < 1e-5, "length")


def same_numbers(path, other):
    """Two outputs alike but for roundings: 1e-4 of numbers up to 1, 0.02 of others (pixels)."""
    def compare(a, b, where):
        if number(a) and number(b):
            need(abs(a - b) <= (1e-4 if abs(a) <= 1 else 0.02), where, a, b)
        elif isinstance(a, (list, dict)) and type(a) is type(b):
            keys = range(len(a)) if isinstance(a, list) else a
            need(len(a) == len(b) and (isinstance(a, list) or set(a) == set(b)), where, "other keys")
            for key in keys:
                compare(a[key], b[key], f"{where} {key}")
        else:
            need(a == b, where, a, b)
    compare(objects(path), objects(other), "object")


def read_npy(path):
    data = open(path, "rb").read()
    need(data[:8] == b"\x93NUMPY\x01\x00", "not .npy 1.0")
    n = struct.unpack("<H", data[8:10])[0]
    need((10 + n) % 64 == 0, "data not aligned")
    head = eval(data[10:10 + n].decode("ascii"), {"__builtins__": {}})
    need(not head["fortran_order"], "Fortran order")
    kind = {"<f4": "f", "<i8": "q", "<i4": "i", "<f2": "e", "|u1": "B", "|i1": "b", "|b1": "?", "<f8": "d",
            "<i2": "h", "<u8": "Q", "<u4": "I", "<u2": "H"}[head["descr"]]
    count = math.prod(head["shape"])
    return head["shape"], struct.unpack("<%d%s" % (count, kind), data[10 + n:])


def npy(path, *shape):
    got = read_npy(path)[0]
    need(got == tuple(map(int, shape)), "shape", got)


def npy_numbers(path, *wanted):
    got = read_npy(path)[1]
    need(got == tuple(map(float, wanted)), "numbers", got)


def npy_is_json(path, lines):
    """The rows of the array are the embeddings, to the last bit."""
    shape, values = read_npy(path)
    rows = [o["embedding"] for o in objects(lines) if o["embedding"]]
    need(shape == (len(rows), len(rows[0])), shape)
    flat = [struct.unpack("<f", struct.pack("<f", v))[0] for row in rows for v in row]
    need(flat == list(values), "the numbers differ")


def write_npy(path, *shape):
    shape = tuple(map(int, shape))
    head = repr({"descr": "<f4", "fortran_order": False, "shape": shape}).encode()
    head += b" " * (64 - (10 + len(head) + 1) % 64) + b"\n"
    n = math.prod(shape)
    with open(path, "wb") as f:
        f.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(head)) + head)
        f.write(struct.pack("<%df" % n, *[(i * 7919 % 255) / 127.5 - 1 for i in range(n)]))


def exif(source, orientation, to):
    """A JPEG with an EXIF block that holds an orientation."""
    data = open(source, "rb").read()
    need(data[:2] == b"\xff\xd8", "not a JPEG")
    tiff = b"MM\x00*\x00\x00\x00\x08\x00\x01" + struct.pack(">HHIHH", 0x112, 3, 1, int(orientation), 0) + b"\0" * 4
    body = b"Exif\0\0" + tiff
    with open(to, "wb") as f:
        f.write(data[:2] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[2:])


def picture_size(path):
    data = open(path, "rb").read()
    if data[:8] == b"\x89PNG\r\n\x1a\n":
        need(data[-8:-4] == b"IEND", "the PNG is cut")
        return struct.unpack(">II", data[16:24])
    need(data[:2] == b"\xff\xd8" and data[-2:] == b"\xff\xd9", "neither PNG nor whole JPEG")
    at = 2
    while not 0xc0 <= data[at + 1] <= 0xc2:
        at += 2 + struct.unpack(">H", data[at + 2:at + 4])[0]
    return struct.unpack(">HH", data[at + 5:at + 9])[::-1]


def picture(path, width, height):
    got = picture_size(path)
    need(got == (int(width), int(height)), path, got)


def png_rows(path):
    """The rows of an RGB picture of 8 bits, as kao writes it (PNG specification, 9)."""
    data, at, packed = open(path, "rb").read(), 8, b""
    while at < len(data):
        n = struct.unpack(">I", data[at:at + 4])[0]
        if data[at + 4:at + 8] == b"IDAT":
            packed += data[at + 8:at + 8 + n]
        at += n + 12
    width, height = struct.unpack(">II", data[16:24])
    raw, n, before = zlib.decompress(packed), width * 3, bytearray(width * 3)
    for y in range(height):
        kind, row = raw[y * (n + 1)], bytearray(raw[y * (n + 1) + 1:(y + 1) * (n + 1)])
        for i in range(n):
            a, b, c = row[i - 3] if i > 2 else 0, before[i], before[i - 3] if i > 2 else 0
            p = a + b - c
            paeth = a if abs(p - a) <= abs(p - b) and abs(p - a) <= abs(p - c) else b if abs(p - b) <= abs(p - c) else c
            row[i] = (row[i] + (0, a, b, (a + b) // 2, paeth)[kind]) & 255
        before = row
        yield [tuple(row[i:i + 3]) for i in range(0, n, 3)]


def labelled(path, objects_path, yes):
    """Whether each box (the objects' first) has ink on its green ground right above it."""
    f = objects(objects_path)[0]["faces"][0]
    x, y, w, h = f["box"]
    rows = list(png_rows(path))
    above = [p for row in rows[int(y) - 12:int(y) - 4] for p in row[int(x) + 4:int(x + w / 2)]]
    green = sum(p == (40, 200, 80) for p in above)
    black = sum(max(p) < 40 for p in above)
    need((green > len(above) / 3 and black > 0) == (yes == "yes"), path, "green", green, "black", black, "of", len(above))


def interrupt(folder, after, *command):
    """SIGINT after some output: the program ends by the signal, and no file was left."""
    before = sorted(os.listdir(folder))
    p = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=folder)
    for _ in range(int(after)):
        need(p.stdout.readline().endswith(b"\n"), "no output before the signal")
    p.send_signal(signal.SIGINT)
    p.stdout.read()
    need(p.wait() == -signal.SIGINT, "ended with", p.returncode)
    need(sorted(os.listdir(folder)) == before, "files left:", os.listdir(folder))


def milliseconds(*command):
    """The median of seven runs, process start included."""
    times = []
    for _ in range(7):
        begin = time.monotonic()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        times.append(1e3 * (time.monotonic() - begin))
    print("%.0f" % sorted(times)[3])


def on_terminal(output, *command):
    """stderr on a terminal, stdout to a file: what the terminal showed goes to output."""
    import pty
    master, slave = pty.openpty()
    p = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=slave)
    os.close(slave)
    seen = b""
    while True:
        try:
            more = os.read(master, 4096)
        except OSError:
            break
        if not more:
            break
        seen += more
    p.wait()
    open(output, "wb").write(seen)


def run_bytes(out, status, program, *args):
    """Run with arguments given as \\xNN escapes (bytes that are no UTF-8)."""
    raw = [a.encode("utf-8").decode("unicode_escape").encode("latin-1") for a in args]
    p = subprocess.run([program.encode()] + raw, stdout=open(out, "wb"), stderr=subprocess.DEVNULL)
    need(p.returncode == int(status), "status", p.returncode)


# ---- a small ONNX writer ----

def varint(v):
    out = b""
    while v > 127:
        out += bytes([v & 127 | 128])
        v >>= 7
    return out + bytes([v])


def field(number_, value):
    if isinstance(value, int):
        return varint(number_ << 3) + varint(value)
    return varint(number_ << 3 | 2) + varint(len(value)) + value


def value_info(name, *dims):
    shape = b"".join(field(1, field(1, d)) for d in dims)
    return field(1, name) + field(2, field(1, field(1, 1) + field(2, shape)))


def names_model(path):
    """One input, called a=b, and outputs with names that make poor file names."""
    outputs = [b"a/b:c", b"a;b c", b"a_b_c", b"a_b_c.2", b"x" * 130, b"x" * 120, "顔".encode(),
               b"tab\there"]
    node = field(1, b"a=b") + field(3, "n\x1b[31m\u009b1m".encode()) + field(4, b"Relu")
    graph = b"".join(field(1, node + field(2, o)) for o in outputs)
    graph += field(2, b"g") + field(11, value_info(b"a=b", 2, 3))
    graph += b"".join(field(12, value_info(o, 2, 3)) for o in outputs)
    producer = field(2, "p\u009b1m".encode())
    open(path, "wb").write(field(1, 8) + producer + field(7, graph) + field(8, field(2, 13)))


def marks(drawn, found, height):
    """marks DRAWN FOUND HEIGHT: the points of FOUND's first face, at 480 / HEIGHT of their size. Pixel
    centres are at whole numbers: x comes to (x + .5) * k - .5."""
    k = 480 / float(height)
    dots = [(x, y) for y, row in enumerate(png_rows(drawn)) for x, p in enumerate(row) if p == (255, 220, 0)]
    for point in objects(found)[0]["faces"][0]["landmarks"]:
        want = [(v + .5) * k - .5 for v in point]
        near = [d for d in dots if math.dist(d, want) < 12]
        need(near, "no mark at", want)
        got = [sum(d[i] for d in near) / len(near) for i in (0, 1)]
        need(math.dist(got, want) < .6, "a mark at", got, "wanted", want)


def half_model(path):
    """No input; the output is a constant of float16, of which only the type is stated."""
    half = field(1, 2) + field(2, 10) + field(8, b"h") + field(9, struct.pack("<2e", -1, 0.5))
    graph = field(2, b"g") + field(5, half)
    graph += field(12, field(1, b"h") + field(2, field(1, field(1, 10))))
    open(path, "wb").write(field(1, 8) + field(7, graph) + field(8, field(2, 13)))


def type_models(folder):
    """to.onnx: 1, 0, 3 as each type, outputs t1, t2 .. by its number; from.onnx: inputs of these types, as
    float32."""
    numbers = [1, 2, 3, 4, 5, 6, 7, 9, 11, 12, 13]
    c = field(1, 3) + field(2, 1) + field(8, b"c") + field(9, struct.pack("<3f", 1, 0, 3))
    to, back = field(2, b"g") + field(5, c), field(2, b"g")
    for n in numbers:
        t, f = b"t%d" % n, b"f%d" % n
        typed = field(12, field(1, t) + field(2, field(1, field(1, n))))
        to += cast(b"c", t, n) + typed
        back += cast(t, f, 1) + field(11, typed[2:]) + field(12, value_info(f, 3))
    for name, graph in (("to", to), ("from", back)):
        open(f"{folder}/{name}.onnx", "wb").write(
            field(1, 8) + field(7, graph) + field(8, field(2, 13)))


def cast(source, output, dtype):
    attribute = field(1, b"to") + field(3, dtype) + field(20, 2)
    return field(1, field(1, source) + field(2, output) + field(4, b"Cast") + field(5, attribute))


def bench_models(folder):
    """none.onnx, which has no input, and int.onnx, whose input is of int64."""
    one = field(1, 2) + field(2, 1) + field(8, b"c") + field(9, struct.pack("<2f", -1, 1))
    relu = field(1, field(1, b"c") + field(2, b"y") + field(4, b"Relu"))
    none = relu + field(2, b"g") + field(5, one) + field(12, value_info(b"y", 2))
    type_ = field(1, field(1, 7) + field(2, field(1, field(1, 2))))
    cast = field(1, field(1, b"i") + field(2, b"y") + field(4, b"Identity"))
    int_ = cast + field(2, b"g") + field(11, field(1, b"i") + field(2, type_))
    int_ += field(12, field(1, b"y") + field(2, type_))
    for name, graph in (("none", none), ("int", int_)):
        open(f"{folder}/{name}.onnx", "wb").write(
            field(1, 8) + field(7, graph) + field(8, field(2, 13)))


def main():
    name = sys.argv[1].replace("-", "_")
    globals()[name](*sys.argv[2:])


main()
