"""A peer, directory, witness or authority that drips its answer holds a thread until a deadline only."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from tuf.api.exceptions import DownloadError

from services.gateway import delivery, lanes, retrieval, timekeeping, upstream
from services.gateway.timekeeping import Timekeepers
from shared.protocol import jose
from shared.protocol.timetokens import Anchors
from shared.runtime import deadline, http, outward
from shared.runtime.authorities import Authority
from shared.runtime.refusals import PeerUnanswered, Refusal, Unavailable
from tests.federated import document
from tests.service.gateway.calling import inside
from tests.service.gateway.conftest import World
from tests.service.gateway.dripping import dripping
from tests.service.gateway.sites import Live
from tests.service.gateway.sockets import Certificates, make_certificates

SHORT = 0.4  # seconds instead of 50
HEAD = b"HTTP/1.1 200 OK\r\nX: "
EMPTY = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
SIZED = b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n"
CHUNK = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3"
ENDLESS = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
UNKNOWN = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 60000\r\n\r\n"
NEARBY = outward.Reach.NEARBY


@contextmanager
def soon() -> Iterator[None]:
    began = time.monotonic()
    yield
    assert time.monotonic() - began < 5


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return make_certificates(tmp_path / "peer")


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    for module, name in (
        (delivery, "PATIENCE"),
        (delivery, "TURN"),
        (retrieval, "DEADLINE"),
        (timekeeping, "DEADLINE"),
        (upstream, "BLOCK_DEADLINE"),
    ):
        monkeypatch.setattr(module, name, SHORT)


def deliveries(live: Live, url: str, certificates: Certificates) -> delivery.Delivery:
    """Make what calls QN, whose gateway is at `url`."""
    anchors = [certificates.ca.read_text()]
    live.repository.publish(document("QN", gateway=url, issuer=url, tls_anchors=anchors))
    live.directory.refresh()
    identity = delivery.Identity(
        client_id="https://localhost:1", assertion_key=jose.generate(), proof_key=jose.generate()
    )
    return delivery.Delivery(identity, directory=live.directory, clock=live.clock)


def refused(act: Callable[[], object]) -> str:
    with pytest.raises(Refusal) as caught, soon():
        act()
    return caught.value.code


@pytest.mark.parametrize("beginning", [b"H", HEAD, SIZED, CHUNK, ENDLESS])
@pytest.mark.usefixtures("short")
def test_a_peer_that_drips_is_away(
    live: Live, certificates: Certificates, beginning: bytes
) -> None:
    with dripping(beginning, certificates) as url:
        peer = deliveries(live, url, certificates)
        assert refused(lambda: peer.call("QN", "GET", "/x", headers={}, body=b"")) in {
            "peer_unreachable",
            "peer_refuses_us",  # a whole answer, if the beginning of none
        }


@pytest.mark.usefixtures("short")
def test_an_answer_that_nobody_wants_is_not_read(live: Live, certificates: Certificates) -> None:
    with dripping(UNKNOWN, certificates) as url:
        peer = deliveries(live, url, certificates)
        known = peer._peer("QN")
        known._token, known._expires = "token", live.clock().timestamp() + 300
        with pytest.raises(Refusal), soon():
            peer.call("QN", "GET", "/x", headers={}, body=b"")


@pytest.mark.usefixtures("short")
def test_nobody_waits_long_for_another_s_token(live: Live, certificates: Certificates) -> None:
    with dripping(SIZED, certificates) as url:
        known = deliveries(live, url, certificates)._peer("QN")
        with known._lock, pytest.raises(Unavailable), soon():
            known.call("GET", "/x", headers={}, body=b"")


def test_a_handshake_that_never_ends_is_cut() -> None:
    with dripping(b"\x16\x03\x03\x40\x00") as url:  # a record of 16 KiB begins
        pool = outward.pool(
            url.replace("http:", "https:"), reach=NEARBY, context=http.pinned_context()
        )
        with pytest.raises(deadline.OverdueError), soon(), deadline.within(SHORT):
            pool.urlopen("GET", "/", preload_content=False)


@pytest.mark.parametrize("secured", [False, True])
def test_a_connection_of_the_pool_is_cut_as_well(
    certificates: Certificates, *, secured: bool
) -> None:
    context = http.pinned_context(certificates.ca.read_text())
    with dripping(HEAD, certificates if secured else None, first=EMPTY) as url:
        pool = outward.pool(url, reach=NEARBY, context=context)
        with deadline.within(SHORT):
            pool.urlopen("GET", "/")
        time.sleep(SHORT)  # the end of that scope is not that of the next
        with pytest.raises(deadline.OverdueError), soon(), deadline.within(SHORT):
            pool.urlopen("GET", "/", preload_content=False)
        assert pool.num_connections == 1


@pytest.mark.parametrize("beginning", [SIZED, CHUNK, ENDLESS])
@pytest.mark.parametrize("secured", [False, True])
@pytest.mark.usefixtures("short")
def test_a_body_that_drips_breaks_off(
    certificates: Certificates, beginning: bytes, *, secured: bool
) -> None:
    context = http.pinned_context(certificates.ca.read_text())
    with dripping(beginning, certificates if secured else None) as url:
        pool = outward.pool(url, reach=NEARBY, context=context)
        answer = pool.urlopen("GET", "/", preload_content=False)
        with pytest.raises(upstream.BrokenStreamError, match="Overdue"), soon():
            upstream.read_answer(answer).read()
        answer.close()


@pytest.mark.parametrize("beginning", [HEAD, SIZED, CHUNK, ENDLESS])
@pytest.mark.usefixtures("short")
def test_a_directory_that_drips_is_given_up(beginning: bytes) -> None:
    with dripping(beginning) as url:
        fetcher = retrieval._Fetcher(
            retrieval.Source(name="directory", url=url, trust=http.pinned_context, reach=NEARBY)
        )
        with pytest.raises(DownloadError), soon():
            fetcher.download_bytes(f"{url}/metadata/timestamp.json", 10000)


@pytest.mark.parametrize("beginning", [HEAD, SIZED])
@pytest.mark.usefixtures("short")
def test_an_authority_that_drips_is_unanswered(beginning: bytes) -> None:
    with dripping(beginning) as url:
        known = Timekeepers(
            {"t": Authority(name="t", url=url, anchors=Anchors(roots=()), tls=None)}
        )
        with pytest.raises(PeerUnanswered), soon():
            known.ask("t", b"question")


def test_while_one_peer_drips_others_and_the_api_are_served(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """QN's lanes are all taken, by calls that would last an hour."""
    over = threading.Event()
    honest = delivery.Delivery.call
    monkeypatch.setattr(lanes, "PATIENCE", 0.3)

    def held(self: delivery.Delivery, country: str, *rest: str, **more: object) -> object:
        over.wait(20)
        return honest(self, country, *rest, **more)  # type: ignore[arg-type]

    monkeypatch.setattr(delivery.Delivery, "call", held)
    with ThreadPoolExecutor(20) as crowd:
        calls = [crowd.submit(inside, world.qm, "GET", "/egress/QN/heads") for _ in range(20)]
        try:
            answer = inside(world.qm, "GET", "/egress/QN/heads")
            assert (answer.status_code, answer.json()["code"]) == (503, "egress_busy")
            assert inside(world.qm, "GET", "/egress/directory").status_code == 200
            assert world.caller("case-system").http.get("/healthz").status_code == 200
        finally:
            over.set()
        statuses = sorted(call.result(10).status_code for call in calls)
    assert statuses == [200] * lanes.LANES + [503] * (20 - lanes.LANES)
