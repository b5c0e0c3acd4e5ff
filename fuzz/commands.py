#!/usr/bin/env python3
"""Random command lines in a small world of files: nothing crashes, hangs, or touches what was not named.

    python3 fuzz/commands.py KAO WORK [--seed N] [--runs N]

KAO     the program; one with sanitizers tells more. It holds its own models
WORK    a folder of its own: made here, emptied at every start
--runs  command lines, 1000 at first

Options are those that the commands' helps tell of; words and values are right ones most of the time. After each
command the world is looked at, and now and then made anew. At the end, and on Ctrl-C: how often each command ended
how. Exit: 0 nothing was found, 1 something was, 3 usage.
"""

import argparse
import collections
import hashlib
import json
import os
import random
import re
import shutil
import signal
import struct
import subprocess
import sys
import zlib

SOURCE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
PICTURES = os.path.join(SOURCE, "examples", "pictures")
LEAKS = os.path.join(SOURCE, "tests", "support", "lsan.txt")  # of libraries that keep what they read
PATIENCE = 900  # seconds of one command, on any machine: more is a hang
STATUSES = (0, 1, 2, 3, 4)
UNTRIED = {"--help", "--mqtt", "--window", "--host", "--init", "--address"}  # they wait, or need a world outside

# what a command is asked for, most of the time; the rest of the time: any file
FACES = ["a.jpg", "b.jpg", "名 前.jpg", "group.jpg", "none.png", "pics"]
WORDS = {
    "report": ["log.jsonl", "-"], "blur": ["a.jpg", "group.jpg", "clip.mp4", "名 前.jpg"], "watch": ["clip.mp4", "pics"],
    "people": ["ana", "#1", "#2", "nobody"], "forget": ["ana", "#1", "#2", "nobody"], "bench": ["m.onnx", "kao-face"],
    "calibrate": ["people"], "completion": ["bash", "zsh", "fish"], "doctor": [],
}
COUNTS = {"verify": [2, 2, 2, 3], "doctor": [0], "report": [1, 1, 2], "forget": [1], "people": [0, 1], "watch": [1],
          "completion": [1], "calibrate": [1], "blur": [1, 1, 1, 2]}
PHRASES = {
    "enroll": "ana pics|new a.jpg|#1 b.jpg|#9 a.jpg|名 group.jpg|ben people/ben|people",
    "key": "add bob|add 名|list|revoke bob|revoke",
    "eval": "verify people|verify . pairs.txt|identify people|cluster people|groups people labels.txt|detect . boxes.txt|"
            "track gt.txt gt.txt",
    "model": "info m.onnx|info a.jpg|run m.onnx|ops|make mbf new.onnx|card m.onnx card.txt new.onnx|card m.onnx card.txt m.onnx",
    "gallery": "create|stats|rename ana Anna|rename #2 x|note ana hi|merge ana ben|remove ana|group ana g1 g2|group ben|"
               "apart ana ben|ignore ben|facts|history|undo|undo 1|export o.jsonl|export o.csv|export o.npy|export a.jpg|"
               "import g.jsonl|import log.jsonl|chips chips|chips pics|reembed|verify|doctor|compact|encrypt|rekey|decrypt|"
               "split x|drop 1|not x ana|move x ana",
}
# options that go with one thing alone
OF_ONE = {"--not": "ignore", "--drop-missing": "reembed", "--encrypt": "create", "--new-key-file": "rekey", "--retain": "",
          "--nameless": ""}
USUAL = {"blur": ["-o", "out.jpg"], "eval": ["--photos"], "calibrate": ["--photos"], "bench": ["--seconds", "0.05"]}
OFTEN = {"gallery": 4, "blur": 3, "eval": 3, "watch": 2, "identify": 2, "calibrate": 2, "forget": 2, "cluster": 2}
ANY = FACES + ["cut.jpg", "empty.jpg", "text.txt", "pairs.txt", "labels.txt", "boxes.txt", "gt.txt", "card.txt", "hollow",
               "people", "people/ana", "clip.mp4", "g.kao", "e.kao", "e.key", "log.jsonl", "v.npy", "g.jsonl", "m.onnx",
               "missing", "missing/x.jpg", "/dev/null", "-", "", "."]
