"""The table of findings."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from services.exchange.tables import Base, Counter


class FindingRow(Base):
    """What an officer found about a request or package and signed; appended, never changed.

    It counts only as long as the signature over `statement` holds: see `findings.standing`.
    """

    __tablename__ = "finding"

    position: Mapped[int] = mapped_column(Counter, primary_key=True, autoincrement=True)
    object_id: Mapped[str] = mapped_column(sa.Text, index=True)
    act: Mapped[str]  # what the signature is for: finding, package.filter
    version: Mapped[int]  # of the object
    statement: Mapped[bytes]  # canonical JSON
    approval: Mapped[str]  # compact JWS
    officer: Mapped[str]
    client_id: Mapped[str]
    at: Mapped[datetime]
