"""Requests over HTTP: each step with its guard, and what a clerk reads when it is refused."""

from typing import Any

import pytest

from services.exchange.store import entries, requests
from shared.protocol.entries import read_entry
from tests.service.exchange.filling import assessed
from tests.service.exchange.node import Answer, Node, draft, outbox

NOBODY = "019aaaaa-0000-7000-8000-000000000000"


def post(node: Node, role: str, path: str, body: Any = None, status: int = 200) -> Answer:  # noqa: ANN401
    answer = node.client(role).post(f"/v1/requests{path}", json=body)
    assert answer.status_code == status, answer.text
    content: Answer = answer.json()
    return content


def drafted(node: Node, **changed: Any) -> Answer:  # noqa: ANN401
    return post(node, "preparer", "", draft(**changed), 201)


def submitted(node: Node, **changed: Any) -> Answer:  # noqa: ANN401
    request = drafted(node, **changed)
    approval = node.approval("preparer", "request.prepare", request)
    return post(node, "preparer", f"/{request['request_id']}/submit", approval)


def approved(node: Node) -> Answer:
    request = submitted(node)
    assessed(node, request["request_id"])
    approval = node.approval("approver", "request.approve", request)
    return post(node, "approver", f"/{request['request_id']}/approve", approval)


def recorded(node: Node) -> list[str]:
    return [str(event["type"]) for event in outbox(node)]


def test_a_draft_shows_what_officers_will_approve(qm: Node) -> None:
    request = drafted(qm)
    assert (request["state"], request["version"], request["direction"]) == ("S00", 1, "out")
    assert request["document"]["measures"][1]["range"]["from"] == "2026-01-03T00:00:00Z"
    assert [m["measure_id"] for m in request["measures"]] == ["M01", "M02"]
    assert request["measures"][0]["state"] == "S00"
    assert (request["kind"], request["urgency"], request["instrument"]) == ("MLA", "ROUTINE", "BUD")
    assert request["open_acts"] == ["amend", "submit"]
    assert request["history"] == [
        {"at": "2026-11-21T12:00:00.000Z", "state": "S00", "by": "urn:rogatory:QM:preparer"}
    ]
    assert request["waiting_for"] == "the preparer, to submit it with an approval"
    assert request["entry"] is None
    shown = qm.client("approver").get(f"/v1/requests/{request['request_id']}")
    assert shown.json() == request


def test_a_request_is_drafted_approved_by_two_and_sent(qm: Node) -> None:
    request = approved(qm)
    assert [a["act"] for a in request["approvals"]] == ["request.prepare", "request.approve"]
    sent = post(qm, "approver", f"/{request['request_id']}/send")
    assert sent["state"] == "S04"
    assert [step["state"] for step in sent["history"]] == ["S00", "S01", "S03", "S04"]
    assert sent["entry"]["channel"] == "QM>QN"
    assert sent["entry"]["seq"] == 1  # 0 opened the channel
    with qm.parts.database.begin() as db:
        stored = entries.by_hash(db, sent["entry"]["hash"])
    assert stored is not None
    body = read_entry(stored.jws).entry.body
    assert body["document"] == sent["document"]
    assert isinstance(body["approvals"], list)
    assert len(body["approvals"]) == 2
    told = [each for each in recorded(qm) if each not in {"gate.passed", "gate.found"}]
    assert told[: told.index("request.described")] == [
        "request.drafted",
        "request.submitted",
        "request.approved",
        "transfer.intent",
        "transfer.intent",
        "request.sent",
    ]
    described = [each["reason"] for each in outbox(qm) if each["type"] == "request.described"]
    assert {"KIND-MLA", "URG-ROUTINE", "INS-BUD", "LVL-P"} <= set(described)
    assert len([each for each in described if str(each).startswith("PAIR-QM_QN_")]) == 1
    assert described[-2:] == ["MEA-03", "MEA-04"]


def test_an_amended_draft_is_a_new_version_and_voids_approvals(qm: Node) -> None:
    request = drafted(qm)
    approval = qm.approval("preparer", "request.prepare", request)
    url = f"/v1/requests/{request['request_id']}"
    amended = (
        qm.client("preparer").put(url, json=draft(facts="Two accounts were emptied. " * 5)).json()
    )
    assert (amended["version"], amended["state"]) == (2, "S00")
    assert amended["digest"] != request["digest"]
    refused = post(qm, "preparer", f"/{request['request_id']}/submit", approval, 422)
    assert refused["code"] == "bad_approval"
    assert (refused["version"], refused["digest"]) == (2, amended["digest"])


def test_what_was_submitted_is_not_amended(qm: Node) -> None:
    request = submitted(qm)
    answer = qm.client("preparer").put(f"/v1/requests/{request['request_id']}", json=draft())
    assert answer.status_code == 409
    assert answer.json()["code"] == "wrong_state"
    assert answer.json()["next"] == "Possible now: approve, return."


def test_a_request_to_oneself_is_refused(qm: Node) -> None:
    assert post(qm, "preparer", "", draft(to="QM"), 422)["code"] == "own_country"


