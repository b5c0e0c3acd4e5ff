#!/bin/sh
# kao eval DETECTOR EMBEDDER [OTHER]
. "$(dirname "$0")/lib.sh"
take_models "$@"
cd "$work" || exit 1
data=$(dirname "$2")/../data # of the models that do not travel with the repository
evals() { "${PYTHON:-python3}" "$here/check_eval.py" "$@" || fails "check_eval.py $*"; }

# Crops of four people: each has a colour, each picture a patch of its own.
mkdir -p people/ann people/bob people/cy people/dee
crop() { "$COMPOSE" "people/$1.png" $chip_px $chip_px "$2" "$3" 4 4 $((chip_px - 8)) $((chip_px / 3)) "$4" $((chip_px / 4)) $((chip_px / 2)) $((chip_px / 3)) 6; }
crop ann/1 90 "#c04030" "#201008"; crop ann/2 96 "#c04838" "#202018"; crop ann/3 88 "#b04030" "#503010"
crop bob/1 150 "#3040c0" "#e0e0e0"; crop bob/2 140 "#3848b8" "#d0d0e0"; crop bob/3 160 "#2840c8" "#f0e0d0"
crop cy/1 30 "#20a040" "#101010"; crop cy/2 38 "#28a848" "#181818"
crop dee/1 220 "#f0e020" "#000000"
cat >pairs.txt <<LIST
# a b same
ann/1.png ann/2.png 1
ann/1.png bob/1.png 0
bob/2.png bob/3.png 1
cy/1.png ann/3.png 0
ann/2.png ann/3.png 1
dee/1.png bob/3.png 0
cy/1.png cy/2.png 1
cy/2.png dee/1.png 0
bob/1.png bob/2.png 1
ann/1.png cy/2.png 0
bob/1.png bob/3.png 1
bob/2.png ann/2.png 0
LIST

run 0 "$KAO" eval verify people pairs.txt --scores list.tsv --json
evals cosines list.tsv people "$KAO"
evals figures out list.tsv 10
out_has '"by_people_95":{"people":4,"accuracy":['
cp out one
run 0 "$KAO" eval verify people pairs.txt --scores again.tsv --json --threads 1
same out one
same list.tsv again.tsv
for tta in concat sum; do
    run 0 "$KAO" eval verify people pairs.txt --scores mirror.tsv --tta $tta
    evals cosines mirror.tsv people "$KAO" --tta $tta
done
run 0 "$KAO" eval verify people pairs.txt
cat out list.tsv >both
run 0 "$KAO" eval verify people pairs.txt --scores /dev/stdout
same out both
run 0 "$KAO" eval verify people pairs.txt --report page.html
out_has "by people         accuracy ["
grep -q "95 % by bootstrap over 4 people" page.html || fails "no interval on the page"
head -n 6 pairs.txt >few.txt
run 0 "$KAO" eval verify people few.txt
out_has "not over 10 folds with 5 pairs"
run 0 "$KAO" eval verify people pairs.txt --discard d.svg
out_has ", where FAR is 0, when pairs" # of 6 different pairs one in a thousand is none
grep -q "<title>Misses by what is left out, FAR 0</title>" d.svg || fails "the plot's title"
for row in picture norm score; do
    grep -E "^$row +[0-9]" out | awk '{ exit !(NF == 12) }' || fails "the row $row"
done
grep -q '^<svg xmlns=' d.svg || fails "no plot"
run 0 "$KAO" eval verify people pairs.txt --discard d2.svg --threads 1 --json
same d.svg d2.svg
"${PYTHON:-python3}" -c '
import json
d = json.load(open("out"))["discard"]
assert d["left_out"][:3] == [0, .05, .1] and d["far"] == .001 and d["far_reached"] == 0
assert all(len(d[k]) == 11 and d[k][0] == d["norm"][0] and 0 <= min(d[k]) for k in ("picture", "norm", "score")), d
' || fails "discard in JSON"
run 4 "$KAO" eval verify people pairs.txt --discard no/d.svg
err_one_line
for same in 0 1; do # pairs of one kind alone: no misses at a rate of false accepts
    grep " $same\$" pairs.txt >kind.txt
    run 3 "$KAO" eval verify people kind.txt --discard none.svg --scores kind.tsv
    err_has "kao eval: none.svg: not written: wanted pairs of the same person and of different people"
    err_one_line
    [ -s kind.tsv ] && [ ! -e none.svg ] || fails "scores, and no plot"
    rm kind.tsv
