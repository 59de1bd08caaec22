"""A federation is begun, grows, suspends and rotates by files that go from hand to hand."""

import json
from pathlib import Path

import pytest

from client.federation import folder
from shared.protocol import trust
from tests.ceremonies import NOW, SEATS, Do, Table, fit


@pytest.fixture
def said(capsys: pytest.CaptureFixture[str]) -> pytest.CaptureFixture[str]:
    return capsys


def held(table: Table) -> folder.Held:
    return folder.read_held(table.repository)


def test_a_federation_begins(begun: Table, do: Do, said: pytest.CaptureFixture[str]) -> None:
    said.readouterr()
    assert do("verify", begun.repository) == 0
    lines = said.readouterr().out
    assert "root: 3 of 5" in lines
    assert "QM: active, document 1" in lines
    assert held(begun).countries == ["QM"]
    assert held(begun).members["QM"].gateway == "https://qm.example"


def test_nothing_is_begun_twice(begun: Table, do: Do) -> None:
    again = do("init", begun.repository, *begun.seated(*SEATS), "-o", begun.draft())
    assert again == 6


def test_a_draft_goes_from_hand_to_hand(
    begun: Table, do: Do, sign: Do, said: pytest.CaptureFixture[str]
) -> None:
    draft = begun.draft()
    assert do("suspend", begun.repository, "QM", "--reason", "a lost key", "-o", draft) == 0
    assert do("verify", begun.repository, draft) == 8
    assert sign(draft, "targets-1") == 0
    said.readouterr()
    assert do("verify", begun.repository, draft) == 8
    lines = said.readouterr().out
    assert "QM is SUSPENDED: a lost key" in lines
    assert "1 of 2 signatures" in lines
    assert do("publish", begun.repository, draft) == 8
    assert sign(draft, "targets-3") == 0
    assert do("verify", begun.repository, draft) == 0
    assert do("publish", begun.repository, draft) == 0
    assert held(begun).suspended == {"QM"}
    assert do("verify", begun.repository) == 0
    assert "QM: SUSPENDED" in said.readouterr().out


def test_a_suspension_ends(begun: Table, do: Do, sign: Do) -> None:
    for words in (("suspend", "--reason", "a lost key"), ("resume",)):
        draft = begun.draft()
        assert do(words[0], begun.repository, "QM", *words[1:], "-o", draft) == 0
        assert sign(draft, "targets-1", "targets-2") == 0
        assert do("publish", begun.repository, draft) == 0
    assert held(begun).suspended == set()
    assert do("resume", begun.repository, "QM", "-o", begun.draft()) == 8


def test_an_expelled_country_has_no_document(begun: Table, do: Do, sign: Do) -> None:
    draft = begun.draft()
    assert do("expel", begun.repository, "QM", "-o", draft) == 0
    assert sign(draft, "targets-1", "targets-2") == 0
    assert do("publish", begun.repository, draft) == 0
    assert held(begun).countries == []
    assert do("suspend", begun.repository, "QM", "--reason", "late", "-o", begun.draft()) == 8


def test_an_expelled_country_comes_back_with_other_keys(begun: Table, do: Do, sign: Do) -> None:
    test_an_expelled_country_has_no_document(begun, do, sign)
    asked, draft = begun.draft(), begun.draft()
    document = begun.write(
        fit("QM", NOW, gateway="https://new.example", issuer="https://new.example")
    )
    keys = ("--key", begun.key("QM-2"), "--key", begun.key("spare-1"), "--threshold", "2")
    assert do("join", begun.repository, document, *keys, "-o", asked) == 0
    assert sign(asked, "QM-2", "spare-1") == 0
    assert do("admit", begun.repository, asked, "-o", draft) == 0
    assert sign(draft, "targets-1", "targets-2") == 0
    assert do("publish", begun.repository, draft) == 0
    assert held(begun).members["QM"].gateway == "https://new.example"
    assert held(begun).roles["QM"].version == 2


