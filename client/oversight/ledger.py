"""Read every leaf: its form, its time, the dense counters of cases and peers; keep the transfers."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from sys import intern
from typing import Final

from client.oversight.findings import Check, Findings
from client.oversight.labels import misfiled
from shared.protocol.canonical import unb64
from shared.protocol.errors import ProtocolError
from shared.protocol.leaves import TRANSFER_INTENT, TRANSFER_RECEIVED, PeerReceipt
from shared.protocol.scanning import Four, Scanned, scan

LOG_OPENED: Final = b"log.opened"
LOG_CLOSED: Final = b"log.closed"
CASE_KEY_FIELD: Final = b"log_case_key"
_CASE_KEY_LABEL: Final = b"rogatory-log-case/v1\x00"
_SENT: Final = TRANSFER_INTENT.encode()
_RECEIVED: Final = TRANSFER_RECEIVED.encode()

Place = tuple[str, int, int]
"""Channel, epoch, seq."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """An entry of a channel, as a log tells it; a million of them must fit into memory.

    Attributes:
        index: of its leaf.
        place: where the entry stands in its channel.
        hash: of the entry, SHA-384.
        about: place and hash of the entry that a receipt is about.
        counterpart: where the leaf says that the sender's own leaf stands.
        time: when the leaf got its index, as it is written there.
    """

    index: int
    place: Place
    entry_type: str
    hash: bytes
    outcome: str | None
    about: tuple[Place, bytes] | None
    counterpart: PeerReceipt | None
    time: bytes

    def shown(self) -> str:
        """Write the place for people: `QM>QN 0/7`."""
        return shown(self.place)


def shown(place: Place) -> str:
    """Write a place in a channel for people."""
    return f"{place[0]} {place[1]}/{place[2]}"


@dataclass(slots=True, kw_only=True)
class Ledger:
    """What a log says, leaf by leaf. `case_key` is K_log, if the overseer has been given it."""

    origin: str
    case_key: bytes | None
    findings: Findings
    sent: dict[Place, Transfer] = field(default_factory=dict)
    received: dict[Place, Transfer] = field(default_factory=dict)
    last_time: bytes = b""
    count: int = 0
    continues: PeerReceipt | None = None  # the end of the log before this one
    closed: bool = False
    _cases: dict[bytes, tuple[int, int]] = field(default_factory=dict)
    _peers: dict[bytes, tuple[int, int]] = field(default_factory=dict)

    def add(self, index: int, body: bytes) -> Scanned | None:
        """Read the leaf at an index; give it, unless it is none."""
        self.count += 1
        try:
            leaf = scan(body)
        except ProtocolError as error:
            self.findings.fail(Check.LEAVES, f"entry {index}", error.detail)
            return None
        self._check(index, leaf)
        if leaf.case_ref is not None:
            owner = bytes.fromhex(leaf.case_ref.decode())
            self._check_counter(index, self._cases, owner, (leaf.case_seq, leaf.case_prev))
        if self.case_key and (flaw := misfiled(leaf, body, self.case_key)):
            self.findings.fail(Check.COUNTERS, f"entry {index}", flaw)
        if leaf.peer is not None:
            self._check_counter(index, self._peers, leaf.peer, (leaf.peer_seq, leaf.peer_prev))
        if leaf.type in {_SENT, _RECEIVED}:
            self._keep(leaf.type, _transfer(index, leaf))
        return leaf

    def starts(self) -> dict[str, tuple[int, int]]:
        """Give the first place that this log has of each channel."""
        found: dict[str, tuple[int, int]] = {}
        for channel, epoch, seq in (*self.sent, *self.received):
            found[channel] = min(found.get(channel, (epoch, seq)), (epoch, seq))
        return found

    def finish(self) -> None:
        """Say what was looked at."""
        self.findings.details[Check.LEAVES] = f"{self.count} leaves"
        counted = f"{len(self._cases)} cases, {len(self._peers)} peers"
        self.findings.details[Check.COUNTERS] = counted

    def _check(self, index: int, leaf: Scanned) -> None:
        # Times have one form and one length: their octets are in the order of time.
        if leaf.seq_time < self.last_time:
            self._fail(index, "its time is before that of the entry before")
        else:
            self.last_time = leaf.seq_time
        if leaf.log != self.origin.encode():
            self._fail(index, "it is of another log")
        if (leaf.type == LOG_OPENED) != (index == 0):
            self._fail(index, "a log is opened by its first entry, once")
        if self.closed:
            self._fail(index, "nothing may follow the end of a log")
        self.closed = self.closed or leaf.type == LOG_CLOSED
        if index == 0 and leaf.peer_receipt is not None:
            self.continues = _counterpart(leaf.peer_receipt)
        if index == 0 and not self._key_fits(leaf):
            self._fail(index, "the log was opened under another case key")

    def _fail(self, index: int, detail: str) -> None:
        self.findings.fail(Check.LEAVES, f"entry {index}", detail)

    def _key_fits(self, leaf: Scanned) -> bool:
        if self.case_key is None:
            return True
        digest = hashlib.sha256(_CASE_KEY_LABEL + self.case_key).hexdigest().encode()
        return b'"%b":"%b"' % (CASE_KEY_FIELD, digest) in leaf.commit.split(b",")

    def _check_counter(
        self,
        index: int,
        last: dict[bytes, tuple[int, int]],
        owner: bytes,
        told: tuple[bytes | None, bytes | None],
    ) -> None:
        """Demand the next number, and the index of the one before."""
        before = last.get(owner)
        expected = (b"0", None) if before is None else (b"%d" % (before[0] + 1), b"%d" % before[1])
        if told != expected:
            kind, name = (
                ("case", owner.hex()) if len(owner) > len("XX") else ("peer", owner.decode())
            )
            detail = f"{kind} {name[:16]}: number {_shown(told[0])} after {_shown(told[1])}"
            wanted = f"expected {_shown(expected[0])} after {_shown(expected[1])}"
            self.findings.fail(Check.COUNTERS, f"entry {index}", f"{detail}, {wanted}")
        last[owner] = (int(told[0] or 0), index)

    def _keep(self, kind: bytes, transfer: Transfer) -> None:
        side = self.sent if kind == _SENT else self.received
        other = side.setdefault(transfer.place, transfer)
        if other is not transfer:
            detail = f"{transfer.shown()} stands at entry {other.index} already"
            self.findings.fail(Check.CHANNELS, f"entry {transfer.index}", detail)


def _transfer(index: int, leaf: Scanned) -> Transfer:
    receipt = leaf.peer_receipt
    return Transfer(
        index=index,
        place=_place(leaf.channel, leaf.epoch, leaf.seq),
        entry_type=intern((leaf.entry_type or b"").decode()),
        hash=bytes.fromhex((leaf.entry_hash or b"").decode()),
        outcome=None if leaf.outcome is None else intern(leaf.outcome.decode()),
        about=leaf.about and _about(leaf.about),
        counterpart=receipt and _counterpart(receipt),
        time=leaf.seq_time,
    )


def _place(channel: bytes | None, epoch: bytes | None, seq: bytes | None) -> Place:
    return intern((channel or b"").decode()), int(epoch or 0), int(seq or 0)


def _about(told: Four) -> tuple[Place, bytes]:
    channel, epoch, digest, seq = told
    return _place(channel, epoch, seq), bytes.fromhex(digest.decode())


def _counterpart(told: Four) -> PeerReceipt:
    index, origin, root, size = told
    return PeerReceipt(
        index=int(index), origin=intern(origin.decode()), root=unb64(root.decode()), size=int(size)
    )


def _shown(number: bytes | None) -> str:
    return "None" if number is None else number.decode()
