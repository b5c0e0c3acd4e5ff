"""Cameras of the server's own, and events: what is told, what is kept, and what must not be."""
import contextlib
import http.server
import json
import os
import shutil
import sqlite3
import ssl
import subprocess
import sys
import tempfile
import threading
import time

from serving import KAO, PATIENCE, PICTURES, fact, is_error, main, need, openssl, picture, scene, serving

CLIP = os.path.join(PICTURES, "clip.mp4")
THREADS = "threads" in sys.argv[1:]  # under the thread sanitizer: what has threads in it, once
SHORT = os.environ.get("SHORT") == "yes" or THREADS
STREAM = {"Accept": "text/event-stream"}


def camera(s, name, states):
    """What the API says of a camera as soon as it is in one of these states."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        [c] = [c for c in s.get("/v1/cameras")[1]["cameras"] if c["name"] == name]
        if c["state"] in states:
            return c
        time.sleep(.02)
    raise AssertionError(f"camera {name} is not {states}: {c}")


def events(s, after=0, limit=1000):
    return s.get(f"/v1/events?after={after}&limit={limit}")[1]["events"]


def enrol(gallery, *names):
    for name in names:
        subprocess.run([KAO, "enroll", "--gallery", gallery, name, *(os.path.join(PICTURES, f"{name.lower()}_{i}.jpg") for i in (1, 2))],
                       capture_output=True, check=True)


@contextlib.contextmanager
def place():
    with tempfile.TemporaryDirectory(prefix="kao test 顔.") as folder:
        yield folder, os.path.join(folder, "people 顔.kao")


class Events:
    """A client of the stream, as a browser's EventSource reads it."""

    def __init__(self, s, query="", **headers):
        self.connection = s.connect()
        self.connection.request("GET", "/v1/events" + query, headers={**s.headers, **STREAM, **headers})
        self.answer = self.connection.getresponse()
        self.head = self.answer.headers

    def next(self):
        """(id, kind, data) of the next event; None: the stream has ended."""
        fields = {}
        while line := self.answer.readline().decode():
            name, _, value = line.rstrip("\n").partition(": ")
            if line != "\n":
                fields[name] = value
            elif "data" in fields:
                return int(fields["id"]), fields["event"], json.loads(fields["data"])
        return None

    def close(self):
        self.connection.close()


def short_clip(folder):
    """A few pictures: a folder is a source too, and soon over."""
    pictures = os.path.join(folder, "pictures")
    os.mkdir(pictures)
    for i in range(16):
        with open(os.path.join(pictures, f"{i:02}.jpg"), "wb") as f:
            f.write(picture("ana_3.jpg"))
    return pictures


