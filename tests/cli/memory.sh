#!/bin/sh
# memory.sh REFUSE DETECTOR EMBEDDER: the program where one allocation after the other is
# refused (tests/support/refuse.c): what was asked for, whole, or a line and status 4.
. "$(dirname "$0")/lib.sh"
# by name: LD_PRELOAD cuts paths at blanks, LD_LIBRARY_PATH at colons alone
refuse=$(basename "$1") folder=$(dirname "$1")
shift
take_models "$@"
cd "$work" || exit 1

# The kinds of what is printed: numbers may differ from run to run.
form() { sed 's/[0-9][0-9.e+-]*/0/g' "$1"; }

every() {
    run 0 "$@"
    form out >want
    n=0
    : >hit
    while :; do
        status=0
        REFUSE=$n LD_LIBRARY_PATH=$folder LD_PRELOAD=$refuse "$@" >out 2>err 9>hit </dev/null || status=$?
        [ -s hit ] || break
        if [ $status = 0 ]; then
            form out | cmp -s - want || { fails "allocation $n of $*: this is not whole:" && head -c 300 out && echo; }
        else
            [ $status = 4 ] && [ -s err ] || fails "allocation $n of $*: status $status: $(head -n 1 err)"
            if grep -qF "$a: $a: " err; then fails "named twice: $(cat err)"; fi
        fi
        n=$((n + 1))
    done
    [ $n -gt 0 ] || fails "nothing was refused: $*"
}

check bench-models "$work"
every "$PROGRAM" bench --seconds 0.0001 --json none.onnx
fact "bench --json"
every "$PROGRAM" model info --json -t 1 mobilefacenet_192
fact "model info --json: an embedder keeps its identities"
every "$PROGRAM" detect --json -t 1 -d yunet_n_dynamic "$a"
fact "detect --json"
every "$PROGRAM" embed --json --quality -t 1 -d yunet_n_dynamic -m mobilefacenet_192 "$a"
fact "embed --json --quality"
every "$PROGRAM" align --json -t 1 -d yunet_n_dynamic -m mobilefacenet_192 -o chips "$a"
fact "align --json"
finish
