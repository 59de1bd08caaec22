"""Release: two officers over one digest, one guard, and a cost that does not grow with the size."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from services.exchange.states import Actor, PackageAct
from services.exchange.store import entries, packages, requests
from services.exchange.store.packages import destroy_key
from shared.protocol import canonical
from shared.protocol.entries import read_entry
from shared.protocol.errors import SealError
from shared.protocol.identifiers import Country
from shared.protocol.keys import KemKey
from shared.protocol.law.lifecycle import State
from shared.protocol.messages import PackageBody
from shared.protocol.trust import Member
from shared.runtime.directory import Directory
from tests.service.exchange.filling import (
    cleared_package,
    close,
    new_package,
    show,
    upload,
)
from tests.service.exchange.node import Answer, Node, accepted_request, outbox
from tests.service.exchange.node import release as release_anyhow

FILES = {"a.txt": b"abc", "b.txt": b"defg"}


def release(node: Node, package_id: str, status: int = 202) -> Answer:
    answer = release_anyhow(node, package_id)
    assert answer.status_code == status, answer.text
    content: Answer = answer.json()
    return content


def test_a_cleared_package_is_released_as_one_signed_entry(qn: Node) -> None:
    package_id = cleared_package(qn, FILES)
    sealed = release(qn, package_id)
    states = ["COLLECTING", "CLOSING", "COLLECTED", "FILTERED", "CLEARED", "SEALED"]
    assert [step["state"] for step in sealed["history"]] == states
    assert [one["officer"] for one in sealed["approvals"]] == [
        "QN-preparer",
        "QN-approver",
        "QN-approver",
    ]
    body = posted(qn, sealed)
    assert body.package_id == package_id
    assert (body.items, body.size, body.segments) == (2, 7, 3)
    assert body.index_sha384 == sealed["digest"]
    assert body.tagmanifest_sha256 == sealed["tagmanifest_sha256"]
    assert body.request_entry == "ab" * 48
    assert [one.act for one in body.approvals] == ["package.prepare", "package.clear"]
    assert body.expires == int((qn.clock() + timedelta(days=30)).timestamp())


def test_the_content_key_is_wrapped_for_the_receiver_alone(qn: Node, qm: Node) -> None:
    package_id = cleared_package(qn, FILES)
    (key,) = posted(qn, release(qn, package_id)).keys
    assert key.country == "QM"
    wrapped = canonical.unb64u(key.wrap)
    content = qm.parts.keyring.unwrap(wrapped, package_id=package_id, sender=Country("QN"))
    with qn.parts.database.begin() as db:
        own = packages.find(db, package_id).wrapped_key
    assert own is not None
    assert qn.parts.keyring.unwrap_at_rest(own, package_id).content == content
    with pytest.raises(SealError):
        qn.parts.keyring.unwrap(wrapped, package_id=package_id, sender=Country("QM"))


def posted(node: Node, package: Answer) -> PackageBody:
    with node.parts.database.begin() as db:
        stored = entries.by_hash(db, package["entry"]["hash"])
    assert stored is not None
    assert stored.transfer_id == package["package_id"]
    return PackageBody.read(read_entry(stored.jws).entry.body)


def test_state_entry_and_events_stand_together(qn: Node) -> None:
    release(qn, cleared_package(qn, FILES))
    events = outbox(qn)
    kinds = [event["type"] for event in events]
    release_of = kinds[kinds.index("transfer.intent") :]
    assert release_of[:2] == ["transfer.intent", "transfer.intent"]
    assert {"request.decision", "package.sealed"} <= set(release_of)
    assert [e["reason"] for e in events if e["type"] == "gate.passed"] == ["clear", "release"]
    assert [each["size"] for each in events if each.get("entry_type") == "package"] == [7]
    told = [(e["reason"], e["count"]) for e in events if e["type"] == "package.category"]
    assert told == [("DC-SUB", 2)]
    assert "package.filtered" in kinds
    assert "package.cleared" in kinds


def test_what_is_not_cleared_is_not_released(qn: Node) -> None:
    package_id = new_package(qn)
    upload(qn, package_id, FILES)
    close(qn, package_id)
    refused = release(qn, package_id, 409)
    assert refused["code"] == "wrong_state"
    assert refused["next"] == "Possible now: prepare, withdraw."


def test_one_officer_cannot_do_both(qn: Node) -> None:
    package_id = new_package(qn)
    upload(qn, package_id, FILES)
    closed = close(qn, package_id)
    everything = frozenset({"package.prepare", "package.clear"})
    registry = qn.parts.officers.by_kid
    for kid, officer in list(registry.items()):
        registry[kid] = replace(officer, acts=everything)  # type: ignore[index]
    approval = qn.approval("preparer", "package.prepare", closed)
    client = qn.client("preparer")
    assert client.post(f"/v1/packages/{package_id}/prepare", json=approval).status_code == 200
    approval = qn.approval("preparer", "package.clear", closed)
    refused = qn.client("approver").post(f"/v1/packages/{package_id}/clear", json=approval)
    assert (refused.status_code, refused.json()["code"]) == (403, "four_eyes")
    assert refused.json()["next"] == "Have another officer sign the approval."
    assert show(qn, package_id)["state"] == "FILTERED"


def test_an_approval_of_another_closing_is_refused(qn: Node) -> None:
    package_id = new_package(qn)
    upload(qn, package_id, FILES)
    closed = close(qn, package_id)
    approval = qn.approval("preparer", "package.prepare", closed, digest="00" * 48)
    refused = qn.client("preparer").post(f"/v1/packages/{package_id}/prepare", json=approval)
    assert (refused.status_code, refused.json()["code"]) == (422, "bad_approval")
    assert refused.json()["digest"] == closed["digest"]


def test_the_guard_asks_every_gate_and_says_all_that_is_wrong(qn: Node) -> None:
    package_id = cleared_package(qn, FILES)
    suspend(qn, lambda member: member.model_copy(update={"status": "suspended"}))
    with qn.parts.database.begin() as db:
        request_id = packages.find(db, package_id).request_id
        known = requests.find(db, request_id)
        gone = {each.measure_id: State.WITHDRAWN for each in known.measures}
        requests.move(db, known, gone, Actor(client_id="QM", at=qn.clock()))
        blob = packages.find(db, package_id).index_blob
    assert blob is not None
    qn.parts.vault.remove(blob)
    refused = release(qn, package_id, 409)
    assert refused["gates"] == ["G01", "G22", "T21", "G03"]
    assert refused["code"] == "peer_not_active"
    assert show(qn, package_id)["state"] == "CLEARED"
    failed = [event["reason"] for event in outbox(qn) if event["type"] == "gate.failed"]
    assert failed == ["G01", "G22", "T21", "G03"]


def suspend(node: Node, change: Callable[[Member], Member]) -> None:
    """Let the directory say something else of the peer."""
    known = node.parts.directory
    members = dict(known.members) | {Country("QM"): change(known.member("QM"))}
    changed = _Changed(known, members)
    node.app.state.parts = replace(node.parts, directory=changed)


class _Changed(Directory):
    def __init__(self, known: Directory, members: dict[Country, Member]) -> None:
        self._bundle = known.bundle()
        self._members = members
        self._agreements = known._agreements


def test_the_newest_key_in_force_is_used(qn: Node) -> None:
    package_id = cleared_package(qn, FILES)
    newer = KemKey.generate().public()

    def rotated(member: Member) -> Member:
        (old,) = member.kem
        fields = newer.to_json() | {"nbf": old.nbf + 1, "exp": old.exp}
        later = type(old).model_validate(fields)
        return member.model_copy(update={"kem": (later, old)})

    suspend(qn, rotated)
    assert posted(qn, release(qn, package_id)).keys[0].kid == newer.kid


def test_a_second_release_is_refused(qn: Node) -> None:
    package_id = cleared_package(qn, FILES)
    release(qn, package_id)
    assert release(qn, package_id, 409)["code"] == "wrong_state"


def test_a_request_without_an_entry_answers_nothing(qn: Node) -> None:
    request_id = accepted_request(qn, entry=None)
    package_id = cleared_package(qn, FILES, request_id)
    assert release(qn, package_id, 409)["code"] == "no_request_entry"


def test_without_its_key_nothing_is_released(qn: Node) -> None:
    package_id = cleared_package(qn, FILES)
    with qn.parts.database.begin() as db:
        destroy_key(db, package_id)
    assert release(qn, package_id, 409)["code"] == "key_destroyed"


def test_the_state_follows_the_peers_receipts(qn: Node) -> None:
    package_id = cleared_package(qn, FILES)
    release(qn, package_id)
    actor = Actor(client_id="QM", at=qn.clock())
    steps = (PackageAct.OFFER, PackageAct.RECEIVE, PackageAct.VERIFY, PackageAct.HAND_OVER)
    for act in steps:
        with qn.parts.database.begin() as db:
            packages.move(db, package_id, act, actor)
    assert show(qn, package_id)["state"] == "IN_USE"
