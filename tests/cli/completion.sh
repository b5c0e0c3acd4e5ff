#!/bin/sh
# kao completion and kao manual
. "$(dirname "$0")/lib.sh"
cd "$work" || exit 1

"$KAO" --help >usage
sed -n '/^  [a-z]/s/^  \([a-z]*\) .*/\1/p' usage >commands
[ "$(wc -l <commands)" -ge 12 ] || fails "commands: $(cat commands)"
for c in $(cat commands); do
    "$KAO" "$c" --help | sed -n 's/^.*  *\(--[a-z][a-z-]*\).*/\1/p;' | sed 's/ .*//' | sort -u >"options.$c"
done

# ---- bash: what is offered behind some words ----

if command -v bash >/dev/null; then
    "$KAO" completion bash >kao.bash
    offers() { # WORD...: the last one is being typed
        bash --norc -c '. ./kao.bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _kao 2>/dev/null; printf "%s\n" "${COMPREPLY[@]}"' bash "$@" | grep -v "^$"
    }
    for c in $(cat commands); do
        offers kao "$c" | grep -qx "$c" || fails "bash offers no $c"
        offers kao "$c" -- >got
        for o in $(cat "options.$c"); do
            grep -qx -- "$o" got || fails "bash: kao $c has no $o"
        done
    done
    [ "$(offers kao verify --tta s)" = sum ] || fails "the words of an option"
    [ "$(offers kao model run --passes '' | tr '\n' ' ')" = "none all " ] || fails "LIST is no word"
    [ "$(offers kao embed -f '' | tr '\n' ' ')" = "largest center best all error " ] || fails "N is no word"
    [ "$(offers kao model ru)" = run ] || fails "the words of an operand"
    [ "$(offers kao eval -m x identi)" = "" ] || fails "an operand's words elsewhere"
    [ -z "$(offers kao verify --far '')" ] || fails "a number is offered"
    : >"a name 顔.jpg"
    [ "$(offers kao detect "a n")" = "a name 顔.jpg" ] || fails "a file with spaces"
    [ "$(offers kao detect -d "a n")" = "a name 顔.jpg" ] || fails "a file as an option's value"
    fact "bash: every command and option, words of options and operands, files with spaces and kanji"
fi
for shell in zsh fish; do
    "$KAO" completion $shell >"kao.$shell"
    for c in $(cat commands); do
        grep -q -- "$c" "kao.$shell" || fails "$shell: no $c"
    done
    for o in far tta no-detect; do
        grep -q -- "$o" "kao.$shell" || fails "$shell: no --$o"
    done
    if command -v $shell >/dev/null; then
        $shell -n "kao.$shell" || fails "$shell does not read it"
    fi
done
run 3 "$KAO" completion csh
err_has "wanted bash, zsh or fish"
run 3 "$KAO" completion
run 4 sh -c '"$1" completion bash >/dev/full' sh "$KAO"
fact "zsh and fish have the commands; another shell is refused"

# ---- the manual ----

"$KAO" manual >kao.1
for c in $(cat commands); do
    grep -q "^.SS \"kao $c\"" kao.1 || fails "the manual has no kao $c"
    for o in $(cat "options.$c"); do
        [ "$o" = --help ] || grep -qF -- "$(echo "$o" | sed 's/-/\\-/g')" kao.1 || fails "the manual has no $o"
    done
done
! grep -v '^\.fi$' kao.1 | grep "^[.'][^A-Zn.]" || fails "a line that roff takes for a request"
if command -v groff >/dev/null && [ -e /usr/share/groff/current/tmac/an.tmac ]; then
    groff -man -ww -z kao.1 >said 2>&1
    [ ! -s said ] || fails "groff: $(head -n 3 said)"
fi
for v in KAO_MODELS KAO_CPU KAO_PROGRESS_MS KAO_GALLERY KAO_GALLERY_KEY_FILE KAO_MQTT XDG_DATA_HOME; do
    grep -q "^\.B $v\b" kao.1 || fails "the manual has no $v"
done
run 3 "$KAO" manual verify
fact "the manual has every command and option, and groff takes it as it is"
finish
