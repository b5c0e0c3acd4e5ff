#!/bin/sh
# kao verify DETECTOR EMBEDDER
. "$(dirname "$0")/lib.sh"
take_models "$@"
[ $faces = no ] || [ $people = yes ] || skip "verify of photographs needs models/kao-face.onnx"
cd "$work" || exit 1

# ---- one pair ----

run 0 "$KAO" verify "$a" "$b"
lines $said out
out_has "Similarity of ($a, $b) : 0."
[ "$(sed -n 2p out)" = "They are the same face!" ] || fails "second line"
[ "$(sed -n 3p out)" = "Threshold : $threshold" ] || fails "third line"
lines 0 err
sed -n 1p out | grep -qE ' : -?[01]\.[0-9]{3}$' || fails "three decimals"
[ $said = 3 ] || sed -n 4p out | grep -q "pairs of strangers look this alike" || fails "fourth line"
fact "the same person: similarity, verdict, threshold, how many strangers look as alike; status 0"
run 1 "$KAO" verify "$a" "$c"
[ "$(sed -n 2p out)" = "They are not the same face!" ] || fails "second line"
fact "different people: status 1"
run 0 "$KAO" verify "$a" "$a"
out_has ") : 1.000"
fact "a picture with itself is 1.000"
run 1 "$KAO" verify "$a" "$b" --threshold 1
out_has "Threshold : 1.000"
run 0 "$KAO" verify "$a" "$c" --threshold=-1
out_has "Threshold : -1.000"
fact "--threshold decides"

# A threshold just above and just below the similarity: the printed numbers tell the verdict.
run 0 "$KAO" verify "$a" "$b" --json
s=$(sed 's/.*"similarity":\([0-9.]*\).*/\1/' out)
for by in 0.00002 0.0003 -0.00002 -0.0003; do
    t=$(awk "BEGIN { printf \"%.6f\", $s + $by }")
    case $by in -*) want=0 sign=ge ;; *) want=1 sign=lt ;; esac
    run $want "$KAO" verify "$a" "$b" --threshold "$t"
    awk -v sign=$sign 'NR == 1 { s = $NF } NR == 3 { exit !(sign == "ge" ? s + 0 >= $NF + 0 : s + 0 < $NF + 0) }' out ||
        fails "the printed numbers contradict the verdict"
    # three digits tell it where they differ
    awk "BEGIN { exit sprintf(\"%.3f\", $s) == sprintf(\"%.3f\", $t) }" ||
        [ "$(sed -n '1s/.* : [^.]*\.//p' out | wc -c)" -gt 4 ] || fails "more digits"
done
fact "similarity and threshold have as many digits as tell the verdict"

run 0 "$KAO" verify "$a" "$b" --json
lines 1 out
check verify out "a=$a" "b=$b" same=true "model=$KAO_MODELS/mobilefacenet_192.onnx" "detector=$KAO_MODELS/yunet_n_dynamic.onnx"
run 1 "$KAO" verify "$a" "$c" --json
check verify out same=false
fact "--json: keys a b similarity threshold far same faces model detector ms, with their types"

# ---- what is wrong with a picture ----

printf 'no picture' >text.jpg
: >empty.jpg
head -c $(($(wc -c <"$a") / 2)) "$a" >cut.jpg
for bad in missing.jpg text.jpg empty.jpg cut.jpg . "$(printf '%0300d' 0).jpg"; do
    run 3 "$KAO" verify "$a" "$bad"
    err_has "kao verify: $(printf %.60s "$bad")"
    err_one_line
    lines 0 out
    run 3 "$KAO" verify "$bad" "$a" --json
    err_one_line
    check verify out similarity=null "a=$bad"
