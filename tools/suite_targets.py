#!/usr/bin/env python3
"""What a build has to hold for the tests of a suite, for ./test: names for ninja, a line each.

usage: suite_targets.py BUILD-FOLDER SUITE
"""
import json
import os
import subprocess
import sys


def introspect(folder, what):
    said = subprocess.run(["meson", "introspect", "--" + what, folder], check=True, capture_output=True, text=True)
    return json.loads(said.stdout)


def main():
    folder, suite = sys.argv[1:]
    wanted = set()
    for t in introspect(folder, "tests"):
        if any(s.split(":")[-1] == suite for s in t["suite"]):
            wanted.update(t["depends"])
    for t in introspect(folder, "targets"):
        if t["id"] in wanted:
            for name in t["filename"]:
                print(os.path.relpath(name, os.path.abspath(folder)))


if __name__ == "__main__":
    main()
