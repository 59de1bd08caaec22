"""Acts on single measures: both countries hold the same states, whatever else stands open beside them."""

from datetime import timedelta
from typing import Any

import pytest

from services.exchange.store import requests
from shared.protocol.entries import EntryType
from tests.service.exchange.forger import say
from tests.service.exchange.pair import Country, Pair

WHY = "It would harm the essential interests of this country, as said in the consultation."


@pytest.fixture
def reviewed(sent_case: tuple[Pair, str]) -> tuple[Pair, str]:
    """QN looks at QM's request: M01 and M02 are in S07."""
    pair, request_id = sent_case
    pair.settle()
    pair.taken_up(request_id)
    pair.settle()
    return pair, request_id


def both(pair: Pair, request_id: str) -> list[str]:
    """Let everything arrive; return where the measures stand, the same in both countries."""
    pair.settle()
    found = [pair.request(country, request_id) for country in (pair.qm, pair.qn)]
    assert [each["disagreement"] for each in found] == [None, None]
    ours, theirs = ([each["state"] for each in one["measures"]] for one in found)
    assert ours == theirs
    return ours


def ask(pair: Pair, request_id: str, *measures: str, fields: tuple[str, ...] = ("G04",)) -> str:
    """QN asks about measures (none: all); return the id of the question."""
    due = int((pair.clock() + timedelta(days=20)).timestamp())
    said: dict[str, Any] = {"fields": list(fields), "text": "Since when?", "due": due}
    act(pair.qn, request_id, "ask", **said, **({"measures": list(measures)} if measures else {}))
    pair.settle()
    letters = pair.qm.call("approver", "GET", f"/v1/requests/{request_id}/messages")["messages"]
    asked = [each for each in letters if each["type"] == "query"]
    return str(asked[-1]["body"]["query_id"])


def act(country: Country, request_id: str, what: str, **said: Any) -> None:  # noqa: ANN401
    country.call("approver", "POST", f"/v1/requests/{request_id}/{what}", json=said)


def consulted(pair: Pair, request_id: str, *measures: str) -> None:
    """QN asks whether part of it would do; QM says no."""
    act(pair.qn, request_id, "propose", text="Would part do?", measures=list(measures))
    pair.settle()
    path = f"/v1/requests/{request_id}"
    newest = pair.qm.call("approver", "GET", f"{path}/conditions")["sets"][-1]
    settled = {"set_id": newest["set_id"], "digest": newest["digest"], "verdict": "declined"}
    signed = pair.qm.node.said(
        "approver",
        "conditions.settle",
        "settle",
        pair.request(pair.qm, request_id),
        **settled,
        text="no",
        measures=list(measures),
    )
    pair.qm.call("approver", "POST", f"{path}/settle", json=signed)
    pair.settle()


def test_a_second_measure_is_asked_about_while_the_first_question_is_open(
    reviewed: tuple[Pair, str],
) -> None:
    pair, request_id = reviewed
    first = ask(pair, request_id, "M01")
    assert both(pair, request_id) == ["S08", "S07"]
    second = ask(pair, request_id, "M02")
    assert both(pair, request_id) == ["S08", "S08"]
    act(pair.qm, request_id, "answer", query_id=second, measures=["M02"], text="In May.")
    assert both(pair, request_id) == ["S08", "S07"]
    act(pair.qm, request_id, "answer", query_id=first, text="In June.")
    assert both(pair, request_id) == ["S07", "S07"]


def test_an_answer_for_one_measure_leaves_the_other_open(reviewed: tuple[Pair, str]) -> None:
    pair, request_id = reviewed
    query = ask(pair, request_id)
    act(pair.qm, request_id, "answer", query_id=query, measures=["M01"], text="Since May.")
    assert both(pair, request_id) == ["S07", "S08"]
    pair.decided(request_id, "accept", measures=["M01"], note="")
    assert both(pair, request_id) == ["S10", "S08"]
    act(pair.qm, request_id, "answer", query_id=query, measures=["M02"], text="Since June.")
    assert both(pair, request_id) == ["S10", "S07"]
    pair.decided(request_id, "accept", measures=["M02"], note="")
    assert both(pair, request_id) == ["S10", "S10"]


def test_what_was_refused_is_opened_again_beside_what_was_not(reviewed: tuple[Pair, str]) -> None:
    pair, request_id = reviewed
    consulted(pair, request_id, "M01")
    pair.decided(request_id, "refuse", codes=["REF-01"], reasons=WHY, measures=["M01"])
    assert both(pair, request_id) == ["S12", "S07"]
    act(pair.qm, request_id, "reopen", text="New assurances.")
    assert both(pair, request_id) == ["S07", "S07"]


def test_before_a_second_refusal_the_authorities_consult_again(reviewed: tuple[Pair, str]) -> None:
    pair, request_id = reviewed
    refusal = {"codes": ["REF-01"], "reasons": WHY, "measures": ["M01"]}
    consulted(pair, request_id, "M01")
    pair.decided(request_id, "refuse", **refusal)
    pair.settle()
    act(pair.qm, request_id, "reopen", text="New assurances.")
    pair.settle()
    for country in (pair.qm, pair.qn):
        with country.database.read() as db:
            assert {each.consulted_at for each in requests.find(db, request_id).measures} == {None}
    found = pair.request(pair.qn, request_id)
    signed = pair.qn.node.said("approver", "request.decide", "refuse", found, **refusal)
    path = f"/v1/requests/{request_id}/refuse"
    refused = pair.qn.node.client("approver").post(path, json=signed)
    assert (refused.status_code, refused.json()["code"]) == (409, "not_consulted")
    consulted(pair, request_id, "M01")
    pair.decided(request_id, "refuse", **refusal)
    assert both(pair, request_id) == ["S12", "S07"]


def test_a_question_about_a_measure_that_was_not_asked_for_is_refused(
    reviewed: tuple[Pair, str],
) -> None:
    pair, request_id = reviewed
    body = {"request_id": request_id, "query_id": request_id, "measures": ["M07"], "text": "?"}
    assert say(pair.qm, pair, EntryType.QUERY, body, request_id) == "unknown_measure"
    assert both(pair, request_id) == ["S07", "S07"]
