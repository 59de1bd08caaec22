"""Every SQL statement of the log, by subject; takes a Session, returns domain values."""

from sqlalchemy.orm import Session

__all__ = ["Session"]
