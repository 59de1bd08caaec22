"""A name that exists holds all of its bytes; what is not kept leaves no trace."""

import hashlib
import os
from pathlib import Path

import pytest

from services.exchange.vault import Draft, Vault
from shared.runtime.refusals import StorageFull

CONTENT = b"sealed" * 1000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


def files(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault.open_in(tmp_path / "vault")


def test_what_is_kept_is_read_by_its_digest(vault: Vault) -> None:
    assert not vault.has(DIGEST)
    vault.put(DIGEST, CONTENT)
    assert vault.has(DIGEST)
    assert vault.read(DIGEST) == CONTENT
    with vault.open(DIGEST) as file:
        assert file.read(6) == b"sealed"
    assert files(vault.folder) == [f"blobs/{DIGEST[:2]}/{DIGEST}"]


def test_the_same_blob_twice_is_one_and_the_first_stays(vault: Vault) -> None:
    vault.put(DIGEST, CONTENT)
    first = vault.path(DIGEST).stat().st_ino
    vault.put(DIGEST, CONTENT)
    assert vault.path(DIGEST).stat().st_ino == first


def test_what_is_not_kept_leaves_no_trace(vault: Vault) -> None:
    with vault.draft(len(CONTENT)) as draft:
        draft.write(memoryview(CONTENT))
        assert len(files(vault.folder)) == 1
    assert files(vault.folder) == []


def test_room_is_taken_before_the_first_octet(vault: Vault) -> None:
    with vault.draft(12345) as draft:
        assert draft.path.stat().st_size == 12345


def test_a_start_sweeps_what_a_crash_left(vault: Vault) -> None:
    vault.put(DIGEST, CONTENT)
    (vault.folder / "drafts/left").write_bytes(b"half")
    again = Vault.open_in(vault.folder)
    assert files(again.folder) == [f"blobs/{DIGEST[:2]}/{DIGEST}"]


def test_a_removed_blob_is_gone_and_removing_twice_is_well(vault: Vault) -> None:
    vault.put(DIGEST, CONTENT)
    vault.remove(DIGEST)
    vault.remove(DIGEST)
    with pytest.raises(FileNotFoundError):
        vault.read(DIGEST)


def test_a_full_disk_is_a_refusal_that_says_so(vault: Vault) -> None:
    full = os.open("/dev/full", os.O_WRONLY)
    try:
        with pytest.raises(StorageFull) as refused:
            Draft(vault, full, vault.folder / "x").write(CONTENT)
    finally:
        os.close(full)
    assert (refused.value.code, refused.value.status) == ("storage_full", 507)
    assert refused.value.next_step is not None


def test_other_errors_of_the_disk_are_not_called_full(vault: Vault) -> None:
    with vault.draft(0) as draft:
        closed = Draft(vault, -1, draft.path)
        with pytest.raises(OSError, match="Bad file descriptor"):
            closed.write(CONTENT)


def test_what_is_shredded_is_gone_and_may_be_gone_before(tmp_path: Path) -> None:
    vault = Vault.open_in(tmp_path)
    vault.put("ab" * 32, b"sealed")
    vault.shred(["ab" * 32, "cd" * 32])
    assert not vault.has("ab" * 32)
    vault.shred(["ab" * 32])
