#!/bin/sh
# --preset, and cards that name one: FLAT, a network that hands out the two pictures it is given
. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1
cp "$1" flat.onnx
a=$PICTURES/ana_1.jpg b=$PICTURES/ben_1.jpg

run 0 "$KAO" verify "$a" "$a" --preset ailia-arcface --model ./flat.onnx
out_has "Similarity of ($a, $a) : 1.000"
out_has "They are the same face!"
out_has "Threshold : 0.256"
lines 3 out
fact "the sample's still mode: no face is looked for, and its threshold decides"
run 0 "$KAO" verify "$a" "$b" --preset ailia-arcface --model ./flat.onnx --json
grep -q '"faces":\[null,null\]' out || fails "faces are null"
grep -q '"detector":null' out || fails "no detector"
grep -q '"threshold":0.25572845' out || fails "the threshold"
fact "--json: no faces, no detector, the threshold with all its digits"
cp out plain
run 1 "$KAO" verify "$a" "$b" --preset ailia-arcface-eq --model ./flat.onnx --json
cmp -s plain out && fails "the histogram makes no difference"
fact "the eq_ form is another one"
run 0 "$KAO" embed "$a" --preset ailia-arcface --model ./flat.onnx --npy v.npy
[ "$(wc -c <v.npy)" -eq $((128 + 4 * 2 * 128 * 128)) ] || fails "as many numbers as two pictures have"
run 0 "$KAO" embed "$a" --preset ailia-arcface --tta none --model ./flat.onnx --npy v.npy
[ "$(wc -c <v.npy)" -eq $((128 + 4 * 128 * 128)) ] || fails "as many numbers as one picture has"
fact "the mirrored picture counts unless --tta says otherwise"

run 3 "$KAO" verify "$a" "$b" --model ./flat.onnx
err_has "its card lacks: input.color"
echo "preset = ailia-arcface" >flat.onnx.card
run 0 "$KAO" verify "$a" "$b" --model ./flat.onnx --json
sed 's/"ms":[0-9.]*//' out >card
sed 's/"ms":[0-9.]*//' plain >option
same card option
fact "a card may name the preset"
run 3 "$KAO" align "$a" --model ./flat.onnx -o chips
err_has "./flat.onnx takes the whole picture (template = picture): no face is looked for that could be cut out"
err_one_line
run 3 "$KAO" embed "$a" --model ./flat.onnx --quality
err_has "no face is looked for that --quality could tell of"
err_one_line
run 3 "$KAO" verify "$a" "$b" --model ./flat.onnx --faces error
err_has "./flat.onnx takes the whole picture (template = picture): no face is looked for that --faces could choose"
err_one_line
lines 0 out
mkdir pictures
cp "$a" "$b" "$PICTURES/ana_2.jpg" pictures
printf 'ana_1.jpg ben_1.jpg 0\nana_1.jpg ana_2.jpg 1\n' >pairs.txt
run 0 "$KAO" eval verify pictures pairs.txt --model ./flat.onnx
run 3 "$KAO" eval verify pictures pairs.txt --photos --model ./flat.onnx
err_has "./flat.onnx takes the whole picture (template = picture): no face is looked for that --photos could align"
err_one_line
run 3 "$KAO" cluster pictures --model ./flat.onnx
err_has "./flat.onnx takes the whole picture (template = picture): no face is looked for that could belong together"
err_one_line
run 3 "$KAO" watch pictures --no-gallery --model ./flat.onnx
err_has "./flat.onnx takes the whole picture (template = picture): no face is looked for that could be followed"
err_one_line
if [ -z "${WITHOUT-}" ] && inside kao-detect; then
    run 3 "$KAO" enroll Ana "$a" --gallery people.kao --model ./flat.onnx
    err_has "./flat.onnx takes the whole picture (template = picture), and no faces"
    err_one_line
    if [ "$SERVER" = yes ]; then
        run 3 "$KAO" serve --port 0 --gallery people.kao --model ./flat.onnx
        err_has "./flat.onnx takes the whole picture (template = picture), and no faces"
        err_one_line
    fi
fi
fact "what needs a face is refused before a picture is read"
echo "preset = ailia" >flat.onnx.card
run 3 "$KAO" verify "$a" "$b" --model ./flat.onnx
err_has "./flat.onnx: card: preset = ailia: ailia-arcface or ailia-arcface-eq"
err_one_line
rm flat.onnx.card
run 3 "$KAO" verify "$a" "$b" --preset ailia-arcface
err_has "--preset ailia-arcface: for which --model?"
run 3 "$KAO" verify "$a" "$b" --preset other --model ./flat.onnx
err_has "wanted none|ailia-arcface|ailia-arcface-eq"
run 3 "$KAO" verify "$a" missing.jpg --preset ailia-arcface --model ./flat.onnx
err_has "missing.jpg"
err_one_line
fact "a preset that is none, none to apply it to, a picture that is missing: one line, status 3"
finish
