"""The person concerned is told in time, or later and why; costs are told to the other country."""

from datetime import timedelta
from typing import Any

import pytest

from tests.service.exchange.node import outbox
from tests.service.exchange.pair import Pair

pytestmark = pytest.mark.slow

Case = tuple[Pair, str]


def told(pair: Pair, request_id: str, status: int = 200, **said: Any) -> Any:  # noqa: ANN401
    client = pair.qm.node.client("approver")
    answer = client.post(f"/v1/requests/{request_id}/subject-notice", json=said)
    assert answer.status_code == status, answer.text
    return answer.json()


def test_it_falls_due_when_evidence_was_obtained_and_is_sent(verified_case: Case) -> None:
    pair, package_id = verified_case
    request_id = pair.package(pair.qm, package_id)["request_id"]
    path = f"/v1/requests/{request_id}/clocks"
    clocks = {c["act"]: c["state"] for c in pair.qm.call("approver", "GET", path)["clocks"]}
    assert clocks["notify"] == "RUNNING"
    secret = told(pair, request_id, 409, state="sent", remedies=True)
    assert (secret["code"], secret["rule"][:3]) == ("confidential", "G12")  # I02: on 2027-05-20
    told(pair, request_id, state="deferred", ground="He is in custody.", review="2026-11-23")
    pair.clock.advance(timedelta(days=2))
    sent = told(pair, request_id, state="sent", remedies=True)
    assert (sent["sent_at"] is not None, sent["remedies"]) == (True, True)
    assert notify_clocks(pair, request_id)[-1][1:] == ("MET", "2026-11-23")
    said = [e["type"] for e in outbox(pair.qm.node) if e["type"] in {"notice.sent", "gate.failed"}]
    assert said == ["gate.failed", "notice.sent"]


def test_a_deferral_names_its_ground_and_a_day(verified_case: Case) -> None:
    pair, package_id = verified_case
    request_id = pair.package(pair.qm, package_id)["request_id"]
    refused = told(pair, request_id, 422, state="deferred", ground="s. 12")
    assert "day on which it is reviewed" in refused["detail"]
    later = told(pair, request_id, state="deferred", ground="s. 12", review="2027-06-20")
    assert (later["due_at"], later["ground"]) == ("2027-06-20T23:59:59.000Z", "s. 12")
    assert notify_clocks(pair, request_id) == [
        ("P-notify.request.1", "OVER", "2027-05-20"),
        ("P-notify.request.2", "RUNNING", "2027-06-20"),
    ]
    past = told(pair, request_id, 409, state="deferred", ground="s. 12", review="2020-05-20")
    assert past["code"] == "review_past"
    pair.clock.advance(timedelta(days=300))
    told(pair, request_id, state="sent", remedies=True)
    assert notify_clocks(pair, request_id)[1][1] == "LATE"
    assert told(pair, request_id, 409, state="sent")["code"] == "told_before"


def notify_clocks(pair: Pair, request_id: str) -> list[tuple[str, str, str]]:
    """Return each time that ran until the person had to be told: name, state, last day."""
    answer = pair.qm.call("approver", "GET", f"/v1/requests/{request_id}/clocks")
    return [
        (each["clock_id"], each["state"], str(each["due_at"])[:10])
        for each in answer["clocks"]
        if each["act"] == "notify"
    ]


def test_nothing_obtained_is_nothing_to_tell(accepted_case: Case) -> None:
    pair, request_id = accepted_case
    assert told(pair, request_id, 409, state="sent")["code"] == "nothing_obtained"


def test_what_nobody_was_told_of_in_time_is_a_breach(verified_case: Case) -> None:
    pair, package_id = verified_case
    request_id = pair.package(pair.qm, package_id)["request_id"]
    told(pair, request_id, state="deferred", ground="s. 12", review="2026-11-25")
    pair.clock.advance(timedelta(days=400))
    for _ in range(3):
        pair.qm.node.app.state.jobs["clocks"].work()
        pair.clock.advance(timedelta(minutes=2))
    breached = [e["reason"] for e in outbox(pair.qm.node) if e["type"] == "clock.breached"]
    assert "notify" in breached


def test_costs_are_told_to_the_other_country(accepted_case: Case) -> None:
    pair, request_id = accepted_case
    body = {"state": "claimed", "amount": 420, "currency": "EUR", "text": "Copying of a disk."}
    path = f"/v1/requests/{request_id}/costs"
    assert pair.qn.node.client("approver").post(path, json=body).status_code == 204
    for _ in range(30):
        pair.qn.step()
        pair.qm.courier.work()
    (claimed,) = [e for e in outbox(pair.qm.node) if e["type"] == "costs.claimed"]
    assert (claimed["reason"], claimed["count"]) == ("CUR-EUR", 420)
    refused = pair.qm.node.client("approver").post(path, json=body)
    assert (refused.status_code, refused.json()["code"]) == (409, "other_side")
