"""What an audit checks, by number, and what it found: every failure says what and where."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum

from shared.protocol.errors import ProtocolError


class Check(Enum):
    """The checks of a mirror: number and name."""

    TRUST = (1, "the directory holds from the pinned root")
    CHECKPOINTS = (2, "every checkpoint seen is signed by the log, with both keys")
    TREE = (3, "the entries make up the tree of the newest checkpoint")
    HISTORY = (4, "the tree extends every checkpoint seen before")
    LEAVES = (5, "every leaf has the one form, and times do not go back")
    COUNTERS = (6, "the entries of each case and each peer are numbered without a hole")
    CHANNELS = (7, "each direction is unbroken, and log and chain name the same entries")
    INCOMING = (8, "the other country's log has the entry of each transfer received")
    OUTGOING = (9, "the other country has receipted each transfer sent")
    AGREEMENT = (10, "both mirrors agree: on one history, or on every transfer of two countries")
    WITNESSES = (11, "the policy's quorum of witnesses has cosigned the newest checkpoint")
    DATES = (12, "entries are dated within the times of the checkpoints around them")
    TIMES = (13, "time-stamping authorities saw the log when it says")
    INDEX = (14, "every index root in the log is the one of its entries")
    SUCCESSION = (15, "the log begins where the one before it ended")

    def __init__(self, number: int, title: str) -> None:
        self.number = number
        self.title = title


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Something that does not hold; `place` is a file, an index, or a place in a channel."""

    check: Check
    place: str
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one check: what was looked at, what is still open, what does not hold."""

    check: Check
    detail: str
    failures: tuple[Failure, ...]


@dataclass(slots=True)
class Findings:
    """What was found so far, in any order."""

    failures: list[Failure] = field(default_factory=list)
    details: dict[Check, str] = field(default_factory=dict)

    def fail(self, check: Check, place: str, detail: str) -> None:
        """Note that something does not hold."""
        self.failures.append(Failure(check=check, place=place, detail=detail))

    @contextmanager
    def noting(self, check: Check, place: str) -> Iterator[None]:
        """Note the error of a protocol check and go on."""
        try:
            yield
        except ProtocolError as error:
            self.fail(check, str(error.facts.get("object", place)), error.detail)

    def outcomes(self) -> list[Outcome]:
        """Give what became of each check that was made, in order."""
        return [
            Outcome(
                check=check,
                detail=self.details.get(check, ""),
                failures=tuple(failure for failure in self.failures if failure.check is check),
            )
            for check in Check
            if check in self.details or any(failure.check is check for failure in self.failures)
        ]
