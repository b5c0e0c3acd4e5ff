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
KAO_MODELS=$work/empty:$work/none run 3 "$KAO" doctor
for word in version cpu threads "this process may use" quota "JPEG ok, PNG ok, WebP ok" "models in  $work/empty" \
    "models in  $work/none (not there)" 'model "yunet_n_dynamic" not found' \
    'model "mobilefacenet_192" not found' "or KAO_MODELS"; do
    out_has "$word"
done
KAO_MODELS=$work/empty run 3 "$KAO" doctor --json
out_has '"detector":null'
out_has 'model \"yunet_n_dynamic\" not found'
fact "without models doctor says where it looked and ends with 3, with --json too"
KAO_MODELS=:$work/empty::: run 3 "$KAO" doctor
[ "$(grep -c '^models in ' "$work/out")" = 3 ] || fails "empty parts of KAO_MODELS"
out_has "models in  $work/empty"
fact "empty parts of KAO_MODELS do not count"
KAO_CPU=ref run 3 "$KAO" doctor
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
out_has "detector   $KAO_MODELS/yunet_n_dynamic.onnx"
out_has "embedder   $KAO_MODELS/mobilefacenet_192.onnx"
fact "with models all is well, status 0"

run 0 "$KAO" doctor --json
"${PYTHON:-python3}" -c 'import json, sys
o = json.loads(open(sys.argv[1]).read())
assert o["ok"] is True and o["detector"].endswith("yunet_n_dynamic.onnx") and o["pictures"] == {"JPEG": True, "PNG": True, "WebP": True}, o' "$work/out" || fails JSON
fact "doctor --json: one object"

cp "$KAO" "$work/kao"
mv "$work/models" "$work/with models"
unset KAO_MODELS
ln -s "with models" "$work/models"
run 0 "$work/kao" doctor
out_has "detector   $work/models/yunet_n_dynamic.onnx"
fact "models beside the program are found without KAO_MODELS"
finish
