"""Have our checkpoints cosigned by the witnesses of our policy, and publish what has its quorum.

All witnesses are asked for the same checkpoint, at once; the next one is chosen when that is published, or
when everybody has answered, so that two witnesses do sign the same. One that is away or slow is left behind
and asked again after a pause. A witness that has seen another history of our log stops it: then nothing
more may be signed, until people have found out which one is true.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.audit import publication
from services.audit.alarms import OtherHistory
from services.audit.membership import Membership
from services.audit.publication import Signed
from services.audit.signals import Signals
from services.audit.witnesses import Station, UnansweredError, Witnesses, incomplete, stations
from shared.protocol.cosignatures import Cosignature
from shared.protocol.errors import ProtocolError
from shared.protocol.policies import Policy
from shared.protocol.witnessing import (
    Answer,
    Outcome,
    format_submission,
    parse_submission,
    read_answer,
)
from shared.runtime import logs
from shared.runtime.clock import Clock
from shared.runtime.database import Database

TRIES = 3  # one may be answered with the size that the witness knows, and that may have grown since
CLOCKS = timedelta(minutes=5)  # that a witness's clock and ours may be apart
LOOK = 0.9  # seconds between two looks when nobody rings
PAUSES = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)  # seconds after so many failures in a row
UNANSWERED = "unanswered"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a witness said last, for the operators: an outcome of the protocol, or `unanswered`."""

    outcome: str
    detail: str
    at: datetime


@dataclass(slots=True, kw_only=True)
class _Desk:
    """Where we stand with one witness."""

    asked: int | None = None  # the size that it is being asked for
    failures: int = 0
    due_at: float = 0.0
    report: Report | None = None


