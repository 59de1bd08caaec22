"""A time-stamping authority of our own: `openssl ts` behind a small web server, as RFC 3161, 3.4 has it."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from typing_extensions import override

from shared.protocol.canonical import Json, encode

CONFIGURATION = """
[req]
distinguished_name = name
prompt = no
[name]
CN = Root of time
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
[stamping]
basicConstraints = critical,CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
[web]
basicConstraints = critical,CA:FALSE
extendedKeyUsage = critical,serverAuth
[tsa]
serial = {folder}/serial
signer_cert = {folder}/{signer}.pem
signer_key = {folder}/{signer}.key
{certs}
signer_digest = sha256
default_policy = 1.3.6.1.4.1.99999.1
digests = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
"""
KEY = "-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes"
OPENSSL = shutil.which("openssl") or "openssl"
POLICY = "1.3.6.1.4.1.99999.1"


class TimeAuthority:
    """Its certificates stand in a folder; `stamp` answers a request (TimeStampReq, DER)."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "serial").write_text("01\n")
        self._configure("tsa", "")
        self._openssl(f"req -x509 {KEY} -keyout root.key -out root.pem -days 40 -extensions root")
        for name, extensions in (("tsa", "stamping"), ("web", "web")):
            self._openssl(f"req -new {KEY} -keyout {name}.key -out {name}.csr -subj /CN={name}")
            self._openssl(
                f"x509 -req -in {name}.csr -CA root.pem -CAkey root.key -CAcreateserial"
                f" -out {name}.pem -days 30 -extfile openssl.cnf -extensions {extensions}"
            )

    @property
    def anchors(self) -> bytes:
        """The root of its certificates, in PEM."""
        return (self.folder / "root.pem").read_bytes()

    def stamp(self, request: bytes, *, chain: bool = False) -> bytes:
        """Answer; with the whole chain of certificates, or with the authority's own alone."""
        self._configure("tsa", f"certs = {self.folder}/root.pem" if chain else "")
        (self.folder / "request").write_bytes(request)
        self._openssl("ts -reply -section tsa -queryfile request -out answer", config=True)
        return (self.folder / "answer").read_bytes()

    def verifies(self, token: bytes, note: str) -> bool:
        """Ask `openssl ts -verify`."""
        (self.folder / "token").write_bytes(token)
        (self.folder / "note").write_bytes(note.encode())
        try:
            self._openssl("ts -verify -in token -token_in -data note -CAfile root.pem")
        except subprocess.CalledProcessError:
            return False
        return True

    def configured(self, url: str, folder: Path, name: str = "tsa.example") -> Path:
        """Write the file that a node is told of."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "tsa.pem").write_bytes(self.anchors)
        entry: Json = {
            "name": name,
            "url": url,
            "anchors": "tsa.pem",
            "policy": POLICY,
            "tls": None,
        }
        path = folder / "authorities.json"
        path.write_bytes(encode({"authorities": [entry]}))
        return path

    def _configure(self, signer: str, certs: str) -> None:
        text = CONFIGURATION.format(folder=self.folder, signer=signer, certs=certs)
        (self.folder / "openssl.cnf").write_text(text)

    def _openssl(self, command: str, *, config: bool = False) -> None:
        first, *_ = parts = command.split()
        if config or first == "req":
            parts += ["-config", "openssl.cnf"]
        subprocess.run(  # noqa: S603 - our own words
            [OPENSSL, *parts], cwd=self.folder, check=True, capture_output=True
        )


class Site:
    """Where an authority is asked; `status` and `answer` let it fail."""

    def __init__(self, authority: TimeAuthority) -> None:
        self.authority, self.status = authority, 200
        self.answer: bytes | None = None
        self.kind = "application/timestamp-reply"
        self.asked = 0
        self.url = ""


@contextlib.contextmanager
def serving(authority: TimeAuthority) -> Iterator[Site]:
    """Serve it on a port of this machine."""
    site = Site(authority)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = self.rfile.read(int(self.headers["content-length"]))
            site.asked += 1
            answer = site.answer if site.answer is not None else authority.stamp(request)
            self.send_response(site.status)
            self.send_header("content-type", site.kind)
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        @override
        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    site.url = f"http://127.0.0.1:{server.server_port}/tsr"
    try:
        yield site
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
