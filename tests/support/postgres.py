#!/usr/bin/env python3
"""A PostgreSQL server of the tests' own: in a temporary folder, on loopback, by a user who is not root, ended with the test.

postgres.py COMMAND...: run it with KAO_TEST_POSTGRES, the server's address; 77 (skipped) where there is none to be had."""
import contextlib
import ctypes
import glob
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.parse

PASSWORD = "ge heim:?&%ß"  # what an address has to write otherwise
PATIENCE = 60


class Missing(Exception):
    """Why no server can be had here."""


def programs():
    """The folder of the newest version's programs."""
    found = glob.glob("/usr/lib/postgresql/*/bin/postgres")
    if found:
        return os.path.dirname(max(found, key=lambda p: float(p.split("/")[4])))
    if shutil.which("postgres") and shutil.which("initdb"):
        return os.path.dirname(os.path.realpath(shutil.which("postgres")))
    raise Missing("postgresql is not installed")


def somebody():
    """Whom the server runs as: it refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    for name in "postgres", "nobody":
        with contextlib.suppress(KeyError):
            p = pwd.getpwnam(name)
            return {"user": p.pw_uid, "group": p.pw_gid, "extra_groups": []}
    raise Missing("there is no user whom the server could run as")


def end_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGINT)  # PR_SET_PDEATHSIG


class Server:
    def __init__(self):
        self.bin, self.who = programs(), somebody()
        self.folder = tempfile.mkdtemp(prefix="kao-pg-")
        self.process = None
        try:
            if self.who:
                os.chown(self.folder, self.who["user"], self.who["group"])
            self.make()
        except BaseException:
            self.remove()
            raise

    def make(self):
        secret = os.path.join(self.folder, "password")
        with open(secret, "w", encoding="utf-8") as f:
            f.write(PASSWORD + "\n")
        os.chmod(secret, 0o644)  # in a folder of its owner's alone
        done = subprocess.run([os.path.join(self.bin, "initdb"), "-D", self.data, "-E", "UTF8", "--locale=C.UTF-8", "-N",
                               "-A", "scram-sha-256", "-U", "kao", "--pwfile", secret],
                              cwd=self.folder, capture_output=True, text=True, **self.who)
        if done.returncode:
            raise Missing("initdb: " + (done.stderr.strip().splitlines() or ["failed"])[-1])
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            self.port = s.getsockname()[1]

    @property
    def data(self):
        return os.path.join(self.folder, "data")

    def start(self):
        log = os.path.join(self.folder, "log")
        with open(log, "ab") as out:
            self.process = subprocess.Popen(
                [os.path.join(self.bin, "postgres"), "-D", self.data, "-k", self.folder, "-h", "127.0.0.1", "-p", str(self.port),
                 *(x for c in ("fsync=off", "shared_buffers=16MB", "max_wal_size=256MB") for x in ("-c", c))],
                cwd=self.folder, stdout=out, stderr=out, preexec_fn=end_with_parent, **self.who)
        end = time.monotonic() + PATIENCE
        while subprocess.run([os.path.join(self.bin, "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]).returncode:
            if self.process.poll() is not None or time.monotonic() > end:
                with open(log, encoding="utf-8", errors="replace") as f:
                    raise Missing("the server does not start: " + (f.read().strip().splitlines() or ["no reason"])[-1])
            time.sleep(.05)

    def stop(self, how=signal.SIGINT):
        """SIGINT: connections are ended; SIGQUIT: as if it had crashed."""
        if self.process:
            self.process.send_signal(how)
            self.process.wait(PATIENCE)
            self.process = None

    def remove(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def address(self, schema=None, user="kao", password=PASSWORD, port=None, database="postgres"):
        word = "" if password is None else ":" + urllib.parse.quote(password, safe="")
        end = f"?kao_schema={schema}" if schema else ""
        return f"postgresql://{user}{word}@127.0.0.1:{port or self.port}/{database}{end}"

    def sql(self, text):
        """What psql prints, without headings."""
        return subprocess.run([os.path.join(self.bin, "psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-p", str(self.port),
                               "-U", "kao", "-d", "postgres", "-c", text],
                              env={**os.environ, "PGPASSWORD": PASSWORD}, check=True, capture_output=True, text=True).stdout


@contextlib.contextmanager
def serving():
    server = Server()
    try:
        server.start()
        yield server
    finally:
        server.remove()


def main():
    try:
        with serving() as server:
            return subprocess.run(sys.argv[1:], env={**os.environ, "KAO_TEST_POSTGRES": server.address()}).returncode
    except Missing as why:
        print(f"SKIP: {why}")
        return 77


if __name__ == "__main__":
    sys.exit(main())
