"""The chains are recomputed from the signed bytes; the first break is named."""

from structlog.testing import capture_logs

from services.exchange.channel_watch import ChannelWatch, verify
from services.exchange.store import entries, peers
from tests.service.exchange.pair import Country, Pair
from tests.simulator import LOSE_REQUEST

Case = tuple[Pair, str]


def change(country: Country, statement: str) -> None:
    with country.database.begin() as db:
        db.connection().exec_driver_sql(statement)


def first_break(country: Country, channel: str = "QM>QN") -> str | None:
    reports = {report.channel: report for report in verify(database=country.database)}
    return reports[channel].first_break


def test_what_was_exchanged_holds(verified_session: Case) -> None:
    pair, _ = verified_session
    for country in (pair.qm, pair.qn):
        reports = verify(database=country.database)
        assert [report.channel for report in reports] == ["QM>QN", "QN>QM"]
        assert all(report.first_break is None and report.entries > 4 for report in reports)


WHERE = "WHERE channel='QM>QN'"
BREAKS = {
    "an entry is gone": (f"DELETE FROM entry {WHERE} AND seq=2", "entry 0/2 is missing"),  # noqa: S608
    "the first is gone": (f"DELETE FROM entry {WHERE} AND seq=0", "entry 0/0 is missing"),  # noqa: S608
    "the end is gone": (f"DELETE FROM entry {WHERE} AND seq>2", "its end is missing, up to entry 0/"),  # noqa: S608
    "all is gone": (f"DELETE FROM entry {WHERE}", "its end is missing, up to entry 0/"),  # noqa: S608
    "the bytes are another's": (
        f"UPDATE entry SET jws=(SELECT jws FROM entry {WHERE} AND seq=1) {WHERE} AND seq=3",  # noqa: S608
        "entry 0/3 was changed after it was kept",
    ),
    "the bytes are none": (f"UPDATE entry SET jws=x'00' {WHERE} AND seq=3", "entry 0/3: this is not"),  # noqa: S608
    "the head is another": (
        f"UPDATE channel SET head_hash='{'ab' * 48}' {WHERE}",  # noqa: S608
        "it ends elsewhere than its head says",
    ),
    "the head is before": (
        f"UPDATE channel SET head_seq=1 {WHERE}",  # noqa: S608
        "it ends elsewhere than its head says",
    ),
}  # fmt: skip


def test_the_first_break_is_named(verified_case: Case) -> None:
    pair, _ = verified_case
    country = pair.qn
    with country.database.read() as db:
        saved = list(entries.walk(db, "QM>QN"))
    for name, (statement, told) in BREAKS.items():
        change(country, statement)
        found = first_break(country)
        assert found is not None, name
        assert found.startswith(f"channel QM>QN: {told}"), name
        change(country, f"DELETE FROM entry {WHERE}")  # noqa: S608
        last = saved[-1]
        change(country, f"UPDATE channel SET head_seq={last.seq}, head_hash='{last.hash}' {WHERE}")  # noqa: S608
        with country.database.begin() as db:
            for entry in saved:
                entries.insert(db, entry)
        assert first_break(country) is None


def test_an_entry_in_anothers_place_does_not_follow(verified_case: Case) -> None:
    """Bytes, hash and place agree, but it follows from nothing that is there."""
    pair, _ = verified_case
    change(pair.qn, f"DELETE FROM entry {WHERE} AND seq=1")  # noqa: S608
    change(
        pair.qn,
        "UPDATE entry SET seq=1 WHERE channel='QM>QN' AND seq=2",
    )
    found = first_break(pair.qn)
    assert found == "channel QM>QN: entry 0/1 was changed after it was kept"


def test_operators_are_told(verified_case: Case) -> None:
    pair, _ = verified_case
    watch = ChannelWatch(database=pair.qn.database, clock=pair.clock)
    watch.begin()
    with capture_logs() as lines:
        assert not watch.work()
        change(pair.qn, f"DELETE FROM entry {WHERE} AND seq=2")  # noqa: S608
        assert not watch.work()  # it looks once an hour
        assert [each for each in lines if each["event"] == "channel_broken"] == []
        watch.looked_at = None
        assert not watch.work()
    assert "entry 0/2 is missing" in str(lines)
    answer = pair.qn.node.client("ops").get("/v1/ops/channels")
    seen = answer.json()
    reports = {one["channel"]: one for one in seen["channels"]}
    assert seen["outbox"] == {"events": 0, "since": None}
    assert reports["QM>QN"]["first_break"] == "channel QM>QN: entry 0/2 is missing"
    assert (reports["QM>QN"]["seq"], reports["QM>QN"]["entries"]) == (1, 2)
    assert reports["QN>QM"]["first_break"] is None


def test_operators_see_what_waits_and_what_contradicts(accepted_case: Case) -> None:
    pair, _ = accepted_case
    found = peers.Contradiction(
        peer="QN", kind="fork", first=b"one", second=b"other", at=pair.clock()
    )
    with pair.qm.database.begin() as db:
        peers.add_contradiction(db, found)
        peers.add_contradiction(db, found)
    pair.sent_request()
    seen = pair.qm.node.client("ops").get("/v1/ops/channels").json()
    assert seen["outbox"]["events"] > 1
    assert seen["outbox"]["since"] == "2026-11-21T12:00:00.000Z"
    pair.qm.to_peer.plan = [LOSE_REQUEST] * 10
    pair.settle()
    seen = pair.qm.node.client("ops").get("/v1/ops/channels").json()
    ours = {one["channel"]: one for one in seen["channels"]}["QM>QN"]
    assert ours["last_error"] == "this country's gateway does not answer"
    assert ours["contradictions"] == ["fork, 2026-11-21 12:00:00 UTC"]
