"""All SQL of the gateway."""

import hashlib
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine.interfaces import DBAPIConnection

from services.gateway.tables import DenialRow, RevokedRow, SeenRow
from shared.protocol import canonical
from shared.runtime.database import Database, journal, open_database

Session = orm.Session
Insert = sqlite.Insert | postgresql.Insert

_seen = sa.inspect(SeenRow).local_table
# Made once: to make a statement takes longer than to run it, and this one runs with every call.
# Whether it was first is told by what comes back, not by a count of rows: drivers disagree on that.
_MARKS = {
    dialect.__name__.rpartition(".")[2]: dialect.insert(_seen)
    .on_conflict_do_nothing()
    .returning(_seen.c.kind)
    for dialect in (sqlite, postgresql)
}


def is_relaxed(url: str) -> bool:
    """Say whether `open_marks` does not wait for the disk: one machine, with a write-ahead log."""
    return url.startswith("sqlite") and journal() == "WAL"


def open_marks(url: str) -> Database:
    """Open the database a second time, for the marks that every call to the API leaves.

    On one machine they are not forced to the disk, which would be most of the time a call takes. They
    outlive the process, not a power cut: `Provers.since` closes that gap.
    """
    marks = open_database(url)
    if is_relaxed(url):

        @sa.event.listens_for(marks.engine, "connect")
        def _relax(connection: DBAPIConnection, _record: object) -> None:
            connection.cursor().execute("PRAGMA synchronous=NORMAL")

    return marks


def use_once(db: Session, kind: str, owner: str, jti: str, expires: int) -> bool:
    """Mark an identifier as used until `expires`.

    Returns:
        Whether this was the first use; two at once cannot both be it.
    """
    digest = hashlib.sha256(canonical.encode([owner, jti])).digest()
    row = {"kind": kind, "digest": digest, "expires": expires}
    return db.execute(_MARKS[db.get_bind().dialect.name], row).first() is not None


def revoke(db: Session, jti: str, expires: int) -> None:
    """Take an access token back."""
    row = {"jti": jti, "expires": expires}
    db.execute(_insert(db, RevokedRow).values(row).on_conflict_do_nothing())


def forget_expired(db: Session, now: int) -> None:
    """Delete what no longer matters: identifiers and revocations of expired tokens."""
    db.execute(sa.delete(SeenRow).where(SeenRow.expires < now))
    db.execute(sa.delete(RevokedRow).where(RevokedRow.expires < now))


def keep_denial(db: Session, event: bytes) -> None:
    """Keep a denial until the audit log confirms it."""
    db.add(DenialRow(event=event))


def denials(db: Session, limit: int) -> Sequence[tuple[int, bytes]]:
    """Return the oldest denials: position and event."""
    rows = sa.select(DenialRow.position, DenialRow.event).order_by(DenialRow.position)
    return [(row[0], row[1]) for row in db.execute(rows.limit(limit))]


def drop_denials(db: Session, positions: Sequence[int]) -> None:
    """Forget denials that the audit log holds."""
    db.execute(sa.delete(DenialRow).where(DenialRow.position.in_(positions)))


def _insert(db: Session, table: type[RevokedRow]) -> Insert:
    postgres = db.get_bind().dialect.name == "postgresql"
    return postgresql.insert(table) if postgres else sqlite.insert(table)
