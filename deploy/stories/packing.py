"""What people do with evidence: collect, close, look through, clear, release; and, over there, fetch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from client.sdk import packages
from client.sdk.download import fetch_bag
from client.sdk.records import Item, Package
from client.sdk.sources import find_sources
from client.sdk.upload import add_files
from deploy.stories.desk import APPROVER, PREPARER, PRIVILEGE, RECEIVER, Desks
from shared.protocol.approvals import FINDING, PACKAGE_FILTER
from shared.protocol.bag import TAG_MANIFEST
from shared.protocol.canonical import Json
from shared.protocol.digests import sha256


class Packers(Desks):
    """The people of a country, as far as they handle evidence."""

    def collects(
        self, request_id: str, measures: Sequence[str], title: str, files: Mapping[str, bytes]
    ) -> Package:
        """Open a package, put files into it and close it; reading back goes on."""
        session = self.session(PREPARER)
        made = packages.open_package(session, request_id=request_id, measures=measures, title=title)
        folder = self.folder / "exhibits" / made.package_id
        folder.mkdir(parents=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
        sources = find_sources([folder / name for name in files], recursive=False)
        add_files(session, made, sources, clock=self.clock, hashed=_ignore, sent=_ignore)
        return packages.close(session, made.package_id)

    def items(self, package_id: str) -> Sequence[Item]:
        """List the files of a package."""
        return packages.items(self.session(APPROVER), package_id)

    def prepares(self, package_id: str) -> Package:
        """Sign the closed package as ready."""
        return packages.prepare(
            self.session(PREPARER),
            self.package(package_id),
            officer=self.officer(PREPARER),
            clock=self.clock,
        )

    def filters(self, package_id: str, privileged: Sequence[str] = ()) -> None:
        """Look through a package as the filter team; these files are of a lawyer."""
        looked: list[Json] = [
            {
                "item_id": item.item_id,
                "verdict": "privileged" if item.original_name in privileged else "clean",
            }
            for item in self.items(package_id)
        ]
        path = f"/v1/packages/{package_id}/filter"
        version = self.package(package_id).version
        self.signs(PRIVILEGE, path, PACKAGE_FILTER, version, {"items": looked})

    def judges(self, desk: str, package_id: str, gate: str, role: str, **said: Json) -> None:
        """Write down and sign what a person in a role found about a package."""
        path = f"/v1/packages/{package_id}/findings"
        statement = {"gate": gate, "role": role, **said}
        self.signs(desk, path, FINDING, self.package(package_id).version, statement)

    def clears(self, package_id: str) -> Package:
        """Clear a package as the second officer."""
        return packages.clear(
            self.session(APPROVER),
            self.package(package_id),
            officer=self.officer(APPROVER),
            clock=self.clock,
        )

    def releases(self, package_id: str) -> Package:
        """Release a cleared package."""
        return packages.release(
            self.session(APPROVER),
            self.package(package_id),
            officer=self.officer(APPROVER),
            clock=self.clock,
        )

    def fetches(self, package_id: str, folder: Path) -> Path:
        """Fetch a package as a bag and confirm the hand-over."""
        session, found = self.session(RECEIVER), self.package(package_id)
        fetch_bag(session, found, folder, officer=self.officer(RECEIVER), progress=_ignore)
        packages.hand_over(session, package_id, sha256((folder / TAG_MANIFEST).read_bytes()))
        return folder


def _ignore(_count: int) -> None:
    pass
