"""Whom an edge closes when there is no room: those of the network that takes most of it."""

from collections import Counter
from collections.abc import Collection
from enum import Enum
from typing import TypeVar


class Phase(Enum):
    """Where a connection is in a request."""

    HEAD = "head"
    BODY = "body"
    IDLE = "idle"  # between two requests: uvicorn's own keep-alive watches then


class Held:
    """What counts of a connection when there is no room for all."""

    network = ""  # that the request, or the connection before it, comes from
    since = 0.0  # when the phase began
    phase = Phase.HEAD
    size = 0  # bytes of headers or body

    @property
    def running(self) -> bool:
        """Whether a request has begun that is not answered."""
        raise NotImplementedError

    @property
    def dispensable(self) -> bool:
        """Whether nothing is lost by closing: no request runs or has begun to run."""
        return self.phase is Phase.IDLE and not self.running

    @property
    def unfinished(self) -> tuple[bool, int, float]:
        """What is lost by closing, the least first: a head, then a body of which little has come."""
        in_body = self.phase is Phase.BODY
        return in_body, self.size if in_body else 0, self.since


Connection = TypeVar("Connection", bound=Held)


def least(everyone: Collection[Connection]) -> Connection:
    """Choose whom it costs least to close: the longest idle, else one of the network that holds most.

    Of its own, those go first who have sent least. At least one (the newest) must be in a head.
    """
    idle = [one for one in everyone if one.dispensable]
    if idle:
        return min(idle, key=lambda one: one.since)
    held = Counter(one.network for one in everyone)
    waiting = [one for one in everyone if one.phase is not Phase.IDLE]
    return min(waiting, key=lambda one: (-held[one.network], *one.unfinished))


def slowest(everyone: Collection[Connection], than: str) -> Connection | None:
    """Choose a body of the network that has most of them under way, if it has more than this network."""
    bodies = [one for one in everyone if one.phase is Phase.BODY]
    held = Counter(one.network for one in bodies)
    others = [one for one in bodies if held[one.network] > held[than] + 1]
    return min(others, key=lambda one: (-held[one.network], *one.unfinished), default=None)


def bodies_of(everyone: Collection[Held], network: str) -> int:
    """Count the bodies of a network that have not ended."""
    return sum(one.phase is Phase.BODY and one.network == network for one in everyone)
