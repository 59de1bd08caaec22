"""What an entry says is done, or refused by a receipt that keeps its place in the chain."""

from typing import Any

import pytest

from services.exchange.store import entries, packages
from shared.protocol.entries import Entry, EntryType, read_entry
from shared.protocol.identifiers import new_id
from shared.protocol.law import documents
from tests.service.exchange.forger import Forger, deliver, outcome, say
from tests.service.exchange.node import draft
from tests.service.exchange.pair import Pair

Case = tuple[Pair, str]
Body = dict[str, Any]


def request_body(request_id: str, changed: Body) -> Body:
    document = documents.sent(documents.of_json(draft()), request_id=request_id, sender="QM")
    document |= changed
    return {"request_id": request_id, "version": 1, "document": document, "approvals": []}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, "ACCEPTED"),
        ({"to": "QX"}, "other_recipient"),
        ({"facts": "a\0b"}, "zero_character"),
        ({"a\0b": ["c"]}, "zero_character"),
        ({"measures": [{"measure_id": "M1", "identifiers": ["\0"]}]}, "zero_character"),
        ({"legal_basis": [{"instrument": "XYZ", "article": "1"}]}, "untrusted"),
        ({"unknown": "field"}, "malformed"),
        ({"from": "QX"}, "other_request"),
        ({"request_id": "another"}, "other_request"),
        ({"measures": []}, "no_measures"),
        ({"measures": [{"measure_id": "M1"}, {"measure_id": "M1"}]}, "malformed"),
    ],
)
def test_requests(open_case: Case, changed: Body, expected: str) -> None:
    pair, _ = open_case
    request_id = new_id(pair.clock())
    body = request_body(request_id, changed)
    assert say(pair.qn, pair, EntryType.REQUEST, body, request_id) == expected
    status = pair.qn.node.client("preparer").get(f"/v1/requests/{request_id}").status_code
    assert (status == 200) == (expected == "ACCEPTED")


def test_a_request_comes_once(open_case: Case) -> None:
    pair, request_id = open_case
    body = request_body(request_id, {})
    assert say(pair.qn, pair, EntryType.REQUEST, body, request_id) == "known_request"


def test_an_acknowledgement_is_for_a_request_that_waits_for_it(open_case: Case) -> None:
    pair, request_id = open_case
    body = {"request_id": request_id, "reference": "QN-8", "note": ""}
    found = say(pair.qm, pair, EntryType.ACKNOWLEDGEMENT, body, request_id)
    assert found == "wrong_state"
    other = new_id(pair.clock())
    body["request_id"] = other
    assert say(pair.qm, pair, EntryType.ACKNOWLEDGEMENT, body, other) == "unknown_request"


def test_nobody_acknowledges_its_own_request(open_case: Case) -> None:
    pair, request_id = open_case
    body = {"request_id": request_id, "reference": "QM-1", "note": ""}
    found = say(pair.qn, pair, EntryType.ACKNOWLEDGEMENT, body, request_id)
    assert found == "other_side"


DECISION: Body = {"decision": "accepted", "codes": [], "reasons": "so it is"}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"measures": ["M01"]}, "wrong_state"),  # it is being executed
        ({"measures": ["M01", "M03"], "decision": "fulfilled"}, "unknown_measure"),
        ({"decision": "refused", "codes": ["REF-05"]}, "wrong_state"),
    ],
)
def test_decisions_that_are_none(open_case: Case, changed: Body, expected: str) -> None:
    pair, request_id = open_case
    body = DECISION | {"request_id": request_id} | changed
    assert say(pair.qm, pair, EntryType.DECISION, body, request_id) == expected
    states = {one["state"] for one in pair.request(pair.qm, request_id)["measures"]}
    assert states == {"S14"}  # a refusal leaves nothing behind


def test_states_that_differ_are_a_disagreement_that_is_named(open_case: Case) -> None:
    """The peer does what is open here, too, and says of another measure what is not so here."""
    pair, request_id = open_case
    said = [{"measure_id": "M01", "state": "S16"}, {"measure_id": "M02", "state": "S12"}]
    body = DECISION | {"request_id": request_id, "decision": "fulfilled", "measures": ["M01"]}
    assert say(pair.qm, pair, EntryType.DECISION, body | {"states": said}, request_id) == "ACCEPTED"
    seen = pair.request(pair.qm, request_id)
    assert seen["disagreement"] == "QN holds M02 in S12, here it is in S14"
    assert [one["state"] for one in seen["measures"]] == ["S16", "S14"]
    agreed = [{"measure_id": "M01", "state": "S16"}, {"measure_id": "M02", "state": "S16"}]
    body |= {"measures": ["M02"], "states": agreed}
    again = say(pair.qm, pair, EntryType.DECISION, body, request_id)
    assert again == "ACCEPTED"
    assert pair.request(pair.qm, request_id)["disagreement"] is None


def test_decisions(sent_case: Case) -> None:
    """Both countries hold every measure in the same state, step by step."""
    pair, request_id = sent_case
    pair.settle()
    pair.taken_up(request_id)
    path = f"/v1/requests/{request_id}"
    consult = {"measures": ["M01"], "text": "Would the other measure do?"}
    proposed = pair.qn.call("approver", "POST", f"{path}/propose", json=consult)
    assert [one["state"] for one in proposed["measures"]] == ["S09", "S07"]
    pair.settle()
    seen = pair.request(pair.qm, request_id)
    assert [one["state"] for one in seen["measures"]] == ["S09", "S07"]


