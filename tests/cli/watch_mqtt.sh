#!/bin/sh
# kao watch --mqtt: a broker on the loopback is told
. "$(dirname "$0")/lib.sh"
inside kao-face && inside kao-detect || skip "watching needs the models inside"
cd "$work" || exit 1
P=$PICTURES
export XDG_DATA_HOME="$work/data"
unset KAO_GALLERY KAO_MQTT

mkdir shots
for i in 1 2 3 4 5; do cp "$P/ana_1.jpg" "shots/a$i.jpg"; done
for url in localhost http://localhost mqtt:// mqtt://:1883 mqtt://h:0 mqtt://h:65536 mqtt://h:x mqtt://h/a%2 mqtt://h/+ mqtt://h/a%00 \
    "mqtt://[::1" "mqtt://[::1]x" mqtt://:secret@localhost; do
    run 3 "$KAO" watch shots --fps 4 --mqtt "$url"
    err_one_line
done
if [ "${MQTT-no}" != yes ]; then
    run 3 "$KAO" watch shots --fps 4 --mqtt mqtt://localhost
    err_has "built without libmosquitto"
    fact "a build without libmosquitto says so"
    finish
fi
err_has "wanted mqtt://"
fact "an address that is none is refused, before anything is watched"

broker=$(PATH=$PATH:/usr/sbin command -v mosquitto) && command -v mosquitto_sub >/dev/null 2>&1 ||
    skip "no broker to tell: mosquitto and mosquitto-clients are not installed"
port=$("${PYTHON:-python3}" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
run 3 "$KAO" watch shots --fps 4 --mqtt "mqtt://127.0.0.1:$port"
err_has "127.0.0.1:$port: Connection refused"
err_one_line

cat >broker.conf <<C
listener $port 127.0.0.1
user $(id -un)
password_file $work/passwords
C
: >passwords
chmod 600 passwords
"$(command -v mosquitto_passwd)" -b passwords "me@home" 'a/b:c' 2>/dev/null
brokers=
listeners=
begin_broker() { # NAME: of its configuration
    "$broker" -c "$1.conf" -v >broker.log 2>&1 &
    broker_id=$!
    brokers="$brokers $broker_id"
    until grep -q "Opening ipv4 listen socket" broker.log && ! grep -q Error broker.log; do
        kill -0 $broker_id 2>/dev/null || skip "the broker does not start: $(tail -n 1 broker.log)"
        sleep 0.1
    done
}
trap 'kill $brokers $listeners 2>/dev/null; rm -rf "$work"' EXIT
begin_broker broker
plain=$broker_id
listen() { # FILE: all that is told, a line "TOPIC TEXT"
    : >"$1"
    mosquitto_sub -h 127.0.0.1 -p "$port" -u me@home -P a/b:c -v -t '#' >"$1" 2>&1 &
    listeners="$listeners $!"
    until grep -q "^mark here" "$1"; do # it hears
        mosquitto_pub -h 127.0.0.1 -p "$port" -u me@home -P a/b:c -t mark -m here
        sleep 0.1
    done
}
heard() { # FILE PATTERN: wait for it, however long that takes
    until grep -q "$2" "$1"; do sleep 0.1; done
}
run 3 "$KAO" watch shots --fps 4 --mqtt "mqtt://me:wrong@127.0.0.1:$port"
err_has "not authori"
err_one_line
fact "no broker, or one that lets nobody in: a line"

run 0 "$KAO" enroll "Ana/Maria #1" "$P/ana_2.jpg"
listen heard
run 0 "$KAO" watch shots --fps 4 --json --mqtt "mqtt://me%40home:a%2Fb%3Ac@127.0.0.1:$port"
heard heard "^kao/available offline"
"${PYTHON:-python3}" - <<'PY' || fails "$(cat heard)"
import json
lines = [l.rstrip("\n").split(" ", 1) for l in open("heard") if not l.startswith("mark")]
said = [json.loads(l) for l in open("out")]
events = [json.loads(t) for topic, t in lines if topic == "kao/events/shots"]
assert events == said and len(said) == 3, (events, said)
matches = [l for l in lines if l[0].startswith("kao/matches/")]
assert len(matches) == 1, matches
level = [l.split(" {")[0] for l in open("heard") if l.startswith("kao/matches/")]
assert level == ["kao/matches/Ana_Maria _1"], level
who = [json.loads(t) for topic, t in lines if topic == "kao/cameras/shots"]
assert [w["count"] for w in who][-1] == 0 and any(w["people"] and w["people"][0]["name"] == "Ana/Maria #1" for w in who), who
assert lines[0] == ["kao/available", "online"] and lines[-1] == ["kao/available", "offline"], lines
PY
fact "events, matches, who is there: each under its topic, then offline"

KAO_MQTT="mqtt://me%40home:a%2Fb%3Ac@127.0.0.1:$port/house/cam%20era" run 0 "$KAO" watch shots --fps 4 --camera "door/1"
heard heard "^house/cam era/available offline"
grep -q '^house/cam era/events/door_1 {"event":"appear"' heard || fails "another prefix: $(cat heard)"
fact "another prefix, another name, from the environment"

# a host of IPv6: one level by its address
cat >serve6.py <<'PY'
import functools, http.server, socket
class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6
handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory="clip")
try:
    server = Server(("::1", 0), handler)
