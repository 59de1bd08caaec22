"""Somebody is reminded before the end of a clock, and a miss is on record and has its effect."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.exchange import timekeeping
from services.exchange.clockwork import Clock
from shared.protocol.law.lifecycle import Act
from shared.runtime.refusals import Conflict
from tests.service.exchange.node import Clock as Time
from tests.service.exchange.node import Node, open_node
from tests.service.exchange.playing import asked

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def qn(federation: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """One country for all of these: each test has a request of its own."""
    node = open_node("QN", federation, tmp_path_factory.mktemp("QN"), Time())
    yield node
    node.parts.database.close()


def test_somebody_is_warned_once_and_a_miss_is_told_once(qn: Node) -> None:
    play = asked(qn)
    play.act(Act.DELIVER, "2026-03-02 10:00", to="S05")
    play.watch("2026-03-08 23:30")
    assert play.events() == []
    play.watch("2026-03-09 00:00")
    play.watch("2026-03-09 01:00")
    assert play.events() == [("warned", "acknowledge", 1)]
    play.watch("2026-03-09 23:59")
    play.watch("2026-03-10 00:00")
    play.watch("2026-03-10 00:01")
    assert play.events()[1:] == [("breached", "acknowledge", 1)]
    assert play.state("P-acknowledge.request.1") == "MISSED"
    play.act(Act.ACKNOWLEDGE, "2026-03-11 10:00", to="S06")
    assert play.state("P-acknowledge.request.1") == "LATE"
    assert len(play.events()) == 2


def test_the_other_country_s_duty_is_missed_here_too_and_reminds_nobody(qn: Node) -> None:
    play = asked(qn)
    play.act(Act.DELIVER, "2026-03-02 10:00", to="S05")
    play.act(Act.REVIEW, "2026-03-02 10:00", to="S07")
    play.act(Act.ASK, "2026-03-02 11:00", M01="S08")
    play.act(Act.ASK, "2026-03-02 11:00", M01="S08")  # the same again begins nothing
    play.watch("2026-03-22 00:00")
    assert [each for each in play.events() if each[1] == "answer"] == []
    play.watch("2026-03-23 00:00")
    assert [each for each in play.events() if each[1] == "answer"] == [("breached", "answer", 1)]


def test_reminders_that_were_slept_through_are_one(qn: Node) -> None:
    play = asked(qn)
    play.act(Act.DELIVER, "2026-03-02 10:00", to="S05")
    play.act(Act.ACKNOWLEDGE, "2026-03-02 10:00", to="S06")
    play.watch("2026-03-30 12:00")
    assert play.events() == [("met", "acknowledge", 1), ("warned", "decide", 2)]
    play.watch("2026-04-01 00:00")
    assert play.events()[2:] == [("warned", "decide", 2)]


def test_done_too_late_before_anybody_looked_is_a_breach(qn: Node) -> None:
    play = asked(qn)
    play.act(Act.DELIVER, "2026-03-02 10:00", to="S05")
    play.act(Act.ACKNOWLEDGE, "2026-03-10 00:00", to="S06")
    assert play.state("P-acknowledge.request.1") == "LATE"
    assert play.events() == [("breached", "acknowledge", 1)]


def test_a_question_that_is_not_answered_is_decided_on_the_file(qn: Node) -> None:
    play = asked(qn)
    play.act(Act.DELIVER, "2026-03-02 10:00", to="S05")
    play.act(Act.REVIEW, "2026-03-02 10:00", to="S07")
    play.act(Act.ASK, "2026-03-02 10:00", M01="S08")
    done: list[str] = []

    def effect(clock: Clock) -> None:
        done.append(clock.id)
        if len(done) == 2:
            raise Conflict("channel_frozen", "Nothing can be written to them now.")

    play.watch("2026-03-23 00:00", **{"decide on the file": effect})
    assert done == ["P-answer.M01.1"]
    play.watch("2026-03-23 00:01", **{"decide on the file": effect})
    assert done == ["P-answer.M01.1"]  # once
    play.act(Act.ASK, "2026-03-24 10:00", M02="S08")
    play.watch("2026-04-24 00:00", **{"decide on the file": effect})
    assert done == ["P-answer.M01.1", "P-answer.M02.1"]
    play.watch("2026-04-24 00:01", **{"decide on the file": effect})
    assert done == ["P-answer.M01.1", "P-answer.M02.1", "P-answer.M02.1"]  # once more, and done
    assert all(each.effect is None for each in play.clocks().values())


class Death(Exception):  # noqa: N818
    """The process dies here."""


def test_an_effect_is_asked_for_again_after_a_death_before_or_after_it(qn: Node) -> None:
    play = asked(qn)
    play.act(Act.DELIVER, "2026-03-02 10:00", to="S05")
    play.act(Act.REVIEW, "2026-03-02 10:00", to="S07")
    play.act(Act.ASK, "2026-03-02 10:00", M01="S08")
    done: list[str] = []

    def dies(clock: Clock) -> None:
        done.append(clock.id)
        raise Death

    def effect(clock: Clock) -> None:
        done.append(clock.id)

    for _ in range(2):
        with pytest.raises(Death):
            play.watch("2026-03-23 00:00", **{"decide on the file": dies})
    play.watch("2026-03-23 00:01", **{"decide on the file": effect})
    play.watch("2026-03-23 00:02", **{"decide on the file": effect})
    assert done == ["P-answer.M01.1"] * 3
    told = [each for each in play.events() if each[1] == "answer"]
    assert told == [("breached", "answer", 1)]  # once, however often we die


def test_a_preservation_runs_out_and_is_nobody_s_breach(qn: Node) -> None:
    play = asked(qn, request_kind="PRESERVATION")
    play.act(Act.DELIVER, "2026-03-02 10:00", to="S05")
    play.happened("ordered", "2026-03-03 10:00", subject="01a20143")
    assert play.last("D18.01a20143.1") == "2026-05-02 23:59"
    play.act(Act.REVIEW, "2026-03-02 10:00", to="S07")
    play.act(Act.REFUSE, "2026-03-03 10:00", to="S12")
    for day in ("2026-04-18 23:00", "2026-04-19 00:00", "2026-04-26 00:00", "2026-05-02 00:00"):
        play.watch(day)
    lapsed: list[str] = []
    play.watch("2026-05-03 00:00", lapse=lambda clock: lapsed.append(clock.id))
    assert play.state("D18.01a20143.1") == "ELAPSED"
    assert lapsed == ["D18.01a20143.1"]
    assert [each for each in play.events() if each[1] == "preserve"] == [
        ("warned", "preserve", 1)
    ] * 3


def test_a_preservation_that_was_linked_to_a_request_is_kept(qn: Node) -> None:
    play = asked(qn, request_kind="PRESERVATION")
    play.happened("ordered", "2026-03-03 10:00", subject="01a20143")
    play.happened("linked", "2026-04-03 10:00", subject="01a20143")
    assert play.state("D18.01a20143.1") == "MET"
    play.watch("2026-05-03 00:00")
    assert play.events() == []


def test_it_is_the_same_on_postgresql(
    federation: Path, tmp_path: Path, postgres_database: str
) -> None:
    node = open_node("QN", federation, tmp_path, Time(), postgres_database)
    play = asked(node)
    play.act(Act.DELIVER, "2026-03-02 10:00", to="S05")
    play.watch("2026-03-10 00:00")
    assert play.events() == [("breached", "acknowledge", 1)]
    (first, *_) = timekeeping.listed(due_before=None, database=node.parts.database)
    assert first.id == "P-acknowledge.request.1"
    node.parts.database.close()
