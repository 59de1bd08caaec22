"""Exchanges that are killed at a chosen transaction: `python -m tests.service.exchange.victim`.

Reads one line for each: federation, data, what to do, and where to die, separated by tabs; lets a child of
its own do it, and writes how the child ended. (Importing an exchange takes seconds, a child takes none.)
"""

import dataclasses
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.orm import Session
from typing_extensions import override

from shared.runtime.database import Database
from tests.service.exchange.filling import put_segment
from tests.service.exchange.node import Clock, Node, open_node, release

DEAD = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Mortal(Database):
    """A database under which the process dies: `before` or `after` the commit of a transaction.

    `plan` says what becomes of each writing transaction to come; behind its end all live.
    """

    plan: list[str | None] = field(default_factory=list)

    @override
    @contextmanager
    def begin(self) -> Iterator[Session]:
        fate = self.plan.pop(0) if self.plan else None
        with Database.begin(self) as session:
            yield session
            if fate == "before":
                session.flush()
                os._exit(DEAD)
        if fate == "after":
            os._exit(DEAD)


def doom(node: Node, *plan: str | None) -> None:
    """Let the node's process die by plan."""
    database = node.parts.database
    fields = {f.name: getattr(database, f.name) for f in dataclasses.fields(database)}
    mortal = Mortal(**fields, plan=list(plan))
    node.app.state.parts = dataclasses.replace(node.parts, database=mortal)
    node.app.state.jobs["closer"] = dataclasses.replace(node.closer, database=mortal)


def live(federation: str, data: str, act: str, *rest: str) -> None:
    """Do one thing, and die of it."""
    node = open_node("QN", Path(federation), Path(data), Clock())
    if act == "segment":
        package_id, item_id, fate = rest
        doom(node, fate)
        put_segment(node, package_id, item_id, 0, b"abc")
    elif act == "close":
        doom(node, *(None if fate == "-" else fate for fate in rest))
        node.closer.work()
    else:
        package_id, fate = rest
        doom(node, fate)
        release(node, package_id)


def main() -> None:
    """Let a child live and die for each line of standard input."""
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            live(*line.rstrip("\n").split("\t"))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
