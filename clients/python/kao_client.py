"""A client of `kao serve`, in one file, by Python's standard library alone (3.8 and later).

    from kao_client import Kao

    kao = Kao("http://127.0.0.1:8087")
    print(kao.verify("a.jpg", "b.jpg")["similarity"])
    ana = kao.enrol("Ana", "ana.jpg")["person"]
    for face in kao.identify("party.jpg")["faces"]:
        print(face["name"] or "unknown", face["similarity"])

A picture is a path, bytes, or a file open for reading. What comes back is the API's JSON (docs/server.md)
as dicts and lists. Of another machine: Kao("https://192.168.1.5:8087", key="..", cafile="ca.crt"), by a key of
`kao key add` and the CA that the server offers at /ca.crt. What the server refuses is a KaoError with its code, status
and line; where there is no server, an OSError. A Kao may be shared by threads: each call has a connection of its own.
"""
import contextlib
import http.client
import json
import os
import shutil
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

__all__ = ["Kao", "KaoError"]


class KaoError(Exception):
    """What the server said instead of an answer."""

    def __init__(self, status, code, message, answer=None):
        super().__init__(f"{code}: {message}")
        self.status, self.code, self.message = status, code, message
        self.answer = answer  # of a sample that was refused: reasons and who it looks like


def _bytes_of(picture):
    if isinstance(picture, (bytes, bytearray, memoryview)):
        return bytes(picture)
    if hasattr(picture, "read"):
        return picture.read()
    with open(os.fspath(picture), "rb") as f:
        return f.read()


def _form(pictures):
    edge = uuid.uuid4().hex
    parts = [b'--%s\r\nContent-Disposition: form-data; name="%s"; filename="picture"\r\n'
             b"Content-Type: application/octet-stream\r\n\r\n%s\r\n" % (edge.encode(), name.encode(), _bytes_of(picture))
             for name, picture in pictures.items()]
    return b"".join(parts) + b"--%s--\r\n" % edge.encode(), "multipart/form-data; boundary=" + edge


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """The key would go wherever the answer says; kao answers no request of the API so."""

    def redirect_request(self, *_):
        return None


