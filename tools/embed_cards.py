#!/usr/bin/env python3
"""Make src/face/cards_data.c from models/cards/*.card (run by the build).

The first lines of a card name the model file they belong to:
    # sha256 HEX
    # bytes N
usage: embed_cards.py OUTPUT CARD...
"""
import re
import sys


def quoted(text):
    out = []
    for line in text.splitlines():
        escaped = line.replace("\\", "\\\\").replace('"', '\\"')
        out.append('      "%s\\n"' % escaped)
    return "\n".join(out)


def main():
    rows = []
    for path in sorted(sys.argv[2:]):
        with open(path, encoding="utf-8") as f:
            text = f.read()
        sha = re.search(r"^# sha256 ([0-9a-f]{64})$", text, re.M)
        size = re.search(r"^# bytes ([0-9]+)$", text, re.M)
        if not sha or not size:
            sys.exit("%s: needs '# sha256 HEX' and '# bytes N'" % path)
        rows.append('    { "%s",\n%s,\n      %s },' % (sha[1], quoted(text), size[1]))
    with open(sys.argv[1], "w", encoding="utf-8") as f:
        f.write("/* Made by tools/embed_cards.py from models/cards/. */\n")
        f.write('#include "face/card.h"\n\n')
        f.write("const kao_builtin_card kao_builtin_cards[] = {\n%s\n};\n" % "\n".join(rows))
        f.write("const size_t kao_n_builtin_cards = %d;\n" % len(rows))


main()
