"""The live view: what an attacker between us and the directory can and cannot do."""

import shutil
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tuf.api.exceptions import DownloadError, RepositoryError

from services.gateway.directory import Directory
from shared.protocol import trust
from shared.protocol.identifiers import Country
from shared.runtime import http
from shared.runtime.refusals import NotAllowed, NotFound, Refusal, Unavailable
from tests.federated import Repository, document
from tests.service.gateway.sites import NOW, Live, Site


def reopened(live: Live, site: Site, url: str | None = None) -> Directory:
    return Directory(
        url=url or site.url,
        context=http.pinned_file(site.ca),
        root=live.repository.root,
        folder=live.folder / "trust",
        clock=live.clock,
        country="QM",
    )


def test_before_the_first_refresh_there_is_no_view(live: Live) -> None:
    assert live.directory.state == "empty"
    with pytest.raises(Unavailable) as caught:
        live.directory.bundle()
    assert caught.value.code == "directory_empty"


def test_a_refresh_gives_every_member(live: Live) -> None:
    live.directory.refresh()
    assert live.directory.state == "ok"
    assert live.gateway("QN") == "https://qn.example"
    assert live.directory.issuer("https://qn.example") == live.directory.peer("QN")
    assert live.directory.issuer("https://qx.example") is None
    members = trust.read_bundle(live.directory.bundle(), live.repository.root)
    assert set(members) == {Country("QM"), Country("QN")}


def test_a_country_changes_its_own_document(live: Live) -> None:
    live.directory.refresh()
    live.repository.publish(document("QN", gateway="https://new.example"))
    live.directory.refresh()
    assert live.gateway("QN") == "https://new.example"


def test_nothing_new_changes_nothing(live: Live) -> None:
    live.directory.refresh()
    before = live.directory.bundle()
    live.directory.refresh()
    assert live.directory.bundle() == before


def test_a_restart_remembers_without_the_directory(live: Live, site: Site) -> None:
    live.directory.refresh()
    again = reopened(live, site, url="https://127.0.0.1:9")
    assert again.peer("QN").gateway == "https://qn.example"
    with pytest.raises(DownloadError):
        again.refresh()
    assert again.state == "ok"


def test_a_damaged_state_is_dropped_and_fetched_anew(live: Live, site: Site) -> None:
    live.directory.refresh()
    (live.folder / "trust" / "view.json").write_bytes(b"{}")
    again = reopened(live, site)
    assert again.state == "empty"
    again.refresh()
    assert again.state == "ok"


def test_a_suspended_country_is_no_peer(live: Live) -> None:
    live.repository.publish(document("QN", status="suspended"))
    live.directory.refresh()
    with pytest.raises(NotAllowed) as caught:
        live.directory.peer("QN")
    assert caught.value.code == "peer_not_allowed"
    assert live.directory.issuer("https://qn.example") is None


def test_a_country_outside_its_time_is_no_peer(live: Live) -> None:
    live.repository.publish(document("QN", not_after=int(NOW.timestamp())))
    live.directory.refresh()
    with pytest.raises(NotAllowed):
        live.directory.peer("QN")


def test_an_unknown_country_is_no_peer(live: Live) -> None:
    live.directory.refresh()
    with pytest.raises(NotFound):
        live.directory.peer("QX")


def test_an_expired_view_serves_no_peer_and_keeps_its_bundle(live: Live) -> None:
    live.directory.refresh()
    live.later = timedelta(hours=25)
    assert live.directory.state == "expired"
    asks: list[Callable[[str], object]] = [live.directory.peer, live.directory.issuer]
    for ask in asks:
        with pytest.raises(Refusal) as caught:
            ask("QN")
        assert caught.value.code == "directory_expired"
    assert live.directory.bundle()


def _copy(live: Live) -> Path:
    kept = live.folder / "kept"
    shutil.copytree(live.repository.folder, kept)
    return kept


def _rollback(live: Live, site: Site) -> None:
    """Serve again what was true yesterday."""
    kept = _copy(live)
    live.repository.publish(document("QN", gateway="https://new.example"))
    live.directory.refresh()
    site.app.state.repository = kept


def _tampered_timestamp(live: Live, _site: Site) -> None:
    path = live.repository.folder / "metadata" / "timestamp.json"
    path.write_bytes(path.read_bytes().replace(b'"version":3}}', b'"version":99}}'))
    assert b"99" in path.read_bytes()


def _frozen(live: Live, _site: Site) -> None:
    """Serve a timestamp that has expired."""
    path = live.repository.folder / "metadata" / "timestamp.json"
    path.unlink()
    live.repository.refresh(-timedelta(days=3))


