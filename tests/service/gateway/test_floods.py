"""Nobody can fill the log by being refused: many refusals are few events, and every one is counted."""

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import sqlalchemy as sa

from services.gateway.denials import SINGLES, Denials
from services.gateway.store import refusals
from services.gateway.store.refusals import Tally
from shared.runtime.database import Database
from shared.runtime.refusals import NotFound
from tests.service.gateway.refusing import (
    Audit,
    Clock,
    audit,
    clock,
    counts,
    database,
    denials,
    note,
    refuse,
    settle,
)

__all__ = ["audit", "clock", "database", "denials"]


FLOODS: dict[str, Callable[[int], dict[str, str]]] = {
    "one source": lambda _: {},
    "many sources": lambda n: {"address": f"192.0.{n // 250}.{n % 250}"},
    "many reasons": lambda n: {"reason": f"r{n % 40}"},
    "many claimed ids": lambda n: {"claimed": f"urn:rogatory:QM:c{n}"},
    "a client": lambda n: {"client_id": "urn:rogatory:QM:preparer", "reason": f"r{n % 7}"},
}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "number",
    [pytest.param(250, id="quarter"), pytest.param(1000, id="thousand", marks=pytest.mark.soak)],
)
@pytest.mark.parametrize("flood", FLOODS.values(), ids=list(FLOODS))
def test_66_a_thousand_are_at_most_twenty_events_that_add_up(
    flood: Callable[[int], dict[str, str]],
    number: int,
    audit: Audit,
    clock: Clock,
    database: Database,
) -> None:
    denials = Denials(database, deliver=audit.take, clock=clock)
    for each in range(number):
        # Death between any two calls: another process goes on from what is stored.
        denials = Denials(database, deliver=audit.take, clock=clock)
        refuse(denials, **flood(each))
        clock.at += timedelta(seconds=110 / number)  # so that they fall into two windows
        if each % 100 == 0:
            denials.deliver_once()
    settle(denials, clock, minutes=3)
    assert len(audit.events) <= 20
    assert sum(counts(audit)) == number
    assert counts(audit)[:SINGLES] == [1] * SINGLES


def test_after_a_quiet_minute_each_is_told_again(
    denials: Denials, audit: Audit, clock: Clock
) -> None:
    for _ in range(100):
        refuse(denials)
    settle(denials, clock)
    refuse(denials)
    settle(denials, clock)
    assert counts(audit) == [1] * 10 + [90] + [1]  # counted, since the minute before was noisy
    assert "call" not in audit.events[-1]["personal"]
    settle(denials, clock)
    refuse(denials)
    denials.deliver_once()
    assert audit.events[-1]["personal"]["call"] == "GET /v1/requests"


def test_the_most_frequent_are_told_apart(denials: Denials, audit: Audit, clock: Clock) -> None:
    for _ in range(SINGLES):
        refuse(denials)
    for number, times in enumerate((30, 20, 10, 9, 2, 1)):
        for _ in range(times):
            refuse(denials, address=f"192.0.2.{number}", reason=f"r{number}")
    settle(denials, clock)
    told = [(e["personal"]["address"], e["reason"], e["count"]) for e in audit.events[SINGLES:]]
    assert told == [
        ("192.0.2.0", "invalid-token/r0", 30),
        ("192.0.2.1", "invalid-token/r1", 20),
        ("192.0.2.2", "invalid-token/r2", 10),
        ("192.0.2.3", "invalid-token/r3", 9),
        ("various", "various", 3),
    ]


def test_the_addresses_that_are_told_apart_are_bounded(database: Database) -> None:
    with database.begin() as db:
        refusals.enter_window(db, "*", now=0, count=1)
        for number in range(refusals.MOST_TALLIES + 20):
            one = Tally(address=f"a{number}", reason="exp", began=number, count=1)
            refusals.tally(db, "*", one)
        (window,) = refusals.close_windows(db, opened_before=1, now=1)
    assert len(window.tallies) == refusals.MOST_TALLIES + 1
    assert (window.tallies[0].address, window.tallies[0].count) == ("various", 20)


