"""Use case: one segment of a file, sealed while it arrives.

Memory is two blocks however large the segment, and plaintext is nowhere but in them. The first durable
segment of a number wins: the same plaintext again is well, another is refused.
"""

import hashlib
import itertools
import mmap
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Protocol

from typing_extensions import override

from services.exchange import casework
from services.exchange.keyring import Keyring, PackageKey
from services.exchange.records import StoredItem, StoredSegment, Taken
from services.exchange.states import Actor, PackageAct, advance_package
from services.exchange.store import contents, packages
from services.exchange.vault import BLOCK, Draft, Vault
from shared.protocol import encryption
from shared.runtime.database import Database
from shared.runtime.refusals import Conflict, NotFound, Unprocessable


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """Which segment comes, and what its sender says of it."""

    package_id: str
    item_id: str
    n: int
    size: int  # Content-Length
    sha256: bytes  # Content-Digest


class Upload(Protocol):
    """A segment on its way in. `write` and `finish` work: call them off the event loop."""

    def write(self, block: memoryview) -> None:
        """Take the next block, at most `BLOCK` bytes; it may be overwritten afterwards."""

    def finish(self) -> Taken:
        """Check the whole, make it durable, put it on record."""


@contextmanager
def upload(
    promise: Promise, *, database: Database, vault: Vault, keyring: Keyring, actor: Actor
) -> Iterator[Upload]:
    """Begin to take a segment; leaving the block without `finish` leaves no trace.

    Raises:
        NotFound: there is no such package, item or segment.
        WrongStateError: the package is not being collected.
        Unprocessable: the segment has another length.
        StorageFull: there is no room for it.
    """
    with database.read() as db:
        package = packages.find(db, promise.package_id)
        advance_package(package.direction, package.state, PackageAct.COLLECT)
        item = contents.item(db, promise.package_id, promise.item_id)
        known = contents.segment(db, promise.package_id, promise.item_id, promise.n)
    _check_place(promise, item, package.segment_size)
    key = casework.package_key(package, keyring)
    if known is not None:
        yield _Again(promise, known, key)
        return
    with vault.draft(encryption.sealed_size(promise.size)) as draft:
        last = promise.n == item.segments - 1
        sealer = key.sealer(promise.item_id, promise.n, last=last)
        yield _New(promise, key, draft, sealer, _Record(database, vault, actor))


def missing(package_id: str, item_id: str, *, database: Database) -> tuple[tuple[int, int], ...]:
    """Return the ranges (first, last) of segments that are not stored yet.

    Raises:
        NotFound: there is no such item.
    """
    with database.read() as db:
        item = contents.item(db, package_id, item_id)
        stored = [segment.n for segment in contents.segments(db, package_id, item_id)]
    edges = [-1, *stored, item.segments]
    return tuple(
        (before + 1, after - 1) for before, after in itertools.pairwise(edges) if after - before > 1
    )


@dataclass(frozen=True, slots=True)
class _Record:
    """Where a new segment is put on record."""

    database: Database
    vault: Vault
    actor: Actor

    def add(self, segment: StoredSegment) -> Taken:
        """Put a durable blob on record, unless another upload of the same was first."""
        package_id, item_id = segment.package_id, segment.item_id
        with self.database.begin() as db:
            packages.hold_open(db, package_id, self.actor.at)
            contents.item(db, package_id, item_id)
            first = contents.segment(db, package_id, item_id, segment.n)
            if first is None:
                contents.add_segments(db, [segment])
                return Taken.NEW
        return _same(first, segment.mac)


