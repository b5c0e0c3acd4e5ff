"""CompreFace's API, /api/v1: its documented requests, and what its clients read of the answers."""
import base64
import json
import os
import re
import subprocess
import tempfile
import uuid

from serving import KAO, PICTURES, fact, form, main, need, picture, serving

KEY = str(uuid.uuid4())
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
BOX = {"probability", "x_max", "y_max", "x_min", "y_min"}


class Client:
    """As its users write requests by hand: a key, a path, a form or JSON."""

    def __init__(self, server):
        self.server = server

    def ask(self, method, path, fields=None, body=None, key=KEY, raw=None):
        head = {} if key is None else {"x-api-key": key}
        content = raw
        if fields is not None:
            content, more = form(fields)
            head.update(more)
        elif body is not None:
            content = json.dumps(body).encode()
            head["Content-Type"] = "application/json"
        status, answer, _ = self.server.ask(method, "/api/v1" + path, body=content, headers=head)
        return status, answer

    def need(self, status, method, path, **more):
        got, answer = self.ask(method, path, **more)
        need(got == status, method, path, got, answer)
        return answer

    def error(self, status, code, method, path, **more):
        answer = self.need(status, method, path, **more)
        need(set(answer) == {"message", "code"} and answer["code"] == code and answer["message"], answer)
        return answer["message"]


def is_box(box):
    need(set(box) == BOX and 0 < box["probability"] <= 1, box)
    need(all(isinstance(box[k], int) for k in BOX - {"probability"}), "whole pixels", box)
    need(box["x_min"] < box["x_max"] and box["y_min"] < box["y_max"], box)


def size(face):
    return (face["box"]["x_max"] - face["box"]["x_min"]) * (face["box"]["y_max"] - face["box"]["y_min"])


def subjects():
    with serving() as s:
        c = Client(s)
        need(c.need(200, "GET", "/recognition/subjects") == {"subjects": []}, "nobody yet")
        need(c.need(201, "POST", "/recognition/subjects", body={"subject": "Ana"}) == {"subject": "Ana"}, "added")
        c.need(201, "POST", "/recognition/subjects", body={"subject": "山田 花子"})
        need(c.need(200, "GET", "/recognition/subjects") == {"subjects": ["Ana", "山田 花子"]}, "listed")
        need(c.error(400, 43, "POST", "/recognition/subjects", body={"subject": "Ana"}) == "Subject already exists", "twice")
        c.error(400, 5, "POST", "/recognition/subjects", body={"subject": ""})
        c.error(400, 5, "POST", "/recognition/subjects", body={})
        need(c.need(200, "PUT", "/recognition/subjects/Ana", body={"subject": "Ana Maria"}) == {"updated": True}, "renamed")
        c.error(404, 42, "PUT", "/recognition/subjects/Ana", body={"subject": "Eva"})
        kanji = "/recognition/subjects/%E5%B1%B1%E7%94%B0%20%E8%8A%B1%E5%AD%90"
        need(c.need(200, "DELETE", kanji) == {"subject": "山田 花子"}, "a name in any script, in the path")
        need(c.error(404, 42, "DELETE", kanji) == "Subject 山田 花子 not found", "gone")
        c.need(201, "POST", "/recognition/subjects", body={"subject": "Ben"})
        need(c.need(200, "DELETE", "/recognition/subjects") == {"deleted": 2}, "all")
        need(c.need(200, "DELETE", "/recognition/subjects") == {"deleted": 0}, "nobody is no error")
        fact("subjects: added, listed, renamed, removed; names in any script")

        s.post("/v1/people", json_body={"name": "Twin"})
        s.post("/v1/people", json_body={"name": "Twin"})
        c.error(409, 0, "DELETE", "/recognition/subjects/Twin")
        stranger = s.post("/v1/people", json_body={})[1]["people"][0]["person"]
        need(f"#{stranger}" in c.need(200, "GET", "/recognition/subjects")["subjects"], "people without a name")
        c.need(200, "DELETE", f"/recognition/subjects/%23{stranger}")
        c.error(404, 42, "DELETE", f"/recognition/subjects/%23{stranger}")
        c.error(404, 42, "DELETE", "/recognition/subjects/%23")
        fact("a name that two have is refused; those without a name have their number")


def add(c, name, file):
    return c.need(201, "POST", "/recognition/faces?subject=" + name, fields={"file": picture(file)})


