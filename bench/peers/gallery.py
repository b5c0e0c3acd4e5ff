#!/usr/bin/python3
"""Searches in a gallery, kao's and others', on the same vectors, window by window in turn.

  gallery.py make FOLDER ROWS                 vectors.f32, queries.f32: unit vectors of 512 numbers, random, with five
                                              neighbours planted for each of 64 queries (similarity .3 to .9)
  gallery.py run FOLDER [--program build/bench/bench_gallery] [--threads 1,2] [--windows 7] [--engines A,B] [--csv FILE]

Engines: kao (and `read`: what reading its 8-bit rows takes), numpy (f32, OpenBLAS), faiss-flat (f32), faiss-sq8,
usearch-f32, usearch-i8 (exact searches; USEARCH_HOME: the folder of its node_modules), hnswlib (approximate).
apt-get install python3-numpy python3-faiss python3-hnswlib libopenblas0-pthread; npm install usearch
Milliseconds a query, for one query a call and for 64; recall: which part of the true ten best is found. An engine whose
name ends in @N searches the first N rows alone (hnswlib@200000).
"""
import argparse
import csv
import os
import statistics
import subprocess
import sys
import time

DIM, K, BATCH = 512, 10, 64
HERE = os.path.dirname(os.path.abspath(__file__))
# 64 queries a call would be 64 searches one after the other, of a third of a second each
ALONE = {"faiss-sq8"}


def make(folder, rows):
    import numpy as np
    r = np.random.default_rng(1)

    def units(n):
        x = r.standard_normal((n, DIM), np.float32)
        return x / np.linalg.norm(x, axis=1, keepdims=True)

    queries = units(BATCH)
    queries.tofile(f"{folder}/queries.f32")
    planted = {int(at): i % BATCH for i, at in enumerate(r.choice(rows, 5 * BATCH, replace=False))}
    with open(f"{folder}/vectors.f32", "wb") as out:
        for begin in range(0, rows, 50000):
            x = units(min(50000, rows - begin))
            for at in [a for a in planted if begin <= a < begin + len(x)]:
                like = .3 + .6 * r.random()
                v = like * queries[planted[at]] + (1 - like * like) ** .5 * x[at - begin]
                x[at - begin] = v / np.linalg.norm(v)
            x.astype(np.float32).tofile(out)


def load(folder, rows=None):
    import numpy as np
    data = np.memmap(f"{folder}/vectors.f32", np.float32, "r").reshape(-1, DIM)
    return data[:rows], np.fromfile(f"{folder}/queries.f32", np.float32).reshape(-1, DIM)


def truth(folder, rows=None):
    import numpy as np
    data, queries = load(folder, rows)
    near = np.concatenate([data[i:i + 50000] @ queries.T for i in range(0, len(data), 50000)]).T
    near = np.argpartition(near, -2 * K, axis=1)[:, -2 * K:]
    return [sorted(n, key=lambda i: -float(data[i].astype(float) @ q.astype(float)))[:K] for n, q in zip(near, queries)]


def searcher(engine, folder, rows, threads):
    """A function of queries, the seconds that its index took."""
    import numpy as np
    data, queries = load(folder, rows)
    begin = time.perf_counter()
    if engine == "numpy":
        def search(q):
            s = data @ q[0] if len(q) == 1 else q @ data.T
            best = np.argpartition(s, -K, axis=-1)[..., -K:]
            return best.reshape(len(q), K)
    elif engine.startswith("faiss"):
        import faiss
        faiss.omp_set_num_threads(threads)
        if engine == "faiss-flat":
            index = faiss.IndexFlatIP(DIM)
        else:
            index = faiss.IndexScalarQuantizer(DIM, faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT)
            index.train(np.array(data[:20000]))
        for i in range(0, len(data), 50000):
            index.add(np.array(data[i:i + 50000]))
        search = lambda q: index.search(q, K)[1]
    else:
        import hnswlib
        index = hnswlib.Index("ip", DIM)
        index.init_index(len(data), M=16, ef_construction=100)
        index.set_num_threads(os.cpu_count())
        index.add_items(np.array(data))
        index.set_num_threads(threads)
        index.set_ef(64)
        search = lambda q: index.knn_query(q, K)[0]
    return search, queries, time.perf_counter() - begin


