#!/usr/bin/env python3
"""Say how a run of `meson test` went, for ./test.

usage: test_report.py BUILD-FOLDER [STATUS]
STATUS: meson's. Where it tells of a failure and no test does, meson ended before all had run.
Prints what failed with the end of its output (and, of one that goes on after a failure, what it said there), what was skipped or left out and why; the last
line is "passed failed skipped", three numbers.
"""
import json
import os
import re
import sys

LINES = 60  # of a failed test's output: its end
AFTER = 30  # from a "not ok" on that stands before the end


def of_failed(output):
    """The lines of a failed test's output that tell why."""
    lines = output.splitlines()
    end = max(len(lines) - LINES, 0)
    kept = set(range(end, len(lines)))
    for i in range(end):
        if re.match(r"[\s#]*not ok\b", lines[i]):
            kept.update(range(i, min(i + AFTER, end)))
    told = -1
    for i in sorted(kept):
        if i > told + 1:
            yield "[...]"
        yield lines[i]
        told = i


def main():
    folder = sys.argv[1]
    path = os.path.join(folder, "meson-logs", "testlog.json")
    shared = os.path.abspath(".") + "/../shared"
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    told = set()
    tests = []
    if os.path.exists(path):
        with open(path, encoding="utf-8", errors="replace") as f:
            tests = [json.loads(line) for line in f]
    for t in tests:
        output = (t.get("stdout") or "") + (t.get("stderr") or "")
        if t["result"] in ("OK", "EXPECTEDFAIL"):
            counts["passed"] += 1
        elif t["result"] == "SKIP":
            counts["skipped"] += 1
            if not re.search(r"^SKIP: ", output, re.M):
                print("SKIP: %s gave no reason" % t["name"])
        else:
            counts["failed"] += 1
            print("FAILED: %s (%s, %.1f s, status %s)" % (t["name"], t["result"].lower(), t["duration"],
                                                         t.get("returncode")))
            for line in of_failed(output):
                print("    " + line)
            continue
        for line in re.findall(r"^(?:SKIP|left out|refused).*", output, re.M):
            if line not in told:
                print(line.replace(shared, "../shared"))
                told.add(line)
    ended = sys.argv[2] if len(sys.argv) > 2 else "0"
    if tests and ended != "0" and not counts["failed"]:
        print("FAILED: meson ended with status %s, not all tests ran (see %s/test.log)" % (ended, folder))
        counts["failed"] += 1
    if not tests:
        print("FAILED: meson ran no test (see %s/test.log)" % folder)
        counts["failed"] += 1
    print("%(passed)d %(failed)d %(skipped)d" % counts)


main()
