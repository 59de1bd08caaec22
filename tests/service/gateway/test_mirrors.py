"""Without the directory, other members' gateways stand in; they can lie about nothing."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from tuf.api.exceptions import DownloadError

from services.gateway.directory import Directory
from services.gateway.routes.federation import mirrored
from shared.protocol import trust
from shared.runtime import http
from shared.runtime.edge import EdgeProtocol
from shared.runtime.problems import install
from shared.runtime.refusals import NotFound, TooMany
from tests import pacts
from tests.federated import Repository, document
from tests.service.gateway.sites import NOW, Site
from tests.service.gateway.sockets import listening, make_certificates, serving

DEAD = "https://127.0.0.1:9"


@dataclass
class Mirror:
    """A member's gateway, as far as it mirrors; what it serves can be tampered with."""

    app: FastAPI
    url: str
    anchor: str
    asked: int = 0
    spoil: tuple[bytes, bytes] | None = None


@contextlib.contextmanager
def _serving(folder: Path) -> Iterator[Mirror]:
    certificates = make_certificates(folder)
    bound, port = listening()
    app = FastAPI(openapi_url=None)
    install(app)
    mirror = Mirror(app, f"https://127.0.0.1:{port}", certificates.ca.read_text())

    def federation(request: Request) -> Response:
        mirror.asked += 1
        answer = mirrored(request)
        if mirror.spoil is not None:
            return Response(bytes(answer.body).replace(*mirror.spoil))
        return answer

    app.add_route("/federation/{path:path}", federation)
    with serving(app, bound, certificates=certificates, protocol=EdgeProtocol):
        yield mirror


@pytest.fixture(scope="module")
def gateways(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Mirror]]:
    folder = tmp_path_factory.mktemp("mirrors")
    with contextlib.ExitStack() as stack:
        yield {name: stack.enter_context(_serving(folder / name)) for name in ("QN", "QO")}


@dataclass
class Members:
    """QM, whose directory may die, and QN and QO, who mirror it."""

    repository: Repository
    mirrors: dict[str, Mirror]
    folder: Path
    site: Site
    reports: list[tuple[str, str | None, str | None]]

    def view(self, country: str, url: str | None = None) -> Directory:
        return Directory(
            url=url or self.site.url,
            context=http.pinned_file(self.site.ca),
            root=self.repository.root,
            folder=self.folder / country,
            clock=lambda: NOW,
            country=country,
            report=lambda *told: self.reports.append(told),
        )

    def mirror(self, *countries: str) -> None:
        """Let these members see what the directory has now, and serve it."""
        for country in countries:
            view = self.view(country)
            view.refresh()
            self.mirrors[country].app.state.directory = view


@pytest.fixture
def members(gateways: dict[str, Mirror], site: Site, tmp_path: Path) -> Members:
    repository = Repository.make(tmp_path / "repository", NOW, ("QM", "QN", "QO"))
    site.app.state.repository = repository.folder
    # A node on loopback may reach others there.
    repository.publish(document("QM", gateway=DEAD, issuer=DEAD))
    for country, mirror in gateways.items():
        mirror.asked, mirror.spoil = 0, None
        repository.publish(told(country, mirror))
    made = Members(repository, gateways, tmp_path, site, [])
    made.view("QM").refresh()
    made.mirror("QN", "QO")
    made.reports.clear()
    return made


def told(country: str, mirror: Mirror, **changes: object) -> bytes:
    always = {"gateway": mirror.url, "issuer": mirror.url, "tls_anchors": [mirror.anchor]}
    return document(country, **{**always, **changes})


def asked(members: Members) -> int:
    return sum(each.asked for each in members.mirrors.values())


def test_a_mirror_serves_what_the_directory_serves(members: Members) -> None:
    view = members.view("QN")
    for path in view._refresher.view.files if view._refresher.view else ():
        assert view.file(path) == (members.repository.folder / path).read_bytes()
    with pytest.raises(NotFound):
        view.file("metadata/9.root.json")


def test_a_mirror_serves_what_it_has_agreed_on_itself(members: Members) -> None:
    text, other = pacts.text(), pacts.text("QM-QN", ('"QN"', '"QO"'))
    ours, theirs = pacts.named(text), pacts.named(other, "QM-QO")
    gateways = {"QM": {"gateway": DEAD, "issuer": DEAD}}
    for name, content in ((ours, text), (theirs, other)):
        pacts.place(members.repository, name, content)
    for country, names in {"QM": [ours, theirs], "QN": [ours], "QO": [theirs]}.items():
        pairs = {"pairs": pacts.told(names)}
        mirror = members.mirrors.get(country)
        content = (
            told(country, mirror, **pairs) if mirror else document("QM", **gateways["QM"], **pairs)
        )
        members.repository.publish(content)
    members.mirror("QN")
    view = members.view("QM", DEAD)
    view.refresh()
    # QN has no business with what QM agreed on with QO; the directory has it, when it answers.
    assert set(trust.read_parts(view.bundle()).pairs) == {ours.path}
    members.view("QM").refresh()
    assert set(trust.read_parts(members.view("QM").bundle()).pairs) == {ours.path, theirs.path}


