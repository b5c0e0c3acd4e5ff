"""Checks of the videos that tests/support/make_clip.c makes.

usage: check_clip.py facts SCENE VIDEO TRUTH
       check_clip.py pictures VIDEO STEP FOLDER           each STEP-th frame at half its size, as
                                                          FOLDER/NUMBER.png
       check_clip.py found TRUTH DETECTIONS STEP OUT.txt  kao detect --json of them, as a MOT file;
                                                          OUT.txt.truth: the truth of those frames
"""
import json
import os
import re
import struct
import sys
import zlib

WIDE, HIGH = 640, 360
ANA, BEN, CHEN, DORA, EMIL = 1, 2, 3, 4, 5


def need(condition, *words):
    if not condition:
        sys.exit("    " + " ".join(str(w) for w in words))


def read_clip(path):
    """Frames a second, frames."""
    data = open(path, "rb").read()
    head, rest = data.split(b"\n", 1)
    m = re.fullmatch(rb"YUV4MPEG2 W640 H360 F(\d+):1 Ip A1:1 C420", head)
    need(m, "the head:", head)
    size = 6 + WIDE * HIGH * 3 // 2
    need(len(rest) % size == 0, "half a frame")
    frames = [rest[i:i + size] for i in range(0, len(rest), size)]
    need(all(f.startswith(b"FRAME\n") for f in frames), "a frame's head")
    return int(m[1]), [f[6:] for f in frames]


def read_truth(path):
    """Of each person: box by frame."""
    people = {}
    for line in open(path):
        v = line.rstrip("\n").split(",")
        need(len(v) == 10 and v[6:] == ["1", "-1", "-1", "-1"], line)
        frame, who, (x, y, w, h) = int(v[0]), int(v[1]), map(float, v[2:6])
        need(frame not in people.setdefault(who, {}), "twice:", line)
        need(x >= 0 and y >= 0 and w > 0 and h > 0 and x + w <= WIDE + .1 and y + h <= HIGH + .1, "outside:", line)
        people[who][frame] = x, y, w, h
    return people


def rgb(frame, x, y):
    """Of the four pixels that have one colour sample, x and y counted in these."""
    at, of = 2 * y * WIDE + 2 * x, WIDE * HIGH + y * (WIDE // 2) + x
    c = .291 * (frame[at] + frame[at + 1] + frame[at + WIDE] + frame[at + WIDE + 1] - 64)
    d, e = frame[of] - 128, frame[of + WIDE * HIGH // 4] - 128
    return [min(max(round(v), 0), 255) for v in (c + 1.596 * e, c - .392 * d - .813 * e, c + 2.017 * d)]


def png(path, frame):
    wide, high = WIDE // 2, HIGH // 2
    rows = b"".join(b"\0" + bytes(v for x in range(wide) for v in rgb(frame, x, y)) for y in range(high))

    def chunk(name, data):
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    with open(path, "wb") as f:
        f.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", wide, high, 8, 2, 0, 0, 0)) +
                chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b""))


def gaps(boxes):
    """Frames that lie between two of a person's and are not its own: (first, number)."""
    at = sorted(boxes)
    return [(a + 1, b - a - 1) for a, b in zip(at, at[1:]) if b > a + 1]


def change(a, b):
    """How much the brightness of one frame differs from that of another, on the mean."""
    return sum(abs(x - y) for x, y in zip(a[:WIDE * HIGH:97], b[:WIDE * HIGH:97])) / (WIDE * HIGH // 97)


# ---- the scenes ----

def crossing(people, frames):
    need(set(people) == {ANA, BEN}, people.keys())
    need(len(people[ANA]) == len(frames), "ana is in front")
    need(people[ANA][1][0] < people[BEN][1][0] - 300, "at the beginning")
    need(people[ANA][len(frames)][0] > people[BEN][len(frames)][0] + 300, "at the end")
    need(len(gaps(people[BEN])) == 1 and 10 <= gaps(people[BEN])[0][1] <= 40, gaps(people[BEN]))


def occlusion(people, frames):
    need(set(people) == {BEN, CHEN}, people.keys())
    need(len(people[CHEN]) == len(frames), "chen stays")
    need([n for _, n in gaps(people[BEN])] in ([37], [38]), gaps(people[BEN]))  # 1.5 seconds
    first, n = gaps(people[BEN])[0]
    need(people[BEN][first - 1][0] < people[BEN][first + n][0] - 100, "he comes out at the other side")


def cuts(people, frames):
    need(set(people) == {ANA, BEN, DORA}, people.keys())
    for boxes in people.values():
        need(len(boxes) == len(frames), "all are in all frames")
    jumps = [i + 1 for i in range(1, len(frames)) if change(frames[i - 1], frames[i]) > 5]
    need(jumps == [41, 81, 121], "cuts at", jumps)
    for at in jumps:
        need(all(abs(b[at][0] - b[at - 1][0]) > 50 for b in people.values()), "somebody stays at the cut", at)


def slow(people, frames):
    need(set(people) == {EMIL, DORA}, people.keys())
    b = people[EMIL]
    for i in range(1, len(frames)):
        need(abs(b[i + 1][0] - b[i][0]) > b[i][2] / 2, "emil is slow in frame", i)


def absence(people, frames):
    need(set(people) == {ANA, CHEN, EMIL}, people.keys())
    need(len(people[ANA]) == len(people[CHEN]) == len(frames), "ana and chen stay")
    need(len(gaps(people[EMIL])) == 1 and gaps(people[EMIL])[0][1] > 80, gaps(people[EMIL]))


def newcomer(people, frames):
    need(set(people) == {ANA, BEN, CHEN, DORA, EMIL}, people.keys())
    begin = [min(people[who]) for who in (ANA, BEN, CHEN, DORA, EMIL)]
    need(begin[:3] == [1, 1, 1] and begin[3] > 50 and begin[4] > begin[3] + 50, begin)
    for boxes in people.values():
        need(not gaps(boxes) and max(boxes) == len(frames), "somebody goes")


def lone(people, frames):
    need(set(people) == {DORA} and len(people[DORA]) == len(frames), people.keys())


def empty(people, frames):
    need(not people, people)


def facts(scene, video, truth):
    (fps, frames), people = read_clip(video), read_truth(truth)
    need(fps == (5 if scene == "slow" else 25) and 6 <= len(frames) / fps <= 12, fps, len(frames))
    need(all(1 <= min(b) and max(b) <= len(frames) for b in people.values()), "frames that are not there")
    globals()[scene](people, frames)
    for who, boxes in people.items():
        x, y, w, h = boxes[min(boxes)]
        r, g, b = rgb(frames[min(boxes) - 1], int(x + w / 2) // 2, int(y + h / 2) // 2)
        need(r > g > b, "no skin:", who, r, g, b)


# ---- what kao finds ----

def pictures(video, step, folder):
    frames = read_clip(video)[1]
    for i in range(0, len(frames), int(step)):
        png(os.path.join(folder, "%d.png" % (i + 1)), frames[i])


def found(truth, detections, step, out):
    with open(out, "w") as f:
        for line in open(detections):
            o = json.loads(line)
            frame = os.path.basename(o["file"]).split(".")[0]
            for i, face in enumerate(o["faces"]):
                f.write(",".join(map(str, [frame, i, *(2 * v for v in face["box"]), face["score"], -1, -1, -1])) + "\n")
    with open(out + ".truth", "w") as f:
        f.writelines(line for line in open(truth) if (int(line.split(",")[0]) - 1) % int(step) == 0)


globals()[sys.argv[1]](*sys.argv[2:])