GALLERIES = ["g.kao"] * 12 + ["e.kao"] * 6 + ["new.kao", "text.txt", "made/g.kao"]
VALUES = {
    "--key-file": "e.key", "--new-key-file": "new.key", "--only": "ana ben #1", "--except": "ana ben #2", "--group": "g1",
    "--pairs": "pairs.txt", "--from": "log.jsonl", "--labels": "labels.txt", "--groups": "people", "--doubles": "pairs.txt",
    "--with": "pose=kao-face", "--detector": "kao-detect", "--model": "kao-face kao-face-mask", "--liveness": "kao-face",
    "--by": "1 2 2,3", "--passes": "none all", "--false": "1,2 5", "--threads": "1 2", "--jobs": "1 2 3",
    "--faces": "largest center best all error 1 2", "--seconds": "0.05", "--retain": "1 30", "--threshold": "0.3 0.5 0.99",
    "--far": "1e-3 1e-4 .01", "--fpir": "0.01 0.5", "--min-score": "0.5 0.1 0.9", "--same": "0.3 0.6", "--lost": "0.1 1 5",
    "--fps": "25 1 5", "--nearest": "1 3 64", "--size": "64 320", "--list": "0 1 100", "--times": "1 2", "--seed": "1 7",
    "--strangers": "0 0.3 1", "--overlap": "0.3", "--iou": "0.5 0.9", "--min-size": "0 30", "--input": "input=v.npy",
}
WRONG = ["", "0", "-1", "x", "nan", "inf", "1e300", "4294967296", "1.5", "a.jpg", "missing", "text.txt", "名", "x" * 300]
OUTPUTS = {"--output", "--out", "--npy", "--plan", "--tracks", "--draw", "--html", "--card", "--report", "--scores", "--discard",
           "--output-dir", "--new-key-file"}
OUT_NAMES = ["out.png", "out.jpg", "out.html", "out.mp4", "out.txt", "out.npy", "out", "hollow", "missing/out.png", "/dev/null",
             "/dev/full", "pics", "people", "a.jpg", "g.kao", ""]
A_FAULT = re.compile(r"/dev/|missing|[Nn]ot a directory|[Ii]s a directory|no file can be made|picture that was read|"
                     r"Invalid argument|No such file")  # what makes a fault (4) the world's


