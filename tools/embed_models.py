#!/usr/bin/env python3
"""Make src/face/bundled_data.c: the models of a folder, linked in (run by the build).

A name whose FOLDER/NAME.onnx is not there has a row without bytes. The depfile names the
folder too, so that a model that comes or goes is noticed.
usage: embed_models.py OUTPUT DEPFILE FOLDER NAME...
"""
import os
import sys

HEAD = """/* Made by tools/embed_models.py from models/. */
#include "face/model.h"

#define BYTES(SYMBOL, PATH)                                                                  \\
    extern const unsigned char SYMBOL[] __attribute__((visibility("hidden")));               \\
    __asm__(".section .rodata\\n.balign 64\\n.globl " #SYMBOL "\\n.hidden " #SYMBOL              \\
            "\\n.type " #SYMBOL ", %object\\n" #SYMBOL ":\\n.incbin \\"" PATH "\\"\\n.previous\\n")

"""


def escaped(path):
    """For a string of the assembler within one of C."""
    for _ in range(2):
        path = path.replace("\\", "\\\\").replace('"', '\\"')
    return path


def main():
    output, depfile, folder, names = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
    paths = [os.path.join(folder, name + ".onnx") for name in names]
    there = [os.path.exists(p) for p in paths]
    with open(output, "w", encoding="utf-8") as f:
        f.write(HEAD)
        for i, path in enumerate(paths):
            if there[i]:
                f.write('BYTES(kao_bundled_%d, "%s");\n' % (i, escaped(path)))
        f.write("\nconst kao_bundled kao_bundled_models[] = {\n")
        for i, name in enumerate(names):
            row = ("kao_bundled_%d" % i, os.path.getsize(paths[i])) if there[i] else ("NULL", 0)
            f.write('    { "%s", %s, %d },\n' % ((name,) + row))
        f.write("};\nconst size_t kao_n_bundled_models = %d;\n" % len(names))
    with open(depfile, "w", encoding="utf-8") as f:
        needed = [folder] + [p for p, have in zip(paths, there) if have]
        f.write("%s: %s\n" % (output, " ".join(p.replace(" ", "\\ ") for p in needed)))


main()