class Kao:
    def __init__(self, url="http://127.0.0.1:8087", timeout=60, key=None, cafile=None):
        """timeout: seconds without a byte. key: an access key, where the server demands one. cafile: whom an https
        server's certificate has to be by; None: whom the system trusts."""
        self.url, self.timeout, self._key = url.rstrip("/"), timeout, key
        if key is not None and not (isinstance(key, str) and key.isascii() and key.isprintable()):
            raise ValueError("key: wanted the text that kao key add has printed")
        # no proxy: it is this machine, or one nearby
        handlers = [urllib.request.ProxyHandler({}), _NoRedirects()]
        if self.url.startswith("https:"):
            handlers.append(urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=cafile)))
        self._opener = urllib.request.build_opener(*handlers)

    # ---- requests ----

    def _open(self, method, path, query=None, data=None, headers=None):
        given = {k: str(v).lower() if isinstance(v, bool) else v for k, v in (query or {}).items() if v is not None}
        url = self.url + path + ("?" + urllib.parse.urlencode(given) if given else "")
        head = {} if self._key is None else {"Authorization": "Bearer " + self._key}
        request = urllib.request.Request(url, data=data, headers={**head, **(headers or {})}, method=method)
        try:
            return self._opener.open(request, timeout=self.timeout)
        except urllib.error.HTTPError as e:
            raise self._error(e) from None

    def _ask(self, method, path, query=None, pictures=None, body=None):
        data, headers = None, {}
        if pictures is not None:
            data, headers["Content-Type"] = _form(pictures)
        elif body is not None:
            data, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
        with self._open(method, path, query, data, headers) as answer:
            return json.loads(answer.read())

    @staticmethod
    def _error(e):
        text = e.read()
        try:
            answer = json.loads(text)
        except ValueError:
            return KaoError(e.code, "http", text[:200].decode("utf-8", "replace"))
        if "error" in answer:
            return KaoError(e.code, answer["error"]["code"], answer["error"]["message"], answer)
        return KaoError(e.code, answer.get("status", "refused"), ", ".join(answer.get("reasons", [])), answer)

    # ---- faces ----

    def health(self):
        return self._ask("GET", "/v1/health")

    def models(self):
        return self._ask("GET", "/v1/models")

    def galleries(self):
        return self._ask("GET", "/v1/galleries")["galleries"]

    def detect(self, picture, limit=None, min_score=None, quick=None):
        return self._ask("POST", "/v1/detect", {"limit": limit, "min_score": min_score, "quick": quick}, {"image": picture})

    def embed(self, picture, model=None, limit=None, min_score=None, quick=None):
        return self._ask("POST", "/v1/embed",
                         {"model": model, "limit": limit, "min_score": min_score, "quick": quick}, {"image": picture})

    def verify(self, source, target, model=None, far=None):
        return self._ask("POST", "/v1/verify", {"model": model, "far": far}, {"source": source, "target": target})

    def identify(self, picture, model=None, nearest=None, fpir=None, group=None, limit=None, min_score=None, quick=None):
        return self._ask("POST", "/v1/identify",
                         {"model": model, "nearest": nearest, "fpir": fpir, "group": group, "limit": limit,
                          "min_score": min_score, "quick": quick}, {"image": picture})

    # ---- people ----

    def people(self, name=None, group=None):
        people, after = [], 0
        while after is not None:  # a thousand a request
            page = self._ask("GET", "/v1/people", {"name": name, "group": group, "limit": 1000, "after": after})
            people += page["people"]
            after = page["next"]
        return people

    def person(self, number):
        return self._ask("GET", f"/v1/people/{int(number)}")["people"][0]

    def enrol(self, name, picture, x=None, y=None, source=None, force=None):
        """A new person (name None: a stranger who keeps a number). x, y: of the face, where there are several."""
        return self._ask("POST", "/v1/people/new/samples", {"name": name, "x": x, "y": y, "source": source, "force": force},
                         {"image": picture})

    def add_sample(self, person, picture, x=None, y=None, source=None, force=None):
        return self._ask("POST", f"/v1/people/{int(person)}/samples", {"x": x, "y": y, "source": source, "force": force},
                         {"image": picture})

    def samples(self, person):
        return self._ask("GET", f"/v1/people/{int(person)}/samples")["samples"]

    def change(self, person, **fields):
        """name, note, external: texts; "" takes one away. groups: a list. ignored: True or False."""
        return self._ask("PATCH", f"/v1/people/{int(person)}", body=fields)["people"][0]

    def merge(self, into, from_):
        return self._ask("POST", f"/v1/people/{int(into)}/merge", body={"from": int(from_)})["people"][0]

    def groups(self):
        return self._ask("GET", "/v1/groups")["groups"]

    def review(self, limit=20):
        """Pairs of people who may be one: merge from into into, or keep_apart them."""
        return self._ask("GET", "/v1/review", {"limit": int(limit)})["pairs"]

    def facts(self):
        return self._ask("GET", "/v1/facts")["facts"]

    def keep_apart(self, person, other):
        """They are two people, whatever they look like."""
        return self._ask("POST", "/v1/facts", body={"kind": "apart", "person": int(person), "other": int(other)})["facts"]

    def is_not(self, sample, person):
        """The sample is not of this person; gives whose it is then."""
        return self._ask("POST", "/v1/facts", body={"kind": "not", "sample": sample, "person": int(person)})["owner"]

    def drop_fact(self, fact):
        return self._ask("DELETE", f"/v1/facts/{int(fact)}")["facts"]

    def remove(self, person):
        """undo() brings them back."""
        return self._ask("DELETE", f"/v1/people/{int(person)}")

    def forget(self, person):
        """For good; gives the receipt."""
        return self._ask("DELETE", f"/v1/people/{int(person)}", {"forget": True})["receipt"]

    def clear(self):
        """Everybody; undo() brings all back. Gives how many they were."""
        return self._ask("DELETE", "/v1/people")["removed"]

    def remove_sample(self, sample):
        return self._ask("DELETE", "/v1/samples/" + urllib.parse.quote(sample, safe=""))

    def move_sample(self, sample, person=None):
        """To another person; None: to a new one. Gives whose it is now."""
        return self._ask("POST", "/v1/samples/" + urllib.parse.quote(sample, safe="") + "/move",
                         body={} if person is None else {"person": int(person)})["people"][0]

    def history(self):
        return self._ask("GET", "/v1/history")["changes"]

    def undo(self, change=None):
        return self._ask("POST", "/v1/undo", body={} if change is None else {"change": int(change)})["change"]

    # ---- a video, frame by frame ----

    def live(self, model=None, fpir=None):
        """with kao.live() as live: live.frame(picture, seconds) ..."""
        return Live(self, self._ask("POST", "/v1/live", {"model": model, "fpir": fpir})["live"])

    # ---- cameras of the server's own ----

    def cameras(self):
        return self._ask("GET", "/v1/cameras")["cameras"]

    def camera_picture(self, camera):
        """The newest one of a camera (name or number): JPEG."""
        with self._open("GET", "/v1/cameras/" + urllib.parse.quote(str(camera), safe="") + "/picture") as answer:
            return answer.read()

    def events(self, after=None, wait=True):
        """What cameras have seen, one after the other: behind the event of this id (0: all that are kept; None: from
        now on). It waits for the next one; wait False: ends where there is none."""
        while not wait:
            page = self._ask("GET", "/v1/events", {"after": after or 0, "limit": 1000})
            yield from page["events"]
            if page["next"] == (after or 0):
                return
            after = page["next"]
        while True:
            with contextlib.suppress(http.client.HTTPException), \
                    self._open("GET", "/v1/events", {"after": after}, headers={"Accept": "text/event-stream"}) as answer:
                for line in answer:
                    if line.startswith(b"data: "):
                        event = json.loads(line[6:])
                        after = event["id"]
                        yield event
            time.sleep(1)  # the stream has ended; where the server has, the next request says so

    # ---- what takes longer ----

    def video(self, video, source=None, fpir=None):
        """Who is in a video (a path, bytes, or an open file), and when:
        with kao.video("party.mp4") as job: print(job.result()["tracks"])"""
        if isinstance(video, (str, os.PathLike)):
            source = source or os.path.basename(os.fspath(video))
        return self._begin("video", video, {"source": source, "fpir": fpir})

    def _begin(self, kind, file, query=None):
        """A job about a file: a path, bytes, or an open file."""
        with contextlib.ExitStack() as stack:
            headers = {"Content-Type": "application/octet-stream"}
            if isinstance(file, (str, os.PathLike)):
                headers["Content-Length"] = str(os.path.getsize(file))
                file = stack.enter_context(open(file, "rb"))  # sent piece by piece
            answer = stack.enter_context(self._open("POST", "/v1/jobs/" + kind, query, file, headers))
            return Job(self, json.loads(answer.read())["job"])

    def import_people(self, file, force=None):
        """People of a zip with a folder a person, named after them, or of what export() wrote:
        with kao.import_people("family.zip") as job: print(job.result()["files"])"""
        return self._begin("import", file, {"force": force})

    def export(self, to, form="jsonl"):
        """Everybody, with samples and vectors, into a file: "jsonl", "csv", "npy" (vectors alone)."""
        with self._open("GET", "/v1/export", {"form": form}) as answer, open(to, "wb") as out:
            shutil.copyfileobj(answer, out)

    def album(self, pictures, threshold=None):
        """The faces of pictures (paths, or pairs of a name and bytes; or the path of one zip) by person:
        with kao.album(paths) as job: print(job.result()["groups"])"""
        if isinstance(pictures, (str, os.PathLike)):
            return self._begin("album", pictures)
        job = Job(self, self._ask("POST", "/v1/jobs/album")["job"])
        try:
            for p in pictures:
                name, picture = p if isinstance(p, tuple) else (os.fspath(p), p)
                with self._open("POST", job.path + "/pictures", {"source": name}, _bytes_of(picture), {"Content-Type": "image/jpeg"}):
                    pass
            self._ask("POST", job.path + "/start", {"threshold": threshold})
        except BaseException:  # half an album is none
            job.close()
            raise
        return job


