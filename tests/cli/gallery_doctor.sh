#!/bin/sh
# kao gallery doctor: what in a gallery is worth a look
. "$(dirname "$0")/lib.sh"
gallery_of_photographs "人 a.kao"

# told PYTHON-CONDITION: of d, what it says as JSON
told() {
    python3 -c "import json
d = json.loads(open('out').read())
assert $1, d" || fails "$1"
}

cp "$P/ana_2.jpg" copy.jpg
run 0 "$KAO" enroll Ana "$P/ana_1.jpg" copy.jpg
run 0 "$KAO" enroll Ben "$P/ben_1.jpg" "$P/ben_2.jpg"
run 0 "$KAO" gallery doctor
lines 1 out
out_has "whole; 2 people, 4 samples"
run 0 "$KAO" gallery doctor --json
told 'd["people"] == 2 and d["samples"] == 4 and not d["others_may_open"] and d["one_person"] == d["unlike"] == [] and d["without_picture"] == d["single_sample"] == 0'
fact "nothing to do: one line, status 0"

# ana_3 under another name, chen among Ben's, and of Ana's a picture that is gone
run 0 "$KAO" enroll --force Anna "$P/ana_3.jpg"
run 0 "$KAO" enroll --force Ben "$P/chen_1.jpg" --json
chen=$(python3 -c 'import json; print(json.loads(open("out").read())["sample"])')
rm copy.jpg
run 1 "$KAO" gallery doctor --json
told '[(p["into"], p["from"]) for p in d["one_person"]] == [(1, 3)] and d["one_person"][0]["similarity"] > .5'
told "[u['sample'] for u in d['unlike']] == ['$chen'] and d['unlike'][0]['person'] == 2 and d['unlike'][0]['nearer'] is None"
told 'd["single_sample"] == 1 and d["without_picture"] == 1'
run 1 "$KAO" gallery doctor
out_has "one person?	Ana	Anna"
out_has "unlike its person	Ben	$chen"
out_has "with one sample alone: 1"
out_has "neither chip nor picture any more: 1"
fact "one person under two names, a sample of somebody else, a lost picture: told, status 1"

# what it advises
run 0 "$KAO" gallery move "$chen" "#1"
run 1 "$KAO" gallery doctor --json
told "[(u['sample'], u['person']) for u in d['unlike']] == [('$chen', 1)]"
run 0 "$KAO" gallery not "$chen" Ana
run 0 "$KAO" gallery apart Ana Anna
run 0 "$KAO" gallery doctor
grep -q "?" out && fails "a question that is answered"
fact "a fact is heeded: who was told apart is not asked about"

# a sample of somebody who is there, too: nearer to them
run 0 "$KAO" enroll --force Ana "$P/ben_3.jpg" --json
run 1 "$KAO" gallery doctor --json
told '[(u["person"], u["nearer"]) for u in d["unlike"]] == [(1, 2)]'
fact "to whom a sample is more alike"

# a network that is made for distances, whose vectors are longer than 1
distances=${1-}/dlib_resnet_128.onnx
if [ -f "$distances" ]; then
    export KAO_MODELS="$1"
    set -- --gallery distances.kao
    run 0 "$KAO" gallery create "$@" --model "$distances"
    run 0 "$KAO" enroll "$@" Ana "$P/ana_1.jpg" "$P/ana_2.jpg"
    run 0 "$KAO" enroll "$@" Ben "$P/ben_1.jpg" "$P/ben_2.jpg"
    run 0 "$KAO" gallery doctor "$@"
    run 0 "$KAO" enroll "$@" --force Ana "$P/ben_3.jpg"
    run 1 "$KAO" gallery doctor "$@" --json
    told 'd["unlike"][-1]["nearer"] == 2 and .6 < d["unlike"][-1]["similarity"] < .7 and d["one_person"] == []'
    unset KAO_MODELS
    fact "with vectors of other lengths than 1, too"
fi

chmod 644 "$KAO_GALLERY"
run 1 "$KAO" gallery doctor
out_has "chmod 600"
chmod 600 "$KAO_GALLERY"
head -c 20000 "$KAO_GALLERY" >cut.kao
run 3 "$KAO" gallery doctor --gallery cut.kao
err_one_line
run 3 "$KAO" gallery doctor more
fact "a file that others may open; one that is cut"
finish
