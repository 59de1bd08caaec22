"""When the peer keeps silent, the chain says so, once."""

from datetime import timedelta
from typing import Any

from services.exchange.store import channels as heads
from services.exchange.store import entries
from shared.protocol.entries import read_entry
from tests.service.exchange.pair import Country, Pair
from tests.simulator import LOSE_REQUEST

Case = tuple[Pair, str]
WEEK, MONTH = timedelta(days=7, minutes=1), timedelta(days=31)


def said(country: Country, channel: str) -> list[tuple[str, Any]]:
    """The receipts that a country wrote about its own entries: kind and reason."""
    with country.database.read() as db:
        bodies = [read_entry(row.jws).entry.body for row in entries.walk(db, channel)]
    kinds = {"RelayFailure", "DeliveryExpired"}
    return [(str(body["kind"]), body["reason"]) for body in bodies if body.get("kind") in kinds]


def test_a_week_of_silence_is_a_relay_failure(sent_case: Case) -> None:
    pair, request_id = sent_case
    pair.qm.logged()
    pair.qm.to_peer.plan = [LOSE_REQUEST] * 10_000
    deadlines = pair.qm.deadlines
    deadlines.begin()
    assert not deadlines.work()
    pair.clock.advance(timedelta(seconds=30))
    assert not deadlines.work()  # it looks once a minute
    pair.clock.advance(WEEK)
    assert deadlines.work()
    assert said(pair.qm, "QM>QN") == [("RelayFailure", "no answer before the deadline")] * 2
    pair.clock.advance(WEEK)
    assert not deadlines.work()  # once
    pair.qm.to_peer.plan = []
    pair.clock.advance(WEEK)
    pair.settle()
    assert pair.request(pair.qm, request_id)["state"] == "S05"  # it was never dropped


def test_an_offer_that_ran_out_is_a_delivery_expired(released_case: Case) -> None:
    pair, package_id = released_case
    pair.qm.bulk.faults = ["hang up"] * 10_000
    pair.settle()
    assert pair.package(pair.qn, package_id)["state"] == "RECEIVED"
    pair.clock.advance(MONTH)
    assert pair.qn.deadlines.work()
    expired = "the content was not confirmed before the offer expired"
    assert said(pair.qn, "QN>QM")[-1] == ("DeliveryExpired", expired)
    pair.clock.advance(MONTH)
    pair.qn.deadlines.work()
    assert [kind for kind, _ in said(pair.qn, "QN>QM")].count("DeliveryExpired") == 1


def test_a_frozen_channel_is_left_alone(sent_case: Case) -> None:
    pair, _ = sent_case
    with pair.qm.database.begin() as db:
        heads.freeze(db, "QM>QN", "two entries for one place")
    pair.clock.advance(WEEK)
    assert not pair.qm.deadlines.work()
    answer = pair.qm.node.client("approver")
    assert answer is not None
