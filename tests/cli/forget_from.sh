#!/bin/sh
# kao forget --from: logs of kao watch and plans of kao blur
. "$(dirname "$0")/lib.sh"
gallery_of_photographs "people.kao"
log="an evening 顔.jsonl"

# event KIND TRACK PERSON NAME [MORE]
event() {
    name=null
    [ "$4" = - ] || name="\"$4\""
    printf '{"event":"%s","time":1.5,"frame":9,"track":%s,"person":%s,"name":%s,"box":[1,2,3,4],"similarity":null,"far":null%s}\n' "$@" |
        sed "s/\"name\":$4/\"name\":$name/"
}

run 0 "$KAO" enroll "Ana 顔" "$P/ana_1.jpg"
run 0 "$KAO" enroll Ben "$P/ben_1.jpg"
{
    event appear 1 null -
    event appear 2 null -
    event identified 1 1 "Ana 顔"
    echo
    event identified 2 2 Ben
    event leave 1 1 "Ana 顔"
    event appear 1 null - # a later run: the number is another's
    event leave 1 null -
    event appear 5 1 "Ana 顔"
    event renamed 6 1 "Ana 顔" ',"was":5'
    event leave 6 1 "Ana 顔"
    event leave 2 2 Ben
} >"$log"
cp "$log" before
exec 3>>"$log" # as a kao watch that goes on
cat >plan.json <<'X'
{"source":"party.mp4","width":64,"height":36,"fps":25,"tracks":[
 {"track":1,"person":1,"name":"Ana 顔","hide":true,"boxes":[[12,10.5,8,4,6]]},
 {"track":2,"person":2,"name":"Ben","hide":false,"boxes":[]}]}
X
cp plan.json old.json
ln plan.json linked.json

run 3 "$KAO" forget Ana --from nowhere.jsonl
event appear 99 99 Zoe >zoe.jsonl # of another gallery, or of who was forgotten
cp zoe.jsonl zoe.old
run 3 "$KAO" forget "#99" --from zoe.jsonl
err_has "no person 99"
same zoe.old zoe.jsonl
run 3 "$KAO" forget "Ana 顔" --from "$log" --from nowhere.jsonl
err_has nowhere.jsonl
printf '{"other":1}\n' >other.json
run 3 "$KAO" forget "Ana 顔" --from "$log" --from other.json
err_has "other.json: neither a log of kao watch --json nor a plan of kao blur"
mkfifo pipe.jsonl
for pipe in pipe.jsonl /dev/null; do
    run 3 "$KAO" forget "Ana 顔" --from "$log" --from $pipe
    err_has "$pipe: a pipe or a device is no file to forget from"
done
run 3 "$KAO" forget --retain 30 --from "$log"
chmod 444 before
[ "$(id -u)" = 0 ] || run 3 "$KAO" forget "Ana 顔" --from before
same before "$log"
run 0 "$KAO" people
lines 2 out
fact "what cannot be forgotten from stops all of it: nothing has changed"

inode=$(stat -c %i "$log")
run 0 "$KAO" forget "Ana 顔" --from "$log" --from plan.json
out_has "$log: lines or tracks forgotten: 6"
out_has "plan.json: lines or tracks forgotten: 1"
event appear 9 null - >&3
[ "$(stat -c %i "$log")" = "$inode" ] || fails "another file"
python3 - "$log" <<'X' || fails "what is left of the log"
import json, sys
was, now = open("before", "rb").read(), open(sys.argv[1], "rb").read()
assert "Ana".encode() not in now and len(now) > len(was)
lines, left = was.split(b"\n"), now.split(b"\n")
gone = [i for i, (a, b) in enumerate(zip(lines, left)) if a != b]
assert gone[:6] == [0, 2, 5, 8, 9, 10], gone
assert all(not left[i].strip() and len(left[i]) == len(lines[i]) for i in gone[:6])
assert [json.loads(x)["track"] for x in left if x.strip()] == [2, 2, 1, 1, 2, 9]
X
run 0 "$KAO" report "$log" --csv
out_has Ben
fact "a log: every stay is gone, the rest where it was; a writer goes on, kao report reads it"

python3 - <<'X' || fails "the plan"
import json
d = json.load(open("plan.json"))
a, b = d["tracks"]
assert a["person"] is None and a["name"] is None and a["hide"] and a["boxes"] == [[12, 10.5, 8, 4, 6]], a
assert b["name"] == "Ben" and d["source"] == "party.mp4" and d["fps"] == 25
assert not open("linked.json").read().strip(), "what the file had before"
X
fact "a plan: number and name are gone, the boxes stay hidden, the former bytes are gone"

run 0 "$KAO" forget Ben --from "$log" --json
python3 -c 'import json
d = json.loads(open("out").read())
assert d["files"] == [{"file": "an evening 顔.jsonl", "removed": 3}] and d["traces"] == 0 and "logs" not in d["out_of_reach"], d' || fails "the receipt"
fact "the receipt tells the files"

# ---- who was another number before ----

run 0 "$KAO" enroll Cho "$P/chen_1.jpg"
run 0 "$KAO" enroll Dora "$P/dora_1.jpg"
run 0 "$KAO" people
stranger=$(sed -n 's/^#\([0-9]*\)\tCho.*/\1/p' out)
{
    event appear 1 "$stranger" Cho
    event leave 1 "$stranger" Cho
    event appear 2 null -
    event renamed 3 null - ',"was":2'
    event renamed 4 "$stranger" Cho ',"was":3'
    event leave 4 "$stranger" Cho
    event appear 5 77 Emil
} >merged.jsonl
printf '{"source":"a.mp4","width":64,"height":36,"fps":25,"tracks":[{"track":1,"person":%s,"name":"Cho","hide":true,"boxes":[]}]}\n' \
    "$stranger" >merged.json
run 0 "$KAO" gallery merge Dora Cho
run 0 "$KAO" forget Dora --from merged.jsonl --from merged.json
out_has "merged.jsonl: lines or tracks forgotten: 6"
out_has "merged.json: lines or tracks forgotten: 1"
grep -q Cho merged.jsonl merged.json && fails "the name of before the merging"
grep -q Emil merged.jsonl || fails "somebody else"
fact "who was merged is forgotten by the number of before, too"
finish
