#!/bin/sh
# facts.sh DETECTOR EMBEDDER: the two built models, beside which tiny_landmarks.onnx and its kin
# lie (tests/support/models.h): three fixed landmarks, a fixed pose, and the brightness as
# quality and as probability of a living face.
. "$(dirname "$0")/lib.sh"
take_models "$@"
cd "$work" || exit 1
ln -s "$(dirname "$1")" nets # a name without spaces, wherever the build lies
nets=nets
all="--with landmarks=$nets/tiny_landmarks.onnx --with quality=$nets/tiny_quality.onnx --with pose=$nets/tiny_pose.onnx --with liveness=$nets/tiny_liveness.onnx"
live=$nets/tiny_liveness.onnx

json() { "${PYTHON:-python3}" -c "
import json
rows = [json.loads(l) for l in open('out')]
faces = rows[0].get('faces') or []
f = faces[0] if faces else None
assert $1, rows" || fails "$1"; }

# ---- kao detect --with ----

# shellcheck disable=SC2086
run 0 "$KAO" detect "$a" $all
sed -n 2p out | grep -qE '^  1: .*, score [01]\.[0-9]{3}, 3 landmarks, quality 0\.[0-9]{2}, yaw 10, pitch -5, roll 3, live 0\.[0-9]{3}$' || fails "the line: $(cat out)"
# shellcheck disable=SC2086
run 0 "$KAO" detect "$a" --json $all
json "f['pose'] == {'yaw': 10, 'pitch': -5, 'roll': 3}"
json "0.2 < f['live'] < 0.3 and 0.2 < f['quality'] < 0.4"
# shares .25, .25; .75, .25; .5, 1 of the box, from its corner
json "all(abs(p[0] - (f['box'][0] + u * f['box'][2])) < .02 and abs(p[1] - (f['box'][1] + v * f['box'][3])) < .02
    for p, (u, v) in zip(f['dense_landmarks'], [(.25, .25), (.75, .25), (.5, 1)])) and len(f['dense_landmarks']) == 3"
json "len(f['landmarks']) == 5"
fact "--with KIND=MODEL adds landmarks, quality, pose and live to a face's line and JSON"
run 0 "$KAO" detect "$a" --json --with "pose=$nets/tiny_pose.onnx"
json "'pose' in f and 'live' not in f and 'quality' not in f and 'dense_landmarks' not in f"
run 0 "$KAO" detect "$a" --json
json "'pose' not in f"
fact "only what was asked for is told"
# shellcheck disable=SC2086
run 0 "$KAO" detect "$a" "$group" "$b" blank.png --json $all
cp out one
# shellcheck disable=SC2086
run 0 "$KAO" detect "$a" "$group" "$b" blank.png --json $all -j 3
same out one
fact "the same bytes for -j 1 and 3"
run 0 "$KAO" detect "$a" --draw plain.png
run 0 "$KAO" detect "$a" --draw dots.png --with "landmarks=$nets/tiny_landmarks.onnx"
if cmp -s plain.png dots.png; then fails "no landmarks drawn"; fi
"$COMPOSE" large.jpg 8400 1400 60 "#00d200" 4200 700 210 210 # read at half its size
run 0 "$KAO" detect large.jpg --json --with "landmarks=$nets/tiny_landmarks.onnx"
cp out reduced
run 0 "$KAO" detect large.jpg --json --with "landmarks=$nets/tiny_landmarks.onnx" --draw large.jpeg
same out reduced
fact "--draw marks the landmarks; the answers are those without it"
for bad in pose poses=x pose= =x "pose=$live" "pose=./gone.onnx" "liveness=$2"; do
    run 3 "$KAO" detect "$a" --with "$bad"
    err_one_line
    lines 0 out
done
run 3 "$KAO" detect "$a" --with "pose=$live"
err_has "a model of kind liveness, wanted pose"
run 3 "$KAO" detect "$a" --with "pose=$nets/tiny_pose.onnx" --with "pose=$nets/tiny_pose.onnx"
err_has "two models for pose"
run 3 "$KAO" detect "$a" --with liveness
err_has "wanted landmarks, quality, pose or liveness, =, a model"
fact "a kind without a model, an unknown one, a model of another kind, one twice: refused by name"

# ---- kao verify --liveness ----

run 3 "$KAO" verify "$a" "$b" --liveness "$live"
err_has "no threshold.live: give --live-threshold"
run 0 "$KAO" verify "$a" "$b" --liveness "$live" --live-threshold 0.2
out_has "They are the same face!"
run 0 "$KAO" verify "$a" "$b" --liveness "$live" --live-threshold 0.2 --json
json "f['live'] > 0.2 and rows[0]['faces'][1]['live'] > f['live'] and rows[0]['same']"
fact "--liveness: faces that look alive are compared; what the network said is told"
# the surroundings of a are a little darker than those of b
run 2 "$KAO" verify "$a" "$b" --liveness "$live" --live-threshold 0.27
err_has "kao verify: $a: the face looks like a picture of a face (live 0.2"
err_has "photograph the person"
err_one_line
lines 0 out
run 2 "$KAO" verify "$a" "$b" --liveness "$live" --live-threshold 0.27 --json
json "rows[0]['error']['code'] == 'not_live' and rows[0]['similarity'] is None and 'same' not in rows[0]"
just=$("${PYTHON:-python3}" -c 'import sys; print("%.7f" % (float(sys.argv[1]) + 2e-6))' "$(run 0 "$KAO" detect "$a" --with liveness="$live" --json; sed 's/.*"live":\([0-9.]*\).*/\1/' out)")
run 2 "$KAO" verify "$a" "$b" --liveness "$live" --live-threshold "$just"
grep -q 'live \([0-9.]*\), wanted \1)' err && fails "as much as was wanted: $(cat err)"
cp "$live" ./own.onnx
printf 'threshold.live = 0.27\n' >own.onnx.card
run 2 "$KAO" verify "$a" "$b" --liveness ./own.onnx
run 0 "$KAO" verify "$b" "$b" --liveness ./own.onnx
run 0 "$KAO" verify "$a" "$b" --liveness ./own.onnx --live-threshold 0.2
run 0 "$KAO" verify "$a" "$b"
fact "one that does not: status 2, code not_live, what to do; by the card's threshold or the option; off by default"
printf '%s\t%s\n%s\t%s\n' "$b" "$b" "$a" "$b" >pairs.txt
run 2 "$KAO" verify --pairs pairs.txt --liveness ./own.onnx
lines $said out
err_one_line
fact "--pairs: it fails its pairs alone"
run 3 "$KAO" verify "$a" "$b" --live-threshold 0.2
err_has "Nothing is looked at without --liveness"
err_one_line
run 3 "$KAO" verify "$a" "$b" --liveness ./own.onnx --no-detect
err_has "--no-detect leaves out"
run 3 "$KAO" verify "$a" "$b" --liveness "$nets/tiny_pose.onnx"
err_has "wanted liveness"
flat=$nets/flat.onnx
run 3 "$KAO" verify "$a" "$a" --liveness ./own.onnx --model "$flat" --preset ailia-arcface
err_has "takes the whole picture (template = picture): no face is looked for that --liveness could look at"
fact "without a detector, or with a network of another kind: refused; so is a threshold without a network"
finish
