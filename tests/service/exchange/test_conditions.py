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


def settled(pair: Pair, request_id: str, verdict: str, **changed: Any) -> Any:  # noqa: ANN401
    newest = sets(pair.qm, request_id)[-1]
    said = {"set_id": newest.id, "digest": newest.digest, "verdict": verdict} | changed
    found = pair.request(pair.qm, request_id)
    signed = pair.qm.node.said("approver", "conditions.settle", "settle", found, **said)
    client = pair.qm.node.client("approver")
    answer = client.post(f"/v1/requests/{request_id}/settle", json=signed)
    if answer.is_success:
        pair.settle()
    return answer


def decide(pair: Pair, request_id: str, what: str, **said: Any) -> Any:  # noqa: ANN401
    found = pair.request(pair.qn, request_id)
    signed = pair.qn.node.said("approver", "request.decide", what, found, **said)
    return pair.qn.node.client("approver").post(f"/v1/requests/{request_id}/{what}", json=signed)


def states(pair: Pair, request_id: str) -> list[list[str]]:
    return [[each.state for each in sets(one, request_id)] for one in (pair.qm, pair.qn)]


def test_both_countries_hold_the_conditions_that_were_accepted(
    reviewed: tuple[Pair, str],
) -> None:
    pair, request_id = reviewed
    proposed = propose(pair, request_id, TERM)
    assert [term.code for term in proposed.terms] == ["COND-09", "COND-01", "COND-04"]
    assert states(pair, request_id) == [["PROPOSED"], ["PROPOSED"]]
    assert settled(pair, request_id, "accepted").is_success
    assert states(pair, request_id) == [["ACCEPTED"], ["ACCEPTED"]]
    assert sets(pair.qm, request_id) == sets(pair.qn, request_id)


def test_what_is_settled_is_named_word_for_word(reviewed: tuple[Pair, str]) -> None:
    pair, request_id = reviewed
    propose(pair, request_id, TERM)
    assert settled(pair, request_id, "accepted", digest="ab" * 32).json()["code"] == "other_digest"
    unknown = settled(pair, request_id, "accepted", set_id=request_id)
    assert unknown.json()["code"] == "unknown_condition_set"


def test_a_set_is_settled_for_the_measures_that_it_is_about(reviewed: tuple[Pair, str]) -> None:
    pair, request_id = reviewed
    propose(pair, request_id, TERM)
    answer = settled(pair, request_id, "accepted", measures=["M01"])
    assert answer.json()["code"] == "other_measures"


def test_without_a_declined_condition_it_is_only_accepted_by_saying_so(
    reviewed: tuple[Pair, str],
) -> None:
    pair, request_id = reviewed
    propose(pair, request_id, TERM)
    assert settled(pair, request_id, "declined").is_success
    assessed(pair.qn.node, request_id, "G04", "G05")
    refused = decide(pair, request_id, "accept", note="")
    assert refused.json()["code"] == "condition_declined"
    assert decide(pair, request_id, "accept", nevertheless=True).is_success
    pair.settle()
    assert states(pair, request_id) == [["VARIED"], ["VARIED"]]


def test_another_proposal_takes_the_place_of_one_that_was_declined(
    reviewed: tuple[Pair, str],
) -> None:
    pair, request_id = reviewed
    propose(pair, request_id, TERM)
    settled(pair, request_id, "declined")
    propose(pair, request_id, {"code": "COND-05", "text": "Soon.", "parameters": {"by": "2027-06-30"}})
    assert states(pair, request_id) == [["VARIED", "PROPOSED"], ["VARIED", "PROPOSED"]]


def test_a_consultation_proposes_nothing(reviewed: tuple[Pair, str]) -> None:
    pair, request_id = reviewed
    assert propose(pair, request_id).terms == ()
    assert settled(pair, request_id, "accepted").is_success
    refused = decide(pair, request_id, "refuse", codes=["REF-05"], reasons=REASONS)
    assert refused.is_success


@pytest.mark.parametrize(
    ("term", "code"),
    [
        ({"code": "COND-99", "text": "?"}, "bad_condition"),
        ({"code": "COND-05", "text": "Soon."}, "bad_condition"),
        ({"code": "COND-05", "text": "Soon.", "parameters": {"by": "soon"}}, "bad_condition"),
        ({"code": "COND-01", "text": "So.", "measures": ["M77"]}, "unknown_measure"),
    ],
)
def test_a_condition_says_what_it_needs(reviewed: tuple[Pair, str], term: Any, code: str) -> None:  # noqa: ANN401
    pair, request_id = reviewed
    client = pair.qn.node.client("approver")
    said = {"terms": [term], "text": "On this condition."}
    answer = client.post(f"/v1/requests/{request_id}/propose", json=said)
    assert answer.json()["code"] == code


def test_each_condition_is_an_event_in_both_logs(reviewed: tuple[Pair, str]) -> None:
    pair, request_id = reviewed
    propose(pair, request_id, TERM)
    found = sets(pair.qm, request_id)[-1]
    said = {"set_id": found.id, "digest": found.digest, "verdict": "accepted"}
    signed = pair.qm.node.said(
        "approver", "conditions.settle", "settle", pair.request(pair.qm, request_id), **said
    )
    pair.qm.call("approver", "POST", f"/v1/requests/{request_id}/settle", json=signed)
    told = [e["reason"] for e in outbox(pair.qm.node) if e["type"] == "condition.accepted"]
    assert told == ["COND-09", "COND-01", "COND-04"]
