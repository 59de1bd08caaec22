"""A directory on a real socket, and one gateway's live view of it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from fastapi import FastAPI

from services.directory import routes
from services.gateway.directory import Directory
from shared.runtime import http
from shared.runtime.app import OK, create_app
from shared.runtime.edge import EdgeProtocol
from tests.federated import Repository
from tests.service.gateway.sockets import listening, make_certificates, serving

NOW = datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 - the TUF client asks the real clock


@dataclass
class Site:
    """A directory on a real socket whose repository can be exchanged."""

    app: FastAPI
    url: str
    ca: Path


@dataclass
class Live:
    """A repository, and a gateway's view of it."""

    repository: Repository
    directory: Directory
    folder: Path
    later: timedelta = timedelta(0)
    reports: list[tuple[str, str | None, str | None]] = field(default_factory=list)

    def report(self, kind: str, peer: str | None, reason: str | None) -> None:
        self.reports.append((kind, peer, reason))

    def clock(self) -> datetime:
        return NOW + self.later

    def gateway(self, country: str) -> str:
        return self.directory.peer(country).gateway


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    certificates = make_certificates(tmp_path_factory.mktemp("site") / "directory")
    app = create_app("directory", routers=[routes.router], readiness=lambda: {"files": OK})
    bound, port = listening()
    with serving(app, bound, certificates=certificates, protocol=EdgeProtocol):
        yield Site(app, f"https://127.0.0.1:{port}", certificates.ca)


@pytest.fixture
def live(site: Site, tmp_path: Path) -> Live:
    repository = Repository.make(tmp_path / "repository", NOW)
    site.app.state.repository = repository.folder
    holder: list[Live] = []

    def report(kind: str, peer: str | None, reason: str | None) -> None:
        holder[0].report(kind, peer, reason)

    directory = Directory(
        url=site.url,
        context=http.pinned_file(site.ca),
        root=repository.root,
        folder=tmp_path / "trust",
        clock=lambda: NOW + holder[0].later,
        country="QM",
        report=report,
    )
    holder.append(Live(repository, directory, tmp_path))
    return holder[0]