def faces():
    with serving() as s:
        c = Client(s)
        one = add(c, "Ana", "ana_1.jpg")
        need(set(one) == {"image_id", "subject"} and UUID.match(one["image_id"]) and one["subject"] == "Ana", one)
        two = add(c, "Ana", "ana_2.jpg")
        body = {"file": base64.b64encode(picture("ben_1.jpg")).decode()}
        ben = c.need(201, "POST", "/recognition/faces?subject=Ben", body=body)
        people = s.get("/v1/people")[1]["people"]
        need([(p["name"], p["n_samples"]) for p in people] == [("Ana", 2), ("Ben", 1)], people)
        fact("pictures go to subjects, as a form or in base64, and stand in the gallery")

        page = c.need(200, "GET", "/recognition/faces")
        need(page == {"faces": [one, two, ben], "page_number": 0, "page_size": 20, "total_pages": 1, "total_elements": 3}, page)
        page = c.need(200, "GET", "/recognition/faces?page=1&size=2")
        need(page == {"faces": [ben], "page_number": 1, "page_size": 2, "total_pages": 2, "total_elements": 3}, page)
        page = c.need(200, "GET", "/recognition/faces?page=0&size=1&subject=Ana")
        need(page == {"faces": [one], "page_number": 0, "page_size": 1, "total_pages": 2, "total_elements": 2}, page)
        need(c.need(200, "GET", "/recognition/faces?subject=Nobody")["faces"] == [], "no such subject")
        need(c.need(200, "GET", "/recognition/faces?page=7")["faces"] == [], "beyond the end")
        for bad in ("page=-1", "size=0", "page=x"):
            c.error(400, 26, "GET", "/recognition/faces?" + bad)
        fact("pages of pictures")

        need(c.error(400, 28, "POST", "/recognition/faces?subject=X", fields={"file": blank()}) ==
             "No face is found in the given image", "no face")
        need(c.error(400, 31, "POST", "/recognition/faces?subject=X", fields={"file": picture("group.jpg")}) ==
             "More than one face in the source image", "several")
        c.error(400, 33, "POST", "/recognition/faces", fields={"file": picture("ana_1.jpg")})
        c.error(400, 34, "POST", "/recognition/faces?subject=X", fields={"picture": picture("ana_1.jpg")})
        c.error(400, 21, "POST", "/recognition/faces?subject=X", fields={"file": b"no picture at all"})
        c.error(400, 21, "POST", "/recognition/faces?subject=X", body={"file": "?"})
        need("X" not in c.need(200, "GET", "/recognition/subjects")["subjects"], "nothing was kept of them")
        fact("no face, several, no file, no picture: its codes, and nothing is kept")

        found = c.need(200, "PUT", "/recognition/subjects/Ben", body={"subject": "Ana"})
        need(found == {"updated": True}, found)
        need(c.need(200, "GET", "/recognition/faces?subject=Ana")["total_elements"] == 3, "two subjects have become one")
        need(c.need(200, "DELETE", "/recognition/faces/" + ben["image_id"]) == {"image_id": ben["image_id"], "subject": "Ana"}, "one")
        c.error(404, 44, "DELETE", "/recognition/faces/" + ben["image_id"])
        gone = c.need(200, "POST", "/recognition/faces/delete", body=[one["image_id"], ben["image_id"], "x", 7])
        need(gone == [one], gone)
        need(c.need(200, "DELETE", "/recognition/faces?subject=Ana") == {"deleted": 1}, "the last one")
        need(c.need(200, "GET", "/recognition/subjects") == {"subjects": ["Ana"]}, "the subject stays")
        add(c, "Ana", "ana_1.jpg")
        add(c, "Ben", "ben_1.jpg")
        c.error(404, 42, "DELETE", "/recognition/faces?subject=Nobody")
        need(c.need(200, "DELETE", "/recognition/faces") == {"deleted": 2}, "all")
        fact("pictures are removed: one, a list, a subject's, all; a rename onto another merges")


def blank():
    """A grey PNG: nobody is on it."""
    import struct
    import zlib
    def part(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))
    rows = (b"\0" + b"\x80" * 300) * 300
    return (b"\x89PNG\r\n\x1a\n" + part(b"IHDR", struct.pack(">IIBBBBB", 300, 300, 8, 0, 0, 0, 0)) +
            part(b"IDAT", zlib.compress(rows)) + part(b"IEND", b""))


