#!/bin/sh
# The service file is one that systemd takes, and holds the program as tightly as it says.
# service.sh FILE PROGRAM: the file as it is installed, the program that was built.
set -u
file=$1 program=$2
command -v systemd-analyze >/dev/null 2>&1 || {
    echo "SKIP: systemd-analyze is not installed"
    exit 77
}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
# it looks for the program, which is not installed yet
sed "s|^ExecStart=\"[^\"]*\"|ExecStart=\"$program\"|" "$file" >"$work/kao.service"
systemd-analyze verify --man=no "$work/kao.service" >"$work/said" 2>&1 && [ ! -s "$work/said" ] || {
    cat "$work/said"
    echo "NOT TRUE: systemd takes it without a word"
    exit 1
}
echo "ok: systemd takes it without a word"
# 100 is a service that may do all, 0 one that may do nothing; a network server cannot be below 5 or so
systemd-analyze security --offline=true --threshold=15 "$work/kao.service" >"$work/said" 2>&1 || {
    grep '✗' "$work/said"
    tail -n 1 "$work/said"
    echo "NOT TRUE: its exposure is 1.5 of 10 at most"
    exit 1
}
echo "ok: $(tail -n 1 "$work/said")"
# a word that systemd does not know is a warning, which has to be seen here
sed 's/^PrivateTmp=/PrivatTmp=/' "$work/kao.service" >"$work/wrong.service"
systemd-analyze verify --man=no "$work/wrong.service" >"$work/said" 2>&1
grep -q PrivatTmp "$work/said" || {
    echo "NOT TRUE: a wrong word is found"
    exit 1
}
echo "ok: a wrong word is found"
