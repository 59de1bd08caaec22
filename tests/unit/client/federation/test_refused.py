"""What a ceremony refuses: each row is one way to get something signed that should not be."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from securesystemslib.signer import Signer

from client.cli import run
from client.federation import papers
from shared.protocol import canonical, drafts
from tests.ceremonies import NOW, PASSPHRASE, Do, Table, fit, keys

DAY = 86400
BEGIN = int(NOW.timestamp())


def taken(begun: Table, do: Do, document: bytes) -> int:
    return do(
        "join",
        begun.repository,
        begun.write(document),
        "--key",
        begun.key("QN"),
        "-o",
        begun.draft(),
    )


UNFIT: dict[str, dict[str, Any]] = {
    "plain-http": {"gateway": "http://qn.example", "issuer": "http://qn.example"},
    "path-in-gateway": {"gateway": "https://qn.example/x", "issuer": "https://qn.example/x"},
    "other-issuer": {"issuer": "https://qm.example"},
    "no-duty": {"contacts": {"duty_phone": "+49 30 1234567"}},
    "no-phone": {"contacts": {"duty": "duty@qn.example"}},
    "bad-phone": {"contacts": {"duty": "duty@qn.example", "duty_phone": "call me"}},
    "no-suite": {"suites": []},
    "no-instrument": {"instruments": []},
    "bad-instrument": {"instruments": ["a treaty"]},
    "too-long": {"not_after": BEGIN + 500 * DAY},
    "never": {"not_after": BEGIN},
    "no-anchor": {"tls_anchors": []},
    "bad-anchor": {"tls_anchors": ["-----BEGIN CERTIFICATE-----"]},
    "key-for-ever": {"kem": [{**keys("QN")[1], "nbf": BEGIN, "exp": 2**40}]},
    "no-seal": {"seal": []},
    "undated-client-key": {"client_jwks": [keys("QN")[2]]},
}


@pytest.mark.parametrize("changes", UNFIT.values(), ids=list(UNFIT))
def test_an_unfit_document_is_not_signed(begun: Table, do: Do, changes: dict[str, Any]) -> None:
    assert taken(begun, do, fit("QN", NOW, **changes)) == 8


def test_a_fit_document_is(begun: Table, do: Do) -> None:
    assert taken(begun, do, fit("QN", NOW)) == 0


CLAIMS: dict[str, dict[str, Any]] = {
    "gateway": {"gateway": "https://qm.example", "issuer": "https://qm.example"},
    "client-key": {"client_jwks": [{**keys("QM")[2], "nbf": BEGIN, "exp": BEGIN + DAY}]},
    "seal-key": {"seal": [{**keys("QM")[0], "nbf": BEGIN, "exp": BEGIN + DAY}]},
    "kem-key": {"kem": [{**keys("QM")[1], "nbf": BEGIN, "exp": BEGIN + DAY}]},
}


@pytest.mark.parametrize("changes", CLAIMS.values(), ids=list(CLAIMS))
def test_nobody_is_admitted_with_what_is_anothers(
    begun: Table, do: Do, sign: Do, changes: dict[str, Any]
) -> None:
    asked, document = begun.draft(), begun.write(fit("QN", NOW, **changes))
    assert do("join", begun.repository, document, "--key", begun.key("QN"), "-o", asked) == 0
    sign(asked, "QN")
    assert do("verify", begun.repository, asked) == 0
    assert do("admit", begun.repository, asked, "-o", begun.draft()) == 8


def asking(begun: Table, do: Do, *names: str) -> Path:
    asked = begun.draft()
    words = [word for name in names for word in ("--key", begun.key(name))]
    assert do("join", begun.repository, begun.write(fit("QN", NOW)), *words, "-o", asked) == 0
    return asked


def test_a_key_that_did_not_sign_is_not_admitted(begun: Table, do: Do, sign: Do) -> None:
    asked = asking(begun, do, "QN", "spare-1")
    sign(asked, "QN")
    assert do("admit", begun.repository, asked, "-o", begun.draft()) == 8
    sign(asked, "spare-1")
    assert do("admit", begun.repository, asked, "-o", begun.draft()) == 0


def test_a_request_is_not_published(begun: Table, do: Do, sign: Do) -> None:
    asked = asking(begun, do, "QN")
    sign(asked, "QN")
    assert do("publish", begun.repository, asked) == 2


def test_a_member_does_not_join_again_without_the_repository(
    begun: Table, do: Do, sign: Do, tmp_path: Path
) -> None:
    asked, document = begun.draft(), begun.write(fit("QM", NOW))
    assert do("join", tmp_path / "empty", document, "--key", begun.key("QM-2"), "-o", asked) == 0
    sign(asked, "QM-2")
    assert do("admit", begun.repository, asked, "-o", begun.draft()) == 6


def test_a_key_without_a_seat_signs_nothing(
    begun: Table, do: Do, signers: dict[str, Signer]
) -> None:
    draft = begun.draft()
    assert do("renew", begun.repository, "targets", "-o", draft) == 0
    secret = ("--passphrase-file", begun.folder / "passphrase")
    words = (begun.repository, draft, "--key", begun.key("QM"), *secret, "--yes")
    assert do("sign", *words) == 6
    assert not papers.read(draft).drafts[0].metadata.signatures
    assert signers


def test_a_wrong_passphrase_opens_nothing(begun: Table, do: Do) -> None:
    draft = begun.draft()
    assert do("renew", begun.repository, "targets", "-o", draft) == 0
    wrong = begun.write(b"another one")
    words = ("--key", begun.key("targets-1"), "--passphrase-file", wrong, "--yes")
    assert do("sign", begun.repository, draft, *words) == 2
    empty = begun.write(b"\n")
    words = ("--key", begun.key("targets-1"), "--passphrase-file", empty, "--yes")
    assert do("sign", begun.repository, draft, *words) == 2


def test_a_public_key_does_not_sign(begun: Table, do: Do) -> None:
    draft = begun.draft()
    assert do("renew", begun.repository, "targets", "-o", draft) == 0
    words = ("--key", Path(f"{begun.key('targets-1')}.pub"), "--yes")
    assert do("sign", begun.repository, draft, *words) == 2


def test_a_signer_is_asked(begun: Table, do: Do) -> None:
    draft = begun.draft()
    assert do("renew", begun.repository, "targets", "-o", draft) == 0
    assert do("sign", begun.repository, draft, "--key", begun.key("targets-1")) == 1


def test_a_country_cannot_sign_for_another(
    begun: Table, do: Do, signers: dict[str, Signer]
) -> None:
    draft = begun.draft()
    assert do("update", begun.repository, "QM", "-o", draft) == 0
    (paper,) = papers.read(draft).drafts
    paper.metadata.sign(signers["QN"])
    papers.write(draft, papers.of([paper]))
    assert do("publish", begun.repository, draft) == 8


def test_an_old_draft_is_not_published(begun: Table, do: Do, sign: Do) -> None:
    first, second = begun.draft(), begun.draft()
    for draft in (first, second):
        assert do("update", begun.repository, "QM", "-o", draft) == 0
        sign(draft, "QM")
    assert do("publish", begun.repository, second) == 0
    assert do("publish", begun.repository, first) == 8


def test_no_file_is_overwritten(begun: Table, do: Do) -> None:
    draft = begun.draft()
    assert do("renew", begun.repository, "targets", "-o", draft) == 0
    assert do("renew", begun.repository, "targets", "-o", draft) == 2


SEATINGS: dict[str, list[str]] = {
    "too-few": ["root-1", "root-2", "root-3", "root-4"],
    "twice": ["root-1", "root-2", "root-3", "root-4", "root-4"],
}


@pytest.mark.parametrize("names", SEATINGS.values(), ids=list(SEATINGS))
def test_a_root_has_five_different_keys(begun: Table, do: Do, names: list[str]) -> None:
    seats = [word for name in names for word in ("--root-key", begun.key(name))]
    assert do("rotate-root", begun.repository, *seats, "-o", begun.draft()) == 2


Spoil = Callable[[dict[str, Any]], None]


def _other_document(told: dict[str, Any]) -> None:
    told["drafts"][0]["document"] = canonical.b64u(fit("QM", NOW, name="someone"))


def _no_document(told: dict[str, Any]) -> None:
    told["drafts"][0]["document"] = None


def _no_role(told: dict[str, Any]) -> None:
    told["drafts"][0]["role"] = "snapshot"


def _others_role(told: dict[str, Any]) -> None:
    told["drafts"][0]["role"] = "country-QN"


def _no_kind(told: dict[str, Any]) -> None:
    told["kind"] = "notes"


@pytest.mark.parametrize(
    "spoil",
    [_other_document, _no_document, _no_role, _others_role, _no_kind],
    ids=lambda s: s.__name__,
)
def test_a_changed_draft_is_not_published(begun: Table, do: Do, sign: Do, spoil: Spoil) -> None:
    draft = begun.draft()
    assert do("update", begun.repository, "QM", "-o", draft) == 0
    sign(draft, "QM")
    told = json.loads(draft.read_bytes())  # noqa: TID251 - to take a draft apart
    spoil(told)
    draft.write_bytes(canonical.encode(told))
    assert do("publish", begun.repository, draft) in {2, 6, 8}


def test_a_key_file_shows_its_fingerprint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "passphrase").write_text(PASSPHRASE)
    path = tmp_path / "root-1.key"
    words = ("--passphrase-file", str(tmp_path / "passphrase"), "-o", str(path))
    assert run(["federation", "key", "root 1", *words]) == 0
    assert len(capsys.readouterr().out.split()) == 18
    assert path.stat().st_mode & 0o077 == 0
    assert run(["federation", "key", "root 1", *words]) == 1
    assert run(["federation", "verify", str(tmp_path), str(path)]) == 2


def test_a_token_that_is_not_there_is_told(tmp_path: Path) -> None:
    words = ("--token", "hsm:2", "-o", str(tmp_path / "k"))
    assert run(["federation", "key", "root 1", *words]) == 2


def test_no_key_passes_under_anothers_id(begun: Table) -> None:
    told = json.loads(begun.key("QM").read_bytes())  # noqa: TID251
    told["public"]["keyid"] = "0" * 64
    path = begun.write(canonical.encode(told))
    document = begun.write(fit("QN", NOW))
    words = ["join", begun.repository, document, "--key", path, "-o", begun.draft()]
    assert run(["federation", *map(str, words)]) == 2


def test_a_request_says_what_it_is() -> None:
    with pytest.raises(Exception, match="request to join"):
        drafts.read_join(b'{"kind":"join"}')
