"""What is not for the other country to say: what our courts decide, when our request ends, our evidence."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.exchange.store import challenges, packages, uses
from shared.protocol.entries import EntryType
from tests.service.exchange.filling import cleared_package
from tests.service.exchange.forger import say
from tests.service.exchange.node import release
from tests.service.exchange.pair import FILES, Country, Pair
from tests.service.exchange.test_challenges import decide, lodge
from tests.service.exchange.test_emergencies import (
    call_back,
    executing,
    hours_pass,
    sent_at_night,
    validate,
)
from tests.service.exchange.test_using import HOLD, dispose, read, signed, use

pytestmark = pytest.mark.slow

Case = tuple[Pair, str]


def states(pair: Pair, request_id: str, state: str | None = None) -> list[dict[str, str]]:
    return [
        {"measure_id": each["measure_id"], "state": state or each["state"]}
        for each in pair.request(pair.qn, request_id)["measures"]
    ]


def test_only_the_court_of_the_executing_country_moves_a_challenge(accepted_case: Case) -> None:
    pair, request_id = accepted_case
    held = cleared_package(pair.qn.node, FILES, request_id)
    challenge = lodge(pair, request_id, packages=[held])
    for stage in ("admitted", "suspensive"):
        decide(pair, request_id, challenge, stage)
    pair.settle()
    body = {"request_id": request_id, "states": states(pair, request_id), "packages": [held]}
    told = body | {"challenge_id": challenge, "state": "dismissed", "text": "It is over."}
    assert say(pair.qn, pair, EntryType.CHALLENGE, told, request_id) == "other_side"
    with pair.qn.database.read() as db:
        assert challenges.find(db, challenge).stage == "suspensive"
    assert release(pair.qn.node, held).json()["gates"] == ["G14"]


@pytest.mark.parametrize(
    ("lodged", "state"), [(True, "upheld"), (False, "dismissed"), (False, "upheld")]
)
def test_a_stage_that_does_not_follow_is_not_kept(
    accepted_case: Case,
    lodged: bool,  # noqa: FBT001
    state: str,
) -> None:
    pair, request_id = accepted_case
    package = cleared_package(pair.qn.node, FILES, request_id)
    challenge = lodge(pair, request_id, packages=[package]) if lodged else request_id
    pair.settle()
    body = {"request_id": request_id, "states": states(pair, request_id), "packages": [package]}
    told = body | {"challenge_id": challenge, "state": state, "text": "So decided."}
    assert say(pair.qm, pair, EntryType.CHALLENGE, told, request_id) == "wrong_stage"


def test_only_the_asking_country_lets_its_request_lapse_and_only_an_emergency(
    verified_case: Case,
) -> None:
    pair, package_id = verified_case
    request_id = pair.package(pair.qm, package_id)["request_id"]
    body: dict[str, Any] = {"request_id": request_id, "states": states(pair, request_id, "S21")}
    lapsed = body | {"kind": "lapsed", "reasons": "x", "data": "delete"}
    assert say(pair.qm, pair, EntryType.WITHDRAWAL, lapsed, request_id) == "other_side"
    assert not dispose(pair.qm)
    assert pair.package(pair.qm, package_id)["state"] == "VERIFIED"
    assert say(pair.qn, pair, EntryType.WITHDRAWAL, lapsed, request_id) == "no_emergency"


def test_two_outcomes_on_one_measure_do_not_undo_each_other(accepted_case: Case) -> None:
    pair, request_id = accepted_case
    first, second = (lodge(pair, request_id, measures=["M01"]) for _ in range(2))
    for challenge in (first, second):
        for stage in ("admitted", "suspensive"):
            decide(pair, request_id, challenge, stage)
    decide(pair, request_id, first, "upheld")
    decide(pair, request_id, second, "dismissed")
    pair.settle()
    for country in (pair.qn, pair.qm):
        seen = pair.request(country, request_id)
        assert (seen["measures"][0]["state"], seen["disagreement"]) == ("S12", None)


def test_upheld_in_part_the_rest_goes_as_a_new_package(accepted_case: Case) -> None:
    pair, request_id = accepted_case
    before = cleared_package(pair.qn.node, FILES, request_id)
    challenge = lodge(pair, request_id, measures=["M01"])
    for stage in ("admitted", "suspensive", "upheld_part"):
        decide(pair, request_id, challenge, stage)
    pair.clock.advance(timedelta(seconds=1))
    assert release(pair.qn.node, before).json()["gates"] == ["G14"]
    assert release(pair.qn.node, cleared_package(pair.qn.node, FILES, request_id)).is_success


def at_night(pair: Pair) -> str:
    """An emergency that no judge has seen is executed in QN."""
    request_id = sent_at_night(pair)
    assert call_back(pair, request_id).is_success
    executing(pair, request_id)
    return request_id


def test_after_the_judges_no_nothing_leaves(accepted_case: Case) -> None:
    pair, _ = accepted_case
    request_id = at_night(pair)
    package = cleared_package(pair.qn.node, FILES, request_id)
    assert validate(pair, request_id, granted=False).json()["state"] == "REVOKED"
    pair.settle()
    refused = release(pair.qn.node, package)
    assert (refused.status_code, refused.json()["code"]) == (409, "validation_refused")


def test_a_case_that_is_done_still_waits_for_its_judge(accepted_case: Case) -> None:
    pair, _ = accepted_case
    request_id = at_night(pair)
    package = cleared_package(pair.qn.node, FILES, request_id)
    assert release(pair.qn.node, package).is_success
    pair.settle()
    pair.qn.call("approver", "POST", f"/v1/requests/{request_id}/fulfil", json={})
    pair.settle()
    assert clocks(pair.qn, request_id) == {"formalise": {"RUNNING"}}
    assert clocks(pair.qm, request_id) == {"formalise": {"RUNNING"}, "validate": {"RUNNING"}}
    close = pair.qm.node.client("approver").post(f"/v1/requests/{request_id}/close", json={})
    assert (close.status_code, close.json()["code"]) == (409, "not_validated")
    hours_pass(pair, 60)
    dispose(pair.qm)
    assert [pair.request(each, request_id)["state"] for each in (pair.qm, pair.qn)] == ["S21"] * 2
    assert pair.package(pair.qm, package)["state"] == "DESTROYED"


def clocks(country: Country, request_id: str) -> dict[str, set[str]]:
    """Return the states of the clocks that have to do with validation."""
    found = country.call("approver", "GET", f"/v1/requests/{request_id}/clocks")["clocks"]
    named = {each["act"] for each in found} & {"validate", "formalise"}
    return {act: {e["state"] for e in found if e["act"] == act} for act in sorted(named)}


def test_a_legal_hold_keeps_what_is_given_up_until_it_ends(accepted_case: Case) -> None:
    pair, request_id = accepted_case
    package = cleared_package(pair.qn.node, FILES, request_id)
    assert signed(pair.qn, "legal-hold", "retention.act", package, **HOLD).is_success
    why = {"codes": ["WD-02"], "reasons": "It was obtained otherwise.", "data": "delete"}
    found = pair.request(pair.qm, request_id)
    given = pair.qm.node.said("approver", "request.decide", "withdraw", found, **why)
    pair.qm.call("approver", "POST", f"/v1/requests/{request_id}/withdraw", json=given)
    pair.settle()
    assert not dispose(pair.qn)
    assert kept(pair.qn, package) == ("WITHDRAWN", True)
    lifted = {"hold": False, "text": "The appeal was dismissed."}
    assert signed(pair.qn, "legal-hold", "retention.act", package, **lifted).is_success
    assert dispose(pair.qn)
    assert kept(pair.qn, package) == ("WITHDRAWN", False)


def kept(country: Country, package_id: str) -> tuple[str, bool]:
    """Return how a package stands, and whether anybody could open it."""
    with country.database.read() as db:
        return str(packages.find(db, package_id).state), uses.of(
            db, package_id
        ).destroyed_at is None


def test_the_sender_frees_only_what_it_restricted(verified_case: Case) -> None:
    pair, package_id = verified_case
    request_id = pair.package(pair.qm, package_id)["request_id"]
    found = pair.request(pair.qm, request_id)
    why = {"codes": ["WD-02"], "reasons": "It was obtained otherwise.", "data": "restrict"}
    given = pair.qm.node.said("approver", "request.decide", "withdraw", found, **why)
    pair.qm.call("approver", "POST", f"/v1/requests/{request_id}/withdraw", json=given)
    pair.settle()
    body = {"kind": "deletion-request", "request_id": request_id, "package_id": package_id}
    for measure, outcome in (("restrict", "ACCEPTED"), ("lift", "not_lifted")):
        told = body | {"details": {"measure": measure}, "text": "x"}
        assert say(pair.qm, pair, EntryType.NOTICE, told, request_id) == outcome
    assert use(pair.qm, package_id)["restricted"] == "withdrawn"
    assert read(pair, package_id).json()["code"] == "use_restricted"
