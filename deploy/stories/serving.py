"""Listeners of one process, each on a thread with a loop of its own, as each would have a process."""

import asyncio
import threading
from time import monotonic, sleep

from shared.runtime.server import QuietServer

START = 20.0  # seconds
POLL = 0.01  # seconds


class NotStartedError(Exception):
    """A listener did not come up."""


class Listener:
    """Some servers that live and end together: those of one service."""

    def __init__(self, name: str, *servers: QuietServer) -> None:
        self.name, self._servers = name, servers
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    def start(self) -> None:
        """Begin to listen; `wait` says when it has."""
        self._thread.start()

    def wait(self) -> None:
        """Wait until every server listens.

        Raises:
            NotStartedError: one ended before, or took too long.
        """
        deadline = monotonic() + START
        while not all(server.started for server in self._servers):
            if not self._thread.is_alive() or monotonic() > deadline:
                raise NotStartedError(self.name)
            sleep(POLL)

    def ask_to_stop(self) -> None:
        """Let running requests end, and take no more."""
        for server in self._servers:
            server.should_exit = True

    def join(self) -> None:
        """Wait until all has ended."""
        self._thread.join()

    def _run(self) -> None:
        loop = self._servers[0].config.get_loop_factory()
        with asyncio.Runner(loop_factory=loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        await asyncio.gather(*(server.serve() for server in self._servers))
