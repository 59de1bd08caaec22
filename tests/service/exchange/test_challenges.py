"""A person's objection holds exactly what it concerns, whoever wants it to leave; a court lets it go."""

from datetime import timedelta
from typing import Any

import pytest

from tests.service.exchange.filling import cleared_package
from tests.service.exchange.node import Answer, blobs, outbox, release
from tests.service.exchange.pair import FILES, Country, Pair

Case = tuple[Pair, str]


def record(pair: Pair, request_id: str, path: str, status: int = 201, /, **said: Any) -> Answer:  # noqa: ANN401
    """QN's court signs what it records."""
    found = pair.request(pair.qn, request_id)
    what = path.rpartition("/")[2]
    signed = pair.qn.node.said("court", "court.record", what, found, **said)
    client = pair.qn.node.client("court")
    answer = client.post(f"/v1/requests/{request_id}/{path}", json=signed)
    assert answer.status_code == status, answer.text
    content: Answer = answer.json()
    return content


def lodge(pair: Pair, request_id: str, **said: Any) -> str:  # noqa: ANN401
    pair.clock.advance(timedelta(seconds=1))  # ids of one millisecond have no order
    told = {"who": "HOLDER", "court": "Federal Court", "file_number": "1C 7/26", "text": "No!"}
    return str(
        record(pair, request_id, "challenges", **told, **said)["challenges"][-1]["challenge_id"]
    )


def decide(pair: Pair, request_id: str, challenge: str, state: str, **said: Any) -> Answer:  # noqa: ANN401
    told = {"challenge_id": challenge, "state": state, "text": "So decided."}
    return record(pair, request_id, f"challenges/{challenge}/outcome", 200, **told, **said)


def states(pair: Pair, request_id: str) -> list[list[str]]:
    """The states of all measures, in both countries."""
    seen = [pair.request(country, request_id) for country in (pair.qn, pair.qm)]
    assert [each["disagreement"] for each in seen] == [None, None]
    return [[one["state"] for one in each["measures"]] for each in seen]


def test_a_package_is_held_and_the_other_goes(accepted_case: Case) -> None:
    pair, request_id = accepted_case
    held, free = (cleared_package(pair.qn.node, FILES, request_id) for _ in range(2))
    challenge = lodge(pair, request_id, packages=[held])
    decide(pair, request_id, challenge, "admitted")
    assert release(pair.qn.node, free).is_success  # lodged is not suspended: by order alone here
    decide(pair, request_id, challenge, "suspensive")
    refused = release(pair.qn.node, held)
    assert (refused.status_code, refused.json()["gates"]) == (409, ["G14"])
    pair.settle()
    assert pair.package(pair.qm, free)["state"] == "VERIFIED"
    theirs = pair.qm.call("approver", "GET", f"/v1/requests/{request_id}/challenges")
    assert [(each["stage"], each["holds"]) for each in theirs["challenges"]] == [
        ("suspensive", True)
    ]
    decide(pair, request_id, challenge, "dismissed")
    assert release(pair.qn.node, held).is_success
    pair.settle()
    assert pair.package(pair.qm, held)["state"] == "VERIFIED"


def test_what_was_released_already_is_not_fetched_any_more(released_case: Case) -> None:
    """The entry is in the queue, or with the peer: the content stays here until the court decides."""
    pair, package_id = released_case
    request_id = pair.package(pair.qn, package_id)["request_id"]
    challenge = lodge(pair, request_id, packages=[package_id])
    decide(pair, request_id, challenge, "admitted")
    decide(pair, request_id, challenge, "suspensive")
    for _ in range(20):
        pair.qm.step()
        pair.qn.step()
    assert pair.package(pair.qm, package_id)["state"] == "RECEIVED"
    assert blobs(pair.qm.node) == []
    decide(pair, request_id, challenge, "upheld")
    for _ in range(20):
        pair.qm.step()
        pair.qn.step()
    assert pair.package(pair.qm, package_id)["state"] == "RECEIVED"  # for good