except OSError:
    print("none", flush=True)
else:
    print(server.server_address[1], flush=True)
    server.serve_forever()
PY
mkdir clip
"$MAKE_CLIP" lone clip/lone.y4m clip/truth.txt
"${PYTHON:-python3}" serve6.py >port6 2>/dev/null &
brokers="$brokers $!"
until [ -s port6 ]; do sleep 0.1; done
if [ "$(cat port6)" != none ]; then
    run 0 "$KAO" watch "http://[::1]:$(cat port6)/lone.y4m" --once --seconds 1 --no-gallery --mqtt "mqtt://me%40home:a%2Fb%3Ac@127.0.0.1:$port/six"
    heard heard "^six/available offline"
    grep -q '^six/cameras/::1 {"camera":"::1"' heard || fails "a host of IPv6: $(cat heard)"
    fact "a source by an address of IPv6 is called by it"
fi

if command -v openssl >/dev/null 2>&1; then
    openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 2 -subj /CN=here \
        -addext basicConstraints=critical,CA:TRUE 2>/dev/null
    openssl req -newkey rsa:2048 -nodes -keyout leaf.key -out leaf.csr -subj /CN=localhost 2>/dev/null
    echo "subjectAltName=DNS:localhost" >leaf.ext
    openssl x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile leaf.ext -out leaf.pem 2>/dev/null
    secret=$("${PYTHON:-python3}" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
    cat >tls.conf <<C
listener $secret 127.0.0.1
user $(id -un)
allow_anonymous true
certfile $work/leaf.pem
keyfile $work/leaf.key
C
    begin_broker tls
    SSL_CERT_FILE="$work/ca.pem" run 0 "$KAO" watch shots --fps 4 --mqtt "mqtts://localhost:$secret"
    run 3 "$KAO" watch shots --fps 4 --mqtt "mqtts://localhost:$secret"
    err_one_line
    err_has "--mqtt: localhost:$secret: "
    SSL_CERT_FILE="$work/ca.pem" run 3 "$KAO" watch shots --fps 4 --mqtt "mqtts://127.0.0.1:$secret"
    err_one_line
    fact "mqtts: a broker whom an authority of this machine stands for, under its name"
    kill $broker_id
    wait $broker_id 2>/dev/null
fi

# Pictures enough for as long as this takes; it is stopped by a signal.
mkdir long
i=10000
while [ $i -lt 14000 ]; do ln -s "$P/ana_1.jpg" "long/$i.jpg"; i=$((i + 1)); done
begin_long() { # PREFIX
    "$KAO" watch long --fps 4 --mqtt "mqtt://me%40home:a%2Fb%3Ac@127.0.0.1:$port/$1" >out 2>err &
    pid=$!
    brokers="$brokers $pid"
}
begin_long killed
heard heard "^killed/available online"
kill -9 $pid
wait $pid 2>/dev/null
heard heard "^killed/available offline"
fact "killed: the broker says that it is offline"

begin_long away
heard heard "^away/available online"
kill $plain
wait $plain 2>/dev/null
heard err "is away; trying again"
begin_broker broker
heard err "is there again"
listen later
kill -INT $pid
status=0
wait $pid || status=$?
[ $status = 0 ] || fails "status $status: $(cat err)"
heard later '^away/events/long {"event":"leave"'
heard later "^away/available offline"
grep -q "did not reach" err && fails "messages are lost: $(cat err)"
fact "a broker that was away is found again, and told the rest"
finish
