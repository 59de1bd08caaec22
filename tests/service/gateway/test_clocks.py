"""A gateway whose clock was set back refuses rather than guess, and says that it is not well."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import httpx
import pytest

from shared.runtime.clock import utc_now
from tests.service.gateway.conftest import World
from tests.service.gateway.workers import Behind, second_worker

PATH = "/v1/ops/log"


@dataclass
class Clock:
    """The real time, or so much off it."""

    off: timedelta = timedelta(0)

    def __call__(self) -> datetime:
        return utc_now() + self.off


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def wire(
    world: World, clock: Clock, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[httpx.Client]:
    with second_worker(world, tmp_path_factory.mktemp("clock"), clock) as client:
        yield client


def test_72_set_back_an_hour_it_takes_no_token_and_gives_none(
    world: World, wire: httpx.Client, clock: Clock
) -> None:
    caller = Behind(world.qm, "ops", client=wire)
    assert caller.call("GET", PATH).status_code == 200, "it is remembered now"
    clock.off = -timedelta(hours=1)
    try:
        refused = caller.call("GET", PATH)
        assert (refused.status_code, refused.json()["code"]) == (401, "invalid_token")
        asked = caller.ask()
        assert (asked.status_code, asked.json()["error"]) == (400, "invalid_dpop_proof")
        assert wire.get("/readyz").status_code == 503
    finally:
        clock.off = timedelta(0)
    assert caller.call("GET", PATH).status_code == 200
    assert wire.get("/readyz").status_code == 200


def test_72_a_caller_that_shares_the_wrong_clock_finds_no_old_proof_to_use(
    world: World, wire: httpx.Client, clock: Clock
) -> None:
    caller = Behind(world.qm, "ops", client=wire)
    old = caller.headers("GET", PATH)
    assert wire.get(PATH, headers=old).status_code == 200
    clock.off = -timedelta(seconds=20)
    try:
        assert wire.get(PATH, headers=old).status_code == 401, "what was used stays used"
    finally:
        clock.off = timedelta(0)
