"""Jobs of the API: videos and albums, from the upload to what is named, and what must not be left."""
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse

from serving import KAO, OVER, PATIENCE, PICTURES, fact, is_error, left, main, need, nameless, none_left, picture, scene, serving, wait

CLIP = os.path.join(PICTURES, "clip.mp4")
SHORT = os.environ.get("SHORT") == "yes"  # under a sanitizer: two seconds, looked through once
FRAMES, SECONDS, FIRST = (60, 2.4, "ben") if SHORT else (300, 12, "ana")  # first: who has the first track
NAME = "山" * 100 + ".mp4"  # longer than what a sample keeps of it


def begin(s, content=None, path="/v1/jobs/video?source=" + urllib.parse.quote(NAME)):
    status, body, _ = s.ask("POST", path, picture("clip.mp4") if content is None else content, {"Content-Type": "video/mp4"})
    need(status == 202 and body["state"] == "waiting" and len(body["job"]) == 32, status, body)
    return body["job"]


def people_of(gallery, path):
    """Whom of a gallery kao watch knows in a video."""
    out = subprocess.run([KAO, "watch", "--json", "--gallery", gallery, path], capture_output=True, text=True, check=False)
    return {e["name"] for e in map(json.loads, out.stdout.splitlines()) if e.get("name")}


def video():
    with serving() as s:
        job = begin(s, scene(FRAMES) if SHORT else None)
        seen = set()
        while (state := (body := s.get(f"/v1/jobs/{job}")[1])["state"]) not in OVER:
            need(state in ("waiting", "running") and "result" not in body, body)
            if body["progress"] is not None:
                seen.add(body["progress"])
        body = wait(s, job)
        need(body["state"] == "done" and body["progress"] == 1 and body["kind"] == "video", body)
        need(seen == {p for p in seen if 0 <= p <= 1}, "progress", seen)
        r = body["result"]
        need((r["width"], r["height"], r["frames"], r["source"], r["cut"]) == (640, 360, FRAMES, NAME, False), r)
        need(abs(r["seconds"] - SECONDS) < .05, r["seconds"])

        need(len(r["tracks"]) == 3, "three people", r["tracks"])
        if not SHORT:
            as_watched(r)
        for t in r["tracks"]:
            need(t["person"] is None and t["name"] is None and t["chip"] and 0 < t["quality"] <= 1, t)
            need([t["first"], t["last"]] == [t["intervals"][0][0], t["intervals"][-1][1]] and "boxes" not in t, t)
        boxes = wait(s, job, query="?boxes=true")["result"]["tracks"][0]["boxes"]
        need(len(boxes) >= 20 and all(0 <= b[0] <= SECONDS and b[3] > 20 and b[4] > 20 for b in boxes), boxes[:3])
        need(boxes == sorted(boxes), "boxes by time")
        fact("a video: who is in it, and when" + ("" if SHORT else ", as kao watch tells"))
        if not SHORT:
            as_form(s, r)
        named(s, job, r)
        hidden(s, job, r["tracks"][0]["track"])
        need(nameless(s) >= 1, "the video is there as long as its job")
        need(s.stop() == 0, "exit status")


def as_watched(r):
    """What the command tells of the same clip: who comes and goes, and when."""
    out = subprocess.run([KAO, "watch", "--json", "--no-gallery", CLIP], capture_output=True, text=True, check=True)
    events = [json.loads(line) for line in out.stdout.splitlines()]
    names = {e["was"]: e["track"] for e in events if e["event"] == "renamed"}
    who = {names.get(e["track"], e["track"]) for e in events}
    need(len(r["tracks"]) == len(who) == 3, "three people", who, r["tracks"])
    for event, k in (("appear", 0), ("leave", 1)):
        told = sorted(e["time"] for e in events if e["event"] == event)
        found = sorted(i[k] for t in r["tracks"] for i in t["intervals"])
        need(len(told) == len(found) and all(abs(a - b) <= .25 for a, b in zip(told, found)), event, told, found)


def as_form(s, r):
    form, head = form_of([("video", "holiday 顔.mp4", picture("clip.mp4"))])
    other = s.ask("POST", "/v1/jobs/video", form, head)[1]["job"]
    again = wait(s, other)["result"]
    need(again["source"] == "holiday 顔.mp4" and [t["intervals"] for t in again["tracks"]] == [t["intervals"] for t in r["tracks"]], again)
    need(s.ask("DELETE", f"/v1/jobs/{other}")[0] == 200, "deleted")
    is_error(s.get(f"/v1/jobs/{other}"), 404, "not_found")
    fact("a form's file is the same video, with its name")


