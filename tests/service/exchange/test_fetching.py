"""A package is fetched whole, whatever happens on the way; and what is not what was said is disputed."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.exchange.store import contents, entries, leases, packages, transfers
from services.exchange.wire import AwayError
from shared.protocol.entries import read_entry
from shared.protocol.identifiers import TAG_ITEM
from shared.protocol.messages import PackageBody
from shared.runtime.refusals import StorageFull
from tests.service.exchange.pair import FILES, Pair
from tests.service.exchange.test_exchange_of_two import fetch
from tests.simulator import Answered

Case = tuple[Pair, str]
WAIT = timedelta(seconds=31)


def announced(case: Case) -> Case:
    """QM has the package's entry; the fetcher has not begun."""
    pair, package_id = case
    while any([pair.qn.logged(), pair.qn.courier.work()]):  # noqa: C419, RUF100
        pass
    while any([pair.qm.logged(), pair.qm.courier.work()]):  # noqa: C419, RUF100
        pass
    assert pair.package(pair.qm, package_id)["state"] == "RECEIVED"
    return pair, package_id


def fetch_on(pair: Pair, times: int = 12) -> None:
    """Let the fetcher try again and again, as time goes by."""
    for _ in range(times):
        pair.qm.fetcher.work()
        pair.clock.advance(WAIT)
    pair.settle()


def other_bytes(answer: Answered) -> Answered:
    return replace(answer, content=bytes([answer.content[0] ^ 1]) + answer.content[1:])


def too_much(answer: Answered) -> Answered:
    return replace(answer, content=answer.content * 100)


def not_found(answer: Answered) -> Answered:
    return replace(answer, status=404, content=b"{}")


def busy(answer: Answered) -> Answered:
    return replace(answer, status=503, content=b"{}", headers={"retry-after": "600"})


def test_who_is_told_to_wait_asks_then_and_has_not_failed(released_case: Case) -> None:
    pair, package_id = announced(released_case)
    pair.qm.bulk.faults = [busy]
    fetch_on(pair, times=3)
    assert pair.package(pair.qm, package_id)["state"] == "RECEIVED"
    assert pair.qm.fetcher.failures == {package_id: 0}
    pair.clock.advance(timedelta(seconds=600))
    fetch_on(pair, times=2)
    assert pair.package(pair.qm, package_id)["state"] == "VERIFIED"


def test_every_fault_of_the_wire_is_survived(released_case: Case) -> None:
    pair, package_id = announced(released_case)
    pair.qm.bulk.faults = [
        "hang up", "cut", not_found, other_bytes, None,  # the index
        "cut", "hang up", None, not_found, None, None, too_much,  # segments
    ]  # fmt: skip
    fetch_on(pair)
    assert pair.package(pair.qm, package_id)["state"] == "VERIFIED"
    assert pair.package(pair.qn, package_id)["state"] == "VERIFIED"
    assert fetch(pair.qm, package_id) == {f"data/{name}": octets for name, octets in FILES.items()}


def test_who_waits_is_told_why(released_case: Case) -> None:
    pair, package_id = announced(released_case)
    pair.qm.bulk.faults = ["hang up"] * 100
    pair.qm.fetcher.work()
    told = pair.package(pair.qm, package_id)["error"]
    assert told["code"] == "peer_away"
    assert told["detail"].startswith("QN's gateway does not answer")
    assert "next try at 12:00:0" in told["detail"]
    pair.qm.bulk.faults = []
    fetch_on(pair, 1)
    assert pair.package(pair.qm, package_id)["error"] is None


def test_only_what_lacks_is_asked_for_again(released_case: Case) -> None:
    pair, package_id = announced(released_case)
    pair.qm.bulk.faults = [None, None, None, "cut", "cut", "cut", "cut"]
    pair.qm.fetcher.work()
    pair.qm.bulk.faults = []
    calls = list(pair.qm.bulk.calls)
    pair.qm.fetcher.failures.clear()
    fetch_on(pair, 2)
    assert pair.package(pair.qm, package_id)["state"] == "VERIFIED"
    again = pair.qm.bulk.calls[len(calls) :]
    assert 0 < len(again) < len(calls)
    assert not [call for call in again if call.endswith("index")]


@pytest.mark.parametrize("place", ["index", "segment"])
def test_other_bytes_for_ever_are_a_dispute_that_names_them(
    released_case: Case, place: str
) -> None:
    pair, package_id = announced(released_case)
    pair.qm.bulk.faults = [other_bytes] * 100 if place == "index" else [None, *[other_bytes] * 100]
    fetch_on(pair, 4)
    for country in (pair.qm, pair.qn):
        seen = pair.package(country, package_id)
        assert seen["state"] == "DISPUTED"
        assert "index" in seen["error"]["detail"]
        assert place == "index" or "segment 0: the sender gives other bytes" in str(seen["error"])
    answer = pair.qm.node.client("receiver").get(f"/v1/packages/{package_id}/tags")
    assert (answer.status_code, answer.json()["code"]) == (409, "disputed")


