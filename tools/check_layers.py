#!/usr/bin/env python3
"""Check tools/layers.txt against the includes of src/, and a few rules of style.

usage: check_layers.py SOURCE-ROOT
Environment variables that are read stand in the table of docs/cli.md, but for those that mpirun sets.
Prints a line for each offence; exit status 1 if there is one.
"""
import os
import re
import sys

BANNED = r"\b(strcpy|strcat|sprintf|vsprintf|sscanf|strtok|atoi|atof|atol|rand|alloca|gets)\s*\("
LIBRARY_BANNED = r"\b(malloc|calloc|realloc|free|posix_memalign|printf|puts|fprintf|perror|exit|abort)\s*\("
MALLOC_IN = {"base/mem.c", "base/json.c"}
# Of the library: galleries on a PostgreSQL server, as include/kao/context.h says.
ENVIRONMENT_IN = {"gallery/db_postgres.c", "gallery/postgres_link.c"}


def read_rules(path):
    folders, headers = {}, {}
    for line in open(path, encoding="utf-8"):
        line = line.split("#")[0].strip()
        if not line:
            continue
        left, right = [s.strip() for s in line.split(" :") if s is not None][:2]
        if left.startswith("header "):
            headers[left[7:].strip()] = right.split()
        else:
            folders[left] = set(right.split())
    return folders, headers


def sources(root):
    for folder, _, files in os.walk(os.path.join(root, "src")):
        for name in sorted(files):
            if name.endswith((".c", ".h")):
                path = os.path.join(folder, name)
                yield os.path.relpath(path, os.path.join(root, "src")).replace(os.sep, "/"), path


def strip(text):
    """Without comments and strings, so that words in them do not count."""
    text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m[0].count("\n"), text, flags=re.S)
    return re.sub(r'"(\\.|[^"\\\n])*"', '""', text)


def check_includes(name, text, folders, headers):
    layer = name.split("/")[0]
    allowed = folders.get(name, folders.get(layer))
    if allowed is None:
        yield "src/%s: no rule for its folder in layers.txt" % name
        return
    for kind, target in re.findall(r'^\s*#\s*include\s+(["<])([^">]+)', text, re.M):
        top = target.split("/")[0]
        if target.startswith("kao/"):
            if "public" not in allowed:
                yield "src/%s includes %s" % (name, target)
        elif kind == '"' and top != layer and top not in allowed:
            yield "src/%s includes %s" % (name, target)
        for header, places in headers.items():
            if target.startswith(header) and not any(name.startswith(p) for p in places):
                yield "src/%s includes %s, which belongs to %s" % (name, target, places[0])


def check_words(name, text):
    body = strip(text)
    library = not name.startswith("cli/")
    for number, line in enumerate(body.split("\n"), 1):
        found = re.search(BANNED, line)
        if found:
            yield "src/%s:%d: %s is banned" % (name, number, found[1])
        found = re.search(LIBRARY_BANNED, line) if library and name not in MALLOC_IN else None
        if found and not re.search(r"(->|\.)\s*" + found[1], line):
            yield "src/%s:%d: %s in the library" % (name, number, found[1])
    if "FIXME" in text or "XXX" in text or re.search(r"TODO(?!\(#)", text):
        yield "src/%s: a note without an issue number" % name


def check_environment(name, text, told):
    program = name.split("/")[0] in ("cli", "train")
    for variable in re.findall(r'\bgetenv\(\s*"(\w+)"', text):
        if not program and name not in ENVIRONMENT_IN:
            yield "src/%s: reads %s in the library" % (name, variable)
        if variable not in told and not variable.startswith("OMPI_"):
            yield "src/%s: reads %s, which docs/cli.md does not tell" % (name, variable)


def environment(path):
    """The variables of the table under "Environment"."""
    text = open(path, encoding="utf-8").read()
    table = re.search(r"^## Environment\n(.*?)^## ", text, re.M | re.S)[1]
    return {v for row in re.findall(r"^\| (`.*?) \|", table, re.M) for v in re.findall(r"`(\w+)`", row)}


def main():
    root = sys.argv[1]
    folders, headers = read_rules(os.path.join(root, "tools", "layers.txt"))
    told = environment(os.path.join(root, "docs", "cli.md"))
    bad = 0
    for name, path in sources(root):
        text = open(path, encoding="utf-8").read()
        for line in (list(check_includes(name, text, folders, headers)) + list(check_words(name, text)) +
                     list(check_environment(name, text, told))):
            print(line)
            bad += 1
    print("%d offences" % bad)
    sys.exit(1 if bad else 0)


main()
