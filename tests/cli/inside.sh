#!/bin/sh
# kao's own models, inside the program: names, the order in which they are looked up, what is
# not in this build. MODELS is the source's folder of them.
. "$(dirname "$0")/lib.sh"
examples=$PICTURES
take_models "$@"
cd "$work" || exit 1
unset KAO_MODELS
[ -f "$MODELS/kao-detect.onnx" ] || skip "no models/kao-detect.onnx in the source"

mkdir empty folder
(cd empty && env -i "$PROGRAM" detect "$examples/group.jpg" "$examples/ana_1.jpg" "$work/blank.png" --json) >default 2>err ||
    fails "detect without models, environment, options"
lines 0 err
check detect default 4 1 0
for name in kao-detect "$MODELS/kao-detect.onnx"; do
    run 0 "$PROGRAM" detect "$examples/group.jpg" "$examples/ana_1.jpg" "$work/blank.png" --json -d "$name"
    same out default
done
run 3 "$PROGRAM" detect -d kao-detec "$examples/ana_1.jpg"
err_has 'model "kao-detec" not found'
err_one_line
fact "without models, environment and options faces are found; by its name and by its path it is the same model"

# The painted picture has a face for the small detector alone.
cp "$work/models/yunet_n_dynamic.onnx" folder/kao-detect.onnx
run 0 "$PROGRAM" detect "$a" --json
check detect out 0
cp out without
KAO_MODELS=$work/empty:$work/folder run 0 "$PROGRAM" detect "$a" --json
same out without
KAO_MODELS=$work/empty:$work/folder run 0 "$PROGRAM" detect "$a" --json -d kao-detect
check detect out 1
KAO_MODELS=$work/folder run 0 "$PROGRAM" model info kao-detect
sed -n 1p out | grep -qxF "$work/folder/kao-detect.onnx" || fails "model info names the file"
run 0 "$PROGRAM" model info kao-detect
sed -n 1p out | grep -qx kao-detect || fails "model info names the one inside"
cp "$MODELS/kao-detect.onnx" empty/kao-detect
KAO_MODELS=$work/folder run 0 sh -c 'cd empty && "$0" detect "$1" --json -d kao-detect' "$PROGRAM" "$a"
check detect out 0
fact "a name is a file in the current folder, then in KAO_MODELS, then the one inside; without a name it is the one inside"

run 0 "$PROGRAM" model info kao-detect
out_has "$(wc -c <"$MODELS/kao-detect.onnx") bytes"
grep -q 'family  *= yunet  *(metadata)' out || fails "where a value came from"
sed 1d out >info
run 0 "$PROGRAM" model info "$MODELS/kao-detect.onnx"
sed 1d out >of-file
same info of-file
check write-npy x.npy 1 3 64 64
run 0 "$PROGRAM" model run kao-detect --profile -i input=x.npy
err_has "steps"
run 0 "$PROGRAM" bench --seconds 0.01 --size 64 --csv kao-detect
sed -n 1p out | grep -q '^kao-detect,' || fails "bench"
fact "model info, model run and bench take the names; info says of the one inside what it says of its file"

for name in kao-detect kao-face kao-face-mask; do
    [ -f "$MODELS/$name.onnx" ] && continue
    run 3 "$PROGRAM" model info $name
    err_has "model \"$name\" not found"
    err_one_line
done
if inside kao-face; then
    run 0 env -i "$PROGRAM" verify "$examples/ana_1.jpg" "$examples/ana_3.jpg" --json
    check verify out same=true model=kao-face detector=kao-detect
    run 1 env -i "$PROGRAM" verify "$examples/ana_1.jpg" "$examples/ben_1.jpg" --json
    check verify out same=false
    fact "verify works from the bare program"
    run 0 "$PROGRAM" embed "$examples/mask_ana.jpg"
    err_has "without a mask, or with --model kao-face-mask, more can be told"
    if inside kao-face-mask; then
        for model in kao-face-mask "$MODELS/kao-face-mask.onnx"; do
            run 0 "$PROGRAM" embed "$examples/mask_ana.jpg" --model "$model"
            err_has "without a mask more can be told"
        done
    fi
    fact "a mask: another model is named where it is another one"
    run 0 env -i "$EXAMPLE" "$examples/ana_1.jpg" "$examples/ana_3.jpg"
    grep -q '^similarity .*: the same person$' out || fails "example"
    run 0 "$EXAMPLE" "$MODELS/kao-detect.onnx" "$MODELS/kao-face.onnx" "$examples/ana_1.jpg" "$examples/ben_1.jpg"
    grep -q '^similarity .*: not the same person$' out || fails "example"
    run 2 "$EXAMPLE" "$examples/ana_1.jpg"
    fact "examples/verify.c does so through the library, with models given too"
    if [ -n "$REMEMBER" ]; then
        run 0 "$REMEMBER" "$work/r.kao" "Ana 顔" "$examples/ana_1.jpg"
        run 0 "$REMEMBER" "$work/r.kao" Ben "$examples/ben_1.jpg"
        run 0 "$REMEMBER" "$work/r.kao" "$examples/ana_3.jpg"
        grep -q '^Ana 顔, 0' out || fails "who it is"
        run 0 "$REMEMBER" "$work/r.kao" "$examples/chen_1.jpg"
        grep -qx unknown out || fails "a stranger"
        run 2 "$REMEMBER" "$work/r.kao"
        fact "examples/remember.c enrols and identifies through the library"
    fi
else
    run 3 "$PROGRAM" verify "$a" "$b"
    err_has 'no kao-face in this build: model "mobilefacenet_192" not found: give a path, or set KAO_MODELS'
    err_one_line
    KAO_MODELS=$work/models run 2 "$PROGRAM" verify "$a" "$b" --json
    check verify out "model=$work/models/mobilefacenet_192.onnx" detector=kao-detect
    fact "without kao-face the embedder is looked for by name; where that fails too the line names both"
fi
finish
