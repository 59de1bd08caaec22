"""What each act does to the clocks of a request, under one instrument and another, day by day."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from services.exchange import clockwork
from services.exchange.holding import Rule, facts
from shared.protocol.law.lifecycle import Act
from shared.protocol.law.pairs import ChallengeRule
from tests.service.exchange.node import Clock as Time
from tests.service.exchange.node import Node, open_node
from tests.service.exchange.playing import Play, asked, at, basis


@pytest.fixture(scope="module")
def qn(federation: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """One country for all of these: each test has a request of its own."""
    node = open_node("QN", federation, tmp_path_factory.mktemp("QN"), Time())
    yield node
    node.parts.database.close()


def test_an_order_under_the_directive_from_delivery_to_the_end(qn: Node) -> None:
    play = asked(qn, request_kind="EIO", **basis("EIO", "1"))
    play.act(Act.DELIVER, "2026-03-02 10:00", to="S05")
    assert play.last("D01.request.1") == "2026-03-09 23:59"
    assert play.last("D02.M01.1") == "2026-04-01 23:59"
    assert "P-acknowledge.request.1" not in play.clocks()  # as long as the law's: nothing to add
    assert "P-decide.M01.1" not in play.clocks()
    play.act(Act.ACKNOWLEDGE, "2026-03-05 10:00", to="S06")
    assert play.state("D01.request.1") == "MET"
    play.act(Act.REVIEW, "2026-03-05 11:00", to="S07")
    play.act(Act.ASK, "2026-03-06 11:00", M01="S08")
    assert play.last("D02.M01.1") == "2026-04-01 23:59"  # the Directive's clock does not stop
    assert play.last("P-answer.M01.1") == "2026-03-26 23:59"
    play.act(Act.ANSWER, "2026-03-16 11:00", M01="S07")
    assert play.state("P-answer.M01.1") == "MET"
    play.act(Act.ACCEPT, "2026-03-20 11:00", to="S10")
    assert play.state("D02.M02.1") == "MET"
    assert play.last("D03.M01.1") == "2026-06-18 23:59"
    play.act(Act.EXECUTE, "2026-03-21 11:00", to="S14")
    play.act(Act.POSTPONE, "2026-03-31 11:00", M01="S13")
    assert play.last("D03.M01.1") is None
    assert play.state("D03.M01.1") == "PAUSED"
    assert play.last("P-review-postponement.M01.1") == "2026-05-30 23:59"
    play.act(Act.RESUME, "2026-04-30 11:00", M01="S14")
    assert play.last("D03.M01.1") == "2026-07-20 23:59"  # 30 days more, and over a week-end
    assert play.last("D03.M02.1") == "2026-06-18 23:59"  # the other measure went on
    play.act(Act.FULFIL, "2026-06-10 11:00", to="S16")
    assert play.state("D03.M01.1") == play.state("D03.M02.1") == "MET"
    assert play.events() == [
        ("met", "acknowledge", 1),
        ("met", "answer", 1),
        ("met", "decide", 2),
        ("met", "review_postponement", 1),
        ("met", "execute", 2),
    ]


def test_under_a_treaty_without_numbers_policy_pauses(qn: Node) -> None:
    play = asked(qn)
    play.act(Act.DELIVER, "2026-03-02 10:00", to="S05")
    assert play.last("P-decide.M01.1") == "2026-04-01 23:59"
    assert play.last("D20.M01.1") is None
    play.act(Act.REVIEW, "2026-03-05 11:00", to="S07")
    play.act(Act.ASK, "2026-03-10 11:00", M01="S08", stated=int(at("2026-03-18 12:00").timestamp()))
    assert play.last("P-answer.M01.1") == "2026-03-18 11:59"  # as the question says
    assert play.state("P-decide.M01.1") == "PAUSED"
    assert play.state("P-decide.M02.1") == "RUNNING"
    play.act(Act.ANSWER, "2026-03-17 11:00", M01="S07")
    assert play.last("P-decide.M01.1") == "2026-04-08 23:59"


def test_what_ends_a_request_stops_its_clocks(qn: Node) -> None:
    play = asked(qn)
    play.act(Act.DELIVER, "2026-03-02 10:00", to="S05")
    play.act(Act.ACKNOWLEDGE, "2026-03-02 10:00", to="S06")
    play.act(Act.WITHDRAW, "2026-03-03 10:00", to="S18")
    assert {str(each.state) for each in play.clocks().values()} == {"MET", "OVER"}
    play.watch("2027-03-03 10:00")
    assert play.events() == [("met", "acknowledge", 1)]


def test_a_refused_measure_has_been_decided_and_is_not_executed(qn: Node) -> None:
    play = asked(qn)
    play.act(Act.DELIVER, "2026-03-02 10:00", to="S05")
    play.act(Act.REVIEW, "2026-03-02 10:00", to="S07")
    play.act(Act.REFUSE, "2026-03-03 10:00", M01="S12")
    assert play.state("P-decide.M01.1") == "MET"
    assert play.state("D20.M01.1") == "OVER"
    assert play.state("P-decide.M02.1") == "RUNNING"


def test_a_measure_that_is_taken_up_again_is_to_be_decided_anew(qn: Node) -> None:
    play = asked(qn)
    play.act(Act.DELIVER, "2026-03-02 10:00", to="S05")
    play.act(Act.REVIEW, "2026-03-02 10:00", to="S07")
    play.act(Act.REFUSE, "2026-03-03 10:00", M01="S12")
    play.act(Act.REOPEN, "2026-04-07 10:00", M01="S07")
    assert play.state("P-decide.M01.2") == "RUNNING"
    assert play.last("P-decide.M01.2") == "2026-05-07 23:59"
    assert "P-decide.M02.2" not in play.clocks()
    assert "P-acknowledge.request.2" not in play.clocks()
    play.act(Act.ACCEPT, "2026-04-08 10:00", M01="S10")
    assert play.state("P-decide.M01.2") == "MET"


def test_a_date_that_the_request_states_is_a_clock(qn: Node) -> None:
    play = asked(
        qn,
        request_kind="EIO",
        urgency="URGENT",
        needed_by={"date": "2026-03-15", "fixed": True},
        **basis("EIO", "1"),
    )
    play.act(Act.DELIVER, "2026-03-02 10:00", to="S05")
    assert play.last("D04.M01.1") == "2026-03-15 23:59"  # a Sunday: a stated date stays
    assert play.last("P-decide.M01.1") == "2026-03-12 23:59"  # policy's target beside the law
    assert play.clocks()["P-decide.M01.1"].duty.missed == "note"
    assert play.last("D02.M01.1") == "2026-04-01 23:59"


def test_a_date_that_never_comes_is_none(qn: Node) -> None:
    play = asked(
        qn,
        request_kind="EIO",
        needed_by={"date": "9999-12-31", "fixed": True},
        **basis("EIO", "1"),
    )
    play.act(Act.DELIVER, "2026-03-02 10:00", to="S05")
    assert "D04.M01.1" not in play.clocks()


def test_hours_run_through_the_night(qn: Node) -> None:
    play = asked(qn, urgency="EMERGENCY")
    play.act(
        Act.DELIVER, "2026-03-28 19:12", to="S05"
    )  # a Saturday; in the night 02:00 becomes 03:00
    assert play.last("P-acknowledge.request.1") == "2026-03-28 20:11"
    assert play.last("P-decide.M01.1") == "2026-03-28 23:11"
    play.happened("disclosed", "2026-03-28 20:05")
    assert play.last("P-formalise.request.1") == "2026-03-30 21:04"  # 48 hours, not two days
    play.happened("formalised", "2026-03-30 21:00")
    assert play.state("P-formalise.request.1") == "MET"


def test_a_clock_that_is_begun_again_is_another(qn: Node) -> None:
    play = asked(qn, request_kind="GIVING_EFFECT_TO_ORDER", **basis("2AP", "8"))
    play.act(Act.DELIVER, "2026-03-02 10:00", to="S05")
    play.act(Act.REVIEW, "2026-03-02 10:00", to="S07")
    assert play.last("D22.M01.1") == "2026-04-16 23:59"
    play.act(Act.ASK, "2026-03-10 10:00", M01="S08")
    play.act(Act.ANSWER, "2026-03-20 10:00", M01="S07")  # now all information is there
    assert (play.state("D22.M01.1"), play.last("D22.M01.2")) == ("OVER", "2026-05-04 23:59")
    play.happened("served", "2026-04-01 10:00")
    assert play.last("D23.M01.1") == "2026-04-21 23:59"
    assert "D23.M02.1" not in play.clocks()  # identification data: no such term
    play.act(Act.FULFIL, "2026-04-10 10:00", to="S16")
    assert play.state("D23.M01.1") == "MET"


def test_the_issuing_state_s_calendar_counts_under_the_regulation(qn: Node) -> None:
    play = asked(qn, request_kind="EER_ENFORCEMENT", **basis("EER", "16"))
    play.act(Act.DELIVER, "2027-03-24 10:00", to="S05")
    clock = play.clocks()["D16.M01.1"]
    assert clock.hanging.label.startswith("Europe/Berlin; DE (holidays ")
    assert play.last("D16.M01.1") == "2027-04-02 23:59"  # five working days over Easter
    off = [step.why for step in clockwork.explained(clock).steps if not step.counted]
    assert off == ["Good Friday", "Saturday", "Sunday", "Easter Monday"]
    assert "D10.M01.1" not in play.clocks()  # that is of notifications


def test_a_decision_may_be_appealed_against_for_as_long_as_the_two_say(qn: Node) -> None:
    play = asked(qn)
    play.challenge = ChallengeRule(suspends="BY_LAW", appeal_days=30, who=("HOLDER",))
    play.act(Act.DELIVER, "2026-03-02 10:00", to="S05")
    play.act(Act.REVIEW, "2026-03-02 10:00", to="S07")
    play.act(Act.ACCEPT, "2026-03-03 10:00", M01="S10")
    play.act(Act.ACCEPT, "2026-03-10 10:00", M02="S10")
    assert play.last("P-appeal.M01.1") == "2026-04-02 23:59"
    assert holding(play) == at("2026-04-10 00:00")
    play.happened("waived", "2026-03-12 10:00")
    assert play.state("P-appeal.M01.1") == play.state("P-appeal.M02.1") == "MET"


def holding(play: Play) -> datetime | None:
    rule = Rule(suspends="BY_LAW", appeal_days=30, who=("HOLDER",))
    with play.node.parts.database.read() as db:
        until: datetime | None = facts(db, play.request, None, rule)["appeal_until"]
        assert facts(db, play.request, None, replace(rule, suspends="NO"))["appeal_until"] is None
    return until


def test_without_a_profile_of_the_two_it_is_policy_in_utc(qn: Node) -> None:
    play = asked(qn, sender="QV")
    play.act(Act.DELIVER, "2026-03-02 10:00", to="S05")
    clock = play.clocks()["P-acknowledge.request.1"]
    assert clock.due_at == datetime(2026, 3, 10, tzinfo=UTC)
    assert clock.hanging.label.startswith("UTC: no profile")


def test_each_day_can_be_explained_at_any_time(qn: Node) -> None:
    play = asked(qn)
    play.act(Act.DELIVER, "2026-03-02 10:00", to="S05")
    play.act(Act.REVIEW, "2026-03-05 11:00", to="S07")
    play.act(Act.POSTPONE, "2026-03-10 11:00", M01="S13")
    play.act(Act.RESUME, "2026-03-12 11:00", M01="S07")
    found = clockwork.explained(play.clocks()["P-decide.M01.1"])
    assert len(found.steps) == 32
    assert [step.why for step in found.steps[7:10]] == [
        "postponed (S13)",
        "postponed (S13)",
        "day 8 of 30",
    ]
