"""A court without our program: the lines of the README, with the tools that every system has."""

import subprocess
from pathlib import Path

import bagit
import pytest

from shared.protocol.chainfolder import README_TEXT
from tests.simulated_case import standard_case, write_files

OPENSSL = (
    "openssl cms -verify -no_check_time -binary -inform DER "
    "-in signatures/tagmanifest-sha256.txt.p7s -content tagmanifest-sha256.txt "
    "-CAfile chain/bag-seal-ca.pem -out /dev/null"
)


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    return write_files(tmp_path / "bag", standard_case().bag_files())


def run(line: str, bag: Path) -> int:
    return subprocess.run(  # noqa: S603 - the tools are what is tried
        line.split(), cwd=bag, capture_output=True, check=False
    ).returncode


LINES = {
    "sha256sum -c manifest-sha256.txt": "data/chat.db",
    "sha256sum -c tagmanifest-sha256.txt": "metadata/case.jsonld",
    OPENSSL: "tagmanifest-sha256.txt",
}


@pytest.mark.parametrize("line", LINES)
def test_the_line_holds_and_finds_a_changed_byte(bag: Path, line: str) -> None:
    assert run(line, bag) == 0
    (bag / LINES[line]).write_bytes(b"x" + (bag / LINES[line]).read_bytes()[1:])
    assert run(line, bag) != 0


def test_the_lines_stand_in_the_bag() -> None:
    said = " ".join(README_TEXT.decode().replace("\\\n", " ").split())
    for line in LINES:
        assert line in said


def test_another_reader_of_bags_agrees(bag: Path) -> None:
    assert bagit.Bag(str(bag)).validate()