done
run 3 "$KAO" verify "$a" missing.jpg
err_has "missing.jpg: No such file or directory"
run 3 "$KAO" verify "$a" "$work/$(printf '%0230d' 0).jpg"
err_has ": No such file or directory"
fact "a missing file, text, nothing, a cut JPEG, a folder: status 3, one line with name and reason, also for a long name"
run 2 "$KAO" verify "$a" blank.png
err_has "blank.png: no face found"
err_one_line
run 2 "$KAO" verify "$a" blank.png --json
check verify out similarity=null code=no_face
fact "no face: status 2, code no_face"
for order in "blank.png missing.jpg" "missing.jpg blank.png"; do
    run 3 "$KAO" verify $order --json
    lines 2 err
    check verify out similarity=null code=io
done
fact "both pictures fail: the higher status is told, in either order"
run 2 "$KAO" verify "$group" "$a" --faces error --json
check verify out similarity=null code=several_faces
err_has "group.jpg: "
run 0 "$KAO" verify "$b" "$a" --faces error
fact "--faces error: several faces are status 2, code several_faces; a single one is fine"
run 2 "$KAO" verify "$a" small.png --json
check verify out similarity=null code=too_small
fact "a face with eyes nearer than 10 pixels: status 2, code too_small"
run 2 "$KAO" verify "$group" "$a" --faces 9
err_has "face 9 of 4 found"
fact "--faces N beyond the last is 2"
run 4 sh -c '"$0" verify "$1" "$1" >/dev/full' "$KAO" "$a"
err_has "No space left on device"
run 4 sh -c '"$0" verify "$1" "$1" --json >/dev/full' "$KAO" "$a"
err_one_line
fact "standard output that cannot be written is 4"

# ---- which face ----

if [ $people = yes ]; then
    for who in chen ana emil dora; do
        run 0 "$KAO" verify "$group" "$PICTURES/${who}_1.jpg" --faces all
    done
    run 1 "$KAO" verify "$group" "$PICTURES/ben_1.jpg" --faces all
    fact "--faces all finds each of the group, and not who is missing"
fi
for which in largest center best 1 2; do run 0 "$KAO" verify "$group" "$group" --faces $which; done
fact "--faces largest, center, best, N take one of a group"

# ---- names ----

cp "$a" ./-x.jpg
run 0 "$KAO" verify -- -x.jpg "$a"
run 3 "$KAO" verify -x.jpg "$a"
err_has "unknown option -x.jpg"
fact "a path that begins with - goes after --"
cp "$a" "$(printf 'bad\377name.jpg')"
check run-bytes out 0 "$KAO" verify --json "$(printf '%s' 'bad\xffname.jpg')" 'bad\xffname.jpg'
check verify out
check run-bytes out 3 "$KAO" verify --json 'no\xff\xfe.jpg' 'no\xc3.jpg'
check verify out similarity=null
fact "names that are no UTF-8 work, and their JSON is valid"
run 0 sh -c '"$0" verify - "$1" <"$1"' "$KAO" "$a"
out_has "(-, "
fact "- is standard input"

# ---- the machine ----

run 0 "$KAO" verify "$a" "$b" --json --cpu ref
check verify out
cp out ref.json
for cpu in avx2 avx512 neon; do
    status=0
    KAO_CPU=$cpu "$KAO" verify "$a" "$b" --json >out 2>err || status=$?
    if [ $status = 3 ]; then
        err_has "cpu \"$cpu\": this machine has ref"
    else
        check similarities out "$(sed 's/.*"similarity":\([0-9.-]*\),.*/\1/' ref.json)"
        run 0 "$KAO" verify "$a" "$b" --json --cpu $cpu
        check similarities out "$(sed 's/.*"similarity":\([0-9.-]*\),.*/\1/' ref.json)"
    fi
done
KAO_CPU=vax run 0 "$KAO" verify "$a" "$b" --cpu native
fact "--cpu and KAO_CPU: the same answer from every kind of kernels; --cpu wins"

# ---- further forms ----

