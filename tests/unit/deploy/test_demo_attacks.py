"""A demo that cannot fail is worthless: an attack that nobody notices ends it with 1."""

import sys
from pathlib import Path

import pytest

from deploy import demo_attacks
from deploy.case import Case
from deploy.demo_words import Stage
from deploy.desk import Desk


def desk(printed: str, status: int) -> Desk:
    """A command line that says always the same."""
    script = f"import sys; print({printed!r}); sys.exit({status})"
    return Desk(command=(sys.executable, "-c", script), environment={}, config="", profile="court")


def check(printed: str, status: int) -> None:
    case = Case(desks={"court": desk(printed, status)})
    demo_attacks.must_fail(Stage(Path()), case, "chat.sqlite", "court", "verify", "bag")


def test_attack_that_nobody_notices_fails_the_demo() -> None:
    with pytest.raises(SystemExit, match="1"):
        check('{"verified":true}', 0)


def test_notice_that_does_not_name_the_object_fails_the_demo() -> None:
    with pytest.raises(SystemExit, match="1"):
        check('{"error":{"detail":"something is wrong"}}', 3)


def test_notice_that_names_it_lets_the_demo_go_on() -> None:
    failed = '{"name":"n","number":3,"result":"failed","object":"data/chat.sqlite","detail":"d"}'
    check(f'{{"verified":false,"checks":[{failed}]}}', 3)


def test_flipped_bit_is_flipped_back(tmp_path: Path) -> None:
    target = tmp_path / "file"
    target.write_bytes(b"abc")
    with demo_attacks.flipped(target, at=1):
        assert target.read_bytes() == b"acc"
    assert target.read_bytes() == b"abc"
