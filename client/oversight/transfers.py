"""Transfers: chained without a hole, in both logs, and answered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from sys import intern
from typing import Final

from client.oversight.counterparts import Counterparts
from client.oversight.findings import Check, Findings
from client.oversight.ledger import Ledger, Place, Transfer, shown
from client.oversight.mirror import Mirror
from shared.protocol.chainfolder import Link, check_links
from shared.protocol.leaves import parse_time
from shared.protocol.logproofs import ProvenLeaf
from shared.protocol.receipts import UNRECEIPTED

PATIENCE: Final = timedelta(hours=24)
"""How long, by the log's own time, a transfer may be without a receipt."""
_UNRECEIPTED: Final = frozenset(each.value for each in UNRECEIPTED)


def check_channels(mirror: Mirror, ledger: Ledger, findings: Findings) -> None:
    """Check that the chains are unbroken and name the entries that the log names, and no other.

    The chains are pulled after the log: an entry at their end may wait to be logged, but one that is
    logged must be in them.
    """
    hashes: dict[Place, bytes] = {}
    for name in mirror.channels():
        with findings.noting(Check.CHANNELS, name):
            check_links(_noted(mirror.links(name), hashes), object=name)
    logged = ledger.sent | ledger.received
    for place, transfer in logged.items():
        if hashes.get(place) != transfer.hash:
            flaw = "is another entry" if place in hashes else "is not"
            detail = f"entry {transfer.index} of the log {flaw} in the channel"
            findings.fail(Check.CHANNELS, transfer.shown(), detail)
    waiting, before = _check_logged(hashes, logged, ledger, findings)
    more = f", {waiting} wait to be logged" if waiting else ""
    more += f", {before} are in the log before" if before else ""
    findings.details[Check.CHANNELS] = f"{len(hashes)} entries in the chains{more}"


def _noted(chain: Iterable[Link], hashes: dict[Place, bytes]) -> Iterator[Link]:
    for link in chain:
        hashes[intern(link.channel), link.epoch, link.seq] = bytes.fromhex(link.hash)
        yield link


def _check_logged(
    links: Mapping[Place, bytes],
    logged: Mapping[Place, Transfer],
    ledger: Ledger,
    findings: Findings,
) -> tuple[int, int]:
    """Find links that the log lacks though it has later ones.

    Returns:
        How many are only later, and how many come before the first of a log that continues another one.
    """
    last: dict[str, tuple[int, int]] = {}
    starts = ledger.starts() if ledger.continues is not None else {}
    for channel, epoch, seq in logged:
        last[channel] = max(last.get(channel, (0, -1)), (epoch, seq))
    waiting = before = 0
    for channel, epoch, seq in links.keys() - logged.keys():
        if (epoch, seq) < starts.get(channel, (0, -1)):
            before += 1
        elif (epoch, seq) < last.get(channel, (0, -1)):
            where = shown((channel, epoch, seq))
            findings.fail(Check.CHANNELS, where, "it is in the channel and not in the log")
        else:
            waiting += 1
    return waiting, before


def check_incoming(
    counterparts: Counterparts, ledger: Ledger, findings: Findings
) -> dict[Place, ProvenLeaf]:
    """Check, for each entry received, its leaf in the sender's log and the proof of it.

    Returns:
        Where the counterparts stand.
    """
    proven: dict[Place, ProvenLeaf] = {}
    for place, transfer in ledger.received.items():
        with findings.noting(Check.INCOMING, f"{transfer.shown()} (entry {transfer.index})"):
            proven[place] = counterparts.check(transfer)
    _check_one_tree(proven, findings)
    findings.details[Check.INCOMING] = f"{len(ledger.received)} transfers received"
    return proven


def _check_one_tree(proven: Mapping[Place, ProvenLeaf], findings: Findings) -> None:
    """Two roots of one size of one log are the proof that its country keeps two logs."""
    roots: dict[tuple[str, int], bytes] = {}
    for place, found in proven.items():
        stated = found.checkpoint
        if roots.setdefault((stated.origin, stated.size), stated.root) != stated.root:
            detail = f"{stated.origin} has signed two different trees of size {stated.size}"
            findings.fail(Check.INCOMING, shown(place), detail)


def check_outgoing(ledger: Ledger, findings: Findings) -> None:
    """Check that each entry sent is answered: by the reader's receipt, or by our own of its silence."""
    answered = {transfer.about[0] for transfer in _receipts(ledger) if transfer.about}
    waiting, demanded = 0, 0
    now = parse_time(ledger.last_time.decode()) if ledger.sent else None
    for transfer in ledger.sent.values():
        if transfer.entry_type in _UNRECEIPTED:
            continue
        demanded += 1
        if transfer.place in answered:
            continue
        if now and now - parse_time(transfer.time.decode()) > PATIENCE:
            findings.fail(Check.OUTGOING, transfer.shown(), "no receipt, and nothing said of it")
        else:
            waiting += 1
    more = f", {waiting} wait for theirs" if waiting else ""
    findings.details[Check.OUTGOING] = f"{demanded - waiting} receipts{more}"


def _receipts(ledger: Ledger) -> Iterable[Transfer]:
    for transfer in (*ledger.sent.values(), *ledger.received.values()):
        if transfer.about is None:
            continue
        # A receipt counts only if it names the entry that was sent.
        place, digest = transfer.about
        about = ledger.sent.get(place)
        if about and about.hash == digest:
            yield transfer
