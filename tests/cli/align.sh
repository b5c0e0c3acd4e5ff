#!/bin/sh
# kao align DETECTOR EMBEDDER
. "$(dirname "$0")/lib.sh"
take_models "$@"
cd "$work" || exit 1

run 0 "$KAO" align "$a" "$group" -o chips
[ "$(sed -n 1p out)" = chips/ana_1.face1.png ] || fails "first line"
lines 5 out
for chip in chips/ana_1.face1.png chips/group.face1.png chips/group.face4.png; do check picture $chip $chip_px $chip_px; done
fact "chips of every face, all of one size, their paths printed; the folder is made"
run 0 "$KAO" align "$group" -o one --faces best
lines 1 out
run 0 "$KAO" align "$group" -o one --faces 3 --json
"${PYTHON:-python3}" -c 'import json,sys; o = json.loads(open(sys.argv[1]).read()); assert o["chips"] == ["one/group.face3.png"], o' out || fails JSON
same one/group.face3.png chips/group.face3.png
fact "--faces takes one; --json: file, chips; a chip has its face's number"
if [ $faces = no ]; then # between two faces one that is too small: by score the second
    "$COMPOSE" mixed.png 1280 1280 60 "#00d200" 64 64 16 16 "#c80000" 320 320 8 8 "#00be00" 480 480 16 16
    run 0 "$KAO" detect mixed.png --json
    "${PYTHON:-python3}" -c 'import json,sys; o = [f["box"][2] < 30 for f in json.loads(open(sys.argv[1]).read())["faces"]]; assert o == [False, True, False], o' out || fails "order"
    run 0 "$KAO" align mixed.png -o mixed
    [ "$(cat out)" = "mixed/mixed.face1.png
mixed/mixed.face3.png" ] || fails "numbers: $(cat out)"
    fact "a face that cannot be used is left out and keeps its number"
fi
longer=$((wide > high ? wide : high)) # 8000 pixels and more are read at half the size
"$COMPOSE" large.jpg $((8040 * wide / longer)) $((8040 * high / longer)) 60 "$a" 0 0 $((8040 * wide / longer)) $((8040 * high / longer))
run 0 "$KAO" align large.jpg -o large
run 0 "$KAO" embed --no-detect large/large.face1.png
cut -f 2- out >of_chip
run 0 "$KAO" embed large.jpg --faces 1
cut -f 3- out >of_picture
same of_chip of_picture
fact "the chip of a large picture, which is read reduced, is what embed sees"
cp "$a" here.png
cp here.png kept.png
run 0 "$KAO" align here.png
same here.png kept.png
[ -s here.face1.png ] || fails "no chip in the current folder"
fact "without -o chips come into the current folder and never replace the picture"
run 2 "$KAO" align blank.png -o x
err_has "blank.png: no face found"
run 2 "$KAO" align small.png -o x --json
err_one_line
grep -q '"code":"too_small"' out || fails code
run 2 "$KAO" align "$group" -o x --faces error
run 3 "$KAO" align missing.jpg "$a" -o x
err_has "missing.jpg: No such file"
lines 1 out
fact "no face, too small, several: 2; a missing picture: 3, the others are cut"
printf x >file
run 4 "$KAO" align "$a" -o file
err_one_line
run 4 "$KAO" align "$a" -o none/none
err_has "none/none: No such file or directory"
fact "a folder that cannot be made is 4"
i=0
while [ $i -lt 24 ]; do
    ln -s "$a" "copy$i.jpg"
    i=$((i + 1))
done
mkdir full
for i in 1 2 3 4 5 6 7 8; do
    run 4 sh -c 'to=$1; shift; "$0" align -j 4 -o "$to" "$@" >/dev/full' "$KAO" full copy*.jpg
    err_has "cannot write the output"
    err_one_line
done
[ -z "$(find full -name '.kao-*')" ] || fails "left: $(find full -name '.kao-*' | wc -l)"
fact "paths into a full disk end a list after the chips that are being written: no other file stays"
mkdir gone
for i in 1 2 3 4 5 6 7 8; do
    sh -c 'to=$1; shift; { "$0" align -j 4 -o "$to" "$@" 2>said; echo $? >status; } | head -n 1 >first' "$KAO" gone copy*.jpg
    # the signal ends it, silently, as it ends any program; one that was done before is fine
    case $(cat status) in 141 | 0) ;; *) fails "status $(cat status) behind a closed pipe" ;; esac
    [ ! -s said ] || fails "said: $(cat said)"
done
[ -z "$(find gone -name '.kao-*')" ] || fails "left: $(find gone -name '.kao-*' | wc -l)"
fact "a reader that goes away ends a list in the same way, by the signal"
finish
