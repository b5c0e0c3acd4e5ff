#!/bin/sh
# families.sh MODELS: detectors without five points, as the commands show them. MODELS has files
# of UltraFace (no points; one of them tells masks), BlazeFace (four points) and MTCNN (a cascade).
. "$(dirname "$0")/lib.sh"
models=${1-}
for name in ultraface_rfb_320 ultraface_rfb_640_masked blazeface_back_256 mtcnn_pnet mtcnn_rnet mtcnn_onet mobilefacenet_192; do
    [ -f "$models/$name.onnx" ] || skip "families needs $name"
done
cd "$work" || exit 1
KAO_MODELS=$models
export KAO_MODELS
a=$PICTURES/ana_1.jpg b=$PICTURES/ana_3.jpg c=$PICTURES/ben_1.jpg group=$PICTURES/group.jpg

run 0 "$KAO" detect -d ultraface_rfb_320 "$a"
grep -q '^  1: .*, no points$' out || fails "no points: $(cat out)"
run 0 "$KAO" detect -d ultraface_rfb_320 "$a" --json
grep -q '"landmarks":\[\]' out || fails "landmarks"
if grep -q masked out; then fails "a word on masks"; fi
fact "a detector without points says so: in the line, and by an empty list"
run 0 "$KAO" detect -d ultraface_rfb_640_masked "$a" "$PICTURES/mask_ana.jpg" --json
grep -c '"masked":false' out | grep -qx 1 || fails "bare"
grep -c '"masked":true' out | grep -qx 1 || fails "masked"
run 0 "$KAO" detect -d ultraface_rfb_640_masked "$PICTURES/mask_ana.jpg"
out_has ", masked, no points"
fact "one that tells bare faces from masked ones: masked, true or false; others say nothing of it"
run 0 "$KAO" detect -d blazeface_back_256 "$a" --json
"${PYTHON:-python3}" -c 'import json; f = json.loads(open("out").read())["faces"]; assert len(f) == 1 and len(f[0]["landmarks"]) == 4, f' || fails "four points"
run 0 "$KAO" verify -d blazeface_back_256 -m mobilefacenet_192 "$a" "$b"
run 1 "$KAO" verify -d blazeface_back_256 -m mobilefacenet_192 "$a" "$c"
fact "four points are shown as four, and align a face well enough to tell people apart"
for command in verify embed align; do
    set -- "$a"
    [ $command != verify ] || set -- "$a" "$b"
    run 3 "$KAO" $command "$@" -d ultraface_rfb_320 -m mobilefacenet_192
    err_has "gives faces without points, which"
    err_has "template = square"
    err_one_line
    [ ! -s out ] || fails "output"
done
run 0 "$KAO" enroll Ana "$a" -d blazeface_back_256 -m mobilefacenet_192 --gallery people.kao
for words in "enroll Ana" identify cluster watch "blur --only Ana -o out.jpg"; do
    [ "${MEDIA-yes}" = yes ] || case $words in watch | blur*) continue ;; esac
    # shellcheck disable=SC2086
    run 3 "$KAO" $words "$b" -d ultraface_rfb_320 --gallery people.kao
    err_has "gives faces without points, which"
    err_one_line
    [ ! -s out ] || fails "output"
done
[ ! -e out.jpg ] || fails "a picture with nobody hidden"
run 3 "$KAO" gallery reembed -d ultraface_rfb_320 -m mobilefacenet_192 --drop-missing --gallery people.kao
err_has "gives faces without points, which"
run 0 "$KAO" people --gallery people.kao
out_has "1 sample"
fact "an embedder that needs points and a detector without: refused before any picture, with what to do"
cp "$models/mobilefacenet_192.onnx" square.onnx
printf 'template = square\ntemplate.margin = 1.0\n' >square.onnx.card
run 0 "$KAO" verify -d ultraface_rfb_320 -m ./square.onnx "$a" "$b" --threshold 0.4
run 1 "$KAO" verify -d ultraface_rfb_320 -m ./square.onnx "$a" "$c" --threshold 0.4
run 0 "$KAO" align -d ultraface_rfb_320 -m ./square.onnx "$group" -o chips
lines 4 out
check picture chips/group.face1.png 112 112
fact "an embedder whose card says square takes such faces"
for stage in pnet rnet onet; do
    run 0 "$KAO" detect -d mtcnn_$stage "$group" --json
    [ ! -f cascade ] || same out cascade
    cp out cascade
done
check detect cascade 4
cp "$models/mtcnn_pnet.onnx" alone.onnx
run 3 "$KAO" detect -d ./alone.onnx "$a"
err_has "mtcnn_rnet.onnx: No such file or directory"
err_one_line
fact "a cascade is opened by any of its files; one that lacks the others is refused by name"
finish
