"""Wait for what happens elsewhere: a long piece of work of the node, or the other country."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, Protocol, TypeVar

from client.cli.terminal import Terminal
from client.errors import UnavailableError

PAUSE: Final = 0.3  # seconds between two looks


class Waiting(Protocol):
    """What says of itself what it waits for."""

    @property
    def waiting_for(self) -> str | None:
        """Why nothing happens."""


Seen = TypeVar("Seen", bound=Waiting)


def wait_for(
    first: Seen,
    *,
    read: Callable[[], Seen],
    done: Callable[[Seen], bool],
    seconds: int,
    terminal: Terminal,
    watch: Callable[[Seen], None] = lambda _: None,
) -> Seen:
    """Look again until it is done or the time is up; say what it waits for when that changes.

    Returns:
        What was seen last; whether it is done is for the caller to see.
    """
    seen, said = first, None
    deadline = time.monotonic() + seconds
    while not done(seen) and time.monotonic() < deadline:
        watch(seen)
        if seen.waiting_for not in {None, said}:
            said = seen.waiting_for
            terminal.say(f"waiting: {said}")
        time.sleep(PAUSE)
        try:
            seen = read()
        except UnavailableError as error:
            # Whoever waits can wait for the node as well.
            terminal.say(f"waiting: {error.detail}")
    watch(seen)
    return seen
