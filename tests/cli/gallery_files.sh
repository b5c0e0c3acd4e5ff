#!/bin/sh
# kao gallery export and import, with the models inside the program
. "$(dirname "$0")/lib.sh"
gallery_of_photographs "people.kao"

run 0 "$KAO" enroll 'Ana, "顔"' "$P/ana_1.jpg" "$P/ana_2.jpg"
run 0 "$KAO" enroll Ben "$P/ben_1.jpg"
run 0 "$KAO" gallery note Ben "a note"
run 0 "$KAO" gallery export "out 顔.jsonl"
run 0 "$KAO" gallery export out.csv
run 0 "$KAO" gallery export out.npy
"${PYTHON:-python3}" - <<'PY' || fails "what was written"
import csv, json, struct
head, ana, ben = [json.loads(l) for l in open("out 顔.jsonl")]
assert head["kao_gallery"] == 2 and [m["name"] for m in head["models"]] == ["kao-face", "kao-face-mask"], head
assert ana["name"] == 'Ana, "顔"' and len(ana["samples"]) == 2 and ben["note"] == "a note", ana
s = ana["samples"][0]
assert len(s["id"]) == 36 and s["source"].endswith("ana_1.jpg") and .5 < s["quality"] <= 1 and s["time"] > 1.7e9, s
assert all(abs(sum(x * x for x in v) - 1) < 1e-5 for v in s["vectors"]) and len(s["vectors"]) == 2
rows = list(csv.DictReader(open("out.csv", encoding="utf-8")))
assert [r["name"] for r in rows] == [ana["name"]] * 2 + ["Ben"] and rows[0]["sample"] == s["id"], rows
b = open("out.npy", "rb").read()
dim = len(s["vectors"][0])
assert b[:6] == b"\x93NUMPY" and ("(3, %d, )" % dim).encode() in b, b[:100]
assert struct.unpack("<%df" % dim, b[-3 * dim * 4 : -2 * dim * 4])[5] == struct.unpack("<f", struct.pack("<f", s["vectors"][0][5]))[0]
PY
fact "export: lines of JSON with all of it, CSV a sample a line, .npy the vectors in its order"

run 0 "$KAO" gallery import "out 顔.jsonl" --gallery other.kao
out_has "2 people, 3 samples; 0 samples were there already"
run 0 "$KAO" gallery export again.jsonl --gallery other.kao
"${PYTHON:-python3}" - <<'PY' || fails "there and back"
import json
def read(f):
    lines = [json.loads(l) for l in open(f)]
    for l in lines[1:]:
        for s in l["samples"]: del s["id"]
    return lines
assert read("out 顔.jsonl") == read("again.jsonl")
PY
fact "import: another gallery with the same people, vectors to the last bit"
run 0 "$KAO" enroll --gallery other.kao Ben "$P/ben_2.jpg"
run 0 "$KAO" gallery export more.jsonl --gallery other.kao
run 0 "$KAO" gallery import more.jsonl
out_has "0 people, 1 samples; 3 samples were there already"
run 0 "$KAO" people
out_has "Ben	2 samples"
lines 2 out
fact "what is there already is left out; a person's new samples go to whose the others are"
cp "out 顔.jsonl" alone.jsonl
cat >>alone.jsonl <<'END'
{"person":8,"name":"Cleo","note":"on Mondays","groups":["club"],"samples":[]}
{"person":9,"name":null,"note":"nobody","samples":[]}
{"fact":"apart","person":8,"other":1}
END
run 0 "$KAO" gallery import alone.jsonl --gallery alone.kao
out_has "3 people, 3 samples"
run 0 "$KAO" people Cleo --gallery alone.kao --json
out_has '"note":"on Mondays","groups":["club"]'
run 0 "$KAO" gallery facts --gallery alone.kao
out_has "#1 and #3 are two people"
run 0 "$KAO" gallery import alone.jsonl --gallery alone.kao
out_has "0 people, 0 samples; 3 samples were there already"
run 0 "$KAO" people --gallery alone.kao
lines 3 out
fact "who has no samples comes along, once, by name"
run 3 "$KAO" gallery export out.words
err_has "its end says what is written"
run 4 "$KAO" gallery export none/out.jsonl
err_has "none/out.jsonl"
{ echo; tail -n +2 "out 顔.jsonl"; } >bad.jsonl # an empty line is no head
run 3 "$KAO" gallery import bad.jsonl --gallery headless.kao
err_has "bad.jsonl: line 2: not what kao gallery export"
{ echo; cat "out 顔.jsonl"; } >bad.jsonl
run 0 "$KAO" gallery import bad.jsonl --gallery headless.kao
run 3 "$KAO" gallery import missing.jsonl
: >none.jsonl
run 3 "$KAO" gallery import none.jsonl
err_has "none.jsonl: line 1: the file is empty"
printf '{"some":"thing"}\n' >bad.jsonl
run 3 "$KAO" gallery import bad.jsonl
err_has "not what kao gallery export"
sed '2s/"vectors":\[\[/"vectors":[["x",/' "out 顔.jsonl" >bad.jsonl
run 3 "$KAO" gallery import bad.jsonl --gallery fresh.kao
err_has "bad.jsonl: line 2: vectors that are missing"
sed '1s/"id":"./"id":"_/' "out 顔.jsonl" >bad.jsonl
run 3 "$KAO" gallery import bad.jsonl
err_has "its model 1 is kao-face"
head -c 3000 "out 顔.jsonl" >bad.jsonl
run 3 "$KAO" gallery import bad.jsonl --gallery fresh.kao
err_has "bad.jsonl: line 2"
for wrong in 's/"a note"/"a\\u0001note"/' '3s/"groups":\[\]/"groups":["staff","a\\u0001b"]/' '3s/"external":null/"external":"\\u0001"/'; do
    sed "$wrong" "out 顔.jsonl" >bad.jsonl
    rm -f half.kao*
    run 3 "$KAO" gallery import bad.jsonl --gallery half.kao
    err_has "bad.jsonl: line 3: "
    run 0 "$KAO" people --gallery half.kao
    lines 1 out # Ana alone
    run 0 "$KAO" gallery import "out 顔.jsonl" --gallery half.kao
    out_has "1 people, 1 samples; 2 samples were there already"
    run 0 "$KAO" people --gallery half.kao --json
    out_has '"a note"'