def named(s, job, r):
    first = r["tracks"][0]["track"]
    status, chip, head = s.get(f"/v1/jobs/{job}/chips/{first}")
    need(status == 200 and head["Content-Type"] == "image/jpeg" and head["Cache-Control"] == "no-store", head)
    need(s.post("/v1/detect", raw=chip)[1]["faces"], "a face is on it")
    for number in ("999", "x", "-1", ""):
        need(s.get(f"/v1/jobs/{job}/chips/{number}")[0] == 404, number)
    is_error(s.ask("POST", f"/v1/jobs/{job}/people/999?name=x"), 404, "not_found")
    is_error(s.ask("POST", f"/v1/jobs/{job}/people/{first}?person=x"), 400, "invalid_argument")
    is_error(s.ask("POST", f"/v1/jobs/{job}/people/{first}?person=7"), 404, "not_found")
    name = FIRST.title()
    status, body, _ = s.ask("POST", f"/v1/jobs/{job}/people/{first}?name={name}")
    need(status == 201 and body["status"] == "enrolled" and body["samples"] >= (1 if SHORT else 2), body)
    samples = s.get(f"/v1/people/{body['person']}/samples")[1]["samples"]
    need(len(samples) == body["samples"] and all(x["source"].startswith("山" * 85 + " ") for x in samples), samples)
    need([t["name"] for t in wait(s, job)["result"]["tracks"]].count(name) == 1, "the row has the name")
    need(s.post("/v1/identify", raw=picture(f"{FIRST}_3.jpg"))[1]["faces"][0]["name"] == name, "known on a picture, too")
    need(s.post("/v1/undo")[0] == 200 and wait(s, job)["result"]["tracks"][0]["name"] is None, "undone")
    status, body, _ = s.ask("POST", f"/v1/jobs/{job}/people/{first}?name={name}%20B")
    need(status == 201, "named anew", body)
    status, body, _ = s.ask("POST", f"/v1/jobs/{job}/people/{r['tracks'][1]['track']}?person={body['person']}")
    need(status == 409 and body["reasons"] == ["unlike"], "somebody else's track", body)
    fact("a stranger of a video is named: by its best pictures, judged as others are; undone and named anew")


def hidden(s, job, first):
    """The first track is hidden, or the others; in a short run nobody watches the result."""
    everybody = os.path.join(os.path.dirname(s.gallery), "everybody.kao")
    if not SHORT:
        for name in ("Ana", "Ben", "Emil"):
            subprocess.run([KAO, "enroll", "--gallery", everybody, name, os.path.join(PICTURES, f"{name.lower()}_1.jpg"),
                            os.path.join(PICTURES, f"{name.lower()}_2.jpg")], capture_output=True, check=True)
        need(people_of(everybody, CLIP) == {"Ana", "Ben", "Emil"}, "who is in the clip")
    ways = (("hide=everybody", set()), (f"hide=others&tracks={first}&mode=mosaic", {"Ana"}),
            (f"hide=these&tracks={first}&mode=black", {"Ben", "Emil"}))
    for query, found in ways[1:2] if SHORT else ways:
        blur = begin_blur(s, job, query)
        body = wait(s, blur)
        need(body["state"] == "done" and body["kind"] == "blur" and body["result"]["hidden"] >= 1, body)
        status, content, head = s.get(f"/v1/jobs/{blur}/file")
        need(status == 200 and head["Content-Type"] == "video/mp4" and head["Content-Disposition"] == "attachment", head)
        need(len(content) == body["result"]["bytes"] > 10000, len(content))
        with tempfile.NamedTemporaryFile(suffix=".mp4") as f:
            f.write(content)
            f.flush()
            need(SHORT or people_of(everybody, f.name) == found, "who is left", query)
    if not SHORT:
        r = wait(s, begin_blur(s, job, "hide=strangers"))["result"]
        need(r["hidden"] == r["tracks"] - 1, "all but Ana", r)
    for query in ("hide=x", "hide=these&tracks=1,x", "hide=these&tracks=999", "mode=x"):
        is_error(s.ask("POST", f"/v1/jobs/blur?job={job}&{query}"), 400, "invalid_argument")
    is_error(s.ask("POST", "/v1/jobs/blur?job=none"), 404, "not_found")
    is_error(s.get(f"/v1/jobs/{job}/file"), 404, "not_found")
    fact("everybody, strangers or all but some hidden" + ("" if SHORT else ": kao watch finds those who are left"))