def recognition():
    with serving() as s:
        c = Client(s)
        none = c.need(200, "POST", "/recognition/recognize", fields={"file": picture("ana_3.jpg")})["result"]
        need([f["subjects"] for f in none] == [[]], "nobody is known yet", none)
        for name in ("ana", "ben", "chen"):
            add(c, name, name + "_1.jpg")
        answer = c.need(200, "POST", "/recognition/recognize", fields={"file": picture("ana_3.jpg")})
        need(set(answer) == {"result"} and len(answer["result"]) == 1, answer)
        face = answer["result"][0]
        need(set(face) == {"box", "subjects"} and len(face["subjects"]) == 1, face)
        is_box(face["box"])
        best = face["subjects"][0]
        need(best["subject"] == "ana" and .5 < best["similarity"] <= 1, best)
        need(round(best["similarity"], 5) == best["similarity"], "five decimals")
        there = s.post("/v1/identify", fields={"image": picture("ana_3.jpg")})[1]
        need(abs(best["cosine"] - there["faces"][0]["similarity"]) < 1e-6, "the cosine is that of /v1")
        fact("recognize: the subject; the cosine stands beside")

        stranger = c.need(200, "POST", "/recognition/recognize?prediction_count=2", fields={"file": picture("dora_1.jpg")})
        two = stranger["result"][0]["subjects"]
        need(len(two) == 2 and two[0]["similarity"] >= two[1]["similarity"] and two[0]["similarity"] < .5, two)
        many = c.need(200, "POST", "/recognition/recognize?prediction_count=50", fields={"file": picture("dora_1.jpg")})
        need(len(many["result"][0]["subjects"]) == 3, "no more than there are")
        # .5 is where the gallery's threshold is
        t = there["threshold"]
        for one in two + [best]:
            wanted = .5 * (one["cosine"] + 1) / (t + 1) if one["cosine"] < t else .5 + .5 * (one["cosine"] - t) / (1 - t)
            need(abs(one["similarity"] - wanted) < 1.1e-5, one, wanted)
        fact("strangers stay below .5, which is the threshold; prediction_count")

        answer = c.need(200, "POST", "/recognition/recognize?limit=2&status=true&face_plugins=landmarks,calculator,mask,pose,age,gender",
                        fields={"file": picture("group.jpg")})
        need(set(answer) == {"result", "plugins_versions"} and len(answer["result"]) == 2, sorted(answer))
        need(set(answer["plugins_versions"]) == {"detector", "calculator"}, answer["plugins_versions"])
        need(size(answer["result"][0]) >= size(answer["result"][1]), "biggest first")
        every = c.need(200, "POST", "/detection/detect", fields={"file": picture("group.jpg")})["result"]
        need([size(f) for f in every] == sorted([size(f) for f in every], reverse=True) and len(every) == 4, "all of them")
        need(c.need(200, "POST", "/detection/detect?limit=0", fields={"file": picture("group.jpg")})["result"] == every, "limit=0: all")
        need([f["box"] for f in every[:2]] == [f["box"] for f in answer["result"]], "the same boxes")
        for face in answer["result"]:
            need({"box", "landmarks", "embedding", "pose", "subjects", "execution_time"} <= set(face), sorted(face))
            need("age" not in face and "gender" not in face, "kao does not guess these")
            need(len(face["landmarks"]) == 5 and all(len(p) == 2 for p in face["landmarks"]), face["landmarks"])
            need(abs(sum(v * v for v in face["embedding"]) - 1) < 1e-4, "a vector of length 1")
            need(set(face["pose"]) == {"pitch", "roll", "yaw"}, face["pose"])
            need(face["execution_time"]["detector"] > 0 and face["execution_time"]["calculator"] > 0, face["execution_time"])
        fact("limit, status, face_plugins; detection/detect")

        masked = c.need(200, "POST", "/detection/detect?face_plugins=mask", fields={"file": picture("mask_ana.jpg")})["result"][0]
        bare = c.need(200, "POST", "/detection/detect?face_plugins=mask", fields={"file": picture("ana_2.jpg")})["result"][0]
        need(masked["mask"]["value"] == "with_mask" and bare["mask"]["value"] == "without_mask", masked, bare)
        need(.5 <= masked["mask"]["probability"] <= 1, masked)
        fact("the plugin mask")

        for path in ("/recognition/recognize", "/detection/detect"):
            c.error(400, 28, "POST", path, fields={"file": blank()})
            c.error(400, 26, "POST", path + "?limit=-1", fields={"file": blank()})
            c.error(400, 26, "POST", path + "?det_prob_threshold=2", fields={"file": blank()})
            c.error(400, 34, "POST", path, fields={"image": picture("ana_1.jpg")})
        told = c.error(400, 26, "POST", "/recognition/recognize?prediction_count=0&limit=-1&status=7", fields={"file": blank()})
        need(told.split("; ")[:2] == ["limit should be equal or greater than 0", "prediction_count should be equal or greater than 1"], told)
        need(len(told.split("; ")) == 3 and "status" in told, "all that is wrong in one message", told)
        none = c.error(400, 28, "POST", "/detection/detect?det_prob_threshold=1", fields={"file": picture("ana_1.jpg")})
        need(none == "No face is found in the given image", none)
        fact("its errors: no face, out of range, no file; det_prob_threshold holds")

        chip = c.need(200, "POST", "/recognition/recognize?detect_faces=false&face_plugins=calculator", fields={"file": blank()})
        need(chip["result"][0]["box"] == {"probability": 1, "x_min": 0, "y_min": 0, "x_max": 300, "y_max": 300}, chip["result"][0]["box"])
        fact("detect_faces=false: the picture is the face")


