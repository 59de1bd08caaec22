"""Cases that have come to a certain point, made once and copied for each test."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.service.exchange.node import Clock
from tests.service.exchange.pair import Pair, open_pair


@dataclass
class Stages:
    """`at(name, play, folder)` gives a pair at the point to which `play` brings a new one."""

    federation: Path
    folder: Path
    made: dict[str, str] = field(default_factory=dict)  # what `play` returned, by stage

    @contextmanager
    def at(
        self, name: str, play: Callable[[Pair], str], folder: Path
    ) -> Iterator[tuple[Pair, str]]:
        if name not in self.made:
            with open_pair(self.federation, self.folder / name, Clock()) as pair:
                self.made[name] = play(pair)
        shutil.copytree(self.folder / name, folder / name)
        with open_pair(self.federation, folder / name, Clock()) as pair:
            yield pair, self.made[name]


def sent(pair: Pair) -> str:
    """QM's first request is signed; nothing has left."""
    return pair.sent_request()


def accepted(pair: Pair) -> str:
    """QM's request was accepted by QN."""
    return pair.accepted_request()


def released(pair: Pair) -> str:
    """QN has signed a package; nothing of it has left."""
    return pair.released_package()


def verified(pair: Pair) -> str:
    """QM has QN's package, verified; all receipts are exchanged."""
    package_id = pair.released_package()
    pair.settle()
    return package_id
