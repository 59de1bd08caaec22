"""Operators test the way to another country."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path

from services.exchange import selftesting
from services.exchange.records import EntryRef
from services.exchange.routes.parts import Acting, Node
from services.exchange.selftesting import Selftest
from shared.protocol.identifiers import Country
from shared.runtime.clock import milliseconds

router = APIRouter(prefix="/v1/ops/peers")
Peer = Annotated[str, Path(pattern="^[A-Z]{2}$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class SelftestAnswer:
    """The newest self-test of the way to a country."""

    peer: str
    entry: EntryRef
    state: str  # SIGNED, LOGGED, WITNESSED, DELIVERED
    sent_at: str
    outcome: str | None  # the kind of the peer's receipt
    receipted_at: str | None
    reason: str | None


@router.post("/{peer}/selftest", status_code=202)
def begin(peer: Peer, actor: Acting, node: Node) -> SelftestAnswer:
    """Send a self-test entry, or show the one that is on its way."""
    begun = selftesting.begin(
        Country(peer),
        keyring=node.keyring,
        database=node.database,
        directory=node.directory,
        actor=actor,
    )
    return _answer(begun)


@router.get("/{peer}/selftest")
def newest(peer: Peer, node: Node) -> SelftestAnswer:
    """Show how far the newest self-test has come."""
    return _answer(selftesting.newest(Country(peer), keyring=node.keyring, database=node.database))


def _answer(found: Selftest) -> SelftestAnswer:
    return SelftestAnswer(
        peer=found.peer,
        entry=found.entry,
        state=found.state,
        sent_at=milliseconds(found.sent_at),
        outcome=found.outcome,
        receipted_at=milliseconds(found.receipted_at) if found.receipted_at else None,
        reason=found.reason,
    )
