"""Clients that are slow, rude or broken, and a machine that fails: others go on, the gallery stays whole."""
import http.client
import os
import resource
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import tempfile
import threading
import time
import zlib
from concurrent.futures import ThreadPoolExecutor

from serving import KAO, PATIENCE, fact, form, main, need, picture, serving


def raw(s, sent, wait=True):
    """What the server says to these bytes, until it closes or has said one answer."""
    with socket.create_connection(("127.0.0.1", s.port), timeout=PATIENCE) as c:
        got = b""
        try:
            c.sendall(sent)
            if not wait:
                return got
            c.shutdown(socket.SHUT_WR)
        except OSError:  # it has closed already
            return got
        while True:
            try:
                more = c.recv(65536)
            except ConnectionResetError:
                return got
            if not more:
                return got
            got += more


def is_well(s):
    status, body, _ = s.post("/v1/detect", raw=picture("ana_1.jpg"))
    need(status == 200 and len(body["faces"]) == 1, "another client's request", status, body)


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def bomb():
    """A small file that says it is 65,000 x 65,000 pixels."""
    head = struct.pack(">IIBBBBB", 65000, 65000, 8, 6, 0, 0, 0)
    rows = zlib.compress(b"\0" * (1 << 20))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def rude():
    with serving() as s:
        here = f"Host: 127.0.0.1:{s.port}\r\n"
        requests = (b"", b"\r\n\r\n", b"GET", b"\x16\x03\x01\x02\x00" + bytes(512), b"GET / HTTP/9.9\r\n\r\n",
                    b"POST /v1/detect HTTP/1.1\r\n", (f"POST /v1/detect HTTP/1.1\r\n{here}Content-Length: 5000\r\n\r\nabc").encode(),
                    (f"POST /v1/detect HTTP/1.1\r\n{here}Content-Length: -1\r\n\r\n").encode(),
                    (f"POST /v1/detect HTTP/1.1\r\n{here}Content-Length: 99999999999999999999999\r\n\r\n").encode(),
                    (f"POST /v1/detect HTTP/1.1\r\n{here}Transfer-Encoding: chunked\r\n\r\nzz\r\n").encode(),
                    (f"GET /{'a' * 200000} HTTP/1.1\r\n{here}\r\n").encode(),
                    (f"GET / HTTP/1.1\r\n{here}X: {'a' * 200000}\r\n\r\n").encode(),
                    ("GET / HTTP/1.1\r\n" + "".join(f"A{i}: b\r\n" for i in range(5000)) + "\r\n").encode(),
                    b"GET /%00%ff%zz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        with ThreadPoolExecutor(len(requests)) as at_once:  # some are waited for until they are idle
            answers = at_once.map(lambda sent: raw(s, sent), requests)
        for sent, got in zip(requests, answers):
            need(not got.startswith(b"HTTP/1.1 2"), "no success", sent[:60], got[:60])
        is_well(s)
        fact("half requests, garbage, heads that are too long")

        edge = "multipart/form-data; boundary=xx"
        for body in (b"", b"--xx", b"--xx\r\n\r\n", b"--xx\r\nContent-Disposition: form-data\r\n\r\nabc\r\n--xx--\r\n",
                     b'--xx\r\nContent-Disposition: form-data; name="image"\r\n\r\nabc', b"\0" * 1000, b"--yy--",
                     b'--xx\r\nContent-Disposition: form-data; name="' + b"n" * 70000 + b'"\r\n\r\nabc\r\n--xx--\r\n'):
            status, answer, _ = s.ask("POST", "/v1/detect", body, {"Content-Type": edge})
            need(status in (400, 422), "a damaged form", body[:60], status, answer)
        many, head = form({f"f{i}": "x" for i in range(100)})
        need(s.ask("POST", "/v1/detect", many, head)[0] == 400, "too many fields")
        is_well(s)
        fact("damaged forms, too many fields")

        status, answer, _ = s.post("/v1/detect", raw=bomb())
        need(status == 413, "a decompression bomb", status, answer)
        got = raw(s, (f"POST /v1/detect HTTP/1.1\r\n{here}Content-Length: 100000000\r\n\r\n").encode())
        need(b" 413 " in got.split(b"\r\n")[0], "a body that says it is too large", got[:100])
        c = s.connect()
        try:
            c.request("POST", "/v1/detect", iter(lambda: b"\0" * (1 << 20), None), {"Content-Type": "image/jpeg"},
                      encode_chunked=True)
            status = c.getresponse().status
        except (ConnectionError, http.client.HTTPException):
            status = 413  # cut off
        need(status == 413, "a body without end", status)
        is_well(s)
        fact("a decompression bomb, a body that says it is too large, one without end")

        for _ in range(20):  # gone before the answer is there
            body, head = form({"image": picture("group.jpg")})
            sent = f"POST /v1/identify HTTP/1.1\r\n{here}Content-Length: {len(body)}\r\nContent-Type: {head['Content-Type']}\r\n\r\n"
            raw(s, sent.encode() + body, wait=False)
        is_well(s)
        need(s.stop() == 0, "exit status")
        fact("clients that leave before their answer")


def crowd():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2500:
        print(f"SKIP: 1,000 slow clients: {hard} open files at most")
        return
    resource.setrlimit(resource.RLIMIT_NOFILE, (2500, hard))
    with serving() as s:
        slow = []
        for i in range(1000):
            c = socket.create_connection(("127.0.0.1", s.port), timeout=PATIENCE)
            c.sendall(b"POST /v1/detect HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n" if i % 2 else b"GET /v1/hea")
            slow.append(c)
        for _ in range(5):
            is_well(s)
        need(s.get("/v1/health")[0] == 200, "health")
        fact("1,000 slow clients: a healthy one has its answers")
        for c in slow:
            c.close()
        is_well(s)
        need(s.stop() == 0, "exit status")
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def full():
    """Its only worker waits for somebody who holds the gallery: what comes meanwhile fills the queue."""
    with serving("--jobs", "1", "--queue", "2") as s:
        answers = []

        def ask():
            answers.append(s.post("/v1/people", json_body={"name": "x"}))

        holder = sqlite3.connect(s.gallery, isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        threads = []
        while not any(a[0] == 503 for a in answers):
            threads.append(threading.Thread(target=ask))
            threads[-1].start()
            time.sleep(.01)
        holder.execute("ROLLBACK")
        holder.close()
        for t in threads:
            t.join()
        need(len(answers) == len(threads), "answers", len(answers), len(threads))
        need(all(a[0] in (201, 500, 503) for a in answers), "who waited for too long is told so", [a[0] for a in answers])
        need(all(a[2]["Retry-After"] for a in answers if a[0] == 503), "Retry-After")
        is_well(s)
        fact("a full queue: some are told to come again, none is lost")


def stopped():
    """What was acknowledged before SIGTERM is there after it."""
    with tempfile.TemporaryDirectory(prefix="kao test 顔.") as folder:
        done = []
        with serving(folder=folder) as s:
            def enrol(i):
                try:
                    status, body, _ = s.ask("POST", "/v1/people", f'{{"name":"p{i}"}}'.encode(), {"Content-Type": "application/json"})
                except (OSError, http.client.HTTPException):
                    return
                if status == 201:
                    done.append(body["people"][0]["name"])

            def client(k):
                for i in range(1000):
                    if ended.is_set():
                        return
                    enrol(k * 1000 + i)

            ended = threading.Event()
            threads = [threading.Thread(target=client, args=(k,)) for k in range(4)]
            for t in threads:
                t.start()
            while len(done) < 20:
                time.sleep(.01)
            need(s.stop() == 0, "exit status")
            ended.set()
            for t in threads:
                t.join(PATIENCE)
        with serving(folder=folder) as s:
            there = {p["name"] for p in s.get("/v1/people")[1]["people"]}
            need(set(done) <= there, "acknowledged, and lost", sorted(set(done) - there)[:5])
            fact("SIGTERM in the middle: every acknowledged change is there")
            s.process.kill()


def late():
    """More is waiting than the end has time for."""
    with serving("-j", "1", "--queue", "200", "--cpu", "ref") as s:
        answers = []

        def ask():
            try:
                answers.append(s.post("/v1/identify", raw=group))
            except (OSError, http.client.HTTPException):  # it had not come whole
                pass

        group = picture("group.jpg")
        threads = [threading.Thread(target=ask) for _ in range(200)]
        for t in threads:
            t.start()
        while not answers:
            time.sleep(.01)
        need(s.stop() == 0, "exit status")
        for t in threads:
            t.join(PATIENCE)
        told = [a for a in answers if a[0] == 503 and a[1]["error"]["code"] == "stopping"]
        need(all(a[0] == 200 for a in answers if a not in told), [a[0] for a in answers])
        need(told and all(a[2]["Retry-After"] for a in told), "who has to come again is told so", len(told))
        fact("SIGTERM with a long queue: answers for a while, then everybody is told to come again")


def machine():
    with tempfile.TemporaryDirectory(prefix="kao test 顔.") as folder:
        with serving(folder=folder) as s:
            need(s.post("/v1/people/new/samples?name=ana", raw=picture("ana_1.jpg"))[0] == 201, "enrolled")
            other = subprocess.run([KAO, "serve", "--port", str(s.port), "--gallery", s.gallery], capture_output=True,
                                   text=True, check=False)
            need(other.returncode != 0 and other.stderr.count("\n") == 1 and "in use" in other.stderr, other.stderr)
            fact("a port that is taken: one line")
            for name in os.listdir(folder):
                if name.startswith("people"):
                    os.rename(os.path.join(folder, name), os.path.join(folder, "away " + name))
            for method, path in (("GET", "/v1/people"), ("GET", "/v1/ready"), ("GET", "/v1/history")):
                status, body, _ = s.ask(method, path)
                need(status < 600 and (status == 200 or "error" in body), path, status, body)
            is_well(s)
            need(s.stop() == 0, "exit status")
            fact("a gallery that is taken away while it runs: it goes on, and ends")
        for name in os.listdir(folder):
            if name.startswith("away "):
                os.rename(os.path.join(folder, name), os.path.join(folder, name[5:]))
        run = subprocess.run([KAO, "gallery", "verify", "--gallery", os.path.join(folder, "people 顔.kao")],
                             capture_output=True, text=True, check=False)
        need(run.returncode == 0, "the gallery is whole", run.stderr)

        if hasattr(resource, "prlimit"):
            with serving(folder=folder) as s:
                size = os.path.getsize(s.gallery)
                resource.prlimit(s.process.pid, resource.RLIMIT_FSIZE, (size + 8192, size + 8192))
                codes = [s.post(f"/v1/people/new/samples?name=x{i}&force=true", raw=picture("ben_1.jpg")) for i in range(12)]
                need(codes[-1][0] == 500 and "error" in codes[-1][1], "a full disk is an error", codes[-1][:2])
                known = s.post("/v1/identify", raw=picture("ana_3.jpg"))
                need(known[0] == 200 and known[1]["faces"][0]["name"] == "ana", "who is there is known", known)
                need(s.stop() == 0, "exit status")
            run = subprocess.run([KAO, "gallery", "verify", "--gallery", os.path.join(folder, "people 顔.kao")],
                                 capture_output=True, text=True, check=False)
            need(run.returncode == 0, "the gallery is whole", run.stderr)
            fact("a full disk: an error for who enrols, answers for the others, a whole gallery")
        for number in (signal.SIGINT, signal.SIGTERM):
            with serving(folder=folder) as s:
                need(s.stop(number) == 0, "exit status", number)
        fact("Ctrl-C and SIGTERM: status 0")
        shutil.rmtree(folder, ignore_errors=True)
        os.mkdir(folder)


main(rude, crowd, full, stopped, late, machine)
