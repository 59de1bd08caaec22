"""What an answer supplies takes the place of what was sent: for whoever finds, decides, keeps and tells."""

from datetime import timedelta
from typing import Any

import pytest

from services.exchange.store import notices, uses
from tests.service.exchange.filling import ASSESSMENT, assessed, cleared_package
from tests.service.exchange.node import release
from tests.service.exchange.pair import FILES, Country, Pair

NUMBERS = ["+99 1", "+99 2", "+99 3"]
LATER = "2027-01-31"


@pytest.fixture
def waiting(sent_case: tuple[Pair, str]) -> tuple[Pair, str, str]:
    """QN has found, then asked for three fields. With the request's id and the question's."""
    pair, request_id = sent_case
    pair.settle()
    pair.taken_up(request_id)
    assessed(pair.qn.node, request_id, "G04", "G05")
    return pair, request_id, asked(pair, request_id, "G03", "J03", "I02")


def answered(waiting: tuple[Pair, str, str]) -> tuple[Pair, str]:
    """QM supplies them all."""
    pair, request_id, query = waiting
    pair.clock.advance(timedelta(minutes=5))
    said = {"query_id": query, "text": "These.", "supplied": supplied(pair, request_id)}
    pair.qm.call("approver", "POST", f"/v1/requests/{request_id}/answer", json=said)
    pair.settle()
    return pair, request_id


def asked(pair: Pair, request_id: str, *fields: str) -> str:
    """QN asks for fields; return the id of the question."""
    path = f"/v1/requests/{request_id}"
    due = int((pair.clock() + timedelta(days=20)).timestamp())
    said = {"fields": list(fields), "text": "Whose, and until when?", "due": due}
    pair.qn.call("approver", "POST", f"{path}/ask", json=said)
    pair.settle()
    letters = pair.qm.call("approver", "GET", f"{path}/messages")["messages"]
    return next(str(each["body"]["query_id"]) for each in letters if each["type"] == "query")


def supplied(pair: Pair, request_id: str) -> dict[str, Any]:
    """Three numbers in place of one, a later day to keep them, and a day to tell the person."""
    told = pair.request(pair.qm, request_id)["document"]
    many = [{**told["measures"][0]["identifiers"][0], "value": each} for each in NUMBERS]
    return {
        "measures": {"M01": {"identifiers": many}},
        "retention": {**told["retention"], "until": LATER, "review": "2027-01-01"},
        "subject_notice": {
            "rule": "DELAYED_UNTIL",
            "ground": "Others would be warned.",
            "review": "2027-02-01",
        },
    }


def accepting(pair: Pair, request_id: str) -> Any:  # noqa: ANN401
    """QN tries to accept, with what was found so far."""
    found = pair.request(pair.qn, request_id)
    signed = pair.qn.node.said("approver", "request.decide", "accept", found, note="")
    path = f"/v1/requests/{request_id}/accept"
    return pair.qn.node.client("approver").post(path, json=signed)


def findings(country: Country, request_id: str) -> list[str]:
    path = f"/v1/requests/{request_id}/findings"
    return [each["gate"] for each in country.call("approver", "GET", path)["findings"]]


def test_what_was_found_before_the_answer_opens_no_gate_after_it(
    waiting: tuple[Pair, str, str],
) -> None:
    pair, request_id = answered(waiting)
    assert findings(pair.qn, request_id) == []
    refused = accepting(pair, request_id)
    assert (refused.status_code, refused.json()["code"]) == (409, "finding_missing")
    assessed(pair.qn.node, request_id, "G04", "G05")
    assert accepting(pair, request_id).is_success


def test_what_shuts_a_gate_outlasts_the_answer(waiting: tuple[Pair, str, str]) -> None:
    pair, request_id, _ = waiting
    node = pair.qn.node
    found = pair.request(pair.qn, request_id)
    for gate, verdict in (("G06", "concern"), ("G12", "fail")):
        said = {"gate": gate, "role": "RD-CA", "verdict": verdict, "text": ASSESSMENT}
        signed = node.said("approver", "finding", "findings", found, **said)
        pair.qn.call("approver", "POST", f"/v1/requests/{request_id}/findings", json=signed)
    answered(waiting)
    assert findings(pair.qn, request_id) == ["G06", "G12"]


def test_evidence_is_kept_until_the_day_that_the_answer_names(
    waiting: tuple[Pair, str, str],
) -> None:
    pair, request_id = answered(waiting)
    pair.decided(request_id, "accept", note="")
    pair.qn.call("preparer", "POST", f"/v1/requests/{request_id}/execute", json={})
    package_id = cleared_package(pair.qn.node, FILES, request_id)
    assert release(pair.qn.node, package_id).is_success
    pair.settle()
    with pair.qm.database.read() as db:
        assert str(uses.of(db, package_id).retain_until) == LATER
        notice = notices.look_for(db, request_id)
    assert notice is not None
    assert str(notice.review) == "2027-02-01"
