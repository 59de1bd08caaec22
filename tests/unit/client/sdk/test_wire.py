"""Whoever is told to wait waits, and sends the same again: nothing was done, and nothing is lost."""

from dataclasses import replace

import pytest

from client.errors import UnavailableError
from client.sdk.session import Session
from tests.scripted_gateway import Answer, Fault, Gateway, answer, problem


def wait(status: int, seconds: str) -> Answer:
    told = problem(status, "quota_exceeded", detail="Too many.")
    return replace(told, headers={**told.headers, "Retry-After": seconds})


@pytest.fixture
def slept(session: Session) -> list[float]:
    times: list[float] = []
    session.wire.pause = times.append
    return times


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("status", [429, 503])
def test_it_waits_as_long_as_told(
    gateway: Gateway, session: Session, slept: list[float], method: str, status: int
) -> None:
    session.token()
    gateway.faults = [wait(status, "7"), wait(status, "20")]
    gateway.routes[f"{method} /v1/x"] = answer({"done": True})
    assert session.json(session.call(method, "/v1/x")) == {"done": True}
    assert [7 <= slept[0] <= 7.7, 20 <= slept[1] <= 22] == [True, True]


def test_each_repetition_has_a_proof_of_its_own(
    gateway: Gateway, session: Session, slept: list[float]
) -> None:
    session.token()
    gateway.faults = [wait(429, "1")]
    gateway.routes["GET /v1/x"] = answer({})
    session.get("/v1/x")
    proofs = [call.headers["DPoP"] for call in gateway.calls if call.path == "/v1/x"]
    assert len(set(proofs)) == len(slept) + 1 == 2


@pytest.mark.parametrize(("status", "seconds", "most"), [(429, "50", 3), (503, "25", 2)])
def test_it_does_not_wait_for_ever(
    gateway: Gateway,
    session: Session,
    slept: list[float],
    *,
    status: int,
    seconds: str,
    most: int,
) -> None:
    session.token()
    gateway.faults = [wait(status, seconds)] * 10
    with pytest.raises(UnavailableError, match="Too many"):
        session.post("/v1/x")
    assert len(slept) == most


def test_without_a_time_a_quota_is_asked_again_soon(
    gateway: Gateway, session: Session, slept: list[float]
) -> None:
    session.token()
    gateway.faults = [wait(429, "Sun, 22 Nov 2026 06:00:00 GMT")]
    gateway.routes["POST /v1/x"] = answer({})
    session.post("/v1/x")
    assert 1 <= slept[0] <= 1.1


def test_a_post_that_may_have_been_done_is_not_repeated(
    gateway: Gateway, session: Session, slept: list[float]
) -> None:
    session.token()
    gateway.faults = [problem(503, "service_unavailable", detail="Away.")]
    with pytest.raises(UnavailableError, match="Away"):
        session.post("/v1/x")
    assert slept == []


@pytest.mark.parametrize("fault", [Fault.LOSE_ANSWER, problem(502, "away")])
def test_with_a_key_a_lost_post_is_repeated(
    gateway: Gateway, session: Session, slept: list[float], fault: Answer | Fault
) -> None:
    session.token()
    gateway.faults = [fault]
    gateway.routes["POST /v1/x"] = answer({"done": True})
    key = {"Idempotency-Key": "k"}
    assert session.json(session.call("POST", "/v1/x", headers=key)) == {"done": True}
    assert len(slept) == 1
