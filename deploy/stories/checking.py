"""What overseers see: a mirror of each country's log, checked offline, compared, and counted."""

from __future__ import annotations

import hmac
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import combinations
from pathlib import Path

from client.oversight.audit import audit
from client.oversight.comparison import compare
from client.oversight.findings import Findings
from client.oversight.mirror import CASE_KEY, CHECKPOINT, Mirror, entry_bundles, tile_path
from client.oversight.pull import pull
from client.oversight.timeline import Event, timeline
from client.sdk.records import as_list, as_object
from client.sdk.session import Session
from deploy.stories import counting
from deploy.stories.office import Office
from deploy.stories.world import World
from shared.protocol.checkpoints import read_checkpoint
from shared.protocol.leaves import TRANSFER_RECEIVED, Leaf, parse
from shared.protocol.notes import read_note
from shared.protocol.tiles import parse_bundle

REQUEST = "request"
PURPOSE = "the case of this story"


class Overseers:
    """The oversight body of each country, with its own mirror of its country's log."""

    def __init__(self, world: World) -> None:
        self._world, self._root = world, world.root.read_bytes()

    def mirror(self, country: str) -> Mirror:
        """Bring a country's mirror up to date."""
        office: Office = self._world[country]
        folder = self._world.folder / "mirrors" / country
        session = office.session("oversight", PURPOSE)
        mirror = Mirror(folder)
        pull(session, mirror, pinned_root=self._root, compare_all=False)
        return mirror

    def disagreements(self) -> list[str]:
        """Verify every log, and compare each two countries; return what does not hold."""
        self._world.settle()
        mirrors = [self.mirror(country) for country in self._world.nodes]
        return [
            f"{whose}: {failure.place}: {failure.detail}"
            for first, second in combinations(mirrors, 2)
            for whose, findings in compare(first, second, pinned_root=self._root)
            for failure in findings.failures
        ]

    def leaves(self, country: str) -> list[Leaf]:
        """Read every entry of a country's log, after all has settled."""
        self._world.settle()
        return list(_leaves(self.mirror(country)))

    def of_case(self, country: str, case: str) -> Counter[tuple[str, str]]:
        """Count what a country's log tells of a case, by type and reason."""
        self._world.settle()
        mirror = self.mirror(country)
        mark = hmac.digest(mirror.read(CASE_KEY), case.encode(), "sha256").hex()
        return counted(each for each in _leaves(mirror) if each.case_ref == mark)

    def requests_from(self, country: str, peer: str, *, since: datetime) -> list[Leaf]:
        """Find the requests that came from a peer since a moment, by a country's log alone."""
        return [
            leaf
            for leaf in self.leaves(country)
            if (leaf.type, leaf.entry_type, leaf.peer) == (TRANSFER_RECEIVED, REQUEST, peer)
            and leaf.seq_time >= since
        ]

    def compared(self, country: str) -> tuple[list[int], str]:
        """Compare the copy kept before with what a node shows now.

        Returns:
            The numbers of the entries that the node has no more, and what a fresh copy of its log lacks.
        """
        mirror = Mirror(self._world.folder / "mirrors" / country)
        session = self._world[country].session("oversight", PURPOSE)
        size = read_checkpoint(read_note(mirror.read(CHECKPOINT).decode()).text).size
        shown: set[int] = set()
        start = 0
        while start < size:
            page = session.get("/v1/audit/entries", **{"from": start, "to": size})
            found = [int(str(as_object(each)["index"])) for each in as_list(page["entries"])]
            shown.update(found)
            start = int(str(page["next"])) if page.get("next") is not None else size
        return [index for index in range(size) if index not in shown], self._audited(session)

    def _audited(self, session: Session) -> str:
        """Pull a log into an empty folder, and say what does not hold in it; empty if all does."""
        fresh, findings = Mirror(self._world.folder / "mirrors" / "fresh"), Findings()
        pull(session, fresh, pinned_root=self._root, compare_all=False)
        audit(fresh, pinned_root=self._root, findings=findings)
        return "; ".join(f"{each.place}: {each.detail}" for each in findings.failures)

    def statistics(self, country: str) -> dict[str, int]:
        """Count a country's log as its yearly report does; every number but 0, by its place."""
        self._world.settle()
        year = self._world.clock().year
        return counting.statistics(self.mirror(country), self._root, year)

    def suspicions(self, country: str, zone: str) -> list[str]:
        """List what fits a pattern of misuse in a country's log."""
        self._world.settle()
        return counting.suspicions(self.mirror(country), zone)

    def timeline(self, country: str, case: str) -> list[Event]:
        """Read what a country's log tells of a case."""
        self._world.settle()
        return timeline(self.mirror(country), case)


def counted(leaves: Iterable[Leaf]) -> Counter[tuple[str, str]]:
    """Count entries by type and reason; what crossed a border counts by its entry's type."""
    return Counter((leaf.type, leaf.reason or leaf.entry_type or "") for leaf in leaves)


def _leaves(mirror: Mirror) -> Iterator[Leaf]:
    size = read_checkpoint(read_note(mirror.read(CHECKPOINT).decode()).text).size
    for tile in entry_bundles(size):
        yield from map(parse, parse_bundle(mirror.read(tile_path(tile))))


def bags(folder: Path) -> dict[str, bytes]:
    """Read the files of evidence in a bag, by name."""
    return {path.name: path.read_bytes() for path in (folder / "data").rglob("*") if path.is_file()}
