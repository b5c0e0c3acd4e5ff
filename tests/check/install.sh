#!/bin/sh
# install.sh BUILD SOURCE PREFIX LIBDIR DATADIR [MODELS]: what `meson install` puts down can
# be used with cc and pkg-config alone, shared and static; only kao_ symbols are exported.
. "$(dirname "$0")/../cli/lib.sh"
build=$1 source=$2 prefix=$3 libdir=$4 datadir=$5 models=${6-}
to=$work/root
cd "$work" || exit 1

run 0 meson install -C "$build" --destdir "$to" --no-rebuild
for file in bin/kao "$libdir/libkao.so" "$libdir/libkao.so.0" "$libdir/libkao.a" \
    "$libdir/pkgconfig/kao.pc" include/kao/context.h include/kao/image.h include/kao/embedder.h; do
    [ -e "$to$prefix/$file" ] || fails "not installed: $file"
done
for header in "$source"/include/kao/*.h; do
    [ -e "$to$prefix/include/kao/$(basename "$header")" ] || fails "not installed: $header"
done
run 0 "$to$prefix/bin/kao" version
fact "installed: the program, libkao.so, libkao.a, the headers, kao.pc; the program runs"

nm -D --defined-only "$to$prefix/$libdir/libkao.so" | awk '{ print $NF }' | sed 's/@.*//' | sort -u >exported
grep -v '^kao_' exported >others && fails "exported: $(cat others)"
cat "$source"/include/kao/*.h | tr '\n' ' ' | grep -oE 'KAO_API [^;(]*\(' | grep -oE 'kao_[a-z0-9_]+ *\($' | tr -d ' (' | sort -u >declared
diff declared exported >difference || fails "declared and exported differ: $(cat difference)"
nm --defined-only "$to$prefix/$libdir/libkao.a" 2>/dev/null | awk 'NF == 3 && $2 ~ /[A-TV-Z]/ { print $3 }' | grep -v '^kao_' |
    sort -u >others
[ ! -s others ] || fails "global in libkao.a: $(cat others)"
fact "libkao.so exports what the headers declare, $(wc -l <declared) functions, and nothing else; libkao.a has only kao_ names"

PKG_CONFIG_PATH=$to$prefix/$libdir/pkgconfig PKG_CONFIG_SYSROOT_DIR=$to
export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR
# cc has no way to say a name with a space but quotes, and pkg-config writes none: a link.
ln -s "$to" "${TMPDIR:-/tmp}/kao-install.$$" && trap 'rm -f "${TMPDIR:-/tmp}/kao-install.$$"; rm -rf "$work"' EXIT
PKG_CONFIG_PATH=${TMPDIR:-/tmp}/kao-install.$$$prefix/$libdir/pkgconfig PKG_CONFIG_SYSROOT_DIR=${TMPDIR:-/tmp}/kao-install.$$
run 0 pkg-config --modversion kao
out_has "$("$to$prefix/bin/kao" version | sed 's/kao //')"
# shellcheck disable=SC2046
run 0 cc -std=c11 -Wall -Wextra -Werror -o shared "$source/examples/verify.c" $(pkg-config --cflags --libs kao)
# shellcheck disable=SC2046
run 0 cc -std=c11 -Wall -Wextra -Werror -o static "$source/examples/verify.c" \
    $(pkg-config --cflags --libs --static kao | sed 's/-lkao/-l:libkao.a/')
readelf -d shared | grep -q 'libkao.so.0' || fails "no soname libkao.so.0"
readelf -d static | grep -q libkao && fails "the static one wants libkao.so"
run 2 ./static
err_has "usage: verify"
LD_LIBRARY_PATH=$to$prefix/$libdir run 2 ./shared
err_has "usage: verify"
fact "examples/verify.c builds with cc and pkg-config alone, shared and static, and starts"

cat >all.cc <<'P'
#include <kao/card.h>
#include <kao/context.h>
#include <kao/detector.h>
#include <kao/embedder.h>
#include <kao/face.h>
#include <kao/image.h>
#include <kao/status.h>
int main() { return kao_version()[0] == '0' ? 0 : 1; }
P
if command -v c++ >/dev/null; then
    for header in "$source"/include/kao/*.h; do
        printf '#include <kao/%s>\n' "$(basename "$header")" >one.cc
        # shellcheck disable=SC2046
        run 0 c++ -std=c++11 -Wall -Wextra -Wpedantic -Werror -fsyntax-only one.cc $(pkg-config --cflags kao)
    done
    # shellcheck disable=SC2046
    run 0 c++ -Wall -Wextra -Werror -o cpp all.cc $(pkg-config --cflags --libs kao)
    LD_LIBRARY_PATH=$to$prefix/$libdir run 0 ./cpp
    fact "every header compiles alone as C++11, and a C++ program links"
fi

cat >inside.c <<'P'
#include <stdio.h>
#include <kao/detector.h>
int main(void)
{
    kao_context *ctx = NULL;
    kao_model *model = NULL;
    kao_detector *detector = NULL;
    const char *name = NULL;
    size_t n = 0;
    kao_status st = kao_context_create(&ctx, NULL, NULL);
    if (!st)
        st = kao_model_open_bundled(ctx, &model, "kao-detect", NULL);
    if (!st)
        st = kao_detector_create(model, &detector, NULL, NULL);
    if (!st && kao_model_bundled(0, &name, NULL, &n))
        printf("%s %zu\n", name, n);
    kao_detector_destroy(detector);
    kao_model_release(model);
    kao_context_destroy(ctx);
    return (int)st;
}
P
if [ -f "$source/models/kao-detect.onnx" ]; then
    # shellcheck disable=SC2046
    run 0 cc -std=c11 -Wall -Wextra -Werror -o inside-shared inside.c $(pkg-config --cflags --libs kao)
    # shellcheck disable=SC2046
    run 0 cc -std=c11 -Wall -Wextra -Werror -o inside-static inside.c \
        $(pkg-config --cflags --libs --static kao | sed 's/-lkao/-l:libkao.a/')
    for how in shared static; do
        LD_LIBRARY_PATH=$to$prefix/$libdir run 0 ./inside-$how
        out_has "kao-detect $(wc -c <"$source/models/kao-detect.onnx")"
    done
    fact "kao's own detector is inside the installed library, shared and static"
fi

mkdir -p "$to$prefix/bin/models"
well=3
inside kao-face && well=0
KAO_MODELS='' run $well "$to$prefix/bin/kao" doctor
out_has "models in  $prefix/$datadir/kao/models"
out_has "models in  $(readlink -f "$to")$prefix/bin/models"
fact "the program looks in $prefix/$datadir/kao/models and in models/ beside itself"

if [ -f "$models/yunet_n_dynamic.onnx" ]; then
    for how in shared static; do
        LD_LIBRARY_PATH=$to$prefix/$libdir run 0 ./$how "$models/yunet_n_dynamic.onnx" "$models/mobilefacenet_192.onnx" \
            "$source/examples/pictures/ana_1.jpg" "$source/examples/pictures/ana_3.jpg"
        out_has ": the same person"
    done
    cp "$models/yunet_n_dynamic.onnx" "$models/mobilefacenet_192.onnx" "$to$prefix/bin/models"
    run 0 "$to$prefix/bin/kao" verify "$source/examples/pictures/ana_1.jpg" "$source/examples/pictures/ana_3.jpg"
    fact "examples/verify.c gives its verdict, shared and static; the program finds models beside itself"
else
    echo "left out: the verdict of examples/verify.c needs the models in ../shared/models"
fi
finish
