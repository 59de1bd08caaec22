"""The shapes of what requests, packages and items look like from outside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.exchange.collection import Listed
from services.exchange.drafts import Answers
from services.exchange.records import (
    EntryRef,
    GivenApproval,
    PackageFile,
    Progress,
    Request,
    RequestFile,
    Step,
)
from services.exchange.routes.waits import PACKAGE_WAITS, REQUEST_WAITS
from services.exchange.states import Direction
from shared.protocol import canonical
from shared.protocol.law import lifecycle
from shared.runtime.clock import milliseconds


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
    kind: str | None
    urgency: str | None
    instrument: str | None  # of its legal basis, the one that counts
    disagreement: str | None  # where the other country holds it in another state
    open_acts: tuple[str, ...]  # on this side of the border
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
    answers: Answers | None


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
        kind=known.kind,
        urgency=known.urgency,
        instrument=known.instrument,
        disagreement=known.disagreement,
        open_acts=_open_acts(known),
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
        waiting_for=file.delivery or REQUEST_WAITS.get((known.direction, known.state)),
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
        waiting_for=file.delivery or PACKAGE_WAITS.get((known.direction, known.state)),
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
        answers=declared.answers,
    )


def _open_acts(known: Request) -> tuple[str, ...]:
    side = "RQ" if known.direction is Direction.OUT else "RD"
    acts = {act for each in known.measures for act in lifecycle.open_acts(each.state)}
    acts |= set(lifecycle.open_acts(known.state))
    return tuple(
        sorted(
            act
            for act in acts
            if any(role.startswith(side) for role in lifecycle.transition(act).roles)
        )
    )


def _approvals(given: Sequence[GivenApproval]) -> tuple[ApprovalAnswer, ...]:
    return tuple(
        ApprovalAnswer(act=one.act, officer=one.officer, at=milliseconds(one.at)) for one in given
    )


def _history(steps: Sequence[Step]) -> tuple[StepAnswer, ...]:
    return tuple(
        StepAnswer(at=milliseconds(step.at), state=step.state, by=step.by) for step in steps
    )
