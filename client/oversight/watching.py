"""Watch a log: whatever it shows must extend all that it showed, and it must go on showing something.

Heads are looked at often, since checkpoint and hash tiles leave no trace in the log; entries are pulled and
audited less often, since each access to them is an entry itself. The audit goes on where it stopped.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

from client.clock import Clock
from client.errors import (
    MISUSE,
    IntegrityError,
    StateError,
    UnavailableError,
    VerificationFailedError,
)
from client.oversight.audit import Auditor
from client.oversight.counting.monitoring import Monitor
from client.oversight.dates import SKEW, signed_at
from client.oversight.findings import Check, Findings
from client.oversight.mirror import Mirror, checkpoint_name
from client.oversight.proving import Mirrored, prove, prove_note
from client.oversight.pull import pull, pull_head
from client.oversight.trusting import read_trust
from client.sdk.session import Session
from shared.protocol.canonical import Json
from shared.protocol.errors import MissingSignatureError, ProtocolError
from shared.protocol.identities import ClosedLog
from shared.protocol.leaves import format_time
from shared.protocol.policies import check_quorum

SHOWN: Final = 3  # failures of one check in an alarm; `audit verify` has all
BROKEN, SILENT = VerificationFailedError.exit_code, UnavailableError.exit_code


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """Something that a person must look at; `exit_code` is that of a command that ends with it."""

    code: str
    detail: str
    exit_code: int

    def to_json(self) -> dict[str, Json]:
        """Give it for programs."""
        return {"code": self.code, "detail": self.detail, "exit_code": self.exit_code}


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What a look came to: the newest checkpoint, if there was one, and what is wrong now."""

    size: int | None
    signed: datetime | None
    audited: bool
    alarms: tuple[Alarm, ...]


