"""An end for a whole outgoing call, by the clock: a time-out for each octet is none for a server that drips.

Connections of `outward.pool` give their sockets to the scope in which they are used. At its end those
are shut down, wherever the call is then: in the handshake, in the head, or in a body.
"""

import os
import socket
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar

import urllib3
from urllib3.exceptions import HTTPError


class OverdueError(HTTPError):
    """The other side took too long; what came of its answer counts for nothing."""


class _Scope:
    def __init__(self, end: float) -> None:
        self.end = end
        self.cut = False
        self._lock = threading.Lock()
        self._sockets: list[socket.socket] = []
        self._timer: threading.Timer | None = None

    def watch(self, sock: socket.socket) -> None:
        """Shut a socket down at the end, also if another object has taken its descriptor by then."""
        with suppress(OSError), self._lock:  # one that is closed already has nothing to wait for
            # A duplicate: TLS takes the descriptor away, and a closed one could become another's.
            self._sockets.append(socket.socket(fileno=os.dup(sock.fileno())))
        if self._timer is None:
            self._timer = threading.Timer(self.end - time.monotonic(), self.shut)
            self._timer.daemon = True
            self._timer.start()

    def shut(self) -> None:
        """Shut every socket down."""
        with self._lock:
            self.cut = True
            for each in self._sockets:
                with suppress(OSError):  # the other side may have gone by itself
                    each.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Let go of the sockets, which are others' from now on."""
        if self._timer is not None:
            self._timer.cancel()
        with self._lock:
            for each in self._sockets:
                each.close()
            self._sockets.clear()


_current: ContextVar[_Scope | None] = ContextVar("deadline", default=None)
_sockets: weakref.WeakKeyDictionary[urllib3.BaseHTTPResponse, socket.socket] = (
    weakref.WeakKeyDictionary()
)


@contextmanager
def within(seconds: float, answer: urllib3.BaseHTTPResponse | None = None) -> Iterator[None]:
    """Bound what is sent and read inside; a scope within another ends with it at the latest.

    Args:
        seconds: from now on.
        answer: whose body is read inside, if its head was read before.

    Raises:
        OverdueError: it did not end in time.
    """
    outer = _current.get()
    end = time.monotonic() + seconds
    scope = _Scope(end if outer is None else min(end, outer.end))
    token = _current.set(scope)
    try:
        if answer is not None and answer in _sockets:
            scope.watch(_sockets[answer])
        yield
    except (HTTPError, OSError) as error:
        if scope.cut:
            raise OverdueError("The answer takes too long.") from error
        raise
    finally:
        _current.reset(token)
        scope.close()
    if scope.cut:  # the end of a body without a length looks like any other
        raise OverdueError("The answer takes too long.")


def check() -> None:
    """Raise OverdueError if the scope that this thread is in has ended."""
    scope = _current.get()
    if scope is not None and time.monotonic() > scope.end:
        raise OverdueError("The answer takes too long.")


def watch(sock: socket.socket) -> None:
    """Give the socket of a connection to the scope that this thread is in, if any."""
    scope = _current.get()
    if scope is not None:
        scope.watch(sock)


def remember(answer: urllib3.BaseHTTPResponse, sock: socket.socket) -> None:
    """Note by which socket an answer comes, for whoever reads its body later."""
    _sockets[answer] = sock