def begin_blur(s, job, query):
    status, body, _ = s.ask("POST", f"/v1/jobs/blur?job={job}&{query}")
    need(status == 202, status, body)
    return body["job"]


def form_of(files, edge="edge"):
    body = b"".join(f'--{edge}\r\nContent-Disposition: form-data; name="{n}"; filename="{f}"\r\n\r\n'.encode() + b + b"\r\n" for n, f, b in files)
    return body + f"--{edge}--\r\n".encode(), {"Content-Type": "multipart/form-data; boundary=" + edge}


def wrong():
    with tempfile.TemporaryDirectory(prefix="kao test 顔.") as folder, serving() as s:
        is_error(s.ask("POST", "/v1/jobs/video", b"", {"Content-Type": "video/mp4"}), 400, "invalid_argument")
        form, head = form_of([("a", "a.mp4", b"x"), ("b", "b.mp4", b"x")])
        is_error(s.ask("POST", "/v1/jobs/video", form, head), 400, "invalid_form")
        is_error(s.ask("POST", "/v1/jobs/video?fpir=2", b"x"), 400, "invalid_argument")
        c = s.connect()
        c.putrequest("POST", "/v1/jobs/video")
        c.putheader("Content-Length", str(5 << 30))
        c.endheaders()
        need(c.getresponse().status == 413, "a body that says it is too large")
        c.close()
        lists = {"list.m3u8": f"#EXTM3U\n#EXTINF:9,\nfile://{CLIP}\n#EXT-X-ENDLIST\n", "list.txt": f"ffconcat version 1.0\nfile '{CLIP}'\n"}
        for name, content in (("no.mp4", b"no video"), ("half.mp4", picture("clip.mp4")[:3000]), *((n, t.encode()) for n, t in lists.items())):
            body = wait(s, begin(s, content, f"/v1/jobs/video?source={name}"))
            need(body["state"] == "failed" and body["error"]["message"] and "/proc/" not in body["error"]["message"], name, body)
            need("clip" not in body["error"]["message"], "no other file is looked at", body)
        is_error(s.get("/v1/jobs/none"), 404, "not_found")
        is_error(s.ask("DELETE", "/v1/jobs/none"), 404, "not_found")
        fact("no video, too large, two files, lists that lead to other files: errors, and what they are")

        os.environ["TMPDIR"] = folder
        try:
            with serving() as other:
                if hasattr(resource, "prlimit"):
                    resource.prlimit(other.process.pid, resource.RLIMIT_FSIZE, (1 << 20, 1 << 20))
                    is_error(other.ask("POST", "/v1/jobs/video", bytes(4 << 20)), 507, "no_space")
                need(os.listdir(folder) == [] and none_left(other), "nothing is left")
                need(other.stop() == 0, "exit status")
            os.environ["TMPDIR"] = os.path.join(folder, "not there")
            with serving() as other:
                is_error(other.ask("POST", "/v1/jobs/video", picture("clip.mp4")), 500, "io")
        finally:
            del os.environ["TMPDIR"]
        fact("no room, no folder for temporary files: errors, nothing is left")


