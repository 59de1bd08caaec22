"""Conditions of use: proposed, settled word for word, the same in both countries, and asked at every gate."""

from __future__ import annotations

from typing import Any

import pytest

from services.exchange.store import conditions
from services.exchange.store.conditions import ConditionSet
from tests.service.exchange.filling import assessed
from tests.service.exchange.node import outbox
from tests.service.exchange.pair import Country, Pair

REASONS = "The act is no offence in this country, under whatever name it is looked at."
TERM = {"code": "COND-09", "text": "Tell us within a year what was made of it."}


@pytest.fixture
def reviewed(sent_case: tuple[Pair, str]) -> tuple[Pair, str]:
    """QN looks at QM's request (S07)."""
    pair, request_id = sent_case
    pair.settle()
    pair.taken_up(request_id)
    return pair, request_id


def propose(pair: Pair, request_id: str, *terms: Any, **more: Any) -> ConditionSet:  # noqa: ANN401
    said = {"terms": list(terms), "text": "On these conditions.", **more}
    pair.qn.call("approver", "POST", f"/v1/requests/{request_id}/propose", json=said)
    pair.settle()
    return sets(pair.qn, request_id)[-1]


def sets(country: Country, request_id: str) -> list[ConditionSet]:
    with country.database.begin() as db:
        return list(conditions.of_request(db, request_id))


def settled(
    pair: Pair,
    request_id: str,
    verdict: str,
    told: list[Any] | None = None,
    **changed: Any,  # noqa: ANN401
) -> Any:  # noqa: ANN401
    newest = sets(pair.qm, request_id)[-1]
    said = {"set_id": newest.id, "digest": newest.digest, "verdict": verdict} | changed
    found = pair.request(pair.qm, request_id)
    signed = pair.qm.node.said("approver", "conditions.settle", "settle", found, **said)
    client = pair.qm.node.client("approver")
    answer = client.post(f"/v1/requests/{request_id}/settle", json=signed)
    if told is not None:
        told += [e["reason"] for e in outbox(pair.qm.node) if e["type"] == "condition.accepted"]
    if answer.is_success:
        pair.settle()
    return answer


def decide(pair: Pair, request_id: str, what: str, **said: Any) -> Any:  # noqa: ANN401
    found = pair.request(pair.qn, request_id)
    signed = pair.qn.node.said("approver", "request.decide", what, found, **said)
    return pair.qn.node.client("approver").post(f"/v1/requests/{request_id}/{what}", json=signed)


def states(pair: Pair, request_id: str) -> list[list[str]]:
    return [[each.state for each in sets(one, request_id)] for one in (pair.qm, pair.qn)]


def test_both_countries_hold_what_was_accepted_word_for_word(reviewed: tuple[Pair, str]) -> None:
    pair, request_id = reviewed
    proposed = propose(pair, request_id, TERM)
    assert [term.code for term in proposed.terms] == ["COND-09", "COND-01", "COND-04"]
    assert states(pair, request_id) == [["PROPOSED"], ["PROPOSED"]]
    for changed, code in (
        ({"digest": "ab" * 32}, "other_digest"),
        ({"set_id": request_id}, "unknown_condition_set"),
        ({"measures": ["M01"]}, "other_measures"),
    ):
        assert settled(pair, request_id, "accepted", **changed).json()["code"] == code
    told: list[Any] = []
    assert settled(pair, request_id, "accepted", told=told).is_success
    assert told == ["COND-09", "COND-01", "COND-04"]
    assert states(pair, request_id) == [["ACCEPTED"], ["ACCEPTED"]]
    assert sets(pair.qm, request_id) == sets(pair.qn, request_id)


def test_what_was_declined_is_varied_or_given_up_by_saying_so(reviewed: tuple[Pair, str]) -> None:
    pair, request_id = reviewed
    propose(pair, request_id, TERM)
    assert settled(pair, request_id, "declined").is_success
    propose(
        pair, request_id, {"code": "COND-05", "text": "Soon.", "parameters": {"by": "2027-06-30"}}
    )
    assert states(pair, request_id) == [["VARIED", "PROPOSED"], ["VARIED", "PROPOSED"]]
    assert settled(pair, request_id, "declined").is_success
    assessed(pair.qn.node, request_id, "G04", "G05")
    refused = decide(pair, request_id, "accept", note="")
    assert refused.json()["code"] == "condition_declined"
    assert decide(pair, request_id, "accept", nevertheless=True).is_success
    pair.settle()
    assert states(pair, request_id) == [["VARIED", "VARIED"], ["VARIED", "VARIED"]]


BAD_TERMS = [
    ({"code": "COND-99", "text": "?"}, "bad_condition"),
    ({"code": "COND-05", "text": "Soon."}, "bad_condition"),
    ({"code": "COND-05", "text": "Soon.", "parameters": {"by": "soon"}}, "bad_condition"),
    ({"code": "COND-01", "text": "So.", "measures": ["M77"]}, "unknown_measure"),
]
POSTPONED = {"codes": ["POST-01"], "reasons": REASONS, "expected": "three months", "review": 1}
LATER = 1_900_000_000
# What, what is said, and why it is refused: BUD gives a closed list.
BAD_DECISIONS: list[tuple[str, dict[str, Any], str]] = [
    ("refuse", {"codes": ["REF-05"], "reasons": "No."}, "reasons_too_short"),
    ("refuse", {"codes": ["REF-99"], "reasons": REASONS}, "unknown_code"),
    ("refuse", {"codes": ["REF-15"], "reasons": REASONS}, "ground_not_available"),
    ("postpone", POSTPONED, "review_past"),
    ("postpone", POSTPONED | {"codes": ["POST-06"], "review": LATER}, "reason_not_available"),
    ("postpone", POSTPONED | {"codes": ["POST-99"], "review": LATER}, "unknown_code"),
]


def test_a_consultation_proposes_nothing_and_a_refusal_rests_on_the_instrument(
    reviewed: tuple[Pair, str],
) -> None:
    pair, request_id = reviewed
    client = pair.qn.node.client("approver")
    for term, code in BAD_TERMS:
        said = {"terms": [term], "text": "On this condition."}
        answer = client.post(f"/v1/requests/{request_id}/propose", json=said)
        assert answer.json()["code"] == code
    assert propose(pair, request_id).terms == ()
    assert settled(pair, request_id, "accepted").is_success
    for what, statement, code in BAD_DECISIONS:
        assert decide(pair, request_id, what, **statement).json()["code"] == code
    assert decide(pair, request_id, "refuse", codes=["REF-05"], reasons=REASONS).is_success
