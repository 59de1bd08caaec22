"""Run apps on uvicorn: one process, one or more listeners, one orderly stop."""

import asyncio
import contextlib
import signal
import ssl
from collections.abc import Iterator
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from typing_extensions import override

from shared.runtime.settings import parse_listen

GRACE = 10  # seconds that running requests get at a stop
KEEP_ALIVE = 75  # seconds; uvicorn's 5 would close a pool's connections between segments


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
) -> QuietServer:
    """Prepare a listener on `host:port`; with `context` it speaks TLS.

    No proxy headers are believed: on one machine every client comes from 127.0.0.1.
    """
    host, port = parse_listen(listen)
    options: dict[str, Any] = {}
    if context is not None:
        options["ssl_context_factory"] = lambda _config, _default: context
    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        http=protocol,
        ws="none",
        loop="uvloop",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE,
        timeout_graceful_shutdown=GRACE,
        **options,
    )
    return QuietServer(config)


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
