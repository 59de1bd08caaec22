"""Clocks over two countries: the same due dates on both sides, warned, missed, extended, explained."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.exchange import casework, misses, unanswered
from services.exchange.clock_watch import ClockWatch
from services.exchange.states import Actor
from services.exchange.store import clocks as store
from services.exchange.store import events, requests
from shared.protocol.entries import EntryType
from shared.protocol.legalacts import NoticeBody
from tests.service.exchange.pair import Country, Pair

pytestmark = pytest.mark.slow

Case = tuple[Pair, str]
TOLD = {"length": 1, "estimate": "2027-03-01"}
MORE = {"length": 30, "reasons": "The provider asks for an order.", "estimate": "2027-01-10"}


def clocks(country: Country, request_id: str) -> dict[str, Any]:
    found = country.call("approver", "GET", f"/v1/requests/{request_id}/clocks")
    return {one["clock_id"]: one for one in found["clocks"]}


def agree(pair: Pair, request_id: str) -> dict[str, Any]:
    """Check that both countries have the same clocks; return those of the requested one."""
    here, there = clocks(pair.qm, request_id), clocks(pair.qn, request_id)
    for alone in ("P-receipt.request.1", "P-notify.request.1"):  # what only one of them sees
        here.pop(alone, None)
    assert here.keys() == there.keys()
    for name, one in here.items():
        other = there[name]
        assert one["whose"] in {"provider", "person"} or one["ours"] != other["ours"], name
        assert {**one, "ours": None} == {**other, "ours": None}
    return there


def look(country: Country) -> None:
    """Let the watch of a country look."""
    clock = country.node.clock
    effects = misses.effects(country.node.parts.bench, clock)
    ClockWatch(database=country.database, clock=clock, effects=effects).work()


def state(pair: Pair, request_id: str) -> set[tuple[str, Any]]:
    """The states of a request in both countries, and what one says of the other."""
    found = [pair.request(each, request_id) for each in (pair.qm, pair.qn)]
    return {(one["state"], one["disagreement"]) for one in found}


def test_both_countries_have_the_same_clocks(sent_case: Case) -> None:
    pair, request_id = sent_case
    pair.settle()
    assert agree(pair, request_id)["P-acknowledge.request.1"]["state"] == "RUNNING"
    pair.clock.advance(timedelta(days=2))
    pair.taken_up(request_id)
    pair.settle()
    found = agree(pair, request_id)
    assert found["P-acknowledge.request.1"]["state"] == "MET"
    decide = found["P-decide.M01.1"]
    assert (decide["state"], decide["last_day"]) == ("RUNNING", "2026-12-21 23:59")
    assert decide["place"].startswith("Europe/Paris; FR (holidays ")
    days = [step["why"] for step in decide["steps"]]
    assert days[0] == "day 1 of 30 (Sunday)"
    assert len(days) == 30
    assert found["D20.M01.1"]["due_at"] is None  # "expedited": the treaty has no number
    assert found["D20.M01.1"]["steps"] == []
    path = "/v1/clocks?due_before=2026-12-22T00:00:00Z"
    listed = pair.qn.call("approver", "GET", path)["clocks"]
    assert [one["clock_id"] for one in listed] == ["P-decide.M01.1", "P-decide.M02.1"]
    assert listed[0]["steps"] is None
    path = path.replace("12-22", "12-21")
    assert pair.qn.call("approver", "GET", path)["clocks"] == []
    assert len(pair.qn.call("approver", "GET", "/v1/clocks")["clocks"]) == 2
    _extended(pair, request_id)
    _unanswered(pair, request_id)
    _contradicted(pair, request_id)


def _extended(pair: Pair, request_id: str) -> None:
    """More time is given within the rule, in both countries."""
    path = f"/v1/requests/{request_id}/clocks/P-decide.M01.1/extend"
    refused = pair.qm.node.client("approver").post(path, json=MORE)
    assert (refused.status_code, refused.json()["code"]) == (409, "not_ours")
    client = pair.qn.node.client("approver")
    refused = client.post(path, json=MORE | {"length": 31})
    assert (refused.status_code, refused.json()["code"]) == (422, "extension_too_long")
    refused = client.post(path.replace("P-decide", "D20"), json=MORE)
    assert (refused.status_code, refused.json()["code"]) == (409, "no_extension")
    refused = client.post(path.replace("M01", "M09"), json=MORE)
    assert (refused.status_code, refused.json()["code"]) == (404, "unknown_clock")
    assert pair.qn.call("approver", "POST", path, json=MORE)["last_day"] == "2027-01-20 23:59"
    refused = client.post(path, json=MORE)
    assert (refused.status_code, refused.json()["code"]) == (409, "extended_before")
    pair.settle()
    told = agree(pair, request_id)["P-decide.M01.1"]["extensions"]
    assert [(one["by"], one["length"], one["estimate"]) for one in told] == [
        ("QN", 30, "2027-01-10")
    ]


def _unanswered(pair: Pair, request_id: str) -> None:
    """A question runs into its deadline: both go on without an answer, at the same moment."""
    due = int((pair.clock() + timedelta(days=5)).timestamp())
    said = {"fields": ["D01"], "text": "Which law?", "due": due, "measures": ["M02"]}
    pair.qn.call("approver", "POST", f"/v1/requests/{request_id}/ask", json=said)
    pair.settle()
    found = agree(pair, request_id)
    assert (found["P-answer.M02.1"]["state"], found["P-decide.M02.1"]["state"]) == (
        "RUNNING",
        "PAUSED",
    )
    pair.clock.advance(timedelta(days=5))
    look(pair.qm)
    look(pair.qn)
    pair.settle()
    found = agree(pair, request_id)
    assert (found["P-answer.M02.1"]["state"], found["P-decide.M02.1"]["state"]) == (
        "OVER",
        "RUNNING",
    )
    assert found["P-decide.M02.1"]["last_day"] == "2026-12-26 23:59"
    assert state(pair, request_id) == {("S07", None)}
    with pair.qn.database.read() as db:
        clock = store.find(db, request_id, "P-answer.M02.1")
    unanswered.go_on(
        clock, bench=pair.qn.node.parts.bench, at=pair.clock()
    )  # twice is as good as once
    assert agree(pair, request_id) == found
    pair.clock.advance(timedelta(days=60))
    path = f"/v1/requests/{request_id}/clocks/P-decide.M02.1/extend"
    refused = pair.qn.node.client("approver").post(path, json=MORE)
    assert (refused.status_code, refused.json()["code"]) == (409, "too_late")


FALSE: list[tuple[str, dict[str, Any], str]] = [
    ("extension", {"clock": "P-decide.M02.1"}, "An extension lacks something."),
    ("extension", {**TOLD, "clock": "P-decide.M09.1"}, "This request has no clock of this id."),
    ("extension", {**TOLD, "clock": "P-acknowledge.request.1"}, "before the end"),
    ("extension", {**TOLD, "clock": "P-validate.request.1"}, "for this country to extend"),
    ("unanswered", {"measures": ["M02"]}, "waits for an answer"),
    ("unanswered", {}, "waits for an answer"),
]


def _contradicted(pair: Pair, request_id: str) -> None:
    """What a country says of clocks is held against the rules by the other, which refuses it."""
    actor = Actor(client_id="urn:rogatory:QN:preparer", at=pair.clock())
    country = pair.qn.database
    with pair.qm.database.begin() as db:
        ours = store.find(db, request_id, "P-decide.M01.1")
        store.add(db, replace(ours, id="P-validate.request.1", ours=True))
    for kind, details, why in FALSE:
        body = NoticeBody(kind=kind, request_id=request_id, details=details, text="As agreed.")  # type: ignore[arg-type]
        with country.begin() as db:
            request = requests.find(db, request_id)
            keyring = pair.qn.node.parts.keyring
            casework.post(db, EntryType.NOTICE, request, body, keyring=keyring, actor=actor)
        pair.settle()
        assert why in str(pair.request(pair.qn, request_id)["disagreement"]), details
    assert _all_logged(pair.qm)
    assert _all_logged(pair.qn)


def _all_logged(country: Country) -> bool:
    with country.database.read() as db:
        return events.backlog(db)[0] == 0


@pytest.mark.parametrize("wrong", [{"length": 0}, {"estimate": "soon"}, {"reasons": ""}])
def test_an_extension_says_how_much_why_and_until_when(
    verified_session: Case, wrong: dict[str, Any]
) -> None:
    pair, package_id = verified_session
    request_id = pair.package(pair.qn, package_id)["request_id"]
    path = f"/v1/requests/{request_id}/clocks/P-decide.M01.1/extend"
    assert pair.qn.node.client("approver").post(path, json=MORE | wrong).status_code == 422


def test_evidence_is_confirmed_in_time_and_looked_at_again(verified_session: Case) -> None:
    pair, package_id = verified_session
    found = agree(pair, pair.package(pair.qn, package_id)["request_id"])
    assert found[f"P-confirm-evidence.{package_id}.1"]["state"] == "MET"
    again = found[f"P-review-retention.{package_id}.1"]
    assert (again["state"], again["whose"]) == ("RUNNING", "requesting")
