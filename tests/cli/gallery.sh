#!/bin/sh
# kao enroll, identify, people, forget, gallery: with the models inside the program
. "$(dirname "$0")/lib.sh"
gallery_of_photographs "data 顔/people.kao"

# ---- enrol ----

run 3 "$KAO" identify "$P/ana_1.jpg"
err_has "no gallery there yet"
err_one_line
run 3 "$KAO" people
fact "no gallery yet: a line that says how one is made, status 3"
run 0 "$KAO" enroll "Ana 顔" "$P/ana_1.jpg" "$P/ana_2.jpg"
lines 2 out
out_has "ana_2.jpg: enrolled #1 Ana 顔"
[ "$(stat -c %a "$KAO_GALLERY")" = 600 ] && [ "$(stat -c %a "$work/data 顔")" = 700 ] || fails "for its owner alone"
fact "the gallery is made at the first enrolment, for its owner alone"
run 0 "$KAO" enroll Ben "$P/ben_1.jpg" --json
python3 -c 'import json,sys
o = json.loads(open("out").read())
assert o["status"] == "enrolled" and o["person"] == 2 and o["name"] == "Ben" and len(o["sample"]) == 36 and o["reasons"] == [], o' ||
    fails "the keys of an enrolment"
run 2 "$KAO" enroll Ben "$P/ana_3.jpg"
out_has "refused"
out_has "looks_like: #1 Ana 顔"
run 2 "$KAO" enroll Ben "$P/chen_1.jpg"
out_has "unlike"
name=$(printf 'a%.0s山' 1)$(printf '山%.0s' $(seq 80))
run 0 "$KAO" enroll "$name" "$P/ana_1.jpg" --gallery long.kao
run 2 "$KAO" enroll Ben "$P/ana_2.jpg" --gallery long.kao --json
out_has "looks_like: #1 $name (similarity"
run 2 "$KAO" enroll Cho "$P/group.jpg" --json
out_has '"reasons":["several_faces"]'
"$COMPOSE" blank.png 300 200 60
run 2 "$KAO" enroll Cho blank.png
out_has '["no_face"]'
"$COMPOSE" small.png 24 29 0 "$P/chen_1.jpg" 0 0 24 29
"$COMPOSE" blurred.png 640 781 0 small.png 0 0 640 781
run 2 "$KAO" enroll Cho blurred.png
out_has '"blurred"'
run 0 "$KAO" enroll --gallery other.kao --force Cho blurred.png
run 0 "$KAO" enroll "Ana 顔" "$P/ana_1.jpg"
out_has "duplicate #1"
run 0 "$KAO" people --json
lines 2 out
fact "refused with reasons: somebody else's face, unlike the others, several, none; one that is there is a duplicate"
run 3 "$KAO" enroll Cho missing.jpg
err_has "missing.jpg"
run 3 "$KAO" enroll Cho
run 3 "$KAO" enroll "$(printf 'a\nb')" "$P/chen_1.jpg"
err_has "chen_1.jpg: gallery: a name that"
cp "$P/chen_1.jpg" "$(printf 'bad\377name.jpg')"
run 3 "$KAO" enroll Cho "$(printf 'bad\377name.jpg')"
err_has "bad?name.jpg: gallery: a source that"
run 3 "$KAO" enroll "#99" "$P/chen_1.jpg"
err_has "no person 99"
run 3 "$KAO" enroll --gallery none.kao "#1" "$P/chen_1.jpg"
err_has "no gallery there yet"
[ ! -e none.kao ] || fails "a gallery was made for a person's number"
run 0 "$KAO" people --json
lines 2 out
fact "what cannot be enrolled leaves the gallery as it was"
mkdir -p "album/陳 四" album/Dora
cp "$P/chen_1.jpg" "$P/chen_2.jpg" "album/陳 四"
cp "$P/dora_1.jpg" album/Dora
run 0 "$KAO" enroll --people album/ # as shells complete it
lines 3 out
out_has "album/Dora/dora_1.jpg: enrolled"
run 0 "$KAO" people
out_has "陳 四	2 samples"
fact "a folder a person in one call"
mkdir -p mixed/emil mixed/nobody
cp "$P/emil_1.jpg" mixed/emil
head -c 3000 "$P/emil_2.jpg" >mixed/emil/cut.jpg
cp album/Dora/dora_1.jpg "mixed/emil/a picture without an end to its name"
printf '<x/>' >mixed/emil/emil_1.jpg.xmp # as kao identify --write-regions puts it there
echo notes >mixed/emil/notes.txt
run 3 "$KAO" enroll --gallery mixed.kao Emil mixed/emil
err_one_line
err_has "mixed/emil/cut.jpg"
lines 2 out
rm mixed/emil/cut.jpg "mixed/emil/a picture without an end to its name"
run 0 "$KAO" enroll --gallery mixed.kao --people mixed
lines 0 err
run 3 "$KAO" enroll --gallery mixed.kao Emil mixed/emil/notes.txt
err_has "notes.txt"
# somebody would have to write into it, or it never ends: here somebody would
mkfifo mixed/emil/pipe.jpg
: >mixed/emil/pipe.jpg &
writer=$!
run 0 "$KAO" enroll --gallery mixed.kao emil mixed/emil
lines 1 out
kill $writer 2>/dev/null || fails "a pipe was read"
rm mixed/emil/pipe.jpg
fact "in a folder what is no picture, by content and name, is left out, a pipe too; what is named is told"
for words in "Nobody mixed/nobody" "--people mixed/emil" "--people mixed/nobody"; do
    # shellcheck disable=SC2086
    run 3 "$KAO" enroll --gallery mixed.kao $words
    err_has "kao enroll: no pictures there"
    err_one_line
    lines 0 out