def test_a_flood_of_nobodies_hides_no_client(denials: Denials, audit: Audit) -> None:
    for number in range(100):
        refuse(denials, address=f"192.0.2.{number}")
    note(denials, NotFound("not_found", "Nothing."), client_id="urn:a")
    denials.deliver_once()
    assert audit.events[-1]["personal"]["client"] == "urn:a"


def test_addresses_of_one_ipv6_network_are_one(
    denials: Denials, audit: Audit, clock: Clock
) -> None:
    for number in range(SINGLES + 5):
        refuse(denials, address=f"2001:db8::{number:x}")
    refuse(denials, address="2001:db8:0:1::2")
    refuse(denials, address="testclient")
    settle(denials, clock)
    told = {e["personal"]["address"]: e["count"] for e in audit.events[SINGLES:]}
    assert told == {"2001:db8::/64": 5, "2001:db8:0:1::/64": 1, "testclient": 1}


def test_what_the_edge_cut_off_is_counted(database: Database, audit: Audit, clock: Clock) -> None:
    cut = [{("192.0.2.9", "header_deadline"): 7, ("192.0.2.9", "bad request!"): 2}]
    denials = Denials(
        database, deliver=audit.take, clock=clock, closures=lambda: cut.pop() if cut else {}
    )
    settle(denials, clock, minutes=2)
    told = [(e["personal"], e["reason"], e["count"]) for e in audit.events]
    where = {"address": "192.0.2.9"}
    assert told == [(where, "header-deadline", 7), (where, "refused", 2)]


def test_a_clock_that_is_set_back_holds_no_count_back(
    denials: Denials, audit: Audit, clock: Clock
) -> None:
    for _ in range(SINGLES + 1):
        refuse(denials)
    clock.at -= timedelta(hours=1)
    denials.deliver_once()
    assert sum(counts(audit)) == SINGLES + 1


def test_two_workers_count_together(database: Database, audit: Audit, clock: Clock) -> None:
    workers = [Denials(database, deliver=audit.take, clock=clock) for _ in range(2)]
    with ThreadPoolExecutor(8) as pool:
        for future in [pool.submit(refuse, workers[n % 2]) for n in range(100)]:
            future.result()
    clock.at += timedelta(seconds=61)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(Denials.deliver_once, workers))
    told = {event["event_id"]: event["count"] for event in audit.events}  # the log knows the ids
    assert sorted(told.values()) == [1] * 10 + [90]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_those_who_are_refused_at_once_are_written_together(
    database: Database, audit: Audit, clock: Clock
) -> None:
    denials = Denials(database, deliver=audit.take, clock=clock)
    before = database.pulse.count
    with ThreadPoolExecutor(20) as pool:
        with database.begin():  # somebody else writes for a while
            futures = [pool.submit(refuse, denials) for _ in range(20)]
            time.sleep(0.2)
        for future in futures:
            future.result()
    assert database.pulse.count - before <= 4
    settle(denials, clock)
    assert sum(counts(audit)) == 20


def test_what_cannot_be_written_is_told_to_each(
    database: Database, audit: Audit, clock: Clock
) -> None:
    denials = Denials(database, deliver=audit.take, clock=clock)
    with database.begin() as db:
        db.execute(sa.text("ALTER TABLE refusal_window RENAME TO elsewhere"))
    with ThreadPoolExecutor(5) as pool:
        futures = [pool.submit(refuse, denials) for _ in range(5)]
    assert all(isinstance(future.exception(), sa.exc.DBAPIError) for future in futures)
    with database.begin() as db:
        db.execute(sa.text("ALTER TABLE elsewhere RENAME TO refusal_window"))
    refuse(denials)
    settle(denials, clock)
    assert sum(counts(audit)) == 1
