"""Questions and answers, and new facts after a refusal (T11, T12, T29)."""

from services.exchange import supplying
from services.exchange.acts.contents import Answering, Asking, Reopening
from services.exchange.acts.deeds import Deed, Event, Outcome
from services.exchange.store import requests
from shared.protocol import identifiers
from shared.protocol.law import library
from shared.protocol.legalacts import AnswerBody, QueryBody
from shared.runtime.refusals import Unprocessable


def ask(deed: Deed) -> Outcome:
    """T11: what is missing, field by field, and by when."""
    said = deed.content
    assert isinstance(said, Asking)
    unknown = sorted(set(said.fields) - library.fields().keys())
    if unknown:
        raise Unprocessable(
            "unknown_field",
            f"A request has no field {', '.join(unknown)}.",
            rule="spec/request.md",
            next_step="Name fields by their ids, as D01.",
        )
    body = QueryBody(
        request_id=deed.request.id,
        states=deed.told,
        query_id=identifiers.new_id(deed.actor.at),
        measures=tuple(deed.measures),
        text=said.text,
        fields=said.fields,
        due=said.due,
        provisional=said.provisional,
    )
    return Outcome(
        body=body, events=[Event("request.info_requested", f"FLD-{each}") for each in said.fields]
    )


def answer(deed: Deed) -> Outcome:
    """T12: the answer."""
    said = deed.content
    assert isinstance(said, Answering)
    supplying.check(deed.db, deed.request, said.query_id, said.supplied)
    body = AnswerBody(
        request_id=deed.request.id,
        states=deed.told,
        query_id=said.query_id,
        measures=tuple(deed.measures),
        text=said.text,
        supplied=said.supplied,
    )
    return Outcome(body=body, events=[Event("request.info_supplied")])


def reopen(deed: Deed) -> Outcome:
    """T29: new facts or assurances; before they are refused, the authorities consult anew."""
    said = deed.content
    assert isinstance(said, Reopening)
    requests.consulted(deed.db, deed.request.id, deed.measures, None)
    body = AnswerBody(
        request_id=deed.request.id,
        states=deed.told,
        query_id=None,
        measures=tuple(deed.measures),
        text=said.text,
    )
    return Outcome(body=body, events=[Event("request.reopened")])
