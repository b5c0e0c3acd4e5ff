#!/bin/sh
# kao detect DETECTOR EMBEDDER
. "$(dirname "$0")/lib.sh"
take_models "$@"
cd "$work" || exit 1

run 0 "$KAO" detect "$a" "$group" blank.png
out_has "$a: 1 face"
out_has "$group: 4 faces"
out_has "blank.png: 0 faces"
lines 8 out
sed -n 2p out | grep -qE '^  1: [0-9]+ x [0-9]+ at \(-?[0-9]+, -?[0-9]+\), score [01]\.[0-9]{3}$' || fails "a face's line"
fact "text: a line a picture, a line a face; no face is status 0"
run 0 "$KAO" detect "$a" "$group" blank.png --json
lines 3 out
check detect out 1 4 0
cp out one
run 0 "$KAO" detect "$a" "$group" blank.png --json -j 3
same out one
run 0 "$KAO" detect "$a" "$group" blank.png --json --threads 2
same out one
run 0 "$KAO" detect "$a" "$group" blank.png --json --threads 1
same out one
fact "--json: file, width, height, faces with box, score, landmarks, best first; the same bytes for -j 1 and 3, --threads 1 and 2"
run 3 "$KAO" detect missing.jpg "$a" --json
check detect out io 1
err_has "missing.jpg: No such file or directory"
err_one_line
run 3 "$KAO" detect missing.jpg "$a"
out_has "1 face"
fact "a missing picture is 3, one line, an error object; the others are done"
run 0 "$KAO" detect "$a" --json --min-score 1
check detect out 0
fact "--min-score drops faces"
run 4 sh -c '"$0" detect "$1" >/dev/full' "$KAO" "$a"
err_has "No space left on device"
fact "a full disk is 4"
run 0 sh -c '"$0" detect - --json <"$1"' "$KAO" "$a"
check detect out 1
fact "- is standard input"
mkdir many
i=0
"$COMPOSE" dot.png 8 8 60
while [ $i -lt 300 ]; do ln -s "$work/dot.png" many/$i.png; i=$((i + 1)); done
run 0 "$KAO" detect --json -j 2 many/*.png
lines 300 out
fact "300 pictures on the command line"

# ---- places: turned, large, small, filling the frame ----

run 0 "$KAO" detect "$a" --json
cp out upright
for o in 3 6 8; do
    check exif "$a" $o turned.jpg
    run 0 "$KAO" detect turned.jpg --json
    if [ $o = 3 ]; then check size out $wide $high; else check size out $high $wide; fi
done
fact "EXIF orientation: width and height are those of the upright picture"
"$COMPOSE" --on-side side.jpg "$a"
check exif side.jpg 6 standing.jpg
run 0 "$KAO" detect standing.jpg --json
check size out $wide $high
check same-boxes upright out 1 6
fact "a picture stored lying, with orientation 6: boxes are in upright coordinates"

big() { # FILE WIDTH HEIGHT: the picture a at that size, or a patch that the tiles see
    if [ $faces = yes ]; then
        "$COMPOSE" "$1" $2 $3 0 "$a" 0 0 $2 $3
    else
        "$COMPOSE" "$1" $2 $3 60 "#00d200" $(($2 / 10)) $(($2 / 10)) $(($2 / 250)) $(($2 / 250))
    fi
}
in_place() { # WIDTH HEIGHT: the one box found is where it belongs
    check detect out 1
    check size out $1 $2
    if [ $faces = yes ]; then
        check same-boxes upright out "$1/640" $(($1 / 100))
    else
        check box out $(($1 * 972 / 10000)) $(($1 * 958 / 10000)) $(($1 * 96 / 10000)) $(($1 * 124 / 10000)) $(($1 / 1000))
    fi
}
if [ $faces = yes ]; then # the longer side of the second: 8000 pixels and a few
    halved=6560
    tall_of() { echo $(($1 * high / wide)); }
else
    halved=8000
    tall_of() { echo $(($1 / 2)); }
fi
big large.jpg 4000 $(tall_of 4000)
run 0 "$KAO" detect large.jpg --json
in_place 4000 $(tall_of 4000)
big larger.jpg $halved $(tall_of $halved)
run 0 "$KAO" detect larger.jpg --json
in_place $halved $(tall_of $halved)
cp out reduced
run 0 "$KAO" detect larger.jpg --json --draw larger.jpeg
in_place $halved $(tall_of $halved)
check picture larger.jpeg $halved $(tall_of $halved)
same reduced out
fact "JPEGs 4000 and $halved pixels wide, the second read at a reduced size: boxes in full-size pixels"
if [ $faces = yes ]; then
    # The face of ana_1 is 280 x 376 at (181, 167): scaled so that it is 24 pixels high.
    "$COMPOSE" tiny.jpg 1920 1080 110 "$a" 1200 500 41 50
    run 0 "$KAO" detect tiny.jpg --json
    check detect out 1
    check box out 1211.6 510.7 18 24 4
    fact "a face 24 pixels high in a picture 1920 wide is found, where it is"
    # 12 megapixels, tiles of 1088 from every 970th pixel on: faces 24 pixels high in the first,
    # in the overlap of two, in that of four, and in the last; one that fills the middle
    set --
    for at in "300 300" "1000 560" "1010 1004" "3900 2900" "2965 1700"; do
        set -- "$@" "$a" $at 41 50
    done
    "$COMPOSE" many.jpg 4000 3000 110 "$PICTURES/ben_1.jpg" 1400 300 1400 1708 "$@"
    run 0 "$KAO" detect many.jpg --json
    check detect out 6
    fact "faces 24 pixels high in 12 megapixels, also where tiles meet, and a near one: each once"
    run 0 "$KAO" detect many.jpg --json --threads 1
    cp out one
    run 0 "$KAO" detect many.jpg --json --threads 2
    same out one
    fact "tiles: the same bytes for --threads 1 and 2"
    if [ -z "${SHORT-}" ]; then # a sanitizer has seen tiles by now
        # 24 megapixels, which the tiles see at 4000 pixels; the box of ana_1 scaled to 45 pixels
        set --
        for y in 150 1337 2501 3700; do
            for x in 90 1410 2950 4333 5800; do set -- "$@" "$a" $x $y 77 94; done
        done
        "$COMPOSE" crowd.jpg 6000 4000 110 "$@"
        run 0 "$KAO" detect crowd.jpg --json
        check detect out 20
        fact "20 faces of 45 pixels in 24 megapixels are found"
    fi
    "$COMPOSE" frame.jpg 1200 1500 0 "$a" 0 0 1200 1500 150 140 340 425
    run 0 "$KAO" detect frame.jpg --json
    check detect out 1
    fact "a face that fills the frame is found, once"
    each="[1-4]" some="*"
    [ -z "${SHORT-}" ] || each=2 some="ana"
    for p in "$PICTURES"/[a-z]*_$each.jpg; do
        run 0 "$KAO" detect "$p" --json
        check detect out 1
    done
    fact "example pictures have exactly one face each"
fi


# ---- a face in front of another, faces far behind, pictures on their side ----

if [ $faces = yes ]; then
    # ben, small, before the chest and face of ana: his box lies inside hers
    for at in "205 455" "300 420" "240 300"; do
        set -- $at
        "$COMPOSE" front.jpg $wide $high 0 "$a" 0 0 $wide $high "$PICTURES/ben_1.jpg" $1 $2 100 134 160 150 330 440
        run 0 "$KAO" detect front.jpg --json
        check detect out 2
    done
    fact "a small face in front of a large one: both are found"
    # one near person, four far ones
    "$COMPOSE" far.jpg 2400 1600 120 "$a" 200 300 640 781 "$PICTURES/ben_1.jpg" 1300 800 60 73 \
        "$PICTURES/chen_1.jpg" 1550 800 60 73 "$PICTURES/dora_1.jpg" 1800 800 60 73 "$PICTURES/emil_1.jpg" 2050 800 60 73
    run 0 "$KAO" detect far.jpg --json
    check detect out 5
    run 0 "$KAO" embed far.jpg --faces all --json
    lines 5 out
    check numbered far.jpg "$KAO"
    run 0 "$KAO" align far.jpg --out chips
    lines 5 out
    run 2 "$KAO" verify far.jpg "$a" --faces error
    err_has "5 faces found"
    run 0 "$KAO" verify far.jpg "$a" --faces all --threshold=-1
    run 2 "$KAO" embed far.jpg --faces 6
    err_has "face 6 of 5 found"
    fact "detect, embed, align and verify see the same faces and number them alike"
    for p in "$PICTURES"/${some}_1.jpg; do
        "$COMPOSE" tall.jpg 1280 1562 0 "$p" 0 0 1280 1562
        run 0 "$KAO" detect tall.jpg --json
        cp out all
        run 0 "$KAO" verify tall.jpg tall.jpg --json
        check largest all out
    done
    run 0 "$KAO" detect far.jpg --json
    cp out all
    run 0 "$KAO" verify far.jpg far.jpg --json
    check largest all out
    fact "the search for the largest face alone finds the largest of all"
    cp "$a" turned.jpg
    cp "$a" before.jpg
    for turned in 90 180 270; do # each time a quarter to the left
        "$COMPOSE" --on-side turned.jpg before.jpg
        cp turned.jpg before.jpg
        run 0 "$KAO" detect turned.jpg "$a" --json
        check turned-by out $turned 0
        [ $people = no ] || run 0 "$KAO" verify "$a" turned.jpg
        run 0 "$KAO" detect turned.jpg --json --upright
        check not-turned out
    done
    fact "a picture on its side or head: the same person, turned by so many degrees, its box where the face is"
fi

# ---- --draw ----

run 0 "$KAO" detect "$a" --draw drawn.png
check picture drawn.png $wide $high
if "$KAO" doctor | grep -q '^labels     ok' && [ $faces = yes ]; then
    run 0 "$KAO" detect "$a" --draw drawn.png --json
    check labelled drawn.png out yes
    fact "--draw writes a label on each box"
else
    echo "left out: labels, which need Pango and a font"
fi
mkdir "drawn 顔"
run 0 "$KAO" detect "$a" "$group" --draw "drawn 顔"
check picture "drawn 顔/ana_1.faces.jpg" $wide $high
[ -s "drawn 顔/group.faces.jpg" ] || fails "group"
"$COMPOSE" plain.png $wide $high 0 "$a" 0 0 $wide $high
cmp -s drawn.png plain.png && fails "nothing was drawn"
fact "--draw FILE, --draw FOLDER"
run 3 "$KAO" detect "$a" --draw drawn.gif --json
err_one_line
run 4 "$KAO" detect "$a" --draw none/drawn.png
err_has "none/drawn.png: "
err_one_line
[ -z "$(find . -name '*.png.*')" ] || fails "left: $(find . -name '*.png.*')"
fact "--draw: another ending is 3, a folder that is not there 4"
# 4100 bytes, more than the system takes; the first 4095 are another file's name
run 4 "$KAO" detect "$a" --draw "$(awk 'BEGIN { while (n++ < 2040) printf "./" }')abcdefghijk.pngx.png"
err_has "File name too long"
[ ! -e abcdefghijk.png ] || fails "another file was written"
fact "--draw: a name that is too long is no other one"
finish