def test_an_index_that_is_not_as_announced_is_a_dispute(released_case: Case) -> None:
    """The sender signed the digest of an index whose rows are not what its entry counts."""
    pair, package_id = announced(released_case)
    fetcher = pair.qm.fetcher

    class Made:
        """A wire whose index has the digest of the entry, as if the sender had signed nonsense."""

        def index(self, _package: Any) -> bytes:  # noqa: ANN401
            return b"nonsense"

    fetcher.wire = Made()  # type: ignore[assignment]
    fetch_on(pair, 1)
    seen = pair.package(pair.qn, package_id)
    assert (seen["state"], seen["error"]["code"]) == ("DISPUTED", "disputed")
    assert "the segment index: a line" in seen["error"]["detail"]


def test_what_is_damaged_here_is_fetched_anew(released_case: Case) -> None:
    """A blob that changes between fetching and opening is our own disk's fault."""
    pair, package_id = announced(released_case)
    fetcher, vault = pair.qm.fetcher, pair.qm.node.parts.vault
    with pair.qm.database.begin() as db:
        package = transfers.claim(db, fetcher.actor, WAIT)
    assert package is not None
    package = replace(package, index_blob=None)
    assert package.entry is not None
    body = body_of(pair, package_id)
    index = fetcher._index(package, body)
    fetcher._fetch_missing(package)
    victim = index.rows[0].sha256.hex()
    damage(vault.path(victim))
    with pair.qm.database.begin() as db:
        transfers.give_back(db, package_id, fetcher.actor, due_at=None)
    fetcher.work()
    seen = pair.package(pair.qm, package_id)
    assert (seen["state"], seen["error"]["code"]) == ("RECEIVED", "damaged_here")
    vault.remove(index.rows[-1].sha256.hex())  # and the tag files' blob is gone
    damage(vault.path(str(stored_index(pair, package_id))))  # and so is the index
    fetch_on(pair, 3)
    assert pair.package(pair.qm, package_id)["state"] == "VERIFIED"


def body_of(pair: Pair, package_id: str) -> Any:  # noqa: ANN401
    with pair.qm.database.read() as db:
        package = packages.find(db, package_id)
        assert package.entry is not None
        held = entries.by_hash(db, package.entry.hash)
    assert held is not None
    return PackageBody.read(read_entry(held.jws).entry.body)


def stored_index(pair: Pair, package_id: str) -> str | None:
    with pair.qm.database.read() as db:
        return packages.find(db, package_id).index_blob


def damage(path: Any) -> None:  # noqa: ANN401
    octets = bytearray(path.read_bytes())
    octets[len(octets) // 2] ^= 1
    path.chmod(0o600)
    path.write_bytes(bytes(octets))


def test_a_full_disk_waits_for_room(released_case: Case) -> None:
    pair, package_id = announced(released_case)
    wire = pair.qm.fetcher.wire

    class Full:
        def index(self, package: Any) -> bytes:  # noqa: ANN401
            return wire.index(package)

        def segment(self, *_: Any) -> None:  # noqa: ANN401
            raise StorageFull("storage_full", "The node has no room for this.")

    pair.qm.fetcher.wire = Full()  # type: ignore[assignment]
    pair.qm.fetcher.work()
    assert pair.package(pair.qm, package_id)["error"]["code"] == "storage_full"
    pair.qm.fetcher.wire = wire
    fetch_on(pair, 2)
    assert pair.package(pair.qm, package_id)["state"] == "VERIFIED"


def test_a_worker_that_stops_or_loses_its_lease_leaves_everything_to_the_next(
    released_case: Case,
) -> None:
    pair, package_id = announced(released_case)
    fetcher = pair.qm.fetcher
    calls = iter([False] * 2)
    fetcher.stopping = lambda: next(calls, True)
    assert fetcher.work()
    fetcher.stopping = lambda: False

    class Robbed:
        """While the index comes, the lease goes to another worker."""

        def index(self, package: Any) -> bytes:  # noqa: ANN401
            with pair.qm.database.begin() as db:
                leases.end(db, package.id, fetcher.name)
            raise AwayError("gone")

        def segment(self, segment_package: Any, segment: Any, vault: Any) -> None:  # noqa: ANN401
            wire.segment(segment_package, segment, vault)
            with pair.qm.database.begin() as db:
                leases.end(db, segment_package.id, fetcher.name)

    wire = fetcher.wire
    fetcher.wire = Robbed()  # type: ignore[assignment]
    assert fetcher.work()
    fetcher.wire = wire
    fetcher.begin()
    fetch_on(pair, 2)
    assert pair.package(pair.qm, package_id)["state"] == "VERIFIED"
    with pair.qm.database.read() as db:
        assert not transfers.missing(db, package_id)
        assert len(contents.segments(db, package_id, TAG_ITEM)) == 1


def test_opening_goes_on_with_the_items_that_are_not_yet_known(released_case: Case) -> None:
    pair, package_id = announced(released_case)
    fetcher = pair.qm.fetcher
    step = timedelta(seconds=2)  # every note is due at once
    opened = 0

    def stopping() -> bool:
        nonlocal opened
        pair.clock.advance(step)
        with pair.qm.database.read() as db:
            opened = len(contents.items(db, package_id))
        return opened == 1

    fetcher.stopping = stopping
    fetcher.work()
    assert opened == 1
    fetcher.stopping = lambda: False
    fetch_on(pair, 2)
    assert pair.package(pair.qm, package_id)["state"] == "VERIFIED"
    assert fetch(pair.qm, package_id).keys() == {f"data/{name}" for name in FILES}
