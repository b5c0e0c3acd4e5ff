#!/bin/sh
# kao align MODELS DETECTOR EMBEDDER
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
run 0 "$KAO" align "$group" -o one --faces largest --json
"${PYTHON:-python3}" -c 'import json,sys; o = json.loads(open(sys.argv[1]).read()); assert o["chips"] == ["one/group.face1.png"], o' out || fails JSON
fact "--faces takes one; --json: file, chips"
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
finish
