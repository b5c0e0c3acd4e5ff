#!/bin/sh
# kao eval track
. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1

# Ana stays, ben goes after two frames; the line of chen does not count.
cat >truth.txt <<LIST
1,1,0,0,10,10,1,1,1
2,1,0,0,10,10,1,1,1
3,1,0,0,10,10,1,1,1
4,1,0,0,10,10,1,1,1
1,2,50,0,10,10,1,1,.5
2,2,50,0,10,10,1,1,.5
1,3,90,0,10,10,0,1,0
LIST
# a: ana's track changes in frame 3; ben is found in frame 1; a box where nobody is
cat >a.txt <<LIST
1,7,0,0,10,10,.9,-1,-1,-1
2,7,0,0,10,10,.9,-1,-1,-1
3,8,0,0,10,10,.9,-1,-1,-1
4,8,0,0,10,10,.9,-1,-1,-1
1,9,50,0,10,10,.8,-1,-1,-1
4,9,70,0,10,10,.3,-1,-1,-1
LIST
grep -v ',0,1,0$' truth.txt >"all of it.txt"
: >none.txt

run 0 "$KAO" eval track truth.txt a.txt "all of it.txt" none.txt
out_has "truth from        truth.txt"
out_has "boxes             6 of 2 people; 1 more do not count"
out_has "overlap           0.5 (intersection over union)"
lines 8 out
# result frames boxes ids recall precision false IDSW frag MOTA MOTP IDF1 IDP IDR HOTA DetA AssA MT ML
row() { sed -n "s/^$1  *//p" out | tr -s ' ' | grep -qxF -- "$2" || { fails "the row of $1, wanted $2:"; cat out; }; }
# 5 of 6 matched, MOTA 1 - (1 + 1 + 1) / 6; with one track each 3 are right: 2 of ana's, 1 of ben's.
# DetA 5 / 7, AssA (4 * 2 / 4 + 1 / 3) / 5, HOTA the root of their product
row a.txt "4 6 3 0.8333 0.8333 1 1 0 0.5000 1.0000 0.5000 0.5000 0.5000 0.5774 0.7143 0.4667 1 0"
row "all of it.txt" "4 6 2 1.0000 1.0000 0 0 0 1.0000 1.0000 1.0000 1.0000 1.0000 1.0000 1.0000 1.0000 2 0"
row none.txt "4 0 0 0.0000 - 0 0 0 0.0000 - 0.0000 - 0.0000 0.0000 0.0000 0.0000 0 2"
run 0 "$KAO" eval track none.txt none.txt
row none.txt "0 0 0 - - 0 0 0 - - - - - - - - 0 0"
run 0 sh -c '"$0" eval track truth.txt - <a.txt' "$KAO"
row - "4 6 3 0.8333 0.8333 1 1 0 0.5000 1.0000 0.5000 0.5000 0.5000 0.5774 0.7143 0.4667 1 0"
fact "a row a result, with figures worked out by hand"

run 0 "$KAO" eval track truth.txt a.txt none.txt --json --note "by hand"
lines 2 out
"${PYTHON:-python3}" - <<'END' || fails "the JSON"
import json
a, none = (json.loads(line) for line in open("out"))
want = dict(truth_from="truth.txt", result_from="a.txt", note="by hand", iou=.5, frames=4, boxes=6, people=2,
            boxes_ignored=1, boxes_found=6, tracks=3, matched=5, missed=1, false=1, id_switches=1, fragments=0,
            mostly_tracked=1, mostly_lost=0, id_matched=3, recall=5 / 6, precision=5 / 6, mota=.5, motp=1,
            idf1=.5, idp=.5, idr=.5, hota=(5 / 7 * 7 / 15) ** .5, det_a=5 / 7, ass_a=7 / 15)
assert set(a) == set(want) == set(none), set(a) ^ set(want)
for name, v in want.items():
    assert a[name] == v or abs(a[name] - v) < 1e-8, (name, a[name])
assert none["precision"] is None and none["motp"] is None and none["mota"] == 0, none
END
sed 's/,10,10,/,10,4,/' truth.txt >low.txt
run 0 "$KAO" eval track truth.txt low.txt --iou .4 --json
out_has '"matched":6'
run 0 "$KAO" eval track truth.txt low.txt --iou .41 --json
out_has '"matched":0'
fact "JSON: an object a line; --iou"

echo "1,7,5,5,10,10,1" >>a.txt
run 3 "$KAO" eval track truth.txt a.txt none.txt gone.txt
err_has "kao eval: a.txt: line 7: identity 7 has a box in frame 1 already, in line 1"
err_has "kao eval: gone.txt: No such file"
lines 2 err
row none.txt "4 0 0 0.0000 - 0 0 0 0.0000 - 0.0000 - 0.0000 0.0000 0.0000 0.0000 0 2"
run 3 "$KAO" eval track truth.txt gone.txt none.txt --json
lines 2 out
[ "$(head -n 1 out)" = '{"result_from":"gone.txt","error":{"code":"io","message":"gone.txt: No such file or directory"}}' ] || fails "$(head -n 1 out)"
echo "1,-1,5,5,10,10,1" >bad.txt
run 3 "$KAO" eval track bad.txt none.txt
err_has "kao eval: bad.txt: line 1: an identity"
err_one_line
lines 0 out
run 3 "$KAO" eval track truth.txt
err_has "track TRUTH RESULT..."
run 3 "$KAO" eval track truth.txt a.txt --iou 0
run 0 "$KAO" eval track --help
out_has "MOTA: 1 - (missed + false + IDSW) / boxes"
fact "what cannot be read has a line, with --json an object; the other results have their rows"
finish
