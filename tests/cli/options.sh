#!/bin/sh
# The command line itself: help, unknown options, ranges. Needs no model.
. "$(dirname "$0")/lib.sh"
commands="verify detect embed align model bench doctor version"

run 3 "$KAO"
err_has "usage: kao COMMAND"
lines 0 out
run 0 "$KAO" --help
for c in $commands; do out_has "  $c "; done
fact "kao alone says how it is used, on stderr with status 3; --help on stdout with 0"

run 3 "$KAO" frobnicate
err_has 'unknown command "frobnicate"'
fact "an unknown command is 3"

for c in $commands; do
    run 0 "$KAO" $c --help
    cp "$work/out" "$work/help"
    out_has "usage: kao $c"
    out_has "-h, --help"
    lines 0 err
    awk 'length($0) > 88 { print "    too wide: " $0; bad = 1 } / $/ { print "    ends in a space: " $0; bad = 1 } END { exit bad }' \
        "$work/out" || fails "the help of $c"
    run 0 "$KAO" help $c
    same "$work/out" "$work/help"
    run 0 "$KAO" $c -h
    same "$work/out" "$work/help"
    run 3 "$KAO" $c --no-such-option
    err_has "kao $c: unknown option --no-such-option"
    err_one_line
    lines 0 out
    run 4 sh -c '"$0" "$1" --help >/dev/full' "$KAO" $c
    err_has "kao $c: cannot write the output: No space left on device"
done
for word in nope --version; do
    run 3 "$KAO" help $word
    err_has "unknown command \"$word\""
done
run 0 "$KAO" --help
cp "$work/out" "$work/help"
for word in help --help -h; do
    run 0 "$KAO" help $word
    same "$work/out" "$work/help"
done
fact "every command: --help, -h and help COMMAND are the same and 0; an unknown option is one line and 3; help into a full disk is 4"

run 0 "$KAO" version
out_has "kao 0."
run 0 "$KAO" --version
lines 1 out
run 3 "$KAO" version x
err_one_line
run 3 "$KAO" doctor x
err_one_line
fact "version prints one line; version and doctor refuse arguments"

if [ -e /proc/self/fd ]; then
    for fd in 0 1; do # what is closed is there, so that no file gets its number
        run 3 sh -c "exec \"\$0\" model info /proc/self/fd/$fd $fd>&-" "$KAO"
        grep -q "No such file" "$work/err" && fails "stream $fd"
    done
    run 0 sh -c 'exec "$0" model make mbf /proc/self/fd/2 2>&-' "$KAO"
    run 4 sh -c 'exec "$0" version >&-' "$KAO"
    err_has "cannot write the output: Bad file descriptor"
    run 3 sh -c 'exec "$0" detect - <&-' "$KAO"
    fact "a closed standard stream is held: no file that is written can get messages into it"
fi

bad() { # OPTION VALUE WANTED
    run 3 "$KAO" verify "$1" "$2" a b
    err_has "kao verify: $1 $2: wanted $3"
    err_one_line
}
for n in 0 -1 x 65537 1e3 '' ' 1' 99999999999999999999; do bad --threads "$n" "a number from 1 to 65536"; done
for n in 1.01 -1.5 nan inf x '' . 0x1 1,5; do bad --threshold "$n" "a number from -1 to 1"; done
for n in 0 -0.5 2; do bad --min-score "$n" "a number above 0, 1 at most"; done
for n in '' big 0 'largest|center' larges; do bad --faces "$n" "largest|center|best|all|error|N"; done
for n in '' both 'none|concat'; do bad --tta "$n" "card|none|concat|sum"; done
fact "values out of range, words that are no choice and numbers that are none are refused with what was wanted"

run 3 "$KAO" verify a b --threshold
err_has "--threshold needs a value"
run 3 "$KAO" verify a b --json=yes
err_has "--json takes no value"
for operands in '' 'a' 'a b c'; do
    run 3 "$KAO" verify $operands
    err_has "wanted two pictures"
    err_one_line
done
run 3 "$KAO" verify --pairs p a b
run 3 "$KAO" verify --pairs p --draw d.png
for c in detect embed align; do
    run 3 "$KAO" $c
    err_has "kao $c: no picture given"
    err_one_line
done
for operands in '' 'info' 'run' 'frob x' 'ops x'; do
    run 3 "$KAO" model $operands
    err_has "kao model: wanted"
done
run 3 "$KAO" model run x.onnx
err_has "--output-dir or --profile"
run 3 "$KAO" model run x.onnx --input
err_has "--input needs a value: NAME=FILE.npy"
for c in "model run x --output-dir" "align x --out" "detect x --draw" "embed x --npy" "detect x --cpu"; do
    run 3 "$KAO" $c ''
    err_has "${c##* } : wanted " # as a folder it would be the root
    err_one_line
done
fact "missing and empty values, values for flags, too few and too many operands are 3 with one line"

run 3 "$KAO" detect --draw "$work/none" a.jpg b.jpg
err_has "no folder"
run 3 "$KAO" align one/x.jpg two/x.png
err_has "one/x.jpg and two/x.png would be written to the same name"
run 3 "$KAO" detect --draw "$work" one/x.jpg two/x.jpg
err_has "would be written to the same name"
fact "two pictures whose results would replace each other are refused before any work"

KAO_MODELS=$work run 3 "$KAO" detect x.jpg -d yunet_n_dynamic
err_has 'model "yunet_n_dynamic" not found: give a path, or set KAO_MODELS to its folder (looked inside the program, in '
err_has "in $work"
err_one_line
for cpu in sse9 AVX2; do
    run 3 "$KAO" detect --cpu "$cpu" x.jpg
    err_has "cpu \"$cpu\": this machine has ref"
done
KAO_CPU=vax run 3 "$KAO" detect x.jpg
err_has 'cpu "vax": this machine has ref'
run 3 "$KAO" detect --threads 1025 x.jpg
err_has "at most 1024"
fact "an unknown model names the folders searched; an unknown --cpu or KAO_CPU names what there is"
finish
