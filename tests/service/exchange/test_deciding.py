"""What the executing country decides, measure by measure: with consultation, signature and findings."""

from datetime import timedelta
from typing import Any

import pytest

from services.exchange.store import entries
from shared.protocol.entries import read_entry
from shared.protocol.legalacts import DecisionBody
from tests.service.exchange.filling import assessed
from tests.service.exchange.node import Answer, Node, receive_request
from tests.service.exchange.test_requests import drafted, post


def taken_up(node: Node) -> str:
    """A peer's request is acknowledged and under review (S07)."""
    request_id = receive_request(node)
    body = {"reference": "QN-7", "note": "in hand"}
    assert post(node, "approver", f"/{request_id}/acknowledge", body)["state"] == "S06"
    reviewed = post(node, "approver", f"/{request_id}/review", {"reviewer": "Section 3"})
    assert reviewed["state"] == "S07"
    return request_id


def decide(node: Node, request_id: str, what: str, status: int = 200, **said: Any) -> Answer:  # noqa: ANN401
    if what == "accept" and node.country == "QN":
        assessed(node, request_id, "G04", "G05")
    found = node.client("approver").get(f"/v1/requests/{request_id}").json()
    signed = node.said("approver", "request.decide", what, found, **said)
    return post(node, "approver", f"/{request_id}/{what}", signed, status)


def test_a_request_comes_in_is_acknowledged_and_accepted(qn: Node) -> None:
    request_id = taken_up(qn)
    assert decide(qn, request_id, "accept", note="")["state"] == "S10"
    executing = post(qn, "preparer", f"/{request_id}/execute", {})
    assert executing["state"] == "S14"
    assert [s["state"] for s in executing["history"]] == ["S05", "S06", "S07", "S10", "S14"]
    assert {m["state"] for m in executing["measures"]} == {"S14"}
    assert posted(qn, request_id) == ["acknowledgement", "notice", "decision", "decision"]
    assert told(qn, request_id) == ["accepted", "executing"]


def test_the_peer_is_told_each_step_by_its_own_word(qn: Node) -> None:
    request_id = taken_up(qn)
    review = int(qn.clock().timestamp()) + 86_400
    because = "It would prejudice the trial that begins here on Monday."
    why: dict[str, Any] = {
        "codes": ["POST-01"],
        "reasons": because,
        "expected": "a week",
        "review": review,
    }
    assert decide(qn, request_id, "postpone", **why)["state"] == "S13"
    assert post(qn, "approver", f"/{request_id}/resume", {"note": "It ended."})["state"] == "S07"
    assert decide(qn, request_id, "accept", note="")["state"] == "S10"
    assert post(qn, "preparer", f"/{request_id}/execute", {})["state"] == "S14"
    assert post(qn, "approver", f"/{request_id}/fulfil", {"note": "That was all."})["state"] == (
        "S16"
    )
    words = ["postponed", "resumed", "accepted", "executing", "fulfilled"]
    assert told(qn, request_id) == words


def test_each_measure_is_decided_by_itself(qn: Node) -> None:
    request_id = taken_up(qn)
    accepted = decide(qn, request_id, "accept", measures=["M02"])
    assert [m["state"] for m in accepted["measures"]] == ["S07", "S10"]
    assert accepted["state"] == "S07"
    consult = {"measures": ["M01"], "text": "Would the number alone do?"}
    assert post(qn, "approver", f"/{request_id}/propose", consult)["state"] == "S09"


def test_nothing_is_refused_before_the_authorities_consulted(qn: Node) -> None:
    request_id = taken_up(qn)
    said = {"codes": ["REF-05"], "reasons": "The conduct is no crime here, whatever its name."}
    refused = decide(qn, request_id, "refuse", 409, **said)
    assert refused["code"] == "not_consulted"
    assert refused["rule"].startswith("T13")
    assert qn.client("approver").get(f"/v1/requests/{request_id}").json()["state"] == "S07"


def test_a_decision_needs_the_signature_over_its_very_words(qn: Node) -> None:
    request_id = taken_up(qn)
    found = qn.client("approver").get(f"/v1/requests/{request_id}").json()
    signed = qn.said("approver", "request.decide", "accept", found, note="")
    for wrong in (
        signed | {"statement": {"note": "more"}},
        signed | {"statement": {"note": "", "measures": ["M01"]}},
        qn.said("approver", "request.decide", "refuse", found, note=""),
        qn.said("approver", "request.decide", "accept", found | {"version": 2}, note=""),
    ):
        refused = post(qn, "approver", f"/{request_id}/accept", wrong, 422)
        assert (refused["code"], refused["rule"]) == ("bad_approval", "G19")
    by_preparer = qn.said("preparer", "request.decide", "accept", found, note="")
    assert post(qn, "approver", f"/{request_id}/accept", by_preparer, 403)["code"] == (
        "officer_not_allowed"
    )
    qn.clock.advance(timedelta(days=1))
    old = post(qn, "approver", f"/{request_id}/accept", signed, 422)
    assert "older than a day" in old["detail"]


def test_a_measure_that_was_not_asked_for_cannot_be_accepted(qn: Node) -> None:
    request_id = taken_up(qn)
    refused = decide(qn, request_id, "accept", 422, measures=["M09"])
    assert refused["code"] == "unknown_measure"
    assert refused["next"] == "It asks for M01, M02."


def posted(node: Node, request_id: str) -> list[str]:
    with node.parts.database.begin() as db:
        found = entries.of_request(db, request_id)
    return [entry.type for entry in found]


def told(node: Node, request_id: str) -> list[str]:
    """Return each decision that the peer was told, in order."""
    with node.parts.database.begin() as db:
        found = [each for each in entries.of_request(db, request_id) if each.type == "decision"]
    return [DecisionBody.read(read_entry(each.jws).entry.body).decision for each in found]


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("acknowledge", {"reference": "again"}, "wrong_state"),
        ("submit", {"approval": "x"}, "other_side"),
    ],
)
def test_what_is_not_open_is_refused_in_words(qn: Node, path: str, body: Answer, code: str) -> None:
    request_id = taken_up(qn)
    role = "preparer" if path == "submit" else "approver"
    refused = post(qn, role, f"/{request_id}/{path}", body, 409)
    assert refused["code"] == code
    assert refused["next"]


def test_the_requesting_country_does_not_accept_its_own_request(qm: Node) -> None:
    request = drafted(qm)
    refused = decide(qm, request["request_id"], "accept", 409, note="")
    assert refused["detail"] == "This is for the executing country to do."