def worker(engine, folder, rows, threads):
    """The other side of Engine: a line for each line."""
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = str(threads)
    search, queries, seconds = searcher(engine, folder, rows, threads)
    at = 0
    print(f"{seconds:.2f}", flush=True)
    for line in sys.stdin:
        if line.strip() == "best":
            for row in search(queries):
                print(*row)
            sys.stdout.flush()
            continue
        batch, n = int(line), 0
        search(queries[:batch])  # not timed: what ran before has taken the caches
        begin = time.perf_counter()
        while n == 0 or time.perf_counter() - begin < .5:
            at = at if at + batch <= len(queries) else 0
            search(queries[at:at + batch])
            at, n = at + batch, n + batch
        print(f"{1e3 * (time.perf_counter() - begin) / n:.4f}", flush=True)


class Engine:
    def __init__(self, name, folder, threads, program):
        self.name, rows = name, ""
        engine = name
        if "@" in name:
            engine, rows = name.split("@")
        if engine == "kao":
            command = [program, folder, str(DIM), str(threads), "ask"]
        elif engine.startswith("usearch"):
            command = ["node", "--max-old-space-size=8192", f"{HERE}/gallery.mjs", engine, folder, str(threads)]
        else:
            command = [sys.executable, __file__, "worker", engine, folder, rows or "0", str(threads)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.build = None if engine == "kao" else float(self.process.stdout.readline())
        self.rows = int(rows) if rows else None
        self.windows = {}

    def ask(self, line, lines=1):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return [self.process.stdout.readline().strip() for _ in range(lines)]

    def window(self, what):
        self.windows.setdefault(what, []).append(float(self.ask(what)[0]))

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def recall(engine, folder, truths):
    key = engine.rows
    if key not in truths:
        truths[key] = truth(folder, key)
    found = [set(map(int, line.split())) for line in engine.ask("best", BATCH)]
    return sum(len(f & set(map(int, t))) for f, t in zip(found, truths[key])) / (K * BATCH)


def run(args):
    cpu = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), "")
    truths, rows = {}, os.path.getsize(f"{args.folder}/vectors.f32") // (4 * DIM)
    out = csv.writer(args.csv)
    out.writerow("engine,rows,threads,batch,ms_a_query,best_window,recall_at_10,build_s,windows,cpu".split(","))
    for threads in map(int, args.threads.split(",")):
        engines = [Engine(name, args.folder, threads, args.program) for name in args.engines.split(",")]
        for e in engines:
            e.recall = recall(e, args.folder, truths)
        for _ in range(args.windows):
            for e in engines:
                for what in ("read", "1", "64") if e.name == "kao" else ("1",) if e.name in ALONE else ("1", "64"):
                    e.window(what)
        for e in engines:
            for what, ms in e.windows.items():
                out.writerow([e.name if what != "read" else "read", e.rows or rows, threads, what if what != "read" else 1,
                              f"{statistics.median(ms):.3f}", f"{min(ms):.3f}", f"{e.recall:.4f}" if what != "read" else "",
                              e.build if e.build is not None else "", len(ms), cpu])
            if e.name == "kao":
                share = sorted(a / b for a, b in zip(e.windows["1"], e.windows["read"]))
                print(f"{threads} threads: one query takes {statistics.median(share):.3f} times as long as reading "
                      f"({share[0]:.3f} to {share[-1]:.3f})", file=sys.stderr)
            e.end()
        args.csv.flush()


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    verbs = p.add_subparsers(dest="verb", required=True)
    m = verbs.add_parser("make")
    m.add_argument("folder")
    m.add_argument("rows", type=int)
    r = verbs.add_parser("run")
    r.add_argument("folder")
    r.add_argument("--program", default="build/bench/bench_gallery")
    r.add_argument("--threads", default="1,2")
    r.add_argument("--windows", type=int, default=7)
    r.add_argument("--engines", default="kao,numpy,faiss-flat,faiss-sq8,usearch-f32,usearch-i8,hnswlib@200000")
    r.add_argument("--csv", type=argparse.FileType("w"), default=sys.stdout)
    w = verbs.add_parser("worker")
    for name in "engine", "folder", "rows", "threads":
        w.add_argument(name, type=str if name in ("engine", "folder") else int)
    a = p.parse_args()
    if a.verb == "make":
        make(a.folder, a.rows)
    elif a.verb == "run":
        run(a)
    else:
        worker(a.engine, a.folder, a.rows or None, a.threads)


main()
