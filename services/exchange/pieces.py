"""A stored segment in the clear: opened to its end before the first byte of it is given."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from services.exchange import casework
from services.exchange.keyring import PackageKey
from services.exchange.opening import is_intact
from services.exchange.records import Package, StoredSegment
from services.exchange.states import Actor
from services.exchange.vault import BLOCK, Vault
from shared.protocol.errors import SealError
from shared.runtime.database import Database
from shared.runtime.refusals import Conflict


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain:
    """An opened segment: it has been opened once, to its end, when this is returned."""

    size: int
    sha256: bytes
    pieces: Iterator[bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A stored segment and the key that opens it."""

    package: Package
    segment: StoredSegment
    last: bool
    key: PackageKey
    vault: Vault

    def pieces(self) -> Iterator[bytes]:
        """Open the segment block by block; each piece is proven when it is given.

        Raises:
            SealError: it was changed, or cut short.
            FileNotFoundError: it is gone.
        """
        opener = self.key.opener(self.segment.item_id, self.segment.n, last=self.last)
        with self.vault.open(self.segment.digest) as file:
            while block := file.read(BLOCK):
                yield opener.update(block)
        yield opener.finalize()


def open_place(place: Place, *, database: Database, actor: Actor) -> Plain:
    """Open a segment once to its end, for its size and digest, before anything of it is given.

    Raises:
        Conflict: `seal_broken`: what is stored no longer opens; item and segment are named.
    """
    digest, size = hashlib.sha256(), 0
    try:
        for piece in place.pieces():
            digest.update(piece)
            size += len(piece)
    except (SealError, FileNotFoundError) as error:
        with database.begin() as db:
            casework.record(db, "incident.opened", place.package, actor, reason="segment_broken")
        raise _broken(place) from error
    return Plain(size=size, sha256=digest.digest(), pieces=place.pieces())


def _broken(place: Place) -> Conflict:
    segment = place.segment
    fault = (
        "does not open" if is_intact(place.vault, segment) else "was changed after it was verified"
    )
    return Conflict(
        "seal_broken",
        f"Segment {segment.n} of item {segment.item_id} {fault}; nothing of it is given out.",
        rule="invariant 5",
        next_step="Have the operators restore this blob from a backup; its name is its SHA-256.",
        item_id=segment.item_id,
        segment=segment.n,
        sha256=segment.digest,
    )