done
sed 's/"a note"/""/' "out 顔.jsonl" >bad.jsonl
run 0 "$KAO" gallery import bad.jsonl --gallery empty.kao
fact "a person comes whole or not at all; a note of nothing is none"
printf ' \n\n' >none.jsonl
run 3 "$KAO" gallery import none.jsonl
err_has "none.jsonl: line 1: the file is empty"
long=$(printf '%0200d' 0)
mkdir -p "$long/$long/$long"
{ cat "out 顔.jsonl"; echo '{"person":'; } >"$long/$long/$long/cut.jsonl"
run 3 "$KAO" gallery import "$long/$long/$long/cut.jsonl"
err_has ": line 4, column "
run 0 "$KAO" gallery verify
fact "a file that is none, damaged, cut, or of other models: a line that names the place"

# Two vectors at distance d are 1 - d * d / 2 alike, so that one of length 0 is half like everybody.
for by in 0 .3 1.01 1000; do
    "${PYTHON:-python3}" - "$by" <<'PY'
import json, sys
lines = [json.loads(l) for l in open("out 顔.jsonl")]
v = lines[2]["samples"][0]["vectors"]
v[1] = [x * float(sys.argv[1]) for x in v[1]]
open("scaled.jsonl", "w").writelines(json.dumps(l) + "\n" for l in lines)
PY
    run 3 "$KAO" gallery import scaled.jsonl --gallery "by$by.kao"
    err_has "scaled.jsonl: line 3: a vector that is not of length 1"
    run 0 "$KAO" people --gallery "by$by.kao"
    lines 1 out
done
run 0 "$KAO" model make mbf far.onnx
printf 'kind = embedder\ninput.color = rgb\ninput.mean = 127.5\ninput.scale = 1/128\ntemplate = arcface-112\nmetric = euclidean\nthreshold.distance = .6\n' >far.onnx.card
run 0 "$KAO" enroll Ana "$P/ana_1.jpg" --gallery far.kao --model ./far.onnx
run 0 "$KAO" gallery export far.jsonl --gallery far.kao
run 0 env KAO_MODELS=. "$KAO" gallery import far.jsonl --gallery far2.kao --model ./far.onnx
out_has "1 people, 1 samples"
fact "a vector that is longer or shorter than its network makes them is not taken: everybody looks like it"

# ---- where the gallery is ----

for name in "file:odd.kao" ":memory:"; do
    run 0 "$KAO" gallery create --gallery "$name"
    [ -f "./$name" ] || fails "no file \"$name\""
    run 0 "$KAO" gallery stats --gallery "$name"
done
fact "SQLite's names for other things are those of files"
mkdir disk
if unshare -rm mount -t tmpfs kao disk 2>/dev/null; then
    cp people.kao other.kao
    # shellcheck disable=SC2016
    on_disk='mount -t tmpfs -o size=1m kao disk && cp other.kao disk/g.kao || exit 9
        case $1 in
        full) head -c 1m /dev/zero >disk/fill 2>/dev/null ;;
        *) mount -o remount,ro disk || exit 9 ;;
        esac
        shift
        exec "$@"'
    for words in "enroll Chen $P/chen_1.jpg" "gallery rename Ben Ken" "cluster $P/chen_1.jpg --enroll"; do
        # shellcheck disable=SC2086
        run 4 unshare -rm sh -c "$on_disk" sh full "$KAO" $words --gallery disk/g.kao
        err_has "disk/g.kao: No space left on device"
    done
    for words in "identify $P/ana_1.jpg" "enroll Chen $P/chen_1.jpg" people; do
        # shellcheck disable=SC2086
        run 3 unshare -rm sh -c "$on_disk" sh read-only "$KAO" $words --gallery disk/g.kao
        err_has "disk/g.kao: it, or its log beside it, cannot be made"
    done
    fact "a full disk is 4; a gallery on one that cannot be written is there, and cannot be read"
fi
finish