run 0 "$KAO" verify "$a" "$b" --json --tta sum
run 0 "$KAO" verify "$a" "$b" --json --tta concat
check verify out same=true
fact "--tta concat and sum"
run 0 "$KAO" align "$a" "$b" -o chips
run 0 "$KAO" verify chips/ana_1.face1.png chips/ana_3.face1.png --no-detect --json
check verify out detector=null same=true
cp out nodetect.json
run 0 "$KAO" verify "$a" "$b" --json
check similarities out "$(sed 's/.*"similarity":\([0-9.-]*\),.*/\1/' nodetect.json)"
fact "--no-detect takes chips: the same similarity as from the pictures"
run 3 "$KAO" verify chips/ana_1.face1.png chips/ana_3.face1.png --no-detect --faces 3
err_has "--no-detect: no face is looked for that --faces could choose"
err_one_line
fact "--faces without faces that are looked for is refused, not passed over"

run 0 "$KAO" verify "$a" "$b" --draw drawn.png
check picture drawn.png $((2 * (wide * 480 / high) + 8)) 480
mkdir "with space"
run 0 "$KAO" verify "$a" "$a" --draw "with space/顔.jpg"
check picture "with space/顔.jpg" $((2 * (wide * 480 / high) + 8)) 480
run 1 "$KAO" verify "$a" "$c" --draw drawn.png
if [ "$detector" = tiny_detector ]; then # a blue patch is a face of 38 pixels
    "$COMPOSE" enlarged.png 160 120 60 "#0000d8" 64 48 16 16
    run 0 "$KAO" detect enlarged.png --json
    cp out enlarged.json
    run 0 "$KAO" verify enlarged.png enlarged.png --draw enlarged.drawn.png
    check marks enlarged.drawn.png enlarged.json 120
fi
fact "--draw writes both pictures, 480 pixels high, as PNG or JPEG, the marks where the faces are"
run 3 "$KAO" verify "$a" "$b" --draw drawn.bmp
err_has "drawn.bmp"
"$COMPOSE" strip.png 20000 3 60
run 3 "$KAO" verify strip.png strip.png --no-detect --draw strip.drawn.png
err_has "strip.drawn.png: 3200000 x 480 pixels"
run 4 "$KAO" verify "$a" "$b" --draw none/drawn.png
err_has "none/drawn.png: "
err_one_line
run 4 "$KAO" verify "$a" "$b" --draw /dev/full/x.png
rm drawn.png
run 2 "$KAO" verify "$a" blank.png --draw drawn.png
[ ! -e drawn.png ] || fails "drawn without faces"
[ -z "$(find . -name '*.png.*')" ] || fails "left: $(find . -name '*.png.*')"
fact "--draw: another ending is 3, a folder that is not there is 4; nothing is drawn without faces; nothing half written stays"
if not_root; then
    mkdir locked && chmod a-w locked
    run 4 "$KAO" verify "$a" "$b" --draw locked/x.png
    fact "a read-only folder is 4"
fi

if [ $embedder = mobilefacenet_192 ]; then
    ls "$PICTURES"/[a-z]*_[1-4].jpg | awk '{ p[NR] = $0 } END { for (i = 1; i <= NR; i++) for (k = i + 1; k <= NR; k++) print p[i] "\t" p[k] }' >all.txt
    run 1 "$KAO" verify --pairs all.txt --json
    lines 190 out
    "${PYTHON:-python3}" - out <<'P' || fails "not separated"
import json, os, sys
wrong = 0
for line in open(sys.argv[1]):
    o = json.loads(line)
    a, b = (os.path.basename(o[k]).split("_")[0] for k in "ab")
    if o["same"] is not (a == b):
        print("   ", o["a"], o["b"], o["similarity"])
        wrong += 1
sys.exit(wrong > 0)
P
    fact "all 190 pairs of the example pictures are told apart by the default threshold"
    echo "a pair takes $(check milliseconds "$KAO" verify "$a" "$b") ms, process start included"
fi
finish
