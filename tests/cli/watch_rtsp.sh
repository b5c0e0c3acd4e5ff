#!/bin/sh
# kao watch rtsp://: a stream on the loopback, in real time, that ends, is lost and comes back
. "$(dirname "$0")/lib.sh"
inside kao-face && inside kao-detect || skip "watching needs the models inside"
[ "${MEDIA-no}" = yes ] || skip "a build without FFmpeg"
cd "$work" || exit 1
unset KAO_GALLERY
server=
trap 'kill $server 2>/dev/null; rm -rf "$work"' EXIT
serve() { # PORT
    : >port
    /usr/bin/python3 "$(dirname "$CHECK")/rtsp.py" "$PICTURES/clip.mp4" "$1" >port 2>server.log &
    server=$!
    while [ ! -s port ]; do
        kill -0 $server 2>/dev/null || {
            wait $server
            [ $? = 77 ] && skip "no RTSP server: gir1.2-gst-rtsp-server-1.0 and its plugins are not installed"
            cat server.log
            exit 1
        }
        sleep 0.1
    done
}
[ -x /usr/bin/python3 ] || skip "no /usr/bin/python3, whose modules have the server"
serve 0
address="rtsp://127.0.0.1:$(cat port)/clip"
# the clip is 12 seconds long, and told as it is recorded
run 0 "$KAO" watch "$address" --no-gallery --once --json
[ "$(grep -c '"event":"leave"' out)" -ge 2 ] || fails "who was there: $(cat out)"
grep -Eq '"wall":[0-9]{10}[.][0-9]' out || fails "wall time: $(cat out)"
fact "an RTSP stream is watched to its end"
run 3 "$KAO" watch "rtsp://127.0.0.1:$(cat port)/none" --no-gallery --once
err_one_line
fact "one that is not there: a line"

"$KAO" watch "$address" --no-gallery >out 2>err </dev/null &
watcher=$!
until grep -q appear out; do
    kill -0 $watcher 2>/dev/null || { fails "it ended: $(cat err)"; break; }
    sleep 0.1
done
port=$(cat port)
kill $server
wait $server 2>/dev/null
until grep -q "trying again" err || ! kill -0 $watcher 2>/dev/null; do sleep 0.1; done
serve "$port"
until grep -q "is there again" err || ! kill -0 $watcher 2>/dev/null; do sleep 0.1; done
kill -INT $watcher
status=0
wait $watcher || status=$?
[ $status = 0 ] || fails "status $status after Ctrl-C: $(cat err)"
err_has "trying again"
err_has "is there again"
fact "a server that stops and starts again is found again; Ctrl-C ends watching"
finish
