"""An answer to "all entries of a case, or about a peer", checked page by page (spec/indexes.md, 4).

Nothing of it is believed: the checkpoint is the log's and has its quorum, each entry stands under it, the
list is all that a logged index has of the key, and what came after that index is there without a gap.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from client.oversight.timeline import Event, event_of
from client.sdk.records import as_list, as_object, number, text
from shared.protocol.canonical import Json, unb64, unb64u
from shared.protocol.checkpoints import Checkpoint, verify_checkpoint
from shared.protocol.commitments import Opening, check_opening
from shared.protocol.errors import FormatError, LogProofError
from shared.protocol.identities import ClosedLog, NamedLog
from shared.protocol.indexes import (
    IndexRoot,
    case_key,
    peer_key,
    read_index_root,
    verify_absent,
    verify_present,
)
from shared.protocol.leaves import Leaf, format_time, parse
from shared.protocol.logproofs import verify_log_proof
from shared.protocol.merkle import leaf_hash, verify_inclusion
from shared.protocol.policies import check_quorum
from shared.protocol.tries import EMPTY, TrieProof

NO_INDEX = IndexRoot(size=0, root=EMPTY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sought:
    """Whose entries are sought: a case's, by its pseudonym, or a peer's."""

    case_ref: str | None = None
    peer: str | None = None

    @property
    def key(self) -> bytes:
        """Its key in the index."""
        return peer_key(self.peer or "") if self.case_ref is None else case_key(self.case_ref)

    def has(self, leaf: Leaf) -> bool:
        """Say whether a leaf is one of its entries."""
        return self == Sought(
            case_ref=None if self.case_ref is None else leaf.case_ref,
            peer=None if self.peer is None else leaf.peer,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """An entry of an answer, with the values behind its commitments that are not erased."""

    event: Event
    openings: Mapping[str, str]


@dataclass(slots=True, kw_only=True)
class Answer:
    """An answer in the course of being read.

    Attributes:
        log: whose entries these are, as the directory names it.
        note: the signed checkpoint that all of it is under, and `stated` what it says.
        root: the logged index that the list is from, and `index` the place of its entry; None without.
        told: the entries found so far.
        following: the index to go on from; None at the end.
    """

    sought: Sought
    log: NamedLog
    note: str
    stated: Checkpoint
    root: IndexRoot
    index: int | None
    _trie: TrieProof
    told: list[Told] = field(default_factory=list)
    following: int | None = 0
    until: str = ""
    _listed: list[int] = field(default_factory=list)
    _next: int = 0  # no entry before this may follow

    @classmethod
    def begin(cls, page: dict[str, Json], sought: Sought, log: NamedLog) -> Answer:
        """Check what the first page says: under which checkpoint, and from which index.

        Raises:
            ProtocolError: it does not hold.
        """
        note = text(page, "checkpoint")
        stated = verify_checkpoint(note, log.vkeys)
        check_quorum(log.witnessed_by, note)
        log.check_end(stated)
        if isinstance(log, ClosedLog) and stated.size != log.size:
            raise LogProofError("the log was closed with more entries", size=log.size)
        root, index, trie = _read_index(page.get("index"), stated, log)
        return cls(
            sought=sought,
            log=log,
            note=note,
            stated=stated,
            root=root,
            index=index,
            _trie=trie,
        )

    def take(self, page: dict[str, Json]) -> None:
        """Check a page.

        Raises:
            ProtocolError: an entry does not stand where it says, or is not one of those asked for.
        """
        if (number(page, "size"), number(page, "covered")) != (self.stated.size, self.root.size):
            raise LogProofError("the page belongs to another answer")
        rows = as_list(page.get("entries"))
        for row in rows:
            self._take(as_object(row))
        if page.get("next") is None:
            self.following = None
            self._finish()
        elif not rows or number(page, "next") < self._next:
            raise LogProofError("the answer does not go on")
        else:
            self.following = number(page, "next")

    def _take(self, row: dict[str, Json]) -> None:
        index, body = number(row, "index"), unb64u(text(row, "leaf"))
        path = [unb64(_text(each)) for each in as_list(row.get("path"))]
        verify_inclusion(index, self.stated.size, leaf_hash(body), path, self.stated.root)
        leaf = parse(body)
        # In the list there are gaps; from the end of the index on there are none.
        expected = max(self._next, self.root.size)
        if index < self._next or (index >= self.root.size and index != expected):
            raise LogProofError("an entry is missing, or out of order", index=index)
        self._next, self.until = index + 1, format_time(leaf.seq_time)
        if index < self.root.size:
            self._listed.append(index)
        if self.sought.has(leaf):
            self.told.append(Told(event=event_of(index, leaf), openings=_openings(row, leaf)))
        elif index < self.root.size:
            raise LogProofError("an entry is of another case or peer", index=index)

    def _finish(self) -> None:
        """Check that nothing is missing: neither from the list, nor after the index."""
        if self._next != self.stated.size:
            raise LogProofError("the last entries are missing", size=self.stated.size)
        if self._listed:
            verify_present(self.root.root, self.sought.key, self._listed, self._trie)
        else:
            verify_absent(self.root.root, self.sought.key, self._trie)


def _read_index(
    value: Json, stated: Checkpoint, log: NamedLog
) -> tuple[IndexRoot, int | None, TrieProof]:
    """The root of the index that is logged under the checkpoint, with what it says of the key."""
    if value is None:
        return NO_INDEX, None, TrieProof(end=b"", steps=())
    told = as_object(value)
    body = unb64u(text(told, "leaf"))
    proven = verify_log_proof(text(told, "proof"), body, log.vkeys)
    if proven.checkpoint != stated:
        raise LogProofError("the index is proven under another checkpoint")
    root = read_index_root(proven.index, parse(body))
    return root, proven.index, TrieProof.from_json(told.get("trie"))


def _openings(row: dict[str, Json], leaf: Leaf) -> dict[str, str]:
    shown = {}
    for each in as_list(row.get("openings")):
        told = as_object(each)
        opening = Opening(
            name=text(told, "name"), value=text(told, "value"), salt=unb64u(text(told, "salt"))
        )
        check_opening(leaf.commit, opening)
        shown[opening.name] = opening.value
    return shown


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise FormatError("a hash is a text")
    return value
