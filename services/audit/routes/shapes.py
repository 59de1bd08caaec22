"""The shapes of what the log answers, for whoever reads its OpenAPI document."""

from collections.abc import Mapping, Sequence

from typing_extensions import TypedDict

from services.audit.cosigning import Standing
from services.audit.inspecting import State
from services.audit.stages import Inbox, Stage, WitnessStanding
from services.audit.stamping import Light
from shared.protocol.canonical import Json


class Proven(TypedDict):
    """An entry with its log proof; `leaf` in base64url."""

    index: int
    leaf: str
    proof: str


class Recorded(Proven):
    """An event that was taken, and where it stands."""

    event_id: str


class Withheld(TypedDict):
    """An event that was not taken, and why."""

    event_id: str
    code: str


class Taken(TypedDict):
    """What became of each event."""

    results: list[Recorded]
    refused: list[Withheld]


class Erased(Proven):
    """What was erased: openings of this log and of those closed before it, and the entry that says so."""

    erasure_id: str
    count: int | None
    closed: int


class Opening(TypedDict):
    """A value in the clear, with the salt that its commitment was made with (base64url)."""

    name: str
    value: str
    salt: str


class Shown(TypedDict):
    """An entry: its leaf (base64url), its path (base64) to the root of the page, its openings."""

    index: int
    leaf: str
    path: list[str]
    openings: list[Opening]


class Page(TypedDict):
    """Entries under one checkpoint; `next` is where the following page begins."""

    size: int
    checkpoint: str
    entries: list[Shown]
    next: int | None


class IndexProof(Proven):
    """The leaf that states the root of the index, and the proof in the index."""

    trie: dict[str, Json]


class Found(Page):
    """All entries of a case or about a peer, and the proof that there are no others up to `covered`."""

    covered: int
    index: IndexProof | None


class Counterparts(TypedDict):
    """The peers' leaves of what was received."""

    counterparts: list[Proven]
    next: int | None


class CaseKey(TypedDict):
    """The key of case pseudonyms (base64url); entry `index` commits to `digest` in `field`."""

    key: str
    digest: str
    field: str
    index: int


class ProvenAt(Proven):
    """An entry proven under the checkpoint of `size`."""

    size: int


class Stamp(TypedDict):
    """The record of a time stamp over the checkpoint of `size`."""

    size: int
    record: str


class Stamps(TypedDict):
    """Records of stamps."""

    stamps: list[Stamp]
    next: int | None


class Conviction(TypedDict):
    """A file (base64url) that convicts a log offline."""

    name: str
    origin: str
    found_at: str
    file: str


class Convictions(TypedDict):
    """What our witness holds against other countries' logs."""

    evidence: list[Conviction]


class InspectionAnswer(TypedDict):
    """An inspection: how far it is; `bad` is the first entry that does not fit."""

    run_id: str
    state: State
    checked: int
    size: int
    started_at: str
    ended_at: str | None
    age: int
    bad: int | None
    detail: str | None


class Published(TypedDict):
    """Proofs by index, and the indexes that were lost with a log that died."""

    proofs: dict[str, str]
    lost: list[int]


Consistency = TypedDict("Consistency", {"from": int, "to": int, "hashes": list[str]})


class AlarmAnswer(TypedDict):
    """Why the log stands."""

    code: str
    detail: str


class Stages(TypedDict):
    """Where the log stands; spans in seconds."""

    leading: bool
    alarm: AlarmAnswer | None
    stages: Mapping[str, Stage]
    inbox: Inbox
    epoch: int
    unwitnessed_for: int
    limit: int
    quorum: str | None
    witnesses: Sequence[WitnessStanding]
    inspection: InspectionAnswer | None
    cosigned: Sequence[Standing]
    stamps: Sequence[Light]
