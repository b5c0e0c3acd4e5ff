"""Keys, sessions and names: who may ask, from which address, and what is told of it."""
import json
import os
import re
import signal
import subprocess
import tempfile

from serving import KAO, fact, is_error, main, need, picture, serving

OTHER = "127.0.0.2"  # on loopback, but to kao an address that others reach


def key(verb, *words, gallery, code=0):
    run = subprocess.run([KAO, "key", verb, *words, "--gallery", gallery], capture_output=True, text=True, check=False)
    need(run.returncode == code, "kao key", verb, words, run.returncode, run.stderr)
    return run


def listed(gallery):
    return [json.loads(line) for line in key("list", "--json", gallery=gallery).stdout.splitlines()]


def bearer(text):
    return {"Authorization": "Bearer " + text}


def commands():
    with tempfile.TemporaryDirectory(prefix="kao test 顔.") as folder:
        g = os.path.join(folder, "new", "people 顔.kao")
        text = key("add", "door 顔", gallery=g).stdout
        need(re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\n", text), "a UUID", text)
        need(os.stat(g + ".keys").st_mode & 0o777 == 0o600, "its owner's alone")
        need(text.strip() not in open(g + ".keys", encoding="utf-8").read(), "the key itself is not kept")
        made = json.loads(key("add", "--json", "phone", gallery=g).stdout)
        need(set(made) == {"name", "id", "created", "revoked", "key"} and made["revoked"] is None, made)
        need([k["name"] for k in listed(g)] == ["door 顔", "phone"] and all("key" not in k for k in listed(g)), listed(g))
        key("add", "phone", gallery=g, code=3)
        key("add", "", gallery=g, code=3)
        key("revoke", "nobody", gallery=g, code=3)
        key("nothing", gallery=g, code=3)
        key("add", gallery=g, code=3)
        key("list", "more", gallery=g, code=3)
        key("revoke", made["id"], gallery=g)
        need(listed(g)[1]["revoked"] and not listed(g)[0]["revoked"], listed(g))
        need("\trevoked " in key("list", gallery=g).stdout.splitlines()[1], "the table")
        os.symlink(g, os.path.join(folder, "link"))
        open(g, "wb").close()
        need(len(listed(os.path.join(folder, "link"))) == 2, "a link leads to the same keys")
        fact("kao key: add, list, revoke; a file of mode 600 without the key")


def keys():
    with tempfile.TemporaryDirectory(prefix="kao test 顔.") as folder:
        with serving(folder=folder) as s:
            need(s.get("/v1/people")[0] == 200, "no keys: as it was")
            s.await_said("Ctrl-C ends it")
            need("#code=" not in s.said(), s.said())
            text = key("add", "door", gallery=s.gallery).stdout.strip()
            answer = is_error(s.get("/v1/people"), 401, "key_needed")
            need(answer[2]["WWW-Authenticate"].startswith("Bearer"), answer[2])
            s.process.send_signal(signal.SIGUSR1)
            s.await_said(re.escape(s.address) + r"/#code=[0-9a-f-]{36}\n")
            fact("the first key is demanded as soon as it is there")
            s.stop()
        with serving(folder=folder) as s:
            for path in ("/v1/ready", "/v1/models", "/v1/people", "/v1/openapi.json", "/metrics", "/v1/history"):
                is_error(s.get(path), 401, "key_needed")
            is_error(s.post("/v1/detect", raw=picture("ana_1.jpg")), 401, "key_needed")
            is_error(s.ask("DELETE", "/v1/people"), 401, "key_needed")
            is_error(s.post("/v1/jobs/video", raw=b"x"), 401, "key_needed")
            need(s.get("/v1/health")[0] == 200 and s.get("/")[0] == 200 and s.get("/js/main.js")[0] == 200, "what is open")
            need(s.get("/v1/nothing")[0] == 404, "what is not there")
            for head in (bearer(text), {"authorization": "bearer  " + text}, {"x-api-key": text}, {"X-API-KEY": text.upper()},
                         bearer(text.replace("-", ""))):
                need(s.get("/v1/people", headers=head)[0] == 200, "a header", head)
            need(s.ask("POST", "/v1/people?name=secret-name", headers=bearer(text))[0] == 201, "a change")
            ana = s.post("/v1/people/new/samples?name=secret-name", raw=picture("ana_1.jpg"), headers=bearer(text))[1]["person"]
            need(s.post("/v1/identify", raw=picture("ana_1.jpg"), headers=bearer(text))[0] == 200, "identify")
            need(s.ask("DELETE", f"/v1/people/{ana}", headers=bearer(text))[0] == 200, "a change")
            s.await_said(rf'Z 127\.0\.0\.1 key "door" DELETE /v1/people/{ana} 200\n')
            s.await_said(r'key "door" POST /v1/people 201\n')
            s.await_said(r'key "door" POST /v1/people/new/samples 201\n')
            need("secret-name" not in s.said() and "identify" not in s.said() and text not in s.said(), s.said())
            fact("headers of three forms; changes are logged by the key's name, without names of people, and looks are not")

            is_error(s.get("/v1/people", headers=bearer(listed(s.gallery)[0]["id"])), 401, "key_wrong")
            is_error(s.get("/v1/people", headers={"x-api-key": "x"}), 401, "key_wrong")
            is_error(s.get("/v1/people", headers={"Authorization": "Basic " + text}), 401, "key_wrong")
            need(s.get("/v1/people", headers={**bearer(text), "x-api-key": "x"})[0] == 200, "Authorization comes first")
            with serving() as other:
                key("add", "other", gallery=other.gallery)
                is_error(other.get("/v1/people", headers=bearer(text)), 401, "key_wrong")
            fact("an id, another form, another gallery's key: wrong")

            live = s.ask("POST", "/v1/live", headers=bearer(text))[1]["live"]
            key("revoke", "door", gallery=s.gallery)
            is_error(s.get("/v1/people", headers=bearer(text)), 401, "key_wrong")
            is_error(s.post(f"/v1/live/{live}?time=0", raw=picture("ana_1.jpg"), headers=bearer(text)), 401, "key_wrong")
            is_error(s.get("/v1/people"), 401, "key_needed")
            fact("a revoked key is refused from then on, and nothing is open because none is left")
            text = key("add", "door", gallery=s.gallery).stdout.strip()
            need(s.get("/v1/people", headers=bearer(text))[0] == 200, "a new one of the same name")
            os.rename(s.gallery + ".keys", s.gallery + ".away")
            is_error(s.get("/v1/people", headers=bearer(text)), 401, "key_wrong")
            is_error(s.get("/v1/people"), 401, "key_needed")
            with open(s.gallery + ".keys", "w", encoding="utf-8") as f:
                f.write("{")
            is_error(s.get("/v1/people"), 401, "key_needed")
            s.await_said("no key is taken: .*line 1, column 1")
            is_error(s.get("/v1/people"), 401, "key_needed")
            need(s.said().count("no key is taken") == 1, "told once")
            os.replace(s.gallery + ".away", s.gallery + ".keys")
            need(s.get("/v1/people", headers=bearer(text))[0] == 200, "it is back")
            fact("a list of keys that is gone or damaged opens nothing")
            s.stop()
        os.remove(s.gallery + ".keys")
        with serving(folder=os.path.dirname(s.gallery)) as s:
            need(s.get("/v1/people")[0] == 200, "open without keys")
            with open(s.gallery + ".keys", "w", encoding="utf-8") as f:
                f.write("{")
            is_error(s.get("/v1/people"), 401, "key_needed")
            s.stop()
        fact("a list that comes to a running server and cannot be read closes it")
        run = subprocess.run([KAO, "serve", "--port", "0", "--gallery", s.gallery], capture_output=True, text=True, check=False)
        need(run.returncode == 3 and "people 顔.kao.keys" in run.stderr and run.stderr.count("\n") == 1, run.stderr)
        fact("with a damaged list it does not start")


def locked_out():
    with tempfile.TemporaryDirectory(prefix="kao test 顔.") as folder:
        g = os.path.join(folder, "people 顔.kao")
        text = key("add", "door", gallery=g).stdout.strip()
        with serving(folder=folder) as s:
            for _ in range(20):
                is_error(s.get("/v1/people"), 401, "key_needed")  # nothing was tried
            for i in range(10):
                wrong = f"{i:032x}"
                if i % 2:
                    is_error(s.get("/v1/people", headers=bearer(wrong)), 401, "key_wrong")
                else:
                    is_error(s.post("/v1/session", json_body={"key": wrong}), 401, "key_wrong")
            answer = is_error(s.get("/v1/people", headers=bearer(text)), 429, "locked_out")
            need(0 < int(answer[2]["Retry-After"]) <= 60, answer[2])
            is_error(s.post("/v1/session", json_body={"key": text}), 429, "locked_out")
            is_error(s.get("/v1/people"), 429, "locked_out")
            need(s.get("/v1/health")[0] == 200 and s.get("/")[0] == 200, "what is open")
            s.await_said(r"127\.0\.0\.1 locked out for 60 seconds\n")
            need(len(re.findall("wrong key", s.said())) == 10, s.said())
            fact("ten wrong keys: 429 with Retry-After, also for a right one")
            c = s.connect()
            c.source_address = ("127.0.0.3", 0)
            need(s.ask("GET", "/v1/people", headers=bearer(text), connection=c)[0] == 200, "another client")
            c.close()
            fact("another address is not locked out")


def cookie_of(answer, s, secure=False):
    need(answer[0] == 201, answer)
    value, *marks = answer[2]["Set-Cookie"].split("; ")
    need(value.startswith(f"kao-{s.port}="), value)
    need({"HttpOnly", "SameSite=Strict", "Path=/"} <= set(marks) and ("Secure" in marks) == secure, marks)
    return {"Cookie": "a=b; " + value + "; c=d"}


def sessions():
    with tempfile.TemporaryDirectory(prefix="kao test 顔.") as folder:
        with serving(folder=folder) as s:
            is_error(s.post("/v1/session", json_body={"key": "x"}), 409, "no_keys")
            s.stop()
        text = key("add", "door", gallery=s.gallery).stdout.strip()
        with serving(folder=folder) as s:
            [code] = s.await_said(re.escape(s.address) + r"/#code=([0-9a-f-]{36})")
            for bad in ({}, {"key": text, "code": code}, {"key": 7}, {"code": None}):
                is_error(s.post("/v1/session", json_body=bad), 400, "invalid_argument")
            is_error(s.ask("POST", "/v1/session?key=" + text), 400, "invalid_argument")
            need(s.ask("POST", "/v1/session", b"x" * 5000)[0] == 413, "much from somebody unknown")
            typed = cookie_of(s.post("/v1/session", json_body={"key": text}), s)
            need(s.get("/v1/people", headers=typed)[0] == 200, "a typed key's cookie")
            scanned = cookie_of(s.post("/v1/session", json_body={"code": code}), s)
            need(s.get("/v1/people", headers=scanned)[0] == 200, "a code's cookie")
            is_error(s.post("/v1/session", json_body={"code": code}), 401, "key_wrong")
            is_error(s.get("/v1/people", headers={"Cookie": f"kao-{s.port}=x"}), 401, "key_needed")
            is_error(s.get("/v1/people", headers={**typed, **bearer("0" * 32)}), 401, "key_wrong")
            need(s.ask("POST", "/v1/people", headers=scanned)[0] == 201, "a change")
            [name] = s.await_said(r'key "(browser [^"]*)" POST /v1/people 201\n')
            need([k["name"] for k in listed(s.gallery)] == ["door", name], listed(s.gallery))
            fact("a key or a one-time code becomes a cookie; the code works once")
            s.process.send_signal(signal.SIGUSR1)
            code = s.await_said(r"#code=([0-9a-f-]{36})", 2)[1]
            need(s.post("/v1/session", json_body={"code": code})[0] == 201, "another code")
            ended = s.ask("DELETE", "/v1/session", headers=typed)
            need(ended[0] == 200 and "Max-Age=0" in ended[2]["Set-Cookie"], ended)
            s.stop()
        with serving("--port", str(s.port), folder=folder) as s:
            need(s.get("/v1/people", headers=scanned)[0] == 200, "after a new start")
            is_error(s.post("/v1/session", json_body={"code": code}), 401, "key_wrong")
            key("revoke", name, gallery=s.gallery)
            is_error(s.get("/v1/people", headers=scanned), 401, "key_needed")
            need(s.get("/v1/people", headers=typed)[0] == 200, "the other one")
            fact("sessions outlive the server and end with their key; a browser's has one of its own")


WRONG = "0f8a63c1-52d4-4b0e-9d3c-0c5f3a5b1c77"


def compreface():
    """Its clients send the key as x-api-key, or in a picture's path, and read errors of its form."""
    with serving() as s:
        text = key("add", "shop", gallery=s.gallery).stdout.strip()
        head = {"x-api-key": text}
        for sent, status, code in (({}, 400, 20), ({"x-api-key": "secret"}, 400, 26),
                                   ({"x-api-key": WRONG}, 404, 10)):
            got, body, _ = s.get("/api/v1/recognition/subjects", headers=sent)
            need(got == status and body["code"] == code and set(body) == {"message", "code"}, got, body)
        need(body["message"] == f"Recognition service with API Key {WRONG} not found", body)
        need(s.post("/api/v1/recognition/faces?subject=Zoe", fields={"file": picture("ana_1.jpg")}, headers=head)[0] == 201, "added")
        need(s.post("/api/v1/recognition/recognize", fields={"file": picture("ana_1.jpg")}, headers=head)[0] == 200, "recognised")
        image = s.get("/api/v1/recognition/faces", headers=head)[1]["faces"][0]["image_id"]
        need("Missing" not in str(s.get(f"/api/v1/static/{text}/images/{image}")[1]), "a key in the path")
        got, body, _ = s.get(f"/api/v1/static/{'0' * 32}/images/{image}", headers=head)
        need(got == 404 and body["code"] == 10, got, body)
        need(s.ask("DELETE", "/api/v1/recognition/subjects/Zoe", headers=head)[0] == 200, "removed")
        s.await_said(r'key "shop" POST /api/v1/recognition/faces 201\n')
        s.await_said(r'key "shop" DELETE /api/v1/recognition/subjects/\{subject\} 200\n')
        need("Zoe" not in s.said() and "recognize" not in s.said() and text not in s.said(), s.said())
        fact("CompreFace's clients: the key as x-api-key or in a path, errors of its form, no names in the log")


def origins():
    with serving("--host", "face.example") as s:
        for host in (f"127.0.0.1:{s.port}", "localhost", "[::1]:1", "Face.Example", "face.example:80"):
            need(s.get("/v1/people", headers={"Host": host})[0] == 200, host)
        for host in ("evil.example", "face.example.evil", "face.example:x", "127.0.0.1.evil", "[::1", "::1", "",
                     "face.example@evil"):
            is_error(s.get("/v1/people", headers={"Host": host}), 403, "forbidden")
            is_error(s.get("/", headers={"Host": host}), 403, "forbidden")
        for origin, status in ((f"http://127.0.0.1:{s.port}", 200), ("http://evil.example", 403), ("null", 403),
                               (f"https://127.0.0.1:{s.port}", 403), ("http://127.0.0.1:1", 403)):
            need(s.get("/v1/people", headers={"Origin": origin})[0] == status, origin)
        fact("Host and Origin are looked at on loopback, too; --host adds a name")
    many = [word for i in range(49) for word in ("--host", f"h{i}.example")]
    with tempfile.TemporaryDirectory(prefix="kao test 顔.") as folder:
        for words, said in ((["--host", "a b"], "--host a b: no name of a machine"), (many, "--host: 48 names at most"),
                            (many[:-4] + ["--host", "-"], "--host -: no name of a machine")):
            run = subprocess.run([KAO, "serve", "--gallery", folder + "/g.kao", *words], capture_output=True, text=True, check=False)
            need(run.returncode == 3 and run.stderr == f"kao serve: {said}\n", run.stderr)


def plain():
    """Another address, knowingly without TLS."""
    with tempfile.TemporaryDirectory(prefix="kao test 顔.") as folder:
        with serving("--address", OTHER, "--plain", folder=folder) as s:
            need(s.address == f"http://{OTHER}:{s.port}", s.address)
            [text] = s.await_said(r'The key "first": ([0-9a-f-]{36})\n')
            is_error(s.get("/v1/people"), 401, "key_needed")
            need(s.get("/v1/people", headers=bearer(text))[0] == 200, "the first key")
            need(s.get("/v1/people", headers={**bearer(text), "Host": "localhost"})[0] == 200, "this machine's name")
            is_error(s.get("/v1/people", headers={**bearer(text), "Host": "evil.example"}), 403, "forbidden")
            s.stop()
        with serving("--address", OTHER, "--plain", folder=folder) as s:
            s.await_said("shows another one")
            need("The key" not in s.said() and text not in s.said(), s.said())
            need(s.get("/v1/people", headers=bearer(text))[0] == 200, "the same key")
            s.stop()
        fact("another address: a key is made at the first start and shown once")
        key("revoke", "first", gallery=s.gallery)
        run = subprocess.run([KAO, "serve", "--port", "0", "--address", OTHER, "--plain", "--gallery", s.gallery],
                             capture_output=True, text=True, check=False)
        need(run.returncode == 3 and "kao key add" in run.stderr, run.stderr)
        fact("another address with revoked keys alone: no start")


main(commands, keys, locked_out, sessions, compreface, origins, plain)
