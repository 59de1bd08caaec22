"""A write that its caller may send again: it is done once, and the second call is told what came of it.

The key is claimed in the transaction of the write itself. So there is no moment at which one stands
without the other: a crash before the commit leaves neither, after it both. What failed left no claim,
and is tried again. What is kept is a digest and whose object it was, no second copy of what it says:
who repeats a write is shown the object as it is now.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from typing_extensions import override

from services.exchange.records import Repeat
from services.exchange.store import Session, repeats
from shared.runtime.database import Database
from shared.runtime.refusals import Conflict, Unprocessable

LIFE = timedelta(hours=24)


class RepeatedError(Exception):
    """The write was done before; its object is `subject`."""

    def __init__(self, subject: str) -> None:
        super().__init__(subject)
        self.subject = subject


@dataclass(frozen=True, slots=True, kw_only=True)
class OnceDatabase(Database):
    """A database whose first transaction claims a key before anything else is done in it."""

    repeat: Repeat
    _begun: list[Repeat] = field(default_factory=list)

    @override
    @contextmanager
    def begin(self) -> Iterator[Session]:
        """Open a transaction.

        Raises:
            RepeatedError: the write was done under this key.
            Unprocessable: another write was.
        """
        with Database.begin(self) as db:
            if not self._begun:
                # A later one only tells why the first failed: there is nothing to repeat then.
                self._begun.append(self.repeat)
                claim(db, self.repeat)
            yield db


def once(database: Database, repeat: Repeat) -> Database:
    """Return the database for one write under a key."""
    return OnceDatabase(
        engine=database.engine,
        sessions=database.sessions,
        turn=database.turn,
        pulse=database.pulse,
        repeat=repeat,
    )


def claim(db: Session, repeat: Repeat) -> None:
    """Claim a key for a write, before anything of it is done.

    Raises:
        RepeatedError: the write was done under it.
        Unprocessable: another write was.
        Conflict: the write is under way in another process.
    """
    repeats.forget(db, repeat.at - LIFE)
    try:
        known = repeats.claim(db, repeat)
    except repeats.BusyError as error:
        raise _under_way() from error
    if known is None:
        return
    if known.digest != repeat.digest:
        raise Unprocessable(
            "idempotency_key_reused",
            "Another call of this client has this Idempotency-Key.",
            next_step="Draw a new key for each write; send the same key only with the same bytes.",
        )
    raise RepeatedError(known.subject)


@dataclass(frozen=True, slots=True)
class UnderWay:
    """The keys of writes that are being done in this process."""

    _keys: set[tuple[str, str]] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def holding(self, client_id: str, key: str) -> Iterator[None]:
        """Hold a key while its write is done.

        Raises:
            Conflict: it is being done.
        """
        with self._lock:
            if (client_id, key) in self._keys:
                raise _under_way()
            self._keys.add((client_id, key))
        try:
            yield
        finally:
            with self._lock:
                self._keys.remove((client_id, key))


def _under_way() -> Conflict:
    return Conflict(
        "idempotency_under_way",
        "The call with this Idempotency-Key is still being served.",
        next_step="Send the same again in a second: the answer is the one of the first.",
        headers={"Retry-After": "1"},
    )
