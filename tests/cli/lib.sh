# Sourced by the tests here (POSIX sh). Each prints the facts it checked, one a line.
#
# From meson: KAO, the program; COMPOSE, the picture maker (tests/support/compose.c);
# MAKE_CLIP, the video maker (tests/support/make_clip.c);
# PICTURES, examples/pictures; CHECK, check.py beside this file.
# Arguments of a test: DETECTOR EMBEDDER, two model files; where one is not there it skips.
#
#   run STATUS COMMAND...   run it; its output is in $work/out, $work/err; a wrong status fails
#   fact WORDS              what the checks since the last fact have shown
#   fails WORDS             a check that did not hold
set -u
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/kao test 顔.XXXXXX") || exit 1
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
facts=0 broken=0 failed_here=0
unset KAO_CPU KAO_MODELS

skip() {
    [ $broken$failed_here = 00 ] || finish # what does not hold is not passed over
    echo "SKIP: $*"
    exit 77
}
[ -z "${WITHOUT-}" ] || [ "$(basename "$0")" = doctor.sh ] || skip "a build without $WITHOUT"

fails() {
    echo "FAILED: $*"
    failed_here=1
}

fact() {
    facts=$((facts + 1))
    if [ $failed_here = 0 ]; then
        echo "ok: $*"
    else
        echo "NOT TRUE: $*"
        broken=$((broken + 1))
    fi
    failed_here=0
}

finish() {
    echo "$facts facts, $broken not true"
    [ $broken = 0 ] && [ $failed_here = 0 ]
    exit
}

run() {
    wanted=$1
    shift
    status=0
    "$@" >"$work/out" 2>"$work/err" </dev/null || status=$?
    [ "$status" = "$wanted" ] && return
    fails "status $status, wanted $wanted: $*"
    sed 's/^/    /' "$work/err" | head -n 20
}

# Fixed text in the output, in the messages; a number of lines.
out_has() { grep -qF -- "$1" "$work/out" || { fails "no \"$1\" in the output:"; head -n 20 "$work/out"; }; }
err_has() { grep -qF -- "$1" "$work/err" || { fails "no \"$1\" in the messages:"; head -n 20 "$work/err"; }; }
lines() {
    n=$(wc -l <"$work/$2")
    [ "$n" -eq "$1" ] || { fails "$n lines in $2, wanted $1:"; head -n 20 "$work/$2"; }
}
err_one_line() { lines 1 err; }
same() { cmp -s "$1" "$2" || fails "$1 and $2 differ"; }
check() { "${PYTHON:-python3}" "$CHECK" "$@" || fails "check.py $*"; }

# gallery_of_photographs NAME: $KAO_GALLERY, in the folder of the test, for the people of $P.
gallery_of_photographs() {
    inside kao-face && inside kao-detect || skip "galleries of photographs need the models inside"
    cd "$work" || exit 1
    P=$PICTURES
    KAO_GALLERY=$work/$1
    export KAO_GALLERY
}

# take_models DETECTOR EMBEDDER [OTHER]: two model files, whatever they are (OTHER where there
# is no EMBEDDER), under the names below. From here on $KAO names them for the commands that
# need them; $PROGRAM is the program alone, with its own defaults. faces=yes: the detector
# finds those of photographs; people=yes: the embedder tells them apart.
take_models() {
    [ -z "${3-}" ] || [ -f "$2" ] || set -- "$1" "$3"
    [ -f "${1-}" ] && [ -f "${2-}" ] || skip "$(basename "$0" .sh) needs ${1-a detector} and ${2-an embedder}"
    detector=$(basename "$1" .onnx) embedder=$(basename "$2" .onnx)
    mkdir "$work/models"
    ln -s "$1" "$work/models/yunet_n_dynamic.onnx"
    ln -s "$2" "$work/models/mobilefacenet_192.onnx"
    [ ! -f "$1.card" ] || ln -s "$1.card" "$work/models/yunet_n_dynamic.onnx.card"
    [ ! -f "$2.card" ] || ln -s "$2.card" "$work/models/mobilefacenet_192.onnx.card"
    KAO_MODELS=$work/models
    export KAO_MODELS
    PROGRAM=$KAO KAO=$work/named
    cat >"$KAO" <<END
#!/bin/sh
command=\$1
shift
case \$command in
detect) set -- -d yunet_n_dynamic "\$@" ;;
verify | embed | align | eval) set -- -d yunet_n_dynamic -m mobilefacenet_192 "\$@" ;;
esac
exec "$PROGRAM" "\$command" "\$@"
END
    chmod +x "$KAO"
    faces=yes people=yes wide=640 high=781 chip_px=112
    [ "$embedder" != tiny_embedder ] || people=no chip_px=32
    # by the calibration where one pair of strangers in 10,000 passes, and a line about it more
    "$PROGRAM" model info mobilefacenet_192 >"$work/info"
    threshold=$(awk '$1 == "calibration.none" {
        for (i = 3; i < NF && $i ~ /:/; i++) {
            split($i, p, ":")
            if (p[2] <= -4) { printf "%.3f", s + (f + 4) / (f - p[2]) * (p[1] - s); exit }
            s = p[1]; f = p[2]
        } }' "$work/info")
    said=4
    [ -n "$threshold" ] || { said=3; threshold=$(awk '$1 == "threshold.cosine" { printf "%.3f", $3 }' "$work/info"); }
    a=$PICTURES/ana_1.jpg b=$PICTURES/ana_3.jpg c=$PICTURES/ben_1.jpg group=$PICTURES/group.jpg
    if [ "$detector" = tiny_detector ]; then
        faces=no
        paint_pictures
    else
        "$COMPOSE" "$work/small.png" 160 160 128 "$a" 60 60 40 49
    fi
    "$COMPOSE" "$work/blank.png" 300 200 60
}

# What the built models take for faces (tests/support/models.h): a green patch of 16 x 16 on
# its grid is one of 38 x 50; what lies around it makes the person. 1280 pixels, so that no
# pass enlarges it to several.
paint_pictures() {
    wide=1280 high=1280
    PICTURES=$work/pictures
    mkdir "$PICTURES"
    a=$PICTURES/ana_1.jpg b=$PICTURES/ana_3.jpg c=$PICTURES/ben_1.jpg group=$PICTURES/group.jpg
    "$COMPOSE" "$a" 1280 1280 60 "#00d200" 320 320 16 16
    "$COMPOSE" "$b" 1280 1280 70 "#00d800" 320 320 16 16
    "$COMPOSE" "$c" 1280 1280 110 "#000000" 300 340 60 16 "#00d200" 320 320 16 16
    "$COMPOSE" "$group" 1280 1280 60 "#00d200" 64 64 16 16 "#00d800" 320 64 16 16 "#00dc00" 64 320 16 16 \
        "#00e000" 320 320 16 16
    "$COMPOSE" "$work/small.png" 1280 1280 60 "#c80000" 320 320 8 8
}

# Is this model inside the program?
inside() { env -u KAO_MODELS "${PROGRAM-$KAO}" doctor | grep -q "^inside *$1: [0-9]"; }

# Can this user's writes be refused by permissions?
not_root() { [ "$(id -u)" != 0 ]; }
