"""The table of challenges; both countries hold the same row. What was written in words is in the entries."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from services.exchange.tables import Base


class ChallengeRow(Base):
    """A person's remedy: what it concerns, and where it stands."""

    __tablename__ = "challenge"

    id: Mapped[str] = mapped_column(primary_key=True)
    request_id: Mapped[str] = mapped_column(sa.ForeignKey("request.id"), index=True)
    stage: Mapped[str]
    suspends: Mapped[str]  # by which rule of the profile: BY_LAW, BY_ORDER, NO
    who: Mapped[str]
    court: Mapped[str]
    file_number: Mapped[str]
    measures: Mapped[list[str]]  # whole measures; empty where it is about packages
    packages: Mapped[list[str]]
    items: Mapped[list[str]]  # of these packages, where it was upheld in part
    lodged_at: Mapped[datetime]
    until: Mapped[datetime | None]
    changed_at: Mapped[datetime]


class WaiverRow(Base):
    """All who could have challenged a decision have waived it: the period to appeal is over."""

    __tablename__ = "appeal_waiver"

    request_id: Mapped[str] = mapped_column(sa.ForeignKey("request.id"), primary_key=True)
    at: Mapped[datetime]
    officer: Mapped[str]


class EmergencyRow(Base):
    """An emergency, in either country: called back, acted on, validated afterwards, or revoked."""

    __tablename__ = "emergency"

    request_id: Mapped[str] = mapped_column(sa.ForeignKey("request.id"), primary_key=True)
    state: Mapped[str]
    unvalidated: Mapped[bool]  # it was sent before a judge or prosecutor had looked at it
    validated_at: Mapped[datetime | None]
    called_at: Mapped[datetime | None]
    called_by: Mapped[str | None]  # the duty officer
    number: Mapped[str | None]  # that was called: the directory's
    changed_at: Mapped[datetime]


class PreservationRow(Base):
    """Data that is kept for a request of preservation; both countries hold the same row."""

    __tablename__ = "preservation"

    request_id: Mapped[str] = mapped_column(sa.ForeignKey("request.id"), primary_key=True)
    state: Mapped[str]
    until: Mapped[datetime | None]  # none: until the request that it is linked to is decided
    extensions: Mapped[int]
    linked: Mapped[str | None]  # the request for the data
    changed_at: Mapped[datetime]


class SubjectNoticeRow(Base):
    """What the person concerned is to be told, was told, or why not yet (EER 13, LED 13)."""

    __tablename__ = "subject_notice"

    request_id: Mapped[str] = mapped_column(sa.ForeignKey("request.id"), primary_key=True)
    due_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    remedies: Mapped[bool]  # it said how to object
    ground: Mapped[str | None]  # of a deferral
    review: Mapped[str | None]  # of it: a day
    changed_at: Mapped[datetime]
