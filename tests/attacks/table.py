"""The seventy-two attacks: each with its number, what is tried, and the one answer that is right.

An attack is a function of the stage: it does the thing and says in a few words what came back, as in
`401 invalid_client`. The tests of this folder play every row of the edge against each edge; rows that
need whole nodes are played in `tests/system`, and some have had a test of their own for long: `shown`
names it. `tests/repository/test_attacks.py` sees that no number is missing and no test named is gone.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

Where = TypeVar("Where")

ALL = frozenset(range(1, 73))


@dataclass(frozen=True, kw_only=True)
class Attack(Generic[Where]):
    """One row.

    `behind` is what a proxy in front makes of it, where that is another right answer. `keys`: the row
    signs with keys that only who made the node has, so it cannot be played against a node of others.
    """

    number: int
    name: str
    expected: str
    act: Callable[[Where], str]
    behind: str | None = None
    keys: bool = False
    slow: bool = False

    @property
    def id(self) -> str:
        return f"{self.number}-{self.name}".replace(" ", "-")


@dataclass(frozen=True)
class Shown:
    """An attack that a test of its own plays."""

    number: int
    test: str  # path::name


def rows(
    number: int,
    expected: str,
    acts: Mapping[str, Callable[[Where], str]],
    **more: Any,  # noqa: ANN401 - fields of Attack
) -> list[Attack[Where]]:
    """Write several ways to try one thing."""
    return [
        Attack(number=number, name=name, expected=expected, act=act, **more)
        for name, act in acts.items()
    ]
