"""What an exchange knows of the treaties in force between its country and another."""

import shutil
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from client.cli import run
from tests.federated import Repository
from tests.service.exchange.node import START, Node, draft

TODAY = date(2026, 11, 21)


def test_the_profile_of_each_direction_is_at_hand(qm: Node) -> None:
    directory = qm.parts.directory
    asked = directory.pair("QM", "QN", TODAY)
    asking = directory.pair("QN", "QM", TODAY)
    assert asked is not None
    assert asking is not None
    assert (asked.time_zone, asking.time_zone) == ("Europe/Paris", "Europe/Berlin")
    assert directory.in_force("QM", "QN", TODAY) == ["BUD", "UNTOC", "EIO", "EER", "2AP", "REC"]
    assert directory.in_force("QM", "QN", date(2026, 8, 17)) == [
        "BUD",
        "UNTOC",
        "EIO",
        "2AP",
        "REC",
    ]
    assert directory.in_force("QM", "QO", TODAY) == []
    assert directory.in_force("QM", "QN", date(2019, 12, 31)) == []  # before the profile counts


def test_an_instrument_is_read_as_the_two_have_agreed_on_it(qm: Node) -> None:
    instrument = qm.parts.directory.instrument("QM", "QN", "BUD", TODAY)
    assert instrument is not None
    assert instrument.citation == "ETS 185"
    assert qm.parts.directory.instrument("QM", "QN", "UNCC", TODAY) is None
    assert qm.parts.directory.instrument("QM", "QO", "BUD", TODAY) is None


def ended(federation: Path, folder: Path, country: str) -> bytes:
    """Have a country take back what was agreed; give the bundle that gateways hand on then."""
    repository = folder / "repository"
    shutil.copytree(federation / "directory/repository", repository)
    home, draft = federation / "ceremony" / country, folder / "draft"
    key = ("--key", home / "directory-role.key", "--passphrase-file", home / "passphrase")
    for command in (
        ("pair", "withdraw", repository, country, "QM", "QN", "-o", draft),
        ("sign", repository, draft, *key, "--yes"),
        ("publish", repository, draft),
    ):
        assert run(["--quiet", "federation", *map(str, command)]) == 0
    keys: Any = dict.fromkeys(("QM", "QN"))
    nothing: Any = None
    made = Repository(repository, nothing, nothing, keys, b"", START)
    kept = {
        f"pairs/{each.name}": each.read_bytes() for each in (repository / "targets/pairs").iterdir()
    }
    return made.bundle(pairs={path: text for path, text in kept.items() if ".QN-QM." in path})


@pytest.mark.parametrize("country", ["QM", "QN"])
def test_what_either_takes_back_stops_the_next_act(
    federation: Path, qm: Node, tmp_path: Path, country: str
) -> None:
    client = qm.client("preparer")
    made = client.post("/v1/requests", json=draft()).json()
    path = f"/v1/requests/{made['request_id']}"
    qm.parts.directory.adopt(ended(federation, tmp_path, country))
    assert qm.parts.directory.in_force("QN", "QM", TODAY)
    answer = client.post(f"{path}/submit", json=qm.approval("preparer", "request.prepare", made))
    assert answer.status_code == 409
    assert answer.json()["code"] == "no_legal_basis"
    assert "G24" in answer.text
