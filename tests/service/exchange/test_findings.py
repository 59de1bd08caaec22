"""What people find: who may say what at which gate, that it is kept with its signature, what it opens."""

from dataclasses import replace
from typing import Any

import pytest

from services.exchange.records import RequestsWanted
from services.exchange.store import findings, packages, requests
from shared.protocol.law.lifecycle import State
from tests.service.exchange.filling import (
    ANSWERS,
    ASSESSMENT,
    assessed,
    close,
    declare,
    put_segment,
)
from tests.service.exchange.node import Answer, Node, draft, outbox, receive_request, release

REASONS = "The authority looked at it and finds that it goes along, since it cannot be taken apart."
FIRST: Any = draft()["measures"][0]
CONTENT = {**FIRST, "code": "MEA-07", "data": ["DC-CNT"]}


def say(
    node: Node,
    desk: str,
    path: str,
    subject: Answer,
    status: int = 201,
    /,
    **said: Any,  # noqa: ANN401
) -> Answer:
    signed = node.said(desk, "finding", "findings", subject, **said)
    answer = node.client(desk).post(f"{path}/findings", json=signed)
    assert answer.status_code == status, answer.text
    content: Answer = answer.json()
    return content


def show(node: Node, path: str) -> Answer:
    content: Answer = node.client("approver").get(path).json()
    return content


def found(role: str = "RD-CA", **changed: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"gate": "G04", "role": role, "verdict": "pass", "text": ASSESSMENT, **changed}


@pytest.fixture
def asked(qn: Node) -> str:
    return f"/v1/requests/{receive_request(qn)}"


def test_a_finding_is_kept_with_who_made_it(qn: Node, asked: str) -> None:
    told = say(qn, "approver", asked, show(qn, asked), **found())
    (one,) = told["findings"]
    assert (one["gate"], one["officer"], one["verdict"]) == ("G04", "QN-approver", "pass")
    assert show(qn, f"{asked}/findings") == told
    event = outbox(qn)[-1]
    assert (event["type"], event["reason"]) == ("gate.found", "G04")
    assert event["personal"]["approved_by"] == "QN-approver"  # type: ignore[index,call-overload]


@pytest.mark.parametrize(
    ("role", "said", "status", "code"),
    [
        ("approver", found(gate="G05", role="RD-JUD"), 422, "not_for_this_role"),
        ("approver", found(gate="G01"), 422, "not_for_this_role"),
        ("approver", found(gate="G99"), 422, "not_for_this_role"),
        ("approver", found(verdict="override", text=REASONS), 422, "not_for_this_role"),
        ("approver", found(verdict="fail", text="No."), 422, "reasons_missing"),
        ("approver", found(items=["M09"]), 422, "unknown_item"),
        ("approver", found(case="QM-2026-0091"), 422, "case_unsaid"),
        ("approver", found(recipient="QR"), 422, "case_unsaid"),
        ("approver", found(verdict="concern", text=REASONS), 422, "no_concern_here"),
        ("approver", found(gate="G06", verdict="concern", text="?"), 422, "reasons_missing"),
        ("approver", found(items=["M01", "M01"]), 422, "unknown_item"),
        ("court", found(), 403, "role_not_held"),
        ("assessor", found(gate="G09"), 403, "role_not_held"),
    ],
)
def test_who_may_not_say_what(
    qn: Node, asked: str, role: str, said: dict[str, Any], status: int, code: str
) -> None:
    refused = say(qn, role, asked, show(qn, asked), status, **said)
    assert refused["code"] == code
    assert refused["next"]
    assert show(qn, f"{asked}/findings")["findings"] == []


def test_a_concern_is_looked_at_by_two_and_the_log_has_no_word_of_it(qn: Node, asked: str) -> None:
    why = "Since 2024 the person has had asylum here, from the country that asks."
    say(qn, "approver", asked, show(qn, asked), **found(gate="G06", verdict="concern", text=why))
    waiting = {each["gate"] for each in show(qn, f"{asked}/gates")["gates"] if each["role"]}
    assert waiting == {"G04", "G05", "G06"}
    events = outbox(qn)
    assert (events[-1]["type"], events[-1]["reason"]) == ("gate.found", "G06")
    assert "asylum" not in str(events)
    assert "concern" not in str(events)


def test_another_statement_than_the_signed_one_is_refused(qn: Node, asked: str) -> None:
    signed = qn.said("approver", "finding", "findings", show(qn, asked), **found())
    signed["statement"] = {**signed["statement"], "verdict": "fail"}
    answer = qn.client("approver").post(f"{asked}/findings", json=signed)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_approval")


