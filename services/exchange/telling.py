"""What an entry of the other country tells: which act, on which measures, with which events."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from services.exchange import informing
from services.exchange.acts.deeds import Event
from services.exchange.acts.remedies import challenge_acts, challenge_event
from shared.protocol.entries import EntryType
from shared.protocol.law.lifecycle import Act
from shared.protocol.law.remedies import Stage
from shared.protocol.legalacts import (
    AcknowledgementBody,
    ActBody,
    AnswerBody,
    ChallengeBody,
    ConditionsBody,
    DecisionBody,
    NoticeBody,
    PreservationBody,
    QueryBody,
    WithdrawalBody,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What an entry tells: which act (None: one that moves nothing), on which measures, which events."""

    act: Act | None
    measures: Sequence[str] | None = None
    events: Sequence[Event] = ()


_DECISIONS = {
    "accepted": (Act.ACCEPT, "request.accepted"),
    "refused": (Act.REFUSE, "request.refused"),
    "postponed": (Act.POSTPONE, "request.postponed"),
    "resumed": (Act.RESUME, "request.resumed"),
    "executing": (Act.EXECUTE, "request.executing"),
    "fulfilled": (Act.FULFIL, None),
}
_NOTICES = {
    "forwarded": (Act.FORWARD, "request.forwarded"),
    "reviewing": (Act.REVIEW, "request.reviewed"),
    "substitution": (Act.SUBSTITUTE, "request.substituted"),
    "closing": (Act.CLOSE, "request.closed"),
    "supplement": (Act.SUPPLEMENT, "request.supplemented"),
    "appeal-waiver": (None, "challenge.decided"),
}


def read(kind: EntryType, value: object) -> tuple[ActBody | NoticeBody, Told]:
    """Read the body of an entry about a request, and say what it tells."""
    body = _BODIES[kind].read(value)
    assert isinstance(body, ActBody | NoticeBody)
    return body, _TELLS[kind](body)


def _acknowledgement(_body: object) -> Told:
    return Told(act=Act.ACKNOWLEDGE, events=[Event("request.acknowledged")])


def _query(body: object) -> Told:
    assert isinstance(body, QueryBody)
    events = [Event("request.info_requested", f"FLD-{each}") for each in body.fields]
    return Told(act=Act.ASK, measures=body.measures, events=events)


def _answer(body: object) -> Told:
    assert isinstance(body, AnswerBody)
    if body.query_id is None:
        events = [Event("request.reopened")]
        return Told(act=Act.REOPEN, measures=body.measures, events=events)
    events = [Event("request.info_supplied")]
    return Told(act=Act.ANSWER, measures=body.measures, events=events)


def _decision(body: object) -> Told:
    assert isinstance(body, DecisionBody)
    act, event = _DECISIONS[body.decision]
    reasons: Sequence[str | None] = body.codes or [None]
    events = [Event(event, reason) for reason in reasons] if event else []
    return Told(act=act, measures=body.measures or None, events=events)


def _conditions(body: object) -> Told:
    assert isinstance(body, ConditionsBody)
    act = Act.PROPOSE if body.state == "proposed" else Act.SETTLE
    return Told(act=act, measures=body.measures or None)  # `consequences` has the events


def _withdrawal(body: object) -> Told:
    assert isinstance(body, WithdrawalBody)
    if body.kind == "lapsed":
        return Told(act=Act.LAPSE, events=[Event("request.lapsed")])
    return Told(act=Act.WITHDRAW, events=[Event("request.withdrawn", code) for code in body.codes])


def _challenge(body: object) -> Told:
    assert isinstance(body, ChallengeBody)
    stage = Stage(body.state)
    act = challenge_acts(stage) if body.measures else None
    event, reason = challenge_event(stage)
    return Told(act=act, measures=body.measures or None, events=[Event(event, reason)])


def _preservation(_body: object) -> Told:
    return Told(act=None)  # what it moves is no measure, and tells of itself (`preserving`)


def _notice(body: object) -> Told:
    assert isinstance(body, NoticeBody)
    if body.kind == informing.COSTS:
        return Told(act=None, events=[Event(*informing.costs(body))])
    act, event = _NOTICES.get(body.kind, (None, "request.noted"))
    reason = body.codes[0] if body.codes else None
    return Told(act=act, events=[Event(event, reason)])


_BODIES: Mapping[EntryType, type[ActBody | NoticeBody]] = {
    EntryType.ACKNOWLEDGEMENT: AcknowledgementBody,
    EntryType.QUERY: QueryBody,
    EntryType.ANSWER: AnswerBody,
    EntryType.DECISION: DecisionBody,
    EntryType.CONDITIONS: ConditionsBody,
    EntryType.WITHDRAWAL: WithdrawalBody,
    EntryType.CHALLENGE: ChallengeBody,
    EntryType.PRESERVATION: PreservationBody,
    EntryType.NOTICE: NoticeBody,
}
_TELLS: Mapping[EntryType, Callable[[object], Told]] = {
    EntryType.ACKNOWLEDGEMENT: _acknowledgement,
    EntryType.QUERY: _query,
    EntryType.ANSWER: _answer,
    EntryType.DECISION: _decision,
    EntryType.CONDITIONS: _conditions,
    EntryType.WITHDRAWAL: _withdrawal,
    EntryType.CHALLENGE: _challenge,
    EntryType.PRESERVATION: _preservation,
    EntryType.NOTICE: _notice,
}
ACTS = frozenset(_TELLS)
