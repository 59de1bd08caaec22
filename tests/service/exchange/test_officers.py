"""Whatever a national call causes is told with the officer whom the national system named.

The test walks through many acts of both countries and looks at every event; and it compares with the
sources: an event goes through `casework.record`, which takes who acts, or is known to be the node's own.
"""

import ast
from pathlib import Path
from typing import Any

import pytest

from services.exchange.store import contents
from tests.service.exchange.filling import (
    assessed,
    cleared_package,
    close,
    declare,
    new_package,
    upload,
)
from tests.service.exchange.node import Answer, Node, draft, grant, outbox, release
from tests.service.exchange.pair import Pair
from tests.service.exchange.test_deciding import decide, taken_up
from tests.service.exchange.test_requests import approved, drafted, post

SOURCES = Path(__file__).resolve().parents[3] / "services/exchange"
# What peers cause, or what the node finds by itself; nobody at home has asked for it.
OWN = {"channel_watch", "contradictions", "intake", "recovery", "refusing", "timing"}
# Who acts without a person: workers, the peer, the clocks.
WORKERS = {
    "arrivals", "closing", "disposal", "fetching", "preserving",
    "progress", "proving", "unanswered", "urgency",
}  # fmt: skip
ROWS = {"packages", "requests"}  # the first step of a history names who began it


def calls(path: Path) -> set[str]:
    """What a source calls, as `module.name` or `name`, and with which keywords."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call):
            words = {keyword.arg for keyword in node.keywords}
            found.add(f"{ast.unparse(node.func)}({'officer' if 'officer' in words else ''})")
    return found


def test_every_event_goes_through_one_door_or_is_the_nodes_own() -> None:
    direct = {"correspondence.record()", "correspondence.post_event()"}
    found = {path.stem for path in SOURCES.rglob("*.py") if calls(path) & direct}
    assert found == OWN | {"casework"}


def test_only_workers_act_without_an_officer() -> None:
    found = {path.stem for path in SOURCES.rglob("*.py") if "Actor()" in calls(path)}
    assert found == WORKERS | ROWS


def requesting(qm: Node) -> None:
    request = drafted(qm)
    path = f"/v1/requests/{request['request_id']}"
    assert qm.client("preparer").put(path, json=draft(urgency="URGENT")).is_success
    sent = approved(qm)
    post(qm, "approver", f"/{sent['request_id']}/send")
    left = approved(qm)
    kid = next(k for k, one in qm.parts.officers.by_kid.items() if one.name == "QM-approver")
    gone = qm.parts.officers.by_kid.pop(kid)  # type: ignore[attr-defined] # the registry that was read
    post(qm, "approver", f"/{left['request_id']}/send", None, 409)
    qm.parts.officers.by_kid[kid] = gone  # type: ignore[index]
    assert qm.client("oversight").get("/v1/audit/channels/QN/links").is_success


def executing(qn: Node) -> None:
    accepted = taken_up(qn)
    assessed(qn, accepted, "G04", "G05")
    decide(qn, accepted, "accept", note="")
    post(qn, "preparer", f"/{accepted}/execute", {})
    refused = taken_up(qn)
    consult = {"text": "Would subscriber data alone be enough for your purpose?"}
    post(qn, "approver", f"/{refused}/propose", consult)
    failing = new_package(qn)
    broken = upload(qn, failing, {"a.txt": b"abc"})["a.txt"]
    url = f"/v1/packages/{failing}"
    graph = b'{"@graph": [1.5]}'
    assert qn.client("preparer").put(f"{url}/case", content=graph).is_success
    unused = declare(qn, failing, "b.txt", b"x")
    assert qn.client("preparer").delete(f"{url}/items/{unused}").is_success
    damage(qn, failing, broken)
    assert close(qn, failing)["error"] is not None
    package_id = cleared_package(qn, {"c.txt": b"content"})
    assert release(qn, package_id).is_success


def damage(node: Node, package_id: str, item_id: str) -> None:
    """Break the one segment of an item on disk."""
    with node.parts.database.read() as db:
        (segment,) = contents.segments(db, package_id, item_id)
    node.parts.vault.path(segment.digest).write_bytes(b"broken")


def receiving(pair: Pair, package_id: str) -> None:
    node = pair.qm.node
    client, url = node.client("receiver"), f"/v1/packages/{package_id}"
    headers = grant(node, package_id)
    assert client.get(f"{url}/tags", headers=headers).is_success
    (item, *_) = client.get(f"{url}/items").json()["items"]
    segment = f"{url}/items/{item['item_id']}/segments/0"
    assert client.get(segment).status_code == 403  # without an officer's leave
    assert client.get(segment, headers=headers).is_success
    damage(node, package_id, item["item_id"])
    assert client.get(segment, headers=headers).status_code == 409
    digest = client.get(url).json()["tagmanifest_sha256"]
    assert client.post(f"{url}/handover", json={"tagmanifest_sha256": digest}).is_success


@pytest.fixture
def events(qm: Node, qn: Node, verified_case: tuple[Pair, str]) -> list[Answer]:
    requesting(qm)
    executing(qn)
    receiving(*verified_case)
    return [*outbox(qm), *outbox(qn), *outbox(verified_case[0].qm.node)]


WALKED = {
    "request.drafted", "request.changed", "request.submitted", "request.approved", "request.sent",
    "request.described", "request.acknowledged", "request.reviewed", "request.accepted",
    "request.executing", "request.decision", "gate.passed", "gate.failed", "gate.found",
    "condition.proposed", "package.opened", "package.item_declared", "package.item_removed",
    "package.case_added", "package.closing", "package.collected", "package.failed",
    "package.filtered", "package.cleared", "package.sealed", "evidence.accessed", "evidence.refused",
    "transfer.intent",
}  # fmt: skip


def test_every_event_of_a_national_call_names_client_and_officer(events: list[Any]) -> None:
    for event in events:
        if event["type"].startswith("clock."):
            continue  # the clocks tell of themselves
        personal = event["personal"]
        role = personal["client"].rpartition(":")[2]
        assert personal["client"].startswith("urn:rogatory:"), event
        assert personal["officer"] == f"{role} at the desk", event
    assert {event["type"] for event in events} >= WALKED
