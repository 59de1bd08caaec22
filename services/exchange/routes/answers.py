"""The shapes of what requests, packages and items look like from outside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.exchange.collection import Listed
from services.exchange.records import (
    EntryRef,
    GivenApproval,
    PackageFile,
    Progress,
    RequestFile,
    Step,
)
from services.exchange.states import Direction, PackageState, RequestState
from shared.protocol import canonical
from shared.runtime.clock import milliseconds

_REQUEST_WAITS: Mapping[tuple[Direction, RequestState], str] = {
    (Direction.OUT, RequestState.DRAFT): "the preparer, to submit it with an approval",
    (Direction.OUT, RequestState.RETURNED_TO_DRAFTER): "the preparer, to amend it",
    (Direction.OUT, RequestState.INTERNAL_REVIEW): "a second officer, to approve it",
    (Direction.OUT, RequestState.APPROVED): "the approver, to send it",
    (Direction.OUT, RequestState.TRANSMITTED): "the other country's node, to take it",
    (Direction.OUT, RequestState.DELIVERED): "the other authority, to acknowledge it",
    (Direction.OUT, RequestState.ACKNOWLEDGED): "the other authority, to decide",
    (Direction.OUT, RequestState.EXECUTING): "the other authority's evidence",
    (Direction.IN, RequestState.DELIVERED): "our authority, to acknowledge it",
    (Direction.IN, RequestState.ACKNOWLEDGED): "our authority, to accept or refuse it",
    (Direction.IN, RequestState.EXECUTING): "our authority, to collect and release the evidence",
}
_PACKAGE_WAITS: Mapping[tuple[Direction, PackageState], str] = {
    (Direction.OUT, PackageState.COLLECTING): "the preparer, to add files and close it",
    (Direction.OUT, PackageState.CLOSING): "the node, to read everything back",
    (Direction.OUT, PackageState.COLLECTED): "the preparer, to approve what was closed",
    (Direction.OUT, PackageState.FILTERED): "a second officer, to clear it",
    (Direction.OUT, PackageState.CLEARED): "the approver, to release it",
    (Direction.OUT, PackageState.SEALED): "the log, to record it before it leaves",
    (Direction.OUT, PackageState.RELEASED): "the other country's node, to take it",
    (Direction.OUT, PackageState.RECEIVED): "the other country's node, to fetch and verify it",
    (Direction.OUT, PackageState.VERIFIED): "the other authority, to confirm the hand-over",
    (Direction.IN, PackageState.RECEIVED): "the node, to fetch and verify the content",
    (Direction.IN, PackageState.VERIFIED): "our authority, to fetch it and confirm the hand-over",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalAnswer:
    """One officer's approval."""

    act: str
    officer: str
    at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepAnswer:
    """One state an object entered."""

    at: str
    state: str
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasureAnswer:
    """One measure a request asks for."""

    measure_id: str
    code: str
    description: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestAnswer:
    """A request for assistance."""

    request_id: str
    direction: str
    peer: str
    state: str
    version: int
    digest: str  # SHA-256 of the canonical document, hex: what officers approve
    document: canonical.Json
    measures: tuple[MeasureAnswer, ...]
    approvals: tuple[ApprovalAnswer, ...]
    entry: EntryRef | None
    created_at: str
    updated_at: str
    waiting_for: str | None
    history: tuple[StepAnswer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageAnswer:
    """A package of evidence."""

    package_id: str
    direction: str
    peer: str
    request_id: str
    state: str
    version: int
    title: str
    measures: tuple[str, ...]
    segment_size: int
    items: int
    size: int
    segments: int
    digest: str | None  # SHA-384 of the segment index, hex: what officers approve
    tagmanifest_sha256: str | None
    progress: Progress | None
    error: Mapping[str, Any] | None  # a problem (RFC 9457)
    entry: EntryRef | None
    waiting_for: str | None
    approvals: tuple[ApprovalAnswer, ...]
    history: tuple[StepAnswer, ...]
    created_at: str
    updated_at: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemAnswer:
    """A declared file."""

    item_id: str
    path: str
    original_name: str
    size: int
    sha256: str
    media_type: str
    segments: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestList:
    """Requests, the newest first."""

    requests: tuple[RequestAnswer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PackageList:
    """Packages, the newest first."""

    packages: tuple[PackageAnswer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemList:
    """The files of a package, in the order of declaration."""

    items: tuple[ItemAnswer, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentAnswer:
    """A segment that is stored."""

    item_id: str
    segment: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingAnswer:
    """Ranges (first, last) of segments that are not stored yet."""

    missing: tuple[tuple[int, int], ...]


def request(file: RequestFile) -> RequestAnswer:
    """Shape a request."""
    known = file.request
    return RequestAnswer(
        request_id=known.id,
        direction=known.direction,
        peer=known.peer,
        state=known.state,
        version=known.version,
        digest=known.digest,
        document=canonical.parse(known.document),
        measures=tuple(
            MeasureAnswer(
                measure_id=measure.measure_id,
                code=measure.code,
                description=measure.description,
                state=measure.state,
            )
            for measure in known.measures
        ),
        approvals=_approvals(file.approvals),
        entry=known.entry,
        created_at=milliseconds(known.created_at),
        updated_at=milliseconds(known.updated_at),
        waiting_for=file.delivery or _REQUEST_WAITS.get((known.direction, known.state)),
        history=_history(file.history),
    )


def package(file: PackageFile) -> PackageAnswer:
    """Shape a package."""
    known = file.package
    return PackageAnswer(
        package_id=known.id,
        direction=known.direction,
        peer=known.peer,
        request_id=known.request_id,
        state=known.state,
        version=known.version,
        title=file.title,
        measures=known.measures,
        segment_size=known.segment_size,
        items=known.items,
        size=known.size,
        segments=known.segments,
        digest=known.index_sha384,
        tagmanifest_sha256=known.tagmanifest_sha256,
        progress=known.progress,
        error=known.error,
        entry=known.entry,
        waiting_for=file.delivery or _PACKAGE_WAITS.get((known.direction, known.state)),
        approvals=_approvals(file.approvals),
        history=_history(file.history),
        created_at=milliseconds(known.created_at),
        updated_at=milliseconds(known.updated_at),
    )


def item(listed: Listed) -> ItemAnswer:
    """Shape a declared file."""
    declared = listed.declaration
    return ItemAnswer(
        item_id=listed.item_id,
        path=declared.path,
        original_name=declared.original_name,
        size=declared.size,
        sha256=declared.sha256.hex(),
        media_type=declared.media_type,
        segments=listed.segments,
    )


def _approvals(given: Sequence[GivenApproval]) -> tuple[ApprovalAnswer, ...]:
    return tuple(
        ApprovalAnswer(act=one.act, officer=one.officer, at=milliseconds(one.at)) for one in given
    )


def _history(steps: Sequence[Step]) -> tuple[StepAnswer, ...]:
    return tuple(
        StepAnswer(at=milliseconds(step.at), state=step.state, by=step.by) for step in steps
    )
