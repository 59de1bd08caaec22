"""When the peer keeps silent until a deadline, say so in the chain: silence becomes evidence too."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.exchange import correspondence
from services.exchange.keyring import Keyring
from services.exchange.store import Session, entries, transfers
from services.exchange.store.entries import StoredEntry
from shared.protocol.entries import EntryType, read_entry
from shared.protocol.messages import ReceiptKind
from shared.protocol.receipts import UNRECEIPTED
from shared.runtime.clock import Clock
from shared.runtime.database import Database

RELAY = timedelta(days=7)  # EIO directive 2014/41/EU, art. 16(1): receipt within one week
PACE = timedelta(minutes=1)
_REASONS = {
    ReceiptKind.RELAY_FAILURE: "no answer before the deadline",
    ReceiptKind.DELIVERY_EXPIRED: "the content was not confirmed before the offer expired",
}
_RECEIPTED = tuple(kind for kind in EntryType if kind not in UNRECEIPTED)
_CLOSING = frozenset(
    {
        ReceiptKind.RELAY_REJECTION,
        ReceiptKind.CONTENT_CONSIGNMENT,
        ReceiptKind.CONTENT_CONSIGNMENT_FAILURE,
        ReceiptKind.DELIVERY_EXPIRED,
    }
)


@dataclass(slots=True, kw_only=True)
class Deadlines:
    """Looks once a minute for what was not answered in time."""

    database: Database
    keyring: Keyring
    clock: Clock
    relay: timedelta = RELAY  # how long the peer may take to say that an entry has arrived
    looked_at: datetime | None = None

    def begin(self) -> None:
        """Nothing is taken over: what is due is due."""

    def work(self) -> bool:
        """Look, if it is time to; False otherwise, and when nothing was found."""
        now = self.clock()
        if self.looked_at is not None and now - self.looked_at < PACE:
            return False
        found = self.note_silence(now)
        self.looked_at = now
        return found > 0

    def note_silence(self, now: datetime) -> int:
        """Write what has not been answered in time, once for each entry; return how much that was."""
        with self.database.begin() as db:
            silent = entries.silent(db, _RECEIPTED, now - self.relay)
            due = [(entry, ReceiptKind.RELAY_FAILURE) for entry in silent]
            due += [(entry, ReceiptKind.DELIVERY_EXPIRED) for entry in _expired(db, now)]
            for stored, kind in due:
                about = read_entry(stored.jws).entry
                letter = correspondence.receipt(
                    about, kind, reason=_REASONS[kind], writer=self.keyring.country
                )
                correspondence.append(db, letter, keyring=self.keyring, now=now)
            # Commit point: before it silence is not yet on record and is found again.
        return len(due)


def _expired(db: Session, now: datetime) -> list[StoredEntry]:
    offered = [package.entry.hash for package in transfers.overdue(db, now) if package.entry]
    found = [entry for digest in offered if (entry := entries.by_hash(db, digest))]
    return [entry for entry in found if not _closed(db, entry)]


def _closed(db: Session, entry: StoredEntry) -> bool:
    return any(receipt.outcome in _CLOSING for receipt in entries.receipts(db, entry.hash))
