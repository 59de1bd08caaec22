"""Use case: show that the way to a country works, by an entry that does nothing else.

It goes the way of every entry: signed, logged, witnessed, carried, proven there, receipted. So its
receipt shows more than any ping. One at a time for each country: while the newest waits for its
receipt, asking again shows where it is.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime

from services.exchange import correspondence
from services.exchange.correspondence import Letter
from services.exchange.keyring import Keyring
from services.exchange.records import EntryRef
from services.exchange.states import Actor, Direction
from services.exchange.store import Session, entries, selftests
from services.exchange.store.entries import StoredEntry
from shared.protocol import identifiers
from shared.protocol.entries import EntryType
from shared.protocol.identifiers import Country
from shared.protocol.messages import SelftestBody
from shared.runtime.database import Database
from shared.runtime.directory import Directory
from shared.runtime.refusals import NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class Selftest:
    """The newest self-test of the way to a country, and how far it has come."""

    peer: str
    entry: EntryRef
    state: str  # of our entry: SIGNED → LOGGED → WITNESSED → DELIVERED
    sent_at: datetime
    outcome: str | None  # the kind of the peer's receipt
    receipted_at: datetime | None
    reason: str | None  # the receipt's, or why the entry has not arrived yet


def begin(
    peer: Country, *, keyring: Keyring, database: Database, directory: Directory, actor: Actor
) -> Selftest:
    """Send a self-test, unless one is on its way.

    Raises:
        Unprocessable: no active member of the directory.
        Conflict: the channel is frozen.
    """
    directory.active(peer, actor.at)
    with database.begin() as db:
        known = _newest(db, peer, keyring)
        if known is not None and known.outcome is None:
            return known
        body = SelftestBody(nonce=secrets.token_hex(16)).to_json()
        letter = Letter(
            type=EntryType.SELFTEST, recipient=peer, request_id=None, transfer_id=None, body=body
        )
        correspondence.append(db, letter, keyring=keyring, now=actor.at, personal=actor.personal)
        begun = _newest(db, peer, keyring)
        assert begun is not None
        return begun  # committed: recorder, prover and courier take it from here


def newest(peer: Country, *, keyring: Keyring, database: Database) -> Selftest:
    """Return the newest self-test of the way to a country.

    Raises:
        NotFound: there never was one.
    """
    with database.read() as db:
        found = _newest(db, peer, keyring)
    if found is None:
        raise NotFound(
            "no_selftest",
            f"The way to {peer} was never tested.",
            next_step="POST to the same address sends a self-test.",
        )
    return found


def _newest(db: Session, peer: Country, keyring: Keyring) -> Selftest | None:
    name = identifiers.channel(keyring.country, peer)
    entry = selftests.newest(db, name)
    return None if entry is None else _selftest(db, peer, entry)


def _selftest(db: Session, peer: Country, entry: StoredEntry) -> Selftest:
    receipts = entries.receipts(db, entry.hash, Direction.IN)
    receipt = receipts[0] if receipts else None
    return Selftest(
        peer=peer,
        entry=EntryRef(channel=entry.channel, epoch=entry.epoch, seq=entry.seq, hash=entry.hash),
        state=entry.state,
        sent_at=entry.created_at,
        outcome=None if receipt is None else receipt.outcome,
        receipted_at=None if receipt is None else receipt.created_at,
        reason=entry.last_error,
    )
