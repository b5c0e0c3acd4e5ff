"""Files linked into the program by the assembler: what the embed_*.py scripts share."""
import os

MACRO = """#define BYTES(SYMBOL, PATH)                                                                  \\
    extern const unsigned char SYMBOL[] __attribute__((visibility("hidden")));               \\
    __asm__(".section .rodata\\n.balign 64\\n.globl " #SYMBOL "\\n.hidden " #SYMBOL              \\
            "\\n.type " #SYMBOL ", %object\\n" #SYMBOL ":\\n.incbin \\"" PATH "\\"\\n.previous\\n")
"""


def escaped(path):
    """For a string of the assembler within one of C."""
    for _ in range(2):
        path = path.replace("\\", "\\\\").replace('"', '\\"')
    return path


def bytes_line(symbol, path):
    return 'BYTES(%s, "%s");\n' % (symbol, escaped(path))


def depfile_line(output, needed):
    needed = needed + [os.path.abspath(__file__)]
    return "%s: %s\n" % (output, " ".join(p.replace(" ", "\\ ") for p in needed))
