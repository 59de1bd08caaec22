"""Time stamps of the log's checkpoints, by a real authority (`openssl ts`)."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from services.audit import stamping
from services.audit.stamping import Light, Stamper
from services.audit.store import stamps
from services.gateway.timekeeping import Timekeepers
from shared.protocol.timestamps import parse_stamp
from shared.protocol.timetokens import verify_token
from shared.runtime.authorities import Authority, read_authorities
from shared.runtime.clock import utc_now
from shared.runtime.refusals import Refusal
from tests.service.audit.logbook import Dead, Logbook, SetClock, event
from tests.time_authority import Site, TimeAuthority, serving

HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> TimeAuthority:
    return TimeAuthority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def site(authority: TimeAuthority) -> Iterator[Site]:
    with serving(authority) as made:
        yield made


def way_out(known: Timekeepers) -> httpx.Client:
    """What the gateway does with the path of an authority."""

    def answer(request: httpx.Request) -> httpx.Response:
        name = request.url.path.removeprefix("/egress/time/")
        try:
            return httpx.Response(200, content=known.ask(name, request.content))
        except Refusal as refusal:
            return httpx.Response(refusal.status, json={"detail": refusal.detail})

    return httpx.Client(transport=httpx.MockTransport(answer), base_url="http://gateway")


@pytest.fixture
def stamper(logbook: Logbook, site: Site, tmp_path: Path) -> Stamper:
    known = read_authorities(site.authority.configured(site.url, tmp_path / "etc"))
    logbook.clock.now = utc_now()  # the authority has the real time
    return Stamper(
        database=logbook.database,
        gateway=way_out(Timekeepers(known)),
        authorities=known,
        every=HOUR,
        clock=logbook.clock,
    )


def authority_of(stamper: Stamper) -> Authority:
    return stamper.authorities["tsa.example"]


def test_the_newest_checkpoint_is_stamped_while_the_log_grows(
    logbook: Logbook, stamper: Stamper, site: Site
) -> None:
    stamper.begin()
    assert not stamper.work()
    assert stamper.lights()[0].size == 1
    for _ in range(3):
        logbook.clock.back(hours=-1)
        stamper.work()
    assert site.asked == 1, "nothing came since"
    logbook.record(event(1), event(2))
    stamper.work()
    assert [size for size, _ in stamping.records(logbook.database, start=0).records] == [1, 3]
    logbook.record(event(3))
    stamper.work()
    assert site.asked == 2, "not so soon again"
    (light,) = stamper.lights()
    assert (light.size, light.trouble) == (3, None)


def test_a_record_proves_itself(logbook: Logbook, stamper: Stamper, site: Site) -> None:
    stamper.work()
    ((size, record),) = stamping.records(logbook.database, start=1).records
    stamp = parse_stamp(record)
    assert (stamp.authority, stamp.checkpoint.size, size) == ("tsa.example", 1, 1)
    verify_token(stamp.token, stamp.note, authority_of(stamper).anchors)
    assert site.authority.verifies(stamp.token, stamp.note)
    assert stamping.records(logbook.database, start=2).records == []


def test_records_come_in_pages(logbook: Logbook, stamper: Stamper) -> None:
    stamper.work()
    with logbook.database.begin() as db:
        (first,) = stamps.page(db, 0, 9)
        for name in ("a.example", "b.example"):
            again = stamps.Stamped(
                size=1, authority=name, note=first.note, token=first.token, time=first.time
            )
            stamps.add(db, again, logbook.clock())
            stamps.add(db, again, logbook.clock())  # one that is there stays
    page = stamping.records(logbook.database, start=0, limit=2)
    assert (len(page.records), page.following) == (2, 1)


@pytest.mark.parametrize("failure", ["status", "kind", "garbage", "huge", "unknown", "dead"])
def test_a_dead_authority_is_a_red_light_and_no_stop(
    logbook: Logbook, stamper: Stamper, site: Site, failure: str
) -> None:
    known = dict(stamper.authorities)
    if failure == "status":
        site.status = 503
    elif failure == "kind":
        site.kind = "text/html"
    elif failure == "garbage":
        site.answer = b"0\x05"
    elif failure == "huge":
        site.answer = bytes(2**16 + 1)
    elif failure == "unknown":
        known.clear()
    else:
        dead = Authority(
            name="tsa.example",
            url="http://127.0.0.1:9/tsr",
            anchors=authority_of(stamper).anchors,
            tls=None,
        )
        known["tsa.example"] = dead
    stamper.gateway = way_out(Timekeepers(known))
    stamper.work()
    (red,) = stamper.lights()
    assert (red.size, red.time) == (0, None)
    assert red.trouble
    assert logbook.record(event(1)), "the log goes on"
    site.status, site.kind, site.answer = 200, "application/timestamp-reply", None
    stamper.gateway = way_out(Timekeepers(stamper.authorities))
    stamper.work()
    assert stamper.lights()[0].trouble, "it is asked again in a minute, not at once"
    logbook.clock.back(minutes=-1)
    stamper.work()
    (green,) = stamper.lights()
    assert (green.size, green.trouble, green.since) == (2, None, None)


def test_the_light_tells_since_when(stamper: Stamper, site: Site, clock_of: SetClock) -> None:
    site.status = 500
    stamper.work()
    first: Light = stamper.lights()[0]
    clock_of.back(minutes=-2)
    stamper.work()
    assert stamper.lights()[0].since == first.since


@pytest.fixture
def clock_of(logbook: Logbook) -> SetClock:
    return logbook.clock


@pytest.mark.parametrize("fault", ["persisted", "not persisted"])
def test_a_stamp_that_was_lost_is_got_again(logbook: Logbook, stamper: Stamper, fault: str) -> None:
    logbook.plan(fault)
    with pytest.raises(Dead):
        stamper.work()
    stamper.begin()
    stamper.work()
    assert stamper.lights()[0].size == 1


def test_an_empty_log_has_nothing_to_stamp(logbook: Logbook, stamper: Stamper, site: Site) -> None:
    with logbook.database.begin() as db:
        assert stamps.newest(db, "tsa.example") is None
    stamper.authorities = {}
    stamper.work()
    assert (site.asked, stamper.lights()) == (0, [])
