#!/usr/bin/env python3
"""Make src/server/web_data.c: the app's files, linked in (run by the build).

The depfile names the folders too, so that a file that comes or goes is noticed.
usage: embed_web.py OUTPUT DEPFILE FOLDER [PATH=FILE...]
FOLDER: all its files, by their paths in it; PATH=FILE: another file under that path.
"""
import hashlib
import os
import sys

sys.dont_write_bytecode = True  # the tree may be read-only, and stays clean
from incbin import MACRO, bytes_line, depfile_line

TYPES = {
    "css": "text/css; charset=utf-8",
    "html": "text/html; charset=utf-8",
    "ico": "image/x-icon",
    "jpg": "image/jpeg",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "mp4": "video/mp4",
    "png": "image/png",
    "svg": "image/svg+xml",
    "webmanifest": "application/manifest+json",
    "woff2": "font/woff2",
}
HEAD = """/* Made by tools/embed_web.py from web/. */
#include "server/web.h"
"""


def main():
    output, depfile, folder, more = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
    files, folders = {}, []
    for root, names, found in os.walk(folder):
        names[:] = sorted(n for n in names if not n.startswith(".") and n != "node_modules")
        folders.append(root)
        for name in sorted(found):
            if name.rsplit(".", 1)[-1] in TYPES:
                files["/" + os.path.relpath(os.path.join(root, name), folder)] = os.path.join(root, name)
    for item in more:
        path, file = item.split("=", 1)
        files[path] = file
    with open(output, "w", encoding="utf-8") as f:
        f.write(HEAD + MACRO + "\n")
        for i, path in enumerate(sorted(files)):
            f.write(bytes_line("kao_web_%d" % i, os.path.abspath(files[path])))
        f.write("\nconst kao_web_file kao_web_files[] = {\n")
        for i, path in enumerate(sorted(files)):
            with open(files[path], "rb") as one:
                content = one.read()
            f.write('    { "%s", "%s", "\\"%s\\"", kao_web_%d, %d },\n' % (
                path, TYPES[path.rsplit(".", 1)[-1]], hashlib.sha256(content).hexdigest()[:32], i, len(content)))
        f.write("};\nconst size_t kao_n_web_files = %d;\n" % len(files))
    with open(depfile, "w", encoding="utf-8") as f:
        needed = folders + [files[path] for path in sorted(files)]
        f.write(depfile_line(output, needed))


main()
