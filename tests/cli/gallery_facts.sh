#!/bin/sh
# What somebody says counts: groups, apart, not, ignore, with the models inside the program
. "$(dirname "$0")/lib.sh"
gallery_of_photographs "people.kao"

run 0 "$KAO" enroll Ana "$P/ana_1.jpg" "$P/ana_2.jpg"
run 0 "$KAO" enroll Ben "$P/ben_1.jpg"
run 0 "$KAO" enroll Statue "$P/emil_1.jpg"

# ---- groups ----

run 0 "$KAO" gallery group Ana "家族" club
run 0 "$KAO" gallery group Ben club
run 0 "$KAO" people
grep -q "Ana	2 samples	in 家族, club$" out || fails "the groups of a person"
run 0 "$KAO" people Ana --json
out_has '"groups":["家族","club"]'
run 0 "$KAO" identify "$P/ben_2.jpg" --group club
out_has "	Ben	"
run 1 "$KAO" identify "$P/ben_2.jpg" --group "家族"
out_has "nearest Ana"
run 3 "$KAO" identify "$P/ben_2.jpg" --group clu
err_has "nobody is in a group clu"
run 0 "$KAO" gallery group Ben
run 1 "$KAO" identify "$P/ben_2.jpg" --group club
run 0 "$KAO" gallery undo
run 0 "$KAO" identify "$P/ben_2.jpg" --group club
fact "groups: given, shown, searched alone, taken back"

# ---- ignored ----

run 0 "$KAO" gallery ignore Statue
run 0 "$KAO" identify "$P/emil_2.jpg"
out_has "	ignored	"
run 0 "$KAO" identify "$P/emil_2.jpg" --json
python3 -c 'import json
o = json.loads(open("out").read())
assert o["ignored"] is True and o["person"] is None and o["name"] is None and o["nearest"][0]["name"] == "Statue", o' ||
    fails "the keys of an ignored face"
run 0 "$KAO" identify "$P/emil_2.jpg" --group club
out_has "	ignored	"
run 1 "$KAO" identify "$P/emil_2.jpg" "$P/dora_1.jpg"
run 0 "$KAO" identify "$P/emil_2.jpg" "$P/ana_3.jpg" --format face_recognition
printf '%s\n' "$P/ana_3.jpg,Ana" >want
same out want
run 0 "$KAO" identify "$P/ana_3.jpg" --json
out_has '"ignored":false'
run 0 "$KAO" cluster --gallery people.kao "$P/emil_2.jpg" "$P/ana_3.jpg" "$P/emil_3.jpg"
lines 1 out
out_has "ana_3.jpg"
run 0 "$KAO" cluster --gallery people.kao "$P/emil_2.jpg" --enroll
lines 0 out
run 0 "$KAO" people Statue
out_has "Statue	1 sample	ignored"
run 0 "$KAO" blur --strangers "$P/emil_2.jpg" -o hidden.png --gallery people.kao
run 0 "$KAO" gallery ignore --not Statue
run 0 "$KAO" identify "$P/emil_2.jpg"
out_has "	Statue	"
run 3 "$KAO" gallery facts --not
err_has "--not is of ignore"
fact "an ignored face is neither known nor unknown, and left out of albums; --not takes it back"
id=$("$KAO" people Ana --samples | awk 'NR == 3 { print $1 }')
run 0 "$KAO" gallery ignore "$id"
out_has "#4"
run 0 "$KAO" people
out_has "Ana	1 sample"
out_has "#4	-	1 sample	ignored"
run 0 "$KAO" gallery undo
run 0 "$KAO" gallery undo
run 0 "$KAO" people
out_has "Ana	2 samples"
lines 3 out
fact "a sample that is no person's: apart from the others, and ignored"

# ---- apart, not ----

