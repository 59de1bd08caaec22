"""`rogatory federation refresh`: the one command of them that asks a node."""

import pytest

from shared.protocol.canonical import Json
from tests.scripted_gateway import Gateway, answer, problem
from tests.unit.client.cli.conftest import Cli

REFRESH = "POST /v1/ops/directory/refresh"
HEALTH: dict[str, Json] = {
    "state": "ok",
    "level": "yellow",
    "source": "QN",
    "members": {"QM": "active", "QN": "suspended"},
    "says": ["the directory does not answer; QN stands in as a mirror"],
}


def test_a_refresh_says_how_the_view_stands(known: Cli, gateway: Gateway) -> None:
    gateway.routes[REFRESH] = lambda _call: answer(HEALTH)
    ran = known("federation", "refresh")
    assert ran.code == 0
    assert "ok (yellow), from QN" in ran.out
    assert "QN suspended" in ran.out
    assert "! the directory does not answer" in ran.out
    assert known("--json", "federation", "refresh").json == HEALTH


@pytest.mark.parametrize(
    ("status", "code", "exit_code"),
    [(502, "directory_refused", 7), (503, "directory_unreachable", 7), (403, "not_allowed", 4)],
    ids=["refused", "unreachable", "other-role"],
)
def test_a_refresh_that_fails_says_why(
    known: Cli, gateway: Gateway, status: int, code: str, exit_code: int
) -> None:
    gateway.routes[REFRESH] = lambda _call: problem(status, code)
    assert known("federation", "refresh").code == exit_code
