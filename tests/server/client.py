"""clients/python against a server."""
import io
import os
import sys
import tempfile
import zipfile

from serving import PICTURES, fact, main, need, picture, serving

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "clients", "python"))
from kao_client import Kao, KaoError  # noqa: E402


TLS = os.environ.get("TLS") == "yes"


def path(name):
    return os.path.join(PICTURES, name)


def refused(call, status, code):
    try:
        call()
    except KaoError as e:
        need((e.status, e.code) == (status, code) and e.message, e.status, e.code, e.message)
        return e
    raise AssertionError("no KaoError")


def faces():
    with serving() as s:
        kao = Kao(f"http://127.0.0.1:{s.port}/")
        need(kao.health()["status"] == "ok" and len(kao.models()["models"]) == 2, "health, models")
        need([g["people"] for g in kao.galleries()] == [0], "the gallery", kao.galleries())
        need(len(kao.detect(path("group.jpg"))["faces"]) == 4, "a path")
        need(kao.detect(picture("group.jpg"), limit=1) == kao.detect(io.BytesIO(picture("group.jpg")), limit=1), "bytes, a file")
        need(len(kao.embed(path("ana_1.jpg"), model="kao-face-mask")["faces"][0]["embedding"]) > 0, "embed")
        need(kao.verify(path("ana_1.jpg"), path("ana_2.jpg"))["same"] is True, "verify")
        need(kao.verify(path("ana_1.jpg"), path("ben_2.jpg"), far=.001)["same"] is False, "verify")
        refused(lambda: kao.detect(b"no picture"), 422, "invalid_image")
        refused(lambda: kao.embed(path("ana_1.jpg"), model="none"), 400, "invalid_argument")
        try:
            Kao(f"http://127.0.0.1:{s.port}").detect(path("not there.jpg"))
            need(False, "a file that is not there")
        except FileNotFoundError:
            pass
        fact("faces: paths, bytes and files; refusals are KaoErrors")


def people():
    with serving() as s:
        kao = Kao(f"http://127.0.0.1:{s.port}")
        ana = kao.enrol("Ana 花", path("ana_1.jpg"), source="a")["person"]
        ben = kao.enrol(None, path("ben_1.jpg"))["person"]
        need([p["name"] for p in kao.people()] == ["Ana 花", None] and len(kao.people("Ana 花")) == 1, kao.people())
        e = refused(lambda: kao.enrol("Zoe", path("ana_1.jpg")), 409, "refused")
        need(e.answer["looks_like"] == ana and e.message == "looks_like", e.answer)
        kao.add_sample(ana, path("ana_2.jpg"))
        need(kao.identify(path("ana_3.jpg"), nearest=1)["faces"][0]["name"] == "Ana 花", "identify")
        need(kao.change(ben, name="Ben", note="n")["note"] == "n" and kao.person(ben)["name"] == "Ben", "change")
        sample = kao.samples(ana)[1]["sample"]
        other = kao.move_sample(sample)["person"]
        need([(p["into"], p["from"]) for p in kao.review()] == [(ana, other)], kao.review())
        need(kao.merge(ana, other)["n_samples"] == 2, "merge")
        kao.remove_sample(sample)
        need(kao.undo() and len(kao.samples(ana)) == 2, "undo")
        kao.change(ben, groups=["staff"])
        need([p["person"] for p in kao.people(group="staff")] == [ben] and kao.groups() == [{"group": "staff", "people": 1}], "groups")
        need(kao.identify(path("ana_3.jpg"), group="staff")["faces"][0]["person"] is None, "a group alone")
        said = kao.keep_apart(ana, ben)
        refused(lambda: kao.merge(ana, ben), 409, "conflict")
        need(kao.drop_fact(said[0]["fact"]) == [] == kao.facts(), "a word taken back")
        need(kao.is_not(sample, ana) not in (ana, ben) and kao.undo() and len(kao.samples(ana)) == 2, "not this person")
        kao.remove(ben)
        refused(lambda: kao.person(ben), 404, "not_found")
        need(kao.undo(kao.history()[0]["change"]) and kao.person(ben), "undo of a change by its number")
        need(kao.clear() == 2 and kao.people() == [] and kao.undo() and len(kao.people()) == 2, "clear")
        need(kao.forget(ben)["traces"] == 0, "forget")
        with kao.live() as live:
            for i in range(6):
                tracks = live.frame(path("ana_1.jpg"), i * .5)["tracks"]
        need(tracks[0]["name"] == "Ana 花", tracks)
        refused(lambda: live.frame(path("ana_1.jpg"), 9), 404, "not_found")
        fact("people, samples, undo, forgetting, a live video")
        need(s.stop() == 0, "exit status")
    try:
        kao.health()
        need(False, "no server")
    except OSError:
        fact("no server: an OSError")


