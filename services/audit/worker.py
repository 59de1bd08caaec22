"""The sequencer's thread: stand by for the lead, then publish, sequence, publish; until stopped."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from typing_extensions import override

from services.audit import inspection, leadership, publication, rotation, sequencing
from services.audit.alarms import Alarm, ClockBehind, LeadLost, LogClosed
from services.audit.confidential import Confidential
from services.audit.signals import Signals
from services.audit.signer import Signer
from shared.protocol.policies import Policy
from shared.runtime import logs
from shared.runtime.clock import Clock
from shared.runtime.database import Database

CLOCK_PATIENCE = timedelta(seconds=1)  # a clock may be behind so long before it is an alarm
RETRY = 0.5  # seconds after a failure of the database
GLANCE = 0.5  # seconds; another process may have lost the lead


@dataclass(frozen=True, slots=True, kw_only=True)
class Log:
    """The parts of an open log."""

    database: Database
    origin: str
    confidential: Confidential
    signer: Signer
    policy: Callable[
        [], Policy | None
    ]  # who must have cosigned what is published, if that is known
    clock: Clock


class Sequencer(threading.Thread):
    """The one writer, or one of those who stand by for it.

    `state` says `ok` or `standby`, or why nothing is written. An alarm ends the work of this process; who
    stands by takes the lead, looks for itself, and says the same if the log is not in order.
    """

    def __init__(
        self,
        log: Log,
        signals: Signals,
        *,
        interval: timedelta,
        assure: Callable[[threading.Event], None] = lambda _stopping: None,
    ) -> None:
        """Compose it.

        Args:
            log: the parts of the log.
            signals: what it listens to and tells.
            interval: the least time between two batches.
            assure: asks others about our log before a new leader signs; may take its time.
        """
        super().__init__(name="sequencer", daemon=True)
        self._assure, self._assured = assure, False
        self._log, self._signals, self._interval = log, signals, interval
        self._lead = leadership.of(log.database, log.signer.folder)
        self._stopping = threading.Event()
        self._leads, self._epoch, self._size = False, -1, 0

    @property
    def state(self) -> str:
        """`ok` while this process extends the log, `standby` while another does."""
        if self._signals.alarm is not None:
            return str(self._signals.alarm)
        if not self.is_alive():
            return "not running"
        return "ok" if self._leads else "standby"

    def leading(self) -> bool:
        """Whether this process extends the log: what only the leader does is done while it does."""
        return self.is_alive() and self._leads and self._signals.alarm is None

    def presiding(self) -> bool:
        """As `leading`, and also over a log that was closed: its end is to be witnessed."""
        closed = isinstance(self._signals.alarm, LogClosed)
        return self.is_alive() and self._leads and (self._signals.alarm is None or closed)

    @override
    def start(self) -> None:
        """Begin, unless the log must not be extended: then say why and leave it to be read."""
        try:
            self._stand()
        except LeadLost as lost:
            self._step_down(lost)
        except Alarm as alarm:
            self._raise(alarm)
            self._lead.release()
            return
        super().start()

    def _stand(self) -> None:
        """Take the lead if nobody has it."""
        if self._lead.take():
            self._open()
            self._leads = True
            logs.log().info("lead_taken", epoch=self._epoch)

    def _step_down(self, lost: LeadLost) -> None:
        """Stand by again. What we did last is durable or never happened; the next leader looks."""
        logs.log().warning("lead_lost", detail=str(lost))
        self._leads = False
        self._lead.release()
        if isinstance(self._signals.alarm, ClockBehind):
            self._signals.signed()  # our clock does not stop whoever leads now

    def _open(self) -> None:
        """Fence off every earlier leader, and look over the end of the log."""
        log, before = self._log, self._epoch
        self._epoch = sequencing.open_log(
            database=log.database,
            origin=log.origin,
            confidential=log.confidential,
            clock=log.clock,
            known=log.signer.epoch(),
        )
        rotation.note(
            log.signer.vkeys,
            database=log.database,
            confidential=log.confidential,
            clock=log.clock,
        )
        # Died in between: the epoch is taken and nobody's; the next leader takes a higher one.
        log.signer.take(self._epoch)
        inspection.inspect(
            database=log.database,
            confidential=log.confidential,
            origin=log.origin,
            vkeys=log.signer.vkeys,
            last=inspection.QUICK,
        )
        # Asking may outlast the lead: who gets it back at once, and nobody led between, does not ask again.
        self._assured = self._assured and self._epoch == before + 1

    def stop(self) -> None:
        """End after the present batch, and let another process take the lead."""
        self._stopping.set()
        self._signals.arrived()
        if self.ident is not None:
            self.join()
        self._leads = False
        self._lead.release()

    @override
    def run(self) -> None:
        """Work in a loop; only a clock that is behind is an alarm that ends by itself."""
        while not self._stopping.is_set():
            try:
                if self._leads:
                    self._work()
                else:
                    self._stopping.wait(GLANCE)
                    self._stand()
            except ClockBehind as alarm:
                self._wait_for_clock(alarm)
            except LogClosed as alarm:
                self._rest(alarm)
            except LeadLost as lost:
                self._step_down(lost)
            except Alarm as alarm:
                self._raise(alarm)
                self._lead.release()
                return
            except Exception:  # noqa: BLE001 - the top of the loop: the database may come back
                # The outcome of a commit may be unknown: nothing is in memory, the next turn looks.
                logs.log().exception("sequencer_failed")
                self._stopping.wait(RETRY)

    def _work(self) -> None:
        """One turn, and the wait until the next."""
        if not self._lead.held():
            raise LeadLost("the session that held the lead is gone")
        if not self._assured:
            self._assure(self._stopping)
            self._assured = True
        began = time.monotonic()
        if self._turn():
            # A single event is answered at once; under load, batches keep this distance.
            spent = time.monotonic() - began
            self._stopping.wait(self._interval.total_seconds() - spent)
        else:
            self._signals.await_arrival(self._lead.glance)

    def _turn(self) -> int:
        """Publish what is left from before, sequence a batch and publish it; return its length."""
        log = self._log
        self._signals.check()
        self._publish()
        taken = sequencing.sequence(
            database=log.database,
            origin=log.origin,
            confidential=log.confidential,
            clock=log.clock,
            epoch=self._epoch,
        )
        if taken:
            self._publish()
        return taken

    def _publish(self) -> None:
        log = self._log
        size = publication.sign(
            database=log.database, signer=log.signer, clock=log.clock, policy=log.policy()
        )
        if size != self._size:
            self._size = size
            self._signals.signed()
            log.database.pulse.beat()

    def _wait_for_clock(self, alarm: ClockBehind) -> None:
        """Wait for the time that the last entry has; tell everybody if that is far."""
        if alarm.behind > CLOCK_PATIENCE:
            self._raise(alarm)
        self._stopping.wait(min(alarm.behind, CLOCK_PATIENCE).total_seconds())

    def _rest(self, alarm: LogClosed) -> None:
        """Take no entries, and go on looking: the end is witnessed, and a lost lead is noticed."""
        if not isinstance(self._signals.alarm, LogClosed):
            logs.log().info("log_closed", size=alarm.size)
            self._signals.stopped(alarm)
        self._signals.await_arrival(GLANCE)

    def _raise(self, alarm: Alarm) -> None:
        logs.log().critical("log_stopped", code=alarm.code, detail=str(alarm))
        self._signals.stopped(alarm)