def test_a_country_changes_its_document_alone(
    begun: Table, do: Do, sign: Do, said: pytest.CaptureFixture[str]
) -> None:
    draft = begun.draft()
    span = "2027-01-31T22:00Z/2027-02-01T02:00Z"
    assert do("update", begun.repository, "QM", "--maintenance", span, "-o", draft) == 0
    assert "maintenance: {'from'" in said.readouterr().out
    assert sign(draft, "QM") == 0
    assert do("publish", begun.repository, draft) == 0
    told = held(begun).members["QM"].maintenance
    assert told is not None
    assert told.end - told.begin == 4 * 3600
    later = begun.draft()
    assert do("update", begun.repository, "QM", "--maintenance", "none", "-o", later) == 0
    assert sign(later, "QM") == 0
    assert do("publish", begun.repository, later) == 0
    assert held(begun).members["QM"].maintenance is None


def test_a_role_is_renewed(begun: Table, do: Do, sign: Do) -> None:
    signers = {
        "root": ("root-1", "root-2", "root-4"),
        "targets": ("targets-1", "targets-3"),
        "QM": ("QM",),
    }
    for role, names in signers.items():
        draft = begun.draft()
        assert do("renew", begun.repository, role, "-o", draft) == 0
        assert sign(draft, *names) == 0
        assert do("publish", begun.repository, draft) == 0
    assert held(begun).needed_root.version == 2
    assert held(begun).needed_targets.version == 3
    assert held(begun).roles["QM"].version == 2


def test_a_root_is_rotated_by_the_old_and_the_new(begun: Table, do: Do, sign: Do) -> None:
    draft = begun.draft()
    names = ["root-1", "root-2", "root-3", "spare-1", "spare-2"]
    seats = [word for name in names for word in ("--root-key", begun.key(name))]
    assert do("rotate-root", begun.repository, *seats, "-o", draft) == 0
    assert sign(draft, "root-1", "spare-1", "spare-2") == 0
    assert do("publish", begun.repository, draft) == 8  # one of the old ones only
    assert sign(draft, "root-2", "root-3") == 0
    assert do("publish", begun.repository, draft) == 0
    assert held(begun).needed_root.version == 2
    assert held(begun).countries == ["QM"]


def test_other_keys_for_the_list_of_countries_come_with_the_list_signed_by_them(
    begun: Table, do: Do, sign: Do
) -> None:
    draft, alone = begun.draft(), begun.draft()
    names = ["targets-1", "spare-1", "spare-2"]
    seats = [word for name in names for word in ("--targets-key", begun.key(name))]
    assert do("rotate-root", begun.repository, *seats, "-o", draft) == 0
    assert sign(draft, "root-1", "root-2", "root-3", "spare-1", "spare-2") == 0
    content = json.loads(draft.read_bytes())  # noqa: TID251 - to take a draft apart
    content["drafts"] = content["drafts"][:1]
    alone.write_text(json.dumps(content, separators=(",", ":"), sort_keys=True))  # noqa: TID251
    assert do("publish", begun.repository, alone) == 8
    assert do("publish", begun.repository, draft) == 0
    assert held(begun).countries == ["QM"]


def test_a_pinned_root_must_be_in_the_history(begun: Table, do: Do, tmp_path: Path) -> None:
    root = begun.repository / "metadata" / "1.root.json"
    assert do("verify", begun.repository, "--root", root) == 0
    other = tmp_path / "other.json"
    other.write_bytes(root.read_bytes() + b" ")
    assert do("verify", begun.repository, "--root", other) == 8


def test_what_is_published_is_a_bundle_that_a_court_can_check(begun: Table) -> None:
    metadata = begun.repository / "metadata"
    (document,) = (begun.repository / "targets" / "members").iterdir()
    root = (metadata / "1.root.json").read_bytes()
    bundle = trust.write_bundle(
        roots=[root],
        targets=(metadata / "2.targets.json").read_bytes(),
        roles={"country-QM": (metadata / "1.country-QM.json").read_bytes()},
        members={"QM": document.read_bytes()},
    )
    assert list(trust.read_bundle(bundle, root)) == ["QM"]


def test_an_ending_role_is_told(begun: Table, do: Do, sign: Do) -> None:
    document = begun.write(fit("QM", NOW, not_after=int(NOW.timestamp()) + 10 * 86400))
    draft = begun.draft()
    assert do("update", begun.repository, "QM", "--document", document, "-o", draft) == 0
    assert sign(draft, "QM") == 0
    assert do("publish", begun.repository, draft) == 0
    assert do("verify", begun.repository) == 3