def keys():
    with tempfile.TemporaryDirectory(prefix="kao test 顔.") as folder:
        tls = os.path.join(folder, "tls")
        with serving("--address", "127.0.0.2", *(["--tls", tls] if TLS else ["--plain"]), folder=folder) as s:
            [key] = s.await_said(r'The key "first": ([0-9a-f-]{36})\n')
            cafile = os.path.join(tls, "ca.crt") if TLS else None
            need(Kao(s.address, cafile=cafile).health()["status"] == "ok", "health needs no key")
            refused(lambda: Kao(s.address, cafile=cafile).people(), 401, "key_needed")
            refused(lambda: Kao(s.address, key="0" * 32, cafile=cafile).people(), 401, "key_wrong")
            kao = Kao(s.address, key=key, cafile=cafile)
            need(kao.enrol("Ana", path("ana_1.jpg"))["person"] and kao.identify(path("ana_2.jpg"))["faces"], "with the key")
            if TLS:
                try:
                    Kao(s.address, key=key).people()
                    need(False, "a certificate by nobody that the system trusts")
                except OSError:
                    pass
            for bad in ("a\nb", "ключ", 7):
                try:
                    Kao(s.address, key=bad)
                    need(False, "a key that is none", bad)
                except ValueError:
                    pass
            need(s.stop() == 0, "exit status")
    fact("a key and a CA" if TLS else "a key")


def jobs():
    with serving() as s, tempfile.TemporaryDirectory(prefix="kao test 顔.") as folder:
        kao = Kao(f"http://127.0.0.1:{s.port}")
        with kao.video(path("clip.mp4")) as job:
            tracks = job.result()["tracks"]
            need(len(tracks) == 3 and "boxes" in job.result(boxes=True)["tracks"][0], tracks)
            need(kao.detect(job.chip(tracks[0]["track"]))["faces"], "a face")
            ana = job.enrol(tracks[0]["track"], name="Ana")["person"]
            need(job.result()["tracks"][0]["name"] == "Ana", "named")
            refused(lambda: job.enrol(tracks[1]["track"], person=ana), 409, "refused")
            out = os.path.join(folder, "out.mp4")
            job.blur(out, hide="others", tracks=[tracks[0]["track"]], mode="black")
            need(os.path.getsize(out) > 10000, "a file")
        refused(job.look, 404, "not_found")
        refused(lambda: kao.video(b"no video").result(), 200, "invalid_video")
        names = ["ana_1.jpg", "ana_2.jpg", "ben_1.jpg", "ben_2.jpg"]
        with kao.album([path(n) for n in names[:3]] + [(names[3], picture(names[3]))]) as job:
            groups = job.result()["groups"]
            need([(g["name"], len(g["faces"])) for g in groups] == [("Ana", 2), (None, 2)], groups)
            job.out(groups[1]["faces"][1]["face"])
            groups = job.result()["groups"]
            need([len(g["faces"]) for g in groups] == [2, 1, 1], groups)
            refused(lambda: job.merge(groups[1]["group"], groups[2]["group"]), 409, "conflict")
        fact("jobs: a video, its people named and hidden, an album")


def files():
    with serving() as s, tempfile.TemporaryDirectory(prefix="kao test 顔.") as folder:
        kao = Kao(f"http://127.0.0.1:{s.port}")
        if os.environ["ZIP"] != "yes":
            refused(lambda: kao.import_people(b"PK\3\4").result(), 200, "unsupported")
            return
        names = ["Ana/ana_1.jpg", "Ana/ana_2.jpg", "陳/chen_1.jpg"]
        family, lines = os.path.join(folder, "family.zip"), os.path.join(folder, "all.jsonl")
        with zipfile.ZipFile(family, "w") as z:
            for name in names:
                z.writestr(name, picture(os.path.basename(name)))
        with kao.album(family) as job:
            need(sorted(len(g["faces"]) for g in job.result()["groups"]) == [1, 2], "groups")
        with kao.import_people(family) as job:
            r = job.result()
            need([f["file"] for f in r["files"]] == names and (r["people"], r["samples"]) == (2, 3), r)
            need(kao.detect(job.chip(r["files"][0]["chip"]))["faces"], "a face")
        kao.export(lines)
        kao.clear()
        with kao.import_people(lines) as job:
            need(job.result()["people"] == 2, job.result())
        need({p["name"] for p in kao.people()} == {"Ana", "陳"}, kao.people())
        refused(lambda: kao.import_people(b"no zip").result(), 200, "invalid_file")
        fact("files: people and an album from a zip, everybody out and in again")


def cameras():
    with tempfile.TemporaryDirectory(prefix="kao test 顔.") as folder:
        pictures = os.path.join(folder, "pictures")
        os.mkdir(pictures)
        for i in range(16):
            with open(os.path.join(pictures, f"{i:02}.jpg"), "wb") as f:
                f.write(picture("ana_3.jpg"))
        with serving("--source", "a=" + pictures, folder=folder) as s:
            kao = Kao(f"http://127.0.0.1:{s.port}")
            first = next(e for e in kao.events(after=0))
            need(first["event"] == "appear" and first["camera"] == "a", first)
            s.await_said(r"camera a \(.*\): ended")
            need([c["state"] for c in kao.cameras()] == ["ended"], kao.cameras())
            need(kao.detect(kao.camera_picture("a"))["faces"] and kao.camera_picture(1), "a picture")
            told = list(kao.events(after=0, wait=False))
            need(told[0] == first and told[-1]["event"] == "leave" and list(kao.events(told[-1]["id"], wait=False)) == [], told)
            later = kao.events(after=first["id"])
            need([next(later) for _ in told[1:]] == told[1:], "the stream goes on")
            refused(lambda: kao.camera_picture("b"), 404, "not_found")
            need(s.stop() == 0, "exit status")
            try:
                next(later)
                need(False, "no server")
            except OSError:
                pass
    fact("cameras, their pictures and events")


# under a sanitizer: not a whole video through the server once more, which jobs.py has
main(faces, people, cameras, keys, *([] if os.environ.get("SHORT") == "yes" else [jobs]), files)
