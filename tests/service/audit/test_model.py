"""The log against a list in memory: whatever happens in whatever order, the two tell the same."""

import functools
import shutil
import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from typing_extensions import override

from services.audit import tables
from services.audit.alarms import ClockBehind, LeadLost, SignerRefusal
from services.audit.events import Event
from services.audit.store import entries
from services.audit.submission import Recorded
from shared.protocol import leaves
from shared.runtime.database import migrate, open_database
from shared.runtime.refusals import Conflict, Unavailable
from tests.service.audit import independent
from tests.service.audit.conftest import MIGRATIONS
from tests.service.audit.logbook import KEY, Dead, Logbook, MortalDatabase, event, request_id

CASES, PEERS = 3, ("QN", "QX")
FAULTS = st.sampled_from(["not persisted", "persisted"])
OPENED = -1  # stands for the log's own first entry


@functools.cache
def _template() -> Path:
    file = Path(tempfile.mkdtemp(prefix="rogatory-model-")) / "audit.sqlite"
    opened = open_database(f"sqlite:///{file}")
    migrate(opened, MIGRATIONS)
    opened.close()
    return file


def _event(number: int, **told: object) -> Event:
    about = {"case_id": request_id(number % CASES), "personal": {"officer": f"Officer {number}"}}
    return event(number, type="request.drafted", **{**about, **told})