done
fact "folders without a picture are told"
mkdir -p "mixed/#99"
cp "$P/emil_2.jpg" "mixed/#99"
run 3 "$KAO" enroll --gallery mixed.kao --people mixed missing --json
lines 3 out
grep -q '^{"file":"mixed/#99","error":{"code":"not_found",' out || fails "$(cat out)"
grep -q '^{"file":"missing","error":{"code":"io",' out || fails "$(cat out)"
fact "with --json a folder that cannot be taken is one of the objects"
run 0 "$KAO" enroll --gallery mixed.kao "#2" "$P/emil_3.jpg" --json
out_has '"status":"enrolled","person":2,"name":"emil",'
run 0 "$KAO" enroll --gallery mixed.kao "#2" "$P/emil_3.jpg"
out_has "emil_3.jpg: duplicate #2 emil"
fact "somebody who is meant by number is told by name"

# ---- identify ----

run 0 "$KAO" identify "$P/ana_3.jpg" "$P/ben_2.jpg" "$P/chen_3.jpg"
lines 3 out
grep -q "ana_3.jpg	face 1	Ana 顔	0\." out && grep -q "chen_3.jpg	face 1	陳 四" out || fails "who they are"
run 1 "$KAO" identify "$P/emil_1.jpg"
out_has "unknown"
run 2 "$KAO" identify blank.png
run 1 "$KAO" identify "$P/ana_3.jpg" "$P/emil_1.jpg" --json
python3 -c 'import json
a, e = map(json.loads, open("out"))
assert a["name"] == "Ana 顔" and a["person"] == 1 and a["fpir"] < 1e-4 and a["far"] <= a["fpir"], a
assert e["name"] is None and e["person"] is None and len(e["nearest"]) == 3, e
assert [n["similarity"] for n in e["nearest"]] == sorted((n["similarity"] for n in e["nearest"]), reverse=True)
assert a["face"] == 1 and len(a["box"]) == 4' || fails "the keys of an answer"
run 3 "$KAO" identify gone.jpg blank.png "$P/ana_3.jpg" --json
lines 3 out
lines 2 err
[ "$(head -n 1 out)" = '{"file":"gone.jpg","error":{"code":"io","message":"gone.jpg: No such file or directory"}}' ] || fails "$(head -n 1 out)"
sed -n 2p out | grep -q '^{"file":"blank.png","error":{"code":"no_face",' || fails "$(sed -n 2p out)"
# a crowd of which no face is large enough
"$COMPOSE" crowd.png 400 300 90 "$P/group.jpg" 40 60 130 75 "$P/group.jpg" 200 160 130 75
run 0 "$KAO" detect crowd.png
out_has "crowd.png: 8 faces"
run 2 "$KAO" identify crowd.png
err_one_line
err_has "kao identify: crowd.png: the face is too small"
lines 0 out
run 2 "$KAO" identify crowd.png --json
lines 1 out
grep -q '^{"file":"crowd.png","error":{"code":"too_small",' out || fails "$(cat out)"
run 3 "$KAO" enroll Nobody gone.jpg --json
[ "$(cat out)" = '{"file":"gone.jpg","error":{"code":"io","message":"gone.jpg: No such file or directory"}}' ] || fails "$(cat out)"
err_one_line
run 1 "$KAO" identify "$P/ana_3.jpg" --threshold .999
run 0 "$KAO" identify "$P/emil_1.jpg" --threshold=-1
run 3 "$KAO" identify "$P/ana_3.jpg" --threshold .5 --fpir .1
err_has "--threshold and --fpir: one of both decides"
run 3 "$KAO" watch "$P" --threshold .5 --fpir .1
err_has "--threshold and --fpir: one of both decides"
run 3 "$KAO" identify "$P/ana_3.jpg" --fpir 1e-12
grep -q "kao identify: --fpir 1e-12 of [0-9]* samples: .*: give another rate, or --threshold" err || fails "$(cat err)"
run 2 "$KAO" identify "$P/ana_3.jpg" blank.png --format face_recognition
printf '%s\n' "$P/ana_3.jpg,Ana 顔" "blank.png,no_persons_found" >want
same out want
run 2 "$KAO" identify blank.png --format face_recognition --json
lines 1 out
out_has '"code":"no_face"'
fact "identify: names, strangers, nearest people, thresholds, face_recognition's lines"

