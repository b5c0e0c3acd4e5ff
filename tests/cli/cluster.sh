#!/bin/sh
# kao cluster: with the models inside the program
. "$(dirname "$0")/lib.sh"
inside kao-face && inside kao-detect || skip "grouping photographs needs the models inside"
cd "$work" || exit 1
unset KAO_GALLERY
P=$PICTURES

if [ "${ONLY_THREADS-no}" = yes ]; then
    run 0 "$KAO" cluster "$P"/ana_?.jpg "$P/group.jpg" --json -j 2
    lines 8 out
    cp out two
    run 0 "$KAO" cluster "$P"/ana_?.jpg "$P/group.jpg" --json -j 1
    same out two
    fact "pictures on two threads are grouped as on one"
    finish
fi

# ---- an album ----

mkdir -p "album/夏" album/.hidden
cp "$P"/ana_?.jpg "$P"/ben_?.jpg album
cp "$P"/chen_?.jpg "$P"/dora_?.jpg "$P"/emil_?.jpg "$P/group.jpg" "album/夏"
cp "$P/ben_1.jpg" album/.hidden
echo "no picture" >album/notes.txt
ln -s .. "album/夏/up"
run 0 "$KAO" cluster album
lines 24 out
cp out text
run 0 "$KAO" cluster album --json -j 2
lines 24 out
"${PYTHON:-python3}" - out text <<'END' || fails "the groups"
import json, os, sys
faces = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
lines = [line.rstrip("\n").split("\t") for line in open(sys.argv[2], encoding="utf-8")]
assert [(str(f["group"]), f["file"], "face %d" % f["face"]) for f in faces] == [tuple(x) for x in lines]
people, sizes, group = {}, {}, set()
for f in faces:
    who = os.path.basename(f["file"]).split("_")[0]
    sizes[f["group"]] = sizes.get(f["group"], 0) + 1
    assert f["person"] is None and f["name"] is None and len(f["box"]) == 4, f
    if who == "group.jpg":
        group.add(f["group"])
    else:
        people.setdefault(who, set()).add(f["group"])
assert sorted(people) == ["ana", "ben", "chen", "dora", "emil"] and all(len(g) == 1 for g in people.values()), people
assert len(set.union(*people.values())) == 5 and len(sizes) == 5 and len(group) == 4, (people, group)
assert [sizes[g] for g in sorted(sizes)] == sorted(sizes.values(), reverse=True) and min(sizes) == 1, sizes
assert [f["group"] for f in faces] == sorted(f["group"] for f in faces)
END
if [ "${SHORT-no}" != yes ]; then
    cp out two
    run 0 "$KAO" cluster album --json -t 1
    same out two
    run 0 "$KAO" cluster album --json
    same out two
fi
fact "five people of 21 pictures are five groups, largest first, the four of one picture in four of them; hidden files, texts and links back are left out"
run 0 "$KAO" cluster "$P/ana_1.jpg" "$P/ana_2.jpg" --threshold 1
[ "$(cut -f 1 out | sort -u | wc -l)" = 2 ] || fails "--threshold 1 joins"
run 0 "$KAO" cluster "$P/ana_1.jpg" "$P/ben_1.jpg" --threshold=-1
[ "$(cut -f 1 out | sort -u | wc -l)" = 1 ] || fails "--threshold=-1 does not join"
run 0 "$KAO" cluster "$P/group.jpg" --threshold=-1
[ "$(cut -f 1 out | sort -u | wc -l)" = 4 ] || fails "faces of one picture are one person"
fact "--threshold; faces of one picture are never one person"

# ---- the page ----

mkdir odd
cp "$P/ana_1.jpg" 'odd/<b>"&.jpg'
run 0 "$KAO" cluster "$P/ana_2.jpg" odd "$P/ben_1.jpg" --html page.html
"${PYTHON:-python3}" - page.html <<'END' || fails "the page"
import base64, html.parser, sys
text = open(sys.argv[1], encoding="utf-8").read()
class Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.images, self.sections = [], [], 0
    def handle_starttag(self, tag, attrs):
        self.sections += tag == "section"
        if tag == "img":
            self.images.append(dict(attrs))
        elif tag not in ("meta",):
            self.open.append(tag)
    def handle_endtag(self, tag):
        assert self.open.pop() == tag, tag
p = Page()
p.feed(text)
assert p.open == [] and p.sections == 2 and len(p.images) == 3, (p.open, p.sections, len(p.images))
assert any(i["alt"] == 'face 1 of odd/<b>"&.jpg' for i in p.images)
for i in p.images:
    kind, data = i["src"].split(",")
    data = base64.b64decode(data, validate=True)
    assert kind == "data:image/jpeg;base64" and data[:2] == b"\xff\xd8" and data[-2:] == b"\xff\xd9"
assert 'lang="en"' in text and "prefers-color-scheme:dark" in text and "Person 1" in text and "2 pictures" in text
END
run 4 "$KAO" cluster "$P/ana_2.jpg" --html /nowhere/page.html
err_has "/nowhere/page.html"
fact "a page with a section a group, each face with words, odd names as text"

# ---- what cannot be read ----