def test_a_finding_is_void_when_its_officer_has_left_or_the_store_was_changed(
    qn: Node, asked: str
) -> None:
    say(qn, "approver", asked, show(qn, asked), **found())
    registry: Any = qn.parts.officers.by_kid
    kid, officer = next((k, o) for k, o in registry.items() if o.name == "QN-approver")
    registry[kid] = replace(officer, roles=frozenset())
    assert show(qn, f"{asked}/findings")["findings"] == []
    del registry[kid]
    assert show(qn, f"{asked}/findings")["findings"] == []
    registry[kid] = officer
    request_id = asked.rpartition("/")[2]
    with qn.parts.database.begin() as db:
        (kept,) = findings.of(db, request_id)
        forged = kept.statement.replace(b'"G04"', b'"G05"')
        findings.add(db, replace(kept, statement=forged))
    assert [each["gate"] for each in show(qn, f"{asked}/findings")["findings"]] == ["G04"]


def test_the_gates_say_what_they_wait_for(qn: Node, asked: str) -> None:
    told = show(qn, f"{asked}/gates")
    assert told["moment"] == "accept"
    waiting = {each["gate"]: each["role"] for each in told["gates"] if each["state"] == "waits"}
    assert waiting == {"G04": "RD-CA", "G05": "RD-CA"}
    assert {each["state"] for each in told["gates"]} == {"open", "waits"}


def content_package(node: Node, *, answers: Any = None) -> Answer:  # noqa: ANN401
    """Close a package with two items of content (tier 3)."""
    request_id = receive_request(node, state=State.EXECUTING, measures=[CONTENT])
    assessed(node, request_id)
    said = {"request_id": request_id, "measures": ["M01"], "title": "Mail", "segment_size": 2**20}
    made = node.client("preparer").post("/v1/packages", json=said).json()
    for name in ("a.txt", "b.txt"):
        told = answers or {**ANSWERS, "category": "DC-CNT"}
        item = declare(node, made["package_id"], name, b"abc", answers=told)
        assert put_segment(node, made["package_id"], item, 0, b"abc").status_code == 201
    closed = close(node, made["package_id"])
    assert closed["state"] == "COLLECTED"
    return closed


def looked(node: Node, package: Answer, *verdicts: str, status: int = 201) -> Answer:
    """Filter the items of a package, in their order."""
    path = f"/v1/packages/{package['package_id']}"
    items = node.client("privilege").get(f"{path}/items").json()["items"]
    rows = [
        {"item_id": item["item_id"], "verdict": verdict}
        for item, verdict in zip(items, verdicts, strict=False)
    ]
    signed = node.said("privilege", "package.filter", "filter", package, items=rows)
    answer = node.client("privilege").post(f"{path}/filter", json=signed)
    assert answer.status_code == status, answer.text
    content: Answer = answer.json()
    return content


def cleared(node: Node, package: Answer, status: int = 200) -> Answer:
    path = f"/v1/packages/{package['package_id']}"
    if node.client("preparer").get(path).json()["state"] == "COLLECTED":
        signed = node.approval("preparer", "package.prepare", package)
        assert node.client("preparer").post(f"{path}/prepare", json=signed).is_success
    signed = node.approval("approver", "package.clear", package)
    answer = node.client("approver").post(f"{path}/clear", json=signed)
    assert answer.status_code == status, answer.text
    content: Answer = answer.json()
    return content


def test_content_leaves_when_the_filter_team_found_it_clean(qn: Node) -> None:
    package = content_package(qn)
    refused = cleared(qn, package, 409)
    assert (refused["code"], refused["gates"]) == ("filter_missing", ["G11"])
    told = looked(qn, package, "clean", "clean")
    assert [each["verdict"] for each in told["filtered"]] == ["clean", "clean"]
    assert cleared(qn, package)["state"] == "CLEARED"
    assert release(qn, package["package_id"]).status_code == 202
    too_late = looked(qn, package, "privileged", status=409)
    assert too_late["code"] == "already_cleared"


def test_privileged_items_stay_and_only_a_court_waives(qn: Node) -> None:
    package = content_package(qn)
    told = looked(qn, package, "privileged", "clean")
    counted = next(e for e in reversed(outbox(qn)) if e["type"] == "package.filtered")
    assert counted["count"] == 1
    refused = cleared(qn, package, 409)
    assert refused["code"] == "privileged"
    path = f"/v1/packages/{package['package_id']}"
    item = told["filtered"][0]["item_id"]
    said = {"gate": "G11", "verdict": "override", "text": REASONS, "items": [item]}
    denied = say(qn, "approver", path, package, 422, role="RD-CA", **said)
    assert denied["code"] == "not_for_this_role"
    say(qn, "court", path, package, role="RD-JUD", **said)
    event = outbox(qn)[-1]
    assert (event["type"], event["reason"]) == ("gate.overridden", "G11")
    assert cleared(qn, package)["state"] == "CLEARED"


