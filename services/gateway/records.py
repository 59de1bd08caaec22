"""What the registry knows, as values: clients, their keys, proposals. Rows never leave the store."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from shared.protocol.canonical import Json


class Status(StrEnum):
    """Whether a client may call."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    RETIRED = "retired"  # for good


class Act(StrEnum):
    """What is done about a client."""

    IMPORT = "import"  # from the founding file, once
    ADD = "add"
    ROTATE = "rotate"
    SCOPES = "scopes"
    SUSPEND = "suspend"
    RESUME = "resume"
    RETIRE = "retire"


class Verdict(StrEnum):
    """What became of a proposal."""

    APPROVED = "approved"
    REJECTED = "rejected"
    APPLIED = "applied"  # at once, by whoever proposed it


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """A public key of a client and when it counts: from `nbf` until before `exp`, seconds since 1970."""

    kid: str  # thumbprint, RFC 7638
    jwk: Mapping[str, Json]  # public, without nbf and exp
    nbf: int
    exp: int

    def live(self, at: int) -> bool:
        """Whether it counts now or will later."""
        return self.exp > at

    def counts(self, at: int) -> bool:
        """Whether it counts now."""
        return self.nbf <= at < self.exp


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolled:
    """A client as the registry has it."""

    client_id: str
    role: str
    scopes: tuple[str, ...]
    status: Status
    version: int
    tokens_not_before: int  # seconds since 1970; what was issued before counts no more
    keys: tuple[Key, ...]  # also those that ended


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who acts: the client that was authenticated, and the officer whom its system names."""

    client_id: str
    officer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Repeat:
    """By what a proposal that is sent again is known: digests of whose key it came under, and of its body."""

    name: bytes  # SHA-256 of the client and its Idempotency-Key
    asked: bytes  # SHA-256 of the body


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What is to be done about a client, and why."""

    act: Act
    client_id: str
    role: str | None = None  # with `add`
    scopes: tuple[str, ...] = ()  # with `add` and `scopes`
    keys: tuple[Key, ...] = ()  # with `add` and `rotate`
    overlap: timedelta | None = None  # with `rotate`: how long the keys before still count
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """A verdict on a proposal: whose, when, why."""

    verdict: Verdict
    by: Person
    reason: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A draft that was proposed; without a decision it is open until it expires."""

    proposal_id: str
    draft: Draft
    by: Person
    at: datetime
    expires: datetime
    decision: Decision | None = None
