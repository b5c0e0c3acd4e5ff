#!/bin/sh
# scripts.sh SOURCE: ./run and ./test find their folder, whatever the caller has set.
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
finish