def watched():
    with place() as (folder, gallery):
        enrol(gallery, "Ana", "Ben")
        source = short_clip(folder) if SHORT else CLIP
        with serving("--source", source, "--source", "nothing=" + os.path.join(folder, "no.mp4"), folder=folder) as s:
            stream = Events(s, "?after=0")
            need(stream.answer.status == 200 and stream.head["Content-Type"] == "text/event-stream", stream.head)
            c = camera(s, "1", ("ended",))
            need(c["camera"] == 1 and c["error"] is None and c["people"] == 0 and (SHORT or (c["frames"], c["width"]) == (300, 640)), c)
            no = camera(s, "nothing", ("failed",))
            need("no.mp4" in no["error"] and no["frames"] == 0, no)
            s.await_said(r"camera nothing \(.*no\.mp4\): failed: .*no\.mp4")
            fact("a file ends, one that is not there fails with a line, and says so in the API")

            page = events(s)
            run = subprocess.run([KAO, "watch", "--json", *(["--gallery", gallery]), source], capture_output=True, text=True, check=True)
            told = [json.loads(line) for line in run.stdout.splitlines()]
            mine = [{k: v for k, v in e.items() if k not in ("wall", "camera", "id")} for e in page]
            need(mine == told, "as kao watch tells", mine, told)
            need({e["name"] for e in page} >= ({"Ana"} if SHORT else {"Ana", "Ben"}) and all(e["camera"] == "1" for e in page), page)
            need(all(abs(e["wall"] - time.time()) < 2 * PATIENCE for e in page), page)
            need([e["id"] for e in page] == list(range(1, len(page) + 1)), page)
            need(events(s, page[0]["id"], 1) == [page[1]] and s.get(f"/v1/events?after={len(page)}")[1] == {"events": [], "next": len(page)}, "pages")
            need(events(s, -2) == page[-2:] and events(s, -10000) == page, "the last ones")
            streamed = [stream.next() for _ in page]
            need(streamed == [(e["id"], e["event"], e) for e in page], "the stream tells the same", streamed)
            stream.close()
            for query, head, first in (("?after=1", {}, 1), ("", {"Last-Event-ID": "2"}, 2), ("?after=0", {"Last-Event-ID": "2"}, 2)):
                again = Events(s, query, **head)
                need(again.next()[2] == page[first], "from", query, head)
                again.close()
            fact("events as kao watch tells them, by page and as a stream, from any id on")

            status, jpeg, head = s.get("/v1/cameras/1/picture")
            need(status == 200 and head["Content-Type"] == "image/jpeg" and jpeg[:2] == b"\xff\xd8" and head["Cache-Control"] == "no-store", head)
            need(s.post("/v1/detect", raw=jpeg)[1]["faces"], "somebody is on it")
            is_error(s.get("/v1/cameras/nothing/picture"), 409, "conflict")
            is_error(s.get("/v1/cameras/3/picture"), 404, "not_found")
            is_error(s.get("/v1/cameras/x/preview"), 404, "not_found")
            for method in ("POST", "PUT", "PATCH", "DELETE"):
                is_error(s.ask(method, "/v1/cameras"), 405, "method_not_allowed")
            for query in ("after=x", "after=-10001", "limit=0", "limit=1001", "limit=x"):
                is_error(s.get("/v1/events?" + query), 400, "invalid_argument")
            paths = s.get("/v1/openapi.json")[1]["paths"]
            need(all(p in paths for p in ("/v1/cameras", "/v1/cameras/{camera}/picture", "/v1/cameras/{camera}/preview", "/v1/events")), paths.keys())
            need("Ana" not in s.said() and "Ben" not in s.said(), "no names in the log", s.said())
            fact("the newest picture; cameras cannot be changed; what is wrong is refused")
            need(s.stop() == 0, "exit status")
        kept(folder, page)


def kept(folder, page):
    """The same gallery, a new start of the server."""
    with serving("--source", "b=" + os.path.join(folder, "no.mp4"), folder=folder) as s:
        again = Events(s, **{"Last-Event-ID": str(page[-2]["id"])})
        need(events(s) == page and again.next()[2] == page[-1], "after a new start")
        again.close()
        beyond = Events(s, "?after=1000000")  # of some other gallery
        ana = next(e["person"] for e in page if e["name"] == "Ana")
        need(s.ask("PATCH", f"/v1/people/{ana}", json.dumps({"name": "Ana 花"}), {"Content-Type": "application/json"})[0] == 200, "renamed")
        need({e["name"] for e in events(s) if e["person"] == ana} == {"Ana 花"}, "names as they are now")
        gone = {e["track"] for e in page if e["person"] == ana} | {e["was"] for e in page if e["person"] == ana and "was" in e}
        receipt = s.ask("DELETE", f"/v1/people/{ana}?forget=true")[1]["receipt"]
        need(receipt["traces"] == 0, receipt)
        left = events(s)
        need([e["id"] for e in left] == [e["id"] for e in page if e["track"] not in gone], "all of her tracks are gone", left)
        beyond.close()
        with contextlib.closing(sqlite3.connect(s.gallery)) as base, base:
            base.execute("INSERT INTO event(trail, text) VALUES ('another program', 'no JSON')")
        status, body, _ = s.get("/v1/events?after=0&limit=1000")
        need(status == 200 and body["events"] == left and body["next"] > page[-1]["id"], "what is no JSON is passed", status, body)
        fact("events outlive the server, have the names of now, and are forgotten with the person")
        need(s.stop() == 0, "exit status")


