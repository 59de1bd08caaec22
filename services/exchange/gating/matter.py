"""Everything a gate may look at: request, package, profile, conditions, clocks, persons. No more."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from services.exchange.own_log import Standing
from shared.protocol.approvals import Approval
from shared.protocol.law.lifecycle import State
from shared.protocol.law.pairs import Pair
from shared.protocol.law.shapes import Instrument
from shared.protocol.trust import Member

Privilege = Literal["unfiltered", "clean", "privileged", "waived"]
Verdict = Literal["pass", "fail", "override", "concern"]
Audience = Literal["authority", "person"]
Side = Literal["requesting", "requested"]
About = Literal["request", "package"]


@dataclass(frozen=True, slots=True)
class Part:
    """The least that is found of a case: a measure, and in a package one of its items.

    Attributes:
        measure_id: None: none of the document.
        item_id: None: no item of the package answers the measure, or there is no package yet.
    """

    measure_id: str | None
    item_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """The one use that an override opens evidence for: another case (G18), or a transfer (G17)."""

    case: str | None = None
    recipient: str | None = None
    purpose: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a person in a role found, in their own words, about all of the object or some of its items.

    Attributes:
        verdict: `concern`: no outcome, but a reason why others have to look (G06).
        about: what the items are of: measures of a request, or files of a package.
        use: what alone an override opens evidence for (G17, G18).
    """

    gate: str
    role: str
    officer: str
    verdict: Verdict
    text: str
    at: datetime
    about: About
    items: tuple[str, ...] = ()  # none: all
    use: Use = field(default_factory=Use)

    def among(self, parts: Sequence[Part]) -> Sequence[Part]:
        """Return those of these parts that it is about: by their measure, or by their item."""
        named, request = frozenset(self.items), self.about == "request"
        return [
            each
            for each in parts
            if not named or (each.measure_id if request else each.item_id) in named
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A file of a package, as far as the law looks at it.

    Attributes:
        identifier: what the result is about.
        since, until: of what it holds.
        third_party: it holds data of third persons; `treated`: they are redacted, or their presence
            is justified.
        filtered_by: the officer of the filter team who looked at it.
        readers: the persons who alone may read it; none: nobody was named.
    """

    item_id: str
    measure_id: str | None
    identifier: str | None
    category: str | None
    since: datetime | None = None
    until: datetime | None = None
    third_party: bool = False
    treated: bool = False
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
    readers: tuple[str, ...] = ()  # COND-14


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """A person's objection; `packages` None: against all of the request."""

    challenge_id: str
    suspensive: bool
    open: bool
    packages: frozenset[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What the person concerned was told, or by when they have to be."""

    due: datetime
    sent: datetime | None = None
    remedies: bool = False  # it says how to object
    deferred_on: str | None = None  # the legal ground
    review: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """The sending State's consent to hand evidence on, as it signed it."""

    recipient: str
    purpose: str
    items: frozenset[str]
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """Evidence that is to be handed on: to whom, for what."""

    recipient: str
    purpose: str
    items: frozenset[str]
    urgent: bool = False  # an immediate and serious threat to public security


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Who wants to open evidence, for which case."""

    officer: str
    case_reference: str
    exculpatory: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """The case as it stands at one moment.

    Attributes:
        side: on which side of it this country is.
        instrument: the first of the legal basis that is in force between both.
        pair: the profile of requesting and requested State.
        document: a `law.documents.Document`, with what was supplied later laid over it.
        request_digest, approved_digest: hex; what stands, and what was approved.
        concerned: the measures that the act is about; none: all.
        acts: the two approvals wanted, preparing and approving.
        packer: the officer who prepared package or request.
        actor: the officer who acts now, where the act has one.
        digest, closed_digest: hex; of the package as it is stored, and as it was closed.
        call_back: confirmed at the directory's number.
        validated: by a judge or prosecutor; `revoked`: they refused to.
        audience: who else is about to hear of it.
        retention_until: when what was received has to be gone.
    """

    at: datetime
    side: Side
    own: Member | None
    peer: Member | None
    instrument: Instrument | None
    pair: Pair | None
    log: Standing | None
    document: Any
    request_state: State
    request_digest: str
    approved_digest: str
    replayed: bool = False
    measures: Mapping[str, State] = field(default_factory=dict)
    concerned: frozenset[str] = frozenset()
    other_instruments: Sequence[Instrument] = ()  # in force between both, besides
    approvals: Sequence[Approval] = ()
    acts: tuple[str, str] = ("", "")
    packer: str | None = None
    actor: str | None = None
    findings: Sequence[Finding] = ()
    package_id: str | None = None
    items: Sequence[Item] = ()
    digest: str = ""
    closed_digest: str = ""
    conditions: Sequence[Condition] = ()
    challenges: Sequence[Challenge] = ()
    appeal_until: datetime | None = None
    call_back: bool = False
    validated: bool = True
    revoked: bool = False
    audience: Audience = "authority"
    notice: Notice | None = None
    retention_until: date | None = None
    legal_hold: bool = False
    export: Export | None = None
    consents: Sequence[Consent] = ()
    reading: Reading | None = None

    def found(self, gate: str, *roles: str) -> Sequence[Finding]:
        """Return the findings for a gate by these roles that were made before now, the newest last."""
        wanted = [
            each
            for each in self.findings
            if each.gate == gate and (not roles or each.role in roles) and each.at <= self.at
        ]
        return sorted(wanted, key=lambda each: each.at)

    def asked(self) -> Sequence[Any]:
        """Return the measures of the document that the act is about."""
        return [
            each
            for each in self.document.measures
            if not self.concerned or each.measure_id in self.concerned
        ]

    def names(self) -> Sequence[str]:
        """Name the measures that the act is about."""
        return [each.measure_id for each in self.asked()]

    def parts(self) -> Sequence[Part]:
        """Return the items of the package, and the measures of the act that none of them answers."""
        held = [Part(each.measure_id, each.item_id) for each in self.items]
        answered = {each.measure_id for each in held}
        bare = [each.measure_id for each in self.asked() if each.measure_id not in answered]
        return [*held, *map(Part, bare)] or [Part(None)]  # of nothing, too, somebody has to find it

    def coarse_parts(self) -> Sequence[Part]:
        """Return the measures that the act or an item is about, for what nobody says of items."""
        answered = {each.measure_id: None for each in self.items}
        return [*map(Part, answered | dict.fromkeys(self.names()))] or [Part(None)]
