"""The custody of each item, on both sides: begun where it was collected, unbroken to where it is used."""

import hashlib
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from services.exchange import custody
from services.exchange.states import Actor
from services.exchange.store import packages
from shared.protocol import bag, canonical
from shared.protocol.cms import verify_cms
from shared.protocol.digests import sha256
from shared.protocol.law.custody import Act
from shared.protocol.law.custodyfile import read_custody
from shared.protocol.law.custodytrace import Trace, read_trace
from tests.custodies import statement
from tests.service.exchange.filling import ANSWERS, close, declare, new_package, put_segment
from tests.service.exchange.node import Node, grant, outbox
from tests.service.exchange.pair import FILES, Country, Pair
from tests.service.exchange.test_exchange_of_two import confirm, fetch

Case = tuple[Pair, str]
BEFORE = ["HASHED", "SEALED"]


def told(country: Country, package_id: str, role: str = "preparer") -> Trace:
    """Read the account as a client does: under the country's seal, its chains checked."""
    answer = country.call(role, "GET", f"/v1/packages/{package_id}/custody")
    octets = canonical.encode(answer["custody"])
    verify_cms(canonical.unb64(answer["signature"]), octets, country.node.parts.keyring.bag_seal_ca)
    return read_trace(answer["custody"])


def acts(trace: Trace) -> list[list[str]]:
    return [[f"{r.country} {r.act}" for r in trace.of(e.item_id)] for e in trace.exhibits]


def test_both_sides_tell_the_same_up_to_the_seal_and_each_its_own_from_there(
    verified_case: Case,
) -> None:
    pair, package_id = verified_case
    pair.clock.advance(timedelta(minutes=5))
    fetch(pair.qm, package_id)
    confirm(pair.qm, package_id)
    sent, taken = told(pair.qn, package_id), told(pair.qm, package_id, "receiver")
    sealed = [f"QN {act}" for act in BEFORE]
    after = ["QM RECEIVED", "QM OPENED", "QM EXPORTED"]
    assert acts(sent) == [[*sealed, "QN FILTERED", "QN TRANSFERRED"]] * len(FILES)
    assert acts(taken) == [[*sealed, *after]] * len(FILES)
    for exhibit in taken.exhibits:
        assert sent.of(exhibit.item_id)[:2] == taken.of(exhibit.item_id)[:2]
        content = FILES[str(exhibit.original_name)]
        (received, opened, _) = taken.of(exhibit.item_id)[2:]
        assert received.outputs == {"sha256": hashlib.sha256(content).hexdigest()}
        assert opened.performer.person == "QM-receiver"
        hashed = taken.of(exhibit.item_id)[0]
        assert hashed.outputs["blake2b"] == hashlib.blake2b(content).hexdigest()
    # The sender's content key is destroyed, and with it the names; the records stay.
    assert {exhibit.path for exhibit in sent.exhibits} == {None}


def test_the_hand_overs_are_signed_by_both(verified_session: Case) -> None:
    pair, package_id = verified_session
    for country in (pair.qn, pair.qm):
        trace = told(country, package_id)
        found = {(each.what, each.country) for each in trace.handovers}
        assert {
            ("package", "QN"),
            ("RelayAcceptance", "QM"),
            ("ContentConsignment", "QM"),
        } <= found
        hashes = {each.hash for each in trace.handovers}
        seals = {r.seal for e in trace.exhibits for r in trace.of(e.item_id)}
        assert hashes & seals


def test_the_bag_holds_what_the_sender_recorded(verified_session: Case) -> None:
    pair, package_id = verified_session
    client = pair.qm.node.client("receiver")
    headers = grant(pair.qm.node, package_id)
    octets = client.get(f"/v1/packages/{package_id}/tags", headers=headers).content
    found = read_custody(bag.parse_tag_set(octets)[bag.CUSTODY])
    trace = told(pair.qm, package_id)
    assert {i: list(chain) for i, chain in found.items.items()} == {
        item: chain[:2] for item, chain in trace.records.items()
    }


