#!/usr/bin/env python3
"""Make src/face/cards_data.c from models/cards/*.card (run by the build).

The first lines of a card name the model file they belong to:
    # sha256 HEX
    # bytes N
usage: embed_cards.py OUTPUT CARD...
"""
import re
import sys


def as_bytes(text):
    """A card may be longer than the longest string constant that C promises."""
    data = text.encode("utf-8") + b"\0"
    return ",\n".join("    " + ", ".join(str(c if c < 128 else c - 256) for c in data[i:i + 20])
                      for i in range(0, len(data), 20))


def main():
    rows, texts = [], []
    for path in sorted(sys.argv[2:]):
        with open(path, encoding="utf-8") as f:
            text = f.read()
        sha = re.search(r"^# sha256 ([0-9a-f]{64})$", text, re.M)
        size = re.search(r"^# bytes ([0-9]+)$", text, re.M)
        if not sha or not size:
            sys.exit("%s: needs '# sha256 HEX' and '# bytes N'" % path)
        texts.append("static const char card_%d[] = {\n%s\n};\n" % (len(rows), as_bytes(text)))
        rows.append('    { "%s", card_%d, %s },' % (sha[1], len(rows), size[1]))
    with open(sys.argv[1], "w", encoding="utf-8") as f:
        f.write("/* Made by tools/embed_cards.py from models/cards/. */\n")
        f.write('#include "face/card.h"\n\n')
        f.write("".join(texts))
        f.write("const kao_builtin_card kao_builtin_cards[] = {\n%s\n};\n" % "\n".join(rows))
        f.write("const size_t kao_n_builtin_cards = %d;\n" % len(rows))


main()
