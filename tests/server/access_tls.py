"""HTTPS for other machines: a CA that a client trusts, what is in the certificates, the code in the terminal."""
import ctypes
import http.client
import os
import pty
import re
import shutil
import socket
import ssl
import subprocess
import tempfile
import warnings

from serving import KAO, PATIENCE, fact, main, need, openssl, picture, serving

OTHER = "127.0.0.2"  # on loopback, but to kao an address that others reach


def trusting(folder):
    return ssl.create_default_context(cafile=os.path.join(folder, "ca.crt"))


def key_of(s):
    return re.search(r'The key "first": ([0-9a-f-]{36})\n', s.said())[1]


def https():
    with tempfile.TemporaryDirectory(prefix="kao test 顔.") as folder:
        tls = os.path.join(folder, "set up", "tls")
        with serving("--address", OTHER, "--tls", tls, "--host", "face.example", folder=folder) as s:
            need(s.address == f"https://face.example:{s.port}", s.address)
            s.host = OTHER
            s.await_said("shows another one")
            need("A CA was made" in s.said(), s.said())
            told = re.search(r"\n((?:[0-9A-F]{2}:){31}[0-9A-F]{2})\n", s.said())[1]
            if shutil.which("openssl"):
                got = openssl("x509", "-in", os.path.join(tls, "ca.crt"), "-noout", "-fingerprint", "-sha256")
                need(got.strip().split("=")[1] == told, "the fingerprint", got, told)
                names = openssl("x509", "-in", os.path.join(tls, "server.crt"), "-noout", "-ext", "subjectAltName,extendedKeyUsage")
                need(f"IP Address:{OTHER}" in names and "DNS:face.example" in names and "DNS:localhost" in names, names)
                need("TLS Web Server Authentication" in names, names)
                ca = openssl("x509", "-in", os.path.join(tls, "ca.crt"), "-noout", "-ext", "nameConstraints,basicConstraints")
                need("Name Constraints: critical" in ca and "CA:TRUE, pathlen:0" in ca and "DNS:face.example" in ca, ca)
                openssl("verify", "-x509_strict", "-CAfile", os.path.join(tls, "ca.crt"), os.path.join(tls, "server.crt"))
                outside(folder, tls)
            s.tls = trusting(tls)
            need(s.get("/v1/health")[0] == 200, "health")
            s.headers = {"x-api-key": key_of(s)}
            need(s.post("/v1/people/new/samples?name=ana", raw=picture("ana_1.jpg"))[0] == 201, "a picture")
            body = s.post("/v1/identify", fields={"image": picture("group.jpg")})[1]
            need(len(body["faces"]) == 4, body)
            for name, status in (("face.example", 200), ("localhost", 200), ("evil.example", 403)):
                need(s.get("/v1/people", headers={"Host": name})[0] == status, name)
            for origin, status in ((f"https://face.example:{s.port}", 200), (f"http://face.example:{s.port}", 403)):
                need(s.get("/v1/people", headers={"Host": f"face.example:{s.port}", "Origin": origin})[0] == status, origin)
            status, ca, head = s.get("/ca.crt", headers={"x-api-key": ""})
            need(status == 200 and head["Content-Type"] == "application/x-x509-ca-cert", status, head)
            with open(os.path.join(tls, "ca.crt"), "rb") as f:
                need(ca == f.read(), "the CA, without a key")
            need(s.get("/trust")[0] == 200, "the page about it")
            code = re.search(r"/trust#code=([0-9a-f-]{36})\n", s.said())[1]
            cookie = s.post("/v1/session", json_body={"code": code})[2]["Set-Cookie"]
            need("; Secure" in cookie and "; HttpOnly" in cookie, cookie)
            fact("HTTPS by a CA of its own: names, constraints and fingerprint as OpenSSL reads them")

            s.tls = ssl.create_default_context()
            try:
                s.get("/v1/health")
                need(False, "a client that does not trust it")
            except ssl.SSLCertVerificationError:
                pass
            s.tls = trusting(tls)
            s.tls.set_ciphers("ALL:@SECLEVEL=0")  # the client would
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                s.tls.minimum_version = s.tls.maximum_version = ssl.TLSVersion.TLSv1_1
            try:
                s.get("/v1/health")
                need(False, "TLS 1.1")
            except (ssl.SSLError, OSError):
                pass
            s.scheme = "http"
            try:
                need(s.get("/v1/health")[0] >= 400, "plain HTTP at the port")
            except (OSError, http.client.HTTPException):
                pass
            fact("who does not trust the CA, speaks TLS 1.1 or plain HTTP has no answer")
            need(s.stop() == 0, "exit status")
        with serving("--address", OTHER, "--tls", tls, "--host", "face.example", folder=folder) as s:
            s.host, s.tls, s.headers = OTHER, trusting(tls), {}
            s.await_said("shows another one")
            need("A CA was made" not in s.said() and told in s.said(), s.said())
            need(s.get("/v1/health")[0] == 200, "the same CA")
            s.stop()
        with serving("--address", "127.0.0.3", "--tls", tls, folder=folder) as s:
            s.await_said("shows another one")
            need("A CA was made" not in s.said() and s.address.startswith("https://127.0.0.3:"), s.said())
            s.tls = trusting(tls)
            need(s.get("/v1/health")[0] == 200, "another address, another certificate by the same CA")
            s.stop()
        fact("the CA stays; the certificate follows the machine's addresses")


