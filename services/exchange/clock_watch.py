"""Reminds before the end of a clock, records the breach after it, and does what a miss brings about.

What is told is a mark on the clock itself, written with the event: nothing is told twice, and what came due
while the node stood still is told when it runs again, the reminders that were slept through as one.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.exchange import clockbasis, clockwork
from services.exchange.clockwork import Clock
from services.exchange.records import Request
from services.exchange.store import Session, clocks, requests
from services.exchange.timing import Tale
from shared.protocol.law.clockwords import vocabulary
from shared.runtime import logs
from shared.runtime.clock import Clock as Now
from shared.runtime.database import Database
from shared.runtime.refusals import Refusal

PACE = timedelta(minutes=1)
BATCH = 100
Effect = Callable[[Clock], None]  # of its own transaction; twice is as good as once


@dataclass(slots=True, kw_only=True)
class ClockWatch:
    """Looks once a minute which clocks are to be told of.

    `effects`: what a miss brings about, by the word of the profile ("lapse", "withdraw and delete", …).
    """

    database: Database
    clock: Now
    effects: Mapping[str, Effect] = field(default_factory=dict)
    looked_at: datetime | None = None

    def begin(self) -> None:
        """Nothing is taken over: what is due is due."""

    def work(self) -> bool:
        """Look, if it is time to; False otherwise, and when nothing was found."""
        now = self.clock()
        if self.looked_at is not None and now - self.looked_at < PACE:
            return False
        told = self.tell(now)
        done = self.carry_out()
        if told < BATCH:
            self.looked_at = now
        return told + done > 0

    def tell(self, now: datetime) -> int:
        """Record reminders and breaches, at most `BATCH`; return of how many clocks."""
        with self.database.begin() as db:
            due = clocks.take_due(db, now, BATCH)
            for request_id in dict.fromkeys(clock.request_id for clock in due):
                of = [clock for clock in due if clock.request_id == request_id]
                _tell(db, requests.find(db, request_id), of, now)
            # Commit point: before it nobody was told; after it the log is, and the clock knows it.
        return len(due)

    def carry_out(self) -> int:
        """Do what misses bring about; return how many. What is refused now is tried again later."""
        with self.database.read() as db:
            waiting = clocks.with_effect(db, BATCH)
        done = 0
        for clock in waiting:
            assert clock.effect is not None
            try:
                self.effects.get(clock.effect, _nothing)(clock)
            except Refusal as refusal:  # the channel is frozen, or somebody acts at the same moment
                logs.log().warning("miss_without_effect", clock=clock.id, why=refusal.code)
                continue
            with self.database.begin() as db:
                clocks.settle(db, clock)
            # Commit point: if we die before it, the effect is asked for again and finds itself done.
            done += 1
        return done


def _nothing(_clock: Clock) -> None:
    """Nothing follows here."""


def _tell(db: Session, request: Request, due: Sequence[Clock], now: datetime) -> None:
    """Tell of the clocks of one request: what says the same of several measures is one event."""
    tale, side = Tale(), clockbasis.side(request)
    for clock in due:
        assert clock.due_at is not None
        if now >= clock.due_at:
            missed = clock.duty.missed
            here = missed is not None and vocabulary().effect.get(missed) == side
            clocks.save(db, clockwork.miss(clock, now, missed if here else None))
            tale.add_miss(clock)
        else:
            clocks.save(db, clockwork.reminded(clock, now))
            if clock.ours:
                tale.add("clock.warned", clock)
    tale.post(db, request, now)
