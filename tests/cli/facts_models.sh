#!/bin/sh
# facts_models.sh MODELS: published networks by their built-in cards, on photographs.
. "$(dirname "$0")/lib.sh"
models=${1-}
for name in landmark_68 face_quality_112 pose_224 liveness_128 ultraface_rfb_320; do
    [ -f "$models/$name.onnx" ] || skip "facts_models needs $name"
done
inside kao-detect && inside kao-face || skip "facts_models needs kao-detect and kao-face"
cd "$work" || exit 1
KAO_MODELS=$models
export KAO_MODELS
a=$PICTURES/ana_1.jpg

all="--with landmarks=landmark_68 --with quality=face_quality_112 --with pose=pose_224 --with liveness=liveness_128"
# shellcheck disable=SC2086
run 0 "$KAO" detect "$PICTURES"/[a-e]*_[1-4].jpg --json $all
"${PYTHON:-python3}" - <<'END' || fails "facts of portraits"
import json
off = turned = 0
rows = [json.loads(line)["faces"][0] for line in open("out")]
assert len(rows) == 20
for f in rows:
    five, dense = f["landmarks"], f["dense_landmarks"]
    eyes = five[1][0] - five[0][0]
    assert len(dense) == 68 and 0 < f["quality"] < 1 and -40 < f["pose"]["yaw"] < 40
    mean = lambda part, k: sum(p[k] for p in part) / len(part)
    off += sum(abs(mean(dense[i:i + 6], k) - five[e][k]) for e, i in ((0, 36), (1, 42)) for k in (0, 1)) / 4 / eyes
    nose = (five[2][0] - (five[0][0] + five[1][0]) / 2) / eyes
    turned += (nose > .05 and f["pose"]["yaw"] > 0) + (nose < -.05 and f["pose"]["yaw"] < 0) + (-.05 <= nose <= .05)
assert off / 20 < .06, off / 20
assert turned >= 19, turned
assert sum(f["live"] > .5 for f in rows) >= 19
END
fact "20 portraits: eyes where the detector has them, the head turned to where the nose points, 19 alive"
"$COMPOSE" --on-side side.jpg "$a"
run 0 "$KAO" detect "$a" side.jpg --json --with landmarks=landmark_68 --with pose=pose_224
"${PYTHON:-python3}" - <<'END' || fails "on its side"
import json
f, g = [json.loads(line)["faces"][0] for line in open("out")]
assert abs(abs(g["pose"]["roll"] - f["pose"]["roll"]) - 90) < 6, (f["pose"], g["pose"])
for k in ("yaw", "pitch"):
    assert abs(f["pose"][k] - g["pose"][k]) < 8, (f["pose"], g["pose"])
x0, y0, w, h = g["box"]
inside = sum(x0 - .2 * w < x < x0 + 1.2 * w and y0 - .2 * h < y < y0 + 1.2 * h for x, y in g["dense_landmarks"])
assert inside == 68, inside
END
fact "a face on its side: turned for the network, told of the picture as it is"
# what is hardly a face may have points that are none's: such a one this network cannot look at
cp "$models/liveness_128.onnx" points.onnx
printf 'template = arcface-112\n' >points.onnx.card
sed -n '/^kind\|^input\|^output\|^threshold/p' "$MODELS/cards/liveness_128.card" >>points.onnx.card
run 0 "$KAO" detect "$a" "$PICTURES"/ben_*.jpg --upright --min-score 0.02 --with liveness=./points.onnx --json
"${PYTHON:-python3}" - >odd <<'END'
import json
for row in map(json.loads, open("out")):
    for i, f in enumerate(row["faces"]):
        if f["live"] is None:
            print(f"n={i + 1} picture='{row['file']}'")
            raise SystemExit
END
n='' picture=''
. ./odd
if [ -n "$n" ]; then
    run 2 "$KAO" verify "$picture" "$picture" --upright --min-score 0.02 --faces "$n" --liveness ./points.onnx --json
    out_has '"code":"no_face"'
    err_has "./points.onnx cannot look at the face: its points are no upright face's"
    fact "--liveness: a face that the network could not look at is not told as a picture of one"
fi
run 3 "$KAO" detect "$a" -d ultraface_rfb_320 --with quality=face_quality_112
err_has "gives faces without points, which"
run 0 "$KAO" detect "$a" -d ultraface_rfb_320 --with landmarks=landmark_68 --json
fact "a detector without points: refused where the network needs them, fine where the box is enough"

# ---- what the pixels say ----

run 0 "$KAO" detect "$a" "$PICTURES/mask_ana.jpg" --quality
out_has ", picture 0."
sed -n 4p out | grep -q ", masked$" || fails "masked: $(cat out)"
run 0 "$KAO" detect "$a" "$PICTURES/mask_ana.jpg" --quality --json
"${PYTHON:-python3}" - <<'END' || fails "facts"
import json
f, g = [json.loads(line)["faces"][0] for line in open("out")]
assert set(f["facts"]) == {"score", "eye_distance", "detail", "light", "contrast", "dark", "blown", "yaw", "pitch", "roll", "masked"}, f
assert f["warnings"] == [] and g["warnings"] == ["masked"] and f["facts"]["score"] > g["facts"]["score"]
assert abs(f["facts"]["eye_distance"] - (f["landmarks"][1][0] - f["landmarks"][0][0])) < 1
END
fact "--quality: score and warnings in the line, facts in the JSON"
for way in embed verify; do
    set -- "$PICTURES/mask_ana.jpg"
    [ $way = embed ] || set -- "$@" "$a"
    run 0 "$KAO" $way "$@"
    err_has "kao $way: $PICTURES/mask_ana.jpg: warning: the lower face seems to be covered"
    err_one_line
done
run 0 "$KAO" verify "$PICTURES/mask_ana.jpg" "$a" --json
out_has '"warnings":["masked"]'
run 0 "$KAO" verify "$a" "$a"
lines 0 err
fact "verify and embed warn of a covered face, and go on; of a good one they say nothing"
run 0 "$KAO" embed "$a" --quality --json
"${PYTHON:-python3}" - <<'END' || fails "norm"
import json
f = json.loads(open("out").read())["face"]["facts"]
assert f["norm"] > 1 and f["score"] > .8, f
END
for tta in none concat sum; do
    run 0 "$KAO" embed "$a" --quality --json --tta $tta
    cat out >>ttas
done
"${PYTHON:-python3}" - <<'END' || fails "tta"
import json
f = [json.loads(line)["face"]["facts"] for line in open("ttas")]
assert all(abs(x["norm"] / f[0]["norm"] - 1) < .03 and abs(x["score"] - f[0]["score"]) < .01 for x in f), f
END
fact "embed --quality tells the vector's length, and the same score whether the mirrored picture is joined or not"
finish
