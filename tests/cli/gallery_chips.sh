#!/bin/sh
# Chips and reembedding: kao enroll --keep-chips, kao gallery chips, with the models inside the program
. "$(dirname "$0")/lib.sh"
gallery_of_photographs "people.kao"

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
run 4 "$KAO" gallery chips bad.jsonl/x --gallery other.kao
err_one_line
fact "chips: kept if asked for, the same as kao align makes, written as files, out and in, forgotten"

# ---- other models ----

mkdir album
cp "$P/ana_1.jpg" "$P/ana_2.jpg" "$P/ben_1.jpg" "$P/group.jpg" album
KAO_GALLERY="$work/models.kao"
run 0 "$KAO" enroll Ana album/ana_1.jpg album/ana_2.jpg --keep-chips
run 0 "$KAO" enroll Ben album/ben_1.jpg
run 0 "$KAO" cluster --gallery models.kao album/group.jpg --enroll
run 0 "$KAO" people
n=$(wc -l <out)
[ "$n" -ge 4 ] || fails "who is on the group's picture"
run 0 "$KAO" gallery export before.jsonl
rm album/ana_1.jpg album/ana_2.jpg
run 0 "$KAO" gallery reembed --model kao-face-mask
grep -Eq "^2 samples by their chips, [0-9]+ by their pictures, 0 dropped$" out || fails "by what"
run 0 "$KAO" gallery stats
out_has "model 1: kao-face-mask"
run 0 "$KAO" identify "$P/ana_3.jpg" "$P/ben_2.jpg"
out_has "	Ana	"
out_has "	Ben	"
run 3 "$KAO" gallery import before.jsonl
err_has "its model 1 is kao-face"
run 0 "$KAO" gallery reembed
run 0 "$KAO" gallery export after.jsonl
"${PYTHON:-python3}" - <<'END' || fails "there and back: other vectors"
import json
def read(f):
    return [[(s["id"], s["vectors"]) for s in json.loads(l).get("samples", [])] for l in open(f)]
for a, b in zip(read("before.jsonl"), read("after.jsonl")):
    for (i, v), (j, w) in zip(a, b):
        # a chip, and a picture's face found again, are the same to the last bit
        assert i == j and v == w, (i, sum((x - y) ** 2 for x, y in zip(v[0], w[0])))
END
run 0 "$KAO" gallery verify
fact "reembed: chips and pictures give the vectors of other models, of a group's picture too; back again the same to the last bit"
rm album/ben_1.jpg
cp "$P/chen_1.jpg" album/group.jpg
run 3 "$KAO" gallery reembed --model kao-face-mask
err_has "(album/ben_1.jpg): no chip, and not on its picture"
err_has "(album/group.jpg): no chip, and not on its picture"
err_has "stays as it is (--drop-missing forgets them)"
run 0 "$KAO" gallery stats
out_has "model 1: kao-face,"
run 0 "$KAO" identify "$P/ben_2.jpg"
run 0 "$KAO" gallery reembed --model kao-face-mask --drop-missing
run 1 "$KAO" identify "$P/ben_2.jpg"
run 0 "$KAO" identify "$P/ana_3.jpg"
run 0 "$KAO" people Ben
out_has "Ben	0 samples"
run 0 "$KAO" gallery verify
run 0 sh -c '"$1" enroll Ben - --gallery stdin.kao <"$0"' "$P/ben_1.jpg" "$KAO"
run 3 sh -c '"$1" gallery reembed --gallery stdin.kao <"$0"' "$P/ben_1.jpg" "$KAO"
err_has "(-): no chip, and not on its picture"
run 3 "$KAO" gallery reembed --model nonsense
run 3 "$KAO" gallery stats --drop-missing
fact "what can be made from neither is named and nothing changes; --drop-missing forgets it"
finish
