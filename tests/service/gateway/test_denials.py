"""Every refusal reaches the audit log once, and none is lost."""

import time
from collections.abc import Sequence

import pytest

from services.gateway import store
from services.gateway.denials import BATCH, Denials, UndeliveredError
from services.gateway.store import rings
from shared.protocol import canonical
from shared.runtime.database import Database
from tests.service.gateway.calling import Caller
from tests.service.gateway.conftest import World, wait_until
from tests.service.gateway.refusing import (
    NOON,
    Audit,
    Clock,
    audit,
    clock,
    database,
    denials,
    refuse,
)

__all__ = ["audit", "clock", "database", "denials"]


def test_a_refusal_is_told_without_secrets(denials: Denials, audit: Audit) -> None:
    refuse(denials, claimed="urn:x")
    assert denials.deliver_once() == 1
    (event,) = audit.events
    assert event["type"] == "access.denied"
    assert (event["reason"], event["count"]) == ("invalid-token/exp", 1)
    assert event["personal"] == {
        "address": "192.0.2.1",
        "call": "GET /v1/requests",
        "claimed_client": "urn:x",
    }


def test_a_verified_client_is_told_with_its_officer(denials: Denials, audit: Audit) -> None:
    refuse(denials, client_id="urn:a", officer="A. B.")
    denials.deliver_once()
    assert audit.events[0]["personal"]["client"] == "urn:a"
    assert audit.events[0]["personal"]["officer"] == "A. B."


def test_a_delivered_refusal_is_not_delivered_again(denials: Denials, audit: Audit) -> None:
    refuse(denials)
    denials.deliver_once()
    assert (denials.deliver_once(), len(audit.events), denials.waiting()) == (0, 1, 0)


def test_67_while_the_log_is_away_nothing_is_lost(denials: Denials, audit: Audit) -> None:
    audit.away = True
    for _ in range(3):
        refuse(denials)
    with pytest.raises(UndeliveredError):
        denials.deliver_once()
    audit.away = False
    assert denials.deliver_once() == 3
    assert len({event["event_id"] for event in audit.events}) == 3


def test_many_are_brought_in_batches(denials: Denials, audit: Audit) -> None:
    for number in range(BATCH + 5):
        refuse(denials, client_id=f"urn:{number}")
    assert [denials.deliver_once(), denials.deliver_once()] == [BATCH, 5]
    assert len(audit.events) == BATCH + 5


def test_68_what_a_caller_wrote_stays_text(denials: Denials, audit: Audit) -> None:
    refuse(denials, call="GET /a\r\n\x1b[31m", claimed="x" * 500)
    denials.deliver_once()
    personal = audit.events[0]["personal"]
    assert personal["call"] == "GET /a\r\n\x1b[31m"
    assert len(personal["claimed_client"]) == 200


def test_expired_marks_are_forgotten(database: Database) -> None:
    at = int(NOON.timestamp())
    with database.begin() as db:
        assert store.use_once(db, "proof", "key", "jti", at)
        assert not store.use_once(db, "proof", "key", "jti", at)
        store.revoke(db, "jti", at)
        store.revoke(db, "jti", at)
    with database.begin() as db:
        store.forget_expired(db, at)
        assert rings.standing(db, "jti", "")[0]
        store.forget_expired(db, at + 1)
        assert not rings.standing(db, "jti", "")[0]
        assert store.use_once(db, "proof", "key", "jti", at)


def test_a_refused_call_arrives_at_the_log_by_itself(world: World) -> None:
    echo = world.echoes["QM"]
    # Which no other test has refused: a client that is refused often is only counted.
    world.caller("protection").call("GET", "/v1/inbox")
    own = {"client": "urn:rogatory:QM:protection"}
    wait_until(lambda: any(own.items() <= e.get("personal", {}).items() for e in echo.events))
    event = next(e for e in echo.events if own.items() <= e.get("personal", {}).items())
    assert event["reason"] == "insufficient-scope"


def test_67_a_log_that_comes_back_gets_what_waited(world: World) -> None:
    echo = world.echoes["QN"]
    echo.audit_status = 503
    Caller(world.qn, "protection").call("GET", "/v1/inbox")
    time.sleep(1.3)  # longer than between two attempts
    assert not any(e.get("reason") == "insufficient-scope" for e in echo.events)
    echo.audit_status = 200
    wait_until(lambda: any(e.get("reason") == "insufficient-scope" for e in echo.events))


def test_the_thread_outlives_failures(database: Database, clock: Clock, audit: Audit) -> None:
    failures: list[Exception] = [UndeliveredError("away"), RuntimeError("a full disk")]

    def deliver(events: Sequence[canonical.Json]) -> None:
        if failures:
            raise failures.pop(0)
        audit.take(events)

    class Hasty(Denials):
        interval = 0.02

    denials = Hasty(database, deliver=deliver, clock=clock)
    for number in range(BATCH + 1):
        refuse(denials, client_id=f"urn:{number}")
    denials.start()
    wait_until(lambda: len(audit.events) == BATCH + 1)
    denials.stop()
    assert failures == []
