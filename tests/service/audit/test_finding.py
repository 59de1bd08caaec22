"""What the running service answers about a case, as an overseer's client checks it."""

import time
from typing import Any

import pytest

from client.oversight.answers import Answer, Sought
from shared.protocol.identifiers import Country
from shared.protocol.trust import read_bundle
from tests.service.audit.caller import OPS, OVERSEER, Node, told
from tests.service.audit.logbook import CONFIDENTIAL, request_id


@pytest.fixture
def indexed(node: Node) -> Node:
    """A log of two cases whose index is logged, and one entry after it."""
    for number in range(1, 7):
        members = {"type": "request.sent", "case_id": request_id(number % 2), "peer": "QN"}
        assert node.post(told(number, **members)).status_code == 200
    node.clock.back(minutes=-2)
    deadline = time.monotonic() + 10
    while node.look("find?peer=QN")["index"] is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    node.post(told(20, type="request.closed", case_id=request_id(1), peer="QN"))
    return node


def read(node: Node, asked: str, sought: Sought) -> Answer:
    """Read an answer page by page, as the client does."""
    members = read_bundle(
        (node.keys.folder / "directory.json").read_bytes(),
        (node.keys.folder / "root.json").read_bytes(),
    )
    page: dict[str, Any] = node.look(f"find?{asked}&limit=3")
    answer = Answer.begin(page, sought, members[Country("QM")].log)
    answer.take(page)
    pinned = f"size={answer.stated.size}&covered={answer.root.size}"
    while answer.following is not None:
        answer.take(node.look(f"find?{asked}&limit=3&{pinned}&from={answer.following}"))
    return answer


def test_a_case_is_whole_and_another_never_was(indexed: Node) -> None:
    ref = CONFIDENTIAL.case_ref(request_id(1))
    whole = read(indexed, f"case={request_id(1)}", Sought(case_ref=ref))
    assert [each.event.type for each in whole.told] == ["request.sent"] * 3 + ["request.closed"]
    assert whole.index is not None
    assert len(read(indexed, "peer=QN", Sought(peer="QN")).told) == 7
    nobody = CONFIDENTIAL.case_ref(request_id(9))
    assert read(indexed, f"case={request_id(9)}", Sought(case_ref=nobody)).told == []


def test_that_somebody_looked_is_recorded(indexed: Node) -> None:
    indexed.look(f"find?case={request_id(1)}")
    indexed.post(told(21))
    asked = [
        opening["value"]
        for each in indexed.look("entries?from=8")["entries"]
        for opening in each["openings"]
        if opening["name"] == "query"
    ]
    assert f"case={request_id(1)}" in asked


def test_only_overseers_find(node: Node) -> None:
    assert node.get("/oversight/find?peer=QN", OPS).status_code == 403
    for query in ("", "?peer=QN&case=x", "?peer=Nowhere"):
        assert node.get(f"/oversight/find{query}", OVERSEER).status_code == 400
    assert node.get("/oversight/find?peer=QN&form=1", OVERSEER).status_code == 422
    refused = node.get("/oversight/find?peer=QN&covered=7", OVERSEER)
    assert (refused.status_code, refused.json()["code"]) == (404, "no_index")
