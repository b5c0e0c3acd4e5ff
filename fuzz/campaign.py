#!/usr/bin/env python3
"""All fuzz targets in turn, for hours: what they grow is kept, what they find stops nothing.

    python3 fuzz/campaign.py BUILD STATE [--hours H] [--jobs N] [--each SECONDS] [--log FILE]

BUILD   a build with -Dfuzz=true (fuzz/meson.build says how)
STATE   a folder of its own: grown corpora and findings (crash-*, timeout-*, oom-*). A later call goes on from it.
--log   a line a turn, bench/results/fuzz.csv at first. Seconds are those of a core, not the clock's.
--each  seconds of a turn by the clock, 300 at first; targets that have had less time come first

At the end, and on Ctrl-C: a table of all turns so far. Exit: 0 nothing was found, 1 something was, 3 usage.
"""

import argparse
import csv
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
COLUMNS = ["target", "seconds", "executions", "edges", "findings"]
FOUND = ("crash-", "leak-", "timeout-", "oom-")


def arguments():
    p = argparse.ArgumentParser(usage=__doc__)
    p.add_argument("build")
    p.add_argument("state")
    p.add_argument("--hours", type=float, default=1)
    p.add_argument("--jobs", type=int, default=os.cpu_count())
    p.add_argument("--each", type=int, default=300)
    p.add_argument("--log", default=os.path.join(HERE, "..", "bench", "results", "fuzz.csv"))
    return p.parse_args()


def targets(build):
    folder = os.path.join(build, "fuzz")
    names = sorted(n[5:] for n in os.listdir(folder) if n.startswith("fuzz_") and "." not in n)
    if not names:
        sys.exit(f"{folder}: no targets; build with -Dfuzz=true")
    return names


def read_turns(path):
    if not os.path.exists(path):
        return []
    with open(path, newline="", encoding="utf-8") as f:
        return list(csv.DictReader(f))


def add_turn(path, turn):
    new = not os.path.exists(path)
    with open(path, "a", newline="", encoding="utf-8") as f:
        w = csv.DictWriter(f, COLUMNS, lineterminator="\n")
        if new:
            w.writeheader()
        w.writerow(turn)


def findings(state, name):
    folder = os.path.join(state, name, "found")
    return [n for n in os.listdir(folder) if n.startswith(FOUND)] if os.path.isdir(folder) else []


def last_number(pattern, text):
    found = re.findall(pattern, text)
    return int(found[-1]) if found else 0


def turn(build, state, name, seconds, running):
    """One target for so many seconds, on with its corpus after a finding."""
    grown, found = os.path.join(state, name, "grown"), os.path.join(state, name, "found")
    os.makedirs(grown, exist_ok=True)
    os.makedirs(found, exist_ok=True)
    seeds = os.path.join(HERE, "corpus", name)
    begin, cpu, executions, edges = time.monotonic(), 0, 0, 0
    before = len(findings(state, name))
    while time.monotonic() - begin < seconds and not running.stop:
        left = max(1, int(seconds - (time.monotonic() - begin)))
        p = subprocess.Popen(
            [os.path.join(build, "fuzz", "fuzz_" + name), f"-max_total_time={left}", "-timeout=300", "-rss_limit_mb=3000",
             "-print_final_stats=1", "-artifact_prefix=" + found + "/", grown, seeds],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace", start_new_session=True)
        with running.lock:
            running.processes.add(p)
        said = p.stderr.read()
        _, status, usage = os.wait4(p.pid, 0)
        p.returncode = os.waitstatus_to_exitcode(status)
        cpu += usage.ru_utime + usage.ru_stime
        with running.lock:
            running.processes.discard(p)
        executions += last_number(r"stat::number_of_executed_units: (\d+)", said) or last_number(r"\n#(\d+)\t", said)
        edges = max(edges, last_number(r" cov: (\d+)", said))
        if p.returncode and not running.stop:
            with open(os.path.join(found, "log"), "a", encoding="utf-8") as f:
                f.write(said[-20000:])
            if len(findings(state, name)) == before + 20:
                break  # the same again and again
    return {"target": name, "seconds": round(cpu), "executions": executions, "edges": edges,
            "findings": len(findings(state, name)) - before}


class Running:
    def __init__(self):
        self.lock = threading.Lock()
        self.processes = set()
        self.busy = set()
        self.stop = False

    def end(self, *_):
        self.stop = True
        for p in list(self.processes):
            p.send_signal(signal.SIGINT)


def worker(args, names, until, running):
    while time.monotonic() < until and not running.stop:
        with running.lock:
            spent = dict.fromkeys(names, 0)
            for t in read_turns(args.log):
                spent[t["target"]] = spent.get(t["target"], 0) + int(t["seconds"])
            free = [n for n in names if n not in running.busy]
            if not free:
                return
            name = min(free, key=lambda n: spent[n])
            running.busy.add(name)
        t = turn(args.build, args.state, name, min(args.each, max(1, until - time.monotonic())), running)
        with running.lock:
            add_turn(args.log, t)
            running.busy.discard(name)
        print(f"{name}: {t['seconds']} s, {t['executions']} executions, {t['edges']} edges, {t['findings']} found",
              flush=True)


def table(log):
    sums = {}
    for t in read_turns(log):
        s = sums.setdefault(t["target"], dict.fromkeys(COLUMNS[1:], 0))
        for k in ("seconds", "executions", "findings"):
            s[k] += int(t[k])
        s["edges"] = max(s["edges"], int(t["edges"]))
    print("| target | hours of a core | executions | edges | findings |\n|---|---|---|---|---|")
    for name, s in sorted(sums.items()):
        print(f"| {name} | {s['seconds'] / 3600:.2f} | {s['executions']:,} | {s['edges']:,} | {s['findings']} |")
    total = {k: sum(s[k] for s in sums.values()) for k in ("seconds", "executions", "findings")}
    print(f"| all | {total['seconds'] / 3600:.2f} | {total['executions']:,} | | {total['findings']} |")
    return total["findings"]


def main():
    args = arguments()
    names = targets(args.build)
    os.makedirs(args.state, exist_ok=True)
    if shutil.disk_usage(args.state).free < 1 << 30:
        sys.exit(f"{args.state}: less than 1 GiB free")
    running = Running()
    signal.signal(signal.SIGINT, running.end)
    signal.signal(signal.SIGTERM, running.end)
    until = time.monotonic() + args.hours * 3600
    workers = [threading.Thread(target=worker, args=(args, names, until, running)) for _ in range(args.jobs)]
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    return 1 if table(args.log) else 0


if __name__ == "__main__":
    sys.exit(main())
