"""A case stands where its entries put it, measure by measure, and is open in spells."""

import pytest

from client.oversight.counting.casefile import Outcome, Side
from shared.protocol.law.lifecycle import State
from tests.unit.client.oversight.counting.dockets import case_of
from tests.unit.client.oversight.counting.stories import granted, made, received, refused
from tests.year_log import Story

WHOLE = [
    ("request.drafted", None, "S00"),
    ("request.submitted", None, "S01"),
    ("request.returned", None, "S02"),
    ("request.approved", None, "S03"),
]
STEPS = [
    ("request.acknowledged", None, "S06"),
    ("request.reviewed", None, "S07"),
    ("request.info_requested", "FLD-D01", "S08"),
    ("request.info_supplied", None, "S07"),
    ("condition.proposed", "COND-01", "S09"),
    ("condition.accepted", "COND-01", "S07"),
    ("request.decision", "MEA-06/S10", "S10"),
    ("request.executing", None, "S14"),
    ("request.suspended", None, "S19"),
    ("challenge.decided", "dismissed", "S14"),
    ("request.decision", "MEA-06/S13", "S13"),
    ("request.resumed", None, "S07"),
    ("request.decision", "MEA-06/S12", "S12"),
    ("request.reopened", None, "S07"),
    ("request.decision", "MEA-06/S16", "S16"),
    ("request.closed", None, "S17"),
]


@pytest.mark.parametrize("codes", [("MEA-06",), ("KIND-MLA",)], ids=["measures", "none"])
def test_every_act_moves_it(codes: tuple[str, ...]) -> None:
    story = received(1, *codes)
    for hour, (kind, reason, _) in enumerate(STEPS):
        story.on(
            f"03-01T{hour:02}:00",
            kind,
            reason,
            **({"count": 1} if kind == "request.decision" else {}),
        )
        assert case_of(story).state == STEPS[hour][2], kind


def test_a_draft_is_not_open() -> None:
    story = Story(number=1)
    for hour, (kind, reason, state) in enumerate(WHOLE):
        case = case_of(story.on(f"03-01T{hour:02}:00", kind, reason))
        assert (case.state, case.is_open, case.is_new) == (state, False, False)
    story.on("03-02", "request.reviewed")
    assert case_of(story).state is State.APPROVED


@pytest.mark.parametrize(
    ("kind", "reason", "state", "outcome"),
    [
        ("request.withdrawn", "WD-08", "S18", Outcome.WITHDRAWN),
        ("request.lapsed", None, "S21", Outcome.OTHERWISE),
        ("request.validation_expired", None, "S21", Outcome.OTHERWISE),
        ("request.rejected", None, "S20", Outcome.OTHERWISE),
        ("request.rejected_auth", None, "S20", Outcome.OTHERWISE),
        ("request.refused", "REF-05", "S12", Outcome.REFUSED),
        ("request.completed", None, "S16", Outcome.GRANTED),
    ],
)
def test_it_ends(kind: str, reason: str | None, state: str, outcome: Outcome) -> None:
    case = case_of(made().on("04-01", kind, reason))
    assert (case.state, case.is_open, case.spells[-1].outcome) == (state, False, outcome)
    assert all(each.state == state and each.ended for each in case.measures.values())


def test_measures_of_one_code_are_told_apart_by_number() -> None:
    story = received(1, "MEA-06", "MEA-06").on("02-05", "request.acknowledged")
    story.on("03-01", "request.decision", "MEA-06/S12", count=1)
    story.on("03-01", "request.decision", "MEA-06/S10", count=2)
    case = case_of(story)
    assert case.state is State.PARTIALLY_ACCEPTED
    assert [each.state for each in case.measures.values()] == [State.REFUSED, State.ACCEPTED]


def test_a_decision_without_a_number_finds_its_measure() -> None:
    case = case_of(received().on("03-01", "request.decision", "MEA-06/S12"))
    assert [each.state for each in case.measures.values()] == [State.REFUSED]
    case = case_of(received(1, "KIND-MLA").on("03-01", "request.decision", "MEA-03/S16"))
    assert (case.codes, case.state) == (["MEA-03"], State.FULFILLED)
    case = case_of(received().on("03-01", "request.decision", "MEA-06/S99"))
    assert case.state is State.DELIVERED


def test_what_was_refused_stays_so_when_the_case_is_closed() -> None:
    case = case_of(refused(made()).on("05-01", "request.closed"))
    assert (case.state, case.is_refused) == (State.CLOSED, True)
    assert [each.state for each in case.measures.values()] == [State.REFUSED]


def test_a_challenge_upheld_ends_in_a_refusal() -> None:
    story = (
        received()
        .on("03-01", "request.decision", "MEA-06/S14", count=1)
        .on("03-02", "request.suspended")
    )
    assert case_of(story.on("04-01", "challenge.decided", "upheld")).is_refused


def test_a_refusal_taken_back_opens_a_second_spell() -> None:
    case = case_of(refused(received()).on("04-01", "request.reopened"))
    assert [each.outcome for each in case.spells] == [Outcome.REFUSED, None]
    assert case.is_open


def test_a_case_of_an_earlier_log_was_open_before() -> None:
    case = case_of(Story(number=1).on("02-01", "request.acknowledged"))
    assert (case.spells[0].began, case.is_open, case.side) == (0, True, None)


@pytest.mark.parametrize(
    ("story", "side"),
    [
        (made(), Side.MADE),
        (received(), Side.RECEIVED),
        (Story(number=1).on("02-01", "request.delivered"), Side.RECEIVED),
        (Story(number=1).on("02-01", "transfer.received/decision"), Side.MADE),
        (Story(number=1).on("02-01", "transfer.received/answer"), Side.RECEIVED),
        (Story(number=1).on("02-01", "transfer.intent/package"), Side.RECEIVED),
    ],
)
def test_the_side_is_that_of_the_entry(story: Story, side: Side) -> None:
    assert case_of(story).side is side


def test_it_is_new_in_the_year_in_which_it_was_sent() -> None:
    old = granted(made(year=2025))
    assert not case_of(old, year=2026).is_new
    assert case_of(old, year=2025).is_new


def test_codes_describe_it() -> None:
    case = case_of(made(1, "URG-EMERGENCY", "OFF-E02", "OFF-B05", "MEA-03"))
    assert (case.emergency, case.of("OFF-"), case.codes) == (
        True,
        ["OFF-B05", "OFF-E02"],
        ["MEA-03"],
    )
    assert case_of(made().on("02-04", "emergency.flagged")).emergency
    assert not case_of(made()).emergency
