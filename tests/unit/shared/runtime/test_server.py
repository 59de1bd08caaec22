"""Real listeners on loopback: two servers in one process, TLS 1.3, one orderly stop."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
import urllib3

from shared.runtime import http as runtime_http

SCRIPT = """
    import sys
    from shared.runtime.app import create_app
    from shared.runtime.server import make_server, run

    app = create_app("test", routers=[], readiness=dict)
    run(*(make_server(app, listen) for listen in sys.argv[1:]))
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def start(*listens: str) -> subprocess.Popen[bytes]:
    root = Path(__file__).parents[4]
    return subprocess.Popen(  # noqa: S603 - our own script
        [sys.executable, "-c", textwrap.dedent(SCRIPT), *listens],
        cwd=root,
        env=dict(os.environ),  # noqa: TID251
    )


def wait_for(port: int) -> None:
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("the server did not start")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["TERM", "INT"])
def test_two_listeners_live_and_stop_together(number: signal.Signals) -> None:
    ports = free_port(), free_port()
    process = start(*(f"127.0.0.1:{port}" for port in ports))
    try:
        for port in ports:
            wait_for(port)
            pool = runtime_http.bulk_pool(f"http://127.0.0.1:{port}")
            assert pool.request("GET", "/healthz").json() == {"status": "ok"}
            pool.close()
        process.send_signal(number)
        assert process.wait(20) == 0
    finally:
        process.kill()
        process.wait()


def test_a_listener_that_cannot_start_takes_the_other_with_it() -> None:
    taken = socket.create_server(("127.0.0.1", 0))
    process = start(f"127.0.0.1:{free_port()}", f"127.0.0.1:{taken.getsockname()[1]}")
    try:
        assert process.wait(20) != 0
    finally:
        taken.close()
        process.kill()
        process.wait()


def test_clients_follow_no_redirect_and_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:1")
    with runtime_http.json_client("https://127.0.0.1:1") as client:
        assert not client.follow_redirects
        assert not client.trust_env


def test_an_anchor_that_is_not_pinned_is_not_trusted() -> None:
    context = runtime_http.pinned_context()
    assert context.get_ca_certs() == []
    pool = runtime_http.bulk_pool("https://localhost:1", context=context)
    assert isinstance(pool, urllib3.HTTPSConnectionPool)
    pool.close()