class _New(Upload):
    """A segment that is not here yet: hashed, sealed, hashed, written."""

    def __init__(
        self,
        promise: Promise,
        key: PackageKey,
        draft: Draft,
        sealer: encryption.SegmentSealer,
        record: _Record,
    ) -> None:
        self._promise, self._key, self._draft = promise, key, draft
        self._sealer, self._record = sealer, record
        self._plain, self._sealed = _Counted(), hashlib.sha256()
        # Page aligned: copies to odd offsets cost a factor of four (performance notes in README).
        self._buffer = memoryview(mmap.mmap(-1, encryption.buffer_size(BLOCK)))

    @override
    def write(self, block: memoryview) -> None:
        self._plain.update(block)
        length = self._sealer.update_into(block, self._buffer)
        self._emit(self._buffer[:length])

    @override
    def finish(self) -> Taken:
        """Check and keep the segment.

        Raises:
            Unprocessable: the octets are not those promised.
            WrongStateError, NotFound: the package was closed or the item deleted meanwhile.
            Conflict: another upload of this segment, of other content, was first.
            StorageFull: no room.
        """
        self._emit(memoryview(self._sealer.finalize()))
        mac = _kept_promise(self._promise, self._plain, self._key)
        digest = self._sealed.hexdigest()
        self._draft.keep(digest)
        taken = None
        try:
            # Commit point: before it the blob is ciphertext that no row names, and the sender, who
            # got no answer, sends it again; after it the segment is stored for good.
            taken = self._record.add(self._segment(digest, mac))
        finally:
            if taken is not Taken.NEW:
                self._record.vault.remove(digest)
        return taken

    def _emit(self, octets: memoryview) -> None:
        self._sealed.update(octets)
        self._draft.write(octets)

    def _segment(self, digest: str, mac: bytes) -> StoredSegment:
        return StoredSegment(
            package_id=self._promise.package_id,
            item_id=self._promise.item_id,
            n=self._promise.n,
            digest=digest,
            size=encryption.sealed_size(self._promise.size),
            mac=mac,
        )


class _Again(Upload):
    """A segment that is here already: only hashed, to tell whether it is the same."""

    def __init__(self, promise: Promise, known: StoredSegment, key: PackageKey) -> None:
        self._promise, self._known, self._key = promise, known, key
        self._plain = _Counted()

    @override
    def write(self, block: memoryview) -> None:
        self._plain.update(block)

    @override
    def finish(self) -> Taken:
        """Compare.

        Raises:
            Unprocessable: the octets are not those promised.
            Conflict: they are not those that are stored.
        """
        return _same(self._known, _kept_promise(self._promise, self._plain, self._key))


def _check_place(promise: Promise, item: StoredItem, segment_size: int) -> None:
    if not 0 <= promise.n < item.segments:
        raise NotFound(
            "no_such_segment",
            f"The item has segments 0 to {item.segments - 1}.",
            next_step="Cut the file into segments of the package's segment size.",
        )
    last = item.size - segment_size * (item.segments - 1)
    expected = last if promise.n == item.segments - 1 else segment_size
    if promise.size != expected:
        raise Unprocessable(
            "wrong_size",
            f"Segment {promise.n} of this item has {expected} bytes, not {promise.size}.",
            next_step="Has the file changed since it was declared? Then delete the item, declare it "
            "anew and send it again.",
            expected=expected,
        )


class _Counted:
    """SHA-256 and length of what streams by."""

    def __init__(self) -> None:
        self._hash, self.size = hashlib.sha256(), 0

    def update(self, block: memoryview) -> None:
        self._hash.update(block)
        self.size += len(block)

    def digest(self) -> bytes:
        return self._hash.digest()


def _kept_promise(promise: Promise, plain: _Counted, key: PackageKey) -> bytes:
    """Return the segment's MAC once the octets are those that were promised."""
    digest = plain.digest()
    if digest != promise.sha256 or plain.size != promise.size:
        raise Unprocessable(
            "digest_mismatch",
            "The octets that arrived are not those that Content-Digest names.",
            next_step="Send this segment again; it was damaged on the way, or read while it changed.",
        )
    return key.segment_mac(digest, promise.size)


def _same(known: StoredSegment, mac: bytes | None) -> Taken:
    if known.mac != mac:
        raise Conflict(
            "segment_differs",
            f"Segment {known.n} of this item is stored with other content.",
            next_step="Is it another file? Declare it as another item. Did the file change? Delete "
            "the item, declare it anew and send it again.",
        )
    return Taken.SAME
