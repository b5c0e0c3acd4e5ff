"""A server of its own for a test, and requests to it. From meson: KAO, PICTURES."""
import contextlib
import http.client
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid

KAO, PICTURES = os.environ["KAO"], os.environ["PICTURES"]
PATIENCE = 300  # seconds: only what never comes is a failure
facts = []


def fact(words):
    facts.append(words)
    print("ok: " + words, flush=True)


def need(condition, *words):
    if not condition:
        raise AssertionError(" ".join(str(w) for w in words))


def picture(name):
    with open(os.path.join(PICTURES, name), "rb") as f:
        return f.read()


def scene(frames):
    """Three people (ben has the first track) in so many frames, 25 a second."""
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "scene.y4m")
        subprocess.run([os.environ["MAKE_CLIP"], "newcomer", path, os.path.join(folder, "truth.txt")], check=True)
        with open(path, "rb") as f:
            return f.readline() + f.read(frames * (len("FRAME\n") + 640 * 360 * 3 // 2))


def openssl(*words, code=0):
    run = subprocess.run(["openssl", *words], capture_output=True, text=True, check=False)
    need(run.returncode == code, "openssl", words, run.stderr)
    return run.stdout


def form(fields):
    """multipart/form-data: {name: text or bytes}."""
    edge = uuid.uuid4().hex
    body = b""
    for name, value in fields.items():
        head = f'--{edge}\r\nContent-Disposition: form-data; name="{name}"'
        if isinstance(value, bytes):
            head += f'; filename="{name}.jpg"\r\nContent-Type: image/jpeg'
        body += head.encode() + b"\r\n\r\n" + (value if isinstance(value, bytes) else value.encode()) + b"\r\n"
    return body + f"--{edge}--\r\n".encode(), {"Content-Type": "multipart/form-data; boundary=" + edge}


class Server:
    def __init__(self, folder, *options, gallery="people 顔.kao"):
        self.headers, self.tls = {}, None  # of each request; of HTTPS: an ssl.SSLContext
        self.gallery = gallery if "://" in gallery else os.path.join(folder, gallery)
        # standard error goes to a file: nobody reads it while the server runs
        self.messages = open(os.path.join(folder, "messages"), "w+", encoding="utf-8")
        self.process = subprocess.Popen([KAO, "serve", "--port", "0", "--gallery", self.gallery, *options],
                                        stdout=subprocess.PIPE, stderr=self.messages, text=True)
        line = self.process.stdout.readline()
        told = re.fullmatch(r"kao: ((https?)://([a-z0-9.]+):([0-9]+))/\n", line)
        need(told, "first line", repr(line), self.said())
        self.address, self.scheme, self.host, self.port = *told.groups()[:3], int(told[4])

    def said(self):
        self.messages.flush()
        with open(self.messages.name, encoding="utf-8") as f:
            return f.read()

    def await_said(self, pattern, times=1):
        """What it writes to standard error comes when it comes: all that was found."""
        ended = time.monotonic() + PATIENCE
        while len(found := re.findall(pattern, self.said())) < times:
            need(time.monotonic() < ended and self.process.poll() is None, "never said", pattern, self.said())
            time.sleep(.01)
        return found

    def connect(self):
        if self.scheme == "https":
            return http.client.HTTPSConnection(self.host, self.port, timeout=PATIENCE, context=self.tls)
        return http.client.HTTPConnection(self.host, self.port, timeout=PATIENCE)

    def ask(self, method, path, body=None, headers=None, connection=None):
        """Status, JSON or bytes, headers."""
        c = connection or self.connect()
        c.request(method, path, body=body, headers={**self.headers, **(headers or {})})
        answer = c.getresponse()
        content = answer.read()
        if connection is None:
            c.close()
        if (answer.getheader("Content-Type") or "").startswith("application/json") and method != "HEAD":
            content = json.loads(content)
        return answer.status, content, answer.headers

    def get(self, path, **more):
        return self.ask("GET", path, **more)

    def post(self, path, fields=None, json_body=None, raw=None, headers=None):
        head = dict(headers or {})
        if fields is not None:
            body, more = form(fields)
            head.update(more)
        elif json_body is not None:
            body = json.dumps(json_body).encode()
            head["Content-Type"] = "application/json"
        else:
            body = raw
            head.setdefault("Content-Type", "image/jpeg")
        return self.ask("POST", path, body=body, headers=head)

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        status = self.process.wait(PATIENCE)
        self.messages.close()
        self.process.stdout.close()
        return status


@contextlib.contextmanager
def serving(*options, folder=None):
    own = folder or tempfile.mkdtemp(prefix="kao test 顔.")
    server = Server(own, *options)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.process.kill()
            server.process.wait()
        if not folder:
            shutil.rmtree(own)


def is_error(answer, status, code):
    need(answer[0] == status, "status", answer[0], "wanted", status, answer[1])
    need(set(answer[1]) == {"error", "request_id"}, answer[1])
    need(answer[1]["error"]["code"] == code, "wanted", code, answer[1])
    need(answer[1]["error"]["message"], "a message")
    need(answer[2]["X-Request-Id"] == answer[1]["request_id"], "the request's id in head and body")
    return answer


OVER = ("done", "failed", "cancelled")  # what a job ends in


def wait(s, job, until=OVER, query=""):
    """The job's answer as soon as it is in one of these states."""
    end = time.monotonic() + 12 * PATIENCE
    while time.monotonic() < end:
        status, body, _ = s.get(f"/v1/jobs/{job}{query}")
        need(status == 200, status, body)
        if body["state"] in until:
            return body
        time.sleep(.02)
    raise AssertionError(f"job {job} is not {until}: {body}")


def nameless(s):
    """Open files of the server that no folder lists."""
    folder, n = f"/proc/{s.process.pid}/fd", 0
    for name in os.listdir(folder):
        try:
            n += os.readlink(os.path.join(folder, name)).endswith(" (deleted)")
        except OSError:  # closed meanwhile
            pass
    return n


def left(s, n):
    """Whether it comes to so many: a file goes a moment after the answer."""
    end = time.monotonic() + PATIENCE
    while nameless(s) != n and time.monotonic() < end:
        time.sleep(.02)
    return nameless(s) == n


def none_left(s):
    return left(s, 0)


def main(*tests):
    broken = 0
    for test in tests:
        try:
            test()
        except Exception as e:  # a fact that does not hold, whatever it is
            broken += 1
            import traceback
            traceback.print_exc(file=sys.stdout)
            print(f"NOT TRUE: {test.__name__}: {e}", flush=True)
    print(f"{len(facts)} facts, {broken} tests broken")
    sys.exit(1 if broken else 0)
