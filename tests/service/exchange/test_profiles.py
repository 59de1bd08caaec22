"""What an exchange knows of the treaties in force between its country and another."""

import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from client.cli import run
from client.federation import folder
from shared.protocol.agreements import agreed_all
from tests import pacts
from tests.federated import Repository
from tests.service.exchange.node import START, Node, draft
from tests.unit.shared.protocol.law.test_pairreading import DIGEST, TREATY

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


@dataclass
class Table:
    """A copy of the directory's folder, and the countries' keys: what people change by commands."""

    federation: Path
    folder: Path

    def copied(self) -> "Table":
        shutil.copytree(self.federation / "directory/repository", self.repository)
        return self

    @property
    def repository(self) -> Path:
        return self.folder / "repository"

    def do(self, country: str, name: str, *words: str | Path) -> None:
        """Have a country draft, sign and publish what it says of a profile."""
        home, draft = self.federation / "ceremony" / country, self.folder / f"{country}.draft"
        key = ("--key", home / "directory-role.key", "--passphrase-file", home / "passphrase")
        for command in (
            ("pair", name, self.repository, country, *words, "-o", draft),
            ("sign", self.repository, draft, *key, "--yes"),
            ("publish", self.repository, draft),
        ):
            assert run(["--quiet", "federation", *map(str, command)]) == 0

    def bundle(self) -> bytes:
        """Give what gateways hand on then."""
        held = folder.read_held(self.repository)
        agreed = agreed_all({name: member.pairs for name, member in held.members.items()})
        paths = {path for name in agreed for path in name.paths}
        keys: Any = dict.fromkeys(held.members)
        nothing: Any = None
        made = Repository(self.repository, nothing, nothing, keys, b"", START)
        return made.bundle(pairs={path: held.files[path] for path in paths})


def submitted(node: Node, **changed: Any) -> Any:  # noqa: ANN401 - any JSON, any answer
    """Draft a request, and submit it."""
    client = node.client("preparer")
    made = client.post("/v1/requests", json=draft(**changed)).json()
    signed = node.approval("preparer", "request.prepare", made)
    return client.post(f"/v1/requests/{made['request_id']}/submit", json=signed)


@pytest.mark.parametrize("country", ["QM", "QN"])
def test_what_either_takes_back_stops_the_next_act(
    federation: Path, qm: Node, tmp_path: Path, country: str
) -> None:
    assert submitted(qm).status_code == 200
    table = Table(federation, tmp_path).copied()
    table.do(country, "withdraw", "QM", "QN")
    qm.parts.directory.adopt(table.bundle())
    assert qm.parts.directory.in_force("QN", "QM", TODAY)
    answer = submitted(qm)
    assert answer.status_code == 409
    assert answer.json()["code"] == "no_legal_basis"
    assert "G24" in answer.text


def test_a_treaty_of_their_own_is_data_that_both_sign(
    federation: Path, qm: Node, tmp_path: Path
) -> None:
    treaty, profile = tmp_path / "treaty.toml", tmp_path / "QM-QN.toml"
    treaty.write_bytes(TREATY)
    first = 'code = "BUD"\nsince = 2012-04-01'
    own = f'code = "T-QM-QN"\nsince = 2020-05-01\nprofile = "{DIGEST}"\n\n[[instrument]]\n{first}'
    later = ("valid_from = 2020-01-01", "valid_from = 2020-01-02")
    profile.write_bytes(pacts.text("QM-QN", (first, own), later))
    basis = [{"instrument": "T-QM-QN", "article": "16"}]
    assert submitted(qm, legal_basis=basis).status_code == 409
    table = Table(federation, tmp_path).copied()
    table.do("QM", "propose", profile, "--instrument", treaty)
    qm.parts.directory.adopt(table.bundle())
    assert submitted(qm, legal_basis=basis).status_code == 409  # QN has not named it
    table.do("QN", "propose", profile, "--instrument", treaty)
    qm.parts.directory.adopt(table.bundle())
    assert qm.parts.directory.in_force("QM", "QN", TODAY)[:2] == ["T-QM-QN", "BUD"]
    answer = submitted(qm, legal_basis=basis)
    assert answer.status_code == 200, answer.text