class Model(RuleBasedStateMachine):
    """`order` is the log, `waiting` the inbox, `told` what callers were answered."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="rogatory-model-"))
        shutil.copy(_template(), self.folder / "audit.sqlite")
        self.book = self._open(self.folder / "audit.sqlite")
        self.book.open()
        self.order: list[int] = [OPENED]
        self.waiting: list[int] = []
        self.told: dict[int, Recorded] = {}
        self.next = 1
        self.published = 1

    def _open(self, file: Path) -> Logbook:
        opened = open_database(f"sqlite:///{file}")
        return Logbook(MortalDatabase(opened.engine, opened.sessions), self.folder)

    @override
    def teardown(self) -> None:
        self.book.database.close()
        shutil.rmtree(self.folder)

    @property
    def known(self) -> list[int]:
        return self.order[1:] + self.waiting

    @rule(count=st.integers(1, 5))
    def take(self, count: int) -> None:
        """New events."""
        numbers = list(range(self.next, self.next + count))
        self.book.take(*map(_event, numbers))
        self.waiting += numbers
        self.next += count

    @rule(fault=FAULTS)
    def take_and_fail(self, fault: str) -> None:
        """An event that may have arrived or not; its sender asks again."""
        self.book.plan(fault)
        with pytest.raises(Dead):
            self.book.take(_event(self.next))
        self.book.take(_event(self.next))
        self.waiting.append(self.next)
        self.next += 1

    @precondition(lambda self: self.known)
    @rule(data=st.data())
    def take_again(self, data: st.DataObject) -> None:
        """The same event changes nothing."""
        self.book.take(_event(data.draw(st.sampled_from(self.known))))

    @precondition(lambda self: self.known)
    @rule(data=st.data())
    def conflict(self, data: st.DataObject) -> None:
        """Another event under a known id is refused, and what came with it."""
        number = data.draw(st.sampled_from(self.known))
        with pytest.raises(Conflict):
            self.book.take(_event(self.next), _event(number, reason="other"))

    @rule()
    def sequence(self) -> None:
        assert self.book.sequence() == len(self.waiting)
        self._integrated()

    @precondition(lambda self: self.waiting)
    @rule(fault=FAULTS)
    def sequence_and_fail(self, fault: str) -> None:
        self.book.plan(fault)
        with pytest.raises(Dead):
            self.book.sequence()
        if fault == "persisted":
            self._integrated()

    def _integrated(self) -> None:
        self.order += self.waiting
        self.waiting = []

    @rule()
    def publish(self) -> None:
        assert self.book.publish() == len(self.order)
        self.published = len(self.order)

    @precondition(lambda self: self.published < len(self.order))
    @rule(fault=FAULTS, second=st.booleans())
    def publish_and_fail(self, fault: str, second: bool) -> None:  # noqa: FBT001 - drawn
        """A fault at the checkpoint's row, or at its publication."""
        self.book.plan(*([None] if second else []), fault)
        try:
            self.book.publish()
        except Dead:
            if second and fault == "persisted":
                self.published = len(self.order)
        else:  # signed before: there was one commit only
            self.published = len(self.order)
        self.book.database.faults.clear()

    @rule()
    def restart(self) -> None:
        self.book.restart()
        self.published = len(self.order)

    @rule()
    def overtaken(self) -> None:
        """Another process leads; the old one writes nothing, then leads again."""
        other = self._open(self.folder / "audit.sqlite")
        other.clock = self.book.clock
        other.open()
        self.published = len(self.order)
        if self.waiting:
            with pytest.raises(LeadLost):
                self.book.sequence()
        other.database.close()
        self.book.restart()

    @precondition(lambda self: self.waiting)
    @rule(hours=st.integers(1, 48))
    def clock_back(self, hours: int) -> None:
        now = self.book.clock.now
        self.book.clock.now = self.book.leaf(len(self.order) - 1).seq_time - timedelta(hours=hours)
        with pytest.raises(ClockBehind):
            self.book.sequence()
        self.book.clock.now = now

    @rule(hours=st.integers(1, 48))
    def clock_on(self, hours: int) -> None:
        self.book.clock.now += timedelta(hours=hours)

    @rule(count=st.integers(1, 3))
    def an_old_copy_comes_back(self, count: int) -> None:
        """A copy of the database, and more entries behind it: the copy gets no signature."""
        copy = self.folder / "copy.sqlite"
        copy.unlink(missing_ok=True)
        with self.book.database.engine.connect() as connection:
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql(f"VACUUM INTO '{copy}'")
        self.take(count)
        self.sequence()
        self.publish()
        restored = self._open(copy)
        restored.clock = self.book.clock
        with pytest.raises(SignerRefusal):
            restored.restart()
        restored.database.close()
        self.restart()

    @rule(data=st.data())
    def ask(self, data: st.DataObject) -> None:
        """What is published is proven, always with the same answer; what is not waits."""
        if not self.known:
            return
        number = data.draw(st.sampled_from(self.known))
        if number in self.waiting:
            with pytest.raises(Unavailable):
                self.book.ask(_event(number))
            return
        index = self.order.index(number)
        if index >= self.published:
            return
        (recorded,) = self.book.ask(_event(number))
        assert recorded.index == index
        assert self.told.setdefault(number, recorded) == recorded
        size = independent.check(recorded.proof, recorded.leaf, self._bodies(), KEY.vkeys()[0])
        assert index < size <= self.published

    def _bodies(self) -> list[bytes]:
        with self.book.database.read() as db:
            found = entries.bodies(db, range(len(self.order) + 1))
        return [found[index] for index in sorted(found)]

    @invariant()
    def the_log_is_the_list(self) -> None:
        bodies = self._bodies()
        kept = [leaves.parse(body) for body in bodies]
        assert [each.event_id for each in kept[1:]] == [_event(n).event_id for n in self.order[1:]]
        assert [each.seq_time for each in kept] == sorted(each.seq_time for each in kept)
        assert self.book.inspect() == len(self.order)

    @invariant()
    def each_size_has_one_root(self) -> None:
        bodies, key = self._bodies(), KEY.vkeys()[0]
        with self.book.database.read() as db:
            notes = db.scalars(sa.select(tables.checkpoint.c.note)).all()
            shown = db.scalars(sa.select(tables.published.c.note)).all()
        for note in [*notes, *shown]:
            _origin, size, root = independent.checkpoint(note, key)
            assert root == independent.root(bodies[:size])
        assert len(shown) <= len(notes)


def _walk(examples: int, steps: int, *, always_the_same: bool) -> None:
    told = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        derandomize=always_the_same,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Model, settings=told)


def test_some_walks() -> None:
    _walk(12, 15, always_the_same=True)


@pytest.mark.soak
def test_many_walks() -> None:
    _walk(300, 50, always_the_same=False)
