"""Token keys come and go by the clock; a rotation costs no call, an emergency ends every token."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.gateway import tokenkeys
from services.gateway.tokenkeys import Rings, TokenKeys
from shared.protocol import jose
from shared.protocol.errors import SealError
from shared.runtime.database import Database, migrate, open_database
from shared.runtime.keystore import Keystore, KeystoreError
from tests.service.gateway.calling import Caller
from tests.service.gateway.conftest import World
from tests.service.gateway.ringkeys import rings
from tests.service.gateway.test_processes import environment, gateway_values

NOON = datetime(2026, 11, 21, 12, 0, 0, tzinfo=UTC)
WRAP = bytes(range(32))
DAY = timedelta(days=1)


@dataclass
class Clock:
    at: datetime = NOON

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    url = f"sqlite:///{tmp_path}/gateway.sqlite"
    if getattr(request, "param", "sqlite") == "postgresql":
        url = request.getfixturevalue("postgres_database")
    made = open_database(url)
    migrate(made, "services.gateway.migrations")
    yield made
    made.close()


@pytest.fixture
def held(database: Database, clock: Clock) -> Rings:
    made = Rings.having(database, WRAP, clock)
    made.work()
    return made


def signer(held: Rings) -> str:
    with held.database.begin() as db:
        return jose.thumbprint(TokenKeys(held).signer(db))


def shown(held: Rings) -> list[str]:
    with held.database.begin() as db:
        return [jose.thumbprint(key) for key in TokenKeys(held).public(db)]


EITHER = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


@EITHER
def test_a_key_is_announced_a_day_before_it_signs_and_kept_ten_minutes_after(
    held: Rings, clock: Clock
) -> None:
    (first,) = shown(held)
    clock.at = NOON + 29 * DAY - timedelta(seconds=1)
    held.work()
    assert shown(held) == [first]
    clock.at += timedelta(seconds=1)
    held.work()
    assert (signer(held), len(shown(held))) == (first, 2)
    second = shown(held)[1]
    clock.at = NOON + 30 * DAY
    held.work()
    assert (signer(held), shown(held)) == (second, [first, second])
    clock.at += timedelta(minutes=10) - timedelta(seconds=1)
    held.work()
    assert shown(held) == [first, second]
    clock.at += timedelta(seconds=1)
    held.work()
    assert shown(held) == [second]


def test_who_slept_over_a_rotation_announces_first_all_the_same(held: Rings, clock: Clock) -> None:
    (first,) = shown(held)
    clock.at = NOON + 90 * DAY
    held.work()
    assert signer(held) == first
    clock.at += DAY
    assert signer(held) != first


@EITHER
def test_two_workers_keep_one_ring(held: Rings, database: Database, clock: Clock) -> None:
    other = Rings.having(database, WRAP, clock)
    clock.at = NOON + 29 * DAY
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda each: each.work(), (held, other)))
    assert len(shown(held)) == 2
    assert shown(held) == shown(other)


def test_to_rotate_by_hand_lets_the_next_key_begin(held: Rings, clock: Clock) -> None:
    (first,) = shown(held)
    held.rotate()
    assert signer(held) == first, "in one second there is one key"
    clock.at += timedelta(seconds=1)
    held.rotate()
    assert shown(held)[0] == first
    second = signer(held)
    assert second != first
    clock.at = NOON + 30 * DAY
    held.work()
    announced = shown(held)[-1]
    held.rotate()
    assert signer(held) == announced


def test_operators_are_told_when_the_next_key_is_late(held: Rings, clock: Clock) -> None:
    first = int(NOON.timestamp())
    assert held.told() == {"began": first, "next": None, "overdue": False}
    clock.at = NOON + 29 * DAY + timedelta(hours=1, seconds=1)
    assert held.told()["overdue"] is True, "nobody looked"
    held.work()
    said = held.told()
    assert (said["began"], said["overdue"]) == (first, False)
    assert said["next"] == int(clock.at.timestamp()) + 86_400


def test_an_emergency_leaves_nothing_of_before(held: Rings, clock: Clock) -> None:
    clock.at = NOON + 29 * DAY
    held.work()
    before = shown(held)
    held.renew()
    assert len(shown(held)) == 1
    assert not set(before) & set(shown(held))


def test_a_clock_that_went_back_still_signs(held: Rings, clock: Clock) -> None:
    clock.at = NOON - DAY
    assert signer(held)


def test_without_the_wrapping_key_the_database_tells_nothing(held: Rings, clock: Clock) -> None:
    thief = Rings.having(held.database, bytes(32), clock)
    with pytest.raises(SealError):
        signer(thief)
    thief.renew()  # who lost the wrapping key can still draw anew
    assert signer(thief)


def test_another_keystore_does_not_start(held: Rings, clock: Clock, tmp_path: Path) -> None:
    (tmp_path / "passphrase").write_text("a passphrase")
    other = Keystore.create(tmp_path / "keystore", tmp_path / "passphrase")
    other.put(tokenkeys.WRAP, bytes(32))
    with pytest.raises(KeystoreError, match="emergency"):
        Rings.open(held.database, other, clock)


def command(world: World, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-m", "services.gateway.tokenkeys", *arguments],
        env={**os.environ, **environment(gateway_values(world.qm, world.federation))},  # noqa: TID251
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_the_command_rotates_and_shows(world: World) -> None:
    assert tokenkeys.main(["help"]) == tokenkeys.EXIT_USAGE
    with rings(world.qm) as held:
        before = shown(held)[-1]
    shows = [line.split()[:2] for line in command(world, "rotate").stdout.splitlines()]
    assert shows[-2] == [before, "retired"]
    assert shows[-1][1] == "current"


def test_71_a_rotation_under_load_fails_no_call(world: World) -> None:
    caller, ended, kids = world.caller("preparer"), threading.Event(), set()

    def call(_number: int) -> list[int]:
        seen = []
        while not ended.is_set():
            fresh = Caller(world.qm, "preparer", proof_key=caller.proof_key)
            kids.add(fresh.token().split(".")[0])
            seen += [fresh.call("GET", "/v1/requests").status_code for _ in range(3)]
            seen.append(caller.call("GET", "/v1/requests").status_code)
        return seen

    with ThreadPoolExecutor(3) as pool:
        running = [pool.submit(call, number) for number in range(3)]
        for _ in range(2):
            ended.wait(1.1)  # a second has one key
            with rings(world.qm) as held:
                held.rotate()
        ended.set()
        answers = [status for each in running for status in each.result()]
    assert set(answers) == {200}
    assert len(kids) > 1


def test_71_a_dropped_key_ends_its_tokens_at_the_next_call(world: World) -> None:
    caller = Caller(world.qn, "receiver")  # in QM the tests have tokens that they keep
    before = caller.token()
    assert caller.call("GET", "/v1/inbox").status_code == 200
    with rings(world.qn) as held:
        held.renew()
    refused = caller.call("GET", "/v1/inbox")
    assert (refused.status_code, refused.json()["code"]) == (401, "invalid_token")
    caller.held = None
    assert caller.token() != before
    assert caller.call("GET", "/v1/inbox").status_code == 200


def test_every_key_is_shown_and_none_is_private(world: World) -> None:
    answer = world.caller("ops").http.get("/.well-known/jwks.json")
    keys = answer.json()["keys"]
    assert all(set(key) == {"kty", "crv", "x", "y", "kid", "use", "alg"} for key in keys)
    with rings(world.qm) as held:
        assert [key["kid"] for key in keys] == shown(held)
    assert answer.headers["cache-control"] == "public, max-age=300"
    assert tokenkeys.TOKENS.ahead > timedelta(seconds=300)