def test_a_channel_opens_on_the_log_that_the_directory_names(sent_case: Case) -> None:
    pair, _ = sent_case
    opening = Forger(pair.qm, after=pair.qn)
    body = {"suite": "rogatory-1", "log_origin": "another.example/log"}
    answer = deliver(pair.qn, opening.envelope(opening.entry(EntryType.OPEN, body)))
    assert outcome(pair.qn, answer.json()["hash"]) == "other_log"


def about(pair: Pair, package_id: str) -> tuple[Entry, Body]:
    reference = pair.package(pair.qn, package_id)["entry"]
    with pair.qn.database.read() as db:
        held = entries.by_hash(db, reference["hash"])
    assert held is not None
    return read_entry(held.jws).entry, reference


def receipt(pair: Pair, package_id: str, kind: str, /, **changed: Any) -> str:  # noqa: ANN401
    entry, reference = about(pair, package_id)
    body = {
        "kind": kind,
        "about": reference,
        "package_id": package_id,
        "tagmanifest_sha256": None,
        "reason": None,
    } | changed
    return say(pair.qn, pair, EntryType.RECEIPT, body, entry.request)


def test_each_moves_the_package_once(released_case: Case) -> None:
    pair, package_id = released_case
    pair.qm.bulk.faults = ["hang up"] * 1000  # QM never gets a byte
    pair.settle()
    digest = pair.package(pair.qn, package_id)["tagmanifest_sha256"]
    assert pair.package(pair.qn, package_id)["state"] == "RECEIVED"
    again = receipt(pair, package_id, "RelayAcceptance")
    assert again == "wrong_state"
    handed = receipt(pair, package_id, "ContentHandover", tagmanifest_sha256=digest)
    assert handed == "wrong_state"
    for kind, state in (("ContentConsignment", "VERIFIED"), ("ContentHandover", "IN_USE")):
        found = receipt(pair, package_id, kind, tagmanifest_sha256=digest)
        assert found == "ACCEPTED"
        assert pair.package(pair.qn, package_id)["state"] == state
    with pair.qn.database.read() as db:
        assert packages.find(db, package_id).wrapped_key is None  # destroyed at the sender


def test_another_digest_is_a_dispute(released_case: Case) -> None:
    pair, package_id = released_case
    pair.qm.bulk.faults = ["hang up"] * 1000
    pair.settle()
    found = receipt(pair, package_id, "ContentConsignment", tagmanifest_sha256="ab" * 32)
    assert found == "ACCEPTED"
    seen = pair.package(pair.qn, package_id)
    assert seen["state"] == "DISPUTED"
    assert "another tag manifest" in seen["error"]["detail"]


@pytest.mark.parametrize(
    ("kind", "changed", "expected"),
    [
        ("RelayRejection", {"reason": "no"}, "wrong_state"),
        ("RelayAcceptance", {"reason": "why"}, "malformed"),
        ("RelayFailure", {"reason": "silence"}, "broken_chain"),
        ("ContentConsignmentFailure", {"reason": "x", "package_id": None}, "malformed"),
    ],
)  # fmt: skip
def test_receipts_that_say_what_they_may_not(
    doubted_session: Case, kind: str, changed: Body, expected: str
) -> None:
    pair, package_id = doubted_session
    assert receipt(pair, package_id, kind, **changed) == expected
    assert pair.package(pair.qn, package_id)["state"] == "VERIFIED"


def test_a_receipt_is_about_an_entry_that_exists(doubted_session: Case) -> None:
    pair, package_id = doubted_session
    _, reference = about(pair, package_id)
    gone = reference | {"hash": "ab" * 48}
    assert receipt(pair, package_id, "RelayAcceptance", about=gone) == "unknown_entry"
    gone = reference | {"seq": reference["seq"] + 1}
    assert receipt(pair, package_id, "RelayAcceptance", about=gone) == "broken_chain"


def test_silence_is_noted_by_the_writer_itself(doubted_session: Case) -> None:
    """QN says of its own package that QM kept silent; QM keeps it, and nothing changes."""
    pair, package_id = doubted_session
    entry, reference = about(pair, package_id)
    body: Body = {"kind": "RelayFailure", "about": reference, "package_id": package_id}
    body |= {"tagmanifest_sha256": None, "reason": "no answer"}
    found = say(pair.qm, pair, EntryType.RECEIPT, body, entry.request)
    assert found == "ACCEPTED"
    assert pair.package(pair.qm, package_id)["state"] == "VERIFIED"


def test_a_request_that_is_refused_as_an_entry_is_inadmissible(accepted_case: Case) -> None:
    pair, _ = accepted_case
    request_id = pair.sent_request()
    reference = pair.request(pair.qm, request_id)["entry"]
    body: Body = {"kind": "RelayRejection", "about": reference, "package_id": None}
    body |= {"tagmanifest_sha256": None, "reason": "known_request: again"}
    assert say(pair.qm, pair, EntryType.RECEIPT, body, request_id) == "ACCEPTED"
    assert pair.request(pair.qm, request_id)["state"] == "S20"


def test_other_entries_are_kept_and_change_nothing(open_case: Case) -> None:
    pair, request_id = open_case
    body: Body = {"kind": "use-report", "about": None, "text": "It was used in court."}
    body |= {"request_id": request_id}
    assert say(pair.qn, pair, EntryType.NOTICE, body, request_id) == "ACCEPTED"