def test_each_reading_is_on_record_before_an_octet_leaves(verified_case: Case) -> None:
    pair, package_id = verified_case
    trace = told(pair.qm, package_id)
    item = next(e.item_id for e in trace.exhibits if e.original_name == "disk.img")
    path = f"/v1/packages/{package_id}/items/{item}/segments/"
    client, headers = pair.qm.node.client("receiver"), grant(pair.qm.node, package_id)

    def openings() -> int:
        return [r.act for r in told(pair.qm, package_id).of(item)].count(Act.OPENED)

    assert openings() == 0
    for n, times in (("2", 1), ("1", 1), ("0", 2), ("1", 2), ("0", 3)):
        assert client.get(path + n, headers=headers).status_code == 200
        assert openings() == times
    assert client.get(path + "0").status_code == 403  # nobody gave leave
    assert openings() == 3
    read_for = told(pair.qm, package_id).of(item)[-1].reason
    assert read_for == "read for case QM-2026-0042, from segment 0 on"
    pair.clock.advance(timedelta(days=1))
    headers = grant(pair.qm.node, package_id)
    assert client.get(path + "1", headers=headers).status_code == 200
    assert openings() == 4


def test_a_record_changed_at_rest_is_told_and_nothing_shown(verified_case: Case) -> None:
    pair, package_id = verified_case
    parts = pair.qm.node.parts
    with parts.database.begin() as db:
        connection: Any = db.connection()
        connection.exec_driver_sql("UPDATE custody SET sealed = (SELECT max(sealed) FROM custody)")
    answer = pair.qm.node.client("receiver").get(f"/v1/packages/{package_id}/custody")
    assert (answer.status_code, answer.json()["code"]) == (409, "custody_broken")


def test_a_record_gone_is_told(verified_case: Case) -> None:
    pair, package_id = verified_case
    with pair.qm.node.parts.database.begin() as db:
        connection: Any = db.connection()
        connection.exec_driver_sql("DELETE FROM custody WHERE n = 1")
    answer = pair.qm.node.client("receiver").get(f"/v1/packages/{package_id}/custody")
    assert (answer.status_code, answer.json()["code"]) == (409, "custody_broken")
    assert "record 2 of QM (RECEIVED)" in answer.json()["detail"]


def history(**outputs: str) -> dict[str, Any]:
    """What a preparer tells of an item."""
    seized, provider = statement("SEIZED", tool=None), statement("RECEIVED_FROM_PROVIDER")
    acts = [one.model_dump(mode="json", exclude_none=True) for one in (seized, provider)]
    return {"custody": {"acts": [acts[0], {**acts[1], "outputs": outputs}]}}


def filled(node: Node, content: bytes, **more: Any) -> tuple[str, str]:  # noqa: ANN401
    package_id = new_package(node)
    item = declare(node, package_id, "a.bin", content, **more)
    assert put_segment(node, package_id, item, 0, content).status_code == 201
    return package_id, item


def read(node: Node, package_id: str) -> Trace:
    answer = node.client("preparer").get(f"/v1/packages/{package_id}/custody")
    assert answer.status_code == 200, answer.text
    return read_trace(answer.json()["custody"])


def test_what_was_done_before_stands_at_the_beginning(qn: Node) -> None:
    content = b"mailbox"
    given = {"sha1": hashlib.sha1(content, usedforsecurity=False).hexdigest()}
    package_id, item = filled(qn, content, **history(**given))
    assert close(qn, package_id)["state"] == "COLLECTED"
    seized, provider, hashed, _sealed = read(qn, package_id).of(item)
    assert (seized.act, provider.act) == ("SEIZED", "RECEIVED_FROM_PROVIDER")
    assert provider.authorisation is not None
    assert provider.authorisation.number == "W-12345"
    assert hashed.inputs["sha1"] == hashed.outputs["sha1"] == given["sha1"]
    assert hashed.performer.person == "preparer at the desk"
    collected = outbox(qn)[-1]
    assert collected["type"] == "package.collected"
    with qn.parts.database.read() as db:
        state = custody.state(db, package_id)
    assert dict(collected["personal"])["custody"] == state  # type: ignore[arg-type]


def test_what_the_filter_team_found_of_an_item_is_in_its_custody(qn: Node) -> None:
    package_id, item = filled(qn, b"mailbox")
    closed = close(qn, package_id)
    rows = [{"item_id": item, "verdict": "clean"}]
    signed = qn.said("privilege", "package.filter", "filter", closed, items=rows)
    answer = qn.client("privilege").post(f"/v1/packages/{package_id}/filter", json=signed)
    assert answer.is_success, answer.text
    last = read(qn, package_id).of(item)[-1]
    assert (last.act, last.reason) == ("FILTERED", "looked through for privilege: clean")
    assert last.performer.person == "QN-privilege"


