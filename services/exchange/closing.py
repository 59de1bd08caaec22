"""Use case: a package is closed, by reading back everything that was stored.

`close` asks for it; `work`, called again and again by the worker, does one package at a time under a lease.
It opens every segment in order, compares each file's SHA-256 with the one declared, then writes and seals
the tag files and the index. A worker that dies leaves a lease that ends, and the next one goes on with the
items that are not yet checked. What was closed is what was proven readable.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.exchange import binding, casework, custody, faults, tagging
from services.exchange.keyring import Declaration, Keyring, PackageKey
from services.exchange.readback import ReadBack
from services.exchange.records import Package, PackageFile, Progress, StoredItem, StoredSegment
from services.exchange.states import Actor, PackageAct, PackageState
from services.exchange.store import Session, contents, history, leases, packages, requests
from services.exchange.vault import Vault
from shared.protocol import bag
from shared.protocol.digests import sha256
from shared.protocol.errors import BagError, SealError
from shared.protocol.law.custody import Hashes
from shared.runtime.clock import Clock
from shared.runtime.database import Database
from shared.runtime.directory import Directory

LEASE = timedelta(seconds=60)  # a segment of 256 MiB on a slow disk renews it in time
PACE = timedelta(seconds=0.5)  # between two notes of progress: each is a write to disk
READING = "reading back"
SECOND = "blake2b"  # of another family than SHA-256; what `b2sum` prints


class StoppedError(Exception):
    """The worker was told to stop, or lost its lease; another goes on from what was noted."""


def close(package_id: str, *, database: Database, keyring: Keyring, actor: Actor) -> PackageFile:
    """Ask for a package to be read back and frozen (COLLECTING → CLOSING).

    Raises:
        NotFound, WrongStateError: there is no such package, or it is not being collected.
        Conflict: it is empty, segments are missing, or nobody said what a file answers.
    """
    with database.begin() as db:
        packages.move(db, package_id, PackageAct.CLOSE, actor)
        package = packages.find(db, package_id)
        items = contents.items(db, package_id)
        faults.check_complete(items, contents.stored_counts(db, package_id))
        key = casework.package_key(package, keyring)
        told = {e.item_id: key.open_declaration(e.item_id, e.sealed_declaration) for e in items}
        faults.check_answered([each for each in told if told[each].answers is None])
        contents.forget_checks(db, package_id)
        leases.begin(db, package_id, Progress(phase=READING, done=0, total=package.size))
        casework.record(db, "package.closing", package, actor)
        return casework.package_file(db, package_id, keyring=keyring)


@dataclass(frozen=True, slots=True, kw_only=True)
class Closer:
    """What reading back takes; the worker holds one."""

    database: Database
    vault: Vault
    keyring: Keyring
    directory: Directory
    clock: Clock
    stopping: Callable[[], bool]
    name: str  # of the worker, in leases and histories

    @property
    def actor(self) -> Actor:
        """The worker, now."""
        return Actor(client_id=self.name, at=self.clock())

    def begin(self) -> None:
        """Give back what a worker of this name held when it died."""
        with self.database.begin() as db:
            leases.end_all(db, self.name)

    def work(self) -> bool:
        """Close one package that waits for it; False when none does."""
        with self.database.read() as db:
            if not leases.waits(db, PackageState.CLOSING, self.clock()):
                return False
        with self.database.begin() as db:
            claimed = leases.claim(db, PackageState.CLOSING, self.actor, LEASE)
            package = packages.find(db, claimed) if claimed else None
        if package is None:
            return False
        try:
            self._close(package)
        except StoppedError:
            return False
        finally:
            with self.database.begin() as db:
                leases.end(db, package.id, self.name)
        return True

    def _close(self, package: Package) -> None:
        with self.database.read() as db:
            items = contents.items(db, package.id)
        try:
            key = casework.package_key(package, self.keyring)
            declared = {
                item.item_id: key.open_declaration(item.item_id, item.sealed_declaration)
                for item in items
            }
            computed = {i: dict(one.custody.stated) for i, one in declared.items()}
            fault = self._read_back(package, items, declared, computed, key)
            if fault is None:
                self._freeze(package, items, declared, computed, key)
        except (SealError, FileNotFoundError):
            fault = faults.BROKEN
        except BagError as error:
            fault = faults.no_bag(error)
        if fault is not None:
            self._reopen(package, fault)

    def _read_back(
        self,
        package: Package,
        items: Sequence[StoredItem],
        declared: dict[str, Declaration],
        computed: dict[str, Hashes],
        key: PackageKey,
    ) -> faults.Fault | None:
        """Compare every item that is not yet checked with what was declared; all faults at once.

        `computed` has the digests that the sources of the items gave; those found here are added.
        """
        wrong: list[str] = []
        doubted: list[str] = []
        done = sum(item.size for item in items if item.checked)
        notes = _Notes(closer=self, package=package, done=done, noted_at=self.clock())
        with ReadBack(self.vault, key) as reader:
            for item in items:
                if item.checked:
                    continue
                with self.database.read() as db:
                    segments = contents.segments(db, package.id, item.item_id)
                stated = computed[item.item_id]
                try:
                    found = reader.digests(item, segments, notes.opened, {SECOND, *stated})
                except (SealError, FileNotFoundError):
                    found = {}
                if found.get("sha256") != declared[item.item_id].sha256.hex():
                    wrong.append(item.item_id)
                elif any(found[name] != digest for name, digest in stated.items()):
                    doubted.append(item.item_id)
                else:
                    notes.fresh.append(item.item_id)
                    stated.update(found)
        notes.write()
        if wrong:
            return faults.wrong_items(wrong)
        return faults.disputed(doubted) if doubted else None

    def _freeze(
        self,
        package: Package,
        items: Sequence[StoredItem],
        declared: dict[str, Declaration],
        computed: dict[str, Hashes],
        key: PackageKey,
    ) -> None:
        with self.database.read() as db:
            source = self._source(db, package)
            left_out = custody.left_out(db, package.id, keyring=self.keyring)
        told = tagging.custody(
            package, declared, computed, source=source, left_out=left_out, keyring=self.keyring
        )
        files = tagging.tag_files(
            package,
            declared,
            graph=self._graph(package, key),
            custody=told.to_bytes(),
            source=source,
            keyring=self.keyring,
        )
        tags = tagging.seal_tag_set(package, files, key=key, vault=self.vault)
        closed = self._indexed(package, items, tags, files[bag.TAG_MANIFEST])
        with self.database.begin() as db:
            self._still_ours(leases.holds(db, package.id, self.name))
            contents.add_segments(db, tags)
            packages.freeze(db, package.id, closed)
            packages.move(db, package.id, PackageAct.FREEZE, self.actor)
            custody.begin(db, told, keyring=self.keyring, at=source.at)
            state = custody.state(db, package.id)
            casework.record(db, "package.collected", package, source.asker, custody=state)
            # Commit point: before it the package is still CLOSING and blobs of tag files that no row
            # names lie in the vault; after it the package is what its index says, for good.

    def _indexed(
        self,
        package: Package,
        items: Sequence[StoredItem],
        tags: Sequence[StoredSegment],
        tag_manifest: bytes,
    ) -> packages.Closed:
        """Make the index of all segments durable."""
        with self.database.read() as db:
            stored = [contents.segments(db, package.id, item.item_id) for item in items]
        index = tagging.segment_index(stored, tags)
        octets = index.to_bytes()
        blob = sha256(octets).hex()
        self.vault.put(blob, octets)
        return packages.Closed(
            index_sha384=index.digest().hex(),
            index_blob=blob,
            segments=len(index.rows),
            tagmanifest_sha256=sha256(tag_manifest).hex(),
        )

    def _source(self, db: Session, package: Package) -> tagging.Source:
        asker = self._asker(db, package)
        terms = binding.terms_for(
            db,
            requests.find(db, package.request_id),
            package.measures,
            directory=self.directory,
            country=self.keyring.country,
            at=asker.at,
        )
        return tagging.Source(
            authority=self.directory.member(self.keyring.country).name,
            begun=history.since(db, package.id, PackageState.CLOSING),
            asker=asker,
            conditions=tuple(dict.fromkeys(term.code for term in terms)),
        )

    def _reopen(self, package: Package, fault: faults.Fault) -> None:
        problem = {
            "type": f"urn:rogatory:problem:{fault.code}",
            "title": "Cannot be accepted",
            "status": 422,
            "code": fault.code,
            "detail": fault.detail,
            "rule": "G22",
            "next": fault.next,
            "items": list(fault.items[: faults.NAMED]),
        }
        with self.database.begin() as db:
            self._still_ours(leases.holds(db, package.id, self.name))
            packages.reopen(db, package.id, problem)
            packages.move(db, package.id, PackageAct.REOPEN, self.actor)
            casework.record(db, "package.failed", package, self._asker(db, package), reason="G22")

    def _asker(self, db: Session, package: Package) -> Actor:
        """Who asked for the package to be closed: what came of it is told of them."""
        return history.asked_by(db, package.id, PackageState.CLOSING, self.clock())

    def _graph(self, package: Package, key: PackageKey) -> bytes | None:
        if package.case_blob is None:
            return None
        return key.open_case(self.vault.read(package.case_blob))

    def _still_ours(self, held: bool) -> None:  # noqa: FBT001 - what the database answered
        if not held or self.stopping():
            raise StoppedError


@dataclass(slots=True, kw_only=True)
class _Notes:
    """How far the pass has got, written down at a pace."""

    closer: Closer
    package: Package
    done: int
    noted_at: datetime
    fresh: list[str] = field(default_factory=list)  # items found right since the last note

    def opened(self, size: int) -> None:
        """Count plaintext that was opened.

        Raises:
            StoppedError: the worker is to stop, or its lease is another's.
        """
        self.done += size
        if self.closer.stopping():
            raise StoppedError
        if self.closer.clock() - self.noted_at >= PACE:
            self.write()

    def write(self) -> None:
        """Write progress, the items found right, and a longer lease.

        Raises:
            StoppedError: the lease is another's.
        """
        actor, package_id = self.closer.actor, self.package.id
        progress = Progress(phase=READING, done=self.done, total=self.package.size)
        with self.closer.database.begin() as db:
            if not leases.note(db, package_id, progress, actor, LEASE):
                raise StoppedError
            contents.set_checked(db, package_id, self.fresh)
        self.fresh, self.noted_at = [], actor.at
