"""What people found, as gates read it: each finding is verified once more from its bytes.

One whose officer has left the registry or lost the role, or that is about another version, is void. So is
what opens a gate (a pass, an override, a clean item) once an answer has supplied something: nobody found it
of the request as it reads now. What shuts one stays, until somebody says otherwise.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from services.exchange import supplying
from services.exchange.approving import Officers
from services.exchange.drafts import Line, Note, Prose
from services.exchange.gating.matter import About, Finding, Use
from services.exchange.records import Package, Request, SignedStatement
from services.exchange.store import Session
from services.exchange.store import findings as kept
from shared.protocol import approvals, canonical
from shared.protocol.errors import ProtocolError
from shared.protocol.messages import CountryCode, Label

MOST = 10_000  # items in one statement
Verdict = Literal["clean", "privileged", "waived"]


class _Statement(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Found(_Statement):
    """A finding: at which gate, in which role, with which outcome, why, about which items (none: all).

    `concern` (G06) asks others to look, and stays in this country. What alone an override opens evidence
    for: `case` (G18), or `recipient` and `purpose` of a transfer (G17).
    """

    gate: Annotated[str, Field(pattern=r"^G[0-9]{2}$")]
    role: Annotated[str, Field(pattern=r"^[A-Z-]{2,10}$")]
    verdict: Literal["pass", "fail", "override", "concern"]
    text: Prose
    items: Annotated[tuple[Label, ...], Field(max_length=MOST)] = ()
    case: Line | None = None
    recipient: CountryCode | None = None
    purpose: Line | None = None


class Looked(_Statement):
    """What the filter team says of one item."""

    item_id: Label
    verdict: Verdict
    note: Note = ""


class Filtering(_Statement):
    """What the filter team says of items of a package."""

    items: Annotated[tuple[Looked, ...], Field(min_length=1, max_length=MOST)]


@dataclass(frozen=True, slots=True)
class Seen:
    """An item that the filter team has looked at, and who of it."""

    item_id: str
    verdict: Verdict
    officer: str


def standing(
    db: Session, subject: Request | Package, officers: Officers
) -> Sequence[Finding | Seen]:
    """Return what was found about an object and counts today, in the order in which it was said."""
    about: About = "request" if isinstance(subject, Request) else "package"
    request_id = subject.id if isinstance(subject, Request) else subject.request_id
    changed = supplying.changed_at(db, request_id)
    found: list[Finding | Seen] = []
    for given in kept.of(db, subject.id):
        if given.version == subject.version and _holds(given, officers):
            before = changed is not None and given.at < changed
            found += [
                each for each in _read(given, about) if not before or each.verdict in _SHUTTING
            ]
    return found


def seen(found: Iterable[Finding | Seen]) -> Mapping[str, Seen]:
    """Return the filter team's last word on each item."""
    return {each.item_id: each for each in found if isinstance(each, Seen)}


_SHUTTING = frozenset({"fail", "concern", "privileged"})
_WHAT = {approvals.FINDING: "findings", approvals.PACKAGE_FILTER: "filter"}


def _holds(given: SignedStatement, officers: Officers) -> bool:
    said = canonical.parse(given.statement, max_size=len(given.statement))
    assert isinstance(said, dict)
    try:
        checked = officers.verify(
            given.approval,
            act=given.act,
            object_id=given.object_id,
            version=given.version,
            digest=approvals.statement_digest(_WHAT[given.act], said),
        )
    except ProtocolError:
        return False
    role = said.get("role", "RD-PRIV")
    return role in officers.by_kid[checked.kid].roles


def _read(given: SignedStatement, about: About) -> Sequence[Finding | Seen]:
    if given.act == approvals.PACKAGE_FILTER:
        looked = Filtering.model_validate_json(given.statement)
        return [Seen(each.item_id, each.verdict, given.officer) for each in looked.items]
    said = Found.model_validate_json(given.statement)
    return [
        Finding(
            gate=said.gate,
            role=said.role,
            officer=given.officer,
            verdict=said.verdict,
            text=said.text,
            at=given.at,
            about=about,
            items=said.items,
            use=Use(case=said.case, recipient=said.recipient, purpose=said.purpose),
        )
    ]
