"""One gallery on a PostgreSQL server, and several machines that have it: each a folder of its own for cache and data. From meson: KAO,
PICTURES; what serving.py and postgres.py need."""
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", p) for p in ("server", "support")]
import postgres  # noqa: E402
import serving  # noqa: E402
from serving import KAO, PATIENCE, PICTURES, fact, need  # noqa: E402

NAMES = ("Ana", "Ben", "Chen", "Dora", "Emil")
SHORT = os.environ.get("SHORT") == "yes"
outputs = []  # all that kao has said: no password is in it


def pictures(name):
    return [os.path.join(PICTURES, f) for f in sorted(os.listdir(PICTURES)) if re.fullmatch(rf"{name.lower()}_\d+\.jpg", f)]


class Node:
    """A machine."""

    def __init__(self, place, name, address):
        self.folder = os.path.join(place, name)
        os.makedirs(self.folder, exist_ok=True)
        self.env = {**os.environ, "XDG_CACHE_HOME": os.path.join(self.folder, "cache"), "XDG_DATA_HOME": os.path.join(self.folder, "data"),
                    "KAO_GALLERY": address}

    def start(self, *words):
        return subprocess.Popen([KAO, *words], env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def end(self, process, want=None):
        out, err = process.communicate(timeout=PATIENCE)
        outputs.append(out + err)
        need(want is None or process.returncode == want, process.args, "status", process.returncode, "wanted", want, out, err)
        return process.returncode, out, err

    def run(self, want, *words):
        return self.end(self.start(*words), want)[1]

    def fails(self, want, pattern, *words):
        """Exactly one line, and it says this."""
        _, out, err = self.end(self.start(*words), want)
        need(out == "" and err.count("\n") == 1 and re.search(pattern, err), words, repr(out), repr(err))

    def json(self, want, *words):
        return [json.loads(line) for line in self.run(want, *words).splitlines()]

    def people(self):
        return sorted(p["name"] or "" for p in self.json(0, "people", "--json"))


@contextlib.contextmanager
def app(node, *options):
    """kao serve there."""
    before = dict(os.environ)
    os.environ.update(node.env)
    try:
        s = serving.Server(node.folder, *options, gallery=node.env["KAO_GALLERY"])
    finally:
        os.environ.clear()
        os.environ.update(before)
    try:
        yield s
        need(s.stop() == 0, "the end of kao serve")
    finally:
        with open(os.path.join(node.folder, "messages"), encoding="utf-8") as f:
            outputs.append(f.read())
        if s.process.poll() is None:
            s.process.kill()
            s.process.wait()


# ---- what cannot be ----

def refusals(pg, place):
    def at(**how):
        return Node(place, "refused", pg.address(**how))
    good = at(schema="refused")
    good.fails(3, r"no gallery there yet: kao enroll", "people")
    need(pg.sql("SELECT count(*) FROM pg_namespace WHERE nspname = 'refused'") == "0\n", "asking makes nothing")
    good.run(0, "enroll", "Ana", *pictures("Ana"))
    at(schema="refused", password="wrong").fails(3, r"^kao people: postgresql://kao@127.0.0.1:.*password authentication failed", "people")
    at(schema="refused", password=None).fails(3, r"no password supplied", "people")
    at(schema="refused", port=1).fails(3, r"port 1 failed: Connection refused$", "people")
    at(schema="refused", database="nowhere").fails(3, r'database "nowhere" does not exist', "people")
    at(schema="x%22y").fails(3, r"kao_schema: wanted", "people")
    Node(place, "refused", pg.address().replace("@", "/x@")).fails(3, r"write %2F or %40", "people")
    pg.sql("CREATE SCHEMA cats; CREATE TABLE cats.cats(name text)")
    at(schema="cats").fails(3, r"a database, but no gallery", "people")
    pg.sql("CREATE DATABASE old ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    at(database="old").fails(3, r"a database in LATIN1: names need one in UTF8", "people")
    fact("a wrong password, no server, database or gallery, an address that is none: one line, and its status")

    pg.sql("CREATE ROLE reader LOGIN PASSWORD 'reads'")
    reader = at(schema="refused", user="reader", password="reads")
    reader.fails(3, r"not allowed: no rights on schema refused", "people")
    pg.sql("GRANT USAGE ON SCHEMA refused TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA refused TO reader")
    need(reader.people() == ["Ana"], "who may read reads")
    reader.run(0, "identify", pictures("Ana")[0])
    reader.fails(3, r"not allowed: permission denied for table", "gallery", "rename", "Ana", "Anna")
    reader.fails(3, r"not allowed: permission denied for", "forget", "Ana")
    need(good.people() == ["Ana"], "nothing has changed")
    fact("a role that may only read reads and identifies; what it may not is told in one line, and nothing has changed")


# ---- several ----

def at_once(pg, place):
    a, b = (Node(place, n, pg.address("at_once")) for n in "ab")
    for n, process in [(n, n.start("gallery", "create")) for n in (a, b, a, b)]:
        n.end(process, 0)
    a.run(0, "enroll", "Ana", *pictures("Ana"))
    before = a.json(0, "gallery", "stats", "--json")[0]["samples"]
    stopping = threading.Event()
    answers, trouble, enrolled = [], [], 0

    def ask():
        while not stopping.is_set() or not answers:
            status, out, err = b.end(b.start("identify", "--json", pictures("Ana")[0]))
            answers.append(status)
            if status or json.loads(out)["name"] != "Ana":
                trouble.append((status, out, err))
    asking = threading.Thread(target=ask)
    asking.start()
    try:
        running = [((a, b)[i % 2], (a, b)[i % 2].start("enroll", "--json", name, *pictures(name))) for i, name in enumerate(NAMES[1:])]
        for n, process in running:
            told = [json.loads(line)["status"] for line in n.end(process, 0)[1].splitlines()]
            need(told and set(told) <= {"enrolled", "duplicate"}, told)
            enrolled += told.count("enrolled")
    finally:
        stopping.set()
        asking.join()
    need(not trouble, "identify while others enrol", trouble)
    need(a.people() == b.people() and set(a.people()) == set(NAMES), a.people(), b.people())
    for n in a, b:
        n.run(0, "gallery", "verify")
    stats = a.json(0, "gallery", "stats", "--json")[0]
    need(stats["samples"] == before + enrolled, stats, before, enrolled)
    changes = [c["change"] for c in a.json(0, "gallery", "history", "--json")]
    need(changes == list(range(len(changes), 0, -1)), "changes have no holes", changes)
    fact(f"two machines enrol at once, four programs, while another identifies ({len(answers)} times): all are there, no change is lost")


# ---- the app ----

def identify(s, name):
    answer = s.post("/v1/identify", raw=serving.picture(name))
    return answer[0], [f.get("name") for f in answer[1].get("faces", [])] if answer[0] == 200 else answer[1]


def served(pg, place):
    a, b = (Node(place, n, pg.address("served")) for n in "ab")
    with app(a) as one, app(b) as two:
        def enrol(s, name, n):
            return s.post(f"/v1/people/new/samples?name={name}", raw=serving.picture(f"{name.lower()}_{n}.jpg"))
        first = enrol(one, "Ana", 1)
        need(first[0] in (200, 201), "enrol by the app", first)
        need(identify(two, "ana_2.jpg") == (200, ["Ana"]), "the other machine knows her", identify(two, "ana_2.jpg"))
        need(identify(two, "ben_1.jpg") == (200, [None]), "and nobody else")
        said = one.get("/v1/galleries")[1]
        need(said["galleries"][0]["name"] == "postgres?kao_schema=served" and said["galleries"][0]["samples"] == 1, said)
        outputs.append(json.dumps(said))
        fact("kao serve on two machines: who is enrolled by one is known by the other")

        pg.stop()
        down = identify(two, "ana_2.jpg")
        need(down[0] == 500 and re.search(r"postgresql://kao@127.*Connection refused$", down[1]["error"]["message"]), "it says so", down)
        lost = enrol(one, "Ben", 1)
        need(lost[0] == 500, "nothing is enrolled", lost)
        pg.start()
        need(identify(two, "ana_2.jpg") == (200, ["Ana"]), "and again", identify(two, "ana_2.jpg"))
        need(identify(two, "ben_1.jpg") == (200, [None]), "what failed is not there")
        need(enrol(one, "Ben", 1)[0] in (200, 201), "enrolling goes on")
        need(identify(two, "ben_1.jpg") == (200, ["Ben"]), "and is seen")
        pg.stop(signal.SIGQUIT)
        pg.start()  # nobody has asked in between
        need(identify(two, "ben_1.jpg") == (200, ["Ben"]), "a restart that nobody noticed")
        need(enrol(one, "Chen", 1)[0] in (200, 201), "for who writes, too")
        fact("the database is stopped and started again: an error meanwhile, nothing lost, and it goes on without a restart of kao")


def a_camera_goes_on(pg, place):
    """A camera's frames are left out while there is no database, however many."""
    if SHORT or os.environ.get("MEDIA") == "no":
        return
    n = Node(place, "a", pg.address("camera"))
    n.run(0, "enroll", "Ana", *pictures("Ana"))

    def camera(s, *states):
        end = time.monotonic() + PATIENCE
        while (c := s.get("/v1/cameras")[1]["cameras"][0])["state"] not in states:
            need(time.monotonic() < end, "never", states, c)
            time.sleep(.02)
        return c
    with app(n, "--source", "door=" + os.path.join(PICTURES, "clip.mp4")) as s:
        camera(s, "running", "ended")
        pg.stop()
        last = camera(s, "ended", "failed")
        said = s.said()
        pg.start()
        need(last["state"] == "ended" and last["frames"] < 300, last, said)
        need(len(re.findall("a frame is left out: postgresql://kao@", said)) >= 1, said)
        need(identify(s, "ana_2.jpg") == (200, ["Ana"]), "and it is there again")
    fact(f"a camera goes on while the database is away: {300 - last['frames']} frames are left out, one line says why")


def stopped_in_the_middle(pg, place):
    """Enrolments that run while the server goes: what was acknowledged is there, what was not is there whole or not at all."""
    n = Node(place, "a", pg.address("middle"))
    done = 0
    for i in range(4 if SHORT else 8):
        running = n.start("enroll", "--json", f"P{i}", pictures(NAMES[i % 5])[0], "--force")
        if i % 2:
            if i % 4 == 1:
                running.stdout.readline()
            pg.stop(signal.SIGQUIT if i % 4 == 1 else signal.SIGINT)
            status, out, err = n.end(running)
            pg.start()
            need(status in (0, 1, 3) and err.count("\n") <= 1, status, out, err)
        else:
            status, out, err = n.end(running)
            need(status in (0, 1), status, out, err)
        there = f"P{i}" in n.people()
        need(there or status != 0, f"P{i} was acknowledged and is lost", out)
        done += there
        n.run(0, "gallery", "verify")
    need(done >= (2 if SHORT else 4), "enrolments between the stops", done)
    fact("the database goes while somebody is enrolled: what was acknowledged is there, the rest whole or not at all")


def forgetting(pg, place):
    a, b = (Node(place, n, pg.address("forget")) for n in "ab")
    a.run(0, "enroll", "Zwetschkenbaum", "--keep-chips", *pictures("Ana"))
    a.run(0, "enroll", "Ben", *pictures("Ben"))

    def dump():
        return subprocess.run([os.path.join(pg.bin, "pg_dump"), "--schema=forget", "--inserts", "-d", pg.address()],
                              capture_output=True, check=True, text=True).stdout
    need("Zwetschkenbaum" in dump() and "ana_1.jpg" in dump(), "the dump")
    [receipt] = a.json(0, "forget", "Zwetschkenbaum", "--json")
    need(receipt["traces"] == 0 and receipt["samples"] >= 1 and receipt["pieces"] > 4, receipt)
    for word in "VACUUM FULL", "WAL", "archives", "replicas", "backups", "other machines":
        need(word in receipt["out_of_reach"], word, receipt)
    left = dump()
    need("Zwetschkenbaum" not in left and "ana_1.jpg" not in left and "ben_1.jpg" in left, "rows that are left")
    need(b.people() == ["Ben"], "for the other machine, too")
    fact("forget deletes the rows, and its receipt names what a server may keep")
    need("galleries  ok; on PostgreSQL ok" in a.run(None, "doctor"), "doctor")


def moving(pg, place):
    """From a file to a server and back."""
    if SHORT:
        return
    server = Node(place, "a", pg.address("moving"))
    file = Node(place, "b", os.path.join(place, "b", "people 顔.kao"))
    back = Node(place, "c", os.path.join(place, "c", "back.kao"))
    lines = [os.path.join(place, n + ".jsonl") for n in "abc"]
    for name in NAMES[:3]:
        file.run(0, "enroll", "--keep-chips", name, *pictures(name))
    file.run(0, "gallery", "group", "Ana", "family", "club")
    file.run(0, "gallery", "apart", "Ana", "Ben")
    for n, before, line in (file, None, lines[0]), (server, lines[0], lines[1]), (back, lines[1], lines[2]):
        if before:
            n.run(0, "gallery", "create")
            n.run(0, "gallery", "import", before)
        n.run(0, "gallery", "export", line)
        n.run(0, "gallery", "verify")

    def content(path):
        with open(path, encoding="utf-8") as f:
            all_lines = [json.loads(line) for line in f]
        for line in all_lines:
            for sample in line.get("samples", ()):
                del sample["id"]  # a sample gets a new one with its new gallery
        return all_lines
    first, second, third = map(content, lines)
    need(len(first) >= 4 and all(x.get("samples") for x in first[1:4]), "the first export")
    for i, (x, y, z) in enumerate(zip(first, second, third, strict=True)):
        need(x == y == z, "line", i, *(str(w)[:300] for w in (x, y, z)))
    fact("a gallery goes from a file to a server and back by export and import, and is the same")


def keys(pg, place):
    """A new key is for a new gallery alone."""
    node = Node(place, "a", pg.address("keys"))
    first, other = (os.path.join(place, name) for name in ("first.key", "other.key"))
    create = "gallery", "create", "--encrypt", "--key-file"
    node.run(0, *create, first)
    node.run(0, *create, first)
    node.fails(3, "other.key: No such file", *create, other)
    node.run(0, "gallery", "decrypt", "--key-file", first)
    node.fails(3, "other.key: No such file", *create, other)
    need(not os.path.exists(other), "a key that is for nothing")
    fact("no key is made for a gallery that is there")


def main():
    only = [w for w in sys.argv[1:] if w != "threads"]
    try:
        with postgres.serving() as pg, tempfile.TemporaryDirectory(prefix="kao test 顔.") as place:
            for i, part in enumerate((refusals, at_once, served, a_camera_goes_on, stopped_in_the_middle, forgetting, moving, keys)):
                if not only or part.__name__ in only:
                    part(pg, os.path.join(place, str(i)))
            for text in outputs:
                need(not any(word in text for word in (postgres.PASSWORD, "heim", "wrong\n", ":wrong@", ":reads@")), "a password is told", text)
            fact("no password is told")
    except postgres.Missing as why:
        print(f"SKIP: {why}")
        return 77
    return 0


if __name__ == "__main__":
    sys.exit(main())
