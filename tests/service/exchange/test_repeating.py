"""Writes that are sent again: done once, whatever was lost between."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from services.exchange import repeating
from services.exchange.records import Repeat, RequestsWanted
from services.exchange.repeating import RepeatedError, UnderWay
from services.exchange.store import repeats, requests
from shared.runtime.database import Database
from shared.runtime.refusals import Conflict
from tests.service.exchange.filling import assessed
from tests.service.exchange.node import (
    START,
    Clock,
    Node,
    accepted_request,
    draft,
    open_node,
    outbox,
)

KEY = {"Idempotency-Key": "5f0c9d1e-2a3b-4c6d-8e9f-000000000001"}


def post(node: Node, path: str, body: Any, role: str = "preparer", **key: str) -> httpx2.Response:  # noqa: ANN401
    headers = {"Idempotency-Key": key["key"]} if key else KEY
    return node.client(role).post(path, json=body, headers=headers)


def test_a_request_is_drafted_once(qm: Node) -> None:
    first, second = (post(qm, "/v1/requests", draft()) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert len(qm.client("preparer").get("/v1/requests").json()["requests"]) == 1
    assert [event["type"] for event in outbox(qm)] == ["request.drafted"]


def test_a_package_is_opened_once(qn: Node) -> None:
    body = {"request_id": accepted_request(qn), "measures": ["M01"], "title": "Statements"}
    first, second = (post(qn, "/v1/packages", body) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert first.json()["title"] == "Statements"


def test_a_step_is_taken_once_and_answered_again(qm: Node) -> None:
    request = post(qm, "/v1/requests", draft()).json()
    approval = qm.approval("preparer", "request.prepare", request)
    path = f"/v1/requests/{request['request_id']}/submit"
    first, second = (post(qm, path, approval, key="submit-0001") for _ in range(2))
    assert (first.status_code, second.status_code) == (200, 200)
    assert second.json()["state"] == "S01"
    assert post(qm, path, approval, key="submit-0002").status_code == 409


@pytest.mark.parametrize("change", ["body", "address"])
def test_a_key_is_for_one_write(qm: Node, change: str) -> None:
    request = post(qm, "/v1/requests", draft()).json()
    path = "/v1/requests" if change == "body" else f"/v1/requests/{request['request_id']}/send"
    body = draft(purpose="Another.") if change == "body" else None
    role = "preparer" if change == "body" else "approver"
    if change == "address":  # of one client: a key of another's is another key
        role, path = "preparer", f"/v1/requests/{request['request_id']}/submit"
        body = qm.approval("preparer", "request.prepare", request)
    answer = post(qm, path, body, role)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


def test_keys_of_two_clients_are_two(qm: Node, qn: Node) -> None:
    request = post(qm, "/v1/requests", draft()).json()
    approval = qm.approval("preparer", "request.prepare", request)
    path = f"/v1/requests/{request['request_id']}"
    assert post(qm, f"{path}/submit", approval, key="submit-0001").status_code == 200
    assessed(qm, request["request_id"])
    approval = qm.approval("approver", "request.approve", request)
    assert post(qm, f"{path}/approve", approval, "approver").status_code == 200
    assert post(qn, "/v1/requests", draft(to="QM")).status_code == 201


def test_what_failed_is_tried_again(qm: Node) -> None:
    request = post(qm, "/v1/requests", draft()).json()
    path = f"/v1/requests/{request['request_id']}/send"
    assert post(qm, path, None, "approver", key="send-00001").status_code == 409
    assert post(qm, path, None, "approver", key="send-00001").json()["code"] == "wrong_state"


def test_a_key_ends_after_a_day(qm: Node) -> None:
    first = post(qm, "/v1/requests", draft()).json()
    qm.clock.advance(repeating.LIFE + timedelta(seconds=1))
    assert post(qm, "/v1/requests", draft()).json()["request_id"] != first["request_id"]


@pytest.mark.parametrize("key", ["short", "with space", "é" * 9, "k" * 201])
def test_a_key_has_a_form(qm: Node, key: str) -> None:
    headers = {b"Idempotency-Key": key.encode()}
    answer = qm.client("preparer").post("/v1/requests", json=draft(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_fields")


def test_of_many_at_once_one_is_done(qm: Node) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: post(qm, "/v1/requests", draft()), range(8)))
    told = [answer.text for answer in answers]
    assert {answer.status_code for answer in answers} <= {201, 409}, told
    for answer in answers:
        if answer.status_code == 409:
            assert answer.json()["code"] == "idempotency_under_way"
            assert answer.headers["retry-after"] == "1"
    assert len(qm.client("preparer").get("/v1/requests").json()["requests"]) == 1


def test_a_key_is_held_while_its_write_is_done() -> None:
    held = UnderWay()
    with (
        held.holding("client", "key"),
        pytest.raises(Conflict, match="still being served"),
        held.holding("client", "key"),
    ):
        pytest.fail("it was held")
    with held.holding("client", "key"):
        pass


def test_death_before_the_commit_leaves_no_claim_and_after_it_the_answer(qm: Node) -> None:
    """The claim is part of the write's own transaction: there is nothing between the two."""
    at = qm.clock()
    repeat = Repeat(client_id="c", key="key-0001", digest=b"d", subject="object", at=at)
    guarded = repeating.once(qm.parts.database, repeat)
    with pytest.raises(ZeroDivisionError), guarded.begin():
        raise ZeroDivisionError  # the process dies here: SQLite rolls back as this does
    with repeating.once(qm.parts.database, repeat).begin() as db:
        assert not requests.listed(db, RequestsWanted())
    with pytest.raises(RepeatedError), repeating.once(qm.parts.database, repeat).begin():
        pytest.fail("it was done")


