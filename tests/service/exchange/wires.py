"""What tests of the channel do again and again: write, wait, look, and answer in a peer's place."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from services.exchange import correspondence, waits
from services.exchange.store import entries
from shared.protocol import canonical
from shared.protocol.entries import EntryType
from shared.protocol.identifiers import Country as Code
from tests.service.exchange.pair import Country, Pair
from tests.simulator import Answered

Case = tuple[Pair, str]
WAIT = timedelta(seconds=31)  # longer than any pause


def chain(country: Country, channel: str = "QM>QN") -> list[tuple[int, str, str]]:
    """Every entry of a channel as a country has it: seq, type, hash."""
    with country.database.read() as db:
        return [(row.seq, row.type, row.hash) for row in entries.walk(db, channel)]


def begun(case: Case) -> Case:
    """A new request is signed, nothing of it has left, and QM has just been started."""
    pair, _ = case
    pair.settle()
    pair.qm.courier.greeted.clear()
    pair.qm.to_peer.calls.clear()
    pair.qm.to_peer.plan.clear()
    return pair, pair.sent_request()


def write(country: Country, nonce: str = "ab") -> None:
    """Write an entry that means nothing."""
    letter = correspondence.Letter(
        type=EntryType.SELFTEST,
        recipient=Code({"QM": "QN", "QN": "QM"}[country.name]),
        request_id=None,
        transfer_id=None,
        body={"nonce": nonce * 16},
    )
    with country.database.begin() as db:
        correspondence.append(
            db, letter, keyring=country.node.parts.keyring, now=country.node.clock()
        )


def come_back(pair: Pair) -> None:
    """Let time pass until everything is tried again."""
    for _ in range(4):
        pair.clock.advance(WAIT)
        pair.settle()


def waiting(pair: Pair, transfer_id: str) -> str | None:
    with pair.qm.database.read() as db:
        return waits.waiting_for(db, transfer_id)


def answering(status: int, **members: Any) -> Callable[[Answered], Answered]:  # noqa: ANN401
    """Put another answer in the place of the true one."""
    content = canonical.encode(members) if members else b"<html>"
    return lambda _answer: Answered(status=status, headers={}, content=content)


def forget_after(country: Country, channel: str, seq: int) -> None:
    """Bring a country's copy of a channel back to an earlier state, as a backup does."""
    with country.database.begin() as db:
        kept = entries.at(db, channel, 0, seq)
        assert kept is not None
        connection = db.connection()
        connection.exec_driver_sql(f"DELETE FROM entry WHERE channel='{channel}' AND seq>{seq}")  # noqa: S608
        connection.exec_driver_sql(
            f"UPDATE channel SET head_seq={seq}, head_hash='{kept.hash}' "  # noqa: S608
            f"WHERE channel='{channel}'"
        )
