"""A profile is found, complete, and for its owner's eyes."""

import stat
from pathlib import Path

import pytest

from client.errors import UsageError
from client.profiles import Profile, config_path, load, read_json, read_lab, save
from shared.protocol.canonical import encode

COMPLETE = """\
default = "one"
[profiles.one]
gateway = "https://qm.example"
ca = "ca.pem"
client_id = "urn:rogatory:QM:preparer"
key = "/keys/client.jwk"
dpop_key = "/keys/dpop.jwk"
"""


def write(path: Path, content: str, mode: int = 0o600) -> Path:
    path.write_text(content)
    path.chmod(mode)
    return path


def profile(name: str, folder: Path) -> Profile:
    return Profile(
        name=name,
        gateway="https://qm.example",
        ca=folder / "ca.pem",
        client_id="urn:x",
        key=folder / "key",
        dpop_key=folder / "dpop",
        officer='A. "Quoted" Example',
    )


def test_the_default_profile_is_taken(tmp_path: Path) -> None:
    found = load(write(tmp_path / "config.toml", COMPLETE), None)
    assert (found.name, found.ca, found.key) == (
        "one",
        tmp_path / "ca.pem",
        Path("/keys/client.jwk"),
    )
    assert (found.officer, found.root) == (None, None)


def test_what_was_saved_is_loaded_and_only_for_the_owner(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "config.toml"
    first, second = profile("first", tmp_path), profile("the second", tmp_path)
    save(path, first)
    save(path, second)
    assert load(path, None) == second
    assert load(path, "first") == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


FLAWS = {
    "not_toml": ("default = ", "not TOML"),
    "no_default": ("[profiles.one]\n", "has no profile"),
    "no_profiles": ('default = "one"\n', "it has: none"),
    "profiles_no_table": ('default = "one"\nprofiles = 1\n', "it has: none"),
    "unknown_default": (COMPLETE.replace('"one"', '"two"'), "it has: one"),
    "incomplete": (COMPLETE.replace("\nkey = ", "\n# "), "lacks key"),
    "unknown_member": (COMPLETE + 'colour = "red"\n', "unknown colour"),
    "not_texts": (COMPLETE + "officer = 1\n", "must hold texts"),
    "no_table": ('default = "one"\n[profiles]\none = 1\n', "must hold texts"),
}


@pytest.mark.parametrize("flaw", FLAWS)
def test_a_flawed_configuration_says_what_is_wrong(tmp_path: Path, flaw: str) -> None:
    content, said = FLAWS[flaw]
    with pytest.raises(UsageError, match=said):
        load(write(tmp_path / "config.toml", content), None)


def test_a_configuration_that_others_may_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refused:
        load(write(tmp_path / "config.toml", COMPLETE, mode=0o640), None)
    assert refused.value.next_step == f"chmod 600 {tmp_path / 'config.toml'}"


def test_without_a_configuration_login_is_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as refused:
        load(tmp_path / "config.toml", None)
    assert "login" in (refused.value.next_step or "")


def test_the_configuration_has_its_usual_place() -> None:
    assert config_path().parts[-3:] == (".config", "rogatory", "config.toml")


def lab(folder: Path) -> Path:
    client = {"client_id": "urn:x", "key": "k", "dpop_key": "d", "officer_key": None}
    node = {"gateway": "https://qm.example", "ca": "ca.pem", "clients": {"preparer": client}}
    path = folder / "lab.json"
    path.write_bytes(encode({"root": "root.json", "nodes": {"QM": node}}))
    return path


def test_a_client_of_a_laboratory_is_a_profile(tmp_path: Path) -> None:
    found = read_lab(lab(tmp_path), "QM", "preparer")
    assert (found.name, found.root, found.key) == (
        "QM-preparer",
        tmp_path / "root.json",
        tmp_path / "k",
    )
    assert read_lab(lab(tmp_path), "QM", "preparer", name="mine").name == "mine"


@pytest.mark.parametrize(("country", "client"), [("XX", "preparer"), ("QM", "nobody")])
def test_what_the_laboratory_has_not_is_named(tmp_path: Path, country: str, client: str) -> None:
    with pytest.raises(UsageError, match="has no"):
        read_lab(lab(tmp_path), country, client)


@pytest.mark.parametrize("content", [b"[]", b"{", None], ids=["list", "no_json", "no_file"])
def test_what_is_no_json_object_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "x.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError):
        read_json(path)