run 0 "$KAO" gallery apart Ana Ben
run 3 "$KAO" gallery merge Ana Ben
err_has "says that Ana is not Ben: drop that first"
run 0 "$KAO" gallery facts
lines 1 out
out_has "#1 and #2 are two people"
run 0 "$KAO" gallery not "$id" Ana
run 0 "$KAO" gallery facts --json
python3 -c 'import json
a, b = map(json.loads, open("out"))
assert a["kind"] == "apart" and a["person"] == 1 and a["other"] == 2 and a["sample"] is None, a
assert b["kind"] == "not" and b["person"] == 1 and b["other"] is None and len(b["sample"]) == 36, b' ||
    fails "the keys of a fact"
run 3 "$KAO" gallery move "$id" Ana
err_has "this sample is not Ana"
new=$("$KAO" people --json | sed -n 's/.*"person":\([0-9]*\).*/\1/p' | tail -n 1)
run 3 "$KAO" gallery merge Ana "#$new"
run 0 "$KAO" cluster --gallery people.kao
lines 0 out
run 0 "$KAO" gallery export said.jsonl
run 0 "$KAO" gallery import said.jsonl --gallery other.kao
run 0 "$KAO" gallery facts --gallery other.kao
lines 2 out
run 0 "$KAO" people --gallery other.kao --json
out_has '"groups":["家族","club"]'
run 3 "$KAO" gallery merge Ana Ben --gallery other.kao
run 0 "$KAO" gallery import said.jsonl --gallery other.kao
run 0 "$KAO" gallery facts --gallery other.kao
lines 2 out
sed 's/"fact":"not"/"fact":"maybe"/' said.jsonl >bad.jsonl
run 3 "$KAO" gallery import bad.jsonl --gallery third.kao
err_has "a fact of a kind that is not known"
fact "two people, and not that person: no merge, move or album joins them; they go out and in"
number=$("$KAO" gallery facts | awk -F'\t' '/is not/ { print $1 }')
run 0 "$KAO" gallery drop "$number"
run 0 "$KAO" cluster --gallery people.kao
lines 1 out
run 0 "$KAO" gallery merge Ana "#$new"
run 3 "$KAO" gallery drop "$number"
err_has "no fact $number"
run 3 "$KAO" gallery drop x
run 3 "$KAO" gallery not nonsense Ana
run 3 "$KAO" gallery apart Ana Ana
run 0 "$KAO" gallery verify
run 0 "$KAO" forget Ben --json
out_has '"traces":0'
run 0 "$KAO" gallery facts
lines 0 out
run 0 "$KAO" gallery verify
fact "a fact is dropped, or forgotten with its people"

# ---- who has not been seen for long ----

run 0 "$KAO" enroll --gallery old.kao Ana "$P/ana_1.jpg"
run 0 "$KAO" cluster --gallery old.kao --enroll "$P/ben_1.jpg"
run 0 "$KAO" gallery export now.jsonl --gallery old.kao
sed '/"name":"Ana"/s/"time":[0-9]*/"time":1000000/; /"name":null/s/"time":[0-9]*/"time":1000000/' now.jsonl >then.jsonl
run 0 "$KAO" gallery import then.jsonl --gallery aged.kao
run 0 "$KAO" forget --gallery old.kao --retain 30
out_has "nobody to forget"
run 0 "$KAO" people --gallery old.kao
lines 2 out
run 0 "$KAO" forget --gallery aged.kao --retain 30 --nameless --json
out_has '"people":1,'
out_has '"traces":0'
run 0 "$KAO" people --gallery aged.kao
lines 1 out
run 0 "$KAO" forget --gallery aged.kao --retain 30
run 0 "$KAO" people --gallery aged.kao
lines 0 out
run 3 "$KAO" forget --gallery old.kao Ana --retain 30
run 3 "$KAO" forget --gallery old.kao Ana --nameless
run 3 "$KAO" forget --gallery old.kao --retain 0
run 0 "$KAO" people --gallery old.kao
lines 2 out
fact "--retain forgets who has had no sample for so many days, and nobody else"
finish
