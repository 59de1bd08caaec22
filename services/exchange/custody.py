"""Custody records at rest: begun when a package is closed or verified, continued by every act after that.

Each item has one chain (shared.protocol.law.custody): the sender's up to the seal, and from there each
country's own. Records rest sealed, and are appended in the transaction of the act that they tell of.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from services.exchange.keyring import Keyring
from services.exchange.records import Package
from services.exchange.states import Actor
from services.exchange.store import Session
from services.exchange.store import custody as store
from services.exchange.store.custody import Kept
from shared.protocol import canonical
from shared.protocol.digests import sha256
from shared.protocol.identifiers import id_bytes
from shared.protocol.keys import SUITE
from shared.protocol.law.custody import (
    Act,
    Performer,
    Record,
    Statement,
    TimeSource,
    Tool,
    read_record,
)
from shared.protocol.law.custodychain import Subject, follow
from shared.protocol.law.custodyfile import Custody, LeftOut
from shared.runtime.clock import milliseconds

TOOL = Tool(name="Rogatory", version=SUITE)
CLOCK = TimeSource(source="system clock of the node")


def performer(actor: Actor, authority: str, *, officer: str | None = None) -> Performer:
    """Say who does something: the officer whose key signed, else the one that the client names."""
    return Performer(person=officer or actor.officer, role=actor.client_id, authority=authority)


def begin(db: Session, told: Custody, *, keyring: Keyring, at: datetime) -> None:
    """Put the first records of a package on record: those that are sealed in its bag."""
    records = (record for chain in told.items.values() for record in chain)
    store.add(db, (_kept(record, keyring, at) for record in records))


def note(  # noqa: PLR0913  what a record tells
    db: Session,
    package: Package,
    act: Act,
    *,
    keyring: Keyring,
    actor: Actor,
    by: Performer,
    items: Iterable[str] | None = None,
    mark: bytes | None = None,
    known: bool = False,
    **said: Any,  # noqa: ANN401  the fields of a Statement
) -> int:
    """Record an act on every item of a package, or on those named; return on how many.

    Args:
        db: of the transaction in which it is done.
        package: closed or verified; one that was on record before custody was has no chains.
        act: what is done.
        keyring: seals the records.
        actor: who does it, and when.
        by: the same, as the record names it.
        items: which items; all if None.
        mark: tells a reading from others.
        known: the digests of each item were computed anew, and are what they were.
        said: more fields of `Statement`, such as reason, seal, storage.
    """
    store.lock(db, package.id)
    at = milliseconds(actor.at)
    times: dict[str, Any] = {"started_at": at, "ended_at": at, "clock": CLOCK, "tool": TOOL}
    statement = Statement(act=act, performer=by, **(times | said))
    added = []
    for kept in store.last(db, package.id, keyring.country, items):
        last = _record(kept, keyring)
        subject = Subject(**{name: getattr(last, name) for name in Subject.model_fields})
        same = {"sha256": last.content} if last.content else {}
        found = {"inputs": same, "outputs": same if known else {}}
        record = follow(
            last, statement.model_copy(update=found), subject, country=keyring.country, at=at
        )
        added.append(_kept(record, keyring, actor.at, mark))
    store.add(db, added)
    return len(added)


def receive(  # noqa: PLR0913  as `note`
    db: Session,
    package: Package,
    told: Custody,
    receipt: str,
    *,
    keyring: Keyring,
    actor: Actor,
    by: Performer,
) -> None:
    """Keep the sender's records, and add that each item came, opened, and is the one that was sealed.

    `receipt` is the hash of our ContentConsignment, by which the sender holds our signature for it.
    """
    begin(db, told, keyring=keyring, at=actor.at)
    for left in told.left_out:
        leave_out(db, package.id, left, keyring=keyring, at=actor.at)
    announced = package.entry.hash if package.entry else None
    note(
        db,
        package,
        Act.RECEIVED,
        keyring=keyring,
        actor=actor,
        by=by,
        known=True,
        seal=announced,
        countersigned=receipt,
        reason=f"from {package.peer}",
    )


def opened(  # noqa: PLR0913  as `note`
    db: Session,
    package: Package,
    item_id: str,
    n: int,
    *,
    case: str,
    keyring: Keyring,
    actor: Actor,
    by: Performer,
) -> None:
    """Record that somebody begins to read an item: with its first segment, or with any other first.

    `case` is the case that they stated.
    """
    day = actor.at.date().isoformat()
    told = {"item": item_id, "day": day, "person": by.person, "client": by.role}
    told |= {"case": case}
    mark = keyring.custody_mark(canonical.encode(told))
    if n and store.marked(db, package.id, item_id, mark):
        return
    reason = f"read for case {case}, from segment {n} on"
    note(
        db,
        package,
        Act.OPENED,
        keyring=keyring,
        actor=actor,
        by=by,
        items=[item_id],
        mark=mark,
        reason=reason,
    )


def leave_out(
    db: Session, package_id: str, left: LeftOut, *, keyring: Keyring, at: datetime
) -> None:
    """Record why an item that was declared is not in its package."""
    octets = canonical.encode(left.to_json())
    kept = Kept(
        package_id=package_id,
        item_id=left.item_id,
        country=keyring.country,
        n=0,
        act=store.LEFT_OUT,
        digest="",
        sealed=keyring.seal_custody(octets, _place(package_id, left.item_id, keyring.country, 0)),
        at=at,
    )
    store.add(db, [kept])


def take_back(db: Session, package_id: str, item_id: str) -> None:
    """Forget why an item was left out: it is declared again."""
    store.take_back(db, package_id, item_id)


def left_out(db: Session, package_id: str, *, keyring: Keyring) -> tuple[LeftOut, ...]:
    """Return what was declared and is not in a package, and why."""
    return tuple(
        LeftOut.model_validate(canonical.parse(keyring.open_custody(kept.sealed, _place_of(kept))))
        for kept in store.left_out(db, package_id)
    )


def records(db: Session, package_id: str, *, keyring: Keyring) -> Mapping[str, list[Record]]:
    """Return all records of a package, by item.

    Raises:
        SealError: one was changed at rest.
    """
    found: dict[str, list[Record]] = {}
    for kept in store.of(db, package_id):
        found.setdefault(kept.item_id, []).append(_record(kept, keyring))
    return found


def state(db: Session, package_id: str) -> str:
    """Return one digest over all chains of a package: what the log keeps a salted commitment of.

    So no record that was there when the log was told can be changed afterwards, also by whoever can
    write every table of this node.
    """
    rows = [[kept.item_id, kept.country, kept.n, kept.digest] for kept in store.of(db, package_id)]
    return sha256(canonical.encode(rows)).hex()


def _kept(record: Record, keyring: Keyring, at: datetime, mark: bytes | None = None) -> Kept:
    octets = record.to_bytes()
    place = _place(record.package_id, record.item_id, record.country, record.n)
    return Kept(
        package_id=record.package_id,
        item_id=record.item_id,
        country=record.country,
        n=record.n,
        act=record.act,
        digest=sha256(octets).hex(),
        mark=mark,
        sealed=keyring.seal_custody(octets, place),
        at=at,
    )


def _record(kept: Kept, keyring: Keyring) -> Record:
    return read_record(canonical.parse(keyring.open_custody(kept.sealed, _place_of(kept))))


def _place_of(kept: Kept) -> bytes:
    return _place(kept.package_id, kept.item_id, kept.country, kept.n)


def _place(package_id: str, item_id: str, country: str, n: int) -> bytes:
    return id_bytes(package_id) + id_bytes(item_id) + country.encode() + n.to_bytes(8, "big")
