"""The table of custody records."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from services.exchange.tables import Base


class CustodyRow(Base):
    """One custody record, of this country or of the other; appended, never changed.

    What it tells is sealed under the storage key, so it outlives the content key of the package. `digest`
    confirms no guess, since every record holds a salt.
    """

    __tablename__ = "custody"

    package_id: Mapped[str] = mapped_column(sa.ForeignKey("package.id"), primary_key=True)
    item_id: Mapped[str] = mapped_column(primary_key=True)
    country: Mapped[str] = mapped_column(primary_key=True)
    n: Mapped[int] = mapped_column(primary_key=True)
    act: Mapped[str]
    digest: Mapped[str]
    mark: Mapped[bytes | None]  # HMAC of reader, item and day, of OPENED
    sealed: Mapped[bytes]
    at: Mapped[datetime]
