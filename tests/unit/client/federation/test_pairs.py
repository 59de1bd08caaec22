"""Two countries agree on a profile: one proposes, the other names it too, and each alone can end it."""

from pathlib import Path

import pytest

from client.cli import run
from client.federation import folder
from tests import pacts
from tests.ceremonies import NOW, Do, Table, fit
from tests.unit.shared.protocol.law.test_pairreading import BUD, DIGEST, TREATY

NEXT = ("valid_from = 2020-01-01", "valid_from = 2030-01-01")
OWN = (BUD, f'code = "T-QM-QN"\nsince = 2020-05-01\nprofile = "{DIGEST}"')


@pytest.fixture
def two(begun: Table, do: Do, sign: Do) -> Table:
    """QM and QN, both members."""
    asked, list_ = begun.draft(), begun.draft()
    document = begun.write(fit("QN", NOW))
    assert do("join", begun.repository, document, "--key", begun.key("QN"), "-o", asked) == 0
    sign(asked, "QN")
    assert do("admit", begun.repository, asked, "-o", list_) == 0
    sign(list_, "targets-1", "targets-2")
    assert do("publish", begun.repository, list_) == 0
    return begun


def pair(name: str, *words: str | Path) -> int:
    return run(["federation", "pair", name, *map(str, words)])


def publish(two: Table, do: Do, sign: Do, country: str, draft: Path) -> None:
    sign(draft, country)
    assert do("publish", two.repository, draft) == 0


def propose(two: Table, do: Do, sign: Do, country: str, content: bytes, *words: str | Path) -> None:
    draft = two.draft()
    file = two.write(content)
    assert pair("propose", two.repository, country, file, *words, "-o", draft) == 0
    publish(two, do, sign, country, draft)


