"""A package is opened, filled, closed and cleared, as a national system does it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import httpx2

from shared.protocol.digests import content_digest
from shared.protocol.identifiers import new_id
from tests.service.exchange.node import MIB, Answer, Node, accepted_request

# What a test file answers, unless it says otherwise: the subscriber of the draft's number.
ANSWERS = {"measure_id": "M01", "category": "DC-SUB", "identifier": "+99 1"}
ASSESSMENT = (
    "The number is the only trace that is left, the offence is of some gravity, and a name and an "
    "address are the least with which whoever used it can be found."
)


def new_package(node: Node, request_id: str | None = None, *, segment_size: int = MIB) -> str:
    """Open a package."""
    answer = node.client("preparer").post(
        "/v1/packages",
        json={
            "request_id": request_id or accepted_request(node),
            "measures": ["M01"],
            "title": "Account of the suspect",
            "segment_size": segment_size,
        },
    )
    assert answer.status_code == 201, answer.text
    package_id: str = answer.json()["package_id"]
    return package_id


def declare(node: Node, package_id: str, name: str, content: bytes, **changed: Any) -> str:  # noqa: ANN401
    """Declare a file; return its id."""
    item_id = new_id(node.clock())
    body = {
        "path": f"data/{name}",
        "original_name": name,
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "media_type": "text/plain",
        "answers": ANSWERS,
    } | changed
    url = f"/v1/packages/{package_id}/items/{item_id}"
    answer = node.client("preparer").put(url, json=body)
    assert answer.status_code == 201, answer.text
    return item_id


def put_segment(
    node: Node,
    package_id: str,
    item_id: str,
    n: int,
    content: bytes,
    **headers: str,
) -> httpx2.Response:
    """Send one segment."""
    digest = content_digest(hashlib.sha256(content).digest())
    return node.client("preparer").put(
        f"/v1/packages/{package_id}/items/{item_id}/segments/{n}",
        content=content,
        headers={"Content-Digest": digest} | headers,
    )


def upload(
    node: Node, package_id: str, files: Mapping[str, bytes], *, segment_size: int = MIB
) -> dict[str, str]:
    """Declare and send files; return their ids by name."""
    ids = {}
    for name, content in files.items():
        ids[name] = declare(node, package_id, name, content)
        for n in range(max(1, -(-len(content) // segment_size))):
            part = content[n * segment_size : (n + 1) * segment_size]
            assert put_segment(node, package_id, ids[name], n, part).status_code == 201
    return ids


def show(node: Node, package_id: str) -> Answer:
    """Return a package as a reader sees it."""
    answer: Answer = node.client("preparer").get(f"/v1/packages/{package_id}").json()
    return answer


def close(node: Node, package_id: str) -> Answer:
    """Ask for a close, and let the worker do it."""
    answer = node.client("preparer").post(f"/v1/packages/{package_id}/close")
    assert answer.status_code == 202, answer.text
    assert node.closer.work()
    return show(node, package_id)


def assessed(node: Node, request_id: str, *gates: str) -> None:
    """Find, as the approver's officer, what accepting and releasing wait for."""
    client = node.client("approver")
    found = client.get(f"/v1/requests/{request_id}").json()
    given = client.get(f"/v1/requests/{request_id}/findings").json()["findings"]
    side = "RQ-JUD" if found["direction"] == "out" else "RD-CA"
    for gate in gates or ("G04",):
        if gate not in {each["gate"] for each in given}:
            said = {"gate": gate, "role": side, "verdict": "pass", "text": ASSESSMENT}
            signed = node.said("approver", "finding", "findings", found, **said)
            answer = client.post(f"/v1/requests/{request_id}/findings", json=signed)
            assert answer.status_code == 201, answer.text


def cleared_package(node: Node, files: Mapping[str, bytes], request_id: str | None = None) -> str:
    """Fill, close, prepare and clear a package."""
    package_id = new_package(node, request_id)
    upload(node, package_id, files)
    closed = close(node, package_id)
    assert closed["state"] == "COLLECTED", closed
    assessed(node, closed["request_id"])
    prepared = node.client("preparer").post(
        f"/v1/packages/{package_id}/prepare",
        json=node.approval("preparer", "package.prepare", closed),
    )
    assert prepared.status_code == 200, prepared.text
    cleared = node.client("approver").post(
        f"/v1/packages/{package_id}/clear",
        json=node.approval("approver", "package.clear", closed),
    )
    assert cleared.status_code == 200, cleared.text
    return package_id