@dataclass(slots=True, kw_only=True)
class Watch:
    """A monitor of one log.

    Attributes:
        session: with the scope audit:read and a purpose.
        mirror: an earlier one of the log, or an empty folder.
        pinned_root: of the directory.
        entries_every: how often entries are pulled and audited.
        silence: how old the newest checkpoint may be, and how long the node may not answer.
        zone: in which it is night, for patterns of misuse.
    """

    session: Session
    mirror: Mirror
    pinned_root: bytes
    clock: Clock
    entries_every: timedelta
    silence: timedelta
    zone: tzinfo = UTC
    _auditor: Auditor = field(init=False)
    _monitor: Monitor = field(init=False)
    _extended: set[str] = field(
        default_factory=set
    )  # checkpoints that the newest was found to extend
    _heads: list[str] = field(default_factory=list)  # kept since the last audit
    _audited: datetime | None = None
    _heard: datetime = field(init=False)

    def __post_init__(self) -> None:
        self._auditor = Auditor(mirror=self.mirror, pinned_root=self.pinned_root)
        self._monitor = Monitor(mirror=self.mirror, zone=self.zone)
        self._heard = self.clock()

    def look(self) -> Round:
        """Look at the log once.

        Raises:
            ClientError: the watch cannot go on: it is not allowed to read, or the mirror is of
                another log.
        """
        now = self.clock()
        due = self._audited is None or now - self._audited >= self.entries_every
        try:
            newest, alarms = self._entries(now) if due else self._head()
        except (UnavailableError, IntegrityError) as error:
            return self._unheard(now, error.detail)
        except VerificationFailedError as error:
            detail = error.detail + (f"; {error.next_step}" if error.next_step else "")
            return self._broken(error.code, detail)
        except ProtocolError as error:
            return self._broken(error.code, error.detail)
        self._heard = now
        self._note(newest, audited=due and not alarms)
        signed = signed_at(newest.note, newest.checkpoint, newest.vkeys)
        found = (*alarms, *self._ages(now, signed, newest.checkpoint.origin))
        return Round(size=newest.checkpoint.size, signed=signed, audited=due, alarms=found)

    def _entries(self, now: datetime) -> tuple[Mirrored, tuple[Alarm, ...]]:
        pull(self.session, self.mirror, pinned_root=self.pinned_root, compare_all=False)
        newest, findings = prove(self.mirror, self.pinned_root), Findings()
        self._auditor.advance(findings)
        self._audited = now
        alarms = tuple(_failures(findings)) or tuple(self._misuse(newest.checkpoint.size, now))
        return newest, alarms

    def _misuse(self, size: int, now: datetime) -> Iterator[Alarm]:
        """One alarm for each pattern of misuse that the new entries complete."""
        for pattern, lines in self._monitor.look(size=size, now=now).items():
            more = [f"and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else []
            detail = "; ".join([*lines[:SHOWN], *more])
            yield Alarm(code=f"misuse_{pattern.lower()}", detail=detail, exit_code=MISUSE)

    def _head(self) -> tuple[Mirrored, tuple[Alarm, ...]]:
        note = pull_head(self.session, self.mirror, pinned_root=self.pinned_root, compare_all=False)
        trusted = read_trust(self.mirror, self.pinned_root)
        newest = prove_note(self.mirror, note, trusted, known=self._extended)
        try:
            check_quorum(trusted.log(newest.checkpoint.origin).policy, note)
        except MissingSignatureError as error:
            return newest, (Alarm(code="unwitnessed", detail=error.detail, exit_code=BROKEN),)
        return newest, ()

    def _note(self, newest: Mirrored, *, audited: bool) -> None:
        """Remember what the newest extends; of the heads between two audits only the last is kept."""
        last = checkpoint_name(newest.note)
        self._extended = {name for name, _ in self.mirror.checkpoints(but=self._extended)} | (
            self._extended
        )
        self._extended -= {f"checkpoints/{last}", f"heads/{last}"}
        if audited:
            for name in self._heads:
                if name != last:
                    self.mirror.drop_checkpoint(name)
            self._heads = []
        elif last not in self._heads:
            self._heads.append(last)

    def _ages(self, now: datetime, signed: datetime, origin: str) -> Iterator[Alarm]:
        if isinstance(read_trust(self.mirror, self.pinned_root).log(origin).named[0], ClosedLog):
            detail = f"{origin} is closed: watch the log that goes on in a folder of its own"
            yield Alarm(code="log_closed", detail=detail, exit_code=StateError.exit_code)
        elif now - signed > self.silence:
            detail = (
                f"nothing since {format_time(signed)}: entries, or at least heartbeats, are missing"
            )
            yield Alarm(code="log_silent", detail=detail, exit_code=SILENT)
        if signed - now > SKEW:
            detail = (
                f"the log dates its checkpoint {format_time(signed)}, which is ahead of our clock"
            )
            yield Alarm(code="log_ahead", detail=detail, exit_code=BROKEN)

    def _broken(self, code: str, detail: str) -> Round:
        alarm = Alarm(code=code, detail=detail, exit_code=BROKEN)
        return Round(size=None, signed=None, audited=False, alarms=(alarm,))

    def _unheard(self, now: datetime, why: str) -> Round:
        alarms = []
        if now - self._heard > self.silence:
            detail = f"no answer since {format_time(self._heard)}"
            alarms.append(Alarm(code="log_silent", detail=f"{detail}: {why}", exit_code=SILENT))
        return Round(size=None, signed=None, audited=False, alarms=tuple(alarms))


def _failures(findings: Findings) -> Iterator[Alarm]:
    """One alarm for each check that failed."""
    for check in Check:
        failed = [each for each in findings.failures if each.check is check]
        if failed:
            places = [f"{each.place}: {each.detail}" for each in failed[:SHOWN]]
            more = [f"and {len(failed) - SHOWN} more"] if len(failed) > SHOWN else []
            detail = f"check {check.number}, {check.title}: {'; '.join([*places, *more])}"
            yield Alarm(code=f"check_{check.number}", detail=detail, exit_code=BROKEN)
