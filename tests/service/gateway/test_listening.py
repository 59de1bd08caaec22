"""The listener that the process opens: its own TLS, or a socket for the proxy alone."""

import asyncio
import signal
import socket
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from fastapi import FastAPI
from starlette.requests import Request

from services.gateway.listening import Listening
from services.gateway.settings import GatewaySettings
from shared.runtime.server import QuietServer
from tests.service.gateway.conftest import World
from tests.service.gateway.federation import settings
from tests.service.gateway.sockets import make_certificates


@pytest.fixture
def told(world: World) -> GatewaySettings:
    return settings(world.qm, world.federation)


@pytest.fixture
def place() -> Iterator[Path]:
    with TemporaryDirectory(prefix="listen-") as folder:
        yield Path(folder) / "gateway.sock"


def app() -> FastAPI:
    made = FastAPI(openapi_url=None)

    @made.get("/")
    def told(request: Request) -> dict[str, str | None]:
        client = request.client
        return {"address": client.host if client else None, "scheme": request.url.scheme}

    return made


@contextmanager
def running(server: QuietServer) -> Iterator[None]:
    def run() -> None:
        with asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner:
            runner.run(server.serve())

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    yield
    server.should_exit = True
    thread.join(20)


def ask(place: Path, *headers: bytes) -> bytes:
    with socket.socket(socket.AF_UNIX) as wire:
        wire.connect(str(place))
        lines = [b"GET / HTTP/1.1", b"Host: x", b"Connection: close", *headers, b"", b""]
        wire.sendall(b"\r\n".join(lines))
        answer = b""
        while chunk := wire.recv(65536):
            answer += chunk
        return answer


def test_the_proxys_socket_is_for_its_group_alone(told: GatewaySettings, place: Path) -> None:
    listening = Listening(told.model_copy(update={"gateway_listen": f"unix:{place}"}))
    assert listening.health() == {"level": "green", "tls": "proxy", "says": []}
    with running(listening.serve(app())):
        assert stat.S_IMODE(place.stat().st_mode) == 0o660
        answer = ask(place, b"X-Real-Ip: 192.0.2.1")
        assert answer.endswith(b'{"address":"192.0.2.1","scheme":"https"}')
        assert b"proxy_misconfigured" in ask(place)
        assert b" 431 " in ask(place, b"X-Real-Ip: 192.0.2.7", *[b"X: y"] * 100)
        assert b" 400 " in ask(place, b"no header")
    taken = listening.refused()
    assert taken == {("192.0.2.7", "edge/header-count"): 1, ("proxy", "edge/malformed"): 1}


def test_a_socket_that_a_killed_process_left_is_taken_over(
    told: GatewaySettings, place: Path
) -> None:
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(place))
    listening = Listening(told.model_copy(update={"gateway_listen": f"unix:{place}"}))
    with running(listening.serve(app())):
        assert b"200 OK" in ask(place, b"X-Real-Ip: 192.0.2.1")


def test_a_certificate_that_cannot_be_used_makes_health_red(
    told: GatewaySettings, tmp_path: Path
) -> None:
    used, other = make_certificates(tmp_path / "used"), make_certificates(tmp_path / "other")
    own = {"tls_cert": used.certificate, "tls_key": used.key}
    before = signal.getsignal(signal.SIGHUP)
    listening = Listening(told.model_copy(update=own))
    assert listening.health() == {"level": "green", "tls": "own", "says": []}
    try:
        with running(listening.serve(app())):
            other.certificate.replace(used.certificate)
            signal.raise_signal(signal.SIGHUP)
            while listening.health() == {"level": "green", "tls": "own", "says": []}:
                time.sleep(0.01)
    finally:
        listening.stop()
        signal.signal(signal.SIGHUP, before)
    assert "KEY_VALUES_MISMATCH" in str(listening.health())


def test_tls_without_its_files_does_not_start(
    told: GatewaySettings, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        Listening(told.model_copy(update={"tls_key": None}))
    assert caught.value.code == 2
    assert "ROGATORY_TLS_KEY" in capsys.readouterr().err
