"""What an oversight body sees."""

from dataclasses import replace

import pytest

from shared.protocol import leaves, merkle
from shared.protocol.canonical import unb64, unb64u
from shared.protocol.checkpoints import verify_checkpoint
from shared.protocol.leaves import format_time
from shared.protocol.logproofs import verify_log_proof
from tests.service.audit.caller import OVERSEER, Node, checkpoint, told
from tests.service.audit.logbook import (
    CONFIDENTIAL,
    KEY,
    request_id,
    transfer,
)


def shown(node: Node, query: str) -> list[int]:
    """The indexes of the entries that are shown, each of them proven under the page's checkpoint."""
    page = node.look(f"entries?{query}")
    stated = verify_checkpoint(page["checkpoint"], KEY.vkeys())
    assert stated.size == page["size"]
    for each in page["entries"]:
        leaf = merkle.leaf_hash(unb64u(each["leaf"]))
        path = [unb64(step) for step in each["path"]]
        merkle.verify_inclusion(each["index"], stated.size, leaf, path, stated.root)
    return [each["index"] for each in page["entries"]]


def filled(node: Node) -> list[leaves.Leaf]:
    """A log of five entries; the leaves of it."""
    personal = {"officer": "Q. Example"}
    case: dict[str, object] = {"case_id": request_id(1), "peer": "QN", "personal": personal}
    made = []
    told_of: list[dict[str, object]] = [{}, case, {"peer": "QX"}, case]
    for number, members in enumerate(told_of, start=1):
        node.clock.back(seconds=-10)
        (result,) = node.post(told(number, **members)).json()["results"]
        made.append(leaves.parse(unb64u(result["leaf"])))
    return made


def test_an_overseer_sees_ranges_cases_and_peers(node: Node) -> None:
    made = filled(node)
    assert shown(node, "from=1&to=3") == [1, 2]
    assert shown(node, "size=5") == [0, 1, 2, 3, 4]
    assert shown(node, "peer=QN") == [2, 4]
    assert shown(node, f"case={request_id(1)}") == [2, 4]
    assert shown(node, f"case={made[1].case_ref}&from=3") == [4]
    assert shown(node, "peer=QZ") == []
    assert node.get("/oversight/entries?case=x", OVERSEER).status_code == 400
    assert node.get("/oversight/entries?size=4000", OVERSEER).status_code == 404
    assert node.get(f"/oversight/entries?size={2**53 - 1}", OVERSEER).status_code == 404
    assert node.get("/oversight/entries?form=1", OVERSEER).status_code == 422


def test_a_range_of_time_shows_its_neighbours(node: Node) -> None:
    made = filled(node)
    since, until = (format_time(each.seq_time) for each in (made[1], made[3]))
    assert shown(node, f"since={since}&until={until}&size=5") == [1, 2, 3, 4]
    assert shown(node, "since=2000-01-01T00:00:00.000Z&until=2000-01-02T00:00:00.000Z&size=5") == [
        0
    ]
    assert shown(node, "since=2100-01-01T00:00:00.000Z&size=5") == [4]
    assert node.get("/oversight/entries?since=today", OVERSEER).status_code == 400


def test_pages_follow_each_other_under_one_size(node: Node) -> None:
    filled(node)
    first = node.look("entries?limit=2")
    assert (first["next"], first["size"]) == (2, 5)
    second = node.look("entries?limit=2&from=2&size=5")
    assert [each["index"] for each in second["entries"]] == [2, 3]
    last = node.look("entries?limit=2&from=4&size=5")
    assert (len(last["entries"]), last["next"]) == (1, None)
    assert [first["checkpoint"]] * 2 == [second["checkpoint"], last["checkpoint"]]


def test_openings_are_shown_to_the_overseer(node: Node) -> None:
    filled(node)
    (entry,) = node.look("entries?from=2&to=3")["entries"]
    (opening,) = entry["openings"]
    assert (opening["name"], opening["value"]) == ("officer", "Q. Example")
    assert len(unb64u(opening["salt"])) == 32


def test_each_access_is_recorded_with_its_purpose(node: Node) -> None:
    node.look("entries?peer=QN")
    node.look("key")
    events = [told(1)]
    node.post(*events)
    size, _ = checkpoint(node)
    page = node.look(f"entries?size={size}")
    queried = [
        (leaves.parse(unb64u(each["leaf"])), {o["name"]: o["value"] for o in each["openings"]})
        for each in page["entries"]
        if b"audit.queried" in unb64u(each["leaf"])
    ]
    assert [(leaf.outcome, leaf.count) for leaf, _ in queried] == [("entries", 0), ("key", 1)]
    assert queried[0][1] == {
        "client": "urn:rogatory:QM:oversight",
        "purpose": "yearly inspection",
        "query": "peer=QN",
    }


@pytest.mark.parametrize("purpose", [None, "  ", "x" * 501])
def test_nobody_looks_without_a_purpose(node: Node, purpose: str | None) -> None:
    answer = node.get("/oversight/entries", replace(OVERSEER, purpose=purpose))
    assert (answer.status_code, answer.json()["code"]) == (400, "purpose_missing")


def test_the_case_key_is_the_one_the_log_began_with(node: Node) -> None:
    answer = node.look("key")
    (first,) = node.look("entries?from=0&to=1")["entries"]
    commit = leaves.parse(unb64u(first["leaf"])).commit
    assert commit == {answer["field"]: answer["digest"]}
    assert unb64u(answer["key"]) == CONFIDENTIAL.log_case


def test_one_entry_is_proven_under_any_checkpoint(node: Node) -> None:
    node.post(told(1))
    node.post(told(2))
    for size in (2, 3):
        answer = node.look(f"proof?index=1&size={size}")
        proven = verify_log_proof(answer["proof"], unb64u(answer["leaf"]), KEY.vkeys())
        assert (proven.index, proven.checkpoint.size) == (1, size)
    assert node.look("proof?index=1")["index"] == 1
    assert node.get("/oversight/proof?index=7&size=3", OVERSEER).status_code == 422


def test_counterparts_are_shown_as_they_came(node: Node) -> None:
    (theirs,) = node.post(told(1)).json()["results"]
    members = transfer(type="transfer.received", direction="in", channel="QN>QM")
    members["counterpart"] = {"leaf": theirs["leaf"], "proof": theirs["proof"]}
    node.post(told(2, **members), told(3))
    answer = node.look("counterparts")
    assert answer["counterparts"] == [
        {"index": 2, "leaf": theirs["leaf"], "proof": theirs["proof"]}
    ]
    assert answer["next"] is None
    assert node.look("counterparts?from=3")["counterparts"] == []
