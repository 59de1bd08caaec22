"""What the machine can do: the other side of every ratio that `deploy.bench` prints.

Each baseline runs in a fresh process of its own over the same number of bytes: one core that hashes and
encrypts in memory (OpenSSL through `cryptography` and hashlib), a plain loopback connection, and an
upload over TLS to the server that the product stands on, which drops every byte.
"""

import hashlib
import http.client
import mmap
import secrets
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from time import perf_counter, sleep

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import GCM
from starlette.types import Receive, Scope, Send
from typing_extensions import override

from deploy import certificates, credentials, layout, processes
from shared.runtime import server, tls
from shared.runtime.clock import utc_now

CHUNK = 2**20  # bytes
SEGMENT = 16 * 2**20  # bytes under one nonce, as the product does it
OK = 200
PATIENCE = 10.0  # seconds for a baseline's server to start


def hashing(size: int) -> float:
    """Seconds of SHA-256 over `size` bytes on one core."""
    chunk = _chunk()
    digest = hashlib.sha256()
    began = perf_counter()
    for _ in range(size // CHUNK):
        digest.update(chunk)
    return perf_counter() - began


def hashing_and_encrypting(size: int) -> float:
    """Seconds of SHA-256 and AES-256-GCM over `size` bytes on one core, one after the other."""
    chunk, sealed = _chunk(), memoryview(mmap.mmap(-1, CHUNK + 16))
    digest = hashlib.sha256()
    began = perf_counter()
    for number in range(size // SEGMENT):
        nonce = number.to_bytes(12, "big")
        encryptor = Cipher(AES256(bytes(32)), GCM(nonce)).encryptor()
        for _ in range(SEGMENT // CHUNK):
            digest.update(chunk)
            encryptor.update_into(chunk, sealed)
        encryptor.finalize()
    return perf_counter() - began


def _chunk() -> memoryview:
    """1 MiB to work on, page-aligned: copies from a page's 16th byte are four times slower on Zen."""
    chunk = memoryview(mmap.mmap(-1, CHUNK))
    chunk[:] = secrets.token_bytes(CHUNK)
    return chunk


def loopback(size: int) -> float:
    """Seconds to download `size` bytes over plain HTTP from a process that only sends them."""
    command = [sys.executable, "-m", "deploy.baselines", "serve", str(size)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        connection = http.client.HTTPConnection("127.0.0.1", port, blocksize=CHUNK)
        buffer = mmap.mmap(-1, CHUNK)
        began = perf_counter()
        connection.request("GET", "/")
        answer = connection.getresponse()
        assert answer.status == OK
        left = size
        while left > 0:
            left -= answer.readinto(buffer)
        connection.close()
        return perf_counter() - began


def discarding(size: int) -> float:
    """Seconds to upload `size` bytes over TLS to the product's own server, which drops them."""
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), next(layout.free_ports())
        authority = certificates.tls_authority("baseline", utc_now())
        own = certificates.server_certificate(authority, ("127.0.0.1",), utc_now())
        for file, content in (("tls.pem", own.pem), ("tls.key", own.key_pem)):
            credentials.write_new(folder / file, content)
        context = ssl.create_default_context(cadata=authority.pem.decode())
        command = [sys.executable, "-m", "deploy.baselines", "discard", name, str(port)]
        with subprocess.Popen(command, env=processes.ENVIRONMENT) as process:
            try:
                return _upload(port, size, context)
            finally:
                process.terminate()


def _upload(port: int, size: int, context: ssl.SSLContext) -> float:
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=context)
    deadline = perf_counter() + PATIENCE
    while True:
        try:
            connection.connect()
            break
        except ConnectionRefusedError:
            if perf_counter() > deadline:
                raise
            sleep(0.05)
    chunk = bytes(_chunk())
    began = perf_counter()
    body = (chunk for _ in range(size // CHUNK))
    connection.request("PUT", "/", body=body, headers={"Content-Length": str(size)})
    assert connection.getresponse().status == OK
    seconds = perf_counter() - began
    connection.close()
    return seconds


async def discard(scope: Scope, receive: Receive, send: Send) -> None:
    """Read a body to its end and answer 200 (ASGI)."""
    if scope["type"] != "http":
        return
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": OK, "headers": []})
    await send({"type": "http.response.body", "body": b""})


class Sender(BaseHTTPRequestHandler):
    """Answers one GET with zeros."""

    size = 0

    def do_GET(self) -> None:
        """Send the body in pieces of 1 MiB."""
        self.send_response(OK)
        self.send_header("Content-Length", str(self.size))
        self.end_headers()
        chunk = bytes(CHUNK)
        for _ in range(self.size // CHUNK):
            self.wfile.write(chunk)

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


def serve(size: int) -> None:
    """Answer one request on a port that is printed first."""
    Sender.size = size
    with HTTPServer(("127.0.0.1", 0), Sender) as server:
        print(server.server_port, flush=True)
        server.handle_request()


BASELINES: dict[str, Callable[[int], float]] = {
    "SHA-256": hashing,
    "SHA-256 + AES-256-GCM": hashing_and_encrypting,
    "plain loopback HTTP": loopback,
    "same server, discarding": discarding,
}


def measure(name: str, size: int) -> float:
    """Run one baseline in a fresh process; return its seconds."""
    command = [sys.executable, "-m", "deploy.baselines", name, str(size)]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    return float(done.stdout)


def main() -> None:
    """Run the baseline named on the command line and print its seconds, or one's server."""
    match sys.argv[1:]:
        case ["serve", size]:
            serve(int(size))
        case ["discard", folder, port]:
            context = tls.server_context(Path(folder) / "tls.pem", Path(folder) / "tls.key")
            server.run(server.make_server(discard, f"127.0.0.1:{port}", context=context))
        case [name, size]:
            print(BASELINES[name](int(size)))
        case _:
            sys.exit(f"usage: python -m deploy.baselines NAME BYTES; names: {', '.join(BASELINES)}")


if __name__ == "__main__":
    main()
