"""Transfers: chained without a hole, in both logs, and answered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final

from client.oversight.findings import Check, Findings
from client.oversight.ledger import Ledger, Place, Transfer
from client.oversight.mirror import Mirror, counterpart_paths
from shared.protocol.chainfolder import Link, check_links
from shared.protocol.errors import ProofError
from shared.protocol.identifiers import Country, parse_channel
from shared.protocol.leaves import EntryFacts, PeerReceipt, check_transfer_leaf, parse
from shared.protocol.logproofs import ProvenLeaf, verify_log_proof
from shared.protocol.receipts import UNRECEIPTED
from shared.protocol.trust import Member, find_member

PATIENCE: Final = timedelta(hours=24)
"""How long, by the log's own time, a transfer may be without a receipt."""
_FACTS: Final = ("channel", "epoch", "seq", "entry_type", "entry_hash", "about", "outcome")


def check_channels(mirror: Mirror, ledger: Ledger, findings: Findings) -> None:
    """Check that the chains are unbroken and name the entries that the log names, and no other.

    The chains are pulled after the log: an entry at their end may wait to be logged, but one that is
    logged must be in them.
    """
    links: dict[Place, Link] = {}
    for name in mirror.channels():
        with findings.noting(Check.CHANNELS, name):
            chain = mirror.links(name)
            links |= {(link.channel, link.epoch, link.seq): link for link in chain}
            check_links(chain, object=name)
    logged = ledger.sent | ledger.received
    for place, transfer in logged.items():
        link = links.get(place)
        if link is None or link.hash != transfer.leaf.entry_hash:
            flaw = "is not in the channel" if link is None else "is another entry in the channel"
            detail = f"entry {transfer.index} of the log {flaw}"
            findings.fail(Check.CHANNELS, transfer.shown(), detail)
    waiting = _check_logged(links, logged, findings)
    more = f", {waiting} wait to be logged" if waiting else ""
    findings.details[Check.CHANNELS] = f"{len(links)} entries in the chains{more}"


def _check_logged(
    links: Mapping[Place, Link], logged: Mapping[Place, Transfer], findings: Findings
) -> int:
    """Find links that the log lacks though it has later ones; give how many are only later."""
    last: dict[str, tuple[int, int]] = {}
    for channel, epoch, seq in logged:
        last[channel] = max(last.get(channel, (0, -1)), (epoch, seq))
    waiting = 0
    for channel, epoch, seq in links.keys() - logged.keys():
        if (epoch, seq) < last.get(channel, (0, -1)):
            where = f"{channel} {epoch}/{seq}"
            findings.fail(Check.CHANNELS, where, "it is in the channel and not in the log")
        else:
            waiting += 1
    return waiting


def check_incoming(
    mirror: Mirror, ledger: Ledger, members: Mapping[Country, Member], findings: Findings
) -> dict[Place, ProvenLeaf]:
    """Check, for each entry received, its leaf in the sender's log and the proof of it.

    Returns:
        Where the counterparts stand.
    """
    proven: dict[Place, ProvenLeaf] = {}
    for place, transfer in ledger.received.items():
        with findings.noting(Check.INCOMING, f"{transfer.shown()} (entry {transfer.index})"):
            sender = find_member(members, parse_channel(place[0])[0])
            proven[place] = _check_counterpart(mirror, transfer, sender)
    _check_one_tree(proven, findings)
    findings.details[Check.INCOMING] = f"{len(ledger.received)} transfers received"
    return proven


def _check_counterpart(mirror: Mirror, transfer: Transfer, sender: Member) -> ProvenLeaf:
    found = mirror.counterpart(transfer.index)
    if found is None:
        missing = counterpart_paths(transfer.index)[0]
        raise ProofError(f"the sender's leaf or proof is missing: {missing}")
    leaf, proof = found
    facts = EntryFacts(**{name: getattr(transfer.leaf, name) for name in _FACTS})
    check_transfer_leaf(parse(leaf), facts, origin=sender.log_origin)
    proven = verify_log_proof(proof, leaf, sender.log_vkeys)
    stands = PeerReceipt(
        origin=proven.checkpoint.origin,
        index=proven.index,
        size=proven.checkpoint.size,
        root=proven.checkpoint.root,
    )
    if transfer.leaf.peer_receipt != stands:
        raise ProofError("the log says that the sender's leaf stands elsewhere")
    return proven


def _check_one_tree(proven: Mapping[Place, ProvenLeaf], findings: Findings) -> None:
    """Two roots of one size of one log are the proof that its country keeps two logs."""
    roots: dict[tuple[str, int], bytes] = {}
    for (channel, epoch, seq), found in proven.items():
        stated = found.checkpoint
        if roots.setdefault((stated.origin, stated.size), stated.root) != stated.root:
            detail = f"{stated.origin} has signed two different trees of size {stated.size}"
            findings.fail(Check.INCOMING, f"{channel} {epoch}/{seq}", detail)


def check_outgoing(ledger: Ledger, findings: Findings) -> None:
    """Check that each entry sent is answered: by the reader's receipt, or by our own of its silence."""
    answered = {
        (transfer.leaf.about.channel, transfer.leaf.about.epoch, transfer.leaf.about.seq)
        for transfer in _receipts(ledger)
        if transfer.leaf.about
    }
    waiting = 0
    demanding = [each for each in ledger.sent.values() if _is_receipted(each)]
    for transfer in demanding:
        if transfer.place in answered:
            continue
        if ledger.last_time - transfer.leaf.seq_time > PATIENCE:
            findings.fail(Check.OUTGOING, transfer.shown(), "no receipt, and nothing said of it")
        else:
            waiting += 1
    more = f", {waiting} wait for theirs" if waiting else ""
    findings.details[Check.OUTGOING] = f"{len(demanding) - waiting} receipts{more}"


def _receipts(ledger: Ledger) -> Iterable[Transfer]:
    for transfer in (*ledger.sent.values(), *ledger.received.values()):
        if transfer.leaf.about is None:
            continue
        # A receipt counts only if it names the entry that was sent.
        about = ledger.sent.get(
            (transfer.leaf.about.channel, transfer.leaf.about.epoch, transfer.leaf.about.seq)
        )
        if about and about.leaf.entry_hash == transfer.leaf.about.hash:
            yield transfer


def _is_receipted(transfer: Transfer) -> bool:
    return transfer.leaf.entry_type not in {each.value for each in UNRECEIPTED}