def outside(folder, tls):
    """By the CA's own key: a certificate for a name that it may not speak for is refused by others."""
    at = {n: os.path.join(folder, n) for n in ("o.key", "o.csr", "o.crt", "o.ext")}
    openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", at["o.key"], "-out", at["o.csr"],
            "-subj", "/CN=o")
    for name, good in (("DNS:bank.example", False), ("IP:93.184.216.34", False), ("DNS:other.local", True), ("IP:192.168.9.9", True)):
        with open(at["o.ext"], "w", encoding="utf-8") as f:
            f.write(f"subjectAltName={name}\n")
        openssl("x509", "-req", "-in", at["o.csr"], "-CA", os.path.join(tls, "ca.crt"), "-CAkey", os.path.join(tls, "ca.key"),
                "-days", "9", "-extfile", at["o.ext"], "-out", at["o.crt"])
        openssl("verify", "-CAfile", os.path.join(tls, "ca.crt"), at["o.crt"], code=0 if good else 2)
    fact("whoever trusts the CA trusts it for private addresses and this machine's names alone")


def qr_of(text):
    """The modules of the code, by the library itself: rows of booleans."""
    class Code(ctypes.Structure):
        _fields_ = [("version", ctypes.c_int), ("width", ctypes.c_int), ("data", ctypes.POINTER(ctypes.c_ubyte))]
    library = ctypes.CDLL("libqrencode.so.4")
    library.QRcode_encodeString.restype = ctypes.POINTER(Code)
    code = library.QRcode_encodeString(text.encode(), 0, 0, 2, 1).contents
    return [[bool(code.data[y * code.width + x] & 1) for x in range(code.width)] for y in range(code.width)]


def terminal():
    """What is shown where standard error is a terminal."""
    try:
        ctypes.CDLL("libqrencode.so.4")
    except OSError:
        print("SKIP: the code in the terminal: no libqrencode")
        return
    with tempfile.TemporaryDirectory(prefix="kao test 顔.") as folder:
        ours, its = pty.openpty()
        p = subprocess.Popen([KAO, "serve", "--port", "0", "--address", OTHER, "--gallery", os.path.join(folder, "g.kao"), "--tls",
                              os.path.join(folder, "tls")], stdout=subprocess.DEVNULL, stderr=its)
        os.close(its)
        said = b""
        while b"shows another one." not in said:
            said += os.read(ours, 65536)
        p.terminate()
        need(p.wait(PATIENCE) == 0, "exit status")
        os.close(ours)
        text = said.decode()
        link = re.search(r"(https://\S+/trust#code=[0-9a-f-]{36})", text)[1]
        lines = re.findall(r"\x1b\[30;107m(.*?)\x1b\[0m", text)
        shown = []
        for line in lines:
            shown.append([c in "▀█" for c in line])
            shown.append([c in "▄█" for c in line])
        wanted = qr_of(link)
        need([row[4:-4] for row in shown[4:4 + len(wanted)]] == wanted, "the link's code", text)
        need(not any(map(any, shown[:4] + shown[4 + len(wanted):])), "the margin")
        need(all(len(line) == len(wanted) + 8 for line in lines), "the margin")
        fact("the code in the terminal is the printed link, with a margin")


def rude():
    """Clients that never finish their handshake, or speak something else, while another one is served."""
    with tempfile.TemporaryDirectory(prefix="kao test 顔.") as folder:
        tls = os.path.join(folder, "tls")
        with serving("--address", OTHER, "--tls", tls, folder=folder) as s:
            [text] = s.await_said(r'The key "first": ([0-9a-f-]{36})\n')
            s.tls, s.headers = trusting(tls), {"x-api-key": text}
            hello = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"  # a handshake's first bytes
            held = []
            for sent in [b"", hello, b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", bytes(600), b"\xff" * 600] * 40:
                c = socket.create_connection((OTHER, s.port), timeout=PATIENCE)
                c.sendall(sent)
                held.append(c)
            for _ in range(3):
                status, body, _ = s.post("/v1/detect", raw=picture("ana_1.jpg"))
                need(status == 200 and len(body["faces"]) == 1, "another client's request", status, body)
            need(s.ask("POST", "/v1/detect", b"x" * 5000000, {"Content-Type": "image/jpeg"})[0] == 422, "a large body")
            s.headers = {}
            try:  # refused by its head: the connection is closed while the body still comes
                status = s.ask("POST", "/v1/detect", b"x" * 5000000, {"Content-Type": "image/jpeg"})[0]
            except OSError:
                status = 401
            need(status == 401, "without a key", status)
            need(s.get("/v1/health")[0] == 200, "it goes on")
            need(s.stop() == 0, "exit status, with connections open")
            for c in held:
                c.close()
            fact("200 clients without a handshake: another one is served; it ends")


def refusals():
    with tempfile.TemporaryDirectory(prefix="kao test 顔.") as folder:
        g, tls = os.path.join(folder, "g.kao"), os.path.join(folder, "tls")

        def start(*words):
            return subprocess.run([KAO, "serve", "--port", "0", "--gallery", g, *words], capture_output=True, text=True, check=False)
        run = start("--address", "127.0.0.300", "--tls", tls)
        need(run.returncode == 3 and "127.0.0.300" in run.stderr, run.stderr)
        os.makedirs(tls, exist_ok=True)
        for name in ("ca.key", "ca.crt"):
            with open(os.path.join(tls, name), "w", encoding="utf-8") as f:
                f.write("x")
        run = start("--address", OTHER, "--tls", tls)
        need(run.returncode == 3 and "ca.key, ca.crt" in run.stderr and run.stderr.count("\n") == 1, run.stderr)
        fact("no address, a damaged CA: one line")


main(https, terminal, rude, refusals)
