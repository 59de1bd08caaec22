"""Who sends slowly, and much of it at once, loses its own room and nobody else's."""

import contextlib
import socket
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import ClassVar

import pytest
from typing_extensions import override

from shared.runtime import crowding
from shared.runtime.closures import Closures
from shared.runtime.edge import EdgeProtocol
from tests.service.gateway.conftest import wait_until
from tests.service.gateway.edge_app import edge_app
from tests.service.gateway.sockets import listening, serving

SLOW = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 16000\r\n\r\na"
HONEST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na"
OPEN = b"GET /none HTTP/1.1\r\nHost: x\r\n\r\n"


class FewConnections(EdgeProtocol):
    max_connections: ClassVar[int] = 8


class FewCalls(EdgeProtocol):
    max_calls: ClassVar[int] = 8


class FewBodies(EdgeProtocol):
    max_bodies: ClassVar[int] = 4


class Hasty(EdgeProtocol):
    small_deadline: ClassVar[float] = 0.5


@dataclass
class Crowd:
    """A listener, and connections to it from addresses of this machine."""

    port: int
    stack: ExitStack
    closures: Closures = field(default_factory=Closures)

    def send(self, content: bytes, *, number: int = 1, source: str = "127.0.0.1") -> socket.socket:
        """Send it on connections of their own; return the last one."""
        wires = [self._open(source) for _ in range(number)]
        for wire in wires:
            wire.sendall(content)
        time.sleep(0.2)
        return wires[-1]

    def _open(self, source: str) -> socket.socket:
        wire = self.stack.enter_context(socket.socket())
        wire.bind((source, 0))
        wire.settimeout(5)
        wire.connect(("127.0.0.1", self.port))
        return wire

    def counted(self) -> dict[tuple[str, str], int]:
        return self.closures.take()


@contextmanager
def crowd(protocol: type[EdgeProtocol]) -> Iterator[Crowd]:
    bound, port = listening()
    with ExitStack() as stack:
        made = Crowd(port, ExitStack())
        stack.enter_context(serving(edge_app([]), bound, protocol=protocol, closures=made.closures))
        stack.enter_context(made.stack)
        yield made


def status(wire: socket.socket) -> bytes:
    return wire.recv(65536)[9:12]


@pytest.mark.parametrize("protocol", [FewConnections, FewCalls])
def test_slow_bodies_make_room_for_others(protocol: type[EdgeProtocol]) -> None:
    with crowd(protocol) as edge:
        edge.send(SLOW, number=8)
        for _ in range(3):
            assert status(edge.send(HONEST, source="127.0.0.2")) == b"200"
        assert ("127.0.0.1", "crowded") in edge.counted()


def test_a_network_has_so_many_bodies_under_way_and_no_more() -> None:
    with crowd(FewBodies) as edge:
        edge.send(SLOW, number=3)
        last = edge.send(SLOW)
        assert status(edge.send(HONEST)) == b"503"
        assert status(edge.send(OPEN)) == b"404"  # no body
        assert status(edge.send(HONEST, source="127.0.0.2")) == b"200"
        last.sendall(b"a" * 15999)
        assert status(last) == b"200"
        assert status(edge.send(HONEST)) == b"200"
        assert edge.counted() == {("127.0.0.1", "bodies"): 1}


def test_a_small_body_comes_in_time_or_not_at_all() -> None:
    with crowd(Hasty) as edge:
        wire = edge.send(SLOW)
        assert drip(wire) < 2
        counts: Counter[tuple[str, str]] = Counter()

        def counted() -> bool:
            counts.update(edge.counted())
            return counts.total() > 0

        wait_until(counted)
        assert counts == {("127.0.0.1", "body-deadline"): 1}


def drip(wire: socket.socket) -> float:
    """Send octet after octet; return how long that went well."""
    began = time.monotonic()
    with contextlib.suppress(ConnectionError):
        while time.monotonic() < began + 5:
            wire.sendall(b"a")
            time.sleep(0.05)
    return time.monotonic() - began


def test_a_large_body_may_take_its_time() -> None:
    large = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 16390\r\n\r\n"
    with crowd(Hasty) as edge:
        wire = edge.send(large + b"a" * 16389)
        time.sleep(0.8)
        wire.sendall(b"a")
        assert status(wire) == b"200"


class Kept(crowding.Held):
    def __init__(self, name: str, network: str, phase: crowding.Phase, size: int = 0) -> None:
        self.name, self.network, self.phase, self.size = name, network, phase, size

    @property
    @override
    def running(self) -> bool:
        return self.phase is not crowding.Phase.IDLE


def test_who_goes_first() -> None:
    body, head, idle = crowding.Phase.BODY, crowding.Phase.HEAD, crowding.Phase.IDLE
    held = [
        Kept("large", "a", body, 10**6),
        Kept("small", "a", body, 2),
        Kept("other", "b", body, 1),
        Kept("new", "b", head),
        Kept("more", "a", body, 10**7),
    ]
    assert crowding.least(held).name == "small"
    assert crowding.least([*held, Kept("begun", "a", head)]).name == "begun"
    assert crowding.least([*held, Kept("idle", "c", idle)]).name == "idle"
    slow = crowding.slowest(held, "c")
    assert slow is not None
    assert slow.name == "small"
    assert crowding.slowest(held, "a") is None
    assert crowding.bodies_of(held, "a") == 3
