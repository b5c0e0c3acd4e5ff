#!/bin/sh
# kao train: a run from outside, on the example pictures.
. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1

mkdir data
"${PYTHON:-python3}" - "$PICTURES" <<'PY'
import sys, tarfile
with tarfile.open("data/few.tar", "w", format=tarfile.USTAR_FORMAT) as t, open("data/few_list.txt", "w") as l:
    l.write("# picture licence_class identity(or -)\n")
    for who in ("ana", "ben", "chen"):
        for i in (1, 2, 3):
            t.add("%s/%s_%d.jpg" % (sys.argv[1], who, i), "%s/%d.jpg" % (who, i))
            l.write("%s/%d.jpg made %s\n" % (who, i, who))
    l.write("ana/gone.jpg made ana\nana/1.jpg made dora\nben/1.jpg research ben\n")
PY
cat >"few 顔.recipe" <<'R'
# three people
task = classifier
name = few
faces = few
classes = made
width = 4
dim = 8
size = 112
batch = 4
m2 = 0.3
scale = 16
steps = 6
warm_up = 1
R
run 0 "$KAO" train "few 顔.recipe" data=data --state "new/of few"
err_has "9 pictures of 3 people; 1 left out (of nobody, or of people with fewer than 2): dora, 1 missing or broken: ana/gone.jpg (not there)"
out_has "new/of few/few.onnx"
mv "new/of few" .
for file in few.onnx run.state log.csv curves.html; do [ -s "of few/$file" ] || fails "$file"; done
grep -q '<svg' "of few/curves.html" || fails "no plot"
run 0 "$KAO" model info "of few/few.onnx"
out_has "views            = 24"
out_has "9 pictures (9 made)"
fact "a run says what its data is, and leaves model, checkpoint, log and curves"

run 0 "$KAO" train "few 顔.recipe" data=data --state parts -n 2
run 0 "$KAO" train "few 顔.recipe" data=data --state parts -n 3
run 0 "$KAO" train "few 顔.recipe" data=data --state parts --threads 1
same "of few/few.onnx" parts/few.onnx
fact "a run in three parts has the bits of one"

mkdir home
run 0 env HOME="$work/home" XDG_STATE_HOME=relative "$KAO" train "few 顔.recipe" data=data steps=1
[ -s home/.local/state/kao/few/few.onnx ] || fails "not in the home folder"
run 0 env HOME=/nowhere XDG_STATE_HOME="$work/state 顔" "$KAO" train "few 顔.recipe" data=data steps=1
[ -s "state 顔/kao/few/few.onnx" ] || fails "not in the folder for state"
run 3 env -u HOME -u XDG_STATE_HOME "$KAO" train "few 顔.recipe" data=data steps=1
err_has "give --state"
fact "without --state: in the user's folder for it, if that is a whole path"

run 0 "$KAO" train "few 顔.recipe" data=data --state on --init parts/few.onnx steps=1
run 0 "$KAO" model info on/few.onnx
out_has "views            = 28"
fact "--init goes on from a model and its views"

# The same pictures, as crops, in a record file that Python writes and in a folder a person.
mkdir -p folders/dora folders/eve
"${PYTHON:-python3}" - "$COMPOSE" "$PICTURES" <<'PY'
import struct, subprocess, sys
def record(flag, label, labels, data):
    body = struct.pack("<IfQQ", flag, label, 0, 0) + struct.pack("<%df" % len(labels), *labels) + data
    magic, parts, out = struct.pack("<I", 0xced7230a), [b""], b""
    for at in range(0, len(body), 4):
        if body[at:at + 4] == magic:
            parts.append(b"")
        else:
            parts[-1] += body[at:at + 4]
    for i, part in enumerate(parts):
        kind = 0 if len(parts) == 1 else 1 if i == 0 else 3 if i + 1 == len(parts) else 2
        out += magic + struct.pack("<I", kind << 29 | len(part)) + part + bytes(-len(part) % 4)
    return out
rec, idx = open("few.rec", "wb"), open("few.idx", "w")
def put(i, data):
    idx.write("%d\t%d\n" % (i, rec.tell()))
    rec.write(data)
put(0, record(2, 0, (12, 16), b""))
number = 1
for label, who in enumerate(("ana", "ben", "chen", "dora")):
    for i in (1, 2, 3) if label < 3 else (1, 2):
        name = "folders/%s/%d.png" % (who, i)
        subprocess.run(["mkdir", "-p", "folders/" + who], check=True)
        source = "%s/%s_%d.jpg" % (sys.argv[2], who if label < 3 else "ana", i)
        subprocess.run([sys.argv[1], name, "112", "112", "30", source, "8", "8", "96", "96"], check=True)
        data = open(name, "rb").read()
        if who == "dora":
            data = data[:300 if i == 1 else 0]
            open(name, "wb").write(data)
        put(number, record(number % 2, 0 if number % 2 else label, (label,) if number % 2 else (), data))
        number += 1
