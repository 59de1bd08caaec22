"""Use case: the receiving authority takes a verified package: tag files, segments, proofs; and confirms it.

Whatever is given out was opened, whole, before its first byte leaves: a segment that no longer opens is
refused by name, and never gives wrong bytes.
"""

from dataclasses import dataclass
from functools import partial

from services.exchange import access, casework, correspondence, custody, granting
from services.exchange.access import Purpose
from services.exchange.bench import Bench
from services.exchange.keyring import Keyring
from services.exchange.pieces import Place, Plain, open_place
from services.exchange.records import Package, PackageFile
from services.exchange.refusing import Refusals
from services.exchange.states import Actor, Direction, PackageAct, PackageState
from services.exchange.store import Session, contents, entries, packages
from shared.protocol import chainfolder
from shared.protocol.chainfolder import Link, LoggedEntry
from shared.protocol.entries import read_entry
from shared.protocol.identifiers import TAG_ITEM
from shared.protocol.law.custody import Act
from shared.protocol.messages import ReceiptKind
from shared.runtime.database import Database
from shared.runtime.directory import Directory
from shared.runtime.refusals import Conflict, NotFound, Unavailable, Unprocessable

READABLE = frozenset({PackageState.VERIFIED, PackageState.IN_USE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which segment."""

    package_id: str
    item_id: str
    n: int


def plain_segment(
    wanted: Wanted,
    grant: str | None,
    purpose: Purpose,
    *,
    bench: Bench,
    refusals: Refusals,
    actor: Actor,
) -> Plain:
    """Return one segment in the clear, to whom an officer has given leave, for the case that is stated.

    Raises:
        NotFound, Conflict: there is no such segment, the package is not verified, or a gate is shut.
        NotAllowed, Unprocessable: the officer's leave to read is missing, or does not hold.
        Conflict: `seal_broken`: what is stored no longer opens; item and segment are named.
    """
    database, keyring = bench.database, bench.keyring
    with database.read() as db:
        package = _readable(db, wanted.package_id)
    given = granting.check(grant, package, officers=bench.officers, refusals=refusals, actor=actor)
    access.check(package, purpose, given, bench=bench, actor=actor)
    if wanted.item_id != TAG_ITEM:
        authority = bench.directory.member(keyring.country).name
        by = custody.performer(actor, authority, officer=given.officer)
        with database.begin() as db:
            note = partial(custody.opened, keyring=keyring, actor=actor, by=by)
            note(db, package, wanted.item_id, wanted.n, case=purpose.case)
    # Commit point: before it nothing is given out; after it the reading is on record, also if it breaks.
    return _segment(package, wanted, bench=bench, actor=actor)


def _segment(
    package: Package,
    wanted: Wanted,
    *,
    bench: Bench,
    actor: Actor,
) -> Plain:
    with bench.database.read() as db:
        segment = contents.segment(db, wanted.package_id, wanted.item_id, wanted.n)
        if segment is None:
            raise NotFound("unknown_segment", "The package has no such segment.")
        count = _count(db, wanted)
    place = Place(
        package=package,
        segment=segment,
        last=wanted.n == count - 1,
        key=casework.package_key(package, bench.keyring),
        vault=bench.vault,
    )
    return open_place(place, database=bench.database, actor=actor)


def tags(
    package_id: str,
    grant: str | None,
    purpose: Purpose,
    *,
    bench: Bench,
    refusals: Refusals,
    actor: Actor,
) -> bytes:
    """Return the tag set; who takes a package begins with it, so this is what the log is told.

    Raises:
        NotFound, Conflict, NotAllowed, Unprocessable: as `plain_segment`.
    """
    with bench.database.read() as db:
        package = _readable(db, package_id)
        count = len(contents.segments(db, package_id, TAG_ITEM))
    given = granting.check(grant, package, officers=bench.officers, refusals=refusals, actor=actor)
    access.check(package, purpose, given, bench=bench, actor=actor)
    octets = bytearray()
    for n in range(count):
        wanted = Wanted(package_id=package_id, item_id=TAG_ITEM, n=n)
        part = _segment(package, wanted, bench=bench, actor=actor)
        octets += b"".join(part.pieces)
    with bench.database.begin() as db:
        access.note(db, package, purpose, given, bench=bench, actor=actor)
    return bytes(octets)


def chain(package_id: str, *, database: Database, directory: Directory) -> dict[str, bytes]:
    """Return the files of the bag's `chain/`: all that proves the package, offline.

    Raises:
        NotFound, Conflict: there is no such package, or it is not verified.
        Unavailable: the log has not proven all of our own entries yet; ask again.
    """
    with database.read() as db:
        package = _readable(db, package_id)
        case = entries.of_request(db, package.request_id)
        ends = {entry.channel: (entry.epoch, entry.seq) for entry in case}
        links = [
            Link(channel=at.channel, epoch=at.epoch, seq=at.seq, prev=at.prev, hash=at.hash)
            for name, end in ends.items()
            for at in entries.links(db, name)
            if (at.epoch, at.seq) <= end
        ]
    return chainfolder.write_chain(
        directory=directory.bundle(),
        root=directory.pinned_root,
        bag_seal_ca=directory.member(package.peer).bag_seal_ca.encode(),
        entries=[_logged(entry) for entry in case],
        links=links,
    )


def hand_over(
    package_id: str,
    tagmanifest_sha256: str,
    *,
    database: Database,
    keyring: Keyring,
    directory: Directory,
    actor: Actor,
) -> PackageFile:
    """Take the authority's word that it computed the same digest (VERIFIED → IN_USE); twice is once.

    Raises:
        NotFound, Conflict: there is no such package, or it is not verified.
        Unprocessable: the digest is another.
    """
    with database.begin() as db:
        package = _readable(db, package_id)
        if tagmanifest_sha256 != package.tagmanifest_sha256:
            raise Unprocessable(
                "digest_mismatch",
                "The digest of the tag manifest is not the one that the sender sealed.",
                rule="architecture 5, ContentHandover",
                next_step="Fetch the package again and compute the digest from what was fetched.",
            )
        if package.state is not PackageState.IN_USE:
            receipt = _confirm(db, package, tagmanifest_sha256, keyring=keyring, actor=actor)
            by = custody.performer(actor, directory.member(keyring.country).name)
            custody.note(
                db,
                package,
                Act.EXPORTED,
                keyring=keyring,
                actor=actor,
                by=by,
                known=True,
                seal=receipt,
                reason="the authority's own system has it, and confirmed the digest",
            )
        # Commit point: before it the authority is not answered and confirms again.
        return casework.package_file(db, package_id, keyring=keyring)


def _confirm(
    db: Session, package: Package, tagmanifest_sha256: str, *, keyring: Keyring, actor: Actor
) -> str:
    """Move the package and write the receipt; return its hash."""
    announced = entries.by_hash(db, package.entry.hash) if package.entry else None
    assert announced is not None  # the package was made with its entry
    letter = correspondence.receipt(
        read_entry(announced.jws).entry,
        ReceiptKind.CONTENT_HANDOVER,
        tagmanifest_sha256=tagmanifest_sha256,
        writer=keyring.country,
    )
    packages.move(db, package.id, PackageAct.HAND_OVER, actor)
    posted = correspondence.append(
        db, letter, keyring=keyring, now=actor.at, personal=actor.personal
    )
    return posted.hash


def _count(db: Session, wanted: Wanted) -> int:
    """Return how many segments the item has: only the last opens as the last."""
    if wanted.item_id == TAG_ITEM:
        return len(contents.segments(db, wanted.package_id, TAG_ITEM))
    return contents.item(db, wanted.package_id, wanted.item_id).segments


def _readable(db: Session, package_id: str) -> Package:
    package = packages.find(db, package_id)
    if package.direction is not Direction.IN:
        raise Conflict("other_side", "This package was sent from here; the receiver takes it.")
    if package.state is PackageState.DISPUTED:
        raise Conflict(
            "disputed",
            "This package is not what its sender said, and is not given out.",
            next_step="The reason stands in its `error`; ask the sender for a new package.",
        )
    if package.state not in READABLE:
        raise Conflict(
            "not_verified",
            "This package is still being fetched and verified.",
            next_step="Wait until its state is VERIFIED; `progress` says how far it is.",
        )
    return package


def _logged(entry: entries.StoredEntry) -> LoggedEntry:
    if entry.leaf is None or entry.proof is None:
        raise Unavailable(
            "not_yet_logged",
            "This country's log is about to prove the latest receipt.",
            next_step="Ask again in a second.",
            headers={"Retry-After": "1"},
        )
    return LoggedEntry.of(entry.jws, leaf=entry.leaf, proof=entry.proof.encode())
