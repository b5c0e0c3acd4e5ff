#!/usr/bin/env python3
"""Reads what is hidden in an encrypted gallery, by docs/gallery.md alone: nothing of kao, nothing of libsodium. BLAKE2b is Python's,
ChaCha20 and Poly1305 are written here after RFC 8439, HChaCha20 after draft-irtf-cfrg-xchacha-03.

sealed.py GALLERY KEY_FILE: a JSON object of lists of [row, part, value], bytes as hexadecimal digits, by table.column.
Without arguments: the RFC's and the draft's own examples."""
import base64
import hashlib
import json
import sqlite3
import struct
import sys

MASK = 0xFFFFFFFF


def quarter(s, a, b, c, d):
    for x, y, z, n in ((a, b, d, 16), (c, d, b, 12), (a, b, d, 8), (c, d, b, 7)):
        s[x] = (s[x] + s[y]) & MASK
        v = s[z] ^ s[x]
        s[z] = ((v << n) | (v >> (32 - n))) & MASK


def rounds(s):
    for _ in range(10):
        for q in ((0, 4, 8, 12), (1, 5, 9, 13), (2, 6, 10, 14), (3, 7, 11, 15), (0, 5, 10, 15), (1, 6, 11, 12), (2, 7, 8, 13), (3, 4, 9, 14)):
            quarter(s, *q)


def start(key, rest):
    return list(struct.unpack("<16I", b"expand 32-byte k" + key + rest))


def hchacha20(key, nonce16):
    s = start(key, nonce16)
    rounds(s)
    return struct.pack("<8I", *s[:4], *s[12:])


def chacha20(key, counter, nonce12, data):
    out = bytearray()
    for at in range(0, len(data), 64):
        first = start(key, struct.pack("<I", counter + at // 64) + nonce12)
        s = list(first)
        rounds(s)
        stream = struct.pack("<16I", *((x + y) & MASK for x, y in zip(s, first)))
        out += bytes(x ^ y for x, y in zip(data[at:at + 64], stream))
    return bytes(out)


def poly1305(key, data):
    r = int.from_bytes(key[:16], "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    total = 0
    for at in range(0, len(data), 16):
        total = (total + int.from_bytes(data[at:at + 16] + b"\1", "little")) * r % ((1 << 130) - 5)
    return ((total + int.from_bytes(key[16:], "little")) & ((1 << 128) - 1)).to_bytes(16, "little")


def padded(data):
    return data + bytes(-len(data) % 16)


def open_aead(key, nonce, data, with_):
    """XChaCha20-Poly1305: 24 bytes of nonce; data ends in 16 bytes of tag."""
    key, nonce = hchacha20(key, nonce[:16]), bytes(4) + nonce[16:]
    text, tag = data[:-16], data[-16:]
    mac = poly1305(chacha20(key, 0, nonce, bytes(32)), padded(with_) + padded(text) + struct.pack("<QQ", len(with_), len(text)))
    if mac != tag:
        raise ValueError("it does not open")
    return chacha20(key, 1, nonce, text)


# ---- as docs/gallery.md says ----

def read_key(path):
    head, digits = open(path).read().split("\n")[:2]
    assert head == "kao gallery key 1" and len(digits) == 64, head
    return bytes.fromhex(digits)


def derive(key, salt):
    own = hashlib.blake2b(salt, digest_size=32, key=key).digest()
    return [hashlib.blake2b(digest_size=32, key=own, salt=struct.pack("<Q", i) + bytes(8), person=b"kao seal" + bytes(8)).digest() for i in (1, 2, 3)]


def open_value(keys, place, row, part, value):
    """value: bytes, or a text."""
    if isinstance(value, str):
        assert value[0] in "\2\3", "in the clear"
        form = ord(value[0])
        value = base64.b64decode(value[1:], validate=True)
        assert value[0] == form
    with_ = place.encode() + b"\0" + struct.pack("<qq", row, part)
    text = open_aead(keys[value[0] - 2], value[1:25], value[25:], with_)
    if value[0] == 3:  # the nonce is a keyed hash of what it says
        nonce = hashlib.blake2b(struct.pack("<Q", len(with_)) + with_ + text, digest_size=24, key=keys[2]).digest()
        assert nonce == value[1:25], place
    return text


COLUMNS = (
    ("person", "name", "number", "0"), ("person", "note", "number", "0"), ("person", "external", "number", "0"),
    ("person", "member", "number", "0"), ("person", "name_tag", "number", None), ("sample", "source", "number", "0"),
    ("vector", "numbers", "sample", "model"), ("chip", "form", "sample", "0"), ("chip", "bytes", "sample", "0"),
    ("change", "detail", "number", "0"), ("edit", "old", "change", "step"), ("event", "text", "number", "0"),
    ("event", "trail", "number", None), ("event_mark", "name", "number", None),
)


def read_all(path, key_path):
    db = sqlite3.connect(path)
    tables = {name for name, in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    form, salt, check = db.execute("SELECT value FROM meta WHERE key = 'seal'").fetchone()[0].split()
    assert form == "1"
    keys = derive(read_key(key_path), bytes.fromhex(salt))
    check = bytes.fromhex(check)
    assert check[0] == 2 and open_aead(keys[0], check[1:25], check[25:], b"meta.seal") == b"kao gallery"
    found = {}
    for table, column, row, part in COLUMNS:
        where = " AND field IN (0, 1, 2, 6)" if table == "edit" else ""
        for value, r, p in db.execute(f"SELECT {column}, {row}, {part or 0} FROM {table} WHERE {column} IS NOT NULL{where}") if table in tables else ():
            text = open_value(keys, f"{table}.{column}", *((r, p) if part else (0, 0)), value) if value else b""
            found.setdefault(f"{table}.{column}", []).append([r, p, text.hex() if isinstance(value, bytes) else text.decode()])
    return found


def examples():
    # RFC 8439, 2.5.2
    key = bytes.fromhex("85d6be7857556d337f4452fe42d506a80103808afb0db2fd4abff6af4149f51b")
    assert poly1305(key, b"Cryptographic Forum Research Group").hex() == "a8061dc1305136c6c22b8baf0c0127a9"
    # draft-irtf-cfrg-xchacha-03, 2.2.1
    key = bytes(range(32))
    assert hchacha20(key, bytes.fromhex("000000090000004a0000000031415927")).hex() == \
        "82413b4227b27bfed30e42508a877d73a0f9e4d58a74a853c12ec41326d3ecdc"
    # A.3.1
    key, nonce = bytes(range(0x80, 0xa0)), bytes(range(0x40, 0x58))
    data = bytes.fromhex(
        "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216cb96b72e1213b452"
        "2f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff921f9664c97637da9768812f615c68b13b52e"
        "c0875924c1c7987947deafd8780acf49")
    said = open_aead(key, nonce, data, bytes.fromhex("50515253c0c1c2c3c4c5c6c7"))
    assert said.startswith(b"Ladies and Gentlemen of the class of '99"), said
    try:
        open_aead(key, nonce, data[:-1] + b"\0", bytes.fromhex("50515253c0c1c2c3c4c5c6c7"))
    except ValueError:
        return
    raise AssertionError("a wrong tag")


if __name__ == "__main__":
    examples()
    if len(sys.argv) > 1:
        json.dump(read_all(*sys.argv[1:]), sys.stdout)
