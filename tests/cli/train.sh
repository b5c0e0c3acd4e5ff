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
run 0 "$KAO" train "few 顔.recipe" data=data --state "of few"
err_has "9 pictures of 3 people; 1 left out"
err_has "1 missing or broken"
out_has "of few/few.onnx"
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

run 0 "$KAO" train "few 顔.recipe" data=data --state on --init parts/few.onnx steps=1
run 0 "$KAO" model info on/few.onnx
out_has "views            = 28"
fact "--init goes on from a model and its views"

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
