"""Each question: what happened, and what the answer says of it; of a quiet case it says nothing."""

from pathlib import Path

import pytest

from client.errors import UsageError
from client.oversight.counting.people import People
from client.oversight.counting.questions.answering import Answer, answer
from client.oversight.counting.questions.asking import Asked
from client.oversight.mirror import Mirror
from tests.unit.client.oversight.counting.dockets import read_of
from tests.unit.client.oversight.counting.rows_questions import FOUND, PACKAGE
from tests.unit.client.oversight.counting.stories import granted, made, received, refused
from tests.year_log import Story, Told, package_id


def ask(
    name: str, *stories: Story | Told, people: People | None = None, sample: int = 20
) -> Answer:
    asked = Asked(
        read=read_of(*stories),
        people=people or People(),
        mirrors=[Mirror(Path("nowhere"))],
        other=None,
        pinned_root=b"",
        sample=sample,
    )
    return answer(name, asked)


def quiet(number: int = 9) -> Story:
    """A case in which all is as it should be."""
    story = received(number, "URG-ROUTINE", "GTW-ADEQUACY", "LVL-J", "MEA-06", peer="QZ")
    package = package_id(number)
    granted(story).on("03-18", "gate.found", "G04").on(
        "03-19", "package.category", "DC-TRF", count=2
    )
    return story.on("03-21", "evidence.accessed", package=package)


@pytest.mark.parametrize(
    ("name", "story", "cells"),
    [pytest.param(*each, id=f"{each[0]} {n}") for n, each in enumerate(FOUND)],
)
def test_it_finds_what_happened(name: str, story: Story | Told, cells: tuple[str, ...]) -> None:
    told = ask(name, story, quiet())
    assert any(set(cells) <= set(row) for row in told.found.rows), told.found.rows
    assert all(len(row) == len(told.found.columns) for row in told.found.rows)
    assert told.to_json()["rows"]
    assert any(cells[-1] in line for line in told.lines())


SILENT = sorted({each[0] for each in FOUND} - {"Q02", "Q06", "Q14", "Q21"})


@pytest.mark.parametrize("name", SILENT)
def test_of_a_quiet_case_it_says_nothing(name: str) -> None:
    assert not ask(name, quiet()).found.rows


def test_a_refusal_after_a_consultation_is_in_order() -> None:
    for day, kind, reason in (
        ("02-20", "condition.proposed", "consultation"),
        ("02-20", "request.consulted", None),
        ("02-20", "request.decision", "MEA-06/S09"),
    ):
        assert not ask("Q04", refused(received()).on(day, kind, reason)).found.rows
    assert ask("Q04", refused(received()).on("03-02", "condition.proposed")).found.rows


def test_a_sample_is_drawn_by_the_root_of_the_log() -> None:
    told = [quiet(number) for number in range(30)]
    rows = ask("Q06", *told, sample=5).found.rows
    assert len(rows) == 5
    again = ask("Q06", *reversed(told), sample=5).found.rows
    assert [row[0] for row in rows] == [row[0] for row in again]
    assert all(row[-1] == "yes" and row[-2] != "-" for row in rows)


def test_names_are_those_that_were_opened() -> None:
    story = made().on("03-01", "evidence.accessed", package=PACKAGE)
    at = len(story.told) - 1
    told = ask("Q14", story, people=People({at: {"officer": "A. Weber"}}))
    assert told.found.rows[0][0] == "A. Weber"
    assert "Names need openings" not in " ".join(told.notes)
    assert "Names need openings" in " ".join(ask("Q14", story).notes)


def test_a_log_without_such_entries_is_not_taken_for_a_no() -> None:
    bare = Story(number=1).on("02-01", "request.sent")
    assert "that is not a no" in " ".join(ask("Q19", bare).notes)
    assert "that is not a no" not in " ".join(ask("Q19", received()).notes)


def test_without_another_mirror_agreement_is_not_asked() -> None:
    assert ask("Q24", received()).found.says.startswith("not asked")


def test_a_question_that_is_none_is_refused() -> None:
    with pytest.raises(UsageError, match="no question Q99"):
        ask("Q99", received())


def test_names_of_questions_may_be_small() -> None:
    assert ask("q02", received()).question.id == "Q02"


def test_what_was_released_before_a_withdrawal_or_refusal_was_in_scope() -> None:
    released = granted(received()).on("03-20", "package.category", "DC-TRF", count=1)
    for kind, reason in (("request.withdrawn", "WD-04"), ("request.decision", "MEA-06/S12")):
        assert not ask("Q07", released.on("04-02", kind, reason)).found.rows


def test_a_gateway_that_an_officer_answered_for_is_named() -> None:
    story = granted(received())
    assert ask("Q09", story).found.rows
    assert not ask("Q09", story.on("03-18", "gate.found", "G09")).found.rows
