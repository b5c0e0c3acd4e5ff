#!/bin/sh
# kao model DETECTOR EMBEDDER; what needs no model comes first.
. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1

run 0 "$KAO" model ops --markdown
if [ -n "${OPERATORS_DOC-}" ]; then same out "$OPERATORS_DOC"; fi
fact "docs/operators.md is what kao model ops --markdown prints"
run 0 "$KAO" model ops
grep -q '^Conv  ' out || fails "Conv"
LC_ALL=C sort -c -k1,1 out || fails "not sorted"
fact "kao model ops lists the operators, sorted"

run 0 "$KAO" model make mobilefacenet "made 顔.onnx"
out_has "mobilefacenet"
run 0 "$KAO" model info "made 顔.onnx"
out_has 'output 0 "embedding" float32 [N,128]'
run 0 "$KAO" model make mobilefacenet again.onnx --seed 1
cmp -s "made 顔.onnx" again.onnx || fails "seed 1 is not the usual one"
run 3 "$KAO" model make mobilenet x.onnx
err_has 'no architecture "mobilenet"'
run 3 "$KAO" model make mbf
err_has "iresnet100"
run 4 "$KAO" model make mbf none/x.onnx
err_has "none/x.onnx"
run 4 "$KAO" model make mbf /dev/full
fact "kao model make writes the field's architectures"

# ---- a card inside ----

cp "$2" plain.onnx
[ ! -e "$2.card" ] || cp "$2.card" plain.onnx.card
cat >in.card <<CARD
# comment
note = inside = yes
calibration.none = 0.2:-1 0.4:-3
same.none = 40 0.2:0.3 0.4:0.6
CARD
run 0 "$KAO" model card plain.onnx in.card "with 顔.onnx"
out_has "with 顔.onnx: 3 lines of in.card"
run 0 "$KAO" model info "with 顔.onnx"
out_has "note             = inside = yes"
out_has "calibration.none = 0.2:-1 0.4:-3"
out_has "same.none        = 40 0.2:0.3 0.4:0.6"
out_has "(metadata)"
if [ ! -e "$2.card" ]; then # what the program knows of the file by its hash goes along
    told() { "$KAO" model info "$1" | sed -n 's/ *([a-z]*)$//p' | grep -vE '^  (note|calibrat|likelihood|same)'; }
    told plain.onnx >before
    told "with 顔.onnx" >after
    same before after
    [ "$("$KAO" model info "with 顔.onnx" | grep -c '^  calibr')" = 1 ] || fails "curves of two measurements"
    echo "note = no curves" >note.card
    run 0 "$KAO" model card plain.onnx note.card noted.onnx
    told noted.onnx >after
    same before after
    [ "$("$KAO" model info noted.onnx | grep -c '^  calibr')" = "$("$KAO" model info plain.onnx | grep -c '^  calibr')" ] || fails "curves are lost"
fi
echo "calibration.sum = 0.2:-1 0.4:-3" >in.card
run 0 "$KAO" model card "with 顔.onnx" in.card "with 顔.onnx"
run 0 "$KAO" model info "with 顔.onnx"
out_has "calibration.sum"
! grep -qE "calibration.none|same.none" out || fails "curves of two measurements"
echo "calibration.sum = nonsense" >in.card
run 3 "$KAO" model card plain.onnx in.card bad.onnx
err_has "plain.onnx: card: calibration.sum"
echo "colour = rgb" >in.card
run 3 "$KAO" model card plain.onnx in.card bad.onnx
err_has 'plain.onnx: card: line 1: unknown key "colour"'
[ ! -e bad.onnx ] || fails "written all the same"
run 3 "$KAO" model card in.card in.card bad.onnx
run 3 "$KAO" model card plain.onnx in.card
echo "note = x" >in.card
run 4 "$KAO" model card plain.onnx in.card none/x.onnx
run 3 "$KAO" model card none.onnx in.card none.onnx
run 3 "$KAO" model card plain.onnx none none/x.onnx
fact "kao model card puts a card's lines into the file, in place of those of their keys; a wrong line is refused"

