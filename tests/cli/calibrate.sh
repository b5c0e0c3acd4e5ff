#!/bin/sh
# kao calibrate DETECTOR EMBEDDER, and what kao verify makes of it
. "$(dirname "$0")/lib.sh"
take_models "$@"
cd "$work" || exit 1
checks() { "${PYTHON:-python3}" "$here/check_eval.py" "$@" || fails "check_eval.py $*"; }

# Twenty people, two crops each, of the embedder's size.
mkdir people
i=0
while [ $i -lt 20 ]; do
    mkdir "people/p$i"
    for k in 1 2; do
        "$COMPOSE" "people/p$i/$k.png" $chip_px $chip_px $((40 + i * 9 + k)) "#$(printf '%02x%02x%02x' $((i * 12)) $((250 - i * 7)) $((i * 61 % 256)))" \
            4 4 $((chip_px - 8)) $((chip_px / 3)) "#$(printf '%02x%02x%02x' $((255 - i * 5)) $((i * 97 % 256)) $((i * 11)))" $((2 + i % 6 * 2)) $((chip_px / 2)) $((6 + i / 2)) $((chip_px / 3 + k))
    done
    i=$((i + 1))
done
cp "$2" mine.onnx
[ ! -e "$2.card" ] || cp "$2.card" mine.onnx.card
[ -e mine.onnx.card ] && cp mine.onnx.card before.card

run 0 "$KAO" calibrate people -m ./mine.onnx --json --list 5
checks calibration out people "$KAO" ./mine.onnx
run 0 "$KAO" calibrate people -m ./mine.onnx --card plain.card --note "made = of colours"
out_has "760 of different people, 20 of the same"
out_has "40 of 20 people; 0 unusable"
grep -q '^calibrated.none = made = of colours; 760 pairs of different people, 40 pictures$' plain.card || fails "no source in the card"
checks calibration_card plain.card people "$KAO" ./mine.onnx
cp out one
run 0 "$KAO" calibrate people -m ./mine.onnx --note "made = of colours" --threads 1
same out one
run 0 "$KAO" calibrate people -m ./mine.onnx --report bars.html
checks calibration_page bars.html people "$KAO" ./mine.onnx
! grep -q '^same' plain.card one || fails "shares of 20 pairs: ten are wanted on each side"
note=$(printf '写真%.0s' $(seq 400)) # 2400 bytes
run 0 "$KAO" calibrate people -m ./mine.onnx --card long.card --note "$note"
grep -qF "calibrated.none = $note; 760 pairs" long.card || fails "a long note in the card"
fact "rates and curve are those counted again from the vectors of kao embed, into the card; the same for --threads 1"
cat one plain.card >both
"$KAO" calibrate people -m ./mine.onnx --note "made = of colours" --card /dev/stdout >redirected </dev/null || fails "status $?"
same redirected both
"$KAO" calibrate people -m ./mine.onnx --note "made = of colours" --card /dev/stdout </dev/null | cat >piped
same piped both
fact "--card /dev/stdout: behind the figures, into a file or a pipe; it is not waited for"

# 52,650 pairs: from their most alike thousandth on a tail is fitted, of which no interval is counted.
i=0
while [ $i -lt 325 ]; do
    mkdir -p "crowd/$i"
    "$COMPOSE" "crowd/$i/1.png" $chip_px $chip_px $((i * 37 % 256)) "#$(printf '%02x%02x%02x' $((i * 101 % 256)) $((i * 53 % 256)) $((i * 29 % 256)))" \
        $((i % 9)) $((i % 7)) $((chip_px / 4 + i % 11)) $((chip_px / 4 + i % 13))
    i=$((i + 1))
done
run 0 "$KAO" calibrate crowd -m ./mine.onnx --json
checks calibration_tail out
fact "rates that are extrapolated have no interval, the others one that they are in"

# ---- pairs of one person ----

# the same pictures by four names: 180 pairs of one, 600 of two
mkdir kinds
i=0
while [ $i -lt 20 ]; do
    mkdir -p "kinds/k$((i % 4))"
    for k in 1 2; do cp "people/p$i/$k.png" "kinds/k$((i % 4))/$i-$k.png"; done
    i=$((i + 1))
