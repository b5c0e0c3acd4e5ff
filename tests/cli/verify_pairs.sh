#!/bin/sh
# kao verify --pairs: DETECTOR EMBEDDER
. "$(dirname "$0")/lib.sh"
take_models "$@"
[ $faces = no ] || [ $people = yes ] || skip "verify of photographs needs models/kao-face.onnx"
cd "$work" || exit 1

cp "$a" one.jpg && cp "$c" two.jpg
mkdir "with space" && cp "$a" "with space/顔 1.jpg"
{
    printf '%s\t%s\r\n' "$a" "$b"
    printf '\n\r\n'
    printf 'one.jpg two.jpg\n'
    printf '%s\tmissing.jpg\n' "$a"
    printf 'with space/顔 1.jpg\t%s\n' "$a"
    printf '%s\t%s\n' "$b" "$b"
    printf 'missing.jpg\t%s' "$a"
} >pairs.txt
run 3 "$KAO" verify --pairs pairs.txt --json
lines 6 out
check verify out
err_has "missing.jpg: No such file or directory"
err_one_line
sed -n 3p out | grep -q '"similarity":null' || fails "third"
sed -n 4p out | grep -qF 'with space/顔 1.jpg' || fails "fourth"
cp out first
fact "--pairs: tab, space, CRLF, empty lines, spaces and kanji in names; order kept; a missing picture gives an error object, one message, and the run goes on; status 3"
run 3 "$KAO" verify --pairs pairs.txt --json -j 4
check without-ms out >j4
check without-ms first >j1
same j1 j4
run 3 "$KAO" verify --pairs pairs.txt --json --threads 1
check without-ms out >t1
run 3 "$KAO" verify --pairs pairs.txt --json --threads 2
check without-ms out >t2
same t1 j1
same t2 j1
fact "the same output for -j 1 and -j 4, --threads 1 and 2, to the last digit"
run 3 sh -c 'cd "$1" && "$0" verify --pairs - --json <pairs.txt' "$KAO" "$work"
check without-ms out >stdin
same stdin j1
fact "--pairs - reads standard input"
printf '%s\t%s\n%s\tblank.png\n' "$a" "$c" "$a" >p2
run 2 "$KAO" verify --pairs p2
err_has "blank.png: no face found"
printf '%s\t%s\n' "$a" "$c" >p1
run 1 "$KAO" verify --pairs p1
printf '%s\t%s\n' "$a" "$b" >p0
run 0 "$KAO" verify --pairs p0
lines $said out
fact "the status of a list is its highest: 0, 1, 2"
for text in 'a.jpg' 'a.jpg\t' '\tb.jpg' 'a\tb\tc' ' b'; do
    printf "$text\n" >bad.txt
    run 3 "$KAO" verify --pairs bad.txt
    err_has "bad.txt: line 1 is not two paths"
    err_one_line
done
printf 'a b c\n' >bad.txt
run 3 "$KAO" verify --pairs bad.txt
err_has "bad.txt: line 1 has no tab and several spaces"
err_one_line
printf 'ok\tfine\n\nmy photo.jpg  other.jpg\n' >bad.txt
run 3 "$KAO" verify --pairs bad.txt
err_has "line 3 has no tab and several spaces"
printf '\357\273\277%s\t%s\n' "$a" "$b" >marked.txt
run 0 "$KAO" verify --pairs marked.txt --json
check verify out "a=$a" "b=$b" same=true
fact "a byte order mark is skipped; several spaces and no tab are an error that says so"
printf '%s\t%s\r%s\t%s\r' "$a" "$b" "$a" "$c" >bad.txt
run 3 "$KAO" verify --pairs bad.txt
err_has "bad.txt: line 1 has a carriage return inside"
lines 0 out
fact "lines that end in CR alone are not taken for one"
printf '\n\n' >bad.txt
run 3 "$KAO" verify --pairs bad.txt
err_has "no pairs"
printf 'a\tb\n\0c\td\n' >bad.txt
run 3 "$KAO" verify --pairs bad.txt
err_has "not a text file"
run 3 "$KAO" verify --pairs none.txt
err_has "none.txt: No such file or directory"
fact "a malformed line is named by its number, status 3; so are an empty file, zero bytes, a missing file"
run 4 sh -c '"$0" verify --pairs "$1" --json >/dev/full' "$KAO" p0
fact "a list into a full disk is 4"

i=0
while [ $i -lt 600 ]; do
    printf '%s\t%s\n%s\t%s\n' "$a" "$b" "$c" "$a"
    i=$((i + 1))
done >many.txt
run 1 "$KAO" verify --pairs many.txt --json
lines 1200 out
sort -u out | sed 's/,"ms".*//' | sort -u >kinds
lines 2 kinds
fact "1,200 pairs of three pictures: each picture is read once, each line is there"

mkdir many
i=0
while [ $i -lt 1500 ]; do # so many that the signal comes in the middle
    ln -s "$a" "many/$i.jpg"
    printf '%s/many/%s.jpg\t%s/many/0.jpg\n' "$work" $i "$work"
    i=$((i + 1))
done >long.txt
mkdir clean
check interrupt clean 3 "$KAO" verify --pairs ../long.txt --json
check interrupt clean 3 "$KAO" verify --pairs ../long.txt --json -j 3
fact "Ctrl-C in the middle of a list ends the program by the signal; no files are left"
printf '%s\t%s\n%s\t%s\n' "$a" "$c" "$b" "$c" >progress.txt
if "${PYTHON:-python3}" -c 'import pty; pty.openpty()' 2>/dev/null; then
    run 0 env KAO_PROGRESS_MS=0 "${PYTHON:-python3}" "$CHECK" on-terminal shown \
        "$KAO" verify --pairs progress.txt --json
    grep -q '[0-9]/3' shown || fails "no progress on the terminal"
    run 0 env KAO_PROGRESS_MS=1e9 "${PYTHON:-python3}" "$CHECK" on-terminal shown \
        "$KAO" verify --pairs progress.txt --json
    [ ! -s shown ] || fails "progress before its time"
else
    echo "left out: progress on a terminal (this system has no pseudo-terminals)"
fi
run 1 env KAO_PROGRESS_MS=0 "$KAO" verify --pairs progress.txt --json
lines 0 err
fact "a list that takes long shows progress on a terminal, and only there"
finish