def test_nothing_is_found_of_a_package_that_can_still_change(qn: Node) -> None:
    request_id = receive_request(qn, state=State.EXECUTING)
    said = {"request_id": request_id, "measures": ["M01"], "title": "x"}
    made = qn.client("preparer").post("/v1/packages", json=said).json()
    path = f"/v1/packages/{made['package_id']}"
    made["digest"] = "00" * 48
    refused = say(
        qn, "approver", path, made, 409, **found(gate="G03", verdict="override", text=REASONS)
    )
    assert refused["code"] == "not_closed"


def test_what_goes_beyond_the_request_needs_the_authority(qn: Node) -> None:
    package = content_package(qn, answers={"measure_id": "M01", "category": "DC-TRF"})
    looked(qn, package, "clean", "clean")
    refused = cleared(qn, package, 409)
    assert refused["code"] == "beyond_request"
    path = f"/v1/packages/{package['package_id']}"
    shut = next(g for g in show(qn, f"{path}/gates")["gates"] if g["gate"] == "G03")
    assert (shut["state"], len(shut["items"])) == ("shut", 2)
    said = {"gate": "G03", "role": "RD-CA", "verdict": "override", "text": REASONS}
    say(qn, "approver", path, package, items=[shut["items"][0]], **said)
    assert cleared(qn, package, 409)["code"] == "beyond_request"  # the other one
    say(qn, "approver", path, package, **said)
    assert cleared(qn, package)["state"] == "CLEARED"
    gates = {g["gate"]: g for g in show(qn, f"{path}/gates")["gates"]}
    assert (gates["G03"]["state"], gates["G03"]["by"]) == ("open", ["QN-approver"])


@pytest.mark.parametrize(
    ("answers", "code"),
    [
        ({**ANSWERS, "measure_id": "M02"}, "other_measure"),
        ({**ANSWERS, "category": "DC-XXX"}, "unknown_category"),
    ],
)
def test_what_a_file_cannot_answer(qn: Node, answers: Any, code: str) -> None:  # noqa: ANN401
    request_id = receive_request(qn, state=State.EXECUTING)
    said = {"request_id": request_id, "measures": ["M01"], "title": "x"}
    made = qn.client("preparer").post("/v1/packages", json=said).json()
    url = f"/v1/packages/{made['package_id']}/items/019aaaaa-0000-7000-8000-000000000000"
    file = {"original_name": "a", "size": 0, "sha256": "00" * 32, "answers": answers}
    refused = qn.client("preparer").put(url, json=file)
    assert (refused.status_code, refused.json()["code"]) == (422, code)


def test_a_finding_about_an_earlier_version_does_not_count(qm: Node) -> None:
    made = qm.client("preparer").post("/v1/requests", json=draft()).json()
    path = f"/v1/requests/{made['request_id']}"
    assessed(qm, made["request_id"])
    assert len(show(qm, f"{path}/findings")["findings"]) == 1
    assert qm.client("preparer").put(path, json=draft(urgency="URGENT")).is_success
    assert show(qm, f"{path}/findings")["findings"] == []
    assert show(qm, f"{path}/gates")["moment"] == "submit"


def test_a_request_and_a_package_that_are_not_there(qn: Node) -> None:
    nobody = "019aaaaa-0000-7000-8000-000000000000"
    for kind in ("requests", "packages"):
        for what in ("findings", "gates"):
            assert qn.client("approver").get(f"/v1/{kind}/{nobody}/{what}").status_code == 404
    with qn.parts.database.read() as db:
        assert not requests.listed(db, RequestsWanted())
        assert not packages.listed(db, direction=None, state=None)


def test_what_a_file_answers_is_said_before_the_package_is_closed(qn: Node) -> None:
    request_id = receive_request(qn, state=State.EXECUTING)
    said = {"request_id": request_id, "measures": ["M01"], "title": "x", "segment_size": 2**20}
    made = qn.client("preparer").post("/v1/packages", json=said).json()
    path = f"/v1/packages/{made['package_id']}"
    item = declare(qn, made["package_id"], "a.txt", b"abc", answers=None)
    assert put_segment(qn, made["package_id"], item, 0, b"abc").status_code == 201
    refused = qn.client("preparer").post(f"{path}/close")
    assert (refused.status_code, refused.json()["code"]) == (409, "answers_missing")
    assert refused.json()["items"] == [item]
    (told,) = qn.client("preparer").get(f"{path}/items").json()["items"]
    again = {key: told[key] for key in ("path", "original_name", "size", "sha256", "media_type")}
    url = f"{path}/items/{item}"
    other = qn.client("preparer").put(url, json={**again, "size": 4, "answers": ANSWERS})
    assert other.json()["code"] == "item_differs"
    assert qn.client("preparer").put(url, json={**again, "answers": ANSWERS}).status_code == 200
    unsaid = qn.client("preparer").put(url, json=again)
    assert (unsaid.status_code, unsaid.json()["answers"]["category"]) == (200, "DC-SUB")
    assert close(qn, made["package_id"])["state"] == "COLLECTED"