@pytest.mark.parametrize(
    ("changed", "code", "rule"),
    [
        ({"to": "QX"}, "unknown_peer", "G01"),
        ({"legal_basis": [{"instrument": "UNCC", "article": "1"}]}, "no_legal_basis", "G24"),
    ],
)
def test_a_gate_is_asked_before_anybody_approves(
    qm: Node, changed: Answer, code: str, rule: str
) -> None:
    request = drafted(qm, **changed)
    approval = qm.approval("preparer", "request.prepare", request)
    refused = post(qm, "preparer", f"/{request['request_id']}/submit", approval, 409)
    assert (refused["code"], refused["rule"].split(":")[0]) == (code, rule)
    assert refused["next"]
    shown = qm.client("preparer").get(f"/v1/requests/{request['request_id']}").json()
    assert shown["state"] == "S00"


def test_the_basis_named_in_the_refusal_is_one_that_both_have(qm: Node) -> None:
    request = drafted(qm, legal_basis=[{"instrument": "UNCC", "article": "1"}])
    approval = qm.approval("preparer", "request.prepare", request)
    refused = post(qm, "preparer", f"/{request['request_id']}/submit", approval, 409)
    assert "BUD" in refused["next"]
    assert "UNTOC" in refused["next"]


@pytest.mark.parametrize(
    ("role", "changed", "status", "code"),
    [
        ("preparer", {}, 403, "officer_not_allowed"),
        ("approver", {"officer": "QM-preparer"}, 422, "bad_approval"),
        ("approver", {"version": 2}, 422, "bad_approval"),
        ("approver", {"digest": "00" * 32}, 422, "bad_approval"),
        ("approver", {"object_id": NOBODY}, 422, "bad_approval"),
        ("approver", {"decision": "reject"}, 422, "bad_approval"),
    ],
)
def test_a_wrong_approval_moves_nothing(
    qm: Node, role: str, changed: Answer, status: int, code: str
) -> None:
    request = submitted(qm)
    approval = qm.approval(role, "request.approve", request, **changed)
    refused = post(qm, "approver", f"/{request['request_id']}/approve", approval, status)
    assert refused["code"] == code
    assert refused["rule"] == "G19"
    shown = qm.client("approver").get(f"/v1/requests/{request['request_id']}").json()
    assert shown["state"] == "S01"


def test_an_approval_that_is_none_is_refused_in_words(qm: Node) -> None:
    request = drafted(qm)
    path = f"/{request['request_id']}/submit"
    refused = post(qm, "preparer", path, {"approval": "not.an.approval"}, 422)
    assert refused["next"].startswith("Sign an approval")


def test_nothing_is_sent_when_an_approving_officer_has_left(qm: Node) -> None:
    request = approved(qm)
    kid = next(k for k, one in qm.parts.officers.by_kid.items() if one.name == "QM-approver")
    del qm.parts.officers.by_kid[kid]  # type: ignore[attr-defined] # the registry that was read
    refused = post(qm, "approver", f"/{request['request_id']}/send", None, 409)
    assert (refused["code"], refused["gates"]) == ("approval_missing", ["G19"])
    assert recorded(qm)[-1] == "gate.failed"
    shown = qm.client("approver").get(f"/v1/requests/{request['request_id']}").json()
    assert (shown["state"], shown["entry"]) == ("S03", None)


def test_nothing_is_sent_when_the_stored_document_was_changed(qm: Node) -> None:
    request = approved(qm)
    with qm.parts.database.begin() as db:
        known = requests.find(db, request["request_id"])
        changed = known.document.replace(b"QM-2026-0042", b"QM-2026-0043")
        requests.replace_document(db, _with_document(known, changed))
    refused = post(qm, "approver", f"/{request['request_id']}/send", None, 409)
    assert (refused["code"], refused["gates"]) == ("digest_mismatch", ["G22"])


def _with_document(request: Any, document: bytes) -> Any:  # noqa: ANN401
    import dataclasses  # noqa: PLC0415

    return dataclasses.replace(request, document=document)


def test_requests_are_listed_newest_first_by_direction_and_state(qm: Node) -> None:
    first, second = drafted(qm), submitted(qm)
    client = qm.client("receiver")
    everything = client.get("/v1/requests").json()["requests"]
    assert {r["request_id"] for r in everything} == {first["request_id"], second["request_id"]}
    drafts = client.get("/v1/requests", params={"direction": "out", "state": "S00"}).json()
    assert [r["request_id"] for r in drafts["requests"]] == [first["request_id"]]
    assert client.get("/v1/requests", params={"direction": "in"}).json() == {"requests": []}
    assert client.get("/v1/requests", params={"state": "S99"}).status_code == 422


def test_an_unknown_request_is_not_found(qm: Node) -> None:
    answer = qm.client("preparer").get(f"/v1/requests/{NOBODY}")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_request")


@pytest.mark.parametrize(
    ("role", "method", "path"),
    [
        ("approver", "POST", ""),
        ("preparer", "POST", f"/{NOBODY}/approve"),
        ("preparer", "POST", f"/{NOBODY}/acknowledge"),
        ("receiver", "POST", f"/{NOBODY}/execute"),
        ("oversight", "GET", ""),
    ],
)
def test_a_role_does_only_its_own(qm: Node, role: str, method: str, path: str) -> None:
    answer = qm.client(role).request(method, f"/v1/requests{path}", json={})
    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")


def test_a_field_that_is_wrong_is_named_and_not_repeated(qm: Node) -> None:
    refused = post(qm, "preparer", "", draft(measures=[{"code": 7}], secret="s3cret"), 422)
    assert "measures" in refused["detail"]
    assert "s3cret" not in str(refused)