def _withheld_snapshot(live: Live, _site: Site) -> None:
    live.repository.publish(document("QN", gateway="https://new.example"))
    newest = max((live.repository.folder / "metadata").glob("*.snapshot.json"))
    newest.unlink()


def _under_signed_root(live: Live, _site: Site) -> None:
    live.repository.rotate_root(lambda _root: None, live.repository.offline.root[:2])


def _foreign_root(live: Live, _site: Site) -> None:
    other = Repository.make(live.folder / "other", NOW)
    root = other.rotate_root(lambda _root: None, other.offline.root)
    (live.repository.folder / "metadata" / "2.root.json").write_bytes(root)


def _too_large(live: Live, _site: Site) -> None:
    path = live.repository.folder / "metadata" / "timestamp.json"
    path.write_bytes(path.read_bytes() + b" " * 2**21)


def _gone(_live: Live, site: Site) -> None:
    site.app.state.repository = Path("/nowhere")


ATTACKS: list[Callable[[Live, Site], None]] = [
    _rollback,
    _tampered_timestamp,
    _frozen,
    _withheld_snapshot,
    _under_signed_root,
    _foreign_root,
    _too_large,
    _gone,
]


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.__name__)
def test_an_attack_is_refused_and_the_old_view_stays(
    live: Live, site: Site, attack: Callable[[Live, Site], None]
) -> None:
    live.directory.refresh()
    attack(live, site)
    before = live.directory.bundle()
    with pytest.raises((RepositoryError, DownloadError)):
        live.directory.refresh()
    assert live.directory.bundle() == before
    assert reopened(live, site).bundle() == before


def test_a_role_signed_by_another_country_is_not_published(live: Live) -> None:
    forged = document("QN", gateway="https://evil.example")
    live.repository.publish(forged, signer=live.repository.countries["QM"])
    live.directory.refresh()
    assert live.gateway("QN") == "https://qn.example"


def test_a_stray_file_in_the_repository_harms_nobody(live: Live) -> None:
    folder = live.repository.folder / "metadata"
    (folder / "7.country-QN.json").write_bytes(b"junk")
    (folder / "8.country-QN.json").write_bytes(live.repository.newest("snapshot"))
    live.repository.refresh(timedelta(hours=2))
    live.later = timedelta(hours=2)
    live.directory.refresh()
    assert live.gateway("QN") == "https://qn.example"


@pytest.mark.parametrize(
    "content", [b"{}", b"junk", document("QM"), document("QN", extra=1), document("QN") + b" "]
)
def test_what_one_country_signs_wrongly_costs_nobody_else(live: Live, content: bytes) -> None:
    live.directory.refresh()
    live.repository.place("QN", content)
    live.directory.refresh()
    assert live.gateway("QM") == "https://qm.example"
    with pytest.raises(NotFound):
        live.directory.peer("QN")


@pytest.mark.parametrize("content", [b"{}", None], ids=["tampered", "gone"])
def test_a_document_that_is_not_the_signed_one_is_not_used(
    live: Live, content: bytes | None
) -> None:
    live.directory.refresh()
    live.repository.publish(document("QN", gateway="https://new.example"))
    for path in (live.repository.folder / "targets" / "members").glob("*.QN.json"):
        path.unlink()
        if content is not None:
            path.write_bytes(content)
    live.directory.refresh()
    assert live.gateway("QM") == "https://qm.example"
    with pytest.raises(NotFound):
        live.directory.peer("QN")


def test_a_signature_too_many_is_not_published(live: Live) -> None:
    live.repository.place("QN", document("QN"), live.repository.countries["QM"])
    live.directory.refresh()
    assert live.gateway("QM") == "https://qm.example"
    assert live.gateway("QN") == "https://qn.example"


def test_a_country_without_a_document_is_left_out_alone(live: Live) -> None:
    (live.repository.folder / "metadata" / "1.country-QN.json").unlink()
    live.repository.refresh(timedelta(hours=2))
    live.later = timedelta(hours=2)
    live.directory.refresh()
    assert live.gateway("QM") == "https://qm.example"
    with pytest.raises(NotFound):
        live.directory.peer("QN")


def test_the_keeper_of_the_view_retries_until_the_directory_is_up(site: Site, live: Live) -> None:
    here, site.app.state.repository = site.app.state.repository, Path("/nowhere")
    live.directory.start()
    site.app.state.repository = here
    deadline = datetime.now(UTC) + timedelta(seconds=10)  # noqa: TID251 - real waiting
    while live.directory.state == "empty":
        assert datetime.now(UTC) < deadline  # noqa: TID251
    live.directory.stop()
    assert live.directory.state == "ok"
