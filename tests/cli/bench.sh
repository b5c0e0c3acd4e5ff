#!/bin/sh
# kao bench DETECTOR EMBEDDER: forms of the output; no times are judged.
. "$(dirname "$0")/lib.sh"
take_models "$@"

run 0 "$KAO" bench --seconds 0.05 --csv --cpu ref --size 64
lines 2 out
awk -F, 'NF != 9 || $2 != "ref" || $3 != 1 || $4 !~ /^\[[0-9x]+\]$/ || $7 <= 0 || $8 > $7 || $9 < 3 { bad = 1 } END { exit bad }' \
    "$work/out" || fails "fields of the CSV"
cp "$2" "$work/one, \"two\".onnx"
run 0 "$KAO" bench --seconds 0.001 --csv "$work/one, \"two\".onnx"
out_has '"one, ""two"".onnx",'
fact "bench --csv: nine fields a network, least not above the median, three runs at least; a name with a comma is one field"
run 0 "$KAO" bench --seconds 0.05 --size 64 yunet_n_dynamic --threads 2
out_has "2 threads"
out_has "memory of the process"
fact "bench as text names threads and memory"
run 0 "$KAO" bench --seconds 0.05 --size 64 --json
"${PYTHON:-python3}" -c 'import json, sys
for line in open(sys.argv[1]):
    o = json.loads(line)
    assert o["input"][0] == 1 and 0 < o["min_ms"] <= o["median_ms"] and o["runs"] >= 3 and o["weight_bytes"] > 0, o' "$work/out" || fails JSON
lines 2 out
fact "bench --json: an object a network"
run 3 "$KAO" bench --seconds 0.05 no_such_model mobilefacenet_192
err_has 'model "no_such_model" not found'
out_has "mobilefacenet_192.onnx"
run 3 "$KAO" bench --seconds 0.05 --json no/such_model mobilefacenet_192
lines 2 out
[ "$(head -n 1 "$work/out")" = '{"model":"such_model","error":{"code":"io","message":"no/such_model: No such file or directory"}}' ] || fails "$(cat "$work/out")"
fact "an unknown network is 3, the others are measured"
check bench-models "$work"
for form in --csv --json ''; do
    run 0 "$KAO" bench --seconds 0.001 $form "$work/none.onnx"
done
out_has "no input"
run 3 "$KAO" bench --seconds 0.001 "$work/int.onnx" --csv
err_has "$work/int.onnx: input 0 is no float32"
fact "a network without inputs is measured; an input that cannot be filled is told with its file"
for n in 0 -1 86401 nan; do
    run 3 "$KAO" bench --seconds "$n"
    err_has "--seconds $n: wanted a number above 0, 86400 at most"
done
fact "--seconds out of range says what is wanted"
finish
