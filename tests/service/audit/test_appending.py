"""Events in, leaves and proofs out."""

import pytest

from shared.protocol import leaves
from shared.protocol.canonical import unb64u
from shared.protocol.logproofs import verify_log_proof
from tests.service.audit.caller import OPS, OVERSEER, Node, told
from tests.service.audit.logbook import (
    KEY,
    request_id,
    transfer,
)


def test_an_event_is_answered_with_leaf_and_proof(node: Node) -> None:
    answer = node.post(told(1, **transfer(transfer_id=request_id(9), size=5)), told(2))
    assert answer.status_code == 200
    for index, result in enumerate(answer.json()["results"], start=1):
        leaf = unb64u(result["leaf"])
        assert verify_log_proof(result["proof"], leaf, KEY.vkeys()).index == index
        assert result["index"] == index
        assert leaves.parse(leaf).event_id == result["event_id"]


def test_the_same_event_again(node: Node) -> None:
    once = node.post(told(1)).json()
    node.post(told(2))
    assert node.post(told(1)).json() == once
    refused = node.post(told(1, reason="other"))
    assert (refused.status_code, refused.json()["code"]) == (409, "event_conflict")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"events": []}, 422),
        ({"events": [{}]}, 422),
        ({"events": [told(1) | {"surprise": 1}]}, 422),
        ({"events": [told(1, type="no.such_event")]}, 400),
        ({"events": [told(number) for number in range(257)]}, 422),
        ({"events": [told(1) | {"personal": {"officer": "x" * 1001}}]}, 422),
        ({"events": ["x" * 2**22]}, 413),
    ],
)
def test_a_body_that_is_not_taken(node: Node, body: object, status: int) -> None:
    answer = node.client.post("/entries", json=body, auth=node.asserting("exchange"))
    assert answer.status_code == status


def test_who_may_what(node: Node) -> None:
    assert node.client.post("/entries", json={}).status_code == 401
    assert node.client.get("/checkpoint").status_code == 401
    assert node.post(told(1), service="audit").status_code == 403
    for path in ("/checkpoint", "/tile/0/000.p/1", "/proofs/consistency?from=0&to=1"):
        assert node.get(path, service="exchange").status_code == 200
        assert node.get(path, service="gateway").status_code == 200
    for path in ("entries", "key", "counterparts", "proof?index=0"):
        assert node.get(f"/oversight/{path}", OPS).status_code == 403
        assert node.get(f"/oversight/{path}", service="exchange").status_code == 403
    assert node.get("/tile/entries/000.p/1", OPS).status_code == 403
    assert node.get("/ops/inspections/newest", OVERSEER).status_code == 403


def test_a_call_holds_256_events_with_their_counterparts(node: Node) -> None:
    (theirs,) = node.post(told(1)).json()["results"]
    members = transfer(type="transfer.received", direction="in", channel="QN>QM")
    members["counterpart"] = {"leaf": theirs["leaf"], "proof": theirs["proof"]}
    answer = node.post(*(told(number, **members) for number in range(2, 258)))
    assert [each["index"] for each in answer.json()["results"]] == list(range(2, 258))
