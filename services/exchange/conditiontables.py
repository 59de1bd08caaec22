"""The tables of conditions, of the use of evidence, and of what is asked and told about it.

No row holds content, a file name or an unkeyed digest of content. Whatever an authority wrote in words is
in entries and statements already; what is here of it is what its own country sees again.
"""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from services.exchange.tables import Base, Counter


class ConditionSetRow(Base):
    """Conditions that were proposed together; both countries hold the same row."""

    __tablename__ = "condition_set"

    position: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(sa.Text, unique=True)
    request_id: Mapped[str] = mapped_column(sa.ForeignKey("request.id"), index=True)
    state: Mapped[str]
    digest: Mapped[str]  # `terms_digest`
    terms: Mapped[bytes]  # canonical JSON; an empty list is a consultation
    measures: Mapped[list[str]]
    text: Mapped[str]
    proposed_at: Mapped[datetime]
    settled_at: Mapped[datetime | None]


class ConditionRow(Base):
    """One term of a set: it may be breached, and the breach accounted for."""

    __tablename__ = "condition"

    set_id: Mapped[str] = mapped_column(sa.ForeignKey("condition_set.id"), primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str]
    state: Mapped[str]


class UseRow(Base):
    """How a package may be used, how long it is kept, and how it ended."""

    __tablename__ = "package_use"
    __table_args__ = (sa.Index("package_use_retention", "asked_at", "retain_until"),)

    package_id: Mapped[str] = mapped_column(sa.ForeignKey("package.id"), primary_key=True)
    terms: Mapped[bytes]  # canonical JSON: under which it was released
    retain_until: Mapped[str | None]  # the day, YYYY-MM-DD, after which it is gone
    asked_at: Mapped[datetime | None]  # the day is over, and somebody was asked
    restricted: Mapped[str | None]  # why nobody reads it: a code
    ordered: Mapped[str | None]  # why it is to be deleted: a code
    ordered_at: Mapped[datetime | None]
    hold: Mapped[str | None]  # why it may not be destroyed
    reason: Mapped[str | None]  # why it was destroyed: a code
    officer: Mapped[str | None]  # who had it destroyed; none: the order of its withdrawal
    approval: Mapped[str | None]  # the officer's signature, as an entry names it: canonical JSON
    destroyed_at: Mapped[datetime | None]  # its key is gone
    shredded_at: Mapped[datetime | None]  # and every octet of it
    certificate: Mapped[str | None]  # the hash of the entry that tells the other country
    countersigned: Mapped[str | None]  # the hash of the other country's entry about that one


class OnwardRow(Base):
    """Evidence that somebody wants to hand on to a third State, and what its sender says to that."""

    __tablename__ = "onward"

    id: Mapped[str] = mapped_column(primary_key=True)
    package_id: Mapped[str] = mapped_column(sa.ForeignKey("package.id"), index=True)
    state: Mapped[str]
    recipient: Mapped[str]
    purpose: Mapped[str]
    items: Mapped[list[str]]
    urgent: Mapped[bool] = mapped_column(sa.Boolean)
    text: Mapped[str]
    until: Mapped[datetime | None]  # the consent's
    asked_at: Mapped[datetime]
    decided_at: Mapped[datetime | None]
    token: Mapped[str | None]  # the hash of the entry that consents