check names-model "odd names.onnx"
check write-npy x=1.npy 2 3
cp x=1.npy x.npy
run 0 "$KAO" model info "odd names.onnx"
out_has 'input  0 "a=b" float32 [2,3]'
out_has 'tab?here'
out_has 'p??1m'
run 0 "$KAO" model info "odd names.onnx" --json
"${PYTHON:-python3}" -c 'import json,sys
o = json.loads(open(sys.argv[1]).read())
assert o["opset"] == 13 and o["nodes"] == 8 and o["inputs"] == [{"name": "a=b", "type": "float32", "shape": [2, 3]}], o
assert [t["name"] for t in o["outputs"]][-1] == "tab\there" and "missing" in o and o["card"] == {}, o' out || fails JSON
fact "model info: inputs and outputs with types and shapes; control characters of names do not reach the terminal; --json"
run 3 "$KAO" model info --json no/such.onnx no_such_model "odd names.onnx"
lines 3 out
[ "$(head -n 1 out)" = '{"file":"no/such.onnx","error":{"code":"io","message":"no/such.onnx: No such file or directory"}}' ] || fails "$(head -n 1 out)"
sed -n 2p out | grep -q '^{"file":"no_such_model","error":{"code":"io","message":"model .*not found' || fails "$(sed -n 2p out)"
sed -n 3p out | grep -q '^{"file":"odd names.onnx","opset":13,' || fails "$(sed -n 3p out)"
lines 2 err
fact "model info --json: an object a file, also of one that cannot be read"
run 0 "$KAO" model info ./"odd names.onnx"
tail -n +2 out >of-file
run 0 sh -c 'cat "odd names.onnx" | "$0" model info /dev/stdin' "$KAO"
tail -n +2 out | cmp -s - of-file || fails "of a pipe, not what is told of the file"
fact "model info reads a pipe"
run 0 "$KAO" model run "odd names.onnx" --input a=b=x.npy -o out.d
lines 8 out
long=$(printf '%0100d' 0 | tr 0 x)
for name in a_b_c a_b_c.2 a_b_c.3 a_b_c.2.2 "$long" "$long.2" ___ tab_here; do
    check npy "out.d/$name.npy" 2 3
done
awk -F'\t' 'NF != 5 || $1 != NR - 1 || $3 != "float32" || $4 != "[2,3]" { bad = 1 } END { exit bad }' out || fails "columns"
awk -F'\t' '{ print $5 }' out | sort -u >paths
lines 8 paths
fact "model run: --input splits at the last =; outputs by name, odd bytes as _, cut at 100, .2 for a name that is taken; no output lost; five columns"
run 0 "$KAO" model run "odd names.onnx" -i a=b=x.npy -o out.d --passes none --cpu ref --threads 1
run 0 "$KAO" model run "odd names.onnx" -i a=b=x.npy --profile
err_has "steps"
err_has 'node 0 "n?[31m??1m" (Relu)'
lines 0 out
fact "--passes none, --profile"

check type-models .
run 0 "$KAO" model run ./to.onnx -o types.d
lines 11 out
inputs=
for n in 1 2 3 4 5 6 7 9 11 12 13; do
    [ $n = 9 ] && third=1 || third=3 # a bool
    check npy-numbers types.d/t$n.npy 1 0 $third
    inputs="$inputs -i t$n=types.d/t$n.npy"
done
# shellcheck disable=SC2086
run 0 "$KAO" model run ./from.onnx $inputs -o back.d
lines 11 out
for n in 1 2 3 4 5 6 7 9 11 12 13; do
    [ $n = 9 ] && third=1 || third=3
    check npy-numbers back.d/f$n.npy 1 0 $third
done
fact "model run: arrays of all types that networks have, out and in"

check half-model half.onnx
run 0 "$KAO" model run ./half.onnx -o half.d
out_has 'float32'
check npy-numbers half.d/h.npy -1 0.5
fact "an output of float16 is written as float32, as it is computed"
run 0 "$KAO" model info ./half.onnx
out_has 'output 0 "h" float16 [shape not stated]'
run 0 "$KAO" model info ./half.onnx --json
out_has '"outputs":[{"name":"h","type":"float16","shape":null}]'
fact "a shape that the file does not state is null, not that of a single number"

