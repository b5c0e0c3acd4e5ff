#!/bin/sh
# Encrypted galleries: kao gallery create --encrypt, encrypt, rekey, decrypt, and --key-file of the others
. "$(dirname "$0")/lib.sh"
gallery_of_photographs "people.kao"
unset KAO_GALLERY_KEY_FILE

# in_files TEXT: whether the gallery's files have it
in_files() {
    cat people.kao* | LC_ALL=C grep -aqF "$1"
}

# ---- made ----

run 3 "$KAO" gallery create --encrypt
err_has "wants --key-file FILE"
[ ! -e people.kao ] || fails "nothing is made"
run 0 "$KAO" gallery create --encrypt --key-file "keys 顔/a.key"
err_has "a new key. Keep a copy"
[ "$(stat -c %a "keys 顔/a.key")" = 600 ] && [ "$(head -1 "keys 顔/a.key")" = "kao gallery key 1" ] || fails "the key file"
cp "keys 顔/a.key" before.key
run 0 "$KAO" gallery create --encrypt --key-file "keys 顔/a.key"
cmp -s before.key "keys 顔/a.key" || fails "the key stays"
fact "create --encrypt makes gallery and key file, which is its owner's alone and stays"
KEY="$work/keys 顔/a.key"
run 0 "$KAO" enroll --key-file "$KEY" --keep-chips "Annabella Test" "$P/ana_1.jpg" "$P/ana_2.jpg"
KAO_GALLERY_KEY_FILE=$KEY run 0 "$KAO" enroll "Ben 顔顔顔" "$P/ben_1.jpg"
run 0 "$KAO" gallery note --key-file "$KEY" "Annabella Test" "from the fourth floor"
run 0 "$KAO" gallery group --key-file "$KEY" "Annabella Test" rowing-club
run 0 "$KAO" identify --key-file "$KEY" "$P/ana_3.jpg" "$P/ben_2.jpg"
out_has "Annabella Test"
out_has "Ben 顔顔顔"
run 0 "$KAO" identify --key-file "$KEY" --group rowing-club "$P/ana_3.jpg"
run 0 "$KAO" people --key-file "$KEY" "Annabella Test" --samples
out_has "ana_1.jpg"
run 0 "$KAO" cluster --gallery people.kao --key-file "$KEY" "$P/chen_1.jpg" "$P/ana_3.jpg"
out_has "Annabella Test"
run 0 "$KAO" gallery doctor --key-file "$KEY" --json
out_has '"encrypted":true'
run 0 "$KAO" blur --key-file "$KEY" --only "Annabella Test" "$P/ana_3.jpg" -o blurred.jpg
for text in Annabella 顔顔顔 fourth rowing ana_1.jpg; do
    in_files "$text" && fails "$text is in the files"
done
ls people.kao-index* >index 2>index.err && fails "an index file"
fact "who has the key file sees what is in it; the files say nothing of it"

# ---- keys ----

for verb in "people" "identify $P/ana_3.jpg" "gallery stats" "gallery verify" "forget Ben" "enroll Dora $P/dora_1.jpg"; do
    # shellcheck disable=SC2086 # words
    run 3 "$KAO" $verb
    err_has "is encrypted: --key-file FILE"
done
head -c 60 "$KEY" >short.key
run 3 "$KAO" people --key-file short.key
err_has "no key file of a gallery, or a damaged one"
run 3 "$KAO" people --key-file missing.key
err_has "missing.key"
[ ! -e missing.key ] || fails "no key is made where one is wanted"
"$KAO" gallery create --encrypt --gallery other.kao --key-file other.key >other.out 2>other.err || fails "another one"
run 3 "$KAO" people --key-file other.key
err_has "this key file is not the one it was made with"
chmod 644 other.key
run 0 "$KAO" gallery stats --gallery other.kao --key-file other.key --json
err_has "others can read this key: chmod 600"
out_has '"encrypted":true'
fact "no key, another one, a damaged one: a line, status 3; one that others can read: a warning"
run 3 "$KAO" gallery stats --encrypt --key-file "$KEY"
err_has "--encrypt of create"

# ---- read by others ----

run 0 "$KAO" people --key-file "$KEY" --samples --json
python3 - "$SEALED" people.kao "$KEY" <<'END' || fails "what another program reads"
import json, subprocess, sys
read = json.loads(subprocess.run([sys.executable, *sys.argv[1:]], check=True, capture_output=True, text=True).stdout)
people = [json.loads(line) for line in open("out")]
names = {row: text for row, _, text in read["person.name"]}
assert names == {p["person"]: p["name"] for p in people}, (names, people)
assert sorted(t for _, _, t in read["sample.source"]) == sorted(s["source"] for p in people for s in p["samples"])
assert read["person.note"] == [[1, 0, "from the fourth floor"]] and read["person.member"] == [[1, 0, "rowing-club"]]
assert all(bytes.fromhex(t).startswith(b"\x89PNG") for _, _, t in read["chip.bytes"]) and len(read["chip.bytes"]) == 2
END
run 0 "$KAO" gallery export --key-file "$KEY" all.jsonl
err_has "is not encrypted"
err_one_line
python3 - "$SEALED" people.kao "$KEY" <<'END' || fails "vectors that another program reads"
import json, struct, subprocess, sys
read = json.loads(subprocess.run([sys.executable, *sys.argv[1:]], check=True, capture_output=True, text=True).stdout)
lines = [json.loads(line) for line in open("all.jsonl")]
want = [[struct.pack("<%df" % len(v), *v).hex() for v in s["vectors"]] for p in lines[1:] for s in p["samples"]]
got = {(row, part): text for row, part, text in read["vector.numbers"]}
assert [[got[i + 1, m + 1] for m in range(2)] for i in range(len(want))] == want and len(got) == 2 * len(want)
END
fact "docs/gallery.md is enough to read it: names, sources, vectors to the last bit"

# ---- from one to the other ----

run 0 "$KAO" forget --key-file "$KEY" "Ben 顔顔顔"
out_has ": 0 found"
run 0 "$KAO" gallery decrypt --key-file "$KEY"
in_files "Annabella" && in_files "ana_1.jpg" || fails "it is in the clear"
run 0 "$KAO" people
out_has "Annabella Test"
run 3 "$KAO" people --key-file "$KEY"
err_has "is not encrypted"
run 0 "$KAO" gallery encrypt --key-file new.key
out_has ": 0 found"
for text in Annabella fourth rowing ana_1.jpg; do
    in_files "$text" && fails "$text is in the files"
done
run 3 "$KAO" gallery encrypt --key-file new.key
err_has "is encrypted already"
run 0 "$KAO" gallery rekey --key-file new.key --new-key-file newer.key
out_has ": 0 found"
run 3 "$KAO" people --key-file new.key
run 0 "$KAO" people --key-file newer.key
out_has "Annabella Test"
run 0 "$KAO" gallery verify --key-file newer.key
run 0 "$KAO" gallery export --key-file newer.key again.jsonl
grep -v "Ben 顔顔顔" all.jsonl >without.jsonl
cmp -s without.jsonl again.jsonl || fails "it says what it said"
fact "decrypted, encrypted, with another key: all of it is there, and nothing in the files of what was in the clear"
finish
