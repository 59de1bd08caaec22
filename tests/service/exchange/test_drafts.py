"""Drafts over HTTP: another shape is refused by its field, what is missing is told before it leaves."""

from typing import Any

from shared.protocol import canonical
from shared.protocol.law.documents import of_json
from tests.service.exchange.node import Node, draft

OFFENCE = {"name": "x", "provision": "y", "law": "z"}
ROWS: list[tuple[dict[str, Any], str]] = [
    ({"offences": [{**OFFENCE, "max_penalty_months": "60"}]}, "max_penalty_months"),
    ({"facts": "pay \u202e001\u202c"}, "facts"),
    ({"facts": "a\0b"}, "facts"),
    ({"requested_authority": "two\nlines"}, "requested_authority"),
    ({"retention": {"until": "2031-02-29", "review": "2027-01-01"}}, "retention.until"),
    ({"issued_at": "2026-11-20T09:30:00"}, "issued_at"),
    ({"zz": 1}, "zz"),
    ({"to": "qn"}, "body.to"),
    ({"v": 1}, "body.v"),
    ({"measures": [{"measure_id": "M01", "code": "MEA-03", "description": "x", "since": "y"}]}, "since"),
]  # fmt: skip


def test_what_has_another_shape_is_refused_by_its_field_and_not_repeated(qm: Node) -> None:
    for changed, field in ROWS:
        answer = qm.client("preparer").post("/v1/requests", json=draft(**changed))
        told = answer.json()
        assert (answer.status_code, field in told["detail"]) == (422, True), told
        assert "2031-02-29" not in answer.text
    assert qm.client("preparer").get("/v1/requests").json() == {"requests": []}


def test_a_draft_may_lack_anything_but_its_recipient(qm: Node) -> None:
    drafted = qm.client("preparer").post("/v1/requests", json={"to": "QN"}).json()
    assert drafted["document"] == {
        "v": 2,
        "request_id": drafted["request_id"],
        "from": "QM",
        "to": "QN",
        "measures": [],
    }
    refused = qm.client("preparer").post("/v1/requests", json={"facts": "x"})
    assert "body.to" in refused.json()["detail"]


def test_a_draft_that_asks_for_nothing_is_amended_and_not_handed_in(qm: Node) -> None:
    drafter = qm.client("preparer")
    path = f"/v1/requests/{drafter.post('/v1/requests', json={'to': 'QN'}).json()['request_id']}"
    for lacking in ({"to": "QN", "facts": "An account is misused."}, draft(measures=[])):
        amended = drafter.put(path, json=lacking).json()
        assert (amended["state"], amended["measures"]) == ("S00", [])
        approval = qm.approval("preparer", "request.prepare", amended)
        refused = drafter.post(f"{path}/submit", json=approval)
        assert (refused.status_code, "G02" in refused.json()["gates"]) == (409, True)
        assert refused.json()["next"]
    assert drafter.put(path, json=draft()).json()["measures"][0]["state"] == "S00"


def test_who_drafts_cannot_say_who_sends_it(qm: Node) -> None:
    boast = draft(request_id="R1", **{"from": "QX"})
    drafted = qm.client("preparer").post("/v1/requests", json=boast).json()
    assert drafted["document"]["from"] == "QM"
    assert drafted["document"]["request_id"] == drafted["request_id"] != "R1"


def test_what_stands_is_the_one_form_of_what_was_drafted(qm: Node) -> None:
    loose = draft(facts="  " + draft()["facts"] + "\n")
    drafted = qm.client("preparer").post("/v1/requests", json=loose).json()
    assert drafted["document"]["facts"] == draft()["facts"]
    assert of_json(drafted["document"]).request_id == drafted["request_id"]
    assert canonical.encode(drafted["document"])


def test_what_is_missing_stops_it_with_every_field_and_article(qm: Node) -> None:
    told = draft()
    del told["use_limitation"]
    del told["measures"][0]["necessity"]
    told["measures"][1]["identifiers"][0]["value"] = "0117"
    drafted = qm.client("preparer").post("/v1/requests", json=told).json()
    approval = qm.approval("preparer", "request.prepare", drafted)
    path = f"/v1/requests/{drafted['request_id']}/submit"
    answer = qm.client("preparer").post(path, json=approval)
    detail = answer.json()["detail"]
    assert answer.status_code == 409
    for part in ("J01 Undertaking", "E03 Why it is necessary", "(measure M01)", "G03 Identifiers"):
        assert part in detail
    assert "rogatory request check" in answer.json()["next"]
