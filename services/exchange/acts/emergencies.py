"""What is said in an emergency: without validation (T04), at the telephone, when a judge has looked at it."""

from typing import Annotated

from pydantic import Field

from services.exchange import approving, urgent
from services.exchange.acts import drafting
from services.exchange.acts.contents import Content
from services.exchange.acts.deeds import Deed, Event, Outcome
from services.exchange.drafts import Line, Prose
from shared.protocol.approvals import REQUEST_APPROVE, REQUEST_PREPARE
from shared.protocol.identifiers import Country
from shared.runtime.refusals import Conflict

Jws = Annotated[str, Field(max_length=4_096)]


class ApprovingUnvalidated(Content):
    """Whoever drafted it and the duty officer sign the document; no judge could be reached: why."""

    prepared: Jws  # request.prepare, of the drafter
    approval: Jws  # request.approve, of the duty officer
    reason: Prose


class CallingBack(Content):
    """Which number was called, who spoke there, and whether they confirmed the request."""

    number: Line
    spoke_with: Line
    confirmed: bool
    text: Prose


class Validating(Content):
    """What a judge or prosecutor said of a request that was sent before."""

    granted: bool
    authority: Line
    text: Prose


def approve_unvalidated(deed: Deed) -> Outcome:
    """T04: in an emergency the duty officer approves what no judge has validated yet (EER 4(5))."""
    said = deed.content
    assert isinstance(said, ApprovingUnvalidated)
    document = urgent.document_of(deed.request)
    if document.urgency != urgent.EMERGENCY or document.validation_due is None:
        raise Conflict(
            "no_emergency",
            "Only an emergency is sent without validation, and it says by when that is due (H05).",
            rule="T04; EER 4(5)",
            next_step="Have it validated and approved, or amend the draft.",
        )
    allowed = _unvalidated(deed)
    if not {each.code for each in deed.request.measures} & allowed:
        raise Conflict(
            "validation_missing",
            f"Without validation only these may be asked for: {', '.join(sorted(allowed)) or 'none'}.",
            rule="T04; G20; EER 4(5)",
            next_step="Have it validated first.",
        )
    for jws, act in ((said.prepared, REQUEST_PREPARE), (said.approval, REQUEST_APPROVE)):
        approving.take(
            deed.db,
            jws,
            drafting.subject(deed.request, act),
            officers=deed.bench.officers,
            actor=deed.actor,
        )
    urgent.flag(deed.db, deed.request, document, deed.actor)
    return Outcome(events=[Event("request.approved", "unvalidated")])


def _unvalidated(deed: Deed) -> frozenset[str]:
    bench, request = deed.bench, deed.request
    pair = bench.directory.pair(bench.keyring.country, Country(request.peer), deed.actor.at.date())
    rule = pair.emergency if pair is not None else None
    return frozenset(rule.unvalidated if rule is not None else ())
