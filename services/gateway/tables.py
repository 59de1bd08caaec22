"""Every table of the gateway: what was used once, what was taken back, what was refused."""

from datetime import datetime
from typing import Any, ClassVar

import sqlalchemy as sa
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from shared.runtime.database import UtcDateTime

Counter = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # only an INTEGER key counts itself


class Base(DeclarativeBase):
    """Columns by annotation."""

    type_annotation_map: ClassVar[dict[Any, Any]] = {
        bytes: sa.LargeBinary,
        datetime: UtcDateTime,
        int: sa.BigInteger,
    }


class SeenRow(Base):
    """An identifier (`jti`) that was used and may not be used again before it expires."""

    __tablename__ = "seen"
    kind: Mapped[str] = mapped_column(primary_key=True)  # assertion | proof
    digest: Mapped[bytes] = mapped_column(primary_key=True)  # SHA-256 of whose and which
    expires: Mapped[int] = mapped_column(index=True)  # seconds since 1970


class RevokedRow(Base):
    """An access token that its client took back."""

    __tablename__ = "revoked"
    jti: Mapped[str] = mapped_column(primary_key=True)
    expires: Mapped[int] = mapped_column(index=True)


class DenialRow(Base):
    """A refusal that the audit log has not yet confirmed: the event, ready to send."""

    __tablename__ = "denial"
    position: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    event: Mapped[bytes]  # canonical JSON


class TallyRow(Base):
    """How often one address was refused for one reason within one minute."""

    __tablename__ = "tally"
    address: Mapped[str] = mapped_column(primary_key=True)
    reason: Mapped[str] = mapped_column(primary_key=True)
    minute: Mapped[int] = mapped_column(primary_key=True)  # minutes since 1970
    count: Mapped[int]