def forgotten():
    with place() as (folder, gallery):
        enrol(gallery, "Ana")
        with serving("--source", "a=" + short_clip(folder), folder=folder) as s:
            camera(s, "a", ("ended",))
            need(s.get("/v1/cameras/a/picture")[0] == 200, "its last picture")
            [ana] = s.get("/v1/people")[1]["people"]
            need(s.ask("DELETE", f"/v1/people/{ana['person']}?forget=true")[0] == 200, "forgotten")
            is_error(s.get("/v1/cameras/a/picture"), 409, "conflict")
            need(s.stop() == 0, "exit status")
    fact("the picture of a camera goes when somebody is forgotten")


class Camera:
    """A camera of the network, as far as FFmpeg can tell: the clip, again and again, for who has the password."""

    def __init__(self):
        clip, me = scene(25) if SHORT else picture("clip.mp4"), self
        self.asked, self.there = [], threading.Event()
        self.there.set()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                me.asked.append((self.path, self.headers["Authorization"]))
                known = self.headers["Authorization"] is not None
                self.send_response(503 if not me.there.is_set() else 200 if known else 401)
                self.send_header("Content-Type", "video/mp4")
                self.send_header("WWW-Authenticate", 'Basic realm="camera"')
                self.end_headers()
                with contextlib.suppress(OSError):
                    if me.there.is_set() and known:
                        self.wfile.write(clip)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.port = self.server.server_port

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def parts(answer, n):
    """JPEGs of multipart/x-mixed-replace."""
    found = []
    while len(found) < n:
        line = answer.readline()
        need(line, "the stream has ended")
        if line == b"--kao-picture\r\n":
            need(answer.readline() == b"Content-Type: image/jpeg\r\n", "its type")
            length = int(answer.readline().split(b":")[1])
            need(answer.readline() == b"\r\n", "a head's end")
            found.append(answer.read(length))
    return found


def network():
    door = Camera()
    secret, token = "geh@eim/77", "token88"
    address = f"http://admin:{secret.replace('@', '%40').replace('/', '%2F')}@127.0.0.1:{door.port}/stream.mp4?key={token}"
    with place() as (folder, gallery):
        enrol(gallery, "Ana")
        door.there.clear()
        with serving("--source", "玄関=" + address, folder=folder) as s:
            c = camera(s, "玄関", ("waiting",))
            need(c["source"] == f"http://127.0.0.1:{door.port}/stream.mp4" and c["error"], c)
            s.await_said(r"camera 玄関 \(http://127\.0\.0\.1:[0-9]+/stream\.mp4\): waiting: .*trying again")
            stream = Events(s)
            preview = s.connect()
            preview.request("GET", "/v1/cameras/%E7%8E%84%E9%96%A2/preview")
            shown = preview.getresponse()
            need(shown.status == 200 and shown.headers["Content-Type"] == "multipart/x-mixed-replace; boundary=kao-picture", shown.headers)
            door.there.set()
            need(camera(s, "玄関", ("running",))["error"] is None, "it is there")
            for jpeg in parts(shown, 2):
                need(jpeg[:2] == b"\xff\xd8" and jpeg[-2:] == b"\xff\xd9", "a JPEG")
            first = stream.next()
            need(first[1] == "appear" and abs(first[2]["wall"] - time.time()) < PATIENCE and first[2]["camera"] == "玄関", first)
            need(("/stream.mp4?key=" + token, "Basic YWRtaW46Z2VoQGVpbS83Nw==") in door.asked, "the camera gets its password", door.asked)
            fact("a camera that comes later: its pictures and events come as they are")
            camera(s, "玄関", ("waiting",))  # the clip is over: it is opened again
            camera(s, "玄関", ("running",))
            fact("one that is lost is opened again")
            said = s.said() + json.dumps(s.get("/v1/cameras")[1]) + json.dumps(events(s)) + json.dumps(s.get("/v1/openapi.json")[1])
            need(not any(w in said for w in ("geh@", "geh%40", "eim/77", "eim%2F77", "admin", token)), "its password is told nowhere", said)
            for path in (gallery, gallery + "-wal"):
                with open(path, "rb") as f:
                    content = f.read()
                need(b"admin" not in content and token.encode() not in content, "nor kept")
            need(s.stop() == 0, "exit status")
            while stream.next() is not None:
                pass
            preview.close()
            fact("user and password are neither told nor kept; SIGTERM ends streams and cameras")
    door.close()