done
fact "--discard: misses when the worst pictures' pairs are left out, by three qualities; table, JSON, a plot; the same for any threads"
KAO_PROGRESS_MS=0 check on-terminal shown "$KAO" eval verify people pairs.txt
grep -q "9/9" shown || fails "no progress on a terminal"
for same in 0 1; do # nothing is found, or falsely accepted, of pairs that there are none of
    grep " $same\$" pairs.txt >kind.txt
    missing=$([ $same = 0 ] && echo TAR || echo FAR)
    run 0 "$KAO" eval verify people kind.txt --threshold 0
    grep -qE "^at 0\.000 .*$missing -, " out && grep -qE '^at 0\.000 .*(TAR|FAR) [0-9.]+ %, .*accuracy' out || fails "a share of no pairs: $(grep '^at' out)"
    run 0 "$KAO" eval verify people kind.txt --threshold 0 --json
    grep -qE "\"at\":\{[^}]*\"$(echo $missing | tr A-Z a-z)\":null[,}]" out || fails "a share of no pairs: $(cat out)"
done
fact "similarities are those of kao embed, none, concat and sum; the figures follow from them; the same for --threads 1"

run 0 "$KAO" eval verify people --scores made.tsv --json
evals people made.tsv people 1
run 0 "$KAO" eval verify people --scores twice.tsv --times 2
evals people twice.tsv people 2
run 0 "$KAO" eval verify people --scores made2.tsv --json
same made.tsv made2.tsv
run 0 "$KAO" eval verify people --scores made3.tsv --seed 2
! cmp -s made.tsv made3.tsv || fails "another seed, the same pairs"
evals people made3.tsv people 1
fact "a folder a person: all same pairs, a sample of different ones that the seed draws"

run 0 "$KAO" eval verify people pairs.txt --masked second --scores masked.tsv
out_has "drawn on the second pictures"
! cmp -s masked.tsv list.tsv || fails "masks change nothing"
run 0 "$KAO" eval verify people pairs.txt --masked second --scores masked2.tsv --threads 1
same masked.tsv masked2.tsv
run 0 "$KAO" eval verify people pairs.txt --masked second --scores masked2.tsv --seed 2
! cmp -s masked.tsv masked2.tsv || fails "another seed, the same masks"
run 0 "$KAO" eval verify people pairs.txt --masked both --scores masked2.tsv --json
out_has '"masked":"both"'
! cmp -s masked.tsv masked2.tsv || fails "both is second"
run 3 "$KAO" eval verify people pairs.txt --masked both --photos
run 3 "$KAO" eval groups people pairs.txt --masked second
fact "masks are drawn on the second pictures, or on all; the seed says which"
cp "$2" square.onnx
{
    [ ! -e "$2.card" ] || grep -v '^template' "$2.card"
    echo 'template = square'
} >square.onnx.card
for form in verify identify; do # no picture can have a mask: nothing is to be compared
    run 3 "$KAO" eval $form people -m ./square.onnx --masked second --unusable drop
    err_has "--masked: masks are drawn by points, and its template says nothing of where they are"
    err_one_line
    lines 0 out
done
fact "--masked with a network that does not go by points is refused before anything is compared"

