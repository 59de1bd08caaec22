"""`rogatory instrument`: treaties as data, and the mistakes in a profile by line."""

from datetime import UTC, datetime
from pathlib import Path

from shared.protocol.law import library
from tests import pacts
from tests.federated import Repository
from tests.unit.client.cli.conftest import Cli


def test_the_list_names_every_instrument(cli: Cli) -> None:
    ran = cli("--json", "instrument", "list")
    assert [each["code"] for each in ran.json["instruments"]] == list(library.INSTRUMENTS)
    assert "European Investigation Order" in cli("instrument", "list").out


def test_what_is_shown_has_its_article(cli: Cli) -> None:
    out = cli("instrument", "show", "EIO").out
    assert "D02 decide: 30 days from delivered  [12(3), 12(5)]" in out
    assert "REF-02 The list of Article 11 is closed" in out
    assert "MEA-07 stored content data: judge or court" in out
    assert "between: AT, BE, " in out
    assert "GB (until 2021-01-01)" in out
    assert "between: " not in cli("instrument", "show", "BUD").out
    assert "D20 execute: no number" in cli("instrument", "show", "BUD").out
    assert (
        cli("--json", "instrument", "show", "EIO").json["ground"]["REF-04"]["article"] == "11(1)(d)"
    )


def test_an_instrument_that_is_not_there(cli: Cli) -> None:
    ran = cli("instrument", "show", "XYZ")
    assert ran.code == 2
    assert "there are: BUD, 2AP" in ran.err


def test_a_profile_of_ones_own(cli: Cli, tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_bytes(library.instrument_text("BILATERAL").replace(b'"BILATERAL"', b'"T-QM-QN"'))
    ran = cli("instrument", "check", own)
    assert (ran.code, "(T-QM-QN) can be used" in ran.out) == (0, True)
    assert "not yet compared with the official text: " in ran.out
    assert "MT 1(2)" in ran.out


def test_a_profile_with_mistakes(cli: Cli, tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    text = library.instrument_text("BILATERAL").decode().replace("MEA-25", "MEA-99")
    own.write_text(text.replace("REF-21", "REF-99"))
    number = next(n for n, line in enumerate(text.splitlines(), 1) if "MEA-99" in line)
    ran = cli("instrument", "check", own)
    assert ran.code == 2
    assert f"{own}:{number}: measure.MEA-99: there is no measure code MEA-99" in ran.err
    assert "2 mistakes" in ran.err


def test_a_file_that_is_not_there(cli: Cli, tmp_path: Path) -> None:
    assert cli("instrument", "check", tmp_path / "none.toml").code == 2


def test_what_is_in_force_between_two_is_read_from_a_bundle(cli: Cli, tmp_path: Path) -> None:
    made = Repository.make(tmp_path / "repository", datetime(2026, 11, 21, tzinfo=UTC))
    content = pacts.text()
    name = pacts.named(content)
    pacts.agree(made, name)
    bundle, root = tmp_path / "bundle.json", tmp_path / "root.json"
    bundle.write_bytes(made.bundle(pairs={name.path: content}))
    root.write_bytes(made.root)
    words = ("instrument", "in-force", "QM", "QN", "--bundle", bundle, "--root", root)
    out = cli(*words, "--on", "2026-11-22").out
    assert "counts on 2026-11-22" in out
    assert "UNTOC     since 2006-01-01" in out
    (told,) = cli("--json", *words, "--on", "2026-08-17").json["profiles"]
    assert told["in_force"] == ["BUD", "UNTOC", "EIO", "2AP", "REC"]
    assert cli(*words, "--on", "soon").code == 2
    assert cli("instrument", "in-force", "QN", "QM", *words[4:]).code == 5
    bundle.write_bytes(made.bundle())
    assert "but not at hand, or not readable here" in cli(*words).out


def test_a_version_is_pinned_by_its_digest(cli: Cli, tmp_path: Path) -> None:
    file, profile = tmp_path / "EIO.toml", tmp_path / "QM-QN.toml"
    digest = cli("--json", "instrument", "export", "EIO", "-o", file).json["sha256"]
    assert cli("instrument", "check", file).code == 0
    line = "since = 2017-05-22"
    profile.write_bytes(pacts.text("QM-QN", (line, f'{line}\nprofile = "{digest}"')))
    check = ("federation", "pair", "check", profile)
    assert "with this digest is not at hand" in cli(*check).err
    assert cli(*check, "--instrument", file).code == 0
    assert cli("instrument", "export", "EIO", "-o", file).code == 2
    assert cli("instrument", "export", "XYZ", "-o", tmp_path / "x").code == 2
