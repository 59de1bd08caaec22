"""Conditions are proposed and settled, and with them the consultation before a refusal (T13, T14)."""

from services.exchange import binding
from services.exchange.acts.contents import Proposing, Settling
from services.exchange.acts.deeds import Deed, Event, Outcome
from services.exchange.store import requests
from services.exchange.store.conditions import ConditionSet
from shared.protocol import identifiers
from shared.protocol.law.conditions import ConditionState
from shared.protocol.legalacts import ConditionsBody
from shared.protocol.messages import terms_digest


def propose(deed: Deed) -> Outcome:
    """T13: on which conditions, or in which part, the request could be granted (BUD 27(6))."""
    said = deed.content
    assert isinstance(said, Proposing)
    bench, request = deed.bench, deed.request
    terms = binding.with_speciality(
        said.terms, request, bench.directory, bench.keyring.country, deed.actor.at
    )
    binding.check_terms(terms, deed.measures)
    requests.consulted(deed.db, request.id, deed.measures, deed.actor.at)
    body = ConditionsBody(
        request_id=request.id,
        states=deed.told,
        state="proposed",
        set_id=identifiers.new_id(deed.actor.at),
        digest=terms_digest(terms),
        terms=terms,
        measures=tuple(deed.measures),
        text=said.text,
    )
    proposed = ConditionSet(
        id=body.set_id,
        request_id=request.id,
        state=ConditionState.PROPOSED,
        digest=body.digest,
        terms=terms,
        measures=body.measures,
        text=said.text,
        proposed_at=deed.actor.at,
    )
    binding.propose(deed.db, proposed)
    codes = [term.code for term in terms] or ["consultation"]
    return Outcome(body=body, events=[Event("condition.proposed", code) for code in codes])


def settle(deed: Deed) -> Outcome:
    """T14: the requesting country takes them on by signature, or declines."""
    said = deed.content
    assert isinstance(said, Settling)
    assert deed.approval is not None
    settlement = binding.Settlement(
        set_id=said.set_id, digest=said.digest, verdict=said.verdict, measures=deed.measures
    )
    kept = binding.settle(deed.db, deed.request.id, settlement, deed.actor.at)
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
    codes = [term.code for term in kept.terms] or ["consultation"]
    return Outcome(body=body, events=[Event(f"condition.{said.verdict}", code) for code in codes])
