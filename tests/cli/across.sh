#!/bin/sh
# across.sh EMULATOR: the program of another machine, run by an emulator, finds the same faces
# and gives the same vectors as that of this machine, $KAO_HERE.
. "$(dirname "$0")/lib.sh"
emulator=$1
[ -x "${KAO_HERE-}" ] || skip "across needs KAO_HERE, a program of this machine"
[ -f "$MODELS/kao-face.onnx" ] || skip "across needs kao-face"
picture=$PICTURES/ana_1.jpg

run 0 "$KAO_HERE" embed "$picture" --json
cp "$work/out" "$work/here"
lines 1 here
for cpu in native ref; do
    run 0 "$emulator" "$KAO" embed "$picture" --json --cpu $cpu
    check same_numbers "$work/here" "$work/out"
    fact "$cpu: vectors and scores within 1e-4, boxes and points within 0.02 pixels"
done
finish