wrong() { # MESSAGE ARGUMENTS
    text=$1
    shift
    run 3 "$KAO" model run "$@" -o bad.d
    err_has "$text"
    err_one_line
}
wrong "wanted NAME=FILE.npy" "odd names.onnx" -i x.npy
wrong 'odd names.onnx: no input is called "a"' "odd names.onnx" -i a=x.npy
wrong 'odd names.onnx: input "a=b" is not bound' "odd names.onnx"
wrong "none.npy: No such file" "odd names.onnx" -i a=b=none.npy
wrong 'no input is called "a=b=x"' "odd names.onnx" -i a=b=x=1.npy
wrong 'unknown pass "speed"' "odd names.onnx" -i a=b=x.npy --passes speed
check write-npy y.npy 2 4
wrong 'y.npy: odd names.onnx: input "a=b" has shape [2,4], wanted [2,3]' "odd names.onnx" -i a=b=y.npy
printf 'no array' >text.npy
wrong "text.npy" "odd names.onnx" -i a=b=text.npy
printf 'no model' >text.onnx
wrong "text.onnx" text.onnx
wrong "none.onnx: No such file" ./none.onnx
: >empty.onnx
wrong "empty.onnx" empty.onnx
fact "wrong inputs are 3, with one line that names what was wrong"
run 3 "$KAO" model info none.onnx text.onnx "odd names.onnx"
lines 2 err
out_has "odd names.onnx"
fact "model info goes on after a bad file"
mkdir -p taken.d/a_b_c.npy
run 4 "$KAO" model run "odd names.onnx" -i a=b=x.npy -o taken.d
err_one_line
run 4 "$KAO" model run "odd names.onnx" -i a=b=x.npy -o none/none
run 4 sh -c '"$0" model ops >/dev/full' "$KAO"
run 4 sh -c '"$0" model info "$1" >/dev/full' "$KAO" "odd names.onnx"
[ -z "$(find . -name '*.npy.*')" ] || fails "left: $(find . -name '*.npy.*')"
fact "what cannot be written is 4, and nothing half written stays"

run 3 "$KAO" detect x.jpg -d "./odd names.onnx"
err_has "no detector family knows this network"
err_one_line
run 3 "$KAO" embed x.jpg --no-detect -m "./odd names.onnx"
err_has "odd names.onnx: unknown embedder; its card lacks: "
err_has "input.color"
err_one_line
fact "an unknown model is refused with the keys that its card lacks"

[ -n "${1-}" ] || finish
take_models "$@"
run 0 "$KAO" model info yunet_n_dynamic mobilefacenet_192
out_has "kind             = detector"
out_has "kind             = embedder"
out_has "family           = yunet"
cp "$KAO_MODELS/mobilefacenet_192.onnx" mine.onnx
[ ! -f "$KAO_MODELS/mobilefacenet_192.onnx.card" ] || cp "$KAO_MODELS/mobilefacenet_192.onnx.card" mine.onnx.card
printf 'calibration.none = 0.9:-3 0.999:-4\n' >>mine.onnx.card
run 0 "$KAO" model info ./mine.onnx
grep -q 'calibration.none = 0.9:-3 0.999:-4 .*(sidecar)' out || fails "the sidecar's value"
run 1 "$KAO" verify "$PICTURES/ana_1.jpg" "$PICTURES/ana_3.jpg" -m ./mine.onnx
out_has "Threshold : 0.999"
! grep -q "worst group" out || fails "groups of another measurement"
printf 'threshold.cosin = 1\n' >mine.onnx.card
run 3 "$KAO" model info ./mine.onnx
err_has 'unknown key "threshold.cosin"'
fact "a sidecar comes before the built-in card; a misspelt key is refused"
run 0 "$KAO" model info yunet_n_dynamic.onnx
cp "$KAO_MODELS/yunet_n_dynamic.onnx" other.onnx
run 0 "$KAO" detect "$PICTURES/ana_1.jpg" -d ./other.onnx
fact "names with and without .onnx; a path"
finish