def ended():
    with tempfile.TemporaryDirectory(prefix="kao test 顔.") as folder:
        os.environ["TMPDIR"] = folder
        try:
            with serving() as s:
                jobs = [begin(s)]
                wait(s, jobs[0], ("running", *OVER))
                status = 202
                while status == 202 and len(jobs) < 16:  # four, or more where the first ones are done meanwhile
                    status, body, head = s.ask("POST", "/v1/jobs/video", picture("clip.mp4"))
                    jobs += [body["job"]] if status == 202 else []
                need(status == 503 and body["error"]["code"] == "busy" and int(head["Retry-After"]) > 0, status, body)
                need(len(jobs) >= 5, "four wait", len(jobs))
                before = [s.get(f"/v1/jobs/{j}")[1].get("before", 0) for j in jobs]
                need(all(0 <= b - a <= 1 for a, b in zip(before, before[1:])) and before[-1] <= 4, "one after the other", before)
                is_error(s.ask("POST", f"/v1/jobs/blur?job={jobs[-1]}"), 409, "conflict")
                is_error(s.ask("POST", f"/v1/jobs/{jobs[-1]}/people/1?name=x"), 409, "conflict")
                is_error(s.get(f"/v1/jobs/{jobs[-1]}/chips/1"), 409, "conflict")
                need(s.post("/v1/detect", raw=picture("ana_1.jpg"))[0] == 200, "requests go on")
                need(left(s, len(jobs)) and os.listdir(folder) == [], "files without names", nameless(s), os.listdir(folder))
                for j in jobs:
                    need(s.ask("DELETE", f"/v1/jobs/{j}")[0] == 200, j)
                    is_error(s.get(f"/v1/jobs/{j}"), 404, "not_found")
                need(none_left(s), "no file is left")
                fact("one job runs, four wait, more are refused; deleted ones leave no file")

                many = [s.ask("POST", "/v1/jobs/album")[1]["job"] for _ in range(16)]
                is_error(s.ask("POST", "/v1/jobs/album"), 503, "busy")
                for j in many[1:]:
                    need(s.ask("DELETE", f"/v1/jobs/{j}")[0] == 200, j)
                fact("sixteen at a time")

                wait(s, begin(s), ("running", *OVER))
                begin(s)
                need(s.stop() == 0, "exit status", s.said() if not s.messages.closed else "")
                need(os.listdir(folder) == [], "nothing is left", os.listdir(folder))
                fact("SIGTERM in the middle of a job: status 0, no file is left")
        finally:
            del os.environ["TMPDIR"]


