"""What people do with evidence: collect, close, look through, clear, release; and, over there, fetch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from client.sdk import packages
from client.sdk.download import fetch_bag
from client.sdk.records import Item, Package
from client.sdk.sources import find_sources
from client.sdk.upload import add_files
from deploy.stories.desk import APPROVER, PREPARER, PRIVILEGE, RECEIVER, Desks
from deploy.stories.papers import instant
from shared.protocol.approvals import FINDING, PACKAGE_FILTER
from shared.protocol.bag import TAG_MANIFEST
from shared.protocol.canonical import Json
from shared.protocol.digests import sha256


@dataclass(frozen=True, slots=True, kw_only=True)
class Exhibit:
    """A file of evidence, and what it answers: which measure, about whom, of which time."""

    name: str
    content: bytes
    measure: str
    category: str
    about: str | None = None
    covers: tuple[datetime, datetime] | None = None
    third_party: bool = False
    treated: str = ""
    readers: tuple[str, ...] = ()
    custody: Json = None

    def with_custody(self, custody: Json) -> Exhibit:
        """Return it with what was done with it before, and from what it was made."""
        return replace(self, custody=custody)

    def declared(self) -> dict[str, Json]:
        """Return what is said of it when it is declared."""
        answers: dict[str, Json] = {"measure_id": self.measure, "category": self.category}
        if self.about is not None:
            answers["identifier"] = self.about
        if self.covers is not None:
            answers |= {"from": instant(self.covers[0]), "to": instant(self.covers[1])}
        if self.third_party:
            answers |= {"third_party": True, "treated": self.treated}
        if self.readers:
            answers["readers"] = list(self.readers)
        said: dict[str, Json] = {"answers": answers}
        return said if self.custody is None else {**said, "custody": self.custody}


class Packers(Desks):
    """The people of a country, as far as they handle evidence."""

    def collects(
        self, request_id: str, exhibits: Sequence[Exhibit], title: str = "Evidence"
    ) -> Package:
        """Open a package, put files into it and close it; reading back goes on."""
        session, measures = self.session(PREPARER), sorted({each.measure for each in exhibits})
        made = packages.open_package(session, request_id=request_id, measures=measures, title=title)
        folder = self.folder / "exhibits" / made.package_id
        folder.mkdir(parents=True)
        for each in exhibits:
            (folder / each.name).write_bytes(each.content)
        found = find_sources([folder / each.name for each in exhibits], recursive=False)
        sources = [
            replace(source, declared=each.declared())
            for source, each in zip(found, exhibits, strict=True)
        ]
        add_files(session, made, sources, clock=self.clock, hashed=_ignore, sent=_ignore)
        return packages.close(session, made.package_id)

    def closes(self, package_id: str) -> Package:
        """Close a package again, after something in it was mended."""
        return packages.close(self.session(PREPARER), package_id)

    def packages_of(self, request_id: str) -> list[str]:
        """List the packages that answer a request, as this country has them."""
        found = packages.find_all(self.session(APPROVER))
        return [each.package_id for each in found if each.request_id == request_id]

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
