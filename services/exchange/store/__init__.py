"""Every SQL statement of the exchange, by subject; takes a Session, returns domain values."""

from sqlalchemy.orm import Session

__all__ = ["Session"]