def verification():
    with serving() as s:
        c = Client(s)
        ana = add(c, "Ana", "ana_1.jpg")
        def verify(a, b, query=""):
            return c.need(200, "POST", "/verification/verify" + query,
                          fields={"source_image": picture(a), "target_image": picture(b)})["result"]
        same = verify("ana_1.jpg", "ana_3.jpg")
        need(len(same) == 1 and set(same[0]) == {"source_image_face", "face_matches"}, same)
        is_box(same[0]["source_image_face"]["box"])
        need(len(same[0]["face_matches"]) == 1 and same[0]["face_matches"][0]["similarity"] > .5, same)
        there = s.post("/v1/verify", fields={"source": picture("ana_1.jpg"), "target": picture("ana_3.jpg")})[1]
        need(abs(same[0]["face_matches"][0]["cosine"] - there["similarity"]) < 1e-6, "the cosine of /v1")
        need(verify("ana_1.jpg", "ben_1.jpg")[0]["face_matches"][0]["similarity"] < .5, "two people")
        group = verify("ana_1.jpg", "group.jpg", "?limit=3")[0]["face_matches"]
        need(len(group) == 3, "several in the target are several answers")
        body = {k: base64.b64encode(picture(f)).decode() for k, f in (("source_image", "ana_1.jpg"), ("target_image", "ana_3.jpg"))}
        need(c.need(200, "POST", "/verification/verify", body=body)["result"] == same, "base64")
        c.error(400, 31, "POST", "/verification/verify", fields={"source_image": picture("group.jpg"), "target_image": picture("ana_1.jpg")})
        c.error(400, 28, "POST", "/verification/verify", fields={"source_image": picture("ana_1.jpg"), "target_image": blank()})
        c.error(400, 34, "POST", "/verification/verify", fields={"source_image": picture("ana_1.jpg")})
        fact("verification: one source face, each of the target's")

        path = f"/recognition/faces/{ana['image_id']}/verify"
        found = c.need(200, "POST", path, fields={"file": picture("ana_3.jpg")})["result"]
        need(len(found) == 1 and abs(found[0]["cosine"] - there["similarity"]) < 1e-6 and found[0]["similarity"] > .5, found)
        c.error(404, 44, "POST", f"/recognition/faces/{uuid.uuid4()}/verify", fields={"file": picture("ana_3.jpg")})
        fact("a picture against a subject's picture")

        v = {}
        for file in ("ana_3.jpg", "ben_1.jpg"):
            answer = c.need(200, "POST", "/detection/detect?face_plugins=calculator", fields={"file": picture(file)})
            v[file] = answer["result"][0]["embedding"]
        both = [v["ana_3.jpg"], v["ben_1.jpg"]]
        known = c.need(200, "POST", "/recognition/embeddings/recognize?prediction_count=1", body={"embeddings": both})["result"]
        need([len(r["embedding"]) for r in known] == [len(both[0])] * 2, "the vectors come back")
        need(known[0]["similarities"][0]["subject"] == "Ana" and known[0]["similarities"][0]["similarity"] > .5, known[0]["similarities"])
        need(known[1]["similarities"][0]["similarity"] < .5, known[1]["similarities"])
        found = c.need(200, "POST", f"/recognition/embeddings/faces/{ana['image_id']}/verify", body={"embeddings": both})["result"]
        need(abs(found[0]["cosine"] - there["similarity"]) < 1e-5 and found[1]["similarity"] < .5, [r["cosine"] for r in found])
        dots = c.need(200, "POST", "/verification/embeddings/verify", body={"source": both[0], "targets": both})["result"]
        need(abs(dots[0]["cosine"] - 1) < 1e-5 and dots[0]["similarity"] > .9999, dots[0]["cosine"])
        wanted = sum(a * b for a, b in zip(*both))
        need(abs(dots[1]["cosine"] - wanted) < 1e-5, dots[1]["cosine"], wanted)
        doubled = c.need(200, "POST", "/verification/embeddings/verify", body={"source": [2 * a for a in both[0]], "targets": both})
        need(abs(doubled["result"][1]["cosine"] - wanted) < 1e-5, "of any length")
        for bad in ([1.0] * 7, [0.0] * len(both[0]), ["x"] * len(both[0]), 7):
            c.error(400, 37, "POST", "/verification/embeddings/verify", body={"source": bad, "targets": both})
        c.error(400, 26, "POST", "/recognition/embeddings/recognize", body={"embeddings": []})
        c.error(400, 37, "POST", "/recognition/embeddings/recognize", body={"embeddings": [both[0], [1]]})
        fact("vectors instead of pictures")


