"""Whatever a national call causes is told with the officer whom the national system named.

The test walks through every act of both countries and compares what it saw with what the sources can
record: an event type that is new fails here until it is walked through, or is known to be the node's own.
"""

import ast
from pathlib import Path
from typing import Any

import pytest

from services.audit.catalogue import CATALOGUE
from services.exchange.store import contents
from tests.service.exchange.filling import (
    cleared_package,
    close,
    declare,
    new_package,
    upload,
)
from tests.service.exchange.node import Answer, Node, draft, grant, outbox, receive_request, release
from tests.service.exchange.pair import Pair
from tests.service.exchange.test_requests import approved, drafted, post

SOURCES = Path(__file__).resolve().parents[3] / "services/exchange"
# What peers cause, or what the node finds by itself; nobody at home has asked for it.
OWN = {"transfer.received", "transfer.refused", "channel.frozen"}


def recordable() -> set[str]:
    """The event types that the exchange's sources name."""
    trees = [ast.parse(path.read_text()) for path in SOURCES.rglob("*.py")]
    words = {
        node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)
    }
    return {word for word in words if isinstance(word, str) and word in CATALOGUE}


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
    for end, body in (
        ("accept", {"note": ""}),
        ("refuse", {"codes": ["REF-01"], "reasons": "no"}),
    ):
        name = receive_request(qn)
        said = {"reference": "QN-7", "note": ""}
        post(qn, "preparer", f"/{name}/acknowledge", said)
        post(qn, "preparer", f"/{name}/{end}", body)
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


def test_every_event_of_a_national_call_names_client_and_officer(events: list[Any]) -> None:
    for event in events:
        personal = event["personal"]
        role = personal["client"].rpartition(":")[2]
        assert personal["client"].startswith("urn:rogatory:"), event
        assert personal["officer"] == f"{role} at the desk", event
    assert {event["type"] for event in events} == recordable() - OWN