def slow():
    with place() as (folder, gallery), serving("--source", "a=" + short_clip(folder), "-j", "1", folder=folder) as s:
        camera(s, "a", ("ended",))
        idle = []
        while len(idle) < 70:
            c = s.connect()
            c.request("GET", "/v1/events?after=0", headers=STREAM)
            answer = c.getresponse()
            if answer.status != 200:
                need(answer.status == 503 and int(answer.headers["Retry-After"]) > 0, answer.status)
                answer.read()
                c.close()
                break
            idle.append((c, answer))
        need(len(idle) == 64, "sixty-four at a time", len(idle))
        need(s.post("/v1/detect", raw=picture("ana_1.jpg"))[0] == 200, "requests go on, with one worker")
        for c, answer in idle:
            answer.close()
            c.close()
        end = time.monotonic() + PATIENCE
        while (again := try_stream(s)) != 200:
            need(time.monotonic() < end, "places that were left are free again", again)
            time.sleep(.1)
        fact("streams without a reader hold nobody up; more than 64 are told to come again; their places come free")
        need(s.stop() == 0, "exit status")


def try_stream(s):
    c = s.connect()
    c.request("GET", "/v1/events", headers=STREAM)
    answer = c.getresponse()
    answer.close()
    c.close()
    return answer.status


def keys():
    def key(*words):
        return subprocess.run([KAO, "key", *words, "--gallery", gallery], capture_output=True, text=True, check=True).stdout.strip()

    with place() as (folder, gallery):
        enrol(gallery, "Ana")
        text, other = key("add", "door"), key("add", "phone")
        with serving("--source", "a=" + short_clip(folder), folder=folder) as s:
            for path in ("/v1/cameras", "/v1/cameras/a/picture", "/v1/cameras/a/preview", "/v1/events"):
                is_error(s.get(path), 401, "key_needed")
                is_error(s.get(path, headers={"x-api-key": "0" * 32, **STREAM}), 401, "key_wrong")
            cookie = s.post("/v1/session", json_body={"key": text})[2]["Set-Cookie"].split(";")[0]
            s.headers = {"Cookie": cookie}
            camera(s, "a", ("ended",))
            stream = Events(s, "?after=0")
            need(stream.next(), "a browser's cookie opens the stream")
            beside = Events(s, "?after=0", **{"x-api-key": other})
            need(beside.next(), "a key, too")
            key("revoke", "door")
            while stream.next() is not None:
                pass
            is_error(s.get("/v1/events"), 401, "key_needed")
            need(s.get("/v1/cameras", headers={"x-api-key": other, "Cookie": ""})[0] == 200, "the other key")
            beside.close()
            fact("keys are demanded; a stream ends when its key is revoked")
            need(s.stop() == 0, "exit status")


class Receiver:
    """What webhooks lead to."""

    def __init__(self, tls=None):
        me = self
        self.status, self.got, self.heads, self.paths = 503, [], [], []

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status = me.status
                me.paths.append(self.path)
                me.heads.append(self.headers)
                if status == 200:
                    me.got.append(body)
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", "/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_GET = do_POST

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        if tls:
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.port = self.server.server_port

    def await_events(self, n):
        end = time.monotonic() + PATIENCE
        while len(self.got) < n:
            need(time.monotonic() < end, "never sent", self.got)
            time.sleep(.02)
        return self.got


