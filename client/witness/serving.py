"""The witness over HTTP: POST /add-checkpoint, GET /<hex of the origin's SHA-256>/checkpoint.

One connection is one request; it may be idle for seconds and last half a minute, and there are 64 at a
time. All that is answered is signed or public: TLS, where it is wanted, stands before it.
"""

from __future__ import annotations

import socket
import socketserver
import sqlite3
import sys
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import BoundedSemaphore, Timer
from typing import Final

from typing_extensions import override

from client.witness.judging import Witness
from shared.protocol.checkpoints import DECIMAL
from shared.protocol.witnessing import MAX_SUBMISSION, Reply

ADD_CHECKPOINT: Final = "/add-checkpoint"
IDLE: Final = 10.0  # seconds between two arrivals of bytes
LONGEST: Final = 30.0  # seconds that a connection may last
CONNECTIONS: Final = 64

_Request = socket.socket | tuple[bytes, socket.socket]


class Server(ThreadingHTTPServer):
    """Serves one witness until it is shut down."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self,
        address: tuple[str, int],
        witness: Witness,
        *,
        idle: float = IDLE,
        longest: float = LONGEST,
    ) -> None:
        self.witness, self.idle, self.longest = witness, idle, longest
        self._room = BoundedSemaphore(CONNECTIONS)
        super().__init__(address, _Handler)

    @override
    def server_bind(self) -> None:
        socketserver.TCPServer.server_bind(self)  # HTTPServer's asks the DNS for its own name

    def url(self) -> str:
        """Where it listens."""
        host, port = self.server_address[:2]
        return f"http://{host!s}:{port}"

    @override
    def process_request(self, request: _Request, client_address: object) -> None:
        if self._room.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    @override
    def process_request_thread(self, request: _Request, client_address: object) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._room.release()

    @override
    def handle_error(self, request: _Request, client_address: object) -> None:
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):  # a connection that breaks is the other side's business
            self.witness.alarm(f"a request could not be answered: {error!r}")


class _Handler(BaseHTTPRequestHandler):
    server: Server

    @override
    def setup(self) -> None:
        super().setup()
        self.connection.settimeout(self.server.idle)
        self._end = Timer(self.server.longest, _cut, [self.connection])
        self._end.daemon = True
        self._end.start()

    @override
    def finish(self) -> None:
        self._end.cancel()
        super().finish()

    def do_GET(self) -> None:
        self._answer(lambda: self.server.witness.newest(self.path.removeprefix("/")))

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if self.path != ADD_CHECKPOINT:
            self._refuse(HTTPStatus.NOT_FOUND)
        elif not DECIMAL.fullmatch(length):
            self._refuse(HTTPStatus.LENGTH_REQUIRED)
        elif int(length) > MAX_SUBMISSION:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        else:
            body = self.rfile.read(int(length))
            self._answer(lambda: self.server.witness.add_checkpoint(body))

    @override
    def version_string(self) -> str:
        return "rogatory"

    @override
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: who asks is nobody's business, and refusals are told by the witness."""

    def _answer(self, answer: Callable[[], Reply]) -> None:
        try:
            reply = answer()
        except (sqlite3.Error, OSError) as error:
            self.server.witness.alarm(
                f"the witness cannot remember, so it does not cosign: {error}"
            )
            reply = Reply(status=HTTPStatus.SERVICE_UNAVAILABLE, body="try again later\n")
        content = reply.body.encode()
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _refuse(self, status: HTTPStatus) -> None:
        self._answer(lambda: Reply(status=status, body=f"{status.phrase}\n"))


def _cut(connection: socket.socket) -> None:
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
