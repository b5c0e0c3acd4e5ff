#!/usr/bin/env python3
"""Bring what the docs quote from the program up to date: docs/operators.md as a whole, and in
docs/cli.md the block after each line <!-- kao ... -->, which is that command's output.

usage: update_docs.py KAO [--check NAME]
--check NAME writes nothing; it says whether docs/NAME is out of date and ends with 1 if so.
"""
import os
import re
import subprocess
import sys

root = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")


def output(program, words):
    return subprocess.run([program] + words, stdout=subprocess.PIPE, check=True, encoding="utf-8").stdout


def main():
    program, check = sys.argv[1], sys.argv[3] if len(sys.argv) > 3 else None
    path = os.path.join(root, "docs", "cli.md")
    text = open(path, encoding="utf-8").read()

    def block(m):
        return "%s\n```\n%s```" % (m[1], output(program, m[2].split()))
    made = {
        path: re.sub(r"(<!-- kao (.*?) -->)\n```\n.*?```", block, text, flags=re.S),
        os.path.join(root, "docs", "operators.md"): output(program, ["model", "ops", "--markdown"]),
    }
    stale = [p for p, new in made.items() if check in (None, os.path.basename(p))
             if not os.path.exists(p) or open(p, encoding="utf-8").read() != new]
    for p in stale:
        print("%s: %s" % (os.path.relpath(p, root), "out of date (tools/update_docs.py)" if check else "written"))
        if not check:
            open(p, "w", encoding="utf-8").write(made[p])
    sys.exit(1 if check and stale else 0)


main()
