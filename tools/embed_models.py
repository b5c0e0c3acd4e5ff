#!/usr/bin/env python3
"""Make src/face/bundled_data.c: the models of a folder, linked in (run by the build).

A name whose FOLDER/NAME.onnx is not there has a row without bytes. The depfile names the
folder too, so that a model that comes or goes is noticed.
usage: embed_models.py OUTPUT DEPFILE FOLDER NAME...
"""
import os
import sys

sys.dont_write_bytecode = True  # the tree may be read-only, and stays clean
from incbin import MACRO, bytes_line, depfile_line

HEAD = """/* Made by tools/embed_models.py from models/. */
#include "face/model.h"
"""


def main():
    output, depfile, folder, names = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
    paths = [os.path.join(folder, name + ".onnx") for name in names]
    there = [os.path.exists(p) for p in paths]
    with open(output, "w", encoding="utf-8") as f:
        f.write(HEAD + MACRO + "\n")
        for i, path in enumerate(paths):
            if there[i]:
                f.write(bytes_line("kao_bundled_%d" % i, path))
        f.write("\nconst kao_bundled kao_bundled_models[] = {\n")
        for i, name in enumerate(names):
            row = ("kao_bundled_%d" % i, os.path.getsize(paths[i])) if there[i] else ("NULL", 0)
            f.write('    { "%s", %s, %d },\n' % ((name,) + row))
        f.write("};\nconst size_t kao_n_bundled_models = %d;\n" % len(names))
    with open(depfile, "w", encoding="utf-8") as f:
        needed = [folder] + [p for p, have in zip(paths, there) if have]
        f.write(depfile_line(output, needed))


main()
