"""A bag on the disk is read as what it is, and written so that nothing leads out of it."""

import os
from pathlib import Path

import pytest

from client import bundle
from client.bundle import hash_file, open_bag, place, write_files
from shared.protocol.digests import sha256
from shared.protocol.errors import BagError


def test_files_are_found_by_their_paths(tmp_path: Path) -> None:
    write_files(tmp_path, {"data/a/b.txt": b"evidence", "bagit.txt": b"tag"})
    found = open_bag(tmp_path)
    assert found.paths == ("bagit.txt", "data/a/b.txt")
    assert found.files == {"bagit.txt": b"tag"}
    assert found.size_to_hash({}) == len(b"evidence")
    (hashed,) = found.payload({}, lambda _: None)
    assert (hashed.path, hashed.size, hashed.sha256) == ("data/a/b.txt", 8, sha256(b"evidence"))
    assert found.size_to_hash({"data/a/b.txt": hashed}) == 0


def test_a_file_is_hashed_in_blocks_and_told_of(tmp_path: Path) -> None:
    content = os.urandom(2 * bundle.BLOCK + 7)
    (tmp_path / "x").write_bytes(content)
    told: list[int] = []
    with (tmp_path / "x").open("rb", buffering=0) as file:
        assert hash_file(file, told.append) == (sha256(content), len(content))
    assert sum(told) == len(content)
    assert len(told) == 3


def test_nothing_is_no_bag(tmp_path: Path) -> None:
    with pytest.raises(BagError, match="no bag"):
        open_bag(tmp_path / "away")


def test_a_link_in_a_bag_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "secret").symlink_to("/etc/passwd")
    with pytest.raises(BagError) as refused:
        open_bag(tmp_path)
    assert refused.value.facts["object"] == "data/secret"


def test_a_name_that_is_not_utf8_can_be_told(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / os.fsdecode(b"caf\xe9")).write_bytes(b"x")
    assert open_bag(tmp_path).paths == ("data/caf\\xe9",)


def test_a_tag_file_far_too_large_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "bag-info.txt").open("wb") as file:
        file.truncate(bundle.MAX_TAG_FILE + 1)
    with pytest.raises(BagError, match="too large"):
        open_bag(tmp_path)


@pytest.mark.parametrize("path", ["/etc/passwd", "../x", "data/../../x", "a//b"])
def test_nothing_is_written_outside(tmp_path: Path, path: str) -> None:
    with pytest.raises(BagError):
        write_files(tmp_path, {path: b"x"})
    with pytest.raises(BagError):
        place(tmp_path, path)
