"""Whoever waits can wait for the node as well."""

import pytest

from client.cli.terminal import Terminal
from client.cli.waiting import wait_for
from client.errors import UnavailableError
from client.sdk.records import Request, read_request
from tests.scripted_packages import request


def test_waiting_outlasts_a_node_that_is_away(capsys: pytest.CaptureFixture[str]) -> None:
    looks = iter([None, read_request(request(state="S05"))])

    def look() -> Request:
        seen = next(looks)
        if seen is None:
            raise UnavailableError("The exchange is away.")
        return seen

    seen = wait_for(
        read_request(request(state="S04")),
        read=look,
        done=lambda found: found.state == "S05",
        seconds=30,
        terminal=Terminal(),
    )
    assert seen.state == "S05"
    said = capsys.readouterr().err
    assert said == "waiting: the second officer\nwaiting: The exchange is away.\n"