@dataclass(slots=True, kw_only=True)
class Witnessing:
    """A duty of the leader: asks in threads of its own, so that nobody waits for the slowest."""

    database: Database
    membership: Membership
    witnesses: Witnesses
    contradiction: Callable[[str], str | None]  # what a note proves against our log
    signals: Signals
    pace: timedelta  # the least time between two checkpoints that witnesses are asked for
    clock: Clock
    _desks: dict[str, _Desk] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _target: int = 0
    _round_at: float = 0.0
    _seen: tuple[int, int] = (-1, -1)
    _finished: int = 0
    _look_at: float = 0.0

    def begin(self) -> None:
        """What others have been told is in the database; pauses begin anew."""
        with self._lock:
            self._desks = {name: desk for name, desk in self._desks.items() if desk.asked}
            self._look_at = 0.0

    def work(self) -> bool:
        """Publish what has its quorum, and ask for what has not, if there is anything new."""
        seen = self.signals.generation, self._finished
        policy = self.membership.policy
        if policy is None or (seen == self._seen and time.monotonic() < self._look_at):
            return False
        self._seen, self._look_at = seen, time.monotonic() + LOOK
        shown = publication.publish(database=self.database, policy=policy, clock=self.clock)
        newest = publication.newest_signed(self.database)
        if newest is not None and self._round_is_over(shown):
            self._begin_round(policy, newest)
        return False

    def reports(self) -> Mapping[str, Report]:
        """What each witness said last."""
        with self._lock:
            return {name: desk.report for name, desk in self._desks.items() if desk.report}

    def _round_is_over(self, shown: int) -> bool:
        with self._lock:
            waiting = any(desk.asked == self._target for desk in self._desks.values())
        return not waiting or shown >= self._target

    def _begin_round(self, policy: Policy, newest: Signed) -> None:
        """Ask everybody who is due and has not yet cosigned the newest checkpoint."""
        signers = publication.signers(self.database, newest.size)
        due = [
            each
            for each in stations(policy)
            if incomplete(each, signers) and self._is_due(each.name)
        ]
        if not due:
            return
        time.sleep(max(0.0, self._round_at - time.monotonic()))
        self._round_at = time.monotonic() + self.pace.total_seconds()
        self._target = newest.size
        for station in due:
            with self._lock:
                self._desks[station.name].asked = newest.size
            # A thread that hangs in the network must not keep the process from ending.
            name = f"witness-{station.name}"
            threading.Thread(
                target=self._ask, args=(station, newest), name=name, daemon=True
            ).start()

    def _is_due(self, name: str) -> bool:
        with self._lock:
            desk = self._desks.setdefault(name, _Desk())
            return desk.asked is None and time.monotonic() >= desk.due_at

    def _ask(self, station: Station, signed: Signed) -> None:
        """Ask one witness for one checkpoint, keep what it signs and note what it says."""
        try:
            answer = self._submit(station, signed)
            outcome, detail = answer.outcome, answer.detail
            if outcome in (Outcome.ROLLBACK, Outcome.ROOT_CONFLICT):
                outcome, detail = self._accused(station, answer)
            if outcome is Outcome.COSIGNED:
                outcome, detail = self._keep(signed.size, answer.cosignatures)
            self._note(station, outcome.value, detail, failed=outcome is not Outcome.COSIGNED)
        except UnansweredError as error:
            self._note(station, UNANSWERED, str(error), failed=True)
        except Exception as error:  # noqa: BLE001 - the top of a thread: the database may be away
            logs.log().exception("witness_not_asked", witness=station.name)
            self._note(station, UNANSWERED, type(error).__name__, failed=True)

    def _submit(self, station: Station, signed: Signed) -> Answer:
        old = publication.last_cosigned(self.database, station.signers)
        answer = self._submit_from(old, station, signed)
        for _ in range(TRIES - 1):
            known = answer.size or 0
            if answer.outcome is not Outcome.STALE or known > signed.size:
                break
            answer = self._submit_from(known, station, signed)
        return answer

    def _submit_from(self, old: int, station: Station, signed: Signed) -> Answer:
        proof = publication.extension(self.database, old=old, new=signed.size)
        body = format_submission(old, proof, signed.note)
        status, content = self.witnesses.add_checkpoint(station.name, body)
        # Read after the answer: meanwhile another leader may have signed more.
        newest = publication.newest_signed(self.database)
        return read_answer(
            status,
            content,
            sent=parse_submission(body),
            head=max(signed.size, newest.size if newest else 0),
            vkeys=station.vkeys,
        )

    def _keep(self, size: int, lines: tuple[Cosignature, ...]) -> tuple[Outcome, str]:
        now = self.clock().timestamp()
        if any(abs(each.time - now) > CLOCKS.total_seconds() for each in lines):
            return Outcome.GARBAGE, "its clock is more than five minutes off ours"
        publication.keep(database=self.database, size=size, cosignatures=lines)
        return Outcome.COSIGNED, ""

    def _accused(self, station: Station, answer: Answer) -> tuple[Outcome, str]:
        """Look at what a witness has that says so; stop the log unless it shows that it errs itself."""
        try:
            note = self.witnesses.newest(station.name)
            found = None if note is None else self.contradiction(note)
            refuted = note is not None and found is None
        except (UnansweredError, ProtocolError):
            note, found, refuted = None, None, False
        if refuted:
            return Outcome.GARBAGE, f"it claims a {answer.outcome.value}, and shows a note of ours"
        claim = found or f"it claims a {answer.outcome.value} at {answer.size}, and shows no proof"
        logs.log().critical("other_history", witness=station.name, claim=claim, note=note)
        self.signals.condemn(OtherHistory(station.name, claim))
        return answer.outcome, claim

    def _note(self, station: Station, outcome: str, detail: str, *, failed: bool) -> None:
        with self._lock:
            desk = self._desks.setdefault(station.name, _Desk())
            if failed and (desk.report is None or desk.report.outcome != outcome):
                logs.log().warning(
                    "not_cosigned", witness=station.name, outcome=outcome, detail=detail
                )
            desk.report = Report(outcome=outcome, detail=detail, at=self.clock())
            desk.asked = None
            desk.failures = desk.failures + 1 if failed else 0
            pause = PAUSES[min(desk.failures, len(PAUSES)) - 1] if failed else 0.0
            desk.due_at = time.monotonic() + pause
            self._finished += 1
        self.database.pulse.beat()
