"""What is asked to be recorded, in the form in which it waits; `catalogue` says what may be.

An event names no person: what identifies one goes to `personal` and reaches the log as a salted
commitment. `reason` and `outcome` are codes, never sentences.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.audit.catalogue import CATALOGUE
from services.audit.eventtypes import PERSONAL, EventType
from shared.protocol import canonical
from shared.protocol.entries import EntryType
from shared.protocol.errors import FormatError
from shared.runtime.refusals import NotAllowed

MAX_EVENTS = 256  # in one call, and in one batch

_ALWAYS = frozenset({"event_id", "type", "event_time"})
_ENTRY_TYPES = frozenset(each.value for each in EntryType)


class About(BaseModel):
    """The entry that a receipt is about."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    channel: str
    epoch: int
    seq: int
    hash: str


class Counterpart(BaseModel):
    """The peer's leaf of the same entry and the proof that came with it."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    leaf: str = Field(max_length=32_768)  # base64url
    proof: str = Field(max_length=65_536)  # tlog-proof


class Event(BaseModel):
    """What another service asks to be recorded. Absent is null."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    event_id: str
    type: str
    event_time: str
    transfer_id: str | None = None
    direction: Literal["out", "in"] | None = None
    peer: str | None = None
    channel: str | None = None
    epoch: int | None = None
    seq: int | None = None
    entry_type: str | None = None
    entry_hash: str | None = None
    about: About | None = None
    outcome: str | None = None
    case_id: str | None = None
    size: int | None = None
    personal: dict[str, Annotated[str, Field(max_length=1000)]] | None = Field(
        default=None, max_length=16
    )
    reason: str | None = None
    count: int | None = None
    counterpart: Counterpart | None = None
    commit: dict[str, str] | None = None  # digests (SHA-256, hex) that the log itself vouches for

    def encode(self) -> bytes:
        """The event in its one spelling, absent members left out."""
        return canonical.encode(self.model_dump(exclude_none=True))


def check(event: Event) -> None:
    """Check that an event is in the catalogue, and tells what its type must and nothing it may not.

    Raises:
        FormatError: it is unknown, lacks a member, has one too many, or one that is no code of its own.
    """
    kind = CATALOGUE.get(event.type)
    if kind is None:
        raise FormatError("no such event in the catalogue", type=event.type)
    told = {name for name in Event.model_fields if getattr(event, name) is not None} - _ALWAYS
    for name in sorted(kind.needs - told):
        raise FormatError("the event lacks a member that its type needs", member=name)
    for name in sorted(told - kind.allows):
        raise FormatError("the event has a member that its type does not have", member=name)
    _check_codes(event, kind)


def _check_codes(event: Event, kind: EventType) -> None:
    """Check that what could be words is a code of the type, and that every name is in its list."""
    for member, allowed in (
        ("entry_type", event.entry_type in (None, *_ENTRY_TYPES)),
        ("outcome", event.outcome in (None, *kind.outcomes)),
        ("reason", event.reason is None or any(each.allows(event.reason) for each in kind.reasons)),
        ("personal", (event.personal or {}).keys() <= PERSONAL),
        ("commit", (event.commit or {}).keys() <= kind.commits),
    ):
        if not allowed:
            raise FormatError("a member is none of the codes or names of its type", member=member)


def check_writer(event: Event, service: str) -> None:
    """Check that a service is one that records events of this type.

    Raises:
        NotAllowed: it is not.
    """
    kind = CATALOGUE.get(event.type)
    if kind is not None and service not in kind.writers:
        raise NotAllowed(
            "not_the_writer",
            f"The {service} does not record {event.type}.",
            rule="events.md",
            event_id=event.event_id,
        )
