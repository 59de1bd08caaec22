"""Fresh or with a nonce, used once, also when the machine loses the newest marks."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.gateway import store
from services.gateway.proving import NONCE_HEADER, Challenged, Provers
from services.gateway.store import rings
from services.gateway.tokenkeys import Rings
from shared.protocol import canonical, dpop, jose
from shared.runtime.database import Database, migrate, open_database

BEGAN = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
KEY, URL = jose.generate(), "https://gateway.example/v1/requests"
SECOND = timedelta(seconds=1)


@dataclass
class Clock:
    at: datetime = BEGAN

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    made = open_database(f"sqlite:///{tmp_path}/gateway.sqlite")
    migrate(made, "services.gateway.migrations")
    yield made
    made.close()


def opened(database: Database, clock: Clock) -> Provers:
    held = Rings.having(database, bytes(32), clock)
    held.work()
    return Provers.open(str(database.engine.url), database, held.nonces, clock)


@pytest.fixture
def provers(database: Database, clock: Clock) -> Iterator[Provers]:
    made = opened(database, clock)
    yield made
    made.marks.close()


def check(provers: Provers, iat: datetime, nonce: str | None = None) -> dpop.Proof:
    proof = dpop.sign_proof(KEY, method="GET", url=URL, now=iat, nonce=nonce)
    return provers.check(proof, method="GET", url=URL, refusal=Challenged)


def asked(provers: Provers, iat: datetime, nonce: str | None = None) -> str:
    with pytest.raises(Challenged) as caught:
        check(provers, iat, nonce)
    assert caught.value.code == "use_dpop_nonce"
    return caught.value.headers[NONCE_HEADER]


def test_d10_a_fresh_proof_needs_no_nonce(provers: Provers, clock: Clock) -> None:
    clock.at = BEGAN + timedelta(hours=1)
    for age in (-30, -10, 0, 10, 60):
        check(provers, clock.at - age * SECOND)
    asked(provers, clock.at - 61 * SECOND)


@pytest.mark.parametrize("age", [0, 179, 180])
def test_d10_a_nonce_counts_three_minutes(provers: Provers, clock: Clock, age: int) -> None:
    nonce = asked(provers, BEGAN - timedelta(days=1))
    clock.at += age * SECOND
    check(provers, BEGAN - timedelta(days=1), nonce)


@pytest.mark.parametrize("age", [-1, 181, 86_400])
def test_d10_and_no_longer_nor_earlier(provers: Provers, clock: Clock, age: int) -> None:
    nonce = asked(provers, BEGAN - timedelta(days=1))
    clock.at += age * SECOND
    asked(provers, clock.at, nonce)


def test_d10_a_nonce_is_ours_or_none(provers: Provers, clock: Clock) -> None:
    nonce = asked(provers, BEGAN - timedelta(days=1))
    later = (int(BEGAN.timestamp()) + 9).to_bytes(8, "big") + canonical.unb64u(nonce)[8:]
    for forged in ("x", nonce + "A", nonce[:-1], canonical.b64u(later), "A" * 32):
        asked(provers, clock.at, forged)


def test_d10_the_secret_changes_and_no_nonce_is_lost(
    provers: Provers, database: Database, clock: Clock
) -> None:
    held = Rings.having(database, bytes(32), clock)
    clock.at = BEGAN + timedelta(hours=24) - SECOND
    held.work()
    nonce = asked(provers, BEGAN)
    clock.at += 120 * SECOND
    held.work()
    check(provers, BEGAN, nonce)
    assert asked(provers, BEGAN) != nonce


def test_70_after_a_power_cut_no_proof_from_before_counts(
    provers: Provers, database: Database, clock: Clock
) -> None:
    """All marks but those forced to the disk are lost; the machine is up again ten seconds later."""
    nonce = asked(provers, BEGAN - timedelta(days=1))
    old, ahead = check(provers, BEGAN), check(provers, BEGAN + 30 * SECOND)
    assert provers.place(old) is provers.marks
    assert provers.place(ahead) is provers.database, "its mark is not lost"
    with provers.place(ahead).begin() as db:
        provers.use(db, ahead, Challenged)
    clock.at += 10 * SECOND
    again = opened(database, clock)
    assert store.is_relaxed(str(database.engine.url))
    asked(again, BEGAN)
    asked(again, BEGAN, nonce)
    with pytest.raises(Challenged, match="before"), again.place(ahead).begin() as db:
        again.use(db, ahead, Challenged)
    check(again, clock.at)
    again.marks.close()


def test_d7_a_mark_outlives_every_way_to_use_the_proof_again(
    provers: Provers, database: Database, clock: Clock
) -> None:
    """The longest one: ahead as far as it may be, then with a nonce given at its last fresh moment."""
    proof = check(provers, BEGAN + 30 * SECOND)
    with provers.marks.begin() as db:
        provers.use(db, proof, Challenged)
    clock.at = BEGAN + (30 + 60 + 180) * SECOND
    with database.begin() as db:
        store.forget_expired(db, int(clock.at.timestamp()))
    with pytest.raises(Challenged, match="before"), provers.marks.begin() as db:
        provers.use(db, proof, Challenged)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_17_of_twenty_uses_at_once_in_two_workers_one_is_first(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    url = f"sqlite:///{tmp_path}/gateway.sqlite"
    if kind == "postgresql":
        url = request.getfixturevalue("postgres_database")
    workers = [open_database(url), store.open_marks(url)]
    migrate(workers[0], "services.gateway.migrations")

    def use(number: int) -> bool:
        with workers[number % 2].begin() as db:
            assert rings.standing(db, "jti", "kid") == (False, False)
            return store.use_once(db, "proof", "key", "jti", 1)

    with ThreadPoolExecutor(20) as pool:
        assert sorted(pool.map(use, range(20))) == [False] * 19 + [True]
    with workers[0].begin() as db:
        store.revoke(db, "jti", 1)
        store.revoke(db, "jti", 1)
        assert rings.standing(db, "jti", "kid") == (True, False)
    for each in workers:
        each.close()
