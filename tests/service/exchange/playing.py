"""A peer's request to whose clocks a test does what acts do."""

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.exchange import timing
from services.exchange.clock_watch import ClockWatch, Effect
from services.exchange.clockwork import Clock
from services.exchange.records import Request
from services.exchange.store import clocks, requests
from shared.protocol import canonical
from shared.protocol.law.lifecycle import Act, State, fold
from shared.protocol.law.pairs import ChallengeRule, Pair
from tests.service.exchange.node import Node, receive_request

PARIS = ZoneInfo("Europe/Paris")


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PARIS).astimezone(UTC)


@dataclass
class Play:
    """A peer's request, and the acts that are done to it."""

    node: Node
    request: Request
    challenge: ChallengeRule | None = None  # in the profile of the two, in the place of its own

    @property
    def ground(self) -> dict[str, Any]:
        parts = self.node.parts
        directory = copy(parts.directory)
        told = parts.directory.pair

        def pair(requesting: str, requested: str, on: date) -> Pair | None:
            found = told(requesting, requested, on)
            return found and found.model_copy(update={"challenge": self.challenge})

        directory.pair = pair  # type: ignore[method-assign]
        return {"directory": directory, "country": parts.keyring.country}

    def act(self, act: Act, when: str, *, stated: int | None = None, **states: str) -> None:
        """Do an act; `M01="S07"` says which measures it moves; without, all go to `to`."""
        moved = [
            replace(each, state=State(states.get(each.measure_id, states.get("to", each.state))))
            for each in self.request.measures
        ]
        after = replace(
            self.request, measures=tuple(moved), state=fold([each.state for each in moved])
        )
        with self.node.parts.database.begin() as db:
            timing.on_act(db, self.request, after, act, at=at(when), stated=stated, **self.ground)
        self.request = after

    def happened(self, word: str, when: str, subject: str = "request") -> None:
        with self.node.parts.database.begin() as db:
            timing.happened(db, self.request, word, subject=subject, at=at(when), **self.ground)

    def clocks(self) -> Mapping[str, Clock]:
        with self.node.parts.database.read() as db:
            return {each.id: each for each in clocks.of(db, self.request.id)}

    def last(self, name: str) -> str | None:
        """The last minute that counts, in the requested country."""
        due = self.clocks()[name].due_at
        if due is None:
            return None
        return f"{(due - timedelta(seconds=1)).astimezone(PARIS):%Y-%m-%d %H:%M}"

    def state(self, name: str) -> str:
        return str(self.clocks()[name].state)

    def events(self) -> list[tuple[str, str, int]]:
        """Every event about clocks so far: its kind, reason and count."""
        with self.node.parts.database.read() as db:
            rows = db.connection().exec_driver_sql("select payload from event order by position")
            told: list[Any] = [canonical.parse(bytes(row[0])) for row in rows if row[0]]
        return [
            (one["type"].removeprefix("clock."), one["reason"], one["count"])
            for one in told
            if one["type"].startswith("clock.") and one["case_id"] == self.request.id
        ]

    def watch(self, when: str, **effects: Any) -> ClockWatch:  # noqa: ANN401
        """Let the watch look at a moment, until it has nothing more to tell."""

        def own(effect: Effect) -> Effect:
            return lambda clock: effect(clock) if clock.request_id == self.request.id else None

        effects = {name: own(effect) for name, effect in effects.items()}
        made = ClockWatch(
            database=self.node.parts.database, clock=lambda: at(when), effects=effects
        )
        made.begin()
        assert not (made.work() and made.work())  # it looks once a minute
        return made


def asked(node: Node, **changed: Any) -> Play:  # noqa: ANN401
    """QM's request has just been delivered to QN, on Monday, 2 March 2026."""
    request_id = receive_request(node, **changed)
    with node.parts.database.read() as db:
        return Play(node, requests.find(db, request_id))


def basis(instrument: str, article: str) -> dict[str, Any]:
    return {"legal_basis": [{"instrument": instrument, "article": article}]}
