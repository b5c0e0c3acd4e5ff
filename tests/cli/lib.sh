# Sourced by the tests here (POSIX sh). Each prints the facts it checked, one a line.
#
# From meson: KAO, the program; COMPOSE, the picture maker (tests/support/compose.c);
# PICTURES, examples/pictures; CHECK, check.py beside this file.
# Arguments of a test: MODELS DETECTOR EMBEDDER, a folder and two names in it. Without them
# the test needs the models that do not travel with the repository, and skips.
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

# Two models, whatever they are, under these names. From here on $KAO names them for the
# commands that need them; $PROGRAM is the program alone, with its own defaults.
take_models() {
    real=no
    folder=${1-} detector=${2-yunet_n_dynamic} embedder=${3-mobilefacenet_192}
    [ -n "$folder" ] && [ -f "$folder/$detector.onnx" ] && [ -f "$folder/$embedder.onnx" ] ||
        skip "$(basename "$0" .sh) needs the models $detector and $embedder (in ../shared/models)"
    mkdir "$work/models"
    for ending in onnx onnx.card; do
        [ ! -f "$folder/$detector.$ending" ] || ln -s "$folder/$detector.$ending" "$work/models/yunet_n_dynamic.$ending"
        [ ! -f "$folder/$embedder.$ending" ] || ln -s "$folder/$embedder.$ending" "$work/models/mobilefacenet_192.$ending"
    done
    KAO_MODELS=$work/models
    export KAO_MODELS
    PROGRAM=$KAO KAO=$work/named
    cat >"$KAO" <<END
#!/bin/sh
command=\$1
shift
case \$command in
detect) set -- -d yunet_n_dynamic "\$@" ;;
verify | embed | align) set -- -d yunet_n_dynamic -m mobilefacenet_192 "\$@" ;;
esac
exec "$PROGRAM" "\$command" "\$@"
END
    chmod +x "$KAO"
    a=$PICTURES/ana_1.jpg b=$PICTURES/ana_3.jpg c=$PICTURES/ben_1.jpg group=$PICTURES/group.jpg
    if [ "$embedder" = mobilefacenet_192 ]; then
        real=yes wide=640 high=781 chip_px=112 threshold=0.530
        "$COMPOSE" "$work/small.png" 160 160 128 "$a" 60 60 40 49
    else
        paint_pictures
    fi
    "$COMPOSE" "$work/blank.png" 300 200 60
}

# What the built models take for faces (tests/support/models.h): a green patch of 16 x 16 on
# its grid is one of 38 x 50; what lies around it makes the person.
paint_pictures() {
    wide=640 high=640 chip_px=32 threshold=0.900
    PICTURES=$work/pictures
    mkdir "$PICTURES"
    a=$PICTURES/ana_1.jpg b=$PICTURES/ana_3.jpg c=$PICTURES/ben_1.jpg group=$PICTURES/group.jpg
    "$COMPOSE" "$a" 640 640 60 "#00d200" 320 320 16 16
    "$COMPOSE" "$b" 640 640 70 "#00d800" 320 320 16 16
    "$COMPOSE" "$c" 640 640 110 "#000000" 300 340 60 16 "#00d200" 320 320 16 16
    "$COMPOSE" "$group" 640 640 60 "#00d200" 64 64 16 16 "#00d800" 320 64 16 16 "#00dc00" 64 320 16 16 \
        "#00e000" 320 320 16 16
    "$COMPOSE" "$work/small.png" 640 640 60 "#c80000" 320 320 8 8
}

# Is this model inside the program?
inside() { env -u KAO_MODELS "${PROGRAM-$KAO}" doctor | grep -q "^inside *$1: [0-9]"; }

# Can this user's writes be refused by permissions?
not_root() { [ "$(id -u)" != 0 ]; }
