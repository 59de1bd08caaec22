"""The keys that come and go by the clock, and whether a token still counts."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import orm
from sqlalchemy.dialects import postgresql, sqlite

from services.gateway.tables import RevokedRow, RingKeyRow

_revoked, _ring = sa.inspect(RevokedRow).local_table, sa.inspect(RingKeyRow).local_table

# Made once: to make a statement takes longer than to run it, and this one runs with every call.
_STANDING = sa.select(
    sa.exists().where(_revoked.c.jti == sa.bindparam("jti")),
    sa.exists().where(_ring.c.kid == sa.bindparam("kid")),
)


def ring(db: orm.Session, purpose: str) -> Sequence[RingKeyRow]:
    """Return all keys of a purpose, in the order in which they begin."""
    rows = sa.select(RingKeyRow).where(RingKeyRow.purpose == purpose).order_by(RingKeyRow.begins)
    return db.scalars(rows.execution_options(populate_existing=True)).all()


def add_key(db: orm.Session, row: dict[str, str | int | bytes]) -> None:
    """Add a key, unless another process has added one that begins in the same second."""
    postgres = db.get_bind().dialect.name == "postgresql"
    insert = (postgresql.insert if postgres else sqlite.insert)(RingKeyRow)
    db.execute(insert.values(row).on_conflict_do_nothing())


def begin_key(db: orm.Session, kid: str, begins: int) -> None:
    """Let an announced key begin now."""
    db.execute(sa.update(RingKeyRow).where(RingKeyRow.kid == kid).values(begins=begins))


def drop_key(db: orm.Session, kid: str) -> None:
    """Delete a key; what it signed no longer counts."""
    db.execute(sa.delete(RingKeyRow).where(RingKeyRow.kid == kid))


def standing(db: orm.Session, jti: str, kid: str) -> tuple[bool, bool]:
    """Say of a token whether it was taken back, and whether its key is still one of ours."""
    row = db.execute(_STANDING, {"jti": jti, "kid": kid}).one()
    return bool(row[0]), bool(row[1])
