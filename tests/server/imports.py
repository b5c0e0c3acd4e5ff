"""People and albums from zips, a gallery out and in again, and what a zip may not do to the server."""
import ctypes
import io
import json
import os
import struct
import subprocess
import sys
import tempfile
import unicodedata
import urllib.parse
import zipfile

from serving import KAO, fact, is_error, main, need, none_left, picture, serving, wait

PEOPLE = {"ana": ("ana_1.jpg", "ana_2.jpg"), "ben": ("ben_1.jpg",), "chen 陳": ("chen_1.jpg", "chen_2.jpg")}


class RawNames(zipfile.ZipInfo):
    """A name of which the zip has the bytes alone, without a word on what they mean."""

    def __init__(self, raw):
        super().__init__("name")
        self.raw = raw

    def _encodeFilenameFlags(self):
        return self.raw, self.flag_bits


def zipped(files, how=zipfile.ZIP_STORED):
    """{name, or its bytes: content} as a zip."""
    b = io.BytesIO()
    with zipfile.ZipFile(b, "w", how) as z:
        for name, content in files.items():
            z.writestr(RawNames(name) if isinstance(name, bytes) else name, content)
    return b.getvalue()


def family(folder=""):
    return {f"{folder}{name}/{file}": picture(file) for name, files in PEOPLE.items() for file in files}


def begin(s, content, kind="import", query="", **headers):
    status, body, _ = s.ask("POST", f"/v1/jobs/{kind}{query}", content, headers)
    need(status == 202 and body["state"] == "waiting", status, body)
    return body["job"]


def done(s, content, **more):
    body = wait(s, begin(s, content, **more))
    need(body["state"] == "done" and body["progress"] == 1, body)
    return body["result"]


def names(s):
    return {p["name"]: p["n_samples"] for p in s.get("/v1/people")[1]["people"]}