def test_a_copy_keeps_what_it_was_made_from(qn: Node) -> None:
    original = {"item_id": "01a1fdfa-4600-7c63-8c66-804dc68564d2", "relation": "REDACTION"}
    told = {"derived_from": [original], "root_item_id": original["item_id"]}
    package_id, item = filled(qn, b"redacted", custody=told)
    close(qn, package_id)
    for record in read(qn, package_id).of(item):
        assert record.root_item_id == original["item_id"]
        assert [source.relation for source in record.derived_from] == ["REDACTION"]


# The DFRWS 2017 challenge published this SHA-1 of its network capture; no stored copy of it has it.
PUBLISHED = "6ab6c522b070cde292a18645a19929998e009293"


def test_a_file_that_is_not_what_its_source_published_is_disputed_and_left_out(qn: Node) -> None:
    good = b"OnHub report"
    package_id, disputed = filled(qn, b"IoT_Net_Traffic.zip", **history(sha1=PUBLISHED))
    right = history(sha1=hashlib.sha1(good, usedforsecurity=False).hexdigest())
    item = declare(qn, package_id, "onhub.bin", good, **right)
    put_segment(qn, package_id, item, 0, good)
    refused = close(qn, package_id)
    assert refused["state"] == "COLLECTING"
    assert (refused["error"]["code"], refused["error"]["items"]) == (
        "disputed_at_source",
        [disputed],
    )
    path = f"/v1/packages/{package_id}/items/{disputed}"
    assert qn.client("preparer").delete(f"{path}?because=LATE").status_code == 422
    assert qn.client("preparer").delete(f"{path}?because=DISPUTED").status_code == 204
    assert close(qn, package_id)["state"] == "COLLECTED"
    trace = read(qn, package_id)
    assert list(trace.records) == [item]
    assert [(one.item_id, one.why) for one in trace.left_out] == [(disputed, "DISPUTED")]


def test_an_item_that_comes_back_is_not_left_out(qn: Node) -> None:
    package_id, item = filled(qn, b"x")
    path = f"/v1/packages/{package_id}/items/{item}"
    qn.client("preparer").delete(f"{path}?because=MISTAKE")
    body = {
        "original_name": "x", "size": 1, "sha256": sha256(b"x").hex(), "answers": ANSWERS,
    }  # fmt: skip
    assert qn.client("preparer").put(path, json=body).status_code == 201
    put_segment(qn, package_id, item, 0, b"x")
    assert close(qn, package_id)["state"] == "COLLECTED"
    assert read(qn, package_id).left_out == ()


@pytest.mark.parametrize(
    ("told", "code"),
    [
        (history(sha256="ab" * 32), "other_history"),
        (history(sha1="ab"), "invalid_fields"),
        (
            {"custody": {"acts": [{**history()["custody"]["acts"][0], "act": "SEALED"}]}},
            "invalid_fields",
        ),
    ],
    ids=["of another file", "no digest", "the node's own act"],
)
def test_a_history_that_cannot_be_this_files_is_refused(
    qn: Node, told: Mapping[str, Any], code: str
) -> None:
    package_id = new_package(qn)
    path = f"/v1/packages/{package_id}/items/01a1fdfa-4600-7c63-8c66-804dc68564d2"
    body = {"original_name": "x", "size": 1, "sha256": sha256(b"x").hex(), **told}
    answer = qn.client("preparer").put(path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_a_package_that_is_not_closed_has_no_custody_yet(qn: Node) -> None:
    package_id, item = filled(qn, b"x")
    trace = read(qn, package_id)
    assert (dict(trace.records), [e.item_id for e in trace.exhibits]) == ({}, [item])


def test_a_later_act_joins_the_chains_that_are_there(verified_case: Case) -> None:
    pair, package_id = verified_case
    parts, at = pair.qn.node.parts, pair.clock()
    item = told(pair.qn, package_id).exhibits[0].item_id
    with parts.database.begin() as db:
        before = custody.state(db, package_id)
        package = packages.find(db, package_id)
        actor = Actor(client_id="urn:rogatory:QN:preparer", at=at)
        by = custody.performer(actor, "Police of QN")
        note: dict[str, Any] = {
            "keyring": parts.keyring,
            "actor": actor,
            "by": by,
            "reason": "retention ended",
        }
        assert custody.note(db, package, Act.DESTROYED, items=[item], **note) == 1
        assert custody.note(db, package, Act.DESTROYED, **note) == len(FILES)
        assert custody.state(db, package_id) != before
    ends = [chain[-2:] for chain in acts(told(pair.qn, package_id))]
    assert ends == [["QN DESTROYED"] * 2, ["QN TRANSFERRED", "QN DESTROYED"]]
