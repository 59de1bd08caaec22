"""What two countries agreed on reaches every node of theirs, and nothing else does."""

import pytest
from tuf.api.exceptions import DownloadError, DownloadHTTPError

from services.gateway import agreed
from services.gateway.agreed import collect
from shared.protocol import trust
from shared.protocol.identifiers import Country
from shared.runtime.refusals import NotFound
from tests import pacts
from tests.federated import document
from tests.service.gateway.sites import Live, Site
from tests.service.gateway.test_directory import reopened

TEXT = pacts.text()
NAME = pacts.named(TEXT)
OTHER = pacts.text("QM-QN", ("tiers = [1, 2, 3, 4]", "tiers = [1, 2]"))


def pairs(live: Live) -> dict[str, bytes]:
    return trust.read_parts(live.directory.bundle()).pairs


def test_what_both_name_is_in_the_bundle_and_on_the_mirror_and_in_the_log(live: Live) -> None:
    live.directory.refresh()
    pacts.place(live.repository, NAME, TEXT)
    pacts.agree(live.repository, NAME)
    live.directory.refresh()
    assert pairs(live) == {NAME.path: TEXT}
    assert live.directory.file(f"targets/{NAME.path}") == TEXT
    assert live.reports == [("pair.agreed", "QN", NAME.reason)]
    assert trust.read_bundle(live.directory.bundle(), live.repository.root)


def test_what_one_names_alone_counts_for_nothing(live: Live) -> None:
    pacts.place(live.repository, NAME, TEXT)
    pacts.agree(live.repository, NAME, countries=["QM"])
    live.directory.refresh()
    assert pairs(live) == {}
    with pytest.raises(NotFound):
        live.directory.file(f"targets/{NAME.path}")
    pacts.agree(live.repository, NAME, countries=["QN"])
    live.directory.refresh()
    pacts.agree(live.repository, countries=["QN"])
    live.directory.refresh()
    assert pairs(live) == {}
    assert [kind for kind, _, _ in live.reports] == ["pair.agreed", "pair.ended"]


def test_a_country_that_is_gone_has_no_agreement(live: Live) -> None:
    pacts.place(live.repository, NAME, TEXT)
    pacts.agree(live.repository, NAME)
    live.directory.refresh()
    live.repository.place("QN", b"no document at all")
    live.directory.refresh()
    assert pairs(live) == {}
    assert set(live.directory.members()) == {Country("QM")}


def test_another_file_under_the_name_is_refused_and_the_rest_goes_on(live: Live) -> None:
    pacts.place(live.repository, NAME, OTHER)
    pacts.agree(live.repository, NAME)
    live.directory.refresh()
    assert pairs(live) == {}
    assert live.gateway("QN") == "https://qn.example"
    assert ("directory.refused", "QN", "untrusted") in live.reports


def test_a_file_that_is_not_there_costs_nobody_the_directory(live: Live) -> None:
    pacts.agree(live.repository, NAME)
    live.directory.refresh()
    assert pairs(live) == {}
    pacts.place(live.repository, NAME, TEXT)
    live.directory.refresh()
    assert pairs(live) == {NAME.path: TEXT}


def test_it_is_kept_though_nobody_has_it_any_more(live: Live, site: Site) -> None:
    pacts.place(live.repository, NAME, TEXT)
    pacts.agree(live.repository, NAME)
    live.directory.refresh()
    (live.repository.folder / "targets" / NAME.path).unlink()
    live.repository.publish(document("QN", pairs=pacts.told([NAME]), name="renamed"))
    live.directory.refresh()
    assert pairs(live) == {NAME.path: TEXT}
    assert trust.read_parts(reopened(live, site).bundle()).pairs == {NAME.path: TEXT}
    (kept,) = (live.folder / "trust" / "pairs").iterdir()
    kept.write_bytes(b"a disk that lost something")
    live.directory.refresh()
    assert pairs(live) == {}


def test_what_is_named_no_more_is_removed(live: Live) -> None:
    pacts.place(live.repository, NAME, TEXT)
    pacts.agree(live.repository, NAME)
    live.directory.refresh()
    pacts.agree(live.repository)
    live.directory.refresh()
    assert list((live.folder / "trust" / "pairs").iterdir()) == []


def test_profiles_have_a_size_together(live: Live) -> None:
    many = [pacts.text("QM-QN", ("schema = 1", f"# {number}\nschema = 1")) for number in range(3)]
    names = [pacts.named(each) for each in many]
    members = {name: document(name, pairs=pacts.told(names)) for name in ("QM", "QN")}
    files = {name.path: content for name, content in zip(names, many, strict=True)}
    doubts: list[str] = []
    found = collect(
        members,
        "QM",
        folder=live.folder / "few",
        download=files.__getitem__,
        doubt=lambda country, _error: doubts.append(country),
        limit=2 * len(many[0]) + 10,
    )
    assert found == dict(list(files.items())[:2])
    assert doubts == ["QN"]
    assert agreed.MAX_TOTAL < trust.MAX_BUNDLE / 2


@pytest.mark.parametrize("error", [DownloadError("it drips"), DownloadHTTPError("busy", 503)])
def test_a_source_that_is_short_of_breath_says_nothing(live: Live, error: Exception) -> None:
    def download(_path: str) -> bytes:
        raise error

    members = {name: document(name, pairs=pacts.told([NAME])) for name in ("QM", "QN")}
    with pytest.raises(DownloadError):
        collect(
            members | {"QO": b"no document"},
            "QM",
            folder=live.folder / "none",
            download=download,
            doubt=lambda _country, _error: None,
        )


def says(live: Live) -> list[str]:
    told = live.directory.health()["says"]
    assert isinstance(told, list)
    return [str(each) for each in told]


def agreed_on(live: Live, *contents: bytes) -> None:
    names = [pacts.named(each) for each in contents]
    for name, content in zip(names, contents, strict=True):
        pacts.place(live.repository, name, content)
    pacts.agree(live.repository, *names)
    live.directory.refresh()


def test_operators_hear_of_a_profile_that_ends(live: Live) -> None:
    ends = pacts.text("QM-QN", ("valid_from = 2020-01-01", "valid_from = 2020-01-01\n# until"))
    ends = ends.replace(b"# until", b"valid_until = 2026-12-01")
    agreed_on(live, ends)
    (told,) = says(live)
    assert told.startswith("the profile QM-QN (")
    assert told.endswith(") ends on 2026-12-01, and none follows")
    agreed_on(live, ends, pacts.text("QM-QN", ("2020-01-01", "2026-12-01")))
    assert says(live) == []
    assert live.directory.health()["level"] == "green"


def test_operators_hear_of_a_weighting_note_that_ends(live: Live) -> None:
    agreed_on(live, pacts.text("QM-QN", ("2027-11-22", "2026-12-01")))
    (told,) = says(live)
    assert told.startswith("the weighting note QN-on-QM of QM-QN (")
    assert told.endswith(") ends on 2026-12-01")


def test_operators_hear_of_a_profile_that_nobody_has_or_can_read(live: Live) -> None:
    pacts.agree(live.repository, NAME)
    live.directory.refresh()
    assert [each for each in says(live) if "nobody has it" in each]
    agreed_on(live, b"schema = 2")
    assert [each for each in says(live) if "cannot be read here: line 1: " in each]
