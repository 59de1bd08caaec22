"""What the witness has cosigned, by both of its memories; and what it does when they do not agree.

The database has all of it, the marks (on another volume) the newest note of each log. A mark is written
after the commit, so it never stands before the database, unless the database was taken back: then the
log is rolled forward to the mark. A log that neither knows was never cosigned, or forgotten twice over:
it is asked for its own published checkpoint first, which would show our lines.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from services.audit.acquaintance import Acquaintance
from services.audit.marks import Marks, checkpoint_of
from services.audit.store import Session, witness
from shared.protocol.accusations import own_lines
from shared.protocol.checkpoints import check_signed
from shared.protocol.cosignatures import read_cosignatures
from shared.protocol.errors import ProtocolError
from shared.protocol.notes import NoteVerifier, read_note
from shared.runtime import logs
from shared.runtime.clock import Clock
from shared.runtime.database import Database
from shared.runtime.refusals import Unavailable

Ask = Callable[[str], str | None]
"""Give the checkpoint that a country's log publishes, None if it has none yet; raises Unavailable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """Both memories of one witness.

    Attributes:
        vkeys: its own.
        ask: what a log publishes.
        known: the origins of which something is known, or that were asked.
        asking: those that are being asked.
        turn: guards `asking`.
    """

    vkeys: Sequence[str]
    database: Database
    marks: Marks
    ask: Ask
    clock: Clock
    known: set[str] = field(default_factory=set)
    asking: set[str] = field(default_factory=set)
    turn: threading.Lock = field(default_factory=threading.Lock)

    @property
    def state(self) -> str:
        """`ok`, or why nothing is cosigned."""
        if self.marks.begun:
            return "ok"
        with self.database.read() as db:
            cosigned = any(map(self._ours, witness.heads(db).values()))
        # Looked at again: the marks are begun before anything is cosigned, maybe a moment ago.
        if cosigned and not self.marks.begun:
            return "the witness has lost its second memory, beside the signer's"
        return "ok"

    def awaken(self, log: Acquaintance) -> None:
        """See to it that we know what we cosigned of a log, before we judge it.

        Raises:
            Unavailable: we do not know, and cannot ask now.
        """
        if (state := self.state) != "ok":
            raise _forgot(state, "Its operators bring it back, or give the witness a new key.")
        if log.origin in self.known:
            return
        if not self.marks.begun:
            self.marks.begin()
        if not self._remembers(log.origin):
            with self._alone(log.origin):
                published = self.ask(log.country)
                if published is not None:
                    self._learn(log, published)
        self.known.add(log.origin)

    @contextmanager
    def _alone(self, origin: str) -> Iterator[None]:
        """Let one call at a time ask a log: a log that answers slowly would hold all others up."""
        with self.turn:
            if origin in self.asking:
                raise _asking(origin)
            self.asking.add(origin)
        try:
            yield
        finally:
            with self.turn:
                self.asking.discard(origin)

    def last(self, db: Session, log: Acquaintance) -> str | None:
        """Give the note cosigned last, in the transaction that will store the next one.

        Raises:
            Unavailable: the memories contradict each other.
        """
        stored, marked = witness.lock(db, log.origin), self.marks.note(log.origin)
        if marked is None:
            return stored
        try:
            mark = checkpoint_of(marked)
            known = None if stored is None else checkpoint_of(stored)
        except ProtocolError as error:
            raise _forgot(f"a note in its memory cannot be read: {error.detail}") from error
        if known is None or known.size < mark.size:
            self._roll_forward(db, log, marked)
            return marked
        if known.size == mark.size and known.root != mark.root:
            raise _forgot(f"its memories of {log.origin} do not agree")
        return stored

    def _remembers(self, origin: str) -> bool:
        with self.database.read() as db:
            return origin in witness.heads(db) or self.marks.note(origin) is not None

    def _learn(self, log: Acquaintance, published: str) -> None:
        """Take over what a log's own checkpoint shows that we cosigned."""
        try:
            read, checkpoint = read_note(published), checkpoint_of(published)
            check_signed(read, checkpoint, log.vkeys)
            ours = read_cosignatures(published, self.vkeys)
        except ProtocolError as error:
            raise _forgot(f"{log.origin} shows no checkpoint of its own: {error.detail}") from error
        if ours:
            with self.database.begin() as db:
                if witness.lock(db, log.origin) is None:
                    self._roll_forward(db, log, own_lines(read, [*log.vkeys, *self.vkeys]))
            # Commit point. Died before it: the log is asked again. After it: it is known.

    def _roll_forward(self, db: Session, log: Acquaintance, note: str) -> None:
        """Take a note that was cosigned for the newest: the log's lines in it, and all others."""
        read, told = read_note(note), checkpoint_of(note)
        theirs = own_lines(read, log.vkeys)
        others = [each.line() for each in read.signatures if each.line() not in theirs]
        witness.accept(db, told, theirs, "".join(others), self.clock())
        logs.log().warning("witness_rolled_forward", log=log.origin, size=told.size)

    def _ours(self, note: str) -> bool:
        """Whether a note that we kept bears a line of ours."""
        read = read_note(note)
        return any(NoteVerifier.from_vkey(vkey).signed(read) for vkey in self.vkeys)


def _asking(origin: str) -> Unavailable:
    return Unavailable(
        "log_unanswered",
        f"{origin} is being asked what it has published.",
        rule="witnessing.md 2",
        next_step="Ask again in a moment.",
        headers={"Retry-After": "2"},
    )


def _forgot(detail: str, next_step: str | None = None) -> Unavailable:
    logs.log().critical("witness_does_not_cosign", detail=detail)
    return Unavailable(
        "witness_forgot",
        f"The witness does not cosign: {detail}.",
        rule="witnessing.md 2",
        next_step=next_step or "Its operators look at both of its memories.",
        headers={"Retry-After": "5"},
    )