done
run 0 "$KAO" calibrate kinds -m ./mine.onnx --json --card same.card
checks same_quantiles out same.card kinds "$KAO" ./mine.onnx
run 0 "$KAO" calibrate kinds -m ./mine.onnx
out_has "600 of different people, 180 of the same"
grep -qE '^same person +10 % below -?[01]\.[0-9]{4}, 50 % below -?[01]\.[0-9]{4}, 90 % below -?[01]\.[0-9]{4}$' out || fails "$(grep '^same' out)"
run 0 "$KAO" calibrate people -m ./mine.onnx --card same.card
! grep -q '^same' same.card || fails "what was measured on other pictures stays"
fact "quantiles of the same person's pairs are those counted again, where ten pairs are on each side"

# ---- a card that is there ----

cat >card.txt <<CARD
# kept
note = mine
calibration.none = 0.1:-1 0.2:-2
calibration.none.green = 0.1:-1 0.2:-2
likelihood.none = 1 0 1
calibration.concat = 0.1:-1 0.2:-2
  calibrated.none = old
CARD
chmod 600 card.txt
run 0 "$KAO" calibrate people -m ./mine.onnx --card card.txt
[ "$(head -n 2 card.txt)" = "# kept
note = mine" ] || fails "what was there is not kept"
grep -q '^calibration.concat = 0.1:-1 0.2:-2$' card.txt || fails "another use of the mirror was touched"
grep -q '^calibration.none.green = 0.1:-1 0.2:-2$' card.txt || fails "a group that was not measured is gone"
[ "$(grep -c '^ *calibrat[a-z]*\.none ' card.txt)" = 2 ] || fails "an old line stays"
[ "$(stat -c %a card.txt)" = 600 ] || fails "mode of the card"
printf '\357\273\277calibrated.none = old\nnote = mine\n' >marked.card
run 0 "$KAO" calibrate people -m ./mine.onnx --card marked.card
[ "$(head -n 1 marked.card)" = "note = mine" ] || fails "behind a byte order mark: $(head -n 1 marked.card)"
fact "--card replaces what was measured and keeps the rest and the file's mode"

# What kao could not read is not written: the model would be refused from then on.
cp card.txt kept.card
run 3 "$KAO" calibrate people -m ./mine.onnx --card card.txt --note "$(printf 'one\ntwo')"
err_has "kao calibrate: --note: wanted one line of text"
err_one_line
lines 0 out
echo "no line of a card" >broken.card
run 3 "$KAO" calibrate people -m ./mine.onnx --card broken.card
err_has 'kao calibrate: broken.card: not written: ./mine.onnx: card: line 1 is not "key = value"'
[ "$(cat broken.card)" = "no line of a card" ] || fails "broken.card was touched"
ls people | awk '{ print $0 "/1.png\tage=2" NR % 2; print $0 "/2.png\tage=3" }' >labels.txt
run 3 "$KAO" calibrate --groups people --labels labels.txt -m ./mine.onnx --card card.txt
err_has "kao calibrate: labels.txt: the group \"age=21\": with --card a group's name has no ="
err_one_line
run 0 "$KAO" calibrate --groups people --labels labels.txt -m ./mine.onnx
ls people | awk '{ print $0 "/1.png\tof " NR; print $0 "/2.png\tof " NR }' >labels.txt
run 3 "$KAO" calibrate --groups people --labels labels.txt -m ./mine.onnx --card card.txt
err_has "kao calibrate: card.txt: not written: no group has pairs enough for a curve"
same card.txt kept.card
fact "a card that kao could not read is not written"

# More groups than a card has room for.
mkdir -p many/g0
for i in 0 1 2 3 4 5 6 7 8 9 10 11; do cp people/p$i/1.png many/g0/$i.png; done
i=1
while [ $i -lt 130 ]; do
    cp -r many/g0 many/g$i
    i=$((i + 1))
done
(cd many && ls -d g*/*) | awk -F/ '{ print $0 "\tgroup " $1 }' >labels.txt
run 3 "$KAO" calibrate --groups many --labels labels.txt -m ./mine.onnx --card many.card --list 1
err_has "kao calibrate: many.card: not written: "
[ ! -e many.card ] || fails "many.card was written"
fact "more groups than a card takes: none is written"

# Two people whose pictures are less alike than those of both: a likelihood ratio says nothing then.
mkdir -p mixed/one mixed/two
i=0
while [ $i -lt 20 ]; do
    cp "people/p$i/1.png" "mixed/one/$i.png"
    cp "people/p$i/2.png" "mixed/two/$i.png"
    i=$((i + 1))
done
cp mine.onnx mixed.onnx
[ ! -e before.card ] || sed '/^calibrat/d;/^likelihood/d;/^same/d' before.card >mixed.onnx.card
run 0 "$KAO" calibrate mixed -m ./mixed.onnx --card mixed.onnx.card
out_has "likelihood ratio  exp(-"
! grep -q '^likelihood' mixed.onnx.card || fails "$(grep '^likelihood' mixed.onnx.card)"
run 0 "$KAO" verify --no-detect people/p0/1.png people/p0/1.png -m ./mixed.onnx --threshold .5
fact "a likelihood ratio that falls with the similarity is not put into the card"

# ---- groups ----

ls people | awk '{ print $0 "/1.png " (NR % 2 ? "A_B" : "C") " x"; print $0 "/2.png " (NR % 2 ? "A_B" : "C") " y" }' >labels.txt
sed -i '1i # picture kind letter' labels.txt
run 0 "$KAO" calibrate people --groups people --labels labels.txt --by kind -m ./mine.onnx --json
checks calibration_groups out people labels.txt "$KAO" ./mine.onnx
run 0 "$KAO" calibrate people --groups people --labels labels.txt --by kind -m ./mine.onnx --card groups.card --report "page 顔.html"
grep -q '^calibration.none.A B = ' groups.card || fails "no curve of a group"
out_has "A B "
checks page "page 顔.html" "A B" "False accepts by threshold"
# a large group in which fewer of the pairs pass than in a small one: the page plots the small one
for k in 1 2; do
    ls people | sed 's/^p//' | sort -rn | awk -v k=$k '{ print "p" $0 "/" k ".png\t" ($0 < 6 ? "small" : "large") " one" }'
done >uneven.txt
run 0 "$KAO" calibrate people --groups people --labels uneven.txt -m ./mine.onnx --report uneven.html
sed -n '/<svg /,/<\/svg>/p;/<\/svg>/q' uneven.html >plot.svg
grep -q 'small one' plot.svg || fails "the worst group is not on the plot: $(grep -o '[a-z]* one' plot.svg)"
! grep -q 'large one' plot.svg || fails "another group is on the plot"
out_has "large one"
sed 's/small one/<20 \& >60/' uneven.txt >ages.txt
run 0 "$KAO" calibrate people --groups people --labels ages.txt -m ./mine.onnx --report ages.html
checks page ages.html '">&lt;20 &amp; &gt;60</text>'
run 0 "$KAO" calibrate --groups people --labels labels.txt --by kind -m ./mine.onnx --card only.card
! grep -q '^calibration.none = ' only.card || fails "a curve of nobody"
# more pairs than are kept: 250 pictures of one
mkdir clones
i=0
while [ $i -lt 250 ]; do
    cp people/p0/1.png clones/$i.png
    i=$((i + 1))
done
ls clones | sed 's/$/ all/' >clones.txt
run 0 "$KAO" calibrate people --groups clones --labels clones.txt -m ./mine.onnx --json
grep -qF '"group":"all","pictures":250,"pairs":31125,"rates":[{"similarity":' out || fails "the pairs of a large group: $(cut -c 1-600 out)"
grep -o '"group":"all".*' out | grep -qE '"far":1(\.0)?,"far_95":null' || fails "the rate of a large group: $(grep -o '"group":"all".*' out | cut -c 1-200)"
run 3 "$KAO" calibrate people --groups people -m ./mine.onnx
run 3 "$KAO" calibrate --labels labels.txt -m ./mine.onnx
run 3 "$KAO" calibrate people --groups people --labels labels.txt --by size -m ./mine.onnx
err_has 'no field "size"'
fact "groups: rates at the thresholds of all, where ten pairs reach them; a page; groups alone"

# ---- doubles, pairs ----

printf '# one person\npeople/none.png x\np0/1.png\tp1/1.png\n' >doubles.txt
run 0 "$KAO" calibrate people -m ./mine.onnx --doubles doubles.txt
out_has "756 of different people, 24 of the same"
out_has "1 pairs of doubles.txt joined"
ls people | sed 's,$,/1.png all,' >ones.txt # 20 pictures: 190 pairs
run 0 "$KAO" calibrate people --groups people --labels ones.txt -m ./mine.onnx --doubles doubles.txt
out_has "1 pairs of doubles.txt joined"
grep -qE '^all +189( |$)' out || fails "a double counts as strangers in the group: $(grep '^all' out)"
out_has "756 of different people, 24 of the same"
echo one-word >doubles.txt
run 3 "$KAO" calibrate people -m ./mine.onnx --doubles doubles.txt
err_has "doubles.txt: line 1: wanted two paths"
awk 'BEGIN { for (i = 0; i < 20; i++) { print "p" i "/1.png p" i "/2.png 1"; for (k = i + 1; k < 20; k++) print "p" i "/1.png p" k "/2.png 0" } }' >pairs.txt
run 0 "$KAO" calibrate people --pairs pairs.txt -m ./mine.onnx
out_has "190 of different people, 20 of the same"
printf 'p0/1.png\tp1/2.png\n' >doubles.txt
run 0 "$KAO" calibrate people --pairs pairs.txt -m ./mine.onnx --doubles doubles.txt --list 500
out_has "189 of different people, 21 of the same"
! grep -q 'p0/1.png  p1/2.png$' out || fails "a double is among the most alike strangers"
mkdir plain # people whom no folder names: the two pictures of a line alone are joined
for f in people/*/*.png; do cp "$f" "plain/$(echo "${f#people/}" | tr / -)"; done
tr / - <pairs.txt >plain.txt
printf 'p0-1.png p1-1.png\np2-1.png p3-2.png\n' >doubles.txt
run 0 "$KAO" calibrate plain --pairs plain.txt -m ./mine.onnx --doubles doubles.txt
out_has "189 of different people, 21 of the same"
grep -q '^pictures  *40; 0 unusable$' out || fails "people whom nobody names are counted: $(grep '^pictures' out)"
run 0 "$KAO" calibrate plain --pairs plain.txt -m ./mine.onnx --json
out_has '"people":null,"different":190'
head -n 12 pairs.txt >few.txt
run 3 "$KAO" calibrate people --pairs few.txt -m ./mine.onnx
err_has "11 pairs of different people: too few for a curve"
grep ' 0$' pairs.txt | head -n 120 >twelve.txt # 12 of 120: the curve itself ends at 10
run 0 "$KAO" calibrate people --pairs twelve.txt -m ./mine.onnx
grep -qE '^1 in 10 +-?0\.[0-9]{4} ' out || fails "a rate that twelve pairs reach: $(cat out)"
run 0 "$KAO" calibrate people --pairs twelve.txt -m ./mine.onnx --json
grep -qE '"rates":\[\{"similarity":[-0-9.e]+,"far":0\.1,' out || fails "a rate that twelve pairs reach: $(cat out)"
fact "doubles are no strangers; a list of pairs; too few pairs for a curve; rates down to ten pairs"

# ---- what is wrong ----

run 3 "$KAO" calibrate gone -m ./mine.onnx
err_has "kao calibrate: gone"
err_one_line
run 3 "$KAO" calibrate
run 3 "$KAO" calibrate people people
run 3 "$KAO" calibrate people -m ./mine.onnx --threads 1025
err_has "kao calibrate: thread pool: 1025 threads, at most 1024"
err_one_line
mkdir nobody
run 3 "$KAO" calibrate nobody
err_has "kao calibrate: nobody: no pictures in it"
err_one_line
checks pack people people.tar set.bin pairs.txt
run 3 "$KAO" calibrate set.bin
err_has "kao calibrate: set.bin has pairs alone, no people"
echo no picture >people/p3/1.png
run 3 "$KAO" calibrate people -m ./mine.onnx
err_has "kao calibrate: refused; --unusable drop leaves their pairs out"
run 0 "$KAO" calibrate people -m ./mine.onnx --unusable drop
out_has "1 unusable"
run 0 "$KAO" calibrate people -m ./mine.onnx --unusable drop --card used.card
grep -q '^calibrated.none = 722 pairs of different people, 39 pictures$' used.card || fails "pictures that were left out count: $(grep '^calibrated' used.card)"
run 3 "$KAO" calibrate people -m ./mine.onnx --unusable reject
run 4 "$KAO" calibrate people -m ./mine.onnx --unusable drop --card no/folder/x.card
err_has "no/folder/x.card"
fact "missing, broken and unusable pictures, a card that cannot be written"

for option in "--faces 2" "--faces best" "--min-score .9"; do
    # shellcheck disable=SC2086
    run 3 "$KAO" calibrate people -m ./mine.onnx --unusable drop $option
    err_has "kao calibrate: ${option%% *} wants --photos"
    err_one_line
    lines 0 out
done
fact "what chooses among faces is refused where none is looked for"

# ---- kao verify by it ----

sed '/^calibrat/d;/^likelihood/d' before.card >mine.onnx.card 2>/dev/null || :
cat >>mine.onnx.card <<CARD
calibration.none = -0.5:-1 0:-2 0.5:-4 0.9:-6~
calibration.none.some people = -0.5:-0.5 0.5:-2
calibration.none.others = -0.5:-0.7 0.5:-2.5
likelihood.none = 10 -3 16
CARD
verify() { run "$1" "$KAO" verify --no-detect people/p0/1.png people/p1/1.png -m ./mine.onnx $2; }
status=0
"$KAO" verify --no-detect people/p0/1.png people/p1/1.png -m ./mine.onnx --json >s.json || status=$?
checks odds s.json mine.onnx.card 1e-4 all
for far in 0.05 0.001 0.1 1e-6; do # and at both ends of the curve
    status=0
    "$KAO" verify --no-detect people/p0/1.png people/p1/1.png -m ./mine.onnx --json --far $far >s.json || status=$?
    checks odds s.json mine.onnx.card $far all
done
"$KAO" verify --no-detect people/p0/1.png people/p1/1.png -m ./mine.onnx --json --far 0.02 --far-of worst >s.json || status=$?
checks odds s.json mine.onnx.card 0.02 worst
verify $status "--far 0.02 --far-of worst"
lines 4 out
out_has "pairs of strangers look this alike"
run 0 "$KAO" verify --no-detect people/p0/1.png people/p0/1.png -m ./mine.onnx
[ "$(sed -n 4p out)" = "Fewer than one in 1,000,000 pairs of strangers look this alike (extrapolated)." ] || fails "$(sed -n 4p out)"
cp mine.onnx.card curves.card
for tail in 14:100,000,000,000,000 16:1.0e+16 40:1.0e+40 300:1.0e+300; do # more digits than a line has room for
    sed "s/0.9:-6~/0.9:-${tail%%:*}~/" curves.card >mine.onnx.card
    run 0 "$KAO" verify --no-detect people/p0/1.png people/p0/1.png -m ./mine.onnx
    [ "$(sed -n 4p out)" = "Fewer than one in ${tail#*:} pairs of strangers look this alike (extrapolated)." ] || fails "$(sed -n 4p out)"
done
sed 's/^calibration.none = .*/calibration.none = 0.9999:-0.001 1:-1/' curves.card >mine.onnx.card
verify 1 "--far 0.5"
sed -n 4p out | grep -q '^More than 99 in 100 pairs' || fails "nearly all: $(cat out)"
cp curves.card mine.onnx.card
verify 3 "--far 1e-9"
err_has "does not reach a false-accept rate of 1e-09, but 1e-06: give another rate, or --threshold"
verify 3 "--far 0.5"
err_has "does not reach a false-accept rate of 0.5, but 0.1: give another rate, or --threshold"
verify 3 "--far-of worst" # some people's curve ends at a hundredth, the others' begins at a fifth
err_has "does not reach a false-accept rate of the worst group of 0.0001, but 0.01: give another rate, or --threshold"
verify 0 "--far 0.01 --far-of worst"
sed '/^calibration.none.others/s/= .*/= -0.5:-1.5 0.5:-1.8/;/^calibration.none.some people/s/= .*/= -0.5:-2.1 0.5:-2.3/' curves.card >mine.onnx.card
verify 3 "--far-of worst" # no rate is on all curves
err_has "does not reach a false-accept rate of the worst group of 0.0001: give another rate, or --threshold"
cp curves.card mine.onnx.card
verify 3 "--far .01 --threshold .5"
err_has "one of both decides"
verify 3 "--far .01 --tta sum"
err_has "no calibration (for --tta sum)"
sed '/^calibration.none.others/d;s/^calibration.none.some people.*/calibration.none.some people = -1:-0.3 -0.9:-0.5 1:-2~/' curves.card >mine.onnx.card
verify 0 "--threshold -1 --json"
out_has '"far_worst_is":"extrapolated","worst_group":"some people"'
verify 0 "--threshold -1"
sed -n 4p out | grep -qE '; among some people, the worst group measured, [0-9a-z ]+ \(extrapolated\)\.$' || fails "a group's tail: $(cat out)"
sed '/^calibration.none =/d' mine.onnx.card >groups.card
mv groups.card mine.onnx.card
verify 0 "--threshold -1"
sed -n 4p out | grep -qE '^Among some people, the worst group measured, [0-9a-z ]+ pairs of strangers look this alike \(extrapolated\)\.$' || fails "a group alone: $(cat out)"
sed 's/^likelihood.none.*/likelihood.none = 5000 3000 701/' curves.card >mine.onnx.card
verify 3 "--threshold -1 --json"
err_has "likelihood.none: wanted slope, offset and the largest logarithm; slope and that above 0, that 700 at most"
cp curves.card mine.onnx.card
fact "verify: threshold by rate, of all or of the worst group; the rate at the similarity and a likelihood ratio"
finish
