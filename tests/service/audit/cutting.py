"""A line to PostgreSQL that is cut at a COMMIT: before the server hears of it, or before we hear of it."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import URL

COMMIT = b"COMMIT\0"


@dataclass
class Line:
    """Carries connections from a port of its own to the server, until a planned COMMIT."""

    server: tuple[str, int]
    listener: socket.socket
    plan: list[str | None] = field(default_factory=list)  # of each COMMIT to come

    @property
    def port(self) -> int:
        port: int = self.listener.getsockname()[1]
        return port

    def carry(self) -> None:
        """Take connections until the listener is closed."""
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self._connect, args=(client,), daemon=True).start()

    def _connect(self, client: socket.socket) -> None:
        with client, socket.create_connection(self.server) as server:
            answering = threading.Thread(target=_pass_on, args=(server, client), daemon=True)
            answering.start()
            with contextlib.suppress(OSError):
                self._ask(client, server)
            # Both directions end, whoever ended first.
            for end in (client, server):
                with contextlib.suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
            answering.join()

    def _ask(self, client: socket.socket, server: socket.socket) -> None:
        while said := client.recv(2**16):
            fault = self.plan.pop(0) if COMMIT in said and self.plan else None
            if fault == "not persisted":
                return
            if fault == "persisted":
                # We hear nothing more; the server does what it was asked.
                client.shutdown(socket.SHUT_WR)
            server.sendall(said)
            if fault == "persisted":
                return


def _pass_on(server: socket.socket, client: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while said := server.recv(2**16):
            client.sendall(said)


@contextlib.contextmanager
def line(url: URL) -> Iterator[tuple[Line, str]]:
    """Open a line to the server of a URL; yields it, and the URL that goes over it."""
    assert url.host
    listener = socket.create_server(("127.0.0.1", 0))
    made = Line((url.host, url.port or 5432), listener)
    carrier = threading.Thread(target=made.carry)
    carrier.start()
    try:
        over = url.set(host="127.0.0.1", port=made.port)
        yield made, over.render_as_string(hide_password=False)
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        carrier.join()
