"""A server that sends the beginning of an answer, and then an octet from time to time, for ever."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator

from tests.service.gateway.sockets import Certificates, listening

PAUSE = 0.05  # seconds between two octets: no time-out of a read ever comes


@contextlib.contextmanager
def dripping(
    beginning: bytes, certificates: Certificates | None = None, first: bytes = b""
) -> Iterator[str]:
    """Serve each connection that beginning and the drops; with certificates over TLS.

    What is given as `first` is the answer to a connection's first request.
    """
    bound, port = listening()
    over = threading.Event()
    context = None
    if certificates is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates.certificate, certificates.key)

    def drip(plain: socket.socket) -> None:
        with contextlib.suppress(OSError), plain:
            wire = context.wrap_socket(plain, server_side=True) if context else plain
            with wire:
                for answer in filter(None, (first, beginning)):
                    wire.recv(2**16)
                    wire.sendall(answer)
                while not over.wait(PAUSE):
                    wire.sendall(b"a")

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=drip, args=(bound.accept()[0],), daemon=True).start()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    try:
        yield f"{'https' if context else 'http'}://127.0.0.1:{port}"
    finally:
        over.set()
        bound.shutdown(socket.SHUT_RDWR)
        bound.close()
        thread.join(5)
