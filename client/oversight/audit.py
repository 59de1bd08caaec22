"""Audit a mirror offline, from a pinned root: is the log whole, consistent, and answered abroad?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from client.oversight.counterparts import Counterparts
from client.oversight.dates import check_dates
from client.oversight.findings import Check, Findings
from client.oversight.indexing import IndexCheck
from client.oversight.ledger import Ledger, Place
from client.oversight.mirror import CASE_KEY, CHECKPOINT, DIRECTORY, Mirror, size_of
from client.oversight.proving import Mirrored, head
from client.oversight.quorum import check_witnesses
from client.oversight.succession import check_succession
from client.oversight.transfers import check_channels, check_incoming, check_outgoing
from client.oversight.tree import Tree, read_entries
from client.oversight.trusting import Keys, Trusted, read_trust
from shared.protocol.checkpoints import Checkpoint, read_checkpoint
from shared.protocol.errors import ProtocolError
from shared.protocol.logproofs import ProvenLeaf
from shared.protocol.notes import read_note


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """What one mirror proves.

    Attributes:
        keys: whose log it is, and which keys sign it.
        newest: its newest checkpoint, and what its tiles prove.
        ledger: the transfers that the log tells of.
        counterparts: where the other country's leaves of received transfers stand.
    """

    keys: Keys
    newest: Mirrored
    ledger: Ledger
    counterparts: dict[Place, ProvenLeaf]

    @property
    def country(self) -> str:
        """Whose log it is."""
        return self.keys.country

    @property
    def stated(self) -> Checkpoint:
        """The newest checkpoint."""
        return self.newest.checkpoint

    def root_of(self, size: int) -> bytes | None:
        """Give the root of the first entries; None beyond the newest checkpoint."""
        return self.newest.root(size) if size <= self.stated.size else None


def audit(mirror: Mirror, *, pinned_root: bytes, findings: Findings) -> Audited | None:
    """Make the checks 1 to 9, 11, 12 and 14 of a mirror.

    Args:
        mirror: what was pulled.
        pinned_root: the root of the directory, from a source that the overseer trusts.
        findings: are told of everything that does not hold.

    Returns:
        What it proves; None if not even the directory or the newest checkpoint holds.
    """
    return Auditor(mirror=mirror, pinned_root=pinned_root).advance(findings)


@dataclass(slots=True, kw_only=True)
class Auditor:
    """An audit that can go on: entries that were read are not read again when the mirror has grown."""

    mirror: Mirror
    pinned_root: bytes
    _tree: Tree = field(default_factory=Tree)
    _index: IndexCheck = field(default_factory=IndexCheck)
    _ledger: Ledger | None = None
    _counterparts: Counterparts | None = None

    def advance(self, findings: Findings) -> Audited | None:
        """Make all checks of the mirror as it is now; see `audit`."""
        try:
            trusted, keys, newest = begin(self.mirror, self.pinned_root, findings)
        except ProtocolError as error:
            check, place = (
                (Check.CHECKPOINTS, CHECKPOINT)
                if Check.TRUST in findings.details
                else (Check.TRUST, DIRECTORY)
            )
            findings.fail(check, str(error.facts.get("object", place)), error.detail)
            return None
        seen = _seen(self.mirror, keys, findings, size=newest.checkpoint.size)
        ledger = self._read(newest.checkpoint, findings)
        if Check.TREE not in findings.details:
            return None  # not all entries could be read: what is missing would be said of every one
        newest = replace(newest, known=self._tree.nodes)
        _check_history(seen, newest, findings)
        check_dates(seen, newest, keys, findings)
        check_witnesses(self.mirror, keys.policy, findings, said_by="the directory")
        check_channels(self.mirror, ledger, findings)
        if self._counterparts is None or self._counterparts.trusted != trusted:
            self._counterparts = Counterparts(mirror=self.mirror, trusted=trusted)
        counterparts = check_incoming(self._counterparts, ledger, findings)
        check_outgoing(ledger, findings)
        check_succession(ledger, keys.country, trusted, findings)
        return Audited(keys=keys, newest=newest, ledger=ledger, counterparts=counterparts)

    def _read(self, stated: Checkpoint, findings: Findings) -> Ledger:
        """Read the entries that were not read yet."""
        if self._ledger is None:
            case_key = self.mirror.read(CASE_KEY) if self.mirror.has(CASE_KEY) else None
            self._ledger = Ledger(origin=stated.origin, case_key=case_key, findings=findings)
        ledger = self._ledger
        ledger.findings = findings
        self._index.begin(stated.size - self._tree.given)
        for index, body in read_entries(self.mirror, stated, self._tree, findings):
            self._index.add(ledger.add(index, body), index, findings)
        ledger.finish()
        self._index.finish(stated.size, findings)
        return ledger


def begin(mirror: Mirror, pinned_root: bytes, findings: Findings) -> tuple[Trusted, Keys, Mirrored]:
    """Check trust, then the newest checkpoint by the keys that the directory gives its log.

    Raises:
        ProtocolError: one of them does not hold.
    """
    trusted = read_trust(mirror, pinned_root)
    vouched = "the directory vouches for " + ", ".join(sorted(trusted.members))
    findings.details[Check.TRUST] = vouched
    note = mirror.read(CHECKPOINT).decode("utf-8", "replace")
    keys = trusted.log(read_checkpoint(read_note(note).text).origin)
    newest = head(mirror, note, keys)
    keys.check_closed(newest.checkpoint)
    return trusted, keys, newest


def _seen(
    mirror: Mirror, keys: Keys, findings: Findings, *, size: int
) -> dict[str, tuple[str, Checkpoint]]:
    """Check the signatures of every checkpoint ever seen; give notes and checkpoints by file."""
    found, count = dict[str, tuple[str, Checkpoint]](), 0
    beyond = {name for name in mirror.heads() if size_of(name) > size}  # entries are still to come
    for name, text in mirror.checkpoints(but=beyond):
        with findings.noting(Check.CHECKPOINTS, name):
            found[name] = text, keys.verify_any(text)
        count += 1
    findings.details[Check.CHECKPOINTS] = f"{count} checkpoints of {keys.origin}"
    return found


def _check_history(
    seen: Mapping[str, tuple[str, Checkpoint]], newest: Mirrored, findings: Findings
) -> None:
    """Find each tree that was signed once among the trees that the entries now make up."""
    stated = newest.checkpoint
    held, others = 0, dict[str, Checkpoint]()
    for name, (_, checkpoint) in seen.items():
        if checkpoint.size > stated.size:
            detail = f"the log went back from {checkpoint.size} to {stated.size} entries"
            findings.fail(Check.HISTORY, name, detail)
        elif newest.root(checkpoint.size) == checkpoint.root:
            held = max(held, checkpoint.size)
        else:
            others[name] = checkpoint
    for name, checkpoint in others.items():
        detail = f"the first {checkpoint.size} entries were others then"
        findings.fail(Check.HISTORY, name, f"{detail}; up to {held} they are the same")
    findings.details[Check.HISTORY] = f"up to {held} entries"