evals pack people all.tar set.bin pairs.txt
run 0 "$KAO" eval verify all.tar pairs.txt --scores tar.tsv
same tar.tsv list.tsv
run 0 "$KAO" eval verify set.bin --scores set.tsv
evals same-scores set.tsv list.tsv
run 0 "$KAO" eval verify all.tar --scores tar-made.tsv
same tar-made.tsv made.tsv
mkdir -p more/ann/.thumbnails # what programs keep there is nobody's picture
cp people/ann/1.png more/ann/.thumbnails/9.png
cp all.tar hidden.tar && tar rf hidden.tar -C more ann
run 0 "$KAO" eval verify hidden.tar --scores hidden.tsv
same hidden.tsv tar-made.tsv
mkdir -p formats/cy # formats are told by content, pictures of a folder by their names' ends
cp -r people/* formats/
for end in HEIC heif avif gif bmp tif tiff; do cp people/cy/1.png formats/cy/1.$end; done
cp people/cy/1.png formats/cy/1.txt
run 0 "$KAO" eval cluster formats --threshold=-1
out_has "16 of 4 people"
tar cf formats.tar -C formats ann bob cy dee
run 0 "$KAO" eval cluster formats.tar --threshold=-1
out_has "16 of 4 people"
cp all.tar twice.tar
tar rf twice.tar -C people ann/1.png # a name twice is one picture
run 0 "$KAO" eval verify twice.tar --scores twice.tsv
same twice.tsv made.tsv
run 0 "$KAO" eval identify all.tar --json
sed 's/all\.tar/twice.tar/' out >one
run 0 "$KAO" eval identify twice.tar --json
same out one
mkdir -p large/ann large/bob large/cy large/dee
for f in ann/1 ann/2 ann/3 bob/1 bob/2 bob/3 cy/1 cy/2 dee/1; do
    "$COMPOSE" "large/$f.png" $((chip_px + 16)) $((chip_px + 16)) 7 "people/$f.png" 8 8 $chip_px $chip_px
done
run 0 "$KAO" eval verify large pairs.txt --scores large.tsv
same large.tsv list.tsv
fact "a tar, an insightface set, crops with a border of 8 pixels: the same similarities"

run 0 "$KAO" eval verify people pairs.txt --note "made <by hand>" --report page.html
out_has "made <by hand>"
out_has "12: 6 same, 6 different; 9 pictures"
evals page page.html "made &lt;by hand&gt;" "accuracy, 10 folds" "ROC" "DET" "Similarities"
run 0 "$KAO" eval verify people pairs.txt --note "made <by hand>" --json
out_has '"note":"made <by hand>"'
fact "the note stands beside the figures in the table, the JSON and the page; the page is whole and needs nothing beside it"

sed 's/cy\/1/cy\/7/; s/dee\/1/no\/1/' pairs.txt >gone.txt
run 3 "$KAO" eval verify people gone.txt
err_has "people: no picture cy/7.png in it"
err_has "people: no picture no/1.png in it"
err_has "2 of 9 pictures are missing"
err_has "refused"
run 0 "$KAO" eval verify people gone.txt --unusable drop --json
lines 3 err
out_has '"pairs":8,"same":5,"different":3,"pairs_unusable":4'
run 0 "$KAO" eval verify people gone.txt --unusable reject --scores reject.tsv --json
out_has '"pairs":12,"same":6,"different":6,"pairs_unusable":4'
[ "$(grep -c -- '-1.000000$' reject.tsv)" = 4 ] || fails "pairs that count as different"
mkdir -p broken
cp -r people/* broken/
head -c 60 people/cy/1.png >broken/cy/1.png
run 3 "$KAO" eval verify broken pairs.txt
err_has "cy/1.png: "
err_has "1 of 9 pictures cannot be used"
run 0 "$KAO" eval verify broken pairs.txt --unusable drop
out_has "1 pictures; 2 pairs left out"
run 0 "$KAO" eval verify broken pairs.txt --unusable drop --masked second
lines 2 err # though each is read twice
fact "missing and broken pictures are named and counted; figures only where --unusable says how"

for line in "a.png b.png" "a.png b.png 3" "a.png a.png 1"; do
    { cat pairs.txt; echo "$line"; } >bad.txt
    run 3 "$KAO" eval verify people bad.txt
    err_has "bad.txt: line 14: "
    err_one_line
done
printf '10\t300\nann 1 2\n' >short.txt
run 3 "$KAO" eval verify people short.txt
err_has "short.txt: 1 pairs; line 1 states 10 folds of 300 and 300"
run 3 "$KAO" eval verify set.bin pairs.txt
err_has "has its own pairs"
head -c 200 set.bin >cut.bin
run 3 "$KAO" eval verify cut.bin
err_has "cut.bin: byte "
run 3 "$KAO" eval verify pairs.txt
err_has "no folder, no plain tar"
run 3 "$KAO" eval verify people/cy
err_has "no folder of a person"
run 3 "$KAO" eval
run 3 "$KAO" eval verify
run 3 "$KAO" eval guess people
run 4 "$KAO" eval verify people pairs.txt --report no/page.html
run 4 "$KAO" eval verify people pairs.txt --scores /dev/full
for form in "identify people --discard" "cluster people --report" "cluster people --scores" "cluster people --discard" \
    "groups people pairs.txt --report" "detect people pairs.txt --scores" "track pairs.txt pairs.txt --report"; do
    # shellcheck disable=SC2086
    run 3 "$KAO" eval $form nowhere # a file that would not be written
    err_has "${form##* }"
    err_has "for verify"
    err_one_line
    lines 0 out
done
fact "bad lists, sets and usage: one line each that says file, line and reason"

mkdir -p photos
cp "$a" photos/a.jpg
cp "$b" photos/b.jpg
cp "$c" photos/c.jpg
printf 'a.jpg b.jpg 1\na.jpg c.jpg 0\n' >photos.txt
run 3 "$KAO" eval verify photos photos.txt
err_has "whole photographs need --photos"
run 0 "$KAO" eval verify photos photos.txt --photos --scores photos.tsv
for other in b c; do
    want=$("$KAO" verify photos/a.jpg photos/$other.jpg --json | sed 's/.*"similarity":\([^,]*\).*/\1/')
    got=$(grep "a.jpg	$other.jpg" photos.tsv | cut -f4)
    awk -v a="$want" -v b="$got" 'BEGIN { exit !(a - b < 2e-6 && b - a < 2e-6) }' || fails "$other: $got, wanted $want"
