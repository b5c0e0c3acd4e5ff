#!/usr/bin/env python3
"""Check that the C files are as clang-format 14 writes them (.clang-format).

usage: check_format.py SOURCE-ROOT [--fix]
Prints the files that are not; --fix rewrites them. Exit status 77 (skipped) without
clang-format-14: other versions write other things.
"""
import os
import shutil
import subprocess
import sys

FOLDERS = ["src", "include", "tests", "bench", "fuzz", "examples"]
GENERATED = os.path.join("tests", "data")


def main():
    root = sys.argv[1]
    tool = shutil.which("clang-format-14")
    if not tool:
        print("SKIP: check-format needs clang-format-14")
        sys.exit(77)
    files = sorted(os.path.join(folder, name) for top in FOLDERS
                   for folder, _, names in os.walk(os.path.join(root, top))
                   for name in names if name.endswith((".c", ".h")) and GENERATED not in folder)
    if "--fix" in sys.argv:
        sys.exit(subprocess.run([tool, "-i"] + files).returncode)
    said = subprocess.run([tool, "--dry-run"] + files, stderr=subprocess.PIPE, text=True, errors="replace", check=True).stderr
    lines = said.splitlines()
    bad = [path for path in files if any(line.startswith(path + ":") for line in lines)]
    for path in bad:
        print("%s: not as clang-format-14 writes it" % os.path.relpath(path, root))
    print("%d files, %d to format (tools/check_format.py . --fix)" % (len(files), len(bad)))
    sys.exit(1 if bad else 0)


main()
