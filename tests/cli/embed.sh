#!/bin/sh
# kao embed DETECTOR EMBEDDER
. "$(dirname "$0")/lib.sh"
take_models "$@"
cd "$work" || exit 1

run 0 "$KAO" embed "$a" --json
dim=$("${PYTHON:-python3}" -c 'import json,sys; print(len(json.loads(open(sys.argv[1]).read())["embedding"]))' out)
[ $embedder != mobilefacenet_192 ] || [ "$dim" = 192 ] || fails "dim $dim"
check embed out "$dim" 1
run 0 "$KAO" embed "$a" --json --tta concat
check embed out $((2 * dim)) 1
run 0 "$KAO" embed "$a" --json --tta sum
check embed out "$dim" 1
fact "--json: file, face, embedding of length 1; --tta none, concat, sum: $dim, $((2 * dim)), $dim numbers"
run 0 "$KAO" embed "$a" "$b" "$group" --faces all --json --npy out.npy
check embed out "$dim" 6
check npy-is-json out.npy out
cp out one
run 0 "$KAO" embed "$a" "$b" "$group" --faces all --json -j 4 -o four.npy
same out one
same out.npy four.npy
run 0 "$KAO" embed "$a" "$b" "$group" --faces all --json --threads 1
same out one
fact "--npy holds the numbers of --json to the last bit; the same for -j 4, --threads 1"
run 0 "$KAO" embed "$a" "$b"
lines 2 out
awk -F'\t' -v n=$((dim + 2)) 'NF != n || $2 != "face 1" { bad = 1 } END { exit bad }' out || fails "fields"
run 0 "$KAO" embed "$a" --npy x.npy
lines 1 out
check npy x.npy 1 "$dim"
fact "text: path, face and the numbers, with tabs; no numbers beside --npy"

run 0 "$KAO" align "$a" -o chips
run 0 "$KAO" embed --no-detect chips/ana_1.face1.png --json --npy chip.npy
check embed out "$dim" 1
run 0 "$KAO" embed "$a" --npy whole.npy
same chip.npy whole.npy
"$COMPOSE" big.png $((2 * chip_px)) $((2 * chip_px)) 0 chips/ana_1.face1.png 0 0 $((2 * chip_px)) $((2 * chip_px))
run 0 "$KAO" embed --no-detect big.png --json
check embed out "$dim" 1
fact "--no-detect: a chip gives the same bits as its picture; other sizes are resized"

run 3 "$KAO" embed --no-detect --quality big.png
err_has "--no-detect: no face is looked for that --quality could tell of"
err_one_line
lines 0 out
fact "--quality without a face that is looked for: refused"
for option in "--faces 2" "--faces all" "--faces error" "--min-score .9"; do
    # shellcheck disable=SC2086
    run 3 "$KAO" embed --no-detect $option big.png
    err_has "--no-detect: no face is looked for that ${option%% *} could "
    err_one_line
    lines 0 out
done
run 0 "$KAO" embed --no-detect --faces largest big.png
fact "what chooses among faces is refused with --no-detect, not passed over"

run 3 "$KAO" embed "$a" missing.jpg blank.png "$b" --json --npy two.npy
check embed out "$dim" 4
lines 2 err
err_has "missing.jpg: No such file or directory"
err_has "blank.png: no face found"
check npy two.npy 2 "$dim"
run 2 "$KAO" embed "$a" blank.png
run 2 "$KAO" embed "$group" --faces error
err_one_line
run 2 "$KAO" embed "$group" --faces 5
fact "failing pictures: one line each, an object with error, the highest status; the others are embedded"
run 4 "$KAO" embed "$a" --npy none/x.npy
err_has "none/x.npy: "
run 4 "$KAO" embed "$a" --npy /dev/full
err_has "No space left on device"
run 4 sh -c '"$0" embed "$1" --json >/dev/full' "$KAO" "$a"
[ -z "$(find . -name '*.npy.*')" ] || fails "left: $(find . -name '*.npy.*')"
fact "what cannot be written is 4"
mkdir clean many
i=0
while [ $i -lt 300 ]; do ln -s "$a" many/$i.jpg; i=$((i + 1)); done
check interrupt clean 2 "$KAO" embed --json --npy x.npy "$work"/many/*.jpg
fact "Ctrl-C leaves no half array"
finish