done
if [ $faces = yes ]; then # one near person and four far ones: the search for the largest face sees fewer
    "$COMPOSE" photos/far.jpg 2400 1600 120 "$a" 200 300 640 781 "$b" 1300 800 60 73 "$c" 1550 800 60 73 \
        "$PICTURES/dora_1.jpg" 1800 800 60 73 "$PICTURES/emil_1.jpg" 2050 800 60 73
    cp "$group" photos/group.jpg
    printf 'far.jpg group.jpg 1\nfar.jpg group.jpg 0\n' >numbered.txt
    for n in 1 2 3 4; do
        want=$("$KAO" verify photos/far.jpg photos/group.jpg --faces $n --json | sed 's/.*"similarity":\([^,]*\).*/\1/')
        run 0 "$KAO" eval verify photos numbered.txt --photos --faces $n --scores numbered.tsv
        got=$(sed -n 1p numbered.tsv | cut -f4)
        awk -v a="$want" -v b="$got" 'BEGIN { exit !(a - b < 2e-6 && b - a < 2e-6) }' || fails "face $n: $got, wanted $want"
    done
    fact "--photos --faces N: the face that detect gives this number"
fi
cp blank.png photos/blank.png
printf 'a.jpg blank.png 1\n' >>photos.txt
run 3 "$KAO" eval verify photos photos.txt --photos
err_has "blank.png: no face found"
run 0 "$KAO" eval verify photos photos.txt --photos --unusable reject --json
out_has '"pairs":3'
fact "--photos: detected and aligned, as kao verify does; a photograph without a face is unusable"
for option in "--faces 2" "--faces center" "--faces best" "--faces error" "--min-score .9"; do
    # shellcheck disable=SC2086
    run 3 "$KAO" eval verify people pairs.txt $option
    err_has "kao eval: ${option%% *} wants --photos"
    err_one_line
    lines 0 out
done
run 3 "$KAO" eval verify photos photos.txt --photos --faces all
err_has "one face of a picture"
run 0 "$KAO" eval verify people pairs.txt --faces largest
fact "what chooses among faces is refused where none is looked for, not passed over"

