"""Someone holds a gateway, with its key: they speak for every client, and nothing goes or opens for it.

What protects the evidence then are the keys of officers, which no gateway has. What such a gateway can
do stands in the README: it hears what passes through it, and it can withhold.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from services.exchange.store import contents
from shared.protocol import canonical
from shared.protocol.approvals import sign_approval
from shared.protocol.identifiers import TAG_ITEM
from shared.protocol.keys import OfficerKey
from shared.runtime import inside
from shared.runtime.principals import Principal
from tests.asserting import Asserting
from tests.service.exchange.filling import cleared_package, close, new_package, show, upload
from tests.service.exchange.node import Answer, Node, draft, grant, outbox
from tests.service.exchange.pair import FILES, Pair

Case = tuple[Pair, str]
EVERY_SCOPE = frozenset().union(*(door.scopes for door in inside.DOORS["exchange"]))
THIEF = OfficerKey.generate()


class Captured:
    """The gateway's own internal key in other hands: any client, any scope, any officer's name."""

    def __init__(self, node: Node, client: str = "approver", country: str | None = None) -> None:
        self.node = node
        principal = Principal(
            service="gateway",
            client_id=f"urn:rogatory:{node.country}:{client}",
            country=country or node.country,
            scopes=EVERY_SCOPE,
            officer="Ada Lovelace",
        )
        self.client = node.bare_client()
        self.client.auth = Asserting(node.assertions, "exchange", principal)

    def __call__(self, method: str, path: str, **given: Any) -> Any:  # noqa: ANN401
        return self.client.request(method, path, **given)


def forged(act: Any, subject: Answer, officer: str) -> Answer:  # noqa: ANN401
    """An approval in an officer's name, by a key of the thief's own."""
    parts = {
        "object_id": subject.get("package_id") or subject["request_id"],
        "version": subject["version"],
        "digest": subject["digest"],
        "iat": 1,
    }
    return {"approval": sign_approval(THIEF, act=act, officer=officer, **parts)}


def attempts(node: Node, act: Any, subject: Answer, country: str) -> Iterator[Answer]:  # noqa: ANN401
    """All that a thief of the gateway can send for an approval."""
    yield {}
    yield {"approval": ""}
    yield forged(act, subject, f"{country}-approver")
    # Approvals that passed through: of another act, of another object, of another version.
    kind = act.partition(".")[0]
    yield node.approval("preparer", f"{kind}.prepare", subject)  # type: ignore[arg-type]
    other = "01a1fdfa-0000-7000-8000-000000000000"
    yield node.approval("approver", act, subject, object_id=other)
    yield node.approval("approver", act, subject, version=subject["version"] + 1)
    yield node.approval("approver", act, subject, digest="00" * (len(subject["digest"]) // 2))
    yield node.approval("approver", act, subject, decision="reject")
    # The preparer's own key, which no registry allows the act.
    yield node.approval("preparer", act, subject)


def test_it_approves_no_request(qm: Node) -> None:
    made = qm.client("preparer").post("/v1/requests", json=draft()).json()
    path = f"/v1/requests/{made['request_id']}"
    first = qm.approval("preparer", "request.prepare", made)
    assert qm.client("preparer").post(f"{path}/submit", json=first).is_success
    captured = Captured(qm)
    for body in attempts(qm, "request.approve", made, "QM"):
        assert captured("POST", f"{path}/approve", json=body).status_code in {400, 403, 422}
        assert captured("POST", f"{path}/send").status_code == 409
    assert captured("GET", path).json()["state"] == "S01"


def test_it_prepares_and_clears_no_package(qn: Node) -> None:
    package_id = new_package(qn)
    upload(qn, package_id, {"a.txt": b"abc"})
    closed = close(qn, package_id)
    captured, path = Captured(qn), f"/v1/packages/{package_id}"
    assert captured("POST", f"{path}/prepare", json={}).status_code == 422
    bad = forged("package.prepare", closed, "QN-preparer")
    assert captured("POST", f"{path}/prepare", json=bad).status_code == 403
    first = qn.approval("preparer", "package.prepare", closed)
    assert qn.client("preparer").post(f"{path}/prepare", json=first).is_success
    for body in attempts(qn, "package.clear", closed, "QN"):
        assert captured("POST", f"{path}/clear", json=body).status_code in {400, 403, 422}
    assert show(qn, package_id)["state"] == "FILTERED"


def test_it_releases_nothing_that_two_officers_cleared(qn: Node) -> None:
    package_id = cleared_package(qn, {"a.txt": b"abc"})
    cleared = show(qn, package_id)
    captured, path = Captured(qn), f"/v1/packages/{package_id}/release"
    # What it heard when the package was cleared is of another act.
    heard = qn.approval("approver", "package.clear", cleared)
    for body in (heard, *attempts(qn, "package.release", cleared, "QN")):
        assert captured("POST", path, json=body).status_code in {400, 403, 422}
    assert show(qn, package_id)["state"] == "CLEARED"


def test_who_prepared_a_package_does_not_release_it_either(qn: Node) -> None:
    """Not even when the registry of officers would let them."""
    package_id = cleared_package(qn, {"a.txt": b"abc"})
    officers = qn.parts.officers
    preparer = next(one for one in officers.by_kid.values() if one.name == "QN-preparer")
    acts = preparer.acts
    object.__setattr__(preparer, "acts", acts | {"package.release"})
    try:
        ordered = qn.approval("preparer", "package.release", show(qn, package_id))
        answer = Captured(qn)("POST", f"/v1/packages/{package_id}/release", json=ordered)
    finally:
        object.__setattr__(preparer, "acts", acts)
    assert (answer.status_code, answer.json()["code"]) == (403, "four_eyes")


def readings(pair: Pair, package_id: str) -> Iterator[tuple[dict[str, str], int, str]]:
    """Headers of a thief who wants to read, and what they get."""
    node = pair.qm.node
    found = node.client("receiver").get(f"/v1/packages/{package_id}").json()
    yield {}, 403, "grant_required"
    yield {"Officer-Grant": "x"}, 422, "malformed"
    forgery = forged("package.receive", found, "QM-receiver")
    yield {"Officer-Grant": forgery["approval"]}, 403, "officer_not_allowed"
    for changed in ({"version": 9}, {"digest": "00" * 48}, {"decision": "reject"}):
        yield grant(node, package_id, **changed), 422, "bad_approval"
    other = "01a1fdfa-0000-7000-8000-000000000000"
    yield grant(node, package_id, object_id=other), 422, "bad_approval"
    # A grant that passed through a quarter of an hour ago, and one that was dated ahead.
    now = node.clock()
    for away in (timedelta(minutes=-15), timedelta(seconds=31)):
        iat = int((now + away).timestamp())
        yield grant(node, package_id, iat=iat), 403, "grant_expired"
    # Another officer of the country, who may clear and not read.
    clearing = node.approval("approver", "package.receive", found)
    yield {"Officer-Grant": clearing["approval"]}, 403, "officer_not_allowed"


def test_it_reads_no_stored_content(verified_session: Case) -> None:
    pair, package_id = verified_session
    captured = Captured(pair.qm.node, "receiver")
    with pair.qm.database.read() as db:
        item = contents.items(db, package_id)[0].item_id
    places = ("tags", f"items/{item}/segments/0", f"items/{TAG_ITEM}/segments/0")
    for headers, status, code in readings(pair, package_id):
        for place in places:
            answer = captured("GET", f"/v1/packages/{package_id}/{place}", headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (status, code)
        # Where no gateway can hide it: the exchange itself has it recorded.
        tried = [each for each in outbox(pair.qm.node) if each["type"] == "evidence.refused"]
        assert (tried[-1]["peer"], tried[-1]["reason"]) == ("QN", code)
        assert tried[-1]["personal"] == {
            "client": "urn:rogatory:QM:receiver",
            "officer": "Ada Lovelace",
        }
    good = grant(pair.qm.node, package_id)
    assert captured("GET", f"/v1/packages/{package_id}/tags", headers=good).status_code == 200


@pytest.mark.parametrize("country", ["QM", "QN"])
def test_no_address_gives_content_on_its_word(verified_session: Case, country: str) -> None:
    """Every address of the table, in both countries, for every client and in a peer's name."""
    pair, package_id = verified_session
    of = {"QM": pair.qm, "QN": pair.qn}[country]
    with of.database.read() as db:
        item = contents.items(db, package_id)[0].item_id
    request_id = pair.package(of, package_id)["request_id"]
    secrets = [content[:32] for content in FILES.values()]
    secrets += [base64.b64encode(content[:30])[:-1] for content in FILES.values()]
    seen = 0
    for peer in (country, "QM", "QN"):
        captured = Captured(of.node, country=peer)
        for door in inside.DOORS["exchange"]:
            if door.method != "GET":
                continue
            about = request_id if "requests" in door.template else package_id
            path = door.template.format(
                id=about, item=item, n=0, peer={"QM": "QN", "QN": "QM"}[country]
            )
            answer = captured("GET", path)
            seen += answer.status_code == 200
            assert not [each for each in secrets if each in answer.content], path
    assert seen > 20


def test_55_it_cannot_bring_what_another_country_did_not_sign(verified_session: Case) -> None:
    """It says that a peer brings an entry; the entry says who signed it."""
    pair, _ = verified_session
    captured = Captured(pair.qm.node, country="QX")
    taken = captured("GET", "/peer/v1/entries?epoch=0&from=0").json()
    assert taken["entries"] == []
    own = Captured(pair.qn.node, country="QM")("GET", "/peer/v1/entries?epoch=0&from=0").json()
    entry = own["entries"][0]
    envelope = {**entry, "old_size": 0, "consistency": []}
    content = canonical.encode(envelope)
    answer = captured("POST", "/peer/v1/entries", content=content)
    assert (answer.status_code, answer.json()["code"]) == (403, "peer_not_allowed")