"$COMPOSE" blank.png 300 200 60
run 2 "$KAO" cluster blank.png
err_has "no face found on 1 picture"
mkdir empty
run 2 "$KAO" cluster empty
lines 0 out
run 3 "$KAO" cluster
run 3 "$KAO" cluster missing.jpg "$P/ana_1.jpg"
err_has "missing.jpg"
lines 1 out
run 3 "$KAO" cluster album/notes.txt
err_has "notes.txt"
head -c 3000 "$P/ana_1.jpg" >album/cut.jpg
run 3 "$KAO" cluster album
err_one_line
err_has "album/cut.jpg"
lines 24 out
run 3 "$KAO" cluster album --json
lines 25 out
err_one_line
grep -q '^{"file":"album/cut.jpg","error":{"code":"bad_format","message":"album/cut.jpg: ' out || fails "no object: $(head -n 1 out)"
rm album/cut.jpg
run 3 "$KAO" cluster album --enroll
run 3 "$KAO" cluster --gallery people.kao --enroll
run 3 "$KAO" cluster --gallery people.kao --html page.html
run 3 "$KAO" cluster album --threshold 2
run 3 "$KAO" cluster album --model kao-face --model kao-face-mask
err_has "several --model: for which --gallery?"
run 3 "$KAO" cluster album --model nonsense
err_has "nonsense"
fact "pictures without faces, empty folders, missing and damaged files, wrong uses"

if "$KAO" gallery create --gallery probe.kao >out 2>&1; then
    # ---- with a gallery ----

    run 0 "$KAO" enroll --gallery people.kao "Ana 顔" "$P/ana_1.jpg"
    run 0 "$KAO" cluster album --gallery people.kao --json
    "${PYTHON:-python3}" - out <<'END' || fails "known people"
import json, sys
for line in open(sys.argv[1], encoding="utf-8"):
    f = json.loads(line)
    if "/ana_" in f["file"]:
        assert f["person"] == 1 and f["name"] == "Ana 顔", f
    elif "group.jpg" not in f["file"]:
        assert f["person"] is None, f
END
    run 0 "$KAO" people --gallery people.kao
    lines 1 out
    fact "faces that join people of the gallery have their names; nothing is written without --enroll"
    run 0 "$KAO" cluster album --gallery people.kao --enroll
    cp out first
    grep -q "ana_2.jpg	face 1	Ana 顔" out || fails "no name"
    grep -q "ben_1.jpg	face 1	#" out || fails "no number"
    run 0 "$KAO" people --gallery people.kao
    lines 5 out
    out_has "Ana 顔	6 samples"
    for again in album album/ album//; do # as shells complete it
        run 0 "$KAO" cluster $again --gallery people.kao --enroll
        same out first
        run 0 "$KAO" cluster $again album/ana_2.jpg --gallery people.kao # which is in there
        same out first
        run 0 "$KAO" people --gallery people.kao
        lines 5 out
        out_has "Ana 顔	6 samples"
    done
    run 0 "$KAO" gallery verify --gallery people.kao
    fact "--enroll: every group is remembered; again: the same people, no sample twice"
    rm -r "album/夏" album/ana_*
    run 0 "$KAO" gallery rename --gallery people.kao "$(grep ben_1.jpg first | cut -f 4)" Ben
    run 0 "$KAO" cluster --gallery people.kao album "$P/ben_4.jpg" "$P/emil_3.jpg" --enroll
    [ "$(grep -c "Ben" out)" = 5 ] || fails "Ben is not known again"
    fact "a later run goes on with who is there"
    mkdir names
    cp "$P/ana_1.jpg" names
    cp "$P/ben_1.jpg" "names/line
end.jpg"
    cp "$P/chen_1.jpg" names
    echo "no picture" >"names/note
end.txt"
    run 3 "$KAO" cluster --gallery names.kao names --enroll
    err_one_line
    err_has "names/line?end.jpg: a gallery keeps no name that is no UTF-8"
    lines 2 out
    run 0 "$KAO" people --gallery names.kao
    lines 2 out
    run 0 "$KAO" cluster --gallery names.kao names --json
    lines 3 out
    fact "--enroll: a picture whose name a gallery does not keep is told, the others are remembered"

    # ---- who may be one ----

    run 0 "$KAO" cluster --gallery people.kao
    lines 0 out
    run 0 "$KAO" people --gallery people.kao --json
    id=$("$KAO" people Ben --gallery people.kao --samples | awk 'NR == 2 { print $1 }')
    run 0 "$KAO" gallery split --gallery people.kao "$id"
    run 0 "$KAO" cluster --gallery people.kao
    lines 1 out
    grep -Eq "^Ben	#[0-9]+	0\.[0-9]{3}$" out || fails "Ben and a sample of his"
    run 0 "$KAO" cluster --gallery people.kao --json
    out_has '"into_name":"Ben"'
    "$KAO" gallery rename --gallery people.kao "#$("$KAO" cluster --gallery people.kao | sed 's/.*#\([0-9]*\).*/\1/')" Bertha >out 2>&1
    run 0 "$KAO" cluster --gallery people.kao
    lines 0 out
    fact "people without a name who are like others are told; two with names never"
    run 3 "$KAO" cluster --gallery missing.kao
    err_has "no gallery there yet"
    run 3 "$KAO" cluster --gallery album/notes.txt
    err_one_line
    run 0 "$KAO" cluster --gallery probe.kao
    lines 0 out
    fact "galleries that are missing, none, empty"
fi

# ---- eval ----

mkdir -p unlike/one # two faces less alike than at any threshold: two groups, no pair within one
cp "$P/chen_1.jpg" "$P/emil_1.jpg" unlike/one
run 0 "$KAO" eval cluster unlike --photos --dbscan --json
"${PYTHON:-python3}" - <<'END' || fails "$(cat out)"
import json
methods = json.load(open("out"))["methods"]
for m in methods:
    got = [m[k] for k in ("groups", "precision", "recall", "f", "homogeneity", "completeness", "v")]
    assert got == [2, 1, 0, 0, 1, 0, 0], m
assert [m["ms"] is None for m in methods] == [False, False, True], methods
END
fact "kao eval cluster --dbscan: the best F may be 0"
finish