for i in range(12, 16):
    put(i, record(2, 0, (1, 4), b""))
PY
run 0 "$KAO" train "few 顔.recipe" faces=few.rec data=. --state rec
err_has "9 pictures of 3 people; 0 left out (of nobody, or of people with fewer than 2): 3, 2 missing or broken: few.rec record 10 ("
run 0 "$KAO" train "few 顔.recipe" faces= data=folders --state folders-run
err_has "0 left out (of nobody, or of people with fewer than 2): dora, 2 missing or broken: dora/1.png ("
err_has "1 folders without a picture: eve"
run 0 "$KAO" train "few 顔.recipe" faces= data=few.rec --state rec2
same rec2/few.onnx folders-run/few.onnx
head -c 100 few.rec >cut.rec
run 3 "$KAO" train "few 顔.recipe" faces= data=cut.rec --state x
err_has "cut.rec: record 1: "
err_one_line
sed 's/^3	/3	9/' few.idx >wrong.idx
cp few.rec wrong.rec
run 3 "$KAO" train "few 顔.recipe" faces= data=wrong.rec --state x
err_has "wrong.idx: line 4: record 3 at byte 9"
err_one_line
fact "a record file and a folder a person train the same weights; what is broken in them is named"

# Boxes without a teacher; the file is the one that kao eval detect reads.
mkdir wider wider/images
cp "$PICTURES/group.jpg" wider/images/group.jpg
"$COMPOSE" wider/images/grey.png 200 150 90
head -c 500 "$PICTURES/group.jpg" >wider/images/half.jpg
"$KAO" detect -d kao-detect --json wider/images/group.jpg | "${PYTHON:-python3}" -c '
import json, sys
faces = json.load(sys.stdin)["faces"]
print("group.jpg\n%d" % len(faces))
for f in faces:
    print("%g %g %g %g 0 0 0 0 0 0" % tuple(f["box"]))
print("grey.png\n0\n0 0 0 0 0 0 0 0 0 0\nhalf.jpg\n1\n5 5 40 40 0 0 0 0 0 0\nno.jpg\n1\n5 5 40 40 0 0 0 0 0 0")
' >wider/gt.txt
boxes() { run "$1" "$KAO" train "$here/../../recipes/detect-boxes.recipe" data=wider boxes=gt.txt pictures=images \
    width=4 size=96 batch=4 steps=6 --state of-boxes "$2"; }
boxes 0 name=few
err_has "0 pictures with people, 0 without a face, 2 with boxes"
err_has "2 missing or broken: no.jpg (not there), half.jpg ("
run 0 "$KAO" model info of-boxes/few.onnx
out_has "points are not trained"
run 0 "$KAO" eval detect wider/images wider/gt.txt -d of-boxes/few.onnx --unusable drop
echo "one two" >>wider/gt.txt
boxes 3 name=few
err_has "gt.txt: line "
err_one_line
boxes 3 boxes=none.txt
err_has "wider/none.txt"
fact "a detector learns from boxes alone, in the form that eval detect reads"

run 3 "$KAO" train
err_has "no recipe"
run 3 "$KAO" train none.recipe
err_has "none.recipe"
run 3 "$KAO" train "few 顔.recipe" bacth=3
err_has 'unknown key "bacth": batch is one'
run 3 "$KAO" train "few 顔.recipe" data=none --state x
err_has "none/few.tar"
run 3 "$KAO" train "few 顔.recipe" data=data --state parts m2=0.4
err_has "another recipe"
run 3 "$KAO" train "few 顔.recipe" data=data --state x least_pictures=4
err_has "wanted 2"
run 3 "$KAO" train "few 顔.recipe" data=data --state x --init data/few.tar
err_one_line
fact "what is wrong with recipe, data, checkpoint or weights is told in a line"

mkfifo sign
"$KAO" train "few 顔.recipe" data=data --state long steps=100000000 2>sign &
pid=$!
exec 9<sign
read -r line <&9 # what its data is: the run begins
kill -INT $pid
wait $pid || fails "status of a run that was ended"
exec 9<&-
case $line in "9 pictures"*) ;; *) fails "its first line: $line" ;; esac
[ -s long/run.state ] || fails "no checkpoint"
fact "Ctrl-C ends a run after a checkpoint"
finish
