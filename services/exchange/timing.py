"""Deadlines of a request: which start, stand still and end with an act."""

from datetime import datetime

from services.exchange.bench import Bench
from services.exchange.records import Request
from services.exchange.store import Session
from shared.protocol.law.lifecycle import Act


def on_act(
    db: Session, before: Request, after: Request, act: Act, *, at: datetime, bench: Bench
) -> None:
    """Move the clocks of a request with an act, on either side; `at`: when the entry of it was written."""
