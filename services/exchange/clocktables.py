"""The table of clocks."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from services.exchange.tables import Base


class ClockRow(Base):
    """One clock of a request: its rule as it was when it began, and what has happened to it since."""

    __tablename__ = "clock"
    __table_args__ = (
        sa.Index("clock_next", "next_at"),
        sa.Index("clock_due", "ended_at", "due_at"),
        sa.Index("clock_effect", "effect"),
    )

    request_id: Mapped[str] = mapped_column(sa.ForeignKey("request.id"), primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    subject: Mapped[str]
    act: Mapped[str]
    ours: Mapped[bool]
    state: Mapped[str]
    started_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    told_at: Mapped[datetime]
    next_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]  # null: it is open
    effect: Mapped[str | None]
    details: Mapped[dict[str, Any]]  # rule, place, stated date, pauses, extensions
