"""A clock as a value: what each thing that happens to it makes of it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.exchange import clockwork
from services.exchange.clockwork import Clock, ClockState, Extension, Hanging
from shared.protocol.law.duties import Duty

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
DUTY = Duty(
    id="D02",
    act="decide",
    starts="delivered",
    length=30,
    unit="day",
    extension=30,
    extensions=1,
    missed="breach",
    source="EIO 12(3)",
    revision="EIO of 2026-11-22",
    law=True,
)
CLOCK = clockwork.wound(
    Clock(
        id="D02.M01.1",
        request_id="r",
        subject="M01",
        duty=DUTY,
        ours=True,
        state=ClockState.RUNNING,
        started_at=START,
        hanging=Hanging(zone="Europe/Paris", calendar="FR", label="Europe/Paris; FR"),
        told_at=START,
    )
)
MORE = Extension(at=START, length=30, reasons="why", estimate=None, by="QN")


def day(number: int) -> datetime:
    return START + timedelta(days=number)


def test_it_is_looked_at_before_its_end_and_at_it() -> None:
    assert CLOCK.due_at == datetime(2026, 4, 1, 22, tzinfo=UTC)
    seen, clock = [], CLOCK
    while clock.next_at is not None:
        seen.append(clock.next_at)
        clock = clockwork.reminded(clock, clock.next_at)
    assert [f"{each:%m-%d %H}" for each in seen] == ["03-18 23", "03-25 23", "03-31 22", "04-01 22"]


def test_a_pause_moves_the_end_and_stops_reminders() -> None:
    paused = clockwork.pause(CLOCK, day(2), "asked (S08)")
    assert (paused.state, paused.due_at, paused.next_at) == (ClockState.PAUSED, None, None)
    assert clockwork.pause(paused, day(3), "again") is paused
    resumed = clockwork.resume(paused, day(7))
    assert resumed.due_at == datetime(2026, 4, 6, 22, tzinfo=UTC)
    assert clockwork.resume(resumed, day(8)) is resumed


def test_what_is_over_is_not_paused() -> None:
    missed = clockwork.miss(CLOCK, day(31), None)
    assert clockwork.pause(missed, day(32), "too late") is missed
    assert clockwork.pause(CLOCK, day(32), "nobody has looked yet") is CLOCK


def test_done_in_time_is_met_and_done_late_is_late() -> None:
    assert clockwork.finish(CLOCK, day(30)).state is ClockState.MET
    late = clockwork.finish(CLOCK, day(31))
    assert (late.state, late.ended_at, late.next_at) == (ClockState.LATE, day(31), None)
    assert clockwork.finish(clockwork.miss(CLOCK, day(31), None), day(40)).state is ClockState.LATE


def test_what_ends_while_it_stands_still_is_met() -> None:
    paused = clockwork.pause(CLOCK, day(2), "asked (S08)")
    done = clockwork.finish(paused, day(90))
    assert done.state is ClockState.MET
    assert done.pauses[-1].until == day(90)
    assert clockwork.stop(paused, day(3)).state is ClockState.OVER


def test_an_extension_begins_the_reminders_anew() -> None:
    warned = clockwork.reminded(CLOCK, day(29))
    more = clockwork.extend(warned, replace(MORE, at=day(29)))
    assert more.due_at == datetime(2026, 5, 1, 22, tzinfo=UTC)
    assert f"{more.next_at:%m-%d}" == "04-17"


def test_an_extension_while_it_stands_still_counts_afterwards() -> None:
    paused = clockwork.extend(clockwork.pause(CLOCK, day(2), "asked (S08)"), MORE)
    assert paused.due_at is None
    assert clockwork.resume(paused, day(3)).due_at == datetime(2026, 5, 2, 22, tzinfo=UTC)


@pytest.mark.parametrize(("act", "state"), [("decide", "MISSED"), ("preserve", "ELAPSED")])
def test_a_duty_is_missed_and_a_time_runs_out(act: str, state: str) -> None:
    clock = replace(CLOCK, duty=DUTY.model_copy(update={"act": act}))
    over = clockwork.miss(clock, day(31), "lapse")
    assert (str(over.state), over.effect, over.next_at) == (state, "lapse", None)
    assert (over.ended_at is None) == (state == "MISSED")


def test_a_stated_end_is_explained_in_one_step() -> None:
    clock = clockwork.wound(replace(CLOCK, fixed=day(10)))
    assert clock.due_at == day(10)
    (step,) = clockwork.explained(clock).steps
    assert (step.since, step.until, step.why) == (START, day(10), "the time that was stated")


def test_a_stated_end_without_a_rule_is_warned_of_in_days() -> None:
    duty = DUTY.model_copy(update={"length": None, "unit": None})
    clock = clockwork.wound(replace(CLOCK, duty=duty, fixed=day(10)))
    assert clock.next_at is not None
    assert clock.next_at < day(4)


def test_without_a_number_it_has_no_end() -> None:
    duty = DUTY.model_copy(update={"length": None, "unit": None})
    clock = clockwork.wound(replace(CLOCK, duty=duty))
    assert (clock.due_at, clock.next_at) == (None, None)
    assert clockwork.explained(clock).steps == ()
    assert clockwork.finish(clock, day(900)).state is ClockState.MET


STEPS = st.lists(st.tuples(st.sampled_from("prxwf"), st.integers(1, 60 * 24 * 20)), max_size=12)


@given(STEPS)
def test_whatever_happens_it_keeps_its_promises(steps: list[tuple[str, int]]) -> None:
    clock, now = CLOCK, START
    for step, minutes in steps:
        now += timedelta(minutes=minutes)
        before = clock
        if step == "p":
            clock = clockwork.pause(clock, now, "asked (S08)")
        elif step == "r":
            clock = clockwork.resume(clock, now)
        elif step == "x" and clock.state in {ClockState.RUNNING, ClockState.PAUSED}:
            clock = clockwork.extend(clock, replace(MORE, at=now))
        elif step == "w" and clock.next_at is not None and clock.next_at <= now:
            told = clockwork.miss if clock.due_at == clock.next_at else None
            clock = told(clock, now, None) if told else clockwork.reminded(clock, now)
        elif step == "f" and clock.state in clockwork.OPEN:
            clock = clockwork.finish(clock, now)
        check(before, clock)


def check(before: Clock, clock: Clock) -> None:
    assert (clock.due_at is None) == (clock.state is ClockState.PAUSED) or clock.ended_at
    assert clock.next_at is None or clock.told_at < clock.next_at <= (clock.due_at or clock.next_at)
    assert all(a.until and a.until <= b.since for a, b in pairwise(clock.pauses))
    assert before.ended_at is None or clock == before
    if before.due_at and clock.due_at:
        assert clock.due_at >= before.due_at