def album():
    names = sorted(n for n in os.listdir(PICTURES) if n.endswith(".jpg"))
    with serving() as s:
        need(s.post("/v1/people/new/samples?name=Chen&source=chen_1.jpg", raw=picture("chen_1.jpg"))[0] == 201, "enrolled")
        status, body, _ = s.ask("POST", "/v1/jobs/album")
        need(status == 201 and body["state"] == "open", body)
        job = body["job"]
        form, head = form_of([("image", n, picture(n)) for n in names[:8]] + [("image", "text.jpg", b"no picture")])
        status, body, _ = s.ask("POST", f"/v1/jobs/{job}/pictures", form, head)
        need(status == 200 and [p["faces"] for p in body["pictures"]] == [1] * 8 + [0], body)
        need(body["pictures"][-1]["error"]["code"] == "invalid_image", body["pictures"][-1])
        is_error(s.ask("POST", f"/v1/jobs/{job}/pictures", b""), 400, "invalid_argument")
        answers = []

        def send(part):
            for n in part:
                answers.append(s.ask("POST", f"/v1/jobs/{job}/pictures?source={n}", picture(n), {"Content-Type": "image/jpeg"})[0])

        threads = [threading.Thread(target=send, args=(names[8 + k::2],)) for k in range(2)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        need(answers == [200] * (len(names) - 8), answers)
        need(s.get(f"/v1/jobs/{job}")[1]["state"] == "open" and nameless(s) == 0, "pictures are on no disk")
        is_error(s.ask("POST", f"/v1/jobs/{job}/start?threshold=2"), 400, "invalid_argument")
        need(s.ask("POST", f"/v1/jobs/{job}/start")[0] == 202, "begun")
        r = wait(s, job)["result"]
        is_error(s.ask("POST", f"/v1/jobs/{job}/pictures", picture("ana_1.jpg")), 409, "conflict")
        is_error(s.ask("POST", f"/v1/jobs/{job}/start"), 409, "conflict")

        # the same groups as the command makes of the same pictures
        out = subprocess.run([KAO, "cluster", "--json", *(os.path.join(PICTURES, n) for n in names)], capture_output=True, text=True, check=True)
        told = {}
        for f in map(json.loads, out.stdout.splitlines()):
            told.setdefault(f["group"], set()).add((os.path.basename(f["file"]), f["face"]))
        found = [{(f["file"], f["number"]) for f in g["faces"]} for g in r["groups"]]
        need(sorted(map(sorted, told.values())) == sorted(map(sorted, found)), "kao cluster's groups", told, found)
        need([len(g) for g in found] == sorted((len(g) for g in found), reverse=True), "the largest first")
        need(r["pictures"] == len(names) and r["faces"] == sum(len(g) for g in found), r["pictures"], r["faces"])
        chen = next(g for g in r["groups"] if g["name"])
        need(chen["name"] == "Chen" and all(f["file"].startswith("chen") or f["file"] == "group.jpg" for f in chen["faces"]), chen)
        need([f["file"] for f in chen["faces"] if f["sample"]] == ["chen_1.jpg"], "what is a sample already")
        face = r["groups"][0]["faces"][0]["face"]
        need(s.post("/v1/detect", raw=s.get(f"/v1/jobs/{job}/chips/{face}")[1])[1]["faces"], "chips show faces")
        fact("an album: the groups of kao cluster, known people named, pictures on no disk")

        def group_of(name):
            for g in wait(s, job)["result"]["groups"]:
                if any(f["file"] == name for f in g["faces"]):
                    return g

        emil = group_of("emil_1.jpg")
        out_of = next(f["face"] for f in emil["faces"] if f["file"] == "emil_2.jpg")
        need(s.ask("POST", f"/v1/jobs/{job}/out?face={out_of}")[0] == 200, "taken out")
        alone = group_of("emil_2.jpg")
        need(len(alone["faces"]) == 1 and len(group_of("emil_1.jpg")["faces"]) == len(emil["faces"]) - 1, alone)
        is_error(s.ask("POST", f"/v1/jobs/{job}/merge?group={emil['group']}&other={alone['group']}"), 409, "conflict")
        for path, code in (("merge?group=0&other=999", 404), ("merge?group=1", 400), ("apart?group=1&other=1", 400), ("out?face=9999", 404), ("out?face=x", 400)):
            need(s.ask("POST", f"/v1/jobs/{job}/{path}")[0] == code, path)
        status, body, _ = s.ask("POST", f"/v1/jobs/{job}/people/{emil['group']}?name=Emil")
        need(status == 201 and 1 <= body["samples"] <= 5, body)
        need(group_of("emil_1.jpg")["name"] == "Emil" and group_of("emil_2.jpg")["name"] is None, "named")
        need(s.ask("POST", f"/v1/jobs/{job}/people/{alone['group']}?name=Nobody")[1]["reasons"] == ["looks_like"], "judged as others are")
        status, again, _ = s.ask("POST", f"/v1/jobs/{job}/people/{alone['group']}?name=Other&force=true")
        need(status == 201, "somebody insists", again)
        other = again["person"]
        facts = subprocess.run([KAO, "gallery", "facts", "--gallery", s.gallery], capture_output=True, text=True, check=True).stdout
        need(facts == f"1\t#{body['person']} and #{other} are two people\n", "what was said is kept", facts)
        need(s.post("/v1/identify", raw=picture("emil_4.jpg"))[1]["faces"][0]["name"] == "Emil", "known")
        fact("a group is named, a face is taken out of one, and what was said is a fact of the gallery")

        job = s.ask("POST", "/v1/jobs/album")[1]["job"]
        for n in ("ana_1.jpg", "ana_2.jpg", "ana_3.jpg", "dora_1.jpg", "dora_2.jpg"):
            s.ask("POST", f"/v1/jobs/{job}/pictures?source={n}", picture(n), {"Content-Type": "image/jpeg"})
        s.ask("POST", f"/v1/jobs/{job}/start?threshold=0.99")
        r = wait(s, job)["result"]
        need(len(r["groups"]) == 5, "strict: all alone", r["groups"])
        who = {g["group"]: g["faces"][0]["file"][:3] for g in r["groups"]}
        pairs = [{who[p["group"]], who[p["other"]]} for p in r["pairs"]]
        need(pairs[:4] == [p for p in pairs if len(p) == 1], "those of one person are asked first", pairs, r["pairs"])
        at = [p["similarity"] for p in r["pairs"]]
        need(len(at) >= 4 and at == sorted(at, reverse=True), at)
        p, q = r["pairs"][0], r["pairs"][1]
        need(s.ask("POST", f"/v1/jobs/{job}/merge?group={p['group']}&other={p['other']}")[0] == 200, "yes")
        need(s.ask("POST", f"/v1/jobs/{job}/apart?group={q['group'] if q['group'] != p['other'] else p['group']}&other={q['other'] if q['other'] != p['other'] else p['group']}")[0] == 200, "no")
        r = wait(s, job)["result"]
        need(len(r["groups"]) == 4 and len(r["groups"][0]["faces"]) == 2, r["groups"])
        left = {(x["group"], x["other"]) for x in r["pairs"]}
        need(len(left) < len(pairs) and (p["group"], p["other"]) not in left and (q["group"], q["other"]) not in left, left)
        fact("the most alike groups are asked about; yes makes them one, no is not asked again")
        need(s.stop() == 0, "exit status")


# jobs.py threads: what has threads in it, without a whole video, which takes a thread sanitizer for ever
main(*([ended, album] if "threads" in sys.argv else [video, wrong, ended, album]))