def shown(two: Table, capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    assert pair("show", two.repository, "QM", "QN", *words) == 0
    return capsys.readouterr().out


def test_it_is_agreed_when_both_have_named_it(
    two: Table, do: Do, sign: Do, capsys: pytest.CaptureFixture[str]
) -> None:
    propose(two, do, sign, "QM", pacts.text())
    assert "named by QM; QN has to name it, too" in shown(two, capsys)
    propose(two, do, sign, "QN", pacts.text())
    out = shown(two, capsys, "--on", "2026-11-22")
    assert "agreed, from 2020-01-01; counts on 2026-11-22" in out
    assert "BUD       since 2012-04-01  Convention on Cybercrime" in out
    assert "decide from delivered: routine 30 days, urgent 10 days, emergency 4 hours" in out
    assert "not in force:\n    EER       since 2026-08-18" in shown(
        two, capsys, "--on", "2026-08-17"
    )
    assert "QN-24-7 (Point of contact of QN, at all hours) takes PRESERVATION, " in out
    assert "ways: routine CA_TO_CA, urgent JUDICIAL_DIRECT_COPY_CA, emergency POINT_24_7" in out
    assert do("verify", two.repository) in {0, 3}
    assert "agreed, from 2020-01-01; counts on" in capsys.readouterr().out
    assert "does not count on 2019-12-31" in shown(two, capsys, "--on", "2019-12-31")


def test_the_next_profile_is_named_beside_the_one_in_force(
    two: Table, do: Do, sign: Do, capsys: pytest.CaptureFixture[str]
) -> None:
    for country in ("QM", "QN"):
        propose(two, do, sign, country, pacts.text())
    for country in ("QM", "QN"):
        propose(two, do, sign, country, pacts.text("QM-QN", NEXT))
        assert "from 2020-01-01; counts on 2026-11-22" in shown(two, capsys, "--on", "2026-11-22")
    out = shown(two, capsys, "--on", "2030-01-01")
    assert "from 2020-01-01; gives way on 2030-01-01" in out
    assert "from 2030-01-01; counts on 2030-01-01" in out


def test_who_signs_reads_what_changes(
    two: Table, do: Do, sign: Do, capsys: pytest.CaptureFixture[str]
) -> None:
    for country in ("QM", "QN"):
        propose(two, do, sign, country, pacts.text())
    capsys.readouterr()
    changed = pacts.text("QM-QN", NEXT, ("tiers = [1, 2, 3, 4]", "tiers = [1, 2]"))
    file = two.write(changed)
    assert pair("propose", two.repository, "QM", file, "--only", "-o", two.draft()) == 0
    out = capsys.readouterr().out
    assert "weighting.tiers: 1, 2, 3, 4 → 1, 2" in out
    assert "valid_from: 2020-01-01 → 2030-01-01" in out
    assert "QN has to name it, too" in out
    assert "names no more: QM asks QN" in out


def test_each_alone_can_end_it(
    two: Table, do: Do, sign: Do, capsys: pytest.CaptureFixture[str]
) -> None:
    for country in ("QM", "QN"):
        propose(two, do, sign, country, pacts.text())
    draft = two.draft()
    assert pair("withdraw", two.repository, "QN", "QM", "QN", "-o", draft) == 0
    publish(two, do, sign, "QN", draft)
    assert "named by QM; QN has to name it, too" in shown(two, capsys)
    assert pair("withdraw", two.repository, "QN", "QM", "QN", "-o", two.draft()) == 6


def test_a_treaty_of_their_own_goes_with_it(
    two: Table, do: Do, sign: Do, capsys: pytest.CaptureFixture[str]
) -> None:
    treaty = two.write(TREATY)
    for country in ("QM", "QN"):
        propose(two, do, sign, country, pacts.text("QM-QN", OWN), "--instrument", treaty)
    assert "T-QM-QN   since 2020-05-01  Bilateral treaty (template)" in shown(two, capsys)
    held = folder.read_held(two.repository)
    assert sorted(map(len, held.files.values())) == sorted(
        map(len, [TREATY, pacts.text("QM-QN", OWN)])
    )
    own = two.write(pacts.text())
    assert pair("check", own, "--instrument", treaty) == 2
    assert 'profile = "' in capsys.readouterr().err


def test_a_profile_is_checked_before_anybody_signs(
    two: Table, capsys: pytest.CaptureFixture[str]
) -> None:
    file = two.write(pacts.text("QM-QN", ('calendar = "FR"', 'calendar = "France"')))
    assert pair("check", file) == 2
    assert f"{file}:9: calendar: write a country" in capsys.readouterr().err
    assert pair("propose", two.repository, "QM", file, "-o", two.draft()) == 2
    assert pair("check", two.folder / "none.toml") == 2
    other = two.write(pacts.text().replace(b'"QN"', b'"QO"', 1))
    assert pair("propose", two.repository, "QN", other, "-o", two.draft()) == 2
    assert "not of QN" in capsys.readouterr().err


def test_what_is_worth_a_look_is_told(two: Table, capsys: pytest.CaptureFixture[str]) -> None:
    assert pair("check", two.write(pacts.text())) == 0
    out = capsys.readouterr().out
    assert "2AP: its own profile does not say since when it is in force; yours: 2024-01-01" in out
    text = pacts.text("QM-QN", ("2027-11-22", "2020-11-22")).decode()
    text = text[: text.index("[emergency]")] + text[text.index("[oversight]") :]
    assert pair("check", two.write(text.encode())) == 0
    out = capsys.readouterr().out
    assert "the weighting note QN-on-QM ended on 2020-11-22" in out
    assert "nothing leaves in an emergency" in out
    assert (
        pair("check", two.write(pacts.text("QM-QN", ("3, 4]", "2]")).replace(b"2, 2]", b"2]"))) == 0
    )
    assert "no weighting note covers data of tier 3 and more" in capsys.readouterr().out


def test_nothing_is_named_twice_or_without_its_file(
    two: Table, do: Do, sign: Do, capsys: pytest.CaptureFixture[str]
) -> None:
    propose(two, do, sign, "QM", pacts.text())
    again = two.write(pacts.text())
    assert pair("propose", two.repository, "QM", again, "-o", two.draft()) == 6
    assert pair("show", two.repository, "QN", "QM") == 5
    (kept,) = (two.repository / "targets" / "pairs").iterdir()
    kept.write_bytes(b"spoilt")
    capsys.readouterr()
    assert do("renew", two.repository, "QM", "-o", two.draft()) == 8
    assert "which is not there" in capsys.readouterr().err
    assert "but not at hand" not in shown(two, capsys)


def test_a_draft_carries_nothing_that_its_document_does_not_name(two: Table, do: Do) -> None:
    draft = two.draft()
    file = two.write(pacts.text())
    assert pair("propose", two.repository, "QM", file, "-o", draft) == 0
    for old, new in ((b".QM-QN.toml", b".QN-QM.toml"), (b'"files":{', b'"files":{"x":"eA",')):
        spoilt = two.write(draft.read_bytes().replace(old, new, 1))
        assert do("verify", two.repository, spoilt) in {2, 3, 8}


def test_no_other_draft_carries_profiles(two: Table, do: Do) -> None:
    draft = two.draft()
    assert do("renew", two.repository, "targets", "-o", draft) == 0
    spoilt = two.write(
        draft.read_bytes().replace(b'"document":null', b'"document":null,"files":{"x":"eA"}')
    )
    assert do("verify", two.repository, spoilt) == 2


def test_no_profile_paints_over_what_its_signer_reads(
    two: Table, capsys: pytest.CaptureFixture[str]
) -> None:
    file = two.write(pacts.text("QM-QN", ('id = "QN-on-QM"', 'id = "QN\\u001b[2K\\rfine"')))
    assert pair("propose", two.repository, "QM", file, "-o", two.draft()) == 0
    out = capsys.readouterr().out
    assert "weighting.id: QN\\u001b[2K\\u000dfine" in out
    assert "\x1b" not in out


def test_what_only_some_agree_on_is_shown(
    two: Table, do: Do, sign: Do, capsys: pytest.CaptureFixture[str]
) -> None:
    untoc = 'code = "UNTOC"'
    whole = pacts.text(
        "QM-QN",
        (BUD, f'{BUD}\nuntil = 2030-01-01\nreservations = ["art29_4_dual_criminality"]'),
        (f"{untoc}\nsince = 2006-01-01", untoc),
        more="\n[thresholds]\ntraffic_or_content_months = 36\n",
    )
    some = pacts.without(whole, "channels", "challenge", "weighting", "emergency")
    for country in ("QM", "QN"):
        propose(two, do, sign, country, some)
    out = shown(two, capsys, "--on", "2026-11-22")
    assert "traffic data and content for offences of 36 months and more" in out
    assert "until 2030-01-01  Convention on Cybercrime" in out
    assert "reserved: art29_4_dual_criminality" in out
    assert "UNTOC     not in force between the two" in out
    assert "weighting note QN-on-QM" not in out
    assert "ways:" not in out


def test_a_draft_whose_profile_cannot_be_read_is_not_to_be_signed(
    two: Table, do: Do, capsys: pytest.CaptureFixture[str]
) -> None:
    draft = two.draft()
    assert pair("propose", two.repository, "QM", two.write(pacts.text()), "-o", draft) == 0
    content = draft.read_bytes()
    files = content[content.index(b'"files":') : content.index(b'"metadata":')]
    bare = two.write(content.replace(files, b""))
    capsys.readouterr()
    assert do("verify", two.repository, bare) == 8
    assert "not at hand, or not readable here: do not sign" in capsys.readouterr().out
