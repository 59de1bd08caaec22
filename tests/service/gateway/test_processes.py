"""Gateway and directory as they are run: real processes that can be killed and come back."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from tests.service.gateway.calling import Caller
from tests.service.gateway.echo import Echo, echo_app
from tests.service.gateway.federation import Federation, Node, make_federation, make_node, settings
from tests.service.gateway.refusing import told_in_all
from tests.service.gateway.sockets import listening, serving


def environment(values: Mapping[str, object]) -> dict[str, str]:
    names = {f"ROGATORY_{name.upper()}": str(value) for name, value in values.items() if value}
    return {**os.environ, **names}  # noqa: TID251 - what a process inherits


@contextmanager
def process(module: str, values: Mapping[str, object]) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", module]
    running = subprocess.Popen(command, env=environment(values))  # noqa: S603 - our own module
    try:
        yield running
    finally:
        running.send_signal(signal.SIGTERM)
        running.wait(20)


def gateway_values(node: Node, federation: Federation) -> dict[str, object]:
    return {
        **settings(node, federation).model_dump(),
        "gateway_listen": f"127.0.0.1:{node.public[1]}",
        "gateway_internal_listen": f"127.0.0.1:{node.internal[1]}",
    }


def directory_values(federation: Federation) -> dict[str, object]:
    return {
        "directory_listen": f"127.0.0.1:{federation.socket[1]}",
        "directory_repo": federation.repository,
        "tls_cert": federation.certificates.certificate,
        "tls_key": federation.certificates.key,
        "keystore": federation.folder / "keystore",
        "passphrase_file": federation.folder / "passphrase",
    }


def wait_ready(caller: Caller) -> None:
    for _ in range(200):
        try:
            if caller.http.get("/readyz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    pytest.fail("the gateway did not become ready within 10 s")


def test_70_what_was_used_once_stays_used_after_a_kill(tmp_path: Path) -> None:
    node = make_node("QM", tmp_path / "QM")
    federation = make_federation(tmp_path / "federation", [node])
    caller = Caller(node, "preparer")
    with ExitStack() as stack:
        bound, port = listening()
        echo = Echo()
        stack.enter_context(serving(echo_app(echo), bound))
        node.upstreams = dict.fromkeys(("exchange", "audit"), f"http://127.0.0.1:{port}")
        for taken in (node.public[0], node.internal[0], federation.socket[0]):
            taken.close()
        values = gateway_values(node, federation)
        with process("services.gateway", values) as first:
            with process("services.directory", directory_values(federation)):
                wait_ready(caller)
            form = caller.form()
            assert caller.ask(form).status_code == 200
            token = caller.token()
            headers = caller.headers("GET", "/v1/requests", token)
            assert caller.http.get("/v1/requests", headers=headers).status_code == 200
            for _ in range(30):
                assert caller.http.get("/v1/requests").status_code == 401
            first.kill()
            first.wait()
        with process("services.gateway", values):
            wait_ready(caller)  # from what it kept on disk: the directory is gone
            again = caller.http.get("/v1/requests", headers=headers)
            assert again.status_code == 401
            assert caller.ask(form).json()["error"] == "invalid_client"
            assert caller.call("GET", "/v1/requests").status_code == 200
    # 66: thirty before the kill, one proof and one assertion after it: each in exactly one count.
    assert sum(event["count"] for event in told_in_all(node.folder, echo.events)) == 32
