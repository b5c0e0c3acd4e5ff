#!/bin/sh
# kao blur and kao report, with the models inside the program
. "$(dirname "$0")/lib.sh"
inside kao-face && inside kao-detect || skip "blurring needs the models inside"
cd "$work" || exit 1
P=$PICTURES
export XDG_DATA_HOME="$work/data 顔"
unset KAO_GALLERY
faces() { "$KAO" detect "$1" --json >faces.json && "${PYTHON:-python3}" -c 'import json,sys
n = len(json.load(open("faces.json"))["faces"]); assert n == int(sys.argv[1]), n' "$2" || fails "$1: not $2 faces"; }

# ---- pictures ----

for mode in blur mosaic black; do
    run 0 "$KAO" blur "$P/ben_1.jpg" -o "hidden $mode.png" --mode $mode
    run 2 "$KAO" verify "hidden $mode.png" "$P/ben_2.jpg"
done
run 0 "$KAO" blur "$P/group.jpg" -o "hidden 顔.png" --json
"${PYTHON:-python3}" -c 'import json
o = json.load(open("out")); assert o["faces"] == o["hidden"] == 4 and o["output"] == "hidden 顔.png", o' || fails "$(cat out)"
faces "hidden 顔.png" 0
fact "faces that were hidden are found no more, in any mode"
mkdir all
run 0 "$KAO" blur "$P/ana_1.jpg" "$P/ben_1.jpg" -o all
faces all/ana_1.jpg 0
faces all/ben_1.jpg 0
fact "several pictures go into a folder"
cp "$P/ana_1.jpg" all
run 3 "$KAO" blur all/ana_1.jpg "$P/ben_1.jpg" -o all
err_has "all/ana_1.jpg: would be written over"
err_one_line
same all/ana_1.jpg "$P/ana_1.jpg"
fact "in a folder that is where the pictures are, none is written over"
run 0 sh -c 'cat "$0" | "$1" blur /dev/stdin -o piped.jpg' "$P/ana_1.jpg" "$KAO"
run 0 sh -c '"$1" blur - -o stdin.jpg <"$0"' "$P/ana_1.jpg" "$KAO"
same piped.jpg stdin.jpg
faces piped.jpg 0
fact "a picture may come through a pipe"
"${PYTHON:-python3}" -c 'import struct, zlib
head = b"IHDR" + struct.pack(">IIBBBBB", 12000, 12000, 8, 2, 0, 0, 1)
open("large.png", "wb").write(b"\x89PNG\r\n\x1a\n\0\0\0\r" + head + struct.pack(">I", zlib.crc32(head)) + bytes(99))'
run 3 "$KAO" blur large.png -o x.png
err_has "large.png: PNG, interlaced: 12000 x 12000 pixels, at most 100 million"
fact "a picture that is too large is told as one"
mkdir stopped
mkfifo pipe.jpg
for signal in INT TERM; do
    "$KAO" blur pipe.jpg "$P/ben_1.jpg" -o stopped >out 2>err &
    pid=$!
    exec 3>pipe.jpg # waits until it is read
    kill -$signal $pid
    cat "$P/ana_1.jpg" >&3
    exec 3>&-
    status=0
    wait $pid || status=$?
    [ "$(kill -l $status)" = $signal ] || fails "SIG$signal: status $status"
    [ ! -e stopped/ben_1.jpg ] || fails "SIG$signal: it goes on"
    [ ! -s err ] || fails "$(cat err)"
done
rm pipe.jpg
fact "Ctrl-C ends it behind the picture in hand, by the signal that came"
run 0 "$KAO" blur --help
out_has "detector score on [0.4]"
out_has "similarity on, above 0 ["
run 3 "$KAO" blur "$P/group.jpg" -o x.png --model kao-face --model kao-face-mask
err_has "several --model: for which --gallery?"
run 3 "$KAO" blur "$P/group.jpg" -o x.png --only Ana
err_has "there is no gallery that tells who is who"
run 0 "$KAO" enroll Ana "$P/ana_1.jpg" "$P/ana_2.jpg"
run 0 "$KAO" blur "$P/group.jpg" -o only.png --only Ana
out_has "1 of 4 faces hidden"
run 1 "$KAO" identify only.png
grep -q '	Ana	' out && fails "ana is still there"
run 0 "$KAO" blur "$P/group.jpg" -o except.png --except Ana
out_has "3 of 4 faces hidden"
run 0 "$KAO" identify except.png
grep -q '	Ana	' out || fails "ana is not there"
run 0 "$KAO" blur "$P/group.jpg" -o strangers.png --strangers
same except.png strangers.png
run 3 "$KAO" blur "$P/group.jpg" -o x.png --only Nobody
for who in --only --except; do
    run 3 "$KAO" blur "$P/group.jpg" -o x.png $who "#1" $who "#77"
    err_has "no person 77"
done
run 3 "$KAO" blur "$P/group.jpg" -o x.png --only Ana --strangers
run 3 "$KAO" blur "$P/group.jpg"
err_has "-o says where the result goes"
run 3 "$KAO" blur "$P/ana_1.jpg" "$P/ben_1.jpg" -o "not there"
run 3 "$KAO" blur missing.jpg -o x.png
run 4 "$KAO" blur "$P/ana_1.jpg" -o none/x.png
err_has "none/x.png"
run 4 "$KAO" blur "$P/ana_1.jpg" -o none/x.png --json
grep -q '^{"file":".*/ana_1.jpg","error":{"code":"io","message":"none/x.png: ' out || fails "$(cat out)"
echo no picture >bad.jpg
run 3 "$KAO" blur bad.jpg missing.jpg "$P/ana_1.jpg" -o all --json
lines 3 out
sed -n 1p out | grep -q '^{"file":"bad.jpg","error":{"code":"bad_argument",' || fails "$(sed -n 1p out)"
sed -n 2p out | grep -q '^{"file":"missing.jpg","error":{"code":"io",' || fails "$(sed -n 2p out)"
[ -e x.png ] && fails "something was written"
fact "only these, all but these, strangers, by the gallery; what cannot be told is a line"

# ---- report ----

cat >"log 顔.jsonl" <<LOG
{"event":"appear","time":1,"frame":1,"track":1,"person":null,"name":null,"box":[0,0,9,9],"similarity":null,"far":null}
{"event":"identified","time":1.5,"frame":2,"track":1,"person":7,"name":"Ana, 顔","box":[0,0,9,9],"similarity":0.9,"far":1e-8}
{"event":"appear","time":2,"frame":3,"track":2,"person":null,"name":null,"box":[0,0,9,9],"similarity":0.1,"far":0.2}
{"event":"leave","time":4,"frame":9,"track":1,"person":7,"name":"Ana, 顔","box":[0,0,9,9],"similarity":0.9,"far":1e-8}
{"event":"appear","time":10,"frame":20,"track":3,"person":null,"name":null,"box":[0,0,9,9],"similarity":null,"far":null}
{"event":"renamed","time":10.5,"frame":21,"track":1,"was":3,"person":7,"name":"Ana, 顔","box":[0,0,9,9],"similarity":0.9,"far":1e-8}
{"event":"leave","time":12.5,"frame":30,"track":1,"person":7,"name":"Ana, 顔","box":[0,0,9,9],"similarity":0.9,"far":1e-8}
LOG
run 0 "$KAO" report "log 顔.jsonl" --csv --html page.html
cat >want <<CSV
who,from,to,seconds
"Ana, 顔",0:00:01.0,0:00:04.0,3.0
"Ana, 顔",0:00:10.0,0:00:12.5,2.5
track 2,0:00:02.0,0:00:12.5,10.5
CSV
same want out
{ printf '\357\273\277' && cat "log 顔.jsonl"; } >marked.jsonl # an editor's byte order mark
run 0 "$KAO" report marked.jsonl --csv
same want out
[ "$(grep -o '<rect' page.html | wc -l)" = 3 ] || fails "bars of the page"
grep -q 'Ana, 顔' page.html || fails "the page's names"
told() { # TIME EVENT TRACK PERSON NAME: a table of what a log says, a frame a second
    while read -r time event track person name; do
        printf '{"event":"%s","time":%s,"frame":%s,"track":%s,"person":%s,"name":%s}\n' "$event" "$time" "$time" "$track" "$person" "$name"
    done
}
told >last.jsonl <<LOG
0 appear 1 7 "Ana"
100 appear 2 null null
LOG
run 0 "$KAO" report last.jsonl --html page.html
[ "$(grep -o '<rect x="[^"]*" y="3" width="[^"]*"' page.html | tr -dc '0-9. \n')" = ' 0.00 3 1000.00
 998.00 3 2.00' ] || fails "bars from 0 to 1000: $(grep -o '<rect[^>]*' page.html)"
run 0 "$KAO" report "log 顔.jsonl" "log 顔.jsonl" --json
"${PYTHON:-python3}" - <<'PY' || fails "$(cat out)"
import json
o = [json.loads(l) for l in open("out")]
assert len(o) == 3 and o[0]["name"] == "Ana, 顔" and o[0]["person"] == 7 and o[0]["seconds"] == 11, o
assert len(o[0]["visits"]) == 4 and o[1]["track"] == o[2]["track"] == 2 and o[1]["person"] is None, o
PY
cp out want
run 0 "$KAO" report "log 顔.jsonl" "log 顔.jsonl" --json --csv # as kao bench: JSON alone
same out want
fact "who was there, when and how long: a person over all logs, a stranger for each; table, CSV, a page"
told >changed.jsonl <<LOG
1 appear 1 7 "Ana"
2 identified 1 8 null
3 leave 1 8 null
4 appear 2 9 null
5 leave 2 9 null
6 appear 3 9 "Eva"
7 leave 3 9 "Eva"
8 appear 4 9 "Ewa"
9 leave 4 9 "Ewa"
LOG
run 0 "$KAO" report changed.jsonl --json
"${PYTHON:-python3}" - <<'PY' || fails "$(cat out)"
import json
o = [json.loads(l) for l in open("out")]
assert [(x["person"], x["name"], x["seconds"]) for x in o] == [(8, None, 2), (9, "Ewa", 3)], o
PY
told >runs.jsonl <<LOG
1 appear 1 null null
2 identified 1 7 "Ana"
4 leave 1 7 "Ana"
10 appear 1 null null
15 leave 1 null null
20 appear 1 8 "Ben"
25 leave 1 8 "Ben"
30 appear 1 9 "Eva"
31 appear 2 9 "Eva"
32 renamed 1 9 "Eva"
36 leave 1 9 "Eva"
40 appear 1 9 "Eva"
41 leave 1 9 "Eva"
50 appear 1 null null
51 leave 1 null null
LOG
sed -i 's/"renamed",/&"was":2,/' runs.jsonl
run 0 "$KAO" report runs.jsonl --csv
cat >want <<CSV
who,from,to,seconds
Ana,0:00:01.0,0:00:04.0,3.0
Ben,0:00:10.0,0:00:15.0,5.0
Ben,0:00:20.0,0:00:25.0,5.0
Eva,0:00:30.0,0:00:36.0,6.0
Eva,0:00:40.0,0:00:41.0,1.0
track 1,0:00:50.0,0:00:51.0,1.0
CSV
same want out
fact "a person's newest name, and none of whom a track was taken for before; a number that somebody else has later"
wall() { # FILE EVENT WALL FRAME TRACK PERSON NAME
    printf '{"event":"%s","time":1,"wall":%s,"frame":%s,"track":%s,"person":%s,"name":%s}\n' "$2" "$3" "$4" "$5" "$6" "$7" >>"$1"
}
: >before.jsonl # nobody came
wall door.jsonl appear 1793000123.456 1 1 7 '"Ana"'
wall door.jsonl leave 1793003723.5 90 1 7 '"Ana"'
wall yard.jsonl appear 1793000200 1 1 7 '"Ana"'
wall yard.jsonl leave 1793000260 9 1 7 '"Ana"'
run 0 "$KAO" report before.jsonl door.jsonl yard.jsonl --json
out_has '"first":1793000123.456,"last":1793003723.5,"seconds":3600.044,"visits":[[1793000123.456,1793003723.5]]'
run 0 "$KAO" report before.jsonl door.jsonl yard.jsonl
[ "$(awk '$1 == "Ana" { print $5, $6, $7 }' out)" = "$(date -u -d @1793003723 +%H:%M:%S) 1 3600.0" ] || fails "$(cat out)"
wall both.jsonl appear 1793000000 5 1 7 '"Ana"' # stopped with her before it, and begun again
wall both.jsonl identified 1793000010 80 1 7 '"Ana"'
wall both.jsonl appear 1793000100 2 1 8 '"Ben"'
wall both.jsonl leave 1793000130 60 1 8 '"Ben"'
run 0 "$KAO" report both.jsonl --csv
[ "$(cut -d, -f 1,4 out | tr '\n' ' ')" = "who,seconds Ana,10.0 Ben,30.0 " ] || fails "$(cat out)"
seen() { wall cameras.jsonl "$1" "$2" "$3" "$4" "$5" null && sed -i '$s/}$/,"camera":"'"$6"'"}/' cameras.jsonl; }
seen appear 1793000000 10 1 null door # a server's: tracks of either camera have their own numbers
seen appear 1793000005 3 1 null yard
seen leave 1793000010 50 1 null door
seen leave 1793000030 60 1 null yard
seen appear 1793000100 2 1 7 door # begun again
seen leave 1793000107 4 1 7 door
run 0 "$KAO" report cameras.jsonl --csv
[ "$(cut -d, -f 1,4 out | tr '\n' ' ')" = "who,seconds track 1,10.0 track 1,25.0 #7,7.0 " ] || fails "$(cat out)"
fact "of live logs: one stay before two cameras, milliseconds, a log of nobody, runs one behind the other"
printf '{"event":"appear","track":1,"time":1,"person":1,"name":"a\\u001b[31m\\nb"}\n{"event":"leave","track":1,"time":2}\n' >named.jsonl
for form in "" --csv; do
    run 0 "$KAO" report named.jsonl $form
    lines 2 out
    out_has "a?[31m?b"
done
fact "a name of a log breaks no line and steers no terminal"
printf '{"event":"appear"\n' >bad.jsonl
run 3 "$KAO" report bad.jsonl
err_has "bad.jsonl: line 1"
err_one_line
printf '{"event":"appear","track":1}\n' >bad.jsonl
run 3 "$KAO" report bad.jsonl
err_has "line 1: no line of kao watch --json"
: >none.jsonl
run 0 "$KAO" report none.jsonl
lines 0 out
run 3 "$KAO" report missing.jsonl
fact "a log that is none names its line; an empty one is an empty report"
[ "${MEDIA-no}" = yes ] || finish

# ---- videos ----

if [ "${SHORT-no}" = yes ]; then
    printf '{"width":640,"height":360,"tracks":[{"track":1,"hide":true,"boxes":[[1,600,10,30,40]]}]}' >edited.json
    printf '{"width":640,"height":360,"tracks":[{"track":1,"hide":true,"boxes":[[1,2,3,4,5],[1],[1],[1]]}]}' >broken.json
else

    run 0 "$KAO" blur "$P/clip.mp4" -o hidden.mp4 --plan plan.json --json
    run 0 "$KAO" watch hidden.mp4 --no-gallery
    grep -q identified out && fails "somebody is known in a video where all are hidden"
    [ "$(grep -c appear out)" -le 1 ] || fails "faces in a video where all are hidden: $(cat out)"
    "${PYTHON:-python3}" - <<'PY' || fails "the plan"
import json
p = json.load(open("plan.json"))
assert p["width"] == 640 and p["height"] == 360 and p["fps"] == 25, p
assert all(t["hide"] for t in p["tracks"]) and sum(len(t["boxes"]) for t in p["tracks"]) > 450
# an editor shows whoever is not the first, and hides what was overlooked
for t in p["tracks"]: t["hide"] = t["track"] == 1
p["tracks"].append({"track": 99, "hide": True, "boxes": [[1, 600, 10, 30, 40], [300, 600, 10, 30, 40]]})
json.dump(p, open("edited.json", "w"))
p["tracks"][0]["boxes"][1] = [1, 2, 3]
json.dump(p, open("broken.json", "w"))
PY
    run 0 "$KAO" blur "$P/clip.mp4" -o "edited 顔.mp4" --from edited.json --mode black
    run 0 "$KAO" watch "edited 顔.mp4" --json
    "${PYTHON:-python3}" - <<'PY' || fails "$(cat out)"
import json
o = [json.loads(l) for l in open("out")]
assert len({e["track"] for e in o if e["event"] == "leave"}) >= 2, o
assert all(e["name"] != "Ana" for e in o), o
PY
    run 4 "$KAO" blur "$P/clip.mp4" -o none/x.mp4 --from edited.json
    run 4 "$KAO" blur "$P/clip.mp4" --plan none/x.json
    run 3 "$KAO" blur "$P/clip.mp4" -o x.mp4 --from none.json
    fact "a video: everybody is hidden; by an edited plan whom it says, without looking again"
fi
run 3 "$KAO" blur "$P/clip.mp4" -o x.mp4 --from broken.json
err_has "broken.json: tracks[0].boxes[1]"
printf '{' >broken.json
run 3 "$KAO" blur "$P/clip.mp4" -o x.mp4 --from broken.json
err_one_line
printf words >words.mp4
run 3 "$KAO" blur words.mp4 -o x.mp4
err_one_line
run 3 "$KAO" blur "$P/clip.mp4" --from edited.json --plan again.json
err_has "--from looks for none: one of both"
run 3 "$KAO" blur "$P/clip.mp4" --from edited.json
err_has "-o says where the result goes"
run 3 "$KAO" blur http://127.0.0.1:9/a.mp4 -o x.mp4
err_has "cannot be looked through twice"
[ -e x.mp4 ] && fails "something was written"
fact "a plan or a video that is none: a line, and nothing is written"
finish
