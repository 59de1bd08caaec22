"""Keys at rest: sealed, never overwritten, refused when the passphrase or a file is wrong."""

from pathlib import Path

import pytest

from shared.protocol import canonical
from shared.runtime.keystore import Keystore, KeystoreError


@pytest.fixture
def passphrase(tmp_path: Path) -> Path:
    path = tmp_path / "passphrase"
    path.write_text("correct horse\n")
    return path


def test_what_was_put_comes_back_after_reopening(tmp_path: Path, passphrase: Path) -> None:
    Keystore.create(tmp_path / "keys", passphrase).put("seal", b"secret")
    assert Keystore.open(tmp_path / "keys", passphrase).get("seal") == b"secret"
    assert b"secret" not in (tmp_path / "keys" / "seal.key").read_bytes()
    assert (tmp_path / "keys" / "seal.key").stat().st_mode & 0o077 == 0


def test_a_key_is_never_overwritten(tmp_path: Path, passphrase: Path) -> None:
    store = Keystore.create(tmp_path / "keys", passphrase)
    store.put("seal", b"one")
    with pytest.raises(KeystoreError, match="not overwritten"):
        store.put("seal", b"two")
    with pytest.raises(KeystoreError, match="not overwritten"):
        Keystore.create(tmp_path / "keys", passphrase)
    assert store.get("seal") == b"one"


def test_one_keys_file_cannot_pass_as_another(tmp_path: Path, passphrase: Path) -> None:
    store = Keystore.create(tmp_path / "keys", passphrase)
    store.put("seal", b"one")
    (tmp_path / "keys" / "kem.key").write_bytes((tmp_path / "keys" / "seal.key").read_bytes())
    with pytest.raises(KeystoreError, match="wrong passphrase, or the file was changed"):
        store.get("kem")


def test_wrong_passphrase_missing_key_missing_store_empty_passphrase(
    tmp_path: Path, passphrase: Path
) -> None:
    Keystore.create(tmp_path / "keys", passphrase).put("seal", b"one")
    passphrase.write_text("wrong")
    with pytest.raises(KeystoreError, match="wrong passphrase"):
        Keystore.open(tmp_path / "keys", passphrase).get("seal")
    with pytest.raises(KeystoreError, match="No such file"):
        Keystore.open(tmp_path / "keys", passphrase).get("none")
    with pytest.raises(KeystoreError, match="No such file"):
        Keystore.open(tmp_path / "nowhere", passphrase)
    passphrase.write_text("\n")
    with pytest.raises(KeystoreError, match="empty"):
        Keystore.open(tmp_path / "keys", passphrase)


def test_a_store_keeps_the_derivation_that_it_was_made_with(
    tmp_path: Path, passphrase: Path
) -> None:
    folder = tmp_path / "keys"
    Keystore.create(folder, passphrase).put("seal", b"one")
    parameters = canonical.parse((folder / "store.json").read_bytes())
    assert isinstance(parameters, dict)
    (folder / "store.json").write_bytes(canonical.encode(parameters | {"n": 2**14}))
    with pytest.raises(KeystoreError, match="wrong passphrase"):
        Keystore.open(folder, passphrase).get("seal")
    (folder / "store.json").write_bytes(canonical.encode(parameters | {"v": 2}))
    with pytest.raises(KeystoreError, match="not of a version"):
        Keystore.open(folder, passphrase)
