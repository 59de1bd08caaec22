"""Read every leaf: its form, its time, the dense counters of cases and peers; keep the transfers."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from client.oversight.findings import Check, Findings
from shared.protocol.errors import ProtocolError
from shared.protocol.leaves import TRANSFER_INTENT, TRANSFER_RECEIVED, Leaf, parse

LOG_OPENED: Final = "log.opened"
CASE_KEY_FIELD: Final = "log_case_key"
_CASE_KEY_LABEL: Final = b"rogatory-log-case/v1\x00"
_TRANSFERS: Final = frozenset({TRANSFER_INTENT, TRANSFER_RECEIVED})

_BEFORE_ALL: Final = datetime.min.replace(tzinfo=UTC)

Place = tuple[str, int, int]
"""Channel, epoch, seq."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """An entry of a channel, as a log tells it."""

    index: int
    leaf: Leaf

    @property
    def place(self) -> Place:
        """Where the entry stands in its channel."""
        leaf = self.leaf
        return leaf.channel or "", leaf.epoch or 0, leaf.seq or 0

    def shown(self) -> str:
        """Write the place for people: `QM>QN 0/7`."""
        channel, epoch, seq = self.place
        return f"{channel} {epoch}/{seq}"


@dataclass(slots=True, kw_only=True)
class Ledger:
    """What a log says, leaf by leaf. `case_key` is K_log, if the overseer has been given it."""

    origin: str
    case_key: bytes | None
    findings: Findings
    sent: dict[Place, Transfer] = field(default_factory=dict)
    received: dict[Place, Transfer] = field(default_factory=dict)
    last_time: datetime = _BEFORE_ALL
    _cases: dict[str, tuple[int, int]] = field(default_factory=dict)
    _peers: dict[str, tuple[int, int]] = field(default_factory=dict)
    _count: int = 0

    def add(self, index: int, body: bytes) -> None:
        """Read the leaf at an index."""
        self._count += 1
        try:
            leaf = parse(body)
        except ProtocolError as error:
            self.findings.fail(Check.LEAVES, f"entry {index}", error.detail)
            return
        self._check(index, leaf)
        self._check_counter(
            index, "case", self._cases, leaf.case_ref, (leaf.case_seq, leaf.case_prev)
        )
        self._check_counter(index, "peer", self._peers, leaf.peer, (leaf.peer_seq, leaf.peer_prev))
        if leaf.type in _TRANSFERS:
            self._keep(Transfer(index=index, leaf=leaf))

    def finish(self) -> None:
        """Say what was looked at."""
        self.findings.details[Check.LEAVES] = f"{self._count} leaves"
        self.findings.details[Check.COUNTERS] = (
            f"{len(self._cases)} cases, {len(self._peers)} peers"
        )

    def _check(self, index: int, leaf: Leaf) -> None:
        flaws: Mapping[str, bool] = {
            "it is of another log": leaf.log != self.origin,
            "its time is before that of the entry before": leaf.seq_time < self.last_time,
            "a log is opened by its first entry, once": (leaf.type == LOG_OPENED) != (index == 0),
            "the log was opened under another case key": index == 0 and not self._key_fits(leaf),
        }
        for detail, found in flaws.items():
            if found:
                self.findings.fail(Check.LEAVES, f"entry {index}", detail)
        self.last_time = max(self.last_time, leaf.seq_time)

    def _key_fits(self, leaf: Leaf) -> bool:
        if self.case_key is None:
            return True
        digest = hashlib.sha256(_CASE_KEY_LABEL + self.case_key).hexdigest()
        return leaf.commit.get(CASE_KEY_FIELD) == digest

    def _check_counter(
        self,
        index: int,
        kind: str,
        last: dict[str, tuple[int, int]],
        owner: str | None,
        told: tuple[int | None, int | None],
    ) -> None:
        """Demand the next number, and the index of the one before."""
        if owner is None:
            return
        before = last.get(owner)
        expected = (0, None) if before is None else (before[0] + 1, before[1])
        if told != expected:
            detail = f"{kind} {owner[:16]}: number {told[0]} after {told[1]}"
            wanted = f"expected {expected[0]} after {expected[1]}"
            self.findings.fail(Check.COUNTERS, f"entry {index}", f"{detail}, {wanted}")
        last[owner] = (told[0] or 0, index)

    def _keep(self, transfer: Transfer) -> None:
        side = self.sent if transfer.leaf.type == TRANSFER_INTENT else self.received
        other = side.setdefault(transfer.place, transfer)
        if other is not transfer:
            detail = f"{transfer.shown()} stands at entry {other.index} already"
            self.findings.fail(Check.CHANNELS, f"entry {transfer.index}", detail)
