#!/bin/sh
# run.sh KAO [SECONDS [ROUNDS]]: how much of the program's own rate the server gives. In alternating windows: kao
# embed -j 2 on copies of a picture, and wrk with two connections on /v1/embed and /v1/identify; kao verify -j 2 on
# copies of a pair, each of which is read (two pictures a pair, as a request has them), and wrk on /v1/verify.
# Lines of CSV: what, pictures or pairs a second, p50 and p99 in ms. Needs wrk. Run it on a quiet machine. An answer
# that is none of 2xx ends it with 1; the rates are for people to read.
set -eu
command -v wrk >/dev/null || {
    echo "SKIP: wrk is not installed"
    exit 77
}
here=$(CDPATH='' cd "$(dirname "$0")" && pwd)
kao=$1 seconds=${2-5} rounds=${3-5}
copies=$((40 * seconds)) # of what two CPUs do in about so long
pictures=$here/../../examples/pictures
work=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
mkdir "$work/one" "$work/other"
for i in $(seq $copies); do
    ln -s "$pictures/ana_1.jpg" "$work/one/$i.jpg"
    ln -s "$pictures/ana_3.jpg" "$work/other/$i.jpg"
    printf '%s\t%s\n' "$work/one/$i.jpg" "$work/other/$i.jpg"
done >"$work/pairs"
"$kao" serve --port 0 --gallery "$work/people.kao" -j 2 >"$work/address" 2>/dev/null &
server=$!
until grep -q http "$work/address"; do sleep .1; done
url=$(sed 's/kao: //; s/\/$//' "$work/address")
for name in ana ben chen dora emil; do
    PYTHONPATH=$here/../../clients/python python3 -c '
import sys, kao_client
kao_client.Kao(sys.argv[1]).enrol(sys.argv[2], sys.argv[3])' "$url" "$name" "$pictures/${name}_2.jpg"
done

# program WHAT N COMMAND...: N things by the program itself
program() {
    what=$1 n=$2
    shift 2
    from=$(date +%s%N)
    "$kao" "$@" >/dev/null
    to=$(date +%s%N)
    echo "$what,$(awk "BEGIN { printf \"%.1f\", $n / (($to - $from) / 1e9) }"),,"
}
# served WHAT PATH FILE...
served() {
    what=$1 path=$2
    shift 2
    wrk -t 1 -c 2 -d "${seconds}s" --timeout 60s --latency -s "$here/post.lua" "$url$path" -- "$@" >"$work/wrk"
    awk -v what="$what" '
        function ms(s) { return s ~ /us$/ ? s / 1000 : s ~ /ms$/ ? s + 0 : s * 1000 }
        /^ *50%/ { half = ms($2) }
        /^ *99%/ { most = ms($2) }
        /^Requests\/sec/ { rate = $2 }
        /Non-2xx|Socket errors/ { print "errors: " $0 > "/dev/stderr"; bad = 1 }
        END { printf "%s,%.1f,%.1f,%.1f\n", what, rate, half, most; exit bad }' "$work/wrk"
}
echo "what,per_second,p50_ms,p99_ms"
for round in $(seq "$rounds"); do
    program program $copies embed -j 2 --json "$work"/one/*.jpg
    served embed /v1/embed "$pictures/ana_1.jpg"
    served identify /v1/identify "$pictures/ana_1.jpg"
    program program_verify $copies verify -j 2 --json --pairs "$work/pairs"
    served verify /v1/verify "$pictures/ana_1.jpg" "$pictures/ana_3.jpg"
done