def test_a_measure_is_suspended_in_both_countries_and_goes_on(accepted_case: Case) -> None:
    pair, request_id = accepted_case
    challenge = lodge(pair, request_id, measures=["M01"])
    decide(pair, request_id, challenge, "admitted")
    decide(pair, request_id, challenge, "suspensive")
    pair.settle()
    assert states(pair, request_id) == [["S19", "S14"], ["S19", "S14"]]
    decide(pair, request_id, challenge, "withdrawn")
    pair.settle()
    assert states(pair, request_id) == [["S14", "S14"], ["S14", "S14"]]


def test_a_measure_whose_challenge_is_upheld_is_refused(accepted_case: Case) -> None:
    pair, request_id = accepted_case
    challenge = lodge(pair, request_id, measures=["M02"])
    for stage in ("admitted", "suspensive", "upheld"):
        decide(pair, request_id, challenge, stage)
    pair.settle()
    assert states(pair, request_id) == [["S14", "S12"], ["S14", "S12"]]


def test_a_second_challenge_keeps_what_the_first_let_go(accepted_case: Case) -> None:
    pair, request_id = accepted_case
    first, second = (lodge(pair, request_id, measures=["M01"]) for _ in range(2))
    for challenge in (first, second):
        decide(pair, request_id, challenge, "admitted")
        decide(pair, request_id, challenge, "suspensive")
    decide(pair, request_id, first, "dismissed")
    pair.settle()
    assert states(pair, request_id)[0] == ["S19", "S14"]
    decide(pair, request_id, second, "dismissed")
    pair.settle()
    assert states(pair, request_id) == [["S14", "S14"], ["S14", "S14"]]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"measures": ["M09"]}, "nothing_concerned"),
        ({"packages": ["01a1fdfa-4600-7c63-8c66-804dc68564d2"]}, "nothing_concerned"),
        ({}, "nothing_concerned"),
    ],
    ids=["measure", "package", "nothing"],
)
def test_it_concerns_something_of_the_request(accepted_case: Case, said: Answer, code: str) -> None:
    pair, request_id = accepted_case
    told = {"who": "HOLDER", "court": "Federal Court", "file_number": "1C 7/26", "text": "No!"}
    assert record(pair, request_id, "challenges", 422, **told, **said)["code"] == code


def test_only_the_court_records_and_stage_follows_on_stage(accepted_case: Case) -> None:
    pair, request_id = accepted_case
    challenge = lodge(pair, request_id, measures=["M01"])
    told = {"challenge_id": challenge, "state": "dismissed", "text": "At once."}
    path = f"challenges/{challenge}/outcome"
    refused = record(pair, request_id, path, 409, **told)
    assert refused["code"] == "wrong_stage"
    found = pair.request(pair.qn, request_id)
    by_approver = pair.qn.node.said("approver", "court.record", "outcome", found, **told)
    client = pair.qn.node.client("court")
    answer = client.post(f"/v1/requests/{request_id}/{path}", json=by_approver)
    assert (answer.status_code, answer.json()["code"]) == (403, "officer_not_allowed")
    answer = pair.qn.node.client("approver").post(
        f"/v1/requests/{request_id}/{path}", json=by_approver
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")


def waived(country: Country) -> list[Any]:
    """Return how it is put for the log that a challenge was decided."""
    return [e["reason"] for e in outbox(country.node) if e["type"] == "challenge.decided"]


def test_a_waiver_ends_the_time_to_appeal_in_both_countries(accepted_case: Case) -> None:
    pair, request_id = accepted_case
    path = f"/v1/requests/{request_id}/clocks"

    def appeals() -> list[set[str]]:
        seen = [country.call("approver", "GET", path)["clocks"] for country in (pair.qn, pair.qm)]
        return [{each["state"] for each in one if each["act"] == "appeal"} for one in seen]

    assert appeals() == [{"RUNNING"}, {"RUNNING"}]
    said = {"court": "Federal Court", "text": "The holder waives."}
    record(pair, request_id, "appeal-waiver", 200, **said)
    assert waived(pair.qn) == ["waived"]
    for _ in range(30):
        pair.qn.step()
        pair.qm.courier.work()
    assert waived(pair.qm) == ["waived"]
    assert appeals() == [{"MET"}, {"MET"}]
    again = record(pair, request_id, "appeal-waiver", 409, **said)
    assert again["code"] == "nothing_to_waive"
