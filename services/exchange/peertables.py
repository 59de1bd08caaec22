"""What is kept of the logs of peers, and of what contradicts itself in them."""

from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from services.exchange.tables import Base, Counter


class PeerLogRow(Base):
    """The last checkpoint kept of a peer's log: the next one must be consistent with it."""

    __tablename__ = "peer_log"

    peer: Mapped[str] = mapped_column(primary_key=True)
    origin: Mapped[str]
    size: Mapped[int]
    root: Mapped[bytes]
    checkpoint: Mapped[str]


class DeliveredLogRow(Base):
    """The size of our own log that a peer last accepted."""

    __tablename__ = "delivered_log"

    peer: Mapped[str] = mapped_column(primary_key=True)
    size: Mapped[int]


class ContradictionRow(Base):
    """Two signed things of a peer that cannot both be true, kept as evidence."""

    __tablename__ = "contradiction"

    id: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    peer: Mapped[str]
    kind: Mapped[str]
    first: Mapped[bytes]
    second: Mapped[bytes]
    at: Mapped[datetime]
