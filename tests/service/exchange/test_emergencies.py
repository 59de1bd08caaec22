"""An emergency at night: the directory's number, only what may go unvalidated, and 48 hours."""

from datetime import timedelta
from typing import Any

import pytest

from tests.service.exchange.filling import assessed, cleared_package
from tests.service.exchange.node import Answer, Node, draft, release
from tests.service.exchange.pair import FILES, Pair

pytestmark = pytest.mark.slow

Case = tuple[Pair, str]


def night(pair: Pair, **changed: Any) -> Answer:  # noqa: ANN401
    """QM drafts an emergency that no judge has seen."""
    contact = draft()["person_in_charge"]
    told = {
        "urgency": "EMERGENCY",
        "urgency_reasons": ["THREAT_TO_LIFE"],
        "emergency_facts": "A child is threatened on a chat service as we write; " * 3,
        "validation_due": "2026-11-23T12:00:00Z",
        "needed_by": {"date": "2026-11-22", "fixed": False},
        "confirmation_contact": contact | {"name": "C. Second"},
        "contact_24_7": contact | {"name": "D. Night"},
    }
    made: Answer = pair.qm.call("preparer", "POST", "/v1/requests", json=draft(**told | changed))
    return made


def approve(pair: Pair, made: Answer, status: int = 200) -> Answer:
    """The duty officer approves it without validation."""
    node = pair.qm.node
    said = {
        "prepared": node.approval("preparer", "request.prepare", made)["approval"],
        "approval": node.approval("duty", "request.approve", made)["approval"],
        "reason": "No judge can be reached.",
    }
    path = f"/v1/requests/{made['request_id']}/approve-unvalidated"
    answer = node.client("duty").post(path, json=said)
    assert answer.status_code == status, answer.text
    content: Answer = answer.json()
    return content


def said(node: Node, role: str, act: Any, what: str, request_id: str, **told: Any) -> Any:  # noqa: ANN401
    found = node.client(role).get(f"/v1/requests/{request_id}").json()
    signed = node.said(role, act, what, found, **told)
    return node.client(role).post(f"/v1/requests/{request_id}/{what}", json=signed)


def call_back(pair: Pair, request_id: str, **changed: Any) -> Any:  # noqa: ANN401
    told = {"number": "+49 30 23125000", "spoke_with": "Duty", "confirmed": True, "text": "Yes."}
    return said(pair.qn.node, "duty", "duty.record", "call-back", request_id, **told | changed)


def validate(pair: Pair, request_id: str, *, granted: bool) -> Any:  # noqa: ANN401
    told = {"granted": granted, "authority": "Judge of QM", "text": "Seen in the morning."}
    return said(pair.qm.node, "court", "court.record", "validation", request_id, **told)


@pytest.fixture
def sent(accepted_case: Case) -> Case:
    """QM's emergency is with QN, delivered, and executed there at once."""
    return accepted_case[0], sent_at_night(accepted_case[0])


def sent_at_night(pair: Pair) -> str:
    made = night(pair)
    request_id = str(made["request_id"])
    approve(pair, made)
    pair.qm.call("approver", "POST", f"/v1/requests/{request_id}/send")
    pair.settle()
    return request_id


def hours_pass(pair: Pair, hours: int) -> None:
    """Let time pass, and QM's watch of deadlines look at it, until both have heard."""
    pair.clock.advance(timedelta(hours=hours))
    for _ in range(4):
        pair.qm.node.app.state.jobs["clocks"].work()
        pair.clock.advance(timedelta(minutes=2))
    pair.settle()


def executing(pair: Pair, request_id: str) -> None:
    pair.taken_up(request_id)
    assessed(pair.qn.node, request_id, "G04", "G05")
    pair.decided(request_id, "accept", note="")
    pair.qn.call("preparer", "POST", f"/v1/requests/{request_id}/execute", json={})
    pair.settle()


def test_it_is_flagged_on_both_sides_and_says_which_number_to_call(sent: Case) -> None:
    pair, request_id = sent
    for country, number in ((pair.qn, "+49 30 23125000"), (pair.qm, "+49 30 23125000")):
        seen = country.call("duty", "GET", f"/v1/requests/{request_id}/emergency")
        assert (seen["state"], seen["unvalidated"], seen["call"]) == ("FLAGGED", True, number)


def test_nothing_is_accepted_before_the_call_back(sent: Case) -> None:
    pair, request_id = sent
    pair.taken_up(request_id)
    assessed(pair.qn.node, request_id, "G04", "G05")
    found = pair.request(pair.qn, request_id)
    signed = pair.qn.node.said("approver", "request.decide", "accept", found, note="")
    client = pair.qn.node.client("approver")
    refused = client.post(f"/v1/requests/{request_id}/accept", json=signed)
    assert (refused.status_code, refused.json()["gates"]) == (409, ["G20"])
    other = call_back(pair, request_id, number="+49 30 1")
    assert (other.status_code, other.json()["code"]) == (422, "other_number")
    assert other.json()["next"] == "Call +49 30 23125000."
    failed = call_back(pair, request_id, confirmed=False)
    assert failed.json()["state"] == "CALLBACK_FAILED"
    assert client.post(f"/v1/requests/{request_id}/accept", json=signed).status_code == 409
    assert call_back(pair, request_id).json()["state"] == "CALLBACK_CONFIRMED"
    assert client.post(f"/v1/requests/{request_id}/accept", json=signed).status_code == 200


def test_what_may_go_goes_and_is_formalised_by_the_judge(sent: Case) -> None:
    pair, request_id = sent
    assert call_back(pair, request_id).status_code == 200
    executing(pair, request_id)
    package_id = cleared_package(pair.qn.node, FILES, request_id)
    assert release(pair.qn.node, package_id).is_success
    pair.settle()
    acted = pair.qn.call("duty", "GET", f"/v1/requests/{request_id}/emergency")
    assert acted["state"] == "ACTED"
    pair.clock.advance(timedelta(hours=31))
    assert validate(pair, request_id, granted=True).json()["state"] == "FORMALISED"
    pair.settle()
    for country in (pair.qm, pair.qn):
        seen = country.call("duty", "GET", f"/v1/requests/{request_id}/emergency")
        assert (seen["state"], seen["validated_at"] is not None) == ("FORMALISED", True)


def test_without_validation_it_lapses_after_48_hours_in_both_countries(sent: Case) -> None:
    pair, request_id = sent
    assert call_back(pair, request_id).status_code == 200
    executing(pair, request_id)
    assert validate(pair, request_id, granted=False).json()["state"] == "REVOKED"
    hours_pass(pair, 49)
    states = [pair.request(country, request_id)["state"] for country in (pair.qm, pair.qn)]
    assert states == ["S21", "S21"]
    assert pair.request(pair.qn, request_id)["disagreement"] is None


def test_only_an_emergency_is_sent_without_validation(accepted_case: Case) -> None:
    pair, _ = accepted_case
    made = pair.qm.call("preparer", "POST", "/v1/requests", json=draft())
    assert approve(pair, made, 409)["code"] == "no_emergency"


def test_what_needs_a_judge_alone_is_not(accepted_case: Case) -> None:
    pair, _ = accepted_case
    content = draft()["measures"][0] | {"code": "MEA-07", "data": ["DC-CNT"]}
    range_ = {"from": "2026-01-03T00:00:00Z", "to": "2026-01-06T00:00:00Z"}
    made = night(pair, measures=[content | {"range": range_}])
    assert approve(pair, made, 409)["code"] == "validation_missing"
