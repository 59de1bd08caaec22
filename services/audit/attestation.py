"""What was signed over the log: each checkpoint kept or shown, against the tree that the entries give."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.audit.alarms import CorruptLog
from services.audit.store import Session, keysets, pages, publication, tree
from services.audit.store.tree import Signed
from shared.protocol.checkpoints import Checkpoint, verify_checkpoint
from shared.protocol.cosignatures import read_cosignatures
from shared.protocol.errors import ProtocolError
from shared.protocol.policies import parse_policy


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestations:
    """The checkpoints of a page, by size: as signed, as shown, and the witnesses' lines under each."""

    signed: Mapping[int, Signed]
    shown: Mapping[int, Signed]
    lines: Mapping[int, frozenset[str]]

    @classmethod
    def within(cls, db: Session, page: range) -> "Attestations":
        """Those whose last entry is in a page."""
        sizes = range(page.start + 1, page.stop + 1)
        return cls(
            signed={each.size: each for each in tree.checkpoints(db, sizes)},
            shown={each.size: each for each in publication.publications(db, sizes)},
            lines=pages.lines(db, sizes),
        )

    @property
    def sizes(self) -> list[int]:
        """Where the root of the tree is needed."""
        return sorted(self.signed.keys() | self.shown.keys())


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """Who signs for the log, and who may witness it, over all of its time."""

    origin: str
    log: Sequence[str]
    witnesses: Sequence[str]

    @classmethod
    def of(cls, db: Session, origin: str, vkeys: Sequence[str]) -> "Keys":
        """The log's keys that are given, and those that once signed or were named by a policy."""
        named = (
            each.vkey
            for text in pages.policies(db)
            for each in parse_policy(text.encode()).witnesses
        )
        return cls(
            origin=origin,
            log=list(dict.fromkeys([*vkeys, *keysets.ever(db)])),
            witnesses=list(dict.fromkeys(named)),
        )

    def check(self, found: Attestations, size: int, root: bytes) -> None:
        """Check all that was signed at a size, where the entries give this root.

        Raises:
            CorruptLog: a signature does not hold, or is under something else.
        """
        signed, shown = found.signed.get(size), found.shown.get(size)
        if signed is None:
            raise CorruptLog(size - 1, "a checkpoint is shown that was not signed")
        try:
            stated = verify_checkpoint(signed.note, self.log)
            if shown is not None and shown.note != signed.note:
                read_cosignatures(shown.note, self.witnesses)
        except ProtocolError as error:
            raise CorruptLog(size - 1, f"the checkpoint is bad: {error.detail}") from error
        if stated != Checkpoint(origin=self.origin, size=size, root=root):
            raise CorruptLog(size - 1, "the checkpoint has another root than the entries")
        if shown is not None:
            _check_shown(shown, signed, found.lines.get(size, frozenset()))


def _check_shown(shown: Signed, signed: Signed, lines: frozenset[str]) -> None:
    """What is shown is what was signed, and witnesses' lines that are kept."""
    added = shown.note.removeprefix(signed.note).splitlines(keepends=True)
    if not shown.note.startswith(signed.note) or not lines.issuperset(added):
        raise CorruptLog(
            shown.size - 1, "the checkpoint that is shown is not the one that was signed"
        )
