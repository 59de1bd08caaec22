"""Everything a gate may look at: request, package, profile, conditions, clocks, persons. Nothing else counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from services.exchange.own_log import Standing
from services.exchange.states import MeasureState, RequestState
from shared.protocol.approvals import Approval
from shared.protocol.law.pairs import Pair
from shared.protocol.law.shapes import Instrument
from shared.protocol.trust import Member

Privilege = Literal["unfiltered", "clean", "privileged", "waived"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a person in a role found, in their own words; it answers a gate that needs a human."""

    gate: str
    role: str
    officer: str
    verdict: Literal["pass", "fail", "override"]
    text: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A file of a package, as far as the law looks at it."""

    item_id: str
    measure_id: str | None
    identifier: str | None  # in the result
    category: str | None
    since: datetime | None = None
    until: datetime | None = None
    third_party: bool = False
    treated: bool = False  # third-party data redacted, or their presence justified
    privilege: Privilege = "unfiltered"
    filtered_by: str | None = None
    readers: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A condition on the decision, and what the requesting State signed."""

    code: str
    hash: str
    accepted_hash: str | None = None
    declined: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """A person's objection; `packages` None: against all of the request."""

    challenge_id: str
    suspensive: bool
    open: bool
    packages: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """The case as it stands at one moment."""

    at: datetime
    own: Member | None
    peer: Member | None
    instrument: Instrument | None  # that the request's legal basis names
    pair: Pair | None  # of requesting and requested State
    log: Standing | None
    # the request
    document: Any  # law.documents.Document
    request_state: RequestState
    request_digest: str  # hex, of what stands
    approved_digest: str  # hex, of what was approved
    replayed: bool = False
    measures: Mapping[str, MeasureState] = field(default_factory=dict)
    basis: Sequence[str] = ()
    # persons
    approvals: Sequence[Approval] = ()
    acts: tuple[str, str] = ("", "")
    packer: str | None = None  # officer who prepared the package
    findings: Sequence[Finding] = ()
    # the package, when there is one
    package_id: str | None = None
    items: Sequence[Item] = ()
    digest: str = ""
    closed_digest: str = ""
    # what binds
    conditions: Sequence[Condition] = ()
    challenges: Sequence[Challenge] = ()
    appeal_until: datetime | None = None
    appeal_waived: bool = False
    call_back: bool = False  # confirmed with the directory's number
    validated: bool = True
    asylum: bool = False

    def found(self, gate: str, *roles: str) -> Sequence[Finding]:
        """Return the findings for a gate by these roles, the newest last."""
        wanted = [
            each
            for each in self.findings
            if each.gate == gate and (not roles or each.role in roles)
        ]
        return sorted(wanted, key=lambda each: each.at)