# ---- care ----

run 0 "$KAO" gallery merge Ben Dora
run 0 "$KAO" identify "$P/dora_2.jpg"
out_has "	Ben	"
run 0 "$KAO" gallery undo
run 0 "$KAO" identify "$P/dora_2.jpg"
out_has "	Dora	"
run 0 "$KAO" gallery rename Dora "Dora B."
run 0 "$KAO" people "Dora B."
run 3 "$KAO" people Dora
run 0 "$KAO" gallery history
grep -q "rename	Dora to Dora B\." out && grep -q "merge.*(undone)" out || fails "the history"
# what is too long for a line ends with a whole character
long=山山山山山山山山山山山山山山山山山山山山山山山山山山山山山山
run 3 "$KAO" people "$long"
grep -q ': nobody of the name 山\{26\}$' err || fails "$(cat err)"
run 0 "$KAO" gallery rename "Dora B." "$long"
run 0 "$KAO" gallery history
grep -q '	Dora B\. to 山\{21\}$' out || fails "$(cat out)"
run 0 "$KAO" gallery undo
run 0 "$KAO" gallery remove Ben
run 1 "$KAO" identify "$P/ben_2.jpg"
run 0 "$KAO" gallery undo
run 0 "$KAO" identify "$P/ben_2.jpg"
id=$("$KAO" people Ben --samples | awk 'NR == 2 { print $1 }')
run 0 "$KAO" gallery split "$id"
run 0 "$KAO" gallery move "$id" Ben
run 3 "$KAO" gallery move nonsense Ben
run 3 "$KAO" gallery merge Ben Ben
run 3 "$KAO" gallery fly
err_one_line
run 3 "$KAO" gallery undo 999
run 3 "$KAO" gallery undo 9999999999999999999
err_has "9999999999999999999: wanted the number of a change"
run 0 "$KAO" gallery compact
out_has " bytes, were "
run 0 "$KAO" gallery verify
run 0 "$KAO" gallery stats --json
for words in verify compact "undo 1" "import missing.jsonl"; do
    # shellcheck disable=SC2086
    run 3 "$KAO" gallery $words --json
    lines 0 out
    err_has "--json of stats, facts, history and doctor"
done
fact "merge, rename, remove, split, move, undo, history, verify"

# ---- forget ----

grep -q "Ana 顔" "$KAO_GALLERY" || grep -q "Ana 顔" "$KAO_GALLERY-wal" || fails "the name is there before"
run 0 "$KAO" forget "Ana 顔" --json
out_has '"traces":0'
for file in "$KAO_GALLERY" "$KAO_GALLERY-wal" "$KAO_GALLERY-shm"; do
    [ ! -f "$file" ] || ! grep -q "Ana 顔" "$file" || fails "a trace in $file"
done
run 1 "$KAO" identify "$P/ana_3.jpg"
run 3 "$KAO" forget "Ana 顔"
run 0 "$KAO" gallery verify
fact "who is forgotten is not found, and leaves no name in the files"

# ---- nobody in it, made for a model that is another one since ----

mkdir old
cp "$MODELS/kao-face-mask.onnx" old/m.onnx
head -c 2000 "$P/ana_1.jpg" >old/cut.jpg
run 3 "$KAO" enroll --gallery old/g.kao --model old/m.onnx Ana old/cut.jpg
cp "$MODELS/kao-face.onnx" old/m.onnx
run 1 "$KAO" identify --gallery old/g.kao --model old/m.onnx "$P/ana_1.jpg"
out_has "unknown"
run 0 "$KAO" enroll --gallery old/g.kao --model old/m.onnx Ana "$P/ana_1.jpg"
run 0 "$KAO" identify --gallery old/g.kao --model old/m.onnx "$P/ana_2.jpg"
out_has "Ana"
fact "whoever is asked for in an empty gallery is unknown, whichever model that was made for"

# ---- files ----

printf 'no gallery' >text.kao
run 3 "$KAO" people --gallery text.kao
err_has "no gallery"
run 3 "$KAO" identify "$P/ana_3.jpg" --gallery /nowhere/x.kao
err_one_line
run 3 env -u KAO_GALLERY -u HOME -u XDG_DATA_HOME "$KAO" people
err_has "no --gallery"
run 3 env -u KAO_GALLERY XDG_DATA_HOME="$work/xdg" "$KAO" people
err_has "$work/xdg/kao/people.kao"
head -c 20000 "$KAO_GALLERY" >cut.kao
run 3 "$KAO" gallery verify --gallery cut.kao
err_one_line
fact "files that are no gallery, a folder that is not there, a cut one: a line, status 3"
finish
