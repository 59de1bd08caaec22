"""A document is changed piece by piece, and a key signs by the command that people use."""

from pathlib import Path

import pytest

from client.errors import UsageError
from client.federation import folder, keyfiles
from shared.protocol import canonical
from tests.ceremonies import NOW, Do, Table, fit


def update(begun: Table, do: Do, *words: str | Path) -> int:
    return do("update", begun.repository, "QM", *words, "-o", begun.draft())


def test_a_log_follows_another(begun: Table, do: Do) -> None:
    log = begun.write(canonical.encode({"origin": "qm.example/log/2027", "vkeys": ["a", "b"]}))
    before = folder.read_held(begun.repository).members["QM"].log
    told = {"origin": before.origin, "url": before.url, "vkeys": [*before.vkeys]}
    ended = {**told, "policy": before.policy, "size": 3, "root": "AAAA"}
    closed = begun.write(canonical.encode(ended))
    assert update(begun, do, "--log", log, "--closed", closed) == 0


BAD: dict[str, tuple[str, bytes]] = {
    "log": ("--log", b'{"origin":"x"}'),
    "closed": ("--closed", b"{}"),
    "document": ("--document", b"{}"),
    "another's": ("--document", fit("QN", NOW)),
}


@pytest.mark.parametrize(("option", "content"), BAD.values(), ids=list(BAD))
def test_other_files_change_nothing(begun: Table, do: Do, option: str, content: bytes) -> None:
    assert update(begun, do, option, begun.write(content)) == 2


@pytest.mark.parametrize("option", ["--log", "--closed", "--document"])
def test_a_file_that_is_not_there_is_told(begun: Table, do: Do, option: str) -> None:
    assert update(begun, do, option, begun.folder / "nothing") == 2


@pytest.mark.parametrize(
    "span",
    ["soon", "2027-01-01T00:00Z", "2027-01-02T00:00Z/2027-01-01T00:00Z", "2027-01-01/2027-01-02"],
)
def test_a_span_that_is_none_is_told(begun: Table, do: Do, span: str) -> None:
    assert update(begun, do, "--maintenance", span) == 2


def test_a_country_without_a_document_changes_none(begun: Table, do: Do) -> None:
    assert do("update", begun.repository, "QX", "-o", begun.draft()) == 6
    assert do("renew", begun.repository, "QX", "-o", begun.draft()) == 6


def test_nothing_is_signed_before_there_is_a_root(begun: Table, do: Do, tmp_path: Path) -> None:
    draft = begun.draft()
    assert do("renew", begun.repository, "targets", "-o", draft) == 0
    empty = tmp_path / "empty"
    assert do("verify", empty, draft) == 6
    assert do("verify", empty) == 6
    assert do("renew", empty, "targets", "-o", begun.draft()) == 6


def test_a_repository_without_a_list_is_told(begun: Table, do: Do) -> None:
    for path in (begun.repository / "metadata").glob("*.targets.json"):
        path.unlink()
    assert do("verify", begun.repository) == 3
    assert do("suspend", begun.repository, "QM", "--reason", "x", "-o", begun.draft()) == 6


def test_a_country_whose_document_is_gone_is_told(begun: Table, do: Do) -> None:
    for path in (begun.repository / "targets" / "members").iterdir():
        path.unlink()
    assert do("verify", begun.repository) == 3


def test_a_version_is_not_published_twice_otherwise(begun: Table, do: Do, sign: Do) -> None:
    draft = begun.draft()
    assert do("renew", begun.repository, "targets", "-o", draft) == 0
    sign(draft, "targets-1", "targets-2")
    (begun.repository / "metadata" / "3.targets.json").write_bytes(b"{}")
    assert do("publish", begun.repository, draft) == 6


def test_a_person_signs_and_hands_on(
    begun: Table, do: Do, capsys: pytest.CaptureFixture[str]
) -> None:
    draft = begun.draft()
    assert do("suspend", begun.repository, "QM", "--reason", "a test", "-o", draft) == 0
    secret = ("--passphrase-file", begun.folder / "passphrase", "--yes")
    keys = ("--key", begun.key("targets-1"), "--key", begun.key("targets-2"))
    capsys.readouterr()
    assert do("sign", begun.repository, draft, *keys, *secret) == 0
    said = capsys.readouterr()
    assert "QM is SUSPENDED: a test" in said.err  # before the key is asked for
    assert "2 of 2 signatures" in said.out
    assert do("publish", begun.repository, draft) == 0


def test_a_requests_keys_are_shown(
    begun: Table, do: Do, sign: Do, capsys: pytest.CaptureFixture[str]
) -> None:
    asked, document = begun.draft(), begun.write(fit("QN", NOW))
    keys = ("--key", begun.key("QN"), "--key", begun.key("spare-1"))
    assert do("join", begun.repository, document, *keys, "-o", asked) == 0
    sign(asked, "QN")
    capsys.readouterr()
    assert do("verify", begun.repository, asked) == 8
    assert capsys.readouterr().out.count("signed ") == 1
    assert do("join", begun.repository, document, *keys, "-o", asked) == 2


def test_what_is_no_request_is_not_admitted(begun: Table, do: Do) -> None:
    draft = begun.draft()
    assert do("renew", begun.repository, "targets", "-o", draft) == 0
    assert do("admit", begun.repository, draft, "-o", begun.draft()) == 2
    assert do("admit", begun.repository, begun.folder / "nothing", "-o", begun.draft()) == 2
    assert do("publish", begun.repository, begun.key("QM")) == 2


def test_a_key_in_a_token_needs_the_tokens_software(
    begun: Table, drawn: dict[str, keyfiles.KeyFile]
) -> None:
    public = drawn["QM"].public
    told = keyfiles.KeyFile(name="QM", public=public, token="hsm:2?label=QM")
    path = begun.write(told.to_bytes())
    assert keyfiles.read(path).token == "hsm:2?label=QM"
    with pytest.raises(UsageError, match="token cannot be used"):
        keyfiles.read(path).open(lambda _name: "123456")


def test_a_key_sealed_in_another_way_does_not_open(drawn: dict[str, keyfiles.KeyFile]) -> None:
    sealed = {**(drawn["QM"].sealed or {}), "kdf": "md5"}
    told = keyfiles.KeyFile(name="QM", public=drawn["QM"].public, sealed=sealed)
    with pytest.raises(UsageError, match="unknown way"):
        told.open(lambda _name: "x")


def test_a_missing_key_file_is_told(begun: Table, do: Do) -> None:
    draft = begun.draft()
    assert do("renew", begun.repository, "targets", "-o", draft) == 0
    assert do("sign", begun.repository, draft, "--key", begun.folder / "nothing", "--yes") == 2


def test_no_draft_paints_over_what_its_signer_reads(
    begun: Table, do: Do, capsys: pytest.CaptureFixture[str]
) -> None:
    reason = "nothing\x1b[1A\x1b[2K \u202edne"
    assert do("suspend", begun.repository, "QM", "--reason", reason, "-o", begun.draft()) == 0
    name = begun.write(fit("QM", NOW, name="QM\x1b[8m"))
    assert do("update", begun.repository, "QM", "--document", name, "-o", begun.draft()) == 0
    said = capsys.readouterr().out
    assert "\x1b" not in said
    assert "\u202e" not in said
    assert "nothing\\u001b[1A" in said
