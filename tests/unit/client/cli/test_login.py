"""`rogatory login` writes a profile from a laboratory, or from its parts."""

from pathlib import Path

import pytest

from client.profiles import load
from tests.unit.client.cli.conftest import Cli
from tests.unit.client.test_profiles import lab

PARTS = ["--gateway", "https://qm.example", "--ca", "ca.pem", "--client-id", "urn:x"]
KEYS = ["--key", "k", "--dpop-key", "d"]


def test_from_a_laboratory(cli: Cli, tmp_path: Path) -> None:
    line = ["login", "--from-lab", lab(tmp_path), "--node", "QM", "--client", "preparer"]
    said = cli(*line, "--json")
    assert said.json == {
        "profile": "QM-preparer",
        "gateway": "https://qm.example",
        "client_id": "urn:x",
        "config": str(tmp_path / "config.toml"),
    }
    assert cli(*line, "--profile", "mine").code == 0
    assert load(tmp_path / "config.toml", None).name == "mine"


def test_from_its_parts(cli: Cli, tmp_path: Path) -> None:
    officer = ["--officer", "A", "--officer-key", "o", "--root", "r"]
    assert cli("login", *PARTS, *KEYS, *officer).code == 0
    found = load(tmp_path / "config.toml", "default")
    assert (found.officer, found.root) == ("A", Path("r").absolute())
    assert cli("login", *PARTS, *KEYS, "--profile", "plain").code == 0
    assert load(tmp_path / "config.toml", "plain").officer_key is None


@pytest.mark.parametrize("line", [["--from-lab", "lab.json"], PARTS, []])
def test_an_incomplete_login_says_what_it_needs(cli: Cli, line: list[str]) -> None:
    said = cli("login", *line)
    assert (said.code, "needs" in said.err) == (2, True)
