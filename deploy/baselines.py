"""What the machine can do: the other side of every ratio that `deploy.bench` prints.

Each baseline runs in a fresh process of its own over the same number of bytes: one core that hashes and
encrypts in memory (OpenSSL through `cryptography` and hashlib), and a plain loopback connection.
"""

import hashlib
import http.client
import mmap
import secrets
import subprocess
import sys
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from time import perf_counter

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import GCM
from typing_extensions import override

CHUNK = 2**20  # bytes
SEGMENT = 16 * 2**20  # bytes under one nonce, as the product does it
OK = 200


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
}


def measure(name: str, size: int) -> float:
    """Run one baseline in a fresh process; return its seconds."""
    command = [sys.executable, "-m", "deploy.baselines", name, str(size)]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    return float(done.stdout)


def main() -> None:
    """Run the baseline named on the command line and print its seconds."""
    name, size = sys.argv[1], int(sys.argv[2])
    if name == "serve":
        serve(size)
    else:
        print(BASELINES[name](size))


if __name__ == "__main__":
    main()
