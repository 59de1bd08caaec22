"""Openings: what the commitments of entries stand for, as the node tells it while it has them."""

from __future__ import annotations

from dataclasses import dataclass

from client.sdk.records import as_list, as_object, number, text
from client.sdk.session import Session
from shared.protocol.canonical import Json, encode, unb64u
from shared.protocol.commitments import Opening, check_opening
from shared.protocol.leaves import parse


@dataclass(frozen=True, slots=True)
class Openings:
    """Openings by the index of their entry."""

    rows: tuple[tuple[int, tuple[Json, ...]], ...]

    def to_bytes(self) -> bytes:
        """Write them as they stand in an export."""
        rows = [{"index": index, "openings": [*openings]} for index, openings in self.rows]
        return encode(rows)


def pull_openings(session: Session, *, case_id: str | None, size: int) -> Openings:
    """Ask for the openings of a case, or of all entries, of the tree of this size; each is checked.

    Raises:
        ProtocolError: an opening is not what its entry commits to.
        ClientError: the node did not answer.
    """
    rows: list[tuple[int, tuple[Json, ...]]] = []
    start: int | None = 0
    while start is not None:
        page = session.get("/v1/audit/entries", case=case_id, size=size, **{"from": start})
        for entry in map(as_object, as_list(page.get("entries"))):
            leaf, openings = unb64u(text(entry, "leaf")), as_list(entry.get("openings"))
            for each in map(as_object, openings):
                salt = unb64u(text(each, "salt"))
                opening = Opening(name=text(each, "name"), value=text(each, "value"), salt=salt)
                check_opening(parse(leaf).commit, opening)
            if openings:
                rows.append((number(entry, "index"), tuple(openings)))
        start = None if page.get("next") is None else number(page, "next")
    return Openings(tuple(rows))
