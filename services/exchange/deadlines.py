"""Use case: when the peer keeps silent until a deadline, say so in the chain: silence is evidence too."""

from datetime import timedelta

from services.exchange import correspondence
from services.exchange.keyring import Keyring
from services.exchange.store import Session, entries, transfers
from services.exchange.store import channels as heads
from shared.protocol.entries import Entry, EntryType, read_entry
from shared.protocol.messages import ReceiptKind
from shared.protocol.receipts import UNRECEIPTED
from shared.runtime.clock import Clock
from shared.runtime.database import Database

RELAY = timedelta(days=7)  # EIO directive 2014/41/EU, art. 16(1): receipt within one week
_RECEIPTED = tuple(kind for kind in EntryType if kind not in UNRECEIPTED)
_CLOSING = frozenset(
    {
        ReceiptKind.RELAY_REJECTION,
        ReceiptKind.CONTENT_CONSIGNMENT,
        ReceiptKind.CONTENT_CONSIGNMENT_FAILURE,
        ReceiptKind.DELIVERY_EXPIRED,
    }
)


def note_silence(
    *, database: Database, keyring: Keyring, clock: Clock, relay: timedelta = RELAY
) -> int:
    """Write what has not been answered in time, once for each entry; return how much that was."""
    now = clock()
    with database.begin() as db:
        silent = entries.silent(db, _RECEIPTED, now - relay)
        overdue = [
            entry
            for package in transfers.overdue(db, now)
            if package.entry
            and (entry := entries.by_hash(db, package.entry.hash))
            and not _closed(db, entry)
        ]
        noted = 0
        for kind, found in (
            (ReceiptKind.RELAY_FAILURE, silent),
            (ReceiptKind.DELIVERY_EXPIRED, overdue),
        ):
            for stored in found:
                if _frozen(db, stored.channel):
                    continue
                letter = _letter(read_entry(stored.jws).entry, kind, keyring)
                correspondence.append(db, letter, keyring=keyring, now=now)
                noted += 1
    return noted


def _letter(about: Entry, kind: ReceiptKind, keyring: Keyring) -> correspondence.Letter:
    reason = (
        "no answer before the deadline"
        if kind is ReceiptKind.RELAY_FAILURE
        else "its content was not confirmed before the offer expired"
    )
    return correspondence.receipt(about, kind, reason=reason, writer=keyring.country)


def _closed(db: Session, entry: entries.StoredEntry) -> bool:
    return any(receipt.outcome in _CLOSING for receipt in entries.receipts(db, entry.hash))


def _frozen(db: Session, name: str) -> bool:
    channel = heads.find(db, name)
    return channel is not None and channel.frozen is not None