cat >labels.txt <<LIST
# picture colour
ann/1.png warm
ann/2.png warm
ann/3.png warm
bob/1.png cold
bob/2.png cold
cy/1.png cold
dee/1.png warm
LIST
run 0 "$KAO" eval groups people labels.txt --by colour --threshold 0.9 --json
evals groups out people labels.txt "$KAO" 0.9
run 0 "$KAO" eval groups all.tar labels.txt --note "made" --threshold 0.9
out_has "warm"
out_has "(all pairs)"
out_has "made"
run 3 "$KAO" eval groups broken labels.txt
run 0 "$KAO" eval groups broken labels.txt --threshold=-1 --unusable drop --json
out_has '"all":{"pairs":15,"matches":15,'
run 0 "$KAO" eval groups broken labels.txt --threshold=-1 --unusable reject --json
out_has '"all":{"pairs":21,"matches":15,'
run 3 "$KAO" eval groups people labels.txt --by size
err_has 'no field "size"'
run 3 "$KAO" eval groups people
fact "groups: pairs and matches within and across, counted again from the vectors"

for options in "--seed 1" "--seed 2 --strangers 0.6" "--seed 3 --enroll 2 --strangers 0.1"; do
    run 0 "$KAO" eval identify people $options --threshold 0.8 --scores who.tsv --json
    evals identify out who.tsv people "$KAO" 0.8
done
cp out one
run 0 "$KAO" eval identify all.tar $options --threshold 0.8 --json --threads 1
sed 's/all\.tar/people/' out >two
same two one
# A list of the same people, named in its first line; nobody knows who dee is.
printf '# picture eyes person identity(or -)\n' >who.txt
for f in ann/1 ann/2 ann/3 bob/1 bob/2 bob/3 cy/1 cy/2; do echo "$f.png 2 x the-${f%/*}" >>who.txt; done
echo 'dee/1.png 2 x -' >>who.txt
run 0 "$KAO" eval identify people who.txt --scores list.tsv --json
out_has '"of_unknown_people":1'
evals identify out list.tsv people "$KAO" "$threshold"
run 0 "$KAO" eval identify people --masked second --json
out_has '"masked":"probes"'
run 0 "$KAO" eval identify people --note "made <by hand>" --report page.html --masked both
out_has "drawn on all pictures"
out_has "gallery             2 people, 1 picture each"
evals page page.html "made &lt;by hand&gt;" "rank 1" "CMC" "DET" "FPIR at threshold"
run 3 "$KAO" eval identify gone-folder
run 3 "$KAO" eval identify set.bin
err_has "no people"
mkdir nobody
for form in identify cluster; do
    run 3 "$KAO" eval $form nobody
    err_has "kao eval: nobody: no pictures in it"
    err_one_line
done
run 3 "$KAO" eval identify people --enroll 3
err_has "0 of 4 people have more than 3 usable pictures"
run 3 "$KAO" eval identify people/ann
err_has "no folder of a person"
run 3 "$KAO" eval identify broken
err_has "cy/1.png: "
run 0 "$KAO" eval identify broken --unusable reject --scores reject.tsv --seed 2
out_has "find nobody"
grep -q 'cy/1.png	stranger	-2.000000' reject.tsv || fails "a probe that cannot be used"
fact "identify: entries, searches, ranks, FPIR and FNIR follow from the vectors"

