"""Use case: our witness of other countries' logs judges a submission, stores it, cosigns it.

Witnessing writes no entry into our own log: two logs that witness each other would grow for ever. What
convicts a log is an entry, `peer.log_contradicted`, in the same transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from http import HTTPStatus

from services.audit import submission
from services.audit.acquaintance import Acquaintance, claimants, rightful
from services.audit.catalogue import PEER_CONTRADICTED
from services.audit.confidential import Confidential
from services.audit.events import Event
from services.audit.marks import checkpoint_of
from services.audit.membership import Membership
from services.audit.pacing import Pace
from services.audit.remembering import Memory
from services.audit.signals import Signals
from services.audit.store import Session, witness
from services.audit.store.witness import Found
from shared.protocol.accusations import CONTRADICTIONS, evidence_name, held_against, own_lines
from shared.protocol.checkpoints import Checkpoint
from shared.protocol.cosignatures import WitnessKey, cosign, verify_cosignatures
from shared.protocol.errors import FormatError, ProtocolError
from shared.protocol.identifiers import new_id
from shared.protocol.misbehaviour import parse_evidence
from shared.protocol.witnessing import (
    Accepted,
    Refused,
    Reply,
    Submission,
    judge,
    malformed,
    parse_submission,
)
from shared.runtime import logs
from shared.runtime.clock import Clock, milliseconds
from shared.runtime.database import Database
from shared.runtime.refusals import NotFound

MOST_REFUSED = (
    10_000  # notes kept of one log although they were refused; its keys sign them cheaply
)
ENOUGH = 64  # files of evidence against one log; a log that is convicted is convicted


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far we have cosigned a log: entries, seconds since; and the files that convict it."""

    country: str
    origin: str
    size: int | None
    age: int | None
    evidence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    """What came of a submission: the answer, the note as cosigned, whether there is evidence."""

    reply: Reply
    cosigned: str | None = None
    convicted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Cosigner:
    """Our witness; safe to share between threads, and with other processes on the same database."""

    key: WitnessKey
    membership: Membership
    memory: Memory
    confidential: Confidential
    signals: Signals
    pace: Pace = field(default_factory=Pace)

    @property
    def database(self) -> Database:
        """The first memory, and the log's own inbox."""
        return self.memory.database

    @property
    def clock(self) -> Clock:
        """Says when it cosigns."""
        return self.memory.clock

    @property
    def state(self) -> str:
        """`ok`, or why nothing is cosigned."""
        return self.memory.state

    def add_checkpoint(self, body: bytes) -> Reply:
        """Answer add-checkpoint (C2SP tlog-witness); what is cosigned is durable before.

        Raises:
            Unavailable: what was cosigned before is not known for sure.
            TooMany: this log asks too often.
        """
        try:
            sent = parse_submission(body)
        except FormatError as error:
            return Reply.to(malformed(error))
        log = self.acquainted(sent.origin)
        first = judge(sent, log.vkeys if log else (), None)
        if log is None or (isinstance(first, Refused) and first.signed is None):
            assert isinstance(first, Refused)
            return Reply.to(first)  # nobody but the log itself gets as far as the lock
        self.memory.awaken(log)
        with self.database.begin() as db:
            made = self._judge(db, sent, log)
        # Commit point. Died before it: nothing was cosigned, and nothing said. After it: it is
        # cosigned, whether or not the log hears of it, and no smaller or other tree ever will be.
        if made.cosigned is not None:
            self.memory.marks.advance(made.cosigned)
        if made.convicted:
            self.signals.arrived()
        return made.reply

    def newest(self, place: str) -> str:
        """Show the newest note that was cosigned of a log, by its monitoring path.

        Raises:
            NotFound: none was.
        """
        with self.database.read() as db:
            note = witness.newest(db, place)
        if note is None:
            raise NotFound("not_witnessed", "Nothing was cosigned of this log.")
        return note

    def standings(self) -> list[Standing]:
        """Say for the operators how far we have cosigned the logs of the directory."""
        claims = claimants(self.membership.directory.members, self.membership.country)
        with self.database.read() as db:
            heads, counts = witness.heads(db), witness.evidence_counts(db)
        return [
            Standing(
                country=each.country,
                origin=each.origin,
                size=checkpoint_of(heads[each.origin]).size if each.origin in heads else None,
                age=self._age(heads.get(each.origin)),
                evidence=counts.get(each.origin, 0),
            )
            for claimed in claims.values()
            for each in claimed
        ]

    def _age(self, note: str | None) -> int | None:
        """Seconds since we cosigned a note; None if this key has not."""
        try:
            times = verify_cosignatures(note or "", self.key.vkeys())
        except ProtocolError:
            return None
        return max((int(self.clock().timestamp()) - each for each in times.values()), default=None)

    def evidence(self) -> list[Found]:
        """Show all that is held against other logs, the oldest first."""
        with self.database.read() as db:
            return witness.evidence(db)

    def acquainted(self, origin: str) -> Acquaintance | None:
        """Tell whose log this is, if we witness it."""
        claims = claimants(self.membership.directory.members, self.membership.country)
        asked = claims.get(origin, [])
        if len(asked) < 2:  # noqa: PLR2004 - nobody contests it
            return asked[0] if asked else None
        with self.database.read() as db:
            return rightful(asked, witness.keys(db, origin))

    def _judge(self, db: Session, sent: Submission, log: Acquaintance) -> _Made:
        """Judge while nobody else can."""
        now, last = self.clock(), self.memory.last(db, log)
        judged = judge(sent, log.vkeys, None if last is None else checkpoint_of(last))
        note = own_lines(sent.note, log.vkeys)
        told = judged.checkpoint if isinstance(judged, Accepted) else judged.signed
        assert told is not None  # the signatures held a moment ago
        vkeys = witness.keep_keys(db, log.origin, log.vkeys, now)
        found = held_against(sent, judged, vkeys=vkeys, last=last, others=witness.others(db, told))
        self.keep_evidence(db, log, found, now)
        if isinstance(judged, Refused):
            self._keep_refused(db, judged, told, note, proven=bool(found))
            return _Made(reply=Reply.to(judged), convicted=bool(found))
        if last is None or told.size > checkpoint_of(last).size:
            self.pace.take(log.origin, now)  # anybody may repeat what a log has sent: that is free
        lines = cosign(note, self.key, now)
        witness.accept(db, told, note, lines, now)
        reply = Reply(status=HTTPStatus.OK, body=lines)
        return _Made(reply=reply, cosigned=note + lines, convicted=bool(found))

    def _keep_refused(
        self, db: Session, judged: Refused, told: Checkpoint, note: str, *, proven: bool
    ) -> None:
        reason = judged.reason.name.lower()
        if witness.refused(db, told.origin, reason) < MOST_REFUSED:
            witness.keep(db, told, note, reason, self.clock())
        if judged.reason in CONTRADICTIONS and not proven:
            logs.log().critical(
                "log_did_not_extend", log=told.origin, size=told.size, cosigned=judged.known
            )

    def keep_evidence(
        self, db: Session, log: Acquaintance, found: Sequence[bytes], now: datetime
    ) -> None:
        """Keep what convicts a log, for ever, and have our own log tell of each new file of it."""
        for evidence in found:
            if witness.count_evidence(db, log.origin) >= ENOUGH:
                return
            name = evidence_name(evidence)
            kept = Found(name=name, origin=log.origin, evidence=evidence, found_at=now)
            if witness.keep_evidence(db, kept):
                event = _contradicted(log, evidence, now)
                submission.deliver(db, submission.enclose([event], self.confidential), now)
                logs.log().critical("log_contradicted", log=log.origin, evidence=name)


def _contradicted(log: Acquaintance, evidence: bytes, now: datetime) -> Event:
    """The entry: whose log, from which size on, and the digest of the file that proves it."""
    read = parse_evidence(evidence)
    return Event(
        event_id=new_id(now),
        type=PEER_CONTRADICTED,
        event_time=milliseconds(now),
        peer=log.country,
        reason="not_extended" if read.path else "two_roots",
        count=checkpoint_of(read.smaller).size,
        commit={"evidence": sha256(evidence).hexdigest()},
    )
