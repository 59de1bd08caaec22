"""What a receiver, a peer, an overseer and an operator may read, and what they are told otherwise."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from services.exchange.store import contents, entries, packages
from shared.protocol.digests import content_digest
from shared.protocol.identifiers import TAG_ITEM
from shared.runtime.principals import Principal
from tests.asserting import Asserting
from tests.service.exchange.node import grant, outbox
from tests.service.exchange.pair import Country, Pair

Case = tuple[Pair, str]


def receive(country: Country, path: str) -> Any:  # noqa: ANN401
    node, package_id = country.node, path.partition("/")[0]
    headers = grant(node, package_id)
    return node.client("receiver").get(f"/v1/packages/{path}", headers=headers)


def ask(country: Country, path: str, *, peer: str) -> Any:  # noqa: ANN401
    """Ask as the gateway does for a peer."""
    principal = Principal(
        service="gateway",
        client_id="https://peer.example",
        country=peer,
        scopes=frozenset({"node:deliver"}),
    )
    client = country.node.bare_client()
    client.auth = Asserting(country.node.assertions, "exchange", principal)
    return client.get(path)


def test_64_a_package_exists_for_its_recipient_alone(verified_session: Case) -> None:
    pair, package_id = verified_session
    places = [
        f"/peer/v1/packages/{package_id}/{rest}" for rest in ("index", f"segments/{TAG_ITEM}/0")
    ]
    for place in places:
        assert ask(pair.qn, place, peer="QM").status_code == 200
        assert ask(pair.qn, place, peer="QX").status_code == 404
        assert ask(pair.qm, place, peer="QN").status_code == 404  # QM received it
    sealed = ask(pair.qn, places[1], peer="QM")
    assert sealed.headers["content-length"] == str(len(sealed.content))
    digest = hashlib.sha256(sealed.content).digest()
    assert sealed.headers["content-digest"] == content_digest(digest)
    assert (
        ask(pair.qn, f"/peer/v1/packages/{package_id}/segments/{TAG_ITEM}/9", peer="QM").status_code
        == 404
    )


def test_a_package_does_not_exist_before_its_entry_is_proven(released_case: Case) -> None:
    pair, package_id = released_case
    place = f"/peer/v1/packages/{package_id}/index"
    assert ask(pair.qn, place, peer="QM").status_code == 404
    pair.qn.recorder.work()
    pair.qn.prover.work()
    assert ask(pair.qn, place, peer="QM").status_code == 404  # logged, and not yet witnessed
    pair.qn.logged()
    assert ask(pair.qn, place, peer="QM").status_code == 200


def test_what_the_vault_has_lost_is_said_so(verified_session: Case) -> None:
    pair, package_id = verified_session
    with pair.qn.database.read() as db:
        package = packages.find(db, package_id)
        tag = contents.segment(db, package_id, TAG_ITEM, 0)
    assert tag is not None
    vault = pair.qn.node.parts.vault
    for blob, rest in ((package.index_blob, "index"), (tag.digest, f"segments/{TAG_ITEM}/0")):
        with away(vault.path(str(blob))):
            answer = ask(pair.qn, f"/peer/v1/packages/{package_id}/{rest}", peer="QM")
            assert (answer.status_code, answer.json()["code"]) == (503, "not_in_vault")


@contextmanager
def away(path: Path) -> Iterator[None]:
    hidden = path.with_suffix(".away")
    path.rename(hidden)
    yield
    hidden.rename(path)


@contextmanager
def flipped(path: Path) -> Iterator[None]:
    """Change one bit in the middle of a file."""
    before = path.read_bytes()
    changed = bytearray(before)
    changed[len(changed) // 2] ^= 1
    path.write_bytes(bytes(changed))
    yield
    path.write_bytes(before)


def test_a_stored_segment_that_was_changed_is_named_and_never_given_out(
    verified_session: Case,
) -> None:
    pair, package_id = verified_session
    with pair.qm.database.read() as db:
        item = contents.items(db, package_id)[0]
        (segment, *_) = contents.segments(db, package_id, item.item_id)
    path = pair.qm.node.parts.vault.path(segment.digest)
    for change, told in ((flipped, "was changed after it was verified"), (away, "was changed")):
        with change(path):
            answer = receive(pair.qm, f"{package_id}/items/{item.item_id}/segments/0")
        assert answer.status_code == 409
        problem = answer.json()
        assert problem["code"] == "seal_broken"
        assert f"Segment 0 of item {item.item_id} {told}" in problem["detail"]
        assert (problem["item_id"], problem["segment"]) == (item.item_id, 0)
    assert [event["type"] for event in outbox(pair.qm.node)].count("incident.opened") == 2
    pair.settle()
    assert receive(pair.qm, f"{package_id}/items/{item.item_id}/segments/0").status_code == 200


def test_taking_a_package_is_logged(verified_session: Case) -> None:
    pair, package_id = verified_session
    pair.settle()
    assert receive(pair.qm, f"{package_id}/tags").status_code == 200
    (event,) = outbox(pair.qm.node)
    assert (event["type"], event["transfer_id"]) == ("evidence.accessed", package_id)
    assert event["personal"] == {
        "client": "urn:rogatory:QM:receiver", "officer": "receiver at the desk",
        "approved_by": "QM-receiver", "purpose": "QM-2026-0042",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("rest", "status", "code"),
    [
        (f"items/{TAG_ITEM}/segments/7", 404, "unknown_segment"),
        ("items/01a1fdfa-0000-7000-8000-000000000000/segments/0", 404, "unknown_segment"),
    ],
    ids=["segment", "item"],
)
def test_what_is_not_in_the_package(
    verified_session: Case, rest: str, status: int, code: str
) -> None:
    pair, package_id = verified_session
    answer = receive(pair.qm, f"{package_id}/{rest}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_the_sender_does_not_receive_its_own_package(verified_session: Case) -> None:
    pair, package_id = verified_session
    answer = receive(pair.qn, f"{package_id}/tags")
    assert (answer.status_code, answer.json()["code"]) == (409, "other_side")


def test_another_digest_hands_nothing_over(verified_session: Case) -> None:
    pair, package_id = verified_session
    path = f"/v1/packages/{package_id}/handover"
    said = {"tagmanifest_sha256": "ab" * 32}
    answer = pair.qm.node.client("receiver").post(path, json=said)
    assert (answer.status_code, answer.json()["code"]) == (422, "digest_mismatch")
    assert pair.package(pair.qm, package_id)["state"] == "VERIFIED"


def test_a_package_is_given_out_when_it_is_verified_and_proven_when_the_log_has_it(
    released_case: Case,
) -> None:
    pair, package_id = released_case
    for country in (pair.qn, pair.qm):
        while any([country.logged(), country.courier.work()]):  # noqa: C419, RUF100
            pass
    answer = receive(pair.qm, f"{package_id}/tags")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_verified")
    assert pair.qm.fetcher.work()
    answer = receive(pair.qm, f"{package_id}/chain")
    assert (answer.status_code, answer.json()["code"]) == (503, "not_yet_logged")
    assert answer.headers["retry-after"] == "1"
    pair.qm.logged()
    assert receive(pair.qm, f"{package_id}/chain").status_code == 200


def test_heads_and_entries_are_the_peers_own(verified_session: Case) -> None:
    pair, _ = verified_session
    heads = ask(pair.qn, "/peer/v1/heads", peer="QM").json()["heads"]
    assert [head["channel"] for head in heads] == ["QM>QN", "QN>QM"]
    assert ask(pair.qn, "/peer/v1/heads", peer="QX").json() == {"heads": []}
    returned = ask(pair.qn, "/peer/v1/entries?epoch=0&from=1", peer="QM").json()["entries"]
    with pair.qn.database.read() as db:
        own = list(entries.walk(db, "QM>QN"))
    assert [each["entry"] for each in returned] == [entry.jws.decode() for entry in own[1:]]


def test_overseers_see_every_place_of_both_directions(verified_session: Case) -> None:
    pair, _ = verified_session
    links = [
        country.node.client("oversight").get(f"/v1/audit/channels/{peer}/links").json()["links"]
        for country, peer in ((pair.qm, "QN"), (pair.qn, "QM"))
    ]
    places = [[(one["channel"], one["seq"], one["hash"]) for one in each] for each in links]
    assert places[0] == places[1]
    answer = pair.qm.node.client("oversight").get("/v1/audit/channels/QX/links")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_channel")