def run(kao, words, folder, text=b""):
    """Status ("hang": it was ended), output, messages."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("KAO_")}
    env.update(HOME="/nonexistent", XDG_DATA_HOME="", ASAN_OPTIONS="exitcode=99:allocator_may_return_null=1",
               UBSAN_OPTIONS="halt_on_error=1:exitcode=99", LSAN_OPTIONS=f'print_suppressions=0:suppressions="{LEAKS}"')
    p = subprocess.Popen([kao] + words, cwd=folder, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, start_new_session=True)
    try:
        out, err = p.communicate(text, PATIENCE)
        return p.returncode, out, err.decode("utf-8", "replace")
    except subprocess.TimeoutExpired:
        os.killpg(p.pid, signal.SIGKILL)
        out, err = p.communicate()
        return "hang", out, err.decode("utf-8", "replace")


def grey_png(width, height):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = (b"\0" + b"\x80" * width) * height
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


def make_world(kao, folder):
    os.makedirs(os.path.join(folder, "hollow"))

    def write(name, data):
        with open(os.path.join(folder, name), "wb") as f:
            f.write(data)

    def take(name, to):
        os.makedirs(os.path.dirname(os.path.join(folder, to)), exist_ok=True)
        shutil.copy(os.path.join(PICTURES, name), os.path.join(folder, to))

    for name, to in [("ana_1", "a"), ("ana_2", "b"), ("ben_1", "名 前"), ("group", "group"), ("ana_3", "pics/ana 3"),
                     ("ben_2", "pics/ben"), ("chen_1", "pics/chen")] + [(f"{p}_{i}", f"people/{p}/{i}")
                                                                        for p in ("ana", "ben", "chen", "dora", "emil") for i in (1, 2, 3, 4)]:
        take(name + ".jpg", to + ".jpg")
    with open(os.path.join(PICTURES, "ana_4.jpg"), "rb") as f:
        write("cut.jpg", f.read()[:20000])
    write("none.png", grey_png(90, 70))
    write("empty.jpg", b"")
    write("text.txt", b"hello\n")
    write("pairs.txt", b"a.jpg\tb.jpg\t1\na.jpg\t\xe5\x90\x8d \xe5\x89\x8d.jpg\t0\n")
    write("labels.txt", b"ana/1.jpg\tana\tw\nben/1.jpg\tben\tm\nchen/1.jpg\tchen\tm\nana/2.jpg\tana\tw\n")
    write("boxes.txt", b"a.jpg\n1\n120 110 200 240\ngroup.jpg\n2\n10 10 40 50\n100 20 40 50\n")
    write("gt.txt", b"".join(b"%d,1,%d,20,50,60,1,-1,-1,-1\n" % (f, 10 + f) for f in range(1, 20)))
    write("card.txt", b"kind = embedder\nmetric = cosine\n")
    clip = ["ffmpeg", "-loglevel", "error", "-ss", "2", "-i", os.path.join(PICTURES, "clip.mp4"), "-t", "0.6", "-vf", "scale=320:-2",
            os.path.join(folder, "clip.mp4")]
    if not shutil.which("ffmpeg") or subprocess.run(clip, check=False).returncode:
        write("clip.mp4", b"no video")
    for line in ["model make mbf m.onnx --seed 1", "enroll -g g.kao --keep-chips --force ana people/ana",
                 "enroll -g g.kao --keep-chips --force ben people/ben", "gallery create -g e.kao --encrypt --key-file e.key",
                 "enroll -g e.kao --key-file e.key --force ana people/ana", "gallery export -g g.kao g.jsonl",
                 "embed -o v.npy a.jpg"]:
        status, _, err = run(kao, line.split(), folder)
        if status != 0:
            sys.exit(f"kao {line}: {status}: {err}")
    write("log.jsonl", run(kao, ["watch", "-g", "g.kao", "--json", "clip.mp4"], folder)[1] or b"{}\n")


def options_of(kao, command):
    text = run(kao, [command, "--help"], "/")[1].decode()
    found = re.findall(r"^  (?:-\w, |    )(--[\w-]+)(?: (\S+))?", text, re.M)
    return [(name, form) for name, form in found if name not in UNTRIED]


def value_of(rnd, name, form):
    if name in OUTPUTS:
        return rnd.choice(OUT_NAMES)
    if name in VALUES and rnd.random() < .92:
        return rnd.choice(VALUES[name].split())
    return rnd.choice(form.split("|") if "|" in form and rnd.random() < .92 else WRONG)


def words_of(rnd, command):
    if command in PHRASES:
        return rnd.choice(PHRASES[command].split("|")).split()
    right = WORDS.get(command, FACES)
    return [rnd.choice(right if rnd.random() < .93 else ANY) for _ in range(rnd.choice(COUNTS.get(command, [1, 1, 1, 2, 2, 3])))]


def command_line(rnd, options):
    """Its words, and what it may write to."""
    command = rnd.choice([c for c in options for _ in range(OFTEN.get(c, 1))])
    words = words_of(rnd, command)
    outputs = set(words[-1:] if words and words[0] in ("export", "chips", "make", "card") else [])
    chosen = list(USUAL.get(command, [])) if rnd.random() < .9 else []
    outputs.update(["out.jpg"] if command == "blur" else [])
    for name, form in rnd.sample(options[command], min(len(options[command]), rnd.choice([0, 1, 1, 2, 2, 3, 5]))):
        if name == "--gallery" or name in OF_ONE and OF_ONE[name] not in words and rnd.random() < .9:
            continue
        value = value_of(rnd, name, form) if form else None
        chosen += [name] if value is None else [f"{name}={value}"] if value and rnd.random() < .3 else [name, value]
        outputs.update([value] if value and name in OUTPUTS else [])
    if any(name == "--gallery" for name, _ in options[command]):
        gallery = rnd.choice(GALLERIES)
        outputs.add(gallery)
        chosen += ["-g", gallery] + (["--key-file", "e.key"] if gallery == "e.kao" and rnd.random() < .9 and command != "key" else [])
    if command == "forget" and rnd.random() < .2:
        words, chosen = [], chosen + ["--retain", "30"]
    if rnd.random() < .04:
        words.append(rnd.choice(ANY))
    return [command] + (chosen + rnd.choice([[], [], ["--"]]) + words if rnd.random() < .7 else words + chosen), outputs


def seen(folder):
    """Every name in the world with a hash of what it holds."""
    found = {}
    for root, folders, files in os.walk(folder):
        found.update((os.path.relpath(os.path.join(root, d), folder), "folder") for d in folders)
        for name in files:
            path = os.path.join(root, name)
            with open(path, "rb") as f:
                found[os.path.relpath(path, folder)] = hashlib.md5(f.read()).hexdigest()
    return found


def may_write(words, outputs, name):
    if "--write-regions" in words or "--in-place" in words or words[0] == "align" and "/" not in name and ".face" in name:
        return True
    if words[0] == "forget" and any(name in w for w in words):  # a log that somebody is taken out of
        return True
    named = {os.path.normpath(o) for o in outputs} | {"new.key"}
    return any(name == o or name.startswith((o + "/", o + "-", o + ".")) or o.startswith(name + "/") for o in named)


def faults(words, outputs, status, out, err, before, after):
    found = []
    if status not in STATUSES:
        found.append(f"status {status}")
    if "Sanitizer" in err or "runtime error" in err:
        found.append("a sanitizer's report")
    if status in (3, 4) and not err.strip():
        found.append("it failed and said nothing")
    if status == 4 and not A_FAULT.search(" ".join(words) + err):
        found.append("a fault")
    changed = [n for n in sorted(before.keys() | after.keys()) if before.get(n) != after.get(n)]
    wrong = [n for n in changed if not may_write(words, outputs, n)]
    if wrong:
        found.append("it changed " + ", ".join(wrong[:5]))
    found += [f"it left {n}" for n in after if os.path.basename(n).startswith(".kao-")]
    if "--json" in words and status in (0, 1, 2) and words[0] not in ("model", "bench", "completion"):
        for line in [out] if words[0] == "doctor" else out.splitlines():
            try:
                json.loads(line.decode(), parse_constant=lambda c: json.loads("no number"))
            except ValueError:
                found.append(f"no JSON: {line[:80]}")
                break
    return found


def main():
    p = argparse.ArgumentParser(usage=__doc__)
    p.add_argument("kao", type=os.path.abspath)
    p.add_argument("work", type=os.path.abspath)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--runs", type=int, default=1000)
    args = p.parse_args()
    rnd = random.Random(args.seed)
    at_first, world = os.path.join(args.work, "at first"), os.path.join(args.work, "world")
    shutil.rmtree(at_first, ignore_errors=True)
    make_world(args.kao, at_first)
    commands = sorted(WORDS.keys() | PHRASES.keys() | {"verify", "detect", "embed", "align", "identify", "cluster"})
    options = {c: options_of(args.kao, c) for c in commands}
    ends, n_found, anew, before, earlier = collections.Counter(), 0, True, {}, []
    try:
        for _ in range(args.runs):
            if anew or rnd.random() < .1:
                shutil.rmtree(world, ignore_errors=True)
                shutil.copytree(at_first, world)
                before, earlier = seen(world), []
            words, outputs = command_line(rnd, options)
            status, out, err = run(args.kao, words, world, rnd.choice([b"", b"a.jpg\tb.jpg\n"]))
            ends[f"{words[0]}: {status}"] += 1
            after = seen(world)
            found = faults(words, outputs, status, out, err, before, after)
            if found:
                n_found += 1
                print(f"{'; '.join(found)}\n  kao {' '.join(map(repr, words))}\n  before: {earlier[-3:]}\n  {err[-2000:]}", flush=True)
            anew, before = bool(found), after
            earlier.append(words)
    except KeyboardInterrupt:
        pass
    print(", ".join(f"{k} {v}" for k, v in sorted(ends.items())))
    print(f"{sum(ends.values())} command lines, {n_found} to look at")
    return 1 if n_found else 0


if __name__ == "__main__":
    sys.exit(main())
