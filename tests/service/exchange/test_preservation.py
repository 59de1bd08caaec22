"""Data is kept for sixty days, longer when asked, until the request for it is decided, or it lapses."""

import tomllib
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.exchange import preserving
from services.exchange.remedyrecords import Preservation
from shared.protocol.entries import EntryType
from shared.protocol.law import library
from shared.protocol.law.preservation import PreservationState
from shared.protocol.law.shapes import Preservation as Rule
from shared.runtime.refusals import Conflict, Unprocessable
from tests.service.exchange.filling import assessed
from tests.service.exchange.forger import say as tell
from tests.service.exchange.node import Answer, draft
from tests.service.exchange.pair import Pair

pytestmark = pytest.mark.slow

Case = tuple[Pair, str]
WHY = "Logs are overwritten after seven days; nothing else shows who it was, and no other copy exists."


def preservation() -> Answer:
    content = draft()
    measure = content["measures"][1] | {"measure_id": "M01", "code": "MEA-01", "data": ["DC-SUB"]}
    return content | {
        "request_kind": "PRESERVATION",
        "legal_basis": [{"instrument": "BUD", "article": "29"}],
        "measures": [measure],
        "follow_up": "2027-01-10",
        "necessity_of_preservation": WHY,
    }


@pytest.fixture
def kept(accepted_case: Case) -> Case:
    """QN executes QM's request of preservation, and has ordered the data to be kept."""
    pair, _ = accepted_case
    request_id = pair.sent_request(**preservation())
    pair.settle()
    pair.taken_up(request_id)
    assessed(pair.qn.node, request_id, "G04")  # dual criminality is not asked for (BUD 29(3))
    pair.decided(request_id, "accept", note="")
    pair.qn.call("preparer", "POST", f"/v1/requests/{request_id}/execute", json={})
    say(pair, request_id, "ordered")
    pair.settle()
    return pair, request_id


def say(pair: Pair, request_id: str, state: str, status: int = 200, **more: Any) -> Answer:  # noqa: ANN401
    country, role = (pair.qm, "approver") if state == "asked" else (pair.qn, "preparer")
    body = {"state": state, "text": WHY, **more}
    answer = country.node.client(role).post(f"/v1/requests/{request_id}/preservation", json=body)
    assert answer.status_code == status, answer.text
    content: Answer = answer.json()
    return content


def both(pair: Pair, request_id: str) -> list[tuple[str, str | None]]:
    """How it stands in both countries."""
    path = f"/v1/requests/{request_id}/preservation"
    seen = [country.call("approver", "GET", path) for country in (pair.qn, pair.qm)]
    assert seen[0] == seen[1]
    return [(each["state"], each["until"]) for each in seen]


def watch(pair: Pair) -> None:
    for _ in range(3):
        pair.qn.node.app.state.jobs["clocks"].work()
        pair.clock.advance(timedelta(minutes=2))
    pair.settle()


def test_both_countries_know_until_when(kept: Case) -> None:
    pair, request_id = kept
    assert (
        both(pair, request_id) == [("PRESERVED", "2027-01-20T23:00:00.000Z")] * 2
    )  # the 60th day, whole


def test_it_is_extended_when_asked(kept: Case) -> None:
    pair, request_id = kept
    say(pair, request_id, "asked")
    pair.settle()
    say(pair, request_id, "extended", until=1_805_000_000)
    pair.settle()
    assert both(pair, request_id) == [("EXTENDED", "2027-03-14T04:53:20.000Z")] * 2
    pair.clock.advance(timedelta(days=100))
    watch(pair)
    assert [state for state, _ in both(pair, request_id)] == ["EXTENDED", "EXTENDED"]
    path = f"/v1/requests/{request_id}/clocks"
    for country in (pair.qn, pair.qm):
        found = {one["clock_id"]: one for one in country.call("approver", "GET", path)["clocks"]}
        assert found["D18.request.1"]["state"] == "OVER"
        assert found["D18.request.2"]["due_at"] == "2027-03-14T04:53:20.000Z"
    pair.clock.advance(timedelta(days=20))
    watch(pair)
    assert [state for state, _ in both(pair, request_id)] == ["EXPIRED", "EXPIRED"]


def test_no_extension_shortens_what_was_ordered(kept: Case) -> None:
    pair, request_id = kept
    ordered = datetime(2027, 1, 20, 23, tzinfo=UTC)
    for until in (pair.clock() + timedelta(days=2), ordered):
        refused = say(pair, request_id, "extended", 422, until=int(until.timestamp()))
        assert refused["code"] == "too_short"
    for end in (int(ordered.timestamp()), None):
        body = {"request_id": request_id, "state": "extended", "until": end, "text": WHY}
        told = tell(pair.qm, pair, EntryType.PRESERVATION, body, request_id)
        assert told == "too_short"
    assert both(pair, request_id) == [("PRESERVED", "2027-01-20T23:00:00.000Z")] * 2


def test_an_extension_is_as_long_as_the_instrument_has_it() -> None:
    until = datetime(2027, 1, 20, 23, tzinfo=UTC)
    state = PreservationState.PRESERVED
    ordered = Preservation(request_id="r", state=state, until=until, changed_at=until)
    rule = Rule.model_validate(
        tomllib.loads(library.instrument_text("EER").decode())["preservation"]
    )
    preserving.check_extension(ordered, rule, until + timedelta(days=30))
    with pytest.raises(Unprocessable, match="30 days at most"):
        preserving.check_extension(ordered, rule, until + timedelta(days=31))
    extended = replace(ordered, extensions=1)
    with pytest.raises(Conflict, match="1 times at most"):
        preserving.check_extension(extended, rule, until + timedelta(days=30))


def test_it_lapses_where_nobody_follows_up(kept: Case) -> None:
    pair, request_id = kept
    pair.clock.advance(timedelta(days=61))
    watch(pair)
    assert [state for state, _ in both(pair, request_id)] == ["EXPIRED", "EXPIRED"]
    refused = say(pair, request_id, "extended", 409)
    assert refused["code"] == "wrong_preservation_step"


def test_it_is_kept_until_the_request_for_the_data_is_decided(kept: Case) -> None:
    pair, request_id = kept
    previous = {"request_id": request_id, "relation": "PRESERVATION"}
    pair.sent_request(previous=previous)
    pair.settle()
    assert both(pair, request_id) == [("LINKED_TO_REQUEST", None)] * 2
    pair.clock.advance(timedelta(days=61))
    watch(pair)
    assert [state for state, _ in both(pair, request_id)] == ["LINKED_TO_REQUEST"] * 2
    say(pair, request_id, "released")
    pair.settle()
    assert [state for state, _ in both(pair, request_id)] == ["RELEASED", "RELEASED"]


@pytest.mark.parametrize(
    ("state", "more", "status", "code"),
    [
        ("ordered", {}, 409, "wrong_preservation_step"),
        ("released", {"until": "tomorrow"}, 422, "invalid_fields"),
    ],
    ids=["twice", "no day"],
)
def test_what_does_not_follow(kept: Case, state: str, more: Answer, status: int, code: str) -> None:
    pair, request_id = kept
    refused = say(pair, request_id, state, status, **more)
    assert refused["code"] == code


def test_other_requests_preserve_nothing(accepted_case: Case) -> None:
    pair, request_id = accepted_case
    assert say(pair, request_id, "ordered", 409)["code"] == "no_preservation"
