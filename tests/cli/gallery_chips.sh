#!/bin/sh
# Chips and reembedding: kao enroll --keep-chips, kao gallery chips, with the models inside the program
. "$(dirname "$0")/lib.sh"
inside kao-face && inside kao-detect || skip "galleries of photographs need the models inside"
cd "$work" || exit 1
P=$PICTURES
KAO_GALLERY="$work/people.kao"
export KAO_GALLERY

# ---- chips ----

run 0 "$KAO" enroll Ana "$P/ana_1.jpg" "$P/ana_2.jpg" --keep-chips
run 0 "$KAO" enroll Ben "$P/ben_1.jpg"
run 0 "$KAO" gallery chips "chips 顔"
out_has "2 chips"
[ "$(find "chips 顔" -name '*.png' | wc -l)" = 2 ] && [ -d "chips 顔/1" ] || fails "the files"
id=$("$KAO" people Ana --samples | awk 'NR == 2 { print $1 }')
run 0 "$KAO" align "$P/ana_1.jpg" -o aligned
"${PYTHON:-python3}" - "chips 顔/1/$id.png" aligned/ana_1.face1.png <<'END' || fails "another picture than kao align makes"
import struct, sys, zlib
def pixels(path):
    b, at, data = open(path, "rb").read(), 8, b""
    while at < len(b):
        n, kind = struct.unpack(">I4s", b[at:at + 8])
        if kind == b"IHDR": head = b[at + 8:at + 8 + n]
        if kind == b"IDAT": data += b[at + 8:at + 8 + n]
        at += 12 + n
    return head, zlib.decompress(data)
assert pixels(sys.argv[1]) == pixels(sys.argv[2]) and pixels(sys.argv[1])[0][:8] == struct.pack(">II", 112, 112)
END
run 0 "$KAO" gallery export out.jsonl
run 0 "$KAO" gallery import out.jsonl --gallery other.kao
run 0 "$KAO" gallery chips chips-2 --gallery other.kao
out_has "2 chips"
sed 's/"chip":"..../"chip":"_?.=/' out.jsonl >bad.jsonl
run 3 "$KAO" gallery import bad.jsonl --gallery third.kao
err_has "line 2: a chip that is no base64"
run 0 "$KAO" gallery verify
run 0 "$KAO" forget Ana --json
out_has '"traces":0'
run 0 "$KAO" gallery chips none
out_has "0 chips"
run 3 "$KAO" gallery chips bad.jsonl/x --gallery other.kao
err_one_line
fact "chips: kept if asked for, the same as kao align makes, written as files, out and in, forgotten"
finish
