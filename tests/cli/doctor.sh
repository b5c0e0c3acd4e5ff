#!/bin/sh
# kao doctor, with models where there are some.
. "$(dirname "$0")/lib.sh"

mkdir "$work/empty"
if [ -n "${WITHOUT-}" ]; then
    KAO_MODELS=$work/empty run 3 "$KAO" doctor
    out_has "${WITHOUT%%,*} left out of this build"
    grep -q BROKEN "$work/out" && fails "a format that was left out is no fault"
    fact "formats that the build leaves out are named, and are no fault"
    finish
fi
well=3
inside kao-detect && inside kao-face && well=0 # then nothing else is needed
KAO_MODELS=$work/empty:$work/none run $well "$KAO" doctor
for word in version cpu threads "this process may use" quota "JPEG ok; PNG ok; WebP ok; HEIC and AVIF " "GIF, BMP, TIFF and ICO " "orientation in XMP" "labels     " "video      " "galleries  " "server     " "https      " "models in  $work/empty" \
    "models in  $work/none (not there)"; do
    out_has "$word"
done
for name in kao-detect kao-face kao-face-mask; do
    file=$MODELS/$name.onnx
    if [ -f "$file" ]; then
        out_has "inside     $name: "
        out_has "$(wc -c <"$file") bytes"
        out_has "sha256 $(sha256sum "$file" | cut -c 1-64)"
    else
        out_has "inside     $name: not in this build"
    fi
done
inside kao-detect && out_has "detector   kao-detect"
if inside kao-face; then
    out_has "embedder   kao-face"
else
    out_has 'no kao-face in this build: model "mobilefacenet_192" not found'
    out_has "set KAO_MODELS"
fi
fact "doctor says where it looks, what is inside the program (size and hash are the file's), what is missing"
if ! inside kao-face; then
    KAO_MODELS=$work/empty run 3 "$KAO" doctor --json
    out_has '"embedder":null'
    out_has 'model \"mobilefacenet_192\" not found'
    fact "what is missing is told with --json too"
fi
KAO_MODELS=:$work/empty::: run $well "$KAO" doctor
[ "$(grep -c '^models in ' "$work/out")" = 3 ] || fails "empty parts of KAO_MODELS"
out_has "models in  $work/empty"
fact "empty parts of KAO_MODELS do not count"
KAO_CPU=ref run $well "$KAO" doctor
out_has "uses ref kernels"
out_has "models in  $DATADIR/kao/models"
out_has "models in  $(dirname "$(readlink -f "$KAO")")/models"
fact "doctor names the kernels in use, and the data folder and models/ beside the program"
run 4 sh -c '"$0" doctor >/dev/full' "$KAO"
err_has "No space left on device"
fact "doctor into a full disk is 4"

[ -n "${1-}" ] || finish
take_models "$@"
run 0 "$KAO" doctor
out_has "all is well"
embedder=$KAO_MODELS/mobilefacenet_192.onnx
inside kao-face && embedder=kao-face
out_has "embedder   $embedder"
fact "with models all is well, status 0"

run 0 "$KAO" doctor --json
"${PYTHON:-python3}" -c 'import json, sys
o = json.loads(open(sys.argv[1]).read())
assert o["ok"] is True and o["detector"] == "kao-detect" and o["embedder"] == sys.argv[2], o
assert [m["name"] for m in o["inside"]][0] == "kao-detect" and all(m["weights"] > 0 and len(m["sha256"]) == 64 for m in o["inside"]), o
for name in "HEIC and AVIF", "GIF, BMP, TIFF and ICO":
    assert o["pictures"].pop(name) in (True, None), o
assert o["pictures"] == {"JPEG": True, "PNG": True, "WebP": True}, o' "$work/out" "$embedder" || fails JSON
fact "doctor --json: one object"

cp "$PROGRAM" "$work/kao"
mv "$work/models" "$work/with models"
unset KAO_MODELS
ln -s "with models" "$work/models"
run 0 "$work/kao" model info yunet_n_dynamic mobilefacenet_192
out_has "$work/models/yunet_n_dynamic.onnx"
fact "models beside the program are found without KAO_MODELS"
finish
