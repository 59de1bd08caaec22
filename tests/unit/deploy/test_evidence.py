"""The exhibits are what they claim to be, and the same on every run."""

import hashlib
import sqlite3
import struct
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from deploy import evidence
from deploy.provenance import case_graph

SIZE = 16 * 2**20


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    paths = evidence.exhibits(tmp_path_factory.mktemp("exhibits"), image_size=SIZE)
    return {path.suffix: path for path in paths}


def test_two_runs_give_equal_digests(made: dict[str, Path], tmp_path: Path) -> None:
    for again in evidence.exhibits(tmp_path, image_size=SIZE):
        first = made[again.suffix]
        assert digest(first) == digest(again), again.name


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_chat_database_opens_and_is_sound(made: dict[str, Path]) -> None:
    with closing(sqlite3.connect(made[".sqlite"])) as db:
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert db.execute("SELECT count(*) FROM message").fetchone() == (1200,)


def test_capture_has_whole_packets_with_right_checksums(made: dict[str, Path]) -> None:
    data = made[".pcap"].read_bytes()
    assert data[:4] == b"\xd4\xc3\xb2\xa1"
    at, packets = 24, 0
    while at < len(data):
        size = struct.unpack_from("<I", data, at + 8)[0]
        words = struct.unpack_from(">10H", data, at + 16 + 14)
        total = sum(words)
        assert (total & 0xFFFF) + (total >> 16) == 0xFFFF  # RFC 1071
        at, packets = at + 16 + size, packets + 1
    assert packets == 3000


def test_report_finds_its_objects_where_the_table_says(made: dict[str, Path]) -> None:
    data = made[".pdf"].read_bytes()
    table = int(data.rsplit(b"startxref\n")[1].split()[0])
    rows = data[table:].splitlines()[3:8]
    for number, row in enumerate(rows, 1):
        assert data[int(row[:10]) :].startswith(b"%d 0 obj" % number)


def test_card_keeps_a_deleted_photo_that_a_carver_finds(made: dict[str, Path]) -> None:
    data = made[".dd"].read_bytes()
    assert len(data) == SIZE
    assert data[510:512] == b"\x55\xaa"
    start = struct.unpack_from("<I", data, 440 + 6 + 8)[0] * 512
    volume = data[start:]
    assert volume[54:59] == b"FAT16"
    assert volume.find(b"\xe5HOTO001JPG") < volume.find(b"\xff\xd8\xff\xe0JFIF")


def test_provenance_conforms_to_case(made: dict[str, Path], tmp_path: Path) -> None:
    graph = tmp_path / "case.jsonld"
    graph.write_bytes(case_graph(sorted(made.values()), seized=evidence.SEIZED))
    validator = Path(sys.executable).with_name("case_validate")
    answer = subprocess.run(  # noqa: S603 - the validator of the test environment
        [validator, graph], capture_output=True, text=True, check=False
    )
    assert "Conforms: True" in answer.stdout
    for path in made.values():
        assert digest(path) in graph.read_text()
