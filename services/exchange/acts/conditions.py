"""Conditions are proposed and settled, and with them the consultation before a refusal (T13, T14)."""

from services.exchange.acts.contents import Proposing, Settling
from services.exchange.acts.deeds import Deed, Event, Outcome
from services.exchange.store import requests
from shared.protocol import identifiers
from shared.protocol.legalacts import ConditionsBody
from shared.protocol.messages import terms_digest


def propose(deed: Deed) -> Outcome:
    """T13: on which conditions, or in which part, the request could be granted (BUD 27(6))."""
    said = deed.content
    assert isinstance(said, Proposing)
    requests.consulted(deed.db, deed.request.id, deed.measures, deed.actor.at)
    body = ConditionsBody(
        request_id=deed.request.id,
        states=deed.told,
        state="proposed",
        set_id=identifiers.new_id(deed.actor.at),
        digest=terms_digest(said.terms),
        terms=said.terms,
        measures=tuple(deed.measures),
        text=said.text,
    )
    codes = [term.code for term in said.terms] or ["consultation"]
    return Outcome(body=body, events=[Event("condition.proposed", code) for code in codes])


def settle(deed: Deed) -> Outcome:
    """T14: the requesting country takes them on by signature, or declines."""
    said = deed.content
    assert isinstance(said, Settling)
    assert deed.approval is not None
    body = ConditionsBody(
        request_id=deed.request.id,
        states=deed.told,
        state=said.verdict,
        set_id=said.set_id,
        digest=said.digest,
        measures=tuple(deed.measures),
        text=said.text,
        approval=deed.approval.reference(),
    )
    return Outcome(body=body, events=[Event(f"condition.{said.verdict}")])
