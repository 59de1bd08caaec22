"""What is checked of a package, by number, and what can become of a check (spec/verification.md)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum

from shared.protocol.errors import ProtocolError


class Check(Enum):
    """The thirteen checks: number and name."""

    TRUST = (1, "the directory holds from the pinned root")
    LAYOUT = (2, "the bag is complete and holds nothing else")
    PAYLOAD = (3, "every evidence file has its SHA-256")
    TAGS = (4, "every tag file has its SHA-256")
    SIGNATURE = (5, "the sender signed the tag manifest")
    ENTRY = (6, "the sender sealed the package entry with both keys")
    BINDING = (7, "the package entry is of this very bag")
    LOG = (8, "the sender's log holds its entries, and is witnessed")
    CHAIN = (9, "the chain of both directions is unbroken")
    RECEIPTS = (10, "the receiver has receipted, and its log holds the receipts")
    BASIS = (11, "the legal basis binds both countries")
    APPROVALS = (12, "two officers approved the request, and two the package")
    CUSTODY = (13, "every evidence file has its chain of custody, up to the seal")

    def __init__(self, number: int, title: str) -> None:
        self.number = number
        self.title = title


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """A check that was made and holds; `detail` says what is now proven, of which `object`."""

    check: Check
    detail: str
    object: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A check that was made and does not hold: `code` of the error, and the object it was found in."""

    check: Check
    detail: str
    object: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NotChecked:
    """A check that could not be made, since what it rests on does not hold."""

    check: Check
    detail: str


Result = Passed | Failed | NotChecked


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What became of the checks, in their order."""

    results: tuple[Result, ...]

    @property
    def verified(self) -> bool:
        """Whether every check was made and holds."""
        return all(isinstance(result, Passed) for result in self.results)


@dataclass(frozen=True, slots=True, kw_only=True)
class PayloadFile:
    """One evidence file as it was read; `path` begins with `data/`."""

    path: str
    size: int
    sha256: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Payload:
    """What all evidence files together are: how many, and how many bytes."""

    files: int
    size: int


@contextmanager
def naming(path: str) -> Iterator[None]:
    """Name the object that an error was found in, unless the error does."""
    try:
        yield
    except ProtocolError as error:
        error.facts.setdefault("object", error.facts.get("path", path))
        raise