def webhooks():
    if os.environ["CURL"] != "yes":
        with place() as (folder, gallery):
            run = subprocess.run([KAO, "serve", "--port", "0", "--gallery", gallery, "--webhook", "http://127.0.0.1/"],
                                 capture_output=True, text=True, check=False, timeout=PATIENCE)
        need(run.returncode == 3 and "libcurl" in run.stderr, run)
        fact("no webhooks in this build: a line that says so")
        return
    door = Receiver()
    hook = f"http://me:geheim77@127.0.0.1:{door.port}/hook?token=tok99"
    with place() as (folder, gallery):
        enrol(gallery, "Ana")
        source = short_clip(folder)
        with serving("--source", "a=" + source, "--webhook", hook, "--webhook", "http://127.0.0.1:9/", folder=folder) as s:
            camera(s, "a", ("ended",))
            s.await_said(rf"webhook 1 \(http://127\.0\.0\.1:{door.port}/hook\): it answers 503; trying again")
            s.await_said(r"webhook 2 \(http://127\.0\.0\.1:9/\): .*trying again")
            door.status = 200
            page = events(s)
            need(door.await_events(len(page)) == page, "each event, in order", door.got)
            s.await_said("it takes events again")
            need(set(door.paths) == {"/hook?token=tok99"} and door.heads[-1]["Content-Type"] == "application/json", door.paths)
            need(door.heads[-1]["Authorization"] == "Basic bWU6Z2VoZWltNzc=", "with its password")
            need("geheim77" not in s.said() and "tok99" not in s.said() and "Ana" not in s.said(), s.said())
            fact("a webhook that comes late gets each event, one that is not there holds up nothing")
            need(s.stop() == 0, "exit status")
        if THREADS:  # all kinds of threads have run
            return
        door.status, before = 503, len(door.heads)
        with serving("--source", "a=" + source, "--webhook", hook, folder=folder) as s:
            camera(s, "a", ("ended",))
            more = events(s, page[-1]["id"])
            s.await_said("it answers 503")
            need(more and s.stop() == 0, "exit status")
        need(len(door.got) == len(page) and len(door.heads) > before, "nothing was taken")
        door.status = 200
        with serving("--webhook", hook, folder=folder) as s:
            need(door.await_events(len(page) + len(more)) == page + more, "after a new start", door.got)
            need(s.stop() == 0, "exit status")
        fact("what was not sent is sent after a new start of the server")
        for status in (302, 400):
            door.status = status
            with serving("--source", "a=" + source, "--webhook", hook, folder=folder) as s:
                s.await_said(rf"event [0-9]+ was refused: {status}", 2)
                need(s.stop() == 0, "exit status")
        need(set(door.paths) == {"/hook?token=tok99"}, "no other address is asked", door.paths)
        fact("an event that is refused is left out, and a redirection leads nowhere")
        for urls in (["ftp://127.0.0.1/"], ["http://"], ["127.0.0.1"], ["file:///etc/passwd"], ["http://127.0.0.1/"] * 9):
            run = subprocess.run([KAO, "serve", "--port", "0", "--gallery", gallery, *(w for x in urls for w in ("--webhook", x))],
                                 capture_output=True, text=True, check=False, timeout=PATIENCE)
            need(run.returncode == 3 and run.stderr.startswith("kao serve: --webhook") and run.stderr.count("\n") == 1, urls, run)
        fact("what is no address: a line each")


def authority(folder, name):
    """A CA of its own, and what a listener on 127.0.0.1 has by it: the CA's file, the listener's."""
    at = {n: os.path.join(folder, f"{name}.{n}") for n in ("ca.key", "ca.crt", "key", "csr", "crt", "ext")}
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl("req", "-x509", *curve, "-keyout", at["ca.key"], "-out", at["ca.crt"], "-days", "9", "-subj", f"/CN=CA {name}")
    openssl("req", *curve, "-keyout", at["key"], "-out", at["csr"], "-subj", "/CN=listener")
    with open(at["ext"], "w", encoding="utf-8") as f:
        f.write("subjectAltName=IP:127.0.0.1\n")
    openssl("x509", "-req", "-in", at["csr"], "-CA", at["ca.crt"], "-CAkey", at["ca.key"], "-CAcreateserial", "-days", "9",
            "-extfile", at["ext"], "-out", at["crt"])
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(at["crt"], at["key"])
    return at["ca.crt"], tls


