#!/bin/sh
# scripts.sh SOURCE: ./run and ./test find their folder, whatever the caller has set, and know
# which packages are there.
. "$(dirname "$0")/../cli/lib.sh"
source=$1
cd "$work" || exit 1

mkdir -p "here/kao/tools" "here/kao/build" elsewhere/kao
cp "$source/run" "$source/test" here/kao
cat >here/kao/tools/setup.sh <<'END'
build_packages=
say() { printf '%s\n' "$*" >&2; }
need_packages() { :; }
need_build() { :; }
ninja() { :; }
END
printf '#!/bin/sh\necho "in $KAO_MODELS: $*"\n' >here/kao/build/kao
chmod +x here/kao/build/kao
cd here || exit 1
for path in '' . "$work/elsewhere"; do
    run 0 env CDPATH="$path" sh kao/run detect "a b"
    printf 'in %s/kao/../shared/models: detect a b\n' "$(pwd -P)" >"$work/want"
    same "$work/out" "$work/want"
    run 3 env CDPATH="$path" sh kao/test --wrong
    err_has "usage: ./test"
    lines 0 out
done
fact "run and test work in their own folder, also where CDPATH is set and has another of its name"

# What dpkg-query says of a package: what is wanted of it, then what it is.
mkdir tools
cat >tools/dpkg-query <<'END'
#!/bin/sh
for package in "$@"; do :; done
case $package in
plain) printf 'ii ' ;;
held) printf 'hi ' ;;
leaving) printf 'ri ' ;;
removed) printf 'rc ' ;;
broken) printf 'iU ' ;;
never) printf 'un ' ;;
*) exit 1 ;;
esac
END
chmod +x tools/dpkg-query
run 0 env PATH="$PWD/tools:$PATH" sh -c '. "$1/tools/setup.sh"; missing_packages plain held leaving removed broken never other' sh "$source"
printf 'removed broken never other ' >"$work/want"
same "$work/out" "$work/want"
fact "a package that is installed and on hold is there"

# As meson does: nothing where its own files are, whether or not it came to the build's.
cat >tools/meson <<'END'
#!/bin/sh
[ -d "$2/meson-private" ] && exit
mkdir "$2/meson-private"
touch "$2/build.ninja"
END
chmod +x tools/meson
setup() { run 0 env PATH="$PWD/tools:$PATH" sh -c '. "$1/tools/setup.sh"; shift; need_build build-it "$@"' sh "$source" "$@"; }
setup
: >build-it/kept
setup
[ -f build-it/kept ] || fails "a whole build folder was made anew"
rm build-it/build.ninja
setup
[ -f build-it/build.ninja ] || fails "no build where one was stopped"
fact "a build folder whose setup was stopped halfway is made anew, a whole one stays"
: >build-it/kept
setup --of=another
[ ! -e build-it/kept ] || fails "a build folder of other options stayed"
fact "a build folder of other options is made anew"

mkdir -p ran/meson-logs
printf '{"name": "one", "result": "OK", "duration": 1.0, "stdout": "fine"}\n' >ran/meson-logs/testlog.json
report() { # STATUS WANTED: meson's, the last line
    run 0 "${PYTHON:-python3}" "$source/tools/test_report.py" ran $1
    [ "$(tail -n 1 "$work/out")" = "$2" ] || fails "$1: $(cat "$work/out")"
}
report 0 "1 0 0"
report 137 "1 1 0"
out_has "FAILED: meson ended with status 137"
printf '{"name": "two", "result": "FAIL", "duration": 1.0, "returncode": 1}\n' >>ran/meson-logs/testlog.json
report 1 "1 1 0"
fact "a run that ended before all tests had run has failed"
"${PYTHON:-python3}" -c 'import json
said = ["ok %d" % i for i in range(300)]
said[100] = "    not ok 100 - the reason"
said[101] = "why it is"
print(json.dumps({"name": "three", "result": "FAIL", "duration": 1.0, "returncode": 1, "stdout": "\n".join(said)}))' >ran/meson-logs/testlog.json
report 1 "0 1 0"
for line in "    not ok 100 - the reason" "why it is" "ok 240" "ok 299"; do
    out_has "$line"
done
grep -q 'ok 99$\|ok 160' "$work/out" && fails "more of the output than tells why: $(cat "$work/out")"
fact "what a test said where it failed is told, however much it said after that"
finish
