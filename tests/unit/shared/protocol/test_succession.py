"""What a member document says of logs that have ended, and of the one that follows."""

import pytest

from shared.protocol.canonical import b64
from shared.protocol.checkpoints import Checkpoint
from shared.protocol.errors import InconsistentLogError
from shared.protocol.trust import Member
from tests.federated import document

OLD, NEW, ROOT = "log.QM/2026", "log.QM", b"r" * 32


def member() -> Member:
    closed = {
        "origin": OLD,
        "url": "https://log.example/old",
        "vkeys": ["v"],
        "policy": "quorum none\n",
        "size": 9,
        "root": b64(ROOT),
    }
    return Member.from_bytes(document("QM", closed_logs=[closed]))


def at(size: int, root: bytes = ROOT, origin: str = OLD) -> Checkpoint:
    return Checkpoint(origin=origin, size=size, root=root)


@pytest.mark.parametrize("checkpoint", [at(1, b"x" * 32), at(8), at(9)])
def test_a_log_that_was_closed_has_what_came_before_its_end(checkpoint: Checkpoint) -> None:
    log = member().log_named(OLD)
    log.check_end(checkpoint)
    member().check_follows(checkpoint, at(1, origin=NEW))


@pytest.mark.parametrize("checkpoint", [at(10), at(9, b"x" * 32), at(999)])
def test_and_nothing_behind_it(checkpoint: Checkpoint) -> None:
    with pytest.raises(InconsistentLogError, match="was closed at 9"):
        member().log_named(OLD).check_end(checkpoint)
    with pytest.raises(InconsistentLogError, match="was closed at 9"):
        member().check_follows(checkpoint, at(1, origin=NEW))


def test_the_log_that_is_written_has_no_end() -> None:
    log = member().log_named(NEW)
    assert log.origin == NEW
    log.check_end(at(10**9, origin=NEW))


@pytest.mark.parametrize(
    ("known", "new"), [("log.QM/2025", NEW), (NEW, OLD), (OLD, "log.QM/2028"), (OLD, OLD)]
)
def test_no_other_log_follows(known: str, new: str) -> None:
    with pytest.raises(InconsistentLogError, match="does not say"):
        member().check_follows(at(3, origin=known), at(1, origin=new))
