"""Decisions of the requested country, measure by measure (T15 to T18)."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

from services.exchange import binding
from services.exchange.acts import grounding
from services.exchange.acts.contents import Accepting, Postponing, Refusing, Resuming
from services.exchange.acts.deeds import Deed, Event, Outcome
from services.exchange.records import Request
from shared.protocol.law.lifecycle import State
from shared.protocol.legalacts import DecisionBody
from shared.runtime.refusals import Conflict


def accept(deed: Deed) -> Outcome:
    """T15: these measures are granted."""
    said = deed.content
    assert isinstance(said, Accepting)
    assert deed.approval is not None
    if said.nevertheless:
        binding.give_up(deed.db, deed.request.id, deed.measures)
    _check_declined(deed)
    body = DecisionBody(
        request_id=deed.request.id,
        states=deed.told,
        decision="accepted",
        measures=tuple(deed.measures),
        codes=(),
        reasons=said.note,
        expected=said.expected,
        appeal=said.appeal,
        approval=deed.approval.reference(),
    )
    return Outcome(body=body, events=[Event("request.accepted"), *decided(deed)])


def refuse(deed: Deed) -> Outcome:
    """T16: these measures are refused; the authorities have consulted before (T13)."""
    said = deed.content
    assert isinstance(said, Refusing)
    assert deed.approval is not None
    grounding.check_refusal(deed, said.codes, said.reasons)
    body = DecisionBody(
        request_id=deed.request.id,
        states=deed.told,
        decision="refused",
        measures=tuple(deed.measures),
        codes=said.codes,
        reasons=said.reasons,
        consulted=_consulted(deed),
        appeal=said.appeal,
        approval=deed.approval.reference(),
    )
    grounds = [Event("request.refused", code) for code in said.codes]
    return Outcome(body=body, events=[*grounds, *decided(deed)])


def postpone(deed: Deed) -> Outcome:
    """T17: execution is put off, with reasons and a date to look again."""
    said = deed.content
    assert isinstance(said, Postponing)
    assert deed.approval is not None
    grounding.check_postponement(deed, said.codes, said.reasons, said.review)
    body = DecisionBody(
        request_id=deed.request.id,
        states=deed.told,
        decision="postponed",
        measures=tuple(deed.measures),
        codes=said.codes,
        reasons=said.reasons,
        expected=said.expected,
        review=said.review,
        approval=deed.approval.reference(),
    )
    grounds = [Event("request.postponed", code) for code in said.codes]
    return Outcome(body=body, events=[*grounds, *decided(deed)])


def resume(deed: Deed) -> Outcome:
    """T18: the ground to postpone has ceased (EIO 15(2))."""
    said = deed.content
    assert isinstance(said, Resuming)
    body = step(deed, "resumed", said.note)
    return Outcome(body=body, events=[Event("request.resumed")])


def step(
    deed: Deed, decision: Literal["resumed", "executing", "fulfilled"], note: str
) -> DecisionBody:
    """Return the body of a decision that refuses and grants nothing: how the work goes on."""
    return DecisionBody(
        request_id=deed.request.id,
        states=deed.told,
        decision=decision,
        measures=tuple(deed.measures),
        codes=(),
        reasons=note,
    )


def decided(deed: Deed) -> Sequence[Event]:
    """Return an event for each measure of an act: which state it reached."""
    named = {each.measure_id: each.code for each in deed.request.measures}
    return _reached(named, deed.states, deed.measures)


def reached_by(request: Request, measures: Sequence[str]) -> Sequence[Event]:
    """Return an event for each of some measures of a request: in which state it is now."""
    named = {each.measure_id: each.code for each in request.measures}
    return _reached(named, {each.measure_id: each.state for each in request.measures}, measures)


def _reached(
    named: Mapping[str, str], states: Mapping[str, State], measures: Sequence[str]
) -> Sequence[Event]:
    """The count is the place of the measure in the request, from 1."""
    asked = list(named)
    return [
        Event("request.decision", f"{named[each]}/{states[each]}", asked.index(each) + 1)
        for each in measures
    ]


def _check_declined(deed: Deed) -> None:
    open_ = binding.declined(deed.db, deed.request.id, deed.measures)
    if open_:
        codes = ", ".join(sorted({term.code for each in open_ for term in each.terms}))
        raise Conflict(
            "condition_declined",
            f"The requesting authority declined {codes}.",
            rule="G13; BUD 28(3)",
            next_step="Refuse (REF-21), propose others, or accept nevertheless, without them.",
        )


def _consulted(deed: Deed) -> int:
    dates = [
        each.consulted_at for each in deed.request.measures if each.measure_id in deed.measures
    ]
    known: list[datetime] = [date for date in dates if date is not None]
    if len(known) < len(dates):
        raise Conflict(
            "not_consulted",
            "Before a refusal the other authority is asked whether part of it, or conditions, would do.",
            rule="T13; BUD 27(6); UNTOC 18(26)",
            next_step="Propose conditions, or consult without any (`propose`), and wait for the answer.",
        )
    return int(max(known).timestamp())
