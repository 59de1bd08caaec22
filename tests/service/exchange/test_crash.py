"""Killed on either side of a commit point, the exchange comes back with nothing lost or doubled."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from services.exchange.closing import LEASE
from services.exchange.store import entries
from tests.service.exchange.filling import (
    cleared_package,
    close,
    declare,
    new_package,
    put_segment,
    show,
    upload,
)
from tests.service.exchange.node import Clock, Node, blobs, drafts, open_node, outbox, release
from tests.service.exchange.victim import DEAD

Die = Callable[..., None]


@pytest.fixture(scope="module")
def die() -> Iterator[Die]:
    """Let another process do one thing over the same data, and die of it."""
    victims = subprocess.Popen(
        [sys.executable, "-m", "tests.service.exchange.victim"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert victims.stdin is not None
    assert victims.stdout is not None
    orders, ends = victims.stdin, victims.stdout

    def one(node: Node, *how: str) -> None:
        node.parts.database.close()
        data = node.parts.vault.folder
        orders.write("\t".join([str(node.federation), str(data), *how]) + "\n")
        orders.flush()
        assert int(ends.readline()) == DEAD

    yield one
    orders.close()
    assert victims.wait(10) == 0
    ends.close()


def again(node: Node) -> Node:
    """Start the exchange again over the same data."""
    node.parts.database.close()
    return open_node("QN", node.federation, node.parts.vault.folder, node.clock)


@pytest.mark.parametrize(("fate", "status"), [("before", 201), ("after", 200)])
def test_killed_around_the_row_of_a_segment(die: Die, qn: Node, fate: str, status: int) -> None:
    package_id = new_package(qn)
    item_id = declare(qn, package_id, "a.txt", b"abc")
    die(qn, "segment", package_id, item_id, fate)
    assert len(blobs(qn)) == 1  # durable, whether or not a row names it yet
    qn = again(qn)
    assert drafts(qn) == []
    assert put_segment(qn, package_id, item_id, 0, b"abc").status_code == status
    assert put_segment(qn, package_id, item_id, 0, b"abc").status_code == 200
    assert close(qn, package_id)["state"] == "COLLECTED"


# The closer's transactions: its lease, its notes, the commit of what was closed, the lease's end.
@pytest.mark.parametrize(
    "plan", [("after",), ("-", "before"), ("-", "-", "before"), ("-", "-", "after")]
)
def test_killed_while_closing(die: Die, qn: Node, plan: tuple[str, ...]) -> None:
    package_id = new_package(qn)
    upload(qn, package_id, {"a.txt": b"abc"})
    qn.client("preparer").post(f"/v1/packages/{package_id}/close")
    die(qn, "close", *plan)
    qn = again(qn)
    qn.clock.advance(LEASE + timedelta(seconds=1))
    over = plan == ("-", "-", "after")
    assert (show(qn, package_id)["state"] == "COLLECTED") == over
    assert qn.closer.work() == (not over)
    closed = show(qn, package_id)
    assert (closed["state"], closed["segments"]) == ("COLLECTED", 2)
    collected = [event for event in outbox(qn) if event["type"] == "package.collected"]
    assert len(collected) == 1


@pytest.mark.parametrize("fate", ["before", "after"])
def test_killed_around_a_release(die: Die, qn: Node, fate: str) -> None:
    package_id = cleared_package(qn, {"a.txt": b"abc"})
    die(qn, "release", package_id, fate)
    qn = again(qn)
    answer = release(qn, package_id)
    assert answer.status_code == (202 if fate == "before" else 409)
    assert show(qn, package_id)["state"] == "SEALED"
    with qn.parts.database.begin() as db:
        posted = list(entries.walk(db, "QN>QM"))
    assert [entry.type for entry in posted] == ["open", "package"]
    assert posted[-1].hash == show(qn, package_id)["entry"]["hash"]


def test_a_restart_keeps_everything(qn: Node, clock: Clock, tmp_path: Path) -> None:
    package_id = cleared_package(qn, {"a.txt": b"abc"})
    before = show(qn, package_id)
    qn.parts.database.close()
    (tmp_path / "QN/drafts/half").write_bytes(b"left by a crash")
    node = open_node("QN", qn.federation, tmp_path / "QN", clock)
    assert show(node, package_id) == before
    assert drafts(node) == []