# 9 pictures of 4 people (3, 3, 2, 1): 7 pairs of the same of 36.
figures() {
    "${PYTHON:-python3}" -c '
import json, sys
o = json.load(open("out"))
m = o["methods"][0]
got = [o["faces"], m["groups"]] + [round(m[k], 6) for k in ("precision", "recall", "f", "homogeneity", "completeness", "v")]
assert got == [float(x) for x in sys.argv[1:]], got
for m in o["methods"][1:]:
    assert m["f"] >= o["methods"][0]["f"] or m["method"] == "dbscan_best", m' "$@" || fails "the figures $*"
}
run 0 "$KAO" eval cluster people --threshold=-1 --json
figures 9 1 0.194444 1 0.325581 0 1 0
run 0 "$KAO" eval cluster people who.txt --threshold=-1 --json
figures 8 1 0.25 1 0.4 0 1 0
out_has '"of_unknown_people":1'
run 0 "$KAO" eval cluster people --dbscan --json --threshold .5
"${PYTHON:-python3}" -c '
import json
methods = json.load(open("out"))["methods"]
assert [m["method"] for m in methods] == ["average", "average_best", "dbscan_best"], methods
assert methods[1]["f"] >= methods[0]["f"] and methods[2]["ms"] is None, methods' || fails "the methods"
run 0 "$KAO" eval cluster people --dbscan --threshold .5
out_has "DBSCAN at its best F"
out_has "9 of 4 people"
run 3 "$KAO" eval cluster gone-folder
run 3 "$KAO" eval cluster people/ann
run 3 "$KAO" eval cluster broken
err_has "cy/1.png: "
run 0 "$KAO" eval cluster broken --unusable drop --threshold=-1
out_has "8 of 4 people; 1 unusable,"
run 0 "$KAO" eval cluster broken --unusable drop --threshold=-1 --json
figures 8 1 0.214286 1 0.352941 0 1 0
# one group of 8 and one of the picture that cannot be used: 28 pairs, 6 of the 7 right ones
run 0 "$KAO" eval cluster broken --unusable reject --threshold=-1
out_has "9 of 4 people; 1 unusable, each a group of its own"
run 0 "$KAO" eval cluster broken --unusable reject --threshold=-1 --json
figures 9 2 0.214286 0.857143 0.342857 0.148613 0.558433 0.234752
rm -r broken
cp -r people broken
: >broken/dee/1.png
run 0 "$KAO" eval cluster broken --unusable drop
out_has "8 of 3 people; 1 unusable,"
fact "cluster: F of pairs and V-measure of one group of all, counted by hand; DBSCAN beside it"

cp "$group" photos/group.jpg
evals annotate boxes.txt "$KAO" photos a.jpg b.jpg group.jpg blank.png
for rules in "--overlap 0.5 --min-size 12" "--overlap 0.4" "--min-size 3"; do
    run 0 "$KAO" eval detect photos boxes.txt $rules --false 0,1,2,5 --json
    evals detections out boxes.txt photos "$KAO" 0
done
cp out one
run 0 "$KAO" eval detect photos boxes.txt $rules --false 0,1,2,5 --json --threads 1
same out one
run 0 "$KAO" eval detect photos boxes.txt --note "made"
out_has "AP"
out_has "made"
run 3 "$KAO" eval detect photos boxes.txt --false 3,x
run 0 "$KAO" eval detect photos boxes.txt --min-size 5000 # no face counts
out_has "AP                -"
! grep -q nan out || fails "$(cat out)"
echo "gone.jpg" >>boxes.txt
echo 0 >>boxes.txt
run 3 "$KAO" eval detect photos boxes.txt
err_has "no picture gone.jpg in it"
run 0 "$KAO" eval detect photos boxes.txt --unusable drop
out_has "5; 1 unusable"
echo "x y" >>boxes.txt
run 3 "$KAO" eval detect photos boxes.txt
err_has "boxes.txt: line "
fact "detect: AP and recall follow from the boxes of kao detect"

if [ "$embedder" = mobilefacenet_192 ] && [ -f "$data/lfw/lfw_color_112.tar" ]; then
    lfw=$data/lfw
    evals first-fold "$lfw/pairs.txt" "$lfw/expected_cosines.tsv" fold.txt
    run 0 "$KAO" eval verify "$lfw/lfw_color_112.tar" fold.txt --scores lfw.tsv
    evals lfw lfw.tsv "$lfw/expected_cosines.tsv" mobilefacenet_192:none
    run 0 "$KAO" eval verify "$lfw/lfw_color_112.tar" fold.txt --scores lfw.tsv --tta concat
    evals lfw lfw.tsv "$lfw/expected_cosines.tsv" mobilefacenet_192:concat
    fact "LFW's first fold: the similarities that ONNX Runtime gives, within 2e-5"
fi
if [ "$detector" = yunet_n_dynamic ] && [ -f "$data/detect/facemask_images.tar" ]; then
    street_data=$data/detect
    mkdir street
    tar xf "$street_data/facemask_images.tar" -C street
    run 0 "$KAO" eval detect "$street_data/facemask_images.tar" "$street_data/facemask_bbx_gt.txt" --min-size 12 --false 72,150,293 --json
    evals detections out "$street_data/facemask_bbx_gt.txt" street "$KAO" 1
    fact "280 street photographs: AP and recall follow from the boxes of kao detect, but for one hit"
fi
finish
