"""A self-test goes the whole way of an entry, and says how far it has come."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.service.exchange.node import START, Clock
from tests.service.exchange.pair import Pair, open_pair

PATH = "/v1/ops/peers/QN/selftest"


@pytest.fixture
def pair(federation: Path, tmp_path: Path) -> Iterator[Pair]:
    with open_pair(federation, tmp_path / "data", Clock(START + timedelta(minutes=1))) as made:
        yield made


def ask(pair: Pair, method: str) -> Any:  # noqa: ANN401
    return pair.qm.node.client("ops").request(method, PATH)


def test_a_receipt_comes_back(pair: Pair) -> None:
    assert ask(pair, "GET").json()["code"] == "no_selftest"
    begun = ask(pair, "POST")
    assert (begun.status_code, begun.json()["state"]) == (202, "SIGNED")
    pair.settle()
    came = ask(pair, "GET").json()
    assert (came["state"], came["outcome"]) == ("DELIVERED", "RelayAcceptance")
    assert came["entry"] == begun.json()["entry"]
    assert came["receipted_at"] >= came["sent_at"]


def test_one_is_on_its_way_at_a_time(pair: Pair) -> None:
    first = ask(pair, "POST").json()
    assert ask(pair, "POST").json() == first
    pair.settle()
    assert ask(pair, "POST").json()["entry"]["seq"] > first["entry"]["seq"]


def test_a_country_that_is_none_is_named(pair: Pair) -> None:
    answer = pair.qm.node.client("ops").post("/v1/ops/peers/QX/selftest")
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_country")


def test_only_operators_test(pair: Pair) -> None:
    answer = pair.qm.node.client("preparer").post(PATH)
    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")


def test_operators_see_the_ground(pair: Pair) -> None:
    told = pair.qm.node.client("ops").get("/ops/condition").json()
    assert (told["database"]["kind"], told["disk"]["free"] > 0) == ("sqlite", True)
    (seal,) = told["certificates"]
    assert (seal["name"], seal["days_left"] > 0) == ("bag-seal", True)
