#!/bin/sh
# Names as face regions of XMP: written by identify, read by enroll, in files beside pictures and in them
. "$(dirname "$0")/lib.sh"
inside kao-face && inside kao-detect || skip "this needs the models inside"
cd "$work" || exit 1
P=$PICTURES
export XDG_DATA_HOME="$work/data"
unset KAO_GALLERY
mkdir "al bum 顔" "al bum 顔/in it"
cp "$P/group.jpg" "$P/ben_2.jpg" "al bum 顔"
cp "$P/ana_2.jpg" "al bum 顔/in it"
if [ "${XMP-no}" != yes ]; then
    run 0 "$KAO" enroll Ana "$P/ana_1.jpg"
    run 3 "$KAO" enroll --regions "$P/ana_2.jpg"
    err_has "built without expat"
    fact "a build without expat says so"
    finish
fi
run 0 "$KAO" enroll "Ana <顔> & co" "$P/ana_1.jpg"
run 1 "$KAO" identify --write-regions "al bum 顔"/*.jpg "al bum 顔/in it/ana_2.jpg"
err_has "al bum 顔/group.jpg.xmp: 1 name written"
[ ! -e "al bum 顔/ben_2.jpg.xmp" ] || fails "a file for a picture of nobody"
cmp -s "$P/group.jpg" "al bum 顔/group.jpg" || fails "the picture was changed"
cp "al bum 顔/group.jpg.xmp" before
run 1 "$KAO" identify --write-regions "al bum 顔/group.jpg"
cmp -s before "al bum 顔/group.jpg.xmp" || fails "a name that is there is written again"
fact "names of those who are known, once, into a file beside the picture"

# of XMP x, y, w and h, of JSON the box: left, top, width, height, whose (0, 0) is a pixel's middle
run 0 "$KAO" identify --json "al bum 顔/in it/ana_2.jpg"
sed -n 's/.*"box":\[\([^]]*\)\].*/\1/p' out | tr , ' ' >numbers
for key in x y w h; do
    sed -n "s/.*stDim:$key=\"\([^\"]*\)\".*/\1/p" "al bum 顔/in it/ana_2.jpg.xmp"
    sed -n "s/.*stArea:$key=\"\([^\"]*\)\".*/\1/p" "al bum 顔/in it/ana_2.jpg.xmp"
done >>numbers
tr '\n' ' ' <numbers | awk 'function off(a, b) { return a > b + .02 || b > a + .02 }
    { exit NF != 10 || off($1 + $3 / 2 + .5, $5 * $7) || off($2 + $4 / 2 + .5, $6 * $9) ||
        off($3, $7 * $8) || off($4, $9 * $10) }' || fails "another place: $(cat numbers)"
fact "a region is where the face is, to a hundredth of a pixel"

run 2 "$KAO" enroll --regions "$P/ana_3.jpg" --gallery none.kao
err_has "no picture has a name in it"
run 0 "$KAO" enroll --regions "al bum 顔" --gallery new.kao --json
lines 2 out
grep -q '"status":"enrolled","person":1,"name":"Ana <顔> & co"' out || fails "$(cat out)"
run 0 "$KAO" people --gallery new.kao
out_has "#1	Ana <顔> & co	2 samples"
fact "they are enrolled from there, through folders"
run 3 "$KAO" identify --write-regions "al bum 顔/group.jpg" -
lines 0 out
err_has "standard input"
run 3 "$KAO" enroll --regions "al bum 顔/group.jpg" -
err_has "standard input"
for words in "identify --write-regions" "enroll --regions"; do
    run 3 sh -c 'cat "$0" | "$1" $2 "$0" /dev/stdin' "al bum 顔/group.jpg" "$KAO" "$words"
    lines 0 out
    err_has "or a pipe"
done
fact "standard input or a pipe, which no name can be put into, is refused before anything is read"

cp "$P/ana_2.jpg" in.jpg
run 0 "$KAO" identify --write-regions --in-place in.jpg
run 0 "$KAO" detect in.jpg
"$KAO" detect "$P/ana_2.jpg" | tail -n 1 >plain
tail -n 1 out | cmp -s - plain || fails "another picture: $(cat out plain)"
run 0 "$KAO" enroll --regions in.jpg --gallery in.kao
out_has "in.jpg: enrolled #1 Ana <顔> & co"
"$KAO" identify --write-regions --in-place "$P/../pictures/clip.mp4" >/dev/null 2>&1 && fails "a video"
fact "into the picture itself; its pixels stay"

# A name that stands where no face is; one of a program that has the whole head; a damaged file.
cat >"al bum 顔/ben_2.xmp" <<'X'
<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
 xmlns:mwg-rs="http://www.metadataworkinggroup.com/schemas/regions/" xmlns:stArea="http://ns.adobe.com/xmp/sType/Area#">
<rdf:Description rdf:about=""><mwg-rs:Regions rdf:parseType="Resource"><mwg-rs:RegionList><rdf:Bag>
<rdf:li mwg-rs:Name="Nobody" mwg-rs:Type="Face"><mwg-rs:Area stArea:x="0.05" stArea:y="0.95" stArea:w="0.05" stArea:h="0.05"/></rdf:li>
<rdf:li mwg-rs:Name="Ben" mwg-rs:Type="Face"><mwg-rs:Area stArea:x="0.5" stArea:y="0.4" stArea:w="0.8" stArea:h="0.7"/></rdf:li>
</rdf:Bag></mwg-rs:RegionList></mwg-rs:Regions></rdf:Description></rdf:RDF></x:xmpmeta>
X
run 2 "$KAO" enroll --regions "al bum 顔/ben_2.jpg"
out_has "no_face: none where the name stands"
out_has "enrolled #2 Ben"
printf '<x' >"al bum 顔/ben_2.xmp"
run 3 "$KAO" enroll --regions "al bum 顔/ben_2.jpg"
err_has "al bum 顔/ben_2.xmp: XMP, line 1"
err_one_line
run 3 "$KAO" identify --write-regions "al bum 顔/ben_2.jpg"
[ "$(cat "al bum 顔/ben_2.xmp")" = "<x" ] || fails "a damaged file was replaced"
fact "no face where a name stands, a damaged file: a line each, and nothing lost"

# The picture's packet is the one that is damaged, or too deep; beside it is one of no regions, or nothing.
{ printf '\377\330\377\341\0\041http://ns.adobe.com/xap/1.0/\0<x' && tail -c +3 "$P/ana_2.jpg"; } >damaged.jpg
: >damaged.jpg.xmp
run 3 "$KAO" identify --write-regions damaged.jpg
err_has "identify: damaged.jpg: XMP, line 1"
{ printf '\377\330\377\341\0\361http://ns.adobe.com/xap/1.0/\0' && printf '<a>%.0s' $(seq 70) &&
    tail -c +3 "$P/ana_2.jpg"; } >deep.jpg
printf '<x/>' >deep.jpg.xmp
run 3 "$KAO" enroll --regions deep.jpg
err_has "deep.jpg.xmp: the picture itself: XMP of more than 64 levels"
fact "which of the two, the picture and the file beside it, cannot be read is told"
run 3 "$KAO" identify --in-place in.jpg
run 3 "$KAO" enroll --regions --people .
run 3 "$KAO" enroll --regions
ln -s . "al bum 顔/in it/round"
run 3 "$KAO" enroll --regions "al bum 顔/in it" --gallery new.kao
err_has "Too many levels"
fact "options that do not go together; links that go round"
finish
