"""Fetch a package that a peer has announced: its index, then what lacks, in parallel; then open all of it.

    RECEIVED ─(every segment here, everything opens, every digest recomputed)→ VERIFIED
             └(something is not what the sender said)→ DISPUTED

Segments are immutable and named by digest, so whatever was fetched once stays fetched: after a crash or
a cut only what lacks is asked for. A peer that is away is asked again, for as long as it takes.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import timedelta

from services.exchange import consigning, correspondence, patience
from services.exchange.keyring import Keyring
from services.exchange.opening import DamagedError, DisputedError, Opener, Tags
from services.exchange.progress import LEASE, Notes, StoppedError
from services.exchange.records import Package, StoredSegment
from services.exchange.states import Actor, PackageAct
from services.exchange.store import (
    contents,
    entries,
    leases,
    packages,
    transfers,
)
from services.exchange.vault import Vault
from services.exchange.wire import AwayError, Wire, WrongBytesError
from shared.protocol.digests import sha256, sha384
from shared.protocol.entries import Entry, read_entry
from shared.protocol.errors import ProtocolError
from shared.protocol.manifest import SegmentIndex
from shared.protocol.messages import PackageBody, ReceiptKind
from shared.runtime import logs
from shared.runtime.clock import Clock
from shared.runtime.database import Database
from shared.runtime.directory import Directory
from shared.runtime.refusals import Refusal

PARALLEL = 3  # segments at once; TLS at the gateway takes a core for two of them
WRONG_LIMIT = 4  # times that a sender may give other bytes than announced
FETCHING, OPENING = "fetching", "opening"


@dataclass(slots=True, kw_only=True)
class Fetcher:
    """Fetches one package at a time, under a lease."""

    database: Database
    vault: Vault
    keyring: Keyring
    directory: Directory
    wire: Wire
    clock: Clock
    stopping: Callable[[], bool]
    name: str  # of the worker, in leases
    failures: dict[str, int] = field(default_factory=dict)  # in a row, by package
    wrong: dict[str, int] = field(default_factory=dict)  # answers with other bytes, by package

    @property
    def actor(self) -> Actor:
        """The worker, now."""
        return Actor(client_id=self.name, at=self.clock())

    def begin(self) -> None:
        """End every lease: whoever held one is gone."""
        with self.database.begin() as db:
            transfers.hasten(db)

    def work(self) -> bool:
        """Fetch and open the package that has waited longest; False when none is due."""
        with self.database.read() as db:
            due = transfers.is_due(db, self.clock())
        if not due:
            return False
        with self.database.begin() as db:
            package = transfers.claim(db, self.actor, LEASE)
        if package is None:
            return False
        try:
            self._receive(package)
        except StoppedError:
            self._give_back(package)
        except AwayError as away:
            told = f"{package.peer}'s gateway does not answer ({away})"
            self._put_off(package, "peer_away", told, wait=away.wait)
        except WrongBytesError as wrong:
            self._tolerate(package, wrong)
        except DamagedError as damaged:
            self._forget(damaged.segment)
            self._put_off(package, "damaged_here", f"{damaged}; it is fetched again")
        except Refusal as refusal:
            self._put_off(package, refusal.code, refusal.detail)
        return True

    def _receive(self, package: Package) -> None:
        with self.database.begin() as db:
            stored = entries.by_hash(db, package.entry.hash) if package.entry else None
        assert (
            stored is not None
        )  # the package was made with its entry, and neither is ever deleted
        entry = read_entry(stored.jws).entry
        body = PackageBody.read(entry.body)
        try:
            index = self._index(package, body)
            self._fetch_missing(package)
            tags = self._open(package, index, body)
        except DisputedError as disputed:
            self._settle(package, entry, PackageAct.DISPUTE, reason=str(disputed))
        else:
            self._settle(package, entry, PackageAct.VERIFY, tags=tags)

    def _index(self, package: Package, body: PackageBody) -> SegmentIndex:
        """Return the segment index, from the vault if it was fetched before."""
        octets = self._kept_index(package)
        if octets is not None:
            return SegmentIndex.from_bytes(octets)
        octets = self.wire.index(package)
        try:
            index = SegmentIndex.from_bytes(octets)
            index.check_announced(body)
        except ProtocolError as error:
            raise DisputedError(f"the segment index: {error.detail}") from error
        blob = sha256(octets).hex()
        self.vault.put(blob, octets)
        rows = [
            StoredSegment(
                package_id=package.id,
                item_id=row.item_id,
                n=row.n,
                digest=row.sha256.hex(),
                size=row.size,
                stored=False,
            )
            for row in index.rows
        ]
        with self.database.begin() as db:
            self._still_ours(leases.holds(db, package.id, self.name))
            contents.add_segments(db, rows)
            transfers.set_index(db, package.id, blob)
            # Commit point: before it the index is fetched again; after it only what lacks is.
        return index

    def _kept_index(self, package: Package) -> bytes | None:
        """Return the index that was fetched before, mended from the sender if it was damaged here."""
        if package.index_blob is None:
            return None
        if self.vault.has(package.index_blob):
            octets = self.vault.read(package.index_blob)
            if sha384(octets).hex() == package.index_sha384:
                return octets
        octets = self.wire.index(package)
        self.vault.remove(package.index_blob)
        self.vault.put(package.index_blob, octets)
        return octets

    def _fetch_missing(self, package: Package) -> None:
        with self.database.begin() as db:
            lacking = transfers.missing(db, package.id)
        notes = self._notes(package, FETCHING, sum(segment.size for segment in lacking))
        workers = ThreadPoolExecutor(PARALLEL, thread_name_prefix="fetch")
        try:
            for segment in workers.map(lambda one: self._fetch(package, one), lacking):
                notes.stored(segment)
            notes.write()
        finally:
            workers.shutdown(cancel_futures=True)

    def _fetch(self, package: Package, segment: StoredSegment) -> StoredSegment:
        if self.stopping():
            raise StoppedError
        self.wire.segment(package, segment, self.vault)
        return segment

    def _open(self, package: Package, index: SegmentIndex, body: PackageBody) -> Tags:
        """Open everything; return the tag files' digest, recomputed, and what they tell."""
        assert package.wrapped_key is not None  # taken in with the entry, and kept
        with self.database.begin() as db:
            known = {item.item_id: item for item in contents.items(db, package.id)}
        notes = self._notes(package, OPENING, package.size)
        notes.done = sum(item.size for item in known.values())
        opener = Opener(
            key=self.keyring.unwrap_at_rest(package.wrapped_key, package.id),
            vault=self.vault,
            index=index,
            opened=notes.opened,
            found=notes.items.append,
        )
        tags = opener.open_tags(body, self.directory.member(package.peer))
        opener.open_items(tags, known)
        notes.write()
        return tags

    def _settle(
        self,
        package: Package,
        about: Entry,
        act: PackageAct,
        *,
        tags: Tags | None = None,
        reason: str | None = None,
    ) -> None:
        """Write what was found: state, custody and receipt in one transaction."""
        letter = correspondence.receipt(
            about,
            ReceiptKind.CONTENT_CONSIGNMENT if tags else ReceiptKind.CONTENT_CONSIGNMENT_FAILURE,
            tagmanifest_sha256=tags.tagmanifest_sha256.hex() if tags else None,
            reason=reason,
            writer=self.keyring.country,
        )
        actor = self.actor
        with self.database.begin() as db:
            self._still_ours(leases.holds(db, package.id, self.name))
            packages.move(db, package.id, act, actor)
            transfers.end_work(db, package.id, _problem("disputed", reason) if reason else None)
            posted = correspondence.append(db, letter, keyring=self.keyring, now=actor.at)
            consigning.note(
                db,
                package,
                tags,
                posted.hash,
                keyring=self.keyring,
                directory=self.directory,
                actor=actor,
            )
            # Commit point: before it everything is opened again; after it the receipt is on its way.
        self.failures.pop(package.id, None)
        self.wrong.pop(package.id, None)
        logs.log().info("package_opened", package=package.id, act=act, reason=reason)

    def _tolerate(self, package: Package, wrong: WrongBytesError) -> None:
        """Ask again a few times for what came out wrong; then it is the sender's last word."""
        times = self.wrong[package.id] = self.wrong.get(package.id, 0) + 1
        if times < WRONG_LIMIT:
            self._put_off(package, "wrong_bytes", str(wrong))
            return
        with self.database.begin() as db:
            stored = entries.by_hash(db, package.entry.hash) if package.entry else None
        assert stored is not None
        entry = read_entry(stored.jws).entry
        self._settle(package, entry, PackageAct.DISPUTE, reason=str(wrong))

    def _put_off(
        self, package: Package, code: str, detail: str, *, wait: timedelta | None = None
    ) -> None:
        """Try again later: when we are told to, else after a pause that grows with each failure."""
        failures = self.failures.get(package.id, 0) + (wait is None)
        self.failures[package.id] = failures
        due_at = self.clock() + (wait or patience.pause(failures))
        told = f"{detail}; next try at {due_at:%H:%M:%S} UTC."
        logs.log().info("not_fetched", package=package.id, code=code, detail=detail)
        with self.database.begin() as db:
            transfers.set_error(db, package.id, _problem(code, told))
            transfers.give_back(db, package.id, self.actor, due_at=due_at)

    def _give_back(self, package: Package) -> None:
        with self.database.begin() as db:
            transfers.give_back(db, package.id, self.actor, due_at=None)

    def _forget(self, segment: StoredSegment) -> None:
        """Fetch a segment anew that was damaged here."""
        logs.log().error("segment_damaged", item=segment.item_id, segment=segment.n)
        with self.database.begin() as db:
            transfers.set_stored(db, [segment], stored=False)
        self.vault.remove(segment.digest)

    def _notes(self, package: Package, phase: str, total: int) -> Notes:
        return Notes(
            database=self.database,
            clock=self.clock,
            stopping=self.stopping,
            owner=self.name,
            package_id=package.id,
            phase=phase,
            total=total,
            noted_at=self.clock(),
        )

    def _still_ours(self, held: bool) -> None:  # noqa: FBT001 - what the database answered
        if not held:
            raise StoppedError


def _problem(code: str, detail: str | None) -> dict[str, str]:
    return {
        "type": f"urn:rogatory:problem:{code}",
        "title": "The package is not verified",
        "code": code,
        "detail": detail or "",
    }