def keys_and_paths():
    with serving() as s:
        c = Client(s)
        image = add(c, "Ana", "ana_1.jpg")["image_id"]
        need(c.error(400, 20, "GET", "/recognition/subjects", key=None) == "Missing header: x-api-key", "no key")
        need(c.error(400, 26, "GET", "/recognition/subjects", key="secret") == "Service API key should be UUID", "no UUID")
        c.error(400, 20, "POST", "/detection/detect?limit=-1", key=None, fields={"file": b"x"})
        fact("the key is looked at first")
        c.error(404, 0, "GET", "/nothing")
        c.error(404, 0, "PUT", "/recognition/faces")
        status, answer, _ = s.ask("GET", "/api/v1/recognition/subjects", headers={"x-api-key": KEY, "Host": "elsewhere.example"})
        need(status == 403 and answer["code"] == 0, "other hosts are refused in its form", answer)
        fact("unknown paths and methods are 404")
        status = c.need(200, "GET", "/consistence/status", key=None)
        need(status["dbIsInconsistent"] is False and status["calculatorVersion"] == "kao-face", status)
        sizes = c.need(200, "GET", "/config", key=None)
        need(sizes == {"clientMaxFileSize": 64 << 20, "clientMaxBodySize": 64 << 20}, sizes)
        need(c.need(200, "POST", "/migrate", key=None) == b"Migration started", "nothing has to be moved")
        c.error(404, 0, "GET", "/migrate")
        for path, key in ((f"/recognition/faces/{image}/img", KEY), (f"/static/{KEY}/images/{image}", None)):
            need(c.need(200, "GET", path, key=key) == b"", "no picture is kept: nothing comes")
            c.error(404, 44, "GET", path.replace(image, str(uuid.uuid4())), key=key)
        fact("status, sizes, migration; pictures that are not kept are empty")


def distances():
    """A network that is made for distances: its vectors are compared as they are, of any length."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "far.onnx")
        subprocess.run([KAO, "model", "make", "mobilefacenet", path], check=True, stdout=subprocess.DEVNULL)
        with open(path + ".card", "w", encoding="utf-8") as f:
            f.write("kind = embedder\ninput.color = rgb\ninput.mean = 127.5\ninput.scale = 1/128\ntemplate = arcface-112\n"
                    "metric = euclidean\nthreshold.distance = 0.6\n")
        with serving("-m", path) as s:
            rest = [0.0] * (s.get("/v1/models")[1]["models"][0]["dim"] - 1)
            answer = Client(s).need(200, "POST", "/verification/embeddings/verify", body={"source": [1.5] + rest, "targets": [[1.0] + rest, [1.5] + rest]})
            found = [r["cosine"] for r in answer["result"]]
            need(abs(found[0] - .875) < 1e-6 and found[1] == 1, "1 - .5 * .5 / 2, and 1", found)
    fact("a network of distances: vectors are not brought to length 1")


main(subjects, faces, recognition, verification, distances, keys_and_paths)