def test_two_workers_on_one_postgresql_do_it_once(
    federation: Path, tmp_path: Path, clock: Clock, postgres_database: str
) -> None:
    """What one process can't see of the other, the database's key holds apart: the second waits for it."""
    nodes = [open_node("QM", federation, tmp_path / "QM", clock, postgres_database) for _ in "12"]
    with ThreadPoolExecutor(8) as pool:
        turns = [nodes[number % 2] for number in range(8)]
        answers = list(pool.map(lambda node: post(node, "/v1/requests", draft()), turns))
    told = [answer.text for answer in answers]
    assert {answer.status_code for answer in answers} <= {201, 409}, told
    made = {answer.json()["request_id"] for answer in answers if answer.status_code == 201}
    assert len(made) == 1
    assert_waiting_ends(*(node.parts.database for node in nodes))
    for node in nodes:
        node.parts.database.close()


def assert_waiting_ends(first: Database, second: Database) -> None:
    repeat = Repeat(client_id="c", key="key-0001", digest=b"d", subject="object", at=START)
    with first.begin() as held:
        assert repeats.claim(held, repeat) is None
        with second.sessions() as waiting:
            waiting.execute(text("SET LOCAL lock_timeout = '50ms'"))
            with pytest.raises(Conflict, match="still being served"):
                repeating.claim(waiting, repeat)


def test_a_repeated_finding_or_challenge_is_shown_as_its_address_shows_it(qn: Node) -> None:
    """Sent again with its key, it is done once, and answered in the shape of its own address."""
    request_id = accepted_request(qn)
    client, key = qn.client("court"), {"Idempotency-Key": "challenge-0001"}
    told = {"who": "HOLDER", "court": "Federal Court", "file_number": "1C 7/26", "text": "No!"}
    path = f"/v1/requests/{request_id}/challenges"
    found = client.get(f"/v1/requests/{request_id}").json()
    body = qn.said("court", "court.record", "challenges", found, measures=["M01"], **told)
    first, second = (client.post(path, json=body, headers=key) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert len(second.json()["challenges"]) == 1
    said = {"gate": "G04", "role": "RD-CA", "verdict": "pass", "text": "In my own words: " * 9}
    signed = qn.said("approver", "finding", "findings", found, **said)
    approver, path = qn.client("approver"), f"/v1/requests/{request_id}/findings"
    answers = [
        approver.post(path, json=signed, headers={"Idempotency-Key": "finding-0001"})
        for _ in range(2)
    ]
    assert [each.status_code for each in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    assert len(answers[1].json()["findings"]) == 1