def people():
    extra = {
        "all/ben/group.jpg": picture("group.jpg"),
        "all/ben/broken.jpg": picture("ben_2.jpg")[:900],
        "all/chen 陳/again.jpg": picture("chen_1.jpg"),
        "all/ana/dora.jpg": picture("dora_1.jpg"),
        "all/emil/chen.jpg": picture("chen_3.jpg"),
        "loose.jpg": picture("emil_1.jpg"),
    }
    junk = {"all/": b"", "all/ana/notes.txt": b"?", "all/ana/.hidden.jpg": b"?", "__MACOSX/all/ana/._ana_1.jpg": b"?",
            ".trash/ana/ana_3.jpg": b"?"}
    files = {**family("all/"), **extra}
    with serving() as s, tempfile.TemporaryDirectory() as folder:
        job = begin(s, zipped({**files, **junk}, zipfile.ZIP_DEFLATED))
        body = wait(s, job)
        need(body["state"] == "done", body)
        r = body["result"]
        rows = {f["file"]: f for f in r["files"]}
        need(body["kind"] == "import" and r["form"] == "zip" and set(rows) == set(files), sorted(rows))
        fact("of a zip every picture has its row, and what file managers add has none")

        for name, content in files.items():
            path = os.path.join(folder, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as f:
                f.write(content)
        # by name, as a zip is read: what is a duplicate depends on what was there before
        g, told = os.path.join(folder, "g.kao"), {}
        for name in sorted(files):
            if "/" in name:
                out = subprocess.run([KAO, "enroll", "--json", "--gallery", g, os.path.basename(os.path.dirname(name)),
                                      os.path.join(folder, name)], capture_output=True, text=True, check=False)
                said = json.loads(out.stdout)
                told[name] = ("unreadable", None) if "error" in said else \
                    (said["status"], [t.split(":")[0] for t in said["reasons"]])
        for name, (status, reasons) in told.items():
            need(rows[name]["status"] == status, name, rows[name], told[name])
            if status == "refused" and "group" not in name:
                need(rows[name]["reasons"] == reasons, name, rows[name], reasons)
        need({rows[n]["status"] for n in told} == {"enrolled", "refused", "duplicate", "unreadable"}, told)
        need(rows["loose.jpg"]["reasons"] == ["no_folder"], rows["loose.jpg"])
        fact("each is judged as kao enroll judges it; one outside a folder belongs to nobody")

        have = names(s)
        count = {k: sum(f["status"] == k for f in r["files"]) for k in ("enrolled", "duplicate")}
        need(r["people"] == len(have) == 3 and r["samples"] == sum(have.values()) == count["enrolled"] == 5, r, have)
        need(r["known"] == count["duplicate"] == 1 and set(have) == set(PEOPLE), have)
        status, body, _ = s.post("/v1/identify", raw=picture("chen_4.jpg"))
        need(body["faces"][0]["name"] == "chen 陳", body)
        fact("people have their folders' names, and are recognised")

        chips = [f["chip"] for f in r["files"] if f["chip"] is not None]
        need(len(chips) == 3, chips)
        status, chip, head = s.get(f"/v1/jobs/{job}/chips/{chips[1]}")
        need(status == 200 and head["Content-Type"] == "image/jpeg" and chip[:2] == b"\xff\xd8", status, head)
        is_error(s.get(f"/v1/jobs/{job}/chips/99"), 404, "not_found")
        is_error(s.post(f"/v1/jobs/{job}/people/0"), 404, "not_found")
        need(none_left(s), "files are left")
        fact("one small picture of each person is there; the zip is gone")

        r = done(s, zipped(family()))
        need(r["samples"] == r["people"] == 0 and r["known"] == 5, r)
        need({f["status"] for f in r["files"]} == {"duplicate"} and names(s) == have, r, have)
        fact("the same zip again changes nothing")
        rows = {f["file"]: f for f in done(s, zipped({"emil/chen.jpg": picture("chen_3.jpg")}), query="?force=true")["files"]}
        need(rows["emil/chen.jpg"]["status"] == "enrolled" and names(s)["emil"] == 1, rows)
        fact("force=true takes what looks like somebody else")


def writings():
    with serving() as s:
        for _ in range(2):
            s.post("/v1/people?name=twice")
        r = done(s, zipped({"twice/1.jpg": picture("dora_1.jpg"), "emil/1.jpg": picture("emil_1.jpg"), "a\tb/1.jpg": picture("ben_2.jpg")}))
        need([(f["status"], f["reasons"]) for f in r["files"]] ==
             [("refused", ["no_folder"]), ("enrolled", []), ("refused", ["several_people"])], r["files"])
        fact("a folder whose name several people have, or nobody can have, says so")
    with serving() as s:
        sjis, latin = "山田太郎".encode("cp932"), "Müller".encode("cp437")
        done(s, zipped({sjis + b"/1.jpg": picture("ana_1.jpg")}), **{"Accept-Language": "ja,en;q=0.5"})
        need(set(names(s)) == {"山田太郎"}, names(s))
        done(s, zipped({latin + b"/1.jpg": picture("ben_1.jpg"), "Ève\\1.jpg": picture("chen_1.jpg")}),
             **{"Accept-Language": "de"})
        need(set(names(s)) == {"山田太郎", "Müller", "Ève"}, names(s))
        fact("names from Windows are read: Shift JIS for a Japanese client, the old code page for others, '\\' as '/'")


def damage():
    whole = zipped(family())
    at = whole.index(picture("ben_1.jpg"))
    broken = bytearray(whole)
    broken[at + 700] ^= 0x55  # its sum is wrong then
    locked = bytearray(zipped({"ana/1.jpg": picture("ana_1.jpg"), "ben/1.jpg": picture("ben_1.jpg")}))
    for head, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        locked[locked.index(head) + flags] |= 1
    with serving() as s:
        rows = {f["file"]: f for f in done(s, bytes(broken))["files"]}
        need([n for n, f in rows.items() if f["status"] == "unreadable"] == ["ben/ben_1.jpg"], rows)
        need(rows["ben/ben_1.jpg"]["reasons"], rows)
        fact("a file whose sum is wrong is unreadable, the others are fine")
        rows = {f["file"]: f for f in done(s, bytes(locked))["files"]}
        need(rows["ana/1.jpg"]["status"] == "unreadable" and "encrypted" in rows["ana/1.jpg"]["reasons"][0], rows)
        need(rows["ben/1.jpg"]["status"] == "enrolled", rows)
        fact("an encrypted one says so")
        bomb = zipped({"a/bomb.png": bytes(80 << 20), "chen/1.jpg": picture("chen_3.jpg")}, zipfile.ZIP_DEFLATED)
        need(len(bomb) < 1 << 20, len(bomb))
        rows = {f["file"]: f for f in done(s, bomb)["files"]}
        need(rows["a/bomb.png"]["status"] == "unreadable" and "bytes" in rows["a/bomb.png"]["reasons"][0], rows)
        fact("a file that unpacks to more than a picture has is let go")

        end = b"PK\3\4" + struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, 1 << 32, 1 << 32, 0, 0)
        many = end + struct.pack("<4sIQI", b"PK\6\7", 0, 4, 1) + struct.pack("<4sHHHHIIH", b"PK\5\6", 0, 0, 65535, 65535,
                                                                              1 << 31, 0, 0)
        body = wait(s, begin(s, many))
        need(body["state"] == "failed" and body["error"]["code"] == "too_large", body)
        fact("one that claims billions of files is refused before a list of them is made")
        for wrong in (whole[:len(whole) // 2], b"PK\5\6", b"not a zip", b"{}", b"{\n", picture("ana_1.jpg")):
            body = wait(s, begin(s, wrong))
            need(body["state"] == "failed" and body["error"]["code"] == "invalid_file", wrong[:20], body)
        is_error(s.ask("POST", "/v1/jobs/import"), 400, "invalid_argument")
        need(none_left(s), "files are left")
        fact("what is no zip, half of one, or no export, fails with a word, and nothing is left of it")


def composed():
    """macOS takes the letters of names apart: they are put together, so that such a folder is the person who was typed."""
    try:
        ctypes.CDLL("libglib-2.0.so.0")
    except OSError:
        print("SKIP: names taken apart: no libglib")
        return
    typed = {"Zoë Nguyễn": "ana", "パク ガブリエル": "ben", "한지민": "chen"}  # accents, two on one letter; kana; Hangul
    with serving() as s, tempfile.TemporaryDirectory() as folder:
        for name, who in typed.items():
            need(s.post("/v1/people/new/samples?name=" + urllib.parse.quote(name), raw=picture(who + "_1.jpg"))[0] == 201, name)
        apart = {name: unicodedata.normalize("NFD", name) for name in typed}
        need(all(a != name for name, a in apart.items()), "taken apart")
        r = done(s, zipped({f"{apart[name]}/{who}_2.jpg".encode(): picture(who + "_2.jpg") for name, who in typed.items()}))
        need(r["people"] == 0 and r["samples"] == 3, r)
        need(names(s) == {name: 2 for name in typed} and {f["name"] for f in r["files"]} == set(typed), names(s), r)
        for name, who in typed.items():
            os.mkdir(os.path.join(folder, apart[name]))
            with open(os.path.join(folder, apart[name], who + "_3.jpg"), "wb") as f:
                f.write(picture(who + "_3.jpg"))
        subprocess.run([KAO, "enroll", "--people", "--gallery", s.gallery, folder], capture_output=True, check=True)
        need(names(s) == {name: 3 for name in typed}, names(s))
        longer = "\u0958" * 300  # a letter whose composed form is two: there is no room for that
        r = done(s, zipped({f"{longer}/x.jpg".encode(): picture("dora_1.jpg")}))
        need(r["people"] == 1 and longer in names(s), r)
        need(s.stop() == 0, "exit status")
    fact("names that macOS has taken apart are put together: of a zip, of kao enroll's folders")


def out_and_in():
    with serving() as s:
        done(s, zipped(family()))
        person = s.get("/v1/people?name=ben")[1]["people"][0]["person"]
        s.ask("PATCH", f"/v1/people/{person}", json.dumps({"note": "by hand", "groups": ["work"]}).encode(),
              {"Content-Type": "application/json"})
        have = {p["name"]: (p["n_samples"], p["note"], p["groups"]) for p in s.get("/v1/people")[1]["people"]}
        status, lines, head = s.get("/v1/export")
        need(status == 200 and head["Content-Disposition"] == "attachment" and lines.count(b"\n") == 4, status, head)
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "all.jsonl")
            subprocess.run([KAO, "gallery", "export", path, "--gallery", s.gallery], check=True)
            with open(path, "rb") as f:
                need(f.read() == lines, "not what kao gallery export writes")
        status, table, head = s.get("/v1/export?form=csv")
        need(status == 200 and head["Content-Type"].startswith("text/csv") and table.count(b"\n") == 6, table)
        need(s.get("/v1/export?form=npy")[1][:6] == b"\x93NUMPY", "no npy")
        is_error(s.get("/v1/export?form=xml"), 400, "invalid_argument")
        fact("everybody is fetched as one file, that of kao gallery export")
    with serving() as s:
        r = done(s, lines)
        need(r["form"] == "lines" and (r["people"], r["samples"], r["known"]) == (3, 5, 0) and r["files"] == [], r)
        need({p["name"]: (p["n_samples"], p["note"], p["groups"]) for p in s.get("/v1/people")[1]["people"]} == have, have)
        r = done(s, lines)
        need((r["people"], r["samples"], r["known"]) == (0, 0, 5), r)
        fact("and taken in by another server, once")


def album():
    files = {f"trip/{n}": picture(n) for n in ("ana_1.jpg", "ana_2.jpg", "ben_1.jpg", "ben_2.jpg", "group.jpg")}
    with serving() as s:
        one = done(s, zipped({**files, "trip/broken.jpg": b"no", "trip/readme.txt": b"?"}), kind="album")
        status, body, _ = s.ask("POST", "/v1/jobs/album")
        need(status == 201 and body["state"] == "open", status, body)
        for name, content in files.items():
            s.ask("POST", f"/v1/jobs/{body['job']}/pictures?source={name}", content)
        s.ask("POST", f"/v1/jobs/{body['job']}/start")
        two = wait(s, body["job"])["result"]
        need(one["unreadable"] == 1 and one["pictures"] == two["pictures"] == 5 and one["faces"] == two["faces"], one, two)
        grouped = [{frozenset((f["file"], f["number"]) for f in g["faces"]) for g in r["groups"]} for r in (one, two)]
        need(grouped[0] == grouped[1], grouped)
        need(none_left(s), "files are left")
        fact("an album that comes as a zip has the groups of one that comes picture by picture")
        body = wait(s, begin(s, b"PK\3\4 no zip", kind="album"))
        need(body["state"] == "failed" and body["error"]["code"] == "invalid_zip", body)


if __name__ == "__main__":
    if os.environ["ZIP"] != "yes":
        print("SKIP: this build has no libzip")
        sys.exit(77)
    if sys.argv[1:] == ["threads"]:
        main(writings, album)
    elif os.environ.get("SHORT") == "yes":  # under a sanitizer: each kind once
        main(writings, composed, damage, album)
    else:
        main(people, writings, composed, damage, out_and_in, album)