def https():
    if os.environ["CURL"] != "yes" or not shutil.which("openssl"):
        print("SKIP: webhooks by HTTPS: " + ("no openssl" if os.environ["CURL"] == "yes" else "none in this build"))
        return
    with place() as (folder, gallery):
        enrol(gallery, "Ana")
        source = short_clip(folder)
        (ca, tls), (other, _) = authority(folder, "own"), authority(folder, "other")
        door = Receiver(tls)
        door.status = 200
        hook, named = f"https://127.0.0.1:{door.port}/hook?token=tok99", f"https://localhost:{door.port}/hook"
        refusal = "its certificate is of another name, or by nobody who is trusted"
        for url, trusted in ((hook, []), (hook, ["--webhook-ca", other]), (named, ["--webhook-ca", ca])):
            with serving("--source", "a=" + source, "--webhook", url, *trusted, folder=folder) as s:
                s.await_said(rf"webhook 1 \({url.split('?')[0]}\): {refusal} \(--webhook-ca\); trying again\n")
                camera(s, "a", ("ended",))
                need(s.said().count("webhook 1") == 1 and "tok99" not in s.said(), s.said())
                need(s.stop() == 0, "exit status")
        need(not door.heads, "nothing was sent to who is not trusted", door.paths)
        fact("HTTPS by a CA that is not trusted, or under another name: a line, and nothing is sent")
        with serving("--webhook", hook, "--webhook-ca", ca, folder=folder) as s:
            page = events(s)
            need(len(page) > 2 and door.await_events(len(page)) == page, "each event, in order", door.got, page)
            need("webhook 1" not in s.said(), s.said())
            need(s.stop() == 0, "exit status")
        fact("by a CA that is trusted it gets what it could not get before, and the rest")
        empty = os.path.join(folder, "empty.crt")
        with open(empty, "w", encoding="utf-8") as f:
            f.write("no certificate\n")
        for words in (["--webhook", hook, "--webhook-ca", empty], ["--webhook", hook, "--webhook-ca", empty + "x"], ["--webhook-ca", ca]):
            run = subprocess.run([KAO, "serve", "--port", "0", "--gallery", gallery, *words], capture_output=True, text=True, check=False, timeout=PATIENCE)
            need(run.returncode in (3, 4) and run.stderr.startswith("kao serve: --webhook-ca") and run.stderr.count("\n") == 1, words, run)
        fact("a file without certificates, none, or one for nothing: a line each")


def nameless():
    """The system looks for a name and finds nobody to ask."""
    if not os.environ.get("NO_NAMES"):
        print("SKIP: names that are never found: under a sanitizer")
        return
    with place() as (folder, gallery):
        enrol(gallery, "Ana")
        hooks = ["--webhook", "http://hook.example/"] if os.environ["CURL"] == "yes" else []
        plain = tempfile.mkdtemp(prefix="kao-")  # spaces and colons part the libraries of LD_PRELOAD
        os.symlink(os.environ["NO_NAMES"], plain + "/no_names.so")
        os.environ["LD_PRELOAD"] = plain + "/no_names.so"
        try:
            with serving("--source", "a=" + short_clip(folder), "--source", "b=rtsp://camera.example/x", *hooks, folder=folder) as s:
                camera(s, "a", ("ended",))
                camera(s, "b", ("opening",))
                page = events(s)
                need(s.stop() == 0, "exit status")
        finally:
            del os.environ["LD_PRELOAD"]
            shutil.rmtree(plain)
        with serving(folder=folder) as s:
            need(page and events(s) == page, "what was there")
            need(s.stop() == 0, "exit status")
    fact("a camera and a webhook whose names are never found hold up no end")


def refused():
    with place() as (folder, gallery):
        for sources in (["a=x", "a=y"], ["x"] * 9, ["a="], [""], ["n" * 80 + "=x"], ["x", "1=y", "a=z", "a=w"]):
            run = subprocess.run([KAO, "serve", "--port", "0", "--gallery", gallery, *(w for x in sources for w in ("--source", x))],
                                 capture_output=True, text=True, check=False, timeout=PATIENCE)
            need(run.returncode == 3 and run.stderr.startswith("kao serve: --source") and run.stderr.count("\n") == 1, sources, run)
    fact("two of a name, nine, none: a line each")


main(*([keys, webhooks] if THREADS else [watched, forgotten, network, slow, keys, webhooks, https, nameless, refused]))
