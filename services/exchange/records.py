"""What the exchange knows, as values: requests, packages, items, segments. Rows never leave the store."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Any

from services.exchange.states import Direction, PackageState
from shared.protocol.law.lifecycle import State

MAX_LISTED = 500  # requests in one answer


class Taken(Enum):
    """What became of something that was sent."""

    NEW = auto()
    SAME = auto()  # it was here already, the very same


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryRef:
    """Where the entry of an object stands."""

    channel: str
    epoch: int
    seq: int
    hash: str  # SHA-384 of its payload, hex


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One state an object entered."""

    at: datetime
    state: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenApproval:
    """One officer's approval that was checked and kept."""

    act: str
    version: int
    digest: str
    officer: str
    kid: str
    client_id: str
    jws: str
    hash: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedStatement:
    """What an officer said about an object and signed: the bytes, and the approval over them."""

    object_id: str
    act: str
    version: int  # of the object
    statement: bytes  # canonical JSON
    approval: str
    officer: str
    client_id: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One measure a request asks for."""

    measure_id: str
    code: str
    description: str
    state: State = State.DRAFT
    consulted_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request for assistance."""

    id: str
    direction: Direction
    peer: str
    state: State
    turn: int = 0  # how many acts there were
    kind: str | None = None
    urgency: str | None = None
    instrument: str | None = None  # of its legal basis, the one that counts
    disagreement: str | None = None  # what the peer said of its state, where it is another one
    version: int
    document: bytes  # canonical JSON
    digest: str  # SHA-256 of it, hex
    own_reference: str
    measures: tuple[Measure, ...]
    entry: EntryRef | None = None
    created_by: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a long piece of work has got; `done` and `total` in bytes."""

    phase: str
    done: int
    total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A package of evidence; the fields of `tables.PackageRow`."""

    id: str
    direction: Direction
    peer: str
    request_id: str
    state: PackageState
    version: int
    segment_size: int
    wrapped_key: bytes | None
    sealed_title: bytes | None
    case_blob: str | None = None
    measures: tuple[str, ...]
    index_sha384: str | None = None
    index_blob: str | None = None
    segments: int
    items: int
    size: int
    tagmanifest_sha256: str | None = None
    entry: EntryRef | None = None
    progress: Progress | None = None
    error: Mapping[str, Any] | None = None
    expires: datetime | None = None
    created_by: str
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredItem:
    """One declared file of a package."""

    package_id: str
    item_id: str
    ordinal: int
    sealed_declaration: bytes
    declaration_mac: bytes
    name_mac: bytes
    size: int
    segments: int
    checked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredSegment:
    """One sealed segment; `digest` is its name in the vault."""

    package_id: str
    item_id: str
    n: int
    digest: str
    size: int
    mac: bytes | None = None
    stored: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFile:
    """A request with what was done about it."""

    request: Request
    approvals: tuple[GivenApproval, ...]
    history: tuple[Step, ...]
    delivery: str | None  # what its entry waits for, if it is on its way


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageFile:
    """A package with its title in the clear and what was done about it."""

    package: Package
    title: str
    approvals: tuple[GivenApproval, ...]
    history: tuple[Step, ...]
    delivery: str | None  # what its entry waits for, if it is on its way


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """A write under a key of its caller's; the fields of `tables.RepeatRow`."""

    client_id: str
    key: str
    digest: bytes  # SHA-256 over method, address and body
    subject: str  # the request or package that it makes or changes
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestsWanted:
    """Which requests; None: any. `text` begins one of the own references; `before`: ids below it."""

    direction: Direction | None = None
    state: State | None = None
    peer: str | None = None
    kind: str | None = None
    urgency: str | None = None
    text: str | None = None
    before: str | None = None
    limit: int = MAX_LISTED