def test_while_the_directory_answers_nobody_else_is_asked(members: Members) -> None:
    view = members.view("QM")
    view.refresh()
    assert asked(members) == 0
    assert view.health()["source"] == "directory"


def test_a_dead_directory_is_replaced_by_another_member(members: Members) -> None:
    members.repository.publish(document("QM", gateway=DEAD, issuer=DEAD, name="news"))
    members.mirror("QN", "QO")
    view = members.view("QM", DEAD)
    view.refresh()
    health = view.health()
    assert view.members()["QM"].name == "news"  # type: ignore[index]
    assert (health["level"], health["source"] in {"QN", "QO"}) == ("yellow", True)
    assert members.reports == []


def test_a_mirror_that_has_nothing_new_is_not_the_last_word(members: Members) -> None:
    members.repository.publish(document("QM", gateway=DEAD, issuer=DEAD, name="news"))
    members.mirror("QO")
    for _ in range(4):  # in whatever order they are asked
        view = members.view("QM", DEAD)
        view.refresh()
        assert view.peer("QM").name == "news"


def test_a_new_member_without_a_view_needs_the_directory(members: Members) -> None:
    view = members.view("QX", DEAD)
    with pytest.raises(DownloadError):
        view.refresh()
    assert asked(members) == 0


def test_a_mirror_that_is_behind_is_no_liar(members: Members) -> None:
    members.repository.publish(document("QM", gateway=DEAD, issuer=DEAD, name="news"))
    members.view("QM").refresh()
    view = members.view("QM", DEAD)
    with pytest.raises(DownloadError):
        view.refresh()
    assert view.peer("QM").name == "news"
    assert members.reports == []


LIES = {
    "version": (b'"version":', b'"version":9'),
    "expiry": (b"2026-", b"2036-"),
    "junk": (b"{", b"["),
}


@pytest.mark.parametrize("lie", LIES.values(), ids=list(LIES))
def test_a_lying_mirror_changes_nothing(members: Members, lie: tuple[bytes, bytes]) -> None:
    members.repository.publish(document("QM", gateway=DEAD, issuer=DEAD, name="news"))
    members.mirror("QN", "QO")
    view = members.view("QM", DEAD)
    before = view.bundle()
    for mirror in members.mirrors.values():
        mirror.spoil = lie
    with pytest.raises(DownloadError):
        view.refresh()
    assert view.bundle() == before
    assert {each[0] for each in members.reports} == {"directory.refused"}
    assert {each[1] for each in members.reports} == {"QN", "QO"}
    members.mirrors["QO"].spoil = None
    view.refresh()
    assert view.peer("QM").name == "news"
    assert view.health()["source"] == "QO"


def test_a_mirror_behind_another_certificate_is_not_asked(members: Members, tmp_path: Path) -> None:
    other = make_certificates(tmp_path / "other").ca.read_text()
    for country, mirror in members.mirrors.items():
        members.repository.publish(told(country, mirror, tls_anchors=[other]))
    members.view("QM").refresh()
    with pytest.raises(DownloadError):
        members.view("QM", DEAD).refresh()
    assert asked(members) == 0


def test_a_suspended_member_is_no_mirror(members: Members) -> None:
    for country, mirror in members.mirrors.items():
        members.repository.publish(told(country, mirror, status="suspended"))
    members.view("QM").refresh()
    with pytest.raises(DownloadError):
        members.view("QM", DEAD).refresh()
    assert asked(members) == 0


def test_a_directory_that_lies_is_told_and_a_mirror_stands_in(members: Members) -> None:
    path = members.repository.folder / "metadata" / "timestamp.json"
    members.repository.refresh(timedelta(0))
    path.write_bytes(path.read_bytes().replace(b'"version":', b'"version":9'))
    view = members.view("QM")
    view.refresh()
    assert view.health()["level"] == "red"
    assert members.reports == [("directory.refused", None, "not-signed")]
    assert asked(members) > 0


def test_a_source_that_is_short_of_breath_says_nothing_about_a_country(members: Members) -> None:
    members.repository.publish(told("QN", members.mirrors["QN"], name="news"))
    view = members.view("QM")
    before = view.bundle()
    members.site.app.state.repository = _Busy(members.repository.folder)
    with pytest.raises(DownloadError):
        view.refresh()
    assert view.bundle() == before
    assert members.reports == []


class _Busy:
    """A folder that has no time for countries' roles."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __truediv__(self, part: str) -> Path:
        if "country" in part or part.endswith(".QN.json"):
            raise TooMany("quota_exceeded", "Too many.")
        made = self._folder / part
        return _Busy(made) if made.is_dir() else made  # type: ignore[return-value]
