"""Run apps on uvicorn: one process, one or more listeners, one orderly stop."""

import asyncio
import contextlib
import os
import signal
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import uvicorn
import uvloop
from starlette.types import ASGIApp
from typing_extensions import override

from shared.runtime.closures import Closures, EdgeConfig
from shared.runtime.settings import parse_listen

GRACE = 10  # seconds that running requests get at a stop
KEEP_ALIVE = 75  # seconds; uvicorn's 5 would close a pool's connections between segments
HANDSHAKE = 10.0  # seconds; uvicorn leaves it at the loop's 60
GOODBYE = 5.0  # seconds
UNIX = "unix:"  # before the path of a Unix socket, where `host:port` could stand


class ServerLoop(uvloop.Loop):
    """uvloop, with less patience for a TLS peer that does not shake hands or say goodbye."""

    @override
    async def create_server(self, *arguments: Any, **options: Any) -> asyncio.Server:
        if options.get("ssl") is not None:
            options |= {"ssl_handshake_timeout": HANDSHAKE, "ssl_shutdown_timeout": GOODBYE}
        made = await super().create_server(*arguments, **options)
        return cast("asyncio.Server", made)  # by uvloop's own; asyncio declares it narrower


class QuietServer(uvicorn.Server):
    """A server that leaves the signals to `run`, so that several can live in one process."""

    @override
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Install nothing: `run` has installed the handlers for all servers."""
        yield


def make_server(
    app: ASGIApp,
    listen: str,
    *,
    context: ssl.SSLContext | None = None,
    protocol: type[asyncio.Protocol] | str = "httptools",
    closures: Closures | None = None,
) -> QuietServer:
    """Prepare a listener on `host:port` or `unix:/path`; with `context` it speaks TLS.

    No proxy headers are believed here: on one machine every client comes from 127.0.0.1.
    """
    options = _place(listen)
    if context is not None:
        options["ssl_context_factory"] = lambda _config, _default: context
    config = EdgeConfig(
        app,
        closures=closures or Closures(),
        http=protocol,
        ws="none",
        loop=f"{ServerLoop.__module__}:{ServerLoop.__name__}",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=GRACE,
        **options,
    )
    return QuietServer(config)


def _place(listen: str) -> dict[str, Any]:
    if listen.startswith(UNIX):
        path = Path(listen.removeprefix(UNIX))
        _reserve(path)
        return {"uds": str(path)}
    host, port = parse_listen(listen)
    return {"host": host, "port": port}


def _reserve(path: Path) -> None:
    """Leave a socket file that its owner and group alone may use: the server takes over its mode."""
    if path.is_socket():
        path.unlink()  # of a process that was killed
    with socket.socket(socket.AF_UNIX) as reserved:
        before = os.umask(0o117)
        try:
            reserved.bind(str(path))
        finally:
            os.umask(before)


def run(*servers: QuietServer) -> None:
    """Serve until SIGTERM or SIGINT, then stop all listeners together."""
    with asyncio.Runner(loop_factory=servers[0].config.get_loop_factory()) as runner:
        runner.run(_serve(servers))


async def _serve(servers: tuple[QuietServer, ...]) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, _stop, servers)
    tasks = [asyncio.create_task(server.serve()) for server in servers]
    # One listener that cannot start or dies takes the others with it: half a gateway is none.
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    _stop(servers)
    await asyncio.gather(*tasks)


def _stop(servers: tuple[QuietServer, ...]) -> None:
    for server in servers:
        server.should_exit = True
