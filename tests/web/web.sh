#!/bin/sh
# web.sh logic|compreface|browser|jobs|cameras|access FOLDER: the app's tests, and those of clients in JavaScript. FOLDER, of the build, gets a copy of the app and its
# tests, beside the packages they need (package-lock.json); nothing is written into the tree.
# From meson: KAO, the program; SOURCE, the tree; PICTURES, examples/pictures.
set -u
kind=$1 folder=$2

skip() {
    echo "SKIP: $*"
    exit 77
}
has() { command -v "$1" >/dev/null 2>&1; }

has node || skip "node is not installed"
node -e 'process.exit(Number(process.versions.node.split(".")[0]) >= 18 ? 0 : 1)' || skip "node 18 or later is needed"

# the tree has no packages and no package.json at its root: both lie in the copy
mkdir -p "$folder" || exit 1
rm -rf "$folder/web" "$folder/tests"
mkdir "$folder/tests" || exit 1
cp -R "$SOURCE/web" "$folder/web" && cp -R "$SOURCE/tests/web" "$folder/tests/web" &&
    cp "$SOURCE/tests/web/package.json" "$SOURCE/tests/web/package-lock.json" "$folder" || exit 1
cd "$folder" || exit 1

if [ "$kind" = logic ]; then
    exec node --test tests/web/logic.test.js
fi

has npm || skip "npm is not installed"
"$KAO" doctor 2>/dev/null | grep -q '^inside *kao-face-mask: [0-9]' || skip "the models inside are needed"
lock=$(cksum <package-lock.json)
if [ "$(cat node_modules/.lock 2>/dev/null)" != "$lock" ]; then
    npm ci --ignore-scripts --no-audit --no-fund --prefer-offline >npm.log 2>&1 || skip "the packages of tests/web/package.json could not be had (npm.log)"
    echo "$lock" >node_modules/.lock
fi

if [ "$kind" = compreface ]; then
    exec node --test tests/web/compreface.test.js
fi

CHROMIUM=${CHROMIUM-$(command -v chromium || command -v chromium-browser || true)}
[ -n "$CHROMIUM" ] || skip "chromium is not installed"
export CHROMIUM
node_modules/.bin/tsc -p tests/web/tsconfig.json || exit 1
echo "ok: types"

if [ "$kind" = access ]; then
    has certutil || skip "certutil is not installed (libnss3-tools)"
    [ "$TLS" = yes ] || skip "this build has no HTTPS"
fi

# the camera of the browser shows the clip
if [ ! -s camera.y4m ] && has ffmpeg; then
    ffmpeg -v error -y -i "$PICTURES/clip.mp4" -t 6 camera.y4m || rm -f camera.y4m
fi
CAMERA=$folder/camera.y4m
SHORT=$folder/short.mp4
if [ ! -s short.mp4 ] && has ffmpeg; then
    ffmpeg -v error -y -ss 2 -i "$PICTURES/clip.mp4" -t 3 short.mp4 || rm -f short.mp4
fi
export CAMERA SHORT
exec node --test "tests/web/$kind.test.js"
