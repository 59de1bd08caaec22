"""Use case: keep the index of the log, and log its root now and then (spec/indexes.md).

A root is due when an entry has waited for `every`, and at once when there are many. It goes into the
inbox in the transaction that moves the index, so each stands in the log once. A next one is made when
the one before is published; until then, and for `KEPT` after it, the nodes of its trie are kept, so
that whoever was given a root is given the proofs under it too.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.audit import proofs, submission
from services.audit.catalogue import INDEX_ROOT
from services.audit.confidential import Confidential
from services.audit.events import Event
from services.audit.store import Session, entries, index, tree
from services.audit.store.entries import Filter, Stored
from services.audit.store.index import Logged
from shared.protocol import tries
from shared.protocol.errors import LogProofError
from shared.protocol.identifiers import new_id
from shared.protocol.indexes import INDEX_ROOT_FIELD, IndexRoot, case_key, index_hash, peer_key
from shared.protocol.merkle import Frontier
from shared.protocol.scanning import scan
from shared.protocol.tries import Update
from shared.runtime import logs
from shared.runtime.clock import Clock, milliseconds
from shared.runtime.database import Database
from shared.runtime.refusals import NotFound

STEP = 1024  # entries in one transaction
MANY = 4096  # entries after which a root is due at once: a list is read with all that follows it
GLANCE = timedelta(seconds=1)  # between two looks when nothing was to be done
NO_INDEX = IndexRoot(size=0, root=tries.EMPTY)
KEPT = timedelta(minutes=10)  # proofs are given so long under a root that is no more the newest


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """How the index grows by some entries, from one root to the next."""

    old: IndexRoot
    new: IndexRoot
    edges: dict[bytes, Frontier]
    update: Update
    logged: int  # the last size whose root was logged
    last: bool  # whether the root is to be logged


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """An entry in the list of a key: the how-manieth it is, the entry itself says."""

    key: bytes
    index: int
    seq: int


@dataclass(slots=True, kw_only=True)
class Indexer:
    """A job of the leader: what it knows is in the database."""

    database: Database
    confidential: Confidential
    clock: Clock
    every: timedelta
    many: int = MANY
    step: int = STEP
    glance: timedelta = GLANCE
    _looked: datetime | None = None

    def begin(self) -> None:
        """The database says how far the index is."""
        self._looked = None

    def work(self) -> bool:
        """Take a step if a root is due, else remove what nobody asks for; False if there was nothing."""
        now = self.clock()
        if self._looked is not None and self._looked <= now < self._looked + self.glance:
            return False  # every commit of the log wakes us, and nothing here hurries
        busy = self._turn()
        self._looked = None if busy else now
        return busy

    def _turn(self) -> bool:
        with self.database.read() as db:
            old = index.head(db)
        try:
            step = self._next()
        except (LogProofError, KeyError) as error:
            return self._forget(old, error)
        return self._prune() if step is None else self._keep(step)

    def _forget(self, old: IndexRoot, error: Exception) -> bool:
        """Begin anew: signed as it is, a damaged index would be wrong for ever, and it is only derived."""
        with self.database.begin() as db:
            if not index.move_head(db, old, NO_INDEX):
                return False  # it has gone on while we looked: somebody else leads now
            index.forget(db)
        # Commit point. Died before it: the damage is found again. After it: steps lead from nothing.
        logs.log().critical("index_damaged", detail=str(error))
        return True

    def _next(self) -> _Step | None:
        """The next step, if a root is due."""
        with self.database.read() as db:
            last = index.last_root(db)
            end = self._end(db, last)
            return None if end is None else _advance(db, last, end, self.step)

    def _end(self, db: Session, last: Logged | None) -> int | None:
        """Up to where the index is to go now."""
        log, covered = tree.head(db), last.size if last else 0
        if log is None or (last and (last.index is None or last.index >= _published(db))):
            return None
        if index.head(db).size != covered:
            return log.size  # it is on its way
        fresh = range(covered, log.size)
        since = index.waiting_since(db, fresh)
        rested = since is not None and self.clock() - since >= self.every
        return log.size if rested or len(fresh) >= self.many else None

    def _keep(self, step: _Step) -> bool:
        now = self.clock()
        root = Event(
            event_id=new_id(now),
            type=INDEX_ROOT,
            event_time=milliseconds(now),
            count=step.new.size,
            commit={INDEX_ROOT_FIELD: step.new.root.hex()},
        )
        letters = submission.enclose([root], self.confidential)
        with self.database.begin() as db:
            if not index.move_head(db, step.old, step.new):
                return False  # somebody else leads now, and has done it
            index.add_records(db, step.update.added, step.new.size)
            index.retire(db, step.update.removed, size=step.new.size, logged=step.logged)
            index.put_lists(db, step.edges)
            if step.last:
                index.add_root(db, step.new, event_id=root.event_id, now=now)
                submission.deliver(db, letters, now)
        # Commit point. Died before it: the index is where it was, and no root was said. After it: the
        # root waits in the inbox like any event, and will stand in the log once.
        return True

    def _prune(self) -> bool:
        """Remove the nodes that were only under roots which nobody is given any more."""
        with self.database.read() as db:
            kept = index.root_before(db, self.clock() - KEPT, _published(db))
            if kept is None or not index.has_prunable(db, kept.size):
                return False
        with self.database.begin() as db:
            index.prune(db, kept.size)
        # Commit point. Died before it: they are found again.
        return True


def _advance(db: Session, last: Logged | None, end: int, step: int) -> _Step:
    """Work out a step from what is stored, and check on the way that it is what was stored.

    Raises:
        LogProofError, KeyError: it is not.
    """
    old = index.head(db)
    if last and last.size == old.size and last.root != old.root:
        raise LogProofError("the index has another root than the one that was logged")
    size = min(old.size + step, end)
    fresh = entries.page(db, Filter(indexes=range(old.size, size)), step)
    placed = [place for each in fresh for place in _places(each)]
    keys = {each.key for each in placed}
    edges = index.lists(db, keys)
    records = tries.walk(old.root, keys, lambda hashes: index.records(db, hashes))
    for key, edge in edges.items():
        value = tries.verify(old.root, key, tries.prove(old.root, key, records))
        if value != (edge.root() if edge.size else None):
            raise LogProofError("a list of the index is not the one that was stored")
    for each in placed:
        if edges[each.key].size != each.seq:
            raise LogProofError("a list of the index is not as long as the entries say")
        edges[each.key].add(index_hash(each.index))
    update = tries.update(old.root, {key: edge.root() for key, edge in edges.items()}, records)
    return _Step(
        old=old,
        new=IndexRoot(size=size, root=update.root),
        edges=edges,
        update=update,
        logged=last.size if last else 0,
        last=size == end,
    )


def _places(stored: Stored) -> list[_Place]:
    """Where an entry stands in the index. What counts is the leaf itself, and not the columns."""
    leaf, places = scan(stored.body), []
    if leaf.case_ref is not None and leaf.case_seq is not None:
        key = case_key(leaf.case_ref.decode())
        places.append(_Place(key=key, index=stored.index, seq=int(leaf.case_seq)))
    if leaf.peer is not None and leaf.peer_seq is not None:
        key = peer_key(leaf.peer.decode())
        places.append(_Place(key=key, index=stored.index, seq=int(leaf.peer_seq)))
    return places


def _published(db: Session) -> int:
    try:
        return proofs.newest(db).size
    except NotFound:
        return 0
