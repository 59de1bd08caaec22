"""The catalogue: which events exist, and what each must tell. Nothing else enters the log.

Other services send events (`POST /entries`); `log.opened` and `audit.queried` are the log's own.
An event names no person: what identifies one goes to `personal` and reaches the log as a salted
commitment. `reason` and `outcome` are codes, never sentences.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.protocol import canonical

LOG_OPENED = "log.opened"
AUDIT_QUERIED = "audit.queried"
MAX_EVENTS = 256  # in one call, and in one batch

_ENTRY = ("direction", "peer", "channel", "epoch", "seq", "entry_type", "entry_hash")
_REQUEST = ("case_id",)
_PACKAGE = ("case_id", "transfer_id")


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

    def encode(self) -> bytes:
        """The event in its one spelling, absent members left out."""
        return canonical.encode(self.model_dump(exclude_none=True))


def _family(prefix: str, names: str, needed: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    return {f"{prefix}.{name}": needed for name in names.split()}


CATALOGUE: dict[str, tuple[str, ...]] = {
    **_family("transfer", "intent received", _ENTRY),
    **_family("transfer", "sent refused failed", ("peer",)),
    **_family(
        "request",
        "drafted changed submitted reviewed returned approved sent delivered rejected acknowledged"
        " forwarded info_requested info_supplied accepted decided refused postponed resumed withdrawn"
        " amended answered completed closed",
        _REQUEST,
    ),
    **_family(
        "package",
        "opened changed item_declared item_removed case_added closing closed collected prepared"
        " filtered cleared sealed released offered received fetched verified disputed read opened_by"
        " handed_over in_use held restricted returned destroyed failed expired",
        _PACKAGE,
    ),
    **_family("gate", "passed failed overridden", _REQUEST),
    **_family("evidence", "accessed exported", _PACKAGE),
    **_family("access", "granted denied revoked", ()),
    **_family("channel", "opened frozen resynced", ("peer",)),
    **_family("peer", "key_changed suspended resumed unreachable", ("peer",)),
    **_family("incident", "opened notified closed", ()),
    **_family("user", "role_changed", ()),
    **_family("audit", "queried exported checkpoint", ()),
}
