#!/usr/bin/env python3
"""How much memory the server takes over a long time of mixed requests.

usage: soak.py KAO [SECONDS [PER_SECOND]]
So many requests a second in all (0: as fast as two connections go) for so long: identify, verify, detect, a live video's
frames, a sample enrolled and removed, a picture that is none, an album from two pictures. A line of CSV a minute: seconds,
resident MiB, open files, threads, requests so far, refused ones. Ends with status 1 where an answer was wrong.
"""
import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time

kao = sys.argv[1]
length = float(sys.argv[2]) if len(sys.argv) > 2 else 3600
rate = float(sys.argv[3]) if len(sys.argv) > 3 else 0
pictures = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples", "pictures")
state = {"requests": 0, "refused": 0, "wrong": []}
lock = threading.Lock()


def picture(name):
    with open(os.path.join(pictures, name), "rb") as f:
        return f.read()


def form(fields):
    body = b""
    for name, value in fields.items():
        body += b'--edge\r\nContent-Disposition: form-data; name="%s"; filename="x.jpg"\r\n\r\n' % name.encode() + value + b"\r\n"
    return body + b"--edge--\r\n", {"Content-Type": "multipart/form-data; boundary=edge"}


class Client:
    def __init__(self, port):
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)

    def ask(self, method, path, body=None, headers=None, wanted=(200,)):
        self.connection.request(method, path, body=body, headers=headers or {"Content-Type": "image/jpeg"})
        answer = self.connection.getresponse()
        content = answer.read()
        with lock:
            state["requests"] += 1
            state["refused"] += answer.status == 503
            if answer.status not in (*wanted, 503):
                state["wrong"].append(f"{method} {path}: {answer.status} {content[:200]}")
        return json.loads(content) if (answer.getheader("Content-Type") or "").startswith("application/json") else None


def mixture(client):
    """Seven requests and more, over and over."""
    group, ana, ben = picture("group.jpg"), picture("ana_1.jpg"), picture("ben_1.jpg")
    both = form({"source": ana, "target": ben})
    turn = 0
    while True:
        turn += 1
        yield client.ask("POST", "/v1/identify", group)
        yield client.ask("POST", "/v1/identify", ana)
        yield client.ask("POST", "/v1/verify", *both)
        yield client.ask("POST", "/v1/detect", group)
        yield client.ask("POST", "/v1/identify", b"no picture", wanted=(422, 400, 415))
        e = client.ask("POST", "/v1/people/new/samples?name=soak&force=true", picture(f"dora_{turn % 4 + 1}.jpg"), wanted=(201, 409))
        yield e
        if e and e.get("status") == "enrolled":
            yield client.ask("DELETE", f"/v1/people/{e['person']}?forget=true")
        live = client.ask("POST", "/v1/live", wanted=(200, 201))
        for i in range(3):
            yield client.ask("POST", f"/v1/live/{live['live']}?time={i / 10}", ana)
        yield client.ask("DELETE", f"/v1/live/{live['live']}")
        if turn % 10 == 0:
            job = client.ask("POST", "/v1/jobs/album", wanted=(201,))
            if job and "job" in job:
                client.ask("POST", f"/v1/jobs/{job['job']}/pictures", ana)
                yield client.ask("POST", f"/v1/jobs/{job['job']}/pictures", ben)
                yield client.ask("POST", f"/v1/jobs/{job['job']}/start", wanted=(202,))
                yield client.ask("DELETE", f"/v1/jobs/{job['job']}")


def work(port, ends, pause):
    due = time.monotonic()
    for _ in mixture(Client(port)):
        if time.monotonic() > ends:
            return
        due += pause
        time.sleep(max(0, due - time.monotonic()))


def memory(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as f:
        fields = dict(line.split(":", 1) for line in f)
    return int(fields["VmRSS"].split()[0]) / 1024, len(os.listdir(f"/proc/{pid}/fd")), int(fields["Threads"])


def main():
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen([kao, "serve", "--port", "0", "--gallery", os.path.join(folder, "people.kao"), "-j", "2"],
                                  stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        port = int(server.stdout.readline().rsplit(":", 1)[1].strip("/\n"))
        for name in ("ana", "ben", "chen", "emil"):
            Client(port).ask("POST", f"/v1/people/new/samples?name={name}", picture(f"{name}_2.jpg"), wanted=(201,))
        began = time.monotonic()
        workers = [threading.Thread(target=work, args=(port, began + length, 2 / rate if rate else 0), daemon=True) for _ in range(2)]
        print("seconds,rss_mib,files,threads,requests,refused", flush=True)
        for w in workers:
            w.start()
        each = min(60, length / 10)
        for i in range(int(length / each) + 1):
            time.sleep(max(0, began + i * each - time.monotonic()))
            rss, files, threads = memory(server.pid)
            print(f"{time.monotonic() - began:.0f},{rss:.1f},{files},{threads},{state['requests']},{state['refused']}", flush=True)
        for w in workers:
            w.join()
        server.terminate()
        status = server.wait()
        for line in state["wrong"][:10]:
            print("wrong:", line, file=sys.stderr)
        sys.exit(1 if state["wrong"] or status else 0)


main()