class Job:
    """What the server works on; close() drops it, and what it has found."""

    def __init__(self, kao, name):
        self._kao, self.id, self.path = kao, name, "/v1/jobs/" + name

    def look(self, boxes=None):
        """{"state": .., "progress": ..} and so on."""
        return self._kao._ask("GET", self.path, {"boxes": boxes})

    def result(self, boxes=None):
        """Waits for it."""
        while True:
            try:
                job = self.look(boxes)
            except KaoError as e:
                if e.code != "busy":  # the job is there all the same
                    raise
                time.sleep(1)
                continue
            if job["state"] == "done":
                return job["result"]
            if job["state"] in ("failed", "cancelled"):
                error = job.get("error", {"code": "cancelled", "message": "it was cancelled"})
                raise KaoError(200, error["code"], error["message"], job)
            time.sleep(.2)

    def chip(self, number):
        """A track's best face, or an album's face of that number: JPEG."""
        with self._kao._open("GET", f"{self.path}/chips/{int(number)}") as answer:
            return answer.read()

    def enrol(self, number, name=None, person=None, force=None):
        """A track or a group becomes samples: of a new person, or of one that is there."""
        return self._kao._ask("POST", f"{self.path}/people/{int(number)}", {"name": name, "person": person, "force": force})

    def merge(self, group, other):
        self._kao._ask("POST", self.path + "/merge", {"group": int(group), "other": int(other)})

    def apart(self, group, other):
        self._kao._ask("POST", self.path + "/apart", {"group": int(group), "other": int(other)})

    def out(self, face):
        """A face is not of its group's person."""
        self._kao._ask("POST", self.path + "/out", {"face": int(face)})

    def blur(self, path, hide="everybody", tracks=(), mode="blur"):
        """The video with people hidden, as a file. hide: everybody, strangers, these or others (than tracks)."""
        given = {"job": self.id, "hide": hide, "tracks": ",".join(str(int(t)) for t in tracks), "mode": mode}
        with Job(self._kao, self._kao._ask("POST", "/v1/jobs/blur", given)["job"]) as job:
            job.result()
            with self._kao._open("GET", job.path + "/file") as answer, open(path, "wb") as f:
                shutil.copyfileobj(answer, f)

    def close(self):
        self._kao._ask("DELETE", self.path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Live:
    def __init__(self, kao, name):
        self._kao, self._path = kao, "/v1/live/" + name

    def frame(self, picture, time):
        """time: seconds of the video, later than the last frame's. Gives the tracks."""
        return self._kao._ask("POST", self._path, {"time": time}, {"image": picture})

    def close(self):
        self._kao._ask("DELETE", self._path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
