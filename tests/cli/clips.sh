#!/bin/sh
# The videos that tests of tracking look at are what they say, and kao detect finds their faces.
. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1
clip() { "${PYTHON:-python3}" "$here/check_clip.py" "$@" || fails "check_clip.py $*"; }

detects=no
if inside kao-detect; then detects=yes; fi
for scene in crossing occlusion cuts slow absence newcomer lone empty; do
    run 0 "$MAKE_CLIP" $scene clip.y4m truth.txt
    clip facts $scene clip.y4m truth.txt
    if [ $detects = yes ]; then
        step=48
        [ $scene != slow ] || step=10
        rm -rf frames && mkdir frames
        clip pictures clip.y4m $step frames
        run 0 "$KAO" detect --detector kao-detect --json frames/*.png
        mv out detections
        clip found truth.txt detections $step found.txt
        run 0 "$KAO" eval track found.txt.truth found.txt --json
        "${PYTHON:-python3}" -c '
import json
o = json.load(open("out"))
print("    %d of %d faces, %d false" % (o["matched"], o["boxes"], o["false"]))
assert o["matched"] >= .9 * o["boxes"] and o["false"] <= 1 + o["boxes"] // 20' || fails "$scene: the faces that are found"
    fi
    fact "$scene"
done
[ $detects = yes ] || echo "without kao-detect: no face was looked for"

run 0 "$MAKE_CLIP" lone one.y4m one.txt
run 0 "$MAKE_CLIP" lone two.y4m two.txt
same one.y4m two.y4m
same one.txt two.txt
run 3 "$MAKE_CLIP" else one.y4m one.txt
err_has "scenes: crossing occlusion"
run 4 "$MAKE_CLIP" empty one.y4m no-folder/one.txt
err_has "make_clip: no-folder/one.txt: not written"
fact "the same bytes each time; what is not written is told"
finish
