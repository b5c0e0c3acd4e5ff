#!/bin/sh
# run.sh KAO [SECONDS]: how much of the program's own rate the server gives, on one picture. In
# alternating windows: kao embed -j 2 on copies of a picture, and wrk with two connections on
# /v1/embed and /v1/identify. Lines of CSV: what, requests a second, p50 and p99 in ms.
# Needs wrk. Run it on a quiet machine.
set -eu
here=$(CDPATH='' cd "$(dirname "$0")" && pwd)
kao=$1 seconds=${2-5} copies=200
picture=$here/../../examples/pictures/ana_1.jpg
work=$(mktemp -d)
server=
trap 'kill $server 2>/dev/null || true; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
for i in $(seq $copies); do ln -s "$picture" "$work/$i.jpg"; done
"$kao" serve --port 0 --gallery "$work/people.kao" -j 2 >"$work/address" 2>/dev/null &
server=$!
until grep -q http "$work/address"; do sleep .1; done
url=$(sed 's/kao: //; s/\/$//' "$work/address")
for name in ana ben chen dora emil; do
    curl -s -F image=@"$here/../../examples/pictures/${name}_2.jpg" "$url/v1/people/new/samples?name=$name" >/dev/null
done

program() {
    from=$(date +%s%N)
    "$kao" embed -j 2 "$work"/*.jpg --json >/dev/null
    to=$(date +%s%N)
    echo "program,$(awk "BEGIN { printf \"%.1f\", $copies / (($to - $from) / 1e9) }"),,"
}
served() {
    wrk -t 1 -c 2 -d "${seconds}s" --latency -s "$here/post.lua" "$url$2" -- "$picture" >"$work/wrk"
    awk -v what="$1" '
        function ms(s) { return s ~ /us$/ ? s / 1000 : s ~ /ms$/ ? s + 0 : s * 1000 }
        /^ *50%/ { half = ms($2) }
        /^ *99%/ { most = ms($2) }
        /^Requests\/sec/ { rate = $2 }
        /Non-2xx/ { print "errors: " $0 > "/dev/stderr" }
        END { printf "%s,%.1f,%.1f,%.1f\n", what, rate, half, most }' "$work/wrk"
}
echo "what,per_second,p50_ms,p99_ms"
for round in 1 2 3 4 5; do
    program
    served embed /v1/embed
    served identify /v1/identify
done
