"""One act being done: who does what to which measures, and what comes of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from services.exchange.acts.contents import Content
from services.exchange.bench import Bench
from services.exchange.records import Request
from services.exchange.states import Actor
from services.exchange.store import Session
from shared.protocol.approvals import Approval
from shared.protocol.law.lifecycle import Act, State
from shared.protocol.legalacts import MeasureState
from shared.protocol.messages import Body


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """An act in its transaction. `request` is as it was before; `states` as all measures are after."""

    act: Act
    content: Content
    approval: Approval | None  # of the officer who signed it, where one must
    request: Request
    measures: Sequence[str]  # that it is about
    states: Mapping[str, State]
    actor: Actor
    bench: Bench
    db: Session

    @property
    def told(self) -> tuple[MeasureState, ...]:
        """Return the states as an entry tells them."""
        return tuple(
            MeasureState(measure_id=measure, state=state) for measure, state in self.states.items()
        )


@dataclass(frozen=True, slots=True)
class Event:
    """An event to record: its type, its reason (a code), how many."""

    type: str
    reason: str | None = None
    count: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What an act says to the other country (None: nothing), and to the log."""

    body: Body | None = None
    events: Sequence[Event] = field(default_factory=tuple)
