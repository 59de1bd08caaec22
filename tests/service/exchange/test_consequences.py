"""What a country says of conditions and use that it would never say: refused, with nothing left behind."""

from __future__ import annotations

from typing import Any

import pytest

from services.exchange.store import conditions, onwards, uses
from shared.protocol.entries import EntryType
from shared.protocol.identifiers import new_id
from tests.service.exchange.forger import say
from tests.service.exchange.pair import Pair

pytestmark = pytest.mark.slow

Case = tuple[Pair, str]
WANTED = {"recipient": "QP", "purpose": "12 Js 5/26"}


def noticed(case: Case, sender: str, kind: str, **said: Any) -> str:  # noqa: ANN401
    pair, package_id = case
    body = {"kind": kind, "text": "so it is"} | subject(pair, package_id) | said
    hearer = pair.qn if sender == "qm" else pair.qm
    return say(hearer, pair, EntryType.NOTICE, body, body["request_id"])


def subject(pair: Pair, package_id: str) -> dict[str, Any]:
    return {
        "request_id": pair.package(pair.qm, package_id)["request_id"],
        "package_id": package_id,
    }


def items(pair: Pair, package_id: str) -> list[str]:
    with pair.qn.database.read() as db:
        return list(uses.items(db, package_id))


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({}, "bad_onward"),
        ({"recipient": "QP"}, "bad_onward"),
        ({"recipient": "nowhere", "purpose": "p"}, "bad_onward"),
        ({"recipient": "QP", "purpose": "p" * 501}, "bad_onward"),
        (WANTED, "other_items"),
    ],
)
def test_an_onward_transfer_names_state_purpose_and_items(
    doubted_session: Case,
    told: dict[str, Any],
    expected: str,
) -> None:
    pair, package_id = doubted_session
    details = {"onward_id": new_id(pair.clock()), **told}
    assert noticed(doubted_session, "qm", "onward-request", details=details) == expected
    with pair.qn.database.read() as db:
        assert not onwards.of_package(db, package_id)


def test_the_same_question_is_asked_once(doubted_session: Case) -> None:
    pair, package_id = doubted_session
    details = {"onward_id": new_id(pair.clock()), **WANTED, "urgent": True}
    asked = {"details": details, "items": items(pair, package_id)}
    assert noticed(doubted_session, "qm", "onward-request", **asked) == "ACCEPTED"
    assert noticed(doubted_session, "qm", "onward-request", **asked) == "known_onward"


@pytest.mark.parametrize(
    ("sender", "kind", "details", "expected"),
    [
        ("qn", "onward-request", WANTED, "other_side"),
        ("qn", "onward-consent", {"onward_id": "none"}, "unknown_onward"),
        ("qm", "deletion-request", {"measure": "delete"}, "other_side"),
        ("qn", "destruction", {}, "other_side"),
        ("qm", "destruction", {"index_sha384": "ab" * 48}, "other_digest"),
        ("qn", "destruction-countersigned", {"index_sha384": "ab" * 48}, "other_digest"),
    ],
)
def test_notices_that_are_not_for_that_country_to_give(
    doubted_session: Case,
    sender: str,
    kind: str,
    details: dict[str, Any],
    expected: str,
) -> None:
    pair, package_id = doubted_session
    assert noticed(doubted_session, sender, kind, details=details) == expected
    assert pair.package(pair.qn, package_id)["state"] == "VERIFIED"


def test_a_countersignature_is_of_our_own_certificate(doubted_session: Case) -> None:
    pair, package_id = doubted_session
    found = pair.package(pair.qm, package_id)
    details = {"index_sha384": found["digest"], "tagmanifest_sha256": found["tagmanifest_sha256"]}
    said = noticed(doubted_session, "qn", "destruction-countersigned", details=details)
    assert said == "other_certificate"


def test_a_notice_is_about_a_package_of_its_request(doubted_session: Case) -> None:
    said = noticed(
        doubted_session, "qm", "destruction", package_id=new_id(doubted_session[0].clock())
    )
    assert said == "unknown_package"


TERM = {"code": "COND-05", "text": "Soon.", "parameters": {}, "measures": []}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"terms": [TERM]}, "bad_condition"),
        ({"digest": "ab" * 32}, "other_digest"),
    ],
)
def test_conditions_that_are_none(sent_case: Case, changed: Any, expected: str) -> None:  # noqa: ANN401
    pair, request_id = sent_case
    pair.settle()
    pair.taken_up(request_id)
    pair.settle()
    body = {
        "request_id": request_id,
        "state": "proposed",
        "set_id": new_id(pair.clock()),
        "digest": "00" * 32,
        "measures": ["M01"],
        "text": "so it is",
    }
    assert say(pair.qm, pair, EntryType.CONDITIONS, body | changed, request_id) == expected
    with pair.qm.database.read() as db:
        assert not conditions.of_request(db, request_id)
